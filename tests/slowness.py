"""Mark tests as slow by one rule: what loads Keras, opens a browser, reads the corpus or starts processes."""

import inspect
import re

import pytest

MARKERS = {"keras", "browser", "corpus"}
FIXTURES = {"sample_run", "next_word_run", "build_twins"}
"""Those that load Keras."""
PROCESSES = re.compile(r"^import subprocess|^from conftest import .*\bcall\b|^from multiprocessing", re.MULTILINE)
"""A file that starts processes says so at its top."""


def pytest_collection_modifyitems(items):
    texts = {}
    for item in items:
        text = texts.setdefault(item.module, inspect.getsource(item.module))
        marked = any(item.get_closest_marker(marker) for marker in MARKERS)
        if marked or FIXTURES & set(item.fixturenames) or PROCESSES.search(text):
            item.add_marker(pytest.mark.slow)
