"""Checks reviews before anything is trained on them: counts, repeats, leaks between splits, spoilt text."""

from imdb_gru.checking.check import check_source

__all__ = ["check_source"]
