"""A side of a statement multiplied out, without sizes: terms, and what must have a meaning.

Every `Add` and `Sum` is distributed, definitions are written out, and derivatives are
selected. A term is a product of entries, summed over the steps that lead to it. A step is a
node of the algebra: a `Range` binds an index, every other one is a factor without entries
that must not be 0. Such a factor is kept whole even where it is a sum, because a zero in it
decides whether what follows is read: `(1 - [c])*x[i]` reads x only where c fails.

A `Check` is a node with the steps that lead to it in the order of evaluation. Siblings do not
see each other: in `x[i] * Sum([p == i]*w[p], p)` the entry of x is read wherever the product
is reached, also where the sum is empty, while the term takes the steps of both.

A derivative selects. The differentiated expression is written out with the other array kept,
and each entry of that array in a term gives a term without it, where its indices must equal
those of the entry that is differentiated by. Terms without one are dropped; what they read is
still checked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

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
from symconv.algebra.indices import Index, IntegerExpression, Range, Symbol
from symconv.algebra.scoping import (
    all_symbols,
    expand_where,
    free_indices,
    fresh_name,
    inline,
    rename_bound,
    require_shape_in_sizes,
    substitute,
)
from symconv.errors import IllFormed, NotSupported

Step: TypeAlias = "Range | Expression"
Steps: TypeAlias = "tuple[Step, ...]"

MOST_TERMS = 10_000
"""A product of sums that multiplies out to more terms than this is refused."""
SIDES_KEPT = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A range, a factor or an entry, and the steps after which evaluation reaches it."""

    before: Steps
    node: Step


@dataclass(frozen=True, slots=True, eq=False)
class SummedProduct:
    """Entries that are multiplied and summed over steps.

    Attributes:
        steps: what the product is summed over and multiplied with.
        entries: the entries, ordered as they are written.
        repeated: an array that occurs more than once, or did before a derivative took an
            entry of it, or an empty text.
    """

    steps: Steps
    entries: tuple[Entry, ...] = ()
    repeated: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Multiplied:
    """One side multiplied out; compared by identity, so that results can be kept by it.

    Attributes:
        expression: the side as it is written.
        free: the free indices.
        checks: what must have a meaning.
        products: what is added up.
    """

    expression: Expression
    free: tuple[Range, ...]
    checks: tuple[Check, ...]
    products: tuple[SummedProduct, ...]


class Sides:
    """The sides of a layer's statements, each multiplied out once.

    Args:
        definitions: what each defined array is, by its name.
        kept: defined arrays that are not written out but stay as they are.
    """

    def __init__(
        self, definitions: Mapping[str, Definition], kept: frozenset[str] = frozenset()
    ) -> None:
        self._definitions = definitions
        self._kept = kept
        self._sides: OrderedDict[tuple[Expression, tuple[Range, ...]], Multiplied] = OrderedDict()
        self._statements: OrderedDict[int, tuple[Statement, Multiplied, Multiplied]] = OrderedDict()

    def statement(self, statement: Statement) -> tuple[Multiplied, Multiplied]:
        """Multiply both sides out.

        Raises:
            NotSupported: when a product of sums has too many terms, or a free index is named
                twice.
        """
        # By identity: to find a statement by its content costs more than to compare its sides.
        found = self._statements.get(id(statement))
        if found is None:
            plain = expand_where(statement)
            left, right = (self.side(side, plain.free) for side in (plain.lhs, plain.rhs))
            found = self._statements[id(statement)] = (statement, left, right)
            if len(self._statements) > SIDES_KEPT:
                _ = self._statements.popitem(last=False)
        return found[1], found[2]

    def side(self, expression: Expression, free: tuple[Range, ...]) -> Multiplied:
        """Multiply one side out; equal sides of different statements share what is made.

        Raises:
            NotSupported: when a product of sums has too many terms, or a free index is named
                twice.
        """
        key = (expression, free)
        if key not in self._sides:
            names = [item.index.name for item in free]
            if len(set(names)) != len(names):
                raise NotSupported(f"a free index is named twice: {', '.join(names)}")
            self._sides[key] = _Multiplication(self._definitions).side(*key, self._kept)
            if len(self._sides) > SIDES_KEPT:
                _ = self._sides.popitem(last=False)
        return self._sides[key]


def has_derivative(expression: Expression) -> bool:
    """Tell whether a derivative stands in an expression."""
    match expression:
        case Derivative():
            return True
        case Entry() | Number() | Delta() | Iverson():
            return False
        case Add(terms=parts) | Mul(factors=parts):
            return any(has_derivative(part) for part in parts)
        case Sum(body=body):
            return has_derivative(body)
    raise TypeError(f"not an expression: {expression!r}")


