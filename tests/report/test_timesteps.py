import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.report.timesteps import BLOCKS, find_jumps, find_turns, format_plain, print_view, sparkline

TOKENS = ("<start>", "dull", "?", "no", ",", "wonderful", "!")
PROBABILITIES = (0.5, 0.125, 0.25, 0.25, 0.25, 0.75, 0.875)
BELIEFS = st.lists(st.floats(0, 1), min_size=1, max_size=600)


def render(tokens, probabilities, width=80):
    from rich.console import Console

    console = Console(width=width, file=io.StringIO())
    print_view(tokens, probabilities, console)
    return console.file.getvalue()


def test_turns_are_where_the_label_changes():
    assert find_turns(PROBABILITIES) == [1, 5]
    assert find_turns([0.5]) == []
    assert find_turns([0.49, 0.5, 0.4999]) == [1, 2]


def test_jumps_are_the_largest_moves_first():
    assert find_jumps(PROBABILITIES, 2) == [5, 1]
    assert find_jumps([0.5], 3) == []


def test_sparkline_is_on_a_fixed_scale():
    assert sparkline([0, 0.2, 0.5, 0.99, 1], 80) == "▁▂▅██"
    assert sparkline([0.5, 0.5, 0.5, 0.02, 0.5, 0.5], 2) == "▅▁"


@given(BELIEFS, st.integers(1, 200))
def test_sparkline_fits_its_width_and_keeps_the_strongest_belief(probabilities, width):
    line = sparkline(probabilities, width)
    assert len(line) == min(width, len(probabilities))
    strongest = max(probabilities, key=lambda probability: abs(probability - 0.5))
    assert BLOCKS[min(int(strongest * 8), 7)] in line or BLOCKS[min(int((1 - strongest) * 8), 7)] in line


def test_plain_lines_are_one_a_timestep():
    assert format_plain(("<start>", "a\x1b[31m\n"), (0.5, 0.25)) == "0\t0.5000\t<start>\n1\t0.2500\ta\\x1b[31m\\n\n"


def test_the_view():
    assert render(TOKENS, PROBABILITIES) == (
        "0.50 ▅▂▃▃▃▇█ 0.88\n"
        "▼dull? no, ▲wonderful!\n"
        "negative ■■■■■■■ positive   ▲ ▼ turned positive, negative\n"
        'turned at: word 1 "dull" (0.50 → 0.12), word 5 "wonderful" (0.25 → 0.75)\n'
        'moved most: +0.50 at word 5 "wonderful", -0.38 at word 1 "dull", +0.12 at word 2\n'
        '"?", +0.12 at word 6 "!", +0.00 at word 3 "no"\n'
    )


def test_markup_and_escape_codes_are_shown_not_obeyed():
    view = render(("<start>", "[red]", "\x1b[31mboo", "[/]"), (0.5, 0.6, 0.7, 0.8))
    assert "[red] \\x1b[31mboo [/]" in view
    assert "\x1b" not in view


def test_colour_follows_the_belief():
    from rich.console import Console

    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor", no_color=False)
    print_view(("<start>", "bad", "good"), (0.5, 0.01, 0.99), console)
    out = console.file.getvalue()
    assert "38;2;217;95;2" in out
    assert "38;2;31;120;200" in out


@pytest.mark.parametrize("length", [0, 1, 3, 500])
@pytest.mark.parametrize("width", [40, 80])
def test_any_review_fits_a_terminal(length, width):
    rng = np.random.default_rng(length)
    tokens = ("<start>", *(f"word{number}" for number in range(length)))
    view = render(tokens, tuple(rng.random(length + 1)), width)
    lines = view.splitlines()
    assert all(len(line) <= width for line in lines)
    if length == 500:
        assert "last at: " in view
        assert width != 80 or len(lines) < 90
