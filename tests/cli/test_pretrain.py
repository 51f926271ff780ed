import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = [pytest.mark.keras, pytest.mark.processes]

SMALL = [
    "--set", "model.embedding=6", "--set", "model.units=6", "--set", "train.epochs=1", "--set", "text.length=60",
]  # fmt: skip
HELD_OUT = ["--set", "train.validation_split=0.1"]


def pretrain(invoke, path, *arguments, data="sample", limit=120):
    return invoke("pretrain", "--data", data, "--run", path, "--set", f"data.limit={limit}", *SMALL, *arguments)


@pytest.mark.parametrize(("kind", "read"), [
    ("folder", "6 reviews of split train, 1 review of split unlabelled"),
    ("npz", "6 reviews of split train"),
])  # fmt: skip
def test_pretrain_evaluate_and_next_with_and_without_unlabelled_reviews(invoke, write_corpus, tmp_path, kind, read):
    result = pretrain(invoke, tmp_path / "run", "--set", "train.validation_split=0.34", data=write_corpus(kind))
    assert result.code == 0, result.err
    assert f"read {read}" in result.err.splitlines()
    assert "validation perplexity" in result.out
    assert "epoch 1: perplexity " in result.err
    figures = json.loads(invoke("evaluate", "--run", "run", "--json").out)
    assert figures["split"] == "validation"
    best = json.loads((tmp_path / "run" / "metrics.json").read_text())["best"]
    assert figures["perplexity"] == pytest.approx(best["validation_perplexity"], rel=1e-4)
    assert json.loads(invoke("evaluate", "--run", "run", "--json", "--split", "test").out)["n"] == 2
    assert invoke("next", "--run", "run", "good").code == 0


UNLABELLED = {
    "a.csv": "id,review\n1,A wonderful film.\n2,It is dull.\n",
    "a.tsv": "id\treview\tlabel\n1\tA wonderful film.\t\n2\tIt is dull.\t0\n",
    "a.jsonl": '{"text": "A wonderful film."}\n{"text": "It is dull.", "label": "maybe"}\n',
    "b.csv": "text,label,split\nA wonderful film.,,train\nnever read,1,test\nIt is dull.,,unsupervised\n",
}


@pytest.mark.parametrize("name", UNLABELLED)
def test_a_table_needs_no_labels(invoke, tmp_path, name):
    (tmp_path / name).write_text(UNLABELLED[name])
    result = pretrain(invoke, tmp_path / "run", data=name)
    assert result.code == 0, result.err
    assert "2 reviews for training, 0 for validation" in result.err
    words = json.loads((tmp_path / "run" / "vocabulary.json").read_text())["words"]
    assert sorted(words) == [".", "a", "dull", "film", "is", "it", "wonderful"]
    result = invoke("train", "--data", name, "--dry-run", "--config", "scratch", *SMALL)
    assert result.code == 1
    assert "label" in result.err.splitlines()[-1]
    figures = json.loads(invoke("evaluate", "--run", "run", "--data", name, "--json").out)
    assert figures["n"] == (3 if name == "b.csv" else 2)


def test_a_parquet_table_needs_no_labels(invoke, tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"text": ["A film.", "Dull."], "label": [None, 1]}), tmp_path / "a.parquet")
    result = pretrain(invoke, tmp_path / "run", data="a.parquet")
    assert result.code == 0, result.err
    assert "read 2 reviews of split all" in result.err


def test_the_tables_own_validation_split_is_held_out(invoke, tmp_path):
    (tmp_path / "a.csv").write_text("text,split\nA film.,train\nDull.,dev\nfine,test\n")
    result = pretrain(invoke, tmp_path / "run", data="a.csv")
    assert "read 1 review of split train, 1 review of split validation" in result.err
    assert "1 review for training, 1 for validation" in result.err
    assert json.loads(invoke("evaluate", "--run", "run", "--json").out)["n"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\n\"\"\n\" \"\n", "a.csv contain no words"),
        ("text\n", "a.csv contain no words"),
        ("", "holds no reviews"),
        ("words\ngood\n", "--text-column"),
        ("text,split\ngood,test\n", "has no train split, only test"),
        ("text,split\ngood,later\n", "the split 'later' is not one of train"),
        ("text\n?\n", None),
        ("text\n***\n", "leaves no word at all in the vocabulary"),
    ],
)  # fmt: skip
def test_reviews_that_say_nothing_are_told_in_one_line(invoke, tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content)
    result = invoke("pretrain", "--data", "a.csv", "--dry-run", *SMALL)
    assert result.code == (0 if message is None else 1)
    if message:
        assert message in result.err.splitlines()[-1]


