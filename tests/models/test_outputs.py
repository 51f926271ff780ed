"""The formats of predictions, and the columns that stand beside them."""

import csv
import io
import json
import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import make_classifier

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.models.bulk import predict_file
from imdb_gru.models.outputs import FileFormat, PredictionWriter, name_columns
from imdb_gru.models.texts import InputRow, TextReader

OWN = ["text", "label", "probability", "note"]


@pytest.fixture
def predict(tmp_path):
    """Predict a table, and return the rows of the output."""
    model = make_classifier()

    def run(output, name="in.jsonl", rows=None, content=None, **options):
        source = tmp_path / name
        source.write_text(content or "".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        data = DataConfig(path=str(source), text_column=options.pop("text_column", None))
        predict_file(data, tmp_path / output, model=model, **options)
        return read(tmp_path / output)

    return run


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in file]
        return list(csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))


@pytest.mark.parametrize("output", ["out.csv", "out.CSV", "out.tsv", "out.Tsv"])
def test_other_columns_are_kept_beside_the_prediction(predict, output):
    rows = predict(output, "in.csv", content='id,body,stars\n007,"w1, w2",5\nx\t8,w3,\n', text_column="body")
    assert [list(row) for row in rows] == [[*OWN, "id", "stars"]] * 2
    assert [(row["text"], row["id"], row["stars"]) for row in rows] == [("w1, w2", "007", "5"), ("w3", "x\t8", "")]
    assert {row["label"] for row in rows} <= {"positive", "negative"}


def test_json_keeps_the_types_of_the_input(predict):
    others = {"id": 7, "tags": ["a", {"b": None}], "score": 0.5, "seen": True, "none": None, "name": "é"}
    (row,) = predict("out.jsonl", rows=[{"text": "w1", **others}])
    assert list(row) == ["text", "label", "probability", *others]
    assert {name: row[name] for name in others} == others
    (row,) = predict("out.csv", rows=[{"text": "w1", **others}])
    assert {name: row[name] for name in others} == {
        "id": "7", "tags": '["a", {"b": null}]', "score": "0.5", "seen": "true", "none": "", "name": "é",
    }  # fmt: skip


def test_values_that_json_does_not_have_are_written_as_it_can(predict, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"text": ["w1"], "day": [date(2024, 5, 1)], "score": [math.nan], "raw": [b"x"]})
    parquet.write_table(table, tmp_path / "in.parquet")
    for output, missing in (("out.jsonl", None), ("out.csv", "")):
        predict_file(tmp_path / "in.parquet", tmp_path / output, model=make_classifier())
        (row,) = read(tmp_path / output)
        assert (row["day"], row["score"], row["raw"]) == ("2024-05-01", missing, "b'x'")


def test_the_inputs_own_columns_of_the_same_names_are_renamed(predict):
    row = {"text": "w1", "Label": 5, "probability": "high", "note": "mine", "input_note": "other", "file": "a"}
    (got,) = predict("out.csv", rows=[row])
    assert list(got) == [*OWN, "input_Label", "input_probability", "input_input_note", "input_note", "file"]
    assert (got["input_Label"], got["input_input_note"], got["input_note"]) == ("5", "mine", "other")
    (got,) = predict("out.jsonl", rows=[{"body": "w1", "text": "title", "timesteps": 3}], text_column="body")
    assert (got["text"], got["input_text"], got["timesteps"]) == ("w1", "title", 3)
    (got,) = predict("out.jsonl", rows=[{"text": "w1", "timesteps": 3}], timesteps=True)
    assert (len(got["timesteps"]), got["input_timesteps"]) == (2, 3)


def test_predictions_can_be_predicted_again(predict, tmp_path):
    predict("out.csv", rows=[{"text": "w1", "label": 1}])
    predict_file(tmp_path / "out.csv", tmp_path / "again.csv", model=make_classifier())
    (row,) = read(tmp_path / "again.csv")
    assert list(row) == [
        *OWN, "input_input_label", "input_probability", "input_note", "input_label",
    ]  # fmt: skip


def test_names_are_never_used_twice():
    columns = ["label", "input_label", "LABEL", "a"]
    names = name_columns(columns, {"label"})
    assert list(names) == columns
    assert len(set(names.values())) == len(columns)
    assert (names["a"], names["input_label"]) == ("a", "input_label")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "no words"),
        ("  ", "no words"),
        ("never seen", "no known words"),
        ("w1 " * 501, "only 500 of 501 words were read"),
        ("w1", None),
    ],
)
def test_a_note_says_why_a_prediction_may_mean_little(predict, text, note):
    assert predict("out.csv", rows=[{"text": text}])[0]["note"] == (note or "")
    assert predict("out.jsonl", rows=[{"text": text}])[0].get("note") == note


def test_cells_with_line_ends_quotes_and_bad_characters_come_back(predict):
    cell = 'a\rb\nc "d",\te'
    for output in ("out.csv", "out.tsv", "out.jsonl"):
        (row,) = predict(output, rows=[{"text": "w1\rw2", "id": cell}])
        assert (row["text"], row["id"]) == ("w1\rw2", cell)
    content = '{"text": "w1", "id": "a\\ud800"}\n'
    assert predict("out.csv", content=content)[0]["id"] == "a\ufffd"
    assert predict("out.jsonl", content=content)[0]["id"] == "a\ud800"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("o.parquet", {}, "only --engine ray writes Parquet"),
        ("o.JSON", {}, "so choose a .jsonl file"),
        ("o.xlsx", {}, "choose a .csv file, which Excel opens"),
        ("o.csv.gz", {}, "cannot write the format .gz"),
        ("o.html", {}, "choose a .csv, .tsv, .jsonl or .txt file"),
        ("o.CSV", {"timesteps": True}, "tables cannot hold timesteps"),
        ("o.csv", {"as_json": True}, "--json writes JSON lines: leave out --json, or choose a .jsonl file"),
        (".", {}, "is a folder: choose a file"),
        ("new/", {}, "is a folder: choose a file"),
        ("in.txt", {}, "is the same file as --input"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_at_once(tmp_path, name, options, message):
    (tmp_path / "in.txt").write_text("w1\n")
    with pytest.raises(DataError, match=message):
        predict_file(tmp_path / "in.txt", f"{tmp_path}/{name}", model="not even loaded", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]


@pytest.mark.parametrize("name", ["o", "o.txt", "o.TXT", "/dev/null"])
def test_lines_are_written_to_files_of_no_format(tmp_path, name):
    assert FileFormat.choose(tmp_path / name) == FileFormat(None, as_json=False, timesteps=False, many=True)


@settings(max_examples=200)
@given(
    suffix=st.sampled_from(["csv", "tsv", "jsonl"]),
    cells=st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))),
)
def test_any_cells_in_columns_of_any_names_come_back(suffix, cells):
    reader = TextReader()
    reader.columns = tuple(cells)
    writer = PredictionWriter(FileFormat.choose(Path(f"out.{suffix}")), reader, "forward")
    prediction = make_classifier().predict("w1")
    stream = io.StringIO()
    writer.begin(stream)
    writer.write(InputRow("w1", 1, cells), prediction, stream)
    if suffix == "jsonl":
        record = json.loads(stream.getvalue())
        kept = list(record.values())[3:]
    else:
        header, row = csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter="," if suffix == "csv" else "\t")
        assert len(set(header)) == len(header)
        kept = row[4:]
    assert kept == list(cells.values())
