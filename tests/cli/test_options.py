"""Paths, repeated options and missing home folders, alike in every command."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.commands import call, list_commands

from imdb_gru.cli._commands import Command
from imdb_gru.cli._options import LocationType, PathType

pytestmark = pytest.mark.processes

PATHS = {"DIR", "FILE", "PATH", "RUN", "SWEEP", "FOLDER"}
"""Metavars of the options and arguments that take a path."""
COMMANDS = [(path, command) for path, command in list_commands() if not isinstance(command, click.Group)]


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home folder that is not the current one."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=lambda value: getattr(value, "name", "-"))
def test_every_path_of_every_command_is_of_a_type_that_expands_home(path, command):
    assert isinstance(command, Command)
    for parameter in command.params:
        words = {word.strip("[].") for word in (parameter.make_metavar(click.Context(command)) or "").split("|")}
        if words & PATHS or isinstance(parameter.type, click.Path):
            assert isinstance(parameter.type, PathType | LocationType), parameter.name


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["predict", "--run", "bundled", "--input", "~/texts.txt", "--output", "~/out.csv"], "out.csv"),
        (["predict", "--run", "bundled", "fine", "--plot", "~/plot.svg"], "plot.svg"),
        (["inspect", "--run", "bundled", "fine", "--html", "~/page.html"], "page.html"),
        (["inspect", "--run", "bundled", "fine", "--npz", "~/arrays.npz"], "arrays.npz"),
        (["report", "bundled", "--data", "~/reviews.csv", "--examples", "1", "--output", "~/page.html"], "page.html"),
        (["config", "check", "~/my.yaml"], None),
        (["config", "show", "--config", "~/my.yaml"], None),
        (["data", "check", "~/reviews.csv"], None),
        (["evaluate", "--run", "bundled", "--data", "~/reviews.csv"], None),
        (["next", "--run", "bundled", "--input", "~/texts.txt"], None),
        (["runs", "~/"], None),
    ],
)
def test_a_tilde_is_the_home_folder(invoke, home, tmp_path, arguments, made):
    (home / "texts.txt").write_text("fine\ndull\n")
    (home / "my.yaml").write_text("train: {epochs: 1}")
    (home / "reviews.csv").write_text("text,label\nwonderful,pos\ndull,neg\n")
    result = invoke(*arguments)
    assert result.code == 0, result.err
    assert made is None or (home / made).exists()
    assert not (tmp_path / "~").exists()


@pytest.mark.keras
def test_a_run_can_be_written_to_and_resumed_from_the_home_folder(invoke, home, tmp_path, sample_run):
    settings = [
        "--config",
        "scratch",
        "--set",
        "model.units=4",
        "--set",
        "model.embedding=4",
        "--set",
        "train.epochs=1",
    ]
    result = invoke("train", "--data", "sample", "--set", "data.limit=100", *settings, "--run", "~/mine")
    assert result.code == 0, result.err
    assert invoke("predict", "--run", "~/mine", "fine").code == 0
    assert invoke("report", "~/mine", "--examples", "0", "--output", "~/page.html").code == 0
    assert "is complete, so it cannot be resumed" in invoke("train", "--resume", "~/mine").err
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--run", "{}", "fine"],
        ["predict", "--input", "{}"],
        ["predict", "--output", "{}", "fine"],
        ["train", "--config", "{}"],
        ["train", "--resume", "{}"],
        ["train", "--data", "{}"],
        ["compare", "--into", "{}"],
        ["sweep", "{}"],
        ["inspect", "--plots", "{}", "fine"],
        ["runs", "check", "{}"],
        ["data", "check", "{}"],
        ["report", "{}"],
    ],
)
@pytest.mark.parametrize(
    ("path", "message"), [("", "the path is empty"), ("~no-such-user/x", "there is no user 'no-such-user'")]
)
def test_an_empty_path_and_an_unknown_user_are_wrong_usage(invoke, arguments, path, message):
    result = invoke(*(argument.format(path) for argument in arguments))
    assert (result.code, result.out) == (2, "")
    assert message in " ".join(result.err.split())


def test_an_unknown_user_in_the_config_is_one_line(invoke):
    result = invoke("train", "--set", "data.path=~no-such-user/x.csv")
    assert result.code == 1
    assert result.err.startswith("Error: ~no-such-user/x.csv: there is no user 'no-such-user'; ")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["predict", "--run", "a", "--run", "b", "fine"], "--run"),
        (["predict", "--input", "a", "--input", "b"], "--input"),
        (["evaluate", "--data", "sample", "--data", "sample"], "--data"),
        (["train", "--run", "a", "--run", "b"], "--run"),
        (["pretrain", "--config", "a", "--config", "b"], "--config"),
        (["next", "-k", "2", "--count", "3", "fine"], "--count"),
        (["report", "--output", "a", "--output", "b"], "--output"),
        (["compare", "--seeds", "1", "--seeds", "2"], "--seeds"),
        (["sweep", "a", "--trials", "1", "--trials", "2"], "--trials"),
        (["inspect", "--html", "a", "--html", "b", "fine"], "--html"),
        (["config", "schema", "--task", "sentiment", "--task", "next_word"], "--task"),
        (["data", "check", "--text-column", "a", "--text-column", "b"], "--text-column"),
    ],
)
def test_an_option_of_one_value_given_twice_is_wrong_usage(invoke, arguments, name):
    result = invoke(*arguments)
    assert (result.code, result.out) == (2, "")
    assert f"Error: {name} was given 2 times, but it takes one value" in result.err


def test_options_of_several_values_and_flags_may_be_repeated(invoke):
    assert "epochs: 4" in invoke("config", "show", "--set", "train.epochs=3", "--set", "train.epochs=4").out
    assert invoke("predict", "--run", "bundled", "--json", "--json", "fine").code == 0


def call_without_home(*arguments, **environment):
    """Run the command line as a user whom the system does not know, without HOME."""
    program = (
        "import os, pwd, sys\ndef fail(_): raise KeyError\npwd.getpwuid = fail\nfrom imdb_gru.cli import main\nmain()\n"
    )
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    command = [sys.executable, "-c", program, *arguments]
    environment = {**kept, "IMDB_GRU_CACHE": "", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_without_a_home_folder_a_download_says_what_to_set(tmp_path):
    done = call_without_home("train")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: cannot download aclImdb_v1.tar.gz, because the home folder is unknown" in done.stderr
    assert "set $IMDB_GRU_CACHE to a folder, or choose a local copy with --data PATH" in done.stderr
    assert "Traceback" not in done.stderr
    done = call_without_home("predict", "--run", "~/run", "fine")
    assert done.returncode == 2
    assert "the home folder is unknown, because HOME is not set" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["predict", "fine"], ["inspect", "fine"], ["evaluate", "--data", "reviews.csv"], ["next", "fine"]]
)
def test_the_model_in_the_package_needs_no_home_folder(tmp_path, arguments):
    (tmp_path / "reviews.csv").write_text("text,label\nwonderful,pos\ndull,neg\n")
    done = call_without_home(*arguments, "--run", "bundled")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "~").exists()


@pytest.mark.keras
def test_training_without_a_home_folder_makes_none(tmp_path):
    done = call_without_home("train", "--config", "sample", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_cache_in_the_home_folder(monkeypatch, home):
    from imdb_gru.sources import download

    monkeypatch.setenv("IMDB_GRU_CACHE", "~/cache")
    (home / "cache").mkdir()
    (home / "cache" / "a.txt").write_text("a")
    remote = download.RemoteFile("https://nowhere.invalid/a.txt", "md5:0cc175b9c0f1b6a831c399e269772661", "a.txt")
    assert download.fetch(remote) == Path(home / "cache" / "a.txt")


def test_without_a_home_that_can_be_written_a_download_says_what_to_set():
    done = call("train", env={**os.environ, "HOME": "/proc/nowhere", "IMDB_GRU_CACHE": "", "XDG_CACHE_HOME": ""})
    assert done.returncode == 1
    assert "cannot write to the cache /proc/nowhere/.cache/imdb-gru" in done.stderr
    assert "set $IMDB_GRU_CACHE" in done.stderr


@pytest.mark.parametrize("command", [["predict"], ["inspect"], ["inspect", "units"], ["next"]])
@pytest.mark.parametrize("text", ["-5 out of 10", "--5 stars", "- dull"])
def test_a_text_that_looks_like_an_option_is_told(invoke, command, text):
    result = invoke(*command, "--run", "bundled", text)
    assert result.code == 2
    assert "If this is a text, put -- between the options and the text" in result.err
    result = invoke("predict", "--run", "bundled", "--json", "--", text)
    assert f'"text": "{text}"' in result.out


@pytest.mark.parametrize("arguments", [["predict", "--timestep"], ["evaluate", "-5"]])
def test_only_what_may_be_a_text_is_told_so(invoke, arguments):
    assert "If it is a text" not in invoke(*arguments).err
