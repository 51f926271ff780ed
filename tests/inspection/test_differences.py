import json

import numpy as np
import pytest
from support.models import make_classifier

from imdb_gru.inspection.differences import TextDiff, align

TEXT, OTHER = "w1 w2 w3 w4 w5", "w1 w7 w3 w5 w6 w8"


def list_changes(text, other):
    rows = align(("<start>", *text.split()), ("<start>", *other.split()))
    return [(row.change, row.timestep, row.other) for row in rows]


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("a b", "a b", [("equal", 1, 1), ("equal", 2, 2)]),
        ("a b", "a c", [("equal", 1, 1), ("replaced", 2, 2)]),
        ("a b c", "a c", [("equal", 1, 1), ("deleted", 2, None), ("equal", 3, 2)]),
        ("a c", "a b c", [("equal", 1, 1), ("inserted", None, 2), ("equal", 2, 3)]),
        ("a b c d", "a x d", [("equal", 1, 1), ("replaced", 2, 2), ("deleted", 3, None), ("equal", 4, 3)]),
        ("a b d", "a x y d", [("equal", 1, 1), ("replaced", 2, 2), ("inserted", None, 3), ("equal", 3, 4)]),
        ("", "a", [("inserted", None, 1)]),
        ("", "", []),
    ],
)
def test_words_are_aligned(text, other, expected):
    assert list_changes(text, other) == [("equal", 0, 0), *expected]


def test_frequent_words_are_aligned_too():
    """By default, difflib ignores items that are frequent in a long sequence."""
    text = " ".join(["the", "film"] * 150)
    assert {change for change, *_ in list_changes(text, f"{text} end")} == {"equal", "inserted"}


def test_both_sides_are_inspections_and_rows_keep_the_last_probability():
    classifier = make_classifier()
    diff = classifier.inspect_diff(TEXT, OTHER)
    left, right = diff.inspection.probabilities, diff.other.probabilities
    np.testing.assert_array_equal(left, classifier.inspect(TEXT).probabilities)
    np.testing.assert_array_equal(right, classifier.inspect(OTHER).probabilities)
    changes = ["equal", "equal", "replaced", "equal", "deleted", "equal", "inserted", "inserted"]
    assert [row.change for row in diff.rows] == changes
    pairs = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (5, 5), (5, 6)]
    assert diff.probabilities == [(left[timestep], right[other]) for timestep, other in pairs]
    assert repr(diff).startswith(f"TextDiff({diff.inspection.label} {diff.inspection.probability:.4f} {TEXT!r}, ")


def place_threshold(diff, threshold):
    return TextDiff(diff.inspection, diff.other, diff.rows, threshold)


def test_the_verdicts_part_where_they_differ_to_the_end():
    diff = make_classifier().inspect_diff(TEXT, OTHER)
    curve = diff.probabilities
    for threshold in np.linspace(0.01, 0.99, 99).tolist():
        placed = place_threshold(diff, threshold)
        verdicts = [(left >= threshold, right >= threshold) for left, right in curve]
        assert placed.apart == [number for number, (left, right) in enumerate(verdicts) if left != right]
        agreed = max(number for number, (left, right) in enumerate(verdicts) if left == right)
        assert placed.parting == (agreed + 1 if agreed + 1 < len(curve) else None)
    partings = {place_threshold(diff, threshold).parting for threshold in np.linspace(0.01, 0.99, 99).tolist()}
    assert len(partings) > 1


def test_json_holds_the_rows():
    diff = make_classifier().inspect_diff(TEXT, OTHER)
    record = json.loads(json.dumps(diff.to_dict()))
    assert [side["text"] for side in record["texts"]] == [TEXT, OTHER]
    assert list(record["texts"][0]) == ["text", "label", "probability", "logit"]
    assert list(record) == ["texts", "rows", "apart", "parting"]
    replaced, deleted, inserted = (record["rows"][number] for number in (2, 4, 7))
    assert (replaced["text"]["token"], replaced["other"]["token"]) == ("w2", "w7")
    assert list(replaced["text"]) == ["timestep", "token", "known", "probability", "contribution"]
    assert replaced["difference"] == pytest.approx(
        replaced["other"]["probability"] - replaced["text"]["probability"], abs=2e-6
    )
    assert (deleted["change"], deleted["other"]) == ("deleted", None)
    assert (inserted["change"], inserted["text"]) == ("inserted", None)
    assert inserted["difference"] == pytest.approx(diff.other.probability - diff.inspection.probability, abs=2e-6)


def test_a_bidirectional_model_has_no_verdict_before_the_end():
    diff = make_classifier(bidirectional=True).inspect_diff(TEXT, OTHER)
    assert (diff.probabilities, diff.apart, diff.parting) == (None, None, None)
    record = diff.to_dict()
    assert {row["difference"] for row in record["rows"]} == {None}
    assert record["rows"][2]["text"]["contribution"] != 0
