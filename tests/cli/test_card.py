"""Model cards: what they say is what the run and `evaluate` say."""

import dataclasses
import json
from pathlib import Path

import pytest

import imdb_gru
from imdb_gru.models.classifier import Classifier
from imdb_gru.report import card


def read_table(text):
    """Return the cells of all rows of a card by the first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {first.strip(): rest for first, *rest in rows}


def test_a_card_says_what_evaluate_says(invoke, sample_run):
    result = invoke("card", sample_run.path)
    assert result.code == 0, result.err
    rows = read_table(result.out)
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--json").out)
    low, high = figures["accuracy_interval"]
    assert rows["accuracy"] == [f"{figures['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%})"]
    assert rows["log loss"] == [f"{figures['log_loss']:.4f}"]
    (right, positive), (negative, also_right) = figures["confusion_matrix"]
    assert rows["negative reviews taken for positive"] == [f"{positive} of {right + positive}"]
    assert rows["positive reviews taken for negative"] == [f"{negative} of {negative + also_right}"]
    assert rows["0 to 50"][1] == f"{figures['accuracy_by_length'][0]['accuracy']:.2%}"
    assert rows["10"][0] == f"{figures['accuracy_by_timestep'][0]['accuracy']:.2%}"
    assert rows["99%"][1] == f"{figures['coverage'][0]['accuracy']:.2%}"
    suite = json.loads(invoke("evaluate", "--run", sample_run.path, "--suite", "bundled", "--errors", 1, "--json").out)
    for kind in suite["kinds"]:
        assert rows[kind["kind"]] == [kind["test"], str(kind["tests"]), f"{kind['passed']:.1%}"]
        for failed in kind["failed"]:
            assert f'"{failed["texts"][0]}" gets {failed["probabilities"][0]:.2f}' in result.out.replace("\\", "")
    assert f"an empty text is {suite['empty_probability']:.3f}" in " ".join(result.out.split())


def test_a_card_says_how_the_model_was_trained(invoke, sample_run, tmp_path):
    result = invoke("card", "--run", sample_run.path, "--split", "validation", "--output", "CARD.md")
    assert (result.code, result.out) == (0, "CARD.md\n")
    text = Path("CARD.md").read_text("utf-8")
    rows, config = read_table(text), sample_run.load_config()
    assert rows["model"] == [f"a classifier: {config.model.brief}"]
    assert rows["training reviews"] == ["180 of sample"]
    assert rows["starts from"] == ["random weights"]
    assert "**Beware:** the best epoch of" in text
    assert text.endswith(f"```yaml\n{config.to_yaml()}```\n")
    command = rows["command"][0].strip("`").split(" --set ")
    assert command[0] == "imdb-gru train"
    changes = dict(change.strip("'").split("=", 1) for change in command[1:])
    again = imdb_gru.load_config("default", overrides={name: json_or_text(value) for name, value in changes.items()})
    assert again == config


def json_or_text(value):
    try:
        return json.loads(value)
    except ValueError:
        return value


def test_a_card_names_the_teachers_and_passages(invoke, sample_run, monkeypatch):
    metrics = sample_run.load_metrics()
    teachers = [{"name": "runs/a|b", "weight": 0.5}, {"name": "ngrams", "weight": 1.0}]
    changes = {"data": metrics.data.model_copy(update={"crops": 40}), "environment": {"teachers": teachers}}
    metrics = metrics.model_copy(update=changes)
    monkeypatch.setattr(type(sample_run), "load_metrics", lambda _: metrics)
    rows = read_table(card.render_card(card.build_card(sample_run)))
    assert rows["training reviews"] == ["180 of sample, and 40 passages of them"]
    assert rows["teachers"] == ["runs/a\\|b (weight 0.5), ngrams (weight 1)"]


def test_the_card_of_a_next_word_model_has_its_perplexity(invoke, next_word_run):
    result = invoke("card", "--run", next_word_run.path)
    assert result.code == 0, result.err
    figures = json.loads(invoke("evaluate", "--run", next_word_run.path, "--json").out)
    assert read_table(result.out)["perplexity"] == [f"{figures['perplexity']:.2f}"]
    assert "imdb-gru pretrain" in result.out
    assert "behaviour" not in result.out


def test_the_model_is_loaded_once(sample_run, monkeypatch):
    load, loaded = Classifier.load.__func__, []

    def count(kind, *arguments):
        loaded.append(arguments)
        return load(kind, *arguments)

    monkeypatch.setattr(Classifier, "load", classmethod(count))
    built = card.build_card(sample_run)
    assert len(loaded) == 1
    assert card.build_card(imdb_gru.load(sample_run, threshold=0.9)).suite.threshold == 0.9
    assert built.suite.threshold == 0.5


def test_a_card_shows_texts_and_commands_as_they_are(sample_run):
    built = card.build_card(sample_run)
    config = sample_run.load_config()
    data = config.data.model_copy(update={"path": "it's a|b.csv"})
    facts = dict(card._iter_facts(sample_run, config.model_copy(update={"data": data})))
    assert "--set 'data.path=it'\"'\"'s a\\|b.csv'" in facts["command"]
    facts = {"model": "[x](y) *a* `b` <i> _c_ simple_rnn a|b \\"}
    text = card.render_card(dataclasses.replace(built, facts=facts))
    assert "| model | \\[x](y) \\*a\\* \\`b\\` \\<i> \\_c\\_ simple_rnn a\\|b \\\\ |" in text


def test_a_card_of_a_model_without_failures_says_so(sample_run):
    built = card.build_card(sample_run)
    kinds = [type(kind)(kind.kind, kind.test, kind.tests, 1.0) for kind in built.suite.kinds]
    suite = type(built.suite)(built.suite.run, "bundled", 1, 0.5, 0.5, kinds)
    perfect = card.Card(built.run, built.facts, built.config, built.evaluation, suite)
    assert "None of the behavioural tests fails." in card.render_card(perfect)


@pytest.mark.parametrize(
    ("output", "message"),
    [("none/card.md", "there is no folder none"), (".", "cannot write .: it is a folder; choose a file")],
)
def test_a_wrong_place_is_reported_before_any_work(invoke, sample_run, monkeypatch, output, message):
    monkeypatch.setattr(card, "build_card", None)
    result = invoke("card", "--run", sample_run.path, "--output", output)
    assert result.code == 1
    assert message in result.err
    assert result.out == ""


def test_a_full_disk_loses_nothing(invoke, sample_run, tmp_path, monkeypatch):
    (tmp_path / "card.md").write_text("before")

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    result = invoke("card", "--run", sample_run.path, "--output", "card.md")
    assert (result.code, result.out) == (1, "")
    assert "cannot write card.md: No space left on device; choose another file" in result.err
    assert (tmp_path / "card.md").read_text() == "before"
