"""Array types, named after their contents."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
"""Embeddings, hidden states, weights, logits, probabilities, and gradients of all of them."""
Ids = NDArray[np.int32]
"""Word ids."""
Rows = NDArray[np.int64]
"""Indices of reviews, texts or rows of an array."""
Lengths = NDArray[np.int64]
"""Sequence lengths."""
Labels = NDArray[np.int8]
"""Labels: 1 positive, 0 negative."""
Mask = NDArray[np.bool_]
"""True for positions that are not padding, or that are chosen."""
