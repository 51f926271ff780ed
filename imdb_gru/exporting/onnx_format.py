"""The ONNX format, which programs in many languages can use through ONNX Runtime or OpenVINO."""

from pathlib import Path

from imdb_gru.exporting.model import (
    AnyModel,
    describe_model,
    describe_tokenizer,
    write_readme,
    write_text_files,
)

FILES = ("model.onnx", "vocabulary.json", "tokenizer.json", "examples.jsonl", "README.md")

DESCRIPTIONS = {
    "probability": "probability that the review is positive (batch)",
    "probability_by_timestep": "the same after each word, beginning with the start token (batch × timesteps)",
    "logits": "logits of the next word, for a softmax (batch × ids); the id 1 is the end of the review",
    "logits_by_timestep": "the same after each word, beginning with the start token (batch × timesteps × ids)",
}
"""Description of each output of a graph, for the README."""


def write_onnx(model: AnyModel, folder: Path) -> None:
    """Write the files of a model into a folder, or raise `MissingExtraError`."""
    from imdb_gru.exporting.onnx_graph import build_graph, serialize

    graph = build_graph(model.network)
    (folder / "model.onnx").write_bytes(serialize(graph, describe_model(model)))
    write_text_files(model, folder, describe_tokenizer(model))
    outputs = [output.name for output in graph.output]
    table = "\n".join(f"| `{output}` | {DESCRIPTIONS[output]} |" for output in outputs)
    write_readme(model, folder, "onnx", outputs=table, output=outputs[0])
