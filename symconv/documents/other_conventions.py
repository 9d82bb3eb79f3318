"""Common conventions under which a formula that is false as written may be true.

A text may end its sums before the upper bound, count from 1, take entries outside an array
for zero, let negative positions wrap around as Python does, flip its kernels, or mean over
the batch. None of this changes the verdict on what is written; it says what the author may
have had in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from symconv.algebra.expressions import (
    Add,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    IntegerExpression,
    Quotient,
    Range,
    Symbol,
    as_integer,
    between,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.scoping import arrays
from symconv.algebra.tree import map_parts
from symconv.latex.reading.context import Context, UpperBounds
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, FormulaReading, Span

OUT_OF_RANGE = ("out-of-range", "out-of-range-number")
"""The codes of what reads entries outside an array."""


@dataclass(frozen=True, slots=True)
class OtherReading:
    """One way to understand a statement otherwise.

    Attributes:
        condition: how the statement is then read, behind "proved when".
        statement: what it then says, in the conventions of symconv.
        declaration: what declares the convention for a whole document, or an empty string.
        correct: whether `statement` can be offered as the corrected formula.
    """

    condition: str
    statement: Statement
    declaration: str = ""
    correct: bool = False


class Rereadings:
    """Formulas read once more under other conventions.

    Those of the last formula are remembered: each of its rows asks for them again.
    """

    def __init__(self) -> None:
        self._text = ""
        self._context: Context | None = None
        self._known: dict[tuple[object, ...], FormulaReading] = {}

    def read(self, text: str, context: Context, other: Context) -> FormulaReading:
        """Read a formula in a context that differs from its own in conventions alone."""
        if text != self._text or context is not self._context:
            self._text, self._context, self._known = text, context, {}
        key = (other.upper_bounds, other.index_base, other.index_bases)
        if key not in self._known:
            self._known[key] = read_formula(text, other)
        return self._known[key]


def conventions(
    text: str,
    span: Span,
    context: Context,
    statement: Statement,
    code: str | None,
    rereadings: Rereadings | None = None,
) -> Iterator[OtherReading]:
    """Yield what an equality says under each convention that may matter, likely ones first.

    Args:
        text: the formula as it was read.
        span: where the equality stands in it.
        context: what was known where it was read.
        statement: what it says as written.
        code: why it fails as written.
        rereadings: what was read before, for several equalities of one formula.
    """
    rereadings = rereadings or Rereadings()
    seen = [statement]
    for convention, other in _readings(context, statement):
        again = _equality_at(span, rereadings.read(text, context, other))
        if again is not None and again not in seen:
            seen.append(again)
            yield replace(convention, statement=again)
    if code in OUT_OF_RANGE:
        zero = zero_extended(statement)
        if zero != statement:
            yield OtherReading("entries outside an array are read as zero", zero, correct=True)
        wrapped = _both_sides(statement, _wrapped)
        if wrapped != statement:
            yield OtherReading("negative positions wrap around, as in Python", wrapped)
    for name, axes in _kernels(context):
        flipped = _both_sides(statement, partial(_flipped, name=name, axes=axes))
        if flipped != statement:
            yield OtherReading(f"the kernel {name} is read as flipped", flipped)
    mean = _mean(context, statement)
    if mean is not None:
        yield OtherReading("the loss is the mean over the batch, not the sum", mean)


def zero_extended(statement: Statement) -> Statement:
    """Return what an equality says where entries outside an array are read as zero."""
    free = statement.free
    return statement.with_sides(_guarded(statement.lhs, free), _guarded(statement.rhs, free))


def _readings(context: Context, statement: Statement) -> Iterator[tuple[OtherReading, Context]]:
    """Yield other ways to read the text, each with the context in which it is then read."""
    bounds: UpperBounds = "inclusive" if context.upper_bounds == "exclusive" else "exclusive"
    ended = OtherReading(
        f"upper bounds are read as {bounds}",
        statement,
        declaration=f"upper-bounds {bounds}",
        correct=bounds == "exclusive" and context.index_base == 0 and not context.index_bases,
    )
    yield ended, context.with_upper_bounds(bounds)
    base = 1 - context.index_base
    counted = replace(context, index_base=base, index_bases=())
    declaration = f"index-base {base}"
    yield OtherReading(f"indices count from {base}", statement, declaration), counted
    yield (
        OtherReading(
            f"indices count from {base} and {ended.condition}",
            statement,
            f"{declaration}; {ended.declaration}",
        ),
        counted.with_upper_bounds(bounds),
    )
    names = [array.name for side in (statement.lhs, statement.rhs) for array in arrays(side)]
    distinct = [name for name in dict.fromkeys(names) if context.array(name) is not None]
    if len(distinct) > 1:
        for name in distinct:
            other = 1 - context.base_of(name)
            condition = f"the indices of {name} count from {other}"
            yield (
                OtherReading(condition, statement, f"index-base {other} {name}"),
                context.with_index_base(other, name),
            )


def _equality_at(span: Span, reading: FormulaReading) -> Statement | None:
    for item in reading.items:
        if isinstance(item, Equality) and item.span == span:
            return item.statement
    return None


def _both_sides(statement: Statement, change: Callable[[Entry], Expression]) -> Statement:
    return statement.with_sides(
        map_entries(statement.lhs, change), map_entries(statement.rhs, change)
    )


def map_entries(expression: Expression, change: Callable[[Entry], Expression]) -> Expression:
    """Replace entries that are read as values, not those of derivatives."""
    match expression:
        case Entry():
            return change(expression)
        case Derivative(body=Entry()):
            return expression
        case Derivative(body=body, by=by):
            return Derivative(map_entries(body, change), by)
    return map_parts(expression, lambda part: map_entries(part, change), only=Expression)


def _guarded(expression: Expression, ranges: tuple[Range, ...]) -> Expression:
    """Guard every entry on the axes on which it is not plainly inside its array."""
    match expression:
        case Entry(array=array, indices=indices):
            conditions = [
                between(0, index, extent - 1)
                for index, extent in zip(indices, array.shape, strict=True)
                if not _plainly_inside(index, extent, ranges)
            ]
            return Mul((*map(Iverson, conditions), expression)) if conditions else expression
        case Derivative():
            return expression
        case Sum(ranges=inner):
            known = tuple(item for item in ranges if item.index not in {r.index for r in inner})
            ranges = (*known, *inner)
    return map_parts(expression, lambda part: _guarded(part, ranges), only=Expression)


def _plainly_inside(
    index: IntegerExpression, extent: IntegerExpression, ranges: tuple[Range, ...]
) -> bool:
    if index == Constant(0):
        return True
    return any(
        item.index == index
        and item.lower in (Constant(0), Constant(1))
        and same_polynomial(item.upper, extent - 1)
        for item in ranges
    )


def _wrapped(entry: Entry) -> Expression:
    """Read position -1 as the last one, on every axis."""
    parts: list[Expression] = [entry]
    for axis, extent in enumerate(entry.array.shape):
        split: list[Expression] = []
        for part in parts:
            known = part.factors[-1] if isinstance(part, Mul) else part
            assert isinstance(known, Entry), "an entry stands last behind its guards"
            guards = part.factors[:-1] if isinstance(part, Mul) else ()
            index = known.indices[axis]
            if _plain(index):
                split.append(part)
                continue
            indices = list(known.indices)
            indices[axis] = index + extent
            split.append(Mul((*guards, Iverson(index >= 0), known)))
            split.append(Mul((*guards, Iverson(index <= -1), Entry(known.array, tuple(indices)))))
        parts = split
    return parts[0] if len(parts) == 1 else Add(tuple(parts))


def _plain(index: IntegerExpression) -> bool:
    return isinstance(index, Symbol | Constant)


def _kernels(context: Context) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the arrays of filters, with the axes along which the filter slides."""
    if context.layer is None:
        return
    weights = context.layer.weights
    if weights is not None:
        yield weights.name, tuple(range(2, len(weights.shape)))


def _flipped(entry: Entry, name: str, axes: tuple[int, ...]) -> Expression:
    if entry.array.name != name:
        return entry
    indices = tuple(
        entry.array.shape[axis] - 1 - index if axis in axes else index
        for axis, index in enumerate(entry.indices)
    )
    return Entry(entry.array, indices)


def _mean(context: Context, statement: Statement) -> Statement | None:
    """Divide the derivative of the loss by the number of images."""
    layer = context.layer
    if layer is None or layer.loss is None or layer.output is None:
        return None
    lhs = statement.lhs
    if not (
        isinstance(lhs, Derivative) and isinstance(lhs.body, Entry) and lhs.body.array == layer.loss
    ):
        return None
    share = Number(Quotient(as_integer(1), layer.output.shape[0]))
    return statement.with_sides(Mul((share, lhs)), statement.rhs)
