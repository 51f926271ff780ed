"""A GRU layer's forward and backward passes on all cores: each worker computes part of the batch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.arithmetic import Precision, choose_arithmetic
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pool import ArrayPool
from imdb_gru.engine.pooling import LOWEST
from imdb_gru.engine.workers import share_out
from imdb_gru.system.arrays import Array, Mask, Rows
from imdb_gru.system.threads import count_threads

NOTHING: Array = np.empty((0, 0), np.float32)


@dataclass
class WorkerTape:
    """The arrays that a worker keeps for the backward pass over its reviews; see `Arithmetic.run_forward`."""

    rows: Rows
    begins: Rows
    memory: Array
    """The memory that is divided between `inputs` and `blocks`."""
    inputs: NDArray[Any]
    blocks: Array
    places: Rows
    peak_steps: NDArray[np.int32]


@dataclass
class Tape:
    """The values that a forward pass keeps for a single backward pass, which overwrites them."""

    weights: GRUWeights
    mask: Mask
    parts: list[WorkerTape]


@dataclass
class Hidden:
    """The hidden states of a batch; arrays that were not requested are empty."""

    last: Array
    """Hidden state after the last timestep, `(B, U)`."""
    states: Array
    """Hidden states, `(B, T, U)`; masked timesteps repeat the previous state (zero before the first real timestep)."""
    peaks: Array
    """Maximum of the hidden states over the real timesteps, `(B, U)`."""
    totals: Array
    """Sum of the hidden states over the real timesteps, `(B, U)`."""


class GRUEngine:
    """Runs the forward and backward passes of a GRU layer; reuses its memory from batch to batch."""

    def __init__(
        self,
        *,
        reverse: bool = False,
        states: bool = False,
        peaks: bool = False,
        totals: bool = False,
        workers: int = 0,
        precision: Precision = "float32",
    ) -> None:
        """Choose which results to return besides the last hidden state.

        If `reverse` is true, the timesteps are processed from last to first. By default, `count_threads` determines the
        number of workers. Raises `ValueError` if this machine does not support the precision.
        """
        self.arithmetic = choose_arithmetic(precision)
        self.reverse = reverse
        self.wants_states, self.wants_peaks, self.wants_totals = states, peaks, totals
        self.workers = workers or count_threads()
        self.spare: list[Array] = []
        self.pool = ArrayPool()

    def run(self, x: Array, mask: Mask, start: Array | None, weights: GRUWeights, *, keep: bool) -> tuple[Hidden, Tape]:
        """Process a batch `(B, T, E)`, from zero states if `start` is None; the tape is empty unless `keep` is true."""
        x = np.ascontiguousarray(x)
        batch, timesteps, _ = x.shape
        units, padded = weights.units, weights.padded_units
        arithmetic = self.arithmetic
        packed = arithmetic.pack_forward(weights, self.pool)
        number = arithmetic.NUMBER
        input_size = (weights.padded_features + padded + arithmetic.ROOM) * np.dtype(number).itemsize // 4
        block_size = arithmetic.KEPT * padded
        hidden = Hidden(
            np.empty((batch, units), np.float32),
            self.pool.allocate("states", (batch, timesteps, units) if self.wants_states else (0, 0, 0)),
            np.empty((batch, units) if self.wants_peaks else (0, 0), np.float32),
            np.empty((batch, units) if self.wants_totals else (0, 0), np.float32),
        )

        def work(task: tuple[Rows, Array]) -> WorkerTape:
            rows, memory = task
            cut = len(memory) * input_size // (input_size + block_size)
            inputs = memory[:cut].view(number).reshape(cut // input_size, -1)
            blocks = memory[cut:].reshape(-1, block_size)
            places, shape = np.zeros(timesteps + 1, np.int64), (len(rows), padded)
            real = mask[rows, ::-1] if self.reverse else mask[rows]
            begins = np.where(real.any(axis=1), np.argmax(real, axis=1), timesteps)
            h = _gather(start, rows, padded)
            peaks = np.full(shape if self.wants_peaks else (0, 0), LOWEST, np.float32)
            peak_steps = np.full(peaks.shape, -1, np.int32)
            totals = np.zeros(shape if self.wants_totals else (0, 0), np.float32)
            arithmetic.run_forward(
                x, mask, rows, begins, self.reverse, packed, weights.bias, h, inputs, blocks, places, keep,
                hidden.states, peaks, peak_steps, totals,
            )  # fmt: skip
            for whole, own in ((hidden.last, h), (hidden.peaks, peaks), (hidden.totals, totals)):
                if whole.size:
                    whole[rows[rows >= 0]] = own[rows >= 0, :units]
            return WorkerTape(rows, begins, memory, inputs, blocks, places, peak_steps)

        tasks = []
        for rows in divide_rows(mask, self.workers, arithmetic.ROWS):
            kept = len(rows) * (timesteps if keep else 1)
            tasks.append((rows, self._take(kept * (input_size + block_size))))
        parts = share_out(work, tasks)
        if not keep:
            self._give_back(parts)
            parts = []
        return hidden, Tape(weights, mask, parts)

    def run_back(self, tape: Tape, gradients: Hidden) -> tuple[Array, Array, Array, Array, Array]:
        """Return the gradients of x, start, kernel, recurrent kernel and bias, given those of `Hidden`'s arrays."""
        weights, mask = tape.weights, tape.mask
        units, padded = weights.units, weights.padded_units
        dx = self.pool.allocate("dx", (*mask.shape, weights.features))
        dstart = np.empty((len(mask), units), np.float32)
        arithmetic = self.arithmetic
        packed = arithmetic.pack_backward(weights, self.pool)
        workers, features = len(tape.parts), weights.padded_features
        dweights = self.pool.allocate("dweights", (workers, features + padded, 4 * padded))
        sums = np.zeros((workers, 4 * padded), np.float32)
        scratch = [
            self.pool.allocate("scratch", (arithmetic.count_scratch(features, padded, len(part.rows)),))
            for part in tape.parts
        ]

        def work(task: tuple[WorkerTape, Array, Array, Array]) -> None:
            part, dweight, own_sums, own_scratch = task
            rows = part.rows
            dh = _gather(gradients.last, rows, padded)
            dpeaks = _gather(gradients.peaks, rows, padded) if self.wants_peaks else NOTHING
            dtotals = _gather(gradients.totals, rows, padded) if self.wants_totals else NOTHING
            dstates = np.ascontiguousarray(gradients.states) if self.wants_states else NOTHING[:, :, None]
            dweight[:] = 0
            arithmetic.run_backward(
                mask, rows, part.begins, self.reverse, packed, dh, part.inputs, part.blocks, part.places, dstates,
                dpeaks, part.peak_steps, dtotals, own_scratch, dx, dweight, own_sums,
            )  # fmt: skip
            dstart[rows[rows >= 0]] = dh[rows >= 0, :units]

        share_out(work, list(zip(tape.parts, dweights, sums, scratch, strict=True)))
        self._give_back(tape.parts)
        return dx, dstart, *arithmetic.unpack(weights, dweights, sums, self.pool)

    def _take(self, size: int) -> Array:
        """Return an array of `size` floats; reuse memory if possible, because the system must clear new pages.

        If every spare array is too small, a new array replaces the smallest one.
        """
        self.spare.sort(key=len)
        place = next((place for place, memory in enumerate(self.spare) if len(memory) >= size), None)
        if place is not None:
            return self.spare.pop(place)[:size]
        del self.spare[:1]
        return np.empty(size, np.float32)

    def _give_back(self, parts: list[WorkerTape]) -> None:
        for part in parts:
            whole = part.memory.base
            self.spare.append(part.memory if whole is None else whole)


def _gather(values: Array | None, rows: Rows, padded_units: int) -> Array:
    """Return a worker's rows of `values` `(B, U)`, padded with zeros to whole tiles."""
    gathered = np.zeros((len(rows), padded_units), np.float32)
    if values is not None:
        gathered[rows >= 0, : values.shape[1]] = values[rows[rows >= 0]]
    return gathered


def divide_rows(mask: Mask, workers: int, tile: int) -> list[Rows]:
    """Deal a batch's reviews, longest first, to the workers in turn, one tile of rows at a time."""
    order = np.argsort(-mask.sum(axis=1), kind="stable")
    tiles = np.full((-(-len(order) // tile), tile), -1, np.int64)
    tiles.reshape(-1)[: len(order)] = order
    return [tiles[worker::workers].reshape(-1) for worker in range(min(workers, len(tiles)))]
