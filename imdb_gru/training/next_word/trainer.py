"""Training a next-word model: truncated backpropagation through time, with checkpoints within epochs."""

import time
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from imdb_gru.cells import CELLS
from imdb_gru.config import NextWordConfig
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.models.next_word import compute_perplexity
from imdb_gru.records import Epoch
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.weights import list_stock
from imdb_gru.system.arrays import Array
from imdb_gru.system.progress import show_bar
from imdb_gru.system.signals import Stop
from imdb_gru.text.vocabulary import FIRST_WORD, PAD, UNKNOWN
from imdb_gru.training.batches import WORD_DROPOUT_STREAM
from imdb_gru.training.next_word.chunks import ReviewChunks
from imdb_gru.training.next_word.model import FULL_ROWS, KerasNextWordModel, build_stock_model
from imdb_gru.training.optimizer import build_optimizer
from imdb_gru.training.trainer import Figures, Trainer

CHECKPOINT_SECONDS = 300.0
"""Seconds between checkpoints within an epoch."""

IDS = tf.TensorSpec((None, None), tf.int32)


class NextWordTrainer(Trainer):
    """Trains a next-word model."""

    resumes_within_epochs: ClassVar[bool] = True
    config: NextWordConfig

    def __init__(self, config: NextWordConfig, corpus: Corpus, pretrained: PretrainedWeights | None = None) -> None:
        super().__init__(config, corpus)
        self.config = config
        size, fused = len(corpus.vocabulary), self.engine == "fused"
        self.model = KerasNextWordModel(
            config.model,
            size,
            fused=fused,
            precision=self.precision,
            samples=config.train.samples,
            seed=config.train.seed,
        )
        if pretrained:
            self.model.set_arrays(pretrained.weights)
        else:
            self.model.start_from_counts(np.bincount(corpus.train.ids, minlength=size))
        self.stock = build_stock_model(config.model, size)
        steps = sum(len(ReviewChunks(corpus.train, config, epoch)) for epoch in range(config.train.epochs))
        self.model.optimizer = build_optimizer(config.train, steps, clipped=False)
        self.optimizer.build(self.model.trainable_variables)
        states = [[tf.TensorSpec((None, config.model.units), tf.float32)] * count for count in self._count_states()]
        self._step = tf.function(self._take_step, input_signature=[IDS, IDS, states])
        self._validate = tf.function(self._validate_chunk, input_signature=[IDS, IDS, states])

    def _count_states(self) -> list[int]:
        """Return the number of state arrays in each recurrent layer."""
        return [CELLS[self.config.model.cell].state_parts] * self.config.model.layers

    def _start(self, batch: int) -> list[list[Any]]:
        return [[tf.zeros((batch, self.config.model.units))] * count for count in self._count_states()]

    def _take_step(self, ids: Any, targets: Any, states: Any) -> Any:
        """Update the weights with a chunk's gradients, and return the chunk's total loss and the final states."""
        rate = self.config.model.dropout.word
        step = tf.cast(self.optimizer.iterations.value, tf.int32)
        if rate:
            chance = tf.random.stateless_uniform(tf.shape(ids), [self.seed ^ WORD_DROPOUT_STREAM, step])
            ids = tf.where((chance < rate) & (ids >= FIRST_WORD), UNKNOWN, ids)
        found = self.model.compute_gradients(ids, targets, states, step)
        *dense, table = self._clip([*found.dense, found.table])
        self.optimizer.update_rows(self.model.table, found.rows, table)
        self.optimizer.apply(dense, self.model.dense_weights)
        return found.loss, found.ends

    def _clip(self, gradients: list[Any]) -> list[Any]:
        """Clip the gradients by their joint norm."""
        bound = self.config.train.clip_norm
        return gradients if bound is None else tf.clip_by_global_norm(gradients, bound)[0]

    def _validate_chunk(self, ids: Any, targets: Any, states: Any) -> Any:
        """Return a chunk's total loss under the full softmax, and the states after the chunk."""
        rows = tf.gather(self.model.table.value, ids)
        queries, ends = self.model.read(rows, ids != PAD, states, training=False)
        real = targets != PAD
        queries, targets = tf.boolean_mask(queries, real), tf.boolean_mask(targets, real)
        total = 0.0
        for start in tf.range(0, tf.shape(targets)[0], FULL_ROWS):
            rows = slice(start, start + FULL_ROWS)
            total += tf.reduce_sum(self.model.compute_loss_of_all(queries[rows], targets[rows]))
        return total, ends

    def train_epoch(self, stop: Stop, checkpoint: Callable[[], None]) -> Figures:
        """Train on the remaining batches of the epoch, saving checkpoints at regular intervals."""
        progress, chunks = self.progress, ReviewChunks(self.corpus.train, self.config, self.progress.epoch)
        title = f"epoch {progress.epoch + 1}/{self.config.train.epochs}"
        total = len(self.corpus.train.ids)
        with show_bar(total=total, initial=progress.words, desc=title, unit=" words") as bar:
            saved = time.monotonic()
            while progress.batch < len(chunks.batches) and not stop.is_set():
                loss, words = self._run_batch(chunks, progress.batch, self._step)
                progress.batch, progress.loss, progress.words = (
                    progress.batch + 1, progress.loss + loss, progress.words + words
                )  # fmt: skip
                bar.update(words)
                bar.set_postfix(perplexity=f"{compute_perplexity(loss / words):.0f}", refresh=False)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    checkpoint()
                    saved = time.monotonic()
        loss = progress.loss / max(1, progress.words)
        return {"loss": loss, "perplexity": compute_perplexity(loss)}

    def _run_batch(self, chunks: ReviewChunks, number: int, run: Callable[..., Any]) -> tuple[float, int]:
        """Process a batch chunk by chunk, carrying over the states; return its total loss and number of targets."""
        states, total = self._start(len(chunks.batches[number])), 0.0
        for chunk in chunks.cut(number):
            loss, states = run(chunk.ids, chunk.targets, states)
            total += float(loss)
        return total, chunks.count_words(number)

    def validate(self, stop: Stop) -> Figures | None:
        """Return the loss and perplexity on the validation reviews, or None if validation was stopped."""
        if not len(self.corpus.validation):
            return {}
        chunks = ReviewChunks(self.corpus.validation, self.config, None)
        bar = show_bar(range(len(chunks.batches)), desc="validation", unit=" batches")
        results = [self._run_batch(chunks, number, self._validate) for number in bar if not stop.is_set()]
        if stop.is_set():
            return None
        loss = sum(total for total, _ in results) / sum(words for _, words in results)
        return {"validation_loss": loss, "validation_perplexity": compute_perplexity(loss)}

    def finish_epoch(self, seconds: float) -> dict[str, int]:
        """Return the epoch's speed in words per second, and reset the counts for the next epoch."""
        progress = self.progress
        speed = round(progress.words / seconds)
        progress.batch, progress.loss, progress.words = 0, 0.0, 0
        return {"words_per_second": speed}

    def is_better(self, record: Epoch, best: Epoch) -> bool:
        """Return whether an epoch is at least as good as the best so far; always true without validation reviews."""
        return (record.validation_loss or 0.0) <= (best.validation_loss or 0.0)

    def list_arrays(self) -> list[Array]:
        """Return the weights in the order of `weights.npz`."""
        return self.model.get_arrays()  # type: ignore[no-any-return]

    def fill_stock(self) -> keras.Model:
        """Return the stock model with the current weights."""
        self.stock.set_weights(list_stock(self.list_arrays()))
        return self.stock
