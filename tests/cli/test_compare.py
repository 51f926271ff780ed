"""Networks and the linear baseline, side by side on the same reviews."""

import json
import re
import shutil

import numpy as np
import pytest
from support.commands import BUDGET, assert_not_loaded, call, train

import imdb_gru

pytestmark = pytest.mark.processes

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

OVERRIDES = {"data.limit": 200, "model.units": 8, "model.embedding": 8, "train.epochs": 1}


def read_times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which runs/compare holds a comparison of a GRU and the linear baseline; what was printed."""
    folder = tmp_path_factory.mktemp("compared")
    done = call("compare", *BUDGET, "--plots", "plots", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def compared(trained, tmp_path, monkeypatch):
    """A copy of that folder, to work in."""
    shutil.copytree(trained[0], tmp_path / "copy")  # with the times of its files
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy" / "runs" / "compare"


@pytest.mark.keras
def test_a_person_gets_tables_and_a_verdict(trained):
    folder, done = trained
    for part in (
        "peak MB",
        "McNemar's exact test",
        "only first correct",
        "accuracy by words read",
        "test, 200 reviews",
    ):
        assert part in done.stdout
    figures = json.loads((folder / "runs" / "compare" / "comparison.json").read_text())
    assert done.stdout.rstrip().endswith(figures["verdict"])
    assert {model["model"] for model in figures["models"]} == {"linear", "gru"}
    for model in figures["models"]:
        assert model["peak_memory_mb"] > 10
        assert [row["timestep"] for row in model["accuracy_by_timestep"]] == [10, 25, 50, 100, 200, 300, 400, 500]
        assert model["accuracy_by_timestep"][-1]["accuracy"] == pytest.approx(model["accuracy"])
    assert len(list((folder / "plots").iterdir())) == 9
    gru, linear = sorted(figures["models"], key=lambda model: model["model"])
    assert (gru["engine"].split()[0], linear["engine"]) == ("fused", "scikit-learn")
    assert gru["compile_seconds"] > 0
    assert gru["runs"][0]["config"]["train"]["epochs"] == 1
    assert f"linear: {linear['description']}\n" in done.stdout
    assert "resource_tracker" not in done.stderr


@pytest.mark.keras
def test_both_saw_the_same_reviews_and_the_linear_model_counts_its_ngrams(compared):
    network, linear = (
        json.loads((compared / name).read_text()) for name in ("gru-0/metrics.json", "linear-0/figures.json")
    )
    assert network["data"]["hash"] == linear["data"]["hash"]
    assert linear["C"] in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    assert (linear["data"]["train"], linear["data"]["validation"]) == (180, 20)
    assert linear["parameters"] > 1000  # the 180 words of these reviews, their pairs and triples


@pytest.mark.keras
def test_a_second_call_trains_and_evaluates_nothing_again(compared, invoke):
    before = read_times(compared)
    result = invoke("compare", *BUDGET, "--json")
    assert result.code == 0, result.err
    assert result.err.count(" is complete\n") == 2
    after = read_times(compared)
    assert {path for path in after if after[path] != before.get(path)} == {compared / "comparison.json"}
    assert json.loads(result.out) == json.loads((compared / "comparison.json").read_text())
    assert [run["run"] for model in json.loads(result.out)["models"] for run in model["runs"]] == [
        "runs/compare/linear-0",
        "runs/compare/gru-0",
    ]


@pytest.mark.keras
def test_only_unfinished_and_missing_models_are_trained(compared, invoke):
    (compared / "gru-0" / "metrics.json").unlink()
    before = read_times(compared / "linear-0")
    done = invoke("compare", *BUDGET)
    assert done.code == 0, done.err
    assert "2 of 2: resuming runs/compare/gru-0\n" in done.err
    assert "\nresuming after epoch 0 of 1\n" in done.err
    assert (compared / "gru-0" / "metrics.json").exists()
    assert read_times(compared / "linear-0") == before
    before = read_times(compared / "gru-0")
    old = np.load(compared / "linear-0" / "probabilities.npz")["test"]
    shutil.rmtree(compared / "linear-0")
    done = invoke("compare", *BUDGET)
    assert done.code == 0, done.err
    assert "1 of 2: training runs/compare/linear-0\n" in done.err
    assert read_times(compared / "gru-0") == before
    assert (np.load(compared / "linear-0" / "probabilities.npz")["test"] == old).all()


@pytest.mark.keras
def test_models_trained_on_different_reviews_are_not_compared(compared, invoke):
    metrics = json.loads((compared / "gru-0" / "metrics.json").read_text())
    metrics["data"]["hash"] = "that of others"
    (compared / "gru-0" / "metrics.json").write_text(json.dumps(metrics))
    result = invoke("compare", *BUDGET)
    assert result.code == 1
    assert "have different training or validation reviews" in result.err


@pytest.mark.keras
def test_kept_predictions_are_used_unless_the_file_is_broken(compared, invoke, monkeypatch):
    (kept,) = (compared / "predictions").iterdir()
    before = invoke("compare", *BUDGET, "--json").out
    kept.write_bytes(b"broken")
    assert invoke("compare", *BUDGET, "--json").out == before
    monkeypatch.setattr("imdb_gru.comparison.evaluating.predict_reviews", lambda *_: pytest.fail("predicted again"))
    assert invoke("compare", *BUDGET, "--json").out == before


@pytest.mark.keras
def test_the_validation_split_is_each_runs_own(compared, invoke):
    figures = json.loads(invoke("compare", *BUDGET, "--split", "validation", "--json").out)
    assert (figures["split"], figures["n"]) == ("validation", 20)
    evaluated = json.loads(invoke("evaluate", "--run", compared / "gru-0", "--split", "validation", "--json").out)
    gru = next(model for model in figures["models"] if model["model"] == "gru")
    assert gru["log_loss"] == pytest.approx(evaluated["log_loss"])
    assert len(gru["runs"]) == 1


@pytest.mark.keras
def test_complete_runs_are_compared_and_nothing_is_written(compared, invoke, sample_run):
    before = read_times(compared.parent.parent)
    result = invoke("compare", compared / "gru-0", sample_run.path, "--json")
    assert result.code == 0, result.err
    assert read_times(compared.parent.parent) == before
    figures = json.loads(result.out)
    assert [model["model"] for model in figures["models"]] == ["gru-0", "sample"]
    for model in figures["models"]:
        evaluated = json.loads(invoke("evaluate", "--run", model["runs"][0]["run"], "--json").out)
        for name in ("accuracy", "log_loss", "ece"):
            assert model[name] == pytest.approx(evaluated[name]), name
        assert model["accuracy_by_timestep"] == evaluated["accuracy_by_timestep"]
    with_folder = invoke("compare", compared / "gru-0", sample_run.path, "--into", "here", "--json")
    assert json.loads(with_folder.out) == figures
    assert json.loads((compared.parent.parent / "here" / "comparison.json").read_text()) == figures


@pytest.mark.keras
def test_runs_on_other_data_and_an_older_run_without_its_peak(compared, invoke, sample_run, tmp_path):
    metrics = json.loads((compared / "gru-0" / "metrics.json").read_text())
    del metrics["peak_memory_mb"]
    (compared / "gru-0" / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "a.csv").write_text("text,label\nwonderful,pos\ndull,neg\nnot dull,pos\n")
    result = invoke("compare", compared / "gru-0", sample_run.path, "--data", tmp_path / "a.csv")
    assert result.code == 0, result.err
    assert "all, 3 reviews" in result.out
    header, row = (line for line in result.out.splitlines()[1:3])
    cells = dict(zip(re.split(r"\s{2,}", header), re.split(r"\s{2,}", row), strict=True))
    assert (cells["model"], cells["peak MB"]) == ("gru-0", "-")


@pytest.mark.keras
def test_a_run_that_reads_backwards_has_no_curve(compared, invoke, tmp_path):
    assert train(invoke, tmp_path / "both", "--set", "model.bidirectional=true", limit=200).code == 0
    result = invoke("compare", compared / "gru-0", tmp_path / "both")
    assert result.code == 0, result.err
    (header,) = (line for line in result.out.splitlines() if line.startswith("words read"))
    assert header.split() == ["words", "read", "gru-0"]


@pytest.mark.keras
def test_a_comparison_is_a_function_of_the_library(compared, sample_run):
    runs, events = (compared / "gru-0", sample_run), []
    comparison = imdb_gru.compare(runs, data="sample", split="test", observer=events.append)
    assert [model.model for model in comparison.models] == ["gru-0", "sample"]
    assert comparison.n == json.loads(json.dumps(comparison.to_dict()))["n"] > 200
    assert {str(event) for event in events} >= {f"evaluating on {comparison.n} reviews of split test"}
    again = imdb_gru.compare(
        models=("linear", "gru"), seeds=1, data="sample", overrides=OVERRIDES, folder="runs/compare", split="validation"
    )
    assert (again.split, again.n) == ("validation", 20)
    with pytest.raises(imdb_gru.ConfigError, match="leave out config, models, seeds, engine and overrides"):
        imdb_gru.compare(runs, seeds=2)
    with pytest.raises(imdb_gru.ConfigError, match="at least one seed, got 0"):
        imdb_gru.compare(seeds=0)


@pytest.mark.keras
def test_comparing_runs_loads_no_tensorflow(compared, sample_run):
    arguments = ["compare", str(compared / "gru-0"), str(sample_run.path)]
    assert_not_loaded(arguments, {"tensorflow", "keras", "sklearn", "matplotlib", "pooch", "pyarrow"})
