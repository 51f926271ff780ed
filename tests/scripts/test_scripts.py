import importlib.util
import json
import subprocess
import sys

import click
import numpy as np
import pytest
from support.paths import SCRIPTS

pytestmark = pytest.mark.processes


@pytest.fixture
def measurements():
    spec = importlib.util.spec_from_file_location("measurements", SCRIPTS / "benchmarks" / "measurements.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_benchmark(*arguments):
    return run_script("benchmark", *arguments)


def run_script(name, *arguments):
    command = [sys.executable, str(SCRIPTS / "benchmarks" / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def make_command(**printed):
    return [sys.executable, "-c", f"print({json.dumps(printed)!r})"]


def test_medians_and_ratios_are_of_alternating_rounds(measurements):
    ours, theirs = make_command(seconds=2), make_command(best={"seconds": 6})
    race = measurements.Measurements({"theirs": theirs, "ours": ours})
    race.run(2)
    assert race.median("ours", "seconds") == 2
    assert race.compare("theirs", "ours", "seconds") == 3
    assert all(figures["wall"] > 0 and figures["megabytes"] > 1 for figures in race.figures["ours"])


def test_a_command_that_fails_ends_the_benchmark_with_its_words(measurements):
    with pytest.raises(click.ClickException, match="exited with 3: what went wrong"):
        measurements.measure([sys.executable, "-c", "import sys; sys.stderr.write('what went wrong'); sys.exit(3)"])


@pytest.mark.examples
@pytest.mark.keras
def test_startup_and_bulk_scoring_are_timed_side_by_side(sample_run, tmp_path):
    output = run_benchmark("startup", sample_run.path, "--rounds", 1)
    assert "times as fast" in output
    arguments = ["--data", "sample", "--reviews", 20, "--rounds", 1, "--json", tmp_path / "figures.json"]
    assert "times as fast alone" in run_benchmark("predict", sample_run.path, *arguments)
    assert json.loads((tmp_path / "figures.json").read_text())[0]["imdb-gru"][0]["wall"] > 0


@pytest.mark.examples
def test_the_model_in_the_package_is_timed(tmp_path):
    arguments = ["--data", "sample", "--rounds", "1", "--json", tmp_path / "figures.json"]
    output = run_script("bundled", *arguments)
    for name in ("cold start", "inspect of 500 words", "report", "text to CSV", "reading alone"):
        assert name in output
    assert output.count("at most") == 2  # the goal of a report is for IMDB
    (figures,) = json.loads((tmp_path / "figures.json").read_text())
    assert all(one[0]["processor"] > 0 for one in figures.values())


@pytest.mark.examples
@pytest.mark.keras
def test_training_is_timed_against_keras_of_the_same_sizes(tmp_path):
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(30)]
    (tmp_path / "imdb_word_index.json").write_text(json.dumps({word: rank for rank, word in enumerate(words, 1)}))
    splits = {}
    for split in ("train", "test"):
        x = np.empty(80, dtype=object)
        x[:] = [rng.integers(1, 31, rng.integers(3, 30)).tolist() for _ in range(80)]
        splits |= {f"x_{split}": x, f"y_{split}": np.arange(80) % 2}
    np.savez(tmp_path / "imdb.npz", **splits)
    sizes = ["--reviews", 64, "--units", 8, "--rounds", 1, "--plot", tmp_path / "plot.png"]
    output = run_benchmark("train", "--npz", tmp_path / "imdb.npz", *sizes)
    assert "8 units, 500 words, 64 reviews" in output
    assert "Keras, bucketed" in output
    assert (tmp_path / "plot.png").stat().st_size > 1000


@pytest.mark.cluster
@pytest.mark.keras
def test_keras_workers_of_tensorflow_end_with_the_weights_of_one(tmp_path):
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 30, 96)
    reviews = {"ids": rng.integers(3, 50, lengths.sum()), "offsets": np.r_[0, lengths.cumsum()]}
    np.savez(tmp_path / "reviews.npz", **reviews, labels=np.arange(96) % 2, words=50)
    figures = []
    for workers in (1, 2):
        sizes = ["--workers", workers, "--batch-size", 32 // workers, "--embedding", 4, "--units", 4]
        script = [SCRIPTS / "benchmarks" / "peers" / "keras_workers.py", "tensorflow", tmp_path / "reviews.npz", *sizes]
        printed = subprocess.run([sys.executable, *map(str, script)], check=True, capture_output=True).stdout
        figures.append(json.loads(printed))
    assert figures[1]["weights_apart"] == 0
    assert figures[1]["norm"] == pytest.approx(figures[0]["norm"], rel=1e-5)
