"""Encodings, which every reader finds in the same way."""

import io
import sys

import pytest
from support.tables import read, read_input, read_with_notes, write

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import BLOCK, find_encoding

TEXT = "“It’s café food”, déjà vu"
WINDOWS = "is not UTF-8 and was read as Windows-1252; if that is wrong, name its encoding with --encoding"


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "was read as UTF-16"),
        ("utf-16-le", "was read as UTF-16"),
        ("utf-16-be", "was read as UTF-16"),
        ("utf-32", "was read as UTF-32"),
        ("cp1252", WINDOWS),
    ],
)
def test_every_reader_finds_the_encoding(tmp_path, encoding, note):
    table = write(tmp_path, f'text,label\n"{TEXT}",1\nplain,0\n'.encode(encoding))
    lines = write(tmp_path, f"{TEXT}\r\nplain\r\n".encode(encoding), "a.txt")
    objects = write(tmp_path, f'{{"text": "{TEXT}"}}\n{{"text": "plain"}}\n'.encode(encoding), "a.jsonl")
    assert read_with_notes(table) == ([(TEXT, 1), ("plain", 0)], (f"{table} {note}",) if note else ())
    for path, rows in ((table, [2, 3]), (lines, [1, 2]), (objects, [1, 2])):
        assert read_input(path) == (list(zip([TEXT, "plain"], rows, strict=True)), (f"{path} {note}",) if note else ())


def test_stdin_is_decoded_as_a_file_is(monkeypatch):
    for encoding, note in (("utf-16", "stdin was read as UTF-16"), ("cp1252", f"stdin {WINDOWS}")):
        content = f"{TEXT}\nplain\n".encode(encoding)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert read_input("-") == ([(TEXT, 1), ("plain", 2)], (note,))


def test_the_whole_file_decides(tmp_path):
    plain = "text,label\n" + "plain,1\n" * (BLOCK // 8)
    assert read(write(tmp_path, (plain + "café,0\n").encode("cp1252")))[-1] == ("café", 0)
    texts, notes = read_with_notes(write(tmp_path, (plain + "déjà vu,0\n").encode() + b"caf\xe9,0\n"))
    assert texts[-2:] == [("déjà vu", 0), ("caf\ufffd", 0)]
    assert notes == ()


@pytest.mark.parametrize(
    ("blocks", "encoding"),
    [
        ([], "utf-8"),
        ([b"plain"], "utf-8"),
        (["é".encode()[:1], "é".encode()[1:]], "utf-8"),
        ([b"caf\xe9"], "cp1252"),
        ([b"plain", b"caf\xe9"], "cp1252"),
        ([b"\x81\x8d"], "utf-8"),
        ([bytes(4096)], "utf-8"),
    ],
)
def test_an_encoding_is_found_in_blocks(blocks, encoding):
    assert find_encoding(blocks)[0] == encoding


def test_an_encoding_can_be_named(tmp_path):
    path = write(tmp_path, "text,label\n映画,1\n".encode("shift_jis"))
    assert read(path, encoding="Shift-JIS") == [("映画", 1)]
    assert read_input(path, encoding="shift_jis") == ([("映画", 2)], ())
    assert read(path, encoding="ascii")[0][0].startswith("\ufffd")


@pytest.mark.parametrize("encoding", ["klingon", "zlib", "rot13", ""])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    with pytest.raises(DataError, match=r"there is no encoding .*: choose one that Python knows"):
        read(write(tmp_path, "text,label\na,1\n"), encoding=encoding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_every_way_everywhere(tmp_path, end):
    assert read_input(write(tmp_path, f"one{end}two{end}{end}three", "a.txt"))[0] == [
        ("one", 1), ("two", 2), ("", 3), ("three", 4),
    ]  # fmt: skip
    assert read(write(tmp_path, f"text,label{end}a,1{end}b,0{end}")) == [("a", 1), ("b", 0)]
    objects = end.join(['{"text": "a", "label": 1}', '{"text": "b", "label": 0}'])
    assert read(write(tmp_path, objects, "a.jsonl")) == [("a", 1), ("b", 0)]
