// Ten cards: an idea, something to try, and what there is to see. Trying it steers the page.

const GATED = cellName !== "simple_rnn";
const KEEP = { gru: "update gate z", lstm: "forget gate f" }[cellName];
const SHORT_TEXT = "A dull start, but a superb ending.";

const tryText = (text, changes = {}) => choose({ text, before: null, holds: [], level: "review", colouring: "probability", ...changes });
const findToken = (text, token) => model.encode(text).tokens.indexOf(token) + 1;

const CARDS = [
  {
    title: "One word at a time",
    idea: "A recurrent network reads from left to right. After each word it has a state, a list of numbers, and from the states so far it computes how probable it is that the review is positive.",
    task: "Read the example, then add words of your own in the text field.",
    act: () => tryText(SHORT_TEXT, { word: 2 }),
    see: "The colours and the curve show the probability after each word. “dull” pulls it down, “superb” pulls it up, and what you append changes nothing before it.",
  },
  {
    title: "Before the first word",
    idea: "Even without a word, the model believes something: it has read the start token, which stands before every review.",
    task: "Clear the text field.",
    act: () => tryText("", { word: 0 }),
    see: "The probability is near 0.5 if the model is fair: it has no reason yet for either side.",
  },
  {
    title: "The state is many numbers",
    idea: `All that the network knows of the words so far is in its state h. Here it has ${data.facts.layers.match(/\d+(?= units)/)?.[0] ?? "many"} numbers, one for each unit, between −1 and 1.`,
    task: "Zoom in to the word “superb”.",
    act: () => tryText(SHORT_TEXT, { word: findToken(SHORT_TEXT, "superb"), level: "word", sort: "change" }),
    see: "Each strip shows one quantity for all units. At both ends are the units that this word moves most; the others hardly notice it.",
  },
  {
    title: "The gate that keeps the past",
    idea: GATED
      ? `The ${KEEP} decides, for each unit, how much of the past is kept: 1 keeps all of it, 0 replaces it.`
      : "A SimpleRNN has no gate that could keep the past: every word replaces every number.",
    task: GATED ? "Hold the gate at 1 for all units, from the middle of the text on." : "Look at how the state changes at every word.",
    act: () => {
      const word = findToken(SHORT_TEXT, "but");
      tryText(SHORT_TEXT, { word, level: GATED ? "review" : "word" });
      if (GATED) holdGates(FREEZE[cellName], { from: word, to: model.encode(SHORT_TEXT).tokens.length });
    },
    see: GATED
      ? "The state no longer changes, so the words from “but” on are not heard. The dashed line is the probability without the hold. A model that also uses the mean of all states drifts a little, because the same state counts again and again."
      : "Every word changes nearly every unit.",
  },
  {
    title: cellName === "gru" ? "The gate that hides the past" : "The state is rewritten",
    idea: cellName === "gru"
      ? "The reset gate r decides how much of the past the candidate sees. Near 0, the candidate depends on the word alone."
      : "What enters the state depends on the word and on the state before it.",
    task: cellName === "gru" ? "Hold r at 0 for all units and all words." : "Clear the state at the fourth word.",
    act: () => {
      tryText(SHORT_TEXT, { word: 4 });
      const last = model.encode(SHORT_TEXT).tokens.length;
      if (cellName === "gru") holdGates({ reset: 0 }, { from: 1, to: last });
      else if (GATED) holdGates(CLEAR[cellName], { from: 4, to: 4 });
    },
    see: "Compare the two curves. Where they part, the model had used the words before to understand this one.",
  },
  {
    title: "The candidate",
    idea: cellName === "gru"
      ? "The candidate h′ is what a unit would become if it forgot everything. The new state lies between the old state and the candidate, and z says where."
      : "The candidate is what a word proposes for a unit, before the gates weigh it.",
    task: "Zoom in to one step of the unit that “superb” moves most.",
    act: () => {
      tryText(SHORT_TEXT, { word: findToken(SHORT_TEXT, "superb") });
      choose({ unit: findMostMoved(), level: "step" });
    },
    see: "The equations of the step with their numbers. Point at a symbol, and everything that it enters lights up.",
  },
  {
    title: "Where a number comes from",
    idea: "Every sum in the equations is a row of weights times the word, plus a row of weights times the state.",
    task: "Open the products of the candidate with the state.",
    act: () => {
      opened = [GATED ? "candidate" : "hidden", "state"];
      tryText(SHORT_TEXT, { word: findToken(SHORT_TEXT, "superb") });
      choose({ unit: findMostMoved(), level: "step" });
    },
    see: "The largest products, and the units that they come from. Choose a unit to follow it to the word before.",
  },
  {
    title: "A unit over the review",
    idea: "Some units follow the verdict, others count commas. What a unit does shows only over many words.",
    task: "Look at the same unit over the whole review.",
    act: () => {
      tryText(SHORT_TEXT, { word: findToken(SHORT_TEXT, "superb") });
      choose({ unit: findMostMoved(), level: "unit" });
    },
    see: "Its state and its gates at each word, and the words that move it most. Try other units.",
  },
  {
    title: "One word decides",
    idea: "Which word decided? Take it away, or put another one in its place, and read again.",
    task: "Let the page look for a word whose replacement flips the verdict.",
    act: async () => {
      tryText("I expected it to be dull, but it was wonderful.", { word: 10 });
      await pause();
      findFlip();
    },
    see: "The page replaces each word by similar words, and by words that could stand there, and reads the rest again. A verdict that one such word can flip hangs on little.",
  },
  {
    title: "Why gradients survive",
    idea: "A network learns from its last word backwards. In a plain RNN, the gradient shrinks at every step back, so early words teach it nothing. Where a gate keeps the state, the gradient passes unchanged.",
    task: "Train the three networks at the end of this page.",
    act: () => {
      at("race").scrollIntoView({ behavior: "smooth" });
      if (!race.running) runRace();
    },
    see: "After some hundred steps, the gradient that arrives at the first word is smallest in the SimpleRNN. The LSTM and the GRU have learnt to let it through, and the GRU is right most often.",
  },
];

