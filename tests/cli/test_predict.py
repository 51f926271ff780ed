import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import call

from imdb_gru.models.classifier import Classifier

pytestmark = [pytest.mark.keras, pytest.mark.processes]  # Keras trains the run that predicts here


@pytest.fixture
def predict(invoke, sample_run):
    return lambda *arguments: invoke("predict", "--run", sample_run.path, *arguments)


def read_json(out):
    return [json.loads(line) for line in out.splitlines()]


def test_texts_are_called_in_order(predict):
    result = predict("It is wonderful.", "It is dull.")
    assert result.code == 0
    lines = [line.split("\t") for line in result.out.splitlines()]
    assert [line[2] for line in lines] == ["It is wonderful.", "It is dull."]
    for label, probability, _ in lines:
        assert label == ("positive" if float(probability) >= 0.5 else "negative")


def test_json_is_one_object_a_line_with_the_agreed_names(predict):
    records = read_json(predict("--json", "It is wonderful.", "Never.").out)
    assert [list(record) for record in records] == [["text", "label", "probability"]] * 2
    (record,) = read_json(predict("--json", "--timesteps", "It is wonderful.").out)
    assert list(record) == ["text", "label", "probability", "timesteps"]
    assert [list(step) for step in record["timesteps"]] == [["timestep", "token", "probability"]] * 5
    assert [step["token"] for step in record["timesteps"]] == ["<start>", "it", "is", "wonderful", "."]
    assert [step["timestep"] for step in record["timesteps"]] == [0, 1, 2, 3, 4]
    assert record["timesteps"][-1]["probability"] == pytest.approx(record["probability"])


def test_timesteps_in_a_pipe_are_plain_lines(predict):
    lines = predict("--timesteps", "It is wonderful.").out.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == ["0", "1", "2", "3", "4"]
    assert lines[4].endswith("\twonderful")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "the text is without words"),
        ("   \t ", "the text is without words"),
        ("<br /><br />", "the text is without words"),
        ("*** ###", "the text is without words"),
        ("😍😍", "without a word that the model knows"),
        ("好电影 фильм", "without a word that the model knows"),
        ("!!! ?!", "without a word that the model knows"),
        ("dull frobnicated quuxes", "at least half made of words that the model does not know"),
        ("wonderful " * 501, "longer than the limit: only the last 500 of 501 words"),
        ("dull " * 100_000, "only the last 500 of 100000 words were read"),
    ],
)
def test_odd_texts_get_an_answer_and_a_note(predict, text, note):
    result = predict("--json", text)
    assert result.code == 0
    (record,) = read_json(result.out)
    assert record["text"] == text
    assert 0 <= record["probability"] <= 1
    assert note in result.err


def test_breaks_are_no_words(predict):
    with_breaks, without = read_json(predict("--json", "It is<br /><br />wonderful.", "It is wonderful.").out)
    assert with_breaks["probability"] == without["probability"]


def test_a_file_of_lines_keeps_its_order_and_its_empty_lines(predict, tmp_path):
    texts = ["It is wonderful.", "", "It is dull. " * 40, "Never dull."]
    (tmp_path / "reviews.txt").write_bytes("\r\n".join(texts).encode("utf-8-sig"))
    result = predict("--json", "--input", "reviews.txt")
    assert [record["text"] for record in read_json(result.out)] == texts
    assert "1 text is without words" in result.err


def test_bad_bytes_in_a_file_are_replaced_and_told(predict, tmp_path):
    (tmp_path / "reviews.txt").write_bytes(b"caf\x81 fine\nfine\n")
    result = predict("--json", "--input", "reviews.txt")
    assert [record["text"] for record in read_json(result.out)] == ["caf� fine", "fine"]
    assert "1 text is not valid in the encoding of the input: some bytes were read as �" in result.err


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_tables_are_read_with_or_without_labels(predict, write_corpus, suffix):
    path = write_corpus(suffix)
    result = predict("--json", "--input", path)
    assert result.code == 0
    assert len(read_json(result.out)) == 8


def test_a_file_is_read_as_the_options_describe_it(predict, tmp_path):
    (tmp_path / "a.dat").write_bytes("id:body\n1:café\n2:dull\n".encode("cp437"))
    options = ["--format", "csv", "--delimiter", ":", "--encoding", "cp437", "--text-column", "body"]
    result = predict("--json", "--input", "a.dat", *options)
    assert [record["text"] for record in read_json(result.out)] == ["café", "dull"]
    result = predict("--json", "--input", "a.dat", "--format", "lines")
    assert [record["text"] for record in read_json(result.out)] == ["id:body", "1:caf\u201a", "2:dull"]
    assert "a.dat is not UTF-8 and was read as Windows-1252" in result.err
    assert "needs a table, but a.dat is read line by line" in predict("--input", "a.dat", "--delimiter", ":").err
    assert predict("fine", "--encoding", "cp437").code == 2


def test_a_table_keeps_the_order_of_its_rows(predict, tmp_path):
    (tmp_path / "a.csv").write_text("id,body,split\n1,first,test\n2,second,train\n3,third,later\n")
    result = predict("--json", "--input", "a.csv", "--text-column", "body")
    assert [record["text"] for record in read_json(result.out)] == ["first", "second", "third"]
    assert predict("--input", "a.csv", "--text-column", "nope").code == 1


