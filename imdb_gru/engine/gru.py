"""Own a batch's way through the GRU on all cores: weights packed, reviews dealt to workers, results joined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine import kernels, kernels_bfloat16, packing, packing_bfloat16
from imdb_gru.engine.amx import find_bfloat16_obstacle
from imdb_gru.engine.kernels import LOWEST, Array
from imdb_gru.engine.memory import Memory
from imdb_gru.engine.tile import ROWS
from imdb_gru.engine.weights import Weights
from imdb_gru.engine.workers import share_out
from imdb_gru.system.threads import count_threads

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
ROADS: dict[bool, tuple[Any, Any]] = {False: (kernels, packing), True: (kernels_bfloat16, packing_bfloat16)}
"""By whether products are of bfloat16 numbers: the compiled loops, and the weights' way to them and back."""
NOTHING: Array = np.empty((0, 0), np.float32)


@dataclass
class Share:
    """A worker's part of a batch and what it keeps of it."""

    rows: Rows
    """Reviews, longest first; −1 fills the last tile."""
    begins: Rows
    """The step of each row's first real timestep."""
    memory: Array
    """Of the next two."""
    inputs: NDArray[Any]
    blocks: Array
    places: Rows
    peak_steps: NDArray[np.int32]


@dataclass
class Tape:
    """What a forward pass leaves for the backward pass, which uses it up."""

    weights: Weights
    mask: Mask
    shares: list[Share]


@dataclass
class Hidden:
    """Hidden states of a batch; those not asked for are empty."""

    last: Array
    """`(B, U)`."""
    states: Array
    """`(B, T, U)`; a masked timestep repeats the state before it, and is zero before the first real one."""
    peaks: Array
    """Maximum over the real timesteps, `(B, U)`."""
    totals: Array
    """Sum over the real timesteps, `(B, U)`."""


