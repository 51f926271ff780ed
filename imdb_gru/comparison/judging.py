"""Own what every contestant says of every review of a split, kept in files so that it is read once."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.classifier import Classifier
from imdb_gru.comparison.baseline import Baseline, Curve
from imdb_gru.comparison.contestants import Contestant, check_training_reviews
from imdb_gru.errors import RunError
from imdb_gru.evaluation import judge_reviews
from imdb_gru.metrics import Labels, Probabilities
from imdb_gru.run import Run
from imdb_gru.sources.review import Review
from imdb_gru.text.corpus import hash_reviews
from imdb_gru.writing import write_atomically

Loader = Callable[[Run, str | None], tuple[str, Sequence[Review]]]
"""Return the split that a run is judged on, and its reviews."""
HELD_OUT = ("train", "validation")
"""Splits that differ by the training."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What a contestant said of the reviews."""

    contestant: Contestant
    metrics: dict[str, Any]
    """Of its training."""
    labels: Labels
    """`(N,)`."""
    probabilities: Probabilities
    """Of positive; `(N,)`."""
    accuracy_by_timestep: Curve
    """Empty for a model that reads backwards too."""


def judge_contestants(
    contestants: Sequence[Contestant], split: str | None, load: Loader, cache: Path | None
) -> tuple[str, list[Entry]]:
    """Judge trained contestants on a split; what networks said is kept in the folder `cache`, if there is one.

    Raises `RunError` where two that are to be paired would be judged on different reviews.
    """
    loaded: dict[str, Sequence[Review]] = {}
    entries = []
    for contestant in contestants:
        metrics = contestant.result.load_metrics()
        held_out = metrics["data"]["hash"] if split in HELD_OUT else ""
        if held_out not in loaded:
            split, reviews = load(_find_run(contestant, contestants), split)
            if split in HELD_OUT:
                check_training_reviews(contestants)
                held_out = metrics["data"]["hash"]
            loaded[held_out] = reviews
        reviews = loaded[held_out]
        assert split is not None
        probabilities, curve = _judge(contestant, metrics, split, reviews, cache)
        labels = np.array([review.label for review in reviews], dtype=np.int8)
        entries.append(Entry(contestant, metrics, labels, probabilities, curve))
    assert split is not None
    return split, entries


def _find_run(contestant: Contestant, contestants: Sequence[Contestant]) -> Run:
    """Return the contestant's run, or that of a network with the linear baseline's seed, and so its reviews."""
    networks = (other.result for other in contestants if other.seed == contestant.seed)
    own = contestant.result
    return own if isinstance(own, Run) else next(network for network in networks if isinstance(network, Run))


def _judge(
    contestant: Contestant, metrics: dict[str, Any], split: str, reviews: Sequence[Review], cache: Path | None
) -> tuple[Probabilities, Curve]:
    result = contestant.result
    if isinstance(result, Baseline):
        return result.load_judgement(split, reviews)
    if cache is None:
        return _read(result, reviews)
    key = hashlib.sha256(f"{json.dumps(metrics['files'], sort_keys=True)} {hash_reviews(reviews)}".encode())
    path = cache / f"{result.path.resolve().name}-{split}-{key.hexdigest()[:16]}.npz"
    if (kept := _load(path)) is not None:
        return kept
    probabilities, curve = _read(result, reviews)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            np.savez_compressed(temporary, probabilities=probabilities, curve=json.dumps(curve))
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}; name another folder with --into") from error
    return probabilities, curve


def _read(run: Run, reviews: Sequence[Review]) -> tuple[Probabilities, Curve]:
    judged = judge_reviews(Classifier.load(run), reviews)
    return judged.probabilities, judged.compute_curve()


def _load(path: Path) -> tuple[Probabilities, Curve] | None:
    """Return what was kept, or None where nothing was, or what was cannot be read."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return stored["probabilities"], json.loads(str(stored["curve"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
