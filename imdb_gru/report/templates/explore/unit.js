// The third level: one unit over the whole review.

function buildUnitLevel() {
  const steps = reading.steps.map(layerOf);
  const states = steps.map(({ hidden }) => hidden[view.unit]);
  const hues = ["var(--positive)", "var(--negative)", "var(--green)", "var(--soft)"];
  const lines = [{ name: "state h", values: states, colour: "var(--ink)", width: 2.2, dash: "" }];
  Object.entries(symbols).forEach(([gate, symbol], place) => {
    const values = steps.map(({ gates }) => gates[gate][view.unit]);
    lines.push({ name: `${gate} ${symbol}`, values, colour: hues[place], width: 1.4, dash: DASHES[place] });
  });
  if (steps[0].memory) {
    const values = steps.map(({ memory }) => memory[view.unit]);
    lines.push({ name: "memory c", values, colour: "var(--soft)", width: 1.4, dash: "" });
  }
  const moves = states.map((state, timestep) => state - (states[timestep - 1] ?? 0));
  const box = make("div");
  drawLater(box, lines, moves, `The gates and the state of unit ${view.unit} at each word`, -1);
  return [buildUnitChoice(), box, buildLegend(lines), make("p", "Bars: how the word changes the state of this unit.", "note"), listMovingWords(moves)];
}

function buildUnitChoice() {
  const field = make("div", undefined, "inline");
  const label = make("label", "Unit ");
  const input = make("input");
  const last = model.layers[view.layer].units - 1;
  Object.assign(input, { type: "number", id: "unit-number", min: 0, max: last, value: view.unit });
  label.htmlFor = "unit-number";
  input.addEventListener("change", () => choose({ unit: Math.round(clamp(Number(input.value), 0, last)) }));
  field.append(label, input, make("span", `(0 to ${last})`, "note"));
  return field;
}

function listMovingWords(moves) {
  const order = [...moves.keys()].slice(1).sort((one, other) => Math.abs(moves[other]) - Math.abs(moves[one])).slice(0, 6);
  const list = make("p", "Words that move this unit most: ", "buttons");
  for (const timestep of order) {
    list.append(makeButton(`${shorten(reading.tokens[timestep - 1])} (${move(moves[timestep], 2)})`, () => choose({ word: timestep, level: "step" })), " ");
  }
  return list;
}
