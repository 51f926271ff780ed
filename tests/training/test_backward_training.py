"""Training on texts that are read from their end."""

import json

import numpy as np
import pytest
from support.directions import reverse

import imdb_gru
from imdb_gru.runs.weights import read_arrays

pytestmark = pytest.mark.keras

WORDS = ["the", "a", "film", "is", "was", "good", "bad", "fine", "dull", "and", "not", "very", "it"]


SETTINGS = {
    "model.embedding": 5, "model.units": 6, "train.epochs": 1, "train.batch_size": 16, "train.validation_split": 0.2,
    "train.deterministic": True,
}  # fmt: skip


@pytest.fixture
def pretrain(tmp_path):
    """Pretrain on texts in one direction; for the direction forward, the texts are reversed."""
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 14))) for _ in range(120)]

    def run(direction):
        own = texts if direction == "backward" else [reverse(text) for text in texts]
        rows = ({"text": text, "label": int("good" in text)} for text in own)
        data = tmp_path / f"{direction}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        overrides = {**SETTINGS, "text.direction": direction, "train.samples": 8, "train.timesteps": 6}
        return imdb_gru.pretrain(data=data, run=tmp_path / direction, overrides=overrides)

    return run


def test_backward_training_is_forward_training_on_the_reversed_texts(pretrain, tmp_path):
    ours, theirs = pretrain("backward"), pretrain("forward")
    assert ours.load_vocabulary().words == theirs.load_vocabulary().words
    with read_arrays(ours) as one, read_arrays(theirs) as other:
        for array, twin in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, twin)
    figures, twins = (imdb_gru.evaluate(run).to_dict() for run in (ours, theirs))
    assert figures.pop("direction") == "backward"
    assert figures | {"run": ""} == twins | {"run": ""}
    overrides = {**SETTINGS, "text.direction": "backward", "model.pretrained": str(ours.path)}
    tuned = imdb_gru.train("scratch", data=tmp_path / "backward.jsonl", run=tmp_path / "tuned", overrides=overrides)
    evaluation = imdb_gru.evaluate(tuned)
    assert (evaluation.split, evaluation.direction) == ("validation", "backward")
    assert evaluation.log_loss == pytest.approx(tuned.load_metrics().best.validation_loss, abs=1e-4)
