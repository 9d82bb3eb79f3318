"""A layer applied inside another: its definitions with other sizes and other entries.

"The gradient by the input is a transposed convolution of the upstream gradient" speaks of one
layer in the letters of another. Applying a layer takes its own definitions, puts expressions
in the place of its sizes and of its inputs' entries, and gives its arrays a name of their own,
so that what a theorem compares with is the layer itself and no copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from symconv.algebra.expressions import Array, Definition, Entry, Expression
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    IntegerLike,
    Symbol,
    as_integer,
)
from symconv.algebra.scoping import free_indices, inline, substitute
from symconv.algebra.tree import map_parts
from symconv.layers.layer import Layer

Entries: TypeAlias = Callable[..., Expression]
"""What stands in the place of an array's entry, by its indices."""


@dataclass(frozen=True, slots=True)
class Application:
    """A layer applied to the arrays and sizes of another.

    Attributes:
        output: the array that holds its output.
        definitions: what its arrays are.
        conditions: what it asks of its sizes, the derived ones included.
    """

    output: Array
    definitions: tuple[Definition, ...]
    conditions: tuple[Condition, ...]


def entries_of(array: Array) -> Entries:
    """Return the entries of an array, by their indices."""
    return lambda *at: array[at]


def apply_layer(
    layer: Layer, name: str, sizes: Mapping[str, IntegerLike], entries: Mapping[str, Entries]
) -> Application:
    """Apply a layer.

    Args:
        layer: what is applied.
        name: the name of its output; its other arrays get it as a prefix.
        sizes: the value of each of its sizes, derived ones included.
        entries: what each of its inputs holds, the upstream gradient left out.
    """
    assert layer.output is not None, f"{layer.name} has an output"
    known: dict[Symbol, IntegerExpression] = {
        size: as_integer(sizes[size.name]) for size in layer.every_size
    }
    inner = [item for item in layer.definitions if item.array != layer.loss]
    arrays = {
        item.array.name: Array(
            name if item.array == layer.output else f"{name}_{item.array.name}",
            tuple(substitute(extent, known) for extent in item.array.shape),
        )
        for item in inner
    }
    held = {**entries, **{old: entries_of(new) for old, new in arrays.items()}}
    table = {name: _held(layer.array_by_name[name], of) for name, of in held.items()}

    def applied(node: Expression) -> Expression:
        if isinstance(node, Entry):
            return inline(table[node.array.name], node.indices)
        return map_parts(node, applied, only=Expression)

    definitions = tuple(
        Definition(
            arrays[item.array.name][item.target.indices], applied(substitute(item.body, known))
        )
        for item in inner
    )
    return Application(
        arrays[layer.output.name],
        definitions,
        tuple(substitute(condition, known) for condition in layer.size_constraints),
    )


def _held(array: Array, entries: Entries) -> Definition:
    """Return what an array holds, at indices that nobody else has: no sum can catch them."""
    at = tuple(Index(f"{array.name}#{axis}") for axis in range(len(array.shape)))
    body = entries(*at)
    foreign = [index for index in free_indices(body) if index not in at]
    assert not foreign, f"{body} brings {foreign[0]} along, which a sum of the layer would catch"
    return Definition(array[at], body)
