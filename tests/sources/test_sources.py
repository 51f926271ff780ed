import pickle
import tarfile

import numpy as np
import pytest
from support.corpora import (
    FORMATS,
    iter_members,
    keras_words,
    list_reviews,
    rewrite_zip,
    write_npz,
    write_table,
    write_tar,
)

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_format_yields_the_same_reviews(write_corpus, kind, split):
    source = open_source(str(write_corpus(kind)))
    published = kind in ("folder", "parent", "tar")
    assert source.splits == (("train", "test", "unlabelled") if published else ("train", "test"))
    expected = list_reviews(split)
    if kind == "npz":
        expected = [Review(" ".join(keras_words(review.text)), review.label) for review in expected]
    elif not published:
        expected = [Review(review.text, review.label) for review in expected]
    assert list(source.iter_reviews(split)) == expected


def test_archive_keeps_the_order_of_file_names_as_text(tmp_path):
    names = [f"aclImdb/train/pos/{number}_8.txt" for number in (2, 10, 1, 100)]
    path = write_tar(tmp_path / "a.tar.gz", [(name, name) for name in names])
    texts = [review.text.split("/")[-1] for review in open_source(str(path)).iter_reviews("train")]
    assert texts == ["100_8.txt", "10_8.txt", "1_8.txt", "2_8.txt"]


def test_environment_names_the_data(write_corpus, monkeypatch):
    monkeypatch.setenv("IMDB_GRU_DATA", str(write_corpus("csv")))
    assert open_source(None).name.endswith("reviews.csv")


def _link(name):
    member = tarfile.TarInfo(name)
    member.type = tarfile.SYMTYPE
    member.linkname = "/etc/passwd"
    return member


def test_a_link_in_the_place_of_a_review_is_refused(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [*iter_members(), (_link("aclImdb/train/pos/9_9.txt"), "")])
    with pytest.raises(DataError, match="not a regular file"):
        list(open_source(str(path)).iter_reviews("train"))


@pytest.mark.parametrize(
    "name", ["/aclImdb/train/pos/9_9.txt", "../aclImdb/train/pos/9_9.txt", "aclImdb/../train/pos/9_9.txt"]
)
def test_members_outside_the_layout_are_passed_over(tmp_path, name):
    path = write_tar(tmp_path / "a.tar.gz", [*iter_members(), (name, "outside")])
    assert list(open_source(str(path)).iter_reviews("train")) == list_reviews("train")


def test_a_huge_member_is_refused(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [("aclImdb/train/pos/9_9.txt", "x" * (10 * 2**20 + 1))])
    with pytest.raises(DataError, match="may be malicious"):
        list(open_source(str(path)).iter_reviews("train"))


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_cut_archive_is_told(tmp_path, share):
    path = write_tar(tmp_path / "a.tar.gz", iter_members())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match=r"cut short or damaged|no aclImdb reviews"):
        list(open_source(str(path)).iter_reviews("train"))


class Hostile:
    def __reduce__(self):
        return (open, ("proof-of-code-run", "w"))


def test_a_hostile_npz_runs_no_code(tmp_path):
    path = write_npz(tmp_path)
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    header += b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    rewrite_zip(path, {"x_train.npy": header + pickle.dumps(Hostile())})
    with pytest.raises(DataError, match="not safe to open"):
        list(open_source(str(path)).iter_reviews("train"))
    assert not (tmp_path / "proof-of-code-run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train.npy": b"nonsense"}, "not Keras's"),
        ({"x_train.npy": b""}, "not Keras's"),
    ],
)
def test_a_damaged_npz_is_told(tmp_path, changes, message):
    path = write_npz(tmp_path)
    rewrite_zip(path, changes)
    with pytest.raises(DataError, match=message):
        list(open_source(str(path)).iter_reviews("train"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": np.array([[1], [1, 2]], dtype=object), "y_train": np.array([1])}, "shapes"),
        ({"x_train": np.array([[1], [1, 2]], dtype=object), "y_train": np.array([1, 7])}, "not 0 or 1"),
        (
            {"x_train": np.array([[1], [1, 999999]], dtype=object), "y_train": np.array([1, 0])},
            "that has no word",
        ),
        ({"x_train": np.array([1, 2]), "y_train": np.array([1, 0])}, "not a list of ids"),
        ({"other": np.array([1])}, "not Keras's"),
    ],
)
def test_an_npz_of_other_content_is_told(tmp_path, arrays, message):
    path = write_npz(tmp_path)
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=message):
        list(open_source(str(path)).iter_reviews("train"))


