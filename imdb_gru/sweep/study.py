"""The search with Optuna: the choice of each trial's values, and the importance of each key."""

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from imdb_gru.config.sweep import Dimension, SweepConfig
from imdb_gru.sweep.outcome import SETTLED, Outcome

IMPORTANT_SHARE = 0.25
"""Share of the trials that count as good; `find_importance` compares the values of these with those of all trials."""

SAMPLERS = {"optuna": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}


class Study:
    """A search in which a trial's values depend only on the seed, the trial's number and the outcomes so far."""

    def __init__(self, sweep: SweepConfig, outcomes: Iterable[Outcome] = ()) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.sweep = sweep
        self.distributions = {key: build_distribution(dimension) for key, dimension in sweep.space.items()}
        self._study = optuna.create_study(direction="maximize")
        self._asked: dict[int, optuna.Trial] = {}
        for outcome in outcomes:
            if outcome.state in SETTLED and (trial := self._build_trial(outcome.values, outcome)):
                self._study.add_trial(trial)

    def ask(self, number: int, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Choose a trial's values, or register `values` if they are given; return the trial's values."""
        if values is not None:
            if self._build_trial(values) is None:  # for example, the base may be outside the space
                return dict(values)
            self._study.enqueue_trial(self._encode(values))
        seed = int(np.random.SeedSequence([self.sweep.seed, number]).generate_state(1)[0])
        # Each trial has its own sampler; otherwise a resumed search would choose the values of its first trials again.
        self._study.sampler = SAMPLERS[self.sweep.search](seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._asked[number] = self._study.ask(self.distributions)
        return self._decode(self._asked[number].params)

    def tell(self, outcome: Outcome) -> None:
        """Register the outcome of a trial."""
        trial = self._asked.pop(outcome.trial, None)
        if trial is None:
            return
        measure = outcome.measure(self.sweep.metric)
        if measure is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, measure[0])

    def find_importance(self) -> dict[str, float]:
        """Return how important each key is for a good result (PED-ANOVA, Watanabe et al. 2023), most important first.

        The result is empty if too few trials differ in their values or results.
        """
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=IMPORTANT_SHARE)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        except (ValueError, RuntimeError):
            return {}
        return {key: float(share) for key, share in found.items() if np.isfinite(share)}

    def _build_trial(
        self, values: Mapping[str, Any], outcome: Outcome | None = None
    ) -> optuna.trial.FrozenTrial | None:
        """Build a finished or failed Optuna trial; return None if its values are outside the space."""
        measure = outcome and outcome.measure(self.sweep.metric)
        state = TrialState.COMPLETE if measure else TrialState.FAIL
        value = measure[0] if measure else None
        params = self._encode(values)
        try:
            return create_trial(state=state, value=value, params=params, distributions=self.distributions)
        except ValueError:
            return None

    def _encode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Encode choices as JSON, because Optuna does not accept lists as choices."""
        return {key: _encode_value(self.sweep.space[key], value) for key, value in values.items()}

    def _decode(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {key: json.loads(params[key]) if self.sweep.space[key].choice else params[key] for key in params}


def _encode_value(dimension: Dimension, value: Any) -> Any:
    if not dimension.choice:
        return value
    equal = [choice for choice in dimension.choice if choice == value]  # a choice of 0 equals 0.0 in a config
    return json.dumps((equal or [value])[0])


def build_distribution(dimension: Dimension) -> BaseDistribution:
    """Return Optuna's distribution for the values of a key."""
    if dimension.choice:
        return CategoricalDistribution([json.dumps(choice) for choice in dimension.choice])
    low, high = dimension.bounds
    kind = IntDistribution if dimension.whole else FloatDistribution
    return kind(low, high, log=dimension.log_range is not None)
