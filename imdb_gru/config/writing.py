"""Writing values as YAML."""

from typing import Any

import yaml

_LINE_BREAKS = {"\x85", "\u2028", "\u2029"}


class _Dumper(yaml.SafeDumper):
    """A YAML writer that escapes Unicode line breaks, which a YAML reader would treat as ordinary line breaks."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, '"' if _LINE_BREAKS.intersection(text) else None)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(values: Any) -> str:
    """Return values as YAML that gives the same values when it is read back."""
    return str(yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
