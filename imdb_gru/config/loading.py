"""Own the reading of configs: YAML, overrides, and the schema of them."""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import ValidationError

from imdb_gru.config import schema
from imdb_gru.config.complaints import describe_mistake, find_conflicts
from imdb_gru.config.defaults import choose_defaults
from imdb_gru.config.schema import AnyConfig, Config, NextWordConfig, Section
from imdb_gru.errors import ConfigError
from imdb_gru.text.neutral import show_value

MAX_CONFIG_BYTES = 2**20
MOST_COMPLAINTS = 50

Chosen = TypeVar("Chosen", Config, NextWordConfig)
Checked = TypeVar("Checked", bound=Section)

Task = Literal["sentiment", "next_word"]

COMMANDS: dict[Task, str] = {"sentiment": "train", "next_word": "pretrain"}
"""Which command a config of each task is for."""
SWEEP = "sweep"
"""The task of what 'imdb-gru sweep' reads, and the command."""


def build_schema(kind: type[Config] | type[NextWordConfig] = Config) -> dict[str, Any]:
    """Build the JSON Schema of a config, every key described by the string below it.

    Pydantic can take the strings up by itself, but reads the schema's file at every start for it.
    """
    described = kind.model_json_schema()
    sections = {node.name: node for node in ast.parse(inspect.getsource(schema)).body if isinstance(node, ast.ClassDef)}
    for name, definition in described["$defs"].items():
        for base in reversed(getattr(schema, name).__mro__):
            if base.__name__ in sections:
                for key, text in _iter_descriptions(sections[base.__name__]):
                    definition["properties"][key]["description"] = text
    return described


def _iter_descriptions(section: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for key, text in pairwise(section.body):
        match key, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(description))):
                yield name, description


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-3 is a number, a key stands once, and nothing stands for something else."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse an alias: a few lines of them can stand for more than any memory holds."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "a config has no aliases (*name)", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice."""
        seen = set()
        for key in (str(key.value) for key, _ in node.value):
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_NOT_YAML = (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError)
"""What PyYAML raises at text that is none, and at what is not of the kind that it says it is, such as `!!int a`."""

_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(
    path: Path | None = None,
    overrides: Iterable[str] = (),
    kind: type[Chosen] = Config,  # type: ignore[assignment]  # mypy knows no default for a type variable
) -> Chosen:
    """Read a YAML config and apply `section.key=value` overrides; raises `ConfigError` with all errors at once."""
    return build_config(_read_values(path, overrides), _name(path), kind)


def load_any_config(path: Path | None = None, overrides: Iterable[str] = ()) -> AnyConfig:
    """Read a YAML config of the task that it names; raises `ConfigError` with all errors at once."""
    values = _read_values(path, overrides)
    if values.get("task") == "next_word":
        return build_config(values, _name(path), NextWordConfig)
    return build_config(values, _name(path))


def build_config(
    values: dict[str, Any],
    origin: str,
    kind: type[Chosen] = Config,  # type: ignore[assignment]
) -> Chosen:
    """Check nested values against the schema; raises `ConfigError` with all errors at once."""
    wanted, task = kind.model_fields["task"].default, values.get("task")
    if task in (*COMMANDS, SWEEP) and task != wanted:
        command = SWEEP if task == SWEEP else COMMANDS[task]
        raise ConfigError(f"{origin} is for the task {task}, not {wanted}: give it to 'imdb-gru {command}'")
    config = validate(lambda: _fill(values, kind), origin, kind)
    refuse(find_conflicts(config), origin)
    return config


def _fill(values: dict[str, Any], kind: type[Chosen]) -> Chosen:
    return kind.model_validate(_complete(values, choose_defaults(values, kind)))


def validate(build: Callable[[], Checked], origin: str, kind: type[Section]) -> Checked:
    """Return what is built from nested values; raises `ConfigError` with all errors at once."""
    try:
        return build()
    except ValidationError as error:
        details = error.errors(include_url=False)[:MOST_COMPLAINTS]
        raise _refuse(
            [describe_mistake(dict(detail), kind) for detail in details], error.error_count(), origin
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{origin} is nested too deeply: a config is sections of keys") from error


def refuse(complaints: Iterable[str], origin: str) -> None:
    """Raise `ConfigError` with all complaints, if there are any."""
    if found := list(complaints):
        raise _refuse(found, len(found), origin)


def _refuse(complaints: list[str], count: int, origin: str) -> ConfigError:
    errors = "an error" if count == 1 else f"{count} errors"
    if count > MOST_COMPLAINTS:
        complaints = [*complaints[:MOST_COMPLAINTS], f"and {count - MOST_COMPLAINTS} more"]
    return ConfigError(f"{origin} has {errors}:" + "".join(f"\n  {complaint}" for complaint in complaints))


def _complete(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Add the defaults of keys that are not given, key by key."""
    given = {
        key: _complete(value, defaults[key])
        if isinstance(value, dict) and isinstance(defaults.get(key), dict)
        else value
        for key, value in values.items()
    }
    return {**defaults, **given}


def _name(path: Path | None) -> str:
    return str(path) if path else "the config"


def _read_values(path: Path | None, overrides: Iterable[str]) -> dict[str, Any]:
    values = {} if path is None else read_yaml(path)
    for override in overrides:
        apply_override(values, override)
    return values


def read_yaml(path: Path) -> dict[str, Any]:
    """Read nested values, still unchecked; raises `ConfigError`."""
    try:
        with path.open("rb") as file:  # a pipe will do
            content = file.read(MAX_CONFIG_BYTES + 1)
        if len(content) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path} has more than {MAX_CONFIG_BYTES:,} bytes: name a config with --config")
        values = yaml.load(content.decode("utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except _NOT_YAML as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {show_value(values)}: a config is sections of keys, as 'imdb-gru config show' prints them"
        )
    return values


def apply_override(values: dict[str, Any], override: str) -> None:
    """Set a key by `section.key=value`; raises `ConfigError`."""
    path, equals, text = override.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not key or not all(sections):
        raise ConfigError(f"--set {override} is not of the form section.key=value, such as train.epochs=3")
    try:
        value = yaml.load(text, _Loader)
    except _NOT_YAML as error:
        raise ConfigError(f"--set {override}: the value is not YAML; quote it if it is text") from error
    for section in sections:
        inner = values.get(section)
        if inner is None:
            inner = values[section] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {override}: {section} is {show_value(inner)}, not a section of keys")
        values = inner
    values[key] = value
