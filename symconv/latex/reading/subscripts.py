"""The subscripts of an array: how many there are, and what is left out or left unsaid."""

from __future__ import annotations

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Size
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.syntax import Additive, Literal, Name, Node, Product, Stopped


def subscript_parts(
    array: Array, written: tuple[Node, ...], span: Span, context: Context
) -> tuple[int, tuple[Node, ...]]:
    """Return how many leading axes are left out, and one part per axis that is written.

    ``x_{22}`` and ``y_{kl}`` are two indices where the array has more than one axis that a
    text writes. Axes that the context calls omissible may be left out in front.

    Raises:
        Stopped: when the number of subscripts fits neither the array nor what may be left out.
    """
    rank = len(array.shape)
    fewest = rank - _omissible(array, context)
    if len(written) == 1 and rank > 1:
        units = _units(written[0], context)
        if len(units) > 1 and fewest <= len(units) <= rank:
            return rank - len(units), units
    if fewest <= len(written) <= rank:
        return rank - len(written), written
    shape = ", ".join(map(str, array.shape))
    if not written:
        raise Stopped(
            span,
            "unsupported",
            f"{array.name} stands without its indices: equations between whole arrays",
            f"write an index per axis: the shape of {array.name} is ({shape})",
        )
    if not rank:
        raise Stopped(
            span,
            "unclear-rank",
            f"{array.name} is a number without indices; with a subscript it may be another one",
            "let that one be known by a name of its own: symconv: array, and symconv: spelling",
        )
    if len(written) == 1 and _may_name_a_layer(written[0], rank):
        raise Stopped(
            span,
            "unclear-rank",
            f"one index on {array.name}, which has {rank} axes, may be the number of a layer",
            f"the shape of {array.name} is ({shape}): write one index per axis, with commas",
        )
    raise Stopped(
        span,
        "wrong-rank",
        f"{array.name} has {rank} axes, got {len(written)} "
        f"{'index' if len(written) == 1 else 'indices'}",
        f"the shape of {array.name} is ({shape}): write one index per axis, with commas",
    )


def _may_name_a_layer(part: Node, rank: int) -> bool:
    r"""Tell whether the one subscript of an array of several axes may count layers: W_2, W_l."""
    match part:
        case Literal(kind="number"):
            return rank > 1
        case Name(name=name, subscripts=None):
            return rank > 2 or (rank > 1 and name in ("l", "ell", "L"))
        case Additive(terms=(Name(name="l" | "ell" | "L"), *_)):
            return rank > 1
    return False


def split_units(node: Node, context: Context) -> tuple[Node, ...]:
    """Split indices that stand side by side without commas, as in a delta."""
    return _units(node, context)


def _omissible(array: Array, context: Context) -> int:
    """Count the leading axes that a text may leave out."""
    count = 0
    for extent in array.shape:
        if not isinstance(extent, Size) or extent not in context.omissible:
            break
        count += 1
    return count


def _units(node: Node, context: Context) -> tuple[Node, ...]:
    """Return digits and indices that stand side by side, or the node alone."""
    match node:
        case Literal(kind="number", text=text) if len(text) > 1 and text.isdecimal():
            start = node.span[0]
            return tuple(
                Literal((start + i, start + i + 1), 1, "number", digit)
                for i, digit in enumerate(text)
            )
        case Product(signs=signs, factors=factors) if not any(signs):
            parts: list[Node] = []
            for factor in factors:
                if isinstance(factor, Name) and Size(factor.name) in context.sizes:
                    return (node,)
                if not isinstance(factor, Name | Literal):
                    return (node,)
                parts.extend(_units(factor, context))
            return tuple(parts)
    return (node,)
