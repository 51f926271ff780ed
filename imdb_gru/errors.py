"""Errors that users can cause; a command prints the message of such an error and exits with code 1.

ImdbGruError
├── ConfigError          a config or an override is invalid
├── DataError            reviews cannot be read
│   └── DownloadError    reviews cannot be downloaded
├── RunError             a run directory is missing, incomplete or damaged, or cannot be overwritten
│   └── FormatError      a run was written by a newer version of this package
└── MissingExtraError    an optional package is not installed
"""


class ImdbGruError(Exception):
    """Base class of this package's errors; each message says what is wrong, what was received, and what to do."""


class ConfigError(ImdbGruError):
    """A config, or an override of one of its keys, is invalid."""


class DataError(ImdbGruError):
    """Reviews cannot be read from the given path."""


class DownloadError(DataError):
    """Reviews cannot be downloaded."""


class RunError(ImdbGruError):
    """A run directory is missing, incomplete or damaged, or cannot be overwritten."""


class FormatError(RunError):
    """A run was written by a newer version of this package, and this version cannot read it."""


class MissingExtraError(ImdbGruError):
    """A feature needs packages from an extra that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': install it with pip install 'imdb-gru[{extra}]'")
