import re
from html.parser import HTMLParser

import pytest
from support.models import make_classifier

from imdb_gru.text.coloured import NEGATIVE, POSITIVE, STRONGEST, build_html

TEXT = "w1 w2 unheard w3"


class Reader(HTMLParser):
    """The words of a fragment with their attributes, and all of its text."""

    def __init__(self, fragment):
        super().__init__()
        self.words, self.text, self.open = [], "", []
        self.feed(fragment)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        assert tag in {"div", "b", "i", "span"}
        self.open.append(tag)
        if "title" in dict(attributes):
            self.words.append(["", dict(attributes)])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.words and self.open[-1] == "span" and not self.words[-1][0]:
            self.words[-1][0] = data


def build(tokens, shares, titles=None, label="positive", figures="figures", note="note"):
    titles = titles or [f"word {timestep}" for timestep in range(len(tokens))]
    return build_html(label, figures, tokens, shares, titles, note)


def test_words_are_coloured_by_sign_and_size():
    reader = Reader(build(["<start>", "bad", "film", ",", "good"], [1, -1, 0.01, float("nan"), 0.5]))
    styles = {word: attributes.get("style") for word, attributes in reader.words}
    assert styles == {
        "bad": f"background:{NEGATIVE}{STRONGEST:02x}",
        "film": None,
        ",": None,
        "good": f"background:{POSITIVE}{STRONGEST // 2:02x}",
    }
    assert [attributes["title"] for _, attributes in reader.words] == ["word 1", "word 2", "word 3", "word 4"]
    assert "bad film, good" in reader.text


def test_a_share_beyond_one_is_as_strong_as_one():
    assert build(["<start>", "a"], [0, 7]) == build(["<start>", "a"], [0, 1])


def test_no_words_leave_a_note():
    assert "(no words)" in Reader(build(["<start>"], [0])).text


def test_nothing_in_a_text_is_obeyed():
    evil = '</span><script>alert("1")</script>\x1b[31m\u202e&\''
    fragment = build(["<start>", evil], [0, 0], titles=["", evil], label=evil, figures=evil, note=evil)
    reader = Reader(fragment)  # which knows no script
    shown = evil.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert reader.words == [[shown, {"title": shown}]]
    assert reader.text.count(shown) == 4
    assert fragment.isprintable()


def test_a_fragment_needs_nothing_from_elsewhere():
    assert not re.search(r"https?:|<script|<link|<style|src=|url\(| id=| class=", build(["<start>", "a"], [0, 1]))


def test_background_and_either_theme_leave_text_legible():
    def find_luminance(colour):
        parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for page, text in ((1.0, 0.1), (0.07, 0.87)):  # light and dark
        for colour in (NEGATIVE, POSITIVE):
            channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
            share = STRONGEST / 255
            behind = find_luminance([share * channel + (1 - share) * page for channel in channels])
            low, high = sorted((behind, find_luminance([text] * 3)))
            assert (high + 0.05) / (low + 0.05) > 4.5  # WCAG 2.1, criterion 1.4.3


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}], ids=str)
def test_an_inspection_shows_itself(options):
    inspection = make_classifier(**options).inspect(TEXT)
    assert repr(inspection) == (
        f"Inspection({inspection.label!r}, probability={inspection.probability:.4f}, text='w1 w2 unheard w3')"
    )
    assert repr(inspection.cells[0]) == "CellTrace(layer 1, forward, gru 6, timesteps=5)"
    reader = Reader(inspection._repr_html_())
    assert [word for word, _ in reader.words] == TEXT.split()
    assert (
        f"{inspection.label}: probability of positive {inspection.probability:.3f}, 4 words, 1 unknown" in reader.text
    )
    contributions = inspection.contributions.integrated_gradients
    for timestep, (_, attributes) in enumerate(reader.words, 1):
        title, style = attributes["title"], attributes.get("style", "")
        assert f"word {timestep}: contribution {contributions[timestep]:+.3f}, by occlusion" in title
        assert ("not in the vocabulary" in title) == (timestep == 3)
        assert ("probability after it" in title) == (not options)
        if abs(contributions[timestep]) > 0.1 * abs(contributions).max():
            assert (POSITIVE if contributions[timestep] > 0 else NEGATIVE) in style
    assert any(f"{STRONGEST:02x}" in attributes.get("style", "") for _, attributes in reader.words)


def test_an_inspection_of_a_long_text_says_how_much_was_read():
    html = make_classifier().inspect("w1 " * 600)._repr_html_()
    assert "500 of 600 words read" in html


def test_an_inspection_of_an_empty_text_shows_itself():
    assert "(no words)" in make_classifier().inspect("")._repr_html_()


def test_a_prediction_shows_the_probability_after_each_word():
    classifier = make_classifier()
    prediction = classifier.predict(TEXT, timesteps=True)
    reader = Reader(prediction._repr_html_())
    for timestep, (word, attributes) in enumerate(reader.words, 1):
        assert word == prediction.tokens[timestep]
        assert attributes["title"] == f"word {timestep}: probability {prediction.probabilities[timestep]:.3f}"
    assert len(reader.words) == 4
    assert classifier.predict(TEXT)._repr_html_() is None
