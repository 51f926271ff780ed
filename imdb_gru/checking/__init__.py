"""Own the checking of reviews before anything is trained on them: counts, repeats, leaks, spoilt text."""

from imdb_gru.checking.check import check_source

__all__ = ["check_source"]
