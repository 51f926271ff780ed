"""`evaluate --suite`, with the model in the package."""

import csv
import functools
import json

import pytest
from support.bundles import load_script

import imdb_gru
from imdb_gru.sources import suite_templates

TABLE = "text,label,kind\nIt is superb.,1,verdict\nIt is dull.,1,verdict\n"


@pytest.fixture
def evaluate(invoke):
    return lambda *arguments: invoke("evaluate", "--run", "bundled", *arguments)


def test_the_suite_in_the_package(evaluate, monkeypatch):
    monkeypatch.setattr(suite_templates, "build_suite", functools.partial(suite_templates.build_suite, 20))
    result = evaluate("--suite", "bundled", "--json")
    assert (result.code, result.err) == (0, "")
    figures = json.loads(result.out)
    assert [kind["kind"] for kind in figures["kinds"]] == list(suite_templates.KINDS)
    assert figures["empty_probability"] == imdb_gru.load("bundled").predict("").probability
    shares = {kind["kind"]: kind["passed"] for kind in figures["kinds"]}
    assert shares["short verdict"] > 0.75
    assert shares["letter case"] == 1


def test_a_table_of_ones_own_with_its_failures(evaluate, tmp_path):
    (tmp_path / "mine.csv").write_text(TABLE)
    out = evaluate("--suite", "mine.csv", "--errors", 1).out
    assert "mine.csv, 2 texts" in out
    assert [line.split() for line in out.splitlines() if line.startswith("verdict ")] == [
        ["verdict", "label", "2", "50.0%", "-", "-"]
    ]
    assert out.splitlines()[-1].endswith("  It is dull.")
    high = json.loads(evaluate("--suite", "mine.csv", "--threshold", 1, "--json").out)
    assert (high["threshold"], high["kinds"][0]["passed"]) == (1, 0)


def test_a_table_of_contrast_pairs_needs_no_kind(evaluate, tmp_path):
    (tmp_path / "pairs.csv").write_text(
        "text,label,pair\nI loved it.,1,a\nI hated it.,0,a\nIt is superb.,0,b\nIt is awful.,0,b\n"
    )
    out = evaluate("--suite", "pairs.csv").out
    assert "labelled pairs  2, 50.0% with all texts right  (95 % interval 9.5% to 90.5%)" in out
    assert "texts right     50.0% of the first, 100.0% of the others" in out
    figures = json.loads(evaluate("--suite", "pairs.csv", "--json").out)
    assert [kind["kind"] for kind in figures["kinds"]] == ["contrast"]
    assert (figures["contrast"]["pairs"], figures["contrast"]["passed"]) == (2, 0.5)
    evaluate("--suite", "pairs.csv", "--tables", "tables")
    header, row = csv.reader((tmp_path / "tables" / "suite.csv").read_text().splitlines())
    assert dict(zip(header, row, strict=True))["contrast.passed"] == "0.5"


def test_the_options_for_tables_apply(evaluate, tmp_path):
    (tmp_path / "mine.csv").write_text("body;stars;kind\nIt is superb.;5;verdict\nIt is so-so.;3;verdict\n")
    options = ["--text-column", "body", "--label-column", "stars", "--positive", "5", "--negative", "1"]
    result = evaluate("--suite", "mine.csv", *options, "--json")
    assert json.loads(result.out)["n"] == 1
    assert "1 of 2 rows of mine.csv are left out because of their label" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--data", "sample"], 2, "--suite cannot be used with --data"),
        (["--split", "test"], 2, "--suite cannot be used with --split"),
        (["--max-error", "5%"], 2, "--suite cannot be used with --max-error"),
        ([], 1, "there is no table at nowhere.csv"),
    ],
)
def test_mistakes_end_in_one_line(evaluate, arguments, code, message):
    result = evaluate("--suite", "nowhere.csv", *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err.splitlines()[-1]


def test_a_next_word_run_is_refused(invoke, make_next_word_run):
    result = invoke("evaluate", "--run", make_next_word_run().path, "--suite", "bundled")
    assert result.code == 1
    assert "predicts no labels: omit --suite" in result.err


def test_from_python_with_a_classifier_and_its_threshold(tmp_path):
    (tmp_path / "mine.csv").write_text(TABLE)
    model = imdb_gru.load("bundled", threshold=1)
    figures = imdb_gru.evaluate_suite(model, tmp_path / "mine.csv")
    assert json.dumps(figures.to_dict())
    assert (figures.threshold, figures.kinds[0].passed) == (1, 0)
    assert "verdict: 0.000" in repr(figures)
    with pytest.raises(ValueError, match="errors=-1"):
        imdb_gru.evaluate_suite(model, errors=-1)
    with pytest.raises(ValueError, match="threshold is 2"):
        imdb_gru.evaluate_suite(model, threshold=2)


def test_the_script_writes_the_suite_as_a_table(evaluate, tmp_path, capsys):
    with pytest.raises(SystemExit):
        load_script("templates").main(["suite.csv", "--tests", "4"])
    capsys.readouterr()
    with (tmp_path / "suite.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "label", "kind", "pair", "direction"]
    figures = json.loads(evaluate("--suite", "suite.csv", "--json").out)
    assert figures["n"] == len(rows)
    assert [(kind["kind"], kind["test"]) for kind in figures["kinds"]][-1] == ("typo", "invariance")
    assert {kind["tests"] for kind in figures["kinds"]} == {4, 8}
