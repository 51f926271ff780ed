"""Exports: their files, the code in their README, and the rules of their tokenizer."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exports import PIECES, build_models, make_english_classifier, read_blocks, read_examples
from support.models import make_classifier
from support.paths import ROOT

import imdb_gru
from imdb_gru.exporting import model as exported_model
from imdb_gru.exporting.example_texts import TEXTS
from imdb_gru.exporting.model import describe_tokenizer, describe_vocabulary
from imdb_gru.system.reading import hash_file

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FILES = {"model.onnx", "vocabulary.json", "tokenizer.json", "examples.jsonl", "README.md"}


def run_readme(folder):
    """Run the code of the README in the folder, without this package."""
    code = "\n".join(["import sys", "sys.modules['imdb_gru'] = None", *read_blocks(folder)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.processes
def test_the_code_of_the_readme_predicts_as_the_package_does(tmp_path):
    classifier = make_english_classifier()
    folder = imdb_gru.export(classifier, path=tmp_path / "exported")
    assert {file.name for file in folder.iterdir()} == FILES
    text = "A slow start, but the ending is superb."
    assert float(run_readme(folder)) == pytest.approx(classifier.predict(text).probability, abs=1e-5)
    examples = read_examples(folder)
    assert [example["text"] for example in examples] == list(TEXTS)
    assert len(examples) == 31
    for example, prediction in zip(examples, classifier.predict_many(TEXTS, timesteps=True), strict=True):
        assert example["tokens"] == list(prediction.tokens[1:])
        assert example["probability"] == pytest.approx(prediction.probability, abs=1e-6)
        np.testing.assert_allclose(example["probability_by_timestep"], prediction.probabilities, atol=1e-6)


@pytest.mark.processes
@pytest.mark.parametrize("task", ["bidirectional", "next_word"])
def test_the_code_of_the_readme_runs_for_other_models(tmp_path, make_next_word_run, task):
    if task == "bidirectional":
        model = make_english_classifier(bidirectional=True, cell="lstm")
    else:
        model = imdb_gru.load_next_word(make_next_word_run())
    folder = imdb_gru.export(model, path=tmp_path / "exported")
    assert run_readme(folder)
    readme = (folder / "README.md").read_text("utf-8")
    assert "by_timestep`" in readme or task == "bidirectional"
    assert {"probability_by_timestep", "likeliest"} & set(read_examples(folder)[0]) == {
        "likeliest" for _ in [0] if task == "next_word"
    }


def test_the_metadata_says_which_model_it_is(tmp_path, pair):
    _, run = pair
    folder = imdb_gru.export(imdb_gru.load(run, threshold=0.25), path=tmp_path / "exported")
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    config = run.load_config()
    assert facts == {
        "name": "classifier",
        "task": "sentiment",
        "layers": config.model.brief,
        "version": imdb_gru.__version__,
        "license": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"],
        "tokenizer": "words",
        "length": "500",
        "truncate": "tail",
        "run_sha256": hash_file(run.metrics_path),
        "labels": '["negative", "positive"]',
        "threshold": "0.25",
    }
    assert (model.producer_name, model.producer_version) == ("imdb-gru", imdb_gru.__version__)


def test_an_export_is_the_same_every_time(tmp_path, pair):
    folders = [imdb_gru.export(pair[1], path=tmp_path / name) for name in ("first", "second")]
    for name in FILES:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Models, and what the first part of the README's code defines for each of them."""
    folder = tmp_path_factory.mktemp("twins")
    code = read_blocks(imdb_gru.export(make_classifier(), path=folder / "exported"))[0]
    pairs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for model in build_models():
            Path("tokenizer.json").write_text(json.dumps(describe_tokenizer(model)))
            Path("vocabulary.json").write_text(json.dumps(describe_vocabulary(model)))
            defined = {}
            exec(code, defined)
            pairs.append((model, defined))
    return pairs


def check_twins(twins, text):
    for model, defined in twins:
        encoded = model.encode(text)
        assert defined["tokenize"](text) == list(encoded.kept)
        assert defined["encode"](text) == encoded.ids.tolist()


@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
def test_the_rules_as_data_are_those_of_the_package(twins, text):
    check_twins(twins, text)


def test_the_rules_know_every_entity_and_character(twins):
    from html.entities import html5

    check_twins(twins[:1], " ".join(f"&{name}" for name in html5))
    for start in (*range(0, 0x20000, 2**14), 0xE0000):
        characters = [chr(code) for code in range(start, start + 2**14) if not 0xD800 <= code < 0xE000]
        check_twins(twins, " ".join(characters))
    for first in (0, 0xD700, 0xFDC0, 0xFFF0, 0x1FFF0, 0x10FFF0):
        check_twins(twins, " ".join(f"a&#{code};b&#x{code:x} c" for code in range(first, first + 300)))


def test_an_export_is_replaced_only_as_a_whole(tmp_path, monkeypatch):
    folder, model = tmp_path / "exported", make_classifier()
    folder.mkdir()
    imdb_gru.export(model, path=folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(imdb_gru.ImdbGruError, match=r"already contains an export: .* --overwrite"):
        imdb_gru.export(model, path=folder)
    other = make_classifier(seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(exported_model, "iter_examples", lambda model: iter([{"text": object()}]))
        with pytest.raises(TypeError):
            imdb_gru.export(other, path=folder, overwrite=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    imdb_gru.export(other, path=folder, overwrite=True)
    assert (folder / "model.onnx").read_bytes() != before["model.onnx"]
    assert [path.name for path in tmp_path.iterdir()] == ["exported"]


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exported_model, "iter_examples", fail)
    with pytest.raises(imdb_gru.ImdbGruError, match="exported: No space left on device; choose another folder"):
        imdb_gru.export(make_classifier(), path=tmp_path / "exported")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none/exported", "there is no folder"),
        ("file", "it is a file; choose a folder"),
        ("mine", r"mine contains notes.txt, which is not part of an export"),
        ("package", r"package contains README.md, which is not part of an export"),
        (".", "it contains the current folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch, place, message):
    monkeypatch.setattr("imdb_gru.exporting.export._load", None)
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "README.md").touch()
    (tmp_path / "package" / "package.json").touch()
    with pytest.raises(imdb_gru.ImdbGruError, match=message):
        imdb_gru.export(path=place, overwrite=True)
    assert (tmp_path / "mine" / "notes.txt").exists()


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(imdb_gru.ImdbGruError, match="there is no format 'gguf': choose onnx, web"):
        imdb_gru.export(format="gguf", path=tmp_path / "exported")


def test_a_missing_package_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "imdb_gru.exporting.onnx_graph", raising=False)
    with pytest.raises(imdb_gru.MissingExtraError, match=r"imdb-gru\[onnx\]"):
        imdb_gru.export(make_classifier(), path=tmp_path / "exported")
    assert not list(tmp_path.iterdir())
