// What the page shows: the text, the selected word, the zoom and the held gates. The address contains all of it.

const data = JSON.parse(at("data").textContent);
const LEVELS = ["review", "word", "unit", "step"];
const COLOURINGS = { probability: "probability", change: "change", occlusion: "occlusion", memory: "memory" };
const SORTS = { number: "number of the unit", state: "state", change: "change of the state" };
const GATES = {
  gru: { update: "z", reset: "r", candidate: "h′" },
  lstm: { input: "i", forget: "f", candidate: "c′", output: "o" },
  simple_rnn: {},
};
const SIGNED = ["candidate"];
const cellName = data.cell;
const symbols = GATES[cellName];

const view = {
  text: data.text, word: Number.MAX_SAFE_INTEGER, unit: 0, layer: 0, level: "review", colouring: "probability", sort: "number", holds: [],
  before: null, card: 0,
};
let model = null;
let nextWordModel = null;
let reading = null;
let earlier = null; // the reading to compare with; null if there is none

// All tokens of a text; the last result is kept, because a change of the view needs it several times.
let tokenized = { text: null, tokens: [] };
function tokenize(text) {
  if (tokenized.text !== text) tokenized = { text, tokens: model.tokenize(text) };
  return tokenized.tokens;
}

const isBackward = () => false;
const isKnown = (token) => model.vocabulary.find(token) !== model.vocabulary.unknown;
const layerOf = (step) => step.layers[view.layer];
const clamp = (value, low, high) => Math.max(low, Math.min(high, Number.isFinite(value) ? value : low));

// Return the held gates at a timestep, layer by layer, as the model expects them, and a name for this combination.
function findHold(timestep) {
  const here = view.holds.filter(({ from, to }) => from <= timestep && timestep <= to);
  if (!here.length) return { name: "", hold: {} };
  const hold = model.layers.map(() => ({}));
  for (const { layer, gate, unit, value } of here) {
    const values = (hold[layer][gate] ??= {});
    if (unit !== null) values[unit] = value;
    else for (let each = 0; each < model.layers[layer].units; each += 1) values[each] = value;
  }
  return { name: here.map(writeHold).join(" "), hold };
}

const writeHold = ({ layer, gate, unit, value, from, to }) => [layer, gate, unit ?? "all", value, from, to].join(":");

function readHold(text) {
  const [layer, gate, unit, value, from, to] = text.split(":");
  const hold = { layer: Number(layer), gate, unit: unit === "all" ? null : Number(unit), value: Number(value), from: Number(from), to: Number(to) };
  const fits = symbols[gate] && model.layers[hold.layer] && (hold.unit === null || hold.unit < model.layers[hold.layer].units);
  const numbers = [hold.layer, hold.unit ?? 0, hold.value, hold.from, hold.to];
  return fits && numbers.every(Number.isFinite) ? hold : null;
}

function writeAddress() {
  const fields = new URLSearchParams({ text: view.text, word: view.word, zoom: view.level, unit: view.unit });
  if (model.layers.length > 1) fields.set("layer", view.layer);
  if (view.colouring !== "probability") fields.set("colour", view.colouring);
  if (view.sort !== "number") fields.set("sort", view.sort);
  if (view.before !== null) fields.set("before", view.before);
  if (view.card) fields.set("card", view.card + 1);
  for (const hold of view.holds) fields.append("hold", writeHold(hold));
  return `#${fields}`;
}

// Set the view from the address; values that do not fit this model are ignored.
function readAddress(address) {
  const fields = new URLSearchParams(address.replace(/^#/, ""));
  if (!fields.has("text")) return false;
  const choose = (name, choices, otherwise) => (choices.includes(fields.get(name)) ? fields.get(name) : otherwise);
  view.text = fields.get("text");
  view.layer = clamp(Number(fields.get("layer") ?? model.layers.length - 1), 0, model.layers.length - 1);
  view.unit = clamp(Number(fields.get("unit")), 0, model.layers[view.layer].units - 1);
  view.word = Math.max(0, Number(fields.get("word")) || 0);
  view.level = choose("zoom", LEVELS, "review");
  view.colouring = choose("colour", Object.keys(COLOURINGS), "probability");
  view.sort = choose("sort", Object.keys(SORTS), "number");
  view.before = fields.get("before");
  view.card = clamp(Number(fields.get("card") ?? 1), 1, 10) - 1;
  view.holds = fields.getAll("hold").map(readHold).filter(Boolean);
  return true;
}
