"""Delimiters, quotation marks and headers of CSV and TSV."""

import pytest
from support.tables import read, read_input, read_with_notes, write

from imdb_gru.errors import DataError

TWO = [("a, b", 1), ("c; d", 0)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"a, b",1\nc; d,0\n'),
        ("a.csv", 'text;label\na, b;1\n"c; d";0\n'),
        ("a.csv", "text\tlabel\na, b\t1\nc; d\t0\n"),
        ("a.csv", "text|label\na, b|1\nc; d|0\n"),
        ("a.tsv", "text|label\na, b|1\nc; d|0\n"),
        ("a.csv", "sep=|\r\ntext|label\r\na, b|1\r\nc; d|0\r\n"),
        ("a.csv", '"sep=;"\ntext;label\na, b;1\n"c; d";0\n'),
        ("a.csv", 'text, label\n"a, b", 1\nc; d, 0\n'),
        ("a.csv", 'label, text\n1, "a, b"\n0, "c; d"\n'),
        ("a.csv", 'text,label,\n"a, b",1,\nc; d,0\n'.replace("0\n", "0,\n")),
        ("a.csv", 'text,label\n"a, b",1,,\nc; d,0,,\n'),
        ("a.csv", "text (1;2;3),label\na\n".replace("text (1;2;3),label\na\n", 'text,label\n"a, b","1"\n"c; d","0"\n')),
        ("a.csv", 'text,label\r"a, b",1\rc; d,0\r'),
    ],
)
def test_the_delimiter_is_found_whatever_the_suffix_says(tmp_path, name, content):
    assert read(write(tmp_path, content, name)) == TWO


@pytest.mark.parametrize(("delimiter", "mark"), [(":", ":"), ("tab", "\t"), ("\\t", "\t"), (";", ";")])
def test_the_delimiter_can_be_named(tmp_path, delimiter, mark):
    assert read(write(tmp_path, f"text{mark}label\na, b{mark}1\n"), delimiter=delimiter) == [("a, b", 1)]


@pytest.mark.parametrize("delimiter", ["", "xx", '"', "\n", " "])
def test_a_delimiter_that_cannot_separate_is_refused(tmp_path, delimiter):
    with pytest.raises(DataError, match="cannot separate cells: choose one character, or tab"):
        read(write(tmp_path, "text,label\na,1\n"), delimiter=delimiter)


SWALLOWED = 'text,label\n"Great movie,1\nbad,0\nso good",1\nok,1\nnice,0\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SWALLOWED, "row 2: a quoted cell ends on line 4, but its lines look like separate rows"),
        ('id;text;label\n1;"Great;1\n2;so good";1\n3;ok so;1\n', "row 2: a quoted cell ends on line"),
        ('label,text\n1,"Great\n0,bad\n1,so good"\n0,ok\n', "row 2: a quoted cell ends on line"),
        ('text,label\n"a",1\n"Great,1\nshe said "no",0\n', "row 3: text follows the quotation mark .* on line 4"),
        ('text,label\n"a\nb",1\n"Great,1\nbad,0\n', r"row 3 \(line 4\): the file ends inside a quoted cell"),
        ('text,label\n"a "b" c",1\n', "row 2: text follows the quotation mark that closes a cell: double"),
    ],
)
def test_a_stray_mark_never_swallows_rows_in_silence(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(write(tmp_path, content))
    with pytest.raises(DataError, match=message):
        read_input(write(tmp_path, content))


def test_where_nothing_shows_what_a_mark_means_a_note_says_so(tmp_path):
    content = 'title,text\nA b,"first, part\nsecond"\n"One two, three\nfour five",a b\n'
    texts, notes = read_input(write(tmp_path, content))
    assert [text for text, _ in texts] == ["first, part\nsecond", "a b"]
    assert len(notes) == 1
    assert "1 row with cells that span several lines" in notes[0]
    assert "the first is row 3 (line 4)" in notes[0]


def test_cells_of_several_lines_are_no_reason_for_a_note(tmp_path):
    content = 'text,label\n"first, line\nsecond, line, 5\n",1\nother,0\n'
    assert read_with_notes(write(tmp_path, content)) == ([("first, line\nsecond, line, 5\n", 1), ("other", 0)], ())


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        (['"Great movie', "bad", 'the best"'], ['"Great movie', "bad", 'the best"']),
        (['"Great" movie', '5" screen'], ['"Great" movie', '5" screen']),
        (['"All of it"', "plain"], ['"All of it"', "plain"]),
        (['"say ""hi"""', "plain"], ['say "hi"', "plain"]),
        (['"a"', '"b"'], ["a", "b"]),
        (['"two\nlines"', '"one"'], ["two\nlines", "one"]),
        (['"a\tb"', "plain"], ["a\tb", "plain"]),
    ],
)
def test_tsv_has_quotes_only_if_its_cells_say_so(tmp_path, lines, texts):
    content = "text\tlabel\n" + "".join(f"{line}\t1\n" for line in lines)
    assert read(write(tmp_path, content, "a.tsv")) == [(text, 1) for text in texts]


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        (
            "labeledTrainData.tsv",
            'id\tsentiment\treview\n"5814_8"\t1\t"With \\"The Game\\" and AC\\DC."\n"2381_9"\t0\t"\\"Classic\\""\n',
            ['With "The Game" and AC\\DC.', '"Classic"'],
        ),
        ("a.csv", 'text,label\n"say \\"hi\\", he said",1\n"C:\\\\",0\n', ['say "hi", he said', "C:\\"]),
        ("a.csv", 'text,label\n"a \\"",1\n"b \\"",0\n', ['a "', 'b "']),
        ("a.csv", 'text,label\n"ends in \\",1\n"not ""so""",0\n', ["ends in \\", 'not "so"']),
        ("a.csv", 'text,label\n"mixed \\"a\\" and ""b""",1\nplain,0\n', ['mixed "a" and "b"', "plain"]),
    ],
)
def test_marks_after_a_backslash_are_read(tmp_path, name, content, texts):
    assert [text for text, _ in read(write(tmp_path, content, name))] == texts