function findMostMoved() {
  const timestep = clamp(view.word, 0, reading.states.length - 1);
  const [after, before] = [layerOf(reading.steps[timestep]).hidden, stateBefore(timestep)];
  return [...after.keys()].reduce((best, unit) => (Math.abs(after[unit] - before[unit]) > Math.abs(after[best] - before[best]) ? unit : best), 0);
}

function showCard() {
  const { title, idea, task, act, see } = CARDS[view.card];
  const focused = document.activeElement?.id;
  const step = (by) => choose({ card: clamp(view.card + by, 0, CARDS.length - 1) });
  const [before, after, attempt] = [makeButton("‹ Back", () => step(-1)), makeButton("Next ›", () => step(1)), makeButton("Try it", act, "primary")];
  Object.assign(before, { id: "card-back", disabled: view.card === 0 });
  Object.assign(after, { id: "card-next", disabled: view.card === CARDS.length - 1 });
  attempt.id = "card-try";
  const buttons = make("p", undefined, "buttons");
  buttons.append(before, " ", attempt, " ", after);
  const [tried, seen] = [make("p"), make("p")];
  tried.append(make("b", "Try: "), task);
  seen.append(make("b", "See: "), see);
  at("card").replaceChildren(make("h3", `${view.card + 1} of ${CARDS.length}. ${title}`), make("p", idea), tried, seen, buttons);
  if (focused?.startsWith("card-")) at(focused).focus({ preventScroll: true });
}

function buildCards() {
  at("cards").replaceChildren(
    ...CARDS.map(({ title, idea, task, see }) => {
      const item = make("li");
      item.append(make("b", `${title}. `), `${idea} Try: ${task} See: ${see}`);
      return item;
    }),
  );
}
