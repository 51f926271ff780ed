import json
import re
import sys
from pathlib import Path

import pytest

import imdb_gru
from imdb_gru.report import page

pytestmark = pytest.mark.keras
pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib")


def load_examples(path):
    data = re.search(r'id="data">(.*?)</script>', Path(path).read_text("utf-8"), re.DOTALL)
    return json.loads(data[1])["examples"] if data else []


def test_a_report_says_what_evaluate_says(invoke, sample_run):
    result = invoke("report", sample_run.path, "--examples", 3)
    assert (result.code, result.out) == (0, "sample.html\n")
    text = Path("sample.html").read_text("utf-8")
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--json").out)
    for name in ("roc_auc", "f1", "precision", "recall", "log_loss", "ece"):
        assert f"<dd>{figures[name]:.4f}</dd>" in text
    assert f"{100 * figures['accuracy']:.2f} %" in text
    assert text.count("<svg ") == 6
    assert "embedding: 8" in text
    examples = load_examples("sample.html")
    assert len(examples) == 3
    for example in examples:
        timesteps = len(example["tokens"])
        assert len(example["probabilities"]) == len(example["cells"][0]["jacobian"]) == timesteps
        assert example["probabilities"][-1] == pytest.approx(example["probability"], abs=1e-3)


def test_a_report_is_a_function_of_the_library(sample_run, tmp_path):
    events = []
    classifier = imdb_gru.load(sample_run)
    path = imdb_gru.write_report(
        classifier, output=tmp_path / "page.html", split="validation", examples=1, plots="plots", observer=events.append
    )
    assert path == tmp_path / "page.html"
    text = path.read_text("utf-8")
    assert "evaluated on 20 reviews of split validation" in text
    assert "<dt>training reviews</dt><dd>180 of " in text
    caveat = f"the best epoch of {classifier.run} was chosen on these reviews, so the figures are optimistic"
    assert caveat in text
    assert [str(event) for event in events] == [
        "evaluating on 20 reviews of split validation", caveat, "saved 6 charts in plots",
    ]  # fmt: skip
    assert len(list(Path("plots").iterdir())) == 18
    classifier.run = None
    with pytest.raises(imdb_gru.RunError, match="was not loaded from a run"):
        imdb_gru.write_report(classifier, output=tmp_path / "page.html")


def test_options_choose_data_place_and_plots(invoke, sample_run, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nwonderful,pos\ndull,neg\ndull,pos\n")
    arguments = ["--run", sample_run.path, "--data", "a.csv", "--output", "page.html", "--plots", "new/plots"]
    result = invoke("report", *arguments, "--examples", 0)
    assert (result.code, result.out) == (0, "page.html\n")
    assert "3 reviews of split all" in Path("page.html").read_text("utf-8")
    assert not load_examples("page.html")
    assert len(list(Path("new/plots").iterdir())) == 18


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--output", "none/page.html"], 1, "there is no folder none"),
        (["--output", "."], 1, "it is a folder"),
        (["--plots", "file"], 1, "it is a file; choose a folder"),
        (["elsewhere"], 2, "the run was given twice"),
        (["--examples", "-1"], 2, "--examples"),
    ],
)
def test_wrong_arguments_are_reported_before_any_work(
    invoke, sample_run, tmp_path, monkeypatch, arguments, code, message
):
    monkeypatch.setattr(page, "choose_reviews", None)
    (tmp_path / "file").touch()
    result = invoke("report", "--run", sample_run.path, *arguments)
    assert result.code == code
    assert message in result.err
    assert result.out == ""


def test_a_missing_package_is_reported_before_any_work(invoke, sample_run, monkeypatch):
    monkeypatch.setattr(page, "choose_reviews", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = invoke("report", sample_run.path)
    assert result.code == 1
    assert "imdb-gru[report]" in result.err
