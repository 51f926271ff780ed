"""The command line as users and scripts meet it: exit codes, streams, help, start-up."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.commands import assert_not_loaded, call, list_commands

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(("path", "command"), list(list_commands()), ids=lambda value: getattr(value, "name", "-"))
def test_every_command_has_help_with_an_example(invoke, path, command):
    result = invoke(*path, "--help")
    assert result.code == 0
    assert f"imdb-gru {' '.join(path)}".strip() in result.out.partition("Usage:")[2].partition("\n")[2]
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help or option.name == "help", option.name


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["predict", "--help"], ["pretrain", "--help"], ["next", "--help"], ["config", "show"]],
)
def test_help_loads_nothing_heavy(arguments):
    assert_not_loaded(arguments, {"tensorflow", "keras", "numpy", "h5py", "rich", "pooch", "matplotlib"})


@pytest.mark.keras
def test_predict_loads_no_tensorflow(sample_run):
    arguments = ["predict", "--timesteps", "--run", str(sample_run.path), "a fine film"]
    heavy = {"tensorflow", "keras", "numba", "h5py", "matplotlib", "pooch", "requests", "pyarrow"}
    assert_not_loaded(arguments, heavy)


@pytest.mark.keras
def test_evaluate_loads_no_tensorflow(sample_run):
    assert_not_loaded(["evaluate", "--run", str(sample_run.path)], {"tensorflow", "keras", "pooch", "pyarrow"})


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["predict", "--run", "nowhere", "text"], 1, "Error: there is no run at nowhere"),
        (["predict", "--input", "f.txt", "text"], 2, "give texts or --input, not both"),
        (["predict", "--nonsense"], 2, "No such option"),
        (["nonsense"], 2, "No such command"),
        (["train", "--set", "train.epocs=3"], 1, "did you mean train.epochs?"),
        (["train", "--data", "nowhere"], 1, "Error: there are no reviews at "),
        (["train", "--config", "nowhere.yaml"], 1, "cannot read the config nowhere.yaml"),
        (["train", "--resume", "nowhere"], 1, "there is no run at nowhere"),
        (["train", "--resume", "r", "--set", "a.b=1"], 2, "the run's own config"),
        (["train", "--overwrite"], 2, "--overwrite needs --run"),
        (["pretrain", "--set", "train.sample=3"], 1, "did you mean train.samples?"),
        (["pretrain", "--data", "nowhere"], 1, "Error: there are no reviews at "),
        (["next", "--run", "nowhere", "text"], 1, "Error: there is no run at nowhere"),
        (["evaluate", "--split", "nonsense"], 2, "nonsense"),
        (["config", "check", "nowhere.yaml"], 1, "cannot read the config"),
        (["runs", "nowhere"], 1, "there is no folder nowhere"),
    ],
)
def test_mistakes_end_in_one_line_and_a_code(arguments, code, message):
    done = call(*arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.keras
def test_a_closed_pipe_is_no_error(sample_run):
    command = (
        f"yes 'a fine film' | head -50000 | {sys.executable} -m imdb_gru predict --run {sample_run.path} | head -1"
    )
    bash = ["bash", "-o", "pipefail", "-c", f"{command}; echo ${{PIPESTATUS[2]}}"]
    done = subprocess.run(bash, capture_output=True, text=True, check=True)
    first, code = done.stdout.splitlines()
    assert first.startswith(("positive\t", "negative\t"))
    assert code == "0"
    assert done.stderr == ""


@pytest.fixture
def broken_pipe():
    """A pipe to write to that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("arguments", "file", "stream"),
    [
        (["inspect", "--html", "page.html", "fine", "dull"], "page.html", "stdout"),
        (["inspect", "--html", "page.html", "fine", "dull"], "page.html", "stderr"),
        (["inspect", "--npz", "arrays.npz", "fine"], "arrays.npz", "stdout"),
        (["inspect", "--plots", "plots", "fine"], "plots/gates.svg", "stdout"),
        (["inspect", "gradients", "--plots", "plots", "fine"], "plots/gradients.svg", "stdout"),
        (["predict", "--plot", "plot.svg", "fine"], "plot.svg", "stdout"),
        (["predict", "--output", "out.csv", "fine"], "out.csv", "stdout"),
        (
            ["report", "--data", "reviews.csv", "--examples", "1", "--plots", "plots", "--output", "a.html"],
            "a.html",
            "stdout",
        ),
    ],
)
def test_a_file_is_written_though_nobody_reads_what_is_printed(
    sample_run, tmp_path, broken_pipe, arguments, file, stream
):
    (tmp_path / "reviews.csv").write_text("text,label\nwonderful,pos\ndull,neg\n")
    command = [sys.executable, "-m", "imdb_gru", *arguments, "--run", str(sample_run.path)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: broken_pipe}
    done = subprocess.run(command, **streams, text=True, check=False)
    assert done.returncode == 0
    assert (tmp_path / file).stat().st_size > 0
    assert "Traceback" not in (done.stderr or "")


@pytest.mark.keras
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("arguments", ["predict --run {} fine", "runs {}/..", "evaluate --run {}"])
def test_a_closed_stream_is_no_error(sample_run, closed, arguments):
    command = f"exec {sys.executable} -m imdb_gru {arguments.format(sample_run.path)} {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert bool(done.stdout) == (closed != ">&-")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.EACCES, "Error: cannot continue: weights.npz: Permission denied\n"),
        (
            errno.ENOSPC,
            "Error: cannot continue: weights.npz: No space left on device; free some space, or write elsewhere\n",
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_a_full_disk_told(code, message):
    program = f"""
import os, sys
import imdb_gru.cli.predict
from imdb_gru.cli import main
def fail(*_):
    raise OSError({code}, os.strerror({code}), "weights.npz")
imdb_gru.cli.predict.open_run = fail
sys.argv = ["imdb-gru", "predict", "fine"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, message)


def test_what_the_bundled_model_settles_is_refused_before_any_review_is_read(invoke):
    result = invoke("train", "--data", "nowhere", "--set", "model.units=256")
    assert result.code == 1
    assert result.err == (
        "Error: the config default has an error:\n"
        "  model.units is 256, but the bundled model has 512: use --config scratch, or --set model.pretrained=null\n"
    )


@pytest.mark.keras
def test_ctrl_c_ends_with_130(sample_run):
    """Interrupt a prediction that waits for its input."""
    import signal

    command = [sys.executable, "-u", "-m", "imdb_gru", "predict", "--run", str(sample_run.path), "--input", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        wait_until_reading(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err


def wait_until_reading(process):
    import time

    for _ in range(200):
        status = Path(f"/proc/{process.pid}/wchan")
        if not status.exists() or "pipe" in status.read_text():
            break
        time.sleep(0.05)
    time.sleep(0.5)


def test_it_runs_from_any_folder(tmp_path):
    done = call("--version", cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)})
    assert done.stdout.startswith("imdb-gru, version ")


def list_groups():
    return [(path, command) for path, command in list_commands() if isinstance(command, click.Group)]


@pytest.mark.parametrize(("path", "group"), list_groups(), ids=lambda value: getattr(value, "name", "-"))
def test_every_command_has_a_line_in_the_list_of_its_group(invoke, monkeypatch, path, group):
    monkeypatch.setenv("COLUMNS", "80")
    lines = invoke(*path, "--help").out.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(group.commands)
    for name, command in group.commands.items():
        assert command.short_help
        assert not command.short_help.endswith("...")
        (line,) = (line for line in lines if line.split()[0] == name)
        assert line.split(maxsplit=1)[1] == command.short_help
        assert len(line) <= 80
