"""The run directory: its files, weights and integrity, the list of runs, and the weights that training starts from."""
