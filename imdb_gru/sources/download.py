"""Downloads of the published archive and of Keras's word index into the user's cache folder."""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from imdb_gru.errors import DownloadError
from imdb_gru.system.lock import lock, remove_leftovers

CACHE_ENVIRONMENT = "IMDB_GRU_CACHE"
RETRIES = 2
TIMEOUT_SECONDS = 30
UNFINISHED = "unfinished"
"""Subfolder of the cache that holds unfinished downloads; leftover files are removed only from this subfolder."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on the internet, and its expected hash."""

    url: str
    known_hash: str
    filename: str


ARCHIVE = RemoteFile(
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "md5:7c2ac02c03563afcf9b574c7e56c153a",
    "aclImdb_v1.tar.gz",
)
WORD_INDEX = RemoteFile(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
    "sha256:027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    "imdb_word_index.json",
)


def fetch(remote: RemoteFile) -> Path:
    """Return the path of a file in the cache; download and verify it first if it is missing or damaged.

    A download gets its final name only when it is complete and its hash is correct. The download is retried if the
    connection breaks, but not if the content is wrong. Raises `DownloadError` if the download fails.
    """
    import pooch
    import requests

    advice = "choose a local copy with --data PATH, or try --data sample"
    try:
        cache = Path(os.environ.get(CACHE_ENVIRONMENT) or pooch.os_cache("imdb-gru")).expanduser()
    except RuntimeError as error:  # HOME is not set, or the variable contains an unknown ~user
        raise DownloadError(
            f"cannot download {remote.filename}, because the home folder is unknown: set "
            f"${CACHE_ENVIRONMENT} to a folder, or {advice}"
        ) from error
    kept, unfinished = cache / remote.filename, cache / UNFINISHED
    pooch.get_logger().setLevel("ERROR")
    stream = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_SECONDS, chunk_size=2**16)
    algorithm, digest = remote.known_hash.split(":")

    def download(url: str, path: str, store: object) -> None:
        with Path(path).open("ab") as held:  # the lock shows other processes that the file is in use
            with contextlib.suppress(OSError):
                lock(held.fileno())
            stream(url, path, store)
        if pooch.file_hash(path, algorithm) != digest:  # checked here, because pooch would repeat the download
            raise DownloadError(f"{url} is not the published file (its hash differs): {advice}")

    try:
        if kept.is_file() and pooch.file_hash(str(kept), algorithm) == digest:
            return kept
        remove_leftovers(unfinished, "tmp*")
        store = pooch.create(
            unfinished,
            base_url="",
            registry={remote.filename: remote.known_hash},
            urls={remote.filename: remote.url},
            retry_if_failed=RETRIES,
        )
        return Path(store.fetch(remote.filename, downloader=download)).replace(kept)
    except (requests.RequestException, ValueError) as error:  # `ValueError`: the Content-Length is not a number
        response = getattr(error, "response", None)
        status = f" {response.status_code}" if response is not None else ""
        raise DownloadError(f"cannot download {remote.url} ({type(error).__name__}{status}): {advice}") from error
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(
            f"cannot write to the cache {cache} ({reason}): set ${CACHE_ENVIRONMENT} to another folder, or {advice}"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # another download is running, or the folder does not exist
            unfinished.rmdir()
