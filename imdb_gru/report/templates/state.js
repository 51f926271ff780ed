// The state of the explorer.

const { examples } = JSON.parse(document.getElementById("data").textContent);
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
