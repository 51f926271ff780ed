"""The equations of the recurrent cells in plain NumPy, and the registry of cells.

To add a cell, write a file with a subclass of `Cell`, add it to `CELLS`, and add its name to `CellName` in
`config/prediction.py`, which must not import NumPy. The class determines everything else: the shapes of the weights in
a run, the Keras layer that trains the cell, and the gates and equations that `inspect` and reports show. Also add the
text that explains the cell's gates in reports to `report/templates/cells/`, the cell's operator to
`exporting/onnx_graph.py`, its equations to `exporting/web/imdb-gru.js`, and a scalar oracle for tests to
`tests/support/oracles.py`.

Only cells that exist in Keras can be added. A run's `model.keras` contains only stock layers, so that
`keras.models.load_model` can open it where this package is not installed. A cell that Keras lacks, such as the minimal
gated unit, would need a custom layer in that file, which would break this promise to users.
"""

from imdb_gru.cells.cell import Cell
from imdb_gru.cells.gru import GRUCell
from imdb_gru.cells.lstm import LSTMCell
from imdb_gru.cells.simple_rnn import SimpleRNNCell

CELLS: dict[str, type[Cell]] = {"gru": GRUCell, "lstm": LSTMCell, "simple_rnn": SimpleRNNCell}
"""The cells, keyed by their names in configs."""

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
