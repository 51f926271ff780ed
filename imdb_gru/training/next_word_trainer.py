"""Own the training of a next-word model: truncated backpropagation through time, perplexity, checkpoints."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from imdb_gru.config import NextWordConfig
from imdb_gru.language import compute_perplexity
from imdb_gru.run import Run
from imdb_gru.stopping import build_stop
from imdb_gru.text.corpus import Corpus
from imdb_gru.text.vocabulary import FIRST_WORD, PAD, UNKNOWN
from imdb_gru.training.batches import WORD_DROPOUT_STREAM
from imdb_gru.training.chunks import ReviewChunks
from imdb_gru.training.next_word import FULL_ROWS, NextWordModel, build_stock_model
from imdb_gru.training.observers import Record, open_tensorboard, stop_on_signals
from imdb_gru.training.optimizer import build_optimizer
from imdb_gru.training.training import Training
from imdb_gru.weights import list_stock, save_arrays
from imdb_gru.writing import write_atomically

CHECKPOINT_SECONDS = 300.0
"""Between two checkpoints within an epoch."""

IDS = tf.TensorSpec((None, None), tf.int32)


class NextWordTrainer(Training):
    """A next-word model in training."""

    def __init__(self, run: Run, config: NextWordConfig, corpus: Corpus) -> None:
        super().__init__(run, config, corpus)
        self.config = config
        size, fused = len(corpus.vocabulary), self.engine == "fused"
        self.model = NextWordModel(
            config.model,
            size,
            fused=fused,
            bfloat16=self.precision == "bfloat16",
            samples=config.train.samples,
            seed=config.train.seed,
        )
        self.model.start_from_counts(np.bincount(corpus.train.ids, minlength=size))
        self.stock = build_stock_model(config.model, size)
        steps = sum(len(ReviewChunks(corpus.train, config, epoch)) for epoch in range(config.train.epochs))
        self.model.optimizer = build_optimizer(config.train, steps, clipped=False)
        self.optimizer.build(self.model.trainable_variables)
        states = [[tf.TensorSpec((None, config.model.units), tf.float32)] * count for count in self._count_states()]
        self._step = tf.function(self._take_step, input_signature=[IDS, IDS, states])
        self._judge = tf.function(self._judge_chunk, input_signature=[IDS, IDS, states])

    def _count_states(self) -> list[int]:
        """Count the states that each recurrent layer goes on from."""
        return [2 if self.config.model.cell == "lstm" else 1] * self.config.model.layers

    def _start(self, batch: int) -> list[list[Any]]:
        return [[tf.zeros((batch, self.config.model.units))] * count for count in self._count_states()]

    def _take_step(self, ids: Any, targets: Any, states: Any) -> Any:
        """Update the weights by a chunk; return its losses' sum and the states after it."""
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
        """Bound the norm of all gradients together."""
        bound = self.config.train.clip_norm
        return gradients if bound is None else tf.clip_by_global_norm(gradients, bound)[0]

    def _judge_chunk(self, ids: Any, targets: Any, states: Any) -> Any:
        """Return the sum of a chunk's losses among all words, and the states after it."""
        rows = tf.gather(self.model.table.value, ids)
        queries, ends = self.model.read(rows, ids != PAD, states, training=False)
        real = targets != PAD
        queries, targets = tf.boolean_mask(queries, real), tf.boolean_mask(targets, real)
        total = 0.0
        for start in tf.range(0, tf.shape(targets)[0], FULL_ROWS):
            rows = slice(start, start + FULL_ROWS)
            total += tf.reduce_sum(self.model.compute_loss_of_all(queries[rows], targets[rows]))
        return total, ends

    def train(self, report_epoch: Callable[[Record], None]) -> Record:
        """Train what is left and complete the run; return its final figures.

        Ctrl-C or SIGTERM ends the training after the batch at hand, which a resumed training goes on from. Stopped
        before the first epoch is done, the run stays in progress: `KeyboardInterrupt`.
        """
        progress = self.progress
        self._begin()
        with stop_on_signals() as self.stop, open_tensorboard(self.run, self.config.train.tensorboard) as log:
            while progress.epoch < self.config.train.epochs:
                self._train_epoch()
                validation = self._validate()
                if self.stop.is_set():
                    self._save_checkpoint()
                    break
                record = self._finish_epoch(validation)
                report_epoch(record)
                log(record)
        if not progress.best:
            raise build_stop(self.stop.exit_code)
        return self._complete(interrupted=self.stop.is_set())

    def _train_epoch(self) -> None:
        """Train the batches that are left of the epoch, with a checkpoint now and then."""
        progress, chunks = self.progress, ReviewChunks(self.corpus.train, self.config, self.progress.epoch)
        title = f"epoch {progress.epoch + 1}/{self.config.train.epochs}"
        total = len(self.corpus.train.ids)
        with tqdm(total=total, initial=progress.words, desc=title, unit=" words", disable=None, leave=False) as bar:
            saved = started = time.monotonic()
            while progress.batch < len(chunks.batches) and not self.stop.is_set():
                loss, words = self._run_batch(chunks, progress.batch, self._step)
                progress.batch, progress.loss, progress.words = (
                    progress.batch + 1, progress.loss + loss, progress.words + words
                )  # fmt: skip
                bar.update(words)
                bar.set_postfix(perplexity=f"{compute_perplexity(loss / words):.0f}", refresh=False)
                now = time.monotonic()
                progress.seconds, started = progress.seconds + now - started, now
                if now - saved > CHECKPOINT_SECONDS:
                    self._save_checkpoint()
                    saved = time.monotonic()

    def _run_batch(self, chunks: ReviewChunks, number: int, run: Callable[..., Any]) -> tuple[float, int]:
        """Run a batch chunk by chunk, the states carried along; return its losses' sum and its count of targets."""
        states, total = self._start(len(chunks.batches[number])), 0.0
        for chunk in chunks.cut(number):
            loss, states = run(chunk.ids, chunk.targets, states)
            total += float(loss)
        return total, chunks.count_words(number)

    def _finish_epoch(self, validation: Record) -> Record:
        """Keep the epoch where it is the best, and write it down."""
        progress = self.progress
        loss = progress.loss / progress.words
        figures = {"loss": loss, "perplexity": compute_perplexity(loss), **validation}
        progress.epoch += 1
        record: Record = {"epoch": progress.epoch, **{key: round(figures[key], 6) for key in figures}}
        self._check_finite(record)
        spent = sum(old["seconds"] for old in self.run.load_history() if old["epoch"] < progress.epoch)
        seconds = progress.seconds - spent
        record |= {
            "words_per_second": round(progress.words / seconds),
            "learning_rate": float(self.optimizer.learning_rate),
            "seconds": round(seconds, 2),
        }
        progress.batch, progress.loss, progress.words = 0, 0.0, 0
        if not progress.best or record.get("validation_loss", 0.0) <= progress.best.get("validation_loss", 0.0):
            progress.best_epoch, progress.best = progress.epoch, record
            self._save_model()
        self._append_history(record)
        self._save_checkpoint()
        return record

    def _validate(self) -> Record:
        """Judge the epoch; return nothing where there are no held-out reviews, or where it was stopped."""
        if not len(self.corpus.validation):
            return {}
        started = time.monotonic()
        chunks = ReviewChunks(self.corpus.validation, self.config, None)
        bar = tqdm(range(len(chunks.batches)), desc="held-out", unit=" batches", disable=None, leave=False)
        results = [self._run_batch(chunks, number, self._judge) for number in bar if not self.stop.is_set()]
        if self.stop.is_set():
            return {}
        self.progress.seconds += time.monotonic() - started
        loss = sum(total for total, _ in results) / sum(words for _, words in results)
        return {"validation_loss": loss, "validation_perplexity": compute_perplexity(loss)}

    def _save_model(self) -> None:
        arrays = self.model.get_arrays()
        self.stock.set_weights(list_stock(arrays))
        with write_atomically(self.run.model_path) as temporary:
            self.stock.save(temporary)
        save_arrays(self.run, arrays)
