"""The page on which the model answers, in a real browser: every interaction, and the numbers behind it."""

import re
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest
from support.browsers import opened
from support.exports import make_english_classifier

import imdb_gru
from imdb_gru.report.explore import TEXTS

pytest.importorskip("playwright.sync_api", reason="the tests of pages need playwright")

pytestmark = pytest.mark.browser

TEXT = "An awful film, but what a superb ending."
TOLERANCE = 1e-4
STEPS = """() => imdbGru.readSteps().map(({ probability, layers }) => ({
    probability,
    layers: layers.map(({ hidden, gates }) => ({
        hidden: [...hidden],
        gates: Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, [...values]])),
    })),
}))"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of small classifiers, by cell, and of the model in the package."""
    folder = tmp_path_factory.mktemp("explore")
    models = {"bundled": imdb_gru.load("bundled")}
    for cell, layers in (("gru", 2), ("lstm", 1), ("simple_rnn", 1)):
        models[cell] = make_english_classifier(cell=cell, layers=layers, units=7)
    for name, model in models.items():
        imdb_gru.explore(model, output=folder / f"{name}.html", text=TEXT)
    return folder, models


@pytest.fixture
def visit(browser, pages):
    """Open the page of a model, with what its address says; wait until the text is read."""
    folder, _ = pages
    contexts = []

    def visit(name="gru", options=(), **fields):
        address = f"#{urlencode({'text': TEXT, **fields}, doseq=True)}" if fields else ""
        contexts.append(opened(browser, folder / f"{name}.html", address, **dict(options)))
        page = contexts[-1].__enter__()
        page.set_default_timeout(30_000)
        wait(page)
        return page

    yield visit
    for context in contexts:
        context.__exit__(None, None, None)


def wait(page):
    """Wait until the page has read the text and shown all of it."""
    page.wait_for_function(
        "() => globalThis.imdbGru?.readSteps && !document.getElementById('explorer').hidden"
        " && document.getElementById('progress').hidden && document.querySelector('#levels button')"
    )


def read_probability(page):
    return float(re.search(r"probability of positive ([\d.]+)", page.inner_text("#verdict"))[1])


def read_address(page):
    return {name: values if len(values) > 1 else values[0] for name, values in parse_qs(page.url.split("#")[1]).items()}


def test_the_page_of_the_model_in_the_package_is_small(pages):
    assert (pages[0] / "bundled.html").stat().st_size <= 6_000_000


@pytest.mark.parametrize("name", ["bundled", "gru", "lstm", "simple_rnn"])
def test_the_page_computes_what_the_package_computes(visit, pages, name):
    model = pages[1][name]
    page = visit(name)
    steps, inspection = page.evaluate(STEPS), model.inspect(TEXT)
    expected = model.predict(TEXT, timesteps=True)
    np.testing.assert_allclose([step["probability"] for step in steps], expected.probabilities, atol=TOLERANCE)
    for number, trace in enumerate(inspection.cells):
        np.testing.assert_allclose([step["layers"][number]["hidden"] for step in steps], trace.states, atol=TOLERANCE)
        for gate, values in trace.gates.items():
            theirs = [step["layers"][number]["gates"][gate] for step in steps]
            np.testing.assert_allclose(theirs, values, atol=TOLERANCE)
    start = f"{expected.label} · probability of positive {expected.probability:.4f}"
    assert page.inner_text("#verdict").startswith(start)


def test_it_answers_as_the_reader_types(visit, pages):
    page = visit()
    before = page.locator(".word").evaluate_all("words => words.map((word) => word.style.backgroundColor)")
    page.locator("#text").press("End")
    page.type("#text", " Great")
    wait(page)
    assert page.locator(".word").last.inner_text() == "great"
    expected = pages[1]["gru"].predict(f"{TEXT} Great").probability
    assert read_probability(page) == pytest.approx(expected, abs=TOLERANCE)
    after = page.locator(".word").evaluate_all("words => words.map((word) => word.style.backgroundColor)")
    assert after[: len(before)] == before
    assert read_address(page)["text"] == f"{TEXT} Great"
    page.fill("#text", "")
    wait(page)
    assert "no word yet" in page.inner_text("#verdict")
    assert page.locator(".word").all_inner_texts() == ["start"]


def test_only_what_follows_an_edit_is_read_anew(visit):
    page = visit()
    page.evaluate("globalThis.kept = imdbGru.readSteps()")
    page.fill("#text", TEXT.replace("superb", "dreadful"))
    wait(page)
    same = page.evaluate("imdbGru.readSteps().map((step, timestep) => step === kept[timestep])")
    place = 8  # of the word that was exchanged
    assert same == [True] * place + [False] * (len(same) - place)


