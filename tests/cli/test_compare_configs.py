"""Configs that are compared with each other over several seeds, and finished runs that are grouped by config."""

import json

import pytest
import yaml
from support.commands import SMALL, call

pytestmark = [pytest.mark.keras, pytest.mark.processes]

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pandas = pytest.importorskip("pandas")

BUDGET = ["--data", "sample", "--set", "data.limit=80", *SMALL[2:], "--engine", "keras", "--seeds", "1,5"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A folder with a comparison of two configs, with its tables and charts; what was printed."""
    folder = tmp_path_factory.mktemp("configs")
    for name, pooling in (("small", ["last"]), ("wide", ["last", "max"])):
        model = {"pretrained": None, "pooling": pooling}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"model": model}))
    configs = ["--config", "small.yaml", "--config", "wide.yaml"]
    done = call("compare", *configs, *BUDGET, "--tables", "tables", "--plots", "plots", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_each_config_has_its_seeds_and_the_figures_of_evaluate(compared, invoke):
    folder, figures = compared
    assert [model["model"] for model in figures["models"]] == ["small", "wide"]
    assert json.loads((folder / "runs" / "compare" / "comparison.json").read_text()) == figures
    assert figures["caveat"] is None
    frame = pandas.read_csv(folder / "tables" / "runs.csv")
    assert frame[["model", "seed", "engine"]].values.tolist() == [
        ["small", 1, "keras"], ["small", 5, "keras"], ["wide", 1, "keras"], ["wide", 5, "keras"],
    ]  # fmt: skip
    for _, row in frame.iterrows():
        evaluated = json.loads(invoke("evaluate", "--run", folder / row.run, "--json").out)
        assert [row.accuracy, row.accuracy_low, row.accuracy_high] == pytest.approx(
            [evaluated["accuracy"], *evaluated["accuracy_interval"]]
        )
        assert [row.log_loss, row.ece] == pytest.approx([evaluated["log_loss"], evaluated["ece"]])
    (pair,) = figures["pairs"]
    assert [test["seeds"] for test in pair["seeds"]] == [[1, 1], [5, 5]]
    assert {model["runs"][0]["config"]["train"]["engine"] for model in figures["models"]} == {"keras"}
    settings = pandas.read_csv(folder / "tables" / "settings.csv")
    assert settings.key.tolist() == ["model.pooling"]
    assert sorted(path.suffix for path in (folder / "plots").iterdir()) == sorted([".png", ".svg", ".pdf"] * 3)


def test_finished_runs_are_grouped_by_config(compared, invoke):
    folder, figures = compared
    runs = sorted((folder / "runs" / "compare").glob("*-?"))
    again = json.loads(invoke("compare", *runs, "--json").out)
    assert [model["model"] for model in again["models"]] == ["small", "wide"]
    for model, before in zip(again["models"], figures["models"], strict=True):
        assert (model["accuracy"], model["accuracy_interval"]) == (before["accuracy"], before["accuracy_interval"])
        assert model["runs"][1]["config"] == before["runs"][1]["config"]
    assert again["pairs"] == figures["pairs"]


def test_one_group_of_runs_has_its_mean(compared, invoke):
    folder, _ = compared
    result = invoke("compare", *sorted((folder / "runs" / "compare").glob("small-?")))
    assert result.code == 0, result.err
    assert "reviews correctly, the mean of 2 seeds" in result.out


def test_other_python_arguments(compared, tmp_path, monkeypatch):
    import imdb_gru

    with pytest.raises(imdb_gru.ConfigError, match="a comparison needs a config, got none"):
        imdb_gru.compare(config=[])
    configs = [imdb_gru.load_config(name) for name in ("scratch", "tutorial")]
    with pytest.raises(imdb_gru.ConfigError, match="a Config object has no name: give a mapping from names to configs"):
        imdb_gru.compare(config=configs)
    with pytest.raises(imdb_gru.ConfigError, match="a config cannot be called 'a/b' in a comparison"):
        imdb_gru.compare(config={"a/b": "scratch", "c": "tutorial"})
    with pytest.raises(imdb_gru.ConfigError, match=r"train\.seed cannot be set for a comparison"):
        imdb_gru.compare(overrides={"train.seed": 3})
    with pytest.raises(imdb_gru.ConfigError, match="unknown model 'tree'"):
        imdb_gru.compare(config=imdb_gru.load_config("scratch"), models=["tree"])
