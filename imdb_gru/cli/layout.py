"""Own how predict's results are written: to a program, into a file, or to a person."""

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from imdb_gru.classifier import Prediction


@dataclass(frozen=True)
class Layout:
    """How results are written: as a table, as JSON, for a person in a terminal, or as tab-separated lines."""

    delimiter: str | None
    """Of a table."""
    _: KW_ONLY
    as_json: bool
    timesteps: bool
    many: bool
    """Whether a line needs its text."""

    def begin(self, stream: TextIO) -> None:
        """Write what stands before all results."""
        if self.delimiter:
            self._write_row(stream, "text", "label", "probability")

    def write(self, prediction: "Prediction", stream: TextIO) -> None:
        """Write one result."""
        if self.delimiter:
            self._write_row(stream, prediction.text, prediction.label, prediction.probability)
        elif self.as_json:
            from imdb_gru.text.neutral import dump_json

            record = prediction.to_dict()
            if not self.timesteps:
                record.pop("timesteps", None)
            stream.write(dump_json(record) + "\n")
        elif stream.isatty():
            self._show(prediction, stream)
        else:
            self._write_lines(prediction, stream)

    def _write_row(self, stream: TextIO, *cells: object) -> None:
        import csv

        csv.writer(stream, delimiter=self.delimiter or ",", lineterminator="\n").writerow(cells)

    def _write_lines(self, prediction: "Prediction", stream: TextIO) -> None:
        from imdb_gru.report.timesteps import format_plain
        from imdb_gru.text.neutral import neutralise

        text = f"\t{neutralise(prediction.text)}" if self.many else ""
        stream.write(f"{prediction.label}\t{prediction.probability:.4f}{text}\n")
        if self.timesteps:
            assert prediction.probabilities is not None
            stream.write(format_plain(prediction.tokens, prediction.probabilities.tolist()).rstrip("\n") + "\n")

    def _show(self, prediction: "Prediction", stream: TextIO) -> None:
        from rich.console import Console
        from rich.text import Text

        from imdb_gru.report.timesteps import print_view
        from imdb_gru.text.neutral import neutralise

        console = Console(file=stream)
        verdict = Text(f"{prediction.label} {prediction.probability:.4f}", style="bold")
        text = f"  {neutralise(prediction.text)}" if self.many else ""
        console.print(verdict + Text(text), no_wrap=True, overflow="ellipsis")
        if self.timesteps:
            assert prediction.probabilities is not None
            print_view(prediction.tokens, prediction.probabilities.tolist(), console)
