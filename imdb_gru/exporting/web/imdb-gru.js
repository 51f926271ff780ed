/**
 * A model of imdb-gru that reads a text word by word: https://github.com/imdb-gru/imdb-gru
 *
 *     import { load } from "./imdb-gru.js";
 *     const model = await load();
 *     model.predict("A slow start, but the ending is superb.").probability;
 *
 * It runs in browsers, in their workers and in Node 20, and needs no other module. Its equations, tokens and gate names
 * are the same as in the Python package. In shapes, E is the number of inputs, U of units, V of ids; a matrix is stored
 * row by row.
 *
 * @module
 */

/** The format of `weights.bin` that this module reads. */
const FORMAT = 1;

/** The token of timestep 0, which a model reads before the first word. */
export const START_TOKEN = "<start>";

/**
 * Load the model in a folder, by default the folder of this module.
 *
 * @param {string | URL} [folder] The address of the folder; a relative one starts from the folder of this module.
 * @returns {Promise<Classifier | NextWordModel>}
 */
export async function load(folder = ".") {
  const base = new URL(`${folder}`.replace(/\/?$/, "/"), import.meta.url);
  const names = ["weights.bin", "tokenizer.json", "vocabulary.json"];
  const [weights, ...texts] = await Promise.all(names.map((name) => read(new URL(name, base))));
  const [tokenizer, vocabulary] = texts.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  return build({ weights, tokenizer, vocabulary });
}

