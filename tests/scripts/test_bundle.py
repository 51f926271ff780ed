import json
import shutil
import sys

import numpy as np
import pytest
import yaml
from support.bundles import BUNDLED_WORDS, SIZES, load_script

from imdb_gru.config.prediction import PredictionConfig
from imdb_gru.corpus.corpus import load_training_reviews
from imdb_gru.corpus.digests import digest_texts
from imdb_gru.inspection import inspect_text
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.metrics import compute_scores
from imdb_gru.models.next_word import NextWordModel
from imdb_gru.runs.catalogue import BundledRun, find_run
from imdb_gru.runs.weights import read_arrays
from imdb_gru.sources import open_source
from imdb_gru.text.tokenizer import TOKENIZERS


@pytest.fixture(scope="module")
def script():
    return load_script("bundle")


def draw_sequences(count=30):
    rng = np.random.default_rng(8)
    return [np.array([1, *rng.integers(2, BUNDLED_WORDS + 3, rng.integers(1, 60))], np.int32) for _ in range(count)]


def test_both_models_predict_as_the_originals(bundled):
    folder, encoder, run = bundled
    sequences = draw_sequences()
    classifiers = [Classifier.load(one) for one in (run, BundledRun("sentiment", folder))]
    ours, theirs = (classifier.predict_ids(sequences) for classifier in classifiers)
    np.testing.assert_allclose(ours, theirs, atol=0.06)
    assert ours.std() > 0.1
    for one, other in zip(*(classifier.predict_timesteps(sequences) for classifier in classifiers), strict=True):
        np.testing.assert_allclose(one, other, atol=0.15)
        assert np.abs(one - other).mean() < 0.03
    words = [NextWordModel.load(one) for one in (encoder, BundledRun("next_word", folder))]
    expected = [np.exp(model.predict(sequences[0])) for model in words]
    np.testing.assert_allclose(*expected, atol=0.2)
    assert np.abs(expected[0] - expected[1]).sum(axis=1).mean() < 0.15
    assert words[1].vocabulary.words == classifiers[1].vocabulary.words == run.load_vocabulary().words


def test_what_did_not_change_is_not_stored_twice(bundled):
    folder, *_ = bundled
    with np.load(folder / "sentiment" / "weights.npz") as stored:
        assert "numbers0" not in stored
        assert "numbers1" in stored
    both = (BundledRun("sentiment", folder), BundledRun("next_word", folder))
    with read_arrays(both[0]) as ours, read_arrays(both[1]) as theirs:
        np.testing.assert_array_equal(next(ours), next(theirs))


def test_bundled_models_are_small_and_say_nothing_of_where_they_were_made(bundled, tmp_path):
    folder, encoder, run = bundled
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    files = ("config.yaml", "weights.npz", "metrics.json")
    assert names == {
        "vocabulary.json",
        "sentiment/prediction.json",
        *(f"{task}/{name}" for task in ("sentiment", "next_word") for name in files),
    }
    for task, original in (("sentiment", run), ("next_word", encoder)):
        assert (folder / task / "weights.npz").stat().st_size < original.weights_path.stat().st_size / 2
        config = yaml.safe_load((folder / task / "config.yaml").read_text())
        assert config["data"]["path"] is None
        assert config["model"]["pretrained"] == ("bundled" if task == "sentiment" else None)
        assert json.loads((folder / task / "metrics.json").read_text())["best"]["epoch"] == 1
    assert not any(str(tmp_path).encode() in path.read_bytes() for path in folder.rglob("*.[jy]*"))
    with np.load(folder / "sentiment" / "weights.npz") as stored:
        assert stored["count"] == 6
    assert BundledRun("sentiment", folder).load_config().model.units == SIZES["units"]


def test_a_bundled_classifier_can_be_inspected(bundled):
    folder, _, run = bundled
    ours, theirs = (
        inspect_text(Classifier.load(one), "w3 w1 w200 unheard").to_dict()
        for one in (BundledRun("sentiment", folder), run)
    )
    assert ours.keys() == theirs.keys()
    assert [row["token"] for row in ours["timesteps"]] == ["<start>", "w3", "w1", "w200", "unheard"]
    assert ours["probability"] == pytest.approx(theirs["probability"], abs=0.02)


def test_a_temperature_divides_the_logits(script, pair, tmp_path):
    encoder, run = pair
    sequences, logits = draw_sequences(), []
    for temperature in (1.0, 4.0):
        folder = tmp_path / f"at{temperature}"
        script.bundle(run, encoder, temperature, folder)
        probabilities = Classifier.load(BundledRun("sentiment", folder)).predict_ids(sequences)
        logits.append(np.log(probabilities / (1 - probabilities)))
        assert BundledRun("sentiment", folder).load_metrics().temperature == temperature
    np.testing.assert_allclose(logits[0], 4 * logits[1], atol=0.02)


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_is_that_of_the_least_log_loss(script, true):
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 20_000)
    labels = (rng.random(20_000) < 1 / (1 + np.exp(-logits))).astype(int)
    said = (1 / (1 + np.exp(-logits * true))).astype("f")
    found = script.fit_temperature(labels, said)
    assert found == pytest.approx(true, rel=0.05)
    mended = 1 / (1 + np.exp(-logits * true / found))
    before, after = (compute_scores(labels, p).log_loss for p in (said, mended.astype("f")))
    assert after <= before + 1e-6


