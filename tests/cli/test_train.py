import json
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support.commands import SMALL, train
from support.table_runs import write_rows

pytestmark = [pytest.mark.keras, pytest.mark.processes]


@pytest.mark.parametrize("kind", ["folder", "csv"])
def test_train_evaluate_and_predict_on_a_folder_and_a_table(invoke, write_corpus, tmp_path, kind):
    path = write_corpus(kind)
    result = train(invoke, tmp_path / "run", "--set", "train.validation_split=0.34", data=path)
    assert result.code == 0, result.err
    assert "validation accuracy" in result.out
    assert "epoch 1: loss" in result.err
    figures = json.loads(invoke("evaluate", "--run", "run", "--json").out)
    assert figures["n"] == 2
    assert figures["split"] == "test"
    assert invoke("predict", "--run", "run", "good").code == 0


def test_json_says_all_of_the_run(invoke, tmp_path):
    record = json.loads(train(invoke, tmp_path / "run", "--json").out)
    assert record["run"] == str(tmp_path / "run")
    assert record["best"].keys() >= {"epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"}
    assert record["interrupted"] is False
    assert record["environment"]["engine"] == "fused"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("train.engine=auto", "engine: fused, a GRU on a CPU"),
        ("train.engine=keras", "engine: keras, set by train.engine"),
        ("model.cell=lstm", "engine: keras, fused computes only GRUs, and model.cell is lstm"),
    ],
)
def test_it_says_which_engine_trains_and_why(invoke, setting, said):
    assert said in invoke("train", "--data", "sample", "--dry-run", *SMALL, "--set", setting).out.splitlines()


def test_a_run_is_never_overwritten_unasked(invoke, tmp_path, sample_run):
    shutil.copytree(sample_run.path, tmp_path / "run")
    before = (tmp_path / "run" / "metrics.json").read_text()
    result = train(invoke, tmp_path / "run")
    assert result.code == 1
    assert "--overwrite" in result.err
    assert (tmp_path / "run" / "metrics.json").read_text() == before
    assert train(invoke, tmp_path / "run", "--overwrite").code == 0


def test_a_finished_run_is_not_resumed(invoke, sample_run):
    result = invoke("train", "--resume", sample_run.path)
    assert result.code == 1
    assert "is complete, so it cannot be resumed" in result.err


def test_a_dry_run_trains_nothing(invoke, tmp_path):
    result = invoke("train", "--data", "sample", "--dry-run", *SMALL)
    assert result.err.splitlines()[-1] == "loading TensorFlow and building the model to describe it, without training"
    assert result.code == 0
    for part in (
        "truncated share",
        "unknown share",
        "gru_1",
        "parameters: ",
        "memory for training: ",
        "engine: fused, a GRU on a CPU",
        "learning_rate: ",
    ):
        assert part in result.out
    plan = json.loads(invoke("train", "--data", "sample", "--dry-run", "--json", *SMALL).out)
    assert plan.keys() == {"data", "parameters", "memory_bytes", "engine", "precision", "config"}
    assert not (tmp_path / "runs").exists()


