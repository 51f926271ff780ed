import json
import os
import pickle
import tarfile

import numpy as np
import pytest
from support.corpora import iter_members, list_reviews, rewrite_zip, write_npz, write_tar
from support.hostile import bounded, make_header, make_member, write_tar_stream, write_zip

from imdb_gru.corpus.corpus import load_reviews
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source

NAME = "aclImdb/train/pos/0_9.txt"


def read(path, **options):
    source = open_source(str(path), **options)
    return [review for split in source.splits for review in source.iter_reviews(split)]


def refuse(path, message, mib=1024, **options):
    with bounded(mib), pytest.raises(DataError, match=message) as error:
        read(path, **options)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000


# Tables


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_line_without_an_end_is_refused_before_it_is_read(tmp_path, name):
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b"text\tlabel\n" if name == "a.tsv" else b"text,label\n" if name == "a.csv" else b"")
        file.truncate(2**28)
    refuse(path, r"line [12].*longer than 16,777,216 characters", mib=512)


def test_a_row_of_endless_lines_is_refused(tmp_path):
    refuse(write(tmp_path, "text,label\n" + '"\n",' * 6_000_000), r"longer than 16,777,216 characters", mib=1536)


def test_an_open_quote_is_told(tmp_path):
    refuse(write(tmp_path, 'text,label\n"never closed,1\n' + "a,1\n" * 10), "the file ends inside a quoted cell")
    refuse(write(tmp_path, 'text,label\n"never closed,1\n' + "a,1\n" * 6_000_000), "longer than 16,777,216 characters")


@pytest.mark.parametrize("depth", [900, 960, 100_000])
@pytest.mark.parametrize("column", ["text", "label", "split"])
def test_deep_nesting_in_any_column_is_told(tmp_path, depth, column):
    row = json.dumps({"text": "a", "label": 1, "split": "train"})
    good = json.loads(row)
    good[column] = 0
    hostile = json.dumps(good).replace(f'"{column}": 0', f'"{column}": {"[" * depth}{"]" * depth}')
    refuse(write(tmp_path, f"{row}\n{hostile}\n", "a.jsonl"), r"(row|line) 2")


@pytest.mark.parametrize("value", ["NaN", "1e999", "-1e999", "1" * 5000, "1" * 4000, "{}", "[1]"])
@pytest.mark.parametrize("column", ["text", "label", "split"])
def test_json_values_of_other_types_are_told(tmp_path, value, column):
    values = {"text": '"a"', "label": "1", "split": '"train"', column: value}
    row = "{" + ", ".join(f'"{key}": {text}' for key, text in values.items()) + "}"
    empty = column == "label" and value in ("NaN", "null")
    refuse(write(tmp_path, row + "\n", "a.jsonl"), "the column 'label' is empty" if empty else r"(row|line) 1")


@pytest.fixture
def parquet():
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    return parquet


def test_parquet_with_a_text_that_unpacks_to_gigabytes_is_refused(tmp_path, parquet):
    import pyarrow

    text = pyarrow.array(["a" * 2**25]).dictionary_encode()
    texts = pyarrow.DictionaryArray.from_arrays(np.zeros(500, "i4"), text.dictionary)
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"text": texts, "label": np.ones(500, "i1")}), path, compression="zstd")
    assert path.stat().st_size < 2**20
    refuse(path, "row 1 is longer than 16,777,216 characters", mib=4096)


def test_parquet_of_many_long_texts_is_not_held(tmp_path, parquet, monkeypatch):
    import pyarrow

    monkeypatch.setattr("imdb_gru.corpus.corpus.MAX_CORPUS_CHARACTERS", 10**6, raising=False)
    text = pyarrow.array(["a" * 2**16]).dictionary_encode()
    texts = pyarrow.DictionaryArray.from_arrays(np.zeros(500, "i4"), text.dictionary)
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"text": texts, "label": np.ones(500, "i1")}), path)
    with pytest.raises(DataError, match=r"more than 1,000,000 characters"):
        load_reviews(open_source(str(path)), "all")


