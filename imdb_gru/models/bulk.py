"""Bulk prediction: reading texts from files, writing predictions to files, and resuming after an interruption."""

import io
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from imdb_gru.config.prediction import ReadingConfig
from imdb_gru.corpus.encoded import EncodedText
from imdb_gru.errors import DataError
from imdb_gru.models import batches
from imdb_gru.models.classifier import Classifier, load
from imdb_gru.models.counts import Counts
from imdb_gru.models.inputs import TableFiles, list_names, open_input
from imdb_gru.models.outputs import PredictionWriter, Target, explain_failure, open_output, plan_targets
from imdb_gru.models.prediction import Prediction
from imdb_gru.models.texts import InputRow, TextReader
from imdb_gru.runs.run import Run
from imdb_gru.system.partial import open_partial

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig, TextConfig
    from imdb_gru.events import Observer
    from imdb_gru.inspection import Inspection

ReadText = TypeVar("ReadText", Prediction, "Inspection", EncodedText)
"""The type of a result for one text; the type implements `Seen`, so that `Counts` can count the results."""


def predict_file(
    texts: "str | Path | DataConfig | Sequence[str] | TextReader",
    output: str | Path,
    *,
    model: str | Path | Run | Classifier | None = None,
    timesteps: bool = False,
    max_error: float | None = None,
    as_json: bool = False,
    resume: bool = False,
    observer: "Observer | None" = None,
) -> Counts:
    """Classify the given texts or the texts in files, write the predictions to a file, and return counts of the texts.

    `texts` is a table, a file with one text per line, a folder or a glob of tables, a `DataConfig` that also names the
    table's text column, or the texts themselves. If `output` ends in .csv, .tsv or .jsonl, predictions are written in
    that format, together with the other columns of the table; otherwise, they are written as plain lines. Predictions
    for several tables are written to one file per table if `output` is a folder, and otherwise to a single file, which
    also records the table and row of each text. With a `max_error` such as 0.05, a label is "unsure" if its confidence
    is too low for this error rate, as in `Classifier.predict_many`.

    An output file appears only once it is complete. With `resume`, finished predictions are stored in a file next to
    `output`; if the process is stopped or killed, repeating the call resumes from them. Raises `DataError` if the input
    cannot be read or the output cannot be written, and `RunError` if the model cannot be loaded. If `output` is a
    folder and some of the tables are unreadable, the error is raised after the readable tables have been processed.
    """
    from imdb_gru.events import Notice, ignore

    observer, output = observer or ignore, str(Path(output).expanduser()) + "/" * str(output).endswith("/")
    reader = texts if isinstance(texts, TextReader) else _open_reader(texts, Path(output), observer)
    targets = plan_targets(reader, output, as_json=as_json, timesteps=timesteps)
    if resume and not (reader.path and all(map(_can_resume, targets))):
        raise DataError("--resume needs --input FILE and --output FILE, and both must be regular files")
    failures = _find_failures(reader, targets, observer)
    classifier = model if isinstance(model, Classifier) else load(model)
    if max_error is not None:
        observer(Notice(str(classifier.find_limit(max_error))))
    counts = Counts()
    for target in targets:
        if target.reader.path not in failures:
            if target.one_of_several:
                with explain_failure(target.path):
                    target.path.parent.mkdir(parents=True, exist_ok=True)
            counts.add(
                _resume(classifier, target, max_error, observer) if resume else _write(classifier, target, max_error)
            )
    tell(counts, classifier.text, [target.reader for target in targets], observer)
    if failures:
        advice = "; to resume with these files, repeat the command" if resume else ""
        raise DataError(
            f"{len(failures)} of {len(targets)} files could not be read and have no predictions: "
            f"{list_names([*failures])}; the predictions for the others are in {output}{advice}"
        )
    for target in targets if resume else ():
        _name_partial(target).unlink()
    return counts


def _open_reader(texts: "str | Path | DataConfig | Sequence[str]", output: Path, observer: "Observer") -> TextReader:
    from imdb_gru.config import DataConfig

    if isinstance(texts, str | Path):
        texts = DataConfig(path=str(texts))
    if not isinstance(texts, DataConfig):
        return TextReader(texts)
    path = None if texts.path is None else str(Path(texts.path).expanduser())
    return open_input((), texts.model_copy(update={"path": path}), output, observer)


def _can_resume(target: Target) -> bool:
    return all(path.is_file() for path in target.reader.files) and (target.path.is_file() or not target.path.exists())


def _find_failures(reader: TextReader, targets: Sequence[Target], observer: "Observer") -> dict[Path, str]:
    """Return, for each unreadable table, the reason why it is skipped.

    Raises `DataError` if all tables are unreadable, or if some are and the predictions for all tables go to one file.
    """
    if not isinstance(reader, TableFiles):
        return {}
    if len(reader.failures) == len(targets) or targets[0].reader is reader:
        reader.check()
        return {}
    from imdb_gru.events import Notice

    for reason in reader.failures.values():
        observer(Notice(f"left out: {reason}"))
    return reader.failures


def _write(classifier: Classifier, target: Target, max_error: float | None) -> Counts:
    """Classify a target's texts, write the predictions to the target's file, and return counts of the texts."""
    counts, reader = Counts(), target.reader
    with open_output(target.path) as stream, reader.show_bar("predicting") as observe:
        rows = begin_rows(reader)
        writer = PredictionWriter(target.layout, reader, classifier.text.direction)
        writer.begin(stream)
        for row, prediction in predict_rows(classifier, rows, target.layout.timesteps, max_error, observe):
            counts.take(prediction)
            writer.write(row, prediction, stream)
    return counts


