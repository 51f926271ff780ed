"""The results of a comparison, computed from predictions: metrics of each model, a test of each pair, and a verdict."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from imdb_gru.comparison.baseline import BaselineMetrics
from imdb_gru.comparison.candidates import LINEAR, pair_candidates
from imdb_gru.comparison.evaluating import EvaluatedCandidate
from imdb_gru.comparison.results import ComparedModel, ComparedPair, ComparedRun, Comparison, SeedTest
from imdb_gru.comparison.statistics import (
    Values,
    adjust_p_values,
    bootstrap_mean,
    compute_mcnemar,
    compute_paired_test,
)
from imdb_gru.models.metrics import (
    TimestepScores,
    compute_ece,
    compute_interval,
    compute_log_loss,
    find_correct,
)
from imdb_gru.models.ngrams import ORDER

SIGNIFICANT = 0.05
"""p-value below which a difference counts as significant."""
MACHINE = ("platform", "cores", "threads")
"""Keys of a run's environment that identify the machine on which the model was trained."""


def build_comparison(split: str, evaluated: Sequence[EvaluatedCandidate]) -> Comparison:
    """Return all results of a comparison."""
    names = dict.fromkeys(one.candidate.model for one in evaluated)
    models = [_summarise_model(name, [one for one in evaluated if one.candidate.model == name]) for name in names]
    pairs = _compare_pairs(evaluated)
    n = min(len(one.labels) for one in evaluated)
    return Comparison(split, n, models, pairs, _write_caveat(evaluated), write_verdict(models, pairs, n))


def _summarise_run(one: EvaluatedCandidate) -> ComparedRun:
    labels, probabilities, metrics = one.labels, one.predictions.probabilities, one.metrics
    correct = int(find_correct(labels, probabilities).sum())
    seconds, epochs = metrics.seconds, None if isinstance(metrics, BaselineMetrics) else metrics.epochs
    return ComparedRun(
        seed=one.candidate.seed,
        engine=_name_engine(one),
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
        compile_seconds=None if isinstance(metrics, BaselineMetrics) else metrics.compile_seconds,
        peak_memory_mb=metrics.peak_memory_mb,
        C=metrics.C if isinstance(metrics, BaselineMetrics) else None,
        accuracy_by_timestep=one.predictions.accuracy_by_timestep,
        config=one.candidate.config.model_dump(mode="json"),
    )


def _name_engine(one: EvaluatedCandidate) -> str | None:
    """Return the engine that trained a candidate, or None if its run did not record it."""
    if isinstance(one.metrics, BaselineMetrics):
        return "scikit-learn"
    environment = one.metrics.environment
    engine: str | None = environment.get("engine")
    return f"{engine} bfloat16" if engine and environment.get("precision") == "bfloat16" else engine


def _summarise_model(name: str, evaluated: Sequence[EvaluatedCandidate]) -> ComparedModel:
    runs = [_summarise_run(one) for one in evaluated]
    accuracies = [run.accuracy for run in runs]
    parameters = _average(run.parameters for run in runs)
    several = len(runs) > 1
    return ComparedModel(
        model=name,
        description=_describe(evaluated),
        engine=_join(run.engine for run in runs),
        accuracy=statistics.fmean(accuracies),
        accuracy_spread=statistics.stdev(accuracies) if several else None,
        accuracy_interval=_bootstrap(evaluated) if several else runs[0].accuracy_interval,
        log_loss=statistics.fmean(run.log_loss for run in runs),
        ece=statistics.fmean(run.ece for run in runs),
        parameters=None if parameters is None else round(parameters),
        seconds=_average(run.seconds for run in runs),
        seconds_per_epoch=_average(run.seconds_per_epoch for run in runs),
        compile_seconds=_average(run.compile_seconds for run in runs),
        peak_memory_mb=_average(run.peak_memory_mb for run in runs),
        accuracy_by_timestep=_average_curves([run.accuracy_by_timestep for run in runs]),
        runs=runs,
    )


