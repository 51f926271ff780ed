import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.text.normalisation import normalise_for_keras
from imdb_gru.text.tokenizer import (
    KERAS_FILTERS,
    join_tokens,
    tokenize_keras,
    tokenize_without_emoticons,
    tokenize_words,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("It's GOOD!", ["it's", "good", "!"]),
        ("It’s fine", ["it's", "fine"]),
        ("one<br /><br/>two<BR>three", ["one", "two", "three"]),
        ('He said: "no" (really).', ["he", "said", ":", '"', "no", '"', "(", "really", ")", "."]),
        ("well-made; ok?", ["well", "-", "made", ";", "ok", "?"]),
        ("8/10 *** $5 snake_case", ["8", "10", "5", "snake", "case"]),
        ("loved it 😍👍", ["loved", "it", "😍", "👍"]),
        ("très 好电影 фильм", ["très", "好电影", "фильм"]),
        ("'quoted' rock 'n' roll", ["quoted", "rock", "n", "roll"]),
        ("Good :) :-) =] :)))) :o)", ["good", *5 * [":)"]]),
        ("bad :( :'( :´( ＝（", ["bad", *4 * [":("]]),
        ("ha ;-) :D :P =D=D :\\ :-/ :|", ["ha", ";)", ":d", ":p", ":d", ":d", ":/", ":/", ":|"]),
        ("I <3 it, &lt;333 </3", ["i", "<3", "it", ",", "<3", "</3"]),
        (
            "Grade:D, <30 (see: http://a); I;d",
            ["grade", ":", "d", ",", "30", "(", *["see", ":", ")", ";", "i", ";", "d"]],
        ),
        ("👍\U0001f3fd ❤\ufe0f ❤ 👩\u200d🍳 ⭐★", ["👍", "❤", "❤", "👩", "🍳", "★", "★"]),
    ],
)
def test_words(text, tokens):
    assert tokenize_words(text) == tokens


def test_keras_keeps_what_keras_keeps():
    assert tokenize_keras("It's a <br />GOOD-ish film!\n'Yes'") == ["it's", "a", "br", "good", "ish", "film", "'yes'"]


@given(st.text())
def test_keras_tokens_hold_no_filter_characters_and_no_space(text):
    assert not any(set(token) & set(KERAS_FILTERS + " ") for token in tokenize_keras(text))


def test_marks_of_emoticons_are_tokens_where_a_vocabulary_has_no_emoticons():
    assert tokenize_without_emoticons("It’s good&nbsp;:-) I <3 it") == ["it's", "good", ":", "-", ")", "i", "3", "it"]


@given(st.text() | st.text(":;=<-'^o()[]dp/\\|3 a"))
def test_words_are_never_empty_and_stable(text):
    tokens = tokenize_words(text)
    assert all(tokens)
    assert tokenize_words(" ".join(tokens)) == tokens


@pytest.mark.keras
@given(st.text(st.characters(codec="utf-8")))
def test_keras_splits_as_keras_does(text):
    from imdb_gru.training import keras

    text_to_word_sequence = keras.src.legacy.preprocessing.text.text_to_word_sequence

    assert tokenize_keras(text) == text_to_word_sequence(normalise_for_keras(text))


@pytest.mark.parametrize(
    ("before", "tokens", "written"),
    [
        ("", "it is good", "It is good"),
        ("It is", "not bad , really . fine !", " not bad, really. Fine!"),
        ("It is ", "good", "good"),
        ("The film", ", it's said", ", it's said"),
        ("Good.", "it is ( really ) well - made : yes ; no ?", " It is (really) well-made: yes; no?"),
        ("Well...", ". . ok", ".. Ok"),
        ("He said", 'as if : " no way " . and', ' as if: "no way". And'),
        ('He said "no', '" and left', '" and left'),
        ("It (", "the film )", "the film)"),
        ("It ended. (", "the film )", "The film)"),
        ("It is", "", ""),
        ("It is", "good :) <3", " good :) <3"),
    ],
)
def test_tokens_are_written_as_text_goes_on(before, tokens, written):
    assert join_tokens(tokens.split(), before) == written


@given(st.text("abcI .,!?;:()'\"-", max_size=60))
def test_what_is_written_reads_as_the_same_tokens(text):
    tokens = tokenize_without_emoticons(text)
    assert tokenize_without_emoticons(join_tokens(tokens)) == tokens
