"""Export of a model into a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.exporting.model import AnyModel
from imdb_gru.exporting.onnx_format import FILES as ONNX_FILES
from imdb_gru.exporting.onnx_format import write_onnx
from imdb_gru.exporting.web_format import FILES as WEB_FILES
from imdb_gru.exporting.web_format import write_web
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.next_word import NextWordModel
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.run import Run
from imdb_gru.system.escaping import show_value
from imdb_gru.system.writing import check_parent, write_folder_atomically


@dataclass(frozen=True)
class Format:
    """A format in which a model can be exported."""

    files: tuple[str, ...]
    """The names of all files that `write` writes."""
    write: Callable[[AnyModel, Path], None]
    """Write the files of a model into an empty folder, or raise `MissingExtraError` or `RunError`."""


FORMATS = {"onnx": Format(ONNX_FILES, write_onnx), "web": Format(WEB_FILES, write_web)}
NETWORKS = {"model.onnx", "weights.bin"}
"""Every export contains one of these files; a folder with neither is not an export, even if it has a README.md."""


def export(
    run: str | Path | Run | AnyModel | None = None,
    *,
    format: str = "onnx",
    path: str | Path,
    overwrite: bool = False,
) -> Path:
    """Export a classifier or a next-word model into the folder `path`, and return the folder.

    `run` is the result of `load` or `load_next_word`, a run, or the path of a run; None means the newest complete
    classifier under `runs/` or, if there is none, the classifier in the package. `format` is either `onnx`, which needs
    the extra 'onnx', or `web`, a JavaScript module for browsers and Node. The folder must be new or empty; with
    `overwrite`, it may contain an earlier export, which is replaced once the new one is complete. Raises `RunError` if
    the run cannot be used, `MissingExtraError` if the extra is not installed, or `ImdbGruError` if the format is
    unknown or the folder cannot be written.
    """
    if format not in FORMATS:
        raise ImdbGruError(f"there is no format {show_value(format)}: choose {', '.join(FORMATS)}")
    folder = Path(path).expanduser()
    check_folder(folder, overwrite=overwrite)
    model = _load(run)
    if model.config.text.direction == "backward":
        raise RunError(
            "a model that reads texts from the end cannot be exported: choose one trained with text.direction forward"
        )
    try:
        with write_folder_atomically(folder.resolve()) as temporary:
            FORMATS[format].write(model, temporary)
    except OSError as error:
        raise ImdbGruError(f"cannot write {folder}: {error.strerror or error}; choose another folder") from error
    return folder


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise `ImdbGruError` if a model cannot be exported into a folder."""
    check_parent(folder, "write")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ImdbGruError(f"cannot write {folder}: it is a file; choose a folder")
    if Path.cwd().is_relative_to(folder.resolve()):
        raise ImdbGruError(f"cannot replace {folder}: it contains the current folder; choose a new folder")
    present = sorted(file.name for file in folder.iterdir())
    known = {name for format in FORMATS.values() for name in format.files}
    foreign = [name for name in present if name not in known or not NETWORKS.intersection(present)]
    if foreign:
        raise ImdbGruError(
            f"{folder} contains {foreign[0]}, which is not part of an export: choose a new or empty folder"
        )
    if present and not overwrite:
        raise ImdbGruError(f"{folder} already contains an export: choose a new folder, or replace it with --overwrite")


def _load(run: str | Path | Run | AnyModel | None) -> AnyModel:
    if isinstance(run, Classifier | NextWordModel):
        return run
    if not isinstance(run, Run):
        run = find_run(run)
    return NextWordModel.load(run) if run.task == "next_word" else Classifier.load(run)
