"""Own the measuring of a process's memory."""

import sys


def measure_peak_memory() -> float | None:
    """Return the most memory that this process has held at once, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
