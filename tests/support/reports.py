"""Reports and charts of figures made by hand."""

import numpy as np

from imdb_gru.models.evaluation import Evaluation, Misclassified
from imdb_gru.models.metrics import (
    TimestepScores,
    compute_accuracy_by_length,
    compute_coverage,
    compute_reliability,
    compute_scores,
)
from imdb_gru.records import Epoch
from imdb_gru.report.charts import build_charts
from imdb_gru.report.examples import Example
from imdb_gru.report.page import Report
from support.inspections import HOSTILE, make_inspection


def make_report(**changes):
    matrix = {"confusion_matrix": ((5, 1), (2, 4)), "n": 12, "accuracy": 0.75, "accuracy_interval": (0.5, 0.9)}
    names = (
        "majority_accuracy",
        "balanced_accuracy",
        "threshold",
        "log_loss",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "ece",
    )
    shares = dict.fromkeys(names, 0.5)
    errors = [Misclassified(HOSTILE, "negative", 0.9)]
    content = {
        "model": "gru 8",
        "config": "data:\n  path: '</pre><script>'\n",
        "facts": {"trained on": "5 reviews of <i>sample</i>"},
        "evaluation": Evaluation(
            **matrix,
            **shares,
            run="runs/<b>demo</b>",
            split="test",
            accuracy_by_timestep=[],
            accuracy_by_length=[],
            coverage=[],
            errors=errors,
            caveat="these reviews were <i>seen</i>",
        ),
        "charts": [],
        "examples": [Example(make_inspection(HOSTILE), "negative", "Confident errors")],
    }
    return Report(**{**content, **changes})


HISTORY = [
    Epoch(epoch=epoch, loss=0.7 / epoch, accuracy=0.9, validation_loss=0.6, validation_accuracy=0.8)
    for epoch in (1, 2, 3)
]


def evaluate(count=300, timesteps=(10, 25, 50)):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count).astype(np.int8)
    probabilities = np.clip(labels * 0.5 + rng.random(count) * 0.6, 0, 1).astype(np.float32)
    by_timestep = [make_row(step, 0.5 + step / 200) for step in timesteps]
    by_length = compute_accuracy_by_length(labels, probabilities, rng.integers(1, 1500, count))
    evaluation = Evaluation(
        **vars(compute_scores(labels, probabilities)),
        run="run",
        split="test",
        accuracy_by_timestep=by_timestep,
        accuracy_by_length=by_length,
        coverage=compute_coverage(labels, probabilities),
    )
    return evaluation, compute_reliability(labels, probabilities)


def make_row(timestep, accuracy=0.5):
    return TimestepScores(timestep, accuracy, log_loss=0.6, ece=0.1)


def make_charts(history=HISTORY, **options):
    evaluation, bins = evaluate(**options)
    return build_charts(evaluation, bins, history, best_epoch=2)
