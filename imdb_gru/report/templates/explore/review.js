// The first level: the words, their colours, the curve, and the words that move the probability most.

const { build, START_TOKEN } = globalThis.imdbGru;
let words = [];
let occlusions = { name: null, values: [] }; // `name` is the name of the reading that the values belong to

// Values from −1 to 1 (signed) or from 0 to 1 that determine the words' colours, and the labels of the scale's ends.
function findColouring(steps) {
  const probabilities = reading.probabilities;
  if (view.colouring === "probability") return { signed: true, values: probabilities.map((p) => 2 * p - 1), ends: ["negative so far", "positive so far"] };
  if (view.colouring === "memory") {
    return { signed: false, values: findKept(steps, view.layer) ?? [], ends: ["forgotten at the end", "fully kept"] };
  }
  const values = findContributions();
  const largest = Math.max(...values.map((value) => Math.abs(value))) || 1;
  const most = Number(largest.toPrecision(2));
  return { signed: true, values: values.map((value) => value / largest), ends: [`−${most} towards negative`, `towards positive +${most}`] };
}

// The contribution of each word: by occlusion if that is chosen and already measured, and otherwise the change.
function findContributions() {
  return hasOcclusions() ? occlusions.values : findChanges(reading.probabilities);
}

const nameReading = () => JSON.stringify([reading.tokens, view.holds]);
const hasOcclusions = () => view.colouring === "occlusion" && occlusions.name === nameReading();

// For each word, read the text again with this word replaced by the unknown word.
async function measureOcclusions() {
  const name = nameReading();
  if (occlusions.name === name || !reading.isDone) return;
  const [read, tokens] = [reading, reading.tokens];
  const last = findLogit(read.probabilities.at(-1));
  const values = [0];
  const isStale = () => name !== nameReading() || view.colouring !== "occlusion";
  for (let place = 0; place < tokens.length; place += 1) {
    const other = read.exchange(place, ""); // the empty token is in no vocabulary
    if (!(await doInSlices((time) => other.read(time), isStale))) return;
    values.push(last - findLogit(other.probabilities.at(-1)));
    const share = (place + 1) / tokens.length;
    showProgress(share * (2 - share), "measuring what each word contributes"); // the first words take longest
  }
  showProgress(null);
  occlusions = { name, values };
  render();
}

function showProgress(share, label = "reading") {
  at("progress").hidden = share === null;
  if (share !== null) Object.assign(at("progress"), { value: share, ariaLabel: label });
}

const CLOSING = /^[.,!?;:)\]%…]+$/;

// Join tokens into a text that the tokenizer splits into the same tokens.
function joinWords(tokens) {
  return tokens.map((token, place) => (place && !(CLOSING.test(token) && !CLOSING.test(tokens[place - 1])) ? ` ${token}` : token)).join("");
}

// Show the words that have been read; unchanged words stay as they are.
function showWords() {
  const tokens = [START_TOKEN, ...reading.tokens].slice(0, reading.states.length);
  const kept = words.findIndex((word, timestep) => word.dataset.token !== tokens[timestep]);
  const first = kept < 0 ? Math.min(words.length, tokens.length) : kept;
  for (const word of words.splice(first)) {
    word.previousSibling?.remove();
    word.remove();
  }
  for (let timestep = first; timestep < tokens.length; timestep += 1) {
    const token = tokens[timestep];
    const word = makeWord(token, timestep, !isKnown(token));
    word.dataset.token = token;
    at("words").append(timestep > 1 && CLOSING.test(token) ? "" : " ", word);
    words.push(word);
  }
}

function colourWords() {
  const steps = reading.steps;
  const { signed, values, ends } = findColouring(steps);
  words.forEach((word, timestep) => {
    word.style.backgroundColor = colour(values[timestep] ?? 0, signed, 0.55);
    word.title = timestep ? `${fixed(steps[timestep].probability, 3)} after this word` : "";
    word.classList.toggle("held", findHold(timestep).name !== "");
  });
  const bar = make("i");
  const stops = [-1, 0, 1].slice(signed ? 0 : 1).map((value) => colour(value, signed, 0.55));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  at("scale").replaceChildren(make("span", ends[0]), bar, make("span", ends[1]));
  if (!reading.tokens.every(isKnown)) at("scale").append(make("span", "· dotted: not in the vocabulary"));
}

