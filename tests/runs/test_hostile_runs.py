import contextlib
import json
import os
import zipfile

import numpy as np
import pytest
import yaml
from support.hostile import bounded, make_header, write_zip
from support.hostile_runs import EPOCH, list_arrays, seal
from support.models import TWIN_WORDS, make_classifier

from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import read_keras, save_arrays


@pytest.fixture
def run(tmp_path):
    """A complete run of random weights, to be made a stranger's: `seal` gives it the hashes that it then needs."""
    classifier = make_classifier()
    run = Run(tmp_path / "runs" / "stranger")
    run.path.mkdir(parents=True)
    run.config_path.write_text(classifier.config.to_yaml().replace("path: null", "path: sample"))
    classifier.vocabulary.save(run.vocabulary_path)
    run.history_path.write_text(json.dumps(EPOCH) + "\n")
    run.model_path.write_bytes(b"never opened")
    run.environment_path.write_text("")
    save_arrays(run, list_arrays(classifier.network))
    seal(run)
    return run


def refuse(call, message, mib=512):
    with bounded(mib), pytest.raises(ImdbGruError, match=message) as error:
        call()
    assert len(str(error.value)) < 1000


def load(run):
    return Classifier.load(find_run(seal(run).path))


def test_the_run_serves_as_it_is(run):
    assert len(list(load(run).predict_many(["w1 w2"]))) == 1


# Vocabulary


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"tokenizer": "words", "words": "abc"}',
        '{"tokenizer": "words", "words": {"a": 1}}',
        '{"tokenizer": ["words"], "words": []}',
        '{"tokenizer": "words", "words": [["a"]]}',
        '{"tokenizer": "words", "words": 1e999}',
        r'{"tokenizer": "words", "words": ["a", "\ud800"]}',
        r'{"tokenizer": "keras", "words": ["\udfffb"]}',
        "1" * 5000,
        "null",
    ],
)
def test_a_vocabulary_that_lies_is_told(run, content):
    run.vocabulary_path.write_text(content)
    refuse(lambda: load(run), "is not a vocabulary")


def test_a_vocabulary_of_another_length_than_the_weights_is_told(run):
    run.vocabulary_path.write_text('{"tokenizer": "words", "words": ["a"]}')
    refuse(lambda: load(run), f"{TWIN_WORDS + 3} embeddings for 4 ids")


def test_a_vocabulary_of_gigabytes_is_refused(run):
    os.truncate(run.vocabulary_path, 2**30)
    refuse(run.load_vocabulary, r"more than 67,108,864 bytes", mib=256)


# Weights


def change_weights(run, change):
    with np.load(run.weights_path) as stored:
        arrays = dict(stored)
    change(arrays)
    np.savez(run.weights_path, **arrays)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize(
    "change",
    [
        lambda weight: weight[..., :-1],
        lambda weight: weight.astype("f8"),
        lambda weight: weight.astype("U8"),
        lambda weight: weight * np.float32("nan"),
        lambda weight: weight[None],
        lambda weight: np.float32(1),
    ],
    ids=["short", "double", "text", "nan", "deep", "number"],
)
def test_weights_that_do_not_fit_are_told(run, number, change):
    change_weights(run, lambda arrays: arrays.update({str(number): change(arrays[str(number)])}))
    refuse(lambda: load(run), "has no weights that fit its config")


@pytest.mark.parametrize("shape", [(2**50,), (2**31, 2**31), (2**28, 5), (-1, 5), (2**62, 0)])
def test_weights_whose_header_claims_more_than_there_is_take_no_memory(run, shape):
    write_zip(run.weights_path, {"0.npy": make_header(shape) + bytes(20)})
    refuse(lambda: load(run), "has no weights that fit its config", mib=256)


