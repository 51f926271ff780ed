"""The numerical precision of predictions: what a network supports, and how the engine's predictor is built."""

from typing import TYPE_CHECKING, Literal, get_args

from imdb_gru.cells import GRUCell
from imdb_gru.cells.network import Network
from imdb_gru.errors import RunError
from imdb_gru.system.escaping import show_value

if TYPE_CHECKING:
    from imdb_gru.engine.prediction import TimestepPredictor

Precision = Literal["auto", "float32", "int8"]
"""The data type used to multiply hidden states by recurrent weights; this takes most of the time.

"auto" means int8 if there are many texts and the CPU and the model allow it, and float32 otherwise.
"""
ENGINE_TOKENS = 150_000
"""Smallest number of tokens for which loading the engine saves time; NumPy processes that many in about a second.

An input counts as "many texts" (see `Precision`) if it has at least this number of tokens or fills a chunk.
"""


def check_precision(network: Network, precision: Precision) -> Precision:
    """Return the precision. Raises `ValueError` if it is unknown, and `RunError` if int8 is impossible."""
    if precision not in get_args(Precision):
        raise ValueError(f"precision is {show_value(precision)}: choose auto, float32 or int8")
    if precision == "int8" and (obstacle := find_int8_obstacle(network)):
        raise RunError(f"cannot predict in int8: {obstacle}; choose float32 or auto")
    return precision


def choose_precision(network: Network, precision: Precision, tokens: int, *, many: bool) -> Precision | None:
    """Return the engine's precision, or None if NumPy is fast enough or the engine does not support the network."""
    long = tokens >= ENGINE_TOKENS
    if precision == "auto":
        precision = "int8" if (many or long) and find_int8_obstacle(network) is None else "float32"
    return None if precision == "float32" and not (long and fits_engine(network)) else precision


def find_int8_obstacle(network: Network) -> str | None:
    """Return why the engine cannot predict in int8, or None if it can."""
    if not fits_engine(network):
        return "the model is not a single GRU layer, is bidirectional, or has a dense layer before the output"
    from imdb_gru.engine.features import find_int8_obstacle

    return find_int8_obstacle()


def fits_engine(network: Network) -> bool:
    """Return whether the engine supports a network."""
    (first, *others) = network.layers
    return isinstance(first.forward, GRUCell) and not (network.bidirectional or others or network.dense[1:])


def build_predictor(network: Network, precision: Precision) -> "TimestepPredictor":
    """Build the engine's predictor for a network."""
    from imdb_gru.engine.gru_weights import GRUWeights
    from imdb_gru.engine.prediction import TimestepPredictor

    cell = network.layers[0].forward
    weights = GRUWeights(cell.kernel, cell.recurrent_kernel, cell.bias)
    return TimestepPredictor.build(network.embedding, weights, network.pooling, network.dense[0], precision)
