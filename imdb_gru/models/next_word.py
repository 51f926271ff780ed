"""Next-word models loaded from complete runs; they use NumPy, and nothing here loads TensorFlow or Keras."""

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
from imdb_gru.models.batches import cut_batches
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import load_next_word_network
from imdb_gru.system.arrays import Array, Ids, Rows
from imdb_gru.text.direction import reorder
from imdb_gru.text.tokenizer import find_spaces, join_tokens
from imdb_gru.text.vocabulary import PAD, START, START_TOKEN, UNKNOWN, Vocabulary


class LikelyToken(NamedTuple):
    """A token that may come next in reading order; for a backward model, "next" means the previous word of the text."""

    token: str
    probability: float


class Timestep(NamedTuple):
    """A token, the predictions for the next token, and the actual next token; "next" means next in reading order."""

    token: str
    next_token: str | None
    """The actual next token. At the last timestep, `next_token`, `rank` and `probability` are None."""
    rank: int | None
    """Rank of the actual next token among all tokens; the likeliest token has rank 1."""
    probability: float | None
    """Predicted probability of the actual next token."""
    likeliest: list[LikelyToken]


@dataclass(frozen=True)
class Sampling:
    """The settings for sampling generated words."""

    temperature: float = 1.0
    """Divisor of the logits: values below 1 favour likely words, and 0 always chooses the likeliest word."""
    top: int | None = None
    """Sample only from this many of the likeliest words; if None, sample from all words."""
    seed: int = 0


class NextWordModel:
    """A trained network, with the vocabulary and the truncation settings used in its training."""

    def __init__(
        self, config: NextWordConfig, vocabulary: Vocabulary, network: NextWordNetwork, run: Run | None = None
    ) -> None:
        self.run = run
        """Run that the model was loaded from, if any."""
        self.config = config
        self.vocabulary = vocabulary
        self.network = network

    @classmethod
    def load(cls, run: Run) -> "NextWordModel":
        """Load a complete run, or raise `RunError` if its files do not fit together."""
        config, vocabulary = run.load_next_word_config(), run.load_vocabulary()
        network = load_next_word_network(run, config.model)
        if not len(network.embedding) == len(network.bias) == len(vocabulary):
            raise RunError(
                f"{run} is damaged: its model has {len(network.embedding)} embeddings and "
                f"{len(network.bias)} biases for {len(vocabulary)} ids"
            )
        return cls(config, vocabulary, network, run)

    def __repr__(self) -> str:
        """Return the name of the run and the layers."""
        return f"NextWordModel({str(self.run)!r}: {self.config.model.brief})"

    @property
    def choices(self) -> int:
        """Return the number of tokens that can come next: all except padding."""
        return len(self.vocabulary) - 1

    def encode(self, text: str) -> EncodedText:
        """Tokenize, truncate and encode a text."""
        return encode_text(text, self.vocabulary, self.config.text)

    def predict(self, ids: Ids) -> Array:
        """Return, for every timestep, the log-probability that each id comes next, `(T, V)`; it is −∞ for padding."""
        return self.network.compute_log_probabilities(self._read(ids))

    def predict_last(self, ids: Ids) -> Array:
        """Return the log-probability that each id comes next after a sequence, `(V,)`."""
        last: Array = self.network.compute_log_probabilities(self._read(ids)[-1:])[0]
        return last

    def _read(self, ids: Ids) -> Array:
        queries: Array = self.network.read(ids[None], np.array([len(ids)]))[0]
        return queries

    def find_likeliest(self, log_probabilities: Array, count: int) -> list[LikelyToken]:
        """Return up to `count` of the likeliest tokens, given the log-probabilities `(V,)`."""
        chosen = choose_likeliest(log_probabilities, min(count, self.choices))
        return [LikelyToken(self.vocabulary.name_next(id), math.exp(log_probabilities[id])) for id in chosen.tolist()]

    def follow(self, text: EncodedText, count: int) -> tuple[list[Timestep], float | None]:
        """Return every timestep of a text with its `count` likeliest next tokens, and the perplexity of the text.

        The perplexity is None if the text has no words. A word outside the vocabulary counts as the unknown word.
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
        """Yield up to `count` known words that continue a sequence; stop when the model ends the review.

        A backward model continues towards the beginning of the review: its words precede the text, and are yielded
        from last to first.

        The yielded probabilities are computed before temperature and `top` are applied.
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

    def write(self, text: EncodedText, generated: Sequence[LikelyToken]) -> str:
        """Return generated words as a string to append to the text, or to put before it if the model is backward."""
        direction = self.config.text.direction
        tokens = reorder([candidate.token for candidate in generated], direction)
        if direction == "forward":
            return join_tokens(tokens, text.text)
        spaces = list(find_spaces([*tokens, *text.kept[-1:]]))  # the last word read is the first word of the text
        return join_tokens(tokens) + " " * any(spaces[len(tokens) :])

    def iter_losses(self, sequences: Sequence[Ids]) -> Iterator[tuple[Rows, Array]]:
        """For each batch, yield its row numbers and the total loss of each sequence; the end counts as a word."""
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
    """Load a next-word model from a `Run`, from the path of a run, or, if `run` is "bundled", from the package.

    If `run` is None, load the newest complete next-word model under `runs/` or, if there is none, the next-word model
    in the package. Raises `RunError` if the run is missing, incomplete or damaged.
    """
    if not isinstance(run, Run):
        run = find_run(run, "next_word")
    return NextWordModel.load(run)


def choose_likeliest(log_probabilities: Array, count: int) -> Rows:
    """Return the `count` ids with the highest log-probabilities, highest first."""
    chosen = np.sort(np.argpartition(-log_probabilities, count - 1)[:count])
    ordered: Rows = chosen[np.argsort(-log_probabilities[chosen], kind="stable")]
    return ordered


def _draw(log_probabilities: Array, sampling: Sampling, rng: np.random.Generator) -> int:
    """Sample the next id, but never the unknown word. The argmax of logits plus Gumbel noise is softmax-distributed."""
    logits = log_probabilities.astype(np.float64)
    logits[UNKNOWN] = -np.inf
    if sampling.temperature == 0:
        return int(logits.argmax())
    if sampling.top is not None and sampling.top < len(logits):
        logits[np.argpartition(-logits, sampling.top)[sampling.top :]] = -np.inf
    with np.errstate(over="ignore"):  # near temperature 0, all logits but the highest become −∞
        logits = (logits - logits.max()) / sampling.temperature
    return int((logits + rng.gumbel(size=len(logits))).argmax())


def compute_perplexity(loss: float) -> float:
    """Return the perplexity: the exponential of a mean loss in nats."""
    return math.exp(min(loss, 700.0))
