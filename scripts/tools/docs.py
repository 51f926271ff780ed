"""Run the documentation's console examples, and check their output: python scripts/tools/docs.py [PAGE]...

The examples of a page run in order, in one empty folder. A comment before a block changes how it is treated:

    <!-- needs: imdb -->       runs only with --all: needs the IMDB corpus, or takes longer than two minutes
    <!-- needs: Node 20 -->    runs only where Node is installed
    <!-- needs: REASON -->     is never run here
    <!-- output: varies -->    numbers and paths may differ from those on the page
    <!-- output: terminal -->  stdout is a terminal of 100 columns, and stderr is not compared

With --update, the output on the pages is replaced by the current output.
"""

import difflib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
GENERATED = (ROOT / "docs" / "reference" / "commands.md", ROOT / "docs" / "reference" / "configuration.md")
"""Pages whose examples, if any, are copies of those in `_configuration.md`."""
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if page not in GENERATED]
FENCE = re.compile(r"((?:<!-- [a-z]+: [^\n]*? -->\n)*)```console\n(.*?)```\n", re.DOTALL)
COMMENT = re.compile(r"<!-- ([a-z]+): (.*?) -->")
NUMBER = re.compile(r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?")
STYLE = re.compile(r"\x1b\[[\d;]*m")
SECONDS = 600
"""Seconds after which a command is stopped."""


@dataclass
class Step:
    """A command and its output on the page."""

    command: str
    output: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the command goes on in the next line: after a backslash, or in a text up to END."""
        return self.command.endswith("\\") or ("<<'END'" in self.command and not self.command.endswith("\nEND"))


@dataclass
class Block:
    """A console example on a page."""

    page: Path
    line: int
    span: tuple[int, int]
    needs: str = ""
    output: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the page and the line number of the block."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield the console examples of a page."""
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        marks = dict(COMMENT.findall(match[1]))
        block = Block(page, text.count("\n", 0, match.start(2)) + 1, match.span(2), **marks)
        for line in match[2].splitlines(keepends=True):
            if line.startswith("$ "):
                block.steps.append(Step(line[2:].rstrip("\n")))
            elif block.steps and block.steps[-1].is_open:
                block.steps[-1].command += "\n" + line.rstrip("\n")
            else:
                block.steps[-1].output += line
        yield block


def run_step(step: Step, folder: Path, block: Block) -> str:
    """Run a command in a folder and return its output."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(folders), "COLUMNS": "100", "NO_COLOR": "1", "TERM": "xterm"}
    command = ["bash", "-c", step.command]
    if block.output == "terminal":
        return _run_in_terminal(command, folder, environment)
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    return done.stdout.replace(f"{folder}/", "")


def _run_in_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    printed = b""
    while select.select([ours], [], [], SECONDS)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
        printed += part
    os.close(ours)
    process.wait()
    return STYLE.sub("", printed.decode().replace("\r\n", "\n"))


def is_same(expected: str, printed: str, block: Block) -> bool:
    """Return whether a command printed what the page says; the last digit of a number may differ between CPUs."""
    ours, theirs = (_simplify(text, block) for text in (expected, printed))
    if block.output == "varies" or NUMBER.sub("#", ours) != NUMBER.sub("#", theirs):
        return ours == theirs
    return all(map(_is_close, NUMBER.findall(ours), NUMBER.findall(theirs)))


def _simplify(text: str, block: Block) -> str:
    """Remove what depends only on the machine; if the output varies, also replace numbers and join spaces."""
    lines = [line.rstrip() for line in text.rstrip("\n").splitlines() if not line.startswith("compiling the engine")]
    if block.output == "varies":
        lines = [" ".join(NUMBER.sub("#", line.replace(", bfloat16 products", "")).split()) for line in lines]
    return "\n".join(lines)


def _is_close(one: str, other: str) -> bool:
    numbers = [float(number.strip(".,").replace(",", "")) for number in (one, other)]
    last_digit = 10.0 ** -len(one.strip(".,").partition(".")[2])
    return abs(numbers[0] - numbers[1]) <= max(1.01 * last_digit, 1e-4 * abs(numbers[0]))


def is_runnable(block: Block, *, everything: bool) -> bool:
    """Return whether this machine has what a block needs."""
    if block.needs == "Node 20":
        return shutil.which("node") is not None
    return not block.needs or (everything and block.needs == "imdb")


def run_page(page: Path, *, everything: bool = False, update: bool = False) -> list[str]:
    """Run the examples of a page; return a diff for each command whose output differs."""
    differences, text, shift = [], page.read_text("utf-8"), 0
    with tempfile.TemporaryDirectory(prefix="imdb-gru-docs-") as name:
        folder = Path(name).resolve()
        (folder / "docs").symlink_to(ROOT / "docs")
        for block in read_blocks(page):
            if not is_runnable(block, everything=everything):
                continue
            written = ""
            for step in block.steps:
                printed = run_step(step, folder, block)
                same = is_same(step.output, printed, block)
                output = step.output if same else printed.rstrip("\n") + "\n" * bool(printed)
                written += f"$ {step.command}\n{output}"
                if not same:
                    lines = difflib.unified_diff(
                        step.output.splitlines(), printed.splitlines(), f"{block.name} on the page", "printed now"
                    )
                    differences.append("\n".join([f"$ {step.command}", *lines]))
            if update:
                start, end = (place + shift for place in block.span)
                text = text[:start] + written + text[end:]
                shift += len(written) - (end - start)
    if update:
        page.write_text(text, "utf-8")
    return differences


@click.command(help=__doc__)
@click.argument("pages", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also run the examples that need IMDB.")
@click.option("--update", is_flag=True, help="Write the current output into the pages.")
def main(pages: tuple[Path, ...], everything: bool, update: bool) -> None:
    """Run the console examples of pages, and compare their output."""
    failed = 0
    for page in [page.resolve() for page in pages] or PAGES:
        differences = run_page(page, everything=everything, update=update)
        failed += len(differences)
        click.echo("\n".join([f"{page.relative_to(ROOT)}: {len(differences)} differ", *differences]))
    if failed and not update:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
