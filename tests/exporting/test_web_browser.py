"""Exported models in Chromium: the page of the README, and a worker."""

import pytest
from support.bundles import load_script
from support.exports import make_english_classifier, read_blocks

import imdb_gru

pytestmark = pytest.mark.browser

WORKER = """
import { load } from "./imdb-gru.js";
const model = await load();
onmessage = ({ data }) => {
  const steps = [...model.iterate(data)];
  postMessage({ probability: model.predict(data).probability, last: steps.at(-1) });
};
postMessage("ready");
"""
ASK = """(text) => new Promise((answer) => {
  const worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => (data === "ready" ? worker.postMessage(text) : answer([
      data.probability, data.last.token, data.last.layers[0].gates.update.length,
  ]));
})"""


@pytest.fixture
def open_page(browser):
    """Open the page of an export's README; in the end, it must have complained of nothing."""
    complaints, contexts = [], []

    def open_page(folder, address):
        (page_source,) = read_blocks(folder, "html")
        (folder / "index.html").write_text(page_source)
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/index.html")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if "favicon" not in text and "404" not in text] == []


def test_the_page_predicts_at_every_key(tmp_path, open_page):
    model = make_english_classifier()
    folder = imdb_gru.export(model, format="web", path=tmp_path / "exported")
    with load_script("check_web").serve(folder) as address:
        page = open_page(folder, address)
        page.locator("#words span").first.wait_for()
        page.fill("textarea", "")
        page.type("textarea", "An awful <b>film</b>.")
        prediction = model.predict("An awful <b>film</b>.", timesteps=True)
        expected = f"{prediction.label}: the probability of positive is {prediction.probability:.3f}"
        assert page.inner_text("#label") == expected
        assert page.locator("#words span").all_inner_texts() == ["an", "awful", "film", "."]
        for span, probability in zip(page.locator("#words span").all(), prediction.probabilities[1:], strict=True):
            assert span.get_attribute("title") == f"{probability:.3f}"
            colour = "rgba(212, 94, 0" if probability < 0.5 else "rgba(0, 129, 231"
            assert span.evaluate("span => getComputedStyle(span).backgroundColor").startswith(colour)


def test_the_page_of_a_next_word_model_lists_words(tmp_path, open_page, make_next_word_run):
    model = imdb_gru.load_next_word(make_next_word_run())
    folder = imdb_gru.export(model, format="web", path=tmp_path / "exported")
    with load_script("check_web").serve(folder) as address:
        page = open_page(folder, address)
        page.locator("li").first.wait_for()
        page.fill("textarea", "w1 w2")
        likeliest = model.find_likeliest(model.predict_last(model.encode("w1 w2").ids), 5)
        expected = [f"{word.token} {100 * word.probability:.1f} %" for word in likeliest]
        assert page.locator("li").all_inner_texts() == expected


def test_a_worker_reads_texts(tmp_path, open_page):
    model = make_english_classifier()
    folder = imdb_gru.export(model, format="web", path=tmp_path / "exported")
    (folder / "worker.js").write_text(WORKER)
    with load_script("check_web").serve(folder) as address:
        probability, token, units = open_page(folder, address).evaluate(ASK, "A good film.")
    assert probability == pytest.approx(model.predict("A good film.").probability, abs=1e-5)
    assert (token, units) == (".", model.config.model.units)
