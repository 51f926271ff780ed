"""A network as an ONNX graph, for any number of reviews of any length.

The inputs are right-padded ids `(B, T)` and lengths `(B,)`, both int32. Inside the graph, the first axis is time.
Each of a classifier's two outputs has its own pooling, so that a program that requests only the first output does not
wait for the second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import imdb_gru
from imdb_gru.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell
from imdb_gru.cells.network import Layer, Network
from imdb_gru.cells.next_word import NextWordNetwork
from imdb_gru.config.prediction import Pooling
from imdb_gru.errors import MissingExtraError
from imdb_gru.system.arrays import Array

try:
    import onnx
except ImportError as error:
    raise MissingExtraError("The onnx format", "onnx") from error

OPSET, IR_VERSION = 17, 8
"""Versions of ONNX's operators and file format, supported by runtimes released since 2022."""
OPERATORS: dict[type[Cell], tuple[str, tuple[int, ...], dict[str, Any]]] = {
    GRUCell: ("GRU", (0, 1, 2), {"linear_before_reset": 1}),
    LSTMCell: ("LSTM", (0, 3, 1, 2), {}),
    SimpleRNNCell: ("RNN", (0,), {}),
}
"""For each cell: its ONNX operator, the indices of the cell's gates in the operator's order, and other attributes."""

INT32, INT64, FLOAT = onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
BATCH, TIMESTEPS = "batch", "timesteps"
"""The names of the dimensions that can have any size."""


