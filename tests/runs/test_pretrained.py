import numpy as np
import pytest
from support.sessions import ignore, on_epoch, open_session

from imdb_gru.config import Config, build_config
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.runs.catalogue import BundledRun
from imdb_gru.runs.pretrained import load_pretrained
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import read_arrays


def build(pretrained, text=None, **model) -> Config:
    sizes = {"embedding": 5, "units": 6, **model}
    pretrained = pretrained and str(pretrained)
    return build_config({"text": text or {}, "model": {**sizes, "pretrained": pretrained}}, "test")


def test_nothing_is_taken_over_where_nothing_is_named():
    assert load_pretrained(build_config({"model": {"pretrained": None}}, "test")) is None


@pytest.mark.parametrize("options", [{}, {"layers": 2}, {"cell": "lstm"}, {"cell": "simple_rnn", "layers": 3}], ids=str)
def test_vocabulary_embedding_and_cells_are_taken_over(make_next_word_run, options):
    run = make_next_word_run(**options)
    taken = load_pretrained(build(run.path, **options))
    assert taken.vocabulary.words == run.load_vocabulary().words
    assert len(taken.weights) == 1 + 3 * options.get("layers", 1)
    with read_arrays(run) as stored:
        for ours, theirs in zip(taken.weights, stored, strict=False):
            np.testing.assert_array_equal(ours, theirs)


def test_the_one_in_the_package_is_taken_by_name(bundled):
    folder, *_ = bundled
    config = build(None, embedding=24, units=16)  # the bundled model of this test is smaller than the package's
    taken = load_pretrained(
        config.model_copy(update={"model": config.model.model_copy(update={"pretrained": "bundled"})})
    )
    with read_arrays(BundledRun("next_word", folder)) as stored:
        for ours, theirs in zip(taken.weights, stored, strict=False):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("key", "value", "was"),
    [("cell", "lstm", "gru"), ("units", 7, 6), ("layers", 2, 1), ("embedding", 4, 5)],
)
def test_another_shape_is_refused_with_what_to_set(make_next_word_run, key, value, was):
    run = make_next_word_run()
    with pytest.raises(ConfigError) as error:
        load_pretrained(build(run.path, **{key: value}))
    assert str(error.value) == (
        "the config has an error:\n"
        f"  model.{key} is {value}, but {run.path} has {was}: set model.{key}={was}, or model.pretrained=null"
    )


def test_other_words_are_refused(make_next_word_run):
    run = make_next_word_run()
    with pytest.raises(
        ConfigError, match=r"\n  text\.tokenizer is keras, but .* has words: set text\.tokenizer=words, or"
    ):
        load_pretrained(build(run.path, {"tokenizer": "keras"}))
    with pytest.raises(
        ConfigError, match=r"\n  text\.max_words is null, but .* has 20000: set text\.max_words=20000, or"
    ):
        load_pretrained(build(run.path, {"max_words": None}))


@pytest.mark.parametrize(("own", "other"), [("forward", "backward"), ("backward", "forward")])
def test_another_direction_is_refused(make_next_word_run, own, other):
    run = make_next_word_run(text={"direction": other})
    assert load_pretrained(build(run.path, {"direction": other}))
    with pytest.raises(ConfigError) as error:
        load_pretrained(build(run.path, {"direction": own}))
    assert str(error.value) == (
        "the config has an error:\n"
        f"  text.direction is {own}, but {run.path} has {other}: set text.direction={other}, or model.pretrained=null"
    )


def test_a_run_without_the_key_reads_forward(make_next_word_run):
    run = make_next_word_run()
    lines = run.config_path.read_text().splitlines(keepends=True)
    run.config_path.write_text("".join(line for line in lines if "direction" not in line))
    assert len(run.config_path.read_text().splitlines()) == len(lines) - 1
    assert run.load_next_word_config().text.direction == "forward"


def test_all_that_differs_is_told_at_once(make_next_word_run):
    run = make_next_word_run()
    with pytest.raises(ConfigError, match=r"2 errors:\n  text\.max_words is 9, .*\n  model\.units is 7, "):
        load_pretrained(build(run.path, {"max_words": 9}, units=7))


def test_what_is_no_finished_next_word_run_is_refused(pair, tmp_path):
    encoder, _ = pair
    sizes = {"embedding": 24, "units": 16}
    assert load_pretrained(build(encoder.path, **sizes))
    with pytest.raises(ConfigError, match=r"^model.pretrained: there is no run at nowhere; start one with .*pretrain"):
        load_pretrained(build("nowhere", **sizes))
    encoder.weights_path.write_bytes(b"")
    with pytest.raises(RunError, match="is damaged"):
        load_pretrained(build(encoder.path, **sizes))
    encoder.metrics_path.unlink()
    with pytest.raises(RunError, match="is not complete: resume it with imdb-gru pretrain --resume"):
        load_pretrained(build(encoder.path, **sizes))


