"""The equations of the recurrent cells in plain NumPy, and the registry of them; imports nothing else of the project.

To add a cell, write a file with a subclass of `Cell`, add it to `CELLS`, and add its name to `CellName` in
`config/schema.py`, which stays free of NumPy. All else follows from the class: the shapes in a run's files, the Keras
layer that trains it, its gates in `inspect` and in pages. A text on its gates for the pages goes into
`report/templates/cells/`, and a scalar oracle into `tests/support/oracles.py`.

The cell must be one that Keras has. A run's `model.keras` holds stock layers only, so that it opens with
`keras.models.load_model` where this package is not installed. A cell that Keras lacks, such as the minimal gated unit,
would need a layer of our own in that file; that promise to users would have to be given up first.
"""

from imdb_gru.cells.cell import Cell
from imdb_gru.cells.gru import GRUCell
from imdb_gru.cells.lstm import LSTMCell
from imdb_gru.cells.simple_rnn import SimpleRNNCell

CELLS: dict[str, type[Cell]] = {"gru": GRUCell, "lstm": LSTMCell, "simple_rnn": SimpleRNNCell}
"""The cells by the names that configs use."""

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
