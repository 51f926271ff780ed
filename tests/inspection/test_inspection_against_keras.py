"""Judge inspections by Keras, its layers rebuilt to expose their gates, and by its gradients."""

import numpy as np
import pytest
from support.models import make_sequences

from imdb_gru.corpus.encoded import pad
from imdb_gru.inspection import inspect_text

pytestmark = pytest.mark.keras

TOLERANCE = 1e-5


def expose(kind, kernel, recurrent, bias, x_t, state):
    """A step of Keras's cell rebuilt in TensorFlow, gates and all; its state is checked by Keras's own."""
    import tensorflow as tf

    sigma, (h, *memory) = tf.sigmoid, state
    if kind == "gru":
        x_z, x_r, x_h = tf.split(x_t @ kernel + bias[0], 3, axis=-1)
        h_z, h_r, h_h = tf.split(h @ recurrent + bias[1], 3, axis=-1)
        z, r = sigma(x_z + h_z), sigma(x_r + h_r)
        candidate = tf.tanh(x_h + r * h_h)
        return (z * h + (1 - z) * candidate,), {"update": z, "reset": r, "candidate": candidate}
    parts = tf.split(x_t @ kernel + h @ recurrent + bias, 4 if kind == "lstm" else 1, axis=-1)
    if kind == "simple_rnn":
        return (tf.tanh(parts[0]),), {}
    i, f, o = sigma(parts[0]), sigma(parts[1]), sigma(parts[3])
    c = f * memory[0] + i * tf.tanh(parts[2])
    return (o * tf.tanh(c), c), {"input": i, "forget": f, "candidate": tf.tanh(parts[2]), "output": o}


def read_with_keras(model, classifier, sequence):
    """For each layer and direction, the states and the gates at every timestep."""
    import keras
    import tensorflow as tf

    config = classifier.config.model
    x = tf.gather(model.get_layer("embedding").embeddings.value, sequence)[None]
    traces = []
    for number in range(1, config.layers + 1):
        name = f"bidirectional_{number}" if config.bidirectional else f"{config.cell}_{number}"
        layer = model.get_layer(name)
        halves = [layer.forward_layer, layer.backward_layer] if config.bidirectional else [layer]
        outputs = []
        for half, direction in zip(halves, ("forward", "backward"), strict=False):
            weights = [weight.value for weight in half.cell.trainable_variables]
            state, hidden, all_gates = [tf.zeros((1, config.units))] * (1 + (config.cell == "lstm")), [], []
            states = []
            steps = list(range(x.shape[1]))
            for t in steps if direction == "forward" else reversed(steps):
                state, gates = expose(config.cell, *weights, x[:, t], state)
                state = tuple(map(tf.identity, state))  # so that a memory's gradient is its own, not its h_t's too
                states.append(state)
                hidden.append(state[0])
                all_gates.append(gates)
            if direction == "backward":
                states, hidden, all_gates = states[::-1], hidden[::-1], all_gates[::-1]
            stock = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "simple_rnn": keras.layers.SimpleRNN}
            twin = stock[config.cell](config.units, return_sequences=True, go_backwards=direction == "backward")
            twin.build(x.shape)
            twin.set_weights(weights)
            for padding in (0, 5):
                behind = tf.pad(x, [[0, 0], [0, padding], [0, 0]])
                own = twin(behind, mask=tf.range(behind.shape[1])[None] < x.shape[1])
                own = own[:, ::-1] if direction == "backward" else own
                np.testing.assert_allclose(tf.stack(hidden, 1), own[:, : x.shape[1]], atol=TOLERANCE)
            traces.append((direction, states, all_gates))
            outputs.append(tf.stack(hidden, 1))
        x = tf.concat(outputs, -1)
    return traces


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True}], ids=str)
def test_gates_states_and_jacobians_are_those_of_keras(build_twins, cell, options):
    import tensorflow as tf

    model, classifier = build_twins(cell=cell, **options)
    sequence = make_sequences(np.random.default_rng(1))[-1]
    inspection = inspect_text(classifier, " ".join(f"w{row - 3}" if row > 2 else "unheard" for row in sequence[1:]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(model.get_layer("embedding").embeddings.value)
        traces = read_with_keras(model, classifier, sequence)
    assert [trace[0] for trace in traces] == [trace.direction for trace in inspection.cells]
    for (direction, states, gates), ours in zip(traces, inspection.cells, strict=True):
        np.testing.assert_allclose(ours.states, [state[0][0] for state in states], atol=TOLERANCE)
        assert set(ours.gates) == set(gates[0])
        for name, values in ours.gates.items():
            np.testing.assert_allclose(values, [gate[name][0] for gate in gates], atol=TOLERANCE)
        end = 0 if direction == "backward" else -1
        squares = np.zeros(len(sequence))
        for unit in range(classifier.config.model.units):
            one = tf.one_hot([unit], classifier.config.model.units)
            rows = tape.gradient(states[end][0], [list(state) for state in states], output_gradients=one)
            squares += [sum(0 if part is None else float(tf.reduce_sum(part**2)) for part in row) for row in rows]
        np.testing.assert_allclose(ours.jacobian, np.sqrt(squares / classifier.config.model.units), atol=TOLERANCE)


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pooling": ["last"]},
        {"layers": 2, "dense": [4], "pooling": ["mean"]},
        {"layers": 2, "bidirectional": True, "pooling": ["last", "mean", "max"]},
    ],
    ids=str,
)
def test_gradients_by_the_embedding_are_those_of_keras(build_twins, cell, options):
    """Keras's model reads the text with padding behind it, which changes nothing of them."""
    import keras
    import tensorflow as tf

    from imdb_gru.inspection.network_pass import run_network

    model, classifier = build_twins(cell=cell, **options)
    sequence = make_sequences(np.random.default_rng(3))[-1]
    ids = pad([sequence], 25)
    exposed = keras.Model(model.input, [model.output, model.get_layer("embedding").output])
    with tf.GradientTape() as tape:
        probability, embedded = exposed(ids)
        logit = tf.math.log(probability / (1 - probability))
    expected = tape.gradient(logit, embedded)[0]
    network = classifier.network
    read = run_network(network, network.embedding[sequence][None])
    gradient, _ = read.run_back()
    np.testing.assert_allclose(read.logits[0], logit[0, 0], atol=TOLERANCE)
    np.testing.assert_allclose(gradient[0], expected[: len(sequence)], atol=TOLERANCE)
    assert np.abs(gradient).max() > 1e-3