def test_a_missing_extra_is_told_before_anything_is_read_or_written(invoke, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    result = train(invoke, tmp_path / "run", "--set", "train.tensorboard=true")
    assert result.code == 1
    assert "imdb-gru[tensorboard]" in result.err
    assert "reading" not in result.err
    assert not (tmp_path / "run").exists()


def test_runs_are_named_by_time_where_no_name_is_given(invoke, tmp_path):
    result = invoke("train", "--data", "sample", "--set", "data.limit=60", *SMALL)
    assert result.code == 0
    (path,) = (tmp_path / "runs").iterdir()
    assert path.name.endswith("-gru6")


def test_the_keras_vocabulary_is_that_of_the_word_index(invoke, write_corpus, tmp_path):
    path = write_corpus("npz")
    keras = ["--set", "text.tokenizer=keras", "--set", "text.vocabulary=keras", "--set", "train.validation_split=0"]
    assert train(invoke, tmp_path / "run", *keras, data=path).code == 0
    stored = json.loads((tmp_path / "run" / "vocabulary.json").read_text())
    index = json.loads((path.parent / "imdb_word_index.json").read_text())
    assert stored["words"] == sorted(index, key=index.get)


WORDS = ["the", "a", "and", "of", "it", "is", "film", "good", "bad"]
SHAPE = ["--set", "model.embedding=5", "--set", "model.units=6"]


def test_it_trains_on_from_a_next_word_run(invoke, make_next_word_run, tmp_path, monkeypatch):
    encoder = make_next_word_run(words=WORDS)
    relative = encoder.path.relative_to(tmp_path)
    result = train(invoke, tmp_path / "run", *SHAPE, "--set", f"model.pretrained={relative}")
    assert result.code == 0, result.err
    assert f"starting from {encoder.path}" in result.err
    assert f"pretrained: {encoder.path}\n" in (tmp_path / "run" / "config.yaml").read_text()
    vocabulary = (tmp_path / "run" / "vocabulary.json").read_text()
    assert vocabulary == encoder.vocabulary_path.read_text()
    shutil.rmtree(encoder.path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert invoke("predict", "--run", tmp_path / "run", "a good film").code == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["model.units=7"], "the config has an error:\n  model.units is 7, but "),
        (["model.cell=lstm"], "the config has an error:\n  model.cell is lstm, but "),
        (["text.tokenizer=keras"], "the config has an error:\n  text.tokenizer is keras, but "),
        (["model.units=7", "text.max_words=9"], "the config has 2 errors:\n  text.max_words is 9, but "),
        (["model.pretrained=nowhere"], "model.pretrained: there is no run at "),
    ],
)
def test_what_does_not_fit_the_next_word_run_is_told_before_anything_is_written(
    invoke, make_next_word_run, tmp_path, settings, message
):
    encoder = make_next_word_run(words=WORDS)
    options = [f"--set={setting}" for setting in (f"model.pretrained={encoder.path}", *settings)]
    for dry in ([], ["--dry-run"]):
        where = [] if dry else ["--run", tmp_path / "run"]
        result = invoke("train", "--data", "sample", "--set", "data.limit=120", *SHAPE, *options, *where, *dry)
        assert result.code == 1
        assert result.err.startswith(f"Error: {message}")
    assert not (tmp_path / "run").exists()


def test_a_next_word_run_that_was_replaced_is_told_on_resumption(invoke, make_next_word_run, tmp_path):
    encoder = make_next_word_run(words=WORDS)
    arguments = [*SHAPE, "--set", f"model.pretrained={encoder.path}"]
    assert train(invoke, tmp_path / "run", *arguments).code == 0
    (tmp_path / "run" / "metrics.json").unlink()
    shutil.rmtree(encoder.path)
    make_next_word_run(words=[*WORDS, "more"])
    result = invoke("train", "--resume", "run")
    assert result.code == 1
    assert "Error: " in result.err.splitlines()[-1]
    assert "has changed since run was started from it" in result.err


def test_reviews_without_labels_are_learnt_from_and_not_judged(invoke, write_corpus, tmp_path):
    data = write_corpus("folder")
    options = ["train.unlabelled=true", "train.virtual=0.1", "train.validation_split=0.34", "train.batch_size=2"]
    result = train(invoke, tmp_path / "run", *(f"--set={option}" for option in options), data=data)
    assert result.code == 0, result.err
    assert "5 reviews for training, 2 for validation" in result.err
    figures = json.loads(invoke("evaluate", "--run", "run", "--split", "train", "--json").out)
    assert figures["n"] == 4
    result = train(invoke, tmp_path / "other", "--set", "train.unlabelled=true")
    assert result.code == 1
    assert "has no unlabelled split" in result.err


