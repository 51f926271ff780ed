"""Own how the engine's functions are compiled, and where what was compiled waits for the next process."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config, njit

FOLDER = Path(__file__).parent
DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.py")))).hexdigest()[:16]
"""Of all the engine's sources: Numba alone would not see a change in a file that a compiled function calls into."""

REASSOCIATED: Any = {"nsz", "arcp", "contract", "afn", "reassoc"}
"""What may be rearranged for speed; infinities and NaN stay what they are."""

INLINED: Any = {"error_model": "numpy", "fastmath": REASSOCIATED, "forceinline": True}
"""The error model lets a loop with a division be vectorised.

Where the compiler chose what to inline, a function left apart had one machine code in the process that compiled it and
another in those that load it from the cache: sums in another order, other last bits.
"""
inlined = njit(**INLINED)
"""Compile as a part of the functions that call it."""


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile on first call, free of the interpreter's lock, and keep the machine code for later processes.

    It is kept beside the sources, or in the user's cache folder, or where neither can be written not at all.
    """
    compile_function: Any = njit
    options = {"error_model": "numpy", "fastmath": REASSOCIATED, "nogil": True}
    chosen, config.CACHE_DIR = config.CACHE_DIR, config.CACHE_DIR or str(FOLDER / "__pycache__" / DIGEST)
    try:
        return compile_function(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return compile_function(**options)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = chosen
