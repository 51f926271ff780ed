"""Adversarial and virtual adversarial perturbations of embeddings (Miyato, Dai and Goodfellow 2017)."""

from typing import Any

import keras
import tensorflow as tf

PROBE = 1e-3
"""Norm of the random perturbation used to find the worst direction, as a fraction of the embeddings' norm."""


class Perturbation(keras.layers.Layer):  # type: ignore[misc]
    """A layer after the embedding and its dropout, whose output can be observed and replaced."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.seen: Any = None
        self.replacement: Any = None

    def call(self, inputs: Any) -> Any:
        """Return the embeddings `(B, T, E)` unchanged, or their replacement."""
        self.seen = inputs if self.replacement is None else self.replacement
        return self.seen


def scale(direction: Any, x: Any, share: float) -> Any:
    """Scale each review's direction `(B, T, E)` so that its norm is `share` times the norm of the embeddings `x`.

    No gradient flows through the result.
    """
    return tf.stop_gradient(share * _measure(x) * direction / (_measure(direction) + 1e-12))


def draw_direction(x: Any, mask: Any, step: Any, seed: int) -> Any:
    """Sample a random direction for each review; it is zero at padded timesteps."""
    return tf.random.stateless_normal(tf.shape(x), [seed, step]) * tf.cast(mask, tf.float32)[:, :, None]


def _measure(x: Any) -> Any:
    return tf.norm(x, axis=(1, 2), keepdims=True)