class _Multiplication:
    """Walk one side once, and collect what must have a meaning."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._checks: list[Check] = []
        self._used: dict[Symbol, None] = {}

    def side(
        self, expression: Expression, free: tuple[Range, ...], kept: frozenset[str]
    ) -> Multiplied:
        for number, item in enumerate(free):
            _ = self._taken(free[:number], item)
        self._used |= dict.fromkeys(free_indices(expression))
        products = tuple(self._flat(expression, free, kept))
        return Multiplied(expression, free, tuple(self._checks), products)

    def _taken(self, steps: Steps, step: Step) -> Steps:
        if isinstance(step, Range):
            self._used[step.index] = None
        self._checks.append(Check(steps, step))
        return (*steps, step)

    def _flat(
        self, expression: Expression, steps: Steps, kept: frozenset[str]
    ) -> list[SummedProduct]:
        """Write an expression as products, each of whose steps extend the given ones."""
        match expression:
            case Number() | Delta() | Iverson():
                return [SummedProduct(self._taken(steps, expression))]
            case Entry():
                return self._entry(expression, steps, kept)
            case Add(terms=terms):
                return [product for term in terms for product in self._flat(term, steps, kept)]
            case Mul():
                return self._product(product_factors(expression), steps, kept)
            case Sum():
                renamed = rename_bound(expression, self._used)
                for item in renamed.ranges:
                    steps = self._taken(steps, item)
                return self._flat(renamed.body, steps, kept)
            case Derivative(body=body, by=by):
                return self._derivative(body, by, steps)
        raise TypeError(f"not an expression: {expression!r}")

    def _product(
        self, factors: tuple[Expression, ...], steps: Steps, kept: frozenset[str]
    ) -> list[SummedProduct]:
        """Multiply factors; those without entries come first, as they do in evaluation."""
        for factor in factors:
            if not has_entries(factor):
                steps = self._taken(steps, factor)
        products = [SummedProduct(steps)]
        for factor in filter(has_entries, factors):
            flat = self._flat(factor, steps, kept)
            if len(products) * len(flat) > MOST_TERMS:
                raise NotSupported(f"a product multiplies out to more than {MOST_TERMS} terms")
            products = [_joined(one, other, len(steps)) for one in products for other in flat]
        return products

    def _entry(self, entry: Entry, steps: Steps, kept: frozenset[str]) -> list[SummedProduct]:
        self._read(entry, steps)
        definition = self._definitions.get(entry.array.name)
        if definition is None or entry.array.name in kept:
            return [SummedProduct(steps, (entry,))]
        return self._flat(inline(self._apart(definition), entry.indices), steps, kept)

    def _apart(self, definition: Definition) -> Definition:
        """Rename what a definition leaves free, lest an index outside it give it a value."""
        fresh: dict[Symbol, IntegerExpression] = {}
        for index in free_indices(definition.body):
            if index not in definition.target.indices:
                names = {symbol.name for symbol in (*self._used, *all_symbols(definition.body))}
                fresh[index] = renamed = Index(fresh_name(index.name, names))
                self._used[renamed] = None
        return Definition(definition.target, substitute(definition.body, fresh))

    def _derivative(self, body: Expression, by: Entry, steps: Steps) -> list[SummedProduct]:
        self._read(by, steps)
        selected: list[SummedProduct] = []
        for product in self._flat(body, steps, frozenset({by.array.name})):
            for place, found in enumerate(product.entries):
                if found.array.name != by.array.name or len(found.indices) != len(by.indices):
                    continue
                left = product.entries[:place] + product.entries[place + 1 :]
                steps_there = (*product.steps, *map(Delta, found.indices, by.indices))
                selected.append(SummedProduct(steps_there, left, product.repeated))
        return selected

    def _read(self, entry: Entry, steps: Steps) -> None:
        try:
            require_shape_in_sizes(entry.array)
        except IllFormed as error:
            # It may be in a place that is never read, which evaluation knows.
            raise NotSupported(error.fact, code=error.code) from None
        self._checks.append(Check(steps, entry))


def _joined(one: SummedProduct, other: SummedProduct, shared: int) -> SummedProduct:
    """Multiply two products that share their first steps."""
    names = {entry.array.name for entry in one.entries}
    again = next((e.array.name for e in other.entries if e.array.name in names), "")
    steps = other.steps
    if len(one.steps) > shared:
        # Where nothing is added the tuple is shared, so that it is solved once (`solutions`).
        steps = (*one.steps, *steps[shared:]) if len(steps) > shared else one.steps
    return SummedProduct(
        steps,
        one.entries + other.entries,
        one.repeated or other.repeated or again,
    )
