"""The errors that the program expects; a command shows each as one line and exits with code 1.

ImdbGruError
├── ConfigError          the YAML or a --set is wrong
├── DataError            reviews cannot be read
│   └── DownloadError    reviews cannot be fetched
├── RunError             a run directory is missing, unfinished, damaged or in the way
│   └── FormatError      a run was written by a newer version
└── MissingExtraError    an optional package is not installed
"""


class ImdbGruError(Exception):
    """Say what was wrong, what was received and what to do next."""


class ConfigError(ImdbGruError):
    """A config, or an override of one of its keys, is not valid."""


class DataError(ImdbGruError):
    """Reviews cannot be read from where they were said to be."""


class DownloadError(DataError):
    """Reviews cannot be downloaded."""


class RunError(ImdbGruError):
    """A run directory is missing, unfinished, damaged or in the way."""


class FormatError(RunError):
    """A run was written by a newer version, which this one cannot read."""


class MissingExtraError(ImdbGruError):
    """A feature needs packages that a plain install leaves out."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': run pip install 'imdb-gru[{extra}]'")