class GRUEngine:
    """Runs a GRU layer forwards and back; keeps its memory from batch to batch."""

    def __init__(
        self,
        *,
        reverse: bool = False,
        states: bool = False,
        peaks: bool = False,
        totals: bool = False,
        workers: int = 0,
        bfloat16: bool = False,
    ) -> None:
        """Say what is wanted beside the last hidden state; `reverse` reads from the last timestep to the first.

        Without `workers`, as many are used as `count_threads` allows. With `bfloat16`, which wants AMX, what matrix
        products multiply is rounded to it; they are summed, and all else is computed, in float32.
        """
        if bfloat16 and (obstacle := find_bfloat16_obstacle()):
            raise ValueError(f"no bfloat16 products: {obstacle}")
        self.kernels, self.packing = ROADS[bfloat16]
        self.reverse = reverse
        self.wants_states, self.wants_peaks, self.wants_totals = states, peaks, totals
        self.workers = workers or count_threads()
        self.spare: list[Array] = []
        self.memory = Memory()

    def run(self, x: Array, mask: Mask, start: Array | None, weights: Weights, *, keep: bool) -> tuple[Hidden, Tape]:
        """Run a batch `(B, T, E)` from the hidden states `start`, zero without; the tape is empty unless `keep`."""
        x = np.ascontiguousarray(x)
        batch, timesteps, _ = x.shape
        units, padded = weights.units, weights.padded_units
        packed = self.packing.pack_forward(weights, self.memory)
        number = self.kernels.NUMBER
        input_size = (weights.padded_features + padded + self.kernels.ROOM) * np.dtype(number).itemsize // 4
        block_size = self.kernels.KEPT * padded
        hidden = Hidden(
            np.empty((batch, units), np.float32),
            self.memory.lend("states", (batch, timesteps, units) if self.wants_states else (0, 0, 0)),
            np.empty((batch, units) if self.wants_peaks else (0, 0), np.float32),
            np.empty((batch, units) if self.wants_totals else (0, 0), np.float32),
        )

        def work(task: tuple[Rows, Array]) -> Share:
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
            self.kernels.run_forward(
                x, mask, rows, begins, self.reverse, packed, weights.bias, h, inputs, blocks, places, keep,
                hidden.states, peaks, peak_steps, totals,
            )  # fmt: skip
            for whole, own in ((hidden.last, h), (hidden.peaks, peaks), (hidden.totals, totals)):
                if whole.size:
                    whole[rows[rows >= 0]] = own[rows >= 0, :units]
            return Share(rows, begins, memory, inputs, blocks, places, peak_steps)

        tasks = []
        for rows in deal(mask, self.workers, self.kernels.ROWS):
            kept = len(rows) * (timesteps if keep else 1)
            tasks.append((rows, self._take(kept * (input_size + block_size))))
        shares = share_out(work, tasks)
        if not keep:
            self._give_back(shares)
            shares = []
        return hidden, Tape(weights, mask, shares)

    def run_back(self, tape: Tape, gradients: Hidden) -> tuple[Array, Array, Array, Array, Array]:
        """Return the gradients of x, start, kernel, recurrent kernel and bias, given those of all that was wanted."""
        weights, mask = tape.weights, tape.mask
        units, padded = weights.units, weights.padded_units
        dx = self.memory.lend("dx", (*mask.shape, weights.features))
        dstart = np.empty((len(mask), units), np.float32)
        packed = self.packing.pack_backward(weights, self.memory)
        workers, features = len(tape.shares), weights.padded_features
        dweights = self.memory.lend("dweights", (workers, features + padded, 4 * padded))
        sums = np.zeros((workers, 4 * padded), np.float32)
        scratch = [
            self.memory.lend("scratch", (self.kernels.count_scratch(features, padded, len(share.rows)),))
            for share in tape.shares
        ]

        def work(task: tuple[Share, Array, Array, Array]) -> None:
            share, dweight, own_sums, own_scratch = task
            rows = share.rows
            dh = _gather(gradients.last, rows, padded)
            dpeaks = _gather(gradients.peaks, rows, padded) if self.wants_peaks else NOTHING
            dtotals = _gather(gradients.totals, rows, padded) if self.wants_totals else NOTHING
            dstates = np.ascontiguousarray(gradients.states) if self.wants_states else NOTHING[:, :, None]
            dweight[:] = 0
            self.kernels.run_backward(
                mask, rows, share.begins, self.reverse, packed, dh, share.inputs, share.blocks, share.places, dstates,
                dpeaks, share.peak_steps, dtotals, own_scratch, dx, dweight, own_sums,
            )  # fmt: skip
            dstart[rows[rows >= 0]] = dh[rows >= 0, :units]

        share_out(work, list(zip(tape.shares, dweights, sums, scratch, strict=True)))
        self._give_back(tape.shares)
        return dx, dstart, *self.packing.unpack(weights, dweights, sums, self.memory)

    def _take(self, size: int) -> Array:
        """Return `size` floats of the memory given back, so that its pages need not be cleared again.

        If all of it is too small, the smallest piece makes room for a new one.
        """
        self.spare.sort(key=len)
        place = next((place for place, memory in enumerate(self.spare) if len(memory) >= size), None)
        if place is not None:
            return self.spare.pop(place)[:size]
        del self.spare[:1]
        return np.empty(size, np.float32)

    def _give_back(self, shares: list[Share]) -> None:
        for share in shares:
            whole = share.memory.base
            self.spare.append(share.memory if whole is None else whole)


def _gather(values: Array | None, rows: Rows, padded_units: int) -> Array:
    """Return a worker's rows of `(B, U)`, padded with zeros to whole tiles."""
    gathered = np.zeros((len(rows), padded_units), np.float32)
    if values is not None:
        gathered[rows >= 0, : values.shape[1]] = values[rows[rows >= 0]]
    return gathered


def deal(mask: Mask, workers: int, tile: int = ROWS) -> list[Rows]:
    """Deal a batch's reviews, longest first, to the workers in turn, a tile of rows at a time."""
    order = np.argsort(-mask.sum(axis=1), kind="stable")
    tiles = np.full((-(-len(order) // tile), tile), -1, np.int64)
    tiles.reshape(-1)[: len(order)] = order
    return [tiles[worker::workers].reshape(-1) for worker in range(min(workers, len(tiles)))]
