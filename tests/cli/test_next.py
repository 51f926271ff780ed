import json
import subprocess

import pytest
from support.commands import assert_not_loaded, call
from support.next_word_runs import WORDS

pytestmark = pytest.mark.processes

HEAVY = {"tensorflow", "keras", "numba", "h5py", "matplotlib", "pooch", "requests", "pyarrow", "rich", "tqdm"}


@pytest.fixture
def run(make_next_word_run):
    return make_next_word_run(text={"length": 8})


@pytest.fixture
def ask(invoke, run):
    return lambda *arguments: invoke("next", "--run", run.path, *arguments)


def read_json(result):
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


def test_the_likeliest_words_stand_in_a_table(ask):
    lines = ask("w1 w2").out.splitlines()
    assert lines[0] == "probability  next word"
    rows = [line.split() for line in lines[1:]]
    assert len(rows) == 10
    assert [float(probability) for probability, _ in rows] == sorted((float(p) for p, _ in rows), reverse=True)
    assert len(ask("w1 w2", "-k", 3).out.splitlines()) == 4


def test_json_is_one_object_with_the_agreed_names(ask):
    (record,) = read_json(ask("w1 w2", "--json", "--count", WORDS + 2))
    assert list(record) == ["text", "next"]
    assert record["text"] == "w1 w2"
    assert [list(candidate) for candidate in record["next"]] == [["token", "probability"]] * (WORDS + 2)
    assert sum(candidate["probability"] for candidate in record["next"]) == pytest.approx(1, abs=1e-5)
    assert {"<end>", "<unknown>", "w0"} <= {candidate["token"] for candidate in record["next"]}


def test_timesteps_tell_what_was_expected_and_what_came(ask):
    (record,) = read_json(ask("w1 strange w2", "--timesteps", "--json", "-k", 2))
    assert list(record) == ["text", "timesteps", "perplexity"]
    names = ["timestep", "token", "next_token", "rank", "probability", "likeliest"]
    assert [list(step) for step in record["timesteps"]] == [names] * 4
    assert [step["token"] for step in record["timesteps"]] == ["<start>", "w1", "strange", "w2"]
    assert [step["next_token"] for step in record["timesteps"]] == ["w1", "strange", "w2", None]
    assert all(len(step["likeliest"]) == 2 for step in record["timesteps"])
    (alone,) = read_json(ask("w1 strange w2", "--json", "-k", 2))
    for candidate, other in zip(record["timesteps"][-1]["likeliest"], alone["next"], strict=True):
        assert candidate == {"token": other["token"], "probability": pytest.approx(other["probability"])}
    out = ask("w1 strange w2", "--timesteps").out.splitlines()
    assert out[0].split() == ["timestep", "token", "next", "word", "rank", "probability", "most", "likely"]
    assert out[4].split()[:5] == ["3", "w2", "-", "-", "-"]
    assert out[-1] == f"perplexity {record['perplexity']:.1f} over 3 words"


def test_a_text_is_written_on(ask):
    (record,) = read_json(ask("W1 (", "--generate", 6, "--json"))
    assert list(record) == ["text", "generated", "continuation", "ended"]
    tokens = [word["token"] for word in record["generated"]]
    assert record["ended"] == (len(tokens) < 6)
    assert record["continuation"].split() == tokens[:1] + tokens[1:]
    assert ask("W1 (", "--generate", 6).out == f"W1 ({record['continuation']}\n"
    assert read_json(ask("W1 (", "--generate", 6, "--json", "--seed", 0)) == [record]
    others = [read_json(ask("W1 (", "--generate", 6, "--json", "--seed", seed))[0] for seed in range(1, 5)]
    assert any(other["continuation"] != record["continuation"] for other in others)


def test_temperature_and_top_are_heeded(ask):
    coldest = ask("w1", "--generate", 7, "--temperature", 0).out
    assert ask("w1", "--generate", 7, "--temperature", 0, "--seed", 5).out == coldest
    assert ask("w1", "--generate", 7, "--top", 1, "--seed", 5).out == coldest
    assert ask("w1", "--generate", 7, "--temperature", 90).out != coldest


@pytest.mark.parametrize("mode", [(), ("--timesteps",), ("--generate", 3)])
def test_an_empty_text_is_the_start_of_a_review(ask, mode):
    result = ask("", *mode)
    assert result.code == 0
    assert result.out.strip()
    assert result.err == ""
    (record,) = read_json(ask("", *mode, "--json"))
    assert record["text"] == ""
    if mode == ("--timesteps",):
        assert record["perplexity"] is None
        assert "perplexity" not in result.out


def test_a_longer_text_is_cut_and_a_note_says_so(ask):
    result = ask("w1 " * 20, "--timesteps", "--json")
    assert "the text is longer than the limit: only the last 8 of 20 words were read" in result.err
    assert len(json.loads(result.out)["timesteps"]) == 9


