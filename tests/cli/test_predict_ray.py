"""imdb-gru predict --engine ray, as users and scripts meet it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import assert_not_loaded

pytestmark = pytest.mark.processes

ANSWERS = ("text", "label", "probability")


def write_tables(folder, count, reviews=3):
    folder.mkdir()
    for number in range(count):
        lines = [json.dumps({"text": f"w{number} w{row} w{row * number}"}) + "\n" for row in range(reviews)]
        (folder / f"{number:03}.jsonl").write_text("".join(lines))
    return folder


def read_rows(folder):
    from pyarrow import parquet

    return [row for path in sorted(folder.glob("part-*")) for row in parquet.read_table(path).to_pylist()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fine"], "needs --input and --output"),
        (["--input", "a.csv"], "needs --input and --output"),
        (["--input", "a.csv", "--output", "out", "--plot", "p.png"], "cannot be used with texts or --plot"),
        (["--input", "a.csv", "--output", "out", "--workers", "0"], "--workers"),
    ],
)
def test_what_does_not_go_with_ray_is_refused(invoke, arguments, message):
    result = invoke("predict", "--engine", "ray", *arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize("option", [["--workers", "2"], ["--address", "localhost:6379"]])
def test_rays_options_do_nothing_without_it_and_say_so(invoke, option):
    result = invoke("predict", *option, "fine")
    assert result.code == 2
    assert "--workers and --address need --engine ray" in result.err


def test_without_ray_the_extra_is_named(invoke, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    write_tables(tmp_path / "in", 1)
    result = invoke("predict", "--engine", "ray", "--input", "in", "--output", "out")
    assert result.code == 1
    assert result.err == "Error: --engine ray needs the extra 'ray': install it with pip install 'imdb-gru[ray]'\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "nowhere", "--output", "out"], "Error: no tables at nowhere"),
        (["--input", "in", "--output", "in"], "holds files that are not partitions: choose another folder"),
        (["--input", "in", "--output", "in/000.jsonl"], "is a file: choose a folder"),
        (["--input", "in", "--output", "s3://bucket/out"], "s3://bucket/out needs a package that is not installed"),
        (["--input", "in", "--output", "memory://out"], "in one process's memory"),
        (["--input", "in", "--output", "out", "--max-error", "5%"], "bundled has no record of its confidence"),
    ],
)
def test_mistakes_end_in_one_line_before_ray_starts(invoke, bundled, tmp_path, monkeypatch, arguments, message):
    pytest.importorskip("ray")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    write_tables(tmp_path / "in", 1)
    result = invoke("predict", "--engine", "ray", *arguments)
    assert result.code == 1
    (line,) = [line for line in result.err.splitlines() if line != "using bundled"]
    assert message in line


def test_the_local_engine_loads_nothing_of_rays():
    assert_not_loaded(["predict", "--run", "bundled", "fine"], {"ray", "fsspec", "pyarrow", "pandas"})


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_folder_is_scored_as_file_by_file_and_goes_on_after_a_mistake(invoke, bundled, write_corpus, cluster):
    paths = [write_corpus(kind) for kind in ("csv", "jsonl", "parquet", "tsv")]
    broken = Path("reviews.zz.jsonl")
    broken.write_text('{"text": "w1"}\n{broken\n')
    command = ["predict", "--engine", "ray", "--input", "reviews*", "--output", "out", "--address", cluster.address]
    result = invoke(*command, "--workers", 2)
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith(f"Error: {broken.absolute()}, row 2: not JSON")
    assert result.out == ""
    broken.write_text('{"text": "w1"}\n')
    result = invoke(*command, "--resume", "--json")
    assert result.code == 0, result.err
    assert f"{broken.absolute()} has changed, so its texts will be classified again" in result.err
    figures = json.loads(result.out)
    assert (figures["files"], figures["partitions"], figures["reviews"]) == (5, 5, 33)
    rows = read_rows(Path("out"))
    local = [invoke("predict", "--input", path, "--json").out for path in [*paths, broken]]
    assert [[row[name] for name in ANSWERS] for row in rows] == [
        [json.loads(line)[name] for name in ANSWERS] for answers in local for line in answers.splitlines()
    ]
    assert [row["file"] for row in rows] == [str(path.absolute()) for path in paths for _ in range(8)] + [
        str(broken.absolute())
    ]
    again = invoke(*command, "--resume")
    assert again.code == 0
    assert "resuming after 33 reviews" in again.err


@pytest.mark.cluster
def test_a_driver_that_is_stopped_or_killed_leaves_whole_partitions_to_go_on_from(tmp_path, cluster):
    write_tables(tmp_path / "in", 60)
    command = [
        sys.executable,
        "-m",
        "imdb_gru",
        "predict",
        "--run",
        "bundled",
        "--engine",
        "ray",
        "--address",
        cluster.address,
    ]
    command += ["--input", "in", "--output", "out", "--workers", "1", "--json", "--resume"]
    before = {}
    for number in (signal.SIGINT, signal.SIGKILL):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while len(list(tmp_path.glob("out/part-*"))) < len(before) + 5:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.01)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert out == ""
        if number == signal.SIGINT:
            assert process.returncode == 130
            assert "to resume, repeat the command with --resume" in err
            assert err.endswith("Stopped.\n")
            assert "Traceback" not in err
        before |= {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/part-*") if path not in before}
        assert len(before) < 60
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["reviews"] == 180
    first, *others = done.stderr.splitlines()
    assert first.startswith("resuming after")
    assert others == ["180 texts are without a word that the model knows, so the prediction is unreliable"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [row["text"] for row in read_rows(tmp_path / "out")] == [
        f"w{file} w{row} w{row * file}" for file in range(60) for row in range(3)
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if "part-" not in path.name) == ["_settings.json"]
