"""What is seen over many reviews: drivers of units, and gradients on their way back."""

import numpy as np
import pytest
from support.models import make_classifier

from imdb_gru.inspection import inspect_text
from imdb_gru.inspection.gradients import measure_curve
from imdb_gru.inspection.units import find_drivers

RNG = np.random.default_rng(3)
TEXTS = [" ".join(f"w{number}" for number in RNG.integers(0, 30, length)) for length in RNG.integers(1, 40, 90)]


@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "layers": 2}, {"cell": "lstm", "dense": [3]}], ids=str)
def test_drivers_are_the_words_with_the_largest_mean_change(options):
    classifier = make_classifier(**options)
    changes = {}
    for text in TEXTS:
        inspection = inspect_text(classifier, text, steps=1)
        parts = []
        for cell in inspection.cells[-1 - classifier.network.bidirectional :]:
            backward = cell.direction == "backward"
            states = cell.states[::-1] if backward else cell.states
            steps = np.diff(states, axis=0, prepend=0)
            parts.append(steps[::-1] if backward else steps)
        for token, change in zip(inspection.tokens[1:], np.concatenate(parts, axis=1)[1:], strict=True):
            changes.setdefault(token, []).append(change)
    least = 50
    means = {token: np.mean(rows, axis=0) for token, rows in changes.items() if len(rows) >= least}
    assert 0 < len(means) < len(changes)
    driven = find_drivers(classifier, TEXTS, words=3, min_count=least)
    assert sorted(unit.unit for unit in driven) == list(range(6 * (1 + classifier.network.bidirectional)))
    for unit in driven:
        ranked = sorted(means, key=lambda token, unit=unit: means[token][unit.unit])
        assert [word for word, _ in unit.lowered_by] == [word for word in ranked if means[word][unit.unit] < 0][:3]
        raising = [word for word in ranked[::-1] if means[word][unit.unit] > 0][:3]
        assert [word for word, _ in unit.raised_by] == raising
        for word, change in (*unit.raised_by, *unit.lowered_by):
            assert change == pytest.approx(means[word][unit.unit], abs=1e-4)
    sizes = [sum(map(abs, unit.weights.values())) for unit in driven]
    assert sizes == sorted(sizes, reverse=True)
    assert all(bool(unit.weights) == ("dense" not in options) for unit in driven)


def test_curves_are_medians_by_distance_from_the_last_word():
    classifier = make_classifier(layers=2)
    texts = ["w1 w2 w3", "w4 w5", "w9 w8 w7 w6"]
    curve = measure_curve(classifier, texts)
    cells = [inspect_text(classifier, text, steps=1).cells[-1] for text in texts]
    assert curve.reviews.tolist() == [3, 3, 3, 2, 1]
    by_hand = [np.median([cell.gradients[-1 - back] / cell.gradients[-1] for cell in cells]) for back in range(3)]
    np.testing.assert_allclose(curve.loss[:3], by_hand, rtol=1e-4)
    np.testing.assert_allclose(curve.recurrence[4], cells[2].jacobian[0], rtol=1e-4)
    assert curve.loss[0] == curve.recurrence[0] == 1
    assert curve.to_dict()["reviews"] == [3, 3, 3, 2, 1]
