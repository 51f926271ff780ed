"""What `import imdb_gru` loads, and what it does not."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes


def test_importing_it_loads_nothing_heavy():
    program = "import sys, imdb_gru; print({'numpy', 'pydantic', 'click', 'tqdm', 'yaml'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.keras
def test_what_the_library_does_with_a_run_loads_no_click(sample_run):
    program = f"""
import sys, imdb_gru
model = imdb_gru.load({str(sample_run.path)!r})
model.predict("Fine."), model.inspect("Fine."), imdb_gru.evaluate(model)
print("click" in sys.modules, "tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