def _resume(classifier: Classifier, target: Target, max_error: float | None, observer: "Observer") -> Counts:
    """Append the missing predictions to the partial file, chunk by chunk, then copy the partial file to the output."""
    from imdb_gru.events import Notice

    reader, of = target.reader, f" of {target.reader.path}" if target.one_of_several else ""
    begun_with = _identify(classifier, target, max_error)
    with explain_failure(target.path), open_partial(_name_partial(target), begun_with) as partial:
        counts = Counts(**partial.counts)
        if counts.all:
            observer(Notice(f"resuming after {counts.all} reviews{of}"))
        try:
            rows = begin_rows(reader, max(counts.all - 1, 0))
            last = next(rows) if counts.all else None  # the last predicted row, at which a chunk ended
            writer = PredictionWriter(target.layout, reader, classifier.text.direction)
            with reader.show_bar("predicting", counts.all) as observe:
                pairs = predict_rows(classifier, rows, target.layout.timesteps, max_error, observe, last=last)
                for _, group in itertools.groupby(pairs, lambda pair: pair[0].path):
                    while chunk := list(itertools.islice(group, batches.CHUNK)):
                        stream = io.StringIO()
                        for row, prediction in chunk:
                            counts.take(prediction)
                            writer.write(row, prediction, stream)
                        partial.append(stream.getvalue(), asdict(counts))
        except KeyboardInterrupt:
            done = partial.counts.get("all", 0)
            observer(Notice(f"stopped after {done} reviews{of}; to resume, repeat the command"))
            raise
        with open_output(target.path) as file:
            writer.begin(file)
            partial.copy_to(file)
    return counts


def _name_partial(target: Target) -> Path:
    output = target.path.resolve()
    return output.with_name(f"{output.name}.partial")


def begin_rows(reader: TextReader, skip: int = 0) -> Iterator[InputRow]:
    """Return an iterator that omits the first `skip` rows; one row is read at once, so that the columns are known."""
    rows = reader.iter_rows()
    first = list(itertools.islice(rows, 1))
    return itertools.islice(itertools.chain(first, rows), skip, None)


def predict_rows(
    classifier: Classifier,
    rows: Iterable[InputRow],
    timesteps: bool,
    max_error: float | None,
    observe: Callable[[int], object],
    *,
    last: InputRow | None = None,
) -> Iterator[tuple[InputRow, Prediction]]:
    """Yield each row with its prediction; a chunk never spans two files, just as in prediction on a cluster.

    `last` is the last row that was predicted before an interruption, if there was one.
    """
    for path, group in itertools.groupby(rows, lambda row: row.path):
        waiting: deque[InputRow] = deque()
        texts, continued = _remember(group, waiting), last is not None and last.path == path
        for prediction in classifier.predict_many(
            texts, timesteps=timesteps, max_error=max_error, observe=observe, continued=continued
        ):
            yield waiting.popleft(), prediction


def _remember(rows: Iterable[InputRow], waiting: "deque[InputRow]") -> Iterator[str]:
    """Yield the text of each row, and hold the row in `waiting` until its prediction is available."""
    for row in rows:
        waiting.append(row)
        yield row.text


def _identify(classifier: Classifier, target: Target, max_error: float | None) -> dict[str, Any]:
    """Return everything that the output depends on, keyed by the names used in error messages."""
    from imdb_gru import __version__
    from imdb_gru.system.reading import hash_file

    return {
        "version of imdb-gru": __version__,
        "input": [hash_file(path) for path in target.reader.files],
        "run": identify_run(classifier.run),
        "set of options": {
            **asdict(target.layout),
            **target.reader.options,
            "threshold": classifier.threshold,
            "precision": classifier.precision,
            "max_error": max_error,
        },
    }


def identify_run(run: Run | None) -> list[dict[str, str]]:
    """Return the hashes of all files that a run's predictions depend on."""
    return [part.load_metrics().files for part in (run, run and run.base) if part]


def count_seen(
    seen: Iterable[ReadText],
    config: "TextConfig | ReadingConfig",
    reader: TextReader,
    observer: "Observer",
    *,
    warn_empty: bool = True,
) -> Iterator[ReadText]:
    """Yield each result; at the end, notify the observer of problems with the texts, such as truncation.

    `warn_empty` decides whether texts without words are reported.
    """
    counts = Counts()
    for one in seen:
        counts.take(one)
        yield one
    tell(counts, config, [reader], observer, warn_empty=warn_empty)


def tell(
    counts: Counts,
    config: "TextConfig | ReadingConfig",
    readers: Sequence[TextReader],
    observer: "Observer",
    *,
    warn_empty: bool = True,
) -> None:
    """Notify the observer of anything unusual about the files, and of problems with the texts, such as truncation."""
    undecodable = sum(reader.undecodable for reader in readers)
    notes = [note for reader in readers for note in reader.notes]
    if lines := [*notes, *counts.describe(config, undecodable, warn_empty=warn_empty)]:
        from imdb_gru.events import Notice  # predicting a text without problems does not need this import

        for line in lines:
            observer(Notice(line))
