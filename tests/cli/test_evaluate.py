import json

import pytest
from support.commands import train

pytestmark = pytest.mark.keras

AGREED = {
    "accuracy", "log_loss", "precision", "recall", "f1", "roc_auc", "ece", "confusion_matrix", "n",
    "accuracy_by_timestep", "run", "split", "coverage",
}  # fmt: skip


def test_json_has_the_agreed_names(invoke, sample_run):
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--errors", 2, "--json").out)
    assert figures.keys() >= AGREED
    assert figures["n"] == 200
    assert sum(map(sum, figures["confusion_matrix"])) == 200
    assert [row["timestep"] for row in figures["accuracy_by_timestep"]] == [10, 25, 50, 100, 200, 300, 400, 500]
    assert figures["accuracy_by_timestep"][-1]["accuracy"] == pytest.approx(figures["accuracy"])
    assert sum(row["n"] for row in figures["accuracy_by_length"]) == 200
    low, high = figures["accuracy_interval"]
    assert low < figures["accuracy"] < high
    assert len(figures["errors"]) == 2
    for mistake in figures["errors"]:
        assert (mistake["probability"] >= 0.5) != (mistake["label"] == "positive")


def test_the_limit_of_the_runs_own_data_does_not_cut_other_data(invoke, sample_run, tmp_path):
    assert sample_run.load_config().data.limit == 200
    rows = "".join(f"film number {number},{number % 2}\n" for number in range(250))
    (tmp_path / "other.csv").write_text("text,label\n" + rows)
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--data", "other.csv", "--json").out)
    assert figures["n"] == 250


def test_a_person_gets_tables(invoke, sample_run):
    out = invoke("evaluate", "--run", sample_run.path, "--errors", 1).out
    for part in (
        "accuracy",
        "95 % interval",
        "words read",
        "words in review",
        "true positives",
        "ece",
        "most confident",
    ):
        assert part in out


def test_answers_are_counted_as_predict_gives_them(invoke, sample_run, calibrated_run):
    arguments = ["--run", calibrated_run.path, "--max-error", "10%"]
    figures = json.loads(invoke("evaluate", *arguments, "--json").out)
    assert [row["share"] for row in figures["coverage"]] == [0.99, 0.95, 0.9, 0.8, 0.5]
    answers = figures["answers"]
    assert list(answers) == ["max_error", "confidence", "n", "share", "error"]
    assert (answers["max_error"], answers["share"]) == (0.1, answers["n"] / 200)
    assert 50 < answers["n"] < 150
    assert f"the model labels {answers['n']} reviews ({answers['share']:.2%})" in invoke("evaluate", *arguments).out
    refused = invoke("evaluate", "--run", sample_run.path, "--max-error", "1%")
    assert refused.code == 1
    assert "the 20 validation reviews of " in refused.err


def test_splits_of_the_runs_own_data(invoke, sample_run):
    sizes = {"train": 180, "validation": 20, "test": 200}
    for split, size in sizes.items():
        figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--split", split, "--json").out)
        assert (figures["split"], figures["n"]) == (split, size)
    metrics = sample_run.load_metrics().best
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--split", "validation", "--json").out)
    assert figures["accuracy"] == pytest.approx(metrics.validation_accuracy, abs=1e-5)
    assert figures["log_loss"] == pytest.approx(metrics.validation_loss, abs=1e-4)


def test_a_table_without_splits_is_one_split(invoke, sample_run, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nwonderful,pos\ndull,neg\ndull,neg\n")
    figures = json.loads(invoke("evaluate", "--run", sample_run.path, "--data", "a.csv", "--json").out)
    assert (figures["split"], figures["n"]) == ("all", 3)


def test_a_run_trained_on_such_a_table_is_judged_on_what_was_held_out(invoke, tmp_path):
    rows = "".join(f"{'wonderful' if n % 2 else 'dull'} {n},{n % 2}\n" for n in range(40))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}")
    assert train(invoke, tmp_path / "run", data="a.csv").code == 0
    result = invoke("evaluate", "--run", "run", "--json")
    figures = json.loads(result.out)
    assert (figures["split"], figures["n"]) == ("validation", 4)
    assert "no test split" in result.err


