"""The command line as users and scripts meet it: exit codes, streams, help, start-up."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from support.commands import assert_not_loaded, call, list_commands
from support.paths import README

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(("path", "command"), list(list_commands()), ids=lambda value: getattr(value, "name", "-"))
def test_every_command_has_help_with_an_example_and_stands_in_the_readme(invoke, path, command):
    result = invoke(*path, "--help")
    assert result.code == 0
    assert f"imdb-gru {' '.join(path)}".strip() in result.out.partition("Usage:")[2].partition("\n")[2]
    assert f"imdb-gru {' '.join(path)}".strip() in " ".join(README.read_text().split())
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
        (["train", "--overwrite"], 2, "say which"),
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
        (["inspect", "--gradients", "--plots", "plots", "fine"], "plots/gradients.svg", "stdout"),
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
        (errno.EACCES, "Error: cannot go on: weights.npz: Permission denied\n"),
        (errno.ENOSPC, "Error: cannot go on: weights.npz: No space left on device; make room, or write elsewhere\n"),
    ],
)
def test_what_cannot_be_read_is_named_and_a_full_disk_told(code, message):
    program = f"""
import os, sys
from imdb_gru.cli import main
def fail(*_):
    raise OSError({code}, os.strerror({code}), "weights.npz")
sys.modules["imdb_gru.cli.predict"].open_run = fail
sys.argv = ["imdb-gru", "predict", "fine"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, message)


def test_config_show_check_and_schema(invoke, tmp_path):
    shown = invoke("config", "show", "--config", "scratch", "--set", "model.cell=lstm")
    assert "cell: lstm" in shown.out
    (tmp_path / "my.yaml").write_text(shown.out)
    assert invoke("config", "check", "my.yaml").out == "my.yaml: valid\n"
    schema = json.loads(invoke("config", "schema").out)
    assert schema["properties"].keys() == {"task", "data", "text", "model", "train"}
    assert "description" in schema["$defs"]["TrainConfig"]["properties"]["warmup"]
    schema = json.loads(invoke("config", "schema", "--task", "next_word").out)
    assert "description" in schema["$defs"]["PretrainConfig"]["properties"]["samples"]
    (tmp_path / "my.yaml").write_text("train: {epocs: 1}")
    assert invoke("config", "check", "my.yaml").code == 1


def test_config_show_check_and_schema_know_sweeps(invoke, tmp_path):
    shown = invoke("config", "show", "--config", "sweep", "--set", "train.seed=7")
    assert "  train:\n    learning_rate: 0.001\n" in shown.out
    assert "    seed: 7\n" in shown.out
    (tmp_path / "my.yaml").write_text(shown.out)
    assert invoke("config", "check", "my.yaml", "sweep", "pretrain").out == (
        "my.yaml: valid\nsweep: valid\npretrain: valid\n"
    )
    (tmp_path / "my.yaml").write_text("task: sweep\nbase: scratch\nspace: {train.epochs: {range: [0, 4]}}")
    result = invoke("config", "check", "my.yaml")
    assert result.code == 1
    assert "space.train.epochs: input should be greater than or equal to 1, got 0" in result.err
    schema = json.loads(invoke("config", "schema", "--task", "sweep").out)
    assert {"base", "space", "asha"} <= schema["properties"].keys()


@pytest.mark.parametrize("command", [["train"], ["pretrain"], ["compare"], ["config", "show"], ["sweep", "sweep"]])
@pytest.mark.parametrize("setting", ["foo", "=3", "train..epochs=3", "train.epochs=["])
def test_a_setting_of_another_form_is_wrong_usage(invoke, command, setting):
    result = invoke(*command, "--set", setting)
    assert result.code == 2
    assert f"Invalid value for '--set': {setting}" in result.err
    assert ("such as train.epochs=3" in result.err) == (setting != "train.epochs=[")


def test_the_last_of_several_settings_of_one_key_counts(invoke):
    settings = ["model.dropout.word=0.3", "model.dropout={output: 0.2}", "model.dropout.word=0.4", "train.epochs=9"]
    shown = yaml.safe_load(invoke("config", "show", *(f"--set={setting}" for setting in settings)).out)
    assert shown["model"]["dropout"] == {"word": 0.4, "embedding": 0.1, "recurrent": 0.0, "output": 0.2}
    assert shown["train"]["epochs"] == 9


@pytest.mark.parametrize(
    "command", [["train", "--config"], ["pretrain", "--config"], ["compare", "--config"], ["sweep"]]
)
def test_a_config_is_found_by_name(invoke, command):
    result = invoke(*command, "nowhere")
    assert result.code == 1
    assert "Error: there is no config named 'nowhere'; the package has best, best-pretrain, default, " in result.err


