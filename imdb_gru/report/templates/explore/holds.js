// Holding gates at a value, and freezing or clearing the state at a word.

// The gate values with which a cell keeps all of its state at a word, and those with which it forgets all of it.
const FREEZE = { gru: { update: 1 }, lstm: { input: 0, forget: 1 } };
const CLEAR = { gru: { update: 0, candidate: 0 }, lstm: { input: 0, forget: 0 } };

function holdGates(values, { unit = null, from, to }) {
  const isCovered = (other) => other.layer === view.layer && other.unit === unit && other.from === from && other.to === to && other.gate in values;
  const added = Object.entries(values).map(([gate, value]) => ({ layer: view.layer, gate, unit, value, from, to }));
  choose({ holds: [...view.holds.filter((hold) => !isCovered(hold)), ...added] });
}

function describeHold({ layer, gate, unit, value, from, to }) {
  const place = model.layers.length > 1 ? ` of layer ${layer + 1}` : "";
  const words = from === to ? `at word ${from}` : `at words ${from} to ${to}`;
  return `${gate} ${symbols[gate]}${place} of ${unit === null ? "all units" : `unit ${unit}`} is ${fixed(value, 2)} ${words}`;
}

function buildHolds() {
  if (!Object.keys(symbols).length) return [make("p", "A SimpleRNN has no gates that could be held. The words can be changed.", "note")];
  const form = make("form", undefined, "holds");
  const gate = makeSelect("hold-gate", "Gate", Object.entries(symbols).map(([name, symbol]) => [name, `${name} ${symbol}`]));
  const unit = makeSelect("hold-unit", "Units", [["all", "all units"], ["one", `unit ${view.unit}`]]);
  const value = makeNumber("hold-value", "Value", 1, -1, 1, "any");
  const last = Math.max(1, reading.tokens.length);
  const from = makeNumber("hold-from", "From word", clamp(view.word, 1, last), 1, last, 1);
  const to = makeNumber("hold-to", "to word", last, 1, last, 1);
  const fields = [gate, unit, value, from, to];
  const button = make("button", "Hold");
  form.append(...fields.map(({ field }) => field), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = gate.input.value;
    const start = clamp(from.input.valueAsNumber, 1, last);
    holdGates(
      { [name]: clamp(value.input.valueAsNumber, SIGNED.includes(name) ? -1 : 0, 1) },
      { unit: unit.input.value === "all" ? null : view.unit, from: start, to: Math.max(start, clamp(to.input.valueAsNumber, 1, last)) },
    );
  });
  const here = { from: Math.max(1, view.word), to: Math.max(1, view.word) };
  const buttons = make("p", undefined, "buttons");
  buttons.append(
    makeButton("Freeze the state at this word", () => holdGates(FREEZE[cellName], here)),
    " ",
    makeButton("Clear the state at this word", () => holdGates(CLEAR[cellName], here)),
  );
  const list = make("ul", undefined, "held-list");
  view.holds.forEach((hold, place) => {
    const item = make("li", `${describeHold(hold)} `);
    item.append(makeButton("Release", () => choose({ holds: view.holds.filter((_, other) => other !== place) }), "small"));
    list.append(item);
  });
  if (view.holds.length > 1) list.append(make("li", "Where two of them differ, the later one counts.", "note"));
  return [form, buttons, list];
}

function makeField(id, name, input) {
  const field = make("div", undefined, "field");
  const label = make("label", name);
  label.htmlFor = input.id = id;
  field.append(label, input);
  return { field, input };
}

function makeSelect(id, name, options) {
  const select = make("select");
  for (const [value, text] of options) select.append(Object.assign(make("option", text), { value }));
  return makeField(id, name, select);
}

function makeNumber(id, name, value, min, max, step) {
  return makeField(id, name, Object.assign(make("input"), { type: "number", required: true, min, max, step, value }));
}
