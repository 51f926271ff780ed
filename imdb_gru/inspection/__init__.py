"""Explains, in NumPy, what a network does with a text: gates, memory, gradients and each word's contribution."""

from imdb_gru.inspection.differences import TextDiff, inspect_diff
from imdb_gru.inspection.inspect import inspect_text
from imdb_gru.inspection.inspection import CellTrace, Contributions, Inspection, save_arrays
from imdb_gru.inspection.step_solver import inspect_step
from imdb_gru.inspection.steps import StepInspection

__all__ = [
    "CellTrace", "Contributions", "Inspection", "StepInspection", "TextDiff", "inspect_diff", "inspect_step",
    "inspect_text", "save_arrays",
]  # fmt: skip