def test_what_the_bundled_model_settles_is_refused_before_any_review_is_read(invoke):
    result = invoke("train", "--data", "nowhere", "--set", "model.units=256")
    assert result.code == 1
    assert result.err == (
        "Error: the config default has an error:\n"
        "  model.units is 256, but the bundled model has 512: use --config scratch, or --set model.pretrained=null\n"
    )


@pytest.mark.keras
def test_runs_lists_states(invoke, sample_run, tmp_path):
    for name in ("good", "unfinished", "damaged"):
        shutil.copytree(sample_run.path, tmp_path / "runs" / name)
    (tmp_path / "runs" / "unfinished" / "metrics.json").unlink()
    (tmp_path / "runs" / "damaged" / "model.keras").write_bytes(b"")
    rows = {Path(row["run"]).name: row for row in json.loads(invoke("runs", "--json").out)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "good": "complete",
        "unfinished": "in progress",
        "damaged": "damaged",
    }
    assert rows["good"]["epochs"] == "2/2"
    assert {(row["task"], row["validation_perplexity"]) for row in rows.values()} == {("sentiment", None)}
    assert 0 <= rows["good"]["validation_accuracy"] <= 1
    table = invoke("runs").out
    assert "gru 8, embedding 8, last" in table
    (tmp_path / "empty").mkdir()
    assert "no runs in empty" in invoke("runs", "empty").err


@pytest.mark.keras
def test_the_newest_run_is_used_and_named(invoke, sample_run, tmp_path):
    shutil.copytree(sample_run.path, tmp_path / "runs" / "only")
    result = invoke("predict", "fine")
    assert result.code == 0
    assert f"using {Path('runs/only')}" in result.err


def test_without_any_run_the_one_in_the_package_is_used_and_named(invoke, bundled):
    for arguments in (["predict", "w1"], ["inspect", "w1"], ["next", "w1"], ["evaluate", "--data", "sample"]):
        result = invoke(*arguments)
        assert result.code == 0, result.err
        assert result.err.splitlines()[0] == "using bundled"
    assert json.loads(invoke("evaluate", "--data", "sample", "--json").out)["run"] == "bundled"
    assert invoke("report", "--data", "sample", "--output", "page.html", "--examples", 1).code == 0


def test_the_run_in_the_package_can_be_named(invoke, bundled, make_next_word_run):
    make_next_word_run("runs/other")
    for command in ("predict", "next"):
        result = invoke(command, "--run", "bundled", "w1")
        assert result.code == 0, result.err
        assert "using" not in result.err
    assert invoke("predict", "w1").err.startswith("using bundled")
    assert invoke("next", "w1").err.startswith("using runs/other")


def test_the_run_in_the_package_is_accepted_wherever_a_run_is(invoke, bundled, tmp_path):
    _, _, run = bundled
    data = ["--data", "sample"]
    for arguments in (
        ["compare", run.path, "bundled", *data],
        ["inspect", "--gradients", "--run", "bundled", "--run", run.path, "--reviews", "2", *data],
        ["inspect", "--units", "--run", "bundled", *data],
        ["report", "bundled", "--examples", "0", *data],
        ["evaluate", "--run", "bundled", *data],
        ["runs", "check", "bundled"],
    ):
        result = invoke(*arguments)
        assert result.code == 0, result.err
        assert str(tmp_path / "package") not in result.out + result.err
    assert (tmp_path / "bundled.html").exists()
    figures = json.loads(invoke("compare", "bundled", run.path, *data, "--json").out)
    model = figures["models"][0]
    assert (model["model"], model["runs"][0]["run"]) == ("bundled", "bundled")
    assert (model["parameters"], model["seconds"]) == (None, None)  # which the fixture does not record
    evaluated = json.loads(invoke("evaluate", "--run", "bundled", *data, "--json").out)
    assert model["accuracy"] == evaluated["accuracy"]
    assert "are the same run" in invoke("compare", "bundled", "./bundled").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--resume", "bundled"], "cannot be resumed: train a new run from it"),
        (["pretrain", "--resume", "bundled"], "cannot be resumed: train a new run from it"),
        (["train", "--run", "bundled", "--data", "sample"], "cannot be replaced: choose another folder with --run"),
        (["compare", "--into", "bundled"], "cannot hold a comparison: choose another folder with --into"),
        (["sweep", "s.yaml", "--into", "bundled"], "cannot hold a sweep: choose another folder with --into"),
    ],
)
def test_the_run_in_the_package_cannot_be_written_to(invoke, tmp_path, arguments, message):
    result = invoke(*arguments)
    assert (result.code, result.out) == (1, "")
    assert f"bundled is the name of the model in the package, which {message}" in result.err
    assert not (tmp_path / "bundled").exists()


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