async function read(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ "node:fs/promises");
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot read ${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Build a model from the content of its files, for programs that get these files in another way.
 *
 * @param {{weights: ArrayBuffer | Uint8Array, base?: ArrayBuffer | Uint8Array, tokenizer: object, vocabulary: object}}
 *   files The bytes of `weights.bin`, and the parsed content of `tokenizer.json` and `vocabulary.json`. If the
 *   weights are stored as differences from the model that this one was trained from, `base` is its `weights.bin`.
 * @returns {Promise<Classifier | NextWordModel>}
 */
export async function build({ weights, base, tokenizer, vocabulary }) {
  const { header, matrices } = await unpack(new Uint8Array(weights), base && new Uint8Array(base));
  const words = new Vocabulary(vocabulary, tokenizer.spelling, tokenizer.classes);
  if (matrices[0].rows !== words.size) {
    throw new Error(
      `weights.bin has ${matrices[0].rows} ids, but vocabulary.json has ${words.size}: use the files of one export`,
    );
  }
  const Kind = header.task === "next_word" ? NextWordModel : Classifier;
  return new Kind(header, matrices, new Tokenizer(tokenizer), words);
}

/** The parts that both kinds of models share: they turn a text into tokens and ids, and read it. */
class Model {
  #tokenizer;

  constructor(header, matrices, tokenizer, vocabulary) {
    this.#tokenizer = tokenizer;
    /** `sentiment` for a classifier, or `next_word`. */
    this.task = header.task;
    /** The model's name, version, licence and more, as texts. */
    this.facts = header.facts;
    this.vocabulary = vocabulary;
    /** The embedding of each id, `(V, E)`. */
    this.embedding = matrices[0];
    /** The recurrent layers, first to last. */
    this.layers = Array.from({ length: header.layers }, (_, number) => {
      const [kernel, recurrent, bias] = matrices.slice(1 + 3 * number);
      return new Layer(header.cell, header.gates, kernel, recurrent, bias);
    });
  }

  /** Return all tokens of a text. */
  tokenize(text) {
    return this.#tokenizer.tokenize(text);
  }

  /** Return the tokens that the model reads from a text, and the ids: the start token's, then one for each token. */
  encode(text) {
    const tokens = this.#tokenizer.truncate(this.tokenize(text));
    return { tokens, ids: [this.vocabulary.start, ...tokens.map((token) => this.vocabulary.find(token))] };
  }

  /** Return a state that has read the start token, and no word yet. */
  start() {
    return new State(this);
  }

  /** Read a text, and yield the step of the start token and of each word. */
  *iterate(text) {
    const state = this.start();
    yield state.last;
    for (const token of this.encode(text).tokens) yield state.read(token);
  }
}

/** A model that says whether a review is positive. */
class Classifier extends Model {
  #pooling;
  #dense;

  constructor(header, matrices, tokenizer, vocabulary) {
    super(header, matrices, tokenizer, vocabulary);
    /** The lowest probability at which a text is positive. */
    this.threshold = header.threshold;
    this.#pooling = header.pooling;
    this.#dense = matrices.slice(1 + 3 * header.layers);
  }

  /** Predict whether a text is positive or negative, and the probability of positive after each word. */
  predict(text) {
    const timesteps = [];
    for (const { timestep, token, probability } of this.iterate(text)) timesteps.push({ timestep, token, probability });
    const { probability } = timesteps.at(-1);
    return { text, label: probability >= this.threshold ? "positive" : "negative", probability, timesteps };
  }

  /** Return the probability of positive, given the hidden state and the sum and maximum of all states, `(U)`. */
  computeProbability(hidden, sum, max, count) {
    const pool = { last: () => hidden, mean: () => sum.map((total) => total / count), max: () => max };
    let x = Float64Array.from(this.#pooling.flatMap((name) => [...pool[name]()]));
    for (let place = 0; place < this.#dense.length; place += 2) {
      if (place > 0) x = x.map((value) => Math.max(value, 0)); // ReLU
      x = this.#dense[place].multiply(x, this.#dense[place + 1].row(0));
    }
    return sigmoid(x[0]);
  }

  /** Return no words, because a classifier does not predict any. */
  findLikeliest() {
    return [];
  }
}

/** A model that says which word comes next in a review. */
class NextWordModel extends Model {
  #output;

  constructor(header, matrices, tokenizer, vocabulary) {
    super(header, matrices, tokenizer, vocabulary);
    this.#output = matrices.slice(1 + 3 * header.layers);
  }

  /** Predict the word after a text: return the `count` likeliest tokens with their probabilities. */
  predict(text, count = 5) {
    let last;
    for (last of this.iterate(text));
    return { text, likeliest: last.next(count) };
  }

  /** Return null, because only a classifier has a probability of positive. */
  computeProbability() {
    return null;
  }

  /** Return the `count` likeliest tokens after a hidden state, `(U)`, likeliest first. */
  findLikeliest(hidden, count, temperature) {
    const [kernel, kernelBias, bias] = this.#output;
    const products = this.embedding.multiplyRows(kernel.multiply(hidden, kernelBias.row(0)));
    const logits = bias.row(0).map((own, id) => (own + products[id]) / temperature);
    logits[this.vocabulary.pad] = -Infinity;
    const peak = logits.reduce((one, other) => Math.max(one, other));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - peak), 0);
    const chosen = [];
    logits.forEach((logit, id) => {
      if (id === this.vocabulary.pad || (chosen.length >= count && !(logit > logits[chosen.at(-1)]))) return;
      const place = chosen.findIndex((other) => logits[other] < logit);
      chosen.splice(place < 0 ? chosen.length : place, 0, id);
      if (chosen.length > count) chosen.pop();
    });
    return chosen.map((id) => ({
      token: this.vocabulary.name(id),
      probability: Math.exp(logits[id] - peak) / total,
    }));
  }
}

/** What a model remembers of the words that it has read. Reading a word changes a state, but not its clones. */
class State {
  #model;
  #sum;
  #max;

