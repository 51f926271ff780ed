"""`imdb-gru inspect diff` on the model in the package."""

import json
import re

import pytest
from support.models import make_classifier
from support.terminals import STYLES, call_in_terminal

TEXT, OTHER = "A dull start, but a superb ending.", "A slow start, but the ending is superb, blorptastic."


@pytest.fixture
def diff(invoke):
    return lambda *arguments: invoke("inspect", "diff", "--run", "bundled", *arguments)


def list_rows(out):
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("change "))
    return [(line[:10].strip(), *line[10:].split()) for line in lines[start + 1 :]]


def test_texts_are_shown_side_by_side(diff, invoke):
    lines = (out := diff(TEXT, OTHER).out).splitlines()
    sides = [json.loads(invoke("inspect", "--run", "bundled", "--json", text).out) for text in (TEXT, OTHER)]
    for line, side in zip(lines, sides, strict=False):
        assert line == f"{side['label']} {side['probability']:.4f}  {side['text']}"
    assert lines[2] == "2 words replaced, 1 word deleted, 4 words inserted"
    rows = list_rows(out)
    assert rows[0][2] == rows[0][6] == "<start>"
    changes = [row[0] for row in rows]
    assert changes[2] == changes[6] == "replaced"
    assert rows[2][2], rows[2][6] == ("dull", "slow")
    left, right = ([step["probability"] for step in side["timesteps"]] for side in sides)
    assert float(rows[2][3]) == pytest.approx(left[2], abs=6e-5)
    assert float(rows[2][7]) == pytest.approx(right[2], abs=6e-5)
    assert float(rows[2][-1]) == pytest.approx(right[2] - left[2], abs=6e-5)
    assert float(rows[2][8]) == pytest.approx(sides[1]["timesteps"][2]["contribution"], abs=6e-4)
    deleted = rows[changes.index("deleted")]
    assert deleted[5:8] == ("-", "-", "-")
    inserted = rows[changes.index("inserted")]
    assert inserted[1:4] == ("-", "-", "-")
    assert "blorptastic (unknown)" in out
    assert float(rows[-1][-1]) == pytest.approx(right[-1] - left[-1], abs=6e-5)


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("A dull start.", "A superb start."), 'the verdicts part at word 2 "dull", replaced with word 2 "superb"'),
        (("Not good.", "Good."), 'the verdicts part at word 1 "not", which is deleted'),
        (("Good.", "Not good."), 'the verdicts part at word 1 "not", which is inserted'),
        ((TEXT, "A slow start, but the ending is superb."), 'the verdicts part at word 9 "." and word 10 "."'),
        (("A dull start.", "A DULL start."), "the verdicts are the same after every word"),
    ],
)
def test_it_says_where_the_verdicts_part(diff, texts, line):
    assert diff(*texts).out.splitlines()[3] == line


def test_verdicts_that_differ_only_on_the_way_are_counted(diff):
    line = diff("Dull and superb, superb, superb.", "Nice and superb, superb, superb.").out.splitlines()[3]
    assert re.fullmatch("the verdicts differ in [0-9]+ of 9 rows, but not in the last", line), line


def test_texts_with_the_same_words_are_said_to_be_so(diff):
    assert diff("Fine.", "fine .").out.splitlines()[2] == "the model reads the same words in both texts"


def test_json_holds_the_rows(diff):
    record = json.loads(diff("--json", TEXT, OTHER).out)
    assert [row["change"] for row in record["rows"]].count("inserted") == 4
    assert record["texts"][1]["text"] == OTHER


def test_other_models_have_other_columns(invoke, monkeypatch):
    def show(**model):
        classifier = make_classifier(**model)
        monkeypatch.setattr("imdb_gru.models.classifier.Classifier.load", lambda run: classifier)
        return invoke("inspect", "diff", "--run", "bundled", "w1 w2 w3", "w1 w4 w5 w3").out.splitlines()

    lines = show(bidirectional=True)
    assert re.split("  +", lines[4]) == [
        "change", "word", "text", "contribution", "other word", "other text", "other contribution",
    ]  # fmt: skip
    assert re.split("  +", lines[7].strip())[:2] == ["replaced", "2"]
    assert len(lines) == 10


def test_a_backward_model_says_so(invoke, monkeypatch):
    classifier = make_classifier()
    classifier.config.text.direction = "backward"
    monkeypatch.setattr("imdb_gru.models.classifier.Classifier.load", lambda run: classifier)
    out = invoke("inspect", "diff", "--run", "bundled", "w1 w2", "w1 w3").out
    assert "word from the end" in out
    assert [row[:3] for row in list_rows(out)][1] == ("replaced", "1", "w2")


@pytest.mark.processes
def test_a_terminal_shows_changes_in_colour_and_a_pipe_does_not(diff):
    assert "\x1b" not in diff(TEXT, OTHER).out
    styled = call_in_terminal(200, "inspect", "diff", "--run", "bundled", TEXT, OTHER, styles=True)
    (deleted,) = (line for line in styled if STYLES.sub("", line).startswith("deleted"))
    assert "\x1b[31m" in deleted
    (equal,) = (line for line in styled if "but" in line and "0.0174" in line)
    assert "\x1b[3" not in equal


@pytest.mark.parametrize("arguments", [["one"], ["one", "two", "three"]])
def test_it_takes_two_texts(diff, arguments):
    result = diff(*arguments)
    assert result.code == 2
    assert not result.out
