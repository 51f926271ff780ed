"""The contribution of each word to the logit, by integrated gradients, whose sum is checked, and by occlusion.

Both methods compare each word with the unknown word, whose embedding was learned in training.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.network import Network
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.inspection.inspection import Contributions
from imdb_gru.inspection.network_pass import NetworkPass, run_network
from imdb_gru.system.arrays import Array, Ids
from imdb_gru.system.progress import show_bar
from imdb_gru.text.vocabulary import UNKNOWN

STEPS = 32
VARIANTS = 128
"""Number of variants of a text computed together; in each, a different word is replaced by the unknown word."""


def measure_contributions(network: Network, ids: Ids, read: NetworkPass, steps: int = STEPS) -> Contributions:
    """Measure each timestep's contribution to the logit, `(T,)`, given the network's pass over the text."""
    baseline = network.embedding[np.where(np.arange(len(ids)) > 0, UNKNOWN, ids)][None]  # the start token is kept
    x = network.embedding[ids][None]
    low = float(run_network(network, baseline, keep=False).logits[0])
    with show_bar(total=steps + len(ids), desc="explaining", delay=1) as bar:
        integrated = _integrate_gradients(network, x, baseline, steps, bar.update)
        occlusion = _occlude(network, x, baseline, read, bar.update)
    return Contributions(
        integrated_gradients=integrated,
        occlusion=occlusion,
        baseline=low,
        gap=float(integrated.sum(dtype=np.float64) - (float(read.logits[0]) - low)),
        steps=steps,
    )


def _integrate_gradients(
    network: Network, x: Array, baseline: Array, steps: int, tell: Callable[[int], object]
) -> Array:
    """Integrate the gradients along the straight line from the baseline to x by Gauss–Legendre quadrature."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    way = x - baseline

    def work(part: slice) -> Array:
        shares = ((points[part] + 1) / 2).astype(np.float32)[:, None, None]
        gradients, _ = run_network(network, baseline + shares * way).run_back()
        along = (gradients * way).sum(axis=-1)  # (B, T)
        integral: Array = weights[part].astype(np.float32) / 2 @ along
        tell(part.stop - part.start)
        return integral

    parts = [part for part in cut_evenly(steps) if part.start < part.stop]
    total: Array = np.sum(share_out(work, parts), axis=0)
    return total


def _occlude(network: Network, x: Array, baseline: Array, read: NetworkPass, tell: Callable[[int], object]) -> Array:
    """Return the decrease in the logit if one timestep's embedding at a time is replaced by the baseline's, `(T,)`."""
    rows = np.concatenate([x[0], baseline[0]])
    simple = len(network.layers) == 1 and not network.bidirectional

    def work(first: int) -> Array:
        places = np.arange(first, min(first + VARIANTS, x.shape[1]))
        logits = (_occlude_in_order if simple else _occlude_anywhere)(network, rows, read, places)
        tell(len(places))
        return logits

    fall: Array = read.logits[0] - np.concatenate(share_out(work, list(range(0, x.shape[1], VARIANTS))))
    fall[0] = 0  # the start token is the same in the baseline, so any decrease is only a rounding error
    return fall


def _occlude_anywhere(network: Network, rows: Array, read: NetworkPass, places: NDArray[np.int64]) -> Array:
    """Return the logits of N variants, each with the word at one position replaced by the unknown word, `(N,)`.

    This works for any network. `rows` are the embeddings of the text, followed by those of the baseline, `(2·T, E)`.
    """
    timesteps = len(rows) // 2
    start = 0 if network.bidirectional else int(places[0])
    index = np.tile(np.arange(start, timesteps), (len(places), 1))
    index[np.arange(len(places)), places - start] += timesteps
    return run_network(network, rows, index=index, keep=False, follow=read, start=start).logits


def _occlude_in_order(network: Network, rows: Array, read: NetworkPass, places: NDArray[np.int64]) -> Array:
    """Return the same logits as `_occlude_anywhere` in two thirds of the time, for a single unidirectional layer.

    Each variant is computed only from its replaced word onwards, and its hidden states are pooled as they are computed
    instead of being stored.
    """
    ((passed,),), (hidden,) = read.layers, read.hidden
    cell, timesteps = passed.cell, len(hidden)
    text, baseline = np.split(cell.project(rows), 2)  # (T, G·U)
    sums, peaks = np.cumsum(hidden, axis=0), np.maximum.accumulate(hidden, axis=0)
    state = cell.start(len(places))
    total, peak = np.zeros_like(state[0]), np.full_like(state[0], -np.inf)
    for step in range(places[0], timesteps):
        begun = min(step - places[0] + 1, len(places))
        inputs = text[step : step + 1]
        if step <= places[-1]:
            inputs = np.repeat(inputs, begun, axis=0)
            inputs[-1] = baseline[step]
            for part, before in zip(state, passed.state_at(step), strict=True):
                part[begun - 1] = before[0]
            if step:
                total[begun - 1], peak[begun - 1] = sums[step - 1], peaks[step - 1]
        after, _ = cell.step(inputs, tuple(part[:begun] for part in state))
        for part, values in zip(state, after, strict=True):
            part[:begun] = values
        total[:begun] += after[0]
        np.maximum(peak[:begun], after[0], out=peak[:begun])
    pooled = {"last": state[0], "mean": total / np.float32(timesteps), "max": peak}
    return network.compute_logits(np.concatenate([pooled[pooling] for pooling in network.pooling], axis=-1))
