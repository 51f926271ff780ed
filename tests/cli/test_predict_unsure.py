"""Labels that are unsure, for want of words or of confidence."""

import json

import pytest

pytestmark = pytest.mark.keras  # Keras trains the run that predicts here


@pytest.fixture
def predict(invoke, sample_run):
    return lambda *arguments: invoke("predict", "--run", sample_run.path, *arguments)


def read_json(out):
    return [json.loads(line) for line in out.splitlines()]


def test_without_words_the_label_is_unsure_in_every_format(predict, tmp_path):
    assert predict("").out.startswith("unsure\t0.")
    (record,) = read_json(predict("--json", "--timesteps", " ").out)
    assert (record["label"], len(record["timesteps"])) == ("unsure", 1)
    assert predict("", "--output", "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith(",unsure,0.")


@pytest.mark.parametrize("share", ["10%", "0.1", " 10 % "])
def test_labels_are_unsure_to_keep_a_maximum_error(invoke, calibrated_run, tmp_path, share):
    (tmp_path / "in.txt").write_text(
        "".join(f"It is {'very ' * (n % 9)}{'dull bad' * (n % 2)} {n}.\n" for n in range(40))
    )
    arguments = ["--run", calibrated_run.path, "--json", "--max-error", share, "--input", "in.txt"]
    result = invoke("predict", *arguments)
    assert result.code == 0
    first, *_, last = result.err.splitlines()
    assert first.endswith("the model labelled 80.0% of 100 validation reviews, and 2.5% of these labels were wrong")
    limit, unsure = calibrated_run.load_calibration().limits[0], 0
    for record in read_json(result.out):
        confidence = max(record["probability"], 1 - record["probability"])
        assert (record["label"] == "unsure") == (confidence <= limit)
        unsure += record["label"] == "unsure"
    assert last.startswith(f"{unsure} of 40 texts are unsure")
    assert invoke("predict", *arguments, "--output", "out.jsonl").err == result.err
    assert (tmp_path / "out.jsonl").read_text() == result.out


@pytest.mark.parametrize("share", ["5", "0", "50%", "-5%", "nan", "five", "", "5%%"])
def test_a_maximum_error_that_cannot_be_meant_is_refused(predict, share):
    result = predict("--max-error", share, "fine")
    assert result.code == 2
    assert "use a value such as 5% or 0.05" in " ".join(result.err.split())


def test_a_maximum_error_that_nothing_shows_is_refused_before_anything_is_written(predict, tmp_path):
    result = predict("--max-error", "1%", "fine", "--output", "out.csv")
    assert result.code == 1
    assert "are too few" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["predict", "fine"], ["evaluate"]])
@pytest.mark.parametrize("threshold", ["0.6", "0.5"])
def test_a_maximum_error_goes_with_no_threshold(invoke, calibrated_run, command, threshold):
    result = invoke(*command, "--run", calibrated_run.path, "--max-error", "10%", "--threshold", threshold)
    assert (result.code, result.out) == (2, "")
    assert "it cannot be used with --threshold" in " ".join(result.err.split())
