"""The equations of the recurrent cells in plain NumPy, and the registry of cells.

To add a cell, write a subclass of `Cell` in a new file, add the class to `CELLS`, and add the cell's name to `CellName`
in `config/prediction.py`, which must not import NumPy. The class determines the shapes of the weights in a run, the
Keras layer that trains the cell, and the gates and equations that `inspect` and reports show. Four more additions are
needed:

- in `report/templates/cells/`, the text with which reports explain the cell's gates
- in `exporting/onnx_graph.py`, the cell's operator
- in `exporting/web/imdb-gru.js`, the cell's equations
- in `tests/support/oracles.py`, a scalar oracle for tests

Only cells that exist in Keras can be added. A run's `model.keras` contains only stock layers, so that
`keras.models.load_model` can open it where this package is not installed. A cell that Keras lacks, such as the minimal
gated unit, would need a custom layer, and its `model.keras` could not be opened without this package.
"""

from imdb_gru.cells.cell import Cell
from imdb_gru.cells.gru import GRUCell
from imdb_gru.cells.lstm import LSTMCell
from imdb_gru.cells.simple_rnn import SimpleRNNCell

CELLS: dict[str, type[Cell]] = {"gru": GRUCell, "lstm": LSTMCell, "simple_rnn": SimpleRNNCell}
"""The cells, keyed by their names in configs."""

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
