"""The option --precision of predict and evaluate."""

import pytest
from support.table_runs import make_table_run, write_rows

from imdb_gru.engine import features
from imdb_gru.engine.features import find_int8_obstacle


@pytest.fixture
def mine(tmp_path):
    make_table_run(tmp_path / "run", write_rows(tmp_path / "mine.csv"))
    return ["--run", "run"]


@pytest.mark.parametrize("command", [["predict", "--input", "mine.csv"], ["evaluate", "--data", "mine.csv"]])
def test_int8_is_computed_on_request_or_refused_in_one_line(invoke, mine, monkeypatch, command):
    exact = invoke(*command, *mine, "--precision", "float32")
    assert exact.code == 0
    assert invoke(*command, *mine).out == exact.out  # few texts
    if find_int8_obstacle() is None:
        rounded = invoke(*command, *mine, "--precision", "int8", "--json")
        assert rounded.code == 0
        assert rounded.out != invoke(*command, *mine, "--json").out
    monkeypatch.setattr(features, "list_features", frozenset)
    refused = invoke(*command, *mine, "--precision", "int8")
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == (
        "Error: cannot predict in int8: this CPU has no AVX512_VNNI; choose float32 or auto"
    )
    assert invoke(*command, *mine, "--precision", "int4").code == 2
