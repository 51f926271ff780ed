"""The next-word model in Keras: the embedding and cells of a classifier, and a softmax tied to the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from imdb_gru.config import EncoderConfig
from imdb_gru.engine.arithmetic import Precision
from imdb_gru.engine.embedding import gather_rows
from imdb_gru.engine.softmax.head import Head, HeadWeights
from imdb_gru.system.arrays import Array, Ids, Rows
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.layers import ChannelDropout
from imdb_gru.training.model import build_recurrent

EMBEDDING_DEVIATION = 0.1
"""Standard deviation of the initial embeddings; with Keras's ±0.05, tied logits are too small to learn quickly."""
FULL_ROWS = 1024
"""Number of timesteps for which the full softmax is computed at once."""


@dataclass(frozen=True)
class Strata:
    """The strata of a sampled softmax: ranges of ids (ordered by word frequency), with one word drawn from each range.

    Each stratum in the first half has one word, so that frequent words are always drawn; the strata in the second half
    grow in size. A word drawn from a stratum of n words represents all n: its logit is raised by log n, the correction
    of importance sampling (Bengio and Senécal 2008, section 3). With one stratum per word, this is the full softmax.
    """

    edges: Ids
    """Boundaries of the strata, `(S + 1,)`, from 1 (pad is never the next word) to the vocabulary size."""

    @classmethod
    def build(cls, vocabulary_size: int, samples: int) -> "Strata":
        """Divide all ids except pad into `samples` strata, or fewer if there are not enough ids."""
        words = vocabulary_size - 1
        samples = min(samples, words)
        single = words if samples == words else samples // 2
        grown = np.linspace(0, 1, samples - single + 1)
        power = np.log(words - single) / np.log(max(2, samples - single)) if samples < words else 1.0
        tail = single + np.round((words - single) * grown**power)
        return cls((1 + np.concatenate([np.arange(single), tail])).astype(np.int32))

    @property
    def sizes(self) -> Ids:
        """Return the number of ids in each stratum, `(S,)`."""
        return np.diff(self.edges)


