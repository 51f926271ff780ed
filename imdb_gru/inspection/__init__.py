"""Explanations of what a network does with a text, in NumPy: gates, memory, gradients and contributions by word."""

from imdb_gru.inspection.inspect import inspect_text
from imdb_gru.inspection.inspection import CellTrace, Contributions, Inspection, save_arrays

__all__ = ["CellTrace", "Contributions", "Inspection", "inspect_text", "save_arrays"]