def test_a_table_with_a_validation_split_and_no_test_is_judged_on_it(invoke, sample_run, tmp_path):
    (tmp_path / "tv.csv").write_text("text,label,split\nfine,pos,train\ndull,neg,train\ngood,pos,validation\n")
    result = invoke("evaluate", "--run", sample_run.path, "--data", "tv.csv", "--json")
    assert result.code == 0, result.err
    figures = json.loads(result.out)
    assert (figures["split"], figures["n"]) == ("validation", 1)


def test_other_data_has_no_known_validation_split(invoke, sample_run, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nwonderful,pos\ndull,neg\n")
    arguments = ["evaluate", "--run", sample_run.path, "--data", "a.csv", "--split"]
    result = invoke(*arguments, "validation")
    assert result.code == 1
    assert "does not contain the reviews that" in result.err
    result = invoke(*arguments, "test")
    assert result.code == 1
    assert "no test split" in result.err


def test_a_next_word_run_is_judged_by_its_perplexity(invoke, next_word_run):
    result = invoke("evaluate", "--run", next_word_run.path, "--json")
    assert result.code == 0, result.err
    figures = json.loads(result.out)
    assert list(figures) == ["run", "split", "n", "words", "loss", "perplexity"]
    best = next_word_run.load_metrics().best
    assert (figures["split"], figures["n"]) == ("validation", 20)
    assert figures["perplexity"] == pytest.approx(best.validation_perplexity, rel=1e-4)
    table = invoke("evaluate", "--run", next_word_run.path).out
    assert f"{figures['perplexity']:.2f}" in table
    sizes = {"train": 180, "test": 200}
    for split, size in sizes.items():
        figures = json.loads(invoke("evaluate", "--run", next_word_run.path, "--split", split, "--json").out)
        assert (figures["split"], figures["n"]) == (split, size)


def test_a_next_word_run_is_judged_on_all_of_other_reviews(invoke, next_word_run, tmp_path):
    (tmp_path / "a.csv").write_text("text,split\nIt is dull.,train\n,test\nA sailor.,unsup\n")
    arguments = ["evaluate", "--run", next_word_run.path, "--data", "a.csv"]
    figures = json.loads(invoke(*arguments, "--json").out)
    assert (figures["split"], figures["n"], figures["words"]) == ("all", 3, 10)
    assert json.loads(invoke(*arguments, "--split", "test", "--json").out)["words"] == 1
    for options, message in (
        (["--split", "validation"], "does not contain the reviews that"),
        (["--split", "train"], "does not contain the reviews that"),
        (["--errors", "2"], "for which errors cannot be shown: omit --errors"),
    ):
        result = invoke(*arguments, *options)
        assert result.code == 1
        assert message in result.err.splitlines()[-1]
    (tmp_path / "empty.csv").write_text("text\n")
    assert "has no reviews" in invoke("evaluate", "--run", next_word_run.path, "--data", "empty.csv").err


def test_where_nothing_was_held_out_it_says_so(invoke, make_next_word_run):
    from imdb_gru.corpus.corpus import load_pretraining_reviews
    from imdb_gru.sources.sample import SampleSource

    run = make_next_word_run()
    reviews = load_pretraining_reviews(SampleSource(), run.load_next_word_config())
    run.seal({**run.load_metrics().to_dict(), "data": {"hash": reviews.hash}})
    result = invoke("evaluate", "--run", run.path)
    assert result.code == 1
    assert "has no validation reviews (train.validation_split is 0.01): evaluate on other reviews" in result.err


def test_a_next_word_run_is_not_judged_on_the_reviews_of_its_training(invoke, make_next_word_run):
    from imdb_gru.config import load_any_config
    from imdb_gru.tasks.training import load_corpus

    run = make_next_word_run()
    config = load_any_config(run.load_next_word_config(), {"train.validation_split": 0.1})
    corpus = load_corpus(config)
    run.write_text(run.config_path, config.to_yaml())
    run.keep_seen(corpus.seen)
    run.seal({**run.load_metrics().to_dict(), "data": corpus.statistics})
    result = invoke("evaluate", "--run", run.path, "--data", "sample", "--json")
    figures = json.loads(result.out)
    assert (figures["split"], figures["n"]) == ("validation", corpus.statistics.validation)
    assert "was trained on sample, so only its validation reviews are used" in result.err
