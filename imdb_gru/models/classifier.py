"""Classifiers loaded from complete runs; they use NumPy, and nothing here loads TensorFlow or Keras."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imdb_gru.cells.cell import sigmoid
from imdb_gru.cells.network import Network
from imdb_gru.config.prediction import PredictionConfig, ReadingConfig
from imdb_gru.corpus.encoded import EncodedText, encode_text
from imdb_gru.engine.workers import map_ahead
from imdb_gru.errors import RunError
from imdb_gru.models import batches
from imdb_gru.models.precision import Precision, build_predictor, check_precision, choose_precision
from imdb_gru.models.prediction import Prediction
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.confidence import THRESHOLD, ConfidenceLimit, check_max_error, check_threshold
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import load_network
from imdb_gru.system.arrays import Array, Ids, Lengths
from imdb_gru.system.escaping import show_value
from imdb_gru.text.vocabulary import START_TOKEN, Vocabulary

if TYPE_CHECKING:
    from imdb_gru.config import Config, TextConfig
    from imdb_gru.engine.prediction import TimestepPredictor
    from imdb_gru.inspection import Inspection, StepInspection, TextDiff
    from imdb_gru.runs.calibration import Calibration


class Classifier:
    """A trained network, with the vocabulary and the truncation settings used in its training."""

    threshold = THRESHOLD
    """Lowest probability at which a text counts as positive."""
    precision: Precision = "auto"
    """The numerical precision of predictions; explanations are always computed in float32."""
    _predictor: "TimestepPredictor | None" = None

    def __init__(
        self,
        config: "Config | PredictionConfig",
        vocabulary: Vocabulary,
        network: Network,
        run: Run | None = None,
    ) -> None:
        self.run = run
        """Run that the model was loaded from, if any."""
        self._config = config
        self.vocabulary = vocabulary
        self.network = network

    @classmethod
    def load(cls, run: Run, threshold: float = THRESHOLD, precision: Precision = "auto") -> "Classifier":
        """Load a complete run, or raise `RunError` if its files do not fit together."""
        config, vocabulary = run.load_prediction_config(), run.load_vocabulary()
        network = load_network(run, config.model)
        if len(network.embedding) != len(vocabulary):
            raise RunError(
                f"{run} is damaged: its model has {len(network.embedding)} embeddings for {len(vocabulary)} ids"
            )
        classifier = cls(config, vocabulary, network, run)
        if not isinstance(config, PredictionConfig):
            classifier.calibration = run.load_calibration()
        return classifier.adapt(threshold, precision)

    def adapt(self, threshold: float, precision: Precision) -> "Classifier":
        """Return a copy that shares the weights but has the given threshold and precision.

        Raises `ValueError` if either is invalid, and `RunError` if the model or the CPU does not support the precision.
        """
        adapted = copy.copy(self)
        adapted.threshold, adapted.precision = check_threshold(threshold), check_precision(self.network, precision)
        return adapted

    @property
    def config(self) -> "Config":
        """The complete config; for the model in the package, it is read on first use."""
        if isinstance(self._config, PredictionConfig):
            assert self.run is not None
            self._config = self.run.load_config()
        return self._config

    @config.setter
    def config(self, config: "Config") -> None:
        self._config = config

    @cached_property
    def calibration(self) -> "Calibration | None":
        """The number of misclassified validation reviews above each confidence limit; None if it was not recorded."""
        return None if self.run is None else self.run.load_calibration()

    @property
    def text(self) -> "TextConfig | ReadingConfig":
        """Return the settings for truncation and for the direction in which texts are read."""
        return self._config.text

    def __repr__(self) -> str:
        """Return the name of the run, if any, and the layers."""
        name = "" if self.run is None else f"{str(self.run)!r}: "
        return f"Classifier({name}{self.config.model.brief})"

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickling; omit the engine's copy of the weights, which is large but quick to rebuild."""
        return {name: value for name, value in vars(self).items() if name != "_predictor"}

    def predict(self, text: str, *, timesteps: bool = False, max_error: float | None = None) -> Prediction:
        """Predict whether a text is positive or negative; with `timesteps`, also predict after each word.

        With a `max_error` such as 0.05, the label is "unsure" if its confidence is too low for this error rate; see
        `find_limit`. Raises `TypeError` if the text is not a string, and `RunError` if `timesteps` is requested and the
        model is bidirectional.
        """
        text = _check_one(text, "predict", ": use predict_many for several texts")
        (prediction,) = self.predict_many([text], timesteps=timesteps, max_error=max_error)
        return prediction

    def inspect(self, text: str) -> "Inspection":
        """Explain what the network does with a text: gates, gradients and contributions, word by word."""
        from imdb_gru.inspection import inspect_text

        return inspect_text(self, _check_one(text, "inspect"))

    def inspect_step(
        self, text: str, *, word: int | None = None, unit: int | None = None, layer: int | None = None
    ) -> "StepInspection":
        """Show how one unit's state at one word is computed: the equations with their values, and the largest terms.

        Word 0 is the start token, and word 1 is the first word that the model reads; the default is the last word
        that it reads. Units are numbered from 0 to U−1; the default is the unit whose hidden state changes most. Layers
        are numbered from 1; the default is the last layer. The result also holds all terms of each sum: `(E,)` for the
        inputs and `(U,)` for the previous state. Raises `ValueError` if `word`, `unit` or `layer` is out of range.
        """
        from imdb_gru.inspection import inspect_step

        return inspect_step(self, _check_one(text, "inspect_step"), word=word, unit=unit, layer=layer)

    def inspect_diff(self, text: str, other: str) -> "TextDiff":
        """Compare what the network does with two texts, word by word.

        The words are aligned: each row of the result is a word of the first text, of the second, or of both. For each
        text, the result holds an `Inspection` with the probability after each word, `(T,)`, and the contributions,
        `(T,)`.
        """
        from imdb_gru.inspection import inspect_diff

        return inspect_diff(self, _check_one(text, "inspect_diff"), _check_one(other, "inspect_diff"))

    def predict_many(
        self,
        texts: Iterable[str],
        *,
        timesteps: bool = False,
        max_error: float | None = None,
        observe: Callable[[int], object] | None = None,
        continued: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each text in order, using all cores and constant memory.

        With `timesteps`, each prediction holds the probability after each token. With a `max_error` such as 0.05, a
        label is "unsure" if its confidence is too low for this error rate; see `find_limit`. `observe` is called with
        the number of newly predicted texts, before their predictions are yielded. Set `continued` to True if an earlier
        call has predicted other texts of the same input: the precision is then the one used for many texts (see
        `Precision`), even if `texts` has only a few. Raises `TypeError` if `texts` is a string or contains
        anything other than strings, and `RunError` if `timesteps` is requested and the model is bidirectional.
        """
        if isinstance(texts, str):
            raise TypeError(
                f"predict_many takes several texts, but got only one ({show_value(texts)}): use predict instead"
            )
        limit = 0.0 if max_error is None else self.find_limit(max_error).confidence
        return self._predict_many(texts, limit, timesteps=timesteps, observe=observe, continued=continued)

    def find_limit(self, max_error: float) -> ConfidenceLimit:
        """Return the confidence limit above which the share of wrong predictions is at most `max_error`.

        The limit holds at a confidence level of 90 % for texts like the validation reviews. Raises `ValueError` if
        `max_error` is not between 0 and 0.5, or if the model's threshold is not 0.5, because errors were counted only
        for a threshold of 0.5. Raises `RunError` if the run has no record of errors on validation reviews, or if these
        reviews are too few, or contain too many errors, to guarantee this share.
        """
        from imdb_gru.runs.calibration import require_limit

        max_error = check_max_error(max_error)
        if self.threshold != THRESHOLD:
            raise ValueError(
                f"max_error cannot be used with the threshold {self.threshold:g}: use the threshold {THRESHOLD}, "
                "for which the errors on the validation reviews were counted"
            )
        return require_limit(self.calibration, max_error, str(self.run or "the model"))

    def _predict_many(
        self,
        texts: Iterable[str],
        limit: float,
        *,
        timesteps: bool,
        observe: Callable[[int], object] | None,
        continued: bool,
    ) -> Iterator[Prediction]:
        if timesteps:
            self.check_timesteps()
        chunks = enumerate(self._iter_chunks(iter(texts)))
        compute: Callable[..., Any] = self.predict_timesteps if timesteps else self.predict_ids

        def work(numbered: tuple[int, list[EncodedText]]) -> Any:
            number, chunk = numbered
            many = continued or number > 0 or len(chunk) == batches.CHUNK
            return compute([row.ids for row in chunk], observe, many=many)

        for (_, chunk), results in map_ahead(work, chunks):
            for row, result in zip(chunk, results, strict=True):
                yield Prediction(
                    row.text,
                    float(result[-1] if timesteps else result),
                    words=row.words,
                    read=row.read,
                    unknown=row.unknown,
                    doubt=row.doubt,
                    confidence_limit=limit,
                    tokens=(START_TOKEN, *row.kept) if timesteps else (),
                    probabilities=result if timesteps else None,
                    threshold=self.threshold,
                    direction=self.text.direction,
                )

    def _iter_chunks(self, texts: Iterator[str]) -> Iterator[list[EncodedText]]:
        while chunk := [self.encode(_check_text(text)) for text in batches.take_chunk(texts)]:
            yield chunk

    def encode(self, text: str) -> EncodedText:
        """Tokenize, truncate and encode a text."""
        return encode_text(text, self.vocabulary, self.text)

    def check_timesteps(self) -> None:
        """Raise `RunError` if the model is bidirectional: such a model gives a probability only after the last word."""
        if self.network.bidirectional:
            raise RunError(
                "the model of this run is bidirectional, so it gives no probability before the last word: "
                "leave out --timesteps, or choose another run with --run"
            )

    def predict_ids(
        self, sequences: Sequence[Ids], observe: Callable[[int], object] | None = None, *, many: bool = False
    ) -> Array:
        """Return the probability of positive for each sequence of ids, `(N,)` float32.

        If `many` is true, use the precision for many texts (see `Precision`), even if there are only a few sequences.
        """
        predictor = self._choose_predictor(sequences, many)

        def compute(ids: Ids, lengths: Lengths) -> Array:
            if predictor is None:
                return self.network.predict(ids, lengths)
            return sigmoid(predictor.predict_logits(ids, lengths)[np.arange(len(ids)), lengths - 1])

        probabilities = np.empty(len(sequences), np.float32)
        for rows, _, results in batches.map_sorted(compute, sequences, observe):
            probabilities[rows] = results
        return probabilities

    def predict_timesteps(
        self, sequences: Sequence[Ids], observe: Callable[[int], object] | None = None, *, many: bool = False
    ) -> list[Array]:
        """Return, for each sequence of ids, the probability of positive after each timestep, `(T,)` float32."""
        predictor = self._choose_predictor(sequences, many)

        def compute(ids: Ids, lengths: Lengths) -> Array:
            if predictor is None:
                return self.network.predict_timesteps(ids, lengths)
            return sigmoid(predictor.predict_logits(ids, lengths))

        probabilities: list[Array] = [np.empty(0, np.float32)] * len(sequences)
        for rows, lengths, results in batches.map_sorted(compute, sequences, observe):
            for row, curve, length in zip(rows, results, lengths, strict=True):
                probabilities[row] = curve[:length].copy()
        return probabilities

    def _choose_predictor(self, sequences: Sequence[Ids], many: bool) -> "TimestepPredictor | None":
        """Return the engine's predictor, or None if NumPy is fast enough or the engine does not support the network."""
        precision = choose_precision(self.network, self.precision, sum(map(len, sequences)), many=many)
        if precision is None:
            return None
        if self._predictor is None or self._predictor.precision != precision:
            check_precision(self.network, precision)
            self._predictor = build_predictor(self.network, precision)
        return self._predictor


def load(
    run: str | Path | Run | None = None, *, threshold: float = THRESHOLD, precision: Precision = "auto"
) -> Classifier:
    """Load a classifier from a `Run`, from the path of a run, or, if `run` is "bundled", from the package.

    If `run` is None, load the newest complete run under `runs/` or, if there is none, the model in the package. With
    precision "int8", prediction is several times faster, and each probability differs by less than 0.02 from its
    float32 value. "auto" means int8 if there are many texts and the CPU and the model allow it, and float32 otherwise.
    Raises `RunError` if the run is missing, incomplete or damaged, or if int8 is requested but impossible.
    """
    if not isinstance(run, Run):
        run = find_run(run)
    return Classifier.load(run, threshold, precision)


def _check_one(text: object, method: str, advice: str = "") -> str:
    if not isinstance(text, str):
        takes = "two texts" if method == "inspect_diff" else "one text"
        raise TypeError(f"{method} takes {takes}, but got {show_value(text)}{advice}")
    return text


def _check_text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"predict_many takes strings, but one of the texts is {show_value(text)}")
    return text
