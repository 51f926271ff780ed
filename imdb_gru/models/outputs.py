"""Output files of predictions: their formats, columns and locations."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from imdb_gru.config.prediction import Direction
from imdb_gru.errors import DataError
from imdb_gru.models.inputs import TableFiles
from imdb_gru.models.prediction import Prediction
from imdb_gru.models.texts import InputRow, TextReader
from imdb_gru.system.escaping import dump_json, neutralise
from imdb_gru.system.writing import write_atomically
from imdb_gru.text.direction import record_direction

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson")
LINES_SUFFIXES = (".txt", "")
CHOICES = "choose a .csv, .tsv, .jsonl or .txt file"
ADVICE = {
    ".parquet": f"{CHOICES}; only --engine ray writes Parquet",
    ".json": "predictions are written as one JSON object per line, so choose a .jsonl file",
    ".xlsx": "choose a .csv file, which Excel opens",
}
"""Advice to users who choose an unsupported format, keyed by the file's suffix."""
INPUT = "input_"
"""Prefix added to the name of an input column if a column of predictions has the same name."""


@dataclass(frozen=True)
class FileFormat:
    """The format of written predictions: a table, JSON Lines, or plain lines."""

    delimiter: str | None
    as_json: bool
    timesteps: bool
    many: bool
    """Whether there may be several texts; if so, each line of the plain format also shows its text."""
    placed: bool = False
    """Whether each prediction is written with the file and the row of its text."""

    @classmethod
    def choose(
        cls,
        path: Path | None,
        *,
        as_json: bool = False,
        timesteps: bool = False,
        many: bool = True,
        placed: bool = False,
    ) -> "FileFormat":
        """Choose a file's format by its suffix, or raise `DataError` if that format cannot hold the predictions."""
        suffix = path.suffix.lower() if path else ""
        delimiter = DELIMITERS.get(suffix)
        if path and delimiter and as_json:
            raise DataError(
                f"{path} is a table, but --json writes JSON lines: leave out --json, or choose a .jsonl file"
            )
        if path and delimiter and timesteps:
            raise DataError(f"{path} is a table, and tables cannot hold timesteps: choose a .jsonl or .txt file")
        special = path and path.exists() and not path.is_file()
        if path and not special and suffix not in (*DELIMITERS, *JSON_SUFFIXES, *LINES_SUFFIXES):
            advice = ADVICE.get(suffix, CHOICES)
            raise DataError(f"--output {path}: cannot write the format {path.suffix}: {advice}")
        return cls(delimiter, as_json or suffix in JSON_SUFFIXES, timesteps, many, placed)


class PredictionWriter:
    """A writer of predictions, together with the other columns of the input table."""

    def __init__(self, layout: FileFormat, reader: TextReader, direction: Direction) -> None:
        """Choose the column names. The reader must have begun reading, so that it knows the input's columns.

        `direction` is the direction in which the model reads.
        """
        self.layout = layout
        self._own = ["text", "label", "probability", "note", *(["file", "row"] if layout.placed else [])]
        taken = {*self._own, *(["timesteps", *record_direction(direction)] if layout.timesteps else [])}
        self._names = name_columns([name for name in reader.columns if name != reader.text_name], taken)

    def begin(self, stream: TextIO) -> None:
        """Write the header of a table; the other formats have no header."""
        if self.layout.delimiter:
            self._write_cells([*self._own, *self._names.values()], stream)

    def write(self, row: InputRow, prediction: Prediction, stream: TextIO) -> None:
        """Write one prediction."""
        if self.layout.delimiter or self.layout.as_json:
            record = prediction.to_dict()
            if not self.layout.timesteps:
                for name in ("timesteps", "direction"):
                    record.pop(name, None)
            if self.layout.placed:
                record |= {"file": str(row.path), "row": row.row}
            others = {self._names[name]: value for name, value in row.cells.items() if name in self._names}
            record |= {name: _simplify(value) for name, value in others.items()}
            if self.layout.as_json:
                stream.write(dump_json(record) + "\n")
            else:
                self._write_cells([record.get(name) for name in (*self._own, *self._names.values())], stream)
        else:
            self._write_lines(row, prediction, stream)

    def _write_cells(self, cells: Sequence[object], stream: TextIO) -> None:
        import csv

        from imdb_gru.sources.review import SURROGATE

        line = io.StringIO()
        # With any other terminator, the writer would not quote a cell that contains a carriage return.
        writer = csv.writer(line, delimiter=self.layout.delimiter or ",", lineterminator="\r\n")
        writer.writerow([SURROGATE.sub("\ufffd", _write_cell(cell)) for cell in cells])
        stream.write(line.getvalue().removesuffix("\r\n") + "\n")

    def _write_lines(self, row: InputRow, prediction: Prediction, stream: TextIO) -> None:
        from imdb_gru.models.timesteps import format_plain

        place = f"\t{neutralise(describe_place(row))}" if self.layout.placed else ""
        text = f"\t{neutralise(prediction.text)}" if self.layout.many else ""
        stream.write(f"{prediction.label}\t{prediction.probability:.4f}{place}{text}\n")
        if self.layout.timesteps:
            assert prediction.probabilities is not None
            stream.write(format_plain(prediction.tokens, prediction.probabilities.tolist()).rstrip("\n") + "\n")


