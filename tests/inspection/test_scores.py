"""Scores of explanations, compared with predictions for texts from which words are taken out by hand."""

import json

import numpy as np
import pytest
from support.models import make_classifier

import imdb_gru
from imdb_gru.errors import DataError
from imdb_gru.inspection.scores import SHARES, score_explanations

TEXT = "w3 w8 w1 w20 w4 w15 w9 w2 w28 w11"
TEXTS = [TEXT, "w5 w6 w7", "w29 w1 w14 w14 w23 w0 w17", "w12"]
METHODS = ["integrated gradients", "occlusion", "random order"]


def predict_by_hand(classifier, name, share, *, kept, unknown):
    """Predict the text without the words that a method ranks highest, or with these words alone."""
    inspection = classifier.inspect(TEXT)
    values = getattr(inspection.contributions, name)[1:]
    sign = 1 if inspection.label == "positive" else -1
    words = TEXT.split()
    top = sorted(range(len(words)), key=lambda place: -sign * values[place])[: max(1, round(share * len(words)))]
    left = [word if (place in top) == kept else "xyz" * unknown for place, word in enumerate(words)]
    return sign * (inspection.probability - classifier.predict(" ".join(left)).probability)


@pytest.mark.parametrize("removal", ["delete", "unknown"])
@pytest.mark.parametrize("seed", [0, 2])  # one of them predicts positive, the other negative
def test_scores_are_the_falls_of_the_probability(removal, seed):
    classifier = make_classifier(seed)
    scores = score_explanations(classifier, [TEXT], removal=removal)
    for method, name in zip(scores.methods, ["integrated_gradients", "occlusion"], strict=False):
        for row in method.by_share:
            for value, kept in ((row.comprehensiveness, False), (row.sufficiency, True)):
                expected = predict_by_hand(classifier, name, row.share, kept=kept, unknown=removal == "unknown")
                assert value == pytest.approx(expected, abs=1e-5)
        assert method.comprehensiveness == pytest.approx(np.mean([row.comprehensiveness for row in method.by_share]))
        assert method.sufficiency == pytest.approx(np.mean([row.sufficiency for row in method.by_share]))
    assert classifier.predict(TEXT).label == {0: "positive", 2: "negative"}[seed]


def test_no_single_word_counts_more_than_the_one_that_occlusion_ranks_first():
    for seed in range(3):
        scores = score_explanations(make_classifier(seed), TEXTS, removal="unknown")
        first = {method.method: method.by_share[0].comprehensiveness for method in scores.methods}
        assert first["occlusion"] >= max(first.values())
        assert first["occlusion"] > first["random order"]


def test_texts_without_words_are_left_out_and_the_mean_has_an_interval():
    scores = score_explanations(make_classifier(), [*TEXTS, "", " "])
    assert (scores.n, [method.method for method in scores.methods]) == (4, METHODS)
    assert [row.share for row in scores.methods[0].by_share] == list(SHARES)
    low, high = scores.methods[0].comprehensiveness_interval
    assert low < scores.methods[0].comprehensiveness < high
    assert score_explanations(make_classifier(), [TEXT]).methods[0].sufficiency_interval is None


def test_the_differences_are_those_on_the_same_texts():
    classifier = make_classifier()
    both = score_explanations(classifier, TEXTS[:2])
    alone = [score_explanations(classifier, [text]) for text in TEXTS[:2]]
    (first, *others) = both.differences
    assert [(one.method, one.other) for one in others] == [(METHODS[0], METHODS[2]), (METHODS[1], METHODS[2])]
    for name in ("comprehensiveness", "sufficiency"):
        values = [getattr(one.methods[0], name) - getattr(one.methods[1], name) for one in alone]
        mean, half = np.mean(values), 1.96 * np.std(values, ddof=1) / np.sqrt(2)
        assert getattr(first, name) == pytest.approx(mean, abs=1e-6)
        assert getattr(first, f"{name}_interval") == pytest.approx((mean - half, mean + half), abs=1e-4)
    assert alone[0].differences[0].sufficiency_interval is None


def test_only_the_random_order_depends_on_the_seed():
    one, same, other = (score_explanations(make_classifier(), TEXTS, seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert (one.methods[:2], one.differences[0]) == (other.methods[:2], other.differences[0])
    assert one.methods[2] != other.methods[2]


@pytest.mark.parametrize("model", [{"bidirectional": True}, {"cell": "lstm", "layers": 2}, {"direction": "backward"}])
def test_every_model_is_scored(model):
    assert score_explanations(make_classifier(**model), TEXTS).n == 4


def test_mistakes_are_told():
    classifier = make_classifier()
    with pytest.raises(TypeError, match="takes several texts"):
        imdb_gru.score_explanations(classifier, TEXT)
    with pytest.raises(TypeError, match="takes strings"):
        score_explanations(classifier, [TEXT, None])
    with pytest.raises(ValueError, match="removal is 'mask': choose 'delete' or 'unknown'"):
        score_explanations(classifier, [TEXT], removal="mask")
    with pytest.raises(DataError, match="none of the texts has any words"):
        score_explanations(classifier, [""])


def test_the_command_prints_the_scores_of_the_given_texts(inspect_bundled, packaged):
    text = "A slow start, but the ending is superb."
    lines = inspect_bundled("score", text).out.splitlines()
    assert [line.split("  ")[0] for line in lines[-8:-5]] == METHODS
    assert lines[-3].startswith("integrated gradients − occlusion ")
    expected = imdb_gru.score_explanations(packaged, [text])
    assert json.loads(inspect_bundled("score", text, "--json").out) == json.loads(json.dumps(expected.to_dict()))
    table = inspect_bundled("score", text, "--removal", "unknown", "--table", "csv").out.splitlines()
    assert table[0].startswith("method,comprehensiveness,comprehensiveness_low,")
    assert len(table) == 4


def test_a_path_is_as_good_as_a_model(packaged):
    assert imdb_gru.score_explanations("bundled", ["A good film."]) == imdb_gru.score_explanations(
        packaged, ["A good film."]
    )
    with pytest.raises(TypeError, match="a run must be given as a path, got 3"):
        imdb_gru.score_explanations(3, ["A good film."])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fine", "--input", "reviews.txt"), "give texts or --input, not both"),
        (("fine", "--data", "sample"), "cannot be used with texts or --input"),
        (("fine", "--reviews", "3"), "cannot be used with texts or --input"),
        (("--input", "reviews.txt", "--split", "test"), "cannot be used with texts or --input"),
    ],
)
def test_texts_and_reviews_of_a_split_exclude_each_other(inspect_bundled, arguments, words):
    result = inspect_bundled("score", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_the_command_takes_reviews_of_a_split(inspect_bundled):
    result = inspect_bundled("score", "--data", "sample", "--split", "test", "--reviews", 2, "--json")
    assert "reading 2 reviews of split test from sample" in result.err
    assert json.loads(result.out)["n"] == 2
    assert inspect_bundled("score", "--removal", "mask", "fine").code == 2
    refused = inspect_bundled("score", "")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines()[-1].startswith("Error: none of the texts has any words")
