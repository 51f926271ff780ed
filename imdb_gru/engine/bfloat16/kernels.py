"""The compiled loops that multiply bfloat16 matrices and compute everything else in float32.

`imdb_gru.engine.arithmetic.Arithmetic` describes the arrays. Units are processed `COLUMNS` at a time: the gates of all
rows are computed right after the matrix products, while the products are still in the cache. `blocks` receives the
values that `open_gates` keeps.
"""

import numpy as np

from imdb_gru.engine.bfloat16.gates import differentiate_gates, open_gates, round_pairs, round_row, widen_row
from imdb_gru.engine.bfloat16.products import add_products, multiply, turn
from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP
from imdb_gru.engine.bfloat16.unit import ROWS, close_tiles, open_tiles
from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.float32.gates import add_where, raise_peaks
from imdb_gru.engine.float32.tile import round_up
from imdb_gru.engine.rows import add_row, copy_row, fill_row

CHUNK = 256
"""Approximate number of rows in a chunk; the gradients of the weights and of x are computed chunk by chunk."""
NUMBER: type[np.generic] = np.uint16
ROOM, KEPT = 32, 2
"""Constants of `Arithmetic`; `ROOM` prevents rows from being mapped to the same cache set."""


@inlined
def find_real(rows, mask, t, real):
    """Mark the rows whose timestep t is real; return the number of rows in the tiles up to the last marked row."""
    alive = 0
    for i in range(len(rows)):
        real[i] = rows[i] >= 0 and mask[rows[i], t]
        if real[i]:
            alive = i + 1
    return (alive + ROWS - 1) // ROWS * ROWS


@inlined
def find_run(real, start, alive):
    """Return the start and end of the next group of adjacent real rows at or after `start`."""
    while start < alive and not real[start]:
        start += 1
    stop = start
    while stop < alive and real[stop]:
        stop += 1
    return start, stop


@compiled
def run_forward(
    x, mask, rows, begins, reverse, weights, bias, h, inputs, blocks, places, keep, states, peaks, peak_steps, totals
):  # fmt: skip
    """Implement `Arithmetic.run_forward`."""
    timesteps, features = x.shape[1], x.shape[2]
    units, room = h.shape[1], inputs.shape[1]
    width, whole = room - ROOM, states.shape[2]
    padded, span = width - units, min(COLUMNS, len(bias))
    to_m, to_zr, to_candidate = weights
    flat_inputs, kept = inputs.reshape(-1), blocks.reshape(-1).view(np.uint32)
    x_bits, flat_h, flat_states = x.reshape(-1).view(np.uint32), h.reshape(-1), states.reshape(-1)
    h_bits = flat_h.view(np.uint32)
    block = len(rows) * COLUMNS
    products, part = np.empty(4 * block, np.float32), np.empty(block, np.float32)
    product_bits = products.view(np.uint32)
    real = np.empty(len(rows), np.bool_)
    place = 0
    open_tiles()
    for step in range(timesteps):
        t = timesteps - 1 - step if reverse else step
        alive = find_real(rows, mask, t, real)
        base, size = place * room, alive * COLUMNS
        for i in range(alive):
            start = base + i * room
            if rows[i] >= 0:
                round_row(x_bits, (rows[i] * timesteps + t) * features, flat_inputs, start, features)
                fill_row(flat_inputs, start + features, padded - features)
            else:
                fill_row(flat_inputs, start, padded)
            round_row(h_bits, i * units, flat_inputs, start + padded, units)
        for first in range(0, units if alive else 0, COLUMNS):
            multiply(
                flat_inputs, base + padded, room, alive, to_m, first * units, units // STEP, bias, first, 0, products,
                0, COLUMNS,
            )  # fmt: skip
            for gate in range(2):
                multiply(
                    flat_inputs, base, room, alive, to_zr, (gate * units + first) * width, width // STEP, bias,
                    (1 + gate) * units + first, 0, products, (1 + gate) * block, COLUMNS,
                )  # fmt: skip
            multiply(
                flat_inputs, base, room, alive, to_candidate, first * padded, padded // STEP, bias, 3 * units + first,
                0, products, 3 * block, COLUMNS,
            )  # fmt: skip
            for i in range(alive):
                copy_row(flat_h, i * units + first, part, i * COLUMNS, span)
            out = 2 * (place * units + first * alive if keep else 0)
            start, stop = find_run(real, 0, alive)
            while start < stop:
                open_gates(
                    products, product_bits, block, part, start * COLUMNS, (stop - start) * COLUMNS, kept, out, size
                )  # fmt: skip
                start, stop = find_run(real, stop, alive)
            for i in range(alive):
                copy_row(part, i * COLUMNS, flat_h, i * units + first, span)
        for i in range(alive if peaks.size or totals.size else 0):
            if not real[i]:
                continue
            if peaks.size:
                raise_peaks(peaks[i], peak_steps[i], h[i], step)
            if totals.size:
                totals[i] += h[i]
        for i in range(len(rows) if states.size else 0):
            if rows[i] >= 0:
                start = (rows[i] * timesteps + step) * whole
                if step >= begins[i]:
                    copy_row(flat_h, i * units, flat_states, start, whole)
                else:
                    fill_row(flat_states, start, whole)
        if keep:
            places[step] = place
            place += alive
    if keep:
        places[timesteps] = place
    close_tiles()


