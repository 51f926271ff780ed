import itertools
import subprocess
import sys
import xml.dom.minidom

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.report.timestep_chart import _spread, check_plot_path, draw_timesteps, plot_timesteps

pytestmark = pytest.mark.processes

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.backends.backend_agg")

PNG = b"\x89PNG\r\n\x1a\n"
STRANGE = [
    "😍",
    "好电影",
    "שלום",
    "नमस्ते",
    "$x$",
    "$",
    r"\frac{",
    "\x1b[31m",
    "\ud800",
    "\ufffe",
    "-->",
    "&",
    "",
    "x" * 400,
]


def example(words, seed=0):
    rng = np.random.default_rng(seed)
    vocabulary = ["a", "film", ",", "disappointing", "wonderful", "."]
    tokens = ["<start>", *rng.choice(vocabulary, words).tolist()]
    return tokens, (1 / (1 + np.exp(-np.cumsum(rng.normal(0, 0.4, words + 1))))).tolist()


@pytest.mark.parametrize("words", [0, 1, 5, 60, 61, 500])
@pytest.mark.parametrize("suffix", [".png", ".svg", ".PNG", ".pdf"])
def test_reviews_of_any_length(tmp_path, words, suffix):
    path = tmp_path / f"belief{suffix}"
    plot_timesteps(path, *example(words), title="A review")
    if suffix == ".svg":
        assert xml.dom.minidom.parse(str(path)).documentElement.tagName == "svg"
    else:
        assert path.read_bytes().startswith(b"%PDF" if suffix == ".pdf" else PNG)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("repeats", [1, 8])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_strange_tokens_are_drawn_without_warning(tmp_path, repeats, suffix):
    tokens = ["<start>", *STRANGE * repeats]
    path = tmp_path / f"belief{suffix}"
    plot_timesteps(path, tokens, [0.2, 0.9, *[0.4, 0.8] * len(tokens)][: len(tokens)], title=" ".join(STRANGE))
    if suffix == ".svg":
        xml.dom.minidom.parse(str(path))


def test_dollars_are_no_formula():
    figure = draw_timesteps(["<start>", "$x$"], [0.4, 0.6], "$y$")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["<start>", "$x$"]
    assert axes.get_title(loc="left") == "$y$"
    assert not any(text.get_parse_math() for text in [*axes.get_xticklabels(), axes._left_title])


def test_short_reviews_are_labelled_at_every_word_and_long_ones_where_it_mattered():
    short, long = (draw_timesteps(*example(words), None).axes[0] for words in (60, 61))
    assert [label.get_text() for label in short.get_xticklabels()] == example(60)[0]
    assert not short.texts
    tokens, probabilities = example(61)
    largest = tokens[int(np.argmax(np.abs(np.diff(probabilities)))) + 1]
    assert any(largest in text.get_text() for text in long.texts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("words", [61, 500])
def test_names_never_overlap(words, seed):
    figure = draw_timesteps(*example(words, seed), "A review")
    matplotlib.backends.backend_agg.FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 5
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert max(box.y1 for box in boxes) <= axes._left_title.get_window_extent().y0
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(1, 40)), min_size=1, max_size=12))
def test_spread_keeps_names_apart_and_where_they_fit_in_place(names):
    wanted = sorted(timestep for timestep, _ in names)
    widths = [width for _, width in names]
    centres = _spread(wanted, widths, 501)
    edges = [(centre - width / 2, centre + width / 2) for centre, width in zip(centres, widths, strict=True)]
    assert edges[0][0] >= -0.5001
    assert edges[-1][1] <= 500.5001
    assert all(right <= left + 1e-6 for (_, right), (left, _) in itertools.pairwise(edges))


def test_names_far_apart_stay_over_their_words_and_close_ones_share_the_push():
    assert _spread([50, 200, 210, 400], [30] * 4, 501) == [50, 190, 220, 400]


def test_a_turn_is_marked_with_its_direction():
    tokens, probabilities = ["word"] * 100, [0.2] * 50 + [0.8] * 50
    tokens[50] = "wonderful"
    (name,) = draw_timesteps(tokens, probabilities, None).axes[0].texts
    assert name.get_text() == "▲ wonderful"
    assert name.get_position()[0] == 50


def test_the_same_beliefs_make_the_same_file_whatever_the_user_set(tmp_path):
    paths = [tmp_path / name for name in ("one.svg", "two.svg", "one.png", "two.png")]
    for path in paths:
        with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30} if "two" in path.name else {}):
            plot_timesteps(path, *example(100))
            assert matplotlib.rcParams["font.size"] == (30 if "two" in path.name else 10)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[2].read_bytes() == paths[3].read_bytes()
    assert b"<dc:date>" not in paths[0].read_bytes()


@pytest.mark.parametrize("name", ["belief.jpg", "belief", "png"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ImdbGruError, match=r"\.png, \.svg or \.pdf"):
        plot_timesteps(tmp_path / name, *example(5))


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "none" / "belief.png", tmp_path / "file" / "belief.png"):
        with pytest.raises(ImdbGruError, match="there is no folder"):
            check_plot_path(path)
    with pytest.raises(ImdbGruError, match="choose another file"):
        plot_timesteps(tmp_path / "folder.png", *example(5))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.png"}


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"Plotting needs .*imdb-gru\[plot\]"):
        plot_timesteps(tmp_path / "belief.png", *example(5))


def test_a_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "belief.png"
    path.write_bytes(b"old")

    def fill_the_disk(figure, temporary, **options):
        assert temporary.parent == tmp_path
        temporary.write_bytes(PNG)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", fill_the_disk)
    with pytest.raises(ImdbGruError, match="No space left"):
        plot_timesteps(path, *example(5))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_pyplot_stays_out(tmp_path):
    program = (
        "import sys; from pathlib import Path; from imdb_gru.report.timestep_chart import plot_timesteps; "
        "assert 'matplotlib' not in sys.modules; "
        "plot_timesteps(Path(sys.argv[1]), ['<start>', 'good'], [0.5, 0.9]); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, tmp_path / "belief.png"], check=True, timeout=60)
