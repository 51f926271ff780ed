"""The small networks that train in the page: their equations, their gradients, and whether they learn."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import imdb_gru.report
from imdb_gru.cells import CELLS

pytestmark = pytest.mark.processes

SOURCE = Path(imdb_gru.report.__file__).parent / "templates" / "explore" / "networks.js"
IDS = [1, 4, 2, 2, 0]


def run(code):
    """Run JavaScript after the source of the networks; return what it prints as JSON."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the networks in the page are not tested")
    done = subprocess.run(
        ["node", "-"], input=SOURCE.read_text("utf-8") + code, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_they_compute_what_the_cells_compute(cell):
    read = run(f"""
        const network = new SmallNetwork("{cell}", 6, 3, 4, 1);
        network.weights.bias.forEach((_, place, all) => (all[place] += 0.1 * place));
        network.weights.stateBias.forEach((_, place, all) => (all[place] = {"0.05 * place" if cell == "gru" else "0"}));
        const {{ steps }} = network.read({IDS});
        const weights = mapValues(network.weights, (values) => [...values]);
        console.log(JSON.stringify({{ weights, states: steps.map(({{ hidden }}) => [...hidden]) }}));
    """)
    kind, weights = CELLS[cell], {name: np.array(values) for name, values in read["weights"].items()}
    width = len(weights["bias"])
    bias = np.stack([weights["bias"], weights["stateBias"]]) if cell == "gru" else weights["bias"]
    arrays = weights["kernel"].reshape(3, width), weights["recurrent"].reshape(4, width), bias
    twin = kind(*(array.astype("f") for array in arrays))
    state = tuple(np.zeros((1, 4), "f") for _ in range(2 if cell == "lstm" else 1))
    for x, hidden in zip(weights["embedding"].reshape(6, 3)[IDS].astype("f"), read["states"], strict=True):
        state, _ = twin.step(twin.project(x[None]), state)
        np.testing.assert_allclose(hidden, state[0][0], atol=1e-5)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_their_gradients_are_those_of_finite_differences(cell):
    pairs = run(f"""
        const network = new SmallNetwork("{cell}", 6, 3, 4, 2);
        const loss = () => {{
          const {{ probability }} = network.read({IDS});
          return -Math.log(1 - probability);
        }};
        network.learn({IDS}, 0);
        const pairs = [];
        for (const [name, values] of Object.entries(network.weights)) {{
          if (name === "stateBias" && "{cell}" !== "gru") continue;
          for (let place = 0; place < values.length; place += 1) {{
            const kept = values[place];
            const [above, below] = [1e-5, -1e-5].map((step) => {{
              values[place] = kept + step;
              return loss();
            }});
            values[place] = kept;
            pairs.push([network.gradients[name][place], (above - below) / 2e-5]);
          }}
        }}
        console.log(JSON.stringify(pairs));
    """)
    exact, measured = np.array(pairs).T
    assert np.abs(exact).max() > 0.01
    np.testing.assert_allclose(exact, measured, atol=1e-7)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_the_sizes_are_those_of_the_gradients_of_the_states(cell):
    sizes, measured = run(f"""
        const network = new SmallNetwork("{cell}", 6, 3, 4, 2);
        const {{ sizes }} = network.learn({IDS}, 0);
        const rest = (hidden, memory, ids) => {{ // the loss, if the remaining words follow a state
          for (const id of ids) {{
            const x = network.weights.embedding.subarray(id * 3, id * 3 + 3);
            const fromInput = addProduct(network.weights.bias.slice(), x, network.weights.kernel);
            const fromState = addProduct(network.weights.stateBias.slice(), hidden, network.weights.recurrent);
            const step = STEPS["{cell}"](fromInput, fromState, hidden, memory, 4);
            [hidden, memory] = [step.hidden, step.memory ?? memory];
          }}
          const logit = hidden.reduce((sum, value, unit) => sum + value * network.weights.output[unit], 0);
          return -Math.log(1 - logistic(logit));
        }};
        const {{ steps }} = network.read({IDS});
        const measured = steps.map((step, timestep) => Math.hypot(...[...step.hidden].map((_, unit) => {{
          const [above, below] = [1e-5, -1e-5].map((by) => {{
            const hidden = step.hidden.slice();
            hidden[unit] += by;
            return rest(hidden, step.memory ?? new Float64Array(4), {IDS}.slice(timestep + 1));
          }});
          return (above - below) / 2e-5;
        }})));
        console.log(JSON.stringify([[...sizes], measured]));
    """)
    np.testing.assert_allclose(sizes, measured, rtol=1e-4)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_they_learn(cell):
    first, last, same = run(f"""
        const train = () => {{
          const network = new SmallNetwork("{cell}", 6, 4, 8, 3);
          const reviews = [[[1, 3, 4], 1], [[2, 3, 4], 0], [[3, 1, 5], 1], [[5, 2, 3], 0]];
          const losses = [];
          for (let step = 0; step < 80; step += 1) {{
            losses.push(reviews.reduce((sum, [ids, label]) => sum + network.learn(ids, label).loss, 0) / 4);
            network.update(4);
          }}
          return losses;
        }};
        const [losses, again] = [train(), train()];
        console.log(JSON.stringify([losses[0], losses.at(-1), losses.every((loss, step) => loss === again[step])]));
    """)
    assert last < 0.1 * first
    assert same