class KerasNextWordModel(keras.Model):  # type: ignore[misc]
    """The model: ids → embedding → recurrent layers → projection to embedding size → tied softmax → next word.

    The softmax shares its weights with the embedding (Press and Wolf 2017; Inan et al. 2017).
    """

    def __init__(
        self,
        config: EncoderConfig,
        vocabulary_size: int,
        *,
        fused: bool,
        precision: Precision = "float32",
        samples: int,
        seed: int,
    ) -> None:
        super().__init__(name="next_word")
        self.vocabulary_size = vocabulary_size
        self.strata = Strata.build(vocabulary_size, samples)
        self.seed = seed
        self.head = Head(precision)
        start = keras.initializers.RandomNormal(stddev=EMBEDDING_DEVIATION)
        self.embedding = layers.Embedding(
            vocabulary_size, config.embedding, mask_zero=True, embeddings_initializer=start, name="embedding"
        )
        dropout = config.dropout
        self.embedding_dropout = ChannelDropout(dropout.embedding)
        self.recurrent = [
            build_recurrent(config, number, fused, precision, return_sequences=True, return_state=True)
            for number in range(1, config.layers + 1)
        ]
        self.output_dropout = ChannelDropout(dropout.output)
        self.projection = layers.Dense(config.embedding, name="projection")
        self.bias = self.add_weight(shape=(vocabulary_size,), initializer="zeros", name="bias")
        self.embedding.build(())
        width = config.embedding
        for layer in self.recurrent:
            layer.build((None, None, width))
            width = config.units
        self.projection.build((None, width))
        self.built = True

    def start_from_counts(self, counts: Rows) -> None:
        """Set each word's initial probability to its relative frequency, given the counts of all words, `(V,)`."""
        shares = np.maximum(counts, 0.5) / counts.sum()
        self.bias.assign(np.log(shares).astype(np.float32))

    def encode(self, rows: Any, mask: Any, states: Any, *, training: bool) -> tuple[Any, Any]:
        """Return the hidden states `(B, T, U)` for embeddings `(B, T, E)`, and the final states of all layers."""
        x = self.embedding_dropout(rows, training=training)
        ends = []
        for layer, start in zip(self.recurrent, states, strict=True):
            x, *end = layer(x, initial_state=start, mask=mask, training=training)
            ends.append(end)
        return self.output_dropout(x, training=training), ends

    def read(self, rows: Any, mask: Any, states: Any, *, training: bool) -> tuple[Any, Any]:
        """Return the hidden states projected to queries `(B, T, E)`, and the final states, as in `encode`."""
        x, ends = self.encode(rows, mask, states, training=training)
        return self.projection(x), ends

    def draw(self, step: Any) -> tuple[Any, Any]:
        """Draw the words for a step, and return their ids and the corrections to their logits, each `(S,)`."""
        starts, sizes = tf.constant(self.strata.edges[:-1]), tf.constant(self.strata.sizes)
        chance = tf.random.stateless_uniform(tf.shape(sizes), [self.seed, step])
        drawn = starts + tf.minimum(tf.cast(chance * tf.cast(sizes, tf.float32), tf.int32), sizes - 1)
        return drawn, tf.math.log(tf.cast(sizes, tf.float32))

    def compute_loss_of_all(self, queries: Any, targets: Any) -> Any:
        """Return the loss of each target, `(N,)`, under the full softmax, given queries `(N, E)`."""
        logits = tf.matmul(queries, self.embedding.embeddings, transpose_b=True) + self.bias
        never = tf.one_hot(PAD, self.vocabulary_size, on_value=-1e9, off_value=0.0)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits + never)

    @property
    def table(self) -> keras.Variable:
        """Return the weights `(V, E)` that the embedding and the softmax share."""
        return self.embedding.embeddings

    @property
    def dense_weights(self) -> list[keras.Variable]:
        """List the weights with dense gradients (all except the table), in the order of `weights.npz`."""
        return self.read_weights[1:]

    def compute_gradients(self, ids: Any, targets: Any, states: Any, step: Any) -> "Gradients":
        """Return a chunk's total loss, the states after the chunk and the gradients of the mean loss.

        The table's gradient has rows only for inputs, targets and drawn words.
        """
        table = self.table.value  # gathers directly from the variable, because converting it to a tensor would copy it
        drawn, offsets = self.draw(step)
        read, true, others = (tf.gather(table, chosen) for chosen in (ids, targets, drawn))
        *cells, kernel, bias, own_bias = (weight.value for weight in self.dense_weights)
        with tf.GradientTape() as tape:
            tape.watch(read)
            x, ends = self.encode(read, ids != PAD, states, training=True)
        arguments = [x, targets, true, drawn, others, offsets, kernel, bias, own_bias]
        loss, into_x, into_true, into_others, *dense = tf.numpy_function(self._run_head, arguments, [tf.float32] * 7)
        into_x.set_shape(x.shape)
        for gradient, weight in zip(dense, (kernel, bias, own_bias), strict=True):
            gradient.set_shape(weight.shape)
        into_read, into_cells = tape.gradient(x, [read, cells], output_gradients=into_x)
        parts = [ids, into_read, targets, into_true, drawn, into_others]
        rows, summed = tf.numpy_function(self._gather, parts, [tf.int32, tf.float32])
        rows.set_shape((None,))
        summed.set_shape((None, table.shape[1]))
        return Gradients(loss, ends, [*into_cells, *dense], rows, summed)

    def _run_head(
        self, x: Array, targets: Ids, true: Array, drawn: Ids, others: Array, offsets: Array, *weights: Array
    ) -> tuple[Array, ...]:
        """Return the sum of the losses and the gradients of their mean.

        The gradients are with respect to `x`, `true`, `others`, the projection's kernel and bias, and the softmax bias.
        """
        kernel, bias, own_bias = weights
        shape, targets = x.shape, targets.reshape(-1)
        places = np.full(self.vocabulary_size, -1, np.int32)
        places[drawn] = np.arange(len(drawn))
        found = self.head.run(
            x.reshape(-1, shape[-1]), targets != PAD, true.reshape(-1, true.shape[-1]), own_bias[targets],
            places[targets], HeadWeights(kernel, others, bias, offsets + own_bias[drawn]),
        )  # fmt: skip
        into = found.weights
        into_own_bias = np.bincount(targets, found.true_bias, self.vocabulary_size)
        into_own_bias[drawn] = into_own_bias[drawn] + into.offsets
        return (
            found.losses.sum(), found.x.reshape(shape), found.true, into.others, into.kernel, into.bias,
            into_own_bias.astype(np.float32),
        )  # fmt: skip

    def _gather(self, *parts: Any) -> tuple[Ids, Array]:
        """Sum the gradients for each id; in `parts`, each array of ids is followed by the array of their gradients."""
        flat = [
            (ids.reshape(-1), values.reshape(ids.size, -1)) for ids, values in zip(parts[::2], parts[1::2], strict=True)
        ]
        return gather_rows(flat, self.vocabulary_size)

    def get_arrays(self) -> list[Array]:
        """Return the weights in this order: embedding, cells, the projection's kernel and bias, the softmax's bias."""
        return [weight.numpy() for weight in self.read_weights]

    def set_arrays(self, arrays: Sequence[Array]) -> None:
        """Set the weights, given in the order of `get_arrays`."""
        for weight, array in zip(self.read_weights, arrays, strict=True):
            weight.assign(array)

    @property
    def read_weights(self) -> list[keras.Variable]:
        """List the weights in the order of `weights.npz`."""
        cells = [weight for layer in self.recurrent for weight in layer.trainable_variables]
        return [self.embedding.embeddings, *cells, self.projection.kernel, self.projection.bias, self.bias]


def build_stock_model(config: EncoderConfig, vocabulary_size: int) -> keras.Model:
    """Build the model: ids `(B, T)` int32 → embedding → recurrent layers → projection → probabilities `(B, T, V)`."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(vocabulary_size, config.embedding, mask_zero=True, name="embedding")(ids)
    for number in range(1, config.layers + 1):
        x = build_recurrent(config, number, False, return_sequences=True)(x)
    x = layers.Dense(config.embedding, name="projection")(x)
    return keras.Model(ids, layers.Dense(vocabulary_size, activation="softmax", name="next_word")(x), name="next_word")


class Gradients(NamedTuple):
    """The loss of a chunk and its gradients."""

    loss: Any
    """Sum of the losses."""
    ends: Any
    """States of all layers after the chunk."""
    dense: list[Any]
    """Gradients of `dense_weights`."""
    rows: Any
    """Ids `(R,)` of the table's rows that have a gradient."""
    table: Any
    """The gradient of each row listed in `rows`, `(R, E)`."""
