"""The use of finished runs: classifiers and next-word models, their evaluation, and the prediction of whole files."""
