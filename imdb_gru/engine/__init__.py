"""The GRU's arithmetic, compiled by Numba for the CPU it runs on.

`arithmetic` says what an arithmetic provides; `float32/` and `bfloat16/` provide it. With either of them, `gru` runs a
layer, and `softmax/` computes the losses of a next-word model.

A batch is split into tiles of a few reviews. A tile needs nothing of the others, so every core runs its own tiles
through the whole sequence without waiting, and its hidden states do not depend on how many cores there are; gradients
of weights, which are summed core by core, do depend on it in their last digits.
"""
