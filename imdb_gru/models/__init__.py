"""A finished run in use: classifiers and next-word models, their evaluation, and prediction of whole files."""
