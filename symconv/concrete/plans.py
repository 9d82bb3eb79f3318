"""A side of a statement as a plan without sizes: what is read where, and which terms it has.

A plan is a tree of *contexts*. A context extends its parent by steps in the order in which
`evaluation` reaches them: indices that a sum binds, factors without entries (conditions,
equalities, coefficients), and entries that are read and must be in range. Terms hang at the
contexts where products end, with sums distributed over every `Add` and `Sum` that holds
entries and with definitions written out. A factor without entries is kept whole, because a
zero in it decides whether what follows is read: `(1 - [c])*x[i]` reads x only where c fails.

Siblings do not see each other: in `x[i] * Sum([p == i]*w[p], p)` the entry of x is read
wherever the product is reached, also where the sum is empty. A term that multiplies siblings
takes the steps of both.

A derivative selects. The differentiated expression is written out with the other array kept,
a term that has an entry of that array loses it, and the entry's indices must equal those of
the entry that is differentiated by. Terms without one are dropped, although what they read is
still checked.

Every step has a `trail`: the values and ordinals that say when evaluation reaches it. The
first failure in that order is the one that evaluation raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from symconv.algebra.expressions import (
    Add,
    Array,
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
    Comparison,
    Condition,
    Index,
    IntegerExpression,
    Range,
    Symbol,
    conjuncts,
)
from symconv.algebra.scoping import (
    all_symbols,
    expand_where,
    free_indices,
    fresh_name,
    inline,
    rename_bound,
    substitute,
)
from symconv.concrete.columns import (
    Formula,
    Growth,
    coefficient_formula,
    condition_formula,
    equality_formula,
    integer_formula,
)
from symconv.concrete.rows import FREE, Slot
from symconv.errors import NotSupported

BEFORE = float("-inf")
"""The ordinal of a range's ends: they are computed before the index has its first value."""
Trail: TypeAlias = "tuple[str | float, ...]"
"""Names of indices, which stand for their values, and ordinals."""

MOST_TERMS = 10_000
"""A product of sums that multiplies out to more terms than this is refused."""


@dataclass(frozen=True, slots=True)
class Bind:
    """An index takes every value of a range."""

    item: Range
    lower: Formula
    upper: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition must hold."""

    condition: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Equality:
    """Two integer expressions must be equal; `condition` says so as one formula."""

    left: Formula
    right: Formula
    condition: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Factor:
    """A coefficient multiplies, and must not be zero."""

    coefficient: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Read:
    """An entry is read: its indices must be integers inside its array's shape."""

    entry: Entry
    axes: tuple[Formula, ...]
    shape: tuple[Formula, ...]
    trail: Trail


Step: TypeAlias = Bind | Filter | Equality | Factor | Read


@dataclass(eq=False, slots=True)
class Context:
    """Steps that extend a parent's; compared by identity, so that results can be kept by it."""

    parent: Context | None = None
    steps: list[Step] = field(default_factory=list)

    def line(self) -> list[Context]:
        """Return the contexts from the outermost one to this one."""
        above = self.parent.line() if self.parent else []
        return [*above, self]


@dataclass(frozen=True, slots=True)
class Position:
    """An entry in a term: the array's name, its indices, and the array's shape."""

    array: str
    axes: tuple[Formula, ...]
    shape: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A product of entries, summed over everything that its context and steps bind.

    Attributes:
        context: where the term starts; what it reads is checked there, not here.
        steps: what siblings and derivatives add to that.
        arrays: the arrays whose entries are multiplied, by name, with their numbers of axes.
        digits: the free indices and the indices of every entry.
        shapes: the shape of each of the arrays.
        repeated: an array that occurs more than once, or an empty text.
    """

    context: Context
    steps: tuple[Step, ...]
    arrays: tuple[tuple[str, int], ...]
    digits: tuple[tuple[Slot, Formula], ...]
    shapes: tuple[tuple[Formula, ...], ...]
    repeated: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Both sides of a statement.

    Attributes:
        free: the free indices' names, in the statement's order.
        root: the context that binds them.
        contexts: every context, parents first.
        left: the terms of the left-hand side.
        right: the terms of the right-hand side.
        growth: a bound on every number met while computing any step.
    """

    free: tuple[str, ...]
    root: Context
    contexts: tuple[Context, ...]
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    growth: Growth


