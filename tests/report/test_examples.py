import numpy as np
import pytest

from imdb_gru.models.evaluation import PredictedReviews
from imdb_gru.report.examples import choose_examples
from imdb_gru.sources.review import Review


def make_scored(rows):
    """Rows of a label and the probability after each timestep."""
    labels = np.array([label for label, _ in rows], dtype=np.int8)
    curves = [np.array(curve, dtype=np.float32) for _, curve in rows]
    return PredictedReviews(
        [Review(f"review {row}", int(label)) for row, label in enumerate(labels)],
        labels,
        np.array([curve[-1] for curve in curves], dtype=np.float32),
        np.array([len(curve) - 1 for curve in curves]),
        curves,
        500,
    )


def choose(rows, count):
    return [(choice.row, choice.reason) for choice in choose_examples(make_scored(rows), count)]


def test_each_reason_names_the_best_review_of_its_kind():
    rows = [
        (1, [0.5, 0.2]),
        (1, [0.5, 0.01]),
        (0, [0.5, 0.9]),
        (1, [0.6, 0.99]),
        (0, [0.4, 0.02]),
        (1, [*[0.1] * 90, 0.95]),
        (1, [0.1, 0.9] * 20),
        (1, [0.9, 0.9]),
        (1, [*[0.1] * 95, 0.51]),
    ]
    assert choose(rows, 7) == [
        (1, "Confident errors"),
        (2, "Confident errors"),
        (0, "Confident errors"),
        (3, "Confident and correct"),
        (4, "Confident and correct"),
        (5, "Late change"),
        (6, "Many changes"),
    ]


@pytest.mark.parametrize("count", [0, 1, 5, 40, 100])
def test_no_review_comes_twice_and_there_are_as_many_as_wanted(count):
    rng = np.random.default_rng(0)
    rows = [(int(rng.integers(2)), rng.random(int(rng.integers(1, 30)))) for _ in range(40)]
    chosen = [row for row, _ in choose(rows, count)]
    assert len(chosen) == len(set(chosen)) == min(count, 40)


def test_without_curves_undecided_reviews_take_the_place_of_turns():
    predicted = make_scored([(1, [0.9]), (1, [0.55]), (0, [0.1]), (0, [0.3])])
    object.__setattr__(predicted, "curves", [])
    chosen = [(choice.row, choice.reason) for choice in choose_examples(predicted, 4)]
    assert chosen[0] == (0, "Confident and correct")
    assert (1, "Undecided") in chosen