def name_columns(columns: Sequence[str], taken: set[str]) -> Mapping[str, str]:
    """Map each input column to its name in the output: the same name or, if that is taken, `input_` and the name."""
    names: dict[str, str] = {}
    for column in columns:
        name = column
        while name.strip().lower() in taken or name in names.values() or (name != column and name in columns):
            name = INPUT + name
        names[column] = name
    return names


def describe_place(row: InputRow) -> str:
    """Return the file and the row of a text, for example a.csv:2."""
    return f"{row.path}:{row.row}"


def _simplify(value: object) -> object:
    """Return a cell as a JSON-compatible value: NaN and infinity become null; dates and other objects become text."""
    if value is None or isinstance(value, str | int):
        return value
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None if isinstance(value, float) else str(value)
    return value


def _write_cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dump_json(value)


@dataclass(frozen=True)
class Target:
    """A file of predictions, and the reader that yields the texts."""

    reader: TextReader
    path: Path
    layout: FileFormat
    one_of_several: bool = False
    """Whether this is one of several targets in the same folder."""


def plan_targets(
    reader: TextReader, output: str | Path, *, as_json: bool = False, timesteps: bool = False
) -> list[Target]:
    """Return one target per table if the input is several tables and the output is a folder; otherwise, one target.

    Raises `DataError` if any target cannot be written.
    """
    path = Path(output)
    folder = path.is_dir() or str(output).endswith("/")
    several = isinstance(reader, TableFiles)
    spread = several and (folder or not path.suffix)
    if isinstance(reader, TableFiles) and spread:
        if path.exists() and path.samefile(reader.folder):
            raise DataError(f"--output {path} is the same folder as --input: choose another folder")
        suffix = ".jsonl" if as_json or timesteps else ".csv"
        places = [path / _name_output(file.relative_to(reader.folder), suffix) for file in reader.files]
        pairs = list(zip(reader.readers, places, strict=True))
    elif folder:
        raise DataError(f"--output {path} is a folder: choose a file")
    else:
        pairs = [(reader, path)]
    sources, seen = {file.resolve() for file in reader.files}, set()
    for _, target in pairs:
        if target.exists() and target.resolve() in sources:
            raise DataError(f"--output {target} is the same file as --input: choose another file")
        if target in seen:
            raise DataError(f"the predictions of two files would go to {target}: rename one of the files")
        seen.add(target)
    choices = {"as_json": as_json, "timesteps": timesteps, "many": len(reader.texts) != 1}
    choices["placed"] = several and not spread
    return [Target(one, target, FileFormat.choose(target, **choices), spread) for one, target in pairs]


def _name_output(path: Path, suffix: str) -> Path:
    """Name a table's output file: the table's name, plus `suffix` unless the table's format can hold predictions."""
    own = JSON_SUFFIXES if suffix in JSON_SUFFIXES else (*DELIMITERS, *JSON_SUFFIXES)
    return path if path.suffix.lower() in own else path.with_name(path.name + suffix)


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open an output file that appears only once it is complete; a pipe or a device is written to directly."""
    with explain_failure(path):
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
        else:
            with write_atomically(path.resolve()) as temporary, temporary.open("w", encoding="utf-8") as file:
                yield file


@contextlib.contextmanager
def explain_failure(path: Path) -> Iterator[None]:
    """Raise a `DataError` in place of an `OSError` that occurs while a file is being written."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; choose another file with --output") from error
