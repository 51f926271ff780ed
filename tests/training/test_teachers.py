"""Trainings with teachers: what they learn, what a run keeps, and resuming without the teachers."""

import io
import shutil
import signal

import numpy as np
import pytest
from support.table_runs import ROWS, make_table_run

import imdb_gru
from imdb_gru.errors import RunError
from imdb_gru.events import EpochDone, Stopped
from imdb_gru.models.classifier import Classifier

pytestmark = pytest.mark.keras


@pytest.fixture
def data(tmp_path):
    """A table of 90 labelled reviews and 60 unlabelled ones."""
    path = tmp_path / "data.csv"
    unlabelled = [f"a {('calm', 'loud')[number % 2]} night , number {number}" for number in range(60)]
    rows = [f"{text},{label},train" for text, label in ROWS] + [f'"{text}",,unlabelled' for text in unlabelled]
    path.write_text("text,label,split\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def teacher(tmp_path, data):
    return make_table_run(
        tmp_path / "teacher", data, **{"model.cell": "lstm", "train.seed": 1, "train.validation_seed": 0}
    )


def train(data, path, teachers=(), observer=None, **keys):
    keys = {
        "model.units": 5, "model.embedding": 4, "text.length": 20, "train.batch_size": 16, "train.epochs": 2,
        "train.deterministic": True, "train.teachers": [str(teacher) for teacher in teachers], **keys,
    }  # fmt: skip
    return imdb_gru.train("scratch", data=data, run=path, overrides=keys, observer=observer)


def stop_after_the_first_epoch(event):
    if isinstance(event, EpochDone):
        signal.raise_signal(signal.SIGINT)


def test_a_student_moves_towards_its_teacher_on_texts_without_labels(data, tmp_path, teacher):
    quiet = {f"model.dropout.{name}": 0.0 for name in ("word", "embedding", "output")}
    keys = {"train.unlabelled": True, "train.learning_rate": 0.03, "train.adversarial": None, "train.averaging": None}
    keys |= {"train.monitor": "last", "train.epochs": 25, "train.teacher_share": 0.0, **quiet}
    student = train(data, tmp_path / "student", [teacher.path], **keys)
    texts = [f"a {word} night , number {number}" for number in range(60) for word in ("calm", "loud")]
    ours, theirs = (
        np.array([prediction.probability for prediction in Classifier.load(run).predict_many(texts)])
        for run in (student, teacher)
    )
    assert np.abs(ours - theirs).mean() < 0.05
    assert np.abs(theirs - 0.5).max() > 0.1
    assert student.load_metrics().best.accuracy > 0.9  # for the labels, whatever the teacher says


def test_a_run_keeps_what_its_teachers_said_and_names_them(data, tmp_path, teacher):
    events = []
    student = train(data, tmp_path / "student", [teacher.path], events.append, **{"train.unlabelled": True})
    assert f"asking 1 teacher about 141 training reviews: {teacher.path}" in map(str, events)
    targets = student.load_soft_targets()
    assert targets.probabilities.shape == (141,)
    record = {"name": str(teacher.path), "weight": 1.0}
    record["files"] = {
        name: teacher.load_metrics().files[name] for name in ("config.yaml", "vocabulary.json", "weights.npz")
    }
    metrics, (start,) = student.load_metrics(), student.load_starts()
    for environment in (metrics.environment, start.environment):
        assert environment["teachers"] == [record]
        assert environment["soft_targets"] == targets.hash
    assert student.load_config().train.teachers == [str(teacher.path)]
    assert "soft_targets.npz" in metrics.files
    student.soft_targets_path.write_bytes(b"changed")
    assert student.find_damage() == "soft_targets.npz has changed since the run was completed"


def test_crops_are_taught_balanced_and_kept(data, tmp_path, teacher):
    events = []
    keys = {"train.unlabelled": True, "train.crops": 2}
    student = train(data, tmp_path / "student", [teacher.path], events.append, **keys)
    assert f"asking 1 teacher about 141 training reviews and 282 crops: {teacher.path}" in map(str, events)
    assert any("141 reviews for training, 9 for validation, 282 crops;" in str(event) for event in events)
    probabilities = student.load_soft_targets().probabilities
    assert probabilities.shape == (141 + 282,)
    assert abs(probabilities[141:].mean() - 0.5) < 0.1
    assert student.load_metrics().data.crops == 282
    assert student.load_metrics().data.train == 141
    stopped = train(data, tmp_path / "stopped", [teacher.path], stop_after_the_first_epoch, **keys)
    assert imdb_gru.resume(stopped.path).load_soft_targets().probabilities.shape == (141 + 282,)


def test_a_share_of_nothing_trains_as_without_teachers(data, tmp_path, teacher, full_graphs):
    runs = [
        train(data, tmp_path / "taught", [teacher.path], **{"train.teacher_share": 0.0}),
        train(data, tmp_path / "alone"),
        train(data, tmp_path / "other", [teacher.path]),
    ]
    weights = [np.load(run.weights_path) for run in runs]
    same = [[np.array_equal(weights[1][name], one[name]) for name in one.files] for one in weights]
    assert all(same[0])
    assert not any(same[2])


def test_a_resumed_training_needs_its_teachers_no_more(data, tmp_path, teacher, full_graphs):
    alone = train(data, tmp_path / "alone", [teacher.path])
    events = []

    def observe(event):
        events.append(event)
        stop_after_the_first_epoch(event)

    stopped = train(data, tmp_path / "stopped", [teacher.path], observe)
    assert any(isinstance(event, Stopped) for event in events)
    shutil.rmtree(teacher.path)
    resumed = imdb_gru.resume(stopped.path)
    assert resumed.load_metrics().epochs == 2
    ours, theirs = (np.load(run.weights_path) for run in (resumed, alone))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs.files)
    assert len({start.environment["soft_targets"] for start in resumed.load_starts()}) == 1
    assert resumed.load_metrics().environment["teachers"] == alone.load_metrics().environment["teachers"]


