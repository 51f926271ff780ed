"""The format ONNX, which ONNX Runtime and OpenVINO open, and programs in many languages through them."""

from pathlib import Path
from string import Template

import imdb_gru
from imdb_gru.exporting.model import AnyModel, describe_model, write_text_files
from imdb_gru.models.next_word import NextWordModel

OPSET, IR_VERSION = 17, 8
"""Versions of ONNX that runtimes since 2022 understand."""
FILES = ("model.onnx", "vocabulary.json", "tokenizer.json", "examples.jsonl", "README.md")
TEMPLATES = Path(__file__).parent / "templates"

DESCRIPTIONS = {
    "probability": "probability that the review is positive (batch)",
    "probability_by_timestep": "the same after each word, beginning with the start token (batch × timesteps)",
    "logits": "logits of the next word, for a softmax (batch × ids); the id 1 is the end of the review",
    "logits_by_timestep": "the same after each word, beginning with the start token (batch × timesteps × ids)",
}
"""What the README says about each output of a graph."""


def write_onnx(model: AnyModel, folder: Path) -> None:
    """Write the files of a model into a folder, or raise `MissingExtraError`."""
    from imdb_gru.exporting.onnx_graph import build_classifier_graph, build_next_word_graph, onnx

    is_next_word = isinstance(model, NextWordModel)
    graph = build_next_word_graph(model.network) if is_next_word else build_classifier_graph(model.network)
    facts = describe_model(model)
    proto = onnx.helper.make_model(
        graph,
        producer_name="imdb-gru",
        producer_version=imdb_gru.__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.helper.set_model_props(proto, facts)
    onnx.checker.check_model(proto, full_check=True)
    (folder / "model.onnx").write_bytes(proto.SerializeToString(deterministic=True))
    write_text_files(model, folder)
    outputs = [output.name for output in graph.output]
    readme = _fill(
        "onnx.md",
        **facts,
        description=f"A {'next-word model' if is_next_word else 'classifier'} of film reviews: {facts['layers']}.",
        outputs="\n".join(f"| `{output}` | {DESCRIPTIONS[output]} |" for output in outputs),
        output=outputs[0],
        example=_fill("next_word.txt" if is_next_word else "classifier.txt", **facts).rstrip("\n"),
    )
    (folder / "README.md").write_text(readme, "utf-8", newline="\n")


def _fill(template: str, **values: str) -> str:
    return Template((TEMPLATES / template).read_text("utf-8")).substitute(values)
