"""The inspection of a text: runs the network forward and backward, and collects the results."""

from imdb_gru.cells import CELLS
from imdb_gru.cells.cell import State, sigmoid
from imdb_gru.inspection.cell_pass import CellPass, measure_norms
from imdb_gru.inspection.contributions import STEPS, measure_contributions
from imdb_gru.inspection.inspection import CellTrace, Inspection
from imdb_gru.inspection.network_pass import run_network
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.prediction import choose_label
from imdb_gru.text.vocabulary import START_TOKEN, UNKNOWN

NAMES = {cell: name for name, cell in CELLS.items()}


def inspect_text(classifier: Classifier, text: str, *, steps: int = STEPS) -> Inspection:
    """Inspect a text; the integrated gradients are computed at `steps` points."""
    network = classifier.network
    encoded = classifier.encode(text)
    read = run_network(network, network.embedding[encoded.ids][None])
    _, gradients = read.run_back()
    cells = [
        _trace(cell_pass, number, states)
        for number, (layer, layer_gradients) in enumerate(zip(read.layers, gradients, strict=True), 1)
        for cell_pass, states in zip(layer, layer_gradients, strict=True)
    ]
    logit = read.logits[0]
    probability = float(sigmoid(logit))
    return Inspection(
        text=text,
        label=choose_label(probability, encoded.doubt, threshold=classifier.threshold),
        probability=probability,
        logit=float(logit),
        words=encoded.words,
        tokens=(START_TOKEN, *encoded.kept),
        known=(encoded.ids != UNKNOWN).tolist(),
        probabilities=None
        if network.bidirectional
        else sigmoid(network.compute_logits(network.pool_prefixes(read.hidden))[0]),
        contributions=measure_contributions(network, encoded.ids, read, steps),
        cells=cells,
        pooled={pooling: added[0] for pooling, added in read.spread().items()},
        doubt=encoded.doubt,
        direction=classifier.text.direction,
    )


def _trace(cell_pass: CellPass, layer: int, gradients: State) -> CellTrace:
    return CellTrace(
        layer=layer,
        direction="backward" if cell_pass.backwards else "forward",
        cell=NAMES[type(cell_pass.cell)],
        gates={name: cell_pass.in_text_order(gate)[:, 0] for name, gate in cell_pass.gates.items()},
        states=cell_pass.hidden[0],
        gradients=measure_norms(gradients),
        keeping_gate=cell_pass.cell.keeping_gate,
        kept=cell_pass.measure_kept(),
        jacobian=cell_pass.measure_jacobians(),
    )