def test_what_teachers_said_must_be_whole_to_resume(data, tmp_path, teacher):
    stopped = train(data, tmp_path / "stopped", [teacher.path], stop_after_the_first_epoch)
    stopped.metrics_path.unlink()  # as if it had been killed
    whole = stopped.soft_targets_path.read_bytes()
    stopped.soft_targets_path.write_bytes(whole[:100])
    with pytest.raises(RunError, match=r"soft_targets\.npz cannot be used to resume training"):
        imdb_gru.resume(stopped.path)
    arrays = dict(np.load(io.BytesIO(whole)))
    np.savez(stopped.soft_targets_path, **{**arrays, "probabilities": 1 - arrays["probabilities"]})
    with pytest.raises(RunError, match="it has changed since training began"):
        imdb_gru.resume(stopped.path)
    stopped.soft_targets_path.write_bytes(whole)
    assert imdb_gru.resume(stopped.path).load_metrics().epochs == 2


def test_a_training_that_was_killed_before_it_began_asks_its_teachers_again(data, tmp_path, teacher):
    run = train(data, tmp_path / "run", [teacher.path], stop_after_the_first_epoch)
    whole = run.load_soft_targets()
    for path in (run.metrics_path, run.checkpoint_path, run.environment_path, run.soft_targets_path):
        path.unlink()
    events = []
    resumed = imdb_gru.resume(run.path, observer=events.append)
    assert any(str(event).startswith("asking 1 teacher") for event in events)
    assert resumed.load_soft_targets().hash == whole.hash


def test_a_plan_checks_the_teachers_and_does_not_ask_them(data, teacher, invoke):
    keys = [f"train.teachers=[{teacher.path}]", "model.units=5", "model.embedding=4"]
    options = [option for key in keys for option in ("--set", key)]
    result = invoke("train", "--config", "scratch", "--data", data, "--dry-run", *options)
    assert f"training would ask 1 teacher about 81 training reviews: {teacher.path}" in result.err
    assert f"teachers:\n  - {teacher.path}\n" in result.out
    result = invoke("train", "--config", "scratch", "--data", data, "--dry-run", *options, "--set", "train.seed=5")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith(f"Error: the teacher {teacher.path} was trained on ")
