"""Progress bars, shown only in terminals and notebooks."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def show_bar(*iterable: Any, **options: Any) -> "tqdm[Any]":
    """Return a `tqdm.auto.tqdm` bar that disappears when it is done; `options` are passed to tqdm."""
    from tqdm.auto import tqdm

    return tqdm(*iterable, **{"disable": None, "leave": False, **options})


def show_reading(file: Any, size: int, title: str) -> Any:
    """Return a context manager that yields the file and shows how many of its `size` bytes have been read."""
    from tqdm.auto import tqdm

    return tqdm.wrapattr(file, "read", total=size, desc=title, disable=None, leave=False, delay=1)