def make_plan(statement: Statement, definitions: Mapping[str, Definition]) -> Plan:
    """Plan a statement.

    Raises:
        NotSupported: when a product of sums has too many terms, or a free index is named twice.
    """
    statement = expand_where(statement)
    names = tuple(item.index.name for item in statement.free)
    if len(set(names)) != len(names):
        raise NotSupported(f"a free index is named twice: {', '.join(names)}")
    planner = _Planner(definitions)
    root = planner.context(None)
    trail: Trail = ()
    for item in statement.free:
        planner.bind(root, item, trail)
        trail = (*trail, item.index.name)
    for side in (statement.lhs, statement.rhs):
        planner.used |= dict.fromkeys(free_indices(side))
    free = tuple(integer_formula(item.index) for item in statement.free)
    left, right = (
        tuple(
            product.term(free)
            for product in planner.flatten(
                side, planner.context(root), (*trail, ordinal), frozenset()
            )
        )
        for ordinal, side in enumerate((statement.lhs, statement.rhs))
    )
    return Plan(names, root, tuple(planner.contexts), left, right, planner.growth)


@dataclass(frozen=True, slots=True)
class _Product:
    """A term while it is built: contexts, and equalities that need the contexts before them."""

    parts: tuple[Context | Equality, ...]
    positions: tuple[Position, ...] = ()
    repeated: str = ""

    def term(self, free: tuple[Formula, ...]) -> Term:
        """Start at the context with the most steps, and append what the others add."""
        contexts = [part for part in self.parts if isinstance(part, Context)]
        start = max(contexts, key=_bindings)
        done = set(map(id, start.line()))
        steps: list[Step] = []
        for part in self.parts:
            if isinstance(part, Equality):
                steps.append(part)
                continue
            for context in part.line():
                if id(context) not in done:
                    done.add(id(context))
                    steps += [step for step in context.steps if not isinstance(step, Read)]
        positions = sorted(self.positions, key=lambda position: position.array)
        digits: list[tuple[Slot, Formula]] = [
            ((FREE, number), formula) for number, formula in enumerate(free)
        ]
        for position in positions:
            digits += [((position.array, axis), part) for axis, part in enumerate(position.axes)]
        return Term(
            start,
            tuple(steps),
            tuple((position.array, len(position.axes)) for position in positions),
            tuple(digits),
            tuple(position.shape for position in positions),
            self.repeated,
        )


