"""Predictions whose label follows another threshold than 0.5."""

import json

import pytest
from support.table_runs import make_table_run, write_rows


@pytest.fixture
def predict(invoke, tmp_path):
    make_table_run(tmp_path / "run", write_rows(tmp_path / "mine.csv"))
    return lambda *arguments: invoke("predict", "--run", "run", *arguments)


@pytest.mark.parametrize(("threshold", "label"), [("0", "positive"), ("1", "negative")])
def test_the_label_follows_the_threshold_in_every_format(predict, tmp_path, threshold, label):
    arguments = ["wonderful film", "dull film", "--threshold", threshold]
    lines = predict(*arguments).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [label] * 2
    records = [json.loads(line) for line in predict("--json", "--timesteps", *arguments).out.splitlines()]
    assert [record["label"] for record in records] == [label] * 2
    assert predict(*arguments, "--output", "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text().count(f",{label},") == 2


def test_a_probability_of_the_threshold_is_positive(predict):
    (record,) = [json.loads(line) for line in predict("--json", "wonderful film").out.splitlines()]
    exact = repr(record["probability"])
    assert predict("wonderful film", "--threshold", exact).out.startswith("positive")


def test_a_chart_shows_the_usual_threshold_only(predict):
    result = predict("wonderful film", "--threshold", "0.7", "--plot", "a.png")
    assert result.code == 2
    assert "--plot shows where the probability crosses 0.5" in result.err
