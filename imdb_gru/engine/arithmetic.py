"""The interface that the engine implements for each precision, and the list of implementations."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.bfloat16 import arithmetic as bfloat16
from imdb_gru.engine.float32 import arithmetic as float32
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pool import ArrayPool
from imdb_gru.system.arrays import Array, Mask, Rows

Precision = Literal["float32", "bfloat16"]
"""Type of the factors in matrix products; sums and all other numbers are float32."""
Packed = tuple[NDArray[Any], ...]
"""Weight matrices in the layout that an implementation's matrix products expect."""


class Arithmetic(Protocol):
    """A GRU in one precision: its sizes, the packing of its weights, and its forward and backward passes.

    A batch has B reviews of T timesteps with E features each; the GRU has U units. E' and U' are E and U rounded up to
    whole tiles; the additional elements are zero. A worker processes R rows, where R is a multiple of `ROWS`; each row
    holds one review or none. Steps are the timesteps in the order in which they are processed: from last to first if
    `reverse` is true, otherwise from first to last. At each step, the worker stores its rows up to the end of the last
    tile that contains a review with a real (not padded) timestep at that step; K is the number of rows stored, summed
    over all steps. Arrays are C-contiguous.
    """

    ROWS: int
    """Number of rows in a tile."""
    COLUMNS: int
    """Number of columns in a panel; packed matrices and gradients are laid out panel by panel."""
    NUMBER: type[np.generic]
    """Type of the numbers in `inputs`."""
    ROOM: int
    """Number of unused elements at the end of each row of `inputs`."""
    KEPT: int
    """Number of float32 values that a row of `blocks` holds for each unit."""

    def find_obstacle(self) -> str | None:
        """Return the reason why this machine does not support this precision, or None if it does."""

    def count_scratch(self, features: int, units: int, rows: int) -> int:
        """Return the number of float32 values in the scratch array of `run_backward`, given E', U' and R."""

    def pack_forward(self, weights: GRUWeights, pool: ArrayPool) -> Packed:
        """Pack the forward pass's weights in three matrices: from h to m; from [x, h] to z and r; from x to h'."""

    def pack_backward(self, weights: GRUWeights, pool: ArrayPool) -> Packed:
        """Pack the backward pass's weights in two matrices: from [dm, dz, dr] to dh; from [dz, dr, dh'] to dx."""

    def unpack(self, weights: GRUWeights, gradients: Array, sums: Array, pool: ArrayPool) -> tuple[Array, Array, Array]:
        """Add up all workers' `gradient` and `sums`, which are stacked along a new first axis and may be overwritten.

        Returns the gradients of the kernel `(E, 3·U)`, the recurrent kernel `(U, 3·U)` and the bias `(2, 3·U)`.
        """

    def pack_matrices(self, matrices: Sequence[Array], shapes: Sequence[tuple[int, int]], pool: ArrayPool) -> Packed:
        """Pad matrices with zeros to the given shapes, and pack them as right-hand factors of products."""

    def run_forward(
        self,
        x: Array,
        mask: Mask,
        rows: Rows,
        begins: Rows,
        reverse: bool,
        weights: Packed,
        bias: Array,
        h: Array,
        inputs: NDArray[Any],
        blocks: Array,
        places: Rows,
        keep: bool,
        states: Array,
        peaks: Array,
        peak_steps: NDArray[np.int32],
        totals: Array,
    ) -> None:
        """Run a worker's reviews through the whole sequence.

        Read-only arguments:

        - `x` `(B, T, E)` float32, the batch.
        - `mask` `(B, T)` bool, true at real timesteps.
        - `rows` `(R,)` int64, the indices of the worker's reviews, longest first; −1 for a row without a review.
        - `begins` `(R,)` int64, the step of each row's first real timestep, or T if the row has none.
        - `reverse`, whether to process the timesteps from last to first.
        - `weights`, the result of `pack_forward`.
        - `bias` `(4·U',)` float32, the bias of the `GRUWeights`.
        - `keep`, whether a backward pass follows. If false, `inputs` and `blocks` hold only one step at a time.

        Updated:

        - `h` `(R, U')` float32, initially the hidden states before the first step; on return, those after the last
          step.

        Written:

        - `inputs` `(K, E' + U' + ROOM)` NUMBER, rows [x_t, h_{t-1}].
        - `blocks` `(K, KEPT·U')` float32, the values of m, z, r and h' for a backward pass.
        - `places` `(T + 1,)` int64, the index of each step's first row, followed by K; written only if `keep`.
        - `states` `(B, T, U)` float32, the hidden state after every step, zero before the review begins.
        - `peaks` `(R, U')` float32 and `peak_steps` `(R, U')` int32, the maximum of the hidden state over the real
          steps and the step at which it occurs; initially `LOWEST` and −1.
        - `totals` `(R, U')` float32, the sum of the hidden states over the real steps; initially zero.

        The last four arrays (`states` to `totals`) are computed only if they are not empty.
        """

    def run_backward(
        self,
        mask: Mask,
        rows: Rows,
        begins: Rows,
        reverse: bool,
        weights: Packed,
        dh: Array,
        inputs: NDArray[Any],
        blocks: Array,
        places: Rows,
        dstates: Array,
        dpeaks: Array,
        peak_steps: NDArray[np.int32],
        dtotals: Array,
        scratch: Array,
        dx: Array,
        gradient: Array,
        sums: Array,
    ) -> None:
        """Run the backward pass, using the values that `run_forward` kept.

        Read-only arguments:

        - `mask`, `rows`, `begins` and `reverse`, as for `run_forward`.
        - `inputs`, `places` and `peak_steps`, as written by `run_forward` with `keep`.
        - `weights`, the result of `pack_backward`.
        - `dstates` `(B, T, U)`, `dpeaks` `(R, U')`, `dtotals` `(R, U')` float32, the gradients of the loss with
          respect to `states`, `peaks` and `totals`; an empty array stands for zeros.

        Updated:

        - `dh` `(R, U')` float32, initially the gradient of the last hidden states; on return, the gradient of the
          initial hidden states.
        - `gradient` `(E' + U', 4·U')` float32, in the layout that `unpack` expects; the gradient of the joined weights
          is added to it.
        - `sums` `(4·U',)` float32; the gradients of m and of the pre-activations of z, r and h', summed over all rows,
          are added to it.
        - `blocks`, initially as written by `run_forward`; on return, its values are arbitrary.

        Written:

        - `dx` `(B, T, E)` float32, the gradient of `x` for the worker's reviews, including masked timesteps.
        - `scratch` `(count_scratch(E', U', R),)` float32, working memory.
        """


ARITHMETICS: dict[Precision, Arithmetic] = {"float32": float32, "bfloat16": bfloat16}


def choose_arithmetic(precision: Precision) -> Arithmetic:
    """Return the implementation for a precision, or raise `ValueError` if this machine does not support it."""
    arithmetic = ARITHMETICS[precision]
    if obstacle := arithmetic.find_obstacle():
        raise ValueError(f"cannot compute {precision} products: {obstacle}; choose float32")
    return arithmetic