def _describe(evaluated: Sequence[EvaluatedCandidate]) -> str:
    metrics = [one.metrics for one in evaluated]
    if not isinstance(metrics[0], BaselineMetrics):
        return evaluated[0].candidate.config.model.brief
    constants = _join(f"{one.C:g}" for one in metrics if isinstance(one, BaselineMetrics))
    origin = "chosen on the validation reviews" if metrics[0].data.validation else "which is the default"
    return f"logistic regression on n-grams of up to {ORDER} words, with one constant (C = {constants}) {origin}"


def _join(values: Iterable[str | None]) -> str | None:
    """Join the distinct values with commas; return None if no value is known."""
    return ", ".join(dict.fromkeys(value for value in values if value is not None)) or None


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


def _find_values(one: EvaluatedCandidate) -> Values:
    """Return 1 for each review that is classified correctly and 0 for each that is not."""
    return find_correct(one.labels, one.predictions.probabilities).astype(np.int8)


def _bootstrap(evaluated: Sequence[EvaluatedCandidate]) -> tuple[float, float]:
    return bootstrap_mean([_find_values(one) for one in evaluated], shared=_have_same_reviews(evaluated))


def _have_same_reviews(evaluated: Sequence[EvaluatedCandidate]) -> bool:
    return len({one.reviews for one in evaluated}) == 1


def _compare_pairs(evaluated: Sequence[EvaluatedCandidate]) -> list[ComparedPair]:
    """Compare each pair of models that have seeds in common."""
    by_path = {one.candidate.path: one for one in evaluated}
    matched: dict[tuple[str, str], list[tuple[EvaluatedCandidate, EvaluatedCandidate]]] = {}
    for one, other in pair_candidates([one.candidate for one in evaluated]):
        matched.setdefault((one.model, other.model), []).append((by_path[one.path], by_path[other.path]))
    pairs = [_compare_pair(models, matches) for models, matches in matched.items()]
    return _correct(pairs)


def _compare_pair(
    models: tuple[str, str], matches: Sequence[tuple[EvaluatedCandidate, EvaluatedCandidate]]
) -> ComparedPair:
    first, second = ([match[side] for match in matches] for side in (0, 1))
    differences = [_find_values(one) - _find_values(other) for one, other in matches]
    accuracies = [[float(_find_values(one).mean()) for one in side] for side in (first, second)]
    p_value = compute_paired_test(*accuracies)
    return ComparedPair(
        models=models,
        difference=statistics.fmean(accuracies[0]) - statistics.fmean(accuracies[1]),
        difference_interval=bootstrap_mean(differences, shared=_have_same_reviews(first)),
        p_value=p_value,
        p_adjusted=p_value,
        seeds=[_test_seed(one, other) for one, other in matches],
    )


def _test_seed(one: EvaluatedCandidate, other: EvaluatedCandidate) -> SeedTest:
    probabilities = one.predictions.probabilities, other.predictions.probabilities
    only_first, only_second, p_value = compute_mcnemar(one.labels, *probabilities)
    return SeedTest(
        seeds=(one.candidate.seed, other.candidate.seed),
        only_first_right=only_first,
        only_second_right=only_second,
        p_value=p_value,
        p_adjusted=p_value,
    )


def _correct(pairs: Sequence[ComparedPair]) -> list[ComparedPair]:
    """Correct p-values for the number of pairs.

    The tests over all seeds are corrected together, and so are the tests with each seed.
    """
    single = all(len(pair.seeds) == 1 for pair in pairs)  # then the seeds may differ

    def find_family(test: SeedTest) -> int | None:
        return None if single else test.seeds[0]

    over_seeds = iter(adjust_p_values([pair.p_value for pair in pairs if pair.p_value is not None]))
    families: dict[int | None, list[float]] = {}
    for test in (test for pair in pairs for test in pair.seeds):
        families.setdefault(find_family(test), []).append(test.p_value)
    with_seed = {seed: iter(adjust_p_values(values)) for seed, values in families.items()}
    return [
        replace(
            pair,
            p_adjusted=None if pair.p_value is None else next(over_seeds),
            seeds=[replace(test, p_adjusted=next(with_seed[find_family(test)])) for test in pair.seeds],
        )
        for pair in pairs
    ]


