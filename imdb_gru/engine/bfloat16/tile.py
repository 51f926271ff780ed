"""Tiles of bfloat16 matrices: their sizes, and the signature of the functions that multiply them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from numba import types
from numba.extending import intrinsic

COLUMNS = 32
"""Number of columns of C computed at once, in two registers side by side."""
STEP = 32
"""Number of products that are added up at once; the inner dimension of A B must be a multiple of this number."""


class Product(NamedTuple):
    """The operands of C = `first` + A B in LLVM: pointers to their first elements, and strides in elements.

    A[m, k] is the bfloat16 number at `m·a_row + (k // STEP)·a_step + k % STEP`. B has `COLUMNS` columns, with pairs of
    neighbouring rows interleaved. Row m of `first` starts at `m·first_row`, and row m of C at `m·c_row`.
    """

    a: Any
    a_row: Any
    a_step: Any
    b: Any
    steps: Any
    """The inner dimension divided by `STEP`; it must be at least 1."""
    first: Any
    first_row: Any
    c: Any
    c_row: Any


def declare_product(generate: Callable[[Any, Product], None]) -> Any:
    """Return a compiled function that computes a product of flat arrays with the code that `generate` builds.

    The function does not check its arguments. Each array argument is followed by the index of its first element.
    """

    @intrinsic
    def multiply(
        _context: Any, a: Any, a_start: Any, a_row: Any, a_step: Any, b: Any, b_start: Any, steps: Any, first: Any,
        first_start: Any, first_row: Any, c: Any, c_start: Any, c_row: Any,
    ) -> Any:  # fmt: skip
        place = types.intp
        signature = types.void(
            a, place, place, place, b, place, place, first, place, place, c, place, place
        )  # fmt: skip

        def implement(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def point(number: int) -> Any:
                array = context.make_array(signature.args[number])(context, builder, arguments[number])
                return builder.gep(array.data, [arguments[number + 1]])

            _, _, a_row, a_step, _, _, steps, _, _, first_row, _, _, c_row = arguments
            generate(builder, Product(point(0), a_row, a_step, point(4), steps, point(7), first_row, point(10), c_row))
            return context.get_dummy_value()

        return signature, implement

    return multiply
