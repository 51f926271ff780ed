"""A model that reads forward, and the same model that reads backward."""

import copy


def turn(model):
    """Return a model with the same weights that reads texts from their end."""
    text = model.config.text.model_copy(update={"direction": "backward"})
    turned = copy.copy(model)
    turned.config = model.config.model_copy(update={"text": text})
    return turned


def limit(model, length, side):
    """Return a model with the same weights that cuts texts to a length."""
    text = model.config.text.model_copy(update={"length": length, "truncate": side})
    limited = copy.copy(model)
    limited.config = model.config.model_copy(update={"text": text})
    return limited


def reverse(text):
    """Return a text of words in the reverse order."""
    return " ".join(reversed(text.split()))
