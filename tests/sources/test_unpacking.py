"""Compressed files, archives, and files of other kinds."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile

import pytest
from support.corpora import write_table
from support.hostile import bounded, make_member, write_tar_stream, write_zip
from support.tables import read, read_input, write

from imdb_gru.errors import DataError
from imdb_gru.sources import open_source

TABLE = b"text,label\na,1\nb,0\n"
REVIEWS = [("a", 1), ("b", 0)]


def pack_gzip(content, level=9):
    """Compress content without the time, so that every process finds the same tests."""
    return gzip.compress(content, level, mtime=0)


def pack_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # its time is fixed
    return stream.getvalue()


def pack_tar(members, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


PACKED = {
    "a.csv.gz": pack_gzip(TABLE),
    "a.CSV.GZ": pack_gzip(TABLE),
    "b.csv.gz": pack_gzip(TABLE[:9]) + pack_gzip(TABLE[9:]),
    "a.csv.bz2": bz2.compress(TABLE),
    "a.csv.xz": lzma.compress(TABLE),
    "b.csv.xz": lzma.compress(TABLE[:9]) + bytes(8) + lzma.compress(TABLE[9:]),
    "a.zip": pack_zip({"reviews.csv": TABLE}),
    "b.zip": pack_zip({"folder/reviews.csv": TABLE, "__MACOSX/reviews.csv": b"x", ".DS_Store": b"x"}),
    "c.zip": pack_zip({"reviews.csv.gz": pack_gzip(TABLE)}),
    "a.tar": pack_tar({"folder/reviews.csv": TABLE, "folder/._reviews.csv": b"x"}, "w"),
    "a.tar.gz": pack_tar({"reviews.csv": TABLE}),
    "a.tgz": pack_tar({"./reviews.csv": TABLE}),
    "a.tar.xz": pack_tar({"reviews.csv": TABLE}, "w:xz"),
    "a.tar.bz2": pack_tar({"reviews.csv": TABLE}, "w:bz2"),
    "renamed.csv": pack_gzip(TABLE),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_tables_are_read_by_all(tmp_path, name):
    path = write(tmp_path, PACKED[name], name)
    assert read(path) == REVIEWS
    assert read_input(path)[0] == [("a", 2), ("b", 3)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt.gz", pack_gzip(b"one\ntwo\n")),
        ("a.zip", pack_zip({"a.txt": b"one\ntwo\n"})),
        ("a.gz", pack_gzip(b"one\ntwo\n")),
    ],
)
def test_packed_lines_are_read(tmp_path, name, content):
    assert read_input(write(tmp_path, content, name))[0] == [("one", 1), ("two", 2)]


def test_every_compression_of_the_corpus_is_read(write_corpus, tmp_path):
    packed = write_corpus("tar").read_bytes()
    plain = gzip.decompress(packed)
    expected = list(open_source(str(write(tmp_path, packed, "a.tar.gz"))).iter_reviews("train"))
    for name, content in (("b.tar", plain), ("b.tar.xz", lzma.compress(plain)), ("b.tar.bz2", bz2.compress(plain))):
        assert list(open_source(str(write(tmp_path, content, name))).iter_reviews("train")) == expected
    with pytest.raises(DataError, match="holds the IMDB reviews: choose it with --data"):
        read_input(tmp_path / "b.tar")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", pack_zip({"a.csv": TABLE, "b.csv": TABLE}), "holds several files \\('a.csv', 'b.csv'\\): unpack it"),
        ("a.tar", pack_tar({"a.csv": TABLE, "b.csv": TABLE}, "w"), "holds several files"),
        ("a.zip", pack_zip({}), "holds no files"),
        ("a.csv.gz", pack_gzip(TABLE)[:-3], "is cut short or damaged"),
        ("a.csv.gz", pack_gzip(TABLE)[:-8] + bytes(8), "is cut short or damaged"),
        ("a.csv.xz", lzma.compress(TABLE)[:-9], "is cut short or damaged"),
        ("a.csv.bz2", bz2.compress(TABLE)[:-9], "is cut short or damaged"),
        ("a.zip", pack_zip({"a.csv": TABLE})[:-9], "is cut short or damaged"),
        ("a.zip", pack_zip({"a.csv": TABLE}).replace(b"a,1", b"a,0"), "is cut short or damaged"),
        ("a.gz", pack_gzip(pack_gzip(pack_gzip(pack_gzip(pack_gzip(TABLE))))), "unpack it first"),
        ("a.gz", pack_gzip(pack_zip({"a.csv": TABLE})), "contains a Zip file: extract that file, and choose it"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(99), "is a Zstandard file: unpack it first"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(99), "is a 7-Zip archive: unpack it first"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), r"such as .xls: save it as .csv, .jsonl or .xlsx"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(99), "is a PDF document: save it as"),
        ("a.docx", pack_zip({"word/document.xml": b"<w/>"}), "is a Word document: save it as"),
        ("a.ods", pack_zip({"mimetype": b"x", "META-INF/manifest.xml": b"x"}), "is an OpenDocument file: save it"),
        ("a.db", b"SQLite format 3\0" + bytes(99), "is an SQLite database: save it as"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
        ("imdb", pack_zip({"x_train.npy": b"x"}), "is an archive of NumPy arrays: choose it with --data"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_never_predicted(tmp_path, name, content, message):
    for reader in (read, read_input):
        with pytest.raises(DataError, match=message) as error:
            reader(write(tmp_path, content, name))
        assert "\n" not in str(error.value)


def test_a_file_of_bytes_is_not_predicted_as_text(tmp_path):
    with pytest.raises(DataError, match="is not a text file"):
        read_input(write(tmp_path, bytes(range(256)) * 20, "a.txt"))
    assert read_input(write(tmp_path, b"a\x00b \x1b[31mred\n", "a.txt"))[0] == [("a\x00b \x1b[31mred", 1)]


def test_an_encrypted_archive_is_refused(tmp_path):
    content = bytearray(pack_zip({"a.csv": TABLE}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match="is encrypted: unpack it first"):
        read(write(tmp_path, bytes(content), "a.zip"))


def test_parquet_is_known_by_its_first_bytes(tmp_path):
    pytest.importorskip("pyarrow")
    path = write_table(tmp_path / "a.parquet", split=False)
    assert read(path.rename(tmp_path / "a.txt")) == read(write_table(tmp_path / "b.csv", split=False))
    with pytest.raises(DataError, match="contains a Parquet file: extract that file, and choose it instead"):
        read(write(tmp_path, pack_gzip((tmp_path / "a.txt").read_bytes()), "a.parquet.gz"))


def refuse(path, message, mib=256):
    for reader in (read, read_input):
        with bounded(mib), pytest.raises(DataError, match=message) as error:
            reader(path)
        assert "\n" not in str(error.value)


def test_a_file_does_not_unpack_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("imdb_gru.sources.unpacking.MAX_UNPACKED_BYTES", 2**24)
    row = b"a,1\n" * 2**22 + b"a,1\n" * 2**10
    for name, content in (
        ("a.csv.gz", pack_gzip(TABLE + row, 1)),
        ("a.csv.bz2", bz2.compress(TABLE + row, 1)),
        ("a.csv.xz", lzma.compress(TABLE + row, preset=0)),
        ("a.tar.gz", pack_gzip(pack_tar({"a.csv": TABLE + row}, "w"), 1)),
    ):
        refuse(write(tmp_path, content, name), "unpacks to more than 16,777,216 bytes")
    refuse(write_zip(tmp_path / "a.zip", {"a.csv": TABLE + row}), "unpacks to more than 16,777,216 bytes")


def test_a_header_of_gigabytes_is_refused_in_a_packed_table(tmp_path):
    parts = [make_member("x", 2**26, tarfile.GNUTYPE_LONGNAME), 2**26, make_member("a.csv", 0), 1024]
    refuse(write_tar_stream(tmp_path / "a.tar.gz", parts), r"a header.*1,048,576 bytes")


def test_xz_that_asks_for_gigabytes_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**30}]
    try:
        content = lzma.compress(TABLE, filters=filters)
    except MemoryError:
        pytest.skip("this machine has too little memory to write such a file")
    refuse(write(tmp_path, content, "a.csv.xz"), "is cut short or damaged .*[Mm]emory")


def test_tables_come_through_stdin(tmp_path, monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    give(TABLE)
    assert read_input("-", format="csv")[0] == [("a", 2), ("b", 3)]
    give(pack_gzip(TABLE))
    assert read_input("-", format="csv")[0] == [("a", 2), ("b", 3)]
    give(b'[{"body": "a"}]')
    assert read_input("-", format="jsonl", text_column="body")[0] == [("a", 1)]
    give(b"text;label\na\n")
    with pytest.raises(DataError, match=r"^stdin, row 2: expected 2 cells, but found 1"):
        read_input("-", format="csv")
    give(pack_gzip(TABLE))
    with pytest.raises(
        DataError, match="stdin holds a compressed file: specify the format of its content with --format"
    ):
        read_input("-")
    give(b"%PDF-1.7")
    with pytest.raises(DataError, match="stdin is a PDF document"):
        read_input("-")
    give(b'{"text": "a"}\n')
    assert read_input("-") == (
        [('{"text": "a"}', 1)],
        ("stdin is read line by line; if it holds JSON, use --format jsonl",),
    )


def test_lines_of_stdin_are_read_as_they_come(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:4] = b"fine"[: len(buffer)]
            buffer[4:] = b"\n" * (len(buffer) - 4)
            return len(buffer)

    from imdb_gru.config import DataConfig
    from imdb_gru.models.texts import TextReader

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    assert next(iter(TextReader(file=DataConfig(path="-")))) == "fine"
