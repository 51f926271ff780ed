"""Checks on reviews before training: counts, repeated reviews, leaks between splits, and damaged text."""

from imdb_gru.checking.check import check_source

__all__ = ["check_source"]
