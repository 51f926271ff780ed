"""Own the loops of `kernels.py` for AMX: products of bfloat16 numbers, everything else in float32.

bfloat16 numbers stand in uint16 arrays. `inputs` holds rows [x_t, h_{t-1}] of them, some room after each. `blocks`
holds, for every step and every `COLUMNS` units of it, the four blocks m, z, r and h' of all rows one after the other:
so gates follow products while they are in the cache, and run through all rows at once.
"""

import numpy as np

from imdb_gru.engine.amx import COLUMNS, ROWS, STEP, close_tiles, multiply_one, multiply_two, open_tiles
from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.tile import round_up
from imdb_gru.engine.gates import TINY, add_where, raise_peaks, sigmoid, tanh

CHUNK = 512
"""Rows whose gradients of weights and of x are computed at once."""
ROOM = 32
"""Numbers left free after a row, so that rows do not fall on the same lines of the cache."""
HALF, ODD, HIGH, SHIFT = np.uint32(0x7FFF), np.uint32(1), np.uint32(0xFFFF0000), np.uint32(16)
ONE_BITS = np.uint16(0x3F80)
LOW = np.uint32(0xFFFF)
ONE = np.float32(1)
@inlined
def widen_row(values, bits):
    """Turn bfloat16 numbers to the bits of float32."""
    for i in range(len(values)):
        bits[i] = np.uint32(values[i]) << SHIFT

SPAN, ROUND, PART = np.float32(65535), np.float32(0.5), np.float32(1 / 65535)
REACH, MIDDLE, ZERO, STEP_OF_CANDIDATE = np.float32(32767), np.float32(32767.5), np.int32(32767), np.float32(1 / 32767)


@inlined
def round_bits(bits):
    """Round a float32's bits to the nearest bfloat16, in the upper half; of two as near, to the even one."""
    return np.uint32(bits + HALF + np.uint32((bits >> SHIFT) & ODD))


@inlined
def round_row(values, into):
    """Round float32 numbers to bfloat16."""
    bits = values.view(np.uint32)
    for i in range(len(into)):
        into[i] = np.uint16(round_bits(bits[i]) >> SHIFT)


@inlined
def round_pairs(first, second, pairs):
    """Round two rows to bfloat16, put side by side as a product wants them of its right factor."""
    first_bits, second_bits = first.view(np.uint32), second.view(np.uint32)
    for i in range(len(pairs)):
        pairs[i] = (round_bits(first_bits[i]) >> SHIFT) | (round_bits(second_bits[i]) & HIGH)


@inlined
def open_gates(products, h, kept):
    """Turn the products of some units and rows, with the bias, into m, z, r and h', and h_{t-1} into h_t.

    `kept` gets what a backward pass needs of it, two blocks in 32 bits: m as bfloat16, the others as fixed point.
    """
    m, z, r, candidate = products
    m_bits = m.view(np.uint32)
    mz, rc = kept
    for i in range(len(h)):
        z_t, r_t = sigmoid(z[i]), sigmoid(r[i])
        candidate_t = tanh(candidate[i] + r_t * m[i])
        mz[i] = (round_bits(m_bits[i]) & HIGH) | np.uint32(np.int32(z_t * SPAN + ROUND))
        rc[i] = (np.uint32(np.int32(r_t * SPAN + ROUND)) << SHIFT) | np.uint32(np.int32(candidate_t * REACH + MIDDLE))
        h[i] = candidate_t + z_t * (h[i] - candidate_t)


@inlined
def differentiate_gates(kept, m, h_prev, dh, dm, dz, dr, dc):
    m_bits = m.view(np.uint32)
    mz, rc = kept
    for i in range(len(dh)):
        m_bits[i] = mz[i] & HIGH
    for i in range(len(dh)):
        z = np.float32(np.int32(mz[i] & LOW)) * PART
        r = np.float32(np.int32(rc[i] >> SHIFT)) * PART
        candidate = np.float32(np.int32(rc[i] & LOW) - ZERO) * STEP_OF_CANDIDATE
        dh_t = dh[i] if abs(dh[i]) > TINY else np.float32(0)
        d = dh_t * (ONE - z) * (ONE - candidate * candidate)
        dr[i] = d * m[i] * r * (ONE - r)
        dm[i] = d * r
        dz[i] = dh_t * (h_prev[i] - candidate) * z * (ONE - z)
        dc[i] = d
        dh[i] = dh_t * z


