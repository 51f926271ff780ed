import csv
import json
import shlex
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources import open_run_source, open_source
from imdb_gru.sources.labels import MOST_VALUES

SPELLINGS = (
    (
        ("pos", "Pos.", " positive ", "POSITIVE", "__label__pos", "good"),
        ("neg", "Neg.", "Negative", "__label__neg", "bad"),
    ),
    (("1", "1.0", "+1", "LABEL_1", "__label__1", "１"), ("0", "0.0", "-0", "+0", "LABEL_0", "__label__0")),
    (("True", "true", "TRUE"), ("False", "false ", "FALSE")),
    (("1", "+1", "1.00"), ("-1", "-1.0", "\N{MINUS SIGN}1")),
)
"""Families of labels that are understood, each with spellings of positive and of negative."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("labels")


def write(folder, labels, splits=()):
    path = folder / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "stars", *(["split"] if splits else [])])
        for number, label in enumerate(labels):
            writer.writerow([f"review {number}", label, *splits[number : number + 1]])
    return path


def open_labels(path, positive=None, negative=None):
    return open_source(DataConfig(path=str(path), label_column="stars", positive=positive, negative=negative))


def read(source):
    return [review.label for split in source.splits for review in source.iter_reviews(split)]


@given(st.data())
def test_reviews_in_any_known_spelling_are_all_read(folder, data):
    positive, negative = data.draw(st.sampled_from(SPELLINGS))
    kinds = [1, 0, *data.draw(st.lists(st.sampled_from((0, 1)), max_size=8))]
    labels = [data.draw(st.sampled_from(positive if kind else negative)) for kind in kinds]
    source = open_labels(write(folder, labels))
    assert read(source) == kinds
    assert source.notes == ()


@given(
    st.lists(
        st.one_of(st.sampled_from(("1", "0", "-1", "5", "pos", "no", "")), st.text(max_size=3)), min_size=1, max_size=9
    ),
    st.booleans(),
)
def test_any_labels_are_all_read_counted_as_left_out_or_refused(folder, labels, named):
    path = write(folder, labels)
    try:
        source = open_labels(path, *((["1", "pos"], ["-1", "no"]) if named else ()))
    except DataError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert "\n" not in refusal
    if refusal:
        return
    left = sum(int(note.split()[0]) for note in source.notes if "left out" in note)
    assert len(read(source)) + left == len(labels)
    assert left == sum(label.strip() == "" for label in labels) or named


@given(st.lists(st.sampled_from(("1", "2", "3", "4", "5")), min_size=1), st.sampled_from((str, int, float)))
def test_named_labels_match_numbers_and_text_alike(folder, labels, kind):
    labels = [*labels, "5", "1"]
    source = open_labels(write(folder, labels), [kind(4), kind(5)], [kind(1), kind(2)])
    assert read(source) == [int(label > "3") for label in labels if label != "3"]
    left = labels.count("3")
    expected = (
        f"{left} of {len(labels)} rows of {source.name} {'is' if left == 1 else 'are'} left out: {left} labelled 3"
    )
    assert source.notes == ((expected,) if left else ())


@pytest.mark.parametrize(
    ("labels", "options"),
    [
        (["1", "2", "3", "4", "5"], "--positive 4,5 --negative 1,2"),
        ([str(star) for star in range(1, 11)], "--positive 7,8,9,10 --negative 1,2,3,4"),
        (["0.5", "1", "4.5", "5"], "--positive 4.5,5 --negative 0.5,1"),
        (["1", "2"], "--positive 2 --negative 1"),
        (["__label__1", "__label__2"], "--positive __label__2 --negative __label__1"),
        (["0", "4"], "--positive 4 --negative 0"),
        (["0", "2", "4"], "--positive 4 --negative 0"),
        (["LABEL_0", "LABEL_1", "LABEL_2"], "--positive LABEL_2 --negative LABEL_0"),
        (["yes", "no"], "--positive yes --negative no"),
        (["positive", "negative", "neutral"], "--positive positive --negative negative"),
        (["pos", "neg", "psoitive"], "--positive pos --negative neg"),
        (["0", "1", "N/A"], "--positive 1 --negative 0"),
        (["positive", "negative", "0"], "--positive positive --negative negative"),
        (["A", "A", "B"], "--positive A --negative B or the other way round"),
        (
            ["fine, or good", "fine, or good", "so so"],
            """--positive '"fine, or good"' --negative 'so so' or the other""",
        ),
    ],
)
def test_uncertain_labels_are_refused_with_options_that_work(tmp_path, invoke, labels, options):
    path = write(tmp_path, labels)
    with pytest.raises(DataError, match=r"the column 'stars' holds the labels .*: say which labels") as error:
        open_labels(path)
    assert f", such as {options}" in str(error.value)
    given = shlex.split(options.removesuffix(" or the other way round").removesuffix(" or the other"))
    result = invoke("data", "check", path, "--label-column", "stars", *given, "--json")
    assert json.loads(result.out)["splits"]["all"]["positive_share"] == pytest.approx(0.5, abs=0.17)


@pytest.mark.parametrize(
    ("labels", "first"),
    [
        (["-1", "0", "1", "1"], "use --positive 1 --negative -1 if -1 is negative and 0 is neutral"),
        ([-1, 0], "use --positive 1 --negative -1 if -1 is negative and 0 is neutral"),
        (["-1.0", "-1"], "use --positive 1 --negative -1 if -1 is negative, or"),
    ],
)
def test_minus_one_that_may_mark_rows_without_a_label_is_refused_with_both_ways_out(tmp_path, labels, first):
    with pytest.raises(DataError) as error:
        open_labels(write(tmp_path, labels))
    assert first in str(error.value)
    assert "or --positive 1 --negative 0 if -1 marks rows without a label, as in Hugging Face's" in str(error.value)


def test_both_ways_out_read_what_they_say(tmp_path):
    path = write(tmp_path, ["-1", "0", "1", "1"])
    assert read(open_labels(path, ["1"], ["-1"])) == [0, 1, 1]
    assert read(open_labels(path, ["1"], ["0"])) == [0, 1, 1]
    assert open_labels(path, ["1"], ["0"]).notes == (f"1 of 4 rows of {path} is left out: 1 labelled -1",)


def test_a_value_that_occurs_once_is_named_with_its_row(tmp_path):
    path = write(tmp_path, ["pos", "neg", "pos", "psoitive", "Neg."])
    with pytest.raises(DataError, match=r"labels pos \(2 rows\), neg \(2 rows\) and psoitive \(row 5\): say which"):
        open_labels(path)


def test_a_column_of_other_things_is_told_shortly_and_in_bounded_memory(tmp_path):
    path = write(tmp_path, [f"{number} {'long ' * 999}" for number in range(3 * MOST_VALUES)])
    with pytest.raises(DataError, match=r"and many more: choose the column of labels with --label-column, or") as error:
        open_labels(path)
    assert len(str(error.value)) < 1000
    source = open_labels(write(tmp_path, [*map(str, range(3 * MOST_VALUES)), "299", "250"]), [299], [250])
    assert len(source.labels.survey.values) == MOST_VALUES + 2
    assert read(source) == [0, 1, 1, 0]
    assert "298 of 302 rows" in source.notes[0]
    assert source.notes[0].endswith("1 labelled 19, 278 with other labels")


def test_rows_without_a_label_are_left_out_and_counted(tmp_path):
    source = open_labels(write(tmp_path, ["1", "", "0", "  "]))
    assert read(source) == [1, 0]
    assert source.notes == (f"2 of 4 rows of {source.name} are left out: 2 without a label",)
    assert source.labels.describe() == "positive 1 (row 2); negative 0 (row 4); left out no label (2 rows)"


@pytest.mark.parametrize(
    ("labels", "name"), [(["1", "1"], "positive"), (["0"], "negative"), (["Pos.", "pos"], "positive")]
)
def test_one_value_only_is_noted(tmp_path, labels, name):
    source = open_labels(write(tmp_path, labels))
    assert source.notes == (f"all labels of {source.name} are understood as {name}: {labels[0]}",)


def test_one_kind_of_labels_beside_those_left_out_is_noted(tmp_path):
    source = open_labels(write(tmp_path, ["1", "5", "4", ""]), [4, 5], [0])
    assert source.notes == (
        f"2 of 4 rows of {source.name} are left out: 1 labelled 1, 1 without a label",
        f"all other labels of {source.name} are understood as positive: 4, 5",
    )


def test_no_option_holds_a_label_that_cannot_be_typed(tmp_path):
    with pytest.raises(
        DataError, match=r"'a\\nb' \(row 2\) and c \(row 3 \(line 4\)\): .* such as --positive 4,5 --negative 1,2; rows"
    ) as error:
        open_labels(write(tmp_path, ["a\nb", "c"]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("positive", "negative", "message"),
    [
        ([4], None, "data.positive needs data.negative"),
        (None, ["no"], "data.negative needs data.positive"),
        ([4, 5], ["5.0"], "both contain 5: give each label one meaning"),
        (["yes"], [" "], "cannot contain an empty label"),
        (
            [7],
            [8],
            r"labels 1 \(row 2\) and 5 \(row 3\), but the positive labels are 7 and the negative labels are 8",
        ),
    ],
)
def test_labels_that_cannot_be_used_are_told(tmp_path, positive, negative, message):
    with pytest.raises(DataError, match=message):
        open_labels(write(tmp_path, ["1", "5"]), positive, negative)


def test_the_unlabelled_split_needs_no_labels_and_empty_splits_are_not_offered(tmp_path):
    splits = ["train", "train", "unlabelled", "unsup", "test"]
    source = open_labels(write(tmp_path, ["1", "0", "7", "-1", ""], splits))
    assert source.splits == ("train", "unlabelled")
    assert Counter(read(source)) == {1: 1, 0: 1, None: 2}
    assert source.notes == (f"1 of 3 rows of {source.name} is left out: 1 without a label",)


def test_a_runs_labels_serve_other_tables_unless_others_are_given(tmp_path):
    path = write(tmp_path, ["1", "2", "5"])
    own = DataConfig(path="/old/reviews.csv", label_column="stars", positive=[4, 5], negative=[1, 2])
    assert read(open_run_source("run", own, DataConfig(path=str(path)))) == [0, 0, 1]
    other = DataConfig(path=str(path), positive=["5", "2"], negative=["1"])
    assert read(open_run_source("run", own, other)) == [0, 1, 1]
    assert open_run_source("run", own, DataConfig(path="sample")).name == "sample"


def test_labels_of_other_types_in_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from decimal import Decimal

    for labels in ([1, None, -1], [1.0, float("nan"), -1.0], [Decimal("1.0"), None, Decimal("-1.0")]):
        parquet.write_table(pyarrow.table({"text": ["a", "b", "c"], "stars": labels}), tmp_path / "a.parquet")
        source = open_labels(tmp_path / "a.parquet")
        assert read(source) == [1, 0]
        assert source.notes[0].endswith("1 without a label")


def test_pretraining_reads_every_row_whatever_its_label(tmp_path):
    source = open_source(str(write(tmp_path, ["1", "", "7"])), require_labels=False)
    assert read(source) == [None] * 3
    assert getattr(source, "notes", ()) == ()
