"""The recipes of the table of results, and the BibTeX entries of the documentation."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner
from support.bundles import load_script
from support.paths import README, ROOT


@pytest.fixture
def script():
    return load_script("reproduce")


def test_every_row_of_ours_has_the_one_command_that_makes_it(script):
    listed = CliRunner().invoke(script.reproduce, ["--list"]).output
    table = yaml.safe_load((ROOT / "docs" / "measured.yaml").read_text("utf-8"))["accuracy"]
    ours = {name.strip("*"): how for name, _, _, how in table["rows"] if how != "published"}
    assert len(ours) == len(script.RECIPES)
    for name, recipe in script.RECIPES.items():
        assert f"| {recipe.row} | `python scripts/tools/reproduce.py {name}` |" in listed
        assert f"| {recipe.time} |\n" in listed
        assert ours[recipe.row].startswith(f"`reproduce.py {name}`, ")
    assert CliRunner().invoke(script.reproduce, ["--list", "fast"]).output.count("reproduce.py") == 1


def test_a_recipe_trains_with_every_seed_and_prints_its_row(script, monkeypatch, tmp_path):
    calls = []

    def call(*arguments):
        calls.append(arguments)
        models = [{"model": "gru", "runs": []}, {"model": "linear", "runs": [{"accuracy": 0.9, "seconds": 3.0}] * 2}]
        return json.dumps({"models": models})

    monkeypatch.setattr(script, "call", call)
    trained = []

    def train(command, config, run, *settings):
        trained.append((command, run.name, settings))
        return float(len(settings))

    monkeypatch.setattr(script, "train", train)
    monkeypatch.setattr(script, "judge", lambda run: 0.9 + 0.01 * int(run.name[-1]))
    done = CliRunner().invoke(script.reproduce, ["ngrams", "fast", "package", "--runs", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[2:] == [
        "| n-grams of up to three words | 90.00 ± 0.00 | 2 | 0 | 3 |",
        "| GRU of 512 units from the next-word model in the package | 91.00 ± 1.00 | 3 | 0 | 1 |",
        "| the model in the package | 90.00 | 1 | 0 | 10 |",
    ]
    encoder, teacher, student = trained[-3:]
    assert encoder == ("pretrain", "package-encoder", ())
    assert teacher[1] == "package-0"
    assert student[:2] == ("train", "package-student-0")
    assert student[2][:2] == teacher[2]
    assert f"--set=train.teachers=[{tmp_path / 'package-0'}, ngrams]" in student[2]
    (compared,) = calls
    assert compared == (
        "compare", "--config", "scratch", "--models", "linear,gru", "--seeds", "0,1,", "--into",
        str(tmp_path / "ngrams"), "--json",
    )  # fmt: skip


def test_bibtex_entries_come_from_the_citation_file():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    for page, entries in ((README, 1), (ROOT / "docs" / "results.md", 3)):
        (block,) = re.findall(r"```bibtex\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        assert block.isascii()
        found = re.findall(r"^@(\w+)\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}$", block, re.MULTILINE)
        assert [kind for kind, _, _ in found] == ["misc", "inproceedings", "inproceedings"][:entries]
        assert block.count("{") == block.count("}")
        assert f"note = {{Version {citation['version']}}}" in found[0][2]
        assert "author = {{The imdb-gru authors}}" in found[0][2]
        assert all(paper["url"] in block for paper in citation["references"][: entries - 1])