@inlined
def copy(values, into):
    """Copy `COLUMNS` numbers."""
    for n in range(COLUMNS):
        into[n] = values[n]


@inlined
def add(values, into):
    """Add a row to another."""
    for i in range(len(values)):
        into[i] += values[i]


@inlined
def multiply(a, a_start, a_row, a_step, rows, b, b_start, steps, first, first_start, first_row, c, c_start, c_row):
    """Compute C = first + A B for `COLUMNS` columns: `rows` of A at `a_start`, `steps` times `STEP` long."""
    paired = rows // (2 * ROWS) * (2 * ROWS)
    for row in range(0, paired, 2 * ROWS):
        multiply_two(
            a, a_start + row * a_row, a_row, a_step, b, b_start, steps, first, first_start + row * first_row, first_row,
            c, c_start + row * c_row, c_row,
        )  # fmt: skip
    if paired < rows:
        multiply_one(
            a, a_start + paired * a_row, a_row, a_step, b, b_start, steps, first, first_start + paired * first_row,
            first_row, c, c_start + paired * c_row, c_row,
        )  # fmt: skip


@inlined
def find_real(rows, mask, t, real):
    """Mark the rows that are at timestep t; count the leading ones, in whole tiles, beyond which none is."""
    alive = 0
    for i in range(len(rows)):
        real[i] = rows[i] >= 0 and mask[rows[i], t]
        if real[i]:
            alive = i + 1
    return (alive + ROWS - 1) // ROWS * ROWS


@inlined
def find_run(real, start, alive):
    """Return where the next real rows from `start` on begin and end."""
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
    """Do what `kernels.run_forward` does; without `keep`, `blocks` holds `COLUMNS` units of a step at a time."""
    timesteps, features = x.shape[1], x.shape[2]
    units, room = h.shape[1], inputs.shape[1]
    width = room - ROOM
    padded = width - units
    to_m, to_zr, to_candidate = weights
    flat_inputs, kept = inputs.reshape(-1), blocks.reshape(-1).view(np.uint32)
    products = np.empty((4, len(rows) * COLUMNS), np.float32)
    flat_products = products.reshape(-1)
    real = np.empty(len(rows), np.bool_)
    part = np.empty((len(rows), COLUMNS), np.float32)
    flat_part = part.reshape(-1)
    place = 0
    open_tiles()
    for step in range(timesteps):
        t = timesteps - 1 - step if reverse else step
        alive = find_real(rows, mask, t, real)
        for i in range(alive):
            row = inputs[place + i]
            row[:padded] = 0
            if rows[i] >= 0:
                round_row(x[rows[i], t], row[:features])
            round_row(h[i], row[padded:width])
        at = place * room
        size, block = alive * COLUMNS, len(rows) * COLUMNS
        for first in range(0, units if alive else 0, COLUMNS):
            out = 2 * (place * units + first * alive if keep else 0)
            multiply(
                flat_inputs, at + padded, room, STEP, alive, to_m, first * units, units // STEP, bias, first, 0,
                flat_products, 0, COLUMNS,
            )  # fmt: skip
            for gate in range(2):
                multiply(
                    flat_inputs, at, room, STEP, alive, to_zr, (gate * units + first) * width, width // STEP,
                    bias, (1 + gate) * units + first, 0, flat_products, (1 + gate) * block, COLUMNS,
                )  # fmt: skip
            multiply(
                flat_inputs, at, room, STEP, alive, to_candidate, first * padded, padded // STEP, bias,
                3 * units + first, 0, flat_products, 3 * block, COLUMNS,
            )  # fmt: skip
            for i in range(alive):
                copy(h[i, first : first + COLUMNS], part[i])
            start, stop = find_run(real, 0, alive)
            while start < stop:
                i, j = start * COLUMNS, stop * COLUMNS
                open_gates(
                    (products[0, i:j], products[1, i:j], products[2, i:j], products[3, i:j]), flat_part[i:j],
                    (kept[out + i : out + j], kept[out + size + i : out + size + j]),
                )  # fmt: skip
                start, stop = find_run(real, stop, alive)
            for i in range(alive):
                copy(part[i], h[i, first : first + COLUMNS])
        for i in range(alive):
            if not real[i]:
                continue
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
    close_tiles()


