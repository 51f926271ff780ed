import importlib.util

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.paths import ROOT, SCRIPTS

spec = importlib.util.spec_from_file_location("fuzz", SCRIPTS / "torture" / "fuzz.py")
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)

EDITS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 8), st.binary(max_size=8)), max_size=6)


@pytest.fixture(scope="module", params=fuzz.TARGETS)
def target(request):
    needed = {"parquet": "pyarrow", "excel": "openpyxl"}.get(request.param)
    if needed:
        pytest.importorskip(needed)
    return fuzz.TARGETS[request.param]()


def test_what_is_mutated_is_read_as_it_was(target, tmp_path):
    path = tmp_path / target.file
    path.write_bytes(target.wrap(target.seed))
    if target.file in ("weights.npz", "imdb.npz"):  # one member's content stands for all
        pytest.skip("no whole file")
    target.read(path)


def test_the_security_page_has_a_row_for_every_reader():
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    rows = page.partition("reader         files  outcome\n")[2].partition("```")[0].splitlines()
    assert [row.split()[0] for row in rows] == list(fuzz.TARGETS)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_mutated_file_ends_in_a_result_or_a_clear_line(target, tmp_path, edits):
    content = target.seed
    for place, length, new in edits:
        place %= len(content) + 1
        content = content[:place] + new + content[place + length :]
    fuzz.feed(target, content, tmp_path)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_end_in_a_result_or_a_clear_line(target, tmp_path, content):
    fuzz.feed(target, content, tmp_path)
