"""Judge the training of every timestep's belief by NumPy's beliefs and by losses written out."""

import math

import numpy as np
import pytest
from support.models import make_sequences

from imdb_gru.config import build_config, load_config
from imdb_gru.corpus.encoded import pad
from imdb_gru.errors import ConfigError

pytestmark = pytest.mark.keras

LABELS = np.array([1, 0, 0, 1, 0, 1], np.float32)


def build_student(model, classifier, objective="linear", fused=False, **train):
    """A model to train by plain steps of length 1, with the weights of `model`."""
    from imdb_gru.training.model import build_model, keras

    config, size = classifier.config.model, len(classifier.vocabulary)
    settings = load_config("scratch").train.model_copy(update=train)
    student = build_model(config, size, fused=fused, objective=objective, train=settings)
    student.set_weights(model.get_weights())
    student.compile(
        keras.optimizers.SGD(1.0),
        "binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
        run_eagerly=True,  # as above
    )
    return student


def take_step(student, ids, labels):
    """Train on a batch; return what was reported and how the weights moved."""
    before = student.get_weights()
    report = student.train_on_batch(ids, np.asarray(labels, "f").reshape(len(ids), -1), return_dict=True)
    return report, [new - old for new, old in zip(student.get_weights(), before, strict=True)]


class Judge:
    """A stock model's beliefs from embeddings, and its losses written out in TensorFlow."""

    def __init__(self, model, objective, ids, labels):
        import tensorflow as tf

        self.tf, self.model, self.ids, self.objective = tf, model, ids, objective
        self.labels = tf.constant(np.maximum(labels, 0), tf.float32)
        self.labelled = tf.constant(np.asarray(labels) >= 0, tf.float32)
        mask = (ids != 0).astype("f")
        steps = {"last": np.cumsum(mask, axis=1) == mask.sum(axis=1, keepdims=True), "every": mask}
        weights = (steps.get(objective, np.arange(1, ids.shape[1] + 1)) * mask).astype("f")
        self.weights = weights / weights.sum(axis=1, keepdims=True)
        self.table, self.kernel, self.recurrent, self.bias, self.dense, self.offset = model.trainable_variables

    def embed(self):
        return self.tf.gather(self.table.value, self.ids)

    def believe(self, x):
        """The probability after every timestep, `(B, T)`; pooling last and max."""
        tf, kernel, bias = self.tf, self.kernel.value, self.bias.value
        h = peak = tf.fill((x.shape[0], 6), 0.0)
        beliefs = []
        for t in range(x.shape[1]):
            inner, outer = x[:, t] @ kernel + bias[0], h @ self.recurrent.value + bias[1]
            z, r = (tf.sigmoid(inner[:, n * 6 : n * 6 + 6] + outer[:, n * 6 : n * 6 + 6]) for n in (0, 1))
            h = z * h + (1 - z) * tf.tanh(inner[:, 12:] + r * outer[:, 12:])
            peak = h if t == 0 else tf.maximum(peak, h)
            logit = tf.concat([h, peak], 1) @ self.dense.value + self.offset.value
            beliefs.append(tf.sigmoid(logit[:, 0]))
        return tf.stack(beliefs, 1)

    def cross(self, targets, beliefs):
        """The cross-entropy of each review, `(B,)`, with targets `(B, T)` or `(B, 1)`."""
        log = self.tf.math.log
        losses = -targets * log(beliefs) - (1 - targets) * log(1 - beliefs)
        return self.tf.reduce_sum(self.weights * losses, axis=1)

    def supervise(self, beliefs):
        targets = self.labels[:, None]
        count = max(1.0, float(self.tf.reduce_sum(self.labelled)))
        return self.tf.reduce_sum(self.labelled * self.cross(targets, beliefs)) / count

    def scale(self, direction, x, share):
        length = [np.linalg.norm(np.asarray(a).reshape(len(a), -1), axis=1)[:, None, None] for a in (x, direction)]
        return share * length[0] * direction / (length[1] + 1e-12)

    def differentiate(self, compute, *extra):
        """A loss and its gradients by the weights, and by extra tensors."""
        values = [weight.value for weight in self.model.trainable_variables]
        with self.tf.GradientTape() as tape:
            tape.watch(extra)
            loss = compute()
        found = tape.gradient(loss, [*extra, *values], unconnected_gradients="zero")
        return float(loss), [self.tf.convert_to_tensor(gradient).numpy() for gradient in found]