def test_an_example_is_read(visit, pages):
    page = visit()
    page.select_option("#examples", "4")
    wait(page)
    assert page.input_value("#text") == "The film is not good."
    expected = pages[1]["gru"].predict("The film is not good.").probability
    assert read_probability(page) == pytest.approx(expected, abs=TOLERANCE)


def test_words_are_coloured_in_four_ways(visit):
    page = visit()
    colours = {}
    for name in ("probability", "change", "occlusion", "memory"):
        page.check(f"input[value={name}]", force=True)
        if name == "occlusion":
            page.wait_for_function("() => document.getElementById('curve-caption').textContent.includes('(occlusion)')")
        colours[name] = page.locator(".word").evaluate_all("words => words.map((word) => word.style.backgroundColor)")
        assert read_address(page).get("colour", "probability") == name
    assert len({tuple(each) for each in colours.values()}) == 4


def test_occlusion_is_that_of_the_package(visit, pages):
    page = visit(colour="occlusion")
    page.wait_for_function("() => document.getElementById('curve-caption').textContent.includes('(occlusion)')")
    shown = {
        row.locator("td").nth(0).inner_text(): float(row.locator("td").nth(2).inner_text().replace("−", "-"))
        for row in page.locator("#level tr").all()[1:]
    }
    inspection = pages[1]["gru"].inspect(TEXT)
    values = dict(zip(inspection.tokens, inspection.contributions.occlusion, strict=True))
    assert shown
    for token, value in shown.items():
        assert value == pytest.approx(values[token], abs=2e-3)


def test_zooming_leads_from_the_review_to_one_product(visit, pages):
    page = visit(word=8)
    page.focus("#words")
    page.keyboard.press("Enter")
    assert page.locator("#level canvas").count() == 5
    first = page.locator("#level canvas[data-quantity=state]")
    page.wait_for_function("() => document.querySelector('#level canvas').width > 1")
    drawn = first.evaluate("canvas => canvas.toDataURL()")
    page.select_option("#sort", "state")
    page.wait_for_function("old => document.querySelector('[data-quantity=state]').toDataURL() !== old", arg=drawn)
    page.locator("#level .buttons button").first.click()
    assert read_address(page)["zoom"] == "unit"
    unit = int(read_address(page)["unit"])
    states = pages[1]["gru"].inspect(TEXT).cells[1].states
    moves = np.abs(states[8] - states[7])
    assert moves[unit] == pytest.approx(moves.max())
    page.wait_for_selector("#level [data-line='update z']")
    page.locator("#level .buttons button").first.click()
    assert read_address(page)["zoom"] == "step"
    page.keyboard.press("Tab")
    page.focus("#level-step")
    page.keyboard.press("ArrowLeft")
    assert read_address(page)["zoom"] == "unit"
    page.focus("#words")
    page.keyboard.press("Backspace")
    assert read_address(page)["zoom"] == "word"


def test_a_click_on_a_strip_opens_its_unit(visit):
    page = visit(word=8, zoom="word", sort="number")
    page.wait_for_function("() => document.querySelector('#level canvas').width > 1")
    page.locator("#level canvas").first.hover(position={"x": 3, "y": 5})
    assert page.inner_text("#pointed").startswith("unit 0: update z = ")
    page.locator("#level canvas").last.click(position={"x": 3, "y": 5})
    assert (read_address(page)["zoom"], read_address(page)["unit"]) == ("unit", "0")


@pytest.mark.parametrize(("name", "equations"), [("gru", 4), ("lstm", 6), ("simple_rnn", 1)])
def test_the_equations_of_a_step_have_its_numbers(visit, pages, name, equations):
    model = pages[1][name]
    page = visit(name, word=8, unit=3, zoom="step")
    assert page.locator(".equation").count() == equations
    assert "held at" not in page.inner_text("#level")
    trace = model.inspect(TEXT).cells[-1]
    shown = float(page.locator(".equation").last.locator(".numbers").last.inner_text().strip("= ").replace("−", "-"))
    assert shown == pytest.approx(trace.states[8, 3], abs=1e-3)
    page.locator(".equation button").nth(1).click()
    rows = page.locator(".products > div").all()
    numbers = [row.locator("dd").last.inner_text().replace("−", "-") for row in rows]
    assert sum(map(float, numbers[:-1])) == pytest.approx(float(numbers[-1]), abs=0.01)
    for row in rows[:3]:
        weight, value = re.search(r"(−?\d\.\d+) × (−?\d\.\d+)", row.inner_text()).groups()
        product = float(weight.replace("−", "-")) * float(value.replace("−", "-"))
        assert product == pytest.approx(float(row.locator("dd").last.inner_text().replace("−", "-")), abs=2e-3)
    page.locator(".products button").first.click()
    assert read_address(page)["word"] == "7"


