"""Kill imdb-gru at random moments, fill its disk, and check the files.

    python scripts/torture/torture.py [COMMAND]...

Every command is first run undisturbed. Then it is killed (SIGKILL) and run again, up to four times in a row: half of
the kills come at a random moment, and half when one of its files changes. In other tests, the size of its files or of
its file system is limited. After a kill, no file may be half written under its final name. At the end, the command
must succeed with the results of the undisturbed command, and leave no other files behind.
"""

import contextlib
import json
import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from commands import COMMAND, SMALL, Trial, build_trials
from tqdm import tqdm

from imdb_gru.cli._tables.table import print_table

IN_A_ROW = 4
TMPFS_BYTES = 2**24
PATIENCE_SECONDS = 300
TRAINED = [*COMMAND, "train", "--config=scratch", *SMALL, "--set=train.objective=linear", "--set=train.epochs=1"]


@dataclass
class Tally:
    """The number of tests of a command, and the faults that were found."""

    command: str
    seconds: float = 0.0
    """Running time of the undisturbed command, in seconds."""
    kills: int = 0
    while_writing: int = 0
    limits: int = 0
    """Number of times that a file could not grow further."""
    full_disks: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """How a process ended, and what it did to its folder."""

    code: int
    said: str
    seconds: float
    changes: int
    """Number of observed changes to files in its folder."""
    bytes: int
    """Maximum size of its folder, in bytes."""


class Torturer:
    """A running test of one command."""

    def __init__(self, trial: Trial, folder: Path, rng: random.Random) -> None:
        self.trial = trial
        self.folder = folder
        self.rng = rng
        self.tally = Tally(trial.name)
        self.environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "numba")}  # because the first one starts cold
        self.calm = self._run_calmly()
        self.tally.seconds = round(self.calm.seconds, 1)

    def _run_calmly(self) -> Outcome:
        here = self._open("calm")
        outcome = self._run(here, environment=dict(os.environ))
        if outcome.code:
            raise click.ClickException(
                f"{self.trial.name}, run undisturbed, exited with {outcome.code}: {outcome.said}"
            )
        self.expected = self.trial.read_result(here)
        return outcome

    def _open(self, name: str) -> Path:
        here = self.folder / name
        here.mkdir(parents=True, exist_ok=True)
        self.trial.prepare(here)
        return here

    def kill(self, count: int, bar: tqdm) -> None:
        """Kill the command a number of times, in separate folders."""
        wanted = self.tally.kills + count
        for number in range(10 * count):
            if self.tally.kills >= wanted:
                return
            here = self._open(f"killed-{number}")
            for _ in range(min(IN_A_ROW, wanted - self.tally.kills)):
                writing = self.rng.random() < 0.5
                after = self.rng.randint(1, self.calm.changes) if writing else self.rng.uniform(0, self.calm.seconds)
                outcome = self._run(here, **{"kill_at_change" if writing else "kill_after": after})
                if outcome.code != -9:
                    break
                self.tally.kills += 1
                self.tally.while_writing += writing
                bar.update()
                self._note(self.trial.find_faults(here), f"kill {self.tally.kills}")
            self._finish(here, f"kill {self.tally.kills}")

    def limit(self, number: int) -> None:
        """Limit the size of files to random values."""
        here = self._open(f"limited-{number}")
        outcome = self._run(here, limit=self.rng.randint(1, self.calm.bytes // 3))
        self.tally.limits += outcome.code != 0
        self._judge_failure(here, outcome, f"limit {number}")
        self._finish(here, f"limit {number}")

    def fill_disk(self, number: int) -> None:
        """Run the command in a separate, nearly full file system, and then make room in it."""
        with mount(self.folder / f"full-{number}") as root:
            here = self._open(f"full-{number}/here")
            ballast = root / "ballast"
            status = os.statvfs(root)
            room = self.rng.randint(0, self.calm.bytes)
            ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - room)))
            outcome = self._run(here)
            self.tally.full_disks += outcome.code != 0
            self._judge_failure(here, outcome, f"full disk {number}")
            ballast.unlink()
            self._finish(here, f"full disk {number}")

    def _judge_failure(self, here: Path, outcome: Outcome, title: str) -> None:
        told = outcome.code == 0 or (outcome.code == 1 and "Error: " in outcome.said)
        if not told or "Traceback" in outcome.said:
            self._note([f"exited with {outcome.code}: {outcome.said[-2000:]}"], title)
        self._note(self.trial.find_faults(here), title)

    def _finish(self, here: Path, title: str) -> None:
        """Run the command to its end, and compare the results."""
        if self.trial.build_command(here):
            outcome = self._run(here)
            if outcome.code and "is finished" not in outcome.said:
                self._note([f"run again, it exited with {outcome.code}: {outcome.said[-2000:]}"], title)
                return
        result = self.trial.read_result(here)
        self._note([f"{name} is left over" for name in result.keys() - self.expected.keys()], title)
        self._note([f"{name} is missing" for name in self.expected.keys() - result.keys()], title)
        both = result.keys() & self.expected.keys()
        self._note([f"{name} differs" for name in both if result[name] != self.expected[name]], title)
        self._note([f"{path} is left over" for path in (self.folder / "numba").rglob("*.tmp.*")], title)

    def _note(self, faults: list[str], title: str) -> None:
        for fault in faults:
            self.tally.faults.append(f"{title}: {fault}")
            tqdm.write(f"{self.trial.name}, {title}: {fault}")

    def _run(
        self,
        here: Path,
        *,
        kill_after: float | None = None,
        kill_at_change: int | None = None,
        limit: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """Run the command for the folder until it ends or is killed."""
        command = self.trial.build_command(here)
        if command is None:
            return Outcome(0, "", 0.0, 0, 0)
        started = time.monotonic()
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=here,
            env=environment or self.environment,
            preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
        ) as process:
            changes, most, before = 0, 0, list_files(here)
            while process.poll() is None:
                if (now := list_files(here)) != before:
                    changes, before = changes + 1, now
                    most = max(most, sum(size for _, size in now))
                spent = time.monotonic() - started
                due = (kill_after is not None and spent > kill_after) or changes == kill_at_change
                if due or spent > PATIENCE_SECONDS:
                    process.kill()
                    process.wait()
                time.sleep(0.002)
            words = process.communicate()[0].decode(
                errors="replace"
            )  # the output is short enough for the pipe's buffer
            return Outcome(process.returncode, words, time.monotonic() - started, changes, most)


