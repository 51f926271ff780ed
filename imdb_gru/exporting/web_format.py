"""The web format: an ES module with a model's weights and tokenizer, for browsers and Node."""

import json
from pathlib import Path
from typing import Any

import numpy as np

import imdb_gru
from imdb_gru.cells import CELLS
from imdb_gru.cells.network import Network
from imdb_gru.cells.next_word import NextWordNetwork
from imdb_gru.errors import RunError
from imdb_gru.exporting.javascript import translate_tokenizer
from imdb_gru.exporting.model import (
    LICENCE,
    AnyModel,
    describe_model,
    describe_tokenizer,
    write_readme,
    write_text_files,
)
from imdb_gru.exporting.web_weights import serialize_weights
from imdb_gru.models.classifier import Classifier
from imdb_gru.runs.weights import list_weights
from imdb_gru.system.arrays import Array

MODULE = Path(__file__).parent / "web"
"""The folder of the JavaScript module and its types, which are the same for every model."""
MODULE_FILES = ("imdb-gru.js", "imdb-gru.d.ts")
FILES = (
    *MODULE_FILES, "package.json", "weights.bin", "vocabulary.json", "tokenizer.json", "examples.jsonl", "README.md",
)  # fmt: skip

PACKAGE = {
    "name": "imdb-gru-model",
    "version": imdb_gru.__version__,
    "license": LICENCE,
    "type": "module",
    "exports": {".": {"types": "./imdb-gru.d.ts", "default": "./imdb-gru.js"}, "./*": "./*"},
}
"""The content of `package.json`, so that Node treats the module as an ES module."""


def write_web(model: AnyModel, folder: Path) -> None:
    """Write the files of a model into a folder, or raise `RunError` if the model is bidirectional."""
    if isinstance(model.network, Network) and model.network.bidirectional:
        raise RunError(
            "a bidirectional model cannot read word by word, as the web format requires: choose a model "
            "trained with model.bidirectional false, or the onnx format"
        )
    (folder / "weights.bin").write_bytes(serialize_model(model))
    write_text_files(model, folder, translate_tokenizer(describe_tokenizer(model)))
    for name in MODULE_FILES:
        (folder / name).write_bytes((MODULE / name).read_bytes())
    (folder / "package.json").write_text(json.dumps(PACKAGE, indent=2) + "\n", "utf-8", newline="\n")
    write_readme(model, folder, "web")


def serialize_model(model: AnyModel, base: AnyModel | None = None) -> bytes:
    """Return the content of `weights.bin`; matrices may be stored as differences from those of `base`, if given."""
    others = [] if base is None else list_matrices(base.network)
    return serialize_weights(list_matrices(model.network), describe_network(model), others)


def describe_network(model: AnyModel) -> dict[str, Any]:
    """Return the description of a model for the header of `weights.bin`."""
    config = model.config.model
    header: dict[str, Any] = {
        "facts": describe_model(model),
        "task": model.config.task,
        "cell": config.cell,
        "gates": list(CELLS[config.cell].gates),
        "layers": config.layers,
    }
    if isinstance(model, Classifier):
        header |= {"pooling": model.network.pooling, "threshold": model.threshold}
    return header


def list_matrices(network: Network | NextWordNetwork) -> list[Array]:
    """List a network's weights in the order of `iter_shapes`, with zero in place of any infinite bias."""
    if isinstance(network, Network):
        cells = [layer.forward for layer in network.layers]
        output = [weight for pair in network.dense for weight in pair]
    else:
        cells = list(network.cells)
        bias = np.where(np.isfinite(network.bias), network.bias, np.float32(0))  # pad never comes next
        output = [network.kernel, network.kernel_bias, bias]
    return [network.embedding, *list_weights(cells), *output]
