// The explorer: choose a text and a word, and show both. Texts are inserted as text, never as markup.

// Values from −1 to 1 (signed) or from 0 to 1 that determine the words' colours, and the labels of the scale's ends.
function findColouring() {
  const { probabilities, contributions } = example();
  if (state.colouring === "probability") return { signed: true, values: probabilities.map((p) => 2 * p - 1), ends: ["negative", "positive"] };
  if (state.colouring === "memory") {
    const values = cell().kept || cell().jacobian;
    const largest = Math.max(1, ...values);
    return { signed: false, values: values.map((value) => value / largest), ends: ["forgotten at the end", "fully kept"] };
  }
  const values = contributions[state.colouring];
  const largest = Math.max(...values.map((value) => Math.abs(value))) || 1;
  const most = Number(largest.toPrecision(2));
  const ends = [`−${most} towards negative`, `towards positive +${most}`];
  return { signed: true, values: values.map((value) => value / largest), ends };
}

function colourWords() {
  const { signed, values, ends } = findColouring();
  words.forEach((word, timestep) => {
    word.style.backgroundColor = colour(values[timestep], signed, 0.55);
    const turned = state.colouring === "probability" && example().turns.includes(timestep);
    word.classList.toggle("turned", turned);
    word.classList.toggle("down", turned && example().probabilities[timestep] < 0.5);
  });
  const bar = make("i");
  const stops = [-1, 0, 1].slice(signed ? 0 : 1).map((value) => colour(value, signed, 0.55));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  at("scale").replaceChildren(make("span", ends[0]), bar, make("span", ends[1]));
  if (example().unknown.length) at("scale").append(make("span", "· dotted: not in the vocabulary"));
  if (state.colouring === "probability" && example().turns.length) at("scale").append(make("span", "· ▲▼ changed the prediction"));
}

// The words are shown in the order in which they are written, so a backward model starts on the right.
function buildWords() {
  const { tokens, spaces, unknown } = example();
  const pieces = [];
  const afterStart = isBackward() ? 0 : 1;
  words = tokens.map((token, timestep) => {
    const word = makeWord(token, timestep, unknown.includes(timestep));
    pieces.push([spaces[timestep] || timestep === afterStart ? " " : "", word]);
    return word;
  });
  if (isBackward()) pieces.reverse();
  at("words").replaceChildren(...pieces.flat());
}

function listLines() {
  const { probabilities } = example();
  const gates = cell().quantities.filter((quantity) => !quantity.signed);
  const hues = ["var(--positive)", "var(--negative)", "var(--soft)"];
  const lines = gates.map(({ name, symbol, mean }, index) => ({
    name: `${name} ${symbol}, mean`, values: mean, colour: hues[index % 3], width: 1.4, dash: DASHES[index % 4],
  }));
  if (cell().kept) lines.push({ name: "kept to the end", values: cell().kept, colour: "var(--soft)", width: 1.4, dash: DASHES[3] });
  if (probabilities) lines.unshift({ name: "probability", values: probabilities, colour: "var(--ink)", width: 2.2, dash: "" });
  return lines;
}

