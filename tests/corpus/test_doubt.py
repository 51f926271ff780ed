"""Texts that are unlike those that a model was trained on."""

import pytest

from imdb_gru.corpus.encoded import encode_text
from imdb_gru.runs.catalogue import BundledRun
from imdb_gru.text.vocabulary import Vocabulary

GERMAN = (
    "Dieser Film hat mich von der ersten Minute an begeistert. Die Schauspieler sind großartig, die Geschichte ist "
    "spannend und das Ende überrascht wirklich."
)


@pytest.fixture(scope="module")
def run():
    return BundledRun("sentiment")


@pytest.fixture(scope="module")
def vocabulary(run):
    return run.load_vocabulary()


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", "no words"),
        (" \n", "no words"),
        ("<br />", "no words"),
        ("frobnicated quuxes", "no known words"),
        ("!!! ... (?)", "no known words"),
        ("这部电影很好看，我很喜欢。", "no known words"),
        ("Отличный фильм, прекрасные актёры! Рекомендую всем.", "no known words"),
        ("a frobnicated quux, zworp!", "unknown words"),
        ("frobnicated film", "unknown words"),
        (GERMAN, "another language"),
        ("Un film magnifique, avec des acteurs remarquables et une histoire qui tient en haleine.", "another language"),
        ("Una película maravillosa, con actores excelentes y una historia que te atrapa.", "another language"),
        (
            "Deze film is echt geweldig. De acteurs zijn goed, het verhaal is spannend. Een echte aanrader.",
            "another language",
        ),
        ("Una historia de amor", "unknown words"),
        ("good", None),
        ("Friendly people, and the food was warm. Will come back with family.", None),
        ("The battery lasts two days and the screen is bright, though the charger was missing from the box.", None),
        ("Great phone, fast shipping, good price, works perfectly, battery excellent, screen bright", None),
        ("An unwatchable frobnicated quux of a film that I saw with my mother.", None),
    ],
)
def test_each_text_has_its_strongest_reason(run, vocabulary, text, doubt):
    encoded = encode_text(text, vocabulary, run.load_config().text)
    assert encoded.doubt == doubt
    assert encoded.unsure == (doubt in ("no words", "no known words"))


def test_the_language_is_that_of_the_vocabulary(run):
    words = ["der", "die", "das", "und", "ist", "von", "an", "hat", "sind", "mich", *(f"w{n}" for n in range(95))]
    german = Vocabulary("words", [",", ".", *words, "film", "minute", "geschichte", "ende", "wirklich", "dieser"])
    text = run.load_config().text
    assert encode_text(GERMAN, german, text).doubt is None
    assert encode_text("This is a film about the last minute of a war, and it is very good.", german, text).doubt
