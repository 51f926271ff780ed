"""Results as pandas data frames; pandas is imported, and must be installed, only when a frame is requested."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imdb_gru.errors import ImdbGruError

if TYPE_CHECKING:
    from pandas import DataFrame

Record = Mapping[str, Any]
"""A row of a table: its values, keyed by column."""


def build_frame(records: Sequence[Record]) -> "DataFrame":
    """Return a data frame with a row for each record, or raise `ImdbGruError` if pandas is not installed."""
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise ImdbGruError("to_frame needs pandas, which is not installed: pip install pandas") from error
    return DataFrame(list(records))


def split_intervals(record: Record) -> dict[str, Any]:
    """Return a record with each interval split into two values, whose names end in _low and _high."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if name.endswith("_interval"):
            stem = name.removesuffix("_interval")
            flat[f"{stem}_low"], flat[f"{stem}_high"] = value or (None, None)
        else:
            flat[name] = value
    return flat


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value in nested mappings, such as a config, with its dotted key."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
