import os
import subprocess
import sys

import pytest
from support.paths import SCRIPTS

pytestmark = pytest.mark.processes


@pytest.fixture
def torture(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS / "torture"))
    import torture

    yield torture
    for name in ("torture", "commands"):
        del sys.modules[name]


@pytest.fixture
def build_careless(torture):
    """Make a trial of a command that writes, after a pause, a file in two goes, under its name or another."""

    def build(target):
        class Careless(torture.Trial):
            name = "careless"

            def build_command(self, folder):
                write = f"f = open({target!r}, 'w'); f.write('a' * 99); f.flush(); time.sleep(0.3); f.write('b')"
                code = f"import os, time; time.sleep(0.1); {write}; f.close(); os.replace({target!r}, 'out')"
                return [sys.executable, "-c", code]

            def find_faults(self, folder):
                path = folder / "out"
                return ["half written"] if path.exists() and path.stat().st_size != 100 else []

            def read_result(self, folder):
                return {path.name: path.read_bytes() for path in folder.iterdir()}

        return Careless()

    return build


class Bar:
    def update(self):
        pass


@pytest.mark.parametrize(("target", "faulty"), [("out", True), ("temporary", False)])
def test_what_is_half_written_after_a_kill_is_found(torture, build_careless, tmp_path, target, faulty):
    import random

    torturer = torture.Torturer(build_careless(target), tmp_path, random.Random(0))
    assert torturer.calm.changes >= 1
    torturer.calm.changes = 1
    torturer.kill(8, Bar())
    assert torturer.tally.kills == 8
    assert any("half written" in fault for fault in torturer.tally.faults) == faulty
    assert not any("differs" in fault for fault in torturer.tally.faults)


def test_what_is_left_over_and_what_is_no_plain_failure_is_found(torture, build_careless, tmp_path):
    import random

    torturer = torture.Torturer(build_careless("out"), tmp_path, random.Random(0))
    torturer.expected = {"out": b"other", "gone": b""}
    (tmp_path / "limited-0").mkdir()
    (tmp_path / "limited-0" / ".hidden").touch()
    torturer.calm.bytes = 30
    torturer.limit(0)
    assert torturer.tally.limits == 1
    found = " ".join(torturer.tally.faults)
    for part in ("exited with 1: Traceback", ".hidden is left over", "gone is missing", "out differs"):
        assert part in found


def test_downloads_are_killed_and_disks_filled(tmp_path):
    command = [
        sys.executable,
        str(SCRIPTS / "torture" / "torture.py"),
        "download",
        "--kills=2",
        "--full=1",
        f"--run={tmp_path}",
    ]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*command, "--json=figures.json"], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[0] == "download"
    assert '"kills": 2' in (tmp_path / "figures.json").read_text()
