import json

import pytest

from imdb_gru.checking import check_source
from imdb_gru.config import DataConfig
from imdb_gru.corpus.corpus import encode_corpus, load_training_reviews
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.sample import SampleSource

LONG = "the plot goes on and on through rain and snow until the old clock stops and nobody cares about it any more"
ROWS = [
    ("train", 1, "A fine film."),
    ("train", 1, "A FINE film."),
    ("train", 0, "a fine   film."),
    ("train", 0, LONG),
    ("train", 0, ""),
    ("train", 0, "Caf\ufffd noir"),
    ("train", 1, "It isnâ€™t bad <rating stars='5'>"),
    ("train", 1, "Wait\x81what?"),
    ("validation", 1, "A fine film."),
    ("test", 1, "a fine film."),
    ("test", 0, LONG.replace("nobody", "somebody")),
    ("test", 0, "quite another"),
    ("test", 0, LONG.replace("old clock", "young widow").replace("rain", "fog")),
]


def check(tmp_path, rows=ROWS, **options):
    path = tmp_path / "reviews.jsonl"
    path.write_text("".join(json.dumps(dict(zip(("split", "label", "text"), row, strict=True))) + "\n" for row in rows))
    return check_source(open_source(str(path), **options))


NEARLY = (
    "reviews in test that are nearly identical to a review in train "
    "(70% or more of their 3-word sequences are the same)"
)


def find(figures, part):
    (finding,) = [finding for finding in figures["findings"] if part in finding["finding"]]
    return finding


def test_splits_are_counted(tmp_path):
    splits = check(tmp_path)["splits"]
    assert {split: row["reviews"] for split, row in splits.items()} == {"train": 8, "validation": 1, "test": 4}
    assert splits["train"]["positive_share"] == 0.5
    assert splits["test"]["positive_share"] == 0.25
    assert splits["train"]["shortest_words"] == 0
    assert splits["train"]["longest_words"] == len(LONG.split())
    assert splits["validation"]["median_words"] == splits["validation"]["words_of_95_percent"] == 4
    figures = check(tmp_path, [("train", 1, "word " * 501), ("train", 0, "word " * 500)])
    assert figures["splits"]["train"]["truncated_share"] == 0.5


def test_what_stands_in_two_splits_is_counted(tmp_path):
    figures = check(tmp_path)
    counted = {(row["split"], row["training_split"]): (row["same"], row["near"]) for row in figures["overlaps"]}
    assert counted == {("validation", "train"): (1, 0), ("test", "train"): (1, 1), ("test", "validation"): (1, 0)}
    leak = find(figures, "test that are also in train")
    assert leak["examples"] == [{"review": "test 1", "text": "a fine film.", "twin": "train 1"}]
    near = find(figures, "test that are nearly identical to a review in train")
    assert (near["reviews"], near["examples"][0]["review"], near["examples"][0]["twin"]) == (1, "test 2", "train 4")


def test_each_trouble_is_a_finding(tmp_path):
    figures = check(tmp_path)
    assert {finding["finding"]: finding["reviews"] for finding in figures["findings"]} == {
        "reviews in train without words": 1,
        "reviews in train that repeat an earlier review word for word": 2,
        "reviews that repeat an earlier review word for word with the opposite label": 1,
        "reviews in validation that are also in train word for word": 1,
        "reviews in test that are also in train word for word": 1,
        NEARLY: 1,
        "reviews in test that are also in validation word for word": 1,
        "reviews that contain replacement characters": 1,
        "reviews that contain mojibake": 1,
        "reviews that contain control characters": 1,
        "reviews that contain HTML": 1,
    }
    assert find(figures, "opposite label")["examples"] == [
        {"review": "train 3", "text": "a fine   film.", "twin": "train 1"}
    ]


def test_there_are_three_examples_at_most_short_and_of_the_place(tmp_path):
    rows = [("train", number % 2, f"{'word ' * 50}{number} \ufffd{' word' * 50}") for number in range(5)]
    finding = find(check(tmp_path, rows), "replacement characters")
    assert finding["reviews"] == 5
    assert [example["review"] for example in finding["examples"]] == ["train 1", "train 2", "train 3"]
    assert all("\ufffd" in example["text"] and len(example["text"]) <= 72 for example in finding["examples"])


def test_clean_reviews_have_no_findings(tmp_path):
    rows = [("train", number % 2, f"review number {number} of a film called {number * 7}") for number in range(30)]
    figures = check(tmp_path, rows)
    assert figures["findings"] == []
    assert [(row["split"], row["training_split"]) for row in figures["overlaps"]] == [("held out", "train")]


def test_held_out_reviews_and_unknown_words_are_those_of_a_training(tmp_path):
    from imdb_gru.config import Config

    figures = check_source(SampleSource())
    source, config = SampleSource(), Config()
    statistics = encode_corpus(source, config, load_training_reviews(source, config), None).statistics
    (overlap,) = [row for row in figures["overlaps"] if row["split"] == "held out"]
    assert overlap["same"] == statistics.repeated_validation > 0
    rows = [("train", n % 2, f"common word{n}") for n in range(6)] + [
        ("validation", 1, "common rare rarer"),
        ("test", 1, "odd"),
    ]
    assert check(tmp_path, rows)["unknown_share"] == {"validation": pytest.approx(2 / 3, abs=1e-4), "test": 1.0}


def test_texts_alone_need_no_labels_and_no_reviews_are_an_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\nfine\nbad\n")
    figures = check_source(open_source(str(path), require_labels=False))
    assert figures["splits"]["all"]["positive_share"] is None
    path.write_text("text\n")
    with pytest.raises(DataError, match="holds no reviews"):
        check_source(open_source(str(path), require_labels=False))


def test_reviews_without_any_words_are_a_finding_and_no_error(tmp_path):
    figures = check(tmp_path, [("train", number % 2, "") for number in range(20)])
    assert find(figures, "reviews in train without words")["reviews"] == 20
    assert figures["unknown_share"] == {}


def test_the_labels_of_a_table_for_each_split_are_counted_together(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\nfine,5\ndull,1\n")
    (tmp_path / "test.csv").write_text("text,label\nfine too,4\nno label,\n")
    source = open_source(DataConfig(path=str(tmp_path), positive=[4, 5], negative=[1]))
    labels = check_source(source)["labels"]
    assert (labels["positive"], labels["negative"], labels["unlabelled"]) == ({"4": 1, "5": 1}, {"1": 1}, 1)
