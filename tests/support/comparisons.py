"""Candidates of a comparison with predictions, and runs that look trained."""

from pathlib import Path

import numpy as np

from imdb_gru.comparison.baseline import Baseline, BaselineMetrics
from imdb_gru.comparison.candidates import Candidate
from imdb_gru.comparison.evaluating import EvaluatedCandidate
from imdb_gru.comparison.predictions import Predictions
from imdb_gru.config import build_config
from imdb_gru.models.metrics import TimestepScores
from imdb_gru.records import Metrics
from imdb_gru.runs.catalogue import create_run
from imdb_gru.runs.run import Run
from support.models import start_from_scratch

CONFIG = build_config(start_from_scratch({"data": {"path": "sample"}, "model": {"cell": "lstm", "units": 3}}), "test")


def finish(path, config=CONFIG, data_hash="a", **metrics):
    """A run that looks finished, without a model in it."""
    run = create_run(path, config)
    for file in run.sealed_paths[1:]:
        file.write_text("")
    run.seal({"interrupted": False, "best": {"epoch": 1}, "data": {"hash": data_hash}, **metrics})
    return run


def evaluate(model, seed, correct, n=100, curve=((10, 0.5), (20, 0.6)), **metrics):
    """A candidate that classifies the first `correct` of `n` reviews correctly."""
    config = build_config({"train": {"seed": seed}}, "test")
    labels = np.arange(n, dtype=np.int8) % 2
    probabilities = np.where(np.arange(n) < correct, labels, 1 - labels).astype(np.float32)
    steps = [TimestepScores(timestep, accuracy, log_loss=0.5, ece=0.1) for timestep, accuracy in curve]
    path = Path(f"{model}-{seed}")
    figures = {"parameters": 10, "seconds": 6.0, "peak_memory_mb": 5.0, "data": {"hash": ""}, "files": {}}
    if model == "linear":
        result = Baseline(path)
        parsed = BaselineMetrics.parse({**figures, "config": {}, "C": 0.3, "splits": {}, **metrics})
    else:
        result = Run(path)
        figures |= {"format": 1, "interrupted": False, "best": {"epoch": 3}, "epochs": 3}
        parsed = Metrics.parse({**figures, **metrics})
    return EvaluatedCandidate(Candidate(model, config, result), parsed, labels, Predictions(probabilities, steps))
