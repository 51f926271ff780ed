import json
import sys
from pathlib import Path

import pytest

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError, MissingExtraError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.sources.rows import is_table_name
from imdb_gru.sources.table import open_table


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, *, require_labels=True):
    table = open_table(path, require_labels=require_labels, divide=require_labels)
    return [review for split in table.splits for review in table.iter_reviews(split)]


def test_tables_are_known_by_their_suffix():
    names = ["a.CSV", "a.tsv", "a.jsonl", "a.ndjson", "a.json", "a.parquet", "a.xlsx", "a.csv.gz", "a.zip"]
    assert all(map(is_table_name, names))
    assert not any(map(is_table_name, ["a.txt", "a.txt.gz", "a.tar.gz", "a.npz", "csv"]))


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("text,split\nfirst,test\nsecond,train\nthird,nonsense\n", ["first", "second", "third"]),
        ("text,label,sentiment\nfirst,1,pos\n", ["first"]),
        ("text,label\nfirst,\nsecond,nonsense\n", ["first", "second"]),
        ("text\n", []),
    ],
)
def test_texts_alone_come_in_input_order_whatever_else_the_table_holds(tmp_path, content, texts):
    reviews = read(write(tmp_path, content), require_labels=False)
    assert reviews == [Review(text, None) for text in texts]


def test_splits_stand_in_their_order_under_any_of_their_names(tmp_path):
    path = write(tmp_path, "text,label, Split\na,1,TEST\nb,0,dev\nc,1,train\n")
    table = open_table(path, require_labels=True)
    assert table.splits == ("train", "validation", "test")
    assert list(table.iter_reviews("validation")) == [Review("b", 0)]


@pytest.mark.parametrize("name", ["validation", "Valid", "VAL", " dev "])
def test_every_name_of_the_validation_split(tmp_path, name):
    table = open_table(write(tmp_path, f"text,label,split\na,1,{name}\n"), require_labels=True)
    assert table.splits == ("validation",)


def test_an_undivided_table_does_not_pass_for_a_test_split(tmp_path):
    table = open_table(write(tmp_path, "text,label\na,1\n"), require_labels=True)
    with pytest.raises(DataError, match="has no test split, only all"):
        list(table.iter_reviews("test"))


@pytest.mark.parametrize("name", ["missing.csv", "x" * 5000 + ".csv", "a\0b.csv"])
def test_a_path_without_a_table_is_told(name):
    with pytest.raises(DataError, match=r"there is no table at|cannot read x+: ") as error:
        open_table(Path(name), require_labels=False)
    assert len(str(error.value)) < 500


def test_rows_stream(tmp_path):
    path = write(
        tmp_path, '{"text": "good", "label": 1}\n{"text": "bad", "label": 0}\n{"text": 3, "label": 1}\n', "a.jsonl"
    )
    reviews = open_table(path, require_labels=True).iter_reviews("all")
    assert [next(reviews), next(reviews)] == [Review("good", 1), Review("bad", 0)]
    with pytest.raises(DataError, match="row 3: the value of text is 3, not a string"):
        next(reviews)


def test_long_texts_of_two_tables_read_in_turns(tmp_path):
    long = "long " * 100_000
    sources = [open_source(str(write(tmp_path, f"text,label\na,1\n{long},0\n", name))) for name in ("a.csv", "b.csv")]
    first, second = (source.iter_reviews("all") for source in sources)
    next(second)
    assert [review.text for review in first] == ["a", long]
    assert next(second).text == long


@pytest.mark.parametrize(
    ("name", "content", "text", "undecodable"),
    [
        ("a.csv", b'text,label\n"one\ntwo, ""three""",1\n', 'one\ntwo, "three"', 0),
        ("a.csv", b'text,label\r\n"one\r\ntwo",1\r\n', "one\r\ntwo", 0),
        ("a.csv", b"text,label\na\x00b,1\n", "a\x00b", 0),
        ("a.csv", b"text,label\n\n\na,1\n", "a", 0),
        ("a.csv", b"\ntext,label\na,1\n", "a", 0),
        ("a.csv", b"\xef\xbb\xbf\r\n  \r\n,\r\ntext,label\r\na,1\r\n", "a", 0),
        ("a.tsv", b"\n\ntext\tlabel\na\t1\n", "a", 0),
        ("a.csv", "text,label\n\ufffd,1\n".encode(), "\ufffd", 0),
        ("a.tsv", b"text\tlabel\ncaf\x81, b\t1\n", "caf\ufffd, b", 1),
        ("a.jsonl", b'\xef\xbb\xbf{"text": "a\\nb", "label": "neg"}\n', "a\nb", 0),
        ("a.jsonl", b'{"text": "\\ud83d\\ude0d", "label": true}\n', "😍", 0),
        ("a.jsonl", b'{"text": "a\\ud800", "label": 0.0}\n', "a\ufffd", 1),
    ],
)
def test_unusual_texts_are_read(tmp_path, name, content, text, undecodable):
    table = open_table(write(tmp_path, content, name), require_labels=True)
    assert [review.text for review in table.iter_reviews("all")] == [text]
    assert table.undecodable == undecodable


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", 'text,label\n"a"b,1\n', "row 2: text follows the quotation mark that closes a cell"),
        ("a.csv", f"text,label\n{'a' * (16 * 2**20)},1\n", "line 2: the row is longer than 16,777,216 characters"),
        ("a.csv", 'text,label\n"a\nb",1\nc\n', r"row 3 \(line 4\): expected 2 cells, but found 1"),
        ("a.csv", "text:label\na:1\n", "only 'text:label': name the text column.*--delimiter"),
        ("a.csv", "\n\n", "holds no reviews"),
        ("a.csv", "label,label,text\n1,0,a\n", "several columns named 'label': rename or remove all but one"),
        ("a.csv", "text,label,split,split\na,1,train,test\n", "several columns named 'split'"),
        ("a.csv", "\ntext,label\na\n", "row 3: expected 2 cells, but found 1"),
        ("a.csv", "text\na, b\n", "row 2: expected 1 cell, but found 2; quote texts.*--format lines"),
        ("a.jsonl", "\n\n", "holds no reviews"),
        ("a.jsonl", '{"text": "a", "label": 1}\n' + "[" * 100_000, "row 2: not JSON"),
        ("a.jsonl", '{"text": "a", "label": 3}\n', r"the column 'label' holds the label 3 \(row 1\): say which labels"),
        ("a.jsonl", '{"text": "a", "label": NaN}\n', "the column 'label' is empty"),
        ("a.jsonl", '{"text": "a", "label": null}\n', "the column 'label' is empty"),
        ("a.csv", ",".join(f"column {n} {'x' * 999}" for n in range(999)) + "\n", "no known text column"),
        ("a.jsonl", json.dumps({f"column {n} {'x' * 999}": n for n in range(999)}), "no known text column"),
    ],
)
def test_an_unreadable_table_is_told_in_one_short_line(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message) as error:
        read(write(tmp_path, content, name))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 2000


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"imdb-gru\[parquet\]"):
        read(write(tmp_path, "", "a.parquet"))