def count_scratch(features, units, rows):
    """Count the float32 numbers of `run_backward`'s scratch, given padded sizes."""
    most = CHUNK + round_up(rows, STEP)
    return most * (4 * units + ROOM // 2 + (features + units) // 2 + features)


@compiled
def run_backward(
    mask, rows, begins, reverse, weights, dh, inputs, blocks, places, dstates, dpeaks, peak_steps, dtotals, scratch, dx,
    gradient, sums,
):  # fmt: skip
    """Do what `kernels.run_backward` does; `gradient` is in panels of `COLUMNS` columns."""
    timesteps = mask.shape[1]
    units, room = dh.shape[1], inputs.shape[1]
    width, stride = room - ROOM, 4 * units
    padded = width - units
    most = CHUNK + (len(rows) + STEP - 1) // STEP * STEP
    to_h, to_x = weights
    flat_dh, kept = dh.reshape(-1), blocks.reshape(-1).view(np.uint32)
    real = np.empty(len(rows), np.bool_)
    end = most * (stride + ROOM) // 2
    dblocks = scratch[:end].view(np.uint16).reshape(most, stride + ROOM)
    start, end = end, end + most * stride // 2
    pairs = scratch[start:end].view(np.uint32).reshape(stride // COLUMNS, most // 2 * COLUMNS)
    start, end = end, end + most * width // 2
    turned = scratch[start:end].view(np.uint16).reshape(width // STEP, most // STEP, STEP, STEP)
    part = scratch[end : end + most * padded].reshape(most, padded)
    flat_dblocks, flat_part = dblocks.reshape(-1), part.reshape(-1)
    own, m = np.empty((4, len(rows) * COLUMNS), np.float32), np.empty(len(rows) * COLUMNS, np.float32)
    h_prev, dh_part = np.empty((len(rows), COLUMNS), np.float32), np.empty((len(rows), COLUMNS), np.float32)
    flat_h_prev, flat_dh_part, h_bits = h_prev.reshape(-1), dh_part.reshape(-1), h_prev.view(np.uint32)
    nothing = np.zeros(COLUMNS, np.float32)
    done, pending = 0, timesteps
    open_tiles()
    for step in range(timesteps - 1, -1, -1):
        t = timesteps - 1 - step if reverse else step
        place = places[step]
        alive = places[step + 1] - place
        find_real(rows, mask, t, real)
        for i in range(alive, len(rows)):
            if rows[i] >= 0:
                dx[rows[i], t] = 0
        if dstates.size:
            for i in range(len(rows)):
                if rows[i] >= 0 and step >= begins[i]:
                    add(dstates[rows[i], step], dh[i])
        for i in range(alive):
            if not real[i]:
                continue
            if dpeaks.size:
                add_where(dh[i], dpeaks[i], peak_steps[i], step)
            if dtotals.size:
                dh[i] += dtotals[i]
        size, half = alive * COLUMNS, alive * COLUMNS // 2
        for first in range(0, units if alive else 0, COLUMNS):
            for i in range(alive):
                start = padded + first
                widen_row(inputs[place + i, start : start + COLUMNS], h_bits[i])
                copy(dh[i, first : first + COLUMNS], dh_part[i])
                if not real[i]:
                    own[:, i * COLUMNS : (i + 1) * COLUMNS] = 0
            start, stop = find_run(real, 0, alive)
            while start < stop:
                i, j = start * COLUMNS, stop * COLUMNS
                at = 2 * (place * units + first * alive)
                differentiate_gates(
                    (kept[at + i : at + j], kept[at + size + i : at + size + j]), m[i:j], flat_h_prev[i:j],
                    flat_dh_part[i:j], own[0, i:j], own[1, i:j], own[2, i:j], own[3, i:j],
                )  # fmt: skip
                start, stop = find_run(real, stop, alive)
            for i in range(alive):
                copy(dh_part[i], dh[i, first : first + COLUMNS])
            for gate in range(4):
                column, values = gate * units + first, own[gate]
                begin = done * COLUMNS // 2
                round_pairs(values[:half], values[half:size], pairs[column // COLUMNS, begin : begin + half])
                for i in range(alive):
                    round_row(
                        values[i * COLUMNS : (i + 1) * COLUMNS], dblocks[done + i, column : column + COLUMNS]
                    )  # fmt: skip
        if alive:
            turn(inputs[place : place + alive], turned, done)
        for column in range(0, units if alive else 0, COLUMNS):
            multiply(
                flat_dblocks, done * (stride + ROOM), stride + ROOM, STEP, alive, to_h, column * 3 * units,
                3 * units // STEP, flat_dh, column, units, flat_dh, column, units,
            )  # fmt: skip
        done += alive
        if done + len(rows) > most or (step == 0 and done):
            if done % STEP:
                pairs[:, done // 2 * COLUMNS : (done + ROWS) // 2 * COLUMNS] = 0
                turned[:, done // STEP, :, ROWS:] = 0
            add_products(turned, pairs, (done + STEP - 1) // STEP, gradient, sums)
            for row in range(0, done, 2 * ROWS):
                for column in range(0, padded, COLUMNS):
                    multiply(
                        flat_dblocks, row * (stride + ROOM) + units, stride + ROOM, STEP, min(2 * ROWS, done - row),
                        to_x, column * 3 * units, 3 * units // STEP, nothing, 0, 0, flat_part, row * padded + column,
                        padded,
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
    """Write rows of inputs as columns, from column `start` on, tile by tile of `STEP` columns.

    Rows that are half of them apart become neighbours, as they are in pairs of gradients.
    """
    half, most = len(values) // 2, turned.shape[1]
    words = turned.view(np.uint32).reshape(-1)
    for row in range(0, half, ROWS // 2):
        tile, column = (start + 2 * row) // STEP, (start + 2 * row) % STEP // 2
        for panel in range(len(turned)):
            place = (panel * most + tile) * STEP * STEP // 2 + column
            for k in range(ROWS // 2):
                into = words[place + k : place + k + STEP * STEP // 2]
                low = values[row + k, panel * STEP : (panel + 1) * STEP]
                high = values[half + row + k, panel * STEP : (panel + 1) * STEP]
                for n in range(STEP):
                    into[n * (STEP // 2)] = np.uint32(low[n]) | np.uint32(np.uint32(high[n]) << SHIFT)


@inlined
def add_products(turned, pairs, steps, gradient, sums):
    """Add to the gradient of the joined weights what the rows at hand contribute, Aᵀ B, and to the blocks' sums.

    The weights from x_t to m and from h_{t-1} to h' do not exist: those corners stay as they are.
    """
    width, most = len(turned) * STEP, 2 * pairs.shape[1] // COLUMNS
    columns = len(pairs) * COLUMNS
    units = columns // 4
    padded = width - units
    flat_turned, flat_pairs, flat = turned.reshape(-1), pairs.view(np.uint16).reshape(-1), gradient.reshape(-1)
    ones, own_sums = np.full(STEP, ONE_BITS, np.uint16), np.empty((ROWS, COLUMNS), np.float32)
    for column in range(0, columns, COLUMNS):
        multiply_one(
            ones, 0, 0, 0, flat_pairs, column * most, steps, sums, column, 0, own_sums.reshape(-1), 0, COLUMNS
        )  # fmt: skip
        sums[column : column + COLUMNS] = own_sums[0]
        first = padded if column < units else 0
        last = padded if column >= 3 * units else width
        for row in range(first, last, STEP):
            place = column * width + row * COLUMNS
            multiply_two(
                flat_turned, row * most, STEP, STEP * STEP, flat_pairs, column * most, steps, flat, place, COLUMNS,
                flat, place, COLUMNS,
            )  # fmt: skip
