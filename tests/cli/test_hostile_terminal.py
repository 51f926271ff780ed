"""What a stranger wrote reaches no terminal as it is: every command that prints texts, tokens, names or errors."""

import json
import shutil

import pytest
from support.hostile import ESCAPES, HARMFUL, bounded
from support.hostile_runs import list_arrays, seal
from support.models import make_classifier

from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import save_arrays

WORDS = [f"w{number}{ESCAPES}" for number in range(30)]
TEXT = f"{ESCAPES} w1 fine{ESCAPES}film [red]dull[/nonsense] </script><b> \x1b]8;;http://x\x07 {WORDS[3]}"


def make_run(path, **model):
    from imdb_gru.text.vocabulary import Vocabulary

    classifier = make_classifier(**model)
    run = Run(path)
    path.mkdir(parents=True)
    run.config_path.write_text(classifier.config.to_yaml())
    Vocabulary("keras", WORDS).save(run.vocabulary_path)
    run.history_path.write_text("")
    run.environment_path.write_text("")
    run.model_path.write_bytes(b"")
    save_arrays(run, list_arrays(classifier.network))
    return seal(run)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / f"runs{ESCAPES}[red]" / f"a{ESCAPES}[x]")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / f"reviews{ESCAPES}.jsonl"
    rows = [{"text": f"{TEXT} {number}", "label": number % 2, f"x{ESCAPES}": 1} for number in range(8)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def check(result, code=0):
    assert result.code == code, result.err
    assert not HARMFUL & set(result.out), result.out
    assert not HARMFUL & set(result.err), result.err
    return result


@pytest.mark.parametrize("options", [[], ["--json"], ["--timesteps"], ["--timesteps", "--json"]])
def test_predict(run, table, invoke, options):
    check(invoke("predict", "--run", run, *options, TEXT, "other"))
    result = check(invoke("predict", "--run", run, "--input", table, *options))
    if "--json" in options:
        assert json.loads(result.out.splitlines()[0])["text"] == f"{TEXT} 0"


@pytest.mark.parametrize("options", [["--errors", "9"], ["--errors", "9", "--json"]])
def test_evaluate(run, table, invoke, options):
    check(invoke("evaluate", "--run", run, "--data", table, *options))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_inspect(run, table, invoke, options):
    check(invoke("inspect", "--run", run, *options, TEXT))
    check(invoke("inspect", "--run", run, *options, TEXT, TEXT))
    check(invoke("inspect", "step", "--run", run, *options, TEXT, TEXT))
    check(invoke("inspect", "diff", "--run", run, *options, TEXT, f"w2{ESCAPES}"))
    check(invoke("inspect", "units", "--run", run, *options, *[TEXT] * 20))
    check(invoke("inspect", "gradients", "--run", run, *options, TEXT))


def test_runs(run, invoke):
    check(invoke("runs", run.path.parent))
    check(invoke("runs", run.path.parent, "--json"))
    shutil.rmtree(run.path)
    check(invoke("runs", run.path.parent))
    check(invoke("runs", run.path), 1)


def test_compare(run, table, invoke, tmp_path):
    pytest.importorskip("sklearn")
    other = make_run(tmp_path / f"[/b]{ESCAPES}", seed=1)
    check(invoke("compare", run, other, "--data", table, "--plots", tmp_path / "plots"))
    check(invoke("compare", run, other, "--data", table, "--json"))


def test_report_and_pages(run, table, invoke, tmp_path):
    pytest.importorskip("matplotlib")
    check(invoke("report", "--run", run, "--data", table, "--examples", "2"))
    check(invoke("inspect", "--run", run, "--html", "page.html", TEXT))
    pages = [path.read_text() for path in tmp_path.glob("*.html")]
    assert len(pages) == 2
    for page in pages:
        assert not HARMFUL & set(page)
        assert "</script><b>" not in page
        assert "<b> " not in page.replace("<b>update", "")
        assert page.count("</script>") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "--run", f"none{ESCAPES}"),
        ("evaluate", "--run", "bundled", "--data", f"none{ESCAPES}.csv"),
        ("predict", "--run", "bundled", "--input", f"none{ESCAPES}"),
        ("report", f"none{ESCAPES}"),
        ("train", "--set", f"train.{ESCAPES}=1"),
        ("config", "check", f"none{ESCAPES}.yaml"),
        ("compare", "--models", ESCAPES),
    ],
)
def test_errors(invoke, arguments):
    result = check(invoke(*arguments), 1)
    assert len(result.err.splitlines()) <= 2


@pytest.mark.parametrize("arguments", [("predict", f"--{ESCAPES}"), (f"x{ESCAPES}",)])
def test_wrong_usage(invoke, arguments):
    check(invoke(*arguments), 2)


def test_columns_and_labels_in_errors(table, invoke):
    check(invoke("evaluate", "--run", "bundled", "--data", table, "--text-column", ESCAPES), 1)
    table.write_text(json.dumps({"text": TEXT, "label": ESCAPES}) + "\n")
    check(invoke("evaluate", "--run", "bundled", "--data", table), 1)


def test_next(make_next_word_run, table, invoke):
    run = make_next_word_run()
    stored = json.loads(run.vocabulary_path.read_text())
    run.vocabulary_path.write_text(json.dumps({**stored, "words": [f"{word}{ESCAPES}" for word in stored["words"]]}))
    from imdb_gru.system.reading import hash_file

    metrics = json.loads(run.metrics_path.read_text())
    metrics["files"]["vocabulary.json"] = hash_file(run.vocabulary_path)
    run.metrics_path.write_text(json.dumps(metrics))
    for options in ([], ["--json"], ["--timesteps"], ["--generate", "9"]):
        check(invoke("next", "--run", run, *options, TEXT))
    check(invoke("next", "--run", run, "--input", table))


def test_lines_without_an_end_are_refused(tmp_path, invoke):
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.write(b"a" * 2**20)
        file.truncate(2**28)
    with bounded(512):
        result = check(invoke("predict", "--run", "bundled", "--input", path), 1)
    assert "line 1: the row is longer than 16,777,216 characters" in result.err


def test_long_texts_are_not_held_by_thousands(monkeypatch):
    monkeypatch.setattr("imdb_gru.models.batches.CHUNK_CHARACTERS", 10, raising=False)
    ahead = []

    def write():
        for number in range(50):
            ahead.append(number)
            yield "w1 w2 w3"

    predictions = make_classifier().predict_many(write())
    next(predictions)
    assert len(ahead) < 20
    assert len(list(predictions)) == 49
