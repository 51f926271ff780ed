// The fourth level: one step of one unit, as the equations of the cell with the numbers in them.

let opened = null; // the sum whose products are listed, as [gate, side]

const STATE_BEFORE = ["h", "h_{t−1}"];
const activate = { sigmoid: (x) => 1 / (1 + Math.exp(-x)), tanh: Math.tanh };
const number = (part, value) => [part, fixed(value, 3)];

// The terms of a sum with their signs between them; a term is a number as text, or a pair of a part and a text.
function sum(...terms) {
  return terms.flatMap((term, place) => {
    if (!place) return [term];
    const [part, text] = typeof term === "string" ? [null, term] : term;
    const size = text.replace("−", "");
    return [text.startsWith("−") ? " − " : " + ", part ? [part, size] : size];
  });
}

// An equation: `part` is the part of the drawing that it computes. `formula` and `numbers` consist of pieces of text; a
// piece is a string, or a pair of a part and a text. `gate` is the gate whose products the equation can list.
function describeGate(part, gate, symbol, letter, { terms, step, unit }, squash = "σ") {
  const { input, state, bias, stateBias } = terms[gate];
  const total = bias + stateBias;
  return {
    part, gate, symbol,
    formula: [`${squash}(`, ["x", `W_${letter} x_t`], " + ", ["h", `U_${letter} h_{t−1}`], ` + b_${letter})`],
    numbers: [`${squash}(`, ...sum(number("x", input), number("h", state), fixed(total, 3)), ")"],
    computed: activate[squash === "σ" ? "sigmoid" : "tanh"](input + state + total),
    value: step.gates[gate][unit],
  };
}

const EQUATIONS = {
  gru(facts) {
    const { terms, step, unit, before } = facts;
    const { input, state, bias, stateBias } = terms.candidate;
    const [z, r, candidate] = ["update", "reset", "candidate"].map((gate) => step.gates[gate][unit]);
    return [
      describeGate("z", "update", "z_t", "z", facts),
      describeGate("r", "reset", "r_t", "r", facts),
      {
        part: "c", gate: "candidate", symbol: "h′_t",
        formula: ["tanh(", ["x", "W_h x_t"], " + ", ["r", "r_t"], " ⊙ (", ["h", "U_h h_{t−1}"], " + c_h) + b_h)"],
        numbers: ["tanh(", number("x", input), " + ", number("r", r), " · (", ...sum(number("h", state), fixed(stateBias, 3)), ")", ...sum("", fixed(bias, 3)), ")"],
        computed: Math.tanh(input + r * (state + stateBias) + bias),
        value: candidate,
      },
      {
        part: "new", symbol: "h_t",
        formula: [["z", "z_t"], " ⊙ ", STATE_BEFORE, " + (1 − ", ["z", "z_t"], ") ⊙ ", ["c", "h′_t"]],
        numbers: [number("z", z), " · ", number("h", before[unit]), " + ", number("z", 1 - z), " · ", number("c", candidate)],
        computed: z * before[unit] + (1 - z) * candidate,
        value: step.hidden[unit],
      },
    ];
  },

  lstm(facts) {
    const { step, unit, memoryBefore } = facts;
    const [i, f, candidate, o] = ["input", "forget", "candidate", "output"].map((gate) => step.gates[gate][unit]);
    return [
      describeGate("i", "input", "i_t", "i", facts),
      describeGate("f", "forget", "f_t", "f", facts),
      describeGate("c", "candidate", "c′_t", "c", facts, "tanh"),
      describeGate("o", "output", "o_t", "o", facts),
      {
        part: "m", symbol: "c_t",
        formula: [["f", "f_t"], " ⊙ c_{t−1} + ", ["i", "i_t"], " ⊙ ", ["c", "c′_t"]],
        numbers: [number("f", f), ` · ${fixed(memoryBefore[unit], 3)} + `, number("i", i), " · ", number("c", candidate)],
        computed: f * memoryBefore[unit] + i * candidate,
        value: step.memory[unit],
      },
      {
        part: "new", symbol: "h_t",
        formula: [["o", "o_t"], " ⊙ tanh(", ["m", "c_t"], ")"],
        numbers: [number("o", o), " · tanh(", number("m", step.memory[unit]), ")"],
        computed: o * Math.tanh(step.memory[unit]),
        value: step.hidden[unit],
      },
    ];
  },

  simple_rnn({ terms, step, unit }) {
    const { input, state, bias } = terms.hidden;
    return [
      {
        part: "new", gate: "hidden", symbol: "h_t",
        formula: ["tanh(", ["x", "W x_t"], " + ", ["h", "U h_{t−1}"], " + b)"],
        numbers: ["tanh(", ...sum(number("x", input), number("h", state), fixed(bias, 3)), ")"],
        computed: Math.tanh(input + state + bias),
        value: step.hidden[unit],
      },
    ];
  },
};

