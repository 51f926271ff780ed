from decimal import Decimal

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from imdb_gru.config import load_config
from imdb_gru.config.labels import find_label_conflict, spell_label
from imdb_gru.errors import ConfigError


@pytest.mark.parametrize(
    ("spelling", "values"),
    [
        ("4", [4, 4.0, "4", " 4. ", "+4", "4.00", "4e0", "__label__4", "LABEL_4", "４", Decimal("4.0")]),
        ("0", [0, -0.0, "-0", "0.0", "+0"]),
        ("-1", [-1, "-1.0", "\N{MINUS SIGN}1"]),
        ("4.5", [4.5, "4.50", "+4.5"]),
        ("pos", ["pos", "Pos.", "POS ", "__label__pos", "ｐｏｓ"]),
        ("true", [True, "True", "TRUE "]),
        ("", [None, float("nan"), Decimal("NaN"), "", " \t"]),
        ("nan", ["nan", "NaN"]),
        ("1_0", ["1_0"]),
        ("__label__", ["__label__"]),
        ("...", ["..."]),
        ("[1]", [[1]]),
    ],
)
def test_spellings_of_one_label(spelling, values):
    assert [spell_label(value) for value in values] == [spelling] * len(values)


def test_huge_labels_stay_apart_and_short():
    assert spell_label(10**15 + 1) != spell_label(10**15 + 2)
    assert spell_label(10**15 + 1) == spell_label(str(10**15 + 1))
    assert len(spell_label(10**5000)) < 100
    assert len(spell_label("word " * 10**6)) <= 200


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_spelling_spells_itself(value):
    spelling = spell_label(value)
    assert spell_label(spelling) == spelling


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()), min_size=1))
@example(["0\x85", "a\u2028b"])
def test_labels_of_a_config_survive_its_file(labels):
    values = {"data": {"positive": labels, "negative": ["no such label"]}}
    if find_label_conflict(labels, values["data"]["negative"]):
        return
    config = load_config(values)
    assert config.data.positive == labels
    assert load_config(yaml.safe_load(config.to_yaml())) == config


@pytest.mark.parametrize(
    ("positive", "negative", "complaint"),
    [
        (
            [True],
            ["no"],
            "data.positive.0: a label is a number or text; put yes, no, true and false in quotes, got True",
        ),
        ([4], [None], "data.negative.0: a label is a number or text"),
        ([float("inf")], [1], "data.positive.0: a label is a number or text"),
        ("4,5", [1], "data.positive: input should be a valid list, got '4,5'"),
        ([], [1], "data.positive: list should have at least 1 item"),
        ([4], None, "data.positive needs data.negative: name the labels of both kinds, such as [4, 5] and [1, 2]"),
        (None, [1], "data.negative needs data.positive"),
        ([4, "Pos."], ["pos", 4.0], "data.positive and data.negative both contain 4, pos: give each label one meaning"),
        ([""], [1], "cannot contain an empty label: rows without a label are left out"),
    ],
)
@pytest.mark.parametrize("name", ["default", "pretrain"])
def test_labels_that_no_table_can_be_read_with_are_refused(name, positive, negative, complaint):
    from imdb_gru.config import load_any_config

    with pytest.raises(ConfigError) as error:
        load_any_config(name, {"data.positive": positive, "data.negative": negative})
    assert complaint in str(error.value)
