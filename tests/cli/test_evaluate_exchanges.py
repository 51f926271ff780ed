"""`evaluate --exchanges`, with the model in the package."""

import json

import pytest

import imdb_gru

TABLE = "text,label\n" + "I loved this superb film.,1\nA dull and lifeless mess.,0\nIt was fine.,1\n" * 2


@pytest.fixture
def evaluate(invoke, tmp_path):
    (tmp_path / "mine.csv").write_text(TABLE)
    return lambda *arguments: invoke("evaluate", "--run", "bundled", "--data", "mine.csv", *arguments)


def test_the_accuracy_by_exchanges_is_printed_with_changed_reviews(evaluate):
    result = evaluate("--exchanges", 2, "--errors", 1)
    assert result.code == 0, result.err
    assert "neighbours  8" in result.out
    rows = [line.split() for line in result.out.splitlines() if line.split()[:1] in (["0"], ["1"], ["2"])]
    assert [row[0] for row in rows] == ["0", "1", "2"]
    assert rows[0][1] == "100.00%"
    assert "→" in result.out.splitlines()[-2]
    assert "evaluating on 6 reviews" in result.err


def test_json_and_python_give_the_same_figures(evaluate):
    result = evaluate("--exchanges", 2, "--neighbours", 3, "--reviews", 4, "--json", "--precision", "float32")
    figures = json.loads(result.out)
    assert (figures["n"], figures["neighbours"]) == (4, 3)
    model = imdb_gru.load("bundled", precision="float32")
    scores = imdb_gru.evaluate_exchanges(model, data="mine.csv", exchanges=2, neighbours=3, reviews=4)
    assert json.loads(json.dumps(scores.to_dict())) == figures
    assert [record["exchanges"] for record in scores.list_records()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exchanges", 0], "0 is not in the range"),
        (["--reviews", 4], "--reviews needs --exchanges"),
        (["--neighbours", 4], "--neighbours needs --exchanges"),
        (["--exchanges", 1, "--max-error", "5%"], "--exchanges cannot be used with --max-error"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(evaluate, arguments, message):
    result = evaluate(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err.splitlines()[-1]


def test_a_suite_has_no_exchanges(invoke):
    result = invoke("evaluate", "--run", "bundled", "--suite", "bundled", "--exchanges", 1)
    assert result.code == 2
    assert "--suite cannot be used with --exchanges" in result.err


def test_a_next_word_run_is_refused(invoke, make_next_word_run):
    result = invoke("evaluate", "--run", make_next_word_run().path, "--exchanges", 1)
    assert result.code == 1
    assert result.err.splitlines()[-1].endswith("which predicts no labels: omit --exchanges")


@pytest.mark.parametrize("option", ["exchanges", "neighbours", "reviews"])
def test_numbers_below_one_are_refused(option):
    with pytest.raises(ValueError, match=f"{option}=0: give an integer of at least 1"):
        imdb_gru.evaluate_exchanges("bundled", data="sample", **{option: 0})
