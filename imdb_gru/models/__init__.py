"""Using complete runs: classifiers and next-word models, their evaluation, and bulk prediction."""
