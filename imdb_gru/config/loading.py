"""Loading configs from YAML, overriding and checking their keys, and building their JSON Schema."""

import ast
import copy
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import ValidationError

from imdb_gru.config.complaints import describe_mistake, drop_auto, find_conflicts
from imdb_gru.config.names import find_config, is_name
from imdb_gru.config.schema import KINDS, AnyConfig, Config, NextWordConfig, Section, WholeConfig
from imdb_gru.errors import ConfigError
from imdb_gru.system.escaping import show_value

MAX_CONFIG_BYTES = 2**20
MOST_COMPLAINTS = 50

Chosen = TypeVar("Chosen", bound=AnyConfig)
Checked = TypeVar("Checked", bound=Section)
ConfigSource = str | Path | WholeConfig | Mapping[str, Any] | None
"""A path, the name of a packaged config, a config object, a nested mapping, or None for the defaults."""

SWEEP = "sweep"
"""The value of `task` in a sweep's config; also the name of the command that runs sweeps."""


def build_schema(kind: type[WholeConfig] = Config) -> dict[str, Any]:
    """Build the JSON Schema of a config, using the docstring of each key as its description.

    Pydantic can collect the docstrings itself, but it would then read the source files whenever the program starts.
    """
    described = kind.model_json_schema()
    module = sys.modules[kind.__module__]
    for name, definition in ((kind.__name__, described), *described["$defs"].items()):
        for base in reversed(getattr(module, name).__mro__):
            if issubclass(base, Section):
                for key, text in _iter_descriptions(base):
                    if key in definition["properties"]:  # a class variable is not a key
                        definition["properties"][key]["description"] = text
    return described


def _iter_descriptions(section: type[Section]) -> Iterator[tuple[str, str]]:
    (definition,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(definition, ast.ClassDef)
    for key, text in pairwise(definition.body):
        match key, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(description))):
                yield name, description


class _MisspelledError(yaml.YAMLError):
    """An unquoted value has an unexpected meaning in YAML 1.1; the message says what to write instead."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads 1e-3 as a number; it rejects aliases, repeated keys, and values such as None and 010."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Raise an error for an alias, because a few aliases can expand to more data than fits in memory."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "a config must not contain aliases (*name)", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raise an error for a repeated key."""
        seen = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{name}' is given twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        """Raise an error for an unquoted value that probably does not mean in YAML what its author intended."""
        value = super().construct_scalar(node)
        if isinstance(node, yaml.ScalarNode) and node.style is None and (remedy := _find_misspelling(value, node.tag)):
            problem = f"{value} {remedy}, or '{value}' in quotes if it is text"
            raise _MisspelledError(problem, node.start_mark.line + 1)
        return value


def _find_misspelling(value: str, tag: str) -> str | None:
    """Return what is wrong with an unquoted value and what to write instead, or None if nothing is wrong."""
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if value.lower() == "none":
        return "does not mean null in YAML: write null for no value"
    if kind in ("int", "float") and ":" in value:
        return "is a base-60 number in YAML: write one number, such as 90 or 1.5"
    if kind == "int" and re.fullmatch(r"[-+]?0[0-9_]+", value):
        return f"is an octal number in YAML: write {value[0].strip('0')}{value.strip('+-').lstrip('0_') or 0}"
    return None


_NOT_YAML = (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError)
"""The errors that PyYAML raises for invalid YAML and for values that do not fit their tags, such as `!!int a`."""

_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(
    source: ConfigSource = None,
    overrides: Mapping[str, Any] | None = None,
    kind: type[Chosen] = Config,  # type: ignore[assignment]  # mypy does not support a default for a type variable
) -> Chosen:
    """Load a config and override some of its keys, or raise a `ConfigError` that lists all errors.

    `source` is the path to a YAML file, the name of a config that comes with the package, a config object, a
    nested mapping, or None for the defaults. `overrides` maps dotted keys to values, such as `{"train.epochs": 2}`.
    """
    return build_config(read_values(source, overrides), describe_source(source), kind)


def load_any_config(
    source: ConfigSource = None, overrides: Mapping[str, Any] | None = None, *, trained: bool = False
) -> AnyConfig:
    """Load a config as `load_config` does, but for the task specified in the config itself.

    Pass `trained=True` for the config of an existing run. Such a config is not compared with the bundled model,
    because the run may have started from a different version of that model.
    """
    return build_any_config(read_values(source, overrides), describe_source(source), trained=trained)


def build_any_config(values: dict[str, Any], origin: str, *, trained: bool = False) -> AnyConfig:
    """Build a config from a nested dictionary, for the task named by its `task` key (by default, 'sentiment')."""
    if values.get("task") == "next_word":
        return build_config(values, origin, NextWordConfig)
    return build_config(values, origin, trained=trained)


