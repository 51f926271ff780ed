"""The part of a classifier's config that prediction needs, without the classes that check a config.

In a new process, importing those classes would take up about a third of the time before the first prediction. The
config of the bundled model was checked when the model was added to the package, so it need not be checked again.
"""

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

if TYPE_CHECKING:
    from imdb_gru.config.schema import Config

Truncation = Literal["head", "tail", "middle"]
Direction = Literal["forward", "backward"]
Pooling = Literal["last", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""The names of all pooling methods."""
CellName = Literal["gru", "lstm", "simple_rnn"]
"""The names in `imdb_gru.cells.CELLS`, repeated here so that checking a config does not import NumPy."""
TaskName = Literal["sentiment", "next_word"]


@dataclass(frozen=True)
class ReadingConfig:
    """How a long text is cut, and in which direction a text is read; see `TextConfig`."""

    length: int
    truncate: Truncation
    direction: Direction


@dataclass(frozen=True)
class NetworkConfig:
    """The sizes of the layers and how they are connected; see `ModelConfig`."""

    embedding: int
    cell: CellName
    units: int
    layers: int
    bidirectional: bool
    pooling: list[Pooling]
    dense: list[int]


@dataclass(frozen=True)
class PredictionConfig:
    """The part of a classifier's config that prediction needs."""

    text: ReadingConfig
    model: NetworkConfig

    @classmethod
    def select(cls, config: "Config") -> Self:
        """Select the part of a complete config that prediction needs."""
        return cls(
            ReadingConfig(**{field.name: getattr(config.text, field.name) for field in fields(ReadingConfig)}),
            NetworkConfig(**{field.name: getattr(config.model, field.name) for field in fields(NetworkConfig)}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the values as nested dictionaries."""
        return asdict(self)

    @classmethod
    def restore(cls, values: dict[str, Any]) -> Self:
        """Restore a `PredictionConfig` from the output of `to_dict`, without checking the values."""
        return cls(ReadingConfig(**values["text"]), NetworkConfig(**values["model"]))
