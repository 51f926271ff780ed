import json
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")

NAMES = ["README.md", "examples.jsonl", "model.onnx", "tokenizer.json", "vocabulary.json"]


def read_facts(folder):
    return {entry.key: entry.value for entry in onnx.load(Path(folder) / "model.onnx").metadata_props}


def test_a_run_is_exported(invoke, pair):
    result = invoke("export", pair[1].path, "--format", "onnx", "--output", "exported")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [str(Path("exported", name)) for name in NAMES]
    assert read_facts("exported")["name"] == "classifier"


def test_json_says_what_was_written(invoke, pair):
    result = invoke("export", "--run", pair[0].path, "--output", "exported", "--json")
    written = json.loads(result.out)
    sizes = {name: Path("exported", name).stat().st_size for name in NAMES}
    assert written == {"run": str(pair[0].path), "format": "onnx", "folder": "exported", "files": sizes}
    assert read_facts("exported")["task"] == "next_word"


def test_without_a_run_it_is_the_newest_or_the_bundled_one(invoke, bundled, make_next_word_run):
    result = invoke("export", "--output", "sentiment")
    assert (result.code, result.err) == (0, "using bundled\n")
    assert read_facts("sentiment")["task"] == "sentiment"
    invoke("export", "bundled", "--next-word", "--output", "words")
    assert read_facts("words")["task"] == "next_word"
    make_next_word_run("runs/own")
    assert invoke("export", "--next-word", "--output", "own").err == f"using {Path('runs/own')}\n"
    assert read_facts("own")["name"] == "own"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "--output", "new"], 1, "Error: there is no run at nowhere: "),
        (["--output", "."], 1, "Error: cannot replace .: it contains the current folder"),
        (["CLASSIFIER", "--next-word", "--output", "new"], 1, "is a classifier: use it with"),
        (["CLASSIFIER", "--run", "other", "--output", "new"], 2, "the run was given twice"),
        (["CLASSIFIER"], 2, "Missing option '--output'"),
        (["CLASSIFIER", "--output", "new", "--format", "gguf"], 2, "'gguf' is not one of 'onnx', 'web'"),
    ],
)
def test_what_cannot_be_exported_is_refused(invoke, pair, arguments, code, message):
    result = invoke("export", *(pair[1].path if argument == "CLASSIFIER" else argument for argument in arguments))
    assert result.code == code
    assert message in result.err
    assert result.out == ""
    assert not Path("new").exists()
    assert code == 2 or len(result.err.splitlines()) <= 2


def test_an_export_is_not_replaced_unasked(invoke, pair):
    arguments = ["export", pair[1].path, "--output", "exported"]
    assert invoke(*arguments).code == 0
    result = invoke(*arguments)
    assert (result.code, result.out) == (1, "")
    assert "already contains an export" in result.err
    assert invoke(*arguments, "--overwrite").code == 0
