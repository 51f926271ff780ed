import json
import shutil

import numpy as np
import pytest

pytestmark = pytest.mark.keras

TEXT = "It is not dull, it is wonderful."


@pytest.fixture
def inspect(invoke, sample_run):
    return lambda *arguments: invoke("inspect", "--run", sample_run.path, *arguments)


@pytest.fixture
def inspect_units(invoke, sample_run):
    return lambda *arguments: invoke("inspect", "units", "--run", sample_run.path, *arguments)


@pytest.fixture
def inspect_gradients(invoke, sample_run):
    return lambda *arguments: invoke("inspect", "gradients", "--run", sample_run.path, *arguments)


def list_rows(out):
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:2] == ["word", "token"])
    rows = []
    for line in lines[start + 1 :]:
        if not line.strip() or not line.split()[0].isdigit():
            break
        rows.append(line.split())
    return lines[start].split(), rows


def test_the_table_shows_every_word_of_a_short_text(inspect):
    result = inspect(TEXT)
    columns, rows = list_rows(result.out)
    assert columns[:6] == ["word", "token", "probability", "move", "contribution", "occlusion"]
    assert columns[6:] == ["update", "reset", "|candidate|", "|state|", "kept", "Jacobian"]
    assert [row[1] for row in rows] == ["<start>", "it", "is", "not", "dull", ",", "it", "is", "wonderful", "."]
    assert result.out.startswith(("positive ", "negative "))
    assert "integrated gradients in 32 steps, gap " in result.out
    assert "products of the update gate" in result.out
    predicted = float(result.out.split()[1])
    assert float(rows[-1][2]) == pytest.approx(predicted, abs=1e-4)
    assert float(rows[-1][-1]) == 1


def test_a_longer_text_shows_the_start_token_and_the_weightiest_words(inspect):
    _, (start, *rows) = list_rows(inspect(TEXT).out)
    chosen = sorted(sorted(rows, key=lambda row: -abs(float(row[4])))[:2], key=lambda row: int(row[0]))
    result = inspect("--words", 2, TEXT)
    assert list_rows(result.out)[1] == [start, *chosen]
    assert "2 of 9 words; --words 9 lists all" in result.out


def test_json_holds_gates_and_contributions_of_every_text(inspect):
    result = inspect("--json", TEXT, "Dull.")
    first, second = map(json.loads, result.out.splitlines())
    assert first["text"] == TEXT
    assert len(second["timesteps"]) == 3
    assert np.shape(first["cells"][0]["gates"]["reset"]) == (10, 8)
    assert first["cells"][0]["half_life"].keys() == {"kept", "jacobian"}
    assert first["contributions"]["gap"] == pytest.approx(0, abs=0.01)


def test_one_unit_is_followed(inspect):
    record = json.loads(inspect("--json", TEXT).out)["cells"][0]
    columns, rows = list_rows(inspect("--unit", 3, TEXT).out)
    assert columns[6:14] == ["update", "3", "reset", "3", "candidate", "3", "state", "3"]
    for row in rows:
        for place, values in ((6, record["gates"]["update"]), (9, record["states"])):
            assert float(row[place]) == pytest.approx(values[int(row[0])][3], abs=1e-3)


def test_every_state_of_a_unit_is_worked_out_from_the_row_before(inspect):
    _, rows = list_rows(inspect("--unit", 3, TEXT).out)
    state = 0.0
    for row in rows:
        update, candidate, shown = float(row[6]), float(row[8]), float(row[9])
        state = update * state + (1 - update) * candidate
        assert state == pytest.approx(shown, abs=3e-3)


def test_a_file_is_inspected_line_by_line(inspect, tmp_path):
    (tmp_path / "texts.txt").write_text(f"{TEXT}\nDull.\n")
    result = inspect("--input", tmp_path / "texts.txt")
    lines = result.out.splitlines()
    assert [number for number, line in enumerate(lines) if line.startswith("logit")] == [2, lines.index("Dull.") + 2]
    assert lines[0] == TEXT
    assert TEXT not in inspect(TEXT).out


def test_a_heading_is_one_line_of_what_can_be_shown(inspect, tmp_path):
    (tmp_path / "texts.txt").write_text(f"  a {'long ' * 99}\x1b review\n")
    heading = inspect("--input", "texts.txt").out.splitlines()[0]
    assert len(heading) == 200
    assert heading.startswith("a long long")
    assert heading.endswith("…")
    assert inspect(" ", "Dull.").out.startswith("(no words)\n")


