"""Node, in which exported modules run."""

import contextlib
import shutil

import pytest

from support.bundles import load_script


@contextlib.contextmanager
def open_module(folder):
    """Yield a function that evaluates an expression of `model`, `load`, `build` and `value`, and returns the result."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: exported modules are not tested")
    with load_script("check_web").start_node(folder) as evaluate:
        yield lambda code, value=None: next(evaluate(code, [value]))
