"""A complete run as a next-word model, in NumPy: nothing here loads TensorFlow or Keras."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imdb_gru.cells.next_word import NextWordNetwork
from imdb_gru.config import NextWordConfig
from imdb_gru.corpus.encoded import EncodedText, encode_text, pad, pad_targets
from imdb_gru.engine.workers import open_pool
from imdb_gru.errors import RunError
from imdb_gru.models.classifier import cut_batches
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import load_next_word_network
from imdb_gru.system.arrays import Array, Ids, Rows
from imdb_gru.text.vocabulary import PAD, START, START_TOKEN, UNKNOWN, Vocabulary


class LikelyToken(NamedTuple):
    """A token that may come next."""

    token: str
    probability: float


class Timestep(NamedTuple):
    """What a model expected after a token, and what came."""

    token: str
    next_token: str | None
    """None after the text's last token, as are the two figures of it."""
    rank: int | None
    """Of the next token among all, 1 for the likeliest."""
    probability: float | None
    likeliest: list[LikelyToken]


@dataclass(frozen=True)
class Sampling:
    """How generated words are chosen."""

    temperature: float = 1.0
    """Below 1 the likely words come more often than the model says; 0 takes the likeliest always."""
    top: int | None = None
    """Choose among so many of the likeliest only; None among all."""
    seed: int = 0


class NextWordModel:
    """A trained network with the vocabulary and the truncation it was trained with."""

    def __init__(
        self, config: NextWordConfig, vocabulary: Vocabulary, network: NextWordNetwork, run: Run | None = None
    ) -> None:
        self.run = run
        """The run that holds it, if one does."""
        self.config = config
        self.vocabulary = vocabulary
        self.network = network

    @classmethod
    def load(cls, run: Run) -> "NextWordModel":
        """Open a complete run; raises `RunError` where its files do not fit together."""
        config, vocabulary = run.load_next_word_config(), run.load_vocabulary()
        network = load_next_word_network(run, config.model)
        if not len(network.embedding) == len(network.bias) == len(vocabulary):
            raise RunError(
                f"{run} is damaged: its model has {len(network.embedding)} embeddings and "
                f"{len(network.bias)} biases for {len(vocabulary)} ids"
            )
        return cls(config, vocabulary, network, run)

    def __repr__(self) -> str:
        """Name the run and describe the layers."""
        return f"NextWordModel({str(self.run)!r}: {self.config.model.brief})"

    @property
    def choices(self) -> int:
        """Count the tokens that can come next: all but pad."""
        return len(self.vocabulary) - 1

    def encode(self, text: str) -> EncodedText:
        """Tokenize, truncate and encode a text."""
        return encode_text(text, self.vocabulary, self.config.text)

    def predict(self, ids: Ids) -> Array:
        """Return the log-probability of every id after each of a sequence's ids, `(T, V)`; that of pad is −∞."""
        return self.network.compute_log_probabilities(self._read(ids))

    def predict_last(self, ids: Ids) -> Array:
        """Return the log-probability of every id after a sequence, `(V,)`."""
        last: Array = self.network.compute_log_probabilities(self._read(ids)[-1:])[0]
        return last

    def _read(self, ids: Ids) -> Array:
        queries: Array = self.network.read(ids[None], np.array([len(ids)]))[0]
        return queries

    def find_likeliest(self, log_probabilities: Array, count: int) -> list[LikelyToken]:
        """Return the likeliest tokens, `count` of them at most, given the log-probabilities `(V,)`."""
        chosen = choose_likeliest(log_probabilities, min(count, self.choices))
        return [LikelyToken(self.vocabulary.name_next(id), math.exp(log_probabilities[id])) for id in chosen.tolist()]

    def follow(self, text: EncodedText, count: int) -> tuple[list[Timestep], float | None]:
        """Return every timestep of a text with its `count` likeliest tokens, and the perplexity of its words.

        The perplexity of no words is None. A word that the vocabulary does not hold counts as the unknown one.
        """
        log_probabilities = self.predict(text.ids)
        targets = text.ids[1:]
        own = log_probabilities[np.arange(len(targets)), targets]
        ranks = 1 + (log_probabilities[:-1] > own[:, None]).sum(axis=1)
        came = [*zip(text.kept, ranks.tolist(), np.exp(own).tolist(), strict=True), (None, None, None)]
        steps = [
            Timestep(token, *next_token, self.find_likeliest(row, count))
            for token, next_token, row in zip((START_TOKEN, *text.kept), came, log_probabilities, strict=True)
        ]
        return steps, compute_perplexity(-float(own.mean(dtype=np.float64))) if len(own) else None

    def generate(self, ids: Ids, count: int, sampling: Sampling) -> Iterator[LikelyToken]:
        """Yield up to `count` words that go on from a sequence, none of them unknown; ends where the review ends.

        The probabilities are the model's own, whatever the sampling.
        """
        rng = np.random.default_rng(sampling.seed)
        states = self.network.start(1)
        for id in ids[:-1]:
            _, states = self.network.step(np.array([id]), states)
        last = int(ids[-1])
        for _ in range(count):
            queries, states = self.network.step(np.array([last]), states)
            log_probabilities = self.network.compute_log_probabilities(queries)[0]
            last = _draw(log_probabilities, sampling, rng)
            if last == START:
                return
            yield LikelyToken(self.vocabulary.name_next(last), math.exp(log_probabilities[last]))

    def iter_losses(self, sequences: Sequence[Ids]) -> Iterator[tuple[Rows, Array]]:
        """Yield the rows of some sequences and the sum of each one's losses, its end counted; on all cores."""
        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        batches = cut_batches(lengths)

        def work(rows: Rows) -> Array:
            chosen = [sequences[row] for row in rows]
            ids, targets = pad(chosen), pad_targets(chosen)
            real = targets != PAD
            losses = np.zeros(ids.shape, np.float32)
            losses[real] = self.network.compute_losses(self.network.read(ids, lengths[rows])[real], targets[real])
            summed: Array = losses.sum(axis=1)
            return summed

        yield from zip(batches, open_pool().map(work, batches), strict=True)


