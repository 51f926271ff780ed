"""A next-word model built from Keras's layers: embedding, GRU, and a softmax over all words at every timestep.

python keras_next_word.py imdb.npz [--reviews N] [--units U] [--embedding E] [--words V] [--timesteps T]

The reviews are concatenated and cut into windows of T timesteps. After two batches as a warm-up, one epoch is measured.
Prints its words per second, as a line of JSON.
"""

import argparse
import json
import time

import keras
import numpy as np
from imdb import load
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("npz")
parser.add_argument("--reviews", type=int, default=640)
parser.add_argument("--units", type=int, default=256)
parser.add_argument("--embedding", type=int, default=128)
parser.add_argument("--words", type=int, default=20000)
parser.add_argument("--timesteps", type=int, default=50)
parser.add_argument("--batch-size", type=int, default=64)
options = parser.parse_args()

(reviews, _), _ = load(options.npz, options.words)
stream = np.concatenate([review[-500:] for review in reviews[: options.reviews]]).astype("int32")
windows = (len(stream) - 1) // options.timesteps
ids = stream[: windows * options.timesteps].reshape(windows, -1)
targets = stream[1 : windows * options.timesteps + 1].reshape(windows, -1)
model = keras.Sequential(
    [
        layers.Embedding(options.words, options.embedding),
        layers.GRU(options.units, return_sequences=True),
        layers.Dense(options.words),
    ]
)
model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
warm_up = 2 * options.batch_size
model.fit(ids[:warm_up], targets[:warm_up], batch_size=options.batch_size, verbose=0)
started = time.perf_counter()
model.fit(ids, targets, batch_size=options.batch_size, verbose=0)
print(json.dumps({"words_per_second": ids.size / (time.perf_counter() - started)}))
