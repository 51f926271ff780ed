"""Own the YAML config: its schema, its defaults, its overrides and every complaint about it."""

import ast
import difflib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imdb_gru.errors import ConfigError

Truncation = Literal["head", "tail", "middle"]
Pooling = Literal["last", "mean", "max"]
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen part of the config that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the reviews come from."""

    path: str | None = None
    """What --data names; null is $IMDB_GRU_DATA, or else the downloaded IMDB."""
    text_column: str | None = None
    """A table's column of texts; null recognises the common names."""
    label_column: str | None = None
    """A table's column of labels; null recognises the common names."""
    limit: Count | None = None
    """Use only so many reviews of each split, drawn at random but always the same ones."""


class TextConfig(Section):
    """How text becomes ids."""

    tokenizer: Literal["words", "keras"] = "words"
    """words keeps punctuation as tokens; keras is what made imdb.npz."""
    vocabulary: Literal["train", "keras"] = "train"
    """train ranks the words of the training reviews; keras takes Keras's published IMDB word index."""
    max_words: Annotated[int, Field(ge=4)] | None = 20000
    """Ids stay below it, as with Keras's num_words: pad, start and unknown count too."""
    min_count: Count = 1
    """Words seen less often in the training reviews are unknown."""
    length: Count = 500
    """Words kept of a review; the start token comes on top."""
    truncate: Truncation = "tail"
    """The end of a longer review that is kept; middle drops the middle."""


class DropoutConfig(Section):
    """Shares dropped in training only."""

    word: Rate = 0.2
    """Words replaced by unknown (Iyyer et al. 2015)."""
    embedding: Rate = 0.4
    """Embedding channels dropped, the same ones at all timesteps of a review (Gal and Ghahramani 2016)."""
    recurrent: Rate = 0.0
    """Hidden state channels hidden from the gates, the same ones at all timesteps (Gal and Ghahramani 2016)."""
    output: Rate = 0.5
    """Pooled hidden state and dense activations (Srivastava et al. 2014)."""


class ModelConfig(Section):
    """The layers: embedding, cells, pooling of the hidden states, dense."""

    embedding: Count = 64
    cell: Literal["gru", "lstm", "simple_rnn"] = "gru"
    units: Count = 128
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    bidirectional: bool = False
    pooling: Annotated[list[Pooling], Field(min_length=1)] = ["last", "max"]
    """What the dense layers see of the hidden states; several are put side by side."""
    dense: list[Count] = []
    """Units of ReLU layers before the output."""
    dropout: DropoutConfig = DropoutConfig()

    @property
    def brief(self) -> str:
        """Describe the model in a few words."""
        direction = "bidirectional " if self.bidirectional else ""
        layers = f" ×{self.layers}" if self.layers > 1 else ""
        return f"{direction}{self.cell} {self.units}{layers}, embedding {self.embedding}, {'+'.join(self.pooling)}"


class TrainConfig(Section):
    """How the weights are found."""

    objective: Literal["last", "every", "linear"] | None = None
    """The timesteps whose belief is trained: last, every one, or every one with a weight that grows linearly.

    null is linear, or last where the model reads backwards too, so that only its last belief is one.
    """
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] = 0.002
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate falls to zero over all epochs after the warm-up."""
    warmup: Rate = 0.1
    """Share of all batches over which the learning rate rises from zero."""
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """Bound on the norm of all gradients together (Pascanu et al. 2013)."""
    epochs: Count = 4
    batch_size: Count = 64
    batches: Literal["bucketed", "shuffled", "padded"] = "bucketed"
    """bucketed: reviews of like length together; shuffled: any; padded: any, all padded to text.length."""
    averaging: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    """Momentum of an exponential moving average of the weights, which then is the model (Polyak and Juditsky 1992)."""
    monitor: Literal["accuracy", "loss"] = "accuracy"
    """The validation figure that decides which epoch is best."""
    patience: Count | None = None
    """Stop after so many epochs without a better one; null trains them all. The best epoch is kept either way."""
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """Share of the training reviews held out: stratified by label, whole films where the source names them."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    engine: Literal["auto", "keras", "fused"] = "auto"
    """What computes the recurrent layers: fused is our own for GRUs on a CPU; auto takes it wherever it applies."""
    deterministic: bool = False
    """Bit-identical weights from one machine, at some cost in speed."""
    tensorboard: bool = False
    """Write TensorBoard logs into the run; needs the extra 'tensorboard'."""