def prepare_step(build_twins, **model):
    """A model without dropout, its classifier, ids of several lengths and labels, two unknown."""
    model, classifier = build_twins(dropout={"embedding": 0, "output": 0}, **model)
    ids = pad(make_sequences(np.random.default_rng(1), (1, 4, 9, 9, 6)))
    return model, classifier, ids, np.array([1, 0, -1, 1, -1])


ENGINES = pytest.mark.parametrize("fused", [False, True], ids=["keras", "fused"])
OBJECTIVES = pytest.mark.parametrize("objective", ["last", "every", "linear"])


def assert_moved(moves, gradients, atol=2e-5):
    for move, gradient in zip(moves, gradients, strict=True):
        np.testing.assert_allclose(-move, gradient, atol=atol)


@ENGINES
@OBJECTIVES
def test_a_step_is_that_of_the_labelled_reviews_loss(build_twins, fused, objective):
    model, classifier, ids, labels = prepare_step(build_twins)
    student = build_student(model, classifier, objective, fused)
    judge = Judge(model, objective, ids, labels)
    loss, gradients = judge.differentiate(lambda: judge.supervise(judge.believe(judge.embed())))
    report, moves = take_step(student, ids, labels)
    assert_moved(moves, gradients)
    assert report["loss"] == pytest.approx(loss, abs=1e-5)
    assert max(np.abs(gradient).max() for gradient in gradients) > 0.05


@ENGINES
@OBJECTIVES
@pytest.mark.parametrize("adversarial", [None, 0.3])
def test_a_step_towards_targets_is_that_of_all_reviews_loss(build_twins, fused, objective, adversarial):
    """The loss is compared with a loop over single numbers and with Keras's, and the gradients with TensorFlow's."""
    model, classifier, ids, labels = prepare_step(build_twins)
    targets = np.array([0.9, 0.2, 0.7, 1.0, 0.05], "f")
    student = build_student(model, classifier, objective, fused, adversarial=adversarial)
    judge = Judge(model, objective, ids, targets)
    x = judge.embed()
    _, (direction, *_) = judge.differentiate(lambda: judge.supervise(judge.believe(x)), x)
    _, gradients = judge.differentiate(lambda: judge.supervise(judge.believe(judge.embed())))
    if adversarial:
        move = judge.scale(direction, x, adversarial)
        _, others = judge.differentiate(lambda: judge.supervise(judge.believe(judge.embed() + move)))
        gradients = [one + other for one, other in zip(gradients, others, strict=True)]
    beliefs = judge.believe(x).numpy()
    report, moves = take_step(student, ids, np.stack([labels, targets], 1))
    assert_moved(moves, gradients, 5e-5)
    total = 0.0
    for target, row, weights in zip(targets, beliefs, judge.weights, strict=True):
        for belief, weight in zip(row, weights, strict=True):
            total -= weight * (target * math.log(belief) + (1 - target) * math.log(1 - belief)) / len(targets)
    assert report["loss"] == pytest.approx(total, abs=1e-5)
    if objective == "last":
        from imdb_gru.training import keras

        last = beliefs[judge.weights == 1]
        assert report["loss"] == pytest.approx(float(keras.losses.BinaryCrossentropy()(targets, last)), abs=1e-5)
    final = classifier.predict_ids([row[row > 0] for row in ids])
    assert report["accuracy"] == pytest.approx(np.mean((final >= 0.5)[labels >= 0] == labels[labels >= 0]))


