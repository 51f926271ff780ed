// The sums in one unit's step, and the products that add up to each sum.

const PRODUCTS = 10; // how many products are listed, largest first

// For each gate of a unit: the products W x and U h, their sums, and both biases; in a cell without gates, under `hidden`.
function findTerms(timestep, unit) {
  const input = layerOf(reading.steps[timestep]).input;
  const before = stateBefore(timestep);
  const terms = {};
  for (const [gate, weights] of Object.entries(model.layers[view.layer].unit(unit))) {
    const products = { input: multiply(weights.input, input), state: multiply(weights.recurrent, before) };
    terms[gate] = {
      products,
      factors: { input: [weights.input, input], state: [weights.recurrent, before] },
      input: addUp(products.input),
      state: addUp(products.state),
      bias: weights.bias,
      stateBias: weights.recurrentBias,
    };
  }
  return terms;
}

const multiply = (weights, values) => Float64Array.from(weights, (weight, place) => weight * values[place]);
const addUp = (values) => values.reduce((sum, value) => sum + value, 0);

// The list of a sum's largest products. In a product with the state, the name is a button that leads to the unit.
function buildProducts(terms, gate, side) {
  const products = terms[gate].products[side];
  const [weights, values] = terms[gate].factors[side];
  const order = [...products.keys()].sort((one, other) => Math.abs(products[other]) - Math.abs(products[one]));
  const shown = order.slice(0, PRODUCTS);
  const largest = Math.abs(products[shown[0]]) || 1;
  const list = make("dl", undefined, "rows products");
  for (const place of shown) {
    const text = `${fixed(weights[place], 3)} × ${fixed(values[place], 3)}`;
    const row = makeRow("", products[place], move(products[place]), largest, true);
    const name = row.querySelector("dt");
    if (side === "state" && view.word > 0) name.append(makeButton(`unit ${place}`, () => choose({ unit: place, word: view.word - 1 }), "small"));
    else name.append(side === "state" ? `unit ${place}` : `input ${place}`);
    name.append(` ${text}`);
    list.append(row);
  }
  const others = order.slice(PRODUCTS);
  const rest = others.reduce((sum, place) => sum + products[place], 0);
  if (others.length) list.append(makeRow(`the other ${others.length}`, rest, move(rest), largest, true));
  list.append(makeRow("sum", terms[gate][side], move(terms[gate][side]), largest, true));
  return list;
}
