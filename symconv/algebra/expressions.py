"""Arrays, statements, and the closed set of expression nodes.

Eight nodes carry everything: `Number`, `Entry`, `Delta`, `Iverson`, `Add`, `Mul`, `Sum`
and `Derivative`. They are built by operators (`x[n, c, i, j] * w[f, c, p, q] + b[f]`),
compare by structure, and never simplify. What they mean is defined in `evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from symconv.algebra.indices import (
    Condition,
    Constant,
    Index,
    IntegerExpression,
    IntegerLike,
    Range,
    as_integer,
)
from symconv.algebra.text import PRODUCT, SUM, PlainText, entry_text, product_text, sum_text
from symconv.views import view

ExpressionLike: TypeAlias = "Expression | IntegerExpression | int"
RangeLike: TypeAlias = "Range | tuple[Index, IntegerLike, IntegerLike]"


class Expression(PlainText):
    """The common operators of expressions; each builds a node and simplifies nothing."""

    __slots__ = ()

    def __add__(self, other: ExpressionLike) -> Add:
        return Add((*_terms(self), *_terms(as_expression(other))))

    def __radd__(self, other: ExpressionLike) -> Add:
        return as_expression(other) + self

    def __sub__(self, other: ExpressionLike) -> Add:
        return self + (-as_expression(other))

    def __rsub__(self, other: ExpressionLike) -> Add:
        return as_expression(other) - self

    def __mul__(self, other: ExpressionLike) -> Mul:
        return Mul((*_factors(self), *_factors(as_expression(other))))

    def __rmul__(self, other: ExpressionLike) -> Mul:
        return as_expression(other) * self

    def __truediv__(self, other: ExpressionLike) -> Mul:
        divisor = as_expression(other)
        if not isinstance(divisor, Number):
            raise TypeError(f"only an integer expression in sizes and indices divides, not {other}")
        return Mul((*_factors(self), Number(as_integer(1) / divisor.value)))

    def __neg__(self) -> Expression:
        return Mul((Number(as_integer(-1)), *_factors(self)))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {view('expression_latex')(self)}$"


@dataclass(frozen=True, slots=True)
class Array:
    """A named array of independent entries, or of entries given by a `Definition`.

    Shapes: `shape` holds one integer expression in sizes per axis; () is a scalar.
    """

    name: str
    shape: tuple[IntegerExpression, ...] = ()

    def __getitem__(self, indices: IntegerLike | tuple[IntegerLike, ...]) -> Entry:
        parts = indices if isinstance(indices, tuple) else (indices,)
        return Entry(self, tuple(as_integer(part) for part in parts))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A rational number that may depend on sizes and indices."""

    value: IntegerExpression

    def inside(self, needed: int) -> str:
        """Write it where the strength is needed, as the integer expression is written."""
        return self.value.inside(needed)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Entry(Expression):
    """One entry of an array; positions count from 0."""

    array: Array
    indices: tuple[IntegerExpression, ...]

    def __post_init__(self) -> None:
        if len(self.indices) != len(self.array.shape):
            name, axes = self.array.name, len(self.array.shape)
            raise TypeError(f"{name} has {axes} axes, got {len(self.indices)} indices")

    def __str__(self) -> str:
        return entry_text(self.array.name, self.indices)


@dataclass(frozen=True, slots=True)
class Delta(Expression):
    """The Kronecker delta: 1 where left = right, else 0."""

    left: IntegerExpression
    right: IntegerExpression

    def __init__(self, left: IntegerLike, right: IntegerLike) -> None:
        object.__setattr__(self, "left", as_integer(left))
        object.__setattr__(self, "right", as_integer(right))

    def __str__(self) -> str:
        return f"delta({self.left}, {self.right})"


@dataclass(frozen=True, slots=True)
class Iverson(Expression):
    """The Iverson bracket: 1 where the condition holds, else 0."""

    condition: Condition

    def __post_init__(self) -> None:
        _require_condition(self.condition)

    def __str__(self) -> str:
        return f"[{self.condition}]"


