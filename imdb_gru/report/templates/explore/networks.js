// Small networks that train on the page: embedding → one recurrent layer → last state → positive or negative. Shapes:
// V words, E inputs, U units, G gates; matrices are stored row by row. Gradients are computed by backpropagation through
// time; the tests check them against finite differences.

const GATE_COUNTS = { simple_rnn: 1, lstm: 4, gru: 3 };
const ADAM = { rate: 0.01, first: 0.9, second: 0.999, small: 1e-8 };
const LARGEST_GRADIENT = 1;
const logistic = (x) => 1 / (1 + Math.exp(-x));

// Random numbers from 0 to 1 that are the same on every machine (mulberry32).
function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

class SmallNetwork {
  constructor(cell, words, inputs, units, seed) {
    const gates = GATE_COUNTS[cell];
    const random = makeRandom(seed);
    const fill = (count, size) => Float64Array.from({ length: count }, () => (2 * random() - 1) * size);
    Object.assign(this, { cell, inputs, units, width: gates * units, count: 0 });
    this.weights = {
      embedding: fill(words * inputs, 0.5), // (V, E)
      kernel: fill(inputs * this.width, Math.sqrt(6 / (inputs + units))), // (E, G·U)
      recurrent: fill(units * this.width, Math.sqrt(3 / units)), // (U, G·U)
      bias: new Float64Array(this.width), // of W x
      stateBias: new Float64Array(this.width), // of U h, which only a GRU needs
      output: fill(units, Math.sqrt(6 / (units + 1))), // (U)
      outputBias: new Float64Array(1),
    };
    // at first, the gate that keeps the past keeps most of it
    if (cell === "lstm") this.weights.bias.fill(1, units, 2 * units);
    if (cell === "gru") this.weights.bias.fill(1, 0, units);
    this.gradients = mapValues(this.weights, (values) => new Float64Array(values.length));
    this.moments = [0, 1].map(() => mapValues(this.weights, (values) => new Float64Array(values.length)));
  }

  // Read a review; return what each step computed and the probability of positive.
  read(ids) {
    let [hidden, memory] = [new Float64Array(this.units), new Float64Array(this.units)];
    const steps = [];
    for (const id of ids) {
      const x = this.weights.embedding.subarray(id * this.inputs, (id + 1) * this.inputs);
      const fromInput = addProduct(this.weights.bias.slice(), x, this.weights.kernel);
      const fromState = addProduct(this.weights.stateBias.slice(), hidden, this.weights.recurrent);
      const step = { id, x, before: hidden, memoryBefore: memory, fromState, ...STEPS[this.cell](fromInput, fromState, hidden, memory, this.units) };
      [hidden, memory] = [step.hidden, step.memory ?? memory];
      steps.push(step);
    }
    const logit = hidden.reduce((sum, value, unit) => sum + value * this.weights.output[unit], this.weights.outputBias[0]);
    return { steps, probability: logistic(logit) };
  }

  // Add the gradients of a review's loss to `gradients`; return the loss and ‖∂ loss/∂h_t‖ after each word.
  learn(ids, label) {
    const { steps, probability } = this.read(ids);
    const { weights, gradients } = this;
    const error = probability - label;
    const last = steps.at(-1).hidden;
    last.forEach((value, unit) => (gradients.output[unit] += error * value));
    gradients.outputBias[0] += error;
    let fromHidden = weights.output.map((weight) => error * weight);
    let fromMemory = new Float64Array(this.units);
    const sizes = new Float64Array(ids.length);
    for (let timestep = ids.length - 1; timestep >= 0; timestep -= 1) {
      const step = steps[timestep];
      sizes[timestep] = Math.hypot(...fromHidden);
      const back = BACK_STEPS[this.cell](step, fromHidden, fromMemory, this.units);
      addOuter(gradients.kernel, step.x, back.input);
      addOuter(gradients.recurrent, step.before, back.state);
      back.input.forEach((value, place) => (gradients.bias[place] += value));
      if (this.cell === "gru") back.state.forEach((value, place) => (gradients.stateBias[place] += value));
      multiplyBack(back.input, weights.kernel).forEach((value, place) => (gradients.embedding[step.id * this.inputs + place] += value));
      fromHidden = multiplyBack(back.state, weights.recurrent).map((value, unit) => value + back.hidden[unit]);
      fromMemory = back.memory;
    }
    const loss = -Math.log(Math.max(label ? probability : 1 - probability, 1e-12));
    return { loss, sizes };
  }

  // Take one step of Adam with the mean gradient of some reviews; the norm of this gradient is limited.
  update(reviews) {
    this.count += 1;
    const all = Object.values(this.gradients);
    const norm = Math.sqrt(all.reduce((sum, values) => sum + values.reduce((part, value) => part + value * value, 0), 0)) / reviews;
    const scale = Math.min(1, LARGEST_GRADIENT / norm) / reviews;
    const [first, second] = this.moments;
    const rate = (ADAM.rate * Math.sqrt(1 - ADAM.second ** this.count)) / (1 - ADAM.first ** this.count);
    for (const [name, values] of Object.entries(this.weights)) {
      const gradient = this.gradients[name];
      for (let place = 0; place < values.length; place += 1) {
        const slope = gradient[place] * scale;
        first[name][place] = ADAM.first * first[name][place] + (1 - ADAM.first) * slope;
        second[name][place] = ADAM.second * second[name][place] + (1 - ADAM.second) * slope * slope;
        values[place] -= (rate * first[name][place]) / (Math.sqrt(second[name][place]) + ADAM.small);
      }
      gradient.fill(0);
    }
  }
}

