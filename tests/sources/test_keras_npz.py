import json
import pickle

import numpy as np
import pytest
from support.corpora import rewrite_zip, write_npz

from imdb_gru.errors import DataError
from imdb_gru.sources import download, keras_npz, load_word_index, open_source

HEADER = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
HEADER += b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"


def read(path):
    return list(open_source(str(path)).iter_reviews("train"))


def calling(function, *arguments):
    class Hostile:
        def __reduce__(self):
            return (function, arguments)

    return Hostile()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["open", "np.load", "np.fromfile"])
def test_no_code_of_a_pickle_runs(tmp_path, protocol, name):
    function = {"open": open, "np.load": np.load, "np.fromfile": np.fromfile}[name]
    path = write_npz(tmp_path)
    hostile = calling(function, "proof-of-code-run", "w")
    rewrite_zip(path, {"x_train.npy": HEADER + pickle.dumps([[1], hostile], protocol)})
    with pytest.raises(DataError, match="not safe to open: its pickle asks for") as error:
        read(path)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "proof-of-code-run").exists()


def test_even_the_names_that_are_allowed_make_no_array(tmp_path):
    path = write_npz(tmp_path)
    rewrite_zip(path, {"x_train.npy": HEADER + pickle.dumps(calling(np.ndarray, (2**40,), "u1"))})
    with pytest.raises(DataError, match="not Keras's"):
        read(path)


def test_a_pickle_that_asks_for_absurd_memory_is_told_with_a_reason(tmp_path):
    path = write_npz(tmp_path)
    rewrite_zip(path, {"x_train.npy": HEADER + b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"."})
    with pytest.raises(DataError, match="its pickle needs more than 2,048 MB"):
        read(path)


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_is_read(tmp_path, protocol):
    path = write_npz(tmp_path)
    expected = read(path)
    rows = np.load(path, allow_pickle=True)["x_train"]  # written by this test a line above
    header = HEADER.replace(b"(2,)", b"(%d,)" % len(rows))
    rewrite_zip(path, {"x_train.npy": header + pickle.dumps(rows, protocol)})
    assert read(path) == expected


@pytest.mark.parametrize("rows", [[[1]], [[1], [2], [3]], 7, "ab"])
def test_a_pickle_that_is_not_what_the_header_says_is_told(tmp_path, rows):
    array = np.empty(1, dtype=object)
    array[0] = rows
    path = write_npz(tmp_path)
    rewrite_zip(path, {"x_train.npy": HEADER + pickle.dumps(array)})
    with pytest.raises(DataError, match="not Keras's"):
        read(path)


@pytest.mark.parametrize("labels", [np.array([0.5, 1.0]), np.array(["a", "b"]), np.array([1, -1]), np.array([[1, 0]])])
def test_labels_of_another_kind_are_told(tmp_path, labels):
    path = write_npz(tmp_path)
    sequences = np.array([[1], [1, 2]], dtype=object)
    np.savez(path, x_train=sequences, y_train=labels)
    with pytest.raises(DataError, match=r"not Keras's|not 0 or 1|shapes"):
        read(path)


def test_an_absurd_size_is_told_once(tmp_path, monkeypatch):
    path = write_npz(tmp_path)
    monkeypatch.setattr(keras_npz, "MAX_MEMBER_BYTES", 10)
    with pytest.raises(DataError, match=r"^\S+: x_train has \d+ bytes, more than expected; the file may be malicious$"):
        read(path)


def test_damaged_compressed_data_is_told(tmp_path):
    path = write_npz(tmp_path)
    np.savez_compressed(path, **{name: np.arange(50) for name in ("x_train", "y_train")})
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(DataError, match="not Keras's"):
        read(path)


def test_a_missing_word_index_is_fetched(tmp_path, monkeypatch):
    path = write_npz(tmp_path)
    expected = read(path)
    elsewhere = (tmp_path / "imdb_word_index.json").rename(tmp_path / "fetched.json")
    fetched = []
    monkeypatch.setattr(download, "fetch", lambda remote: fetched.append(remote) or elsewhere)
    assert read(path) == expected
    assert load_word_index(None) == json.loads(elsewhere.read_text())
    assert fetched == [download.WORD_INDEX] * 2


@pytest.mark.parametrize("content", ["", "[1]", '{"a": "b"}', '{"a": 0}', '{"a": true}', "[" * 100_000])
def test_a_word_index_of_other_content_is_told(tmp_path, content):
    path = write_npz(tmp_path)
    (tmp_path / "imdb_word_index.json").write_text(content)
    with pytest.raises(DataError, match="is not Keras's word index"):
        read(path)
