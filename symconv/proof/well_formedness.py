"""Every entry in range, for every size, on the tree as written.

The walk follows `evaluation`: a sum puts the range of its index into the context, a product
the fact that its factors without entries are not 0, and `and` and `or` stop at the part that
settles them. What has to hold where an entry is read, a bound is used or a division is made
becomes an obligation under that context. A defined array is entered where it is read,
unless its definition is well-formed at each of its positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from symconv.algebra.expressions import (
    Add,
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
    has_entries,
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
    Not,
    Or,
    Quotient,
    Range,
    Remainder,
    Size,
    Symbol,
    between,
    divides,
    equal,
)
from symconv.algebra.normal_form import normal_form
from symconv.algebra.ratios import ONE, is_whole, ratio, terms_expression
from symconv.algebra.scoping import (
    arrays,
    free_symbols,
    inline,
    rename_bound,
    require_shape_in_sizes,
)
from symconv.algebra.tree import parts
from symconv.errors import IllFormed, NotSupported
from symconv.proof.coefficients import coefficient_function
from symconv.proof.obligations import Formula, Nonzero, Obligation, Weighted
from symconv.proof.smt import Solver


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that has to hold where a part of a statement is evaluated.

    Attributes:
        obligation: the context and the negation of what has to hold.
        exact: whether the context is all that is known there; where a guard could not be
            put into words for the solver, the obligation asks for more than needed.
        plain: for a division, and for the position of an array whose definition divides,
            the same obligation under the ranges, deltas and brackets alone. Multiplying out
            keeps these beside the division, and no other guard.
    """

    obligation: Obligation
    exact: bool = True
    plain: Obligation | None = None


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known where a part is evaluated.

    Attributes:
        scope: the sizes and indices that have a value.
        formulas: everything that is known.
        plain: what ranges, deltas and brackets say, without other guards.
        exact: whether every guard is in the formulas.
        independent: arrays that are differentiated by around this part: their definitions
            are only read for what is left of them.
    """

    scope: frozenset[Symbol]
    formulas: tuple[Formula, ...] = ()
    plain: tuple[Formula, ...] = ()
    exact: bool = True
    independent: frozenset[str] = frozenset()

    def knowing(self, *conditions: Condition) -> _Context:
        return replace(
            self,
            formulas=(*self.formulas, *conditions),
            plain=(*self.plain, *conditions),
        )

    def inside(self, index: Symbol) -> _Context:
        return replace(self, scope=self.scope | {index})


class Walker:
    """Collect what has to hold for a statement to have a meaning.

    Args:
        definitions: what each defined array is, by its name.
        sound: the definitions that are well-formed at each of their positions.
        solver: used for guards that are sums of brackets.

    Attributes:
        lemmas: what was discharged on the way, to put guards into words.
    """

    def __init__(
        self, definitions: Mapping[str, Definition], sound: frozenset[str], solver: Solver
    ) -> None:
        self._definitions = dict(definitions)
        self._sound = sound
        self._solver = solver
        self._dividing: dict[str, bool] = {}
        self.lemmas: list[Obligation] = []

    def statement(self, statement: Statement, sizes: frozenset[Symbol]) -> list[Requirement]:
        """Return every requirement of a statement, its free ranges first.

        Raises:
            IllFormed: when an index is unbound or a size is unknown.
        """
        context = _Context(sizes)
        found: list[Requirement] = []
        for item in statement.free:
            found += self._range(item, context)
            context = _within(item, context)
        for side, expression in (("left", statement.lhs), ("right", statement.rhs)):
            found += self._expression(expression, context, side)
        return found

    def assumptions(
        self, assumptions: tuple[Condition, ...], sizes: frozenset[Symbol]
    ) -> list[Requirement]:
        """Return every requirement of assumptions on sizes, each under those before it.

        Raises:
            IllFormed: when an assumption is on anything but sizes of the layer.
        """
        return list(self._condition(And(assumptions), _Context(sizes)))

    def definition(self, definition: Definition, sizes: frozenset[Symbol]) -> list[Requirement]:
        """Return every requirement of a definition, at each position of its array."""
        context = _Context(sizes)
        for index, extent in zip(definition.target.indices, definition.array.shape, strict=True):
            assert isinstance(index, Index), "a definition has plain indices on its left"
            # Not index <= extent - 1: an extent that is a fraction has a position more.
            context = context.inside(index).knowing(index >= 0, index < extent)
        side = f"definition of {definition.array.name}"
        return list(self._expression(definition.body, context, side))

    def _expression(
        self, expression: Expression, context: _Context, side: str
    ) -> Iterator[Requirement]:
        match expression:
            case Number(value=value):
                yield from self._integer(value, context)
            case Delta(left=left, right=right):
                yield from self._integer(left, context)
                yield from self._integer(right, context)
            case Iverson(condition=condition):
                yield from self._condition(condition, context)
            case Entry():
                yield from self._entry(expression, context, side)
            case Add(terms=parts):
                for part in parts:
                    yield from self._expression(part, context, side)
            case Mul():
                yield from self._product(expression, context, side)
            case Sum():
                renamed = rename_bound(expression, context.scope)
                for item in renamed.ranges:
                    yield from self._range(item, context)
                    context = _within(item, context)
                yield from self._expression(renamed.body, context, side)
            case Derivative(body=body, by=by):
                yield from self._position(by, context, side)
                independent = context.independent | {by.array.name}
                yield from self._expression(body, replace(context, independent=independent), side)
            case _:
                raise TypeError(f"not an expression: {expression!r}")

    def _product(self, expression: Mul, context: _Context, side: str) -> Iterator[Requirement]:
        factors = product_factors(expression)
        for factor in factors:
            if not has_entries(factor):
                yield from self._expression(factor, context, side)
                context = self._guarded(factor, context)
        for factor in factors:
            if has_entries(factor):
                yield from self._expression(factor, context, side)

    def _guarded(self, factor: Expression, context: _Context) -> _Context:
        """Add to the context that a factor without entries is not 0."""
        match factor:
            case Delta(left=left, right=right):
                return context.knowing(equal(left, right))
            case Iverson(condition=condition):
                return context.knowing(condition)
            case Number(value=Constant(value=value)) if value:
                return context
        try:
            nonzero = self._nonzero(factor, context)
        except NotSupported:
            return replace(context, exact=False)
        return replace(context, formulas=(*context.formulas, nonzero))

    def _nonzero(self, factor: Expression, context: _Context) -> Formula:
        if isinstance(factor, Number):
            return Comparison(factor.value, "!=", Constant(0))
        weighted: list[Weighted] = []
        for term in normal_form(factor, least=self._solver.least):
            function = coefficient_function(term, self._solver, context.formulas)
            self.lemmas += function.obligations
            weighted += function.weighted
        return Nonzero(tuple(weighted))

    def _entry(self, entry: Entry, context: _Context, side: str) -> Iterator[Requirement]:
        name = entry.array.name
        definition = self._definitions.get(name)
        if definition is None:
            yield from self._position(entry, context, side)
            return
        if len(definition.target.indices) != len(entry.indices):
            raise IllFormed(
                f"{entry} has {len(entry.indices)} indices, but {definition.target} is defined "
                f"with {len(definition.target.indices)}",
                code="wrong-axes",
            )
        _require_closed(definition, context)
        if name in self._sound and definition.array.shape == entry.array.shape:
            divides_inside = self._divides(definition, context)
            yield from self._position(entry, context, side, divides_inside=divides_inside)
            return
        yield from self._position(entry, context, side)
        if name in context.independent:
            context = replace(context, exact=False)
        body = inline(definition, entry.indices)
        yield from self._expression(body, context, f"{side}, in the definition of {name}")

    def _divides(self, definition: Definition, context: _Context) -> bool:
        """Tell whether a sound definition divides by what may be 0 outside its positions.

        Multiplying out puts the body where the entry stands. Its divisions are shown to have
        a value at each position of the array, so they need the entry to be at one of these.
        """
        name = definition.array.name
        if name not in self._dividing:
            self._dividing[name] = any(
                item.plain is not None and not self._solver.never(item.plain.formulas[-1])
                for item in self.definition(definition, _sizes(context))
            )
        return self._dividing[name]

    def _position(
        self, entry: Entry, context: _Context, side: str, *, divides_inside: bool = False
    ) -> Iterator[Requirement]:
        for requirement in self._each_position(entry, context, side):
            if divides_inside and requirement.plain is None:
                obligation = requirement.obligation
                formulas = (*context.plain, obligation.formulas[-1])
                yield replace(requirement, plain=replace(obligation, formulas=formulas))
            else:
                yield requirement

    def _each_position(self, entry: Entry, context: _Context, side: str) -> Iterator[Requirement]:
        require_shape_in_sizes(entry.array)
        for axis, (position, extent) in enumerate(
            zip(entry.indices, entry.array.shape, strict=True), 1
        ):
            yield from self._integer(position, context)
            yield from self._integer(extent, context)
            place = f"{entry} on the {side}, axis {axis}"
            yield from self._whole(position, context, f"{place}: {position} is an integer")
            claim = f"{place}: 0 <= {position} < {extent}"
            yield self._requirement("in-range", claim, context, Not(position >= 0))
            yield self._requirement("in-range", claim, context, Not(position < extent))

    def _range(self, item: Range, context: _Context) -> Iterator[Requirement]:
        for bound in (item.lower, item.upper):
            yield from self._integer(bound, context)
            yield from self._whole(bound, context, f"the range {item} ends at an integer")

    def _whole(
        self, expression: IntegerExpression, context: _Context, claim: str
    ) -> Iterator[Requirement]:
        over = ratio(expression)
        # A minimum or a maximum of fractions is a fraction, also over the divisor 1.
        if over.denominator != ONE or not is_whole(over.numerator):
            divisor, dividend = over.denominator, over.numerator
            whole = divides(terms_expression(divisor), terms_expression(dividend))
            yield self._requirement("whole", claim, context, Not(whole))

    def _condition(self, condition: Condition, context: _Context) -> Iterator[Requirement]:
        match condition:
            case Comparison(left=left, right=right):
                yield from self._integer(left, context)
                yield from self._integer(right, context)
            case Divides(divisor=divisor, value=value):
                yield from self._integer(value, context)
                yield from self._divisor(divisor, context)
            case And(conditions=parts):
                for part in parts:
                    yield from self._condition(part, context)
                    context = context.knowing(part)
            case Or(conditions=parts):
                for part in parts:
                    yield from self._condition(part, context)
                    context = context.knowing(Not(part))
            case Not(condition=part):
                yield from self._condition(part, context)
            case _:
                raise TypeError(f"not a condition: {condition!r}")

    def _integer(self, expression: IntegerExpression, context: _Context) -> Iterator[Requirement]:
        match expression:
            case Symbol():
                _require_bound(expression, context)
            case (
                Quotient(dividend=dividend, divisor=divisor)
                | FloorDivision(dividend=dividend, divisor=divisor)
                | CeilingDivision(dividend=dividend, divisor=divisor)
                | Remainder(dividend=dividend, divisor=divisor)
            ):
                yield from self._integer(dividend, context)
                yield from self._divisor(divisor, context)
            case _:
                for part in parts(expression):
                    yield from self._integer(part, context)

    def _divisor(self, divisor: IntegerExpression, context: _Context) -> Iterator[Requirement]:
        yield from self._integer(divisor, context)
        claim = f"the divisor {divisor} is not 0"
        zero = equal(divisor, 0)
        requirement = self._requirement("nonzero-divisor", claim, context, zero)
        plain = Obligation("nonzero-divisor", claim, (*context.plain, zero))
        yield replace(requirement, plain=plain)

    def _requirement(
        self, kind: str, claim: str, context: _Context, negation: Condition
    ) -> Requirement:
        obligation = Obligation(kind, claim, (*context.formulas, negation))
        return Requirement(obligation, context.exact)


def _within(item: Range, context: _Context) -> _Context:
    return context.inside(item.index).knowing(*between_conditions(item))


def between_conditions(item: Range) -> tuple[Condition, ...]:
    """Return lower <= index and index <= upper."""
    found = between(item.lower, item.index, item.upper)
    assert isinstance(found, And), "a chain is a conjunction"
    return found.conditions


def _sizes(context: _Context) -> frozenset[Symbol]:
    return frozenset(symbol for symbol in context.scope if isinstance(symbol, Size))


def _require_closed(definition: Definition, context: _Context) -> None:
    """Refuse a definition that uses an index of its reader: it has no value of its own."""
    inside = replace(context, scope=_sizes(context) | set(definition.target.indices))
    for symbol in free_symbols(definition.body):
        _require_bound(symbol, inside)
    for array in arrays(definition.body):
        require_shape_in_sizes(array)


def _require_bound(symbol: Symbol, context: _Context) -> None:
    if symbol in context.scope:
        return
    if isinstance(symbol, Size):
        raise IllFormed(
            f"{symbol} is not a size of the layer",
            code="unknown-size",
            help=f"give {symbol} to the layer as a size",
        )
    raise IllFormed(
        f"index {symbol} is neither summed nor a free index",
        code="unbound-index",
        help=f"put {symbol} under the sum, or give it a range as a free index",
    )
