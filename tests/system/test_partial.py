import contextlib
import io

import pytest

from imdb_gru.errors import DataError
from imdb_gru.system.partial import open_partial

BEGUN_WITH = {"input": "a hash", "set of options": {"timesteps": False}}


class Stopped(BaseException):
    pass


def begin(path, *texts):
    """Write chunks, and stop."""
    with contextlib.suppress(Stopped), open_partial(path, BEGUN_WITH) as partial:
        for number, text in enumerate(texts, 1):
            partial.append(text, {"all": number})
        raise Stopped


def read(path):
    stream = io.StringIO()
    with contextlib.suppress(Stopped), open_partial(path, BEGUN_WITH) as partial:
        partial.copy_to(stream)
        raise Stopped
    return partial.counts, stream.getvalue()


def test_it_goes_on_behind_what_is_there(tmp_path):
    path = tmp_path / "out.csv.partial"
    begin(path, "a,1\r\n", 'très "bon"\u2028\n')
    assert read(path) == ({"all": 2}, 'a,1\r\ntrès "bon"\u2028\n')
    begin(path, "c\n")
    assert read(path)[1].endswith("\u2028\nc\n")


def test_cut_short_anywhere_it_holds_whole_chunks(tmp_path):
    path = tmp_path / "out.csv.partial"
    begin(path, "a\n", "b\n")
    whole = path.read_bytes()
    seen = set()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        counts, text = read(path)
        assert text == "a\nb\n"[: 2 * counts.get("all", 0)]
        seen.add(text)
        begin(path, "c\n")
        assert read(path)[1] == f"{text}c\n"
    assert seen == {"", "a\n", "a\nb\n"}


@pytest.mark.parametrize("name", BEGUN_WITH)
def test_what_was_begun_with_something_else_is_refused_and_kept(tmp_path, name):
    path = tmp_path / "out.csv.partial"
    begin(path, "a\n")
    before = path.read_bytes()
    with pytest.raises(
        DataError, match=rf"was started with a different {name}: use the original one, or remove .*partial to"
    ):
        open_partial(path, {**BEGUN_WITH, name: "other"}).__enter__()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["precious\n", "[1]\n", '"text"\n'])
def test_a_file_of_something_else_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "out.csv.partial"
    path.write_text(content)
    with pytest.raises(DataError, match="is not a file of predictions"), open_partial(path, BEGUN_WITH):
        pass
    assert path.read_text() == content


def test_a_second_writer_is_refused(tmp_path):
    path = tmp_path / "out.csv.partial"
    with open_partial(path, BEGUN_WITH) as partial:
        partial.append("a\n", {"all": 1})
        with pytest.raises(DataError, match="is in use by"), open_partial(path, BEGUN_WITH):
            pass
        assert path.exists()
