// The words that the next-word model expects after the selected word.

const LIKELIEST = 8;
let following = null; // the next-word model's reading of the text

const temperature = () => Number(at("temperature").value);

function buildNextWords() {
  at("next-words").hidden = false;
  following = new Reading(nextWordModel);
  at("temperature").addEventListener("input", renderNextWords);
  at("write").addEventListener("click", writeWords);
}

function renderNextWords() {
  if (!nextWordModel) return;
  at("temperature-value").textContent = temperature().toFixed(1);
  following.aim(reading.tokens.slice(0, view.word), HOLD_NOTHING);
  at("next-place").textContent = view.word ? `after word ${view.word}, “${shorten(reading.tokens[view.word - 1])}”` : "before the first word";
  if (!following.read(SLICE)) {
    setTimeout(renderNextWords);
    return;
  }
  const likeliest = following.states.at(-1).last.next(LIKELIEST, temperature());
  const largest = likeliest[0].probability;
  at("likeliest").replaceChildren(
    ...likeliest.map(({ token, probability }) => {
      const item = make("li");
      const button = makeButton(token, () => insertWord(token), "small");
      button.disabled = token.startsWith("<");
      const bar = make("i");
      bar.style.width = `${(100 * probability) / largest}%`;
      item.append(button, make("span", `${(100 * probability).toFixed(1)} %`), bar);
      return item;
    }),
  );
}

// Put a word after the selected word; the rest of the text is cut off.
function insertWord(token) {
  choose({ text: joinWords([...reading.tokens.slice(0, view.word), token]), word: view.word + 1 });
}

// Append ten words, each sampled by its probability.
async function writeWords() {
  at("write").disabled = true;
  for (let count = 0; count < 10; count += 1) {
    if (!(await doInSlices((time) => following.read(time), () => false))) break;
    const choices = following.states.at(-1).last.next(200, temperature()).filter(({ token }) => token !== "<unknown>");
    let left = Math.random() * choices.reduce((total, { probability }) => total + probability, 0);
    const { token } = choices.find(({ probability }) => (left -= probability) < 0) ?? choices[0];
    if (token === "<end>") break;
    insertWord(token);
    await pause();
  }
  at("write").disabled = false;
}
