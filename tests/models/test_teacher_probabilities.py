"""Teachers: their mean probabilities, and the teachers that are refused."""

import sys

import numpy as np
import pytest
from support.table_runs import ROWS, make_table_run

import imdb_gru
from imdb_gru.config import load_config
from imdb_gru.corpus.corpus import load_training_reviews
from imdb_gru.errors import ConfigError, DataError, MissingExtraError, RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.teachers import ask_teachers, find_teachers
from imdb_gru.sources import open_source
from imdb_gru.tasks.training import load_corpus

ROWS_WITHOUT_LABELS = [
    (f"a {'wonderful' if number % 2 else 'dull'} night , number {number}", "") for number in range(20)
]


@pytest.fixture
def data(tmp_path):
    """A table of 90 labelled and 20 unlabelled reviews."""
    rows = [(text, label, "train") for text, label in ROWS] + [
        (text, "", "unlabelled") for text, _ in ROWS_WITHOUT_LABELS
    ]
    path = tmp_path / "data.csv"
    path.write_text("text,label,split\n" + "".join(f'"{text}",{label},{split}\n' for text, label, split in rows))
    return path


@pytest.fixture
def make_teacher(tmp_path, data):
    """Make a complete classifier of random weights, which was trained on the table."""

    def make(name="teacher", **overrides):
        return make_table_run(tmp_path / name, data, **overrides)

    return make


def build(data, teachers=(), **overrides):
    """A config of a student of these teachers."""
    keys = {"data.path": str(data), "model.units": 4, "model.embedding": 3, "train.teachers": list(map(str, teachers))}
    return load_config("scratch", {**keys, **overrides})


def test_a_corpus_has_the_weighted_mean_of_what_the_teachers_say_about_the_texts(make_teacher, data):
    teachers = [
        make_teacher("short", **{"text.length": 3}),
        make_teacher("keras", **{"text.tokenizer": "keras", "text.min_count": 2, "model.cell": "lstm"}),
        make_teacher("both", **{"model.bidirectional": True, "model.pooling": ["mean"], "model.units": 3}),
    ]
    weights = [1, 2.5, 0.5]
    config = build(data, [run.path for run in teachers], **{"train.teacher_weights": weights, "train.unlabelled": True})
    corpus = load_corpus(config)
    reviews = load_training_reviews(open_source(config.data), config).train
    assert len(corpus.train) == len(reviews) == 81 + 20
    expected = [
        sum(
            weight * Classifier.load(run).predict(review.text).probability
            for run, weight in zip(teachers, weights, strict=True)
        )
        / 4
        for review in reviews
    ]
    targets = corpus.train.soft_targets
    np.testing.assert_allclose(targets.probabilities, expected, atol=1e-6)
    assert np.std(expected) > 0.01
    assert targets.reviews == corpus.statistics.hash
    assert [(teacher.name, teacher.weight) for teacher in targets.teachers] == [
        (str(run.path), weight) for run, weight in zip(teachers, weights, strict=True)
    ]
    assert [teacher.files for teacher in targets.teachers] == [
        {name: run.load_metrics().files[name] for name in ("config.yaml", "vocabulary.json", "weights.npz")}
        for run in teachers
    ]
    assert corpus.train.taught.all()
    assert corpus.validation.soft_targets is None


def test_ngrams_are_fitted_to_the_labelled_training_reviews_alone(data, monkeypatch):
    pytest.importorskip("sklearn")
    from imdb_gru.models import teachers

    fitted, fit = [], teachers.fit_linear
    monkeypatch.setattr(teachers, "fit_linear", lambda train: fitted.append(train) or fit(train))
    config = build(data, ["ngrams"], **{"train.unlabelled": True})
    reviews = load_training_reviews(open_source(config.data), config)
    said = ask_teachers(find_teachers(config.train), reviews.train, config.text)
    (train,) = fitted
    assert train.labels.tolist() == [label for label in reviews.train.labels if label >= 0]
    held_out = {word for review in reviews.validation for word in review.text.split()}
    held_out -= {word for review in reviews.train for word in review.text.split()}
    assert held_out
    assert not held_out & {word for tokens in train.to_lists() for word in tokens}
    assert [bool(one > 0.5) for one in said] == ["wonderful" in review.text for review in reviews.train]
    assert load_corpus(config).train.soft_targets.teachers[0].files == {}