class Config(Section):
    """All that a training needs to know beside the reviews themselves."""

    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    def to_yaml(self) -> str:
        """Write every key with its value."""
        return str(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))


def build_schema() -> dict[str, Any]:
    """Build the JSON Schema of a config, every key described by the string below it.

    Pydantic can take the strings up by itself, but reads this file at every start for it.
    """
    schema = Config.model_json_schema()
    for section in ast.parse(inspect.getsource(sys.modules[__name__])).body:
        if isinstance(section, ast.ClassDef) and section.name in schema["$defs"]:
            for key, text in pairwise(section.body):
                match key, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(description))):
                        schema["$defs"][section.name]["properties"][name]["description"] = description
    return schema


def choose_objective(config: Config) -> str:
    """Return the timesteps whose belief is trained."""
    return config.train.objective or ("last" if config.model.bidirectional else "linear")


def find_fused_obstacle(model: ModelConfig) -> str | None:
    """Say why the fused engine cannot compute a model, or return None where it can."""
    if model.cell != "gru":
        return f"fused computes the cell gru only, not {model.cell}"
    if model.dropout.recurrent:
        return f"fused knows no model.dropout.recurrent, which is {model.dropout.recurrent}"
    return None


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-3 is a number and a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice."""
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(path: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Read a YAML config and apply `section.key=value` overrides; raises `ConfigError` with all errors at once."""
    values = {} if path is None else _read_yaml(path)
    for override in overrides:
        _apply_override(values, override)
    return build_config(values, str(path) if path else "the config")


def build_config(values: dict[str, Any], origin: str) -> Config:
    """Check nested values against the schema; raises `ConfigError` with all errors at once."""
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        complaints = [_describe(dict(detail)) for detail in error.errors(include_url=False)]
    else:
        complaints = list(_find_conflicts(config))
    if complaints:
        count = "an error" if len(complaints) == 1 else f"{len(complaints)} errors"
        raise ConfigError(f"{origin} has {count}:" + "".join(f"\n  {complaint}" for complaint in complaints))
    return config


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text("utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {values!r}: a config is sections of keys, as 'imdb-gru config show' prints them"
        )
    return values


def _apply_override(values: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not key or not all(sections):
        raise ConfigError(f"--set {override} is not of the form section.key=value, such as train.epochs=3")
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not YAML; quote it if it is text") from error
    for section in sections:
        inner = values.get(section)
        if inner is None:
            inner = values[section] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: {section} is {inner!r}, not a section of keys")
        values = inner
    values[key] = value


def _iter_keys(section: type[BaseModel] = Config, prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _iter_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def _describe(detail: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        keys = list(_iter_keys())
        last_parts = {key.rpartition(".")[2]: key for key in keys}
        nearest = difflib.get_close_matches(path, keys, n=1, cutoff=0.75) or [
            last_parts[part] for part in difflib.get_close_matches(path.rpartition(".")[2], last_parts, n=1)
        ]
        return f"{path}: no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")
    if detail["type"] == "model_type":
        return f"{path}: should be a section of keys, got {detail['input']!r}"
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{path}: {message}, got {detail['input']!r}"


def _find_conflicts(config: Config) -> Iterator[str]:
    text, train = config.text, config.train
    if text.vocabulary == "keras" and text.tokenizer != "keras":
        yield f"text.vocabulary: keras goes with text.tokenizer: keras only, got {text.tokenizer}"
    if text.vocabulary == "keras" and text.min_count > 1:
        yield f"text.min_count: keras's word index has no counts, got {text.min_count}; set it to 1"
    if len(set(config.model.pooling)) < len(config.model.pooling):
        yield f"model.pooling: names each way once, got {config.model.pooling}"
    if train.engine == "fused" and (obstacle := find_fused_obstacle(config.model)):
        yield f"train.engine: {obstacle}; set it to auto or keras"
    if config.model.bidirectional and train.objective not in (None, "last"):
        yield f"train.objective: a bidirectional model has its last belief only, got {train.objective}; set it to last"
    if train.patience is not None and not train.validation_split:
        yield f"train.patience: needs validation reviews, got train.validation_split {train.validation_split}"
