"""Own the next-word model: the encoder a classifier has, and a softmax that shares the embedding's weights."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from imdb_gru.config import EncoderConfig
from imdb_gru.engine.embedding import gather_rows
from imdb_gru.engine.softmax import normalise
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.fused import ChannelDropout
from imdb_gru.training.model import build_recurrent

EMBEDDING_DEVIATION = 0.1
"""Of the first embeddings. Keras's ±0.05 makes the first logits of a tied softmax so small that learning is slow."""
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
        power = np.log(words - single) / np.log(max(2, samples - single)) if samples < words else 1.0
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
        start = keras.initializers.RandomNormal(stddev=EMBEDDING_DEVIATION)
        self.embedding = layers.Embedding(
            vocabulary_size, config.embedding, mask_zero=True, embeddings_initializer=start, name="embedding"
        )
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

    def start_from_counts(self, counts: NDArray[np.int64]) -> None:
        """Give every word its share of the text `(V,)` as its probability, before anything is learnt."""
        shares = np.maximum(counts, 0.5) / counts.sum()
        self.bias.assign(np.log(shares).astype(np.float32))

    def read(self, rows: Any, mask: Any, states: Any, *, training: bool) -> tuple[Any, Any]:
        """Return queries `(B, T, E)` after each of the embeddings `(B, T, E)` and the states to go on from."""
        x = self.embedding_dropout(rows, training=training)
        ends = []
        for layer, start in zip(self.recurrent, states, strict=True):
            x, *end = layer(x, initial_state=start, mask=mask, training=training)
            ends.append(end)
        x = self.output_dropout(x, training=training)
        flat = tf.reshape(x, [-1, x.shape[-1]])
        queries = multiply(flat, self.projection.kernel.value, bfloat16=self.bfloat16) + self.projection.bias
        return tf.reshape(queries, tf.shape(rows)), ends

    def draw(self, step: Any) -> tuple[Any, Any]:
        """Draw the words of a step; return their ids and what is added to their logits, `(S,)`."""
        edges = tf.constant(self.strata.edges)
        sizes = edges[1:] - edges[:-1]
        chance = tf.random.stateless_uniform(tf.shape(sizes), [self.seed, step])
        drawn = edges[:-1] + tf.minimum(tf.cast(chance * tf.cast(sizes, tf.float32), tf.int32), sizes - 1)
        return drawn, tf.math.log(tf.cast(sizes, tf.float32))

    def compute_loss_of_all(self, queries: Any, targets: Any) -> Any:
        """Return the loss of each target, `(N,)`, among all words, given queries `(N, E)`."""
        logits = tf.matmul(queries, self.embedding.embeddings, transpose_b=True) + self.bias
        never = tf.one_hot(PAD, self.vocabulary_size, on_value=-1e9, off_value=0.0)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits + never)

    @property
    def table(self) -> keras.Variable:
        """Return the embedding's weights `(V, E)`, which are the softmax's, too."""
        return self.embedding.embeddings

    @property
    def dense_weights(self) -> list[keras.Variable]:
        """List the weights of which every one counts in every step: all but the table."""
        return [weight for weight in self.trainable_variables if weight is not self.table]

    def compute_gradients(self, ids: Any, targets: Any, states: Any, step: Any) -> "Gradients":
        """Return the losses of a chunk, the states after it and the gradients of their mean.

        The table's gradient has the rows of the words that were read, came next or were drawn, and no others.
        """
        table, real = tf.convert_to_tensor(self.table), targets != PAD
        targets = tf.boolean_mask(targets, real)
        drawn, offsets = self.draw(step)
        read, true, others = (tf.gather(table, chosen) for chosen in (ids, targets, drawn))
        weights = [weight.value for weight in self.dense_weights]
        with tf.GradientTape() as tape:
            tape.watch([read, true, others])
            queries, ends = self.read(read, ids != PAD, states, training=True)
            true_bias, offsets = tf.gather(self.bias.value, targets), offsets + tf.gather(self.bias.value, drawn)
            places = tf.tensor_scatter_nd_update(
                tf.fill((self.vocabulary_size,), -1), drawn[:, None], tf.range(tf.size(drawn))
            )
            losses = sampled_softmax(
                tf.boolean_mask(queries, real),
                true,
                true_bias,
                others,
                offsets,
                tf.gather(places, targets),
                bfloat16=self.bfloat16,
            )
            loss = tf.reduce_mean(losses)
        *by_row, dense = tape.gradient(loss, [read, true, others, weights])
        values = tf.concat([tf.reshape(rows, [-1, table.shape[1]]) for rows in by_row], 0)
        rows, summed = tf.numpy_function(
            gather_rows,
            [tf.concat([tf.reshape(ids, [-1]), targets, drawn], 0), values, table.shape[0]],
            [tf.int32, tf.float32],
        )
        rows.set_shape((None,))
        summed.set_shape((None, table.shape[1]))
        dense = [tf.convert_to_tensor(gradient) for gradient in dense]  # the bias's comes word by word
        return Gradients(tf.reduce_sum(losses), ends, dense, rows, summed)

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


class Gradients(NamedTuple):
    """What a chunk says of the weights."""

    loss: Any
    """Sum of the losses."""
    ends: Any
    """States after the chunk."""
    dense: list[Any]
    """Gradients of `dense_weights`."""
    rows: Any
    """Ids `(R,)` of the table's rows that have a gradient."""
    table: Any
    """Their gradients, `(R, E)`."""


def sampled_softmax(
    queries: Any, true: Any, true_bias: Any, others: Any, offsets: Any, places: Any, *, bfloat16: bool = False
) -> Any:
    """Return the loss of each target `(N,)` among the words drawn `(S,)`, given queries `(N, E)`.

    `true` `(N, E)` and `others` `(S, E)` hold the words' embeddings, `offsets` `(S,)` what is added to the logits of
    those drawn, and `places` `(N,)` where among them a target stands, −1 for nowhere: it counts once.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def compute(queries: Any, true: Any, true_bias: Any, others: Any, offsets: Any) -> Any:
        own = tf.reduce_sum(queries * true, axis=1) + true_bias
        logits = multiply(queries, others, bfloat16=bfloat16, transpose_b=True)
        losses, misses, probabilities = tf.numpy_function(normalise, [logits, own, offsets, places], [tf.float32] * 3)
        losses.set_shape((None,))
        misses.set_shape((None,))
        probabilities.set_shape((None, None))

        def backpropagate(gradient: Any) -> Any:
            into_own = -gradient * misses
            factor = tf.cast(probabilities, tf.bfloat16) if bfloat16 else probabilities  # once for both products
            into_queries = gradient[:, None] * multiply(factor, others, bfloat16=bfloat16) + into_own[:, None] * true
            into_others = multiply(factor, queries * gradient[:, None], bfloat16=bfloat16, transpose_a=True)
            into_offsets = tf.linalg.matvec(probabilities, gradient, transpose_a=True)
            return into_queries, into_own[:, None] * queries, into_own, into_others, into_offsets

        return losses, backpropagate

    return compute(queries, true, true_bias, others, offsets)


def multiply(a: Any, b: Any, *, bfloat16: bool, **transposed: bool) -> Any:
    """Multiply matrices, or what they round to in bfloat16."""
    if not bfloat16:
        return tf.matmul(a, b, **transposed)
    return tf.cast(tf.matmul(tf.cast(a, tf.bfloat16), tf.cast(b, tf.bfloat16), **transposed), tf.float32)
