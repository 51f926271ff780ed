"""Timesteps in the order of reading belong to the words of the text as it is written."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import TextConfig
from imdb_gru.corpus.encoded import encode_text, truncate
from imdb_gru.models.timesteps import iter_view
from imdb_gru.text.coloured import build_html
from imdb_gru.text.direction import find_written_spaces, reorder
from imdb_gru.text.tokenizer import find_spaces
from imdb_gru.text.vocabulary import FIRST_WORD, START, START_TOKEN, Vocabulary

DIRECTIONS = st.sampled_from(["forward", "backward"])
WORDS = ["a", "fine", "film", ".", ",", "!", '"', "(", ")", "-", "it's", "so"]
TOKENS = st.lists(st.sampled_from(WORDS), max_size=40)


@given(TOKENS, DIRECTIONS, st.integers(1, 50), st.sampled_from(["head", "tail", "middle"]))
def test_every_timestep_belongs_to_its_word(tokens, direction, length, side):
    vocabulary, config = Vocabulary("words", WORDS), TextConfig(length=length, truncate=side, direction=direction)
    encoded = encode_text(" ".join(tokens), vocabulary, config)
    written = list(truncate(tokens, length, side))
    assert list(reorder(encoded.kept, direction)) == written
    places = reorder(range(len(written)), direction)  # the place in the text of the word at each timestep
    assert [written[place] for place in places] == list(encoded.kept)
    assert encoded.ids.tolist() == [START, *(FIRST_WORD + WORDS.index(written[place]) for place in places)]
    spaces = find_written_spaces([START_TOKEN, *encoded.kept], direction)
    as_written = list(find_spaces(written))
    assert spaces == [False, *(as_written[place] for place in places)]


@given(st.lists(st.integers()), DIRECTIONS)
def test_the_order_of_reading_is_undone_by_itself(items, direction):
    assert reorder(reorder(items, direction), direction) == items
    assert reorder(items, "forward") == items
    assert reorder(items, "backward") == items[::-1]


@given(TOKENS, st.randoms(use_true_random=False))
def test_a_notebook_shows_the_text_as_it_is_written(tokens, random):
    shares, titles = [random.uniform(-1, 1) for _ in range(len(tokens) + 1)], [f"title {t}" for t in range(50)]
    titles = titles[: len(tokens) + 1]

    def build(direction):
        own = [[items[0], *reorder(items[1:], direction)] for items in ([START_TOKEN, *tokens], shares, titles)]
        return build_html("positive", "", *own, "a note", direction)

    assert build("forward") == build("backward").replace("a note, read from the end", "a note")
    assert "read from the end" in build("backward")


def show(tokens, probabilities, direction):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=300, force_terminal=False)
    for line in iter_view([START_TOKEN, *tokens], probabilities, console, direction=direction):
        console.print(line, no_wrap=line.no_wrap, overflow=line.overflow)
    return console.file.getvalue().splitlines()


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_view_shows_the_text_as_it_is_written_and_marks_the_right_words(tokens, random):
    first, *moves = [random.random() for _ in range(len(tokens) + 1)]
    forward = show(tokens, [first, *moves], "forward")
    backward = show(tokens[::-1], [first, *moves], "backward")
    bare = re.compile("[▲▼]")
    assert bare.sub("", backward[2]) == bare.sub("", forward[2])
    assert "read from the end" in backward[0]
    assert "read from the end" not in forward[0]
    turned = {t for t in range(1, len(moves) + 1) if ([first, *moves][t] >= 0.5) != ([first, *moves][t - 1] >= 0.5)}
    marks = [tokens.count(token) for token in tokens]  # a word that occurs once is found again in the text
    for place, token in enumerate(tokens):
        if marks[place] == 1 and token.isalpha():
            marked = re.search(rf"[▲▼]{token}(?!\w)", backward[2]) is not None
            assert marked == (len(tokens) - place in turned)


def test_the_words_around_a_change_stand_as_they_are_written():
    tokens = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    lines = show(tokens[::-1], [0.2, 0.2, 0.8, *[0.9] * 7], "backward")
    assert lines[2] == "one two three four five six seven ▲eight nine"
    assert "  word 2  0.200 → 0.800  … five six seven ▲eight nine" in lines
    assert '  +0.60 at word 2 "eight"' in lines
    early = show(tokens[::-1], [0.2] * 9 + [0.8], "backward")
    assert "  word 9  0.200 → 0.800  ▲one two three four …" in early
