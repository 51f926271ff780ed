"""The comparison of exported modules with the package, with a small model and the sample."""

import re
import shutil
import sys

import pytest
from support.bundles import load_script

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
]


def run(monkeypatch, **constants):
    script = load_script("check_web")
    for name, value in {"REVIEWS": 3, **constants}.items():
        monkeypatch.setattr(script, name, value)
    monkeypatch.setattr(sys, "argv", ["check_web.py", "--data", "sample"])
    with pytest.raises(SystemExit) as end:
        script.main()
    return end.value.code


def test_the_module_agrees_with_the_package(bundled, monkeypatch, capsys):
    assert run(monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "3 reviews in Node: probabilities differ by at most" in printed
    assert re.search(r"(\S+) reviews in Node: \1 have the same tokens", printed)


def test_a_difference_is_a_failure(bundled, monkeypatch):
    assert run(monkeypatch, TOLERANCE=-1) == 1
