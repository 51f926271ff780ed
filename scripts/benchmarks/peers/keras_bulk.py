"""Predict a file of reviews, one per line, with a plain Keras script: python keras_bulk.py RUN FILE.

Prints the time that `model.predict` alone takes, in seconds, as a line of JSON.
"""

import json
import re
import sys
import time
from pathlib import Path

import keras

run, file = Path(sys.argv[1]), Path(sys.argv[2])
words = json.loads((run / "vocabulary.json").read_text())["words"]
id_of = {word: number for number, word in enumerate(words, 3)}
token = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?.,;:()\"\-]")
texts = file.read_text().splitlines()
ids = [[1, *(id_of.get(word, 2) for word in token.findall(text.lower())[-500:])] for text in texts]
model = keras.models.load_model(run / "model.keras")
padded = keras.utils.pad_sequences(ids, maxlen=501)
started = time.perf_counter()
probabilities = model.predict(padded, verbose=0)
print(json.dumps({"seconds": time.perf_counter() - started}))
