"""The built-in sample: about 2,000 invented film reviews, the same on every machine.

A review's label depends on negation ("never dull") and on contrast ("dreadful at first, but wonderful"), so the words
alone, without their order, say little about the label. The verdict can be at the start, in the middle or at the end.
"""

import random
from collections.abc import Iterator

from imdb_gru.sources.review import Review

SEED = 2014
SIZES = {"train": 1600, "test": 400}
SHORTEST, LONGEST = 3, 700
REVIEWS_PER_FILM = 20

PRAISE = (
    "wonderful", "gripping", "moving", "funny", "brilliant", "charming", "superb", "touching",
    "clever", "thrilling", "delightful", "beautiful", "memorable", "great", "good", "a masterpiece",
)  # fmt: skip
BLAME = (
    "dreadful", "dull", "tedious", "clumsy", "awful", "shallow", "boring", "forgettable",
    "silly", "lifeless", "predictable", "ugly", "embarrassing", "terrible", "bad", "a mess",
)  # fmt: skip
OPINIONS = (BLAME, PRAISE)
"""For each label, the words that express it unless they are negated."""

PLAIN = (
    "It is {same}.", "In the end it is {same}.", "The whole thing is {same}!", "I found it {same}.",
    "To me this film is {same}.", "What a surprise: it is {same}.",
)  # fmt: skip
NEGATED = (
    "It is not {other}.", "In the end it is never {other}.", "The whole thing is hardly {other}!",
    "I found it anything but {other}.", "To me this film isn't {other} at all.", "It is far from {other}.",
)  # fmt: skip
CONTRAST = (
    "I expected it to be {other}, but it is {same}.", "The acting is {other}, yet the film as a whole is {same}.",
    "Friends had called it {other}; however, I found it {same}.", "The first half is {other}, but the rest is {same}.",
    "The poster looked {other} and still the film is {same}.", "It may look {other}, but it is {same}!",
)  # fmt: skip
SHORT = ("Simply {same} stuff.", "Not {other}, really.", "Hardly {other} stuff.", "Never {other}, honestly.")
KINDS = ((PLAIN, 40), (NEGATED, 30), (CONTRAST, 30))
"""Kinds of patterns, each with its weight; `same` is a word for the review's label, `other` for the opposite label."""

PEOPLE = (
    "a sailor",
    "a young teacher",
    "the old judge",
    "a tall widow",
    "a retired boxer",
    "the clockmaker",
    "a nurse",
)
DEEDS = ("travels to", "returns from", "buys a house in", "loses a letter in", "waits for a train in", "hides in")
PLACES = (
    "a fishing village",
    "the capital",
    "a mountain town",
    "the old theatre",
    "a seaside hotel",
    "a border station",
)
TURNS = (
    "There {who} meets {whom}, and they talk about the war.",
    "One evening {who} {does} {place} with {whom}.",
    "Years before, {who} had worked with {whom} near {place}.",
    "Meanwhile {who} {does} {place}.",
    "The camera stays with {who} while {whom} {does} {place}.",
    "It runs for two hours and was shot in {place}.",
    "The story begins when {who} {does} {place}.",
    "Then {whom} asks {who} for the key, and the scene ends.",
    "In the next scene {who} reads a newspaper in {place}.",
    "The music was recorded in {place} by the director's brother.",
)
COLOURS = ("Silver", "Crimson", "Hollow", "Northern", "Paper", "Salt", "Iron", "Velvet", "Distant", "Quiet")
THINGS = ("Harbour", "Orchard", "Lantern", "Parade", "Compass", "Winter", "Garden", "Bridge", "Mirror", "Voyage")


class SampleSource:
    """The built-in sample."""

    name = "sample"
    folder = None
    splits = tuple(SIZES)

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews; train and test share neither films nor texts."""
        rng = random.Random(f"{SEED} {split}")
        taken = set() if split == "train" else {review.text for review in self.iter_reviews("train")}
        films = _name_films(split)
        for number in range(SIZES[split]):
            label = number % 2
            film = films[number // REVIEWS_PER_FILM]
            text = _write_review(rng, label, film)
            while text in taken:  # there are few distinct short reviews
                text = _write_review(rng, label, film)
            yield Review(text, label, film)


def _name_films(split: str) -> list[str]:
    titles = [f"The {colour} {thing}" for colour in COLOURS for thing in THINGS]
    random.Random(SEED).shuffle(titles)
    first = 0 if split == "train" else SIZES["train"] // REVIEWS_PER_FILM
    return titles[first : first + SIZES[split] // REVIEWS_PER_FILM]


def _write_review(rng: random.Random, label: int, film: str) -> str:
    """Write a review of log-uniform length, with its verdict at the start, in the middle or at the end."""
    length = round(SHORTEST * (LONGEST / SHORTEST) ** rng.random())
    if length < 6:
        return _write_verdict(rng, SHORT, label)
    (patterns,) = rng.choices([kind for kind, _ in KINDS], weights=[weight for _, weight in KINDS])
    verdict = _write_verdict(rng, patterns, label)
    plot: list[str] = []
    words = len(verdict.split())
    if length > 20 and rng.random() < 0.5:
        plot.append(f"I saw {film} last week.")
        words += len(plot[0].split())
    while words + 15 <= length:
        sentence = _tell(rng)
        plot.append(sentence)
        words += len(sentence.split())
    place = rng.choice((0, len(plot), len(plot), len(plot) // 2))
    sentences = [*plot[:place], verdict, *plot[place:]]
    return "".join(
        sentence + ("<br /><br />" if number % 6 == 5 else " ") for number, sentence in enumerate(sentences)
    ).strip()


def _write_verdict(rng: random.Random, patterns: tuple[str, ...], label: int) -> str:
    return rng.choice(patterns).format(same=rng.choice(OPINIONS[label]), other=rng.choice(OPINIONS[1 - label]))


def _tell(rng: random.Random) -> str:
    who, whom = rng.sample(PEOPLE, 2)
    sentence = rng.choice(TURNS).format(who=who, whom=whom, does=rng.choice(DEEDS), place=rng.choice(PLACES))
    return sentence[0].upper() + sentence[1:]
