"""Streams as users' shells give them: closed, or in another encoding than UTF-8."""

import json
import os
import subprocess
import sys

import pytest
from support.commands import call

pytestmark = pytest.mark.processes

TEXT = "café 😍 łąka"


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", TEXT), ("latin-1", r"café \ud83d\ude0d \u0142\u0105ka"), ("utf-8", TEXT)]
)
@pytest.mark.parametrize("options", [[], ["--json"], ["--timesteps"]])
def test_a_stream_of_any_encoding_gets_every_character(encoding, shown, options):
    done = call("predict", "--run", "bundled", *options, TEXT, "b", text=False, env=choose(encoding))
    assert done.returncode == 0
    out = done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
    assert shown in out
    if "--json" in options:
        assert json.loads(out.splitlines()[0])["text"] == TEXT


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["next", "--run", "bundled", "The “ending” is"], 0),
        (["next", "--run", "bundled", "--timesteps", TEXT], 0),
        (["inspect", "--run", "bundled", TEXT], 0),
        (["inspect", "gradients", "--run", "bundled", TEXT], 0),
        (["data", "check", "łąka.csv"], 0),
        (["runs", "łąka"], 1),
        (["predict", "--input", "😍.txt"], 1),
        (["predict", "--łąka"], 2),
        (["config", "show", "--set", "data.path=łąka.csv"], 0),
        (["--help"], 0),
    ],
)
def test_no_command_fails_over_an_encoding(tmp_path, encoding, arguments, code):
    (tmp_path / "łąka.csv").write_text(f"text,label\n{TEXT},pos\nother,neg\n", "utf-8")
    done = call(*arguments, text=False, env=choose(encoding))
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"codec" not in done.stderr


def choose(encoding):
    return {**os.environ, "PYTHONIOENCODING": encoding}


def test_a_locale_without_utf8_is_no_error():
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = call("predict", "--run", "bundled", "--json", TEXT, text=False, env=environment)
    assert json.loads(done.stdout)["text"] == TEXT


@pytest.mark.parametrize(
    "arguments", ["predict", "predict --input - --output out.csv", "next", "inspect", "inspect units --input -"]
)
def test_reading_from_a_closed_stdin_is_an_error(tmp_path, arguments):
    command = f"exec {sys.executable} -m imdb_gru {arguments} --run bundled <&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: stdin is closed: give texts")
    assert not list(tmp_path.iterdir())
