"""The use of complete runs: classifiers and next-word models, their evaluation, and bulk prediction."""
