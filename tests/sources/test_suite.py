"""Suites of behavioural tests: the one in the package, and tables."""

import re

import pytest

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.suite import SuiteText, group_by_pair, read_suite
from imdb_gru.sources.suite_templates import KINDS, SHARED, SIDES, TESTS, build_suite

SUITE = build_suite()
LABELLED = ("short verdict", "negated positive", "negated negative", "contrast", "before and now", "others and I")
OPPOSITES = [kind for kind in LABELLED if not kind.startswith("negated")]
DEGREES = ("intensifier", "downtoner")


def list_groups(kind):
    texts = [text for text in SUITE if text.kind == kind]
    return [[texts[row] for row in rows] for rows in group_by_pair(texts)]


def test_the_suite_is_the_same_every_time_and_another_with_another_seed():
    assert build_suite() == SUITE
    assert build_suite(seed=1) != SUITE
    assert list(dict.fromkeys(text.kind for text in SUITE)) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_enough_different_texts(kind):
    groups = list_groups(kind)
    texts = [text.text for group in groups for text in group]
    assert len(groups) == TESTS
    assert len(set(texts)) == len(texts) >= 200
    assert len({text.label is None for group in groups for text in group}) == 1
    assert {len(group) for group in groups} == ({1} if kind.startswith("negated") else {2})


@pytest.mark.parametrize("kind", OPPOSITES)
def test_opposites_have_both_labels(kind):
    for group in list_groups(kind):
        assert sorted(text.label for text in group) == [0, 1]


def test_negation_turns_the_label_of_a_word():
    for label, kind in enumerate(("negated positive", "negated negative")):
        words = SIDES["adj"][1 - label]
        for (text,) in list_groups(kind):
            assert text.label == label
            assert any(word in text.text.casefold() for word in words)
            assert re.search(r"\b(not|never|hardly|nobody)\b|n't\b", text.text.casefold()), text.text


def test_a_stronger_word_goes_further_and_a_weaker_one_less_far():
    for strength, kind in ((1, "intensifier"), (-1, "downtoner")):
        for first, second in list_groups(kind):
            praise = any(word in first.text.casefold().split(" ")[-1] for word in SIDES["degree"][1])
            assert (first.direction, second.direction) == (0, strength if praise else -strength)
            assert len(second.text) > len(first.text)


def test_links_groups_and_typos_are_the_only_change():
    for first, second in list_groups("link or handle at the end"):
        assert second.text.removeprefix(f"{first.text} ") in SHARED["link"]
    for first, second in list_groups("link or handle at the start"):
        assert second.text.removesuffix(f" {first.text}") in SHARED["link"]
    groups = rf"an? ({'|'.join(SHARED['group'])}) "
    for first, second in list_groups("group of a person"):
        assert re.sub(groups, "", first.text, count=1) == re.sub(groups, "", second.text, count=1)
    for first, second in list_groups("letter case"):
        assert first.text.casefold() == second.text.casefold()
    for first, second in list_groups("typo"):
        assert sorted(first.text) == sorted(second.text)
        assert sum(a != b for a, b in zip(first.text, second.text, strict=True)) == 2


def test_the_texts_are_whole_english_sentences():
    for row in SUITE:
        assert not re.search(r"[{}()]|  ", row.text)
        if row.kind not in ("typo", "letter case"):
            text = " ".join(word for word in row.text.split() if word not in SHARED["link"])
            assert text[0].isupper() == text.endswith((".", "!")), row.text
            for article, sound in re.findall(r"\b(an?) (\w)", row.text, re.IGNORECASE):
                assert (article.lower() == "an") == (sound.lower() in "aeiou"), row.text


def test_more_tests_than_the_templates_give_are_refused():
    with pytest.raises(ValueError, match=r"'tests' is 100000, but the templates for short verdict give only \d+"):
        build_suite(100_000)


def read(tmp_path, table, **options):
    path = tmp_path / "suite.csv"
    path.write_text(table)
    return read_suite(DataConfig(path=str(path), **options))


def test_a_table_of_ones_own(tmp_path):
    table = "Review,Label,Kind,Pair,Direction\na,1,x,,\nb,,y,p,\nc,,y,p,\nd,,z,p,\ne,,z,p,Down\n"
    suite = read(tmp_path, table)
    assert list(suite.texts) == [
        SuiteText("a", "x", 1),
        SuiteText("b", "y", None, "p"),
        SuiteText("c", "y", None, "p"),
        SuiteText("d", "z", None, "p"),
        SuiteText("e", "z", None, "p", -1),
    ]
    assert group_by_pair(suite.texts) == [[0], [1, 2], [3, 4]]


def test_labels_are_understood_as_elsewhere_and_rows_with_others_left_out_with_a_note(tmp_path):
    suite = read(tmp_path, "text,stars,kind\na,5,x\nb,3,x\nc,1,x\n", label_column="stars", positive=[5], negative=[1])
    assert [text.label for text in suite.texts] == [1, 0]
    assert "1 of 3 rows of" in suite.notes[-1]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "text,label\na,1\n",
            "no column 'kind', only 'text', 'label': a suite has the columns text, label and kind, or",
        ),
        ("text,kind\na,x\n", "has no known label column"),
        ("label,kind\n1,x\n", "has no known text column"),
        ("text,label,kind\n", "holds no"),
        ("text,label,kind\na,1,\n", "row 2: the kind is empty"),
        ("text,label,kind\na,7,x\n", "holds the label 7"),
        ("text,label,kind\na,,x\n", "'a' has no label, and no other text has"),
        ("text,label,kind,pair\na,,x,p\nb,,y,p\n", "'a' has no label, and no other text has"),
        ("text,label,kind,pair\na,1,x,p\nb,,x,p\n", "'b' has neither a label nor a direction"),
        ("text,label,kind,pair\na,,x,p\nb,1,x,p\n", "'a' has neither a label nor a direction"),
        ("text,label,kind,pair,direction\na,,x,p,up\n", "'a' has a direction, but no text of the same kind"),
        (
            "text,label,kind,pair,direction\na,,x,p,\nb,,x,p,higher\n",
            "row 3: the direction is 'higher': use 'up' or 'down'",
        ),
    ],
)
def test_a_table_that_tests_nothing_is_refused(tmp_path, table, message):
    with pytest.raises(DataError, match=re.escape(message)):
        read(tmp_path, table)
