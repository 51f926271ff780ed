"""What every registered cell must have, so that the rest of the project can derive what it needs."""

from importlib import resources
from typing import get_args

import numpy as np
import pytest

from imdb_gru.cells import CELLS
from imdb_gru.config.prediction import CellName


def test_configs_name_the_registered_cells():
    assert get_args(CellName) == tuple(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_returns_the_gates_that_its_class_declares(name):
    kind, rng = CELLS[name], np.random.default_rng(0)
    cell = kind(*(rng.normal(size=shape).astype(np.float32) for shape in kind.list_shapes(3, 4)))
    state, gates = cell.step(cell.project(np.ones((2, 3), np.float32)), cell.start(2))
    assert list(gates) == list(kind.gates)
    assert len(state) == kind.state_parts
    assert kind.keeping_gate is None or kind.keeping_gate in kind.gates


@pytest.mark.parametrize("name", CELLS)
def test_pages_explain_every_cell(name):
    text = resources.files("imdb_gru.report").joinpath(f"templates/cells/{name}.html.jinja").read_text("utf-8")
    assert CELLS[name].title in text


@pytest.mark.keras
@pytest.mark.parametrize("name", CELLS)
def test_keras_has_the_layer_with_the_same_weights(name):
    from imdb_gru.training import keras

    layer = getattr(keras.layers, CELLS[name].keras_layer)(4, return_state=True)
    _, *state = layer(np.zeros((1, 2, 3), np.float32))
    assert [weight.shape for weight in layer.weights] == CELLS[name].list_shapes(3, 4)
    assert len(state) == CELLS[name].state_parts
