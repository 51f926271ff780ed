"""The contribution of each word to the logit: integrated gradients, checked by their sum, and occlusion.

Both methods compare a word with the unknown word, which the model knows from training.
"""

from collections.abc import Callable

import numpy as np

from imdb_gru.cells.network import Network
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.inspection.inspection import Contributions
from imdb_gru.inspection.network_pass import NetworkPass, run_network
from imdb_gru.system.arrays import Array, Ids
from imdb_gru.system.progress import show_bar
from imdb_gru.text.vocabulary import UNKNOWN

STEPS = 32
VARIANTS = 64
"""Number of variants of a text that are computed together; in each, a different word is made unknown."""


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
    """For each timestep, replace its embedding with the baseline's, and run the network again from there."""
    timesteps = x.shape[1]
    rows = np.concatenate([x[0], baseline[0]])

    def work(first: int) -> Array:
        places = np.arange(first, min(first + VARIANTS, timesteps))
        start = 0 if network.bidirectional else first
        index = np.tile(np.arange(start, timesteps), (len(places), 1))
        index[np.arange(len(places)), places - start] += timesteps
        logits: Array = run_network(network, rows, index=index, keep=False, follow=read, start=start).logits
        tell(len(places))
        return logits

    fall: Array = read.logits[0] - np.concatenate(share_out(work, list(range(0, timesteps, VARIANTS))))
    fall[0] = 0  # the start token is the same in the baseline, so its fall is rounding errors alone
    return fall
