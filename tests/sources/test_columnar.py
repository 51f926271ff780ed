"""Excel workbooks, which are read like the CSV file that Excel would save."""

import sys
import zipfile

import pytest
from support.hostile import write_zip
from support.tables import read, read_input, read_with_notes, write

from imdb_gru.errors import DataError, MissingExtraError


@pytest.fixture
def write_book(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")

    def write_book(rows, name="a.xlsx", more=()):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for title in more:
            book.create_sheet(title)
        book.save(tmp_path / name)
        return tmp_path / name

    return write_book


def test_a_workbook_is_read_with_its_row_numbers(write_book):
    path = write_book([["id", "text", "label"], [7, "café, déjà vu", 1], [8, "a\nb", 0.0], [9, 10, "LABEL_1"]])
    assert read(path) == [("café, déjà vu", 1), ("a\nb", 0), ("10", 1)]
    assert read_input(path) == ([("café, déjà vu", 2), ("a\nb", 3), ("10", 4)], ())
    assert read_input(path.rename(path.with_name("renamed.csv")))[0][0] == ("café, déjà vu", 2)


def test_empty_rows_and_further_sheets_are_left_out_with_a_note(write_book):
    path = write_book([[], ["text", "label"], ["a", 1], [], ["b", 0], [None, None], [" "]], more=["Draft"])
    reviews, notes = read_with_notes(path)
    assert reviews == [("a", 1), ("b", 0)]
    assert read_input(path)[0] == [("a", 3), ("b", 5)]
    assert notes == (
        f"{path}: only the first sheet, 'Sheet', was read",
        f"{path}: left out 3 rows without any content",
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "holds no reviews"),
        ([["text", "label"]], "holds no reviews"),
        ([["text", "label"], ["a", 1, "lost"]], "row 2: the cell 'lost' is in a column without a name"),
        ([["a", 1], ["b", 0]], "seems to have no header"),
    ],
)
def test_a_workbook_that_is_no_table_is_told(write_book, rows, message):
    with pytest.raises(DataError, match=message):
        read(write_book(rows))


def test_a_workbook_of_gigabytes_is_refused(tmp_path, write_book):
    path = write_book([["text", "label"], ["a", 1]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_zip(path, {**members, "xl/media/big": 2**28})
    with pytest.raises(DataError, match=r"unpacks to more than 268,435,456 bytes: save it as \.csv"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"<", b"<worksheet><sheetData><row><c t='x'", b"\0" * 99])
def test_a_damaged_workbook_is_told(tmp_path, write_book, content):
    path = write_book([["text", "label"], ["a", 1]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    write_zip(path, {**members, "xl/worksheets/sheet1.xml": content})
    with pytest.raises(DataError, match=r"cannot be read as an Excel file|holds no reviews") as error:
        read(path)
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="cannot be read as an Excel file"):
        read(write(tmp_path, "text,label\na,1\n", "b.xlsx"))


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    path = write_zip(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>"})
    for reader in (read, read_input):
        with pytest.raises(MissingExtraError, match=r"imdb-gru\[excel\]"):
            reader(path)