const mapValues = (object, change) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));

// Add x · matrix to sums; the matrix has a row for each number in x.
function addProduct(sums, x, matrix) {
  const width = sums.length;
  for (let row = 0; row < x.length; row += 1) {
    for (let column = 0; column < width; column += 1) sums[column] += x[row] * matrix[row * width + column];
  }
  return sums;
}

function addOuter(matrix, x, slopes) {
  const width = slopes.length;
  for (let row = 0; row < x.length; row += 1) {
    for (let column = 0; column < width; column += 1) matrix[row * width + column] += x[row] * slopes[column];
  }
}

// Return the product of each row of the matrix with the slopes.
function multiplyBack(slopes, matrix) {
  const width = slopes.length;
  const sums = new Float64Array(matrix.length / width);
  for (let row = 0; row < sums.length; row += 1) {
    for (let column = 0; column < width; column += 1) sums[row] += matrix[row * width + column] * slopes[column];
  }
  return sums;
}

const STEPS = {
  simple_rnn(fromInput, fromState) {
    return { hidden: fromInput.map((value, unit) => Math.tanh(value + fromState[unit])) };
  },

  lstm(fromInput, fromState, before, memoryBefore, units) {
    const squash = (block, f) => Float64Array.from({ length: units }, (_, unit) => f(fromInput[block * units + unit] + fromState[block * units + unit]));
    const [i, f, g, o] = [squash(0, logistic), squash(1, logistic), squash(2, Math.tanh), squash(3, logistic)];
    const memory = memoryBefore.map((value, unit) => f[unit] * value + i[unit] * g[unit]);
    return { i, f, g, o, memory, hidden: memory.map((value, unit) => o[unit] * Math.tanh(value)) };
  },

  gru(fromInput, fromState, before, memoryBefore, units) {
    const squash = (block) => Float64Array.from({ length: units }, (_, unit) => logistic(fromInput[block * units + unit] + fromState[block * units + unit]));
    const [z, r] = [squash(0), squash(1)];
    const c = Float64Array.from({ length: units }, (_, unit) => Math.tanh(fromInput[2 * units + unit] + r[unit] * fromState[2 * units + unit]));
    return { z, r, c, hidden: before.map((value, unit) => z[unit] * value + (1 - z[unit]) * c[unit]) };
  },
};

// The backward steps. Given the slopes of a step's hidden state (and memory), return the slopes of W x + b, of U h + c,
// and of the previous state and memory where the step uses them directly.
const BACK_STEPS = {
  simple_rnn({ hidden }, slopes, memorySlopes, units) {
    const inner = hidden.map((value, unit) => slopes[unit] * (1 - value * value));
    return { input: inner, state: inner, hidden: new Float64Array(units), memory: memorySlopes };
  },

  lstm({ i, f, g, o, memory, memoryBefore }, slopes, memorySlopes, units) {
    const [inner, before] = [new Float64Array(4 * units), new Float64Array(units)];
    for (let unit = 0; unit < units; unit += 1) {
      const shown = Math.tanh(memory[unit]);
      const slope = memorySlopes[unit] + slopes[unit] * o[unit] * (1 - shown * shown);
      inner[unit] = slope * g[unit] * i[unit] * (1 - i[unit]);
      inner[units + unit] = slope * memoryBefore[unit] * f[unit] * (1 - f[unit]);
      inner[2 * units + unit] = slope * i[unit] * (1 - g[unit] * g[unit]);
      inner[3 * units + unit] = slopes[unit] * shown * o[unit] * (1 - o[unit]);
      before[unit] = slope * f[unit];
    }
    return { input: inner, state: inner, hidden: new Float64Array(units), memory: before };
  },

  gru({ z, r, c, before, fromState }, slopes, memorySlopes, units) {
    const [input, state] = [new Float64Array(3 * units), new Float64Array(3 * units)];
    for (let unit = 0; unit < units; unit += 1) {
      const inner = slopes[unit] * (1 - z[unit]) * (1 - c[unit] * c[unit]);
      input[unit] = slopes[unit] * (before[unit] - c[unit]) * z[unit] * (1 - z[unit]);
      input[units + unit] = inner * fromState[2 * units + unit] * r[unit] * (1 - r[unit]);
      input[2 * units + unit] = inner;
      state[2 * units + unit] = inner * r[unit];
    }
    state.set(input.subarray(0, 2 * units));
    return { input, state, hidden: slopes.map((slope, unit) => slope * z[unit]), memory: memorySlopes };
  },
};
