"""A trial where it runs, in this process: no Ray is started."""

import pytest
from support.models import start_from_scratch

pytest.importorskip("ray")

from imdb_gru.config.sweep import SweepConfig
from imdb_gru.events import ignore
from imdb_gru.runs.run import Run
from imdb_gru.sources.sample import SampleSource

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's

BASE = start_from_scratch(
    {
        "data": {"path": "sample", "limit": 100},
        "text": {"length": 30},
        "model": {"embedding": 4, "units": 4},
        "train": {"epochs": 3, "batch_size": 32, "deterministic": True, "objective": "linear"},
    }
)
SWEEP = SweepConfig.model_validate({"base": BASE, "space": {"train.learning_rate": {"log_range": [0.001, 0.1]}}})


@pytest.fixture
def open_trial(monkeypatch):
    """Open a training in the sweep's own class."""
    from imdb_gru.sweep.trial import Trial

    monkeypatch.setattr("imdb_gru.sweep.trial.set_threads", lambda _: None)
    opened = []

    def open_trial(path, sweep=SWEEP, corpora=None, cpus=1, **values):
        class Alone(Trial):
            def setup(self, config):
                super().setup(config, sweep, corpora or {}, cpus)

        opened.append(Alone({"run": str(path), "seed": 0, "values": values}))
        return opened[-1]

    yield open_trial
    for trial in opened:
        trial.stop()


def train_to_its_end(trial):
    results = [trial.step()]
    while not results[-1]["done"]:
        results.append(trial.step())
    return results


@pytest.mark.keras
def test_a_trial_epoch_by_epoch_is_the_training_that_the_command_does_at_once(open_trial, invoke, tmp_path):
    results = train_to_its_end(open_trial(tmp_path / "trial", **{"train.learning_rate": 0.01}))
    assert [(result["epoch"], result["finished"]) for result in results] == [(1, False), (2, False), (3, True)]
    done = invoke("train", "--config", tmp_path / "trial" / "config.yaml", "--run", tmp_path / "whole")
    assert done.code == 0, done.err
    trial, whole = Run(tmp_path / "trial"), Run(tmp_path / "whole")
    assert trial.weights_path.read_bytes() == whole.weights_path.read_bytes()
    assert trial.load_seen().digests.tolist() == whole.load_seen().digests.tolist()
    histories = [run.load_history() for run in (trial, whole)]
    for key in ("loss", "validation_loss", "validation_accuracy", "learning_rate"):
        assert [getattr(record, key) for record in histories[0]] == [getattr(record, key) for record in histories[1]]
    assert trial.state == "complete"
    assert not trial.checkpoint_path.exists()
    assert results[-1]["accuracy"] == whole.load_metrics().best.validation_accuracy


@pytest.mark.keras
def test_a_trial_goes_on_where_its_worker_died_and_a_stopped_one_is_a_run(open_trial, invoke, tmp_path):
    first = open_trial(tmp_path / "trial")
    first.step()
    assert Run(tmp_path / "trial").state == "in progress"
    first.stop()
    assert Run(tmp_path / "trial").state == "complete"
    assert invoke("evaluate", "--run", tmp_path / "trial", "--split", "validation").code == 0
    second = open_trial(tmp_path / "trial")
    assert [result["epoch"] for result in train_to_its_end(second)] == [2, 3]
    assert [record.epoch for record in Run(tmp_path / "trial").load_history()] == [1, 2, 3]
    second.stop()
    again = train_to_its_end(open_trial(tmp_path / "trial"))  # had the end not been told any more
    assert [(result["epoch"], result["finished"]) for result in again] == [(3, True)]


@pytest.mark.keras
def test_a_process_trains_one_trial_after_the_other(open_trial, tmp_path):
    trial = open_trial(tmp_path / "first", **{"train.learning_rate": 0.02})
    trial.step()
    assert trial.reset_config({"run": str(tmp_path / "second"), "seed": 1, "values": {"train.learning_rate": 0.01}})
    trial.step()
    config = Run(tmp_path / "second").load_config()
    assert (config.train.seed, config.train.learning_rate) == (1, 0.01)
    open_trial(tmp_path / "alone", **{"train.learning_rate": 0.02}).step()
    shared, alone = (Run(tmp_path / name).load_history()[0] for name in ("first", "alone"))
    assert shared.validation_loss == alone.validation_loss


@pytest.mark.keras
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"model.pretrained": "nowhere"}, "model.pretrained: there is no run at nowhere"),
        ({"train.epocs": 1}, "the trial's config has an error: train.epocs: there is no such key"),
    ],
)
def test_a_failure_is_a_result_with_its_reason(open_trial, tmp_path, values, reason):
    (result,) = train_to_its_end(open_trial(tmp_path / "trial", **values))
    assert result["failure"].startswith(reason)
    assert ";" not in result["failure"]


@pytest.mark.keras
def test_a_training_that_diverged_fails_without_advice_for_another_command(open_trial, tmp_path, monkeypatch):
    trial = open_trial(tmp_path / "trial")
    figures = {"validation_loss": float("nan"), "validation_accuracy": 0.5}
    monkeypatch.setattr(trial.trainer, "validate", lambda stop: figures)
    assert trial.step()["failure"] == "training diverged: validation loss was nan in epoch 1"


@pytest.mark.keras
def test_more_memory_than_there_is_fails_the_trial_alone(open_trial, tmp_path, monkeypatch):
    trial = open_trial(tmp_path / "trial")
    monkeypatch.setattr(trial.trainer, "train_epoch", lambda *_: (_ for _ in ()).throw(MemoryError("no room")))
    assert trial.step() == {"failure": "MemoryError: no room", "done": True}


@pytest.mark.keras
def test_the_test_split_stays_closed_and_reviews_are_read_once(open_trial, tmp_path, monkeypatch):
    from imdb_gru.sweep.trials import Sweep

    read, iter_reviews = [], SampleSource.iter_reviews

    def watch(source, split):
        assert split != "test"
        read.append(split)
        return iter_reviews(source, split)

    monkeypatch.setattr(SampleSource, "iter_reviews", watch)
    sweep = Sweep(SWEEP, tmp_path)
    sweep.prepare(ignore)
    for name, rate in (("a", 0.01), ("b", 0.02)):
        trial = open_trial(tmp_path / name, corpora=sweep._corpora, **{"train.learning_rate": rate})
        trial.step()
        trial.stop()
    assert read == ["train"]
    hashes = {Run(tmp_path / name).load_metrics().data.hash for name in "ab"}
    assert len(hashes) == 1


@pytest.mark.keras
def test_where_text_is_searched_each_text_is_read_once_by_a_process(open_trial, tmp_path, monkeypatch):
    import imdb_gru.sweep.trial as module

    read, load = [], module.load_corpus
    monkeypatch.setattr(
        module, "load_corpus", lambda config, **start: read.append(config.text.length) or load(config, **start)
    )
    trial = open_trial(tmp_path / "0", **{"text.length": 20})
    for number, length in enumerate((30, 20, 30), 1):
        trial.reset_config({"run": str(tmp_path / str(number)), "seed": 0, "values": {"text.length": length}})
    assert read == [20, 30]
