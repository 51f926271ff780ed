"""Own the figures of a comparison: every model over its seeds, every pair of models, and the verdict."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from imdb_gru.comparison.contestants import LINEAR, pair_contestants
from imdb_gru.comparison.judging import Entry
from imdb_gru.metrics import Labels, Probabilities, compute_ece, compute_interval, compute_log_loss, find_right

Figures = dict[str, Any]

SIGNIFICANT = 0.05
"""A p-value below it is no chance."""


def build_figures(split: str, entries: Sequence[Entry]) -> Figures:
    """Return all figures of a comparison."""
    names = dict.fromkeys(entry.contestant.model for entry in entries)
    models = [_summarise_model(name, [entry for entry in entries if entry.contestant.model == name]) for name in names]
    by_contestant = {entry.contestant.path: entry for entry in entries}
    pairs = [
        _compare_pair(by_contestant[one.path], by_contestant[other.path])
        for one, other in pair_contestants([entry.contestant for entry in entries])
    ]
    n = min(len(entry.labels) for entry in entries)
    return {"split": split, "n": n, "models": models, "pairs": pairs, "verdict": write_verdict(models, pairs, n)}


def compute_mcnemar(labels: Labels, first: Probabilities, second: Probabilities) -> tuple[int, int, float]:
    """Return the reviews that only the first, and only the second, calls rightly, and the exact two-sided p-value.

    McNemar 1947: were the two equally good, each would be the one that is right in half of these reviews.
    """
    first_right, second_right = (find_right(labels, probabilities) for probabilities in (first, second))
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    if not only_first + only_second:
        return 0, 0, 1.0
    from scipy.stats import binomtest

    return only_first, only_second, float(binomtest(only_first, only_first + only_second).pvalue)


def _summarise_run(entry: Entry) -> Figures:
    labels, probabilities, metrics = entry.labels, entry.probabilities, entry.metrics
    right = int(find_right(labels, probabilities).sum())
    epochs, seconds = metrics.get("epochs"), metrics.get("seconds")
    return {
        "seed": entry.contestant.seed,
        "run": str(entry.contestant.path),
        "n": len(labels),
        "accuracy": right / len(labels),
        "accuracy_interval": compute_interval(right, len(labels)),
        "log_loss": compute_log_loss(labels, probabilities),
        "ece": compute_ece(labels, probabilities),
        "parameters": metrics.get("parameters"),
        "epochs": epochs,
        "seconds": seconds,
        "seconds_per_epoch": seconds / epochs if epochs and seconds is not None else None,
        "peak_memory_mb": metrics.get("peak_memory_mb"),
        "C": metrics.get("C"),
        "accuracy_by_timestep": entry.accuracy_by_timestep,
    }


def _summarise_model(name: str, entries: Sequence[Entry]) -> Figures:
    runs = [_summarise_run(entry) for entry in entries]
    accuracies = [run["accuracy"] for run in runs]
    accuracy = statistics.fmean(accuracies)
    parameters = _average(run["parameters"] for run in runs)
    n = min(run["n"] for run in runs)
    return {
        "model": name,
        "accuracy": accuracy,
        "accuracy_spread": statistics.stdev(accuracies) if len(runs) > 1 else None,
        # More seeds judge on the same reviews, so they are no more reviews.
        "accuracy_interval": compute_interval(round(accuracy * n), n),
        "log_loss": statistics.fmean(run["log_loss"] for run in runs),
        "ece": statistics.fmean(run["ece"] for run in runs),
        "parameters": None if parameters is None else round(parameters),
        "seconds": _average(run["seconds"] for run in runs),
        "seconds_per_epoch": _average(run["seconds_per_epoch"] for run in runs),
        "peak_memory_mb": _average(run["peak_memory_mb"] for run in runs),
        "accuracy_by_timestep": _average_curves([run["accuracy_by_timestep"] for run in runs]),
        "runs": runs,
    }


def _average(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _average_curves(curves: Sequence[list[dict[str, float]]]) -> list[dict[str, float]]:
    return [
        {name: statistics.fmean(row[name] for row in rows) if name != "timestep" else rows[0][name] for name in rows[0]}
        for rows in zip(*curves, strict=True)
    ]


def _compare_pair(one: Entry, other: Entry) -> Figures:
    only_first, only_second, p_value = compute_mcnemar(one.labels, one.probabilities, other.probabilities)
    return {
        "models": [one.contestant.model, other.contestant.model],
        "seeds": [one.contestant.seed, other.contestant.seed],
        "only_first_right": only_first,
        "only_second_right": only_second,
        "p_value": p_value,
    }


def write_verdict(models: Sequence[Figures], pairs: Sequence[Figures], n: int) -> str:
    """Say in a sentence which model is best: the linear one or the best network, or the better two of other models.

    With several seeds it wins where it is ahead, by more than chance, with each of them.
    """
    ranked = sorted(models, key=lambda model: -model["accuracy"])
    networks = [model for model in ranked if model["model"] != LINEAR]
    rivals = [model for model in ranked if model in networks[:1] or model["model"] == LINEAR]
    first, second = rivals if len(rivals) > 1 else networks[:2]
    leader, other = first["model"], second["model"]
    if first["accuracy"] == second["accuracy"]:
        return f"{leader} and {other} are equally often right: {_percent(first)} of {n:,} reviews"
    p_values = _find_p_values(leader, other, pairs)
    chance = _describe_chance(p_values)
    if max(p_values) < SIGNIFICANT:
        if leader == LINEAR and len(networks) > 1:
            other = f"the best network ({other})"
        return f"{leader} wins: {_percent(first)} against {_percent(second)} of {other}, {chance}"
    points = 100 * (first["accuracy"] - second["accuracy"])
    return (
        f"{leader} is ahead of {other} by {points:.2f} points, which these {n:,} reviews do not tell from chance "
        f"({chance})"
    )


def _percent(model: Figures) -> str:
    return f"{100 * model['accuracy']:.1f} %"


def _describe_chance(p_values: Sequence[float]) -> str:
    worst = max(p_values)
    if len(p_values) == 1:
        return "p < 0.001" if worst < 0.001 else f"p = {worst:.2g}"
    if worst < SIGNIFICANT:
        return f"p {'< 0.001' if worst < 0.001 else f'≤ {worst:.2g}'} with each of {len(p_values)} seeds"
    return f"p ≥ {SIGNIFICANT} with {sum(p >= SIGNIFICANT for p in p_values)} of {len(p_values)} seeds"


def _find_p_values(leader: str, other: str, pairs: Sequence[Figures]) -> list[float]:
    """Return the p-values of the two models' pairs; 1 where the leader is not ahead."""
    p_values = []
    for pair in pairs:
        if set(pair["models"]) == {leader, other}:
            right = dict(zip(pair["models"], (pair["only_first_right"], pair["only_second_right"]), strict=True))
            p_values.append(pair["p_value"] if right[leader] > right[other] else 1.0)
    return p_values