def build_config(
    values: dict[str, Any],
    origin: str,
    kind: type[Chosen] = Config,  # type: ignore[assignment]
    *,
    trained: bool = False,
) -> Chosen:
    """Build a config from a nested dictionary, and compare it with the bundled model unless `trained` is True.

    Raises a `ConfigError` that lists all errors.
    """
    wanted, task = kind.model_fields["task"].default, values.get("task")
    if task in (*KINDS, SWEEP) and task != wanted:
        command = SWEEP if task == SWEEP else KINDS[task].command
        raise ConfigError(f"{origin} is for the task {task}, not {wanted}: use it with 'imdb-gru {command}'")
    defaults = kind().model_dump()
    config = cast("Chosen", validate(lambda: kind.model_validate(_complete(values, defaults)), origin, kind))
    refuse(find_conflicts(config, trained=trained), origin)
    return config


def validate(build: Callable[[], Checked], origin: str, kind: type[Section]) -> Checked:
    """Call `build` and return its result, or raise a `ConfigError` that lists all errors."""
    try:
        return build()
    except ValidationError as error:
        complaints = [describe_mistake(detail, kind) for detail in drop_auto(error.errors(include_url=False))]
        raise _refuse(complaints, len(complaints), origin) from error
    except RecursionError as error:
        raise ConfigError(f"{origin} is nested too deeply for a config (see 'imdb-gru config show')") from error


def refuse(complaints: Iterable[str], origin: str) -> None:
    """Raise a `ConfigError` that lists the complaints, if there are any."""
    if found := list(complaints):
        raise _refuse(found, len(found), origin)


def _refuse(complaints: list[str], count: int, origin: str) -> ConfigError:
    errors = "an error" if count == 1 else f"{count} errors"
    if count > MOST_COMPLAINTS:
        complaints = [*complaints[:MOST_COMPLAINTS], f"and {count - MOST_COMPLAINTS} more"]
    return ConfigError(f"{origin} has {errors}:" + "".join(f"\n  {complaint}" for complaint in complaints))


def _complete(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the values, with defaults for all missing keys."""
    given = {
        key: _complete(value, defaults[key])
        if isinstance(value, dict) and isinstance(defaults.get(key), dict)
        else value
        for key, value in values.items()
    }
    return {**defaults, **given}


def describe_source(source: ConfigSource) -> str:
    """Return the name by which messages refer to a config."""
    if source is None or isinstance(source, WholeConfig | Mapping):
        return "the config"
    return f"the config {source}" if is_name(source) else str(source)


def read_values(source: ConfigSource = None, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a config as a nested dictionary and apply overrides, without checking the result.

    Raises `ConfigError` if the config cannot be read or an override is invalid.
    """
    if isinstance(source, WholeConfig):
        values = source.model_dump()
    elif isinstance(source, Mapping):
        values = copy.deepcopy(dict(source))
    else:
        values = {} if source is None else _read_yaml(find_config(source))
    apply_overrides(values, overrides or {})
    return values


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:  # this also works for a pipe
            content = file.read(MAX_CONFIG_BYTES + 1)
        if len(content) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path} is too large for a config: it has more than {MAX_CONFIG_BYTES:,} bytes")
        values = yaml.load(content.decode("utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except _MisspelledError as error:
        raise ConfigError(f"{path}, line {error.line}: {error}") from error
    except _NOT_YAML as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} contains {show_value(values)}, not the keys of a config (see 'imdb-gru config show')"
        )
    return values


def parse_override(text: str) -> tuple[str, Any]:
    """Split `key=value` into a dotted key and a parsed YAML value, or raise `ConfigError` if the text is invalid."""
    key, equals, value = text.partition("=")
    if not equals or not all(key.strip().split(".")):
        raise ConfigError(f"{text} is not of the form KEY=VALUE, such as train.epochs=3")
    try:
        return key.strip(), yaml.load(value, _Loader)
    except _MisspelledError as error:
        raise ConfigError(f"{text}: {error}") from error
    except _NOT_YAML as error:
        raise ConfigError(f"{text}: the value is not valid YAML; put it in quotes if it is text") from error


def apply_overrides(values: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Set dotted keys in a nested dictionary, or raise `ConfigError` if a key is invalid."""
    for key, value in overrides.items():
        if isinstance(value, Mapping):  # a section: its other keys are kept
            apply_overrides(values, {f"{key}.{name}": inner for name, inner in value.items()})
            continue
        *sections, last = str(key).split(".")
        if not all((*sections, last)):
            raise ConfigError(f"{show_value(key)} is not a dotted key, such as train.epochs")
        section = values
        for name in sections:
            if section.get(name) is None:
                section[name] = {}
            section = section[name]
            if not isinstance(section, dict):
                raise ConfigError(f"{key} cannot be set: {name} is {show_value(section)}, not a section of keys")
        section[last] = copy.deepcopy(value)
