"""Tables as CSV, Markdown and LaTeX: on stdout with --table, and in files with --tables."""

import csv
import io
import json
import re
import shutil
import subprocess

import pytest
from support.comparisons import evaluate
from support.table_runs import make_table_run, write_rows

from imdb_gru.cli._tables.comparison import build_comparison_tables
from imdb_gru.cli._tables.formats import render_table, save_tables
from imdb_gru.cli._tables.table import Column, Table
from imdb_gru.errors import ImdbGruError

HOSTILE = '\\{a}_b & 5 % of #1 $x$ ~ ^ <start> "q" |p| --x\x1b'
TABLE = Table(
    "hostile",
    [(HOSTILE, "91.00% ± 1.00%", "-"), ("[b]", "7.00%", "3 ≤ 4")],
    ("a_b", Column("accuracy"), Column("n|m", "n")),
    [{"a": HOSTILE, "accuracy": 0.91, "n": None}, {"a": "b", "accuracy": 0.1 + 0.2, "n": 3, "more": True}],
    "50 % of\n a_b",
)
COMMAND = re.compile(r"\\(?:textbackslash|textasciitilde|textasciicircum|textbar|dots)\{\}|\\[{}$&#%_]|-\{\}-")
MATHS = re.compile(r"\$(?:\\(?:pm|times|leq|geq|to)|[<>])\$")