def test_files_are_written(inspect, tmp_path):
    pytest.importorskip("matplotlib")
    result = inspect("--npz", "a.npz", "--html", "a.html", "--plots", "plots", TEXT)
    assert result.code == 0
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["layer_1_forward_update"].shape == (10, 8)
    assert "wonderful" in (tmp_path / "a.html").read_text("utf-8")
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    charts = ("probability", "contributions", "gates", "memory")
    assert names == {f"{chart}.{kind}" for chart in charts for kind in ("png", "svg", "pdf")}


def test_units_are_named_by_their_words(inspect_units):
    rows = json.loads(inspect_units("--words", 2, "--json").out)
    assert sorted(row["unit"] for row in rows) == list(range(8))
    assert "no word occurs at least 20 times" in inspect_units(TEXT).err
    assert rows[0].keys() == {"unit", "weights", "raised_by", "lowered_by"}
    assert rows[0]["weights"].keys() == {"last", "max"}
    result = inspect_units("--words", 2)
    assert "reading 20 reviews of split validation" in result.err
    assert "raised by" in result.out


def test_gradients_are_followed_back_through_reviews_or_a_text(inspect_gradients, tmp_path):
    pytest.importorskip("matplotlib")
    result = inspect_gradients("--reviews", 5, "--plots", "plots")
    assert result.code == 0
    assert "reading 5 reviews of split validation" in result.err
    assert "through the recurrence alone" in result.out
    line = next(line for line in result.out.splitlines() if line.split()[:1] == ["0"])
    assert line.split() == ["0", "1.00e+00", "5"]
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"gradients.png", "gradients.svg", "gradients.pdf"}
    curves = json.loads(inspect_gradients("--json", TEXT).out)
    (curve,) = curves.values()
    assert curve["loss"][0] == curve["recurrence"][0] == 1
    assert len(curve["loss"]) == 10


def test_several_runs_are_compared(inspect_gradients, sample_run, tmp_path):
    shutil.copytree(sample_run.path, tmp_path / "copy")
    curves = json.loads(inspect_gradients("--run", "copy", "--reviews", 2, "--json").out)
    assert list(curves) == [str(sample_run.path), "copy"]
    assert curves["copy"] == curves[str(sample_run.path)]


def test_a_text_can_be_the_name_of_a_command(invoke, sample_run, tmp_path):
    (tmp_path / "texts.txt").write_text("gradients\n")
    options = ["--json", "--run", sample_run.path]
    assert json.loads(invoke("inspect", *options, "--", "units").out)["text"] == "units"
    assert json.loads(invoke("inspect", *options, "--input", "texts.txt").out)["text"] == "gradients"
    assert invoke("inspect", "--", "units").out == invoke("inspect", "text", "units").out
    assert invoke("inspect", *options, TEXT).out == invoke("inspect", "text", *options, TEXT).out


def test_the_help_of_the_group_lists_its_commands_and_the_options_of_a_text(invoke):
    shown = invoke("inspect", "--help").out
    for part in (
        "--words N",
        "--html FILE",
        "  units ",
        "  gradients ",
        "  step ",
        "  diff ",
        "inspect [OPTIONS] [TEXT]...",
    ):
        assert part in shown
    assert "--reviews" not in shown


def test_units_of_one_run_only(inspect_units):
    assert "--run was given 2 times" in inspect_units("--run", "other").err
    result = inspect_units("--split", "validation", "--data", "nowhere")
    assert result.code == 1
    assert "there are no reviews at nowhere" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "other", TEXT], "--run was given 2 times"),
        (["--split", "test", TEXT], "No such option '--split'"),
        (["--data", "sample", TEXT], "No such option '--data'"),
        (["--plots", "plots", "--input", "empty.txt"], "empty.txt holds no reviews"),
        (["--npz", "a.npz", TEXT, TEXT], "accept only one text, but the input has more"),
        (["--npz", "nowhere/a.npz", TEXT], "there is no folder nowhere"),
        (["--npz", "same", "--html", "same", TEXT], "both write same"),
        (["--plots", "empty.txt/plots", TEXT], "cannot draw into empty.txt/plots"),
        (["--unit", "8", TEXT], "units 0 to 7"),
        (["--layer", "2", TEXT], "the last recurrent layer of this run is 1"),
        (["--input", "f.txt", TEXT], "give texts or --input, not both"),
        (["--input", "nowhere.txt"], "cannot read nowhere.txt"),
        (["--words", "0", TEXT], "--words"),
    ],
)
def test_mistakes_end_in_one_line(inspect, tmp_path, arguments, message):
    (tmp_path / "empty.txt").touch()
    result = inspect(*arguments)
    assert result.code in (1, 2)
    assert message in result.err
    assert not result.out
