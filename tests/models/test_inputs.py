"""Folders and globs of tables: what is read, what is skipped, and where predictions go."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from support.models import make_classifier

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.models import batches, precision
from imdb_gru.models import classifier as classifiers
from imdb_gru.models.bulk import predict_file
from imdb_gru.models.inputs import TableFiles

TEXTS = [" ".join(f"w{(number * 7 + k) % 30}" for k in range(1 + number % 9)) for number in range(20)]


@pytest.fixture
def inbox():
    """A folder of three tables, one of them in a folder of its own, and of files that are not tables."""
    write("inbox/a.csv", "id,text\n1,w1 w2\n2,\n")
    write("inbox/b.tsv", "review\tshop\nw3\tx\n")
    write("inbox/2024/c.jsonl", '{"text": "w4", "id": 9}\n{"text": "w5"}\n')
    for name in ("inbox/notes.txt", "inbox/.hidden/d.csv", "inbox/_made.csv", "inbox/~$e.csv"):
        write(name, "text\nw6\n")
    return Path("inbox")


def write(name, content):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content, "utf-8")


def read(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def list_files(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("inbox", ["inbox/2024/c.jsonl", "inbox/a.csv", "inbox/b.tsv"]),
        ("inbox/*", ["inbox/a.csv", "inbox/b.tsv"]),
        ("inbox/*.csv", ["inbox/a.csv"]),
        ("inbox/**", ["inbox/2024/c.jsonl", "inbox/a.csv", "inbox/b.tsv"]),
        ("inbox/*/*.jsonl", ["inbox/2024/c.jsonl"]),
        ("*/[ab].*", ["inbox/a.csv", "inbox/b.tsv"]),
        ("inbox/_*.csv", ["inbox/_made.csv"]),
    ],
)
@pytest.mark.usefixtures("inbox")
def test_tables_are_found_in_order_without_hidden_ones(path, files):
    reader = TableFiles(DataConfig(path=path))
    assert [str(path) for path in reader.files] == files
    assert reader.skipped == ([Path("inbox/notes.txt")] if path in ("inbox", "inbox/*", "inbox/**") else [])


def test_one_table_holds_all_columns_with_file_and_row(inbox):
    said = []
    counts = predict_file(inbox, "all.csv", model=make_classifier(), observer=lambda event: said.append(str(event)))
    rows = read("all.csv")
    assert list(rows[0]) == ["text", "label", "probability", "note", "file", "row", "id", "shop"]
    assert [(row["text"], row["file"], row["row"], row["id"], row["shop"]) for row in rows] == [
        ("w4", "inbox/2024/c.jsonl", "1", "9", ""),
        ("w5", "inbox/2024/c.jsonl", "2", "", ""),
        ("w1 w2", "inbox/a.csv", "2", "1", ""),
        ("", "inbox/a.csv", "3", "2", ""),
        ("w3", "inbox/b.tsv", "2", "", "x"),
    ]
    assert counts.all == 5
    assert said[0] == "skipped inbox/notes.txt, which is not a table"


def test_a_folder_holds_a_file_for_each_table_as_if_it_were_alone(inbox):
    predict_file(inbox, "out", model=make_classifier())
    assert list_files("out") == ["2024/c.jsonl", "a.csv", "b.tsv"]
    for name in list_files("out"):
        predict_file(inbox / name, f"alone{Path(name).suffix}", model=make_classifier())
        assert Path("out", name).read_bytes() == Path(f"alone{Path(name).suffix}").read_bytes()


@pytest.mark.parametrize("options", [{"as_json": True}, {"timesteps": True}])
def test_a_folder_holds_json_lines_where_asked_to(inbox, options):
    predict_file(inbox, "out", model=make_classifier(), **options)
    assert list_files("out") == ["2024/c.jsonl", "a.csv.jsonl", "b.tsv.jsonl"]
    assert json.loads(Path("out/b.tsv.jsonl").read_text())["shop"] == "x"


def test_a_table_whose_format_is_not_written_becomes_csv(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    Path("inbox").mkdir()
    parquet.write_table(pyarrow.table({"text": ["w1"], "id": [1]}), "inbox/a.parquet")
    predict_file("inbox", "out", model=make_classifier())
    assert [row["id"] for row in read("out/a.parquet.csv")] == ["1"]
    write("inbox/a.parquet.csv", "text\nw1\n")
    with pytest.raises(DataError, match=r"the predictions of two files would go to out/a.parquet.csv: rename one"):
        predict_file("inbox", "out", model=make_classifier())


def test_bits_do_not_depend_on_the_other_files(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 8)
    monkeypatch.setattr(precision, "ENGINE_TOKENS", 30)
    for number in range(3):
        write(f"inbox/{number}.csv", "text\n" + "\n".join(TEXTS[number:]) + "\n")
    model = make_classifier(units=16)
    predict_file("inbox", "all.csv", model=model)
    alone = []
    for number in range(3):
        predict_file(f"inbox/{number}.csv", "alone.csv", model=model)
        alone += [row["probability"] for row in read("alone.csv")]
    assert [row["probability"] for row in read("all.csv")] == alone


def test_outputs_inside_the_input_are_not_read_again(inbox):
    for output in ("inbox/all.csv", "inbox/out"):
        for _ in range(2):
            assert predict_file("inbox", output, model=make_classifier()).all == 5
        remove(output)
    with pytest.raises(DataError, match=r"--output inbox is the same folder as --input: choose another folder"):
        predict_file("inbox", "inbox/", model=make_classifier())
    write("inbox/inbox/a.csv", "text\nw8\n")
    write("inbox/inbox/inbox/a.csv", "text\nw9\n")
    with pytest.raises(DataError, match=r"--output inbox/inbox/a.csv is the same file as --input"):
        predict_file("inbox/inbox", "inbox", model=make_classifier())
    assert (inbox / "a.csv").read_text() == "id,text\n1,w1 w2\n2,\n"


def test_a_folder_above_the_input_is_no_reason_to_leave_files_out(inbox):
    assert predict_file("inbox/2024", ".", model=make_classifier()).all == 2
    assert Path("c.jsonl").exists()


@pytest.fixture
def damaged(inbox):
    write("inbox/d.csv", "x,y\n1,2\n")
    write("inbox/e.jsonl", '{"text": "w1"}\n' * 3 + "{broken\n")
    return inbox


def test_a_file_that_cannot_be_read_does_not_lose_the_others(damaged):
    said = []
    with pytest.raises(DataError) as error:
        predict_file(damaged, "out", model=make_classifier(), observer=lambda event: said.append(str(event)))
    assert str(error.value) == (
        "2 of 5 files could not be read and have no predictions: inbox/d.csv, inbox/e.jsonl; "
        "the predictions for the others are in out"
    )
    assert list_files("out") == ["2024/c.jsonl", "a.csv", "b.tsv"]
    assert [line for line in said if line.startswith("left out: ")][1].startswith("left out: inbox/e.jsonl, row 4")


@pytest.mark.parametrize("output", ["all.csv", "all.jsonl"])
def test_one_table_of_files_is_whole_or_absent(damaged, output):
    with pytest.raises(DataError, match=r"2 of 5 files cannot be read, so nothing was predicted:\n  inbox/d.csv .*\n"):
        predict_file(damaged, output, model=make_classifier())
    assert not Path(output).exists()


def test_a_folder_whose_files_all_fail_is_told_at_once(damaged):
    with pytest.raises(DataError, match="2 of 2 files cannot be read, so nothing was predicted"):
        predict_file("inbox/[de].*", "out", model="not even loaded")
    assert not Path("out").exists()


def test_a_repaired_file_is_all_that_is_predicted_again(damaged, monkeypatch):
    with pytest.raises(DataError, match="to resume with these files, repeat the command"):
        predict_file(damaged, "out", model=make_classifier(), resume=True)
    write("inbox/d.csv", "text\nw7\n")
    (damaged / "e.jsonl").unlink()
    predicted = []
    compute = classifiers.Classifier.predict_ids

    def count(self, sequences, observe=None, **options):
        predicted.extend(sequences)
        return compute(self, sequences, observe, **options)

    monkeypatch.setattr(classifiers.Classifier, "predict_ids", count)
    assert predict_file(damaged, "out", model=make_classifier(), resume=True).all == 6
    assert len(predicted) == 1
    assert list_files("out") == ["2024/c.jsonl", "a.csv", "b.tsv", "d.csv"]


@pytest.mark.parametrize("output", ["all.csv", "all.jsonl", "out"])
@pytest.mark.parametrize("stop_after", [0, 1, 2, 3, 4])
def test_what_was_stopped_resumes_to_the_same_bytes(monkeypatch, output, stop_after):
    monkeypatch.setattr(batches, "CHUNK", 3)
    for number, count in enumerate((4, 3, 2)):
        write(f"inbox/{number}.csv", "id,text\n" + "".join(f"{row},{TEXTS[row]}\n" for row in range(count)))
    model = make_classifier()
    predict_file("inbox", output, model=model)
    whole = read_all(output)
    remove(output)
    compute, calls = classifiers.Classifier.predict_ids, []

    def stop(self, sequences, observe=None, **options):
        calls.append(len(sequences))
        if len(calls) > stop_after:
            raise KeyboardInterrupt
        return compute(self, sequences, observe, **options)

    said = []
    with monkeypatch.context() as patch:
        patch.setattr(classifiers.Classifier, "predict_ids", stop)
        if stop_after < 4:
            with pytest.raises(KeyboardInterrupt):
                predict_file("inbox", output, model=model, resume=True, observer=lambda event: said.append(str(event)))
            assert "to resume, repeat the command" in said[-1]
    assert predict_file("inbox", output, model=model, resume=True).all == 9
    assert read_all(output) == whole


def read_all(output):
    path = Path(output)
    return {name: (path / name).read_bytes() for name in list_files(path)} if path.is_dir() else path.read_bytes()


def remove(output):
    if Path(output).is_dir():
        shutil.rmtree(output)
    else:
        Path(output).unlink()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("empty", "no tables at empty: choose a file, a folder or a glob of .csv"),
        ("*.csv", r"no tables at \*.csv: "),
        ("inbox/*.txt", r"no tables at inbox/\*.txt, only inbox/notes.txt: "),
    ],
)
@pytest.mark.usefixtures("inbox")
def test_a_place_without_tables_is_told(path, message):
    Path("empty").mkdir()
    with pytest.raises(DataError, match=message):
        predict_file(path, "out.csv", model="not even loaded")


def test_a_file_whose_name_looks_like_a_glob_is_a_file():
    write("a[1].csv", "text\nw1\n")
    predict_file("a[1].csv", "out.csv", model=make_classifier())
    assert list(read("out.csv")[0]) == ["text", "label", "probability", "note"]
