"""Labels named with --positive and --negative, in every command that reads labelled reviews."""

import json
from pathlib import Path

import pytest
import yaml
from support.commands import SMALL, list_commands

from imdb_gru.runs.run import Run

STARS = ["1", "2", "3", "4", "5", "", "5", "1"]
OPTIONS = ["--positive", "4,5", "--negative", "1,2"]
LEFT_OUT = "2 of 8 rows of stars.csv are left out: 1 labelled 3, 1 without a label"


@pytest.fixture
def stars(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"review number {number},{label}\n" for number, label in enumerate(STARS))
    (tmp_path / "stars.csv").write_text(f"text,label\n{rows}")
    return tmp_path / "stars.csv"


def test_every_command_that_names_a_label_column_names_labels_too():
    for path, command in list_commands():
        names = {option for parameter in command.params for option in parameter.opts}
        assert ("--positive" in names) == ("--negative" in names) == ("--label-column" in names), path


def test_labels_are_separated_by_commas_and_quoted_as_in_csv(invoke, stars):
    stars.write_text('text,label\na,"good, very"\nb,fine\nc,bad\nd,-1\n')
    result = invoke("data", "check", "stars.csv", "--positive", '"good, very", fine', "--negative", "-1, bad", "--json")
    labels = json.loads(result.out)["labels"]
    assert labels["positive"] == {"good, very": 1, "fine": 1}
    assert labels["negative"] == {"bad": 1, "-1": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--positive", "4"], "--positive needs --negative: give both the positive and the negative labels"),
        (["--negative", "4"], "--negative needs --positive"),
        (["--positive", "4,,5", "--negative", "1"], "4,,5 has an empty label: separate labels with commas, as in 4,5"),
        (["--positive", "", "--negative", "1"], "has an empty label"),
        (["--positive", '"4', "--negative", "1"], "is not a list of labels"),
    ],
)
def test_labels_that_cannot_be_read_are_wrong_usage(invoke, stars, options, message):
    result = invoke("data", "check", "stars.csv", *options)
    assert (result.code, result.out) == (2, "")
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize("command", ["data check {}", "train --dry-run --data {}", "evaluate --run bundled --data {}"])
def test_labels_of_what_is_not_a_table_are_refused(invoke, command):
    result = invoke(*command.format("sample").split(), *OPTIONS)
    assert (result.code, result.out) == (1, "")
    assert "Error: the positive labels ['4', '5'] do not apply to sample, which is not a table" in result.err


@pytest.mark.parametrize("command", ["data check {}", "train --dry-run --data {}", "evaluate --run bundled --data {}"])
def test_uncertain_labels_are_refused_by_every_command(invoke, stars, command):
    result = invoke(*command.format("stars.csv").split())
    assert (result.code, result.out) == (1, "")
    (line,) = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert (
        "stars.csv: the column 'label' holds the labels 1 (2 rows), 2 (row 3), 3 (row 4), 4 (row 5) and 5 (2 rows)"
        in line
    )
    assert "such as --positive 4,5 --negative 1,2; rows with other labels are left out" in line


def test_a_check_says_how_labels_are_understood(invoke, stars):
    out = invoke("data", "check", "stars.csv", *OPTIONS).out
    assert (
        "rows of each label in the column label: positive 4 (1), 5 (2); negative 1 (2), 2 (1); left out 3 (1), " in out
    )
    assert "left out 3 (1), no label (1)" in out
    assert "rows of each label" not in invoke("data", "check", "sample").out
    assert "rows of each label" not in invoke("data", "check", "stars.csv", "--no-labels").out


def test_a_check_finds_a_column_with_one_value(invoke, stars):
    stars.write_text("text,label\na good one,pos\nanother of them,Pos.\n")
    result = invoke("data", "check", "stars.csv", "--strict")
    assert result.code == 1
    assert "reviews in all that are all positive, so a classifier cannot be trained on them: 2" in result.out


def test_an_evaluation_tells_what_is_left_out(invoke, stars):
    result = invoke("evaluate", "--run", "bundled", "--data", "stars.csv", *OPTIONS, "--json")
    assert json.loads(result.out)["n"] == 6
    assert LEFT_OUT in result.err.splitlines()


def test_an_evaluation_on_one_kind_of_reviews_is_made_with_a_note(invoke, stars):
    stars.write_text("text,label\na good one,1\nanother of them,1\n")
    result = invoke("evaluate", "--run", "bundled", "--data", "stars.csv", "--json")
    assert json.loads(result.out)["n"] == 2
    assert "all labels of stars.csv are understood as positive: 1" in result.err
    assert (
        "all reviews are positive, so the accuracy is only the share that the model predicts as positive" in result.err
    )


@pytest.mark.keras
def test_a_run_remembers_its_labels(invoke, stars):
    rows = "".join(f"review {number},{STARS[number % 8]}\n" for number in range(80))
    stars.write_text(f"text,label\n{rows}")
    assert invoke("train", "--data", "stars.csv", "--run", "run", *SMALL, *OPTIONS).code == 0
    run = Run(Path("run"))
    data = yaml.safe_load(run.config_path.read_text())["data"]
    assert (data["positive"], data["negative"]) == (["4", "5"], ["1", "2"])
    statistics = run.load_metrics().data
    assert statistics.train + statistics.validation == 60
    other = stars.with_name("other.csv")
    other.write_text("text,label\na,5\nb,3\nc,1.0\n")
    figures = json.loads(invoke("evaluate", "--run", run.path, "--data", "other.csv", "--json").out)
    assert figures["n"] == 2
    other.write_text("text,label\na,yes\nb,no\n")
    result = invoke("evaluate", "--run", run.path, "--data", "other.csv")
    assert "but the positive labels are 4, 5 and the negative labels are 1, 2: choose others with" in result.err
    result = invoke(
        "evaluate", "--run", run.path, "--data", "other.csv", "--positive", "yes", "--negative", "no", "--json"
    )
    assert json.loads(result.out)["n"] == 2


@pytest.mark.keras
def test_a_training_tells_what_is_left_out_and_refuses_one_kind(invoke, stars):
    options = [*SMALL, "--dry-run"]
    labels = ["--set", "data.positive=[4, 5.0]", "--set", "data.negative=[1, '2']"]
    result = invoke("train", "--data", "stars.csv", *options, *labels)
    assert result.code == 0
    assert any(line.endswith(LEFT_OUT.partition("stars.csv")[2]) for line in result.err.splitlines())
    result = invoke("train", "--data", "stars.csv", *options, "--positive", "4,5", "--negative", "0")
    assert result.code == 1
    assert (
        "has only positive training reviews, but a classifier needs both kinds; its labels are understood as: "
        in result.err
    )
    assert "positive 4 (row 5), 5 (2 rows); left out 1 (2 rows), 2 (row 3), 3 (row 4), no label (1 row)" in result.err
