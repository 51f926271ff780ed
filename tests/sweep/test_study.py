"""The search: what is asked of Optuna, and what a resumed search knows."""

import pytest

pytest.importorskip("optuna")

from imdb_gru.config.sweep import SweepConfig
from imdb_gru.errors import RunError
from imdb_gru.sweep.outcome import Outcome, load_outcomes, rank_finalists, rank_outcomes, save_outcomes
from imdb_gru.sweep.study import Study

SPACE = {
    "train.learning_rate": {"log_range": [0.001, 0.1]},
    "train.epochs": {"range": [2, 9]},
    "model.dropout.word": {"range": [0.0, 0.5]},
    "model.pooling": {"choice": [["last"], ["last", "max"]]},
}


def make_sweep(**changes):
    return SweepConfig.model_validate({"space": SPACE, **changes})


def make_outcome(trial, values, accuracy=0.5, loss=0.6, state="finished", seed=0):
    return Outcome(trial, seed, f"trial-{trial:03}", values, state, 2, accuracy, loss, 1.0)


def test_values_are_of_the_space_and_of_their_kinds():
    study = Study(make_sweep())
    for number in range(30):
        values = study.ask(number)
        assert list(values) == list(SPACE)
        assert 0.001 <= values["train.learning_rate"] <= 0.1
        assert isinstance(values["train.epochs"], int)
        assert values["train.epochs"] in range(2, 10)
        assert values["model.pooling"] in SPACE["model.pooling"]["choice"]
        study.tell(make_outcome(number, values, accuracy=number / 40))


def test_a_random_search_that_goes_on_draws_what_it_would_have_drawn():
    sweep = make_sweep(search="random")
    whole = Study(sweep)
    drawn = [whole.ask(number) for number in range(6)]
    resumed = Study(sweep, [make_outcome(number, drawn[number]) for number in range(3)])
    assert [resumed.ask(number) for number in range(3, 6)] == drawn[3:]
    assert len({str(values) for values in drawn}) == 6
    assert Study(make_sweep(search="random", seed=1)).ask(0) != drawn[0]


def test_a_choice_is_known_by_its_value_as_a_config_writes_it():
    sweep = make_sweep(space={"model.dropout.word": {"choice": [0, 0.1]}})
    study, values = Study(sweep), sweep.read_values(sweep.build_trial({"model.dropout.word": 0}))
    assert study.ask(0, values) == values
    assert 0 in study._asked


def test_optuna_learns_from_what_came_of_trials_before_and_after_a_stop():
    """Half of the choices is bad: it is drawn less and less."""

    def count_bad(search):
        sweep, outcomes = make_sweep(search=search), []
        for begin in (0, 20):
            study = Study(sweep, outcomes)
            for number in range(begin, begin + 20):
                values = study.ask(number)
                good = values["model.pooling"] == ["last"]
                outcomes.append(make_outcome(number, values, accuracy=0.9 if good else 0.5))
                study.tell(outcomes[-1])
        return sum(outcome.accuracy == 0.5 for outcome in outcomes[20:])

    assert count_bad("optuna") <= 5 < count_bad("random")


def test_given_values_are_kept_even_outside_the_space():
    study = Study(make_sweep())
    inside = {"train.learning_rate": 0.01, "train.epochs": 3, "model.dropout.word": 0.1, "model.pooling": ["last"]}
    outside = {**inside, "model.pooling": ["mean"]}
    assert study.ask(0, outside) == outside
    study.tell(make_outcome(0, outside))
    assert study.ask(1, inside) == inside
    study.tell(make_outcome(1, inside))
    Study(make_sweep(), [make_outcome(0, outside), make_outcome(1, inside)])


def test_a_failed_trial_neither_teaches_nor_ends_the_search():
    study = Study(make_sweep())
    for number in range(15):
        values = study.ask(number)
        study.tell(make_outcome(number, values, accuracy=None, loss=None, state="failed"))
    assert study.find_importance() == {}


def test_the_key_that_decides_is_the_most_important():
    study = Study(make_sweep(search="random"))
    for number in range(40):
        values = study.ask(number)
        study.tell(make_outcome(number, values, accuracy=1 - values["model.dropout.word"]))
    importance = study.find_importance()
    assert next(iter(importance)) == "model.dropout.word"
    assert sum(importance.values()) == pytest.approx(1)


def test_outcomes_are_ranked_by_the_metric_and_those_without_figures_come_last():
    outcomes = [
        make_outcome(0, {}, 0.8, 0.5),
        make_outcome(1, {}, 0.9, 0.7),
        make_outcome(2, {}, 0.99, 0.1, state="failed"),
        make_outcome(3, {}, 0.9, 0.6),
        make_outcome(4, {}, None, None, state="running"),
    ]
    assert [outcome.trial for outcome in rank_outcomes(outcomes, "accuracy")][:3] == [3, 1, 0]
    assert [outcome.trial for outcome in rank_outcomes(outcomes, "loss")][:3] == [0, 3, 1]


def test_a_finalist_is_the_mean_of_its_seeds_and_one_that_failed_comes_later():
    steady = [make_outcome(1, {}, 0.8, 0.5, seed=seed) for seed in (0, 1)]
    lucky = [make_outcome(2, {}, 0.9, 0.4), make_outcome(2, {}, 0.6, 0.7, seed=1)]
    broken = [make_outcome(3, {}, 0.95, 0.2), make_outcome(3, {}, None, None, state="failed", seed=1)]
    ranked = rank_finalists([lucky, broken, steady], "accuracy")
    assert [finalist["trial"] for finalist in ranked] == [1, 2, 3]
    assert ranked[1]["accuracy"] == pytest.approx(0.75)
    assert ranked[2]["failed"] == 1


def test_only_what_is_settled_is_written_and_read_back(tmp_path):
    outcomes = [make_outcome(0, {"train.epochs": 3}), make_outcome(1, {}, state="running")]
    save_outcomes(tmp_path, outcomes)
    assert load_outcomes(tmp_path) == outcomes[:1]
    (tmp_path / "results.jsonl").write_text('{"trial": 1}')
    with pytest.raises(RunError, match=r"results\.jsonl cannot be read"):
        load_outcomes(tmp_path)
