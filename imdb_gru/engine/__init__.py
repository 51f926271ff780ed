"""The GRU's arithmetic, compiled for the CPU at hand by Numba; imports nothing else of the project.

A batch is split into tiles of a few reviews. A tile needs nothing of the others, so every core runs its own tiles
through the whole sequence without waiting, and its hidden states do not depend on how many cores there are; gradients
of weights, summed a core at a time, do in their last digits.
"""
