import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.models.timesteps import (
    BLOCKS,
    choose_marker,
    find_jumps,
    find_turns,
    format_plain,
    iter_view,
    neutralise,
    sparkline,
)
from imdb_gru.text.coloured import COLOURS

beliefs = st.lists(st.floats(0, 1), max_size=600)


def show(tokens, probabilities, *, threshold=0.5, **options):
    from rich.console import Console

    options = {"width": 80, "force_terminal": False, **options}
    console = Console(file=io.StringIO(), **options)
    for line in iter_view(["<start>", *tokens], probabilities, console, threshold):
        console.print(line, no_wrap=line.no_wrap, overflow=line.overflow)
    return console.file.getvalue()


def random_walk(words, seed=0):
    rng = np.random.default_rng(seed)
    return (1 / (1 + np.exp(-np.cumsum(rng.normal(0, 0.4, words + 1))))).tolist()


@pytest.mark.parametrize(
    ("probabilities", "turns"),
    [
        ([], []),
        ([0.2], []),
        ([0.2, 0.3, 0.49], []),
        ([0.2, 0.5], [1]),
        ([0.5, 0.49999, 0.5], [1, 2]),
        ([0.9, 0.1, 0.2, 0.8, 0.9], [1, 3]),
    ],
)
def test_turns(probabilities, turns):
    assert find_turns(probabilities) == turns
    assert find_turns(np.array(probabilities, dtype=np.float32)) == turns


def test_turns_and_markers_follow_the_threshold():
    assert find_turns([0.2, 0.5, 0.8], 0.7) == [2]
    assert (choose_marker(0.6, 0.7), choose_marker(0.6)) == ("▼", "▲")
    assert "negative throughout" in show(["fine"], [0.6, 0.65], threshold=0.7)
    assert "word 1  0.600 → 0.800  ▲fine" in show(["fine"], [0.6, 0.8], threshold=0.7)


@pytest.mark.parametrize(
    ("probabilities", "count", "jumps"),
    [
        ([], 5, []),
        ([0.2], 5, []),
        ([0.5, 0.5, 0.5], 5, []),
        ([0.5, 0.25, 0.5, 0.5, 1.0], 5, [4, 1, 2]),
        ([0.5, 0.25, 0.5, 0.5, 1.0], 2, [4, 1]),
        ([0.5, 0.25], 0, []),
    ],
)
def test_jumps_are_the_largest_first(probabilities, count, jumps):
    assert find_jumps(probabilities, count) == jumps


@pytest.mark.parametrize(
    ("probabilities", "width", "line"),
    [
        ([], 10, ""),
        ([0.5], 10, "▅"),
        ([0.5, 0.6], 0, ""),
        ([0.5, 0.6], -3, ""),
        ([0.1, 0.9], 1, "█"),
        ([0.1, 0.5, 0.9], 2, "▁█"),
        ([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1], 9, "▁▂▃▄▅▆▇██"),
        ([0.4999999, 0.5], 2, "▄▅"),
    ],
)
def test_sparkline(probabilities, width, line):
    assert sparkline(probabilities, width) == line


def test_a_sparkline_shows_the_dip_of_a_single_word():
    for timestep in range(1, 499):
        probabilities = [0.9] * 500
        probabilities[timestep] = 0.3
        line = sparkline(probabilities, 60)
        assert sorted(line) == ["▃", *"█" * 59]


def test_a_slope_stays_a_slope():
    line = sparkline(np.linspace(0, 1, 500).tolist(), 64)
    assert line == "".join(sorted(line, key=BLOCKS.index))
    assert all(line.count(block) in (7, 8, 9) for block in BLOCKS)


@given(beliefs, st.integers(0, 100))
def test_a_sparkline_fills_its_width_and_keeps_both_ends(probabilities, width):
    line = sparkline(probabilities, width)
    assert len(line) == min(width, len(probabilities))
    assert set(line) <= set(BLOCKS)
    if line:
        assert line[-1] == BLOCKS[min(7, math.floor(8 * probabilities[-1]))]
    if len(line) > 1:
        assert line[0] == BLOCKS[min(7, math.floor(8 * probabilities[0]))]


