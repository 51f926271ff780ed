import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.next_word_runs import build_next_word_config

pytestmark = pytest.mark.keras

SIZE = 50


def build_model(samples=SIZE, fused=False, seed=0, **model):
    from imdb_gru.training.next_word.model import KerasNextWordModel, keras

    keras.utils.set_random_seed(seed)
    config = build_next_word_config(model={"embedding": 4, "units": 5, **model})
    return KerasNextWordModel(config.model, SIZE, fused=fused, samples=samples, seed=seed)


def draw_chunk(seed=0, batch=4, timesteps=9):
    """Ids with what comes next, right-padded, and states from before."""
    rng = np.random.default_rng(seed)
    words = rng.integers(1, SIZE, (batch, timesteps + 1)).astype("i4")
    lengths = np.array([timesteps, 2, 5, timesteps])[:batch, None]
    ids, targets = words[:, :-1].copy(), words[:, 1:].copy()
    ids[np.arange(timesteps) >= lengths] = targets[np.arange(timesteps) >= lengths] = 0
    return ids, targets, rng.normal(0, 0.5, (batch, 5)).astype("f")


def randomise(model, seed=4):
    """Give a model weights that say something."""
    rng = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return model


def compute_gradients(model, chunk, step=0):
    """The loss, and gradients of all weights: the table's put together from its rows."""
    from imdb_gru.training.next_word.model import tf

    ids, targets, start = chunk
    found = model.compute_gradients(tf.constant(ids), tf.constant(targets), [[tf.constant(start)]], step)
    table = np.zeros(model.table.shape, "f")
    table[found.rows.numpy()] = found.table
    return float(found.loss), found.rows.numpy(), [table, *(gradient.numpy() for gradient in found.dense)]


def differentiate(model, chunk, judge):
    """The loss, and gradients of all weights as TensorFlow finds them; `judge` maps queries and targets to losses."""
    from imdb_gru.training.next_word.model import tf

    ids, targets, start = map(tf.constant, chunk)
    weights = [model.table.value, *(weight.value for weight in model.dense_weights)]
    with tf.GradientTape() as tape:
        queries, _ = model.read(tf.gather(model.table.value, ids), ids != 0, [[start]], training=True)
        losses = judge(tf.boolean_mask(queries, targets != 0), tf.boolean_mask(targets, targets != 0))
        mean = tf.reduce_mean(losses)
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(mean, weights)]
    return float(tf.reduce_sum(losses)), gradients


def judge_drawn(model, step):
    """The loss among the words drawn, written out: a target that was drawn itself counts once."""
    from imdb_gru.training.next_word.model import tf

    drawn, offsets = model.draw(step)

    def judge(queries, targets):
        table, bias = model.table.value, model.bias.value
        own = tf.reduce_sum(queries * tf.gather(table, targets), axis=1) + tf.gather(bias, targets)
        others = tf.matmul(queries, tf.gather(table, drawn), transpose_b=True) + tf.gather(bias, drawn) + offsets
        others = tf.where(targets[:, None] == drawn[None], -np.inf, others)
        return tf.reduce_logsumexp(tf.concat([own[:, None], others], 1), axis=1) - own

    return judge


@given(st.integers(3, 300), st.integers(2, 300))
def test_strata_hold_every_id_but_pad_once_and_grow(size, samples):
    from imdb_gru.training.next_word.model import Strata

    strata = Strata.build(size, samples)
    sizes = strata.sizes
    assert strata.edges[0] == 1
    assert strata.edges[-1] == size
    assert len(sizes) == min(samples, size - 1)
    assert (sizes >= 1).all()
    assert (sizes[: len(sizes) // 2] == 1).all()
    assert sizes.sum() == size - 1


def test_the_strata_of_rare_words_are_the_wide_ones():
    from imdb_gru.training.next_word.model import Strata

    sizes = Strata.build(20_000, 1024).sizes
    assert sizes[-1] >= max(sizes) - 1 > 50
    assert (np.diff(sizes[512:]) >= -1).all()


@pytest.mark.parametrize("fused", [False, True], ids=["keras", "fused"])
@pytest.mark.parametrize("samples", [SIZE - 1, 1000])
def test_with_as_many_samples_as_words_gradients_are_those_of_the_whole_softmax(samples, fused):
    model = randomise(build_model(samples, fused=fused, dropout={"embedding": 0, "output": 0}))
    chunk = draw_chunk()
    loss, rows, gradients = compute_gradients(model, chunk)
    whole, expected = differentiate(model, chunk, model.compute_loss_of_all)
    assert loss == pytest.approx(whole, rel=1e-5)
    assert rows.tolist() == list(range(SIZE))  # pad is read, and has no gradient
    assert len(gradients) == len(expected) == len(model.trainable_variables)
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert np.abs(theirs).max() > 1e-3
    assert (gradients[0][0] == 0).all()


@pytest.mark.parametrize("step", [0, 7])
def test_gradients_among_the_words_drawn_are_those_of_the_loss_written_out(step):
    model, chunk = randomise(build_model(samples=12, dropout={"embedding": 0, "output": 0})), draw_chunk()
    loss, rows, gradients = compute_gradients(model, chunk, step)
    written, expected = differentiate(model, chunk, judge_drawn(model, step))
    assert loss == pytest.approx(written, rel=1e-5)
    drawn = model.draw(step)[0].numpy()
    assert set(rows.tolist()) == {*chunk[0].ravel().tolist(), *chunk[1][chunk[1] > 0].tolist(), *drawn.tolist()}
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_loss_among_the_words_drawn_is_on_average_near_the_whole_one():
    model, chunk = randomise(build_model(samples=24, dropout={"embedding": 0, "output": 0})), draw_chunk()
    whole, _ = differentiate(model, chunk, model.compute_loss_of_all)
    ids, targets, start = chunk
    rows = model.table.numpy()[ids]
    queries = model.read(rows, ids != 0, [[start]], training=False)[0].numpy()[targets != 0]
    losses = [judge_drawn(model, step)(queries, targets[targets != 0]).numpy().sum() for step in range(60)]
    assert np.mean(losses) == pytest.approx(whole, rel=0.02)
    assert np.std(losses) > 0
    assert compute_gradients(model, chunk, 3)[0] == compute_gradients(model, chunk, 3)[0]
    assert compute_gradients(model, chunk, 3)[0] == pytest.approx(losses[3], rel=1e-5)


def test_every_word_drawn_lies_in_its_stratum_and_stands_for_all_of_it():
    model = build_model(samples=10)
    sizes, seen = model.strata.sizes, set()
    for step in range(200):
        drawn, offsets = model.draw(step)
        np.testing.assert_allclose(np.exp(offsets), sizes, rtol=1e-5)
        drawn = drawn.numpy()
        assert ((model.strata.edges[:-1] <= drawn) & (drawn < model.strata.edges[1:])).all()
        seen |= set(drawn.tolist())
    assert seen == set(range(1, SIZE))


def test_before_it_has_learnt_anything_a_word_has_its_share():
    model = build_model()
    counts = np.random.default_rng(0).integers(0, 30, SIZE)
    counts[5] = 0
    model.start_from_counts(counts)
    model.table.assign(np.zeros(model.table.shape))
    losses = model.compute_loss_of_all(np.zeros((SIZE - 1, 4), "f"), np.arange(1, SIZE))
    shares = np.maximum(counts, 0.5)[1:]
    np.testing.assert_allclose(np.exp(-losses), shares / shares.sum(), rtol=1e-4)