class GraphBuilder:
    """The nodes and weights of a graph."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str | NDArray[Any], name: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output; arrays among the inputs become weights."""
        output = name or f"{operator.lower()}_{len(self._nodes)}"
        self.add_node(operator, inputs, [output], **attributes)
        return output

    def add_node(
        self, operator: str, inputs: Sequence[str | NDArray[Any]], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Add a node with the given outputs."""
        names = [part if isinstance(part, str) else self.add_weight(part) for part in inputs]
        self._nodes.append(onnx.helper.make_node(operator, names, outputs, **attributes))

    def add_weight(self, array: NDArray[Any]) -> str:
        """Add a weight, and return its name; identical weights are stored only once."""
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._weights:
            name = f"weight_{len(self._weights)}"
            self._weights[key] = onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        return str(self._weights[key].name)

    def build(self, name: str, outputs: Mapping[str, Sequence[str | int]]) -> onnx.GraphProto:
        """Return the graph; `outputs` maps the name of each output to its shape."""
        describe = onnx.helper.make_tensor_value_info
        inputs = [describe("ids", INT32, [BATCH, TIMESTEPS]), describe("lengths", INT32, [BATCH])]
        described = [describe(output, FLOAT, shape) for output, shape in outputs.items()]
        return onnx.helper.make_graph(self._nodes, name, inputs, described, list(self._weights.values()))


def serialize(graph: onnx.GraphProto, facts: dict[str, str]) -> bytes:
    """Check a graph, and return it as the content of an ONNX file, with the given facts as metadata."""
    model = onnx.helper.make_model(
        graph,
        producer_name="imdb-gru",
        producer_version=imdb_gru.__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def build_graph(network: Network | NextWordNetwork) -> onnx.GraphProto:
    """Return the graph of a classifier or of a next-word model."""
    return build_classifier_graph(network) if isinstance(network, Network) else build_next_word_graph(network)


def build_classifier_graph(network: Network) -> onnx.GraphProto:
    """Return a graph with the outputs `probability`, `(B,)`, and `probability_by_timestep`, `(B, T)`.

    A bidirectional network has only the first output. Past the end of a review, `probability_by_timestep` repeats the
    final probability.
    """
    graph = GraphBuilder()
    mask, count = _add_mask(graph)
    states, last = _add_layers(graph, graph.add_weight(network.embedding), network.layers)
    pooled = [_add_pooled(graph, name, states, last, mask) for name in network.pooling]
    logits = _add_output(graph, pooled, network)
    outputs: dict[str, Sequence[str | int]] = {graph.add("Sigmoid", logits, name="probability"): [BATCH]}
    if not network.bidirectional:
        prefixes = [_add_pooled_prefixes(graph, name, states, last, count) for name in network.pooling]
        curve = graph.add("Transpose", graph.add("Sigmoid", _add_output(graph, prefixes, network)), perm=[1, 0])
        real = graph.add("Transpose", graph.add("Squeeze", mask, np.array([2])), perm=[1, 0])
        end = graph.add("Unsqueeze", "probability", np.array([1]))
        outputs[graph.add("Where", real, curve, end, name="probability_by_timestep")] = [BATCH, TIMESTEPS]
    return graph.build("classifier", outputs)


def build_next_word_graph(network: NextWordNetwork) -> onnx.GraphProto:
    """Return a graph with the outputs `logits`, `(B, V)`, and `logits_by_timestep`, `(B, T, V)`.

    Past the end of a review, `logits_by_timestep` repeats the final logits.
    """
    graph = GraphBuilder()
    mask, _ = _add_mask(graph)
    embedding = graph.add_weight(network.embedding)
    to_logits = graph.add("Transpose", embedding, perm=[1, 0])
    states, last = _add_layers(graph, embedding, [Layer(cell) for cell in network.cells])
    kept = graph.add("Where", mask, states, graph.add("Unsqueeze", last, np.array([0])))
    size = len(network.bias)
    outputs: dict[str, Sequence[str | int]] = {"logits": [BATCH, size], "logits_by_timestep": [BATCH, TIMESTEPS, size]}
    for x, output in zip((last, graph.add("Transpose", kept, perm=[1, 0, 2])), outputs, strict=True):
        query = graph.add("Add", graph.add("MatMul", x, network.kernel), network.kernel_bias)
        graph.add("Add", graph.add("MatMul", query, to_logits), network.bias, name=output)
    return graph.build("next_word", outputs)


def _add_mask(graph: GraphBuilder) -> tuple[str, str]:
    """Add the mask of the real timesteps, `(T, B, 1)`, and the number of timesteps so far, `(T, 1, 1)` float32."""
    numbers = graph.add("Cast", _add_range(graph, axis=1), to=INT32)
    mask = graph.add("Less", graph.add("Unsqueeze", numbers, np.array([1])), "lengths")
    count = graph.add("Add", graph.add("Cast", numbers, to=FLOAT), np.array(1, np.float32))
    return graph.add("Unsqueeze", mask, np.array([2])), graph.add("Unsqueeze", count, np.array([1, 2]))


def _add_range(graph: GraphBuilder, axis: int) -> str:
    """Add the indices of the reviews (axis 0) or of the timesteps (axis 1), int64."""
    size = graph.add("Gather", graph.add("Shape", "ids"), np.array(axis))
    return graph.add("Range", np.array(0), size, np.array(1))


def _add_layers(graph: GraphBuilder, embedding: str, layers: Sequence[Layer]) -> tuple[str, str]:
    """Add the last layer's hidden states, `(T, B, D)`, and the final hidden state of each direction, `(B, D)`.

    Some runtimes ignore the input `sequence_lens` of recurrent operators, so the graph does not use it. Instead, it
    reverses each review for the backward cell, and later nodes ignore the hidden states past a review's end.
    """
    lengths = graph.add("Cast", "lengths", to=INT64)
    ends = [graph.add("Sub", lengths, np.array(1)), _add_range(graph, axis=0)]
    place = graph.add("Concat", *(graph.add("Unsqueeze", part, np.array([1])) for part in ends), axis=1)  # (B, 2)
    x, last = graph.add("Gather", embedding, graph.add("Transpose", "ids", perm=[1, 0])), ""

    def reverse(states: str) -> str:
        return graph.add("ReverseSequence", states, lengths, batch_axis=1, time_axis=0)

    for layer in layers:
        parts = [_add_cell(graph, x, layer.forward)]
        lasts = [graph.add("GatherND", parts[0], place)]
        if layer.backward is not None:
            backward = _add_cell(graph, reverse(x), layer.backward)
            parts.append(reverse(backward))
            lasts.append(graph.add("GatherND", backward, place))
        x, last = graph.add("Concat", *parts, axis=-1), graph.add("Concat", *lasts, axis=-1)
    return x, last


def _add_cell(graph: GraphBuilder, x: str, cell: Cell) -> str:
    """Add a cell's hidden states, `(T, B, U)`, given its inputs `(T, B, E)`."""
    operator, order, attributes = OPERATORS[type(cell)]

    def turn(weight: Array) -> Array:
        """Transpose `(N, G·U)` to `(1, G·U, N)`, with the gates in ONNX's order."""
        blocks = weight.reshape(len(weight), len(order), cell.units)[:, list(order)]
        return blocks.reshape(1, *weight.shape).swapaxes(1, 2)

    biases = cell.bias if cell.bias.ndim == 2 else np.stack([cell.bias, np.zeros_like(cell.bias)])
    bias = turn(biases).swapaxes(1, 2).reshape(1, -1)
    states = graph.add(
        operator, x, turn(cell.kernel), turn(cell.recurrent_kernel), bias, hidden_size=cell.units, **attributes
    )
    return graph.add("Squeeze", states, np.array([1]))


def _add_pooled(graph: GraphBuilder, pooling: Pooling, states: str, last: str, mask: str) -> str:
    """Add the pooled hidden states of whole reviews, `(B, D)`."""
    if pooling == "last":
        return last
    if pooling == "max":
        states = graph.add("Where", mask, states, np.array(-np.inf, np.float32))
        return graph.add("ReduceMax", states, axes=[0], keepdims=0)
    total = graph.add("ReduceSum", graph.add("Where", mask, states, np.array(0, np.float32)), np.array([0]), keepdims=0)
    return graph.add("Div", total, graph.add("Unsqueeze", graph.add("Cast", "lengths", to=FLOAT), np.array([1])))


def _add_pooled_prefixes(graph: GraphBuilder, pooling: Pooling, states: str, last: str, count: str) -> str:
    """Add the hidden states, pooled up to and including each timestep, `(T, B, D)`."""
    if pooling == "last":
        return states
    if pooling == "mean":
        return graph.add("Div", graph.add("CumSum", states, np.array(0)), count)
    tensors = [
        onnx.helper.make_tensor_value_info(name, FLOAT, [BATCH, None]) for name in ("peak", "h", "higher", "copy")
    ]
    nodes = [
        onnx.helper.make_node("Max", ["peak", "h"], ["higher"]),
        onnx.helper.make_node("Identity", ["higher"], ["copy"]),
    ]
    body = onnx.helper.make_graph(nodes, "running_maximum", tensors[:2], tensors[2:])
    lowest = onnx.numpy_helper.from_array(np.array([-np.inf], np.float32))
    start = graph.add("ConstantOfShape", graph.add("Shape", last), value=lowest)
    graph.add_node("Scan", [start, states], ["final_maximum", "maximum"], body=body, num_scan_inputs=1)
    return "maximum"


def _add_output(graph: GraphBuilder, pooled: Sequence[str], network: Network) -> str:
    """Add the dense layers after the pooled hidden states `(…, D)`, and return the logits `(…)`."""
    x = graph.add("Concat", *pooled, axis=-1)
    *hidden, (kernel, bias) = network.dense
    for hidden_kernel, hidden_bias in hidden:
        x = graph.add("Relu", graph.add("Add", graph.add("MatMul", x, hidden_kernel), hidden_bias))
    return graph.add("Squeeze", graph.add("Add", graph.add("MatMul", x, kernel), bias), np.array([-1]))
