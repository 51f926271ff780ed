"""Classifiers and next-word models loaded from complete runs, their evaluation, and bulk prediction."""
