import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

from imdb_gru.cluster.connection import connect
from imdb_gru.errors import ImdbGruError

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.processes]  # warnings of Ray


def test_a_cluster_that_is_not_there_is_told_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for wrong in (address, "127.0.0.1:99999"):
        with pytest.raises(ImdbGruError, match=f"no Ray cluster answers at {wrong}"), connect(wrong):
            pass


@pytest.mark.cluster
def test_a_head_that_asks_for_a_token_is_shown_this_machines(tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("0123456789abcdef" * 4)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("RAY_AUTH_MODE", None)
    ray = [Path(sys.executable).parent / "ray", "start", "--head", "--block", "--num-cpus", "1", "--port", port]
    program = f"""
from imdb_gru.cluster.connection import connect
import ray
with connect("127.0.0.1:{port}"):
    print(ray.cluster_resources()["CPU"])
"""
    head = subprocess.Popen([*ray, "--include-dashboard=false"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert any("Ray runtime started" in line for line in head.stdout)
        asked, stranger = (
            subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
            for env in (environment, {**environment, "HOME": str(tmp_path / "nowhere")})
        )
    finally:
        head.terminate()
        head.communicate(timeout=60)
    assert (asked.stdout, asked.stderr) == ("1.0\n", "")
    assert "the cluster requires a token: copy its ~/.ray/auth_token to this machine" in stranger.stderr
