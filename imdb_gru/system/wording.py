"""The wording of counts in messages."""


def count_noun(number: int, noun: str) -> str:
    """Return a number with its noun, which is plural unless the number is 1."""
    return f"{number} {noun}{'s' * (number != 1)}"
