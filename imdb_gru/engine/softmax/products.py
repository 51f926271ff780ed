"""The matrix products that the softmax kernel calls, for each dtype that the kernel supports.

The kernel calls this module's `put_row`, `add_product` and `add_transposed`. When Numba compiles the kernel, it
replaces these three with the functions of the same names in the implementation for the arrays' dtype.
"""

from typing import Any, Protocol

from numba import types
from numba.extending import overload

from imdb_gru.engine.compiling import INLINED
from imdb_gru.engine.softmax import products_bfloat16, products_float32


class Products(Protocol):
    """The products for one dtype, and the conversion to that dtype; all arrays are flat."""

    def put_row(self, values, bits, start, into, into_start, count):
        """Convert `count` float32 numbers to the type of `into`; `bits` is `values` viewed as uint32."""

    def add_product(self, a, room, height, b, depth, c, c_row, columns):
        """Add the product A B to C, a float32 matrix.

        A has `height` rows, which start `room` elements apart. B is packed and has `depth` rows. C has `columns`
        columns, and its rows start `c_row` elements apart.
        """

    def add_transposed(self, a, a_room, width, b, b_room, columns, height, sums):
        """Add the product Aᵀ B to `sums`, a float32 matrix in panels of columns.

        A and B have `height` rows each. The rows of A hold `width` numbers and start `a_room` elements apart; the rows
        of B hold `columns` numbers and start `b_room` elements apart.
        """


PRODUCTS: dict[Any, Products] = {types.float32: products_float32, types.uint16: products_bfloat16}
"""The implementations, keyed by the Numba dtype of the arrays that they multiply."""


def put_row(values, bits, start, into, into_start, count):
    """Implement `Products.put_row`."""


def add_product(a, room, height, b, depth, c, c_row, columns):
    """Implement `Products.add_product`."""


def add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    """Implement `Products.add_transposed`."""


@overload(put_row, jit_options=INLINED)
def _choose_put_row(values, bits, start, into, into_start, count):
    return PRODUCTS[into.dtype].put_row


@overload(add_product, jit_options=INLINED)
def _choose_add_product(a, room, height, b, depth, c, c_row, columns):
    return PRODUCTS[a.dtype].add_product


@overload(add_transposed, jit_options=INLINED)
def _choose_add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    return PRODUCTS[a.dtype].add_transposed
