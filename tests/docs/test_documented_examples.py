"""Every example in the documentation, run: console blocks, Python blocks and notebooks. `make examples` runs them."""

import re
import sys
from types import SimpleNamespace

import pytest
from support.bundles import load_script
from support.paths import README, ROOT

pytestmark = [pytest.mark.examples, pytest.mark.keras, pytest.mark.processes, pytest.mark.filterwarnings("ignore")]

DOCS = ROOT / "docs"
docs = load_script("docs")
CONSOLE = [page for page in docs.PAGES if any(not block.needs for block in docs.read_blocks(page))]
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


def test_the_service_of_a_page_predicts(monkeypatch):
    """FastAPI, which the package does not need, is replaced with a class whose decorators change nothing."""
    (code,) = re.findall(r"```py\n(.*?)```", (DOCS / "export.md").read_text("utf-8"), re.DOTALL)
    fastapi = SimpleNamespace(FastAPI=lambda: SimpleNamespace(post=lambda path: lambda function: function))
    monkeypatch.setitem(sys.modules, "fastapi", fastapi)
    values = {}
    exec(compile(code, "service.py", "exec"), values)
    (record,) = values["predict"](values["Reviews"](texts=["A moving, funny film."]))
    assert (record["label"], round(record["probability"], 4)) == ("positive", 0.943)


@pytest.mark.parametrize("notebook", sorted(DOCS.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs(notebook, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    content = nbformat.read(notebook, as_version=4)
    client.NotebookClient(content, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
