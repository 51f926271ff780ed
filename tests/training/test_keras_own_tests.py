"""Run Keras's own tests of `GRU`, which its package contains, with the fused layer in the place of `GRU`."""

import inspect
import types
import unittest

import pytest

pytestmark = pytest.mark.keras

NO_DROPOUT = "FusedGRU supports only dropout=0.0, but received 0.5"
NO_RESET_BEFORE = "FusedGRU supports only reset_after=True, but received False"
REFUSED = {
    "gru_test": {
        "test_basics": NO_DROPOUT,
        "test_correctness0 (1)": NO_RESET_BEFORE,
        "test_correctness1 (2)": NO_RESET_BEFORE,
    },
    "bidirectional_test": {"test_fused_gru_eligibility": NO_RESET_BEFORE},
}
"""The tests that need what the fused layer refuses, and the message of the refusal."""


def import_tests(name):
    """Import a module of Keras's tests."""
    reason = f"the installed Keras does not contain its tests of rnn layers ({name})"
    return pytest.importorskip(f"keras.src.layers.rnn.{name}", reason=reason)


def iter_tests(module):
    """Yield the tests of a module that build a GRU, without those for another backend."""
    for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
        for test in suite:
            method = getattr(test, test._testMethodName)
            skipped = any(mark.args[0] for mark in getattr(method, "pytestmark", ()) if mark.name == "skipif")
            code = inspect.getsource(getattr(type(test), test._testMethodName.rstrip("0123456789"), method))
            if "layers.GRU" in code and not skipped:
                yield test


@pytest.mark.parametrize("name", REFUSED)
def test_the_fused_layer_passes_the_tests_of_the_layer_that_it_replaces(monkeypatch, name):
    module = import_tests(name)
    from imdb_gru.training.layers import FusedGRU

    monkeypatch.setattr(module, "layers", types.SimpleNamespace(**{**vars(module.layers), "GRU": FusedGRU}))
    result = unittest.TestResult()
    for test in iter_tests(module):
        test(result)
    failures = {test.id().rpartition(".")[2]: report for test, report in result.failures + result.errors}
    assert result.testsRun > 5
    assert failures.keys() == REFUSED[name].keys(), "\n".join(failures.values())
    for test, message in REFUSED[name].items():
        assert message in failures[test]