@dataclass(frozen=True, slots=True)
class Add(Expression):
    """A sum of terms, in the author's order; 0 when there are none."""

    terms: tuple[Expression, ...]
    strength = SUM

    def __str__(self) -> str:
        return sum_text(self.terms)


@dataclass(frozen=True, slots=True)
class Mul(Expression):
    """A product of factors, in the author's order; 1 when there are none."""

    factors: tuple[Expression, ...]
    strength = PRODUCT

    def __str__(self) -> str:
        match self.factors:
            case (Number(value=Constant(value=-1)), *factors) if factors:
                return f"-{product_text(factors)}"
        return product_text(self.factors)


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    """The body summed over ranges with both ends included, the outermost first.

    `Sum(body, (p, 0, HH - 1), (q, 0, WW - 1))` binds p and q in the body, and p in the
    bounds of q. An empty range sums to 0.
    """

    body: Expression
    ranges: tuple[Range, ...]

    def __init__(self, body: ExpressionLike, *ranges: RangeLike) -> None:
        object.__setattr__(self, "body", as_expression(body))
        object.__setattr__(self, "ranges", tuple(as_range(item) for item in ranges))
        if not ranges:
            raise TypeError("a sum needs at least one range, such as (p, 0, HH - 1)")
        if len({item.index for item in self.ranges}) != len(ranges):
            raise TypeError(f"a sum binds each index once, got {', '.join(map(str, self.ranges))}")

    def __str__(self) -> str:
        return f"sum[{', '.join(map(str, self.ranges))}]({self.body})"


@dataclass(frozen=True, slots=True)
class Derivative(Expression):
    """The derivative of an expression by one entry of an array."""

    body: Expression
    by: Entry
    strength = PRODUCT

    def __post_init__(self) -> None:
        if not isinstance(self.by, Entry):
            raise TypeError(f"a derivative is by one entry, such as x[i], got {self.by!r}")

    def __str__(self) -> str:
        body = str(self.body) if isinstance(self.body, Entry) else f"({self.body})"
        return f"d{body}/d{self.by}"


@dataclass(frozen=True, slots=True)
class Definition:
    """What an array is by choice: `target` with plain, distinct indices equals `body`."""

    target: Entry
    body: Expression

    def __post_init__(self) -> None:
        if not all(isinstance(index, Index) for index in self.target.indices):
            raise TypeError(f"a definition needs plain indices on its left, got {self.target}")
        if len(set(self.target.indices)) != len(self.target.indices):
            raise TypeError(f"a definition needs distinct indices on its left, got {self.target}")

    @property
    def array(self) -> Array:
        """The array that is defined."""
        return self.target.array

    @property
    def parameters(self) -> tuple[Index, ...]:
        """The indices on the left."""
        return tuple(index for index in self.target.indices if isinstance(index, Index))


@dataclass(frozen=True, slots=True)
class Statement:
    """An equality with the ranges of its free indices and its assumptions on sizes.

    Attributes:
        lhs: the left-hand side.
        rhs: the right-hand side.
        free: a range per free index, in the order of the left-hand side.
        assumptions: conditions on sizes under which the equality is claimed.
        where: indices that abbreviate integer expressions, such as p0 = S*k.
        name: the stable name without the form, such as ``dL/dx``.
        form: the form, such as ``contracted``, or an empty string.
        source: where the equality is taken from.
    """

    lhs: Expression
    rhs: Expression
    free: tuple[Range, ...] = ()
    assumptions: tuple[Condition, ...] = ()
    where: tuple[tuple[Index, IntegerExpression], ...] = ()
    name: str = field(default="", compare=False)
    form: str = field(default="", compare=False)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for condition in self.assumptions:
            _require_condition(condition)

    @property
    def key(self) -> str:
        """The stable name with the form: ``dL/dx:contracted``."""
        return f"{self.name}:{self.form}" if self.form else self.name

    def with_sides(self, lhs: Expression, rhs: Expression) -> Statement:
        """Make the same statement with other sides."""
        return replace(self, lhs=lhs, rhs=rhs)

    def __str__(self) -> str:
        where = ", ".join(f"{index} = {value}" for index, value in self.where)
        return f"{self.lhs} = {self.rhs}" + (f" where {where}" if where else "")

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {view('statement_latex')(self)}$"