def test_a_text_of_unknown_words_is_noted(ask):
    assert "without a word that the model knows, so the prediction is unreliable" in ask("strange words").err


def test_a_file_is_read_line_by_line(ask, tmp_path):
    (tmp_path / "a.txt").write_text("w1\nw2 w3\n")
    records = read_json(ask("--input", "a.txt", "--json"))
    assert [record["text"] for record in records] == ["w1", "w2 w3"]
    assert records[0]["next"] != records[1]["next"]
    blocks = ask("--input", "a.txt", "-k", 1).out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["w1", "w2 w3"]
    (tmp_path / "a.csv").write_text("review,n\nw1,3\nw2 w3,4\n")
    assert read_json(ask("--input", "a.csv", "--json")) == records
    assert ask("--input", "a.txt", "--generate", 2).out.count("\n") == 2


def test_stdin_is_read_where_no_text_is_named(run):
    done = call("next", "--run", run.path, "--json", input="w1\nw2")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["w1", "w2"]


def test_what_a_terminal_would_obey_is_shown(ask):
    result = ask("w1 \x1b[31m", "--generate", 1)
    assert "\x1b" not in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--generate", "3", "--timesteps"], "--generate cannot be used with --timesteps"),
        (["--generate", "3", "-k", "2"], "cannot be used with --timesteps or --count"),
        (["--temperature", "1"], "need --generate"),
        (["--top", "1"], "need --generate"),
        (["--seed", "0", "--timesteps"], "need --generate"),
        (["--generate", "0"], "0 is not in the range x>=1"),
        (["--generate", "2", "--temperature", "-1"], "-1.0 is not in the range x>=0"),
        (["--generate", "2", "--temperature", "nan"], "--temperature nan: give a number of at least 0"),
        (["--generate", "2", "--temperature", "inf"], "--temperature inf: give a number of at least 0"),
        (["-k", "0"], "0 is not in the range x>=1"),
        (["-k", "few"], "'few' is not a valid integer."),
        (["-k", "33"], "--count 33: this run has only 32 possible next words"),
        (["--generate", "2", "--top", "33"], "--top 33: this run has only 32 possible next words"),
        (["--input", "a.txt"], "give texts or --input, not both"),
    ],
)
def test_wrong_usage_is_told_in_one_line(ask, arguments, message):
    result = ask("w1", *arguments)
    assert result.code == 2
    assert result.out == ""
    assert message in result.err.splitlines()[-1]


def test_the_newest_next_word_run_is_used_and_named(invoke, make_next_word_run):
    make_next_word_run()
    result = invoke("next", "w1")
    assert result.code == 0, result.err
    assert "using runs/random" in result.err


@pytest.mark.keras
def test_a_classifier_is_refused_with_what_to_do(invoke, sample_run):
    result = invoke("next", "--run", sample_run.path, "w1")
    assert result.code == 1
    assert result.err == (
        f"Error: {sample_run.path} is a classifier: use it with 'imdb-gru predict --run {sample_run.path}', "
        "or choose a next-word model with --run\n"
    )


@pytest.mark.parametrize("command", [["predict", "--run"], ["inspect", "--run"], ["report", "--run"], ["compare"]])
def test_other_commands_refuse_a_next_word_run_with_what_to_do(invoke, run, command):
    texts = ["fine"] if command[0] in ("predict", "inspect") else []
    result = invoke(*command, run.path, *texts, *(["bundled"] if command == ["compare"] else []))
    assert result.code == 1
    (line,) = result.err.splitlines()
    assert line.startswith(f"Error: {run.path} is a next-word model: ")
    assert f"imdb-gru next --run {run.path}" in line


def test_the_list_of_runs_names_tasks(invoke, run):
    (row,) = json.loads(invoke("runs", "--json").out)
    assert (row["task"], row["validation_perplexity"], row["validation_accuracy"]) == ("next_word", 12.5, None)
    assert "perplexity 12.5" in invoke("runs").out


def test_it_loads_nothing_heavy(run):
    assert_not_loaded(["next", "--run", str(run.path), "w1"], HEAVY)
    assert_not_loaded(["next", "--run", str(run.path), "--generate", "3", "w1"], HEAVY)


def test_without_a_text_a_person_is_told_how(run, monkeypatch, invoke):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    result = invoke("next", "--run", run.path)
    assert result.code == 2
    assert 'no text was given: give one, as in imdb-gru next "A fine film."' in result.err


def test_an_unfinished_run_is_told_how_to_continue(invoke, run):
    run.metrics_path.unlink()
    result = invoke("next", "--run", run.path, "w1")
    assert result.code == 1
    assert f"resume it with imdb-gru pretrain --resume {run.path}" in result.err


def test_a_closed_pipe_is_no_error(run):
    import sys

    command = f"yes w1 | head -20000 | {sys.executable} -m imdb_gru next --run {run.path} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "w1\n"
    assert "Traceback" not in done.stderr
