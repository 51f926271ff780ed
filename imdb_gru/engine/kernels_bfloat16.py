"""Own the loops of `kernels.py` for AMX: products of bfloat16 numbers, everything else in float32.

bfloat16 numbers stand in uint16 arrays. `inputs` holds rows [x_t, h_{t-1}] of them, some room after each. `blocks`
holds the four blocks of `COLUMNS` units after those of the next ones: for a step, and of it for every `COLUMNS` units,
`4·COLUMNS` floats for each row, so that gates follow products while they are in the cache.
"""

import numpy as np

from imdb_gru.engine.amx import COLUMNS, ROWS, STEP, close_tiles, multiply_one, multiply_two, open_tiles
from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.gates import add_where, differentiate_gates, open_gates, raise_peaks

CHUNK = 512
"""Rows whose gradients of weights and of x are computed at once."""
ROOM = 32
"""Numbers left free after a row, so that rows do not fall on the same lines of the cache."""
HALF, ODD, HIGH, SHIFT = np.uint32(0x7FFF), np.uint32(1), np.uint32(0xFFFF0000), np.uint32(16)


@inlined
def round_bits(bits):
    """Round a float32's bits to the nearest bfloat16, in the upper half; of two as near, to the even one."""
    return np.uint32(bits + HALF + np.uint32((bits >> SHIFT) & ODD))


@inlined
def round_row(values, into):
    """Round float32 numbers to bfloat16."""
    bits = values.view(np.uint32)
    for i in range(len(bits)):
        into[i] = np.uint16(round_bits(bits[i]) >> SHIFT)


@inlined
def round_pair(first, second, pairs):
    """Round two rows to bfloat16, put side by side as a product wants them of its right factor."""
    first_bits, second_bits = first.view(np.uint32), second.view(np.uint32)
    for i in range(len(pairs)):
        pairs[i] = (round_bits(first_bits[i]) >> SHIFT) | (round_bits(second_bits[i]) & HIGH)


@inlined
def widen_row(values, into):
    """Turn bfloat16 numbers to float32."""
    bits = into.view(np.uint32)
    for i in range(len(bits)):
        bits[i] = np.uint32(values[i]) << SHIFT


@inlined
def multiply(a, a_start, a_row, a_step, rows, b, b_start, steps, c, c_start, c_row, accumulate):
    """Compute C = A B, or add it to C, for `COLUMNS` columns: `rows` of A at `a_start`, `steps` times `STEP` long."""
    paired = rows // (2 * ROWS) * (2 * ROWS)
    for row in range(0, paired, 2 * ROWS):
        multiply_two(
            a, a_start + row * a_row, a_row, a_step, b, b_start, c, c_start + row * c_row, c_row, steps, accumulate
        )
    if paired < rows:
        multiply_one(
            a, a_start + paired * a_row, a_row, a_step, b, b_start, c, c_start + paired * c_row, c_row, steps,
            accumulate,
        )  # fmt: skip


@compiled
def pack_pairs(matrix, pairs):
    """Fill `pairs` `(N/COLUMNS, K/2, COLUMNS)` with a matrix `(K, N)`: panels of pairs of rows."""
    rows = np.empty((2, COLUMNS), np.float32)
    for panel in range(len(pairs)):
        for k in range(pairs.shape[1]):
            for i in range(2):
                for n in range(COLUMNS):
                    rows[i, n] = matrix[2 * k + i, panel * COLUMNS + n]
            round_pair(rows[0], rows[1], pairs[panel, k])


@inlined
def count_alive(rows, mask, t):
    """Count the leading rows, in whole tiles, beyond which no review is at timestep t."""
    alive = 0
    for i in range(len(rows)):
        if rows[i] >= 0 and mask[rows[i], t]:
            alive = i + 1
    return (alive + ROWS - 1) // ROWS * ROWS


