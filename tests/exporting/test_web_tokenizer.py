"""The tokenizer and the vocabulary in JavaScript, which must agree with those of the package."""

from contextlib import ExitStack
from html.entities import html5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exports import PIECES, build_models
from support.nodes import open_module

import imdb_gru
from imdb_gru.exporting.javascript import list_classes

pytestmark = pytest.mark.processes

MORE_PIECES = [
    *PIECES, "’", "‛", "ʹ", "ꞌ", "＇", "<İ>", "<lı >", "<ımg\x1c>", "&İaa;", "&#x130;", "ΑΣ", "ς", "\u2065",
    "\x1f", "\U000e0100",
]  # fmt: skip


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Models, and functions that evaluate JavaScript with the exported model."""
    with ExitStack() as stack:
        pairs = []
        for number, model in enumerate(build_models()):
            folder = imdb_gru.export(model, format="web", path=tmp_path_factory.mktemp("web") / str(number))
            pairs.append((model, stack.enter_context(open_module(folder))))
        yield pairs


def check_twins(twins, texts):
    for model, evaluate in twins:
        results = evaluate("value.map((text) => [model.tokenize(text), model.encode(text)])", texts)
        for text, (tokens, read) in zip(texts, results, strict=True):
            assert tokens == model.vocabulary.tokenize(text)
            encoded = model.encode(text)
            assert read == {"tokens": list(encoded.kept), "ids": encoded.ids.tolist()}


TEXT = st.lists(st.sampled_from(MORE_PIECES) | st.text(max_size=4), max_size=12).map("".join)


@settings(max_examples=500)
@given(texts=st.lists(TEXT, min_size=20, max_size=20))
def test_ten_thousand_texts_have_the_same_tokens(twins, texts):
    check_twins(twins, texts)


def test_every_entity_and_character_is_the_same(twins):
    check_twins(twins, [" ".join(f"&{name}" for name in html5)])
    for start in range(0, 0x110000, 2**16):
        characters = [chr(code) for code in range(start, start + 2**16) if not 0xD800 <= code < 0xE000]
        if start < 0x40000 or start == 0xE0000:
            check_twins(twins, [" ".join(characters)])
    numbers = [range(first, first + 300) for first in (0, 0xD700, 0xFDC0, 0xFFF0, 0x1FFF0, 0x10FFF0)]
    check_twins(twins, [" ".join(f"a&#{code};b&#x{code:x} c" for code in part) for part in numbers])


def test_a_word_with_many_lengthened_letters_has_its_usual_spelling(twins):
    check_twins(
        twins, ["a" + "bbbcccdddeee" * 20, "gggooooddd", "tttoooo", "wwwwww", "🎬🎬🎬🎬", "ivvvv", "sooo goooood"]
    )


def test_characters_of_later_versions_of_unicode_are_left_as_they_are(twins):
    """JavaScript may know a character, and how to change it, that Python does not know, or the reverse."""
    unassigned = list_classes(r"[\u2065]")["unassigned"]
    assert r"\u{378}-\u{379}" in unassigned
    assert r"\u{2065}" not in unassigned
    check_twins(twins, [f"a{chr(code)}Σ b{chr(code)}\u0301" for code in (0x378, 0x1C89, 0xA7DC, 0x10D50, 0x16EA0)])
