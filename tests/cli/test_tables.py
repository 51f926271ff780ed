"""Tables in a terminal: every number is whole, and no line is wider than the terminal."""

import re
import shutil
from collections import Counter

import pytest
from support.terminals import call_in_terminal

from imdb_gru.cli._tables.table import Column, fit_table, print_table

NUMBER = re.compile(r"[+-]?\d[\d.,:/%e+T-]*")
NOTE = re.compile(r"\(omitted\sto\sfit\s\d+\scharacters:\s(.*?)\)", re.DOTALL)
WIDE = 400
TEXT = "A slow start to blorptastic, but the ending is superb, painstakingly so."


def count_numbers(lines):
    return Counter(number for line in lines for number in NUMBER.findall(line))


def find_cells(line):
    """Return the cells of a line of a table, with where they start and end."""
    return [(found[0], found.start(), found.end()) for found in re.finditer(r"\S+(?: \S+)*", line)]


def list_column(lines, heading):
    """Return what stands below a heading in all the tables of a terminal that is wide enough, heading included."""
    cells, place = [], None
    for line in lines:
        here = find_cells(line)
        found = next(((start, end) for text, start, end in here if text == heading), None)
        if found:
            place = found
        elif not line.strip():
            place = None
        if place:
            cells += [text for text, start, end in here if start < place[1] and end > place[0]]
    return cells


def check_terminals(*arguments, widths=(80, 120)):
    """Compare a table in narrow terminals with the same one in a wide terminal; return what each leaves out."""
    wide = call_in_terminal(WIDE, *arguments)
    assert not NOTE.search("\n".join(wide))
    return [check_terminal(wide, width, *arguments) for width in widths]


def check_terminal(wide, width, *arguments):
    """Compare a table in a terminal with the lines of a wide terminal; return the columns that it leaves out."""
    narrow = call_in_terminal(width, *arguments)
    assert max(map(len, narrow)) <= width
    expected, omitted = count_numbers(wide), []
    for full, part in zip("\n".join(wide).split("\n\n"), "\n".join(narrow).split("\n\n"), strict=True):
        notes = [" ".join(note.split()) for note in NOTE.findall(part)]
        for heading in (heading for note in notes for heading in note.split(", ")):
            column = list_column(full.split("\n"), heading)
            assert len(column) > 1, heading
            expected -= count_numbers(column)
            omitted.append(heading)
    assert count_numbers(NOTE.sub("", "\n".join(narrow)).split("\n")) == expected
    return list(dict.fromkeys(omitted))


@pytest.fixture
def runs(sample_run, next_word_run, tmp_path):
    """A folder of three runs, one of which has a long name."""
    for name, run in (("first", sample_run), ("second-of-a-long-name", sample_run), ("words", next_word_run)):
        shutil.copytree(run.path, tmp_path / "runs" / name)


@pytest.mark.keras
@pytest.mark.processes
@pytest.mark.parametrize(
    "arguments",
    [
        ["runs", "list"],
        ["runs", "check", "runs/first"],
        ["evaluate", "--run", "runs/first"],
        ["evaluate", "--run", "runs/words"],
        ["next", "--run", "runs/words", "--timesteps", "-k", "9", TEXT],
        ["data", "check", "sample"],
        ["compare", "runs/first", "runs/second-of-a-long-name", "--data", "sample"],
        ["inspect", "--run", "bundled", TEXT],
        ["inspect", "--run", "bundled", "--unit", "7", TEXT],
        ["inspect", "step", "--run", "bundled", "--unit", "7", TEXT],
        ["inspect", "units", "--run", "runs/first"],
        ["inspect", "gradients", "--run", "runs/first", "--reviews", "3"],
        ["inspect", "gradients", *["--run", "runs/first", "--run", "runs/second-of-a-long-name"] * 3, "--reviews", "2"],
    ],
    ids=" ".join,
)
def test_numbers_are_whole_and_lines_no_wider_than_the_terminal(runs, arguments):
    if arguments[0] == "compare":
        pytest.importorskip("sklearn")
    _, omitted = check_terminals(*arguments)
    assert not omitted or "--unit" in arguments or arguments.count("--run") > 2


@pytest.mark.keras
@pytest.mark.processes
def test_what_a_narrow_terminal_leaves_out_is_what_matters_least(runs):
    assert check_terminals("runs") == [["task", "best epoch", "finished"], []]
    inspected = ["inspect", "--run", "runs/first", "It is not dull."]
    assert check_terminals(*inspected) == [["|candidate|", "|state|"], []]
    assert check_terminals(*inspected, "--unit", "3", widths=[60, 80]) == [
        ["move", "occlusion", "candidate 3", "kept", "Jacobian"],
        ["occlusion", "Jacobian"],
    ]


@pytest.mark.processes
def test_two_texts_side_by_side_fit():
    arguments = ["inspect", "diff", "--run", "bundled", TEXT, TEXT.replace("superb", "dull")]
    assert check_terminals(*arguments) == [["contribution", "other contribution"], []]


@pytest.mark.processes
def test_the_plan_of_a_sweep_fits():
    pytest.importorskip("ray")
    assert check_terminals("sweep", "sweep", "--data", "sample", "--dry-run") == [[], []]


def draw(width, rows, columns):
    from rich.console import Console

    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(fit_table(rows, columns, width))
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture(params=range(9, 60, 3))
def width(request):
    return request.param


def test_a_table_fits_every_width(width):
    columns = [Column("run", cut_to=9), Column("model", width=12), Column("accuracy"), Column("log loss", drop=1)]
    rows = [["runs/a-long-name", "gru 512, embedding 128", "91.96%", "0.1994"], ["b", "lstm 8", "7.00%", "-"]]
    lines = draw(width, rows, columns)
    assert max(map(len, lines)) <= width
    assert count_numbers(lines) <= count_numbers(" ".join(row) for row in rows)
    assert lines[-1].startswith("b")


def test_paths_lose_their_start_and_texts_nothing():
    lines = draw(
        30, [["runs/compare/gru", "a b c d e f g h i j", "3"]], [Column("run", cut_to=8), Column("t"), Column("n")]
    )
    assert "…are/gru" in lines[1]
    assert " ".join(lines).split()[3:] == ["…are/gru", *"abcdefghi", "3", "j"]


def test_in_a_pipe_a_table_is_as_wide_as_it_is(capsys):
    columns = [Column("run", "r", cut_to=4), Column("accuracy", drop=1)]
    print_table([["runs/" + 60 * "a", "91.96%"], ["b", "7.00%"]], columns, "title")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "title"
    assert lines[1] == "run" + 64 * " " + "accuracy"
    assert lines[2] == "runs/" + 60 * "a" + "    91.96%"
