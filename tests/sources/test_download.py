import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from imdb_gru.errors import DownloadError
from imdb_gru.sources import download
from imdb_gru.sources.download import RemoteFile, fetch
from imdb_gru.system.lock import lock

pytestmark = pytest.mark.processes

CONTENT = os.urandom(300_000)
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serve CONTENT on loopback; `cut` is how many requests break off in the middle."""

    def __init__(self):
        self.requests = self.cut = 0
        self.status = 200
        self.length = str(len(CONTENT))
        self.delay = 0.0
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                if outer.closing.wait(outer.delay) or outer.delay:
                    return
                self.send_response(outer.status)
                self.send_header("Content-Length", outer.length)
                self.end_headers()
                broken = outer.requests <= outer.cut
                self.wfile.write(CONTENT[: 1000 if broken else None])

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def remote(self, known_hash=HASH):
        return RemoteFile(f"http://127.0.0.1:{self.http.server_port}/file.bin", known_hash, "file.bin")


@pytest.fixture
def server(monkeypatch):
    server = Server()
    naps = []
    monkeypatch.setattr("pooch.core.time.sleep", naps.append)
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # else a proxy of the machine would be asked for it
    yield server
    server.closing.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_a_file_is_fetched_once(server, cache):
    assert fetch(server.remote()).read_bytes() == CONTENT
    assert fetch(server.remote()) == cache / "file.bin"
    assert server.requests == 1


def test_a_damaged_copy_is_fetched_again(server):
    path = fetch(server.remote())
    path.write_bytes(CONTENT[:5000])
    assert fetch(server.remote()).read_bytes() == CONTENT
    assert server.requests == 2


def test_a_broken_connection_is_tried_again(server):
    server.cut = 2
    assert fetch(server.remote()).read_bytes() == CONTENT
    assert server.requests == 3


def test_a_connection_that_keeps_breaking_leaves_nothing(server, cache):
    server.cut = 99
    with pytest.raises(DownloadError, match="--data sample"):
        fetch(server.remote())
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 1])
def test_another_content_is_refused_at_once(server, cache, cut):
    server.cut = cut
    with pytest.raises(DownloadError, match=r"hash differs.*--data PATH.*--data sample") as error:
        fetch(server.remote("sha256:" + "0" * 64))
    assert "\n" not in str(error.value)
    assert server.requests == cut + 1
    assert list(cache.iterdir()) == []


def test_a_header_that_is_no_number_is_told(server):
    server.length = "nonsense"
    with pytest.raises(DownloadError, match=r"cannot download .* \(ValueError\)"):
        fetch(server.remote())


def test_ctrl_c_passes_through_and_leaves_nothing(server, cache, monkeypatch):
    seen = []

    def stop(response, **options):
        yield b"half"
        seen.extend(path.relative_to(cache).parts[0] for path in cache.rglob("*") if path.is_file())
        raise KeyboardInterrupt

    monkeypatch.setattr("requests.Response.iter_content", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(server.remote())
    assert seen == [download.UNFINISHED]
    assert list(cache.iterdir()) == []


def test_a_server_that_says_nothing_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.05)
    server.delay = 0.5
    with pytest.raises(DownloadError, match="Timeout"):
        fetch(server.remote())


def test_a_download_is_silent_where_stderr_is_no_terminal(server):
    # In a process of its own: pooch's logger keeps the stream and the level of whoever came first.
    remote = server.remote()
    script = f"from imdb_gru.sources.download import RemoteFile, fetch; fetch({remote!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.requests == 1


def test_an_error_of_the_server_is_told(server):
    server.status = 404
    with pytest.raises(DownloadError, match="HTTPError 404"):
        fetch(server.remote())


def test_offline_is_told_with_what_to_do(server):
    remote = server.remote()
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(DownloadError, match=r"ConnectionError.*--data PATH.*--data sample") as error:
        fetch(remote)
    assert "\n" not in str(error.value)


def test_what_a_killed_download_left_is_swept(server, cache):
    unfinished = cache / download.UNFINISHED
    unfinished.mkdir(parents=True)
    dead, alive, foreign = unfinished / "tmpdead", unfinished / "tmpalive", cache / "tmpforeign"
    for path in (dead, alive, foreign):
        path.write_bytes(b"half")
    with alive.open("rb") as held:
        lock(held.fileno())
        fetch(server.remote())
    assert list(unfinished.iterdir()) == [alive]
    assert {path.name for path in cache.iterdir()} == {download.UNFINISHED, "file.bin", "tmpforeign"}


def test_a_download_under_way_is_not_swept(server, cache, monkeypatch):
    """Ask for the file again while it is being fetched, and while it is still empty."""
    kept = []

    def look(response, **options):
        if not kept:
            kept.append(set((cache / download.UNFINISHED).iterdir()))
            fetch(server.remote())
            kept.append(set((cache / download.UNFINISHED).iterdir()))
        yield CONTENT

    monkeypatch.setattr("requests.Response.iter_content", look)
    assert fetch(server.remote()).read_bytes() == CONTENT
    assert kept[0] == kept[1] != set()


def test_an_unusable_cache_is_told(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IMDB_GRU_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DownloadError, match="IMDB_GRU_CACHE"):
        fetch(server.remote())


def test_the_command_line_downloads_where_no_data_is_named(server, invoke, monkeypatch):
    monkeypatch.setattr(download, "ARCHIVE", server.remote())
    result = invoke("train", "--run", "r")
    assert result.code == 1
    assert "is cut short or damaged" in result.err  # random bytes are no archive, but they were fetched
    assert server.requests == 1