def test_the_parts_of_a_step_light_up(visit):
    page = visit(word=8, zoom="step")
    page.locator(".equation [data-part=z]").first.hover()
    lit = page.locator(".lit").evaluate_all("elements => elements.map((element) => element.dataset.part)")
    assert set(lit) == {"z"}
    assert page.locator("svg .lit").count() > 2
    page.locator(".equation [data-part=x]").first.focus()
    assert page.locator("svg .line-x.lit").count() > 2


def test_a_held_gate_changes_what_follows(visit, pages):
    page = visit(word=4)
    free = page.evaluate(STEPS)
    page.select_option("#hold-gate", "update")
    page.fill("#hold-value", "1")
    page.locator("form.holds button").click()
    wait(page)
    steps = page.evaluate(STEPS)
    assert steps[3] == free[3]
    for step in steps[4:]:
        assert step["layers"][1]["hidden"] == pytest.approx(steps[3]["layers"][1]["hidden"], abs=1e-6)
        assert step["layers"][0] != steps[3]["layers"][0]  # only the layer that is shown is held
    before = float(re.search(r"before the change ([\d.]+)", page.inner_text("#verdict"))[1])
    assert before == pytest.approx(pages[1]["gru"].predict(TEXT).probability, abs=TOLERANCE)
    assert page.locator("#curve [data-line='probability before the change']").count() == 1
    assert page.locator(".word.held").count() == len(steps) - 4
    page.locator("#level-step").click()
    assert "held at 1.000" in page.inner_text("#level")
    page.locator(".held-list button").click()
    wait(page)
    assert page.evaluate(STEPS) == free
    assert "before the change" not in page.inner_text("#verdict")


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_the_state_is_frozen_or_cleared_at_a_word(visit, name):
    page = visit(name, word=4)
    kind = "memory" if name == "lstm" else "hidden"
    read = f"() => imdbGru.readSteps().map(({{ layers }}) => [...layers.at(-1).{kind}])"
    page.get_by_role("button", name="Freeze the state").click()
    wait(page)
    states = page.evaluate(read)
    assert states[4] == pytest.approx(states[3], abs=1e-6)
    assert states[5] != pytest.approx(states[4], abs=1e-6)
    page.get_by_role("button", name="Clear the state").click()
    wait(page)
    assert page.evaluate(read)[4] == pytest.approx([0] * 7, abs=1e-6)


def test_a_simple_rnn_has_no_gates_to_hold(visit):
    page = visit("simple_rnn", word=4)
    assert "no gates that could be held" in page.inner_text("#changes")
    assert page.locator("input[value=memory]").count() == 0


def test_words_are_dropped_moved_and_replaced(visit, pages):
    page = visit(word=2)
    model = pages[1]["gru"]

    def check(text):
        wait(page)
        assert page.input_value("#text") == text
        assert read_probability(page) == pytest.approx(model.predict(text).probability, abs=TOLERANCE)

    page.get_by_role("button", name="Drop").click()
    check("an film, but what a superb ending.")
    page.get_by_role("button", name="Move right").click()
    check("film an, but what a superb ending.")
    page.fill("#replacement", "Very Good")
    page.get_by_role("button", name="Replace", exact=True).click()
    check("film very good, but what a superb ending.")
    assert f"Compared with: “{TEXT}”" in page.inner_text("#changes")
    page.get_by_role("button", name="Go back").click()
    check(TEXT)


def test_a_replacement_that_flips_the_verdict_is_found(visit, pages):
    page = visit("bundled", text="The film is good.", word=4)
    page.get_by_role("button", name="Find one word").click()
    page.wait_for_selector("#flip button", timeout=60_000)
    found = re.search(r"“(.*)” → “(.*)” changes the probability from (\d\.\d+) to (\d\.\d+)", page.inner_text("#flip"))
    page.click("#flip button")
    wait(page)
    token, other, before, after = found.groups()
    model = pages[1]["bundled"]
    text = page.input_value("#text")
    assert other in text.split(" ") + text.rstrip(".").split(" ")
    assert token not in model.predict(text, timesteps=True).tokens[1:] or token == other
    assert (float(before) >= 0.5) != (float(after) >= 0.5)
    assert model.predict(text).probability == pytest.approx(float(after), abs=1e-3)


