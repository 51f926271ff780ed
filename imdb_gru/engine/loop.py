"""The loop that adds up the products of a tile, in LLVM."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir

INDEX = ir.IntType(64)
Tile = Mapping[tuple[int, int], Any]
"""A tile's values, keyed by row index and vector index."""


def build_loop(
    builder: Any, steps: Any, moving: Sequence[tuple[Any, Any]], sums: Tile, add: Callable[[Sequence[Any], Tile], Tile]
) -> Tile:
    """Build a loop of `steps` (at least one) iterations, and return the sums after the last iteration.

    `moving` pairs each pointer with the number of elements by which it moves in every iteration. `add` is called only
    once, to build the code of an iteration: it takes the current pointers and sums, and returns the new sums.
    """
    start, loop, end = builder.basic_block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    k, pointers = builder.phi(INDEX), [builder.phi(pointer.type) for pointer, _ in moving]
    before = {place: builder.phi(value.type) for place, value in sums.items()}
    after = add(pointers, before)
    following = builder.add(k, INDEX(1))
    moved = [builder.gep(pointer, [step]) for pointer, (_, step) in zip(pointers, moving, strict=True)]
    for phi, first, later in (
        (k, INDEX(0), following),
        *((phi, first, later) for phi, (first, _), later in zip(pointers, moving, moved, strict=True)),
        *((before[place], sums[place], after[place]) for place in sums),
    ):
        phi.add_incoming(first, start)
        phi.add_incoming(later, loop)
    builder.cbranch(builder.icmp_signed("<", following, steps), loop, end)
    builder.position_at_end(end)
    return after


def spread_value(builder: Any, value: Any, lanes: int) -> Any:
    """Return a vector that has the same value in all lanes."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))
