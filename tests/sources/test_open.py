import pytest
from support.corpora import FORMATS

from imdb_gru.errors import DataError
from imdb_gru.sources import download, open_source
from imdb_gru.sources.aclimdb import TarSource
from imdb_gru.sources.folders import FolderSource
from imdb_gru.sources.keras_npz import NpzSource
from imdb_gru.sources.sample import SampleSource


def test_a_folder_is_searched_for_the_best_that_it_holds(write_corpus, tmp_path):
    write_corpus("npz")
    assert isinstance(open_source(str(tmp_path)), NpzSource)
    write_corpus("tar")
    assert isinstance(open_source(str(tmp_path)), TarSource)
    write_corpus("folder")
    assert isinstance(open_source(str(tmp_path)), FolderSource)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_source_knows_its_folder(write_corpus, tmp_path, kind):
    assert open_source(str(write_corpus(kind))).folder == tmp_path


def test_the_sample_is_named_or_comes_from_the_environment(monkeypatch):
    assert isinstance(open_source("sample"), SampleSource)
    monkeypatch.setenv("IMDB_GRU_DATA", "sample")
    assert isinstance(open_source(None), SampleSource)


def test_what_is_named_comes_before_the_environment(write_corpus, monkeypatch):
    monkeypatch.setenv("IMDB_GRU_DATA", "/nowhere")
    assert isinstance(open_source(str(write_corpus("tar"))), TarSource)


@pytest.mark.parametrize("value", [None, ""])
def test_imdb_is_fetched_where_nothing_is_named(write_corpus, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("IMDB_GRU_DATA", value)
    path, fetched = write_corpus("tar"), []
    monkeypatch.setattr(download, "fetch", lambda remote: fetched.append(remote) or path)
    assert open_source(None).name == str(path)
    assert fetched == [download.ARCHIVE]


@pytest.mark.parametrize("path", ["missing.csv", "missing/aclImdb", "x" * 5000, "~no-such-user/a.csv", "a\0b"])
def test_a_path_that_leads_nowhere_is_told_with_what_to_do(path):
    with pytest.raises(
        DataError, match=r"a \.csv, \.tsv, \.jsonl, \.json, \.parquet or \.xlsx table.*--data sample"
    ) as error:
        open_source(path)
    assert len(str(error.value)) < 500
    assert "\n" not in str(error.value)


def test_the_published_hashes_are_those_that_are_checked():
    assert download.ARCHIVE.known_hash == "md5:7c2ac02c03563afcf9b574c7e56c153a"
    assert download.WORD_INDEX.known_hash.startswith("sha256:027313fe9a320280")
