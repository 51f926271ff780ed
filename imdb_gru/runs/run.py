"""The run directory: its files and its state.

A run has config.yaml, vocabulary.json, environment.jsonl (the data and environment each time training was started or
resumed), history.jsonl, model.keras and weights.npz (both with the weights of the best epoch so far), seen.npz (digests
of the training and validation reviews), soft_targets.npz (the teachers' probabilities for the training reviews, if
there are teachers), checkpoint.npz (as long as the run can be resumed), calibration.json (a classifier's errors by
confidence, if there are validation reviews), and metrics.json, which is written last and contains the hashes of all
other files of the complete run.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

import imdb_gru
from imdb_gru.config.prediction import PredictionConfig, TaskName
from imdb_gru.errors import ConfigError, FormatError, RunError
from imdb_gru.system.escaping import show_value
from imdb_gru.system.reading import DAMAGE, hash_file, read_npz, read_text
from imdb_gru.system.writing import write_atomically
from imdb_gru.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from imdb_gru.config import AnyConfig, Config, NextWordConfig
    from imdb_gru.corpus.corpus import Corpus
    from imdb_gru.corpus.digests import SeenReviews
    from imdb_gru.corpus.soft_targets import SoftTargets
    from imdb_gru.records import Epoch, Metrics, Progress, Start
    from imdb_gru.runs.calibration import Calibration

FORMAT = 1
"""The version of the file format that this version of the package reads and writes."""

RunState = Literal["in progress", "complete", "damaged", "newer"]
FileState = Literal["ok", "changed", "missing"]

OneConfig = TypeVar("OneConfig", "Config", "NextWordConfig")
Content = TypeVar("Content")


class Run:
    """A run directory and the paths of its files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.base: Run | None = None
        """The base run if this run's weights are stored as differences from the base's weights; otherwise None."""
        self.config_path = path / "config.yaml"
        self.vocabulary_path = path / "vocabulary.json"
        self.model_path = path / "model.keras"
        self.weights_path = path / "weights.npz"
        self.history_path = path / "history.jsonl"
        self.environment_path = path / "environment.jsonl"
        self.seen_path = path / "seen.npz"
        self.soft_targets_path = path / "soft_targets.npz"
        self.calibration_path = path / "calibration.json"
        self.checkpoint_path = path / "checkpoint.npz"
        self.metrics_path = path / "metrics.json"
        self.optional_paths = (self.seen_path, self.soft_targets_path, self.calibration_path)
        """The sealed files that a run may lack; such a file is ignored if metrics.json does not contain its hash."""
        self.sealed_paths: tuple[Path, ...] = (
            self.config_path, self.vocabulary_path, self.model_path, self.weights_path, self.history_path,
            self.environment_path, *self.optional_paths,
        )  # fmt: skip
        """The files whose hashes are in metrics.json."""

    def __str__(self) -> str:
        """Return the name used for the run in messages and results."""
        return str(self.path)

    def __repr__(self) -> str:
        """Return the run's path, its state and the metrics of its best epoch."""
        figures = ""
        if self.metrics_path.exists():
            best = self.load_metrics().best.to_dict()
            figures = "".join(f", {name}={best[name]:.4g}" for name in best if name.startswith("validation_"))
        return f"Run({str(self)!r}, {self.state}{figures})"

    @property
    def task(self) -> TaskName:
        """Return the run's task, which is sentiment if its config names no task."""
        try:
            found = re.search(r"^task: *next_word\b", read_text(self.config_path), re.MULTILINE)
        except (OSError, ValueError):
            return "sentiment"
        return "next_word" if found else "sentiment"

    @property
    def model_name(self) -> str:
        """Return what messages call this kind of model: 'a classifier' or 'a next-word model'."""
        from imdb_gru.config import KINDS

        return KINDS[self.task].model_name

    def load_prediction_config(self) -> "Config | PredictionConfig":
        """Read the config, or only the parts of it that prediction needs. Raises `RunError` like `load_config`."""
        return self.load_config()

    def load_config(self) -> "Config":
        """Read the complete config of a classifier, or raise `RunError` if the run is not a classifier."""
        from imdb_gru.config import Config

        return self._load_config(Config)

    def load_next_word_config(self) -> "NextWordConfig":
        """Read the complete config of a next-word model, or raise `RunError` if the run is not a next-word model."""
        from imdb_gru.config import NextWordConfig

        return self._load_config(NextWordConfig)

    def _load_config(self, kind: type[OneConfig]) -> OneConfig:
        config = self.load_any_config()
        if not isinstance(config, kind):
            raise RunError(
                f"{self} is {config.model_name}: use it with 'imdb-gru {config.question} --run {self}', "
                f"or choose {kind.model_name} with --run"
            )
        return config

    def load_any_config(self) -> "AnyConfig":
        """Read the complete config, whatever its task, or raise `RunError` if it is damaged."""
        from imdb_gru.config import load_any_config

        if self.config_path.exists() and not self.config_path.is_file():
            raise RunError(f"{self} is damaged: {self.config_path} is not a regular file")
        try:
            return load_any_config(self.config_path, trained=True)
        except ConfigError as error:
            raise RunError(f"{self} is damaged: {error}") from error

    def check_found(self) -> None:
        """Raise `RunError` if there is no run at the path."""
        if not self.config_path.is_file():
            raise RunError(f"there is no run at {self}: 'imdb-gru runs' lists the runs under runs/")

    def check_resumable(self) -> None:
        """Raise `RunError` if training cannot be resumed, for example because the run is complete."""
        self.check_found()
        if not self.metrics_path.exists():
            return
        if not self.load_metrics().interrupted:
            self.checkpoint_path.unlink(missing_ok=True)  # left over if training was killed just before the end
            raise RunError(f"{self} is complete, so it cannot be resumed: start a new run")
        self.check_complete()
        if not self.checkpoint_path.exists():
            raise RunError(
                f"{self} cannot be resumed: checkpoint.npz is missing; the model of the best epoch can still be used"
            )

    @property
    def resumption(self) -> str:
        """Return the command that resumes this run."""
        from imdb_gru.config import KINDS

        return f"imdb-gru {KINDS[self.task].command} --resume {self}"

    def load_vocabulary(self) -> Vocabulary:
        """Read the vocabulary."""
        return Vocabulary.load(self.vocabulary_path)

    def keep_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Write the vocabulary if it is missing, for example because the run was killed early."""
        if not self.vocabulary_path.exists():
            with write_atomically(self.vocabulary_path) as temporary:
                vocabulary.save(temporary)

    def keep_seen(self, seen: "SeenReviews") -> None:
        """Write the digests of the training and validation reviews."""
        with write_atomically(self.seen_path) as temporary:
            np.savez(temporary, digests=seen.digests, share=seen.share, validation=seen.validation)

    def load_seen(self) -> "SeenReviews | None":
        """Read the reviews' digests, or return None if the run has none. Raises `RunError` if they are damaged."""
        from imdb_gru.corpus.digests import SeenReviews

        return self._load_optional(self.seen_path, lambda path: SeenReviews.restore(read_npz(path)))

    def keep_corpus(self, corpus: "Corpus") -> None:
        """Write the vocabulary, the digests of the reviews and, if there are teachers, their probabilities."""
        self.keep_vocabulary(corpus.vocabulary)
        self.keep_seen(corpus.seen)
        if corpus.train.soft_targets:
            with write_atomically(self.soft_targets_path) as temporary:
                np.savez(temporary, allow_pickle=False, **corpus.train.soft_targets.to_arrays())

    def load_soft_targets(self) -> "SoftTargets | None":
        """Read the teachers' probabilities, or return None if training was killed before they were written.

        Raises `RunError` if they are damaged or have changed since training began.
        """
        from imdb_gru.corpus.soft_targets import SoftTargets

        recorded = next((start.environment.get("soft_targets") for start in self.load_starts()), None)
        try:
            targets = SoftTargets.restore(read_npz(self.soft_targets_path))
        except DAMAGE as error:
            if recorded is None:
                return None
            raise self._refuse_to_resume(self.soft_targets_path, error) from error
        if recorded not in (None, targets.hash):
            raise self._refuse_to_resume(self.soft_targets_path, "it has changed since training began")
        return targets

    def load_metrics(self) -> "Metrics":
        """Read the final metrics, or raise `RunError` if they are missing or damaged."""
        from imdb_gru.records import Metrics

        try:
            values = json.loads(read_text(self.metrics_path))
            self._check_format(values["format"])
            return Metrics.parse(values)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.metrics_path} cannot be read ({error}): start a new run") from error

    def _check_format(self, number: Any) -> None:
        if number > FORMAT:
            raise FormatError(
                f"{self} was written by a newer imdb-gru (format {number}; version {imdb_gru.__version__} reads "
                f"format {FORMAT}): upgrade imdb-gru, or choose another run"
            )
        if number != FORMAT:
            raise ValueError(f"format {show_value(number)}, not {FORMAT}")

    def load_starts(self) -> "list[Start]":
        """Read one record for each time training was started or resumed, oldest first.

        Raises `RunError` if a record is damaged.
        """
        from imdb_gru.records import Start

        if not self.environment_path.exists():
            return []
        try:
            parts = [json.loads(line) for line in read_text(self.environment_path).splitlines()]
            for part in parts:
                self._check_format(part["format"])
            return [Start.parse(part) for part in parts]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.environment_path} cannot be read ({error}): start a new run") from error

    def add_start(self, **figures: Any) -> None:
        """Record, with the given values, that training was started or resumed."""
        from imdb_gru.records import Start

        lines = [json.dumps(part.to_dict()) + "\n" for part in (*self.load_starts(), Start(format=FORMAT, **figures))]
        self.write_text(self.environment_path, "".join(lines))

    def load_history(self) -> "list[Epoch]":
        """Read the metrics of every epoch so far, or raise `RunError` if they are damaged."""
        from imdb_gru.records import Epoch

        if not self.history_path.exists():
            return []
        try:
            return [Epoch.parse(json.loads(line)) for line in read_text(self.history_path).splitlines()]
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{self.history_path} cannot be read ({error}): start a new run") from error

    def load_calibration(self) -> "Calibration | None":
        """Read the calibration; return None if the run has no calibration. Raises `RunError` if it is damaged."""
        from imdb_gru.runs.calibration import Calibration

        return self._load_optional(self.calibration_path, lambda path: Calibration.parse(json.loads(read_text(path))))

    def keep_calibration(self, calibration: "Calibration", figures: dict[str, Any]) -> "Metrics":
        """Write the calibration, and rewrite metrics.json with the given metrics and the files' current hashes."""
        self.write_text(self.calibration_path, json.dumps(calibration.to_dict()) + "\n")
        return self.seal(figures)

    def _load_optional(self, path: Path, load: Callable[[Path], Content]) -> Content | None:
        if not self.metrics_path.exists() or path.name not in self.load_metrics().files:
            return None
        try:
            return load(path)
        except DAMAGE as error:
            raise RunError(f"{path} cannot be read ({error}): start a new run") from error

    def load_progress(self) -> "Progress | None":
        """Read the progress from the checkpoint; return None if there is none, or raise `RunError` if it is damaged."""
        from imdb_gru.records import Progress

        if not self.checkpoint_path.exists():
            return None
        try:
            return Progress.from_json(str(read_npz(self.checkpoint_path)["progress"]))
        except DAMAGE as error:
            raise self.refuse_checkpoint(error) from error

    def refuse_checkpoint(self, reason: object) -> RunError:
        """Build the error for a checkpoint that cannot be used."""
        return self._refuse_to_resume(self.checkpoint_path, reason)

    @staticmethod
    def _refuse_to_resume(path: Path, reason: object) -> RunError:
        return RunError(f"{path} cannot be used to resume training ({reason}): start a new run with --overwrite")

    def seal(self, figures: dict[str, Any]) -> "Metrics":
        """Mark the run as complete by writing the final metrics with the hashes of all other files."""
        from imdb_gru.records import Metrics

        present = (path for path in self.sealed_paths if path not in self.optional_paths or path.is_file())
        files = {path.name: hash_file(path) for path in present}
        metrics = Metrics.parse({"format": FORMAT, **figures, "files": files})
        self.write_text(self.metrics_path, json.dumps(metrics.to_dict(), indent=2) + "\n")
        return metrics

    def find_damage(self) -> str | None:
        """Return a description of the first change since the run was completed, or None if nothing has changed."""
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
                return f"{name} has changed since the run was completed"
        return None

    def compare_files(self) -> dict[str, FileState]:
        """Compare each file with its hash in metrics.json, or raise `RunError` if the hashes cannot be read."""
        recorded = self.load_metrics().files
        states: dict[str, FileState] = {}
        for path in self.sealed_paths:
            if path in self.optional_paths and path.name not in recorded:
                continue
            if not path.is_file():
                states[path.name] = "missing"
            else:
                states[path.name] = "ok" if hash_file(path) == recorded.get(path.name) else "changed"
        return states

    @property
    def state(self) -> RunState:
        """Return the state of the run; a run that was killed also counts as "in progress"."""
        if not self.metrics_path.exists():
            return "in progress"
        try:
            return "complete" if self.find_damage() is None else "damaged"
        except FormatError:
            return "newer"

    def check_finished(self) -> None:
        """Raise `RunError` unless the run has final metrics; its files may still be damaged."""
        if not self.config_path.is_file():
            raise RunError(f"{self} is not a run: it has no config.yaml; 'imdb-gru runs' lists the runs under runs/")
        if not self.metrics_path.exists():
            raise RunError(f"{self} is not complete: resume it with {self.resumption}")

    def check_complete(self) -> None:
        """Raise `RunError` unless the run is complete and undamaged."""
        self.check_finished()
        if damage := self.find_damage():
            raise RunError(f"{self} is damaged: {damage}; restore the original file, or start a new run")

    @staticmethod
    def write_text(path: Path, text: str) -> None:
        """Write a text file atomically."""
        with write_atomically(path) as temporary:
            temporary.write_text(text, "utf-8")
