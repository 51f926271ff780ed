"""Every example in the documentation, run: console blocks, Python blocks and notebooks. `make examples` runs them."""

import json
import re
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from support.bundles import load_script
from support.paths import README, ROOT

import imdb_gru

pytestmark = [pytest.mark.examples, pytest.mark.keras, pytest.mark.processes, pytest.mark.filterwarnings("ignore")]

DOCS = ROOT / "docs"
docs = load_script("docs")
CONSOLE = [
    page for page in docs.PAGES if any(docs.is_runnable(block, everything=False) for block in docs.read_blocks(page))
]
PYTHON = [page for page in (README, *sorted(DOCS.rglob("*.md"))) if "```python" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", CONSOLE, ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_it_shows(page, monkeypatch):
    monkeypatch.delenv("IMDB_GRU_CACHE")
    differences = docs.run_page(page)
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.stem)
def test_the_python_of_a_page_prints_what_it_shows(page, capsys):
    """A comment that begins with → shows a line that the code above it prints."""
    values = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        exec(compile(code, page.name, "exec"), values)
        shown = [line.strip().removeprefix("# → ") for line in code.splitlines() if line.strip().startswith("# → ")]
        assert capsys.readouterr().out.splitlines() == shown


def read_code(page, language):
    (code,) = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    return code


def test_the_service_of_a_page_predicts(monkeypatch):
    """FastAPI, which the package does not need, is replaced if it is missing: its decorators then change nothing."""
    if find_spec("fastapi") is None:
        fastapi = SimpleNamespace(FastAPI=lambda: SimpleNamespace(post=lambda path: lambda function: function))
        monkeypatch.setitem(sys.modules, "fastapi", fastapi)
    values = {}
    exec(compile(read_code("service.md", "py"), "service.py", "exec"), values)
    records = values["predict"](values["Reviews"](texts=["A moving, funny film.", ""]))
    (shown,) = re.findall(r"^\[.*\]$", (DOCS / "service.md").read_text("utf-8"), re.MULTILINE)
    expected = json.loads(shown)
    for record in (*records, *expected):
        record["probability"] = round(record["probability"], 4)
    assert records == expected


def test_the_web_page_of_a_page_is_that_of_an_export(tmp_path):
    """Tests of the browser open the page in the README of an export."""
    folder = imdb_gru.export("bundled", format="web", path=tmp_path / "web")
    assert f"```html\n{read_code('web.md', 'html')}```" in (folder / "README.md").read_text("utf-8")


def test_openvino_predicts_what_a_page_shows(tmp_path, monkeypatch, capsys):
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    monkeypatch.chdir(tmp_path)
    imdb_gru.export("bundled", format="onnx", path="exported")
    code = read_code("onnx.md", "py")
    exec(compile(code, "openvino.py", "exec"), {})
    assert f"# → {capsys.readouterr().out}" in code


@pytest.mark.parametrize("notebook", sorted(DOCS.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs(notebook, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    content = nbformat.read(notebook, as_version=4)
    client.NotebookClient(content, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
