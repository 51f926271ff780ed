"""Compilation of the engine's functions, and the cache of their machine code."""

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
"""LLVM's fast-math flags that allow arithmetic to be rearranged for speed but preserve infinities and NaN."""

INLINED: Any = {"error_model": "numpy", "fastmath": REASSOCIATED, "forceinline": True}
"""Options for functions that are inlined; the error model allows loops that contain divisions to be vectorised.

Inlining is forced so that sums always have the same last bits. If the compiler did not inline a function, its machine
code in the process that compiles it would differ from the code that other processes load from the cache.
"""
inlined = njit(**INLINED)
"""Decorator that compiles a function as part of its callers."""


def hash_sources(folder: Path) -> str:
    """Return a hash of a folder's Python files; Numba does not notice changes to the files of called functions."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))).hexdigest()[:16]


DIGEST = hash_sources(FOLDER)


class Cache(FunctionCache):  # type: ignore[misc]
    """A version of Numba's function cache that ignores write errors; functions with damaged entries are recompiled."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code for a signature, or None if it is missing or cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # unpickling a damaged file may raise anything
            self._remove("*")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write machine code, ignoring errors such as a full disk; remove temporary files left by killed processes."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
        self._remove("*.tmp.*")

    def _remove(self, pattern: str) -> None:
        index = Path(self._cache_file._index_path)
        for path in index.parent.glob(f"{index.stem}.{pattern}"):
            with contextlib.suppress(OSError):
                path.unlink()


def compiled(function: Compiled) -> Compiled:
    """Compile a function when it is first called, and cache its machine code, which runs without the GIL.

    The cache is stored next to the sources if their folder is writable, otherwise in the user's cache folder; if
    neither folder is writable, nothing is cached.
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
    """Measures compilation time; Numba's lock lets only one thread at a time compile a function and its callees."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Seconds spent on compilation so far."""
        self.depth = 0
        self.started = 0.0
        self.announce: Callable[[], object] | None = None

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - Numba's signature
        """Start the clock and announce the first compilation; Numba calls this before it compiles a function."""
        self.begin()
        if self.announce:
            announce, self.announce = self.announce, None
            announce()

    def on_end(self, event: Any) -> None:  # noqa: ARG002 - Numba's signature
        """Stop the clock; Numba calls this after it has compiled a function."""
        self.end()

    def begin(self) -> None:
        """Start the clock, unless an outer compilation has already started it."""
        if not self.depth:
            self.started = time.monotonic()
        self.depth += 1

    def end(self) -> None:
        """Stop the clock, unless an outer compilation is still running."""
        self.depth -= 1
        if not self.depth:
            self.seconds += time.monotonic() - self.started


_LISTENER = Listener()
event.register("numba:compile", _LISTENER)


def measure() -> float:
    """Return the time, in seconds, that this process has spent on compilation."""
    return _LISTENER.seconds


@contextlib.contextmanager
def count_as_compilation() -> Iterator[None]:
    """Count the time spent inside the context as compilation time, for example while TensorFlow builds a graph."""
    _LISTENER.begin()
    try:
        yield
    finally:
        _LISTENER.end()


@contextlib.contextmanager
def announce(announce: Callable[[], object]) -> Iterator[None]:
    """Call `announce` before the first compilation inside the context."""
    _LISTENER.announce = announce
    try:
        yield
    finally:
        _LISTENER.announce = None
