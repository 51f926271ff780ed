"""Runs whose data have moved, and columns that are named although the reviews are not a table."""

import shutil

import pytest
from support.corpora import write_table


@pytest.fixture
def moved(pair, tmp_path):
    """A classifier and a next-word run that were trained on a table which is no longer there."""
    encoder, run = pair
    for one in pair:
        text = one.config_path.read_text()
        path = "sample" if "path: sample" in text else "null"
        one.config_path.write_text(text.replace(f"path: {path}", f"path: {tmp_path}/old/reviews.csv", 1))
        one.seal(one.load_metrics().to_dict())
    return encoder, run


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--run", "{}"],
        ["evaluate", "--run", "{}", "--split", "validation"],
        ["report", "{}", "--examples", "0"],
        ["inspect", "units", "--run", "{}"],
        ["inspect", "gradients", "--run", "{}"],
        ["compare", "{}", "copy"],
    ],
)
def test_the_run_and_the_missing_path_are_named(invoke, moved, tmp_path, arguments):
    _, run = moved
    shutil.copytree(run.path, tmp_path / "copy")
    given = [argument.format(run.path) for argument in arguments]
    result = invoke(*given)
    assert (result.code, result.out) == (1, "")
    missing = tmp_path / "old" / "reviews.csv"
    message = f"Error: the reviews that {run.path} was trained on are no longer at {missing}: give their location"
    assert message in result.err
    assert "sample" not in result.err.replace(str(tmp_path), "")


def test_a_next_word_run_says_the_same(invoke, moved):
    encoder, _ = moved
    result = invoke("evaluate", "--run", encoder.path)
    assert f"the reviews that {encoder.path} was trained on are no longer at" in result.err


def test_data_at_their_new_place_are_read_and_a_wrong_place_is_named_as_such(invoke, moved, tmp_path):
    _, run = moved
    assert invoke("evaluate", "--run", run.path, "--data", write_table(tmp_path / "new.csv")).code == 0
    assert "there are no reviews at nowhere.csv" in invoke("evaluate", "--run", run.path, "--data", "nowhere.csv").err


def test_a_stopped_training_says_the_same(invoke, tmp_path):
    from imdb_gru.config import build_config
    from imdb_gru.runs.catalogue import create_run

    run = create_run(tmp_path / "run", build_config({"data": {"path": "/old/reviews.csv"}}, "test"))
    result = invoke("train", "--resume", run.path)
    assert result.code == 1
    assert result.err == (
        f"Error: the reviews that {run.path} was trained on are no longer at /old/reviews.csv: give their location "
        "with --data PATH\n"
    )
    assert "there are no reviews at" in invoke("train", "--resume", run.path, "--data", "nowhere.csv").err


@pytest.mark.parametrize("kind", ["sample", "IMDB", "folder", "parent", "tar", "npz"])
@pytest.mark.parametrize("option", ["--text-column", "--label-column"])
def test_a_column_of_what_is_not_a_table_is_refused(invoke, write_corpus, kind, option):
    path = kind if kind in ("sample", "IMDB") else str(write_corpus(kind))
    result = invoke("data", "check", *([] if kind == "IMDB" else [path]), option, "body")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: the column 'body' does not apply to ")
    assert f"which is not a table: leave out {option}" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "--data", "sample", "--text-column", "body"], 1, "does not apply to sample, which is not a table"),
        (["evaluate", "--run", "bundled", "--data", "sample", "--text-column", "b"], 1, "which is not a table"),
        (["inspect", "units", "--run", "bundled", "--data", "sample", "--text-column", "b"], 1, "is not a table"),
        (["train", "--set", "data.path=sample", "--set", "data.text_column=b"], 1, "data.text_column in a config"),
        (
            ["predict", "--text-column", "body", "fine"],
            2,
            "--text-column needs a table or a file: give one with --input",
        ),
        (["inspect", "--text-column", "body", "fine"], 2, "--text-column needs a table"),
        (["next", "--text-column", "body", "fine"], 2, "--text-column needs a table"),
    ],
)
def test_every_command_refuses_such_a_column(invoke, arguments, code, message):
    result = invoke(*arguments)
    assert (result.code, result.out) == (code, "")
    assert message in " ".join(result.err.split())


def test_the_columns_of_a_runs_own_table_are_not_looked_for_elsewhere(write_corpus):
    from imdb_gru.config import DataConfig
    from imdb_gru.errors import DataError
    from imdb_gru.sources import open_run_source

    own = DataConfig(path="/old/reviews.csv", text_column="body")
    assert open_run_source("run", own, DataConfig(path="sample")).name == "sample"
    with pytest.raises(DataError, match="has no column 'body'"):
        open_run_source("run", own, DataConfig(path=str(write_corpus("csv"))))