def check_latex(text):
    """Check the syntax of a table as LaTeX reads it, and return the cells without what escapes them."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    layout = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])[1]
    assert [lines[1], lines[3], *lines[-2:]] == ["\\toprule", "\\midrule", "\\bottomrule", "\\end{tabular}"]
    rows = []
    for line in (lines[2], *lines[4:-2]):
        assert line.endswith(" \\\\")
        cells = re.split(r"(?<!\\)&", line.removesuffix(" \\\\"))
        assert len(cells) == len(layout)
        plain = [COMMAND.sub("", MATHS.sub("", cell)).strip() for cell in cells]
        for cell in plain:
            cell = re.fullmatch(r"\{(\[.*)\}|(.*)", cell)
            assert not set(cell[1] or cell[2] or "") & set('\\{}$&#%_~^<>|"'), line
        rows.append(plain)
    return rows


def test_latex_is_escaped_and_aligned():
    text = render_table(TABLE, "latex")
    assert text.startswith("% 50 % of a_b\n% needs \\usepackage{booktabs}\n\\begin{tabular}{lrr}\n\\toprule\n")
    assert "a\\_b & accuracy & n\\textbar{}m \\\\\n" in text
    assert "\\textbackslash{}\\{a\\}\\_b \\& 5 \\% of \\#1 \\$x\\$" in text
    assert "''q'' \\textbar{}p\\textbar{} -{}-x\\textbackslash{}x1b & 91.00\\% $\\pm$ 1.00\\% & - \\\\\n" in text
    assert "{[b]} & 7.00\\% & 3 $\\leq$ 4 \\\\\n" in text
    assert len(check_latex(text)) == 3


def test_markdown_is_escaped_and_aligned():
    assert render_table(TABLE, "markdown").splitlines() == [
        "| a_b | accuracy | n\\|m |",
        "| --- | ---: | ---: |",
        '| \\\\{a}\\_b & 5 % of #1 $x$ ~ ^ \\<start> "q" \\|p\\| --x\\\\x1b | 91.00% ± 1.00% | - |',
        "| \\[b] | 7.00% | 3 ≤ 4 |",
    ]


def test_csv_has_all_digits_and_whole_texts():
    rows = list(csv.DictReader(io.StringIO(render_table(TABLE, "csv"))))
    assert rows == [
        {"a": HOSTILE, "accuracy": "0.91", "n": "", "more": ""},
        {"a": "b", "accuracy": "0.30000000000000004", "n": "3", "more": "True"},
    ]


def test_a_list_of_figures_gets_headings():
    table = Table("metrics", [("accuracy", "91.00%")], None, [{"accuracy": 0.91}])
    assert render_table(table, "markdown").startswith("| figure | value |\n| --- | ---: |\n")
    assert render_table(table, "latex").startswith("% needs")


def build_tables():
    right = {
        ("small_gru", 0): 90,
        ("small_gru", 1): 92,
        ("lstm", 0): 80,
        ("lstm", 1): 84,
        ("rnn", 0): 80,
        ("rnn", 1): 70,
    }
    from imdb_gru.comparison.outcome import build_comparison

    return build_comparison_tables(build_comparison("test", [evaluate(*key, right[key]) for key in right]))


def test_every_table_of_a_comparison_is_saved_in_all_formats(tmp_path):
    pytest.importorskip("scipy")
    pandas = pytest.importorskip("pandas")
    save_tables(build_tables(), tmp_path / "a" / "b")
    names = ["models", "runs", "pairs", "accuracy_by_timestep"]
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {
        name + suffix for name in names for suffix in (".csv", ".md", ".tex")
    }
    frames = {name: pandas.read_csv(tmp_path / "a" / "b" / f"{name}.csv") for name in names}
    assert frames["models"].accuracy.tolist() == pytest.approx([0.91, 0.82, 0.75])
    assert frames["models"].seeds.tolist() == ["0 1"] * 3
    assert frames["runs"].groupby("model", sort=False).accuracy.std().tolist() == pytest.approx(
        frames["models"].accuracy_spread.tolist()
    )
    assert frames["pairs"][["first", "second", "first_seed", "second_seed"]].values.tolist()[:2] == [
        ["small_gru", "lstm", 0, 0],
        ["small_gru", "lstm", 1, 1],
    ]
    assert frames["accuracy_by_timestep"].columns.tolist() == ["words_read", "small_gru", "lstm", "rnn"]
    for name in names:
        check_latex((tmp_path / "a" / "b" / f"{name}.tex").read_text("utf-8"))


@pytest.mark.processes
def test_latex_compiles(tmp_path):
    pytest.importorskip("scipy")
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed")
    save_tables([TABLE, *build_tables()], tmp_path)
    inputs = "\n\n".join(f"\\input{{{path.stem}}}" for path in sorted(tmp_path.glob("*.tex")))
    text = f"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{inputs}\n\\end{{document}}\n"
    (tmp_path / "paper.tex").write_text(text)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").exists()


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tabled")
    return make_table_run(folder / "run", write_rows(folder / "reviews.csv"))


def test_the_figures_of_an_evaluation_are_those_of_its_json(invoke, table_run, tmp_path):
    evaluated = ["evaluate", "--run", table_run, "--split", "validation"]
    figures = json.loads(invoke(*evaluated, "--json", "--tables", "tables").out)
    result = invoke(*evaluated, "--table", "csv")
    assert result.code == 0, result.err
    (row,) = csv.DictReader(io.StringIO(result.out))
    for name in ("accuracy", "log_loss", "ece", "roc_auc", "n"):
        assert float(row[name]) == figures[name]
    assert [float(row[f"accuracy_{edge}"]) for edge in ("low", "high")] == figures["accuracy_interval"]
    assert [int(row[name]) for name in ("true_negatives", "false_positives")] == figures["confusion_matrix"][0]
    assert (tmp_path / "tables" / "metrics.csv").read_text() == result.out
    with (tmp_path / "tables" / "accuracy_by_length.csv").open() as file:
        assert [int(row["n"]) for row in csv.DictReader(file)] == [row["n"] for row in figures["accuracy_by_length"]]
    assert len(list((tmp_path / "tables").glob("*.tex"))) == 4
    check_latex(invoke(*evaluated, "--table", "latex").out)
    assert f"| accuracy | {figures['accuracy']:.2%}  (95 % interval" in invoke(*evaluated, "--table", "markdown").out


def test_runs_are_listed_with_seed_engine_and_config(invoke, table_run):
    folder = table_run.path.parent
    (listed,) = json.loads(invoke("runs", "list", folder, "--json").out)
    assert (listed["seed"], listed["engine"]) == (0, None)  # which the fixture does not record
    assert listed["config"] == table_run.load_config().model_dump(mode="json")
    (row,) = csv.DictReader(io.StringIO(invoke("runs", "list", folder, "--table", "csv").out))
    assert (row["run"], row["seed"], row["model"]) == (str(table_run), "0", listed["model"])
    assert "config" not in row
    assert check_latex(invoke("runs", "list", folder, "--table", "latex").out)[0][0] == "run"
    (folder.parent / "none").mkdir(exist_ok=True)
    nothing = invoke("runs", "list", folder.parent / "none", "--table", "csv")
    assert (nothing.code, nothing.out) == (0, "")
    assert invoke("runs", "list", folder.parent / "none", "--json").out == "[]\n"


def test_results_are_data_frames(table_run):
    pytest.importorskip("pandas")
    import imdb_gru

    evaluation = imdb_gru.evaluate(table_run, split="validation")
    frame = evaluation.to_frame()
    assert frame.shape[0] == 1
    assert frame.accuracy[0] == evaluation.accuracy
    suite = imdb_gru.evaluate_suite(table_run)
    assert suite.to_frame()[["kind", "passed"]].values.tolist() == [[kind.kind, kind.passed] for kind in suite.kinds]


def test_without_pandas_a_frame_says_so(monkeypatch):
    import sys

    from imdb_gru.system.frames import build_frame

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImdbGruError, match="to_frame needs pandas, which is not installed: pip install pandas"):
        build_frame([])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--json", "--table", "csv"], 2, "--json and --table cannot be used together: leave out one of them"),
        (["--table", "excel"], 2, "'excel' is not one of 'csv', 'markdown', 'latex'"),
        (["--tables", "photo.jpg"], 1, "cannot write into photo.jpg: it is a file; choose a folder"),
        (["--tables", "photo.jpg/tables"], 1, "cannot write into photo.jpg/tables: Not a directory; choose another"),
    ],
)
@pytest.mark.parametrize("command", [["evaluate", "--run", "bundled"], ["compare", "--data", "sample"]])
def test_mistakes_are_told_before_any_work(invoke, tmp_path, command, arguments, code, message):
    (tmp_path / "photo.jpg").touch()
    result = invoke(*command, *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in " ".join(result.err.split())
    assert not (tmp_path / "runs").exists()


def test_a_table_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "hostile.md" / "in the way").mkdir(parents=True)
    with pytest.raises(ImdbGruError, match=r"cannot write .*hostile\.md: .*; choose another folder"):
        save_tables([TABLE], tmp_path)
