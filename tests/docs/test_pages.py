"""The documentation: complete, generated parts up to date, figures from one file."""

import re

import click
import pytest
import yaml
from support.bundles import load_script
from support.commands import list_commands
from support.paths import README, ROOT

import imdb_gru
from imdb_gru.config import Config, NextWordConfig
from imdb_gru.config.sweep import SweepConfig

DOCS = ROOT / "docs"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
WRITTEN = [page for page in PAGES if page.name not in ("commands.md", "configuration.md")]
GUIDE = [page for page in DOCS.glob("*.md") if page.name not in ("contributing.md", "security.md", "changelog.md")]


def read(pages):
    return "\n".join(page.read_text("utf-8") for page in pages)


def list_keys(section, prefix=""):
    for name, field in section.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            yield from list_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_the_readme_is_short():
    assert len(README.read_text("utf-8").splitlines()) <= 150


def test_generated_pages_are_up_to_date(capsys):
    script = load_script("generate_docs")
    with pytest.raises(SystemExit) as end:
        script.main(["--check"])
    assert not end.value.code, capsys.readouterr().out


def test_every_command_and_option_is_in_the_documentation():
    text = " ".join(read(PAGES).split())
    for path, command in list_commands():
        assert f"imdb-gru {' '.join(path)}".strip() in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert max(option.opts, key=len) in text, (path, option.name)


@pytest.mark.parametrize("kind", [Config, NextWordConfig, SweepConfig])
def test_every_key_is_in_the_documentation_with_a_description(kind):
    page = (DOCS / "reference" / "configuration.md").read_text("utf-8")
    for key in list_keys(kind):
        (row, *_) = re.findall(rf"^\| `{re.escape(key)}` \|.*$", page, re.MULTILINE)
        assert row.split(" | ")[-1].strip(" |"), f"{key} has no description"


def test_every_public_name_is_in_the_python_reference():
    reference = (DOCS / "reference" / "python.md").read_text("utf-8")
    for name in set(imdb_gru.__all__) - {"__version__"}:
        assert re.search(rf"(::: imdb_gru\.\S*\b{name}$|\b{name}[,\]])", reference, re.MULTILINE), name


def test_percentages_in_the_text_are_measured_figures():
    measured = (DOCS / "measured.yaml").read_text("utf-8")
    for page in [README, *GUIDE]:
        text = re.sub(r"```.*?```|<!-- table.*?<!-- end -->", "", page.read_text("utf-8"), flags=re.DOTALL)
        for figure in re.findall(r"\d+(?:\.\d+)? %", text):
            assert figure in measured, (page.name, figure)


@pytest.mark.parametrize("page", [page for page in GUIDE if page.name != "design.md"], ids=lambda page: page.name)
def test_every_page_of_the_guide_says_when_not_to_use_it(page):
    assert re.search(r"^## (When|What) .*not", page.read_text("utf-8"), re.MULTILINE)


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    navigation = yaml.safe_load(text[text.index("nav:") :])["nav"]
    listed = set()
    for entry in navigation:
        for target in entry.values():
            listed |= {target} if isinstance(target, str) else {path for page in target for path in page.values()}
    assert listed == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if not page.name.startswith("_")}


def test_every_measured_table_says_how_it_was_measured_and_is_shown():
    text = read(WRITTEN)
    for name, table in yaml.safe_load((DOCS / "measured.yaml").read_text("utf-8")).items():
        assert table["made_by"]
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        assert name == "text" or f"<!-- table: {name} -->" in text
