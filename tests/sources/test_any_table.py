"""Reviews that are written in any dialect come back the same, or with an error; none is ever lost in silence."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.models.texts import TextReader
from imdb_gru.sources import open_source

FAST = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
SPELLINGS = [("neg", "pos"), ("0", "1"), ("Negative", "POSITIVE"), ("false", "true"), ("0.0", "1.0"), ("-1", "1")]
WORDS = ["good", "bad", "it’s", "café", "“so”", "1", "0", "", "#1", "a,b", "a;b", "a|b", "<br />", "don't", "à la"]
MARKS = ['"', '""', '"x"', 'say "hi"', '5" screen', "a, b", "1,0", "\n", "a\nb", 'x"\n"y', "x,1", '",1\n"']
WIDE = ["映画", "😍", "фильм"]


def make_texts(*words):
    return st.lists(st.sampled_from(words), max_size=6).map(" ".join)


def make_reviews(*words):
    return st.lists(st.tuples(make_texts(*words), st.integers(0, 1)), min_size=1, max_size=9)


encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
columns = st.permutations(["text", "label", "id"])
spellings = st.sampled_from(SPELLINGS)
delimiters = st.sampled_from([",", ";", "\t", "|"])


def build_rows(reviews, order, spelling):
    for number, (text, label) in enumerate(reviews):
        row = {"text": text, "label": spelling[label], "id": f"r{number}"}
        yield [row[column] for column in order]


def write_csv(reviews, order, spelling, **dialect):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, **dialect)
    writer.writerow(order)
    writer.writerows(build_rows(reviews, order, spelling))
    return stream.getvalue()


def encode(content, encoding):
    try:
        return content.encode(encoding)
    except UnicodeEncodeError:  # Windows-1252 has not all characters
        return content.encode()


def read(path, **options):
    source = open_source(DataConfig(path=str(path), **options))
    return [(review.text, review.label) for split in source.splits for review in source.iter_reviews(split)]


def check(path, content, reviews, *, never_fails=False, **options):
    path.write_bytes(content)
    try:
        found = read(path, **options)
    except DataError:
        if never_fails:
            raise
        event("refused")
        return
    assert found == reviews
    texts = TextReader(file=DataConfig(path=str(path), **options))
    assert list(texts) == [text for text, _ in reviews]


@FAST
@given(
    make_reviews(*WORDS, *WIDE),
    encodings,
    columns,
    spellings,
    delimiters,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_plain_reviews_in_every_dialect(
    tmp_path, reviews, encoding, order, spelling, delimiter, quoting, lineterminator, packed
):
    content = write_csv(reviews, order, spelling, delimiter=delimiter, quoting=quoting, lineterminator=lineterminator)
    content = encode(content, encoding)
    name, content = ("a.csv.gz", gzip.compress(content)) if packed else ("a.csv", content)
    check(tmp_path / name, content, reviews, never_fails=True)


@FAST
@given(
    make_reviews(*WORDS, *MARKS),
    columns,
    spellings,
    delimiters,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["a.csv", "a.tsv", "a.txt"]),
    st.booleans(),
)
def test_reviews_with_marks_and_line_breaks_in_every_dialect(
    tmp_path, reviews, order, spelling, delimiter, quoting, lineterminator, name, declared
):
    content = write_csv(reviews, order, spelling, delimiter=delimiter, quoting=quoting, lineterminator=lineterminator)
    content = f"sep={delimiter}\r\n{content}" if declared else content
    options = {"format": "csv"} if name == "a.txt" else {}
    check(tmp_path / name, content.encode(), reviews, **options)


@FAST
@given(make_reviews(*WORDS, *MARKS), columns, spellings, st.sampled_from([",", "\t"]), st.booleans())
def test_reviews_with_escaped_marks(tmp_path, reviews, order, spelling, delimiter, spaced):
    separator = delimiter + " " * spaced
    rows = [order, *build_rows(reviews, order, spelling)]
    lines = [separator.join('"{}"'.format(cell.replace('"', '\\"')) for cell in row) + "\n" for row in rows]
    check(tmp_path / "a.csv", "".join(lines).encode(), reviews)


@FAST
@given(make_reviews(*WORDS, '"', '"x"', 'say "hi"', "\\", 'C:\\"'), columns, spellings)
def test_reviews_in_tsv_that_quotes_nothing(tmp_path, reviews, order, spelling):
    reviews = [("a plain review", 1), *reviews]
    lines = ["\t".join(row) + "\n" for row in [order, *build_rows(reviews, order, spelling)]]
    check(tmp_path / "a.tsv", "".join(lines).encode(), reviews)


@FAST
@given(make_reviews(*WORDS, *MARKS, *WIDE), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.data())
def test_reviews_in_json(tmp_path, reviews, encoding, data):
    rows = []
    for text, label in reviews:
        cells = [("text", text), ("label", label), ("note", None)]
        rows.append(dict(data.draw(st.permutations(cells))))
    ascii_only = data.draw(st.booleans())
    if data.draw(st.booleans()):
        content = json.dumps(rows, ensure_ascii=ascii_only, indent=data.draw(st.sampled_from([None, 2])))
    else:
        content = "\n\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    check(tmp_path / "a.json", content.encode(encoding), reviews, never_fails=True)


@FAST
@given(st.lists(make_texts(*WORDS, *WIDE, '"x"'), min_size=1), encodings, st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_in_every_encoding(tmp_path, texts, encoding, end):
    path = tmp_path / "a.txt"
    path.write_bytes(encode("".join(text + end for text in texts), encoding))
    assert list(TextReader(file=DataConfig(path=str(path)))) == texts


def test_most_reviews_with_marks_are_read(tmp_path):
    """A reader that refused everything would pass the tests above."""
    reviews = [(f"{mark} and {word}", number % 2) for number, mark in enumerate(MARKS[:-1]) for word in WORDS]
    for delimiter in (",", ";", "\t", "|"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            content = write_csv(reviews, ["id", "text", "label"], SPELLINGS[0], delimiter=delimiter, quoting=quoting)
            check(tmp_path / "a.csv", content.encode(), reviews, never_fails=True)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_label(tmp_path, spelling):
    reviews = [("fine", 1), ("dull", 0)]
    check(tmp_path / "a.csv", write_csv(reviews, ["label", "text", "id"], spelling).encode(), reviews, never_fails=True)
