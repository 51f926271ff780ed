"""The GRU's arithmetic, compiled by Numba for the machine's CPU.

`arithmetic` defines the interface that `float32/` and `bfloat16/` implement. `gru` runs a layer, and `softmax/`
computes the losses of a next-word model; both can use either implementation. `prediction` computes the predictions of a
trained classifier, in float32 or with the 8-bit products of `int8/`.

A batch is split into tiles of a few reviews. Tiles are independent, so each core runs its own tiles through the whole
sequence without waiting for other cores, and the hidden states do not depend on the number of cores. The last digits
of the weights' gradients do depend on the number of cores, because each core first sums the gradients of its own
reviews.
"""
