"""Bulk prediction: read the texts of a file, write predictions to another file, and resume if interrupted."""

import contextlib
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from imdb_gru.config import DataConfig, TextConfig
from imdb_gru.corpus.encoded import EncodedText
from imdb_gru.errors import DataError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.models import classifier as classifiers
from imdb_gru.models.classifier import Classifier, load
from imdb_gru.models.counts import Counts
from imdb_gru.models.prediction import Prediction
from imdb_gru.models.texts import TextReader
from imdb_gru.runs.run import Run
from imdb_gru.system.partial import open_partial
from imdb_gru.system.writing import write_atomically

if TYPE_CHECKING:
    from imdb_gru.inspection import Inspection

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson")

ReadText = TypeVar("ReadText", Prediction, "Inspection", EncodedText)
"""The result for one text, with its counts of words and the reason to doubt it."""


@dataclass(frozen=True)
class FileFormat:
    """The format of written predictions: a table, JSON Lines, or plain lines."""

    delimiter: str | None
    as_json: bool
    timesteps: bool
    many: bool
    """Whether there are several texts, in which case each plain line includes its text."""

    @classmethod
    def choose(
        cls, path: Path | None, *, as_json: bool = False, timesteps: bool = False, many: bool = True
    ) -> "FileFormat":
        """Choose a file's format by its suffix, or raise `DataError` if timesteps would go into a table."""
        as_json = as_json or (path is not None and path.suffix in JSON_SUFFIXES)
        delimiter = DELIMITERS.get(path.suffix) if path and not as_json else None
        if delimiter and timesteps:
            raise DataError(f"{path} is a table, and tables cannot hold timesteps: choose a .jsonl or .txt file")
        return cls(delimiter, as_json, timesteps, many)

    def begin(self, stream: TextIO) -> None:
        """Write the header of a table; the other formats have no header."""
        if self.delimiter:
            self._write_row(stream, "text", "label", "probability")

    def write(self, prediction: Prediction, stream: TextIO) -> None:
        """Write one prediction."""
        if self.delimiter:
            self._write_row(stream, prediction.text, prediction.label, prediction.probability)
        elif self.as_json:
            from imdb_gru.system.escaping import dump_json

            record = prediction.to_dict()
            if not self.timesteps:
                record.pop("timesteps", None)
            stream.write(dump_json(record) + "\n")
        else:
            self._write_lines(prediction, stream)

    def _write_row(self, stream: TextIO, *cells: object) -> None:
        import csv

        csv.writer(stream, delimiter=self.delimiter or ",", lineterminator="\n").writerow(cells)

    def _write_lines(self, prediction: Prediction, stream: TextIO) -> None:
        from imdb_gru.models.timesteps import format_plain
        from imdb_gru.system.escaping import neutralise

        text = f"\t{neutralise(prediction.text)}" if self.many else ""
        stream.write(f"{prediction.label}\t{prediction.probability:.4f}{text}\n")
        if self.timesteps:
            assert prediction.probabilities is not None
            stream.write(format_plain(prediction.tokens, prediction.probabilities.tolist()).rstrip("\n") + "\n")


def predict_file(
    texts: str | Path | DataConfig | Sequence[str] | TextReader,
    output: str | Path,
    *,
    model: str | Path | Run | Classifier | None = None,
    timesteps: bool = False,
    max_error: float | None = None,
    as_json: bool = False,
    resume: bool = False,
    observer: Observer | None = None,
) -> Counts:
    """Classify the texts of a file, or the given texts, write the predictions to a file, and return the text counts.

    `texts` is a table, a file with one text per line, a `DataConfig` that also names the table's column of texts, or
    the texts themselves. If `output` ends in .csv, .tsv or .jsonl, it is written in that format, otherwise as plain
    lines. With `max_error`, such as 0.05, labels are unsure where this keeps errors rare, as in
    `Classifier.predict_many`. The file appears under its name only when it is complete. With `resume`, finished
    predictions are stored in a file next to `output`, and if the process is stopped or killed, the same call resumes
    from there. Raises `DataError` or `RunError`.
    """
    observer, output = observer or ignore, Path(output).expanduser()
    reader = texts if isinstance(texts, TextReader) else _open_reader(texts)
    check_output(output, reader.path)
    layout = FileFormat.choose(output, as_json=as_json, timesteps=timesteps, many=len(reader.texts) != 1)
    classifier = model if isinstance(model, Classifier) else load(model)
    if max_error is not None:
        observer(Notice(str(classifier.find_limit(max_error))))
    if resume:
        return _resume(classifier, reader, layout, output, observer, max_error)
    counts = Counts()
    with open_output(output) as stream, reader.show_bar("predicting") as count:
        layout.begin(stream)
        predictions = classifier.predict_many(reader, timesteps=timesteps, max_error=max_error, observe=count)
        for prediction in count_seen(predictions, classifier.config.text, reader, observer, counts=counts):
            layout.write(prediction, stream)
    return counts


