"""The texts of a file, whose column of texts may have any name."""

import csv

import pytest

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.models.bulk import predict_file
from imdb_gru.models.texts import TextReader


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("body,stars\nfine,5\ndull,1\n")
    return path


def test_a_reader_takes_a_file_with_its_column(table):
    assert list(TextReader(file=DataConfig(path=str(table), text_column="body"))) == ["fine", "dull"]
    assert list(TextReader(["a", "b"])) == ["a", "b"]
    with pytest.raises(DataError, match="needs a table or a file: give one with --input"):
        TextReader(["a"], DataConfig(text_column="body"))


def test_a_file_is_predicted_by_its_path_or_with_its_column(table, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    data = DataConfig(path="~/a.csv", text_column="body")
    assert predict_file(data, tmp_path / "out.csv", model="bundled").all == 2
    with (tmp_path / "out.csv").open() as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["fine", "dull"]
    (tmp_path / "a.txt").write_text("fine\n")
    assert predict_file("~/a.txt", tmp_path / "out.jsonl", model="bundled").all == 1


def test_a_reader_yields_rows_with_their_cells_and_places(table, tmp_path):
    reader = TextReader(file=DataConfig(path=str(table), text_column="body"))
    rows = list(reader.iter_rows())
    assert [(row.text, row.cells, row.path) for row in rows] == [
        ("fine", {"body": "fine", "stars": "5"}, table),
        ("dull", {"body": "dull", "stars": "1"}, table),
    ]
    assert reader.columns == ("body", "stars")
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    lines = list(TextReader(file=DataConfig(path=str(tmp_path / "a.txt"))).iter_rows())
    assert [(row.text, row.row, row.cells) for row in lines] == [("one", 1, {}), ("two", 2, {})]
    assert [(row.text, row.row, row.path) for row in TextReader(["a", "b"]).iter_rows()] == [
        ("a", 1, None),
        ("b", 2, None),
    ]
