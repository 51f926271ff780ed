"""The bundled suite of behavioural tests about films, built from templates and word lists written for this project.

The tests follow Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList".
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from imdb_gru.sources.suite import SuiteText

SEED = 2020
TESTS = 200
"""Number of tests of each kind."""

SIDES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "adj": (
        ("bad", "dull", "boring", "silly", "predictable", "tedious", "disappointing", "clumsy", "confusing",
         "annoying", "stupid", "terrible", "unconvincing", "forgettable"),
        ("good", "great", "funny", "clever", "moving", "exciting", "interesting", "entertaining", "enjoyable",
         "original", "convincing", "charming", "memorable", "gripping"),
    ),
    "strong": (
        ("awful", "dreadful", "horrible", "lifeless", "unwatchable", "a mess", "a bore", "a waste of time"),
        ("wonderful", "superb", "excellent", "brilliant", "unforgettable", "a gem", "a delight", "a masterpiece"),
    ),
    "degree": (
        ("bad", "dull", "boring", "silly", "predictable", "disappointing", "clumsy", "confusing", "annoying"),
        ("good", "funny", "clever", "moving", "exciting", "interesting", "entertaining", "enjoyable", "charming"),
    ),
    "love": (("hate", "dislike", "detest"), ("love", "like", "adore")),
    "loved": (("hated", "disliked", "detested"), ("loved", "liked", "enjoyed", "adored")),
    "verdict": (
        ("I hated every minute", "I was bored", "I would not watch it again", "I cannot recommend it",
         "I wanted to walk out", "I fell asleep", "I want my money back", "I left the cinema angry"),
        ("I loved every minute", "I was moved", "I would happily watch it again", "I warmly recommend it",
         "I smiled from start to finish", "I laughed out loud", "I had a great time", "I left the cinema happy"),
    ),
    "softly": (("somewhat", "slightly", "a little", "a bit"), ("fairly", "reasonably", "mostly", "moderately")),
}  # fmt: skip
"""For each placeholder, the words for negative texts and then the words for positive texts."""
SHARED: Mapping[str, Sequence[str]] = {
    "part": ("story", "plot", "script", "ending", "dialogue", "first half", "second half", "final scene", "beginning"),
    "film": ("film", "movie", "story", "comedy", "thriller", "drama"),
    "denied": ("not", "never", "not at all", "hardly"),
    "others": ("critics", "my friends", "most people", "my parents", "the reviewers", "my colleagues", "my neighbours"),
    "one": ("my sister", "my brother", "my wife", "my husband", "a friend", "the man next to me", "my teacher"),
    "often": ("very", "really", "extremely", "truly", "incredibly", "so"),
    "ago": ("ten years ago", "as a child", "as a teenager", "years ago", "when it came out", "the first time"),
    "link": (
        "https://example.com/r/4821", "http://example.org/film?id=77", "www.example.com", "https://t.example/qX3v",
        "@filmfan", "@night_owl_7", "@maria_at_the_movies", "@popcorn", "@thecriticscorner", "@jo1987",
    ),
    "name": (
        "Anna Keller", "James Okoro", "Priya Nair", "Carlos Rivas", "Wei Zhang", "Mary Brown", "Ahmed Hassan",
        "Olga Petrova", "Kenji Mori", "Fatima Diallo", "Tom Hartley", "Lucia Rossi", "Sven Larsen", "Rebecca Stein",
    ),
    "place": (
        "London", "Lagos", "Texas", "Tokyo", "Paris", "Kabul", "Ohio", "Mumbai", "Berlin", "Mexico", "Cairo", "Seoul",
    ),
    "group": (
        "Christian", "Muslim", "Jewish", "Hindu", "Buddhist", "gay", "straight", "Black", "white", "Asian", "Mexican",
        "French", "German", "Turkish", "Nigerian", "Indian", "Chinese", "American", "Russian", "young", "old",
        "disabled", "deaf", "poor", "rich",
    ),
    "person": ("woman", "man", "student", "mother", "father", "teacher", "nurse", "lawyer"),
}  # fmt: skip
"""The words for each placeholder that fit both negative and positive texts."""

SHORT = (
    "{same[adj]}", "{same[strong]}", "{same[adj]}!", "{same[strong]}.", "It is {same[adj]}.", "It was {same[strong]}.",
    "I {same[loved]} it.", "I {same[love]} this {film}.", "A(n) {same[adj]} {film}.", "What a(n) {same[adj]} {film}!",
    "I found it {same[adj]}.", "The {part} is {same[adj]}.", "The {part} was {same[adj]}.", "{same[verdict]}.",
)  # fmt: skip
NEGATED = (
    "{denied} {other[adj]}", "{denied} {other[adj]}.", "It is {denied} {other[adj]}.", "It was {denied} {other[adj]}.",
    "It isn't {other[adj]}.", "It wasn't {other[adj]} at all.", "The {part} is {denied} {other[adj]}.",
    "The {part} wasn't {other[adj]}.", "This is not a(n) {other[adj]} {film}.", "I did not find it {other[adj]}.",
    "I don't think that it is {other[adj]}.", "Nobody can call it {other[adj]}.",
)  # fmt: skip
CONTRAST = (
    "The {part} is {other[adj]}, but {same[verdict]}.", "The {part} may be {other[adj]}, but {same[verdict]}.",
    "The {part} was {other[adj]}. Still, {same[verdict]}.", "Although the {part} is {other[adj]}, {same[verdict]}.",
    "{same[verdict]}, even though the {part} is {other[adj]}.",
    "It is {other[adj]} at times, but on the whole it is {same[adj]}.",
    "It looks {other[adj]} at first, but it is {same[adj]}.", "I expected it to be {other[adj]}, but {same[verdict]}.",
)  # fmt: skip
BEFORE_AND_NOW = (
    "I used to {other[love]} it, now I {same[love]} it.",
    "I used to {other[love]} this {film}, but now I {same[love]} it.",
    "{ago}, I {other[loved]} it. Today I {same[love]} it.",
    "{ago}, I thought it was {other[adj]}; now I find it {same[adj]}.",
    "I once found the {part} {other[adj]}, but now I think it is {same[adj]}.",
    "At first I {other[loved]} it, but in the end I {same[loved]} it.",
)  # fmt: skip
OTHERS = (
    "{others} {other[loved]} it, but I {same[loved]} it.", "{others} {other[love]} it. I {same[love]} it.",
    "{one} called it {other[adj]}, but I found it {same[adj]}.", "{one} {other[loved]} it, but {same[verdict]}.",
    "{others} say that the {part} is {other[adj]}, but I think it is {same[adj]}.",
    "I {same[loved]} it, although {one} thought it was {other[adj]}.",
)  # fmt: skip
NAMED = (
    "{name} plays the lead, and the {part} is {same[adj]}.", "It is set in {place}, and {same[verdict]}.",
    "{name} wrote the script, and I {same[loved]} it.", "I saw it in {place} with {name}, and {same[verdict]}.",
    "A(n) {same[adj]} {film} from {place}.", "{name} directed this {same[adj]} {film} in {place}.",
)  # fmt: skip
GROUPED = (
    "As a(n) {group} {person}, I {same[loved]} it.", "As a(n) {group} {person}, I find it {same[adj]}.",
    "I am a(n) {group} {person}, and {same[verdict]}.", "It is about a(n) {group} {person}, and {same[verdict]}.",
    "I saw it with a(n) {group} {person}, and I {same[loved]} it.",
)  # fmt: skip
DEGREES = ("{same[degree]}", "It is {same[degree]}.", "I found it {same[degree]}.", "The {part} is {same[degree]}.")

Words = Mapping[str, str]
Made = list[tuple[str, int | None, int]]
"""The texts of a test, each with its label and its direction."""
Builder = Callable[[random.Random, int], Made]
"""A function that builds a test, given a random number generator and the label of the test's first text."""
_ARTICLE = re.compile(r"\b([Aa])\(n\) (?=([aeiou]?))", re.IGNORECASE)
_LONG_WORD = re.compile(r"[A-Za-z]{4,}")


