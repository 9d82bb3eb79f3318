"""The layer of a statement that was given none."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.algebra.dependence import derivatives
from symconv.algebra.expressions import Statement
from symconv.algebra.scoping import arrays, size_symbols
from symconv.layers.layer import Layer
from symconv.layers.registry import layer_with, layers_alike
from symconv.verdicts import Note


def layer_of_its_own(statement: Statement) -> tuple[Layer, tuple[Note, ...], Iterable[Layer]]:
    """Return the layer of a statement that stands alone, with a note where it is a known one.

    Behind it stand other layers that nothing in the statement tells from that one.

    Its sizes are at least 1, and its arrays have entries that stand for themselves. Nothing
    says that they are inputs, so where something is differentiated the layer is one that
    symconv ships and that has all of its arrays, or no other derivative is known.
    """
    found = {**arrays(statement.lhs), **arrays(statement.rhs)}
    # Where one name has two shapes nothing is decided, whichever is taken here.
    inputs = sorted({array.name: array for array in found}.values(), key=lambda array: array.name)
    if derivatives(statement.lhs) or derivatives(statement.rhs):
        shipped = layer_with(found, size_symbols(statement))
        if shipped is not None:
            said = Note("reading", f"about the layer {shipped.name}")
            return shipped, (said,), layers_alike(shipped, found)
        inputs = []
    names = sorted(size_symbols(statement), key=lambda size: size.name)
    return Layer(name="statement", given=tuple(names), inputs=tuple(inputs)), (), ()
