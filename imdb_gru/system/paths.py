"""Path expansion."""

from pathlib import Path


def expand_home(text: str) -> str:
    """Replace a leading `~` or `~user` with the home folder, or raise `ValueError` if that folder is unknown."""
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        user = text.partition("/")[0].removeprefix("~")
        reason = f"there is no user '{user}'" if user else "the home folder is unknown, because HOME is not set"
        raise ValueError(f"{text}: {reason}; if the file name itself starts with ~, write ./{text}") from None


def make_absolute(path: str) -> str:
    """Return an absolute path with `~` expanded, or raise `ConfigError` if the home folder is unknown."""
    from imdb_gru.errors import ConfigError

    try:
        return str(Path(expand_home(path)).absolute())
    except ValueError as error:
        raise ConfigError(str(error)) from error
