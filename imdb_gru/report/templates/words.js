// The words of a text, in a list box; the pointer and the keys select a word.

function makeWord(token, timestep, isUnknown) {
  const word = make("span", timestep ? token : "start", "word");
  word.id = `word-${timestep}`;
  word.dataset.timestep = timestep;
  word.setAttribute("role", "option");
  word.classList.toggle("start", timestep === 0);
  word.classList.toggle("unknown", isUnknown && timestep > 0);
  return word;
}

function selectWord(box, words, before, timestep) {
  words[before]?.classList.remove("current");
  words[before]?.setAttribute("aria-selected", "false");
  words[timestep].classList.add("current");
  words[timestep].setAttribute("aria-selected", "true");
  box.setAttribute("aria-activedescendant", words[timestep].id);
}

// Find the word nearest to the selected one on the line above (−1) or below (1).
function findBeside(words, current, direction) {
  const from = words[current].getBoundingClientRect();
  let best = current;
  let least = Infinity;
  words.forEach((word, timestep) => {
    const box = word.getBoundingClientRect();
    const lines = ((box.top - from.top) * direction) / from.height;
    const distance = lines * 1e5 + Math.abs(box.left - from.left);
    if (lines > 0.5 && distance < least) [best, least] = [timestep, distance];
  });
  return best;
}

// Find the word that a key moves to; null if the key does not move.
function findMove(event, words, current, backward) {
  const last = words.length - 1;
  const step = backward ? -1 : 1;
  const walk = (steps) => Math.max(0, Math.min(last, current + steps));
  const moves = {
    ArrowLeft: () => walk(-step),
    ArrowRight: () => walk(step),
    ArrowUp: () => findBeside(words, current, -1),
    ArrowDown: () => findBeside(words, current, 1),
    Home: () => (backward ? last : 0),
    End: () => (backward ? 0 : last),
  };
  if (event.ctrlKey || event.metaKey || event.altKey || !moves[event.key]) return null;
  return moves[event.key]();
}
