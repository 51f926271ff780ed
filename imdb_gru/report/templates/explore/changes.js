// Changing words, and comparing the result with the earlier text.

const NEIGHBOURS = 12; // similar words that are tried for each word
const EXPECTED = 30; // likely words, according to the next-word model, that are tried for each word
const HAS_LETTERS = /\p{L}/u;
const COMMON = 8000; // only the most frequent words replace others
let search = null; // the result of the search for a flip, and the name of the reading that it belongs to

// Read changed words; at the first change, keep the original text for comparison.
function changeWords(tokens, word) {
  choose({ before: view.before ?? view.text, text: joinWords(tokens), word: clamp(word, 0, tokens.length) });
}

function buildChanges() {
  const place = view.word - 1;
  const tokens = reading.tokens;
  const title = place < 0 ? "Choose a word to change it." : `Word ${view.word}, “${shorten(tokens[place])}”. A change writes the text in lower case, as the model reads it.`;
  const buttons = make("form", undefined, "buttons");
  const swap = (other) => {
    const moved = [...tokens];
    [moved[place], moved[other]] = [moved[other], moved[place]];
    changeWords(moved, other + 1);
  };
  const input = Object.assign(make("input"), { type: "text", id: "replacement", size: 12, ariaLabel: "another word", placeholder: "another word" });
  const actions = [
    makeButton("Drop", () => changeWords(tokens.toSpliced(place, 1), view.word - 1)),
    makeButton("Move left", () => swap(place - 1)),
    makeButton("Move right", () => swap(place + 1)),
    input,
    make("button", "Replace"),
  ];
  actions[0].disabled = actions[4].disabled = input.disabled = place < 0;
  actions[1].disabled = place < 1;
  actions[2].disabled = place < 0 || place >= tokens.length - 1;
  buttons.addEventListener("submit", (event) => {
    event.preventDefault();
    const others = model.tokenize(input.value);
    if (others.length) changeWords(tokens.toSpliced(place, 1, ...others), view.word);
  });
  buttons.append(...actions.flatMap((action) => [action, " "]));
  const compared = make("p", undefined, "buttons");
  if (view.before !== null) {
    compared.append(`Compared with: “${view.before.length > 120 ? `${view.before.slice(0, 120)}…` : view.before}” `);
    compared.append(makeButton("Go back", () => choose({ text: view.before, before: null })), " ");
    compared.append(makeButton("Stop comparing", () => choose({ before: null })));
  } else {
    compared.append(makeButton("Compare later changes with this text", () => choose({ before: view.text })));
  }
  const flip = make("p", undefined, "buttons");
  flip.append(makeButton("Find one word whose replacement flips the verdict", findFlip));
  const found = make("p", describeFlip(), "note");
  found.id = "flip";
  found.setAttribute("role", "status");
  if (search?.name === nameReading() && search.replaced) {
    found.append(" ", makeButton("Try it", () => changeWords(search.replaced, search.word), "small"));
  }
  return [make("h3", "The words"), make("p", title, "note"), buttons, compared, flip, found, make("h3", "The gates"), ...buildHolds()];
}

function describeFlip() {
  if (search?.name !== nameReading()) return "";
  const { word, token, other, probability, tried } = search;
  const before = fixed(reading.probabilities.at(-1), 3);
  if (!word) return `None of ${tried} replacements flips the verdict.`;
  return `Word ${word}: “${shorten(token)}” → “${other}” changes the probability from ${before} to ${fixed(probability, 3)}.`;
}

// Try replacements for each word, but not for punctuation, until the label changes; start with the words that move the logit most.
async function findFlip() {
  const name = nameReading();
  const [read, tokens] = [reading, reading.tokens];
  const changes = findChanges(reading.probabilities);
  const isPositive = reading.probabilities.at(-1) >= model.threshold;
  const order = [...tokens.keys()].filter((place) => HAS_LETTERS.test(tokens[place])).sort((one, other) => Math.abs(changes[other + 1]) - Math.abs(changes[one + 1]));
  const isStale = () => name !== nameReading();
  const expected = nextWordModel && new Reading(nextWordModel);
  expected?.aim(tokens, HOLD_NOTHING);
  if (expected && !(await doInSlices((time) => expected.read(time), isStale))) return;
  let tried = 0;
  search = null;
  for (const place of order) {
    const likely = expected ? expected.states[place].last.next(EXPECTED).map(({ token }) => token) : [];
    const others = new Set([...likely.filter((token) => HAS_LETTERS.test(token) && !token.startsWith("<")), ...findNeighbours(tokens[place])]);
    others.delete(tokens[place]);
    for (const other of others) {
      const copy = read.exchange(place, other);
      if (!(await doInSlices((time) => copy.read(time), isStale))) return showProgress(null);
      tried += 1;
      showProgress(tried / (tokens.length * others.size), "looking for a replacement");
      const probability = copy.probabilities.at(-1);
      if (probability >= model.threshold === isPositive) continue;
      search = { name, word: place + 1, token: tokens[place], other, probability, replaced: copy.tokens, tried };
      showProgress(null);
      return renderChanges();
    }
  }
  search = { name, tried };
  showProgress(null);
  renderChanges();
}

// Find the frequent words whose embeddings are most similar to the word's, by cosine.
function findNeighbours(token) {
  const id = model.vocabulary.find(token);
  if (id === model.vocabulary.unknown) return [];
  const row = model.embedding.row(id);
  const products = model.embedding.multiplyRows(row);
  findNeighbours.sizes ??= Float64Array.from({ length: model.embedding.rows }, (_, each) => Math.hypot(...model.embedding.row(each)));
  const { first, words: names } = model.vocabulary;
  const ids = Array.from({ length: Math.min(COMMON, names.length) }, (_, place) => first + place).filter((other) => other !== id);
  const near = (other) => products[other] / (findNeighbours.sizes[other] || 1);
  return ids.sort((one, other) => near(other) - near(one)).slice(0, NEIGHBOURS).map((other) => names[other - first]);
}
