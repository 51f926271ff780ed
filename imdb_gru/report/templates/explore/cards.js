// Ten cards, each with an idea, something to try and what to look for. “Try it” changes what the page shows.

const GATED = cellName !== "simple_rnn";
const KEEP = { gru: "update gate z", lstm: "forget gate f" }[cellName];
const [CARD_TEXT, CONTRAST] = data.texts;

// Show a text without any changes; the promise resolves once the text is read.
const tryText = (text, changes = {}) => choose({ text, before: null, holds: [], level: "review", colouring: "probability", ...changes });
const findToken = (text, token) => model.encode(text).tokens.indexOf(token) + 1;
const countTokens = (text) => model.encode(text).tokens.length;

// Zoom in on the unit that the word “superb” in the card's text moves most.
async function tryUnit(level) {
  await tryText(CARD_TEXT, { word: findToken(CARD_TEXT, "superb") });
  choose({ unit: findMostMoved(), level });
}

const CARDS = [
  {
    title: "One word at a time",
    idea: "A recurrent network reads from left to right. After each word it has a state, a list of numbers, and from its states so far it computes how probable it is that the review is positive.",
    task: "Read the example, then add words of your own in the text field.",
    act: () => tryText(CARD_TEXT, { word: 2 }),
    see: "The colour of a word is the verdict so far, after this word. “slow” turns it negative, “superb” pulls it back up, and a word that you append leaves all earlier colours as they are.",
  },
  {
    title: "Before the first word",
    idea: "Before any word, the model already leans one way: it has read the start token, which stands before every review.",
    task: "Clear the text field.",
    act: () => tryText("", { word: 0 }),
    see: "The probability should be near 0.5, because there is no reason yet for either side.",
  },
  {
    title: "The state is many numbers",
    idea: `All that the network knows of the words so far is in its state h. Here the state has ${data.facts.layers.match(/\w+ (\d+)/)[1]} numbers between −1 and 1, one for each unit.`,
    task: "Zoom in on the word “superb”.",
    act: () => tryText(CARD_TEXT, { word: findToken(CARD_TEXT, "superb"), level: "word", sort: "change" }),
    see: "Each strip shows one quantity for all units. At both ends are the units that this word moves most; it hardly moves those in the middle.",
  },
  {
    title: "The gate that keeps the past",
    idea: GATED
      ? `The ${KEEP} decides, for each unit, how much of the past is kept: at 1 it keeps everything, at 0 it overwrites everything.`
      : "A SimpleRNN has no gate that could keep the past: every word overwrites every number.",
    task: GATED ? "Hold this gate at 1 for all units, from the word “but” on." : "Look at how the state changes at the word “but”.",
    act: async () => {
      const word = findToken(CARD_TEXT, "but");
      await tryText(CARD_TEXT, { word, level: GATED ? "review" : "word" });
      if (GATED) holdGates(FREEZE[cellName], { from: word, to: countTokens(CARD_TEXT) });
    },
    see: GATED
      ? "The state no longer changes, so the model does not notice the rest of the review. The orange dashed line is the probability without the hold. The solid line can still drift a little if the verdict uses the mean of all states, in which the same state now counts again and again."
      : "Every word changes nearly every unit.",
  },
  {
    title: cellName === "gru" ? "The gate that hides the past" : "A state that is cleared",
    idea: cellName === "gru"
      ? "The reset gate r decides how much of the past may enter the new value of a unit. Near 0, the new value depends on the word alone."
      : "What enters the state depends on the word and on the state before it.",
    task: cellName === "gru" ? "Hold r at 1 for all units and all words, so that nothing is ever hidden." : GATED ? "Clear the state at the fourth word." : "Drop the fourth word.",
    act: async () => {
      await tryText(CARD_TEXT, { word: 4 });
      if (cellName === "gru") holdGates({ reset: 1 }, { from: 1, to: countTokens(CARD_TEXT) });
      else if (GATED) holdGates(CLEAR[cellName], { from: 4, to: 4 });
      else changeWords(reading.tokens.toSpliced(3, 1), 4);
    },
    see: "Compare the solid curve with the dashed one. Where they differ, the changed past has changed how the model understands a word.",
  },
  {
    title: "The candidate",
    idea: cellName === "gru"
      ? "The candidate h′ is the new value that is proposed for a unit. The state becomes a mixture of the old state and the candidate, and z sets the proportions."
      : "The candidate is the new value that a word proposes for a unit, before the gates weigh it.",
    task: "Zoom in on one step of the unit that “superb” moves most.",
    act: () => tryUnit("step"),
    see: "The equations of the step with their numbers. Point at a symbol, and everything that uses it lights up.",
  },
  {
    title: "Where a number comes from",
    idea: "Every sum in the equations is a row of weights times the word, plus a row of weights times the state.",
    task: "Open the products with the state.",
    act: () => {
      opened = [GATED ? "candidate" : "hidden", "state"];
      return tryUnit("step");
    },
    see: "The largest products, and the units that they come from. Choose a unit to follow it to the word before.",
  },
  {
    title: "A unit over the review",
    idea: "Some units follow the verdict, others follow something that has no name. What a unit does becomes visible only over many words.",
    task: "Look at the same unit over the whole review.",
    act: () => tryUnit("unit"),
    see: "Its state and its gates at each word, and the words that move it most. Try other units.",
  },
  {
    title: "Which word decided?",
    idea: "Take a word away, or put another one in its place, and read again: the more the verdict changes, the more it depends on that word.",
    task: "Colour the words by occlusion, which replaces each word by the unknown word.",
    act: async () => {
      await tryText(CONTRAST, { word: findToken(CONTRAST, "wonderful"), colouring: "occlusion" });
      findFlip();
    },
    see: "The strongest colours mark the words that decided. Under “Change something”, the page names a single word whose replacement flips the verdict. Even a full stop can count, because the model has learnt that the last sentence of a review matters.",
  },
  {
    title: "Why gradients survive",
    idea: "Networks learn backwards, from the last word to the first. In a plain RNN, every step back weakens the signal, because every word overwrites the state: that is why it forgets. Where a gate keeps the state, the signal passes nearly unchanged.",
    task: "Train the three networks at the end of this page.",
    act: () => {
      at("race").scrollIntoView({ behavior: "smooth" });
      if (!race.running) runRace();
    },
    see: "After a few hundred steps, the gradient that arrives at the first word is by far the smallest in the SimpleRNN. The LSTM and the GRU have learnt to let it through, and the GRU is usually right most often.",
  },
];

function findMostMoved() {
  const timestep = clamp(view.word, 0, reading.states.length - 1);
  const [after, before] = [layerOf(reading.steps[timestep]).hidden, stateBefore(timestep)];
  return [...after.keys()].reduce((best, unit) => (Math.abs(after[unit] - before[unit]) > Math.abs(after[best] - before[best]) ? unit : best), 0);
}

// Do what a card suggests, and scroll to the result.
async function tryCard(act) {
  await act();
  if (CARDS[view.card].act !== act || act === CARDS.at(-1).act) return;
  const isNarrow = matchMedia("(max-width: 980px)").matches;
  const isZoomed = view.level !== "review";
  if (isNarrow || isZoomed) at(isNarrow ? (isZoomed ? "zoom" : "review") : "verdict").scrollIntoView({ behavior: "smooth" });
}

function showCard() {
  const { title, idea, task, act, see } = CARDS[view.card];
  const focused = document.activeElement?.id;
  const step = (by) => choose({ card: clamp(view.card + by, 0, CARDS.length - 1) });
  const attempt = makeButton("Try it", () => tryCard(act), "primary");
  const [before, after] = [makeButton("‹ Back", () => step(-1)), makeButton("Next ›", () => step(1))];
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