function showVerdict() {
  const { last } = reading.states.at(-1);
  const label = last.probability >= model.threshold ? "positive" : "negative";
  const count = tokenize(view.text).length;
  const line = at("verdict");
  line.replaceChildren(make("b", label, label), make("span", ` · probability of positive ${fixed(last.probability, 4)}`));
  if (earlier?.isDone) line.append(make("span", ` · before the change ${fixed(earlier.probabilities.at(-1), 4)}`, "note"));
  if (!count) line.append(make("span", " · no word yet: this is what the model believes before the first one", "note"));
  else if (!reading.tokens.some(isKnown)) line.append(make("span", " · no word of this text is in the vocabulary", "note"));
  if (reading.tokens.length < count) line.append(make("span", ` · the model read ${reading.tokens.length} of ${count} words`, "note"));
  if (!reading.isDone) line.append(make("span", ` · read ${reading.states.length - 1} of ${reading.tokens.length} words`, "note"));
}

// The curve of the probability; it is drawn once its box is on the page.
function buildCurve(probabilities, contributions, kept) {
  const lines = [{ name: "probability", values: probabilities, colour: "var(--ink)", width: 2.2, dash: "" }];
  if (kept) lines.push({ name: "kept to the end", values: kept, colour: "var(--soft)", width: 1.4, dash: DASHES[3] });
  if (earlier) {
    const values = earlier.probabilities.slice(0, probabilities.length);
    lines.push({ name: "probability before the change", values, colour: "var(--negative)", width: 1.8, dash: DASHES[1] });
  }
  const method = hasOcclusions() ? "occlusion" : "change of the logit";
  const caption = `Bars: contribution of each word (${method}), blue towards positive, orange towards negative.`;
  const [figure, box] = [make("figure", undefined, "through"), make("div")];
  box.id = "curve";
  figure.append(box, buildLegend(lines), Object.assign(make("figcaption", caption), { id: "curve-caption" }));
  const label = `The probability after each word, now ${fixed(probabilities.at(-1), 3)}. ${caption}`;
  drawLater(box, lines, contributions, label);
  return figure;
}

function buildLegend(lines) {
  const legend = make("p", undefined, "legend");
  for (const line of lines) {
    const item = make("span");
    item.append(drawSample(line), ` ${line.name}`);
    legend.append(item);
  }
  return legend;
}

// Draw a chart in which a click selects a word, once its box is on the page and has a width.
function drawLater(box, lines, bars, label, low = 0) {
  requestAnimationFrame(() => {
    if (!box.isConnected) return;
    const chart = drawChart(box, lines, bars, label, low);
    chart.svg.addEventListener("click", (event) => choose({ word: chart.find(event) }));
    chart.move(view.word);
  });
}

function buildReviewLevel() {
  const changes = findContributions();
  const kept = findKept(reading.steps, view.layer);
  const probabilities = reading.probabilities;
  const order = [...changes.keys()].slice(1).sort((one, other) => Math.abs(changes[other]) - Math.abs(changes[one])).slice(0, 8);
  const table = make("table");
  table.append(makeCells("th", ["word", "probability", "contribution", ...(kept ? ["kept to the end"] : [])]));
  for (const timestep of order) {
    const button = makeButton(shorten(reading.tokens[timestep - 1]), () => choose({ word: timestep, level: "word" }));
    const probability = `${fixed(probabilities[timestep - 1], 3)} → ${fixed(probabilities[timestep], 3)}`;
    table.append(makeCells("td", [button, probability, move(changes[timestep]), ...(kept ? [small(kept[timestep])] : [])]));
  }
  return [buildCurve(probabilities, changes, kept), make("p", "The words that contribute most. Choose one to zoom in.", "note"), table];
}

function makeCells(tag, contents) {
  const row = make("tr");
  for (const content of contents) {
    const cell = make(tag);
    cell.append(content);
    row.append(cell);
  }
  return row;
}

function makeButton(text, act, className) {
  const button = make("button", text, className);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}
