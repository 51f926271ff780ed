"""JSON as one object on each line or one array: columns, missing texts, and mistakes."""

import json

import pytest
from support.hostile import bounded
from support.tables import read, read_input, read_with_notes, write

from imdb_gru.errors import DataError


def test_a_split_that_appears_later_keeps_test_reviews_out_of_training(tmp_path):
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": 0, "split": "test"}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)), "a.jsonl")
    with pytest.raises(DataError, match="row 1: the split None is not one of"):
        read(path)
    rows[0]["split"] = "train"
    path = write(tmp_path, "\n".join(json.dumps(dict(reversed(row.items()))) for row in rows), "a.jsonl")
    assert read(path) == [("a", 1), ("b", 0)]


def test_columns_come_from_all_rows(tmp_path):
    rows = [{"id": 1}, {"id": 2, "text": "a", "label": 1}]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)), "a.jsonl")
    assert read_input(path)[0] == [("", 1), ("a", 2)]
    rows[0]["review"] = "b"
    path = write(tmp_path, json.dumps(rows), "a.json")
    with pytest.raises(DataError, match="several text columns, 'review', 'text'"):
        read(path)


def test_a_missing_text_is_an_empty_text_with_a_note(tmp_path):
    content = '{"text": null, "label": 1}\n{"label": 0}\n{"text": "a", "label": 0}\n'
    path = write(tmp_path, content, "a.jsonl")
    expected = ([("", 1), ("", 0), ("a", 0)], (f"{path}: treated 2 texts without a value as empty",))
    assert read_with_notes(path) == expected
    assert read_input(path)[1] == expected[1]
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"text": [None, "a"], "label": [1, 0]}), tmp_path / "a.parquet")
    reviews, notes = read_with_notes(tmp_path / "a.parquet")
    assert reviews == [("", 1), ("a", 0)]
    assert "1 text without a value" in notes[0]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_read_under_any_name(tmp_path, name, indent):
    rows = [{"text": f"{number} " + "x" * 30_000, "label": number % 2} for number in range(9)]
    path = write(tmp_path, "\n\n " + json.dumps(rows, indent=indent) + "\n", name)
    assert read(path) == [(row["text"], row["label"]) for row in rows]
    assert [row for _, row in read_input(path)[0]] == list(range(1, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "a", "label": 1} {"text": "b"}]', "row 2: not JSON \\(a comma is missing before this object\\)"),
        ('[{"text": "a", "label": 1},]', "row 2: not JSON \\(']' does not begin an object\\)"),
        ('[{"text": "a", "label": 1}', "row 2: not JSON \\(the array is not closed\\)"),
        ('[{"text": "a", "label": 1},', "row 2: not JSON \\(the array is not closed\\)"),
        ('[{"text": "a", "label": 1}] x', "'x' follows the array"),
        ('[{"text": "a", "label": ', "row 1: not JSON"),
        ('["a"]', "row 1: not JSON .* put one object on each line, or all objects in one array"),
        ("[]", "holds no reviews"),
        ('{"text": "a", "label": 1}\n"b"\n', "row 2: 'b' is not a JSON object"),
        ('{\n"text": "a"\n}', "row 1: not JSON .* put one object on each line, or all objects in one array"),
        ('{"data": [{"text": "a"}]}', "no known text column, only 'data'"),
    ],
)
def test_what_is_no_list_of_objects_is_told(tmp_path, content, message):
    for reader in (read, read_input):
        with pytest.raises(DataError, match=message) as error:
            reader(write(tmp_path, content, "a.json"))
        assert "\n" not in str(error.value)


def test_an_array_is_never_held_whole(tmp_path):
    refuse(tmp_path, '[{"text": "' + "a" * 2**25, "an object is longer than 16,777,216 characters")
    refuse(tmp_path, '[{"a": ' + "[" * 10**6, "row 1: not JSON")
    path = tmp_path / "long.json"
    with path.open("w") as file:
        file.write('[{"text": "a", "label": 1}')
        for _ in range(1000):
            file.write(',{"text": "' + "b" * 2**16 + '", "label": 0}')
        file.write("]")
    from imdb_gru.sources import open_source

    with bounded(16):
        assert sum(1 for _ in open_source(str(path)).iter_reviews("all")) == 1001


def test_keys_without_end_are_refused(tmp_path):
    content = "".join(json.dumps({f"{number}": 1}) + "\n" for number in range(10_001))
    refuse(tmp_path, content, "has more than 10,000 columns")


def refuse(tmp_path, content, message):
    path = write(tmp_path, content, "a.json")
    with bounded(512), pytest.raises(DataError, match=message):
        read(path)
