import json
from pathlib import Path

import pytest

from imdb_gru.exporting.web_format import FILES


def test_a_run_is_exported_for_the_web(invoke, pair):
    result = invoke("export", pair[1].path, "--format", "web", "--output", "exported")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [str(Path("exported", name)) for name in sorted(FILES)]


def test_json_says_what_was_written_for_the_web(invoke, bundled):
    result = invoke("export", "bundled", "--next-word", "--format", "web", "--output", "exported", "--json")
    sizes = {name: Path("exported", name).stat().st_size for name in sorted(FILES)}
    assert json.loads(result.out) == {"run": "bundled", "format": "web", "folder": "exported", "files": sizes}
    assert json.loads(Path("exported", "package.json").read_text())["type"] == "module"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "--output", "new"], 1, "Error: there is no run at nowhere: "),
        (["CLASSIFIER", "--output", "none/new"], 1, "Error: cannot write none"),
        (["CLASSIFIER", "--output", "new", "--overwrite", "yes"], 2, "unexpected extra argument"),
    ],
)
def test_what_cannot_be_exported_for_the_web_is_refused(invoke, pair, arguments, code, message):
    chosen = [pair[1].path if argument == "CLASSIFIER" else argument for argument in arguments]
    result = invoke("export", *chosen, "--format", "web")
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert not Path("new").exists()
