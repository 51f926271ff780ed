"""Progress bars: in a terminal or a notebook, and none where stderr is neither."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def show_bar(*iterable: Any, **options: Any) -> "tqdm[Any]":
    """Return a `tqdm.auto.tqdm` bar, which vanishes at its end; `options` are tqdm's."""
    from tqdm.auto import tqdm

    return tqdm(*iterable, **{"disable": None, "leave": False, **options})


def show_reading(file: Any, size: int, title: str) -> Any:
    """Return a context manager that gives the file, whose reads move a bar of `size` bytes."""
    from tqdm.auto import tqdm

    return tqdm.wrapattr(file, "read", total=size, desc=title, disable=None, leave=False, delay=1)
