import sys

import numpy as np
import pytest

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.report.plot import plot_timesteps

HEADS = {".png": b"\x89PNG", ".svg": b"<?xml"}


def draw(path, length, tokens=None):
    pytest.importorskip("matplotlib")
    tokens = tokens or ["<start>", *(f"w{number}" for number in range(length))]
    plot_timesteps(path, tokens, np.random.default_rng(1).random(len(tokens)).tolist(), title="$5 film")


@pytest.mark.parametrize("suffix", HEADS)
@pytest.mark.parametrize("length", [0, 5, 61, 500])
def test_a_picture_of_any_length_is_drawn(tmp_path, suffix, length):
    draw(tmp_path / f"a{suffix}", length)
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(HEADS[suffix])
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("suffix", HEADS)
def test_the_same_belief_gives_the_same_picture(tmp_path, suffix):
    for name in "ab":
        draw(tmp_path / f"{name}{suffix}", 9)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_odd_tokens_are_drawn(tmp_path):
    draw(tmp_path / "a.svg", 0, ["<start>", "😍", "好", "$x^$", "\x1b[31m", "<b>"])


@pytest.mark.parametrize(("name", "message"), [("a.jpg", ".png or .svg"), ("nowhere/a.png", "no folder")])
def test_a_wrong_path_is_told(tmp_path, name, message):
    with pytest.raises(ImdbGruError, match=message):
        draw(tmp_path / name, 3)


def test_a_missing_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"imdb-gru\[plot\]"):
        plot_timesteps(tmp_path / "a.png", ["<start>"], [0.5])