def _open_reader(texts: str | Path | DataConfig | Sequence[str]) -> TextReader:
    if isinstance(texts, str | Path):
        texts = DataConfig(path=str(texts))
    if not isinstance(texts, DataConfig):
        return TextReader(texts)
    path = None if texts.path is None else str(Path(texts.path).expanduser())
    return TextReader(file=texts.model_copy(update={"path": path}))


def check_output(path: Path, source: Path | None) -> None:
    """Raise `DataError` if predictions cannot be written to a path."""
    if path.is_dir():
        raise DataError(f"--output {path} is a folder: choose a file")
    if path.suffix == ".parquet":
        raise DataError(f"--output {path}: choose a .csv, .tsv or .jsonl file; only --engine ray writes Parquet")
    if path.suffix == ".json":
        raise DataError(f"--output {path}: predictions are written as one JSON object per line, so choose .jsonl")
    if source and path.is_file() and source.is_file() and path.samefile(source):
        raise DataError(f"--output {path} is the same file as --input: choose another file")


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open a file that appears under its name only when it is complete; write to a pipe or a device directly."""
    with _explain_failure(path):
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
        else:
            with write_atomically(path.resolve()) as temporary, temporary.open("w", encoding="utf-8") as file:
                yield file


@contextlib.contextmanager
def _explain_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; choose another file with --output") from error


def _resume(
    classifier: Classifier,
    reader: TextReader,
    layout: FileFormat,
    output: Path,
    observer: Observer,
    max_error: float | None,
) -> Counts:
    """Append to the partial file chunk by chunk, starting where it ends, then copy it to the output."""
    if not (reader.path and reader.path.is_file() and (output.is_file() or not output.exists())):
        raise DataError("--resume needs --input FILE and --output FILE, and both must be regular files")
    path = output.resolve().with_name(f"{output.resolve().name}.partial")
    begun_with = _identify(classifier, reader, layout, max_error)
    with _explain_failure(output), open_partial(path, begun_with) as partial:
        counts = Counts(**partial.counts)
        if counts.all:
            observer(Notice(f"resuming after {counts.all} reviews"))
        texts = itertools.islice(reader, counts.all, None)  # starts at a chunk or at the end of the texts
        try:
            with reader.show_bar("predicting", counts.all) as observe:
                predictions = classifier.predict_many(
                    texts, timesteps=layout.timesteps, max_error=max_error, observe=observe
                )
                seen = count_seen(predictions, classifier.config.text, reader, observer, counts=counts)
                while chunk := list(itertools.islice(seen, classifiers.CHUNK)):
                    stream = io.StringIO()
                    for prediction in chunk:
                        layout.write(prediction, stream)
                    partial.append(stream.getvalue(), asdict(counts))
        except KeyboardInterrupt:
            done = partial.counts.get("all", 0)
            observer(Notice(f"stopped after {done} reviews; to resume, repeat the command"))
            raise
        with open_output(output) as file:
            layout.begin(file)
            partial.copy_to(file)
    return counts


def _identify(
    classifier: Classifier, reader: TextReader, layout: FileFormat, max_error: float | None
) -> dict[str, Any]:
    """Return everything that the output depends on, keyed by the names used in error messages."""
    from imdb_gru import __version__
    from imdb_gru.system.reading import hash_file

    assert reader.path is not None
    return {
        "version of imdb-gru": __version__,
        "input": hash_file(reader.path),
        "run": identify_run(classifier.run),
        "set of options": {
            **asdict(layout),
            "text_column": reader.text_column,
            "threshold": classifier.threshold,
            "max_error": max_error,
        },
    }


def identify_run(run: Run | None) -> list[dict[str, str]]:
    """Return the hashes of all files that a run's predictions depend on."""
    return [part.load_metrics().files for part in (run, run and run.base) if part]


def count_seen(
    seen: Iterable[ReadText],
    config: TextConfig,
    reader: TextReader,
    observer: Observer,
    *,
    warn_empty: bool = True,
    counts: Counts | None = None,
) -> Iterator[ReadText]:
    """Yield each result, then notify the observer of texts that were truncated, hardly understood or undecodable.

    `warn_empty` decides whether texts without words are reported; `counts` may already include earlier texts.
    """
    counts = Counts() if counts is None else counts
    for one in seen:
        counts.take(one)
        yield one
    for line in counts.describe(config, reader.undecodable, warn_empty=warn_empty):
        observer(Notice(line))
