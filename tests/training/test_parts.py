"""Hold what is written down when a training begins and goes on, and what it may not go on with."""

import json
from dataclasses import replace

import pytest
from conftest import start_from_scratch

from imdb_gru.config import build_config
from imdb_gru.environment import describe_environment
from imdb_gru.errors import FormatError, RunError
from imdb_gru.reading import hash_file
from imdb_gru.runs import create_run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.text.corpus import TrainingReviews, encode_corpus, load_training_reviews
from imdb_gru.text.stored import store_reviews
from imdb_gru.text.vocabulary import Vocabulary

pytestmark = pytest.mark.keras

CONFIG = build_config(
    start_from_scratch(
        {
            "data": {"path": "sample", "limit": 40},
            "text": {"length": 20},
            "model": {"embedding": 3, "units": 3},
            "train": {"epochs": 2, "batch_size": 16, "engine": "keras", "objective": "linear"},
        }
    ),
    "test",
)


@pytest.fixture
def reviews():
    return load_training_reviews(SampleSource(), CONFIG)


@pytest.fixture
def prepare(tmp_path):
    """Make a trainer of a run, which `run` continues."""

    def prepare(reviews, run=None):
        from imdb_gru.training.trainer import Trainer

        vocabulary = run.load_vocabulary() if run else None
        corpus = encode_corpus(SampleSource(), CONFIG, reviews, vocabulary)
        if run is None:
            run = create_run(tmp_path / "run", CONFIG)
            corpus.vocabulary.save(run.vocabulary_path)
        return Trainer(run, CONFIG, corpus)

    return prepare


@pytest.fixture
def killed(prepare, reviews):
    """A run killed before its first epoch was done, so that it has no checkpoint."""
    trainer = prepare(reviews)

    def kill(record):
        raise SystemExit

    trainer._train_epoch = lambda *_: kill(None)
    with pytest.raises(SystemExit):
        trainer.train(kill)
    assert not trainer.run.checkpoint_path.exists()
    return trainer.run


def test_the_start_says_what_ran_and_what_was_read(killed, reviews):
    (part,) = killed.load_environments()
    assert (part["format"], part["epoch"], part["batch"]) == (1, 0, 0)
    assert part["data"] == {"hash": reviews.hash, "train": 36, "validation": 4}
    assert part["vocabulary"] == hash_file(killed.vocabulary_path)
    assert part["environment"] == describe_environment() | {"seed": 0, "engine": "keras", "precision": "float32"}


def test_it_goes_on_with_the_same_reviews(killed, prepare, reviews):
    prepare(reviews, killed).restore()


def test_other_reviews_are_refused_though_there_is_no_checkpoint(killed, prepare, reviews):
    first, *others = reviews.train
    changed = TrainingReviews(
        store_reviews([replace(first, label=1 - first.label), *others]), reviews.validation, "other"
    )
    with pytest.raises(RunError, match=r"was trained on other reviews than .* holds: name them with --data"):
        prepare(changed, killed).restore()


def test_the_same_reviews_divided_otherwise_are_refused(killed, prepare, reviews):
    """The hash is of all reviews in order, whichever are held out."""
    *train, last = reviews.train
    divided = TrainingReviews(store_reviews(train), store_reviews([last, *reviews.validation]), reviews.hash)
    with pytest.raises(RunError, match="was trained on other reviews than"):
        prepare(divided, killed).restore()


def test_another_vocabulary_than_at_the_start_is_refused(killed, prepare, reviews):
    words = killed.load_vocabulary().words
    Vocabulary("words", [words[1], words[0], *words[2:]]).save(killed.vocabulary_path)
    with pytest.raises(RunError, match=r"vocabulary\.json has changed since the training began: put it back"):
        prepare(reviews, killed).restore()


def test_parts_under_other_versions_are_kept_apart(killed, prepare, reviews):
    start = killed.load_environments()[0]
    start["environment"]["numpy"] = "1.0"
    killed.environment_path.write_text(json.dumps(start) + "\n")
    trainer = prepare(reviews, killed)
    trainer.restore()
    metrics = trainer.train(lambda record: None)
    parts = killed.load_environments()
    assert [part["environment"]["numpy"] == "1.0" for part in parts] == [True, False]
    assert metrics["environment"].items() >= parts[1]["environment"].items()
    assert killed.state == "complete"


def test_a_run_from_before_this_was_written_down_goes_on(killed, prepare, reviews):
    killed.environment_path.unlink()
    prepare(reviews, killed).restore()
    assert killed.load_environments() == []


def test_damage_and_a_newer_format_are_told(killed):
    line = killed.environment_path.read_text()
    killed.environment_path.write_text(line.replace('"format": 1', '"format": 2'))
    with pytest.raises(FormatError, match="upgrade imdb-gru"):
        killed.load_environments()
    for damaged in (line[:40], "[]\n", '{"epoch": 1}\n'):
        killed.environment_path.write_text(damaged)
        with pytest.raises(RunError, match=r"environment\.jsonl cannot be read"):
            killed.load_environments()


def test_a_run_killed_before_its_vocabulary_was_written_is_resumed(invoke, tmp_path):
    create_run(tmp_path / "run", CONFIG)
    result = invoke("train", "--resume", "run", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["epochs"] == 2


def test_a_training_elsewhere_says_what_the_weights_may_not_be(invoke, killed):
    killed.config_path.write_text(killed.config_path.read_text().replace("deterministic: false", "deterministic: true"))
    (part,) = killed.load_environments()
    part["environment"]["threads"] = 64
    killed.environment_path.write_text(json.dumps(part) + "\n")
    result = invoke("train", "--resume", killed.path)
    assert result.code == 0, result.err
    assert "may not be, to the bit, those of a run never stopped: threads 64 then, " in result.err
