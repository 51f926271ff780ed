// Three small networks that train on the same reviews, their accuracy, and their gradients through time.

const RACE = { inputs: 8, units: 12, batch: 16, seed: 1, every: 5, stop: 500 };
const RACERS = [["simple_rnn", "SimpleRNN", "var(--negative)"], ["lstm", "LSTM", "var(--green)"], ["gru", "GRU", "var(--positive)"]];
const SMALLEST = 1e-8; // the lower end of the scale of gradients
let race = null;

function resetRace() {
  const words = data.sample.words.length;
  race = {
    running: false, steps: 0, order: [], random: makeRandom(RACE.seed),
    racers: RACERS.map(([cell, name, hue]) => ({ name, hue, network: new SmallNetwork(cell, words, RACE.inputs, RACE.units, RACE.seed), accuracies: [] })),
  };
  at("race-run").textContent = "Train";
  measureRace();
}

// The test review whose gradients are plotted: the longest one.
const watched = data.sample.test.reduce((longest, review) => (review.ids.length > longest.ids.length ? review : longest));

function takeRaceStep() {
  const { train } = data.sample;
  if (race.order.length < RACE.batch) {
    race.order = [...train.keys()];
    for (let place = race.order.length - 1; place > 0; place -= 1) {
      const other = Math.floor(race.random() * (place + 1));
      [race.order[place], race.order[other]] = [race.order[other], race.order[place]];
    }
  }
  const batch = race.order.splice(0, RACE.batch).map((place) => train[place]);
  for (const { network } of race.racers) {
    for (const { ids, label } of batch) network.learn(ids, label);
    network.update(batch.length);
  }
  race.steps += 1;
}

function measureRace() {
  const { test } = data.sample;
  for (const { network, accuracies } of race.racers) {
    const right = test.filter(({ ids, label }) => network.read(ids).probability >= 0.5 === (label === 1));
    accuracies.push([race.steps, right.length / test.length]);
  }
  showRace();
}

async function runRace() {
  race.running = !race.running;
  const mine = race;
  at("race-run").textContent = race.running ? "Pause" : "Train";
  while (mine.running && mine === race) {
    takeRaceStep();
    if (race.steps % RACE.every === 0) measureRace();
    if (race.steps % RACE.stop === 0) race.running = false;
    await pause();
  }
  if (mine === race) at("race-run").textContent = "Train";
}

// Return the size of the gradient after each word of the watched review, relative to the last; learn nothing from it.
function measureGradients(network) {
  const { sizes } = network.learn(watched.ids, watched.label);
  for (const gradient of Object.values(network.gradients)) gradient.fill(0);
  const last = sizes.at(-1) || 1;
  return [...sizes].map((size) => size / last);
}

function showRace() {
  at("race-count").textContent = `${race.steps} steps: ${race.racers.map(({ name, accuracies }) => `${name} ${fixed(accuracies.at(-1)[1], 2)}`).join(", ")}`;
  const most = Math.max(20, race.steps);
  drawLines(
    at("race-accuracy"),
    race.racers.map(({ name, hue, accuracies }) => ({ name, hue, points: accuracies.map(([steps, accuracy]) => [steps / most, 1 - accuracy]) })),
    [[0, "1"], [0.5, "0.5"], [1, "0"]], `${most} steps`,
  );
  const height = (size) => Math.log10(Math.max(size, SMALLEST)) / Math.log10(SMALLEST);
  const gradients = race.racers.map(({ network }) => measureGradients(network));
  drawLines(
    at("race-gradient"),
    race.racers.map(({ name, hue }, place) => ({ name, hue, points: gradients[place].map((size, word) => [word / (watched.ids.length - 1), clamp(height(size), 0, 1)]) })),
    [[0, "1"], [0.5, "10⁻⁴"], [1, "10⁻⁸"]], `word ${watched.ids.length}`,
  );
  const arrived = race.racers.map(({ name }, place) => `${name} ${gradients[place][0].toExponential(0).replace("-", "−")}`);
  at("race-gradient-caption").textContent =
    `How much the state after each word still changes the loss, ‖∂L/∂h_t‖, relative to the last word. At the first word: ${arrived.join(", ")}.`;
}

// Draw lines, with labels at the left and at the lower right. Points lie between 0 and 1, measured from the upper left.
function drawLines(box, lines, ticks, end) {
  const [width, height, left, top] = [Math.max(box.clientWidth, 240), 190, 44, 22];
  const svg = makeSvg("svg", { width, height: height + top + 22, viewBox: `0 0 ${width} ${height + top + 22}`, role: "img" });
  svg.setAttribute("aria-label", lines.map(({ name, points }) => `${name} ends at ${fixed(points.at(-1)[1], 2)} from the top`).join(", "));
  const place = ([x, y]) => `${(left + x * (width - left - 14)).toFixed(1)},${(top + y * height).toFixed(1)}`;
  for (const [y, label] of ticks) {
    makeSvg("line", { x1: left, x2: width - 14, y1: top + y * height, y2: top + y * height, stroke: "var(--rule)" }, svg);
    makeSvg("text", { x: left - 6, y: top + y * height + 4, "text-anchor": "end" }, svg).textContent = label;
  }
  makeSvg("text", { x: width - 14, y: top + height + 16, "text-anchor": "end" }, svg).textContent = end;
  lines.forEach(({ name, hue, points }, number) => {
    makeSvg("polyline", { points: points.map(place).join(" "), fill: "none", stroke: hue, "stroke-width": 2, "stroke-dasharray": DASHES[number], "data-line": name }, svg);
    const key = left + number * 104;
    makeSvg("line", { x1: key, x2: key + 22, y1: 8, y2: 8, stroke: hue, "stroke-width": 2, "stroke-dasharray": DASHES[number] }, svg);
    makeSvg("text", { x: key + 28, y: 12 }, svg).textContent = name;
  });
  box.replaceChildren(svg);
}

function buildRace() {
  at("race-text").textContent = `The review in the second chart: “${joinWords(watched.ids.map((id) => data.sample.words[id]))}”`;
  at("race-note").textContent = "The label of an invented review depends on negation, as in “never dull”, on contrast, and on where the verdict stands. These networks are small, so that you can watch them learn; training pauses every 500 steps.";
  at("race-run").addEventListener("click", runRace);
  at("race-step").addEventListener("click", () => {
    takeRaceStep();
    measureRace();
  });
  at("race-reset").addEventListener("click", () => {
    race.running = false;
    resetRace();
  });
  resetRace();
}
