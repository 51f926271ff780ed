import gzip
import shutil
import tarfile

import pytest
from support.corpora import iter_members, list_reviews, write_tar

from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review

NAME = "aclImdb/train/pos/9_9.txt"


def read(path, split="train"):
    return list(open_source(str(path)).iter_reviews(split))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_only_regular_files_are_reviews(tmp_path, kind):
    member = tarfile.TarInfo(NAME)
    member.type, member.linkname = kind, "/etc/passwd"
    path = write_tar(tmp_path / "a.tar.gz", [*iter_members(), (member, "")])
    with pytest.raises(DataError, match="not a regular file"):
        read(path)


def test_the_folder_keeps_the_order_of_file_names_as_text_and_their_films(tmp_path):
    folder = tmp_path / "aclImdb" / "train" / "pos"
    folder.mkdir(parents=True)
    for number in (2, 10, 1, 100):
        (folder / f"{number}_8.txt").write_text(str(number))
    (folder.parent / "urls_pos.txt").write_text(
        "".join(f"http://www.imdb.com/title/tt{n}/usercomments\n" for n in range(11))
    )
    assert [(review.text, review.film) for review in read(tmp_path)] == [
        ("100", None),
        ("10", "tt10"),
        ("1", "tt1"),
        ("2", "tt2"),
    ]


def test_a_number_too_long_for_an_int_has_no_film(tmp_path):
    members = [("aclImdb/train/urls_pos.txt", "tt1\n"), (f"aclImdb/train/pos/{'9' * 5000}_9.txt", "good")]
    assert read(write_tar(tmp_path / "a.tar.gz", members)) == [Review("good", 1, None)]


def test_a_line_of_urls_ends_at_its_line_feed_only(tmp_path):
    members = [("aclImdb/train/urls_pos.txt", "tt1\x0b\x85\r\ntt2\r\n"), ("aclImdb/train/pos/1_9.txt", "good")]
    assert read(write_tar(tmp_path / "a.tar.gz", members)) == [Review("good", 1, "tt2")]


@pytest.mark.parametrize("kind", ["tar", "folder"])
def test_a_split_that_the_corpus_has_not_is_told(write_corpus, kind):
    with pytest.raises(DataError, match="holds no reviews in a validation split"):
        read(write_corpus(kind), "validation")


def test_members_may_start_with_a_dot_and_a_slash(tmp_path):
    path = write_tar(tmp_path / "a.TGZ", [(f"./{name}", text) for name, text in iter_members()])
    assert read(path) == list_reviews("train")


def test_the_archive_is_decompressed_once(write_corpus):
    path = write_corpus("tar")
    source = open_source(str(path))
    assert list(source.iter_reviews("train")) == list_reviews("train")
    path.unlink()
    assert list(source.iter_reviews("test")) == list_reviews("test")


def test_a_wrong_checksum_is_told(write_corpus):
    path = write_corpus("tar")
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="cut short or damaged"):
        read(path)


@pytest.mark.parametrize("blocks", [2, 4])
def test_a_damaged_header_in_the_middle_does_not_pass_for_the_end(write_corpus, blocks):
    path = write_corpus("tar")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[512 * blocks : 512 * blocks + 512] = b"x" * 512
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match="cut short or damaged"):
        read(path)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8, 0.99])
def test_wherever_the_archive_is_cut_it_is_told(write_corpus, kept):
    path = write_corpus("tar")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(DataError, match="cut short or damaged"):
        read(path)


def test_without_urls_the_film_is_unknown(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [(NAME, "good"), ("aclImdb/train/neg/0_1.txt", "bad")])
    assert read(path) == [Review("good", 1, None), Review("bad", 0, None)]


def test_a_split_without_reviews_is_told(tmp_path):
    path = write_tar(tmp_path / "a.tar.gz", [(NAME, "good")])
    with pytest.raises(DataError, match="holds no reviews in test/pos or test/neg"):
        read(path, "test")
    (tmp_path / "aclImdb" / "train" / "pos").mkdir(parents=True)
    with pytest.raises(DataError, match="holds no reviews in train/pos or train/neg"):
        read(tmp_path / "aclImdb")


def test_files_of_other_names_and_bad_bytes_in_the_folder(write_corpus):
    folder = write_corpus("folder")
    (folder / "train" / "pos" / "._0_9.txt").write_bytes(b"\x00\x05\x16\x07")
    (folder / "train" / "pos" / "0_9.txt").write_bytes(b"caf\x81")
    reviews = read(folder)
    assert reviews[0].text == "caf\ufffd"
    assert reviews[1:] == list_reviews("train")[1:]


@pytest.mark.parametrize("kind", ["tar", "folder"])
def test_reviews_without_labels_are_a_split_of_their_own(write_corpus, kind):
    assert read(write_corpus(kind), "unlabelled") == [Review("never read", None, None)]


@pytest.mark.parametrize("kind", ["tar", "folder"])
def test_a_lack_of_unlabelled_reviews_is_no_error(write_corpus, tmp_path, kind):
    members = [(name, text) for name, text in iter_members() if "unsup" not in name]
    if kind == "tar":
        path = write_tar(tmp_path / "a.tar.gz", members)
    else:
        path = write_corpus("folder")
        shutil.rmtree(path / "train" / "unsup")
    assert read(path, "unlabelled") == []
    assert read(path) == list_reviews("train")


def test_the_films_of_unlabelled_reviews_are_known(tmp_path):
    members = [("aclImdb/train/urls_unsup.txt", "tt1\ntt2\n"), ("aclImdb/train/unsup/1_0.txt", "plain")]
    assert read(write_tar(tmp_path / "a.tar.gz", members), "unlabelled") == [Review("plain", None, "tt2")]


def test_who_wants_labels_holds_no_unlabelled_reviews(write_corpus):
    source = open_source(str(write_corpus("tar")))
    list(source.iter_reviews("test"))
    assert ("train", "unsup") not in source._members
