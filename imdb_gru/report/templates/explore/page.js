// The page: it unpacks the model, and updates the display whenever the view changes.

const BUILDERS = { review: buildReviewLevel, word: buildWordLevel, unit: buildUnitLevel, step: buildStepLevel };
const REFRESH = 100; // milliseconds between updates while a long text is being read
const LAST = Number.MAX_SAFE_INTEGER;
let generation = 0; // number of the text that is being read; work on an earlier text ends

// Change the view, and show it once the text is read.
async function choose(changes) {
  const isDeeper = LEVELS.indexOf(changes.level) - LEVELS.indexOf(view.level);
  const hasOtherText = ["text", "holds", "before"].some((name) => name in changes && changes[name] !== view[name]);
  Object.assign(view, changes);
  if (changes.level && isDeeper) animate(isDeeper > 0);
  if (changes.text !== undefined && at("text").value !== view.text) at("text").value = view.text;
  if (hasOtherText) await update();
  else if (reading.isDone) render();
}

// Read the text, and show the part read so far until all of it is read.
async function update() {
  const mine = (generation += 1);
  const { tokens } = model.encode(view.text);
  reading.aim(tokens, findHold);
  const before = view.before ?? (view.holds.length ? view.text : null);
  if (before === null) earlier = null;
  else {
    earlier ??= new Reading(model);
    earlier.aim(model.encode(before).tokens, HOLD_NOTHING);
  }
  const readings = earlier ? [reading, earlier] : [reading];
  let shown = 0;
  const advance = (time) => {
    const isDone = readings.every((each) => each.isDone || each.read(time));
    if (isDone || performance.now() - shown < REFRESH) return isDone;
    showReading();
    shown = performance.now();
    const read = readings.reduce((sum, each) => sum + each.states.length, 0);
    showProgress(read / readings.reduce((sum, each) => sum + each.tokens.length + 1, 0));
    return false;
  };
  if (!advance(SLICE) && !(await doInSlices(advance, () => mine !== generation))) return;
  showProgress(null);
  render();
}

// Show the words that are read so far, with their colours and the verdict.
function showReading() {
  showWords();
  colourWords();
  showVerdict();
}

function render() {
  showReading();
  view.word = clamp(view.word, 0, words.length - 1);
  words.forEach((word) => word.classList.remove("current"));
  selectWord(at("words"), words, view.word, view.word);
  for (const input of at("colouring").querySelectorAll("input")) input.checked = input.value === view.colouring;
  renderLevel();
  renderChanges();
  setTimeout(renderNextWords); // after the words have their colours
  showCard();
  if (view.colouring === "occlusion") measureOcclusions();
  history.replaceState(null, "", writeAddress());
}

function renderLevel() {
  const focused = document.activeElement?.id;
  const word = view.word ? `“${shorten(reading.tokens[view.word - 1])}”` : "the start";
  const names = { review: "Review", word: `Word: ${word}`, unit: `Unit ${view.unit}`, step: "One step" };
  at("levels").replaceChildren(
    ...LEVELS.map((level) => {
      const tab = makeButton(names[level], () => choose({ level }));
      Object.assign(tab, { id: `level-${level}`, role: "tab", ariaSelected: String(level === view.level), tabIndex: level === view.level ? 0 : -1 });
      tab.setAttribute("aria-controls", "level");
      return tab;
    }),
  );
  at("level").replaceChildren(...buildLayerChoice(), ...BUILDERS[view.level]());
  at("level").setAttribute("aria-labelledby", `level-${view.level}`);
  if (focused?.startsWith("level-")) at(`level-${view.level}`).focus();
  else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function buildLayerChoice() {
  if (model.layers.length < 2) return [];
  const { field, input } = makeSelect("layer", "Layer", model.layers.map((_, layer) => [layer, `layer ${layer + 1}`]));
  input.value = view.layer;
  input.addEventListener("change", () => choose({ layer: Number(input.value), unit: Math.min(view.unit, model.layers[input.value].units - 1) }));
  return [field];
}

function renderChanges() {
  const focused = document.activeElement?.id;
  at("changes").replaceChildren(...buildChanges());
  if (focused && at("changes").contains(document.getElementById(focused))) at(focused).focus({ preventScroll: true });
}

// Let the level grow when the reader zooms in, and shrink when the reader zooms out.
function animate(isDeeper) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const frames = { opacity: [0, 1], transform: [`scale(${isDeeper ? 0.85 : 1.12})`, "scale(1)"] };
  at("level").animate(frames, { duration: 220, easing: "ease-out" });
}

