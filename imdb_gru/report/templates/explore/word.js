// The second level: what every unit does at the selected word, as strips of one square for each unit.

// The quantities of a step, first to last: the gates, the state before and the state after.
function listQuantities(timestep) {
  const part = layerOf(reading.steps[timestep]);
  const gates = Object.entries(symbols).map(([name, symbol]) => ({ name, symbol, values: part.gates[name], signed: SIGNED.includes(name) }));
  const memory = part.memory ? [{ name: "memory", symbol: "c", values: part.memory, signed: true }] : [];
  return [
    ...gates,
    { name: "state before", symbol: "hₜ₋₁", values: stateBefore(timestep), signed: true },
    ...memory,
    { name: "state", symbol: "hₜ", values: part.hidden, signed: true },
  ];
}

function stateBefore(timestep, name = "hidden") {
  return timestep ? layerOf(reading.steps[timestep - 1])[name] : new Float32Array(model.layers[view.layer].units);
}

// The units in the chosen order.
function sortUnits(timestep) {
  const [after, before] = [layerOf(reading.steps[timestep]).hidden, stateBefore(timestep)];
  const keys = { number: (unit) => unit, state: (unit) => after[unit], change: (unit) => after[unit] - before[unit] };
  return [...after.keys()].sort((one, other) => keys[view.sort](one) - keys[view.sort](other));
}

const meanSize = (values) => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;

function buildWordLevel() {
  const timestep = view.word;
  const order = sortUnits(timestep);
  const strips = listQuantities(timestep).map(({ name, symbol, values, signed }) => {
    const gate = make("div", undefined, "gate");
    const rows = make("dl", undefined, "rows");
    const mean = meanSize(values);
    rows.append(makeRow(signed ? `${name}, mean |${symbol}|` : `${name} ${symbol}, mean`, mean, fixed(mean, 3), 1, false));
    const canvas = make("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name} of each of ${values.length} units`);
    canvas.dataset.quantity = name;
    const find = (event) => order[findUnit(canvas, event, values.length)];
    canvas.addEventListener("pointermove", (event) => {
      const unit = find(event);
      at("pointed").textContent = `unit ${unit}: ${name} ${symbol} = ${fixed(values[unit], 3)}`;
    });
    canvas.addEventListener("click", (event) => choose({ unit: find(event), level: "unit" }));
    gate.append(rows, canvas);
    return { gate, draw: () => drawStrip(canvas, order.map((unit) => values[unit]), signed) };
  });
  requestAnimationFrame(() => strips.forEach(({ draw }) => draw()));
  const pointed = make("p", "Point at a strip to see a unit, and click to zoom in.", "note");
  pointed.id = "pointed";
  return [buildSort(), ...strips.map(({ gate }) => gate), pointed, ...listMovedUnits(timestep)];
}

function buildSort() {
  const field = make("div", undefined, "inline");
  const select = make("select");
  select.id = "sort";
  for (const [name, label] of Object.entries(SORTS)) {
    select.append(Object.assign(make("option", label), { value: name, selected: name === view.sort }));
  }
  select.addEventListener("change", () => choose({ sort: select.value }));
  const label = make("label", "Order units by ");
  label.htmlFor = "sort";
  field.append(label, select);
  return field;
}

// Buttons for the units that this word moves most.
function listMovedUnits(timestep) {
  const [after, before] = [layerOf(reading.steps[timestep]).hidden, stateBefore(timestep)];
  const moves = [...after.keys()].map((unit) => [unit, after[unit] - before[unit]]);
  moves.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  const list = make("p", "Units that this word moves most: ", "buttons");
  for (const [unit, change] of moves.slice(0, 6)) {
    list.append(makeButton(`${unit} (${move(change, 2)})`, () => choose({ unit, level: "unit" })), " ");
  }
  return [list];
}
