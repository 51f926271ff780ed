"""The run directory: its files, weights and integrity, the list of runs, and what a training starts from."""
