"""Run directories: files, weights, integrity, the list of runs, and the weights that training starts from."""
