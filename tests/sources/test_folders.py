"""Folders with one file for each review, and folders with a table for each split."""

import pytest
from support.tables import read, write

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review


def write_files(folder, **files):
    for name, text in files.items():
        write(folder, text, name.replace("__", "/") + ".txt")


def read_splits(path, **options):
    source = open_source(DataConfig(path=str(path), **options))
    return {split: [(one.text, one.label) for one in source.iter_reviews(split)] for split in source.splits}


def test_the_layout_of_keras_is_read(tmp_path):
    write_files(tmp_path, train__pos__review0="a", train__pos__b="b", train__neg__review0="c")
    write_files(tmp_path, validation__pos__x="d", test__neg__y="e", train__unsup__z="f", train__pos__=".hidden")
    assert read_splits(tmp_path) == {
        "train": [("b", 1), ("a", 1), ("c", 0)],
        "validation": [("d", 1)],
        "test": [("e", 0)],
        "unlabelled": [("f", None)],
    }


@pytest.mark.parametrize(("positive", "negative"), [("pos", "neg"), ("positive", "negative")])
def test_a_folder_of_two_classes_is_one_split(tmp_path, positive, negative):
    write_files(tmp_path, **{f"{negative}__1": "bad", f"{positive}__1": "good"})
    assert read_splits(tmp_path) == {"all": [("good", 1), ("bad", 0)]}


def test_a_folder_of_classes_has_no_columns(tmp_path):
    write_files(tmp_path, pos__1="good", neg__1="bad")
    with pytest.raises(DataError, match=r"the column 'body' does not apply to .*, which is not a table"):
        open_source(DataConfig(path=str(tmp_path), text_column="body"))
    with pytest.raises(DataError, match=r"the delimiter ';' does not apply to .*leave out --delimiter"):
        open_source(DataConfig(path=str(tmp_path), delimiter=";"))


def test_files_in_other_encodings_are_read_with_a_note(tmp_path):
    write(tmp_path, "café".encode("cp1252"), "pos/1.txt")
    write(tmp_path, "déjà vu".encode("utf-16"), "neg/1.txt")
    write(tmp_path, "naïve", "neg/2.txt")
    source = open_source(str(tmp_path))
    for _ in range(2):
        assert [review.text for review in source.iter_reviews("all")] == ["café", "déjà vu", "naïve"]
    assert [note.partition(": ")[2].split(";")[0] for note in source.notes] == [
        "a review is not UTF-8 and was read as Windows-1252",
        "a review was read as UTF-16",
    ]


@pytest.fixture(params=["", "plain_text", "data"])
def hub(request, tmp_path):
    """Hugging Face's files of IMDB, as `huggingface-cli download` leaves them."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    folder = tmp_path / request.param
    folder.mkdir(exist_ok=True)
    for name, texts, labels in (
        ("train-00000-of-00002", ["a", "b"], [0, 1]),
        ("train-00001-of-00002", ["c"], [1]),
        ("test-00000-of-00001", ["d"], [0]),
        ("unsupervised-00000-of-00001", ["e", "f"], [-1, -1]),
    ):
        parquet.write_table(pyarrow.table({"text": texts, "label": labels}), folder / f"{name}.parquet")
    (tmp_path / "README.md").touch()
    return folder


def test_parquet_files_of_hugging_face_are_read(hub, tmp_path):
    assert read_splits(tmp_path) == {
        "train": [("a", 0), ("b", 1), ("c", 1)],
        "test": [("d", 0)],
        "unlabelled": [("e", None), ("f", None)],
    }
    assert open_source(str(tmp_path), require_labels=False).splits == ("train", "test", "unlabelled")


def test_a_part_that_is_missing_is_told(hub, tmp_path):
    (hub / "train-00000-of-00002.parquet").unlink()
    with pytest.raises(DataError, match="must contain the train split as one table or as a complete set of parts"):
        open_source(str(tmp_path))


def test_a_table_for_each_split_may_have_columns_of_any_name(tmp_path):
    write(tmp_path, "body;mood\na;1\n", "train.csv")
    write(tmp_path, "body;mood\nb;0\n", "dev.csv")
    write(tmp_path, "id,mood\n1,0\n", "sample_submission.csv")
    found = read_splits(tmp_path, text_column="body", label_column="mood")
    assert found == {"train": [("a", 1)], "validation": [("b", 0)]}
    source = open_source(DataConfig(path=str(tmp_path), text_column="body", label_column="mood"))
    with pytest.raises(DataError, match="has no test split, only train, validation"):
        list(source.iter_reviews("test"))
    write(tmp_path, "body;mood\nc;1\n", "train.tsv")
    with pytest.raises(DataError, match="must contain the train split as one table"):
        read(tmp_path)


def test_a_film_is_known_only_in_the_corpus(tmp_path):
    write_files(tmp_path, pos__0_9="good", neg__0_1="bad", urls_pos="http://www.imdb.com/title/tt7/usercomments\n")
    assert list(open_source(str(tmp_path)).iter_reviews("all")) == [Review("good", 1, "tt7"), Review("bad", 0)]


STARS = {"train": "a,1\nb,5\nc,3\nd,\n", "test": "e,5\n,4\n", "unlabelled": "f,-1\n"}


def write_stars(folder):
    for split, rows in STARS.items():
        (folder / f"{split}.csv").write_text(f"text,label\n{rows}")
    return DataConfig(path=str(folder), positive=[4, 5], negative=[1, 2])


def test_the_labels_of_all_tables_are_understood_together(tmp_path):
    data = write_stars(tmp_path)
    message = (
        r"labels 1 \(train.csv, row 2\), 3 \(train.csv, row 4\), 4 \(test.csv, row 3\) and 5 \(2 rows\): say which"
    )
    with pytest.raises(DataError, match=message) as error:
        open_source(str(tmp_path))
    assert str(error.value).startswith(f"{tmp_path}: ")
    source = open_source(data)
    assert {split: [one.label for one in source.iter_reviews(split)] for split in source.splits} == {
        "train": [0, 1],
        "test": [1, 1],
        "unlabelled": [None],
    }
    assert source.notes == (f"2 of 6 rows of {tmp_path} are left out: 1 labelled 3, 1 without a label",)
    (tmp_path / "test.csv").write_text("text,label\ne,3\n")
    assert open_source(data).splits == ("train", "unlabelled")


def test_one_sign_in_each_table_is_certain_if_the_tables_hold_both(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,1\n")
    (tmp_path / "test.csv").write_text("text,label\nb,-1\n")
    assert read_splits(tmp_path) == {"train": [("a", 1)], "test": [("b", 0)]}
