"""The model in the package in ONNX Runtime: `imdb-gru export`, and the program that the exported README has."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from reviews import run

BATCH = 64


def predict(texts, folder):
    """Return the probabilities of positive; reviews of similar length share a batch."""
    os.chdir(folder)
    program: dict[str, object] = {}
    readme = Path("README.md").read_text("utf-8")
    exec(readme.split("```python\n")[1].split("```")[0], program)
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    rows = [program["encode"](text) for text in texts]
    order = np.argsort([-len(row) for row in rows], kind="stable")
    probabilities = np.empty(len(rows))
    for start in range(0, len(rows), BATCH):
        batch = order[start : start + BATCH]
        ids = np.zeros((len(batch), len(rows[batch[0]])), np.int32)
        for place, row in zip(ids, batch, strict=True):
            place[: len(rows[row])] = rows[row]
        lengths = np.array([len(rows[row]) for row in batch], np.int32)
        probabilities[batch] = session.run(["probability"], {"ids": ids, "lengths": lengths})[0]
    return probabilities.tolist()


run(predict)
