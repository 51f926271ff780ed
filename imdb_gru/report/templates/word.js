// Details of the selected word: probability, contributions, gates, memory.

const CELLS = { {% for name, cell in all_cells.items() %}{{ name }}: "{{ cell.title }}"{{ ", " if not loop.last }}{% endfor %} };
let strips = [];

function buildGates() {
  const { quantities, units, name, cell: kind } = cell();
  at("cell-name").textContent = `${CELLS[kind]}, ${name}: ${units} units`;
  strips = quantities.map((quantity) => {
    const gate = make("div", undefined, "gate");
    const rows = make("dl", undefined, "rows");
    gate.append(rows);
    const strip = { quantity, rows, read: decodeUnits(quantity, units), canvas: null, values: null };
    if (quantity.units !== null) {
      strip.canvas = make("canvas");
      strip.canvas.setAttribute("role", "img");
      strip.canvas.addEventListener("pointermove", (event) => nameUnit(strip, findUnit(strip.canvas, event, units)));
      gate.append(strip.canvas);
    }
    return Object.assign(strip, { gate });
  });
  at("gates").replaceChildren(...strips.map((strip) => strip.gate));
}

function nameUnit({ quantity, values }, unit) {
  at("unit").textContent = `unit ${unit}: ${quantity.name} ${quantity.symbol} = ${fixed(values[unit], 2)}`;
}

function showGates(timestep) {
  for (const strip of strips) {
    const { quantity, rows, canvas } = strip;
    const title = quantity.signed ? `${quantity.name}, mean |${quantity.symbol}|` : `${quantity.name} ${quantity.symbol}, mean`;
    rows.replaceChildren(makeRow(title, quantity.mean[timestep], fixed(quantity.mean[timestep], 3), 1, false));
    if (!canvas) continue;
    strip.values = strip.read(timestep);
    drawStrip(canvas, strip.values, quantity.signed);
    canvas.setAttribute("aria-label", `${quantity.name} of each of ${strip.values.length} units`);
  }
  const whole = strips.some((strip) => strip.canvas);
  at("unit").textContent = whole
    ? "Each strip has one square per unit: grey for 0 to 1, or orange for −1 to 0 and blue for 0 to 1."
    : "Only means are shown, because the gates of every unit of this text would make the page too large.";
}

function showMemory(timestep) {
  const { kept, jacobian, gradient } = cell();
  const rows = kept ? [makeRow("kept to the end", kept[timestep], small(kept[timestep]), 1, false)] : [];
  for (const [name, values] of [["Jacobian to the end", jacobian], ["gradient of the logit", gradient]]) {
    rows.push(makeRow(name, values[timestep], small(values[timestep]), Math.max(...values), false));
  }
  at("memory").replaceChildren(...rows);
}

function showContributions(timestep) {
  const { contributions, pooled } = example();
  const named = [["integrated gradients", contributions.integrated_gradients], ["occlusion", contributions.occlusion]];
  for (const [name, values] of Object.entries(pooled)) named.push([`through ${name} pooling`, values]);
  at("contributions").replaceChildren(
    ...named.map(([name, values]) => {
      const largest = Math.max(...values.map((value) => Math.abs(value)));
      return makeRow(name, values[timestep], move(values[timestep]), largest, true);
    }),
  );
}

function summarise(timestep) {
  const { tokens, probabilities, unknown } = example();
  const place = timestep ? `word ${timestep} of ${tokens.length - 1}${isBackward() ? " from the end" : ""}` : "the start, before the first word";
  const lines = [make("strong", timestep ? tokens[timestep] : "start")];
  lines.push(make("span", timestep && unknown.includes(timestep) ? `${place}, not in the vocabulary` : place));
  if (probabilities) {
    const line = make("span", "probability ");
    if (timestep) line.append(`${fixed(probabilities[timestep - 1], 3)} → `);
    line.append(make("b", fixed(probabilities[timestep], 3), sideOf(probabilities[timestep])));
    if (timestep) line.append(` (${move(probabilities[timestep] - probabilities[timestep - 1])})`);
    lines.push(line);
  }
  at("summary").replaceChildren(...lines);
}
