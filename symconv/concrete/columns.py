"""Integer expressions, conditions and coefficients over whole columns of index values.

`evaluation` decides them for one value of every index at a time. Here an expression is
compiled once, without sizes, into a function that takes a column of values per index and
returns a column of results. Columns broadcast, so an expression in p and k is computed on
the grid of a row of p and a column of k without listing the pairs.

Numbers are exact: int64 while a bound that is computed beforehand (`ColumnFormula.growth`) shows
that nothing can overflow, and Python integers and fractions in object arrays where a
division leaves a remainder.

`live` says at which rows the author's text is reached at all. A part behind a zero factor,
or behind a condition that settles an `and` or an `or`, cannot fail there. A failure (a zero
divisor, an index without a value) is recorded with its rows, and computing goes on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.expressions import (
    Add,
    Delta,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
    product_factors,
)
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Size,
    Symbol,
    Times,
)
from symconv.algebra.scoping import free_indices
from symconv.algebra.tree import integers, parts, symbols
from symconv.errors import TooLarge

Column: TypeAlias = Any
"""An int, a Fraction, a bool, or an array of them that broadcasts against the others."""
Live: TypeAlias = "np.ndarray | None"
"""A mask of the rows at which something is reached; None for all of them."""
Growth: TypeAlias = tuple[int, int]
"""(factor, degree): no value passes factor * reach**degree in magnitude, where `reach` is
at least 1 and bounds the magnitude of every size and index."""

LONGEST_INNER_SUM = 1_000_000
"""A sum inside a coefficient runs in Python, one step per value; longer ones are refused."""


@dataclass(frozen=True, slots=True)
class NoValue:
    """Rows at which an expression has no value; `where` is None for every row."""

    code: str
    fact: str
    help: str
    where: Live


@dataclass(slots=True)
class ColumnScope:
    """The values that an expression is computed from, and the failures met on the way."""

    sizes: Mapping[str, int]
    columns: Mapping[str, Column]
    failures: list[NoValue] = field(default_factory=list)

    def fail(self, code: str, fact: str, help: str, where: Live) -> None:
        """Record a failure, unless no row of it is reached."""
        if where is None or where.any():
            self.failures.append(NoValue(code, fact, help, where))


Function: TypeAlias = Callable[[ColumnScope, Live], Column]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnFormula:
    """A compiled expression; compared by identity.

    Attributes:
        value: computes it from a scope, at the rows that are live.
        indices: the names of the indices that it depends on, in order of appearance.
        growth: a bound on every number met while computing it.
        plain: the name of the index that it is, or None where it is more than an index.
    """

    value: Function
    indices: tuple[str, ...]
    growth: Growth
    plain: str | None = None


def integer_formula(expression: IntegerExpression) -> ColumnFormula:
    """Compile an integer expression."""
    return ColumnFormula(
        _integer(expression),
        tuple(_index_names(symbols(expression))),
        _integer_growth(expression, {}),
        expression.name if isinstance(expression, Index) else None,
    )


def condition_formula(condition: Condition) -> ColumnFormula:
    """Compile a condition; its values are truth values."""
    return ColumnFormula(
        _condition(condition),
        tuple(_index_names(symbols(condition))),
        _largest(_integer_growth(integer, {}) for integer in integers(condition)),
    )


def equality_formula(left: ColumnFormula, right: ColumnFormula) -> ColumnFormula:
    """Combine two formulas into the condition that their values are equal."""
    first, second = left.value, right.value
    return ColumnFormula(
        lambda scope, live: first(scope, live) == second(scope, live),
        tuple(dict.fromkeys(left.indices + right.indices)),
        _largest((left.growth, right.growth)),
    )


def coefficient_formula(expression: Expression) -> ColumnFormula:
    """Compile an expression without entries; its values are exact numbers."""
    return ColumnFormula(
        _coefficient(expression),
        tuple(index.name for index in free_indices(expression)),
        _coefficient_growth(expression, {}),
    )


def whole(values: Column) -> Column:
    """Tell, row by row, whether values are integers."""
    if isinstance(values, np.ndarray):
        if values.dtype != object:
            return np.ones(values.shape, dtype=bool)
        return np.frompyfunc(lambda value: value.denominator == 1, 1, 1)(values).astype(bool)
    return values.denominator == 1


def _index_names(found: Any) -> dict[str, None]:
    return dict.fromkeys(symbol.name for symbol in found if isinstance(symbol, Index))


def _integer(expression: IntegerExpression) -> Function:
    match expression:
        case Constant(value=value):
            return lambda _scope, _live: value
        case Symbol():
            return _symbol(expression)
        case Plus(terms=terms):
            return _chained(operator.add, terms, 0)
        case Times(factors=factors):
            return _chained(operator.mul, factors, 1)
        case Quotient(dividend=dividend, divisor=divisor):
            return _division(_quotient, dividend, divisor)
        case FloorDivision(dividend=dividend, divisor=divisor):
            return _division(operator.floordiv, dividend, divisor)
        case CeilingDivision(dividend=dividend, divisor=divisor):
            return _division(lambda a, b: -((-a) // b), dividend, divisor)
        case Remainder(dividend=dividend, divisor=divisor):
            return _division(operator.mod, dividend, divisor)
        case Minimum(arguments=arguments):
            return _chained(_least, arguments, None)
        case Maximum(arguments=arguments):
            return _chained(_greatest, arguments, None)
    raise TypeError(f"not an integer expression: {expression!r}")


def _symbol(symbol: Symbol) -> Function:
    name = symbol.name
    fact = f"{name} has no value: it is neither a size, nor a free index, nor summed"
    help = f"put {name} under a sum, or give it a range as a free index"

    def size(scope: ColumnScope, live: Live) -> Column:
        value = scope.sizes.get(name)
        return unbound(scope, live) if value is None else value

    def index(scope: ColumnScope, live: Live) -> Column:
        value = scope.columns.get(name)
        return unbound(scope, live) if value is None else value

    def unbound(scope: ColumnScope, live: Live) -> Column:
        scope.fail("unbound-index", fact, help, live)
        return 0

    if isinstance(symbol, Size):
        return size
    return index if isinstance(symbol, Index) else unbound


def _chained(
    combine: Callable[[Column, Column], Column],
    parts: tuple[IntegerExpression, ...],
    empty: int | None,
) -> Function:
    functions = [_integer(part) for part in parts]
    match functions:
        case [] if empty is not None:
            return lambda _scope, _live: empty
        case []:
            raise TypeError("a minimum or a maximum needs an argument")
        case [first]:
            return first
        case [first, second]:
            return lambda scope, live: combine(first(scope, live), second(scope, live))
    return lambda scope, live: reduce(combine, (part(scope, live) for part in functions))


def _division(
    divide: Callable[[Column, Column], Column],
    dividend: IntegerExpression,
    divisor: IntegerExpression,
) -> Function:
    above, below = _integer(dividend), _nonzero(divisor)
    return lambda scope, live: divide(above(scope, live), below(scope, live))


def _nonzero(divisor: IntegerExpression) -> Function:
    """Compute a divisor; where it is zero that is a failure, and 1 stands in for it."""
    function, text = _integer(divisor), f"division by {divisor}, which is 0"

    def checked(scope: ColumnScope, live: Live) -> Column:
        value = function(scope, live)
        zero = value == 0
        if isinstance(value, np.ndarray):
            if zero.any():
                scope.fail("division-by-zero", text, "", _both(live, zero))
                return np.where(zero, 1, value)
        elif zero:
            scope.fail("division-by-zero", text, "", live)
            return 1
        return value

    return checked


def _quotient(dividend: Column, divisor: Column) -> Column:
    if not isinstance(dividend, np.ndarray) and not isinstance(divisor, np.ndarray):
        return _lowest(Fraction(dividend) / divisor)
    if not np.any(dividend % divisor):
        return dividend // divisor
    divided = np.frompyfunc(lambda a, b: _lowest(Fraction(a) / b), 2, 1)
    return np.asarray(divided(dividend, divisor), dtype=object)


def _lowest(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value


def _least(left: Column, right: Column) -> Column:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.minimum(left, right)
    return min(left, right)


def _greatest(left: Column, right: Column) -> Column:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.maximum(left, right)
    return max(left, right)


_RELATIONS: dict[str, Callable[[Column, Column], Column]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}


def _condition(condition: Condition) -> Function:
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            compare, first, second = _RELATIONS[relation], _integer(left), _integer(right)
            return lambda scope, live: compare(first(scope, live), second(scope, live))
        case Divides(divisor=divisor, value=value):
            above, below = _integer(value), _nonzero(divisor)
            return lambda scope, live: above(scope, live) % below(scope, live) == 0
        case And(conditions=parts):
            return _junction(parts, settled_by=False)
        case Or(conditions=parts):
            return _junction(parts, settled_by=True)
        case Not(condition=part):
            inner = _condition(part)
            return lambda scope, live: _negated(inner(scope, live))
    raise TypeError(f"not a condition: {condition!r}")


def _junction(parts: tuple[Condition, ...], *, settled_by: bool) -> Function:
    """Join conditions left to right; rows that one of them settles do not reach the next."""
    functions = [_condition(part) for part in parts]

    def joined(scope: ColumnScope, live: Live) -> Column:
        result: Column = not settled_by
        for function in functions:
            value = function(scope, live)
            result = (result | value) if settled_by else (result & value)
            if not isinstance(result, np.ndarray):
                if bool(result) is settled_by:
                    return settled_by
            else:
                live = _both(live, _negated(result) if settled_by else result)
        return result

    return joined


def _negated(value: Column) -> Column:
    return np.logical_not(value) if isinstance(value, np.ndarray) else not value


def _both(live: Live, mask: np.ndarray) -> np.ndarray:
    return mask if live is None else live & mask


def _coefficient(expression: Expression) -> Function:
    match expression:
        case Number(value=value):
            return _integer(value)
        case Delta(left=left, right=right):
            first, second = _integer(left), _integer(right)
            return lambda scope, live: _bit(first(scope, live) == second(scope, live))
        case Iverson(condition=condition):
            truth = _condition(condition)
            return lambda scope, live: _bit(truth(scope, live))
        case Add(terms=terms):
            functions = [_coefficient(term) for term in terms]
            return lambda scope, live: sum(function(scope, live) for function in functions)
        case Mul():
            return _guarded_product([_coefficient(part) for part in product_factors(expression)])
        case Sum(body=body, ranges=ranges):
            return _inner_sum(_coefficient(body), ranges)
    raise TypeError(f"not an expression without entries: {expression!r}")


def _bit(value: Column) -> Column:
    return value.astype(np.int64) if isinstance(value, np.ndarray) else int(value)


def _guarded_product(functions: list[Function]) -> Function:
    """Multiply left to right; rows at which a factor is zero do not reach the next."""

    def product(scope: ColumnScope, live: Live) -> Column:
        result: Column = 1
        for function in functions:
            result = result * function(scope, live)
            if isinstance(result, np.ndarray):
                live = _both(live, result != 0)
            elif result == 0:
                return 0
        return result

    return product


def _inner_sum(function: Function, ranges: tuple[Range, ...]) -> Function:
    for item in reversed(ranges):
        function = _one_range(function, item)
    return function


def _one_range(function: Function, item: Range) -> Function:
    """Sum over one range: all rows take a step together, those outside it are masked."""
    lower_end, upper_end, name = _integer(item.lower), _integer(item.upper), item.index.name

    def total(scope: ColumnScope, live: Live) -> Column:
        lower = _end(lower_end(scope, live), item, scope, live)
        upper = _end(upper_end(scope, live), item, scope, live)
        reached = lower <= upper if live is None else (lower <= upper) & live
        if not np.any(reached):
            return 0
        first, last = int(np.min(lower)), int(np.max(upper))
        if last - first >= LONGEST_INNER_SUM:
            raise TooLarge(
                f"the range {item} inside a coefficient has {last - first + 1:,} values",
                terms=last - first + 1,
                help="choose smaller sizes",
            )
        result: Column = 0
        for value in range(first, last + 1):
            inside = (lower <= value) & (value <= upper)
            inner = ColumnScope(scope.sizes, {**scope.columns, name: value}, scope.failures)
            if isinstance(inside, np.ndarray):
                result = result + np.where(inside, function(inner, _both(live, inside)), 0)
            else:
                result = result + function(inner, live)
        return result

    return total


def _end(value: Column, item: Range, scope: ColumnScope, live: Live) -> Column:
    """Check that a range ends at an integer; where it does not, that is a failure."""
    integral = whole(value)
    if np.all(integral):
        return value
    fact, help = range_failure(item, "where it is not an integer")
    if isinstance(value, np.ndarray):
        scope.fail("non-integer-bound", fact, help, _both(live, ~integral))
        return np.where(integral, value, 0)
    scope.fail("non-integer-bound", fact, help, live)
    return 0


def range_failure(item: Range, ending: str) -> tuple[str, str]:
    """Return the fact and the help for a range whose end is not an integer."""
    return f"the range {item} ends {ending}", "write the floor or the ceiling of the division"


def _largest(growths: Any) -> Growth:
    factor, degree = 1, 0
    for one_factor, one_degree in growths:
        factor, degree = max(factor, one_factor), max(degree, one_degree)
    return factor, degree


def _integer_growth(expression: IntegerExpression, inner: Mapping[str, Growth]) -> Growth:
    """Bound every number met while computing an integer expression."""
    growths = [_integer_growth(part, inner) for part in parts(expression)]
    match expression:
        case Constant(value=value):
            return max(1, abs(value)), 0
        case Symbol(name=name):
            return inner.get(name, (1, 1)) if isinstance(expression, Index) else (1, 1)
        case Times():
            return _product_growth(growths)
        case Plus() | FloorDivision() | CeilingDivision() | Quotient() | Remainder():
            return _sum_growth([*growths, (1, 0)])
        case Minimum() | Maximum():
            return _largest(growths)
    raise TypeError(f"not an integer expression: {expression!r}")


def _coefficient_growth(expression: Expression, inner: Mapping[str, Growth]) -> Growth:
    match expression:
        case Number(value=value):
            return _integer_growth(value, inner)
        case Delta(left=left, right=right):
            return _largest(_integer_growth(side, inner) for side in (left, right))
        case Iverson(condition=condition):
            return _largest(_integer_growth(part, inner) for part in integers(condition))
        case Add(terms=parts):
            return _sum_growth([_coefficient_growth(part, inner) for part in parts])
        case Mul(factors=parts):
            return _product_growth([_coefficient_growth(part, inner) for part in parts])
        case Sum(body=body, ranges=ranges):
            inside, counts = dict(inner), []
            for item in ranges:
                ends = [_integer_growth(end, inside) for end in (item.lower, item.upper)]
                inside[item.index.name] = _sum_growth(ends)
                counts.append(_sum_growth([*ends, (1, 0)]))
            return _product_growth([_coefficient_growth(body, inside), *counts])
    raise TypeError(f"not an expression without entries: {expression!r}")


def _sum_growth(parts: list[Growth]) -> Growth:
    return max(1, sum(factor for factor, _ in parts)), max((d for _, d in parts), default=0)


def _product_growth(parts: list[Growth]) -> Growth:
    factor = 1
    for one_factor, _ in parts:
        factor *= max(1, one_factor)
    return factor, sum(degree for _, degree in parts)
