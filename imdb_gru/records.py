"""Own what a run's figures may be: what later commands read of metrics.json and of history.jsonl."""

from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from imdb_gru.text.neutral import show_value


class _Figures(BaseModel):
    """Figures of the kinds that are read; what else stands there is as it may be."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Epoch(_Figures):
    """An epoch's figures."""

    epoch: int
    loss: float | None = None
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    validation_perplexity: float | None = None


class _Best(_Epoch):
    """The best epoch's figures; a run may have none."""

    epoch: int | None = None  # type: ignore[assignment]


class _Data(_Figures):
    """What a run was trained on."""

    hash: str
    source: str | None = None
    train: int = 0
    validation: int = 0


class _Metrics(_Figures):
    """A run's final figures."""

    interrupted: bool
    best: _Best
    data: _Data
    files: dict[str, str]
    finished_at: str | None = None
    epochs: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    peak_memory_mb: float | None = None


_METRICS, _HISTORY = TypeAdapter(_Metrics), TypeAdapter(list[_Epoch])


def check_metrics(metrics: Any) -> None:
    """Raise `ValueError` where a figure is missing, or of another kind than it is read as."""
    _check(_METRICS, metrics)


def check_history(records: Any) -> None:
    """Raise `ValueError` where an epoch's figure is missing, or of another kind than it is read as."""
    _check(_HISTORY, records)


def _check(kind: TypeAdapter[Any], values: Any) -> None:
    try:
        kind.validate_python(values)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        path = ".".join(map(str, detail["loc"]))
        raise ValueError(f"{path}: {detail['msg'].lower()}, got {show_value(detail['input'])}") from error
