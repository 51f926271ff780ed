"""The equations of the recurrent cells in plain NumPy; imports nothing else of the project."""

from imdb_gru.cells.cell import Cell
from imdb_gru.cells.gru import GRUCell
from imdb_gru.cells.lstm import LSTMCell
from imdb_gru.cells.simple_rnn import SimpleRNNCell

CELLS: dict[str, type[Cell]] = {"gru": GRUCell, "lstm": LSTMCell, "simple_rnn": SimpleRNNCell}

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