def test_stdin_is_read_where_no_text_is_named(sample_run):
    done = call("predict", "--run", sample_run.path, "--json", input="It is wonderful.\nIt is dull.\n")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["It is wonderful.", "It is dull."]
    assert call("predict", "--run", sample_run.path, input="").stderr.endswith("there were no texts\n")
    done = call("predict", "--run", sample_run.path, "--json", "--format", "csv", input="text;n\nfine;1\n")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["fine"]


def test_output_is_whole_or_absent(predict, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n{broken\n')
    result = predict("--input", "in.jsonl", "--output", "out.jsonl")
    assert result.code == 1
    assert "row 2" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    result = predict("fine", "dull", "--output", "out.txt")
    assert result.out == ""
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 2


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_output_follows_its_suffix(predict, tmp_path, suffix, delimiter):
    texts = ['a "fine", film', "dull\tfilm"]
    assert predict(*texts, "--output", f"out.{suffix}").code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / f"out.{suffix}").read_text()), delimiter=delimiter))
    assert [list(row) for row in rows] == [["text", "label", "probability", "note"]] * 2
    assert [row["text"] for row in rows] == texts
    assert predict("fine", "--output", "out.jsonl").code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "fine"
    assert predict("fine", "--timesteps", "--output", f"out.{suffix}").code == 1


def test_output_goes_through_a_link_and_into_a_device(predict, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert predict("good", "--output", tmp_path / "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert "good" in (tmp_path / "real.csv").read_text()
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE, text=True)
    assert predict("good", "--output", tmp_path / "pipe").code == 0
    assert reader.communicate()[0].split()[0] in ("positive", "negative")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (".", "is a folder"),
        ("out.json", "so choose a .jsonl file"),
        ("o.parquet", "ray writes Parquet"),
        ("o.XLSX", "cannot write the format .XLSX: choose a .csv file, which Excel opens"),
        ("o.csv.gz", "cannot write the format .gz: choose a .csv, .tsv, .jsonl or .txt file"),
        ("o.ods", "cannot write the format .ods"),
        ("in.txt", "is the same file as --input"),
    ],
)
def test_an_output_that_cannot_be_meant_is_refused_at_once(predict, tmp_path, output, message):
    (tmp_path / "in.txt").write_text("good\n")
    result = predict("--input", tmp_path / "in.txt", "--output", tmp_path / output)
    assert result.code == 1
    assert message in " ".join(result.err.split())
    assert (tmp_path / "in.txt").read_text() == "good\n"


def test_a_dash_is_stdout(predict, tmp_path):
    result = predict("good", "--output", "-")
    assert (result.code, result.out.split()[0] in ("positive", "negative")) == (0, True)
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("timesteps", [False, True])
def test_who_waits_for_many_hears_of_each_as_it_is_read(sample_run, timesteps):
    heard = []
    texts = ["good " * number for number in range(150)]
    list(Classifier.load(sample_run).predict_many(texts, timesteps=timesteps, observe=heard.append))
    assert sum(heard) == len(texts)
    assert len(heard) > 1


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_told_in_a_line(sample_run):
    command = [sys.executable, "-m", "imdb_gru", "predict", "--run", str(sample_run.path), "good"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: cannot continue: No space left")


def test_output_into_nowhere_is_told(predict):
    result = predict("fine", "--output", "nowhere/out.txt")
    assert result.code == 1
    assert "cannot write nowhere/out.txt" in result.err


def test_escape_codes_never_reach_the_output(predict):
    for arguments in (["--timesteps", "\x1b[31mfine", "b"], ["\x1b]0;x\x07", "b"]):
        assert "\x1b" not in predict(*arguments).out


def test_a_picture_is_drawn(predict, tmp_path):
    pytest.importorskip("matplotlib")
    result = predict("It is wonderful.", "--plot", "belief.svg")
    assert result.code == 0
    assert (tmp_path / "belief.svg").read_text().startswith("<?xml")
    assert predict("a", "b", "--plot", "belief.svg").code == 2
    assert predict("a", "--plot", "belief.jpg").code == 1


def test_a_terminal_gets_the_view(sample_run):
    import os
    import pty

    master, slave = pty.openpty()
    done = call_on_terminal(sample_run, slave)
    os.close(slave)
    out = os.read(master, 100_000).decode()
    os.close(master)
    assert done.returncode == 0
    assert "wonderful" in out
    assert "\x1b[" in out


def call_on_terminal(run, terminal):
    import subprocess

    command = [sys.executable, "-m", "imdb_gru", "predict", "--run", str(run.path), "--timesteps", "It is wonderful."]
    return subprocess.run(command, stdout=terminal, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)


def test_a_model_that_reads_backwards_has_no_timesteps(predict, sample_run, tmp_path, invoke):
    from support.commands import train

    train(invoke, tmp_path / "both", "--set", "model.bidirectional=true")
    assert invoke("predict", "--run", "both", "fine").code == 0
    result = invoke("predict", "--run", "both", "--timesteps", "fine")
    assert result.code == 1
    assert "is bidirectional" in result.err
    figures = json.loads(invoke("evaluate", "--run", "both", "--json").out)
    assert figures["accuracy_by_timestep"] == []