def _write_caveat(evaluated: Sequence[EvaluatedCandidate]) -> str | None:
    """Return the reason why the networks' times and memory cannot be compared.

    Return None if all networks were trained with the same engine on the same machine.
    """
    engines: dict[str, dict[str, None]] = {}
    machines = set()
    for one in evaluated:
        if not isinstance(one.metrics, BaselineMetrics) and (engine := _name_engine(one)):
            engines.setdefault(engine, {})[one.candidate.model] = None
            machines.add(tuple(one.metrics.environment.get(key) for key in MACHINE))
    reasons = []
    if len(engines) > 1:
        used = "; ".join(f"{engine} trained {', '.join(models)}" for engine, models in engines.items())
        reasons.append(f"different engines ({used})")
    if len(machines) > 1:
        reasons.append("different machines or with different numbers of threads")
    if not reasons:
        return None
    remedy = "; --engine keras trains all networks on the same engine" if len(engines) > 1 else ""
    return f"times and memory were measured on {' and '.join(reasons)}, so they are not comparable{remedy}"


def write_verdict(models: Sequence[ComparedModel], pairs: Sequence[ComparedPair], n: int) -> str:
    """Return a sentence that compares the best network with the linear model or, without one, the second-best network.

    If there are several seeds, a model wins only if it is significantly better with every seed. The p-values are
    corrected for the number of pairs.
    """
    if len(models) == 1:
        name, seeds = models[0].model, len(models[0].runs)
        return f"{name} classifies {_percent(models[0])} of {n:,} reviews correctly, the mean of {seeds} seeds"
    ranked = sorted(models, key=lambda model: -model.accuracy)
    networks = [model for model in ranked if model.model != LINEAR]
    rivals = [model for model in ranked if model in networks[:1] or model.model == LINEAR]
    first, second = rivals if len(rivals) > 1 else networks[:2]
    leader, other = first.model, second.model
    if first.accuracy == second.accuracy:
        return f"{leader} and {other} are equally accurate: {_percent(first)} of {n:,} reviews"
    points = 100 * (first.accuracy - second.accuracy)
    p_values = _find_p_values(leader, other, pairs)
    if not p_values:
        return (
            f"{leader} is ahead of {other} by {points:.2f} points, but they have no seed in common, so the difference "
            "was not tested"
        )
    chance = _describe_chance(p_values, len(pairs))
    if max(p_values) < SIGNIFICANT:
        if leader == LINEAR and len(networks) > 1:
            other = f"the best network ({other})"
        return f"{leader} wins: {_percent(first)} against {_percent(second)} for {other}, {chance}"
    return f"{leader} is ahead of {other} by {points:.2f} points, which may be chance on {n:,} reviews ({chance})"


def _percent(model: ComparedModel) -> str:
    return f"{100 * model.accuracy:.1f} %"


def _describe_chance(p_values: Sequence[float], pairs: int) -> str:
    worst = max(p_values)
    corrected = f", corrected for {pairs} pairs" if pairs > 1 else ""
    if len(p_values) == 1:
        return ("p < 0.001" if worst < 0.001 else f"p = {worst:.2g}") + corrected
    if worst < SIGNIFICANT:
        return f"p {'< 0.001' if worst < 0.001 else f'≤ {worst:.2g}'} with each of {len(p_values)} seeds{corrected}"
    return f"p ≥ {SIGNIFICANT} with {sum(p >= SIGNIFICANT for p in p_values)} of {len(p_values)} seeds{corrected}"


def _find_p_values(leader: str, other: str, pairs: Sequence[ComparedPair]) -> list[float]:
    """For each seed of both models, return the corrected p-value, or 1 if the leader is not more accurate with it."""
    for pair in pairs:
        if set(pair.models) == {leader, other}:
            sign = 1 if pair.models[0] == leader else -1
            return [
                test.p_adjusted if sign * (test.only_first_right - test.only_second_right) > 0 else 1.0
                for test in pair.seeds
            ]
    return []
