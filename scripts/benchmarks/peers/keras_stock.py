"""The bidirectional LSTM of Keras's own example on IMDB, with its sizes and its two epochs, on texts.

https://keras.io/examples/nlp/bidirectional_lstm_imdb/
"""

import keras
import tensorflow as tf
from keras import layers
from reviews import run

WORDS, LENGTH = 20_000, 200


def train(texts, labels, folder):
    """Train, and save the model with its vocabulary."""
    vectorize = layers.TextVectorization(WORDS, output_sequence_length=LENGTH)
    vectorize.adapt(texts)
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(WORDS, 128),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(64)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    reviews = tf.constant(texts)[:, None]
    model.fit(reviews, tf.constant(labels), batch_size=32, epochs=2, verbose=0)
    model.save(folder / "model.keras")


def predict(texts, folder):
    """Return the probabilities of positive."""
    model = keras.models.load_model(folder / "model.keras")
    return model.predict(tf.constant(texts)[:, None], verbose=0)[:, 0].tolist()


run(predict, train)
