"""Progress bars, which are shown in terminals and notebooks only."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def show_bar(*iterable: Any, **options: Any) -> "tqdm[Any]":
    """Return a `tqdm.auto.tqdm` bar that disappears at its end; `options` are those of tqdm."""
    from tqdm.auto import tqdm

    return tqdm(*iterable, **{"disable": None, "leave": False, **options})


def show_reading(file: Any, size: int, title: str) -> Any:
    """Return a context manager that yields the file, and shows in a bar how much of `size` bytes was read."""
    from tqdm.auto import tqdm

    return tqdm.wrapattr(file, "read", total=size, desc=title, disable=None, leave=False, delay=1)
