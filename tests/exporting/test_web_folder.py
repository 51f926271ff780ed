"""Exports in the format web: their files, their sizes, and what cannot be exported."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from support.exports import make_english_classifier, read_blocks, read_examples
from support.hostile_runs import seal
from support.models import make_classifier

import imdb_gru
from imdb_gru.exporting.web_format import FILES, MODULE
from imdb_gru.exporting.web_weights import pack, serialize_weights
from imdb_gru.runs.compact import restore_arrays, save_compact
from imdb_gru.runs.run import Run

LARGEST_MODULE = 30_000


def export(model, path, **options):
    return imdb_gru.export(model, format="web", path=path, **options)


def test_the_module_is_small_and_its_types_name_what_it_exports():
    source, types = ((MODULE / name).read_text("utf-8") for name in ("imdb-gru.js", "imdb-gru.d.ts"))
    assert len(source.encode()) <= LARGEST_MODULE
    assert not re.findall(r"^import |\brequire\(", source, re.MULTILINE)
    names = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source, re.MULTILINE)
    assert names == re.findall(r"^export (?:function|const) (\w+)", types, re.MULTILINE)
    assert set(names) == {"START_TOKEN", "load", "build"}


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("task", ["sentiment", "next_word", "simple_rnn"])
def test_the_programs_of_the_readme_run(tmp_path, make_next_word_run, task):
    if task == "next_word":
        model = imdb_gru.load_next_word(make_next_word_run())
    else:
        model = make_english_classifier(cell="gru" if task == "sentiment" else task)
    folder = export(model, tmp_path / "exported")
    assert {file.name for file in folder.iterdir()} == set(FILES)
    (program,) = read_blocks(folder, "js")
    (folder / "words.mjs").write_text(program)
    done = subprocess.run(["node", "words.mjs"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    if task == "sentiment":
        prediction = model.predict("A slow start, but the ending is superb.", timesteps=True)
        steps = list(zip(prediction.tokens, prediction.probabilities.tolist(), strict=True))[1:]
        for line, (token, probability) in zip(done.stdout.splitlines(), steps, strict=False):
            assert line.split()[0] == token
            assert float(line.split()[1]) == pytest.approx(probability, abs=1e-3)
    (page,) = read_blocks(folder, "html")
    assert len(page.splitlines()) <= 30
    examples = read_examples(folder)
    (folder / "examples.jsonl").write_text(json.dumps({**examples[2], "ids": [1, 3]}))
    failed = subprocess.run(["node", "words.mjs"], cwd=folder, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "not the same: A slow start" in failed.stderr


def test_an_export_is_the_same_every_time_and_names_the_model(tmp_path, pair):
    folders = [export(pair[1], tmp_path / name) for name in ("first", "second")]
    for name in FILES:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    content = (folders[0] / "weights.bin").read_bytes()
    header = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])
    assert (header["task"], header["cell"], header["pooling"]) == ("sentiment", "gru", ["last", "max"])
    assert header["facts"]["name"] == "classifier"
    assert "run_sha256" in header["facts"]


def test_a_bidirectional_model_is_refused(tmp_path):
    message = "a bidirectional model cannot read word by word, as the web format requires: .* or the onnx format"
    with pytest.raises(imdb_gru.RunError, match=message):
        export(make_classifier(bidirectional=True), tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_a_backward_model_is_refused(tmp_path):
    model = make_classifier()
    text = model.config.text.model_copy(update={"direction": "backward"})
    model.config = model.config.model_copy(update={"text": text})
    with pytest.raises(imdb_gru.RunError, match="reads texts from the end cannot be exported"):
        export(model, tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_a_run_with_damaged_weights_is_refused(tmp_path, pair):
    run = Run(shutil.copytree(pair[1].path, tmp_path / "stranger"))
    with np.load(run.weights_path) as stored:
        arrays = {**stored, "1": stored["1"] * np.float32("nan")}
    np.savez(run.weights_path, **arrays)
    seal(run)
    with pytest.raises(imdb_gru.RunError, match="has no weights that fit its config"):
        export(run.path, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_an_export_is_replaced_only_on_request_and_whatever_its_format(tmp_path):
    model, folder = make_classifier(), tmp_path / "exported"
    folder.mkdir()
    (folder / "model.onnx").touch()
    with pytest.raises(imdb_gru.ImdbGruError, match=r"already contains an export: .* --overwrite"):
        export(model, folder)
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]
    export(model, folder, overwrite=True)
    assert {file.name for file in folder.iterdir()} == set(FILES)
    (folder / "index.html").touch()
    with pytest.raises(imdb_gru.ImdbGruError, match=r"index.html, which is not part of an export"):
        export(model, folder, overwrite=True)


def test_packed_weights_are_the_same_and_take_no_more_room_than_in_the_package(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(0, 0.1, shape).astype("f") for shape in ((300, 24), (24, 48), (16, 48), (2, 48), (5, 1))]
    save_compact(tmp_path / "base.npz", arrays)
    with np.load(tmp_path / "base.npz") as stored:
        base = restore_arrays(stored)
    changed = [array + rng.normal(0, 0.01, array.shape).astype("f") for array in base]
    save_compact(tmp_path / "changed.npz", changed, base)
    with np.load(tmp_path / "changed.npz") as stored:
        weights = restore_arrays(stored, base)
    for array in (*base[:4], *weights[:4]):
        numbers, steps = pack(array)
        np.testing.assert_allclose(numbers * steps[:, None], array, rtol=0, atol=1e-6 * np.abs(array).max())
    for name, packed in (("base.npz",), base), (("base.npz", "changed.npz"), weights):
        stored_bytes = sum((tmp_path / file).stat().st_size for file in name)
        assert len(serialize_weights(packed, {})) < stored_bytes


@pytest.mark.parametrize("change", [0.5, 1e-3, 1e-5])
def test_weights_that_are_not_whole_numbers_of_steps_are_not_packed(change):
    numbers = np.random.default_rng(0).integers(-127, 128, (6, 9))
    numbers[:, 0] = 127
    array = (numbers * np.float32(0.01)).astype("f")
    assert pack(array) is not None
    assert pack(np.zeros((2, 9), "f")) is not None
    array[4, -1] += 0.01 * change * 127
    assert pack(array) is None
