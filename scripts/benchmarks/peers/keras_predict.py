"""Predict one text with a plain Keras script that loads model.keras: python keras_predict.py RUN TEXT."""

import json
import re
import sys
from pathlib import Path

import keras
import numpy as np

run, text = Path(sys.argv[1]), sys.argv[2]
words = json.loads((run / "vocabulary.json").read_text())["words"]
id_of = {word: number for number, word in enumerate(words, 3)}
tokens = re.findall(r"[^\W_]+(?:'[^\W_]+)*|[!?.,;:()\"\-]", text.lower())
model = keras.models.load_model(run / "model.keras")
print(model.predict(np.array([[1, *(id_of.get(token, 2) for token in tokens)]]), verbose=0))
