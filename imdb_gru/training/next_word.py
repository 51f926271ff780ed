"""Own the next-word model: the encoder a classifier has, and a softmax that shares the embedding's weights."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from imdb_gru.config import EncoderConfig
from imdb_gru.engine.embedding import add_rows
from imdb_gru.engine.softmax import normalise
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.fused import ChannelDropout, FusedEmbedding
from imdb_gru.training.model import build_recurrent

FULL_ROWS = 1024
"""Timesteps whose whole softmax is computed at once."""


@dataclass(frozen=True)
class Strata:
    """Which words a sampled softmax draws: one of each stratum of ids, which are ranked by frequency.

    The first half of the strata hold one word each, so that the frequent words always count; the others grow. A word
    drawn from a stratum of n stands for all n: its logit is raised by log n, the correction of importance sampling
    (Bengio and Senécal 2008, section 3). With as many strata as words this is the whole softmax.
    """

    edges: NDArray[np.int32]
    """Of the strata; `(S + 1,)`, from the first id that can come next to the vocabulary's size."""

    @classmethod
    def build(cls, vocabulary_size: int, samples: int) -> "Strata":
        """Divide all ids but pad's into `samples` strata, or fewer where there are fewer ids."""
        words = vocabulary_size - 1
        samples = min(samples, words)
        single = words if samples == words else samples // 2
        grown = np.linspace(0, 1, samples - single + 1)
        power = np.log(words - single) / np.log(samples - single) if samples < words else 1.0
        tail = single + np.round((words - single) * grown**power)
        return cls((1 + np.concatenate([np.arange(single), tail])).astype(np.int32))

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Count the ids of each stratum, `(S,)`."""
        return np.diff(self.edges)


class NextWordModel(keras.Model):  # type: ignore[misc]
    """Ids to the next word: embedding → recurrent layers → projection to the embedding's size → tied softmax.

    The softmax shares its weights with the embedding (Press and Wolf 2017; Inan et al. 2017).
    """

    def __init__(
        self,
        config: EncoderConfig,
        vocabulary_size: int,
        *,
        fused: bool,
        bfloat16: bool = False,
        samples: int,
        seed: int,
    ) -> None:
        super().__init__(name="next_word")
        self.vocabulary_size = vocabulary_size
        self.strata = Strata.build(vocabulary_size, samples)
        self.seed = seed
        self.bfloat16 = bfloat16
        embedding = FusedEmbedding if fused else layers.Embedding
        self.embedding = embedding(vocabulary_size, config.embedding, mask_zero=True, name="embedding")
        dropout = config.dropout
        self.embedding_dropout = ChannelDropout(dropout.embedding)
        self.recurrent = [
            build_recurrent(config, number, fused, bfloat16, return_sequences=True, return_state=True)
            for number in range(1, config.layers + 1)
        ]
        self.output_dropout = layers.SpatialDropout1D(dropout.output)
        self.projection = layers.Dense(config.embedding, name="projection")
        self.bias = self.add_weight(shape=(vocabulary_size,), initializer="zeros", name="bias")
        self.embedding.build(())
        width = config.embedding
        for layer in self.recurrent:
            layer.build((None, None, width))
            width = config.units
        self.projection.build((None, width))
        self.built = True

    def read(self, ids: Any, states: Any, *, training: bool) -> tuple[Any, Any]:
        """Return queries `(B, T, E)` after each of the ids `(B, T)` and the states to go on from."""
        mask = ops.not_equal(ids, PAD)
        x = self.embedding_dropout(self.embedding(ids), training=training)
        ends = []
        for layer, start in zip(self.recurrent, states, strict=True):
            x, *end = layer(x, initial_state=start, mask=mask, training=training)
            ends.append(end)
        return self._project(self.output_dropout(x, training=training)), ends

    def _project(self, x: Any) -> Any:
        """Map hidden states `(B, T, U)` to queries `(B, T, E)`."""
        if not self.bfloat16:
            return self.projection(x)
        shape = tf.shape(x)
        kernel = tf.convert_to_tensor(self.projection.kernel)
        flat = _multiply(tf.reshape(x, (-1, x.shape[2])), kernel, bfloat16=True) + self.projection.bias
        return tf.reshape(flat, (shape[0], shape[1], kernel.shape[1]))

    def compute_sampled_loss(self, queries: Any, targets: Any, step: Any) -> Any:
        """Return the loss of each target, `(N,)`, given queries `(N, E)`, among the words drawn for a step."""
        edges = tf.constant(self.strata.edges)
        sizes = edges[1:] - edges[:-1]
        chance = tf.random.stateless_uniform(tf.shape(sizes), [self.seed, step])
        drawn = edges[:-1] + tf.minimum(tf.cast(chance * tf.cast(sizes, tf.float32), tf.int32), sizes - 1)
        offsets = tf.math.log(tf.cast(sizes, tf.float32))
        table, bias = self.embedding.embeddings, self.bias
        return _sampled_softmax(queries, table, bias, targets, drawn, offsets, bfloat16=self.bfloat16)

    def compute_loss_of_all(self, queries: Any, targets: Any) -> Any:
        """Return the loss of each target, `(N,)`, among all words, given queries `(N, E)`."""
        logits = tf.matmul(queries, self.embedding.embeddings, transpose_b=True) + self.bias
        never = tf.one_hot(PAD, self.vocabulary_size, on_value=-1e9, off_value=0.0)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits + never)

    def get_arrays(self) -> list[NDArray[np.float32]]:
        """Return the weights in order: embedding, cells, projection's kernel and bias, the softmax's bias."""
        return [weight.numpy() for weight in self.read_weights]

    @property
    def read_weights(self) -> list[keras.Variable]:
        """List the weights in the order of a run's file."""
        cells = [weight for layer in self.recurrent for weight in layer.trainable_variables]
        return [self.embedding.embeddings, *cells, self.projection.kernel, self.projection.bias, self.bias]


