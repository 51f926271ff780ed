"""The public interface: what `import imdb_gru` offers, and that it does all that the commands do."""

import json

import pytest

import imdb_gru
from imdb_gru.events import CorpusRead, EngineChosen, EpochDone, Resumed, Stopped, TrainingStarted

NAMES = {
    "Classifier", "Comparison", "Config", "ConfigError", "CrossValidation", "DataConfig", "DataError",
    "DownloadError", "Evaluation", "Event", "ExchangeEvaluation", "ExplanationScores", "FormatError",
    "ImdbGruError", "Inspection", "MissingExtraError", "NextWordConfig", "NextWordEvaluation", "NextWordModel",
    "Plan", "Prediction", "Run", "RunError", "StepInspection", "SuiteEvaluation", "TextDiff", "__version__",
    "compare", "cross_validate", "evaluate", "evaluate_exchanges", "evaluate_suite", "explore", "export",
    "load", "load_config", "load_corpus", "load_next_word", "plan", "predict_file", "pretrain", "resume",
    "score_explanations", "train", "write_card", "write_report",
}  # fmt: skip

TINY = {
    "data.limit": 120, "text.length": 40, "model.pretrained": None, "model.embedding": 6, "model.units": 6,
    "train.epochs": 2, "train.batch_size": 16, "train.deterministic": True,
}  # fmt: skip


def test_the_public_names_are_these():
    assert set(imdb_gru.__all__) == NAMES
    assert dir(imdb_gru) == sorted(imdb_gru.__all__)
    for name in NAMES:
        assert getattr(imdb_gru, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fit'"):
        _ = imdb_gru.fit


def test_type_checkers_see_the_same_names_as_the_interpreter():
    """Both lists are written by hand: one for tools, one for the first use of a name."""
    from imdb_gru import _MODULES

    assert set(_MODULES) == NAMES - {"__version__"}


@pytest.mark.keras
def test_everything_that_a_command_does_can_be_done_from_python(tmp_path):
    events = []
    run = imdb_gru.train("default", data="sample", run=tmp_path / "a", overrides=TINY, observer=events.append)
    kinds = [type(event) for event in events]
    assert [kind for kind in kinds if kind in (CorpusRead, TrainingStarted, EngineChosen, EpochDone)] == [
        CorpusRead, TrainingStarted, EngineChosen, EpochDone, EpochDone,
    ]  # fmt: skip
    assert all(str(event) for event in events)
    assert "complete" in repr(run)
    assert run.load_metrics().epochs == 2

    model = imdb_gru.load(run)
    prediction = model.predict("A wonderful film.")
    assert prediction.label in ("positive", "negative")
    assert [one.probability for one in model.predict_many(["A wonderful film."])] == [prediction.probability]
    inspection = model.inspect("A wonderful film.")
    assert inspection.probability == pytest.approx(prediction.probability, abs=1e-6)
    assert json.dumps(inspection.to_dict())

    evaluation = imdb_gru.evaluate(model, split="validation")
    assert evaluation.n == 12
    assert f"accuracy={evaluation.accuracy:.4f}" in repr(evaluation)
    assert json.dumps(evaluation.to_dict())

    counts = imdb_gru.predict_file(["Fine.", "Dull."], tmp_path / "out.csv", model=model)
    assert counts.all == 2
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3

    other = imdb_gru.train(run.load_config(), run=tmp_path / "b", overrides={"train.seed": 1})
    comparison = imdb_gru.compare([run, other], data="sample")
    assert comparison.verdict in repr(comparison)
    assert imdb_gru.write_report(model, output=tmp_path / "report.html", examples=1).is_file()

    plan = imdb_gru.plan(run.load_config())
    assert plan.parameters == run.load_metrics().parameters
    assert json.dumps(plan.to_dict())


@pytest.mark.keras
def test_a_stopped_training_is_resumed_from_python(tmp_path):
    import signal

    def stop(event):
        events.append(event)
        if isinstance(event, EpochDone):
            signal.raise_signal(signal.SIGINT)

    events = []
    run = imdb_gru.train("default", data="sample", run=tmp_path / "a", overrides=TINY, observer=stop)
    assert run.load_metrics().interrupted
    assert events[-1] == Stopped(f"imdb-gru train --resume {run}", True, 130)
    events = []
    imdb_gru.resume(run.path, observer=events.append)
    assert next(event for event in events if isinstance(event, Resumed)).epoch == 1
    assert not run.load_metrics().interrupted
    with pytest.raises(imdb_gru.RunError, match="is complete, so it cannot be resumed"):
        imdb_gru.resume(run.path)


@pytest.mark.keras
def test_a_next_word_model_is_pretrained_evaluated_and_trained_from(tmp_path):
    overrides = {
        "data.limit": 80, "text.length": 30, "model.embedding": 6, "model.units": 6, "train.epochs": 1,
        "train.samples": 50, "train.batch_size": 16,
    }  # fmt: skip
    run = imdb_gru.pretrain(data="sample", run=tmp_path / "words", overrides=overrides)
    assert imdb_gru.load_next_word(run).choices > 10
    assert imdb_gru.evaluate(run, data="sample").perplexity > 1
    start = {"model.pretrained": str(run.path), "text.max_words": run.load_any_config().text.max_words}
    tuned = imdb_gru.train("default", data="sample", run=tmp_path / "tuned", overrides={**TINY, **start})
    assert tuned.load_vocabulary().words == run.load_vocabulary().words


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.predict(["a", "b"]), "predict takes one text, but got"),
        (lambda model: model.predict(None), "predict takes one text, but got None"),
        (lambda model: model.predict_many("text"), r"predict_many takes several texts, but got only one \('text'\)"),
        (lambda model: list(model.predict_many([None])), "predict_many takes strings, but one of the texts is None"),
        (lambda model: model.inspect(3), "inspect takes one text, but got 3"),
        (lambda model: model.inspect_step(["a"]), "inspect_step takes one text, but got .'a'."),
        (lambda model: model.inspect_diff("a", None), "inspect_diff takes two texts, but got None"),
    ],
)
def test_what_is_not_a_text_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call(imdb_gru.load("bundled"))


def test_a_section_in_the_overrides_keeps_its_other_keys():
    config = imdb_gru.load_config("scratch", {"model": {"units": 8, "dropout": {"word": 0.3}}})
    scratch = imdb_gru.load_config("scratch")
    assert (config.model.units, config.model.dropout.word) == (8, 0.3)
    assert config.model.dropout.output == scratch.model.dropout.output
    assert config.model.pretrained is None
    assert imdb_gru.load_config({"train": {"epochs": 2}}).train.epochs == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: imdb_gru.evaluate("bundled", split="tset"),
            imdb_gru.DataError,
            "there is no split 'tset': choose train,",
        ),
        (lambda: imdb_gru.evaluate("bundled", errors=-1), ValueError, "errors=-1: give an integer of at least 0"),
        (lambda: imdb_gru.plan("scratch", data=5), TypeError, "data=5: give a path"),
        (lambda: imdb_gru.plan("scratch", overrides=["a"]), TypeError, "overrides=.'a'.: give a mapping"),
        (lambda: imdb_gru.compare("bundled"), TypeError, r"compare takes several runs, but got only one \('bundled'\)"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_done(call, error, message):
    with pytest.raises(error, match=message):
        call()
