/** The token of timestep 0, which a model reads before the first word. */
export const START_TOKEN: "<start>";

/** Load the model in a folder, by default the module's own; a relative address starts from the module's folder. */
export function load(folder?: string | URL): Promise<Classifier | NextWordModel>;

/**
 * Build a model from the bytes of `weights.bin` and the parsed content of the two other files. If the weights are stored
 * as differences from the model that this one was trained from, `base` is the `weights.bin` of that model.
 */
export function build(files: {
  weights: ArrayBuffer | Uint8Array;
  base?: ArrayBuffer | Uint8Array;
  tokenizer: object;
  vocabulary: object;
}): Promise<Classifier | NextWordModel>;

interface Model {
  /** The model's name, version, licence and more, as texts. */
  readonly facts: Readonly<Record<string, string>>;
  readonly vocabulary: Vocabulary;
  /** The embedding of each id, `(V, E)`. */
  readonly embedding: Matrix;
  /** The recurrent layers, first to last. */
  readonly layers: readonly Layer[];
  /** Return all tokens of a text. */
  tokenize(text: string): string[];
  /** Return the tokens that the model reads from a text, and the ids: the start token's, then one for each token. */
  encode(text: string): { tokens: string[]; ids: number[] };
  /** Return a state that has read the start token, and no word yet. */
  start(): State;
  /** Read a text, and yield the step of the start token and of each word. */
  iterate(text: string): Generator<Step, void, undefined>;
}

/** A model that says whether a review is positive; `load` returns it if `task` is `sentiment`. */
export interface Classifier extends Model {
  readonly task: "sentiment";
  /** The lowest probability at which a text is positive. */
  readonly threshold: number;
  /** Predict whether a text is positive or negative, and the probability of positive after each word. */
  predict(text: string): Prediction;
}

/** A model that says which word comes next in a review; `load` returns it if `task` is `next_word`. */
export interface NextWordModel extends Model {
  readonly task: "next_word";
  /** Predict the word after a text: return the `count` likeliest tokens with their probabilities. */
  predict(text: string, count?: number): { text: string; likeliest: LikelyToken[] };
}

export interface Prediction {
  text: string;
  label: "positive" | "negative";
  /** The probability of positive. */
  probability: number;
  /** The probability after each token; timestep 0 is the start token. */
  timesteps: { timestep: number; token: string; probability: number }[];
}

/** A token that may come next, or `<end>` or `<unknown>`. */
export interface LikelyToken {
  token: string;
  probability: number;
}

/**
 * The value of each gate by name: one number for all units, or a number for each unit.
 * A GRU has the gates `update` (z), `reset` (r) and `candidate` (h′), an LSTM `input`, `forget`, `candidate` and `output`.
 */
export type Hold = Record<string, number | ArrayLike<number | undefined> | Record<number, number>>;

/** What a model remembers of the words that it has read. Reading a word changes a state, but not its clones. */
export interface State {
  /** The step of the last word; after `start()`, the step of the start token. */
  readonly last: Step;
  /** Return a copy, which can then read different words than this state. */
  clone(): State;
  /**
   * Read the next token, and return what the model computes from it. A token that is not in the vocabulary is read as the
   * unknown word. `hold` holds gates at a value in this step, in all layers or, if it is an array, layer by layer.
   */
  read(token: string, options?: { hold?: Hold | Hold[] }): Step;
}

/** The numbers of one timestep. */
export interface Step {
  readonly timestep: number;
  readonly token: string;
  readonly id: number;
  /** The probability of positive; null for a next-word model. */
  readonly probability: number | null;
  readonly layers: readonly LayerStep[];
  /** The gates of the last layer by name, `(U)`. */
  readonly gates: Readonly<Record<string, Float32Array>>;
  /** The hidden state of the last layer, `(U)`. */
  readonly hidden: Float32Array;
  /**
   * Return the `count` likeliest next tokens; there are none for a classifier. A temperature below 1 makes likely tokens
   * likelier, and one above 1 makes unlikely tokens likelier.
   */
  next(count?: number, temperature?: number): LikelyToken[];
}

/** The numbers of one timestep in one layer. */
export interface LayerStep {
  /** The input, `(E)`. */
  readonly input: Float32Array;
  /** The gates by name, `(U)`. */
  readonly gates: Readonly<Record<string, Float32Array>>;
  /** The hidden state, `(U)`. */
  readonly hidden: Float32Array;
  /** The memory of an LSTM, `(U)`. */
  readonly memory?: Float32Array;
}

/** A recurrent layer with U units. */
export interface Layer {
  readonly cell: "gru" | "lstm" | "simple_rnn";
  /** The names of the gates, in the order of their blocks of U columns in the weights. */
  readonly gates: readonly string[];
  readonly units: number;
  /** The weights of the inputs (W), `(E, G·U)`. */
  readonly kernel: Matrix;
  /** The weights of the hidden state (U), `(U, G·U)`. */
  readonly recurrent: Matrix;
  /** Return the weights of one unit by gate; a cell without gates has them under `hidden`. */
  unit(unit: number): Record<string, UnitWeights>;
}

/** The weights of a unit in one gate. */
export interface UnitWeights {
  /** The weights of the inputs (a row of W in the equations), `(E)`. */
  input: Float32Array;
  /** The weights of the hidden state (a row of U in the equations), `(U)`. */
  recurrent: Float32Array;
  bias: number;
  /** The second bias of a GRU (c in the equations), or 0. */
  recurrentBias: number;
}

/** A matrix of weights. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  row(row: number): Float32Array;
  column(column: number): Float32Array;
  /** Return the sum of this matrix and another one. */
  plus(other: Matrix): Matrix;
  /** Return x · matrix + bias; x has `rows` numbers, and bias has `columns` numbers. */
  multiply(x: ArrayLike<number>, bias: ArrayLike<number>): Float64Array;
  /** Return the product of each row with x, which has `columns` numbers. */
  multiplyRows(x: ArrayLike<number>): Float64Array;
}

/** The words that have an id, most frequent first. */
export interface Vocabulary {
  readonly words: readonly string[];
  /** The number of ids. */
  readonly size: number;
  /** Return the id of a token, or of its usual spelling, or of the unknown word. */
  find(token: string): number;
  /** Return the token of a predicted id. */
  name(id: number): string;
}
