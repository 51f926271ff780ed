"""One step in numbers, judged by the loops over single numbers, and by what a calculator makes of what is shown."""

import inspect
import json
import math

import numpy as np
import pytest
from support.models import make_classifier
from support.oracles import INPUTS, UNITS, dot, gru_by_hand, lstm_by_hand
from support.paths import ROOT

from imdb_gru.cells import CELLS

TEXT = "w1 w2 unheard w3 w29"
SIZES = {"embedding": INPUTS, "units": UNITS}
TOLERANCE = 5e-4
"""What four decimals leave uncertain, where a sum is multiplied by a gate."""


def calculate(numbers):
    """Do with the numbers of an equation what a reader does on a calculator."""
    python = numbers.replace("×", "*").replace("σ", "sigma").replace("tanh", "math.tanh")
    return eval(python, {"math": math, "sigma": lambda x: 1 / (1 + math.exp(-x))})


def states_by_hand(kind, x, weights):
    """The state before each timestep and after the last, each a list of the state's parts."""
    state = [[0.0] * UNITS, [0.0] * UNITS]
    states = [state]
    for x_t in x:
        if kind == "lstm":
            state = lstm_by_hand(x_t, state, *weights)
        elif kind == "gru":
            state = [gru_by_hand(x_t, state[0], *weights)]
        else:
            kernel, recurrent, bias = weights
            sums = (dot(x_t, kernel, u) + dot(state[0], recurrent, u) + bias[u] for u in range(UNITS))
            state = [[math.tanh(total) for total in sums]]
        states.append(state)
    return states


@pytest.mark.parametrize("kind", CELLS)
def test_every_state_is_worked_out_from_the_one_before(kind):
    classifier = make_classifier(cell=kind, **SIZES)
    cell = classifier.network.layers[0].forward
    x = classifier.network.embedding[classifier.encode(TEXT).ids]
    states = states_by_hand(kind, x, (cell.kernel, cell.recurrent_kernel, cell.bias))
    for unit in range(UNITS):
        shown = 0.0
        for word in range(len(x)):
            (step,) = classifier.inspect_step(TEXT, word=word, unit=unit).units
            before, after = states[word], states[word + 1]
            assert step.before == (word - 1 if word else None)
            assert step.previous["state"] == pytest.approx(before[0][unit], abs=1e-6)
            assert step.previous["state"] == pytest.approx(shown, abs=TOLERANCE)
            assert step.equations[-1].symbol == "h_t"
            assert step.equations[-1].value == pytest.approx(after[0][unit], abs=1e-6)
            for equation in step.equations:
                shown = calculate(equation.numbers)
                assert shown == pytest.approx(equation.value, abs=TOLERANCE), equation.numbers
                if equation.total is not None:
                    assert calculate(f"{equation.function}({equation.total})") == pytest.approx(
                        equation.value, abs=1e-6
                    )
            if kind == "lstm":
                assert step.previous["memory"] == pytest.approx(before[1][unit], abs=1e-6)
                assert step.equations[-2].value == pytest.approx(after[1][unit], abs=1e-6)


def test_the_numbers_of_a_gru_are_those_of_the_weights():
    classifier = make_classifier(**SIZES)
    cell, embedding = classifier.network.layers[0].forward, classifier.network.embedding
    states = classifier.inspect(TEXT).cells[0].states
    (step,) = classifier.inspect_step(TEXT, word=2, unit=3).units
    x, h_prev = embedding[classifier.encode(TEXT).ids[2]], states[1]
    for block, equation in enumerate(step.equations[:3]):
        inputs, recurrent = equation.products
        column = block * UNITS + 3
        assert inputs.sum == pytest.approx(dot(x, cell.kernel, column), abs=1e-6)
        assert recurrent.sum == pytest.approx(dot(h_prev, cell.recurrent_kernel, column), abs=1e-6)
        first, second = cell.bias[:, column]
        apart = equation.name == "candidate"
        assert equation.bias == pytest.approx(first if apart else first + second)
        assert equation.recurrent_bias == (pytest.approx(second) if apart else None)


def write_formulas(kind):
    (step,) = make_classifier(cell=kind, **SIZES).inspect_step(TEXT).units
    return [f"{equation.symbol} = {equation.formula}" for equation in step.equations]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("gru", "docs/tour.md"),
        *((kind, f"imdb_gru/report/templates/cells/{kind}.html.jinja") for kind in CELLS),
    ],
)
def test_formulas_are_those_of_the_documentation(kind, page):
    text = " ".join((ROOT / page).read_text("utf-8").replace("′", "'").split())
    for formula in write_formulas(kind):
        assert formula in text


@pytest.mark.parametrize("kind", CELLS)
def test_formulas_are_those_that_the_cell_is_documented_with(kind):
    text = " ".join(inspect.getdoc(CELLS[kind]).split())
    for formula in write_formulas(kind):
        assert formula in text