function buildStepLevel() {
  const step = layerOf(reading.steps[view.word]);
  const terms = findTerms(view.word, view.unit);
  const facts = { terms, step, unit: view.unit, before: stateBefore(view.word), memoryBefore: step.memory && stateBefore(view.word, "memory") };
  const equations = EQUATIONS[cellName](facts);
  const box = make("div", undefined, "step");
  if (cellName === "gru") box.append(drawUnit(facts));
  for (const equation of equations) box.append(buildEquation(equation, terms));
  for (const type of ["pointerover", "focusin"]) {
    box.addEventListener(type, (event) => light(box, event.target.closest("[data-part]")?.dataset.part));
  }
  for (const type of ["pointerleave", "focusout"]) box.addEventListener(type, () => light(box, null));
  const place = view.word ? `word ${view.word}, “${shorten(reading.tokens[view.word - 1])}”` : "the start, before which the state is 0";
  return [buildUnitChoice(), make("p", `Unit ${view.unit} at ${place}. Point at a part of an equation to see where it comes from.`, "note"), box];
}

function light(box, part) {
  for (const element of box.querySelectorAll("[data-part]")) element.classList.toggle("lit", element.dataset.part === part);
}

function writePieces(tag, className, pieces) {
  const line = make(tag, undefined, className);
  for (const piece of pieces) {
    if (typeof piece === "string") {
      line.append(...writeFormula(piece));
      continue;
    }
    const part = Object.assign(make("span", undefined, "part"), { tabIndex: 0 });
    part.dataset.part = piece[0];
    part.append(...writeFormula(piece[1]));
    line.append(part);
  }
  return line;
}

// The pieces of a formula; indices such as t in x_t become subscripts.
function writeFormula(text) {
  return text.split(/_(\{.*?\}|\w)/).map((piece, place) => (place % 2 ? make("sub", piece.replace(/[{}]/g, "")) : piece));
}

function buildEquation({ part, gate, symbol, formula, numbers, computed, value }, terms) {
  const equation = make("div", undefined, "equation");
  equation.dataset.equation = symbol;
  const isHeld = Math.abs(computed - value) > 1e-3;
  const result = ["= ", [part, isHeld ? `${fixed(computed, 3)}, held at ${fixed(value, 3)}` : fixed(value, 3)]];
  equation.append(
    writePieces("p", "formula", [[part, symbol], " = ", ...formula]),
    writePieces("p", "numbers", ["= ", ...numbers]),
    writePieces("p", "numbers", result),
  );
  if (!gate) return equation;
  const buttons = make("p", undefined, "buttons");
  for (const [side, name] of [["input", "products with the word x"], ["state", "products with the state h"]]) {
    const isOpen = opened?.[0] === gate && opened[1] === side;
    const button = makeButton(name, () => {
      opened = isOpen ? null : [gate, side];
      renderLevel();
    }, "small");
    button.setAttribute("aria-expanded", String(isOpen));
    buttons.append(button, " ");
  }
  equation.append(buttons);
  if (opened?.[0] === gate) equation.append(buildProducts(terms, ...opened));
  return equation;
}
