"""Own what may stand in the way of a training before it begins: memory, and extras that are not installed."""

import contextlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imdb_gru.text.corpus import Corpus

BYTES = 4
"""Of a weight."""
SMALLER = "make model.units, model.embedding, text.max_words or train.batch_size smaller"


def check_memory(config: Any, corpus: "Corpus") -> None:
    """Raise `ImdbGruError` where weights, gradients and Adam's moments alone are more than the machine holds."""
    from imdb_gru.errors import ImdbGruError
    from imdb_gru.memory import find_memory
    from imdb_gru.weights import iter_shapes

    weights = sum(math.prod(shape) for shape in iter_shapes(config.model, len(corpus.vocabulary)))
    needed, there = 4 * BYTES * weights, find_memory()
    if there is not None and needed > there:
        raise ImdbGruError(
            f"the model has {weights:,} weights, whose training takes {needed / 2**30:,.0f} GiB or more of the "
            f"{there / 2**30:,.0f} there are: {SMALLER}"
        )


@contextlib.contextmanager
def explain_memory() -> Iterator[None]:
    """Raise `ImdbGruError` where what is done inside takes more memory than there is."""
    from imdb_gru.errors import ImdbGruError
    from imdb_gru.training import tf

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise ImdbGruError(f"the training takes more memory than there is: {SMALLER}") from error


def check_extras(config: Any) -> None:
    """Raise `MissingExtraError` where a config asks for what is not installed."""
    from imdb_gru.errors import MissingExtraError

    if config.train.tensorboard:
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("train.tensorboard", "tensorboard") from error