function buildChart() {
  const all = listLines();
  const method = state.colouring === "occlusion" ? "occlusion" : "integrated_gradients";
  const methodName = method === "occlusion" ? "occlusion" : "integrated gradients";
  const subject = example().probabilities ? "probability and gates" : "gates";
  const caption = `The text ${isBackward() ? "from its end to its beginning" : "from left to right"}. Lines: ${all.length ? subject : "none"}. Bars: contribution of each word (${methodName}), blue towards positive, orange towards negative.`;
  at("through-caption").textContent = caption;
  chart = drawChart(at("through"), all.filter((line) => !state.hidden.has(line.name)), example().contributions[method], caption);
  chart.svg.addEventListener("pointermove", (event) => state.held || show(chart.find(event)));
  chart.svg.addEventListener("click", (event) => hold(chart.find(event)));
  at("lines").replaceChildren(
    ...all.map((line) => {
      const button = make("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(!state.hidden.has(line.name)));
      button.append(drawSample(line), make("span", line.name));
      button.addEventListener("click", () => {
        if (!state.hidden.delete(line.name)) state.hidden.add(line.name);
        buildChart();
        [...at("lines").children].find((other) => other.textContent === line.name).focus();
      });
      return button;
    }),
  );
  chart.move(state.current);
}

function show(timestep) {
  selectWord(at("words"), words, state.current, timestep);
  state.current = timestep;
  chart.move(timestep);
  summarise(timestep);
  showContributions(timestep);
  showGates(timestep);
  showMemory(timestep);
}

function hold(timestep) {
  state.held = !(state.held && state.current === timestep);
  show(timestep);
}

function buildColouring() {
  const offered = Object.keys(COLOURINGS).filter((name) => name !== "probability" || example().probabilities);
  if (!offered.includes(state.colouring)) [state.colouring] = offered;
  const labels = offered.map((name) => {
    const label = make("label");
    const input = make("input");
    Object.assign(input, { type: "radio", name: "colouring", value: name, checked: name === state.colouring });
    label.append(input, make("span", COLOURINGS[name]));
    return label;
  });
  at("colouring").replaceChildren(at("colouring").querySelector("legend"), ...labels);
}

function describePrediction() {
  const { truth, label, probability, logit, words: count, tokens, baseline, gap, steps } = example();
  const read = tokens.length - 1;
  const line = at("prediction");
  line.replaceChildren("Predicted ", make("b", label, label), `: probability ${fixed(probability, 4)} of positive (logit ${move(logit, 2)})`);
  if (truth) line.append(truth === label ? ", which is correct" : ", which is wrong: the label is ", truth === label ? "" : make("b", truth, truth));
  line.append(read < count ? `; ${read} of ${count} words read.` : `; ${count} ${count === 1 ? "word" : "words"}.`);
  if (isBackward()) line.append(" The model read the text from its end.");
  line.append(make("span", ` Integrated gradients: baseline logit ${move(baseline, 2)}, ${steps} steps, gap ${move(gap, 3)}.`, "note"));
}

// The word that contributed most to the prediction is selected first.
function findStrongest() {
  const sizes = example().contributions.integrated_gradients.map((value) => Math.abs(value));
  return sizes.indexOf(Math.max(...sizes));
}

function pickCell(index) {
  state.cell = Math.min(index, example().cells.length - 1);
  buildGates();
  buildChart();
  colourWords();
  show(state.current);
}

function pick(index) {
  Object.assign(state, { example: (index + examples.length) % examples.length, held: false, current: 0 });
  at("review").value = state.example;
  buildColouring();
  buildWords();
  at("written").textContent = example().text;
  at("cell").replaceChildren(...example().cells.map(({ name }, each) => Object.assign(make("option", name), { value: each })));
  at("cell-field").hidden = example().cells.length < 2;
  state.current = findStrongest();
  describePrediction();
  pickCell(state.cell);
  at("cell").value = state.cell;
}

function buildPicker() {
  const groups = new Map();
  examples.forEach(({ reason, truth, label, probability, name }, index) => {
    const outcome = truth && truth !== label ? `${truth}, predicted ${label}` : label;
    const option = make("option", `${index + 1}. ${outcome} ${fixed(probability, 3)} – ${name || "(no words)"}`);
    option.value = index;
    if (!groups.has(reason)) groups.set(reason, reason ? Object.assign(make("optgroup"), { label: reason }) : at("review"));
    groups.get(reason).append(option);
  });
  at("review").append(...[...groups.values()].filter((group) => group !== at("review")));
  for (const id of ["previous", "next"]) at(id).hidden = examples.length < 2;
}

function onKey(event) {
  const timestep = findMove(event, words, state.current, isBackward());
  if (timestep === null) return;
  event.preventDefault();
  state.held = true;
  show(timestep);
  words[state.current].scrollIntoView({ block: "nearest" });
}

function findWord(event) {
  const word = event.target.closest(".word");
  return word ? Number(word.dataset.timestep) : null;
}

at("words").addEventListener("pointerover", (event) => {
  const timestep = findWord(event);
  if (timestep !== null && !state.held && event.pointerType !== "touch") show(timestep);
});
at("words").addEventListener("click", (event) => {
  const timestep = findWord(event);
  if (timestep !== null) hold(timestep);
});
at("words").addEventListener("keydown", onKey);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") state.held = false;
});
at("review").addEventListener("change", () => pick(Number(at("review").value)));
at("previous").addEventListener("click", () => pick(state.example - 1));
at("next").addEventListener("click", () => pick(state.example + 1));
for (const button of document.querySelectorAll("button[data-example]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    pick(Number(button.dataset.example));
    at("explore").scrollIntoView();
    at("words").focus({ preventScroll: true });
  });
}
at("cell").addEventListener("change", () => pickCell(Number(at("cell").value)));
at("colouring").addEventListener("change", (event) => {
  state.colouring = event.target.value;
  buildChart();
  colourWords();
});
dark.addEventListener("change", () => {
  colourWords();
  show(state.current);
});
at("explorer").hidden = false;
buildPicker();
pick(0);
let width = at("through").clientWidth;
new ResizeObserver(() => {
  if (at("through").clientWidth === width) return;
  width = at("through").clientWidth;
  buildChart();
  show(state.current);
}).observe(at("through"));