def test_weights_of_billions_of_zeros_are_refused(run, monkeypatch):
    monkeypatch.setattr("imdb_gru.system.reading.MAX_ARRAYS_BYTES", 2**25, raising=False)
    write_zip(run.weights_path, {"0.npy": make_header((2**26 // 20, 5)), "1.npy": 2**26})
    refuse(lambda: load(run), r"unpacked size is \d+,\d+,\d+ bytes, more than 33,554,432", mib=256)


@pytest.mark.parametrize("counts", [{"count": 10**9, "inherited": 0}, {"count": [1, 2]}, {"count": "a"}])
def test_compact_weights_that_lie_are_told(run, counts):
    np.savez(run.weights_path, **{name: np.array(value) for name, value in counts.items()})
    refuse(lambda: load(run), "has no weights that fit its config")


def test_compact_weights_with_more_steps_than_rows_take_no_memory(run):
    many = np.ones(2**16, "f4")
    np.savez(run.weights_path, count=1, inherited=0, numbers0=many.astype("i1"), steps0=many)
    refuse(lambda: load(run), "has no weights that fit its config", mib=256)


def test_no_code_of_a_pickle_in_weights_runs(run, tmp_path):
    class Hostile:
        def __reduce__(self):
            return open, (str(tmp_path / "proof-of-code-run"), "w")

    np.savez(run.weights_path, allow_pickle=True, **{"0": np.array([Hostile()], object)})
    (tmp_path / "proof-of-code-run").unlink(missing_ok=True)
    refuse(lambda: load(run), "has no weights that fit its config")
    assert not (tmp_path / "proof-of-code-run").exists()


# model.keras, where there is no weights.npz


def write_keras(run, members):
    run.weights_path.unlink()
    write_zip(run.model_path, members)
    return run.load_config().model


def write_layers(build):
    import io

    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        variables = file.create_group("layers/embedding/vars")
        variables.attrs["name"] = "embedding"
        for name in ("gru_1", "probability"):
            file.create_group(f"layers/{name}/vars").attrs["name"] = name
            file.create_group(f"layers/{name}/cell/vars")
        build(variables, h5py)
    return stream.getvalue()


def test_a_model_with_a_lambda_layer_and_paths_upwards_runs_and_writes_nothing(run, tmp_path):
    code = {"class_name": "Lambda", "config": {"function": ["__import__('os').mkdir('proof-of-code-run')"]}}
    members = {"config.json": json.dumps(code).encode(), "../../slipped.txt": b"slipped"}
    config = write_keras(run, {**members, "model.weights.h5": write_layers(lambda *_: None)})
    before = set(tmp_path.rglob("*"))
    refuse(lambda: read_keras(run.model_path, config), "has no weights that fit its config")
    assert set(tmp_path.rglob("*")) == before


def test_a_model_of_billions_of_zeros_is_refused(run, monkeypatch):
    monkeypatch.setattr("imdb_gru.system.reading.MAX_ARRAYS_BYTES", 2**25, raising=False)
    config = write_keras(run, {"model.weights.h5": 2**26})
    refuse(lambda: read_keras(run.model_path, config), r"unpacked size is 67,108,864 bytes", mib=256)


def claim_much(variables, h5py):
    variables.create_dataset("0", shape=(2**36, 5), dtype="f4")


def point_outside(variables, h5py):
    variables["0"] = h5py.ExternalLink("secret.h5", "/secret")


def store_outside(variables, h5py):
    variables.create_dataset("0", shape=(33, 5), dtype="f4", external=[("secret.bin", 0, 33 * 5 * 4)])


@pytest.mark.parametrize("build", [claim_much, point_outside, store_outside])
def test_a_model_whose_weights_are_not_in_it_is_told(run, tmp_path, build):
    import h5py

    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["secret"] = np.zeros((33, 5), "f4")
    (tmp_path / "secret.bin").write_bytes(bytes(33 * 5 * 4))
    config = write_keras(run, {"model.weights.h5": write_layers(build)})
    refuse(lambda: read_keras(run.model_path, config), r"is not in the file|Unable to", mib=256)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(5000)])
def test_a_model_that_is_damaged_is_told(run, content):
    config = write_keras(run, {"model.weights.h5": content})
    refuse(lambda: read_keras(run.model_path, config), "has no weights that fit its config")
    with zipfile.ZipFile(run.model_path, "w") as archive:
        archive.writestr("other", "")
    refuse(lambda: read_keras(run.model_path, config), "has no weights that fit its config")


# Figures


@pytest.mark.parametrize(
    "changes",
    [
        {"best": []},
        {"best": "good"},
        {"best": {"epoch": "one"}},
        {"best": {"epoch": 1, "validation_accuracy": "high"}},
        {"data": []},
        {"data": {}},
        {"data": {"hash": 1}},
        {"data": {"hash": "0", "train": "many", "source": "x"}},
        {"interrupted": "no"},
        {"seconds": "long"},
        {"parameters": [1]},
        {"finished_at": {"deep": 1}},
        {"epochs": 1.5},
        {"files": {"config.yaml": 1}},
        {"format": [1]},
    ],
    ids=str,
)
def test_figures_of_other_kinds_are_told(run, changes, invoke):
    seal(run, **changes)
    refuse(lambda: find_run(run.path), "metrics.json cannot be read")
    result = invoke("runs")
    assert result.code == 0
    assert "damaged" in result.out


@pytest.mark.parametrize("content", ["[" * 100_000, '{"format": ' + "1" * 5000 + "}", '{"format": 1, "files": {}}'])
def test_figures_that_are_none_are_told(run, content):
    run.metrics_path.write_text(content)
    refuse(lambda: find_run(run.path), "metrics.json cannot be read")


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "1", '{"epoch": "one"}', '{"epoch": 1, "loss": "low"}', "[" * 100_000, "{", "\xff".encode("latin-1")],
)
def test_a_history_that_lies_is_told(run, content, invoke):
    run.history_path.write_bytes(content if isinstance(content, bytes) else content.encode())
    seal(run)
    refuse(run.load_history, "history.jsonl cannot be read")
    assert "damaged" in invoke("runs").out


# Configs


@pytest.mark.parametrize(
    ("key", "value"),
    [("units", 10**9), ("embedding", 10**9), ("layers", 8), ("dense", [10**9] * 5), ("pooling", ["mean"])],
)
def test_a_config_that_claims_other_sizes_is_told(run, key, value):
    config = yaml.safe_load(run.config_path.read_text())
    config["model"][key] = value
    run.config_path.write_text(yaml.safe_dump(config))
    refuse(lambda: load(run), "has no weights that fit its config", mib=256)


# Files that are none

NAMES = ["config.yaml", "vocabulary.json", "weights.npz", "history.jsonl", "metrics.json", "model.keras"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device"])
def test_what_is_no_file_in_a_run_is_told_at_once(run, name, kind, invoke):
    path = run.path / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path if kind == "loop" else "/dev/zero")
    refuse(lambda: find_run(run.path), str(run.path), mib=256)
    with bounded():
        assert invoke("runs").code == 0
    for read in (run.load_vocabulary, run.load_metrics, run.load_history, run.load_config):
        with bounded(), contextlib.suppress(RunError):
            read()
