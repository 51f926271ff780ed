"""Predictions printed to stdout: in colour in a terminal, as plain lines in a pipe, or as JSON."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imdb_gru.cli._messages import EventPrinter, say

if TYPE_CHECKING:
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.models.outputs import FileFormat
    from imdb_gru.models.prediction import Prediction
    from imdb_gru.models.texts import InputRow, TextReader


def show_predictions(
    classifier: "Classifier",
    reader: "TextReader",
    layout: "FileFormat",
    plot: Path | None,
    max_error: float | None = None,
) -> None:
    """Classify the texts, and print each prediction as it is made; if `plot` is a path, save a chart there."""
    from imdb_gru.models.bulk import begin_rows, predict_rows, tell
    from imdb_gru.models.counts import Counts
    from imdb_gru.models.outputs import PredictionWriter

    if max_error is not None:
        say(str(classifier.find_limit(max_error)))
    counts, timesteps = Counts(), layout.timesteps or plot is not None
    with reader.show_bar("predicting") as observe:
        rows = begin_rows(reader)
        writer = PredictionWriter(layout, reader, classifier.text.direction)
        for row, prediction in predict_rows(classifier, rows, timesteps, max_error, observe):
            counts.take(prediction)
            if plot:
                _draw(prediction, plot, str(classifier.run))
            with _hide_bar():
                if sys.stdout.isatty() and not layout.as_json:
                    _show(row, prediction, layout, sys.stdout)
                else:
                    writer.write(row, prediction, sys.stdout)
    tell(counts, classifier.text, [reader], EventPrinter())


def _hide_bar() -> contextlib.AbstractContextManager[None]:
    """Hide the progress bar while text is printed to a terminal."""
    if "tqdm" not in sys.modules or not sys.stdout.isatty():
        return contextlib.nullcontext()
    from tqdm import tqdm

    return tqdm.external_write_mode(sys.stdout)


def _draw(prediction: "Prediction", path: Path, run: str) -> None:
    from imdb_gru.report.timestep_chart import plot_timesteps

    assert prediction.probabilities is not None
    probabilities = prediction.probabilities.tolist()
    title = f"{run}: {prediction.text}"
    plot_timesteps(path, prediction.tokens, probabilities, title, prediction.direction)
    say(f"saved the chart as {path}")


def _show(row: "InputRow", prediction: "Prediction", layout: "FileFormat", stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    from imdb_gru.models.outputs import describe_place
    from imdb_gru.models.timesteps import iter_view
    from imdb_gru.system.escaping import neutralise

    console = Console(file=stream)
    headline = Text(f"{prediction.label} {prediction.probability:.4f}", style="bold")
    place = f"  {neutralise(describe_place(row))}" if layout.placed else ""
    text = f"{place}  {neutralise(prediction.text)}" if layout.many else ""
    console.print(headline + Text(text), no_wrap=True, overflow="ellipsis")
    if layout.timesteps:
        assert prediction.probabilities is not None
        probabilities = prediction.probabilities.tolist()
        for line in iter_view(prediction.tokens, probabilities, console, prediction.threshold, prediction.direction):
            console.print(line, no_wrap=line.no_wrap, overflow=line.overflow)