def test_parquet_whose_texts_are_no_texts_is_told(tmp_path, parquet):
    import pyarrow

    path = tmp_path / "a.parquet"
    for column in ([b"\xff\xfe"], [{"a": 1}], [[1, 2]], [1.5]):
        parquet.write_table(pyarrow.table({"text": column, "label": [1]}), path)
        refuse(path, "not a string")
    lie = pyarrow.array([b"\xff\xfe"]).view(pyarrow.string())
    parquet.write_table(pyarrow.table({"text": lie, "label": [1]}), path)
    refuse(path, "cannot be read as Parquet")


# Files that are none


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.tar.gz", "imdb.npz", "train/pos/0_9.txt"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device"])
def test_what_is_no_file_is_told_at_once(tmp_path, name, kind):
    (tmp_path / "imdb_word_index.json").write_text('{"a": 1}')
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path.symlink_to("/dev/zero")
    refuse(tmp_path if name.startswith("train") else path, str(tmp_path), mib=512)


def test_a_folder_of_links_back_to_itself_is_told(tmp_path):
    (tmp_path / "train").symlink_to(tmp_path)
    (tmp_path / "pos").symlink_to(tmp_path)
    refuse(tmp_path, "holds no reviews in train/pos")


def test_a_link_out_of_the_folder_is_not_followed(write_corpus, tmp_path):
    folder = write_corpus("folder")
    secret = tmp_path / "secret.txt"
    secret.write_text("not for a report")
    (folder / "train" / "pos" / "7_9.txt").symlink_to(secret)
    refuse(folder, r"7_9.txt points outside .*the folder may be malicious")


def test_a_link_within_the_folder_is_followed(write_corpus):
    folder = write_corpus("folder")
    (folder / "train" / "pos" / "7_9.txt").symlink_to(folder / "train" / "pos" / "0_9.txt")
    assert len(read(folder)) == len(list(iter_members())) - 4 + 1


def test_a_review_of_gigabytes_in_a_folder_is_refused(write_corpus):
    folder = write_corpus("folder")
    with (folder / "train" / "pos" / "7_9.txt").open("wb") as file:
        file.truncate(2**32)
    refuse(folder, r"7_9.txt has more than 10,485,760 bytes", mib=256)


# Archives


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "../../x", "aclImdb/../x", "aclImdb/train/pos/../../../x.txt"])
def test_members_with_other_names_are_passed_over_and_nothing_is_written(tmp_path, name):
    before = set(tmp_path.parent.rglob("*"))
    path = write_tar(tmp_path / "a.tar.gz", [*iter_members(), (name, "hostile")])
    assert list(open_source(str(path)).iter_reviews("train")) == list_reviews("train")
    assert set(tmp_path.parent.rglob("*")) - before == {path}


def test_a_review_of_gigabytes_in_an_archive_is_refused(tmp_path):
    path = write_tar_stream(tmp_path / "a.tar.gz", [make_member(NAME, 2**33), 2**20])
    refuse(path, r"has 8,?589,?934,?592 bytes, .* may be malicious", mib=256)


def test_a_member_that_is_no_review_does_not_unpack_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("imdb_gru.sources.unpacking.MAX_UNPACKED_BYTES", 2**25)
    path = write_tar_stream(tmp_path / "a.tar.gz", [make_member("aclImdb/README", 2**26), 2**26, 1024])
    refuse(path, r"unpacks to more than 33,554,432 bytes", mib=256)
    path = write_tar_stream(tmp_path / "b.tar.gz", [make_member(NAME, 1), b"a" + bytes(511), 2**26])
    refuse(path, r"unpacks to more than 33,554,432 bytes", mib=256)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_of_gigabytes_is_refused(tmp_path, kind):
    path = write_tar_stream(tmp_path / "a.tar.gz", [make_member("x", 2**26, kind), 2**26, make_member(NAME, 0), 1024])
    refuse(path, r"a header.*1,048,576 bytes", mib=256)