def list_sample_words(count=200):
    from collections import Counter

    from imdb_gru.sources.sample import SampleSource

    tokens = Counter(word for r in SampleSource().iter_reviews("train") for word in TOKENIZERS["words"](r.text))
    return [word for word, _ in tokens.most_common(count)]


def run_script(script, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["bundle.py", *map(str, arguments)])
    script.main()


def bundle_sample_run(script, make_pair, folder, monkeypatch):
    """Bundle a run that knows the words of the sample, on which it says that it was trained."""
    _, run = make_pair(list_sample_words())
    config = run.load_config()
    data = {"hash": load_training_reviews(open_source(config.data), config).hash}
    run.seal({"interrupted": False, "best": {"epoch": 1}, "data": data})
    run_script(script, monkeypatch, run.path, "--folder", folder)
    return BundledRun("sentiment", folder)


def test_the_script_bundles_and_prints_the_validation_figures(script, make_pair, tmp_path, monkeypatch, capsys):
    bundled = bundle_sample_run(script, make_pair, tmp_path / "out", monkeypatch)
    before, after, limit, *sizes = capsys.readouterr().out.splitlines()
    assert before.startswith("20 validation reviews ")
    assert after.startswith("rounded, T = ")
    losses = [float(line.split()[line.split().index("log_loss") + 1]) for line in (before, after)]
    assert losses[1] < losses[0]
    assert limit.startswith("with a maximum error of 5 %")
    assert len(sizes) == 10
    assert bundled.load_prediction_config() == PredictionConfig.select(bundled.load_config())
    assert (bundled.state, bundled.load_calibration().reviews) == ("complete", 20)
    monkeypatch.setenv("IMDB_GRU_DATA", "sample")
    seen, config = bundled.load_seen(), bundled.load_config()
    reviews = load_training_reviews(open_source(config.data), config)
    texts = [review.text for review in (*reviews.train, *reviews.validation)]
    assert seen.share == 16
    assert 0 < len(seen.digests) < 30 < seen.count(digest_texts(texts, config.text, bundled.load_vocabulary())) <= 200


def test_errors_and_digests_are_written_again_from_the_reviews_of_the_training(
    script, make_pair, tmp_path, monkeypatch, capsys
):
    bundled = bundle_sample_run(script, make_pair, tmp_path / "out", monkeypatch)
    monkeypatch.setenv("IMDB_GRU_DATA", "sample")
    metrics, files = bundled.load_metrics(), bundled.load_metrics().files
    for path in bundled.optional_paths:
        path.unlink(missing_ok=True)
    run_script(script, monkeypatch, "--refresh", "--folder", tmp_path / "out")
    assert bundled.load_metrics().files == files
    assert bundled.state == "complete"
    bundled.seal({**metrics.to_dict(), "data": {"hash": "that of other reviews"}})
    with pytest.raises(SystemExit):
        run_script(script, monkeypatch, "--refresh", "--folder", tmp_path / "out")
    assert "these are not the reviews that bundled was trained on" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["runs/some", "--refresh"]])
def test_either_a_run_is_bundled_or_the_folder_is_refreshed(script, tmp_path, monkeypatch, capsys, arguments):
    with pytest.raises(SystemExit):
        run_script(script, monkeypatch, *arguments, "--folder", tmp_path / "out")
    assert "give either a run or --refresh" in capsys.readouterr().err


def test_a_model_of_other_sizes_replaces_the_bundled_one(script, bundled, make_pair):
    folder, *originals = bundled
    BundledRun("sentiment", folder).keep_prediction_config()
    for original in originals:
        shutil.rmtree(original.path)
    encoder, run = make_pair(units=8)
    script.bundle(run, encoder, 1.0, folder)
    assert Classifier.load(BundledRun("sentiment", folder)).network.hidden_size == 8


def test_a_run_that_started_from_a_bundled_one_is_bundled_in_its_place(script, bundled, make_pair):
    folder, encoder, run = bundled
    before = Classifier.load(find_run(None)).predict_ids(draw_sequences())
    run.write_text(run.config_path, run.config_path.read_text().replace(str(encoder.path), "bundled"))
    script.bundle(run, find_run(script.Path("bundled"), "next_word"), 1.0, folder)
    assert BundledRun("sentiment", folder).state == BundledRun("next_word", folder).state == "complete"
    np.testing.assert_allclose(Classifier.load(find_run(None)).predict_ids(draw_sequences()), before, atol=0.02)


def test_a_run_that_started_from_nothing_is_refused(script, pair, monkeypatch, capsys, tmp_path):
    _, run = pair
    text = run.config_path.read_text()
    run.write_text(run.config_path, text.replace(f"pretrained: {pair[0].path}", "pretrained: null"))
    run.seal(run.load_metrics().to_dict())
    with pytest.raises(SystemExit):
        run_script(script, monkeypatch, run.path, "--folder", tmp_path / "out")
    assert "started from random weights" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
