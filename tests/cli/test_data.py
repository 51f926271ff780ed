import json

import pytest

ROWS = "text,label,split\n{}"
CLEAN = "a film about a dog,1,train\nthe second of three,0,train\nnothing alike,1,test\n"
SPOILT = "a\x1b[31m red <b>film</b>,1,train\nthe second of three,0,train\nthe second of three,0,test\n"


@pytest.fixture
def write(tmp_path):
    def write(rows, header="text,label,split\n"):
        path = tmp_path / "reviews.csv"
        path.write_text(header + rows, "utf-8")
        return path

    return write


def test_findings_are_told_and_the_terminal_is_safe(invoke, write):
    result = invoke("data", "check", write(SPOILT))
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "split",
        "reviews",
        "positive",
        "words:",
        "min",
        "median",
        "mean",
        "95",
        "%",
        "max",
        "truncated",
    ]
    assert lines[1].split() == ["train", "2", "50.0%", "4", "4", "4", "4", "4", "0.0%"]
    assert "reviews in test that are also in train word for word: 1" in lines
    assert "  test 1 is like train 2: the second of three" in lines
    assert "reviews that contain control characters: 1" in lines
    assert "\x1b" not in result.out
    assert "  train 1: a\\x1b[31m red <b>film</b>" in lines
    assert "words that are not in the vocabulary of the train split: 0.0% of test" in result.out


def test_strict_exits_with_1_only_where_something_is_found(invoke, write):
    clean = invoke("data", "check", write(CLEAN), "--strict")
    assert (clean.code, "no problems found" in clean.out) == (0, True)
    spoilt = invoke("data", "check", write(SPOILT), "--strict")
    assert spoilt.code == 1
    assert "Error" not in spoilt.err


def test_json_holds_all_figures(invoke, write):
    figures = json.loads(invoke("data", "check", write(SPOILT), "--json").out)
    assert figures.keys() == {"source", "labels", "splits", "overlaps", "similarity", "unknown_share", "findings"}
    assert figures["splits"]["train"]["reviews"] == 2


def test_columns_are_named_as_for_train(invoke, write):
    path = write("fine,1\ndull,0\n", "words,verdict\n")
    result = invoke("data", "check", path)
    assert result.code == 1
    assert "--text-column" in result.err
    options = ["--text-column", "words", "--label-column", "verdict"]
    figures = json.loads(invoke("data", "check", path, *options, "--json").out)
    assert figures["splits"]["all"]["positive_share"] == 0.5
    result = invoke("data", "check", path, "--text-column", "words", "--no-labels", "--json")
    assert json.loads(result.out)["splits"]["all"]["positive_share"] is None


def test_a_path_without_reviews_is_one_line(invoke):
    result = invoke("data", "check", "nowhere.csv")
    assert result.code == 1
    (line,) = result.err.splitlines()
    assert line.startswith("Error: there are no reviews at nowhere.csv")


@pytest.mark.keras
@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_a_training_says_how_many_held_out_reviews_repeat_others(invoke, write, command):
    rows = "a fine film,1,train\nquite dull,0,train\na FINE film,1,dev\nother,0,dev\n"
    said = "1 validation review is identical to a training review"
    options = ["--dry-run", "--json", "--set", "model.units=4", "--set", "model.embedding=4"]
    options += ["--config", "scratch"] if command == "train" else []
    assert said in invoke(command, "--data", write(rows), *options).err
    assert "word for word" not in invoke(command, "--data", write(rows.replace("FINE", "bad")), *options).err
