import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.text.normalisation import normalise, normalise_for_keras
from imdb_gru.text.tokenizer import tokenize_keras, tokenize_words

PLAIN = 'I don\'t love the 3 1/2 fine films - "good" & bad <3...'
PIECES = [
    *"abc &<>#;/'`-=3 \u0301\u0338\u00ad\u200b\ufe0f",
    *"´’“”–…½²™ﬁＡ＆＜；\x96é",
    *("&amp;", "&lt;", "&gt;", "&#38;", "&#39", "&#x26;", "&am", "p;", "&#3", "8;", "&rsquo;", "&shy;", "&nosuch;"),
    *("http://", "www.", "@", "a.b/c"),
    *("<b>", "</b>", "<br />", "<a ", 'href="x"', "<!--", "-->", "<i>", "&#65286;", "&lt;i&gt;"),
]
TEXTS = st.text() | st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            "don´t don`t don’t donʼt don＇t don&#39;t don&#x27;t don&rsquo;t don&apos;t don\x92t don&amp;#39;t",
            "don't " * 11,
        ),
        ("“so” «so» &quot;so&quot; „so‟ \x93so\x94 ＂so＂", '"so" ' * 6),
        ("a–b a—b a‑b a\x96b a&mdash;b a－b", "a-b " * 6),
        ("won\u00adderful w\u200bo\ufeffn\u2060der\u200dful won&shy;derful", "wonderful " * 3),
        ("ﬁne ﬂoor ｇｏｏｄ 𝓰𝓸𝓸𝓭 Ｇood", "fine floor good good Good"),
        ("cafe\u0301 café caf&eacute;", "café " * 3),
        ("3½ 3&frac12; 10² Batman™!", "3 1/2 3 1/2 10 2 Batman !"),
        ("wait… what&hellip; ‼", "wait... what... !!"),
        ('see <a href="http://x.y/z">this</a>,<p/><DIV\nclass=x>a</div><!-- no -->b', "see  this ,  a  b"),
        ("&lt;br /&gt;&amp;lt;b&amp;gt;", ""),
        ("See http://a.b/c?d=1&amp;e=2, WWW.a.org (www.b.de/x) or HTTPS://c.d/e.", "See , ( ) or ."),
        ("@fan I agree with @some_one, write to me@home.org @ 3", "I agree with , write to me@home.org @ 3"),
        ("<sigh> x < y <3 AT&T Q&A; &nosuch; a&b <spoiler>", None),
        ("👍\U0001f3fd❤\ufe0f", "👍❤"),
        ("☺ 😀 très 好电影 фильм", None),
    ],
)
def test_what_reads_the_same_is_written_the_same(text, plain):
    assert normalise(text).split() == (text if plain is None else plain).split()


@given(TEXTS)
def test_normalising_twice_is_the_same_as_once(text):
    for function in (normalise, normalise_for_keras):
        assert function(function(text)) == function(text)


def test_every_character_is_normalised_at_once():
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.normalize("NFKC", character) != character:
            assert normalise(normalise(character)) == normalise(character)


@given(TEXTS)
def test_tokens_hold_nothing_that_is_removed(text):
    for token in tokenize_words(text):
        assert unicodedata.is_normalized("NFKC", token.replace("i\u0307", ""))
        assert not set(token) & {*"`´’‘ʼ“”–—\u00ad\u200b\u200d\ufeff\ufe0f\U0001f3fd"}


def vary(plain):
    """Return a strategy for texts that read like `plain`."""
    written = {
        "'": ["´", "`", "’", "‘", "ʼ", "＇", "&#39;", "&rsquo;", "\x92"],
        '"': ["“", "”", "„", "&quot;", "«"],
        "-": ["–", "—", "‑", "&ndash;", "\x97"],
        "&": ["&amp;", "＆", "&#38;"],
        "<": ["&lt;", "＜", "&amp;lt;"],
        " ": ["  ", "\xa0", "&nbsp;", "<br />", "</i>", "\u3000", "\n", '<a href="x">'],
        "fi": ["ﬁ", "f&#105;", "f\u00adi"],
        "1/2": ["½", "&frac12;"],
        "...": ["…", "&hellip;"],
    }

    def vary_character(character):
        others = [chr(ord(character) + 0xFEE0), f"\u200b{character}", f"{character}\u00ad"]
        return st.sampled_from([character, *written.get(character, others if character.isalpha() else [])])

    text = st.tuples(*map(vary_character, plain)).map("".join)
    pairs = [(short, long) for short, longs in written.items() if len(short) > 1 for long in longs]
    return st.tuples(text, st.lists(st.sampled_from(pairs))).map(lambda drawn: _replace(*drawn))


def _replace(text, pairs):
    for short, long in pairs:
        text = text.replace(short, long)
    return text


@given(vary(PLAIN))
def test_texts_that_read_the_same_have_the_same_tokens(text):
    assert tokenize_words(text) == tokenize_words(PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        "&amp;" * 100_000,
        "&#3" * 100_000,
        "<a " * 100_000,
        "<!--" * 100_000,
        "&am&#112;;" * 50_000,
        *("http://" * 50_000, "www." * 50_000, "@." * 50_000, "www.a" + "." * 100_000),
    ],
)
def test_a_hostile_text_takes_linear_time(text):
    assert len(tokenize_words(text)) <= 300_000


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It&nbsp;is &amp; was &quot;ﬁne&quot; &#39;", ["it", "is", "was", "fine", "'"]),
        ("donʼt ｇｏｏｄ w\u200bord cafe\u0301", ["don't", "good", "word", "café"]),
        ('a <a href="x">link</a> <b>b</b>', ["a", "link", "b"]),
        # These are in IMDB's reviews, where Keras kept them.
        ("don´t don’t a\u00adb \x96 a–b ½ “so” …", ["don´t", "don’t", "a\u00adb", "\x96", "a–b", "½", "“so”", "…"]),
        ("don`t <br /><i>so</i> &#345; soooo", ["don", "t", "br", "i", "so", "i", "345", "soooo"]),
    ],
)
def test_keras_gets_what_the_reviews_of_imdb_do_not_contain(text, tokens):
    assert tokenize_keras(text) == tokens
