"""Adversarial perturbations: the changes of a review's embeddings that raise the loss most."""

from typing import Any

import keras
import tensorflow as tf

PROBE = 1e-3
"""Length of the random move whose effect shows the worst direction, as a share of the embeddings' length."""


class Perturbation(keras.layers.Layer):  # type: ignore[misc]
    """Stands behind the embedding and its dropout: shows what passes, and lets it be replaced."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.seen: Any = None
        self.replacement: Any = None

    def call(self, inputs: Any) -> Any:
        """Return `(B, T, E)` as it came, or what is to replace it."""
        self.seen = inputs if self.replacement is None else self.replacement
        return self.seen


def scale(direction: Any, x: Any, share: float) -> Any:
    """Give each review's direction `(B, T, E)` the length of `share` of its embeddings x, as a constant."""
    return tf.stop_gradient(share * _measure(x) * direction / (_measure(direction) + 1e-12))


def draw_direction(x: Any, mask: Any, step: Any, seed: int) -> Any:
    """Draw a random direction for each review, zero at its padding."""
    return tf.random.stateless_normal(tf.shape(x), [seed, step]) * tf.cast(mask, tf.float32)[:, :, None]


def _measure(x: Any) -> Any:
    return tf.norm(x, axis=(1, 2), keepdims=True)
