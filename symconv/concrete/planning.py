"""From expressions to plans: sums distributed, definitions written out, derivatives selected.

A factor without entries is kept whole, because a zero in it decides whether what follows is
read: `(1 - [c])*x[i]` reads x only where c fails. Every other `Add` and `Sum` is distributed.

A derivative selects. The differentiated expression is written out with the other array kept,
a term that has an entry of that array loses it, and the entry's indices must equal those of
the entry that is differentiated by. Terms without one are dropped, although what they read is
still checked.

A definition that is read without indices, as the loss is, means the same everywhere. It is
planned once for a layer, and enumerated once at given sizes, whatever it stands in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    And,
    Comparison,
    Condition,
    Index,
    IntegerExpression,
    Range,
    Symbol,
    condition_integers,
    conjuncts,
    symbols,
)
from symconv.algebra.scoping import (
    all_symbols,
    dependencies,
    expand_where,
    free_indices,
    fresh_name,
    inline,
    rename_bound,
    require_shape_in_sizes,
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
from symconv.concrete.plans import (
    BEFORE,
    Bind,
    Context,
    Equality,
    Expand,
    Factor,
    Filter,
    Position,
    Read,
    Side,
    Step,
    Term,
    Trail,
)
from symconv.concrete.rows import FREE, Slot
from symconv.errors import IllFormed, NotSupported

MOST_TERMS = 10_000
"""A product of sums that multiplies out to more terms than this is refused."""
PLANS_KEPT = 1024


class Plans:
    """The plans of a layer's statements, each made once.

    Args:
        definitions: what each defined array is, by its name.

    Attributes:
        named: the plans of arrays and gradients by their names.
    """

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.definitions = definitions
        self._sides: OrderedDict[tuple[Expression, tuple[Range, ...]], Side] = OrderedDict()
        self._statements: OrderedDict[int, tuple[Statement, Side, Side]] = OrderedDict()
        self._closed: OrderedDict[tuple[Entry, frozenset[str]], _Closed] = OrderedDict()
        self.named: dict[str, Side] = {}
        self._depends = dependencies(definitions)

    def statement(self, statement: Statement) -> tuple[Side, Side]:
        """Return the plans of both sides.

        Raises:
            NotSupported: when a product of sums has too many terms, or a free index is named
                twice.
        """
        # By identity: to find a statement by its content costs more than to compare its sides.
        found = self._statements.get(id(statement))
        if found is None:
            expanded = expand_where(statement)
            left, right = (self.side(side, expanded.free) for side in (expanded.lhs, expanded.rhs))
            found = self._statements[id(statement)] = (statement, left, right)
            _keep_newest(self._statements)
        return found[1], found[2]

    def side(self, expression: Expression, free: tuple[Range, ...]) -> Side:
        """Return the plan of one side; equal sides of different statements share it.

        Raises:
            NotSupported: when a product of sums has too many terms, or a free index is named
                twice.
        """
        key = (expression, free)
        if key not in self._sides:
            self._sides[key] = _Planner(self).side(expression, free)
            _keep_newest(self._sides)
        return self._sides[key]

    def closed(self, entry: Entry, keep: frozenset[str]) -> _Closed:
        """Return the plan of a definition that is read without indices."""
        definition = self.definitions[entry.array.name]
        # Only the defined arrays that it reads make a difference when they are kept.
        kept = frozenset(
            name for name in keep & self._depends[entry.array.name] if name in self.definitions
        )
        if (entry, kept) not in self._closed:
            planner = _Planner(self)
            for other in self.definitions.values():
                planner.used |= dict.fromkeys(all_symbols(other.body))
            before = set(planner.used)
            body = inline(planner.apart(definition), entry.indices)
            products = planner.flatten(body, planner.context(None), (), kept)
            names = frozenset(symbol.name for symbol in planner.used if symbol not in before)
            self._closed[entry, kept] = _Closed(
                tuple(planner.contexts), tuple(products), names, planner.growth
            )
            _keep_newest(self._closed)
        return self._closed[entry, kept]


def _keep_newest(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > PLANS_KEPT:
        _ = kept.popitem(last=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Closed:
    """A definition that depends on no index, with the names of the indices that it binds."""

    contexts: tuple[Context, ...]
    products: tuple[_Product, ...]
    names: frozenset[str]
    growth: Growth


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
                    steps += [step for step in context.steps if not isinstance(step, Read | Expand)]
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
    """Walk one side once, and collect contexts and terms."""

    def __init__(self, plans: Plans) -> None:
        self.plans = plans
        self.contexts: list[Context] = []
        self.used: dict[Symbol, None] = {}
        self.growth: Growth = (1, 1)
        self.shapes: dict[Array, tuple[Formula, ...]] = {}
        self.closed: list[_Closed] = []

    def side(self, expression: Expression, free: tuple[Range, ...]) -> Side:
        names = tuple(item.index.name for item in free)
        if len(set(names)) != len(names):
            raise NotSupported(f"a free index is named twice: {', '.join(names)}")
        root = self.context(None)
        trail: Trail = ()
        for item in free:
            self.bind(root, item, trail)
            trail = (*trail, item.index.name)
        self.used |= dict.fromkeys(free_indices(expression))
        products = self.flatten(expression, self.context(root), trail, frozenset())
        formulas = tuple(integer_formula(item.index) for item in free)
        terms = tuple(product.term(formulas) for product in products)
        return Side(names, root, tuple(self.contexts), terms, self.growth)

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
                for ordinal, part in enumerate(_groups(condition)):
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
        if name in keep or name not in self.plans.definitions:
            return [_Product((context,), (Position(name, read.axes, read.shape),))]
        if not any(isinstance(part, Index) for index in entry.indices for part in symbols(index)):
            closed = self.plans.closed(entry, keep)
            used = {symbol.name for symbol in self.used}
            # Twice in one product it must be two sums: then it is written out like any other.
            if closed not in self.closed and not closed.names & used:
                return self._shared(closed, context, trail)
        body = inline(self.apart(self.plans.definitions[name]), entry.indices)
        return self.flatten(body, context, (*trail, 1), keep)

    def _shared(self, closed: _Closed, context: Context, trail: Trail) -> list[_Product]:
        self.closed.append(closed)
        self.used |= {Index(name): None for name in closed.names}
        self.growth = _larger(self.growth, closed.growth)
        context.steps.append(Expand(closed.contexts, (*trail, 1)))
        return [
            _Product((context, *product.parts), product.positions, product.repeated)
            for product in closed.products
        ]

    def apart(self, definition: Definition) -> Definition:
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
            try:
                require_shape_in_sizes(entry.array)
            except IllFormed as error:
                # It may be in a place that is never read, which evaluation knows.
                raise NotSupported(error.fact, code=error.code) from None
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
        self.growth = _larger(self.growth, formula.growth)


def _larger(left: Growth, right: Growth) -> Growth:
    return max(left[0], right[0]), max(left[1], right[1])


def _groups(condition: Condition) -> list[Condition]:
    """Split a conjunction where its parts speak of different indices, or say what one is.

    Parts about the same indices are decided together, in one pass over their values.
    """
    groups: list[tuple[set[str] | None, list[Condition]]] = []
    for part in conjuncts(condition):
        integers = condition_integers(part)
        about: set[str] | None = {
            symbol.name
            for integer in integers
            for symbol in symbols(integer)
            if isinstance(symbol, Index)
        }
        if isinstance(part, Comparison) and part.relation == "==":
            about = None
        if groups and about is not None and groups[-1][0] == about:
            groups[-1][1].append(part)
        else:
            groups.append((about, [part]))
    return [parts[0] if len(parts) == 1 else And(tuple(parts)) for _, parts in groups]


def _equality(left: Formula, right: Formula, trail: Trail) -> Equality:
    return Equality(left, right, equality_formula(left, right), trail)


def _bindings(context: Context) -> int:
    return sum(
        not isinstance(step, Read | Expand) for part in context.line() for step in part.steps
    )


def _multiplied(left: _Product, right: _Product) -> _Product:
    names = [position.array for position in left.positions]
    shared = next((part.array for part in right.positions if part.array in names), "")
    return _Product(
        (*left.parts, *right.parts),
        left.positions + right.positions,
        left.repeated or right.repeated or shared,
    )