def test_the_largest_terms_come_first():
    (step,) = make_classifier().inspect_step(TEXT, word=1, unit=0).units
    for product in step.equations[0].products:
        every = product.list_largest(99)
        assert sorted(term.place for term in every) == list(range(len(product.weights)))
        sizes = [abs(term.product) for term in every]
        assert sizes == sorted(sizes, reverse=True)
        assert sum(term.product for term in every) == pytest.approx(product.sum)
        for place, weight, value, term in every:
            assert (weight, value) == (product.weights[place], product.values[place])
            assert term == pytest.approx(weight * value)
        assert product.list_largest(2) == every[:2]


@pytest.mark.parametrize("kind", CELLS)
def test_both_cells_of_a_bidirectional_layer_are_worked_out(kind):
    classifier = make_classifier(cell=kind, bidirectional=True, layers=2)
    traces = classifier.inspect(TEXT).cells
    last = len(TEXT.split())
    for word in (0, 2, last):
        for layer in (1, 2):
            steps = classifier.inspect_step(TEXT, word=word, unit=4, layer=layer).units
            assert [step.direction for step in steps] == ["forward", "backward"]
            assert [step.before for step in steps] == [word - 1 if word else None, word + 1 if word < last else None]
            for step, trace in zip(steps, traces[2 * layer - 2 : 2 * layer], strict=True):
                assert step.equations[-1].value == pytest.approx(trace.states[word, 4])
                previous = 0 if step.before is None else trace.states[step.before, 4]
                assert step.previous["state"] == pytest.approx(previous)
                for equation in step.equations:
                    assert calculate(equation.numbers) == pytest.approx(equation.value, abs=TOLERANCE)
                inputs = step.equations[0].products[0]
                assert len(inputs.weights) == (5 if layer == 1 else 12)


def test_by_default_it_is_the_last_word_and_the_unit_that_changes_most():
    classifier = make_classifier()
    states = classifier.inspect(TEXT).cells[0].states
    found = classifier.inspect_step(TEXT)
    (step,) = found.units
    assert (found.word, found.token, found.known) == (5, "w29", True)
    assert step.unit == np.abs(states[5] - states[4]).argmax()
    assert not classifier.inspect_step(TEXT, word=3).known
    assert repr(found) == f"StepInspection(word 5 'w29', unit {step.unit} of layer 1, forward, text={TEXT!r})"
    assert classifier.inspect_step("").token == "<start>"


def test_a_backward_model_counts_words_from_the_end():
    found = make_classifier(direction="backward").inspect_step(TEXT, word=1)
    assert (found.token, found.direction, found.units[0].name) == ("w29", "backward", "layer 1, backward")
    assert found.to_dict()["direction"] == "backward"


def test_json_holds_the_equations_and_the_terms():
    found = make_classifier().inspect_step(TEXT, word=2, unit=1)
    record = json.loads(json.dumps(found.to_dict(terms=2)))
    assert {name: record[name] for name in ("text", "word", "token", "known")} == {
        "text": TEXT, "word": 2, "token": "w2", "known": True,
    }  # fmt: skip
    (unit,) = record["units"]
    assert (unit["layer"], unit["direction"], unit["cell"], unit["unit"]) == (1, "forward", "gru", 1)
    assert unit["before"] == {"timestep": 1, "state": pytest.approx(found.units[0].previous["state"], abs=1e-6)}
    update, reset, candidate, state = unit["equations"]
    total = update["inputs"]["sum"] + update["recurrent"]["sum"] + update["bias"]
    assert update["total"] == pytest.approx(total, abs=1e-5)
    assert update["recurrent_bias"] is None
    past = candidate["recurrent"]["sum"] + candidate["recurrent_bias"]
    total = candidate["inputs"]["sum"] + reset["value"] * past + candidate["bias"]
    assert candidate["total"] == pytest.approx(total, abs=1e-5)
    assert [set(term) for term in update["inputs"]["largest"]] == [{"input", "weight", "value", "product"}] * 2
    assert list(update["recurrent"]["largest"][0]) == ["unit", "weight", "value", "product"]
    assert list(state) == ["name", "symbol", "equation", "numbers", "value"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"word": 6}, ValueError, "word is 6: choose a number from 0 to 5, where 0 is the start token"),
        ({"word": -1}, ValueError, "word is -1: choose a number from 0 to 5"),
        ({"unit": 6}, ValueError, "unit is 6: choose a number from 0 to 5"),
        ({"layer": 0}, ValueError, "layer is 0: choose a number from 1 to 1"),
        ({"word": 1.5}, TypeError, "'float' object cannot be interpreted as an integer"),
    ],
)
def test_what_is_out_of_range_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_classifier().inspect_step(TEXT, **options)