@compiled
def run_forward(
    x, mask, rows, begins, reverse, weights, bias, h, inputs, blocks, places, keep, states, peaks, peak_steps, totals
):  # fmt: skip
    """Do what `kernels.run_forward` does; without `keep`, `blocks` holds `COLUMNS` units of a step at a time."""
    timesteps, features = x.shape[1], x.shape[2]
    units, room = h.shape[1], inputs.shape[1]
    width = room - ROOM
    padded = width - units
    to_m, to_zr, to_candidate = weights
    stride = 4 * COLUMNS
    blocks = blocks.reshape(-1, stride)
    flat_inputs, flat_blocks = inputs.reshape(-1), blocks.reshape(-1)
    bias = bias.reshape(4, -1)
    own_bias = np.empty((4, COLUMNS), np.float32)
    place = 0
    open_tiles()
    for step in range(timesteps):
        t = timesteps - 1 - step if reverse else step
        alive = count_alive(rows, mask, t)
        for i in range(alive):
            row = inputs[place + i]
            row[:padded] = 0
            if rows[i] >= 0:
                round_row(x[rows[i], t], row[:features])
            round_row(h[i], row[padded:width])
        at = place * room
        for first in range(0, units if alive else 0, COLUMNS):
            panel = first // COLUMNS
            block = place * (units // COLUMNS) + panel * alive if keep else 0
            out = block * stride
            multiply(
                flat_inputs, at + padded, room, STEP, alive, to_m, first * units, units // STEP, flat_blocks, out,
                stride, False,
            )  # fmt: skip
            for gate in range(2):
                multiply(
                    flat_inputs, at, room, STEP, alive, to_zr, (gate * units + first) * width, width // STEP,
                    flat_blocks, out + (1 + gate) * COLUMNS, stride, False,
                )  # fmt: skip
            multiply(
                flat_inputs, at, room, STEP, alive, to_candidate, first * padded, padded // STEP, flat_blocks,
                out + 3 * COLUMNS, stride, False,
            )  # fmt: skip
            own_bias[:] = bias[:, first : first + COLUMNS]
            for i in range(alive):
                if rows[i] >= 0 and mask[rows[i], t]:
                    open_gates(blocks[block + i], own_bias.reshape(-1), h[i, first : first + COLUMNS])
        for i in range(alive):
            if rows[i] < 0 or not mask[rows[i], t]:
                continue
            if peaks.size:
                raise_peaks(peaks[i], peak_steps[i], h[i], step)
            if totals.size:
                totals[i] += h[i]
        if states.size:
            for i in range(len(rows)):
                if rows[i] >= 0 and step >= begins[i]:
                    states[rows[i], step] = h[i, : states.shape[2]]
        if keep:
            places[step] = place
            place += alive
    if keep:
        places[timesteps] = place
    close_tiles()


@compiled
def run_backward(
    mask, rows, begins, reverse, weights, dh, inputs, blocks, places, dstates, dpeaks, peak_steps, dtotals, part, dx,
    gradient, sums,
):  # fmt: skip
    """Do what `kernels.run_backward` does; `gradient` is in panels of `COLUMNS` columns."""
    timesteps = mask.shape[1]
    units, room = dh.shape[1], inputs.shape[1]
    width, stride = room - ROOM, 4 * units
    padded = width - units
    most = (len(part) + STEP - 1) // STEP * STEP
    to_h, to_x = weights
    blocks, sums = blocks.reshape(-1, 4 * COLUMNS), sums.reshape(4, -1)
    flat_dh, flat_part = dh.reshape(-1), part.reshape(-1)
    dblocks = np.empty((len(part), stride + ROOM), np.uint16)
    flat_dblocks = dblocks.reshape(-1)
    pairs = np.empty((stride // COLUMNS, most // 2, COLUMNS), np.uint32)
    turned = np.zeros((width // STEP, most // STEP, STEP, STEP), np.uint16)
    own, h_prev = np.empty((2, 4 * COLUMNS), np.float32), np.empty(COLUMNS, np.float32)
    done, pending = 0, timesteps
    open_tiles()
    for step in range(timesteps - 1, -1, -1):
        t = timesteps - 1 - step if reverse else step
        place = places[step]
        alive = places[step + 1] - place
        if dstates.size:
            for i in range(len(rows)):
                if rows[i] >= 0 and step >= begins[i]:
                    for u in range(dstates.shape[2]):
                        dh[i, u] += dstates[rows[i], step, u]
        for i in range(alive):
            if rows[i] < 0 or not mask[rows[i], t]:
                continue
            if dpeaks.size:
                add_where(dh[i], dpeaks[i], peak_steps[i], step)
            if dtotals.size:
                dh[i] += dtotals[i]
        for first in range(0, units if alive else 0, COLUMNS):
            block = place * (units // COLUMNS) + first // COLUMNS * alive
            for i in range(0, alive, 2):
                for j in range(2):
                    row = own[j]
                    if rows[i + j] >= 0 and mask[rows[i + j], t]:
                        row[:] = blocks[block + i + j]
                        start = padded + first
                        widen_row(inputs[place + i + j, start : start + COLUMNS], h_prev)
                        differentiate_gates(row, h_prev, dh[i + j, first : first + COLUMNS])
                    else:
                        row[:] = 0
                for gate in range(4):
                    column = gate * units + first
                    parts = own[:, gate * COLUMNS : (gate + 1) * COLUMNS]
                    total = sums[gate, first : first + COLUMNS]
                    for j in range(2):
                        total += parts[j]
                        round_row(parts[j], dblocks[done + i + j, column : column + COLUMNS])
                    round_pair(parts[0], parts[1], pairs[column // COLUMNS, (done + i) // 2])
        for row in range(0, alive, ROWS):
            turn(inputs[place + row : place + row + ROWS], turned, done + row)
        for column in range(0, units if alive else 0, COLUMNS):
            multiply(
                flat_dblocks, done * (stride + ROOM), stride + ROOM, STEP, alive, to_h, column * 3 * units,
                3 * units // STEP, flat_dh, column, units, True,
            )  # fmt: skip
        done += alive
        if done + len(rows) > len(part) or (step == 0 and done):
            if done % STEP:
                pairs[:, done // 2 : (done + ROWS) // 2] = 0
            add_products(turned, pairs, (done + STEP - 1) // STEP, gradient)
            for row in range(0, done, 2 * ROWS):
                for column in range(0, padded, COLUMNS):
                    multiply(
                        flat_dblocks, row * (stride + ROOM) + units, stride + ROOM, STEP, min(2 * ROWS, done - row),
                        to_x, column * 3 * units, 3 * units // STEP, flat_part, row * padded + column, padded, False,
                    )  # fmt: skip
            for earlier in range(step, pending):
                at = timesteps - 1 - earlier if reverse else earlier
                offset = places[pending] - places[earlier + 1]
                for i in range(places[earlier + 1] - places[earlier]):
                    if rows[i] >= 0:
                        dx[rows[i], at] = part[offset + i, : dx.shape[2]]
            done, pending = 0, step
    close_tiles()


@inlined
def turn(values, turned, start):
    """Write `ROWS` rows of inputs as columns, from column `start` on, tile by tile of `STEP` columns."""
    tile, column = start // STEP, start % STEP
    for panel in range(len(turned)):
        into = turned[panel, tile]
        for m in range(STEP):
            for k in range(ROWS):
                into[m, column + k] = values[k, panel * STEP + m]


@inlined
def add_products(turned, pairs, steps, gradient):
    """Add to the gradient of the joined weights what the rows at hand contribute, Aᵀ B.

    The weights from x_t to m and from h_{t-1} to h' do not exist: those corners stay as they are.
    """
    width, units, most = len(turned) * STEP, len(pairs) * COLUMNS // 4, 2 * pairs.shape[1]
    padded = width - units
    flat_turned, flat_pairs, flat = turned.reshape(-1), pairs.reshape(-1), gradient.reshape(-1)
    for column in range(0, 4 * units, COLUMNS):
        first = padded if column < units else 0
        last = padded if column >= 3 * units else width
        for row in range(first, last, STEP):
            multiply_two(
                flat_turned, row * most, STEP, STEP * STEP, flat_pairs, column * most // 2, flat,
                column * width + row * COLUMNS, COLUMNS, steps, True,
            )  # fmt: skip
