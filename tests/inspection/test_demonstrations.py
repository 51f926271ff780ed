"""What a model trained on IMDB from nothing makes of two kinds of review: the verdict at the end, or at the start.

The plot between is neutral, and the textbook says: the reset gate washes it out, the update gate holds the verdict.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from support.paths import ROOT

from imdb_gru.inspection import inspect_text
from imdb_gru.models.classifier import Classifier
from imdb_gru.runs.catalogue import find_run

REVIEWS = ROOT / "docs" / "reviews"
RUN = os.environ.get("IMDB_GRU_RUN")
VERDICT = 16
"""Words of the sentence that judges."""

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def classifier(request):
    if not RUN:
        pytest.skip("no model trained on IMDB from nothing is at hand: set IMDB_GRU_RUN to its run")
    return Classifier.load(find_run(Path(request.config.invocation_params.dir) / RUN))


def read(classifier, name):
    return inspect_text(classifier, (REVIEWS / f"{name}.txt").read_text("utf-8"))


def rank(inspection):
    return np.argsort(-np.abs(inspection.contributions.integrated_gradients))


def test_a_verdict_at_the_end_turns_the_belief(classifier):
    inspection = read(classifier, "verdict_last")
    assert inspection.label == "negative"
    assert inspection.probabilities[-VERDICT - 1] > 0.7
    assert (rank(inspection)[:2] >= len(inspection.tokens) - VERDICT - 1).all()


def test_a_verdict_at_the_start_comes_through_the_maximum_not_through_the_update_gate(classifier):
    inspection = read(classifier, "verdict_first")
    assert (rank(inspection)[:2] <= VERDICT).all()
    assert inspection.probabilities[VERDICT] < 0.1
    assert inspection.pooled["max"][: VERDICT + 1].sum() < -1
    assert inspection.pooled["last"].sum() > -0.5
    (cell,) = inspection.cells
    assert np.exp(np.log(cell.gates["update"][VERDICT + 1 :]).sum(axis=0)).max() < 1e-3
    assert cell.jacobian[VERDICT] < 0.1


def test_the_reset_gate_tells_no_verdict_from_plot(classifier):
    for name, verdict in (("verdict_first", slice(1, VERDICT + 1)), ("verdict_last", slice(-VERDICT - 1, None))):
        gate = read(classifier, name).cells[0].gates["reset"]
        plot = np.delete(gate, np.arange(len(gate))[verdict], axis=0)
        assert abs(gate[verdict].mean() - plot.mean()) < 0.05
        assert (gate < 0.1).mean() < 0.05