def test_a_teacher_with_other_validation_reviews_is_refused_and_one_with_the_same_is_not(make_teacher, data):
    teacher = make_teacher(**{"train.seed": 3})
    message = (
        rf"the teacher {teacher} was trained on [789] of the 9 validation reviews, so the figures on them would be "
        r"optimistic: set train.validation_split=0.1 and train.validation_seed=3, as in its training, if that was on "
        r"the same data, or train the teacher on the same data with train.validation_split=0.1 and "
        r"train.validation_seed=0"
    )
    for ask in (True, False):
        with pytest.raises(DataError, match=message):
            load_corpus(build(data, [teacher.path]), ask=ask)
    assert load_corpus(build(data, [teacher.path], **{"train.validation_seed": 3})).train.soft_targets
    assert load_corpus(build(data, [teacher.path], **{"train.seed": 3})).train.soft_targets
    assert load_corpus(build(data, [teacher.path], **{"train.validation_split": 0})).train.soft_targets
    again = make_teacher("again", **{"train.seed": 4, "train.validation_seed": 0})
    assert load_corpus(build(data, [again.path])).train.soft_targets


def test_the_validation_seed_alone_chooses_the_validation_reviews(data):
    def hold_out(**train):
        return [
            review.text for review in load_training_reviews(open_source(str(data)), build(data, **train)).validation
        ]

    assert hold_out(**{"train.seed": 5}) == hold_out(**{"train.validation_seed": 5})
    assert hold_out(**{"train.seed": 1, "train.validation_seed": 0}) == hold_out() != hold_out(**{"train.seed": 1})


def test_a_teacher_that_knows_the_test_part_is_refused(make_teacher, data):
    teacher, split = make_teacher(**{"train.validation_split": 0}), {"data.test_split": 0.2}
    with pytest.raises(DataError, match=r"trained on 18 of the 18 reviews of the test part, so .*data.test_split=0.2"):
        load_corpus(build(data, [teacher.path], **split, **{"train.validation_split": 0}))
    other = make_teacher("other", **split)
    assert load_corpus(build(data, [other.path], **split)).train.soft_targets


def test_reviews_that_the_student_is_trained_on_too_are_allowed(make_teacher, data, tmp_path):
    teacher = make_teacher(**{"train.validation_split": 0})
    text, label = ROWS[0]
    lines = [f"{text},{label},train", f"{text},{label},validation", *(f"other {n},{n % 2},train" for n in range(20))]
    path = tmp_path / "other.csv"
    path.write_text("text,label,split\n" + "\n".join(lines) + "\n")
    assert load_corpus(build(path, [teacher.path])).train.soft_targets
    path.write_text("text,label,split\n" + "\n".join(lines[1:]) + "\n")
    with pytest.raises(DataError, match="trained on 1 of the 1 validation reviews"):
        load_corpus(build(path, [teacher.path]))


def test_a_teacher_that_does_not_remember_its_reviews_is_refused(data, tmp_path):
    teacher = make_table_run(tmp_path / "teacher", data, remembers=False)
    with pytest.raises(DataError, match="has no record of the reviews that it was trained on: train it again"):
        load_corpus(build(data, [teacher.path]))


def test_only_complete_classifiers_teach(data, make_teacher, make_next_word_run, tmp_path):
    for name, message in {
        "bundled": r"train\.teachers: there is no run at bundled; .*or choose bundled-classifier or ngrams",
        tmp_path / "none": r"train\.teachers: there is no run at",
        make_next_word_run("words").path: "is a next-word model, not a classifier: choose a classifier",
    }.items():
        with pytest.raises(ConfigError, match=message):
            load_corpus(build(data, [name]))
    teacher = make_teacher()
    teacher.weights_path.write_bytes(b"changed")
    with pytest.raises(RunError, match=r"is damaged: weights\.npz has changed"):
        load_corpus(build(data, [teacher.path]))


def test_the_bundled_classifier_teaches_other_reviews(data):
    said = load_corpus(build(data, ["bundled-classifier"])).train.soft_targets.probabilities
    assert said.min() < 0.1 < 0.9 < said.max()


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({"teachers": ["a", "a"]}, "train.teachers: must not contain a teacher twice"),
        (
            {"teachers": ["a", "b"], "teacher_weights": [1.0]},
            "needs one weight for each of the 2 train.teachers, got 1",
        ),
        ({"teacher_weights": [1.0]}, "needs one weight for each of the 0 train.teachers, got 1"),
        ({"teachers": ["a"], "teacher_weights": [0.0]}, r"train.teacher_weights.0: .*greater than 0, got 0"),
        ({"teachers": "a"}, "train.teachers: .*list"),
        ({"teacher_share": 1.5}, "train.teacher_share: .*less than or equal to 1"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(train, message):
    with pytest.raises(ConfigError, match=message):
        load_config({"train": train})


def test_ngrams_name_the_extra_that_they_need(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"the teacher ngrams needs the extra 'sklearn'"):
        imdb_gru.plan("scratch", data=data, overrides={"train.teachers": ["ngrams"]})


def test_a_teacher_that_knows_the_folds_is_refused(make_teacher, data):
    keys = {"model.units": 4, "model.embedding": 3, "train.teachers": [str(make_teacher().path)]}
    with pytest.raises(DataError, match=r"trained on 90 of the 90 reviews of the folds.*choose ngrams or a teacher"):
        imdb_gru.cross_validate("scratch", data=data, folds=3, overrides=keys)
