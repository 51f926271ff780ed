"""`imdb-gru inspect diff` on the model in the package."""

import functools
import json
import re

import pytest
from support.terminals import STYLES, call_in_terminal

TEXT, OTHER = "A dull start, but a superb ending.", "A slow start, but the ending is blorptastic, superb."

LATE = "A slow start to blorptastic, but the ending is superb, painstakingly so."


@pytest.fixture
def diff(inspect_bundled):
    return functools.partial(inspect_bundled, "diff")


def list_rows(out):
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("change "))
    return [(line[:10].strip(), *line[10:].split()) for line in lines[start + 1 :]]


def test_texts_are_shown_side_by_side(diff, packaged):
    out = diff(TEXT, OTHER).out
    lines = out.splitlines()
    sides = [packaged.inspect(text) for text in (TEXT, OTHER)]
    for line, side in zip(lines, sides, strict=False):
        assert line == f"{side.label} {side.probability:.4f}  {side.text}"
    assert lines[2] == "2 words replaced, 1 word deleted, 4 words inserted"
    assert re.split("  +", lines[5]) == [
        "change", "word", "text", "probability", "contribution", "other word", "other text", "other probability",
        "other contribution", "difference",
    ]  # fmt: skip
    rows = list_rows(out)
    assert rows[0][1:3] == rows[0][5:7] == ("0", "<start>")
    changes = [row[0] for row in rows]
    assert changes == ["", "", "replaced", "", "", "", "replaced", *["inserted"] * 4, "", "deleted", ""]
    left, right = (side.probabilities for side in sides)
    change, word, token, probability, contribution, *other, difference = rows[2]
    assert (change, word, token, other[:2]) == ("replaced", "2", "dull", ["2", "slow"])
    assert float(probability) == pytest.approx(left[2], abs=6e-5)
    assert float(contribution) == pytest.approx(sides[0].contributions.integrated_gradients[2], abs=6e-4)
    assert float(other[2]) == pytest.approx(right[2], abs=6e-5)
    assert float(other[3]) == pytest.approx(sides[1].contributions.integrated_gradients[2], abs=6e-4)
    assert float(difference) == pytest.approx(right[2] - left[2], abs=6e-5)
    assert rows[12][1:3] == ("8", "ending")
    assert rows[12][5:8] == ("-", "-", "-")
    assert rows[7][1:6] == ("-", "-", "-", "7", "ending")
    assert "blorptastic (unknown)" in out


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("A dull start.", "A superb start."), 'the verdicts diverge at word 2 "dull", replaced with word 2 "superb"'),
        (("Good. Awful.", "Good."), 'the verdicts diverge at word 3 "awful", which is deleted'),
        (("Good.", "Good. Awful, awful."), 'the verdicts diverge at word 3 "awful", which is inserted'),
        (("Good.", "Not good."), 'the verdicts diverge at word 1 "not", which is inserted'),
        ((TEXT, "A slow start, but the ending is superb."), 'the verdicts diverge at word 9 "." and word 10 "."'),
        ((LATE, LATE.replace("superb", "dull")), 'the verdicts diverge at word 12 ","'),
        (("A dull start.", "A DULL start."), "the verdicts are the same after every word"),
    ],
)
def test_it_says_where_the_verdicts_part(diff, texts, line):
    assert diff(*texts).out.splitlines()[3] == line


def test_verdicts_that_differ_only_on_the_way_are_counted(diff):
    line = diff("Dull and superb, superb, superb.", "Nice and superb, superb, superb.").out.splitlines()[3]
    assert line == "the verdicts differ in 5 of 9 rows, but not in the last"


def test_texts_with_the_same_words_are_said_to_be_so(diff):
    assert diff("Fine.", "fine .").out.splitlines()[2] == "the model reads the same words in both texts"


def test_notes_are_those_of_other_commands(diff):
    assert "1 text is without words" in diff("", "Fine.").err


def test_json_holds_the_rows(diff):
    record = json.loads(diff("--json", TEXT, OTHER).out)
    assert [row["change"] for row in record["rows"]].count("inserted") == 4
    assert record["texts"][1]["text"] == OTHER


def test_a_bidirectional_model_has_no_probabilities_on_the_way(diff):
    lines = diff("w1 w2 w3", "w1 w4 w5 w3", bidirectional=True).out.splitlines()
    assert lines[2] == "1 word replaced, 1 word inserted"
    assert lines[3] == ""
    assert re.split("  +", lines[4]) == [
        "change", "word", "text", "contribution", "other word", "other text", "other contribution",
    ]  # fmt: skip
    assert lines[7].split()[:3] == ["replaced", "2", "w2"]
    assert lines[8].split()[:5] == ["inserted", "-", "-", "3", "w5"]
    assert len(lines) == 10


def test_a_backward_model_says_so(diff):
    out = diff("w1 w2", "w1 w3", direction="backward").out
    assert "  other word from the end  " in out
    assert list_rows(out)[1][:3] == ("replaced", "1", "w2")
    assert json.loads(diff("--json", "w1 w2", "w1 w3", direction="backward").out)["direction"] == "backward"


@pytest.mark.processes
def test_a_terminal_shows_changes_in_colour_and_a_pipe_does_not(diff):
    assert "\x1b" not in diff(TEXT, OTHER).out
    styled = call_in_terminal(200, "inspect", "diff", "--run", "bundled", TEXT, OTHER, styles=True)
    (deleted,) = (line for line in styled if STYLES.sub("", line).startswith("deleted"))
    assert "\x1b[31m" in deleted
    (equal,) = (line for line in styled if "but" in line and "0.0730" in line)
    assert "\x1b[3" not in equal


@pytest.mark.parametrize("arguments", [["one"], ["one", "two", "three"]])
def test_it_takes_two_texts(diff, arguments):
    result = diff(*arguments)
    assert result.code == 2
    assert not result.out
