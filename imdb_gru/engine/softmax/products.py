"""The products that the softmax kernel calls, for every type of number that it can multiply.

The kernel calls `put_row`, `add_product` and `add_transposed` of this module; when Numba compiles it, it selects the
functions of these names for the arrays' type of number.
"""

from typing import Any, Protocol

from numba import types
from numba.extending import overload

from imdb_gru.engine.compiling import INLINED
from imdb_gru.engine.softmax import products_bfloat16, products_float32


class Products(Protocol):
    """The products of one type of number; arrays are flat, and parts of them are given by their start."""

    def put_row(self, values, bits, start, into, into_start, count):
        """Convert `count` float32 numbers to the type of `into`; `bits` are those of `values`, as uint32."""

    def add_product(self, a, room, height, b, depth, c, c_row, columns):
        """Add A B to float32 C.

        A has `height` rows, `room` apart. B is packed and has `depth` rows. C has `columns` columns and rows `c_row`
        apart.
        """

    def add_transposed(self, a, a_room, width, b, b_room, columns, height, sums):
        """Add Aᵀ B to float32 `sums`, in panels of columns.

        A and B have `height` rows, of `width` and `columns` numbers, `a_room` and `b_room` apart.
        """


PRODUCTS: dict[Any, Products] = {types.float32: products_float32, types.uint16: products_bfloat16}
"""The products, by Numba's type of the numbers that they multiply."""


def put_row(values, bits, start, into, into_start, count):
    """Compute `Products.put_row`."""


def add_product(a, room, height, b, depth, c, c_row, columns):
    """Compute `Products.add_product`."""


def add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    """Compute `Products.add_transposed`."""


@overload(put_row, jit_options=INLINED)
def _choose_put_row(values, bits, start, into, into_start, count):
    return PRODUCTS[into.dtype].put_row


@overload(add_product, jit_options=INLINED)
def _choose_add_product(a, room, height, b, depth, c, c_row, columns):
    return PRODUCTS[a.dtype].add_product


@overload(add_transposed, jit_options=INLINED)
def _choose_add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    return PRODUCTS[a.dtype].add_transposed