def test_stopped_in_the_middle_it_completes_the_best_epoch_and_resumes(invoke, tmp_path):
    command = [
        sys.executable, "-m", "imdb_gru", "train", "--data", "sample", "--run", str(tmp_path / "run"), *SMALL,
        "--set", "train.epochs=12", "--set", "data.limit=200",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        history = tmp_path / "run" / "history.jsonl"
        deadline = time.monotonic() + 90
        while not history.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopping after the current batch" in err
    assert "resume with: imdb-gru train --resume" in err
    assert "Traceback" not in err
    assert "best epoch" in out
    done = len(history.read_text().splitlines())
    assert 1 <= done < 12
    assert invoke("predict", "--run", "run", "fine").code == 0

    result = invoke("train", "--resume", "run")
    assert result.code == 0, result.err
    assert f"resuming after epoch {done} of 12" in result.err
    assert len(history.read_text().splitlines()) == 12


def test_what_takes_too_much_memory_is_told_and_replaces_no_run(invoke, tmp_path, sample_run):
    run = shutil.copytree(sample_run.path, tmp_path / "run")
    before = (run / "metrics.json").read_bytes()
    too_large = ["--set", "model.units=99999999"]
    result = train(invoke, run, "--overwrite", *too_large)
    assert result.code == 1
    assert re.search(r"Error: the model has 30,0.* weights, .* GiB .*: reduce model\.units, ", result.err)
    assert (run / "metrics.json").read_bytes() == before
    assert train(invoke, tmp_path / "other", *too_large, "--dry-run").code == 1
    assert not (tmp_path / "other").exists()


def test_it_says_so_where_nothing_can_be_held_out(invoke, tmp_path):
    (tmp_path / "same.csv").write_text("text,label\n" + "fine,1\nbad,0\n" * 20)
    result = train(invoke, tmp_path / "run", "--dry-run", data=tmp_path / "same.csv")
    assert "there are too few distinct reviews to use any for validation, so all metrics are for the" in result.err


def test_a_training_that_diverges_ends_in_one_line(invoke, tmp_path):
    settings = ["--set", "train.learning_rate=1e38", "--set", "train.clip_norm=null"]
    result = train(invoke, tmp_path / "run", *settings)
    assert result.code == 1
    assert "training diverged: loss was nan in epoch 1; repeat the training" in result.err.splitlines()[-1]
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_cross_validation_comes_before_the_training(invoke, tmp_path):
    write_rows(tmp_path / "mine.csv")
    result = train(invoke, tmp_path / "run", "--folds", "2", data="mine.csv", limit=60)
    assert result.code == 0, result.err
    header, first, second, _, mean, together, majority, _, *rest = result.out.splitlines()
    assert header.split() == ["fold", "reviews", "accuracy", "log", "loss"]
    assert [line.split()[:2] for line in (first, second)] == [["1", "30"], ["2", "30"]]
    assert re.fullmatch(r"mean of the folds  +\d+\.\d\d% ± \d+\.\d\d%", mean)
    assert re.match(r"all 60 reviews  +\d+\.\d\d%  \(95 % interval ", together)
    assert majority.startswith("majority class")
    assert rest[0].startswith("best epoch")
    assert "fold 2 of 2: accuracy" in result.err
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["run"]
    result = train(invoke, tmp_path / "run", "--folds", "2", data="mine.csv")
    assert result.code == 1  # before any training
    assert "already contains a run" in result.err
    assert "fold 1" not in result.err


def test_the_figures_of_a_cross_validation_are_part_of_the_json(invoke, tmp_path, monkeypatch):
    import imdb_gru
    from imdb_gru.models.metrics import compute_scores

    scores = compute_scores(np.array([0, 1]), np.array([0.2, 0.9], np.float32))
    result = imdb_gru.CrossValidation((scores, scores), scores)
    monkeypatch.setattr(imdb_gru, "cross_validate", lambda *_, **__: result)
    figures = json.loads(train(invoke, tmp_path / "run", "--folds", "2", "--json").out)
    assert figures["cross_validation"] == json.loads(json.dumps(result.to_dict()))
    assert figures["best"]["epoch"] == 1


@pytest.mark.parametrize("option", ["--dry-run", "--resume=run", "--workers=2"])
def test_folds_are_refused_where_they_have_no_effect(invoke, option):
    result = invoke("train", "--data", "sample", "--folds", "2", option)
    assert result.code == 2
    assert "--folds cannot be used with --workers, --resume or --dry-run" in result.err
