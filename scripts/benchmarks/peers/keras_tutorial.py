"""A widespread tutorial's model: an embedding, a GRU and a sigmoid, on reviews padded to a fixed number of words.

python keras_tutorial.py imdb.npz [--reviews N] [--units U] [--words W] [--epochs E] [--bucketed] [--until ACCURACY]

Prints one line of JSON per epoch: the seconds of its training alone, and those of all evaluations so far. Without
--until, two batches are trained before the first epoch as a warm-up.
"""

import argparse
import json
import time

import keras
import numpy as np
import tensorflow as tf
from imdb import load
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("npz")
parser.add_argument("--reviews", type=int, default=25000)
parser.add_argument("--units", type=int, default=128)
parser.add_argument("--words", type=int, default=500)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument(
    "--bucketed", action="store_true", help="use batches of similar length, padded to their longest review"
)
parser.add_argument("--until", type=float, help="evaluate the test split after every epoch, and stop at this accuracy")
options = parser.parse_args()


def bucket(sequences, labels):
    """Return a dataset of shuffled batches; reviews are sorted by length within pools of 50 batches."""
    rng = np.random.default_rng(0)
    order, lengths, size = rng.permutation(len(sequences)), np.array([len(s) for s in sequences]), options.batch_size
    pools = np.split(order, range(50 * size, len(order), 50 * size))
    order = np.concatenate([pool[np.argsort(lengths[pool])] for pool in pools])
    batches = [
        (keras.utils.pad_sequences(sequences[rows]), labels[rows, None].astype("float32"))
        for rows in np.split(order, range(size, len(order), size))
    ]
    rng.shuffle(batches)
    signature = (tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32))
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2)


(x_train, y_train), (x_test, y_test) = load(options.npz)
x_train, y_train = x_train[: options.reviews], y_train[: options.reviews]
model = keras.Sequential([layers.Embedding(5000, 32), layers.GRU(options.units), layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
if options.bucketed:
    cut = [sequence[-options.words :] for sequence in x_train]
    arguments = {"x": bucket(np.array(cut, dtype=object), y_train)}
else:
    x_train = keras.utils.pad_sequences(x_train, maxlen=options.words)
    arguments = {"x": x_train, "y": y_train, "batch_size": options.batch_size}
if not options.until:
    warm_up = 2 * options.batch_size
    x = keras.utils.pad_sequences(x_train[:warm_up], maxlen=options.words)
    model.fit(x, y_train[:warm_up], batch_size=options.batch_size, verbose=0)
scoring = 0.0
for epoch in range(1, options.epochs + 1):
    started = time.perf_counter()
    model.fit(**arguments, verbose=0)
    record = {"epoch": epoch, "seconds": time.perf_counter() - started}
    if options.until:
        started = time.perf_counter()
        x = keras.utils.pad_sequences(x_test, maxlen=options.words)
        record["accuracy"] = model.evaluate(x, y_test, verbose=0)[1]
        scoring += time.perf_counter() - started
        record["scoring"] = scoring
    print(json.dumps(record), flush=True)
    if options.until and record["accuracy"] >= options.until:
        break