def test_a_sparse_member_is_refused(tmp_path):
    pax = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
    blocks = [make_member("x", len(pax), tarfile.XHDTYPE), pax + bytes(512 - len(pax)), make_member("big", 2**21)]
    path = write_tar_stream(tmp_path / "a.tar.gz", [*blocks, b"9999999\n" + b"1\n" * 2**20, 1024])
    refuse(path, "may be malicious|damaged", mib=256)


def test_reviews_that_unpack_to_gigabytes_together_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("imdb_gru.sources.unpacking.MAX_UNPACKED_BYTES", 2**25)
    parts = []
    for number in range(10):
        parts += [make_member(f"aclImdb/train/pos/{number}_9.txt", 2**23), 2**23]
    refuse(write_tar_stream(tmp_path / "a.tar.gz", [*parts, 1024]), r"unpacks to more than 33,554,432 bytes", mib=512)


# Keras's arrays


def write_sequences(tmp_path, content, words=None):
    path = write_npz(tmp_path)
    if words:
        (tmp_path / "imdb_word_index.json").write_text(json.dumps(words))
    rewrite_zip(path, {"x_train.npy": content, "y_train.npy": make_header((2,), "|i1") + b"\1\0"})
    return path


def test_a_member_of_a_billion_zeros_is_refused(tmp_path):
    path = write_npz(tmp_path)
    write_zip(path, {"x_train.npy": 3 * 10**8, "y_train.npy": 10})
    refuse(path, r"x_train has 300,?000,?000 bytes, .* may be malicious", mib=256)


def test_an_array_whose_header_claims_more_than_there_is_is_told(tmp_path):
    refuse(write_sequences(tmp_path, make_header((2**50,), "<i8") + b"123"), "not Keras's")
    refuse(write_sequences(tmp_path, make_header((2**30, 2**30), "<i8") + b"12345678"), "not Keras's")


def test_a_pickle_that_grows_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("imdb_gru.sources.keras_npz.MAX_UNPICKLED_MB", 100, raising=False)
    content = make_header((2,), "|O") + b"\x80\x04(" + b"\x8f" * 2**21 + b"l."
    refuse(write_sequences(tmp_path, content), r"its pickle needs more than 100 MB")


@pytest.mark.parametrize(
    "pickled",
    [b"\x80\x04]r" + (2**30).to_bytes(4, "little") + b".", b"\x80\x05\x96" + (2**33).to_bytes(8, "little") + b"."],
    ids=["memo", "bytearray"],
)
def test_a_pickle_of_a_few_bytes_that_asks_for_gigabytes_is_stopped(tmp_path, pickled):
    content = make_header((2,), "|O") + pickled
    refuse(write_sequences(tmp_path, content), r"its pickle needs more than 2,048 MB", mib=6144)


def test_a_review_of_one_long_word_again_and_again_is_refused(tmp_path):
    row = np.empty(2, object)
    row[0], row[1] = [1] * 10**6, [1]
    content = make_header((2,), "|O") + pickle.dumps(row)
    path = write_sequences(tmp_path, content, {"a" * 10**6: 1})
    refuse(path, r"x_train\[0\] has more than 16,777,216 characters", mib=512)


def test_an_id_that_is_no_number_is_told_in_short(tmp_path):
    row = np.empty(2, object)
    row[0], row[1] = ["x" * 10**6], [1]
    refuse(write_sequences(tmp_path, make_header((2,), "|O") + pickle.dumps(row)), "an id that has no word")


def test_a_word_index_of_gigabytes_is_refused(tmp_path):
    path = write_npz(tmp_path)
    with (tmp_path / "imdb_word_index.json").open("wb") as file:
        file.truncate(2**32)
    refuse(path, "is not Keras's word index", mib=256)


def test_a_word_index_that_is_a_pipe_is_told(tmp_path):
    path = write_npz(tmp_path)
    (tmp_path / "imdb_word_index.json").unlink()
    os.mkfifo(tmp_path / "imdb_word_index.json")
    refuse(path, "is not Keras's word index")
