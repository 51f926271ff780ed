"""Own the run directory: its files, and what state a run is in.

A run holds config.yaml, vocabulary.json, environment.jsonl (what every part of the training ran under and read),
history.jsonl, model.keras (the best epoch so far), checkpoint.npz while it can be resumed, and metrics.json, which is
written last and holds the hashes of what the run was when it finished.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

import imdb_gru
from imdb_gru.config import COMMANDS, AnyConfig, Config, NextWordConfig, Task, load_any_config
from imdb_gru.errors import ConfigError, FormatError, RunError
from imdb_gru.reading import hash_file, read_text
from imdb_gru.records import check_history, check_metrics
from imdb_gru.text.neutral import show_value
from imdb_gru.text.vocabulary import Vocabulary
from imdb_gru.writing import write_atomically

FORMAT = 1
"""Of what is written. An older one stays readable; a file more is no new format."""

State = Literal["in progress", "complete", "damaged", "newer"]
FileState = Literal["ok", "changed", "missing"]

MODELS: dict[Task, str] = {"sentiment": "a classifier", "next_word": "a next-word model"}
"""What a run of each task holds."""
QUESTIONS: dict[Task, str] = {"sentiment": "predict", "next_word": "next"}
"""The command that puts a text to a run of each task."""


class Run:
    """A run directory and where its files stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.base: Run | None = None
        """The run whose weights this one's are kept as differences from."""
        self.config_path = path / "config.yaml"
        self.vocabulary_path = path / "vocabulary.json"
        self.model_path = path / "model.keras"
        self.weights_path = path / "weights.npz"
        self.history_path = path / "history.jsonl"
        self.environment_path = path / "environment.jsonl"
        self.checkpoint_path = path / "checkpoint.npz"
        self.metrics_path = path / "metrics.json"
        self.sealed_paths: tuple[Path, ...] = (
            self.config_path, self.vocabulary_path, self.model_path, self.weights_path, self.history_path,
            self.environment_path,
        )  # fmt: skip
        self.later_paths = (self.weights_path, self.environment_path)
        """Files that a run from before there were such has not."""

    def __str__(self) -> str:
        """Return what messages and results call the run."""
        return str(self.path)

    @property
    def task(self) -> Task:
        """Tell what the run's model was trained for; a config that does not say so is a classifier's."""
        try:
            found = re.search(r"^task: *next_word\b", read_text(self.config_path), re.MULTILINE)
        except (OSError, ValueError):
            return "sentiment"
        return "next_word" if found else "sentiment"

    def load_config(self) -> Config:
        """Read a classifier's resolved config; raises `RunError` where the run is none."""
        config = self.load_any_config()
        if not isinstance(config, Config):
            raise RunError(self._explain_task("sentiment"))
        return config

    def load_next_word_config(self) -> NextWordConfig:
        """Read a next-word model's resolved config; raises `RunError` where the run is none."""
        config = self.load_any_config()
        if not isinstance(config, NextWordConfig):
            raise RunError(self._explain_task("next_word"))
        return config

    def load_any_config(self) -> AnyConfig:
        """Read the resolved config, whatever the run's task."""
        if self.config_path.exists() and not self.config_path.is_file():
            raise RunError(f"{self} is damaged: {self.config_path} is no regular file")
        try:
            return load_any_config(self.config_path, trained=True)
        except ConfigError as error:
            raise RunError(f"{self} is damaged: {error}") from error

    def _explain_task(self, wanted: Task) -> str:
        return (
            f"{self} is {MODELS[self.task]}: give it to 'imdb-gru {QUESTIONS[self.task]} --run {self}', "
            f"or name {MODELS[wanted]} with --run"
        )

    def check_found(self) -> None:
        """Raise `RunError` where there is no run at all."""
        if not self.config_path.is_file():
            raise RunError(f"there is no run at {self}: 'imdb-gru runs' lists the runs there are")

    def check_resumable(self, task: Task) -> None:
        """Raise `RunError` unless the run is one of `task` that was stopped."""
        self.check_found()
        if self.task != task:
            raise RunError(f"{self} is {MODELS[self.task]}: continue it with {self.resumption}")
        if not self.metrics_path.exists():
            return
        if not self.load_metrics()["interrupted"]:
            self.checkpoint_path.unlink(missing_ok=True)  # a kill between the last two steps of a training leaves it
            raise RunError(f"{self} is finished: there is nothing to resume; train a new run with other settings")
        self.check_complete()
        if not self.checkpoint_path.exists():
            raise RunError(
                f"{self} cannot be resumed: checkpoint.npz is missing; its best epoch so far is there to use"
            )

    @property
    def resumption(self) -> str:
        """Return the command that continues this run."""
        return f"imdb-gru {COMMANDS[self.task]} --resume {self}"

    def load_vocabulary(self) -> Vocabulary:
        """Read the vocabulary."""
        return Vocabulary.load(self.vocabulary_path)

    def keep_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Write the vocabulary, unless the run has one: a resumed run may have been killed before it had."""
        if not self.vocabulary_path.exists():
            with write_atomically(self.vocabulary_path) as temporary:
                vocabulary.save(temporary)

    def load_metrics(self) -> dict[str, Any]:
        """Read the final figures; raises `RunError` where they are missing or damaged."""
        try:
            metrics = json.loads(read_text(self.metrics_path))
            self._check_format(metrics["format"])
            if metrics["format"] != FORMAT or not isinstance(metrics["files"], dict):
                raise ValueError(f"format {show_value(metrics['format'])}, not {FORMAT}")
            check_metrics(metrics)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.metrics_path} cannot be read ({error}): train the run again") from error
        return dict(metrics)

    def _check_format(self, number: int) -> None:
        if number > FORMAT:
            raise FormatError(
                f"{self} was written by a newer imdb-gru (format {number}; this one, {imdb_gru.__version__}, knows "
                f"format {FORMAT}): upgrade imdb-gru, or name another run"
            )

    def load_environments(self) -> list[dict[str, Any]]:
        """Read what every part of the training so far ran under, the start first; none of a run from before that."""
        if not self.environment_path.exists():
            return []
        try:
            parts = [json.loads(line) for line in read_text(self.environment_path).splitlines()]
            for part in parts:
                self._check_format(part["format"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.environment_path} cannot be read ({error}): train the run again") from error
        return parts

    def add_environment(self, part: dict[str, Any]) -> None:
        """Write down what a part of the training runs under, after those before it."""
        lines = [json.dumps(line) + "\n" for line in (*self.load_environments(), {"format": FORMAT, **part})]
        self.write_text(self.environment_path, "".join(lines))

    def load_history(self) -> list[dict[str, Any]]:
        """Read the figures of every epoch so far; raises `RunError` where they are damaged."""
        if not self.history_path.exists():
            return []
        try:
            records = [json.loads(line) for line in read_text(self.history_path).splitlines()]
            check_history(records)
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{self.history_path} cannot be read ({error}): train the run again") from error
        return records

    def seal(self, metrics: dict[str, Any]) -> None:
        """Mark the run as complete: write the final figures with the hashes of all other files."""
        paths = [path for path in self.sealed_paths if path.exists() or path not in self.later_paths]
        files = {path.name: hash_file(path) for path in paths}
        self.write_text(self.metrics_path, json.dumps({"format": FORMAT, **metrics, "files": files}, indent=2) + "\n")

    def find_damage(self) -> str | None:
        """Return what no longer is as it was when the run finished, or None where nothing is."""
        try:
            files = self.compare_files()
        except FormatError:
            raise
        except RunError as error:
            return str(error)
        for name, state in files.items():
            if state == "missing":
                return f"{name} is missing"
            if state == "changed":
                return f"{name} has changed since the run finished"
        return None

    def compare_files(self) -> dict[str, FileState]:
        """Tell of every file whether it is what it was when the run finished; raises `RunError` without its figures."""
        recorded = self.load_metrics()["files"]
        states: dict[str, FileState] = {}
        for path in self.sealed_paths:
            if path.name in recorded or path not in self.later_paths:
                same = path.is_file() and hash_file(path) == recorded.get(path.name)
                states[path.name] = "ok" if same else "changed" if path.is_file() else "missing"
        return states

    @property
    def state(self) -> State:
        """Tell a run in progress (or killed), a complete one, a damaged one and a newer version's apart."""
        if not self.metrics_path.exists():
            return "in progress"
        try:
            return "complete" if self.find_damage() is None else "damaged"
        except FormatError:
            return "newer"

    def check_finished(self) -> None:
        """Raise `RunError` unless there is a run that is finished, whole or not."""
        if not self.config_path.is_file():
            raise RunError(f"{self} is not a run: it has no config.yaml; 'imdb-gru runs' lists the runs there are")
        if not self.metrics_path.exists():
            raise RunError(f"{self} is not finished: continue it with {self.resumption}")

    def check_complete(self) -> None:
        """Raise `RunError` unless the run is complete and undamaged."""
        self.check_finished()
        if damage := self.find_damage():
            raise RunError(f"{self} is damaged: {damage}; train it again, or put the original file back")

    @staticmethod
    def write_text(path: Path, text: str) -> None:
        """Write a text file atomically."""
        with write_atomically(path) as temporary:
            temporary.write_text(text, "utf-8")