def list_files(folder: Path) -> set[tuple[str, int]]:
    """List the files below a folder with their sizes."""
    found = set()
    for parent, _, names in os.walk(folder):  # it ignores folders that are removed in the meantime
        for path in (Path(parent, name) for name in names):
            with contextlib.suppress(OSError):
                found.add((str(path), path.stat().st_size))
    return found


@contextlib.contextmanager
def mount(folder: Path) -> Iterator[Path]:
    """Mount a separate file system of `TMPFS_BYTES` bytes."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def find_obstacle() -> str | None:
    """Return why no file system can be mounted here, or None if one can."""
    try:
        with tempfile.TemporaryDirectory() as folder, mount(Path(folder) / "probe"):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)


@click.command()
@click.argument("commands", nargs=-1, type=click.Choice(["train", "pretrain", "download", "predict", "report"]))
@click.option("--kills", default=50, show_default=True, help="Number of kills, divided among the commands.")
@click.option("--full", default=2, show_default=True, help="Number of disk tests for every command and kind.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random moments and sizes.")
@click.option("--run", type=click.Path(path_type=Path), help="Classifier to predict with [default: train one first].")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Also write all figures and faults to this file."
)
def torture(
    commands: tuple[str, ...], kills: int, full: int, seed: int, run: Path | None, json_path: Path | None
) -> None:
    """Kill commands, fill the disk, and check the files; exit with 1 if there was a fault."""
    obstacle = find_obstacle()
    if obstacle and full:
        click.echo(f"no file system can be mounted here, so full disks are not tested ({obstacle})", err=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        if run is None:
            run = folder / "trained"
            subprocess.run([*TRAINED, f"--run={run}"], check=True, capture_output=True)
        trials = build_trials(run.absolute(), folder)
        chosen = [trial for command in commands or trials for trial in trials[command]]
        tallies = []
        for number, trial in enumerate(chosen):
            torturer = Torturer(trial, folder / trial.name, random.Random(f"{seed} {trial.name}"))
            share = kills * (number + 1) // len(chosen) - kills * number // len(chosen)
            with tqdm(total=share, desc=trial.name, unit=" kills") as bar:
                torturer.kill(share, bar)
            for turn in range(full):
                torturer.limit(turn)
                if not obstacle:
                    torturer.fill_disk(turn)
            tallies.append(torturer.tally)
    titles = [title.replace("_", " ") for title in asdict(tallies[0])]
    rows = [
        [str(len(value)) if isinstance(value, list) else str(value) for value in asdict(tally).values()]
        for tally in tallies
    ]
    print_table(rows, titles)
    if json_path:
        json_path.write_text(json.dumps([asdict(tally) for tally in tallies], indent=2) + "\n")
    raise SystemExit(any(tally.faults for tally in tallies))


if __name__ == "__main__":
    torture()