@pytest.mark.parametrize(
    "content",
    ["I loved this film from start to end,1\nbad,0\n", "1;a\n0;b\n", "pos\tfine\n", "7,I loved it,positive\n"],
)
def test_a_table_without_a_header_is_told(tmp_path, content):
    with pytest.raises(DataError, match=r"seems to have no header, because its first row is .* such as text,label"):
        read(write(tmp_path, content))
    with pytest.raises(DataError, match="seems to have no header"):
        read_input(write(tmp_path, content))


def test_rows_that_a_spreadsheet_leaves_empty_are_left_out_and_counted(tmp_path):
    path = write(tmp_path, "text,label,,\r\na,1,,\r\n,,,\r\nb,0,,\r\n" + ",,,\r\n" * 3)
    assert read_with_notes(path) == ([("a", 1), ("b", 0)], (f"{path}: left out 4 rows without any content",))
    assert read_input(path) == ([("a", 2), ("b", 4)], (f"{path}: left out 4 rows without any content",))


def test_an_empty_text_is_no_empty_row(tmp_path):
    assert read_input(write(tmp_path, 'text\n""\na\n')) == ([("", 2), ("a", 3)], ())
    assert read_input(write(tmp_path, "id,text\n1,\n2,a\n")) == ([("", 2), ("a", 3)], ())


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path):
    content = 'sep=,\ntext,label\n"one\ntwo",1\n\nthree,0\nfour,\n'
    path = write(tmp_path, content)
    assert [row for _, row in read_input(path)[0]] == [2, 4, 5]
    with pytest.raises(DataError, match=r"maybe \(row 5 \(line 7\)\): say which labels"):
        read(write(tmp_path, content.replace("four,", "four,maybe")))
    with pytest.raises(DataError, match=r"row 5 \(line 7\): expected 2 cells, but found 3"):
        read(write(tmp_path, content.replace("four,", "four,1,2")))


@pytest.mark.parametrize(("content", "message"), [("text\tlabel\n", "holds no reviews"), ("", "holds no reviews")])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_header_without_rows_is_an_error_for_all(tmp_path, name, content, message):
    for reader in (read, read_input):
        with pytest.raises(DataError, match=message):
            reader(write(tmp_path, content, name))


def test_two_columns_of_splits_are_told(tmp_path):
    with pytest.raises(DataError, match="several split columns, 'split', 'Split': rename"):
        read(write(tmp_path, "text,label,split,Split\na,1,train,test\n"))
