import base64
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from support.inspections import HOSTILE, make_inspection
from support.reports import make_report

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.models.timesteps import neutralise
from imdb_gru.report import packing
from imdb_gru.report.examples import Example
from imdb_gru.report.page import write_explorer, write_page
from imdb_gru.system.writing import check_file

pytest.importorskip("matplotlib")


class Elements(HTMLParser):
    """The elements of a page, and the text outside of scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.texts = [], [], []
        self.feed(page)

    def handle_starttag(self, name, attributes):
        self.names.append(name)
        self.attributes += [(name, *attribute) for attribute in attributes]

    def handle_data(self, data):
        if self.cdata_elem is None:
            self.texts.append(data)


def load_data(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def write(tmp_path, *inspections):
    write_explorer(tmp_path / "page.html", inspections)
    return (tmp_path / "page.html").read_text("utf-8")


def test_hostile_text_is_text(tmp_path):
    write_page(tmp_path / "page.html", make_report())
    page = (tmp_path / "page.html").read_text("utf-8")
    elements = Elements(page)
    assert elements.names.count("script") == 2
    assert not {"img", "i"} & set(elements.names)
    assert "{{ 7*7 }}" in page
    assert "runs/<b>demo</b>" in elements.texts
    assert any("Note: these reviews were <i>seen</i>." in text for text in elements.texts)
    assert any("<script>window.attacked = true</script>" in text for text in elements.texts)
    (example,) = load_data(page)["examples"]
    assert example["text"].startswith(HOSTILE[:60])
    assert example["tokens"][1] == HOSTILE.split()[0]
    raw = page[page.index('id="data">') + 10 :].partition("</script>")[0]
    assert not set("<>&'") & set(raw)
    assert raw.isascii()


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e", "\u2028", "\ud800", "\x85"])
def test_characters_that_a_browser_would_obey_are_named(tmp_path, character):
    page = write(tmp_path, make_inspection(f"a{character}b", tokens=[f"a{character}b"]))
    (example,) = load_data(page)["examples"]
    assert example["tokens"][1] == f"a{neutralise(character)}b"
    assert character not in page
    assert character not in example["text"] + example["name"]


def test_a_page_asks_no_host_for_anything(tmp_path):
    write_page(tmp_path / "page.html", make_report())
    elements = Elements((tmp_path / "page.html").read_text("utf-8"))
    policy = next(value for name, key, value in elements.attributes if (name, key) == ("meta", "content"))
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    links = [value for name, key, value in elements.attributes if key in ("src", "href", "action", "srcset")]
    assert links == ["data:,"]


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
@pytest.mark.parametrize("both", [False, True])
def test_every_kind_of_model_is_packed_with_its_gates(tmp_path, cell, both):
    inspection = make_inspection(cell=cell, layers=2, both=both, units=5)
    page = write(tmp_path, inspection)
    (example,) = load_data(page)["examples"]
    assert (example["probabilities"] is None) == both
    assert len(example["cells"]) == (4 if both else 2)
    for packed, trace in zip(example["cells"], inspection.cells, strict=True):
        assert (packed["kept"] is None) == (cell == "simple_rnn")
        assert packed["jacobian"] == pytest.approx(trace.jacobian, rel=1e-3)
        assert packed["gradient"] == pytest.approx(trace.gradients, rel=1e-3)
        quantities = {quantity["name"]: quantity for quantity in packed["quantities"]}
        assert len(quantities) == len(trace.gates) + 1
        for name, values in {**trace.gates, "hidden state": trace.states}.items():
            quantity = quantities[name if name in quantities else f"{name} gate"]
            low = -1 if quantity["signed"] else 0
            units = np.frombuffer(base64.b64decode(quantity["units"]), np.uint8).reshape(values.shape) / 255
            assert low + units * (1 - low) == pytest.approx(values, abs=(1 - low) / 255)
            mean = np.abs(values) if quantity["signed"] else values
            assert quantity["mean"] == pytest.approx(mean.mean(axis=1), rel=1e-3)
    explained = {"gru": "gates of a GRU", "lstm": "gates of an LSTM", "simple_rnn": "SimpleRNN has no gates"}
    assert {name for name, words in explained.items() if words in page} == {cell}


def test_units_are_left_out_once_there_is_no_room():
    examples = [Example(make_inspection("a b c", units=units)) for units in (8, 500, 8)]
    size = packing.count_characters(examples[0].inspection.cells[0])
    packed = packing.pack_examples(examples, budget=2 * size)
    held = [[quantity["units"] for quantity in example["cells"][0]["quantities"]] for example in packed]
    assert [all(units) for units in held] == [True, False, True]
    assert not any(held[1])
    assert sum(map(len, held[0])) == size
    assert len(packed[1]["cells"][0]["quantities"][0]["mean"]) == 4


def test_numbers_that_json_lacks_are_none():
    assert packing.round_numbers(np.array([0.123456, np.nan, -np.inf, 1e-9])) == [0.1235, None, None, 1e-9]


def test_a_text_without_words_and_none_at_all(tmp_path):
    assert load_data(write(tmp_path, make_inspection("")))["examples"][0]["tokens"] == ["<start>"]
    assert "No text was given" in write(tmp_path)


def test_a_page_is_named_after_its_only_text(tmp_path):
    assert "<h1>a b</h1>" in write(tmp_path, make_inspection("a b"))
    assert "<h1>2 texts</h1>" in write(tmp_path, make_inspection("a b"), make_inspection("c"))


def test_punctuation_stands_close_to_its_word(tmp_path):
    (example,) = load_data(write(tmp_path, make_inspection('so ( " good " ) , yes')))["examples"]
    words = [" " * space + token for token, space in zip(example["tokens"], example["spaces"], strict=True)]
    assert "".join(words[1:]) == 'so ("good"), yes'


def test_figures_without_a_value_are_a_dash(tmp_path):
    report = make_report(examples=[])
    evaluation = replace(report.evaluation, roc_auc=None, errors=[])
    report = make_report(examples=[], evaluation=evaluation)
    write_page(tmp_path / "page.html", report)
    elements = Elements((tmp_path / "page.html").read_text("utf-8"))
    assert "–" in elements.texts
    assert "script" not in elements.names
    assert any("Every review is classified correctly" in text for text in elements.texts)


def test_places_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(ImdbGruError, match="it is a folder; choose a file"):
        check_file(tmp_path)
    with pytest.raises(ImdbGruError, match="there is no folder"):
        write_explorer(tmp_path / "none" / "page.html", [])


def test_a_failed_write_leaves_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("old")

    def fill_the_disk(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_text", fill_the_disk)
    with pytest.raises(ImdbGruError, match="No space left"):
        write_explorer(path, [])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_without_matplotlib_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"The report needs .*imdb-gru\[report\]"):
        write_page(tmp_path / "page.html", make_report())
    assert not (tmp_path / "page.html").exists()


def test_inspected_texts_need_no_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "<h1>a b</h1>" in write(tmp_path, make_inspection("a b"))
