"""How the engine's functions are compiled, and where the machine code is kept for the next process."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit
from numba.core import event
from numba.core.caching import FunctionCache

Compiled = TypeVar("Compiled", bound=Callable[..., None])

FOLDER = Path(__file__).parent

REASSOCIATED: Any = {"nsz", "arcp", "contract", "afn", "reassoc"}
"""What may be rearranged for speed; infinities and NaN stay what they are."""

INLINED: Any = {"error_model": "numpy", "fastmath": REASSOCIATED, "forceinline": True}
"""The error model lets a loop with a division be vectorised.

Where the compiler chose what to inline, a function left apart had one machine code in the process that compiled it and
another in those that load it from the cache: sums in another order, other last bits.
"""
inlined = njit(**INLINED)
"""Compile as a part of the functions that call it."""


def hash_sources(folder: Path) -> str:
    """Hash a folder's Python files: Numba alone does not see a change in another file that a function calls into."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))).hexdigest()[:16]


DIGEST = hash_sources(FOLDER)


class Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of a function, but what is broken is compiled again, and where none can be written, none is."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code for a signature, None where there is none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever the unpickling of a broken file comes to
            self._remove("*")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, and remove what killed processes left of it; a disk may be full."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
        self._remove("*.tmp.*")

    def _remove(self, pattern: str) -> None:
        index = Path(self._cache_file._index_path)
        for path in index.parent.glob(f"{index.stem}.{pattern}"):
            with contextlib.suppress(OSError):
                path.unlink()


def compiled(function: Compiled) -> Compiled:
    """Compile on first call, free of the interpreter's lock, and keep the machine code for later processes.

    It is kept beside the sources, or in the user's cache folder, or where neither can be written not at all.
    """
    compile_function: Any = njit
    options = {"error_model": "numpy", "fastmath": REASSOCIATED, "nogil": True}
    chosen, config.CACHE_DIR = config.CACHE_DIR, config.CACHE_DIR or str(FOLDER / "__pycache__" / DIGEST)
    try:
        dispatcher = compile_function(cache=True, **options)(function)
        dispatcher._cache = Cache(function)
        return dispatcher  # type: ignore[no-any-return]
    except RuntimeError:
        return compile_function(**options)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = chosen


class Listener(event.Listener):  # type: ignore[misc]
    """Hears when Numba compiles, which it does under a lock, one function after another with those that it calls."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Time spent on compiling so far."""
        self.depth = 0
        self.started = 0.0
        self.announce: Callable[[], object] | None = None

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - Numba's signature
        """Numba calls it before it compiles a function."""
        if not self.depth:
            self.started = time.monotonic()
            if self.announce:
                announce, self.announce = self.announce, None
                announce()
        self.depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002 - Numba's signature
        """Numba calls it when a function is compiled."""
        self.depth -= 1
        if not self.depth:
            self.seconds += time.monotonic() - self.started


_LISTENER = Listener()
event.register("numba:compile", _LISTENER)


def measure() -> float:
    """Return the seconds that this process has spent on compiling."""
    return _LISTENER.seconds


@contextlib.contextmanager
def announce(announce: Callable[[], object]) -> Iterator[None]:
    """Call `announce` when something is compiled inside, the first time only."""
    _LISTENER.announce = announce
    try:
        yield
    finally:
        _LISTENER.announce = None