def build_suite(tests: int = TESTS, seed: int = SEED) -> list[SuiteText]:
    """Build a suite of `tests` distinct tests for each kind; the same seed gives the same suite.

    Raises `ValueError` if the templates for a kind cannot produce enough distinct tests.
    """
    return [text for kind in KINDS for text in _iter_kind(kind, tests, seed)]


def _iter_kind(kind: str, tests: int, seed: int) -> Iterator[SuiteText]:
    """Yield the texts of a kind; its builder is called with the labels 0 and 1 in turn, and no text occurs twice."""
    rng = random.Random(f"{seed} {kind}")
    seen: set[str] = set()
    for number in range(tests):
        for _ in range(1000):
            made = KINDS[kind](rng, number % 2)
            texts = {text for text, *_ in made}
            if len(texts) == len(made) and seen.isdisjoint(texts):
                break
        else:
            raise ValueError(f"'tests' is {tests}, but the templates for {kind} give only {number}: use a lower number")
        seen |= texts
        pair = f"{kind} {number + 1}" if len(made) > 1 else ""
        for text, label, direction in made:
            yield SuiteText(text, kind, label, pair, direction)


def _draw(rng: random.Random) -> tuple[tuple[Words, Words], Words]:
    """Choose random words in three groups: for negative texts, for positive texts, and for both."""
    negative, positive = ({name: rng.choice(words[label]) for name, words in SIDES.items()} for label in (0, 1))
    return (negative, positive), {name: rng.choice(words) for name, words in SHARED.items()}


