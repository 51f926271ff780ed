"""The page on which the model answers: what is in it, and what is refused."""

import base64
import json
import re

import pytest
from support.exports import make_english_classifier
from support.models import make_classifier

import imdb_gru
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.report.explore import SAMPLE_TOKENS, TEXTS, load_base, pack_sample
from imdb_gru.sources.sample import SampleSource
from imdb_gru.text.tokenizer import tokenize_words


def load_data(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def write(tmp_path, model, **options):
    return imdb_gru.explore(model, output=tmp_path / "page.html", **options).read_text("utf-8")


def test_the_page_contains_the_model_and_loads_nothing(tmp_path):
    page = write(tmp_path, make_english_classifier())
    data = load_data(page)
    assert data["text"] == TEXTS[0]
    assert data["cell"] == "gru"
    assert data["vocabulary"]["words"][:3] == list(make_english_classifier().vocabulary.words[:3])
    weights = base64.b64decode(re.search(r'id="weights">(.*?)</script>', page, re.DOTALL)[1])
    assert json.loads(weights[4 : 4 + int.from_bytes(weights[:4], "little")])["task"] == "sentiment"
    assert "default-src 'none'" in page
    assert re.findall(r'(?:src|href)="(?!data:,")[^"]*"', page) == []
    assert 'id="next-word-weights"' not in page


def test_texts_are_data_and_no_markup(tmp_path):
    page = write(tmp_path, make_classifier(), text="</script><img src=x onerror=alert(1)>")
    assert "</script><img" not in page
    assert load_data(page)["text"] == "</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("model", [make_classifier(direction="backward"), make_classifier(bidirectional=True)])
def test_a_model_that_does_not_read_from_left_to_right_is_refused(tmp_path, model):
    with pytest.raises(RunError, match=r"choose one with model\.bidirectional=false and text\.direction=forward"):
        write(tmp_path, model)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_page(tmp_path):
    with pytest.raises(ImdbGruError, match="it is a folder; choose a file"):
        imdb_gru.explore(make_classifier(), output=tmp_path)


def make_pretrained(name):
    model = make_classifier()
    settings = model.config.model.model_copy(update={"pretrained": str(name)})
    model.config = model.config.model_copy(update={"model": settings})
    return model


def test_next_words_are_left_out_with_a_reason(tmp_path, make_next_word_run):
    notices = []
    assert load_base(make_classifier(), notices.append) is None
    assert notices == []  # trained from random weights: there is nothing to show
    assert load_base(make_pretrained(tmp_path / "gone"), notices.append) is None
    assert "the next-word model cannot be loaded: model.pretrained: there is no run at" in str(notices[0])
    assert load_base(make_pretrained("bundled"), notices.append) is None
    assert "the next-word model has a different vocabulary" in str(notices[1])
    assert load_base(make_pretrained("bundled-classifier"), notices.append) is None
    model = make_pretrained(make_next_word_run().path)
    model.vocabulary = imdb_gru.load_next_word(model.config.model.pretrained).vocabulary
    assert load_base(model, notices.append).vocabulary.words == model.vocabulary.words
    assert len(notices) == 2


def test_the_sample_in_the_page_is_the_sample():
    sample = pack_sample()
    for split, most in (("train", 400), ("test", 100)):
        texts = [tokenize_words(review.text) for review in SampleSource().iter_reviews(split)]
        short = [tokens for tokens in texts if len(tokens) in SAMPLE_TOKENS][:most]
        assert [len(review["ids"]) for review in sample[split]] == [len(tokens) for tokens in short]
        assert {review["label"] for review in sample[split]} == {0, 1}
    first = sample["train"][0]["ids"]
    assert " ".join(sample["words"][id] for id in first) == " ".join(
        next(
            tokens
            for tokens in (tokenize_words(r.text) for r in SampleSource().iter_reviews("train"))
            if len(tokens) in SAMPLE_TOKENS
        )
    )


def test_the_command_writes_the_page(invoke, tmp_path, monkeypatch, sample_run):
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    result = invoke("explore", sample_run.path, "--text", "not dull")
    assert (result.code, result.out.strip()) == (0, "explore.html")
    assert load_data((tmp_path / "explore.html").read_text("utf-8"))["text"] == "not dull"
    assert opened == []
    assert invoke("explore", sample_run.path, "--output", "other.html", "--open").code == 0
    assert opened == [(tmp_path / "other.html").resolve().as_uri()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing",), "there is no run at missing"),
        (("--run", "bundled", "--output", "."), "it is a folder; choose a file"),
        (("--run", "bundled", "--output", "no/such/page.html"), "no/such"),
    ],
)
def test_wrong_input_is_refused_in_one_line(invoke, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = invoke("explore", *arguments)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert list(tmp_path.iterdir()) == []
