// A text as a model reads it: its tokens, and the state after each of them. After a change, only the words from there on are read again.

const SLICE = 10; // milliseconds of reading after which the page handles events

const HOLD_NOTHING = () => ({ name: "", hold: {} });

class Reading {
  constructor(model) {
    this.model = model;
    this.tokens = [];
    this.states = [model.start()];
    this.holds = [""];
    this.findHold = HOLD_NOTHING;
  }

  // Set the tokens and the held gates at each timestep; forget all states from the first difference on.
  aim(tokens, findHold) {
    const timesteps = tokens.map((_, place) => place + 1);
    const isKept = (timestep) =>
      this.tokens[timestep - 1] === tokens[timestep - 1] && this.holds[timestep] === findHold(timestep).name;
    const kept = timesteps.findIndex((timestep) => timestep >= this.states.length || !isKept(timestep));
    this.states.length = kept < 0 ? tokens.length + 1 : kept + 1;
    Object.assign(this, { tokens, findHold });
  }

  // Return a reading of the text with another token at one position; the tokens before it are not read again.
  exchange(place, token) {
    const other = new Reading(this.model);
    const [states, holds] = [this.states.slice(0, place + 1), this.holds.slice(0, place + 1)];
    Object.assign(other, { states, holds, tokens: this.tokens.slice(0, place) });
    other.aim(this.tokens.with(place, token), this.findHold);
    return other;
  }

  // Read for some milliseconds, at least one word; return whether everything is read.
  read(milliseconds) {
    const end = performance.now() + milliseconds;
    while (!this.isDone) {
      const timestep = this.states.length;
      const { name, hold } = this.findHold(timestep);
      const state = this.states[timestep - 1].clone();
      state.read(this.tokens[timestep - 1], { hold });
      this.states.push(state);
      this.holds[timestep] = name;
      if (performance.now() > end) break;
    }
    return this.isDone;
  }

  get isDone() {
    return this.states.length > this.tokens.length;
  }

  get steps() {
    return this.states.map((state) => state.last);
  }

  get probabilities() {
    return this.states.map((state) => state.last.probability);
  }
}

const findLogit = (probability) => Math.log(probability / (1 - probability));

// The change in the logit at each timestep; 0 at the start.
const findChanges = (probabilities) =>
  probabilities.map((probability, timestep) => (timestep ? findLogit(probability) - findLogit(probabilities[timestep - 1]) : 0));

const KEEPING = ["update", "forget"]; // the gates that keep the past, of a GRU and of an LSTM

// The share of each state that is left at the end, (T), averaged over units; null for a cell without gates.
function findKept(steps, layer) {
  const gate = KEEPING.find((name) => name in steps[0].layers[layer].gates);
  if (!gate) return null;
  const kept = new Float64Array(steps[0].layers[layer].hidden.length).fill(1);
  const shares = steps.map(() => 1);
  for (let timestep = steps.length - 2; timestep >= 0; timestep -= 1) {
    const values = steps[timestep + 1].layers[layer].gates[gate];
    kept.forEach((share, unit) => (kept[unit] = share * values[unit]));
    shares[timestep] = kept.reduce((sum, share) => sum + share, 0) / kept.length;
  }
  return shares;
}

// Wait until the page has handled the events of the meantime; a timer would wait 4 milliseconds longer.
const pause = () =>
  new Promise((resume) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resume;
    port2.postMessage(null);
  });

// Do a long task in slices: `advance` works for some milliseconds and returns whether it is done. A task ends early, with
// false, once `isStale` returns true.
let rested = 0; // when the page last handled events
async function doInSlices(advance, isStale) {
  for (;;) {
    const isDone = advance(SLICE);
    if (performance.now() - rested > SLICE) {
      await pause();
      rested = performance.now();
      if (isStale()) return false;
    }
    if (isDone) return true;
  }
}