@given(st.floats(0, 1))
def test_the_upper_four_blocks_are_positive(probability):
    assert (sparkline([probability], 1) in BLOCKS[4:]) == (probability >= 0.5)
    assert choose_marker(probability) == ("▲" if probability >= 0.5 else "▼")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("très 好电影 😍 a\u00a0b", "très 好电影 😍 a\u00a0b"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\tb\r\nc\x85", r"a\tb\r\nc\x85"),
        ("\x9b2J\u2028", r"\x9b2J\u2028"),
        ("evil\u202etxt", r"evil\u202etxt"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_neutralised(text, shown):
    assert neutralise(text) == shown


@given(st.lists(st.text(st.characters()), min_size=1, max_size=20))
def test_plain_lines_are_one_a_timestep_whatever_the_tokens(tokens):
    plain = format_plain(tokens, [0.5] * len(tokens))
    assert len(plain.splitlines()) == len(tokens)
    assert all(line.count("\t") == 2 for line in plain.splitlines())
    plain.encode("utf-8")


def test_plain():
    plain = format_plain(["<start>", "not", "[red]", "\x1b[2J\tbad"], [0.5, 0.123456, 1, 0])
    assert plain == "0\t0.5000\t<start>\n1\t0.1235\tnot\n2\t1.0000\t[red]\n3\t0.0000\t\\x1b[2J\\tbad\n"


def test_view():
    tokens = ["they", "said", ":", "dull", "at", "first", ",", "but", "(", "really", ")", "well", "-", "made", "!"]
    probabilities = [0.52, 0.55, 0.51, 0.515, 0.2, 0.22, 0.21, 0.22, 0.3, 0.31, 0.33, 0.34, 0.4, 0.41, 0.85, 0.92]
    assert show(tokens, probabilities) == (
        "0.52 ▅▅▅▅▂▂▂▂▃▃▃▃▄▄▇█ 0.92   ▁ is 0, █ is 1\n"
        "\n"
        "they said: ▼dull at first, but (really) well-▲made!\n"
        "\n"
        "▲ turned positive  ▼ turned negative\n"
        "prediction changed at\n"
        "  word  4  0.515 → 0.200  they said: ▼dull at first, …\n"
        "  word 14  0.410 → 0.850  …) well-▲made!\n"
        "probability changed most\n"
        '  +0.44 at word 14 "made"\n'
        '  -0.32 at word 4 "dull"\n'
        '  +0.08 at word 8 "but"\n'
        '  +0.07 at word 15 "!"\n'
        '  +0.06 at word 12 "well"\n'
    )


def test_view_of_a_review_without_words():
    assert show([], [0.52]) == "0.52 ▅ 0.52   ▁ is 0, █ is 1\n\n(no words)\n"


def test_view_leaves_out_moves_that_round_to_nothing():
    assert show(["fine"], [0.301, 0.302]) == (
        "0.30 ▃▃ 0.30   ▁ is 0, █ is 1\n\nfine\n\nprediction never changed: negative throughout\n"
    )


def test_quotes_stand_at_their_words():
    tokens = ["a", '"', "good", '"', "film", ",", '"', "she", "said"]
    assert 'a "good" film, "she said\n' in show(tokens, [0.5] * 10)


def test_view_counts_the_turns_it_does_not_list():
    probabilities = [0.4, 0.6] * 6
    view = show([f"w{number}" for number in range(1, 12)], probabilities)
    assert "prediction changed at (the last 5 of 11)\n" in view
    assert [line.split()[1] for line in view.splitlines() if line.startswith("  word")] == ["7", "8", "9", "10", "11"]
    assert "  word  7  0.400 → 0.600  … ▼w4 ▲w5 ▼w6 ▲w7 ▼w8 ▲w9 ▼w10 …\n" in view


def test_view_shows_markup_emoji_codes_and_escapes_as_they_are():
    view = show(["[red]", "[/]", ":smile:", "\x1b[2J", "a\tb", "\\"], [0.5, 0.9, 0.1, 0.2, 0.8, 0.2, 0.6])
    assert "▲[red]" not in view  # it was positive before
    assert "[red] ▼[/] :smile: ▲\\x1b[2J ▼a\\tb ▲\\\n" in view
    assert 'at word 4 "\\x1b[2J"' in view
    assert "\x1b" not in view


@pytest.mark.parametrize("words", [1, 3, 60, 500])
@pytest.mark.parametrize("width", [1, 12, 80, 200])
def test_view_keeps_to_the_width_of_the_terminal(words, width):
    from rich.cells import cell_len

    lines = show(
        ["wonderful", "好", "x" * 30, "."] * (words // 4) + ["!"] * (words % 4), random_walk(words), width=width
    )
    assert all(cell_len(line) <= width for line in lines.splitlines())
    assert width < 80 or not any(line.endswith(" ") for line in lines.splitlines())


def test_a_long_view_takes_little_more_than_its_words():
    assert len(show(["words"] * 500, random_walk(500)).splitlines()) <= 40 + 16


def test_colours_follow_the_belief_and_markers_need_none():
    options = {"force_terminal": True, "color_system": "truecolor"}
    view = show(["bad", "good"], [0.5, 0.0, 1.0], **options)
    red, green, blue = (int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5))
    assert f"\x1b[1;4;38;2;{red};{green};{blue}mbad\x1b[0m" in view
    assert "negative" in view.split("prediction changed at")[0]
    plain = show(["bad", "good"], [0.5, 0.0, 1.0], **options, no_color=True)
    assert "38;2" not in plain
    assert "▼" in plain
    assert "■" not in plain


def test_colours_stay_apart_in_256():
    from rich.color import Color, ColorSystem

    assert len({Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).number for colour in COLOURS}) == len(COLOURS)


@given(st.lists(st.tuples(st.text(st.characters(), min_size=1), st.floats(0, 1)), max_size=30), st.integers(10, 100))
def test_any_tokens_can_be_shown(steps, width):
    view = show([token for token, _ in steps], [0.5, *(probability for _, probability in steps)], width=width)
    view.encode("utf-8")
    assert neutralise(view.replace("\n", "")) == view.replace("\n", "")