class _Planner:
    """Walk both sides once, and collect contexts and terms."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.definitions = definitions
        self.contexts: list[Context] = []
        self.used: dict[Symbol, None] = {}
        self.growth: Growth = (1, 1)
        self.shapes: dict[Array, tuple[Formula, ...]] = {}

    def context(self, parent: Context | None) -> Context:
        made = Context(parent)
        self.contexts.append(made)
        return made

    def bind(self, context: Context, item: Range, trail: Trail) -> None:
        self.used[item.index] = None
        lower, upper = self._kept(item.lower), self._kept(item.upper)
        context.steps.append(Bind(item, lower, upper, (*trail, BEFORE)))

    def flatten(
        self, expression: Expression, context: Context, trail: Trail, keep: frozenset[str]
    ) -> list[_Product]:
        """Write an expression as terms.

        Steps are appended to the given context, which nothing else may extend afterwards;
        where the expression branches, each branch gets a context of its own.
        """
        match expression:
            case Number() | Delta() | Iverson():
                self._guard(expression, context, trail)
                return [_Product((context,))]
            case Entry():
                return self._entry(expression, context, trail, keep)
            case Add(terms=terms):
                return [
                    term
                    for ordinal, part in enumerate(terms)
                    for term in self.flatten(part, self.context(context), (*trail, ordinal), keep)
                ]
            case Mul():
                return self._product(expression, context, trail, keep)
            case Sum():
                renamed = rename_bound(expression, self.used)
                for item in renamed.ranges:
                    self.bind(context, item, trail)
                    trail = (*trail, item.index.name)
                return self.flatten(renamed.body, context, trail, keep)
            case Derivative(body=body, by=by):
                return self._derivative(body, by, context, trail)
        raise TypeError(f"not an expression: {expression!r}")

    def _product(
        self, expression: Mul, context: Context, trail: Trail, keep: frozenset[str]
    ) -> list[_Product]:
        factors = product_factors(expression)
        guards = [factor for factor in factors if not has_entries(factor)]
        others = [factor for factor in factors if has_entries(factor)]
        for ordinal, factor in enumerate(guards):
            self._guard(factor, context, (*trail, ordinal))
        if len(others) == 1:
            return self.flatten(others[0], context, (*trail, len(guards)), keep)
        product = [_Product(())] if others else [_Product((context,))]
        for ordinal, factor in enumerate(others, start=len(guards)):
            terms = self.flatten(factor, self.context(context), (*trail, ordinal), keep)
            if len(product) * len(terms) > MOST_TERMS:
                raise NotSupported(f"a product multiplies out to more than {MOST_TERMS} terms")
            product = [_multiplied(one, other) for one in product for other in terms]
        return product

    def _guard(self, expression: Expression, context: Context, trail: Trail) -> None:
        match expression:
            case Iverson(condition=condition):
                for ordinal, part in enumerate(conjuncts(condition)):
                    context.steps.append(self._condition(part, (*trail, ordinal)))
            case Delta(left=left, right=right):
                context.steps.append(self._equality(left, right, trail))
            case _:
                formula = coefficient_formula(expression)
                self._grow(formula)
                context.steps.append(Factor(formula, trail))

    def _condition(self, condition: Condition, trail: Trail) -> Step:
        if isinstance(condition, Comparison) and condition.relation == "==":
            return self._equality(condition.left, condition.right, trail)
        formula = condition_formula(condition)
        self._grow(formula)
        return Filter(formula, trail)

    def _equality(self, left: IntegerExpression, right: IntegerExpression, trail: Trail) -> Step:
        return _equality(self._kept(left), self._kept(right), trail)

    def _entry(
        self, entry: Entry, context: Context, trail: Trail, keep: frozenset[str]
    ) -> list[_Product]:
        read = self._read(entry, context, (*trail, 0))
        name = entry.array.name
        if name in keep or name not in self.definitions:
            return [_Product((context,), (Position(name, read.axes, read.shape),))]
        definition = self._closed(self.definitions[name])
        body = inline(definition, entry.indices)
        return self.flatten(body, context, (*trail, 1), keep)

    def _closed(self, definition: Definition) -> Definition:
        """Rename what a definition leaves free, lest an index outside it give it a value."""
        stray = [
            index
            for index in free_indices(definition.body)
            if index not in definition.target.indices
        ]
        fresh: dict[Symbol, IntegerExpression] = {}
        for index in stray:
            names = {symbol.name for symbol in (*self.used, *all_symbols(definition.body))}
            fresh[index] = Index(fresh_name(index.name, names))
            self.used[fresh[index]] = None  # pyright: ignore[reportArgumentType], an Index
        return Definition(definition.target, substitute(definition.body, fresh))

    def _derivative(
        self, body: Expression, by: Entry, context: Context, trail: Trail
    ) -> list[_Product]:
        read = self._read(by, context, (*trail, 0))
        name = by.array.name
        selected: list[_Product] = []
        for term in self.flatten(body, context, (*trail, 1), frozenset({name})):
            found = [position for position in term.positions if position.array == name]
            if found and len(found[0].axes) == len(read.axes):
                equalities = (
                    _equality(left, right, ())
                    for left, right in zip(found[0].axes, read.axes, strict=True)
                )
                left_over = tuple(part for part in term.positions if part is not found[0])
                parts = (*term.parts, *equalities)
                selected.append(_Product(parts, left_over, term.repeated))
        return selected

    def _read(self, entry: Entry, context: Context, trail: Trail) -> Read:
        axes = tuple(self._kept(index) for index in entry.indices)
        if entry.array not in self.shapes:
            self.shapes[entry.array] = tuple(map(self._kept, entry.array.shape))
        read = Read(entry, axes, self.shapes[entry.array], trail)
        context.steps.append(read)
        return read

    def _kept(self, expression: IntegerExpression) -> Formula:
        formula = integer_formula(expression)
        self._grow(formula)
        return formula

    def _grow(self, formula: Formula) -> None:
        if not formula.indices:
            # Computed once, in Python's integers.
            return
        factor, degree = formula.growth
        self.growth = max(self.growth[0], factor), max(self.growth[1], degree)


def _equality(left: Formula, right: Formula, trail: Trail) -> Equality:
    return Equality(left, right, equality_formula(left, right), trail)


def _bindings(context: Context) -> int:
    return sum(not isinstance(step, Read) for part in context.line() for step in part.steps)


def _multiplied(left: _Product, right: _Product) -> _Product:
    names = [position.array for position in left.positions]
    shared = next((part.array for part in right.positions if part.array in names), "")
    return _Product(
        (*left.parts, *right.parts),
        left.positions + right.positions,
        left.repeated or right.repeated or shared,
    )
