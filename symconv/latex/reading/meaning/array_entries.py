"""Entries of arrays: what their subscripts mean, and where they stand outside of the array."""

from __future__ import annotations

from typing import Final

from symconv.algebra.expressions import Array, Delta, Derivative, Entry, Expression
from symconv.algebra.indices import Constant, Index, IntegerExpression, Size, as_integer
from symconv.algebra.ratios import same_polynomial
from symconv.latex.reading.context import Context
from symconv.latex.reading.cue_words import WORDS
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.integers import gradient_of, integer_of
from symconv.latex.reading.meaning.scope import (
    Scope,
    usual_bounds,
)
from symconv.latex.reading.syntax import Additive, Literal, Name, Node, Product, Stopped

KRONECKER: Final = r"\delta"
"""What the Kronecker delta is called where a text gives the letter another meaning."""


def named_entry(node: Name, scope: Scope) -> Expression:
    """Give meaning to a name that is no integer: an entry of an array, or a gradient.

    Raises:
        Stopped: when it is not declared, or its indices have no meaning.
    """
    gradient = gradient_of(node.name, scope)
    if gradient is not None:
        loss, by = gradient
        scope.note(f"{node.name} is read as the derivative of {loss} by {by}")
        return Derivative(Entry(loss, ()), entry_at(by, node.subscripts or (), node.span, scope))
    array = scope.context.array(node.name)
    if array is None:
        axes = len(node.subscripts or ())
        if Size(node.name) in scope.context.sizes:
            raise Stopped(
                node.span,
                "undeclared-name",
                f"{node.name} is a size, and has a subscript here",
                "put a space between two names side by side, as in H w_{...}, "
                "or let the array have another name with: symconv: spelling",
            )
        raise scope.undeclared(node.name, node.span, axes=axes)
    return entry_at(array, node.subscripts or (), node.span, scope)


def entry_at(array: Array, written: tuple[Node, ...], span: Span, scope: Scope) -> Entry:
    """Return the entry of an array at what stands in its subscript.

    Raises:
        Stopped: when an index has no meaning, or stands outside of the array.
    """
    _refuse_word(array, written, scope)
    omitted, parts = _subscripts(array, written, span, scope.context)
    base = scope.context.base_of(array.name)
    indices: list[IntegerExpression] = [as_integer(0)] * omitted
    for extent in array.shape[:omitted]:
        _ = scope.omitted.setdefault(extent, span)
    for axis, part in enumerate(parts, start=omitted):
        _ = scope.kept.setdefault(array.shape[axis], span)
        value = integer_of(part, scope, subscript=True)
        if isinstance(value, Index):
            if scope.context.abbreviation(value.name) is not None:
                scope.lone_abbreviations[value.name] = part.span
            else:
                scope.stands_alone(value.name, array, axis)
                if omitted:
                    _refuse_other_axis(value.name, array, axis, part, scope)
        if isinstance(value, Constant):
            value = Constant(value.value - base)
            _refuse_outside(array, axis, value, part, scope)
            scope.numbers.append((array, axis, value.value, part.span))
        elif base:
            value = value - base
        indices.append(value)
    scope.require_domain(array.name, span, indices)
    return Entry(array, tuple(indices))


def _refuse_word(array: Array, written: tuple[Node, ...], scope: Scope) -> None:
    """Refuse letters side by side that spell a word: a_{prev} is no entry at p, r, e and v."""
    letters = _units(written[0], scope.context) if len(written) == 1 else ()
    word = "".join(letter.name for letter in letters if isinstance(letter, Name))
    if word in WORDS and not any(map(scope.is_bound, word)):
        raise Stopped(
            written[0].span,
            "unsupported",
            f"the subscript {word} of {array.name} is a word, and no index",
            f"let it mean an array of its own: symconv: spelling {array.name}_{{{word}}} = ...",
        )


def _refuse_other_axis(name: str, array: Array, axis: int, part: Node, scope: Scope) -> None:
    """Refuse an index of images, channels or filters on another axis of fewer that are written.

    In y_{n,f,k} no axis of images is left out: an index is missing.
    """
    usual = usual_bounds(name, scope.context)
    if usual is None or scope.is_bound(name):
        return
    for size in scope.context.omissible:
        last = size - 1 + scope.context.base_of(array.name)
        if same_polynomial(usual[1], last) and array.shape[axis] != size:
            raise Stopped(
                part.span,
                "unclear-rank",
                f"{name} stands on the axis of {array.shape[axis]} of {array.name}, "
                f"and usually runs over {size}",
                "write one index per axis",
            )


def _refuse_outside(array: Array, axis: int, value: Constant, part: Node, scope: Scope) -> None:
    extent = array.shape[axis]
    too_large = isinstance(extent, Constant) and value.value >= extent.value
    if value.value < 0 or too_large:
        base = scope.context.base_of(array.name)
        raise Stopped(
            part.span,
            "out-of-range-number",
            f"{array.name} has no position {value.value + base} on an axis of extent {extent}",
            f"positions of {array.name} count from {base}",
        )


def delta_of(node: Node, items: tuple[Node, ...], scope: Scope) -> Expression:
    """Give meaning to a Kronecker delta.

    Raises:
        Stopped: when it has not two indices.
    """
    if len(items) == 1:
        items = _units(items[0], scope.context)
    unread = scope.context.domain(KRONECKER) is not None
    if len(items) != 2 or unread:
        fact = f"a Kronecker delta has two indices, and this delta has {len(items)}"
        raise Stopped(
            node.span,
            "unsupported",
            "the text says what delta is, in a way that is not read" if unread else fact,
            "if it is an array here, say which one with: symconv: spelling \\delta = dout",
        )
    left, right = (integer_of(item, scope, subscript=True) for item in items)
    return Delta(left, right)


def _subscripts(
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
