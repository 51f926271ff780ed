"""The description of a model in the files of an export, for all formats."""

import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

import imdb_gru
from imdb_gru.exporting.example_texts import TEXTS
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.next_word import NextWordModel
from imdb_gru.models.prediction import LABELS
from imdb_gru.system.arrays import Array
from imdb_gru.system.reading import hash_file
from imdb_gru.text.normalisation import describe_normalisation
from imdb_gru.text.spelling import describe_spelling
from imdb_gru.text.tokenizer import describe_tokens
from imdb_gru.text.vocabulary import FIRST_WORD, PAD, START, UNKNOWN

AnyModel = Classifier | NextWordModel

LICENCE = "MIT"
"""The licence of imdb-gru, and of the models in the package."""
LIKELIEST = 5
"""Number of likely next words listed in an example."""
DIGITS = 8
"""Number of decimal places of a probability in an example."""

TEMPLATES = Path(__file__).parent / "templates"


def describe_vocabulary(model: AnyModel) -> dict[str, Any]:
    """Return the content of `vocabulary.json`."""
    return {
        "pad": PAD,
        "start": START,
        "unknown": UNKNOWN,
        "first_word": FIRST_WORD,
        "words": model.vocabulary.words,
        "respelled": model.vocabulary.respelled,
    }


def describe_tokenizer(model: AnyModel) -> dict[str, Any]:
    """Return the content of `tokenizer.json`: all rules that turn a text into ids, both as data and in words."""
    vocabulary, text = model.vocabulary, model.config.text
    kept = {
        "head": (text.length, 0),
        "tail": (0, text.length),
        "middle": (text.length - text.length // 2, text.length // 2),
    }
    return {
        "tokenizer": vocabulary.tokenizer,
        "rules": (TEMPLATES / "rules.txt").read_text("utf-8").splitlines(),
        "normalisation": describe_normalisation(vocabulary.tokenizer),
        "tokens": describe_tokens(vocabulary.tokenizer, emoticons=vocabulary.emoticons),
        "truncation": dict(zip(("first", "last"), kept[text.truncate], strict=True)),
        "spelling": describe_spelling() if vocabulary.tokenizer == "words" else None,
    }


def describe_model(model: AnyModel) -> dict[str, str]:
    """Return facts about a model, keyed by name."""
    text = model.config.text
    facts = {
        "name": "model" if model.run is None else Path(str(model.run)).resolve().name,
        "task": model.config.task,
        "layers": model.config.model.brief,
        "version": imdb_gru.__version__,
        "license": LICENCE,
        "tokenizer": model.vocabulary.tokenizer,
        "length": str(text.length),
        "truncate": text.truncate,
    }
    if model.run is not None:
        facts["run_sha256"] = hash_file(model.run.metrics_path)
    if isinstance(model, Classifier):
        facts |= {"labels": json.dumps(LABELS), "threshold": str(model.threshold)}
    return facts


def iter_examples(model: AnyModel) -> Iterator[dict[str, Any]]:
    """Yield the examples, each with its text, tokens, ids and predictions."""
    for text in TEXTS:
        encoded = model.encode(text)
        example = {"text": text, "tokens": list(encoded.kept), "ids": encoded.ids.tolist()}
        if isinstance(model, NextWordModel):
            likeliest = model.find_likeliest(model.predict_last(encoded.ids), LIKELIEST)
            yield example | {
                "likeliest": [{"token": token, "probability": round(value, DIGITS)} for token, value in likeliest]
            }
            continue
        ids, lengths = encoded.ids[None], np.array([len(encoded.ids)])
        (example["probability"],) = _round(model.network.predict(ids, lengths))  # in float32, whatever the precision
        if not model.network.bidirectional:
            example["probability_by_timestep"] = _round(model.network.predict_timesteps(ids, lengths)[0])
        yield example


def _round(probabilities: Array) -> list[float]:
    return [round(value, DIGITS) for value in probabilities.tolist()]


def write_text_files(model: AnyModel, folder: Path, tokenizer: dict[str, Any]) -> None:
    """Write `vocabulary.json`, `tokenizer.json` (the given description of the tokenizer) and `examples.jsonl`."""
    for name, content in (
        ("vocabulary.json", json.dumps(describe_vocabulary(model), ensure_ascii=False)),
        ("tokenizer.json", json.dumps(tokenizer, indent=1)),
        ("examples.jsonl", "\n".join(json.dumps(example, ensure_ascii=False) for example in iter_examples(model))),
    ):
        (folder / name).write_text(content + "\n", "utf-8", newline="\n")


def write_readme(model: AnyModel, folder: Path, format: str, **values: str) -> None:
    """Write `README.md` from a format's templates, filled in with the given values and the facts about the model."""
    next_word = isinstance(model, NextWordModel)
    facts = describe_model(model) | values
    readme = _fill(
        f"{format}/README.md",
        **facts,
        description=f"A {'next-word model' if next_word else 'classifier'} of reviews: {facts['layers']}.",
        example=_fill(f"{format}/{'next_word' if next_word else 'classifier'}.txt", **facts).rstrip("\n"),
    )
    (folder / "README.md").write_text(readme, "utf-8", newline="\n")


def _fill(template: str, **values: str) -> str:
    return Template((TEMPLATES / template).read_text("utf-8")).substitute(values)
