import inspect

import pytest

from imdb_gru.engine.arithmetic import ARITHMETICS, Arithmetic, choose_arithmetic
from imdb_gru.engine.softmax.products import PRODUCTS, Products


def list_parameters(function):
    """List a function's parameters, but `self` and the underscore before those that it does not use."""
    names = [name.removeprefix("_") for name in inspect.signature(function).parameters]
    return [name for name in names if name != "self"]


def list_methods(contract):
    return {name: member for name, member in vars(contract).items() if name[0] != "_" and callable(member)}


CASES = [(Arithmetic, arithmetic, name) for arithmetic in ARITHMETICS.values() for name in list_methods(Arithmetic)]
CASES += [(Products, products, name) for products in PRODUCTS.values() for name in list_methods(Products)]


@pytest.mark.parametrize(
    ("contract", "provider", "name"), CASES, ids=[f"{case[1].__name__.split('.', 2)[2]}.{case[2]}" for case in CASES]
)
def test_every_function_takes_what_the_contract_says_in_its_order(contract, provider, name):
    function = getattr(provider, name)
    wanted = list_parameters(getattr(contract, name))
    assert list_parameters(getattr(function, "py_func", function)) == wanted


@pytest.mark.parametrize("precision", ARITHMETICS)
def test_every_size_is_a_number(precision):
    arithmetic = ARITHMETICS[precision]
    assert Arithmetic.__annotations__.keys() == {"ROWS", "COLUMNS", "NUMBER", "ROOM", "KEPT"}
    assert all(isinstance(getattr(arithmetic, name), int) for name in ("ROWS", "COLUMNS", "ROOM", "KEPT"))
    assert arithmetic.NUMBER(1) == 1


def test_float32_is_computed_everywhere():
    assert choose_arithmetic("float32") is ARITHMETICS["float32"]
