r"""What an equality may mean beside what was read: reasons not to call it false.

A formula of a text is not always a claim about every size and every entry: it may say how two
letters are related, put the numbers of an example in, or name layers by numbers where powers
stand. Read as a claim, such a formula is false, and its author is right. A doubt stands beside
the equality: true as it was read is true, and false as it was read is undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from symconv.algebra.expressions import (
    Add,
    Array,
    Derivative,
    Entry,
    Expression,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    Index,
    IntegerExpression,
    Plus,
    Quotient,
    Times,
    equal,
)
from symconv.algebra.scoping import arrays, entries
from symconv.algebra.tree import symbols
from symconv.latex.reading.claims import Relation
from symconv.latex.reading.meaning.sides import Side
from symconv.latex.reading.syntax import Literal, Name, Node, Power, children

_SIGNS: Final[dict[Relation, str]] = {
    "equivalent": "the sign of three strokes may mean a definition, or a congruence",
    "defines": "it is written as a definition of what is known otherwise already",
    "asked": "the mark above its sign may mean that it is asked for",
}
_CYCLIC = "it may define what it is made of itself"
_CHOSEN = "it may be a choice of the text, and no claim"
_RELATED = "an equation between indices alone may say how they are related"
_EXAMPLE = "it may be about the numbers of an example, which no formula says"
_AT_EXAMPLE = "it may be about the sizes of the example that the text gives"
_FROM_ONE = "its positions may count from 1 (declare it: symconv: index-base 1)"
_ROUNDED = "a quotient or a decimal may be rounded"
_LAYERS = "a number above a name may be that of a layer, and no power"


def doubts(
    left: Side, right: Side, made: Statement, relation: Relation, *, by_rows: bool = False
) -> tuple[str, ...]:
    """Return what else an equality may mean, as sentences; none where it is plain.

    Args:
        left: its left side.
        right: its right side.
        made: the statement that it was read as.
        relation: what the sign between them says.
        by_rows: whether the left side is an entry that a literal matrix gives by its place.
    """
    context = left.scope.context
    found: dict[str, None] = {**left.scope.doubts, **right.scope.doubts}
    if relation in _SIGNS:
        found[_SIGNS[relation]] = None
    match left.expression, right.expression:
        case Number(value=first), Number(value=second):
            found |= dict.fromkeys(_between_integers(first, second, made))
            unsaid = any(equal(*example) not in made.assumptions for example in context.examples)
            derived = {item.size for item in context.layer.derived} if context.layer else set()
            given = {size for size, _ in context.examples} | derived
            divided = any(map(_is_divided, (first, second)))
            if unsaid and not divided and {*symbols(first), *symbols(second)} <= given:
                found[_AT_EXAMPLE] = None
        case (Number(value=value), other) | (other, Number(value=value)):
            if not any(symbols(value)) and _is_example(other, value, made):
                found[_EXAMPLE] = None
            if isinstance(other, Entry) and context.is_input(other.array):
                found[_CHOSEN] = None
        case Entry(array=one), Entry(array=other) if all(map(context.is_input, (one, other))):
            found[_CHOSEN] = None
        case Entry(array=array), other if _is_undefined(array, left) and array not in arrays(other):
            found[_CYCLIC] = None
        case _:
            if _is_worked_out(made):
                found[_EXAMPLE] = None
    if _counts_from_one(right) and (by_rows or _counts_from_one(left)):
        found[_FROM_ONE] = None
    if _has_powers(left.node) or _has_powers(right.node):
        found[_LAYERS] = None
    return tuple(found)


def _counts_from_one(side: Side) -> bool:
    """Tell whether no position that is written in a side is the one that the text counts from."""
    context = side.scope.context
    written = [position for _, _, position, _ in side.scope.numbers]
    bases = {context.base_of(array.name) for array, *_ in side.scope.numbers}
    return bases == {0} and 0 not in written


def _is_undefined(array: Array, side: Side) -> bool:
    """Tell whether an array is one of the text's own that nothing defines."""
    context = side.scope.context
    layer = context.layer.array_by_name if context.layer else {}
    return array.name not in layer and context.definition(array.name) is None


def _between_integers(
    first: IntegerExpression, second: IntegerExpression, made: Statement
) -> Iterator[str]:
    free = {s for value in (first, second) for s in symbols(value) if isinstance(s, Index)}
    if free and not made.where:
        yield _RELATED
    plain = [value for value in (first, second) if not any(symbols(value))]
    if len(plain) == 1:
        yield _EXAMPLE
    if any(map(_is_divided, plain)):
        yield _ROUNDED


def _is_example(other: Expression, value: IntegerExpression, made: Statement) -> bool:
    """Tell whether a number may be what an entry, or its gradient, is in an example."""
    match other:
        case Entry(array=array):
            return value != Constant(0) or not array.shape or _at_numbers(made)
        case Derivative():
            return value not in (Constant(0), Constant(1)) and _at_numbers(made)
    return False


def _is_worked_out(made: Statement) -> bool:
    """Tell whether an equation between elements has numbers in it where entries may stand."""
    return _at_numbers(made) and any(
        isinstance(factor.value, Constant) and factor.value.value not in (0, 1, -1)
        for side in (made.lhs, made.rhs)
        for factor in _numbers(side)
    )


def _at_numbers(made: Statement) -> bool:
    found = [entry for side in (made.lhs, made.rhs) for entry in entries(side)]
    positions = [index for entry in found for index in entry.indices]
    return bool(positions) and all(isinstance(index, Constant) for index in positions)


def _numbers(expression: Expression) -> Iterator[Number]:
    match expression:
        case Number():
            yield expression
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from _numbers(part)
        case Sum(body=body):
            yield from _numbers(body)
        case _:
            return


def _is_divided(value: IntegerExpression) -> bool:
    match value:
        case Quotient():
            return True
        case Plus(terms=parts) | Times(factors=parts):
            return any(map(_is_divided, parts))
    return False


def _has_powers(node: Node) -> bool:
    """Tell whether something has the first power, which nobody writes, or is a power alone."""
    match node:
        case Power(base=Name(), exponents=(Literal(kind="number"),)):
            return True
    return _has_first_power(node)


def _has_first_power(node: Node) -> bool:
    match node:
        case Power(exponents=(Literal(kind="number", text="1"),)):
            return True
    return any(map(_has_first_power, children(node)))
