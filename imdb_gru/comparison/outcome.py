"""The results of a comparison, computed from predictions: for each model, for each pair of models, and as a verdict."""

import statistics
from collections.abc import Iterable, Sequence

from imdb_gru.comparison.baseline import BaselineMetrics
from imdb_gru.comparison.candidates import LINEAR, pair_candidates
from imdb_gru.comparison.evaluating import EvaluatedCandidate
from imdb_gru.comparison.results import ComparedModel, ComparedPair, ComparedRun, Comparison
from imdb_gru.models.metrics import (
    Probabilities,
    TimestepScores,
    compute_ece,
    compute_interval,
    compute_log_loss,
    find_correct,
)
from imdb_gru.system.arrays import Labels

SIGNIFICANT = 0.05
"""p-value below which a difference counts as significant."""


def build_comparison(split: str, evaluated: Sequence[EvaluatedCandidate]) -> Comparison:
    """Return all results of a comparison."""
    names = dict.fromkeys(one.candidate.model for one in evaluated)
    models = [_summarise_model(name, [one for one in evaluated if one.candidate.model == name]) for name in names]
    by_path = {one.candidate.path: one for one in evaluated}
    pairs = [
        _compare_pair(by_path[one.path], by_path[other.path])
        for one, other in pair_candidates([one.candidate for one in evaluated])
    ]
    n = min(len(one.labels) for one in evaluated)
    return Comparison(split, n, models, pairs, write_verdict(models, pairs, n))


def compute_mcnemar(labels: Labels, first: Probabilities, second: Probabilities) -> tuple[int, int, float]:
    """Return how many reviews only the first model classifies correctly, how many only the second, and the p-value.

    The test is exact and two-sided (McNemar 1947). If both models are equally accurate, each is expected to be correct
    on half of the reviews that exactly one model classifies correctly.
    """
    first_correct, second_correct = (find_correct(labels, probabilities) for probabilities in (first, second))
    only_first, only_second = int((first_correct & ~second_correct).sum()), int((second_correct & ~first_correct).sum())
    if not only_first + only_second:
        return 0, 0, 1.0
    from scipy.stats import binomtest

    return only_first, only_second, float(binomtest(only_first, only_first + only_second).pvalue)


def _summarise_run(one: EvaluatedCandidate) -> ComparedRun:
    labels, probabilities, metrics = one.labels, one.predictions.probabilities, one.metrics
    correct = int(find_correct(labels, probabilities).sum())
    seconds, epochs = metrics.seconds, None if isinstance(metrics, BaselineMetrics) else metrics.epochs
    return ComparedRun(
        seed=one.candidate.seed,
        run=str(one.candidate),
        n=len(labels),
        accuracy=correct / len(labels),
        accuracy_interval=compute_interval(correct, len(labels)),
        log_loss=compute_log_loss(labels, probabilities),
        ece=compute_ece(labels, probabilities),
        parameters=metrics.parameters,
        epochs=epochs,
        seconds=seconds,
        seconds_per_epoch=seconds / epochs if epochs and seconds is not None else None,
        peak_memory_mb=metrics.peak_memory_mb,
        C=metrics.C if isinstance(metrics, BaselineMetrics) else None,
        accuracy_by_timestep=one.predictions.accuracy_by_timestep,
    )


def _summarise_model(name: str, evaluated: Sequence[EvaluatedCandidate]) -> ComparedModel:
    runs = [_summarise_run(one) for one in evaluated]
    accuracies = [run.accuracy for run in runs]
    accuracy = statistics.fmean(accuracies)
    parameters = _average(run.parameters for run in runs)
    n = min(run.n for run in runs)
    return ComparedModel(
        model=name,
        accuracy=accuracy,
        accuracy_spread=statistics.stdev(accuracies) if len(runs) > 1 else None,
        # All seeds are evaluated on the same reviews, so more seeds do not increase n.
        accuracy_interval=compute_interval(round(accuracy * n), n),
        log_loss=statistics.fmean(run.log_loss for run in runs),
        ece=statistics.fmean(run.ece for run in runs),
        parameters=None if parameters is None else round(parameters),
        seconds=_average(run.seconds for run in runs),
        seconds_per_epoch=_average(run.seconds_per_epoch for run in runs),
        peak_memory_mb=_average(run.peak_memory_mb for run in runs),
        accuracy_by_timestep=_average_curves([run.accuracy_by_timestep for run in runs]),
        runs=runs,
    )


def _average(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _average_curves(curves: Sequence[Sequence[TimestepScores]]) -> list[TimestepScores]:
    return [
        TimestepScores(
            rows[0].timestep,
            accuracy=statistics.fmean(row.accuracy for row in rows),
            log_loss=statistics.fmean(row.log_loss for row in rows),
            ece=statistics.fmean(row.ece for row in rows),
        )
        for rows in zip(*curves, strict=True)
    ]


def _compare_pair(one: EvaluatedCandidate, other: EvaluatedCandidate) -> ComparedPair:
    first, second = one.predictions.probabilities, other.predictions.probabilities
    only_first, only_second, p_value = compute_mcnemar(one.labels, first, second)
    return ComparedPair(
        models=(one.candidate.model, other.candidate.model),
        seeds=(one.candidate.seed, other.candidate.seed),
        only_first_right=only_first,
        only_second_right=only_second,
        p_value=p_value,
    )


def write_verdict(models: Sequence[ComparedModel], pairs: Sequence[ComparedPair], n: int) -> str:
    """Return a sentence that compares the linear model with the best network, or else the two best networks.

    If there are several seeds, a model wins only if it is significantly better with each of them.
    """
    ranked = sorted(models, key=lambda model: -model.accuracy)
    networks = [model for model in ranked if model.model != LINEAR]
    rivals = [model for model in ranked if model in networks[:1] or model.model == LINEAR]
    first, second = rivals if len(rivals) > 1 else networks[:2]
    leader, other = first.model, second.model
    if first.accuracy == second.accuracy:
        return f"{leader} and {other} are equally accurate: {_percent(first)} of {n:,} reviews"
    p_values = _find_p_values(leader, other, pairs)
    chance = _describe_chance(p_values)
    if max(p_values) < SIGNIFICANT:
        if leader == LINEAR and len(networks) > 1:
            other = f"the best network ({other})"
        return f"{leader} wins: {_percent(first)} against {_percent(second)} for {other}, {chance}"
    points = 100 * (first.accuracy - second.accuracy)
    return f"{leader} is ahead of {other} by {points:.2f} points, which may be chance on {n:,} reviews ({chance})"


def _percent(model: ComparedModel) -> str:
    return f"{100 * model.accuracy:.1f} %"


def _describe_chance(p_values: Sequence[float]) -> str:
    worst = max(p_values)
    if len(p_values) == 1:
        return "p < 0.001" if worst < 0.001 else f"p = {worst:.2g}"
    if worst < SIGNIFICANT:
        return f"p {'< 0.001' if worst < 0.001 else f'≤ {worst:.2g}'} with each of {len(p_values)} seeds"
    return f"p ≥ {SIGNIFICANT} with {sum(p >= SIGNIFICANT for p in p_values)} of {len(p_values)} seeds"


def _find_p_values(leader: str, other: str, pairs: Sequence[ComparedPair]) -> list[float]:
    """Return a p-value for each pair of the two models' candidates, or 1 if the leader is not ahead in that pair."""
    p_values = []
    for pair in pairs:
        if set(pair.models) == {leader, other}:
            correct = dict(zip(pair.models, (pair.only_first_right, pair.only_second_right), strict=True))
            p_values.append(pair.p_value if correct[leader] > correct[other] else 1.0)
    return p_values
