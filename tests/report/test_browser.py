"""Pages as a reader meets them, in a real browser."""

from dataclasses import replace

import pytest
from support.browsers import opened
from support.inspections import HOSTILE, make_inspection
from support.reports import make_charts, make_report

from imdb_gru.report.examples import Example
from imdb_gru.report.page import write_explorer, write_page

pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib")
pytest.importorskip("playwright.sync_api", reason="the tests of pages need playwright")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """An explorer of four texts, and a report of a run."""
    folder = tmp_path_factory.mktemp("pages")
    texts = [
        make_inspection(units=128),
        make_inspection("A short one , but fine .", cell="lstm", layers=2, seed=2),
        make_inspection(both=True, seed=3),
        make_inspection(HOSTILE, cell="simple_rnn", seed=4),
    ]
    write_explorer(folder / "explorer.html", texts)
    examples = [Example(text, "negative", "Confident errors") for text in reversed(texts)]
    write_page(folder / "report.html", make_report(charts=make_charts(), examples=examples))
    return folder


def read_strip(page):
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def read_colours(page):
    return page.locator(".word").evaluate_all("words => words.map((word) => word.style.backgroundColor)")


def test_hovering_a_word_shows_it(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        page.locator("#word-5").hover()
        before = read_strip(page)
        cursor = page.locator(".cursor").get_attribute("x1")
        assert "this" in page.inner_text("#summary")
        page.locator("#word-6").hover()
        summary = page.inner_text("#summary")
        assert "film" in summary
        assert "word 6 of 64" in summary
        assert read_strip(page) != before
        assert page.locator(".cursor").get_attribute("x1") != cursor
        inspection = make_inspection(units=128)
        assert f"{inspection.probabilities[6]:.3f}" in summary
        detail = page.inner_text(".detail").replace("−", "-")
        assert f"{inspection.contributions.integrated_gradients[6]:+.3f}" in detail
        assert f"{inspection.contributions.occlusion[6]:+.3f}" in detail
        assert f"\n{inspection.cells[0].gates['update'][6].mean():.2f}" in detail
        page.locator("canvas").first.hover()
        assert "unit 64: update gate z = " in page.inner_text("#unit")


def test_a_click_holds_a_word_until_escape(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        page.locator("#word-5").click()
        page.locator("#word-6").hover()
        assert "word 5 of" in page.inner_text("#summary")
        page.keyboard.press("Escape")
        page.locator("#word-7").hover()
        assert "word 7 of" in page.inner_text("#summary")


def test_keys_move_from_word_to_word(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        words = page.locator("#words")
        words.focus()
        for key, place in (
            ("Home", "the start"),
            ("ArrowRight", "word 1 of"),
            ("ArrowRight", "word 2 of"),
            ("ArrowLeft", "word 1 of"),
            ("End", "word 64 of"),
            ("ArrowRight", "word 64 of"),
        ):
            page.keyboard.press(key)
            assert place in page.inner_text("#summary")
        assert words.get_attribute("aria-activedescendant") == "word-64"
        assert page.locator("[aria-selected=true]").inner_text().endswith(".")
        page.keyboard.press("ArrowUp")
        box, last = (page.locator(name).bounding_box() for name in (".current", "#word-64"))
        assert box["y"] < last["y"]


def test_another_text_can_be_picked(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        page.select_option("#review", "1")
        assert page.locator(".word").count() == 8
        assert "LSTM, layer 1" in page.inner_text("#cell-name")
        assert page.locator("canvas").count() == 5
        page.select_option("#cell", "1")
        assert "LSTM, layer 2" in page.inner_text("#cell-name")
        page.click("#next")
        assert page.locator("[data-line=probability]").count() == 0
        assert page.locator("input[name=colouring]").count() == 3
        page.click("#previous")
        page.click("#previous")
        assert page.locator(".word").count() == 65
        assert not page.is_visible("#cell")


def test_words_are_coloured_by_what_is_chosen(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        seen = [read_colours(page)]
        for name in ("integrated_gradients", "occlusion", "memory"):
            page.locator(f"input[value={name}]").check()
            seen.append(read_colours(page))
        assert len(set(map(tuple, seen))) == 4
        probabilities = make_inspection(units=128).probabilities
        for colour, probability in zip(seen[0], probabilities, strict=True):
            assert colour.startswith("rgba(0, 129, 231" if probability >= 0.5 else "rgba(212, 94, 0")
        assert page.locator(".turned").count() == 0


def test_lines_can_be_hidden(browser, pages):
    with opened(browser, pages / "explorer.html") as page:
        assert page.locator("#through polyline").count() == 4
        page.locator("#lines button", has_text="probability").click()
        assert page.locator("[data-line=probability]").count() == 0
        assert page.locator("#lines button", has_text="probability").get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("name", ["explorer.html", "report.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_aside(browser, pages, name, scheme):
    screen = {"width": 375, "height": 700}
    with opened(browser, pages / name, viewport=screen, has_touch=True, color_scheme=scheme) as page:
        for number in range(4):
            page.select_option("#review", str(number))
            for details in page.locator("details").all():
                details.evaluate("details => details.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") == 375
        page.select_option("#review", "0" if name == "explorer.html" else "3")
        page.locator("#word-9").tap()
        assert "word 9 of" in page.inner_text("#summary")


def test_hostile_text_runs_no_script(browser, pages):
    with opened(browser, pages / "report.html") as page:
        assert page.evaluate("window.attacked") is None
        assert page.locator("#word-1").inner_text() == "<script>window.attacked"
        assert "</script><!-- <img src=x" in page.locator("#written").text_content()
        assert page.locator("img").count() == 0
        page.select_option("#review", "1")
        page.locator("[data-example]").click()
        assert page.locator("#word-1").inner_text() == "<script>window.attacked"
        assert page.evaluate("window.attacked") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_follow_light_and_dark(browser, pages, scheme):
    with opened(browser, pages / "report.html", color_scheme=scheme) as page:
        assert page.locator("figure.chart svg").count() == 6
        fill = page.locator("#confusion_matrix svg text").first.evaluate("text => getComputedStyle(text).fill")
        assert fill == {"light": "rgb(29, 31, 33)", "dark": "rgb(232, 231, 227)"}[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_the_strongest_colours(browser, pages, scheme):
    """The contrast that WCAG 2.2 asks for (4.5), of ink on paper tinted by each side."""
    program = """() => {
        const [ink, paper] = ["color", "backgroundColor"].map((name) => getComputedStyle(document.body)[name]);
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const paint = (...colours) => {
            for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
            const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
                const share = part / 255;
                return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const tints = [...document.querySelectorAll(".word")].map((word) => word.style.backgroundColor);
        return tints.map((tint) => {
            const [low, high] = [paint(ink), paint(paper, tint)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        });
    }"""
    with opened(browser, pages / "explorer.html", color_scheme=scheme) as page:
        page.locator("input[value=integrated_gradients]").check()
        assert min(page.evaluate(program)) > 4.5


def test_a_backward_model_shows_the_text_as_it_is_written(browser, tmp_path):
    inspection = make_inspection("", tokens=[".", "fine", "but", ",", "one", "short", "a"])
    write_explorer(tmp_path / "backward.html", [replace(inspection, direction="backward")])
    with opened(browser, tmp_path / "backward.html") as page:
        assert page.locator("#words").inner_text() == "a short one, but fine. start"
        assert "The model read the text from its end." in page.locator("#prediction").inner_text()
        page.locator("#words").focus()
        page.keyboard.press("Home")
        assert page.locator(".word.current").inner_text() == "a"
        assert "word 7 of 7 from the end" in page.locator("#summary").inner_text()
        page.keyboard.press("ArrowRight")
        assert page.locator(".word.current").inner_text() == "short"
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".word.current").inner_text() == "."