@pytest.mark.parametrize(("labels", "expected"), [([0, 1], [0, 1]), ([0.0, 1.0], [0, 1]), ([False, True], [0, 1])])
def test_labels_of_other_types_in_parquet(tmp_path, labels, expected):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": labels}), path)
    assert [review.label for review in read(path)] == expected


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (["text", "text", "label"], {}, "several columns named 'text': rename or remove all but one"),
        (["label", "text", "label"], {}, "several columns named 'label': rename or remove all but one"),
        (["words", "words", "label"], {"text_column": "words"}, "several columns named 'words'"),
        (["text", "mood", "mood"], {"label_column": "mood"}, "several columns named 'mood'"),
    ],
)
def test_a_column_that_stands_twice_is_refused(tmp_path, suffix, columns, options, message):
    path = write_columns(tmp_path / f"a{suffix}", columns)
    with pytest.raises(DataError, match=message) as error:
        open_source(DataConfig(path=str(path), **options))
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_that_are_not_read_may_share_a_name(tmp_path, suffix):
    path = write_columns(tmp_path / f"a{suffix}", ["note", "text", "label", "note"])
    assert read(path) == [Review("1", 0)]
    path = write_columns(tmp_path / f"b{suffix}", ["label", "label", "text"])
    assert read(path, require_labels=False) == [Review("2", None)]


def write_columns(path, columns):
    """Write a table of one row: the number of each column, but 0 for a label."""
    row = ["0" if column in ("label", "mood") else str(number) for number, column in enumerate(columns)]
    if path.suffix == ".csv":
        path.write_text(f"{','.join(columns)}\n{','.join(row)}\n")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_arrays([pyarrow.array([cell]) for cell in row], names=columns), path)
    return path


def test_json_lines_with_keys_in_any_order(tmp_path):
    rows = [{"text": "a", "label": 1}, {"label": 0, "extra": [1], "text": "b"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)), "a.ndjson")
    assert read(path) == [Review("a", 1), Review("b", 0)]


UNLABELLED = "text,label,split\na,,train\nb,maybe,valid\nc,1,unsup\nd,1,test\ne,,Unsupervised\n"


def test_without_labels_a_table_is_divided_all_the_same(tmp_path):
    table = open_table(write(tmp_path, UNLABELLED), require_labels=False)
    assert table.splits == ("train", "validation", "test", "unlabelled")
    texts = {split: [review.text for review in table.iter_reviews(split)] for split in table.splits}
    assert texts == {"train": ["a"], "validation": ["b"], "test": ["d"], "unlabelled": ["c", "e"]}


def test_labels_are_read_only_where_they_are_required(tmp_path):
    table = open_table(write(tmp_path, UNLABELLED), DataConfig(label_column="label"), require_labels=False)
    assert [review.label for split in table.splits for review in table.iter_reviews(split)] == [None] * 5
    with pytest.raises(DataError, match="has no column 'mood'"):
        open_table(write(tmp_path, UNLABELLED), DataConfig(label_column="mood"), require_labels=False)


def test_rows_without_labels_trouble_no_one_in_an_unlabelled_split(tmp_path):
    path = write(tmp_path, "text,label,split\na,1,train\nb,,unlabelled\n")
    table = open_source(str(path))
    assert list(table.iter_reviews("train")) == [Review("a", 1)]
    assert list(table.iter_reviews("unlabelled")) == [Review("b", None)]


def test_labels_are_required_unless_said_otherwise(tmp_path):
    path = write(tmp_path, "text\na\n")
    with pytest.raises(DataError, match="--label-column"):
        open_source(str(path))
    source = open_source(str(path), require_labels=False)
    assert list(source.iter_reviews("all")) == [Review("a", None)]