def load_next_word(run: str | Path | Run | None = None) -> NextWordModel:
    """Load a next-word model: a run or its path, or `bundled` for the model in the package.

    Without a run, it is the newest complete next-word model under `runs/`, else the one in the package. Raises
    `RunError`.
    """
    if not isinstance(run, Run):
        run = find_run(None if run is None else Path(run).expanduser(), "next_word")
    return NextWordModel.load(run)


def choose_likeliest(log_probabilities: Array, count: int) -> Rows:
    """Return the ids of the `count` greatest log-probabilities, the greatest first."""
    chosen = np.sort(np.argpartition(-log_probabilities, count - 1)[:count])
    ordered: Rows = chosen[np.argsort(-log_probabilities[chosen], kind="stable")]
    return ordered


def _draw(log_probabilities: Array, sampling: Sampling, rng: np.random.Generator) -> int:
    """Draw the next id, never unknown: the greatest of logits with Gumbel noise is a draw from their softmax."""
    logits = log_probabilities.astype(np.float64)
    logits[UNKNOWN] = -np.inf
    if sampling.temperature == 0:
        return int(logits.argmax())
    if sampling.top is not None and sampling.top < len(logits):
        logits[np.argpartition(-logits, sampling.top)[sampling.top :]] = -np.inf
    with np.errstate(over="ignore"):  # a temperature near 0 leaves the likeliest alone
        logits = (logits - logits.max()) / sampling.temperature
    return int((logits + rng.gumbel(size=len(logits))).argmax())


def compute_perplexity(loss: float) -> float:
    """Return exp of a mean loss in nats."""
    return math.exp(min(loss, 700.0))