def test_next_words_are_those_of_the_next_word_model(visit):
    page = visit("bundled", text="The film was", word=3)
    page.wait_for_selector("#likeliest li", timeout=60_000)
    model = imdb_gru.load_next_word("bundled")
    expected = model.find_likeliest(model.predict_last(model.encode("The film was").ids), 8)
    shown = page.locator("#likeliest li").all_inner_texts()
    assert [text.split()[0] for text in shown] == [word.token for word in expected]
    shares_shown = page.locator("#likeliest span").all_inner_texts()
    shares = [float(text.split()[0]) / 100 for text in shares_shown]
    assert shares == pytest.approx([word.probability for word in expected], abs=1e-3)
    page.fill("#temperature", "0.5")
    page.wait_for_function("old => document.querySelector('#likeliest span').textContent !== old", arg=shares_shown[0])
    sharper = float(page.locator("#likeliest span").first.inner_text().split()[0]) / 100
    assert sharper > shares[0]
    page.locator("#likeliest button:not([disabled])").first.click()
    wait(page)
    added = page.input_value("#text").removeprefix("the film was")
    assert added.strip() in [word.token for word in expected]
    page.get_by_role("button", name="Write ten words").click()
    page.wait_for_function("() => document.querySelectorAll('.word').length > 6", timeout=60_000)


def test_the_address_holds_the_view(visit, pages):
    page = visit(word=4, unit=2, zoom="unit", layer=0, hold="0:update:2:0.25:1:3", card=4)
    hold = "0:update:2:0.25:1:3"
    fields = {"word": "4", "unit": "2", "zoom": "unit", "layer": "0", "hold": hold, "card": "4"}
    assert read_address(page).items() >= fields.items()
    steps = page.evaluate(STEPS)
    assert [step["layers"][0]["gates"]["update"][2] for step in steps[1:4]] == [0.25] * 3
    assert "of layer 1 of unit 2 is 0.25 at words 1 to 3" in page.inner_text(".held-list")
    page.evaluate("address => { location.hash = address }", "#text=good&word=1")
    page.wait_for_function("() => document.querySelectorAll('.word').length === 2")
    expected = pages[1]["gru"].predict("good").probability
    assert read_probability(page) == pytest.approx(expected, abs=TOLERANCE)


def test_an_address_that_does_not_fit_is_ignored(visit):
    page = visit("simple_rnn", word="x", unit=1e9, zoom="?", colour="?", hold="0:update:all:1:1:2", card=99)
    fields = {"unit": "6", "zoom": "review", "card": "10"}
    assert read_address(page).items() >= fields.items()
    assert "hold" not in read_address(page)


def test_the_ten_cards_steer_the_page(visit):
    page = visit(options=[("reduced_motion", "reduce")])
    titles = []
    for number in range(1, 11):
        titles.append(page.inner_text("#card h3"))
        assert titles[-1].startswith(f"{number} of 10.")
        page.click("#card-try")
        wait(page)
        if number < 10:
            page.click("#card-next")
    assert len(set(titles)) == 10
    assert page.inner_text("#race-run") == "Pause"
    page.click("#race-run")
    page.locator("details:has(#cards) summary").click()
    assert page.locator("#cards li").count() == 10
    assert titles[2].split(". ")[1] in page.locator("#cards li").nth(2).inner_text()


def test_cards_do_what_they_say(visit, pages):
    page = visit(card=4)
    page.click("#card-try")
    wait(page)
    states = page.evaluate("() => imdbGru.readSteps().map(({ layers }) => [...layers.at(-1).hidden])")
    assert states[-1] == pytest.approx(states[4], abs=1e-6)
    for _ in range(2):
        page.click("#card-next")
    page.click("#card-try")
    wait(page)
    place = read_address(page)
    assert (place["zoom"], place["word"]) == ("step", "9")
    assert "hold" not in place  # what an earlier card held is released
    trace = pages[1]["gru"].inspect(TEXTS[0]).cells[1]
    moves = np.abs(trace.states[9] - trace.states[8])
    assert moves[int(place["unit"])] == pytest.approx(moves.max())