def _write(template: str, sides: tuple[Words, Words], label: int, shared: Words) -> str:
    """Fill in a template, and capitalise the first letter if the text ends like a sentence."""
    text = template.format(same=sides[label], other=sides[1 - label], **shared)
    text = _ARTICLE.sub(lambda match: f"{match[1]}{'n' * bool(match[2])} ", text)
    return text[0].upper() + text[1:] if text.endswith((".", "!")) else text


def _build_opposites(templates: Sequence[str]) -> Builder:
    """Return a builder of tests, each with two texts of opposite labels: positive and negative words are swapped."""

    def build(rng: random.Random, label: int) -> Made:
        template, (sides, shared) = rng.choice(templates), _draw(rng)
        return [(_write(template, sides, side, shared), side, 0) for side in (label, 1 - label)]

    return build


def _build_negated(label: int) -> Builder:
    """Return a builder of tests, each with one text that negates a word of the opposite label, as "not dull" does."""

    def build(rng: random.Random, _: int) -> Made:
        sides, shared = _draw(rng)
        return [(_write(rng.choice(NEGATED), sides, label, shared), label, 0)]

    return build


def _build_degrees(strength: int) -> Builder:
    """Return a builder of tests, each with a text and a copy that is stronger (`strength` 1) or weaker (-1)."""

    def build(rng: random.Random, label: int) -> Made:
        template, (sides, shared) = rng.choice(DEGREES), _draw(rng)
        adverb = shared["often"] if strength == 1 else sides[label]["softly"]
        changed = {**sides[label], "degree": f"{adverb} {sides[label]['degree']}"}
        texts = (_write(template, (words, words), label, shared) for words in (sides[label], changed))
        return [(text, None, direction) for text, direction in zip(texts, (0, strength * (2 * label - 1)), strict=True)]

    return build


def _build_exchanged(templates: Sequence[str], *slots: str) -> Builder:
    """Return a builder of tests, each with two texts that differ only in the words that fill `slots`."""

    def build(rng: random.Random, label: int) -> Made:
        template, (sides, shared) = rng.choice(templates), _draw(rng)
        changed = {**shared, **{slot: rng.choice(SHARED[slot]) for slot in slots}}
        return [(_write(template, sides, label, words), None, 0) for words in (shared, changed)]

    return build


def _build_changed(change: Callable[[random.Random, str], str]) -> Builder:
    """Return a builder of tests, each with a short text and a copy that `change` has altered."""

    def build(rng: random.Random, label: int) -> Made:
        sides, shared = _draw(rng)
        text = _write(rng.choice(SHORT), sides, label, shared)
        return [(text, None, 0), (change(rng, text), None, 0)]

    return build


def _change_case(rng: random.Random, text: str) -> str:
    return rng.choice((str.upper, str.lower, str.title))(text)


def _misspell(rng: random.Random, text: str) -> str:
    """Swap two neighbouring inner letters of a word, or return the text unchanged if no word is long enough."""
    places = [place for match in _LONG_WORD.finditer(text) for place in range(match.start() + 1, match.end() - 2)]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


KINDS: Mapping[str, Builder] = {
    "short verdict": _build_opposites(SHORT),
    "negated positive": _build_negated(0),
    "negated negative": _build_negated(1),
    "contrast": _build_opposites(CONTRAST),
    "before and now": _build_opposites(BEFORE_AND_NOW),
    "others and I": _build_opposites(OTHERS),
    "intensifier": _build_degrees(1),
    "downtoner": _build_degrees(-1),
    "link or handle at the end": _build_changed(lambda rng, text: f"{text} {rng.choice(SHARED['link'])}"),
    "link or handle at the start": _build_changed(lambda rng, text: f"{rng.choice(SHARED['link'])} {text}"),
    "names and places": _build_exchanged(NAMED, "name", "place"),
    "group of a person": _build_exchanged(GROUPED, "group"),
    "letter case": _build_changed(_change_case),
    "typo": _build_changed(_misspell),
}
"""The kinds of tests, in the order of the suite."""