def claim(
    lhs: ExpressionLike,
    rhs: ExpressionLike,
    *,
    name: str = "",
    ranges: Mapping[Index, tuple[IntegerLike, IntegerLike]] | None = None,
    assumptions: tuple[Condition, ...] = (),
    where: tuple[tuple[Index, IntegerLike], ...] = (),
    source: str = "",
) -> Statement:
    """Claim that two expressions are equal, for every value of the indices on the left.

    An index that stands alone in an entry on the left is free and runs over that axis:
    in ``claim(y[n, k], ...)`` n and k run over the shape of y. Others need a range.

    Args:
        lhs: the left-hand side.
        rhs: the right-hand side.
        name: a stable name, with the form after a colon: ``dL/dx:contracted``.
        ranges: lower and upper ends, both included, of free indices; they replace what is
            read off the left-hand side.
        assumptions: conditions on sizes under which the equality is claimed.
        where: indices that abbreviate integer expressions, such as ``(p0, S * k)``.
        source: where the equality is taken from.

    Raises:
        ValueError: when an index stands on two axes of different extents.
    """
    left = as_expression(lhs)
    found: dict[Index, Range] = {}
    for entry in _entries_on_top(left):
        for index, extent in zip(entry.indices, entry.array.shape, strict=True):
            if not isinstance(index, Index):
                continue
            item = Range(index, as_integer(0), extent - 1)
            if found.setdefault(index, item) != item and index not in (ranges or {}):
                raise ValueError(
                    f"{index} runs over {found[index].upper} and over {item.upper} on the left; "
                    f"give its range: ranges={{{index}: (0, ...)}}"
                )
    for index, (lower, upper) in (ranges or {}).items():
        found[index] = Range(index, as_integer(lower), as_integer(upper))
    stem, _, form = name.partition(":")
    return Statement(
        left,
        as_expression(rhs),
        free=tuple(found.values()),
        assumptions=assumptions,
        where=tuple((index, as_integer(value)) for index, value in where),
        name=stem,
        form=form,
        source=source,
    )


def _entries_on_top(expression: Expression) -> tuple[Entry, ...]:
    """Return the entries whose indices are free, outside of any sum."""
    match expression:
        case Entry():
            return (expression,)
        case Derivative(body=body, by=by):
            return (*_entries_on_top(body), by)
        case Add(terms=parts) | Mul(factors=parts):
            return tuple(entry for part in parts for entry in _entries_on_top(part))
    return ()


def _require_condition(value: object) -> None:
    if not isinstance(value, Condition):
        raise TypeError(
            f"expected a condition, such as a <= b or equal(a, b), got {value!r}; "
            "== compares how two expressions are written"
        )


def as_expression(value: ExpressionLike) -> Expression:
    """Wrap integers and integer expressions as a `Number`; leave expressions as they are."""
    return value if isinstance(value, Expression) else Number(as_integer(value))


def as_range(value: RangeLike) -> Range:
    """Accept (index, lower, upper) for a `Range`."""
    if isinstance(value, Range):
        return value
    index, lower, upper = value
    if not isinstance(index, Index):
        raise TypeError(f"a range runs over an index, got {index!r}")
    return Range(index, as_integer(lower), as_integer(upper))


def product_factors(expression: Expression) -> tuple[Expression, ...]:
    """Return the factors of a product, products inside it flattened."""
    if isinstance(expression, Mul):
        return tuple(part for factor in expression.factors for part in product_factors(factor))
    return (expression,)


def has_entries(expression: Expression) -> bool:
    """Tell whether any entry of an array stands in the expression."""
    match expression:
        case Entry() | Derivative():
            return True
        case Number() | Delta() | Iverson():
            return False
        case Add(terms=parts) | Mul(factors=parts):
            return any(has_entries(part) for part in parts)
        case Sum(body=body):
            return has_entries(body)
    raise TypeError(f"not an expression: {expression!r}")


def _terms(expression: Expression) -> tuple[Expression, ...]:
    return expression.terms if isinstance(expression, Add) else (expression,)


def _factors(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Mul) else (expression,)
