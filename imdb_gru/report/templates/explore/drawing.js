// The drawing of a GRU's unit: lines for the word, the states and the gates, each with its value in this step.

const PATHS = {
  x: ["M20 235 H430 V205", "M170 235 V205", "M290 235 V205"],
  h: ["M20 55 H490", "M120 55 V120 H170 V150", "M240 55 V120 H290 V150", "M360 55 V178 H362"],
  r: ["M170 150 V95 H372 V166"],
  z: ["M290 150 V108 H510 V75"],
  c: ["M384 178 H400", "M460 178 H510 V75"],
  new: ["M530 55 H620"],
};
const GATE_BOXES = [["r", "r", 170, "σ"], ["z", "z", 290, "σ"], ["c", "h′", 430, "tanh"]];

function drawUnit({ step, before, unit }) {
  const { update, reset, candidate } = step.gates;
  const values = { z: update[unit], r: reset[unit], c: candidate[unit], h: before[unit], new: step.hidden[unit] };
  const text = (part) => fixed(values[part], 2);
  const description = `A unit of the GRU: z ${text("z")}, r ${text("r")}, h′ ${text("c")}, the state before ${text("h")} and after ${text("new")}`;
  const svg = makeSvg("svg", { viewBox: "0 0 640 260", class: "unit-drawing", role: "img", "aria-label": description });
  for (const [part, shapes] of Object.entries(PATHS)) {
    for (const d of shapes) addPart(svg, "path", part, { d, fill: "none" });
  }
  for (const [part, symbol, x, name] of GATE_BOXES) {
    addPart(svg, "rect", part, { x: x - 30, y: 150, width: 60, height: 55, rx: 6 });
    write(svg, part, x, 172, name);
    write(svg, part, x, 194, `${symbol} ${text(part)}`);
  }
  addPart(svg, "circle", "r", { cx: 372, cy: 178, r: 11 });
  write(svg, "r", 372, 183, "×");
  addPart(svg, "circle", "new", { cx: 510, cy: 55, r: 20 });
  write(svg, "new", 510, 60, "mix");
  write(svg, "h", 60, 45, `hₜ₋₁ ${text("h")}`);
  write(svg, "new", 582, 45, `hₜ ${text("new")}`);
  write(svg, "x", 60, 228, "xₜ, the word");
  return svg;
}

function addPart(svg, tag, part, attributes) {
  makeSvg(tag, { ...attributes, class: `line line-${part}`, "data-part": part }, svg);
}

function write(svg, part, x, y, text) {
  makeSvg("text", { x, y, "text-anchor": "middle", "data-part": part }, svg).textContent = text;
}
