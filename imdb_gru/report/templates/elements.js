// Elements and numbers as text. Texts are inserted as text, never as markup.

const at = (id) => document.getElementById(id);
const fixed = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));
const move = (value, digits = 3) => {
  const text = fixed(value, digits);
  if (Number(value?.toFixed(digits)) === 0) return text.replace("−", "");
  return value > 0 ? `+${text}` : text;
};
const small = (value) =>
  value === null ? "–" : value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1).replace("-", "−") : fixed(value, 3);
const sideOf = (probability) => (probability >= 0.5 ? "positive" : "negative");

const LONGEST = 24; // letters of a word in a sentence of the page
const shorten = (word) => (word.length > LONGEST ? `${word.slice(0, LONGEST)}…` : word);

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

// Make a row of a list: a name, a bar, and the value as text.
function makeRow(name, value, text, largest, signed) {
  const row = make("div");
  const bar = make("dd", undefined, signed ? "bar" : "bar share");
  bar.setAttribute("aria-hidden", "true");
  const share = Math.min(1, Math.abs(value ?? 0) / (largest || 1)) * (signed ? 50 : 100);
  const piece = make("i");
  piece.style.width = `${share}%`;
  piece.style.left = signed ? `${value < 0 ? 50 - share : 50}%` : "0";
  piece.style.background = signed ? (value < 0 ? "var(--negative)" : "var(--positive)") : "var(--soft)";
  bar.append(piece);
  row.append(make("dt", name), bar, make("dd", text));
  return row;
}