def test_targets_that_are_the_labels_change_nothing(build_twins):
    model, classifier, ids, labels = prepare_step(build_twins)
    steps = [
        take_step(build_student(model, classifier, "linear", True, adversarial=0.3), ids, given)
        for given in (labels, np.stack([labels, labels], 1))
    ]
    assert steps[0][0] == steps[1][0]
    for one, other in zip(steps[0][1], steps[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_virtual_step_adds_to_that_towards_targets(build_twins):
    model, classifier, ids, labels = prepare_step(build_twins)
    nobody, both = np.full(len(ids), -1), np.stack([labels, np.linspace(0.1, 0.9, len(ids))], 1)
    alone, virtual, together = (
        take_step(build_student(model, classifier, "linear", True, **options), ids, given)[1]
        for options, given in (({}, both), ({"virtual": 0.3}, nobody), ({"virtual": 0.3}, both))
    )
    for one, other, both_moves in zip(alone, virtual, together, strict=True):
        np.testing.assert_allclose(one + other, both_moves, atol=1e-4)


@ENGINES
@OBJECTIVES
def test_an_adversarial_step_adds_the_loss_of_reviews_moved_against_the_model(build_twins, fused, objective):
    model, classifier, ids, labels = prepare_step(build_twins)
    student = build_student(model, classifier, objective, fused, adversarial=0.3)
    judge, seen = Judge(model, objective, ids, labels), []
    x = judge.embed()
    loss, (direction, *_) = judge.differentiate(lambda: judge.supervise(judge.believe(x)), x)
    _, gradients = judge.differentiate(lambda: judge.supervise(judge.believe(judge.embed())))
    move = judge.scale(direction, x, 0.3)
    worse, others = judge.differentiate(lambda: judge.supervise(judge.believe(judge.embed() + move)))
    replace = student._predict_with

    def watch(ids, moved):
        judge.tf.numpy_function(lambda value: seen.append(value) or np.int64(0), [moved], judge.tf.int64)
        return replace(ids, moved)

    student._predict_with = watch
    report, moves = take_step(student, ids, labels)
    assert report["loss"] == pytest.approx(loss, abs=1e-5)
    assert worse > loss + 0.05
    (moved,) = seen
    np.testing.assert_allclose(moved - x, move, atol=1e-5)
    lengths = [np.linalg.norm(np.asarray(a).reshape(len(ids), -1), axis=1) for a in (moved - x, x)]
    np.testing.assert_allclose(lengths[0], np.where(labels < 0, 0, 0.3 * lengths[1]), rtol=1e-4, atol=1e-6)
    assert ((moved - x.numpy())[ids == 0] == 0).all()
    assert_moved(moves, [one + other for one, other in zip(gradients, others, strict=True)], 5e-5)


@ENGINES
@OBJECTIVES
def test_a_virtual_step_moves_the_belief_and_needs_no_label(build_twins, fused, objective):
    model, classifier, ids, _ = prepare_step(build_twins)
    labels = np.full(len(ids), -1)
    from imdb_gru.training.classifier.adversarial import PROBE, draw_direction

    student = build_student(model, classifier, objective, fused, virtual=0.3, seed=4)
    judge = Judge(model, objective, ids, labels)
    x = judge.embed()
    goal = judge.believe(x)
    noise = draw_direction(x, ids != 0, 0, 4)
    assert (noise.numpy()[ids == 0] == 0).all()
    assert noise.numpy()[ids != 0].std() == pytest.approx(1, abs=0.2)
    probe = x + judge.scale(noise, x, PROBE)
    _, (direction, *_) = judge.differentiate(
        lambda: judge.tf.reduce_sum(judge.cross(goal, judge.believe(probe))), probe
    )
    move = judge.scale(direction, x, 0.3)
    assert (move[ids == 0] == 0).all()
    _, gradients = judge.differentiate(
        lambda: judge.tf.reduce_mean(judge.cross(goal, judge.believe(judge.embed() + move)))
    )
    report, moves = take_step(student, ids, labels)
    # a probe's effect has few digits in float32, so the direction is known to some per cent only
    ours, theirs = (np.concatenate([array.ravel() for array in arrays]) for arrays in (moves, gradients))
    assert -ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.98
    assert np.linalg.norm(ours) == pytest.approx(np.linalg.norm(theirs), rel=0.15)
    assert report["loss"] == 0
    assert report["accuracy"] == 0


def test_a_belief_that_nothing_moves_has_no_virtual_loss(build_twins):
    model, classifier, ids, labels = prepare_step(build_twins)
    *others, _, offset = model.get_weights()
    model.set_weights([*others, np.zeros((12, 1), "f"), offset])
    for label in (labels, np.full(len(ids), -1)):
        with_it, without = (
            take_step(build_student(model, classifier, "linear", True, **options), ids, label)
            for options in ({"virtual": 0.5}, {})
        )
        assert with_it[0] == without[0]
        for one, other in zip(with_it[1], without[1], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
        assert np.isfinite(np.concatenate([move.ravel() for move in with_it[1]])).all()


@pytest.mark.parametrize("kind", ["adversarial", "virtual"])
def test_a_review_whose_embeddings_were_all_dropped_does_no_harm(build_twins, kind):
    model, classifier, ids, labels = prepare_step(build_twins)
    weights = model.get_weights()
    model.set_weights([np.zeros_like(weights[0]), *weights[1:]])
    _, moves = take_step(build_student(model, classifier, "linear", True, **{kind: 0.5}), ids, labels)
    assert all(np.isfinite(move).all() for move in moves)


def test_the_figures_are_those_of_labelled_reviews(build_twins):
    model, classifier, ids, labels = prepare_step(build_twins)
    final = classifier.predict_ids([row[row > 0] for row in ids])
    labels = np.where(labels < 0, -1, (final >= 0.5).astype(int))
    student = build_student(model, classifier, fused=True)
    report, _ = take_step(student, ids, labels)
    assert report["accuracy"] == 1
    labels[0] = 1 - labels[0]
    student = build_student(model, classifier, fused=True)
    first, _ = take_step(student, ids, labels)
    assert first["accuracy"] == pytest.approx(2 / 3)
    alone, _ = take_step(build_student(model, classifier, fused=True), ids[labels >= 0], labels[labels >= 0])
    assert first["loss"] == pytest.approx(alone["loss"], abs=1e-6)


def test_the_loss_of_an_epoch_weighs_batches_by_their_labels(build_twins):
    model, classifier, ids, labels = prepare_step(build_twins)
    student = build_student(model, classifier, fused=True)
    student.optimizer.learning_rate = 0.0
    labels = np.array([1, -1, -1, 1, 0])
    both = [ids[:2], ids[2:]], [labels[:2], labels[2:]]
    losses = [take_step(student, part, label)[0]["loss"] for part, label in zip(*both, strict=True)]
    student.reset_metrics()
    for part, label in zip(*both, strict=True):
        report = student.train_step((np.asarray(part), label[:, None].astype("i1")))
    assert float(report["loss"]) == pytest.approx((losses[0] + 2 * losses[1]) / 3, abs=1e-6)


def test_what_moves_reviews_is_one_of_two():
    with pytest.raises(ConfigError, match=r"train\.virtual: cannot be used together with train"):
        build_config({"train": {"virtual": 0.1, "adversarial": 0.1}}, "test")


@pytest.mark.parametrize("kind", ["adversarial", "virtual"])
def test_a_compiled_step_is_an_eager_one(build_twins, kind):
    model, classifier, ids, labels = prepare_step(build_twins)
    updates = []
    for eager in (True, False):
        student = build_student(model, classifier, "linear", True, **{kind: 0.3})
        student.run_eagerly = eager
        updates.append(take_step(student, ids, labels)[1])
    for one, other in zip(*updates, strict=True):
        np.testing.assert_allclose(one, other, atol=0.02 if kind == "virtual" else 1e-4)
