"""The features of the CPU, found without importing Numba."""

import functools
import os

import llvmlite.binding as llvm


@functools.cache
def list_features() -> frozenset[str]:
    """List the CPU features that Numba may use: those in $NUMBA_CPU_FEATURES if set, otherwise all that the CPU has."""
    chosen = os.environ.get("NUMBA_CPU_FEATURES")
    if chosen is not None:
        return frozenset(name[1:] for name in chosen.split(",") if name.startswith("+"))
    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


def find_int8_obstacle() -> str | None:
    """Return the reason why this machine cannot compute products of 8-bit integers, or None if it can."""
    return None if {"avx512vnni", "avx512f"} <= list_features() else "this CPU has no AVX512_VNNI"
