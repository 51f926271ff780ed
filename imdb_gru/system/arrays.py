"""Array types, named after their contents."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
"""Embeddings, hidden states, weights, logits, probabilities, and the gradients of all of these."""
Ids = NDArray[np.int32]
"""Word ids."""
Rows = NDArray[np.int64]
"""Indices of reviews, texts or rows of an array."""
Lengths = NDArray[np.int64]
"""Sequence lengths."""
Labels = NDArray[np.int8]
"""Labels: 1 for positive, 0 for negative, and `NO_LABEL` for unlabelled."""
NO_LABEL = -1
Mask = NDArray[np.bool_]
"""True for positions that are not padding, or for items that are selected."""
