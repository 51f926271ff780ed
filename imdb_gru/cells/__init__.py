"""The recurrent cells' equations in plain NumPy, and the registry of cells; imports nothing else from the project.

To add a cell, write a file with a subclass of `Cell`, add it to `CELLS`, and add its name to `CellName` in
`config/schema.py`, which must not import NumPy. The rest follows from the class: the shapes in a run's files, the Keras
layer that trains it, and its gates in `inspect` and in pages. Add a text about its gates for the pages to
`report/templates/cells/`, and a scalar oracle to `tests/support/oracles.py`.

The cell must be one that Keras has. A run's `model.keras` holds stock layers only, so that it opens with
`keras.models.load_model` where this package is not installed. A cell that Keras lacks, such as the minimal gated unit,
would need a custom layer in that file, which would break this promise to users.
"""

from imdb_gru.cells.cell import Cell
from imdb_gru.cells.gru import GRUCell
from imdb_gru.cells.lstm import LSTMCell
from imdb_gru.cells.simple_rnn import SimpleRNNCell

CELLS: dict[str, type[Cell]] = {"gru": GRUCell, "lstm": LSTMCell, "simple_rnn": SimpleRNNCell}
"""The cells, keyed by their names in configs."""

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