def count_scratch(features: int, units: int, rows: int) -> int:
    """Implement `Arithmetic.count_scratch`."""
    most = CHUNK + round_up(rows, STEP)
    return most * (4 * units + ROOM // 2 + (features + units) // 2 + features)


@compiled
def run_backward(
    mask, rows, begins, reverse, weights, dh, inputs, blocks, places, dstates, dpeaks, peak_steps, dtotals, scratch, dx,
    gradient, sums,
):  # fmt: skip
    """Implement `Arithmetic.run_backward`; `gradient` is in panels of `COLUMNS` columns.

    Until a chunk of rows is complete, `dblocks` collects the gradients of the chunk's blocks, `pairs` collects the
    same gradients with their rows interleaved in pairs, and `turned` collects the chunk's inputs, transposed.
    """
    timesteps, features = mask.shape[1], dx.shape[2]
    units, room = dh.shape[1], inputs.shape[1]
    width, stride, whole = room - ROOM, 4 * units + ROOM, dstates.shape[2]
    padded, span = width - units, min(COLUMNS, len(sums))
    most, block = CHUNK + (len(rows) + STEP - 1) // STEP * STEP, len(rows) * COLUMNS
    to_h, to_x = weights
    flat_dh, kept, flat_inputs = dh.reshape(-1), blocks.reshape(-1).view(np.uint32), inputs.reshape(-1)
    flat_dstates, flat_dx = dstates.reshape(-1), dx.reshape(-1)
    end = most * stride // 2
    dblocks = scratch[:end].view(np.uint16)
    start, end = end, end + most * 2 * units
    pairs = scratch[start:end].view(np.uint32)
    start, end = end, end + most * width // 2
    turned = scratch[start:end].view(np.uint32)
    part = scratch[end : end + most * padded]
    own, m = np.empty(4 * block, np.float32), np.empty(block, np.float32)
    h_prev, dh_part = np.empty(block, np.float32), np.empty(block, np.float32)
    own_bits, h_prev_bits, m_bits = own.view(np.uint32), h_prev.view(np.uint32), m.view(np.uint32)
    real = np.empty(len(rows), np.bool_)
    nothing = np.zeros(COLUMNS, np.float32)
    done, pending = 0, timesteps
    open_tiles()
    for step in range(timesteps - 1, -1, -1):
        t = timesteps - 1 - step if reverse else step
        place = places[step]
        alive = places[step + 1] - place
        size, half = alive * COLUMNS, alive * COLUMNS // 2
        find_real(rows, mask, t, real)
        for i in range(len(rows)):
            if rows[i] < 0:
                continue
            if i >= alive:
                fill_row(flat_dx, (rows[i] * timesteps + t) * features, features)
            if dstates.size and step >= begins[i]:
                add_row(flat_dstates, (rows[i] * timesteps + step) * whole, flat_dh, i * units, whole)
            if real[i] and dpeaks.size:
                add_where(dh[i], dpeaks[i], peak_steps[i], step)
            if real[i] and dtotals.size:
                dh[i] += dtotals[i]
        for first in range(0, units if alive else 0, COLUMNS):
            for i in range(alive):
                widen_row(flat_inputs, (place + i) * room + padded + first, h_prev_bits, i * COLUMNS, span)
                copy_row(flat_dh, i * units + first, dh_part, i * COLUMNS, span)
                for gate in range(0 if real[i] else 4):
                    fill_row(own, gate * block + i * COLUMNS, COLUMNS)
            start, stop = find_run(real, 0, alive)
            while start < stop:
                differentiate_gates(
                    kept, 2 * (place * units + first * alive), size, h_prev, dh_part, start * COLUMNS,
                    (stop - start) * COLUMNS, m, m_bits, own, block,
                )  # fmt: skip
                start, stop = find_run(real, stop, alive)
            for i in range(alive):
                copy_row(dh_part, i * COLUMNS, flat_dh, i * units + first, span)
            for gate in range(4):
                column, start = gate * units + first, gate * block
                round_pairs(own_bits, start, start + half, pairs, (column * most + done * COLUMNS) // 2, half)
                for i in range(alive):
                    round_row(own_bits, start + i * COLUMNS, dblocks, (done + i) * stride + column, span)
        turn(flat_inputs, place * room, room, alive, turned, most, width, done)
        for column in range(0, units if alive else 0, COLUMNS):
            multiply(
                dblocks, done * stride, stride, alive, to_h, column * 3 * units, 3 * units // STEP, flat_dh, column,
                units, flat_dh, column, units,
            )  # fmt: skip
        done += alive
        if done + len(rows) > most or (step == 0 and done):
            add_products(turned, pairs, most, width, units, done, gradient.reshape(-1), sums)
            for row in range(0, done, STEP):
                for column in range(0, padded, COLUMNS):
                    multiply(
                        dblocks, row * stride + units, stride, min(STEP, done - row), to_x, column * 3 * units,
                        3 * units // STEP, nothing, 0, 0, part, row * padded + column, padded,
                    )  # fmt: skip
            for earlier in range(step, pending):
                t = timesteps - 1 - earlier if reverse else earlier
                offset = places[pending] - places[earlier + 1]
                for i in range(places[earlier + 1] - places[earlier]):
                    if rows[i] >= 0:
                        start = (rows[i] * timesteps + t) * features
                        copy_row(part, (offset + i) * padded, flat_dx, start, features)
            done, pending = 0, step
    close_tiles()
