"""The format ONNX, which ONNX Runtime and OpenVINO open, and programs in many languages through them."""

from pathlib import Path
from string import Template

from imdb_gru.exporting.model import TEMPLATES, AnyModel, describe_model, write_text_files
from imdb_gru.models.next_word import NextWordModel

FILES = ("model.onnx", "vocabulary.json", "tokenizer.json", "examples.jsonl", "README.md")

DESCRIPTIONS = {
    "probability": "probability that the review is positive (batch)",
    "probability_by_timestep": "the same after each word, beginning with the start token (batch × timesteps)",
    "logits": "logits of the next word, for a softmax (batch × ids); the id 1 is the end of the review",
    "logits_by_timestep": "the same after each word, beginning with the start token (batch × timesteps × ids)",
}
"""What the README says about each output of a graph."""


def write_onnx(model: AnyModel, folder: Path) -> None:
    """Write the files of a model into a folder, or raise `MissingExtraError`."""
    from imdb_gru.exporting.onnx_graph import build_graph, serialize

    facts, graph = describe_model(model), build_graph(model.network)
    (folder / "model.onnx").write_bytes(serialize(graph, facts))
    write_text_files(model, folder)
    outputs = [output.name for output in graph.output]
    is_next_word = isinstance(model, NextWordModel)
    readme = _fill(
        "onnx.md",
        **facts,
        description=f"A {'next-word model' if is_next_word else 'classifier'} of reviews: {facts['layers']}.",
        outputs="\n".join(f"| `{output}` | {DESCRIPTIONS[output]} |" for output in outputs),
        output=outputs[0],
        example=_fill("next_word.txt" if is_next_word else "classifier.txt", **facts).rstrip("\n"),
    )
    (folder / "README.md").write_text(readme, "utf-8", newline="\n")


def _fill(template: str, **values: str) -> str:
    return Template((TEMPLATES / template).read_text("utf-8")).substitute(values)
