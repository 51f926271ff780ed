"""The commands that are killed while they work on tiny data, and the checks of their files."""

import hashlib
import http.server
import json
import os
import random
import sys
import threading
import time
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from imdb_gru.runs.run import Run
from imdb_gru.sources.sample import SampleSource

COMMAND = [sys.executable, "-m", "imdb_gru"]
SMALL = [
    "--data=sample", "--set=data.limit=200", "--set=text.length=60", "--set=model.embedding=8", "--set=model.units=8",
    "--set=train.batch_size=16", "--set=train.validation_split=0.2", "--set=train.deterministic=true",
]  # fmt: skip
OLD = b"what stood here before\n"


class Trial(ABC):
    """A command, and the checks of its folder after a kill and at the end."""

    name: str

    @abstractmethod
    def build_command(self, folder: Path) -> list[str] | None:
        """Return the command that starts or resumes in a folder; None if everything is done."""

    @abstractmethod
    def find_faults(self, folder: Path) -> list[str]:
        """Return descriptions of files that are half written under their final names after a kill."""

    @abstractmethod
    def read_result(self, folder: Path) -> dict[str, bytes]:
        """Return, by name, everything that must equal an undisturbed command's result, including leftover files."""

    def prepare(self, folder: Path) -> None:  # noqa: B027 - most trials need no preparation
        """Prepare an empty folder for the command."""


class Training(Trial):
    """A command that trains, and must end with the same weights if it is killed and resumed."""

    def __init__(self, name: str, *options: str) -> None:
        self.name = name
        self.options = [*SMALL, *options]

    def build_command(self, folder: Path) -> list[str] | None:
        """Return a command that trains, or one that resumes if the folder has a config."""
        run = Run(folder / "run")
        if not run.config_path.exists():
            return [*COMMAND, self.name, f"--run={run}", *self.options]
        done = run.metrics_path.exists() and not run.load_metrics().interrupted
        return None if done and not run.checkpoint_path.exists() else [*COMMAND, self.name, f"--resume={run}"]

    def find_faults(self, folder: Path) -> list[str]:
        """Load every existing file of the run, and return descriptions of those that are faulty."""
        run = Run(folder / "run")
        faults = [f"{run.model_path.name} of the best epoch is missing"] if self._lacks_best(run) else []
        for path in (run.model_path, run.weights_path, run.checkpoint_path):
            if path.exists() and (not zipfile.is_zipfile(path) or zipfile.ZipFile(path).testzip()):
                faults.append(f"{path.name} is not a complete zip file")
        try:
            run.load_history()
            if run.config_path.exists():
                run.load_any_config()
            if run.vocabulary_path.exists():
                run.load_vocabulary()
            if run.metrics_path.exists() and (damage := run.find_damage()):
                faults.append(damage)
        except Exception as error:
            faults.append(str(error))
        return faults

    def _lacks_best(self, run: Run) -> bool:
        return run.history_path.exists() and not run.model_path.exists()

    def read_result(self, folder: Path) -> dict[str, bytes]:
        """Return the names of all files, all weights, and the history without its seconds."""
        run = Run(folder / "run")
        result = {path.name: b"" for path in run.path.iterdir()}
        with np.load(run.weights_path) as arrays:
            result |= {f"weight {name}": arrays[name].tobytes() for name in arrays.files}
        lines = [record.to_dict() for record in run.load_history()]
        kept = [{k: v for k, v in line.items() if "second" not in k} for line in lines]
        return {**result, "history": json.dumps(kept).encode(), "state": run.state.encode()}


class Bulk(Trial):
    """A command that replaces old files with new ones."""

    def __init__(self, name: str, outputs: tuple[str, ...], *arguments: str) -> None:
        self.name = name
        self.outputs = outputs
        self.arguments = arguments
        self.expected: dict[str, bytes] = {}

    def prepare(self, folder: Path) -> None:
        """Write old files under the names of the outputs."""
        for output in self.outputs:
            (folder / output).parent.mkdir(exist_ok=True)
            (folder / output).write_bytes(OLD)

    def build_command(self, folder: Path) -> list[str] | None:
        """Return the command, with outputs in this folder."""
        return [*COMMAND, *(argument.replace("HERE", str(folder)) for argument in self.arguments)]

    def find_faults(self, folder: Path) -> list[str]:
        """Compare every output with the old file and with that of an undisturbed command; describe any fault."""
        faults = [f"{output} is gone" for output in self.outputs if not (folder / output).exists()]
        for name, content in self.expected.items():
            if (folder / name).exists() and (folder / name).read_bytes() not in (OLD, content):
                faults.append(f"{name} is half written")
        return faults

    def read_result(self, folder: Path) -> dict[str, bytes]:
        """Return the contents of all files."""
        result = read_files(folder)
        self.expected = self.expected or result
        return result


class Download(Trial):
    """A slow download from this machine."""

    name = "download"
    content = random.Random(0).randbytes(1_000_000)

    def __init__(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.content)))
                self.end_headers()
                for start in range(0, len(outer.content), 100_000):
                    time.sleep(0.05)
                    self.wfile.write(outer.content[start : start + 100_000])

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Ignore errors caused by killed clients."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        os.environ["no_proxy"] = "127.0.0.1"

    def build_command(self, folder: Path) -> list[str] | None:
        """Return a command that downloads into a cache in this folder."""
        known = f"sha256:{hashlib.sha256(self.content).hexdigest()}"
        url = f"http://127.0.0.1:{self.server.server_port}/file.bin"
        code = (
            f"import os, sys; os.environ['IMDB_GRU_CACHE'] = {str(folder)!r}\n"
            "from imdb_gru.cli import cli, main\nfrom imdb_gru.sources.download import RemoteFile, fetch\n"
            f"cli.command('fetch')(lambda: print(fetch(RemoteFile({url!r}, {known!r}, 'file.bin'))))\n"
            "sys.argv = ['imdb-gru', 'fetch']; main()"
        )
        return [sys.executable, "-c", code]

    def find_faults(self, folder: Path) -> list[str]:
        """Compare the file with the served content; describe any fault."""
        path = folder / "file.bin"
        return ["file.bin is half written"] if path.exists() and path.read_bytes() != self.content else []

    def read_result(self, folder: Path) -> dict[str, bytes]:
        """Return the contents of all files in the cache."""
        return read_files(folder)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder, including hidden ones."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build_trials(run: Path, folder: Path) -> dict[str, list[Trial]]:
    """Return the trials of every command; `run` is a trained classifier."""
    reviews = list(SampleSource().iter_reviews("train")) * 6
    source = folder / "reviews.jsonl"
    source.write_text("".join(json.dumps({"text": f"{n} {r.text}"}) + "\n" for n, r in enumerate(reviews)), "utf-8")
    bulk = [f"--run={run}", f"--input={source}"]
    return {
        "train": [Training("train", "--config=scratch", "--set=train.objective=linear", "--set=train.epochs=6")],
        "pretrain": [Training("pretrain", "--set=train.epochs=4", "--set=train.precision=float32")],
        "download": [Download()],
        "predict": [
            Bulk("predict", ("out.csv",), "predict", *bulk, "--output=HERE/out.csv"),
            Bulk("predict --resume", ("out.jsonl",), "predict", *bulk, "--output=HERE/out.jsonl", "--resume"),
        ],
        "report": [
            Bulk(
                "report",
                ("page.html",),
                "report",
                f"--run={run}",
                "--output=HERE/page.html",
                "--plots=HERE/plots",
                "--examples=2",
            )
        ],
    }
