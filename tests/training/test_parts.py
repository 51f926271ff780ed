"""What is written down when a training starts and is resumed, and what it is not resumed with."""

import json
import shutil
from dataclasses import replace

import pytest
from support.models import start_from_scratch
from support.sessions import ignore, open_session

from imdb_gru.config import build_config
from imdb_gru.corpus.corpus import TrainingReviews, load_training_reviews
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.errors import FormatError, RunError
from imdb_gru.runs.run import Run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.system.environment import describe_environment
from imdb_gru.system.reading import hash_file
from imdb_gru.text.vocabulary import Vocabulary

pytestmark = pytest.mark.keras

CONFIG = build_config(
    start_from_scratch(
        {
            "data": {"path": "sample", "limit": 40},
            "text": {"length": 20},
            "model": {"embedding": 3, "units": 3},
            "train": {"epochs": 1, "batch_size": 16, "objective": "linear"},
        }
    ),
    "test",
)


@pytest.fixture
def reviews():
    return load_training_reviews(SampleSource(), CONFIG)


def resume(reviews, run):
    """Open the training that a run began, on these reviews."""
    return open_session(None, CONFIG, run=run, reviews=reviews)


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory):
    session = open_session(tmp_path_factory.mktemp("killed") / "run", CONFIG)

    def kill(*_):
        raise SystemExit

    session.trainer.train_epoch = kill
    with pytest.raises(SystemExit):
        session.train(ignore)
    assert not session.run.checkpoint_path.exists()
    return session.run


@pytest.fixture
def killed(killed_once, tmp_path):
    """A run killed before its first epoch was done, so that it has no checkpoint."""
    return Run(shutil.copytree(killed_once.path, tmp_path / "run"))


def test_the_start_says_what_ran_and_what_was_read(killed, reviews):
    (part,) = killed.load_starts()
    assert (part.format, part.epoch, part.batch) == (1, 0, 0)
    assert part.data == {"hash": reviews.hash, "train": 36, "validation": 4}
    assert part.vocabulary == hash_file(killed.vocabulary_path)
    assert part.environment == describe_environment() | {
        "seed": 0, "engine": "fused", "precision": "float32", "objective": CONFIG.train.objective,
    }  # fmt: skip


def test_it_goes_on_with_the_same_reviews(killed, reviews):
    resume(reviews, killed).restore()


def test_other_reviews_are_refused_though_there_is_no_checkpoint(killed, reviews):
    first, *others = reviews.train
    changed = TrainingReviews(
        store_reviews([replace(first, label=1 - first.label), *others]), reviews.validation, "other"
    )
    with pytest.raises(RunError, match=r"was not trained on the reviews in .*: choose the original reviews with"):
        resume(changed, killed).restore()


def test_the_same_reviews_divided_otherwise_are_refused(killed, reviews):
    """The hash is of all reviews in order, whichever are held out."""
    *train, last = reviews.train
    divided = TrainingReviews(store_reviews(train), store_reviews([last, *reviews.validation]), reviews.hash)
    with pytest.raises(RunError, match="was not trained on the reviews in"):
        resume(divided, killed).restore()


def test_another_vocabulary_than_at_the_start_is_refused(killed, reviews):
    words = killed.load_vocabulary().words
    Vocabulary("words", [words[1], words[0], *words[2:]]).save(killed.vocabulary_path)
    with pytest.raises(RunError, match=r"vocabulary\.json has changed since training began: restore it"):
        resume(reviews, killed).restore()


def test_parts_under_other_versions_are_kept_apart(killed, reviews):
    _change_environment(killed, numpy="1.0")
    session = resume(reviews, killed)
    session.restore()
    metrics = session.train(ignore)
    parts = killed.load_starts()
    assert [part.environment["numpy"] == "1.0" for part in parts] == [True, False]
    assert metrics.environment == parts[1].environment
    assert killed.state == "complete"


def _change_environment(run, **changes):
    start = json.loads(run.environment_path.read_text())
    start["environment"].update(changes)
    run.environment_path.write_text(json.dumps(start) + "\n")


def test_damage_and_a_newer_format_are_told(killed):
    line = killed.environment_path.read_text()
    killed.environment_path.write_text(line.replace('"format": 1', '"format": 2'))
    with pytest.raises(FormatError, match="upgrade imdb-gru"):
        killed.load_starts()
    for damaged in (line[:40], "[]\n", '{"epoch": 1}\n'):
        killed.environment_path.write_text(damaged)
        with pytest.raises(RunError, match=r"environment\.jsonl cannot be read"):
            killed.load_starts()


def test_a_training_elsewhere_says_what_the_weights_may_not_be(invoke, killed):
    killed.config_path.write_text(killed.config_path.read_text().replace("deterministic: false", "deterministic: true"))
    _change_environment(killed, threads=64)
    result = invoke("train", "--resume", killed.path)
    assert result.code == 0, result.err
    assert "may differ from those of an uninterrupted run: threads was 64, now " in result.err
