// The state of the explorer, and formatting numbers. Texts are inserted as text, never as markup.

const { examples } = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const COLOURINGS = {
  probability: "probability",
  integrated_gradients: "contribution",
  occlusion: "occlusion",
  memory: "memory",
};
const state = { example: 0, cell: 0, colouring: "probability", current: 0, held: false, hidden: new Set() };
let words = [];
let chart = null;

const example = () => examples[state.example];
const isBackward = () => example().direction === "backward";
const cell = () => example().cells[state.cell];
const fixed = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));
const move = (value, digits = 3) => {
  const text = fixed(value, digits);
  if (Number(value?.toFixed(digits)) === 0) return text.replace("−", "");
  return value > 0 ? `+${text}` : text;
};
const small = (value) =>
  value === null ? "–" : value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1).replace("-", "−") : fixed(value, 3);
const sideOf = (probability) => (probability >= 0.5 ? "positive" : "negative");

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}