  constructor(model, original) {
    this.#model = model;
    if (original) {
      this.last = original.last;
      [this.#sum, this.#max] = [original.#sum.slice(), original.#max.slice()];
      return;
    }
    const { units } = model.layers.at(-1);
    /** The step of the last word; after `start()`, the step of the start token. */
    this.last = null;
    [this.#sum, this.#max] = [new Float64Array(units), new Float32Array(units).fill(-Infinity)];
    this.#advance(START_TOKEN, model.vocabulary.start, {});
  }

  /** Return a copy, which can then read different words than this state. */
  clone() {
    return new State(this.#model, this);
  }

  /**
   * Read the next word, and return what the model computes from it.
   *
   * @param {string} token A token as returned by `tokenize`; if it is not in the vocabulary, read the unknown word.
   * @param {{hold?: object | object[]}} [options] `hold` holds gates at a value in this step. It maps a gate's name to
   *   one number for all units, or to numbers by unit: `{ update: 1 }`, `{ reset: { 7: 0.5 } }`. It applies to all layers;
   *   if it is an array, it has one such object for each layer.
   * @returns {Step}
   */
  read(token, { hold = {} } = {}) {
    if (typeof token !== "string") {
      throw new TypeError(`read takes a token, got ${token}: find the tokens of a text with tokenize`);
    }
    return this.#advance(token, this.#model.vocabulary.find(token), hold);
  }

  #advance(token, id, hold) {
    const model = this.#model;
    let input = model.embedding.row(id);
    const layers = model.layers.map((layer, number) => {
      const held = Array.isArray(hold) ? hold[number] : hold;
      const part = layer.step(input, this.last?.layers[number] ?? layer.start(), held ?? {});
      input = part.hidden;
      return part;
    });
    input.forEach((value, unit) => {
      this.#sum[unit] += value;
      if (value > this.#max[unit]) this.#max[unit] = value;
    });
    const timestep = this.last ? this.last.timestep + 1 : 0;
    const probability = model.computeProbability(input, this.#sum, this.#max, timestep + 1);
    this.last = new Step(model, { timestep, token, id, probability, layers });
    return this.last;
  }
}

/** The numbers of one timestep. Its arrays are Float32Arrays, and no other step shares them. */
class Step {
  #model;

  constructor(model, numbers) {
    this.#model = model;
    /**
     * `timestep`; `token` and its `id`; `probability` of positive, which is null for a next-word model; `layers`, each
     * with its `input` `(E)`, `gates` by name `(U)`, `hidden` state `(U)` and, in an LSTM, `memory` `(U)`.
     */
    Object.assign(this, numbers);
  }

  /** The gates of the last layer by name: for a GRU, `update` (z), `reset` (r) and `candidate` (h′). */
  get gates() {
    return this.layers.at(-1).gates;
  }

  /** The hidden state of the last layer. */
  get hidden() {
    return this.layers.at(-1).hidden;
  }

  /**
   * Return the `count` likeliest next tokens with their probabilities; there are none for a classifier. A temperature
   * below 1 makes likely tokens likelier, and one above 1 makes unlikely tokens likelier.
   */
  next(count = 5, temperature = 1) {
    return this.#model.findLikeliest(this.hidden, count, temperature);
  }
}

/**
 * The equations of the cells. Each function gets the sums W x + b `(G·U)` and U h + c `(G·U)`, the previous state, the
 * number of units, and `gate`, which computes a gate unit by unit or holds it. It returns the new state.
 */
const CELLS = {
  gru(fromInput, fromState, { hidden }, units, gate) {
    const z = gate("update", (unit) => sigmoid(fromInput[unit] + fromState[unit]));
    const r = gate("reset", (unit) => sigmoid(fromInput[units + unit] + fromState[units + unit]));
    const candidate = gate("candidate", (unit) =>
      Math.tanh(fromInput[2 * units + unit] + r[unit] * fromState[2 * units + unit]),
    );
    return { hidden: hidden.map((value, unit) => z[unit] * value + (1 - z[unit]) * candidate[unit]) };
  },

  lstm(fromInput, fromState, before, units, gate) {
    const sum = (block, unit) => fromInput[block * units + unit] + fromState[block * units + unit];
    const i = gate("input", (unit) => sigmoid(sum(0, unit)));
    const f = gate("forget", (unit) => sigmoid(sum(1, unit)));
    const candidate = gate("candidate", (unit) => Math.tanh(sum(2, unit)));
    const o = gate("output", (unit) => sigmoid(sum(3, unit)));
    const memory = before.memory.map((value, unit) => f[unit] * value + i[unit] * candidate[unit]);
    return { hidden: memory.map((value, unit) => o[unit] * Math.tanh(value)), memory };
  },

  simple_rnn(fromInput, fromState, { hidden }) {
    return { hidden: hidden.map((_, unit) => Math.tanh(fromInput[unit] + fromState[unit])) };
  },
};

/** A recurrent layer: one step of its cell, and its weights. */
class Layer {
  #bias;
  #stateBias;

  constructor(cell, gates, kernel, recurrent, bias) {
    /** `gru`, `lstm` or `simple_rnn`. */
    this.cell = cell;
    /** The names of the gates, in the order of their blocks of U columns in the weights. */
    this.gates = gates;
    /** The weights of the inputs (W), `(E, G·U)`. */
    this.kernel = kernel;
    /** The weights of the hidden state (U), `(U, G·U)`. */
    this.recurrent = recurrent;
    this.units = recurrent.rows;
    this.#bias = bias.row(0);
    this.#stateBias = bias.rows > 1 ? bias.row(1) : new Float32Array(bias.columns); // only a GRU has a second bias
  }

  /** Return the state before the first word. */
  start() {
    return { hidden: new Float32Array(this.units), memory: new Float32Array(this.units) };
  }

  /** Return the numbers of a step, given an input `(E)` and the state before it. */
  step(input, before, hold) {
    const unknown = Object.keys(hold).find((name) => !this.gates.includes(name));
    if (unknown !== undefined) {
      throw new RangeError(`a ${this.cell} has no gate ${unknown} to hold: choose from ${this.gates.join(", ") || "none"}`);
    }
    const gates = {};
    const gate = (name, compute) => {
      const held = hold[name];
      const find = typeof held === "number" ? () => held : (unit) => held?.[unit] ?? compute(unit);
      return (gates[name] = Float32Array.from({ length: this.units }, (_, unit) => find(unit)));
    };
    const fromInput = this.kernel.multiply(input, this.#bias);
    const fromState = this.recurrent.multiply(before.hidden, this.#stateBias);
    return { input, gates, ...CELLS[this.cell](fromInput, fromState, before, this.units, gate) };
  }

  /**
   * Return the weights of one unit by gate: the weights of the inputs (W) `(E)` and of the hidden state (U) `(U)`, and
   * the biases b and c; c is 0 except in a GRU. A cell without gates has them under `hidden`.
   */
  unit(unit) {
    if (!(Number.isInteger(unit) && unit >= 0 && unit < this.units)) {
      throw new RangeError(`there is no unit ${unit}: the layer has the units 0 to ${this.units - 1}`);
    }
    const blocks = this.gates.length ? this.gates : ["hidden"];
    const entries = blocks.map((name, block) => {
      const column = block * this.units + unit;
      const [input, recurrent] = [this.kernel.column(column), this.recurrent.column(column)];
      return [name, { input, recurrent, bias: this.#bias[column], recurrentBias: this.#stateBias[column] }];
    });
    return Object.fromEntries(entries);
  }
}

/** Turns a text into tokens by the rules in `tokenizer.json`; the file also explains the rules in words. */
class Tokenizer {
  #rules;
  #pattern = {};
  #unified;
  #replaced;

  constructor(rules) {
    this.#rules = rules;
    const compile = (pattern, flags) => new RegExp(expand(pattern, rules.classes), flags);
    const { normalisation, tokens } = rules;
    for (const name of ["part", "remove"]) this.#pattern[name] = compile(normalisation[name], "gu");
    for (const name of ["tag", "entity"]) this.#pattern[name] = compile(normalisation[name], "giu");
    if (normalisation.link) this.#pattern.link = compile(normalisation.link, "gu");
    this.#pattern.token = compile(tokens.token, "gu");
    this.#pattern.known = compile("[^{unassigned}]+", "gu");
    this.#unified = tokens.unified.map(([pattern, token]) => [compile(`^(?:${pattern})$`, "u"), token]);
    const special = Object.keys(normalisation.replace).map((text) => `\\u{${text.codePointAt(0).toString(16)}}`);
    this.#replaced = new RegExp(`[${special.join("")}]`, "gu");
  }

  /** Return all tokens of a text. */
  tokenize(text) {
    const lower = this.#normalise(text).replace(this.#pattern.known, (part) => part.toLowerCase());
    return (lower.match(this.#pattern.token) ?? []).map(
      (token) => this.#unified.find(([pattern]) => pattern.test(token))?.[1] ?? token,
    );
  }

  /** Return the tokens that a model reads. */
  truncate(tokens) {
    const { first, last } = this.#rules.truncation;
    return tokens.length <= first + last
      ? tokens
      : [...tokens.slice(0, first), ...tokens.slice(tokens.length - last)];
  }

  #normalise(text) {
    const { tag, entity } = this.#pattern;
    let plain = this.#makePlain(text);
    for (let pass = 0; pass < this.#rules.normalisation.passes; pass += 1) {
      const before = plain;
      plain = before.replace(tag, " ");
      if (plain.includes("&")) plain = this.#makePlain(plain.replace(entity, this.#decode));
      if (plain === before) return plain;
    }
    return plain.replace(/[&<]/g, " ");
  }

  #makePlain(text) {
    const { replace } = this.#rules.normalisation;
    const plain = text.replace(this.#pattern.part, (part) =>
      part
        .replace(this.#replaced, (character) => replace[character])
        .replace(this.#pattern.remove, "")
        .normalize("NFKC"),
    );
    return this.#pattern.link ? plain.replace(this.#pattern.link, " ") : plain;
  }

  /** Return the text of an entity, given the pattern's match and the name or number in it. */
  #decode = (match, name) => {
    const { names, numbers, ascii_numbers: asciiOnly } = this.#rules.normalisation;
    if (name[0] !== "#") return Object.hasOwn(names, name) ? names[name] : `&${name}`;
    const digits = name.slice(1).replace(";", "");
    const code = /^x/i.test(digits) ? parseInt(digits.slice(1), 16) : parseInt(digits, 10);
    const valid = code < 0xd800 || (0xdfff < code && code < 0x110000);
    const text = numbers[code] ?? (valid ? String.fromCodePoint(code) : "\ufffd");
    return asciiOnly && /[^\0-\x7f]/.test(text) ? match : text;
  };
}

/** Replace the names in braces in a pattern with the ranges of characters that they stand for. */
function expand(pattern, classes) {
  return pattern.replace(/\{([a-z]+)\}/g, (_, name) => classes[name]);
}

/** The words that have an id, most frequent first, and the usual spellings of lengthened words. */
class Vocabulary {
  #ids;
  #spelling;

  constructor({ pad, start, unknown, first_word: first, words, respelled }, spelling, classes) {
    Object.assign(this, { pad, start, unknown, first, words });
    this.#ids = new Map(words.map((word, place) => [word, first + place]));
    for (const [word, id] of Object.entries(respelled)) this.#ids.set(word, id);
    this.#spelling = spelling && {
      ...spelling,
      run: new RegExp(expand(spelling.run, classes), "u"),
      numeral: new RegExp(`^(?:${spelling.numeral})$`, "u"),
    };
  }

  /** The number of ids. */
  get size() {
    return this.first + this.words.length;
  }

  /** Return the id of a token, or of its usual spelling, or of the unknown word. */
  find(token) {
    return this.#ids.get(token) ?? (this.#spelling ? this.#guess(token) : this.unknown);
  }

  /** Return the token of a predicted id. */
  name(id) {
    return this.words[id - this.first] ?? { [this.start]: "<end>", [this.unknown]: "<unknown>" }[id];
  }

  #guess(token) {
    let best = { rank: Infinity, id: this.unknown };
    for (const [word, singles] of this.#spell(token)) {
      const id = this.#ids.get(word) ?? Infinity;
      const rank = id * this.#spelling.much ** singles;
      if (rank < best.rank || (id < Infinity && rank === best.rank && word < best.word)) best = { rank, word, id };
    }
    return best.id;
  }

  /** Yield each possible spelling of a lengthened word, and how many runs it shortens to one letter. */
  *#spell(token) {
    const { run, numeral, most_runs: mostRuns } = this.#spelling;
    const parts = token.split(run); // text, letter, text, letter, …, text
    const count = (parts.length - 1) / 2;
    if (count === 0 || numeral.test(token)) return;
    if (count === 1 && !parts[0] && !parts[2]) {
      if ([...token].length > 3) yield [parts[1].repeat(3), 0];
      return;
    }
    const all = -1; // all bits
    const choices = count <= mostRuns ? Array.from({ length: 2 ** count }, (_, choice) => choice) : [0, all];
    for (const choice of choices) {
      let [word, singles] = [parts[0], 0];
      for (let number = 0; number < count; number += 1) {
        const single = (choice >> number) & 1;
        word += parts[2 * number + 1].repeat(2 - single) + parts[2 * number + 2];
        singles += single;
      }
      yield [word, singles];
    }
  }
}

/** A matrix of float32 numbers, or of small integers with one step size for each row. A vector is a single row. */
class Matrix {
  #numbers;
  #steps;
  #transposed;

  constructor([rows, columns], numbers, steps) {
    [this.rows, this.columns, this.#numbers, this.#steps] = [rows, columns, numbers, steps];
  }

  /** Return a row in float32. */
  row(row) {
    const values = Float32Array.from(this.#numbers.subarray(row * this.columns, (row + 1) * this.columns));
    if (!this.#steps) return values;
    for (let column = 0; column < this.columns; column += 1) values[column] *= this.#steps[row];
    return values;
  }

  /** Return a column in float32. */
  column(column) {
    this.#transposed ??= this.#transpose();
    return this.#transposed.slice(column * this.rows, (column + 1) * this.rows);
  }

  /** Return the sum of this matrix and another one. */
  plus(other) {
    const sum = new Float32Array(this.rows * this.columns);
    for (let row = 0; row < this.rows; row += 1) {
      const [own, added] = [this.row(row), other.row(row)];
      for (let column = 0; column < this.columns; column += 1) own[column] += added[column];
      sum.set(own, row * this.columns);
    }
    return new Matrix([this.rows, this.columns], sum);
  }

  /** Return x · matrix + bias in float64; x has `rows` numbers, and bias has `columns` numbers. */
  multiply(x, bias) {
    this.#transposed ??= this.#transpose();
    return addProducts(Float64Array.from(bias), this.#transposed, x);
  }

  /** Return the product of each row with x, which has `columns` numbers, in float64. */
  multiplyRows(x) {
    const sums = addProducts(new Float64Array(this.rows), this.#numbers, x);
    return this.#steps ? sums.map((sum, row) => sum * this.#steps[row]) : sums;
  }

  #transpose() {
    const transposed = new Float32Array(this.rows * this.columns);
    for (let row = 0; row < this.rows; row += 1) {
      const values = this.row(row);
      for (let column = 0; column < this.columns; column += 1) transposed[column * this.rows + row] = values[column];
    }
    return transposed;
  }
}

/** Add to each sum the product of its row of the matrix with x; four rows at a time are faster than one by one. */
function addProducts(sums, matrix, x) {
  const size = x.length;
  let row = 0;
  for (; row + 4 <= sums.length; row += 4) {
    const first = row * size;
    const [second, third, fourth] = [first + size, first + 2 * size, first + 3 * size];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let k = 0; k < size; k += 1) {
      const value = x[k];
      a += value * matrix[first + k];
      b += value * matrix[second + k];
      c += value * matrix[third + k];
      d += value * matrix[fourth + k];
    }
    sums[row] += a;
    sums[row + 1] += b;
    sums[row + 2] += c;
    sums[row + 3] += d;
  }
  for (; row < sums.length; row += 1) {
    for (let k = 0; k < size; k += 1) sums[row] += x[k] * matrix[row * size + k];
  }
  return sums;
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/**
 * Read `weights.bin`: the size of its header (4 bytes, little-endian), the header as JSON and, compressed with zlib, the
 * float32 numbers of all matrices and then their int8 numbers. A packed matrix has one float32 step for each row; if a
 * matrix is a difference, it is added to its counterpart in `base`.
 */
async function unpack(bytes, base) {
  const added = base && (await unpack(base)).matrices;
  const size = bytes.length < 4 ? NaN : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  let header, body;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
    const stream = new Blob([bytes.subarray(4 + size)]).stream().pipeThrough(new DecompressionStream("deflate"));
    body = await new Response(stream).arrayBuffer();
  } catch (error) {
    throw new Error("weights.bin is damaged: copy it again", { cause: error });
  }
  if (header.format !== FORMAT) {
    throw new Error(`weights.bin has the format ${header.format}, not ${FORMAT}: use the imdb-gru.js beside it`);
  }
  let [float, int] = [0, 4 * header.floats];
  const matrices = header.matrices.map(({ shape, packed, difference }, place) => {
    const [rows, columns] = shape;
    const values = new Float32Array(body, float, packed ? rows : rows * columns);
    float += values.byteLength;
    if (!packed) return new Matrix(shape, values);
    const numbers = new Int8Array(body, int, rows * columns);
    int += numbers.byteLength;
    const matrix = new Matrix(shape, numbers, values);
    if (!difference) return matrix;
    if (!added) throw new Error("weights.bin has differences from another model: give that model's weights.bin as base");
    return matrix.plus(added[place]);
  });
  return { header, matrices };
}
