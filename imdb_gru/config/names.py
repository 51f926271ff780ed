"""Names and paths of the configs that come with the package."""

import difflib
import os
from pathlib import Path

from imdb_gru.errors import ConfigError
from imdb_gru.system.escaping import show_value

PACKAGE = Path(__file__).parent.parent
FOLDERS = (PACKAGE / "configs", PACKAGE.parent / "configs")
"""The folders that may contain the configs: first that of an installed package, then that of a source checkout."""
SUFFIX = ".yaml"


def list_names() -> list[str]:
    """List the names of the configs that come with the package, in alphabetical order."""
    return sorted(path.stem for path in _find_folder().glob(f"*{SUFFIX}"))


def is_name(source: str | Path) -> bool:
    """Return whether a source is a name rather than a path: a string with no file suffix and no path separator."""
    separators = {os.sep, os.altsep or os.sep}
    return isinstance(source, str) and not separators & set(source) and not Path(source).suffix


def find_config(source: str | Path) -> Path:
    """Return the path of a config; `source` is that path or the name of a config that comes with the package.

    Raises `ConfigError` if `source` is a name, but the package has no config with that name.
    """
    if not is_name(source):
        return Path(source).expanduser()
    names = list_names()
    if source in names:
        return _find_folder() / f"{source}{SUFFIX}"
    nearest = difflib.get_close_matches(str(source), names, n=1)
    guess = f"; did you mean {nearest[0]}?" if nearest else ";"
    raise ConfigError(
        f"there is no config named {show_value(source)}{guess} available configs: {', '.join(names)}; "
        "to use your own file, give its path, such as ./my.yaml"
    )


def _find_folder() -> Path:
    return next((folder for folder in FOLDERS if folder.is_dir()), FOLDERS[0])