def build_stock_model(config: EncoderConfig, vocabulary_size: int) -> keras.Model:
    """Build ids `(B, T)` int32 → embedding → recurrent layers → projection → probability of every id `(B, T, V)`."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(vocabulary_size, config.embedding, mask_zero=True, name="embedding")(ids)
    for number in range(1, config.layers + 1):
        x = build_recurrent(config, number, False, return_sequences=True)(x)
    x = layers.Dense(config.embedding, name="projection")(x)
    return keras.Model(ids, layers.Dense(vocabulary_size, activation="softmax", name="next_word")(x), name="next_word")


def _multiply(a: Any, b: Any, *, bfloat16: bool, **options: bool) -> Any:
    """Multiply matrices, where `bfloat16` after rounding them to it."""
    if not bfloat16:
        return tf.matmul(a, b, **options)
    return tf.cast(tf.matmul(tf.cast(a, tf.bfloat16), tf.cast(b, tf.bfloat16), **options), tf.float32)


def _sampled_softmax(
    queries: Any, table: Any, bias: Any, targets: Any, drawn: Any, offsets: Any, *, bfloat16: bool
) -> Any:
    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def compute(queries: Any, table: Any, bias: Any) -> Any:
        true_rows, drawn_rows = tf.gather(table, targets), tf.gather(table, drawn)
        true = tf.reduce_sum(queries * true_rows, axis=1) + tf.gather(bias, targets)
        logits = _multiply(queries, drawn_rows, bfloat16=bfloat16, transpose_b=True)
        places = tf.tensor_scatter_nd_update(
            tf.fill(tf.shape(bias), -1), drawn[:, None], tf.range(tf.size(drawn), dtype=tf.int32)
        )

        def forward(*inputs: Any) -> Any:
            logits, *rest = inputs
            logits = logits.copy() if not logits.flags.writeable else logits
            losses, misses = normalise(logits, *rest)
            return losses, misses, logits

        losses, misses, probabilities = tf.numpy_function(
            forward, [logits, true, tf.gather(bias, drawn) + offsets, targets, places], [tf.float32] * 3
        )
        losses.set_shape((None,))
        misses.set_shape((None,))
        probabilities.set_shape((None, None))

        def backpropagate(gradient: Any) -> Any:
            own = -(gradient * misses)[:, None]  # (N, 1)
            scaled = queries * gradient[:, None]
            factor = tf.cast(probabilities, tf.bfloat16) if bfloat16 else probabilities
            into_queries = gradient[:, None] * _multiply(factor, drawn_rows, bfloat16=bfloat16) + own * true_rows
            ids = tf.concat([targets, drawn], 0)
            from_drawn = _multiply(factor, scaled, bfloat16=bfloat16, transpose_a=True)
            drawn_bias = tf.linalg.matvec(probabilities, gradient, transpose_a=True)

            def add(ids: Any, rows: Any, size: Any) -> Any:
                return add_rows(ids, rows, int(size))

            rows = tf.concat([tf.concat([own * queries, own], 1), tf.concat([from_drawn, drawn_bias[:, None]], 1)], 0)
            total = tf.numpy_function(add, [ids, rows, tf.size(bias)], tf.float32)
            total.set_shape((bias.shape[0], table.shape[1] + 1))
            return into_queries, total[:, :-1], total[:, -1]

        return losses, backpropagate

    return compute(queries, tf.convert_to_tensor(table), tf.convert_to_tensor(bias))