def test_another_text_ends_the_comparison_and_the_holds(visit):
    page = visit(word=2, hold="1:update:all:1:2:4")
    page.get_by_role("button", name="Drop").click()
    wait(page)
    page.fill("#text", "An awful film, but what a superb end!")
    wait(page)
    assert "before the change" in page.inner_text("#verdict")
    page.fill("#text", "Wonderful music")
    wait(page)
    assert "before the change" not in page.inner_text("#verdict")
    assert page.locator(".held-list button").count() == 0


def test_an_empty_field_holds_nothing(visit):
    page = visit(word=2)
    page.fill("#hold-value", "")
    page.locator("form.holds button").click()
    assert page.locator(".held-list button").count() == 0


def test_the_later_of_two_holds_counts(visit):
    page = visit(word=2, hold=["1:update:all:1:2:4", "1:update:all:0.5:3:3"])
    gates = page.evaluate("() => imdbGru.readSteps().map(({ layers }) => layers[1].gates.update[0])")
    assert gates[2:5] == [1, 0.5, 1]
    assert "the later one counts" in page.inner_text(".held-list")


def test_a_double_click_zooms_in_and_figures_are_explained(visit):
    page = visit(word=1)
    page.locator(".word").nth(3).dblclick()
    assert (read_address(page)["zoom"], read_address(page)["word"]) == ("word", "3")
    page.click("#explain")
    assert page.locator("#meaning dt", has_text="Occlusion").is_visible()


def test_a_very_long_word_does_not_widen_the_page(visit):
    page = visit(text=f"a {'loong' * 600} film", word=2, zoom="step")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert "no word of this text" not in page.inner_text("#verdict")
    page.fill("#text", "好电影")
    wait(page)
    assert "no word of this text is in the vocabulary" in page.inner_text("#verdict")


def test_three_networks_train_in_the_page(visit):
    page = visit()
    assert page.inner_text("#race-count").startswith("0 steps")
    drawn = page.inner_html("#race-accuracy")
    for _ in range(3):
        page.click("#race-step")
    assert page.inner_text("#race-count").startswith("3 steps")
    assert page.inner_html("#race-accuracy") != drawn
    assert page.locator("#race-gradient polyline").count() == 3
    page.click("#race-run")
    page.wait_for_function("() => parseInt(document.getElementById('race-count').textContent) >= 5", timeout=60_000)
    page.click("#race-reset")
    assert page.inner_text("#race-count").startswith("0 steps")
    assert page.inner_text("#race-run") == "Train"


def test_pictures_are_saved(visit, tmp_path):
    page = visit(word=8, zoom="unit", unit=3, hold="1:update:all:1:2:4")
    with page.expect_download() as saved:
        page.click("#save-svg")
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    picture = path.read_text("utf-8")
    assert picture.startswith("<svg")
    assert "var(--" not in picture
    for text in (">superb<", ">Unit 3<", "held: update z of layer 2 of all units is 1.00 at words 2 to 4", ">state h<"):
        assert text in picture
    with page.expect_download() as saved:
        page.click("#save-png")
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_link_is_shown_if_it_cannot_be_copied(visit):
    page = visit()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.click("#copy")
    page.wait_for_function("() => document.getElementById('shared').textContent.includes('#text=')")


def test_a_long_text_is_read_to_its_last_500_words(visit, pages):
    page = visit("gru")
    text = " ".join(["film", "good", "awful", "the"] * 130)
    page.fill("#text", text)
    page.wait_for_function("() => document.querySelectorAll('.word').length === 501")
    wait(page)
    assert "the model read 500 of 520 words" in page.inner_text("#verdict")
    assert read_probability(page) == pytest.approx(pages[1]["gru"].predict(text).probability, abs=TOLERANCE)


def test_texts_are_no_markup(visit):
    page = visit(text="<b>bold</b> <img src=x onerror=alert(1)> &amp; good")
    assert page.locator("#words b, #words img").count() == 0
    assert page.locator(".word").last.inner_text() == "good"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_it_fits_phones_and_wide_screens(visit, scheme, width):
    page = visit(word=8, zoom="step", options=[("color_scheme", scheme), ("viewport", {"width": width, "height": 800})])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(21, 23, 26)" if scheme == "dark" else "rgb(252, 252, 250)")


def test_every_control_has_a_name(visit):
    page = visit("bundled", word=3, zoom="word")
    page.wait_for_selector("#likeliest li", timeout=60_000)
    nameless = page.evaluate("""() => [...document.querySelectorAll('button, input, select, textarea')]
        .filter((element) => !(element.labels?.length || element.ariaLabel || element.textContent.trim()))
        .map((element) => element.outerHTML)""")
    assert nameless == []
