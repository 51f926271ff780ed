"""The options that describe a table, and the notes about it, in every command."""

import json

import pytest

from imdb_gru.config import DataConfig
from imdb_gru.sources import open_run_source

ROWS = "body:mood\ncafé:1\ndull:0\nfine:1\nbad:0\n"
NAMED = ["--text-column", "body", "--label-column", "mood"]
NOTE = "reviews.csv is not UTF-8 and was read as Windows-1252"


@pytest.fixture
def table(tmp_path):
    """A table whose encoding is found, and whose delimiter is not."""
    path = tmp_path / "reviews.csv"
    path.write_bytes(ROWS.encode("cp1252"))
    return path


@pytest.fixture
def odd(tmp_path):
    """A table that nothing shows to be one."""
    path = tmp_path / "reviews.dat"
    path.write_bytes(ROWS.encode("cp437"))
    return path


def test_the_check_of_data_reads_what_the_options_describe(invoke, odd, table):
    assert "cannot recognise the format of" in invoke("data", "check", odd, *NAMED).err
    options = ["--format", "csv", "--delimiter", ":", "--encoding", "cp437", *NAMED]
    result = invoke("data", "check", odd, *options, "--json")
    assert json.loads(result.out)["splits"]["all"]["reviews"] == 4
    assert NOTE in invoke("data", "check", table, "--delimiter", ":", *NAMED).err


@pytest.mark.keras
def test_training_evaluation_and_inspection_tell_the_note(invoke, table, sample_run):
    options = ["--delimiter", ":", *NAMED]
    small = ["--config", "scratch", "--set", "model.units=4", "--set", "model.embedding=4", "--dry-run", "--json"]
    result = invoke("train", "--data", table, *options, *small)
    assert result.code == 0
    assert result.err.count(NOTE) == 1
    result = invoke("evaluate", "--run", sample_run.path, "--data", table, *options)
    assert (result.code, result.err.count(NOTE)) == (0, 1)
    result = invoke("inspect", "units", "--run", sample_run.path, "--input", table, "--delimiter", ":", *NAMED[:2])
    assert (result.code, result.err.count(NOTE)) == (0, 1)


def test_a_run_remembers_how_its_own_table_is_written(odd, table):
    own = DataConfig(path=str(odd), text_column="body", label_column="mood", format="csv", encoding="cp437")
    own = own.model_copy(update={"delimiter": ":"})
    assert next(review.text for review in open_run_source("run", own, None).iter_reviews("all")) == "café"
    other = DataConfig(path=str(table), delimiter=":")
    assert next(review.text for review in open_run_source("run", own, other).iter_reviews("all")) == "café"