def test_a_bidirectional_model_does_not_start_from_a_next_word_model(make_next_word_run):
    run = make_next_word_run()
    with pytest.raises(ConfigError, match=r"model\.bidirectional is true, but .* is unidirectional: set"):
        load_pretrained(build(run.path, bidirectional=True))
    with pytest.raises(ConfigError, match=r"model\.bidirectional is true, but the bundled model is unidirectional"):
        build_config({"model": {"bidirectional": True}}, "test")


def test_all_weights_of_a_classifier_are_taken(pair):
    _, classifier = pair
    taken = load_pretrained(build(classifier.path, embedding=24, units=16, pooling=["last", "max"]))
    assert taken.has_output
    with read_arrays(classifier) as stored:
        for ours, theirs in zip(taken.weights, stored, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("key", "value"), [("pooling", ["last"]), ("dense", [8])])
def test_another_output_than_that_of_the_classifier_is_refused(pair, key, value):
    _, classifier = pair
    sizes = {"embedding": 24, "units": 16, "pooling": ["last", "max"], key: value}
    with pytest.raises(ConfigError, match=rf"model\.{key} is .*, but .* has .*: set model\.{key}="):
        load_pretrained(build(classifier.path, **sizes))


def test_the_classifier_in_the_package_is_taken_by_its_name(bundled):
    folder, *_ = bundled
    config = build(None, embedding=24, units=16, pooling=["last", "max"])
    model = config.model.model_copy(update={"pretrained": "bundled-classifier"})
    taken = load_pretrained(config.model_copy(update={"model": model}))
    assert taken.has_output
    with read_arrays(BundledRun("sentiment", folder)) as stored:
        for ours, theirs in zip(taken.weights, stored, strict=True):
            np.testing.assert_array_equal(ours, theirs)


FINE = {"adversarial": None, "batch_size": 16, "deterministic": True, "learning_rate": 0.01}


@pytest.fixture
def prepare(make_next_word_run, tmp_path):
    """Open a training that starts from a next-word run of random weights; `run` is resumed."""
    words = ["the", "a", "and", "of", "it", "is", "film", "good", "bad", ".", ",", "not", "was", "this"]
    encoder = make_next_word_run("encoder", words=words)

    def prepare(run: Run | None = None, epochs=2, **train):
        values = {
            "data": {"path": "sample", "limit": 120},
            "text": {"length": 40},
            "model": {"embedding": 5, "units": 6, "pretrained": str(encoder.path)},
            "train": {"epochs": epochs, **FINE, **train},
        }
        config = build_config(values, "test")
        path = tmp_path / f"fine{len(list(tmp_path.glob('fine*')))}"
        return open_session(path, config, run=run, pretrained=load_pretrained(config)), encoder

    return prepare


@pytest.mark.keras
def test_training_starts_from_the_pretrained_weights_and_needs_them_no_more(prepare):
    import shutil

    session, encoder = prepare()
    trainer = session.trainer
    with read_arrays(encoder) as stored:
        start = [np.asarray(array) for array in stored][:4]
    for ours, theirs in zip(trainer.model.get_weights(), start, strict=False):
        np.testing.assert_array_equal(ours, theirs)
    assert [variable.path for variable in trainer.optimizer.slow] == [
        variable.path for variable in trainer.model.trainable_variables[:4]
    ]
    session.train(ignore)
    for ours, theirs in zip(trainer.model.get_weights(), start, strict=False):
        assert np.abs(ours - theirs).max() > 1e-3
    shutil.rmtree(encoder.path)
    session.run.check_complete()
    assert Classifier.load(session.run).predict("a good film").unknown == 0


@pytest.mark.keras
def test_the_rate_of_pretrained_weights_reaches_the_optimizer(prepare):
    session, _ = prepare(epochs=3, pretrained_rate=0.1)
    assert session.trainer.optimizer.rate == 0.1


@pytest.mark.keras
def test_stopped_and_resumed_it_ends_as_one_left_alone(prepare):
    import signal

    def stop(record):
        if record.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    options = {"pretrained_rate": 0.5, "virtual": 0.1}
    alone, _ = prepare(**options)
    alone.train(ignore)
    stopped, _ = prepare(**options)
    assert stopped.train(on_epoch(stop)).interrupted
    resumed, _ = prepare(run=stopped.run, **options)
    resumed.restore()
    resumed.train(ignore)
    weights = (session.trainer.model.get_weights() for session in (resumed, alone))
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
