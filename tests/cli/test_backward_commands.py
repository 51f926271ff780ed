"""Models that read texts from their end, on the command line."""

import json

import pytest
from support.table_runs import make_table_run, write_rows

TEXT = "a dull film, number 7."


@pytest.fixture
def ask(invoke, tmp_path):
    """Run a command with a classifier that reads from the end."""
    make_table_run(tmp_path / "run", write_rows(tmp_path / "reviews.csv"), **{"text.direction": "backward"})
    return lambda command, *arguments: invoke(command, "--run", "run", *arguments)


def test_predict_names_the_words_in_the_order_of_reading(ask):
    result = ask("predict", "--timesteps", TEXT)
    assert result.code == 0
    assert [line.split("\t")[2] for line in result.out.splitlines()[1:]] == [
        "<start>", ".", "7", "number", ",", "film", "dull", "a"
    ]  # fmt: skip
    assert "the model read the text from its end" in result.err.splitlines()
    record = json.loads(ask("predict", "--timesteps", "--json", TEXT).out)
    assert record["direction"] == "backward"
    assert [step["token"] for step in record["timesteps"]][:3] == ["<start>", ".", "7"]


def test_inspect_and_evaluate_say_so(ask):
    lines = ask("inspect", TEXT).out.splitlines()
    assert any(line.startswith("memory of layer 1, backward: ") for line in lines)
    heading = next(row for row, line in enumerate(lines) if line.startswith("word from the end  token"))
    assert [line.split()[:2] for line in lines[heading + 1 : heading + 3]] == [["0", "<start>"], ["1", "."]]
    assert json.loads(ask("inspect", "--json", TEXT).out)["direction"] == "backward"
    table = ask("evaluate").out
    assert "direction          backward  (reviews are read from their end)" in table
    assert "words read from the end  accuracy" in table
    assert json.loads(ask("evaluate", "--json").out)["direction"] == "backward"


def test_a_report_and_a_page_say_so(ask, tmp_path):
    pytest.importorskip("matplotlib")
    assert ask("report", "--output", "report.html").code == 0
    page = (tmp_path / "report.html").read_text()
    assert "The model reads reviews from their end." in page
    assert '"direction":"backward"' in page
    assert "words read from the end" in page


def test_next_proposes_the_previous_word(invoke, make_next_word_run):
    run = make_next_word_run(text={"direction": "backward"})

    def ask(*arguments):
        result = invoke("next", "--run", run.path, *arguments)
        assert result.code == 0
        assert "the model read the text from its end" in result.err.splitlines()
        return result.out

    assert ask("w1 w2").splitlines()[0] == "probability  previous word"
    assert ask("w1 w2", "--timesteps").split()[:4] == ["timestep", "token", "previous", "word"]
    assert json.loads(ask("w1 w2", "--json"))["direction"] == "backward"
    steps = json.loads(ask("w1 w2", "--json", "--timesteps"))["timesteps"]
    assert [(step["token"], step["next_token"]) for step in steps] == [("<start>", "w2"), ("w2", "w1"), ("w1", None)]
    generated = ask("w1 w2", "--generate", 5).rstrip("\n")
    assert generated.endswith(" w1 w2")
    record = json.loads(ask("w1 w2", "--generate", 5, "--json"))
    assert generated == record["continuation"] + record["text"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("--config", "scratch", "--set", "model.bidirectional=true"),
            "a bidirectional model reads in both directions",
        ),
        ((), "text.direction is backward, but the bundled model has forward: use --config scratch"),
    ],
)
def test_what_makes_no_sense_is_refused(invoke, tmp_path, arguments, complaint):
    result = invoke("train", "--data", "sample", "--run", "new", *arguments, "--set", "text.direction=backward")
    assert result.code == 1
    assert complaint in result.err
    assert len(result.err.splitlines()) == 2  # which config has an error, and the error
    assert not (tmp_path / "new").exists()