function zoom(direction) {
  const place = clamp(LEVELS.indexOf(view.level) + direction, 0, LEVELS.length - 1);
  choose({ level: LEVELS[place] });
}

function onWordKey(event) {
  if (event.key === "Enter" || event.key === "Backspace") {
    event.preventDefault();
    zoom(event.key === "Enter" ? 1 : -1);
    return;
  }
  const word = findMove(event, words, view.word, false);
  if (word === null) return;
  event.preventDefault();
  choose({ word });
  words[word].scrollIntoView({ block: "nearest" });
}

function onTabKey(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };
  if (!steps[event.key]) return;
  event.preventDefault();
  zoom(steps[event.key]);
}

function buildControls() {
  data.texts.forEach((text, number) => at("examples").append(Object.assign(make("option", text.length > 70 ? `${text.slice(0, 70)}…` : text), { value: number })));
  at("examples").addEventListener("change", () => {
    const text = data.texts[at("examples").value];
    if (text !== undefined) choose({ text, before: null, holds: [], word: LAST });
  });
  const offered = Object.entries(COLOURINGS).filter(([name]) => name !== "memory" || Object.keys(symbols).length);
  for (const [name, text] of offered) {
    const label = make("label");
    label.append(Object.assign(make("input"), { type: "radio", name: "colouring", value: name }), make("span", text));
    at("colouring").append(label);
  }
  at("colouring").addEventListener("change", (event) => choose({ colouring: event.target.value }));
  at("text").addEventListener("input", () => {
    const isAtEnd = view.word >= words.length - 1; // a word at the end stays at the end
    const isNew = isOtherText(reading.tokens, tokenize(at("text").value)); // a new text has nothing in common to compare with
    choose({ text: at("text").value, word: isAtEnd ? LAST : view.word, ...(isNew ? { before: null, holds: [] } : {}) });
  });
  at("words").addEventListener("click", (event) => {
    const word = event.target.closest(".word");
    if (word) choose({ word: Number(word.dataset.timestep) });
  });
  at("words").addEventListener("dblclick", () => zoom(1));
  at("words").addEventListener("keydown", onWordKey);
  at("explain").addEventListener("click", () => {
    at("meaning").open = true;
    at("meaning").scrollIntoView();
  });
  at("levels").addEventListener("keydown", onTabKey);
  at("copy").addEventListener("click", copyLink);
  at("save-svg").addEventListener("click", saveSvg);
  at("save-png").addEventListener("click", savePng);
  dark.addEventListener("change", render);
  addEventListener("hashchange", () => readAddress(location.hash) && start());
  let width = at("level").clientWidth;
  new ResizeObserver(() => {
    if (at("level").clientWidth === width) return;
    width = at("level").clientWidth;
    if (reading.isDone) render();
  }).observe(at("level"));
}

// Return whether two texts have neither their first nor their last word in common.
function isOtherText(tokens, others) {
  return tokens.length > 0 && tokens[0] !== others[0] && tokens.at(-1) !== others.at(-1);
}

function start() {
  at("text").value = view.text;
  update();
}

function decode(id) {
  const text = atob(at(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  return bytes;
}

async function open() {
  const { tokenizer, vocabulary } = data;
  const base = at("next-word-weights") ? decode("next-word-weights") : undefined;
  model = await build({ weights: decode("weights"), base, tokenizer, vocabulary });
  reading = new Reading(model);
  view.layer = model.layers.length - 1;
  readAddress(location.hash);
  buildControls();
  buildCards();
  at("loading").hidden = true;
  at("explorer").hidden = false;
  start();
  buildRace();
  if (!base) return;
  await pause();
  nextWordModel = await build({ weights: base, tokenizer, vocabulary });
  buildNextWords();
  if (reading.isDone) renderNextWords();
}

// For the browser's console: the steps of the text, each with its gates and states.
globalThis.imdbGru.readSteps = () => reading.steps;
open();