def test_json_says_all_of_the_run(invoke, tmp_path):
    record = json.loads(pretrain(invoke, tmp_path / "run", "--json", *HELD_OUT).out)
    assert record["run"] == str(tmp_path / "run")
    assert record["best"].keys() >= {
        "epoch", "loss", "perplexity", "validation_loss", "validation_perplexity", "words_per_second", "seconds",
    }  # fmt: skip
    assert record["interrupted"] is False
    assert record["environment"]["engine"] == "fused"


def test_a_run_is_never_overwritten_unasked_nor_resumed_when_finished(invoke, tmp_path):
    assert pretrain(invoke, tmp_path / "run").code == 0
    before = (tmp_path / "run" / "metrics.json").read_text()
    result = pretrain(invoke, tmp_path / "run")
    assert result.code == 1
    assert "--overwrite" in result.err
    assert (tmp_path / "run" / "metrics.json").read_text() == before
    result = invoke("pretrain", "--resume", "run")
    assert result.code == 1
    assert "is complete, so it cannot be resumed" in result.err
    assert pretrain(invoke, tmp_path / "run", "--overwrite").code == 0


def test_a_dry_run_trains_nothing(invoke, tmp_path):
    arguments = ["pretrain", "--data", "sample", "--dry-run", *SMALL]
    result = invoke(*arguments)
    assert result.code == 0
    for part in ("unknown share", "gru_1", "parameters: ", "memory for training: ", "engine: fused", "samples: "):
        assert part in result.out
    plan = json.loads(invoke(*arguments, "--json").out)
    assert plan.keys() == {"data", "parameters", "memory_bytes", "engine", "precision", "config"}
    assert plan["parameters"] == 180 * 6 + 3 * 6 * (6 + 6 + 2) + 6 * 6 + 6 + 180
    assert not (tmp_path / "runs").exists()


def test_each_command_reads_its_own_configs(invoke, sample_run, next_word_run):
    result = invoke("train", "--config", next_word_run.config_path)
    assert "is for the task next_word, not sentiment: use it with 'imdb-gru pretrain'" in result.err
    result = invoke("pretrain", "--config", sample_run.config_path)
    assert "is for the task sentiment, not next_word: use it with 'imdb-gru train'" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "r", "--set", "a.b=1"], "the run's own config"),
        (["--resume", "r", "--dry-run"], "the run's own config"),
        (["--overwrite"], "--overwrite needs --run"),
    ],
)
def test_options_that_do_not_go_together_are_told(invoke, arguments, message):
    result = invoke("pretrain", *arguments)
    assert result.code == 2
    assert message in result.err


def test_resuming_where_there_is_no_run_is_told(invoke):
    result = invoke("pretrain", "--resume", "nowhere")
    assert result.code == 1
    assert "there is no run at nowhere" in result.err


def test_stopped_within_an_epoch_it_goes_on_from_there(invoke, tmp_path):
    arguments = [*SMALL, "--set", "train.batch_size=2", "--set", "train.deterministic=true", "--set", "data.limit=800"]
    command = [sys.executable, "-m", "imdb_gru", "pretrain", "--data", "sample", "--run", str(tmp_path / "run")]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        while "engine:" not in said:
            said += process.stderr.readline()
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped; resume with: imdb-gru pretrain --resume" in err
    assert "Traceback" not in err
    assert out == ""
    result = invoke("next", "--run", "run", "fine")
    assert result.code == 1
    assert "is not complete: resume it with imdb-gru pretrain --resume run" in result.err
    with np.load(tmp_path / "run" / "checkpoint.npz") as stored:
        done = json.loads(str(stored["progress"]))["batch"]
    assert 0 < done < 400
    other = invoke("pretrain", "--resume", "run", "--data", write_other(tmp_path))
    assert other.code == 1
    assert "was not trained on the reviews in" in other.err
    result = invoke("pretrain", "--resume", "run")
    assert result.code == 0, result.err
    assert f"resuming after epoch 0 of 1 and {done} batches of the next" in result.err
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


def write_other(tmp_path):
    (tmp_path / "other.csv").write_text("text\nanother review\n")
    return tmp_path / "other.csv"
