"""The compiled float32 loops: the forward and backward passes over a worker's reviews.

`imdb_gru.engine.arithmetic.Arithmetic` describes the arrays, and `gates.py` the contents of `blocks`.
"""

import numpy as np

from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.float32.gates import add_where, differentiate_gates, open_gates, raise_peaks
from imdb_gru.engine.float32.tile import COLUMNS, ROWS, multiply_tile

CHUNK = 256
"""Number of rows whose weight gradients are summed at once, while the rows are still in the cache."""
NUMBER: type[np.generic] = np.float32
ROOM, KEPT = 0, 4


@inlined
def multiply(a, a_start, a_row, rows, b, steps, c, c_start, c_row, columns, accumulate):
    """Compute C = A B for `rows` rows and `columns` columns, or add A B to C if `accumulate`; B is packed in panels."""
    for column in range(0, columns, COLUMNS):
        for row in range(0, rows, ROWS):
            multiply_tile(
                a, a_start + row * a_row, a_row, 1, b, column * steps, COLUMNS,
                c, c_start + row * c_row + column, c_row, steps, accumulate,
            )  # fmt: skip


@inlined
def count_alive(rows, mask, t):
    """Return the number of rows up to the last one whose timestep t is real, rounded up to whole tiles."""
    alive = 0
    for i in range(len(rows)):
        if rows[i] >= 0 and mask[rows[i], t]:
            alive = i + 1
    return (alive + ROWS - 1) // ROWS * ROWS


@compiled
def run_forward(
    x, mask, rows, begins, reverse, weights, bias, h, inputs, blocks, places, keep, states, peaks, peak_steps, totals
):  # fmt: skip
    """Implement `Arithmetic.run_forward`."""
    timesteps, features = x.shape[1], x.shape[2]
    units, width = h.shape[1], inputs.shape[1]
    padded = width - units
    to_m, to_zr, to_candidate = weights
    flat_inputs, flat_blocks = inputs.reshape(-1), blocks.reshape(-1)
    stride = 4 * units
    place = 0
    for step in range(timesteps):
        t = timesteps - 1 - step if reverse else step
        alive = count_alive(rows, mask, t)
        for i in range(alive):
            row = inputs[place + i]
            for e in range(features):
                row[e] = x[rows[i], t, e] if rows[i] >= 0 else np.float32(0)
            for e in range(features, padded):
                row[e] = 0
            for u in range(units):
                row[padded + u] = h[i, u]
        if alive:
            at, out = place * width, place * stride
            multiply(flat_inputs, at + padded, width, alive, to_m, units, flat_blocks, out, stride, units, False)
            multiply(flat_inputs, at, width, alive, to_zr, width, flat_blocks, out + units, stride, 2 * units, False)
            multiply(
                flat_inputs, at, width, alive, to_candidate, padded, flat_blocks, out + 3 * units, stride, units, False
            )
        for i in range(alive):
            if rows[i] < 0 or not mask[rows[i], t]:
                continue
            open_gates(blocks[place + i], bias, h[i])
            if peaks.size:
                raise_peaks(peaks[i], peak_steps[i], h[i], step)
            if totals.size:
                totals[i] += h[i]
        if states.size:
            for i in range(len(rows)):
                if rows[i] >= 0 and step >= begins[i]:
                    states[rows[i], step] = h[i, : states.shape[2]]
                elif rows[i] >= 0:
                    states[rows[i], step] = 0
        if keep:
            places[step] = place
            place += alive
    if keep:
        places[timesteps] = place


def count_scratch(features: int, units: int, rows: int) -> int:
    """Implement `Arithmetic.count_scratch`."""
    return (CHUNK + rows) * features


@compiled
def run_backward(
    mask, rows, begins, reverse, weights, dh, inputs, blocks, places, dstates, dpeaks, peak_steps, dtotals, scratch, dx,
    gradient, sums,
):  # fmt: skip
    """Implement `Arithmetic.run_backward`; `gradient` has the layout of the joined weights, row by row."""
    timesteps = mask.shape[1]
    units, width = dh.shape[1], inputs.shape[1]
    padded, stride, features = width - units, 4 * units, dx.shape[2]
    to_h, to_x = weights
    flat_blocks, flat_dh, part = blocks.reshape(-1), dh.reshape(-1), scratch.reshape(-1, padded)
    pending_step, pending = timesteps, places[timesteps]
    for step in range(timesteps - 1, -1, -1):
        t = timesteps - 1 - step if reverse else step
        place = places[step]
        alive = places[step + 1] - place
        for i in range(alive, len(rows)):
            if rows[i] >= 0:
                dx[rows[i], t] = 0
        if dstates.size:
            for i in range(len(rows)):
                if rows[i] >= 0 and step >= begins[i]:
                    for u in range(dstates.shape[2]):
                        dh[i, u] += dstates[rows[i], step, u]
        for i in range(alive):
            if rows[i] < 0 or not mask[rows[i], t]:
                blocks[place + i] = 0
                continue
            if dpeaks.size:
                add_where(dh[i], dpeaks[i], peak_steps[i], step)
            if dtotals.size:
                dh[i] += dtotals[i]
            differentiate_gates(blocks[place + i], inputs[place + i, padded:], dh[i])
        if alive:
            multiply(flat_blocks, place * stride, stride, alive, to_h, 3 * units, flat_dh, 0, units, units, True)
        if pending - place >= CHUNK or (step == 0 and pending > place):
            add_products(inputs, blocks, place, pending, gradient, sums)
            multiply(
                flat_blocks, place * stride + units, stride, pending - place, to_x, 3 * units, scratch, 0, padded,
                padded, False,
            )  # fmt: skip
            for done in range(step, pending_step):
                at = timesteps - 1 - done if reverse else done
                for i in range(places[done + 1] - places[done]):
                    if rows[i] >= 0:
                        dx[rows[i], at] = part[places[done] - place + i, :features]
            pending_step, pending = step, place


@inlined
def add_products(inputs, blocks, start, stop, gradient, sums):
    """Add Aᵀ B to the gradient of the joined weights, and the sum of B's rows to `sums`.

    A and B are the rows of `inputs` and `blocks` from `start` up to, but not including, `stop`. There are no weights
    from x_t to m or from h_{t-1} to h', so those parts of the gradient stay unchanged.
    """
    width, stride = inputs.shape[1], blocks.shape[1]
    units = stride // 4
    padded = width - units
    flat_inputs, flat_blocks, flat = inputs.reshape(-1), blocks.reshape(-1), gradient.reshape(-1)
    for column in range(0, stride, COLUMNS):
        first = padded if column < units else 0
        last = padded if column >= 3 * units else width
        for row in range(first, last, ROWS):
            multiply_tile(
                flat_inputs, start * width + row, 1, width, flat_blocks, start * stride + column, stride,
                flat, row * stride + column, stride, stop - start, True,
            )  # fmt: skip
    for i in range(start, stop):
        for column in range(stride):
            sums[column] += blocks[i, column]
