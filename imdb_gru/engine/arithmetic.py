"""What an arithmetic of the engine provides, and which of them there are."""

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
"""What matrix products multiply; they are summed, and everything else is computed, in float32."""
Packed = tuple[NDArray[Any], ...]
"""Weight matrices in the layout that an arithmetic's products read."""


class Arithmetic(Protocol):
    """The sizes, the packing of weights and the two passes of a GRU in one precision.

    A batch has B reviews of T timesteps, E features and U units. E' and U' are E and U rounded up to whole tiles, and
    what is beyond E and U is zero. A worker has R of the reviews, a multiple of `ROWS`. It keeps one row for every
    review at every step, K rows in all; a step's rows follow each other, and leave out the reviews that have ended or
    not begun. A step is a timestep in the order of reading, which `reverse` turns round. Arrays are C-contiguous.
    """

    ROWS: int
    """Rows of a tile."""
    COLUMNS: int
    """Columns of a panel: packed matrices and gradients are laid out panel by panel."""
    NUMBER: type[np.generic]
    """Type of the numbers in `inputs`."""
    ROOM: int
    """Numbers left free at the end of every row of `inputs`."""
    KEPT: int
    """Float32 numbers kept in `blocks` for each unit."""

    def find_obstacle(self) -> str | None:
        """Say why this machine cannot compute it, or return None where it can."""

    def count_scratch(self, features: int, units: int, rows: int) -> int:
        """Count the float32 numbers of scratch that `run_backward` needs for E', U' and R."""

    def pack_forward(self, weights: GRUWeights, pool: ArrayPool) -> Packed:
        """Return the weights from h to m, from [x, h] to z and r, and from x to h'."""

    def pack_backward(self, weights: GRUWeights, pool: ArrayPool) -> Packed:
        """Return the weights from m, z and r back to h, and from z, r and h' back to x."""

    def unpack(self, weights: GRUWeights, gradients: Array, sums: Array, pool: ArrayPool) -> tuple[Array, Array, Array]:
        """Add up the workers' `gradient` and `sums`, in a new first dimension; may change them.

        Returns the gradients of kernel `(E, 3·U)`, recurrent kernel `(U, 3·U)` and bias `(2, 3·U)`.
        """

    def pack_matrices(self, matrices: Sequence[Array], shapes: Sequence[tuple[int, int]], pool: ArrayPool) -> Packed:
        """Return matrices, each padded with zeros to its shape, as right factors of products."""

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

        Read:

        - `x` `(B, T, E)` float32, the batch.
        - `mask` `(B, T)` bool, its real timesteps.
        - `rows` `(R,)` int64, the worker's reviews, longest first; −1 stands for no review.
        - `begins` `(R,)` int64, the step of each row's first real timestep, T without any.
        - `reverse`, whether to read from the last timestep to the first.
        - `weights`, what `pack_forward` returned.
        - `bias` `(4·U',)` float32, that of the `GRUWeights`.
        - `keep`, whether a backward pass follows. Without it, `inputs` and `blocks` hold one step at a time.

        Updated:

        - `h` `(R, U')` float32, from the hidden states before the first step to those after the last.

        Written:

        - `inputs` `(K, E' + U' + ROOM)` NUMBER, rows [x_t, h_{t-1}].
        - `blocks` `(K, KEPT·U')` float32, what a backward pass needs of m, z, r and h'.
        - `places` `(T + 1,)` int64, the row at which each step begins, and the end; only if `keep`.
        - `states` `(B, T, U)` float32, the hidden state after every step, zero before the review begins.
        - `peaks` `(R, U')` float32 and `peak_steps` `(R, U')` int32, the maximum over the real steps, and its step;
          they come in as `LOWEST` and −1.
        - `totals` `(R, U')` float32, the sum over the real steps; comes in as zero.

        The last four are left alone if they are empty.
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
        """Go back through what `run_forward` kept.

        Read, beside the first four and what `run_forward` wrote with `keep`:

        - `weights`, what `pack_backward` returned.
        - `dstates` `(B, T, U)`, `dpeaks` `(R, U')`, `dtotals` `(R, U')` float32, the loss's gradients of `states`,
          `peaks` and `totals`; empty ones are zero.

        Updated:

        - `dh` `(R, U')` float32, from the gradient of the last hidden states to that of the first.
        - `gradient` `(E' + U', 4·U')` float32, to which the gradient of the joined weights is added, in the layout
          that `unpack` reads.
        - `sums` `(4·U',)` float32, to which the gradients of m, z, r and h' before their activations are added, summed
          over all rows.

        Written:

        - `dx` `(B, T, E)` float32, in the worker's reviews, also where a timestep is not real.
        - `blocks` and `scratch`, `count_scratch` float32 numbers, with anything.
        """


ARITHMETICS: dict[Precision, Arithmetic] = {"float32": float32, "bfloat16": bfloat16}


def choose_arithmetic(precision: Precision) -> Arithmetic:
    """Return the arithmetic of a precision; raises `ValueError` if this machine cannot compute it."""
    arithmetic = ARITHMETICS[precision]
    if obstacle := arithmetic.find_obstacle():
        raise ValueError(f"cannot compute {precision} products: {obstacle}; choose float32")
    return arithmetic