def test_a_file_that_is_no_npz_is_told(tmp_path):
    path = write_npz(tmp_path)
    path.write_bytes(b"PK nonsense")
    (tmp_path / "imdb_word_index.json").unlink()  # which is not fetched for such a one
    with pytest.raises(DataError, match="not Keras's"):
        open_source(str(path))


def read_first_split(path):
    source = open_source(str(path))
    return list(source.iter_reviews(source.splits[0]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "there are no reviews at"),
        ("notes.txt", "hello", "cannot recognise the format of"),
        ("empty", "folder", "cannot recognise the format of"),
        ("a.csv", "", "holds no reviews"),
        ("a.csv", "text,label\n", "holds no reviews"),
        ("a.csv", "words,label\ngood,1\n", "--text-column"),
        ("a.csv", "text,mood\ngood,1\n", "--label-column"),
        ("a.csv", "text,review,label\na,b,1\n", "several text columns"),
        ("a.csv", "text,label\ngood,maybe\n", r"the column 'label' holds the label maybe \(row 2\)"),
        ("a.csv", "text,label\ngood,\n", "the column 'label' is empty: choose another with --label-column"),
        ("a.csv", "text,label\ngood,1,2\n", "expected 2 cells, but found 3"),
        ("a.csv", 'text,label\n"open,1\n', "the file ends inside a quoted cell"),
        ("a.csv", "text,text\na,b\n", "several columns named 'text'"),
        ("a.csv", "text,label,split\na,1,later\n", "the split 'later'"),
        ("a.jsonl", "{nonsense\n", "row 1: not JSON"),
        ("a.jsonl", "{}\n[1]\n", "is not a JSON object"),
        ("a.jsonl", '{"text": 3, "label": 1}\n', "the value of text is 3, not a string"),
        ("a.jsonl", "[1]\n", "row 1: not JSON"),
        ("a.parquet", "nonsense", "cannot be read as Parquet"),
    ],
)
def test_unreadable_data_is_told_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=message) as error:
        read_first_split(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "labels", [("neg", "POS"), ("0", "1"), ("Negative", "Positive"), ("-1", "1"), ("False", "True")]
)
def test_labels_are_recognised_in_any_case(tmp_path, labels):
    path = write_table(tmp_path / "reviews.csv", labels=labels, split=False)
    source = open_source(str(path))
    assert source.splits == ("all",)
    expected = [review.label for split in ("train", "test") for review in list_reviews(split)]
    assert [review.label for review in source.iter_reviews("all")] == expected


def test_columns_can_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mood,words\n1,good\n0,bad\n")
    source = open_source(DataConfig(path=str(path), text_column="words", label_column="mood"))
    assert list(source.iter_reviews("all")) == [Review("good", 1), Review("bad", 0)]
    with pytest.raises(DataError, match="has no column 'nope'"):
        open_source(DataConfig(path=str(path), text_column="nope"))


def test_bad_bytes_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\ncaf\xe9,1\nfine,0\n")
    source = open_source(str(path))
    assert [review.text for review in source.iter_reviews("all")] == ["caf�", "fine"]
    assert source.undecodable == 1


@pytest.mark.corpus
def test_real_archive_and_npz_hold_the_same_reviews_in_the_same_order(corpus_path):
    from imdb_gru.sources import load_word_index
    from imdb_gru.text.tokenizer import tokenize_keras

    if not {"aclImdb_v1.tar.gz", "imdb.npz"} <= {path.name for path in corpus_path.iterdir()}:
        pytest.skip("IMDB_GRU_DATA does not hold both aclImdb_v1.tar.gz and imdb.npz")
    archive, npz = (open_source(str(corpus_path / name)) for name in ("aclImdb_v1.tar.gz", "imdb.npz"))
    known = load_word_index(corpus_path)
    films = {}
    for split in ("train", "test"):
        reviews = list(archive.iter_reviews(split))
        assert len(reviews) == 25000
        assert sum(review.label for review in reviews) == 12500
        films[split] = {review.film for review in reviews}
        agree = sum(
            review.label == other.label
            and [word for word in tokenize_keras(review.text) if word in known] == other.text.split(" ")
            for review, other in zip(reviews, npz.iter_reviews(split), strict=True)
        )
        assert agree == 25000
    assert None not in films["train"] | films["test"]
    assert films["train"] & films["test"] == {"tt0406816"}  # the published split shares one film after all
