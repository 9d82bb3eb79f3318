"""Closed forms at given sizes as sorted tables of int64, and loops compared with them.

Both sides of a statement are planned once without sizes (`planning`), enumerated at given
sizes by independent blocks of indices (`index_domains`), multiplied out to sorted rows
(`rows`), and compared as arrays. Loops run unchanged on entries that remember what was
multiplied and added (`tracing`), and their rows are compared with those of the definition or
of the automatic derivative. The cost is linear in the number of products.

Nothing here is shared with `evaluation`, with rewriting or with SymPy; that they all agree is
a test.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.evaluation import Atom, Monomial, integer_value
from symconv.algebra.expressions import (
    Add,
    Array,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Index, Range, as_integer
from symconv.concrete.components import Component
from symconv.concrete.differences import Difference
from symconv.concrete.index_domains import MOST_ROWS, Domains
from symconv.concrete.planning import Plans
from symconv.concrete.plans import Side, Term
from symconv.concrete.refusals import run_traced
from symconv.concrete.rows import (
    FREE,
    PRESENCE,
    Block,
    Factored,
    Layout,
    Rows,
    Slot,
    collect,
    differing,
    expand,
    merge,
    spread,
)
from symconv.concrete.traced_memory import CODE_LIMIT, MOST_ARGUMENTS
from symconv.concrete.tracing import TracedArray, traced_rows
from symconv.errors import NotSupported, TooLarge, WrongShape
from symconv.layers.layer import Layer, Loop, Sizes

Kind: TypeAlias = "tuple[tuple[str, int], ...]"
"""Which arrays a product is made of: names with numbers of axes."""
Bounds: TypeAlias = "dict[Slot, tuple[int, int]]"

LAYERS_KEPT = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One side of a statement at given sizes, not multiplied out.

    Attributes:
        free: the free indices' names.
        terms: the products, those of entries of the same arrays together.
        bounds: the least and the greatest value of every digit.
        count: how many rows there are, before like ones are added up.
    """

    free: tuple[str, ...]
    terms: Mapping[Kind, list[Factored]]
    bounds: Bounds
    count: int

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each free index has."""
        extents = (self.bounds[FREE, number] for number in range(len(self.free)))
        return tuple(max(0, greatest - least + 1) for least, greatest in extents)


class Tables:
    """The polynomials of a layer at given sizes.

    Args:
        layer: whose definitions are expanded.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self._layer = layer
        self._sizes = sizes
        self._plans = _plans_of(layer)
        self._domains = Domains({size.name: value for size, value in sizes.by_symbol.items()})
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._tables: dict[Side, _Table] = {}
        self._layouts: dict[tuple[_Table, Kind], Layout] = {}
        self._rows: dict[tuple[_Table, Kind], tuple[Layout, Rows]] = {}

    def compare(self, statement: Statement) -> Difference | None:
        """Compare both sides of a statement at every value of its free indices.

        The statement's assumptions are not looked at: whoever calls chooses sizes that
        satisfy them.

        Returns:
            None where both sides are the same polynomials, otherwise the smallest difference.

        Raises:
            IllFormed: when a side has no meaning at some value of the free indices.
            NotSupported: for a product in which an array occurs twice, and where int64 is
                too small.
            TooLarge: when both sides have more rows than fit in memory; nothing was built.
        """
        sides = self._plans.statement(statement)
        self._domains.check(*sides)
        left, right = (self._table(side) for side in sides)
        self._require_room(left.count + right.count)
        differences: list[Difference] = []
        for kind in dict.fromkeys((*left.terms, *right.terms)):
            layout = self._layout(left, right, kind)
            on_left, on_right = (self._expanded(side, kind, layout) for side in (left, right))
            if not on_left.same(on_right):
                difference = _smallest(left.free, layout, dict(kind), on_left, on_right)
                differences.append(difference)
        return min(differences, key=_order) if differences else None

    def compare_loop(self, loop: Loop) -> Difference | None:
        """Run a loop on traced entries and compare it with what it computes.

        Returns:
            None where the loop is right, otherwise the smallest difference, with the
            definition or the automatic derivative on the left and the loop on the right.

        Raises:
            LoopRaised: when the loop raises.
            WrongShape: when the result does not have the shape of what the loop computes.
            NotSupported: when the loop does what cannot be traced.
            TooLarge: when there are more products than fit in memory; nothing was run.
        """
        truth = self._truth(loop.computes)
        self._require_room(truth.count)
        known = self._layer.array_by_name
        arrays = [known[name] for name in loop.arguments if name in known]
        if len(arrays) > MOST_ARGUMENTS:
            raise NotSupported(f"a loop that takes more than {MOST_ARGUMENTS} arrays")
        layout = self._loop_layout(truth, arrays)
        given = {
            array.name: TracedArray(self._codes(array, layout), 1 << number)
            for number, array in enumerate(arrays)
        }
        result = run_traced(self._layer.run_loop, loop, given, self._sizes)
        positions, codes, coefficients = traced_rows(result)
        if result.shape != truth.shape:
            raise WrongShape(result.shape, truth.shape)
        places = layout.grid([(FREE, number) for number in range(len(truth.shape))]).reshape(-1)
        right = collect(places[positions] + codes, 1 if coefficients is None else coefficients)
        left = self._in_loop_layout(truth, layout)
        if left.same(right):
            return None
        ranks = {
            name: len(array.shape)
            for name, array in known.items()
            if (name, PRESENCE) in layout.bounds
        }
        return _smallest(truth.free, layout, ranks, left, right)

    def term_count(self, statement: Statement) -> int:
        """Return how many rows both sides have, without multiplying them out.

        An upper bound: rows that are equal count separately. Where the indices that depend on
        one another already take too many values together, it is the number of those.
        """
        count = 0
        try:
            for side in self._plans.statement(statement):
                self._domains.enumerate(side)
                count += self._table(side).count
        except TooLarge as error:
            return error.terms
        return count

    def is_explicit(self, statement: Statement) -> bool:
        """Tell whether a statement's right-hand side has numbers to be evaluated at."""
        return not _has_derivative(statement.rhs)

    def values(self, name: str, arrays: Mapping[str, Any]) -> Any:
        """Evaluate an array or gradient at integers, exactly.

        Args:
            name: ``y``, or a gradient such as ``dL/dx``.
            arrays: the input arrays, as object arrays of Python integers.

        Returns:
            An object array of Python integers or fractions.
        """
        return self._evaluated(self._truth(name), arrays)

    def statement_values(self, statement: Statement, arrays: Mapping[str, Any]) -> Any:
        """Evaluate a statement's right-hand side at integers, over its free indices.

        Raises:
            IllFormed: when a side has no meaning at some value of the free indices.
        """
        sides = self._plans.statement(statement)
        self._domains.check(*sides)
        return self._evaluated(self._table(sides[1]), arrays)

    def magnitude(self, name: str, largest: int) -> int:
        """Bound the entries of an array or gradient, and all their partial sums.

        Args:
            name: ``y``, or a gradient such as ``dL/dx``.
            largest: the magnitude that no entry of an input array passes.
        """
        truth = self._truth(name)
        total = np.zeros(prod(truth.shape), dtype=object)
        for places, rows, kind, _ in self._decoded(truth):
            np.add.at(total, places, abs(spread(rows)).astype(object) * largest ** len(kind))
        return max(total, default=0)

    def products(
        self, name: str
    ) -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, tuple[np.ndarray, ...]]]]:
        """Yield the products of a result: flat places, coefficients, positions of entries."""
        for places, rows, _, positions in self._decoded(self._truth(name)):
            yield places, spread(rows), positions

    def _evaluated(self, table: _Table, arrays: Mapping[str, Any]) -> Any:
        total = np.zeros(prod(table.shape), dtype=object)
        for places, rows, kind, positions in self._decoded(table):
            products = spread(rows).astype(object)
            for name, _ in kind:
                products = products * arrays[name][positions[name]]
            np.add.at(total, places, products)
        return total.reshape(table.shape)

    def _decoded(
        self, table: _Table
    ) -> Iterator[tuple[np.ndarray, Rows, Kind, dict[str, tuple[np.ndarray, ...]]]]:
        """Yield a table kind by kind: flat free indices, rows, arrays, their positions."""
        self._require_room(table.count)
        for kind in table.terms:
            layout = self._layout(table, table, kind)
            rows = self._expanded(table, kind, layout)
            positions = {
                name: tuple(layout.decode(rows.codes, [(name, axis) for axis in range(rank)]))
                for name, rank in kind
            }
            places = np.zeros(len(rows.codes), dtype=np.int64)
            for number, extent in enumerate(table.shape):
                (values,) = layout.decode(rows.codes, [(FREE, number)])
                places = places * extent + values - table.bounds[FREE, number][0]
            yield places, rows, kind, positions

    def _truth(self, name: str) -> _Table:
        """Return the definition of an array, or the automatic derivative."""
        if name not in self._plans.named:
            self._plans.named[name] = self._named_side(name)
        side = self._plans.named[name]
        self._domains.check(side)
        return self._table(side)

    def _named_side(self, name: str) -> Side:
        body, by = self._layer.named_arrays(name)
        indices = tuple(Index(index) for index in self._layer.index_names(name))
        extents = body.shape + (by.shape if by else ())
        free = tuple(
            Range(index, as_integer(0), extent - 1)
            for index, extent in zip(indices, extents, strict=True)
        )
        split = len(body.shape)
        entry = body[indices[:split]]
        return self._plans.side(Derivative(entry, by[indices[split:]]) if by else entry, free)

    def _table(self, side: Side) -> _Table:
        """Split an enumerated side into independent blocks of digits."""
        if side not in self._tables:
            bounds: Bounds = {}
            for number, name in enumerate(side.free):
                bounds[FREE, number] = self._domains.bounds(side.root, name)
            terms: dict[Kind, list[Factored]] = {}
            for term in side.terms:
                factored = self._factored(term, bounds)
                if factored is not None:
                    terms.setdefault(term.arrays, []).append(factored)
            count = sum(term.count for some in terms.values() for term in some)
            self._tables[side] = _Table(side.free, terms, bounds, count)
        return self._tables[side]

    def _factored(self, term: Term, bounds: Bounds) -> Factored | None:
        """Split a term into independent blocks; None where it has no rows."""
        domain = self._domains.term(term)
        if not domain.alive:
            return None
        if term.repeated:
            raise NotSupported(f"{term.repeated} occurs twice in a product")
        for _, formula in term.digits:
            if len(formula.indices) > 1:
                self._domains.join(domain, formula.indices)
        constants: list[tuple[Slot, int]] = []
        digits: dict[int, tuple[Component, list[Slot], list[np.ndarray]]] = {
            id(component): (component, [], []) for component in domain.components()
        }
        # A single index with all its values, in plain digits only, has its codes in order.
        plain = {key for key, (component, _, _) in digits.items() if component.whole}
        for slot, formula in term.digits:
            component, value = self._domains.value(domain, formula)
            if component is None:
                constants.append((slot, int(value)))
                continue
            _, slots, columns = digits[id(component)]
            slots.append(slot)
            columns.append(value if value.dtype == np.int64 else value.astype(np.int64))
            if formula.plain is None:
                plain.discard(id(component))
        for (name, _), formulas in zip(term.arrays, term.shapes, strict=True):
            shape = self._domains.shape(formulas)
            assert shape is not None, "the entries of a term were read"
            for axis, extent in enumerate(shape):
                greatest = bounds.get((name, axis), (0, 0))[1]
                bounds[name, axis] = (0, max(greatest, ceil(extent) - 1))
        blocks = tuple(
            Block(slots, columns, component.coefficients, component.count, id(component) in plain)
            for component, slots, columns in digits.values()
        )
        return Factored(term.arrays, domain.scalar, tuple(constants), blocks)

    def _layout(self, left: _Table, right: _Table, kind: Kind) -> Layout:
        """Lay out the rows of one kind: those of the left side come out sorted.

        The same layout serves every statement with that left side, so that its rows are made
        once.
        """
        first, other = (left, right) if kind in left.terms else (right, left)
        if (first, kind) not in self._layouts:
            order = _slots(first.terms[kind])
            self._layouts[first, kind] = Layout(order, {slot: first.bounds[slot] for slot in order})
        layout = self._layouts[first, kind]
        wider: Bounds = {}
        for slot, (least, greatest) in layout.bounds.items():
            lowest, highest = other.bounds.get(slot, (least, greatest))
            if lowest < least or highest > greatest:
                wider[slot] = (min(least, lowest), max(greatest, highest))
        return Layout(layout.order, {**layout.bounds, **wider}) if wider else layout

    def _expanded(self, table: _Table, kind: Kind, layout: Layout) -> Rows:
        known = self._rows.get((table, kind))
        if known is not None and known[0] is layout:
            return known[1]
        rows = merge([expand(term, layout) for term in table.terms.get(kind, ())])
        self._rows[table, kind] = (layout, rows)
        return rows

    def _loop_layout(self, truth: _Table, arrays: list[Array]) -> Layout:
        """Lay out rows of every kind: a loop may multiply what it should not.

        The least significant digits are those of the longest kind of the truth, so that its
        rows need not be made again.
        """
        bounds = dict(truth.bounds)
        for array in arrays:
            if array.name in self._layer.definition_by_name:
                raise NotSupported(f"a loop that takes {array.name}, which is not an input")
            for axis, extent in enumerate(self._shape(array)):
                bounds[array.name, axis] = (0, extent - 1)
        names = dict.fromkeys(array.name for array in arrays)
        names |= dict.fromkeys(name for kind in truth.terms for name, _ in kind)
        presence: dict[Slot, tuple[int, int]] = {(name, PRESENCE): (0, 1) for name in names}
        longest: dict[Slot, None] = {}
        if truth.terms:
            kind = max(truth.terms, key=lambda kind: sum(t.count for t in truth.terms[kind]))
            longest = dict.fromkeys(self._layout(truth, truth, kind).order)
        others = [slot for slot in bounds if slot not in longest]
        return Layout([*presence, *others, *longest], bounds | presence, limit=CODE_LIMIT)

    def _in_loop_layout(self, truth: _Table, layout: Layout) -> Rows:
        """Return the rows of all kinds."""
        parts: list[Rows] = []
        for kind, terms in truth.terms.items():
            alone = self._layout(truth, truth, kind)
            if all(
                layout.weights[slot] == weight and layout.bounds[slot] == alone.bounds[slot]
                for slot, weight in alone.weights.items()
            ):
                rows = self._expanded(truth, kind, alone)
                present = sum(layout.weights[name, PRESENCE] for name, _ in kind)
                parts.append(Rows(rows.codes + present, rows.coefficients))
            else:
                parts += [expand(term, layout) for term in terms]
        return merge(parts)

    def _shape(self, array: Array) -> tuple[int, ...]:
        if array.name not in self._shapes:
            values = self._sizes.by_symbol
            self._shapes[array.name] = tuple(
                int(integer_value(extent, values)) for extent in array.shape
            )
        return self._shapes[array.name]

    def _codes(self, array: Array, layout: Layout) -> np.ndarray:
        axes = [(array.name, axis) for axis in range(len(array.shape))]
        return layout.grid(axes) + layout.weights[array.name, PRESENCE]

    def _require_room(self, rows: int) -> None:
        if rows > MOST_ROWS:
            raise TooLarge(
                f"{rows:,} terms at {self._sizes} do not fit in memory, {MOST_ROWS:,} do",
                terms=rows,
                help="give smaller sizes",
            )


_plans_by_layer: OrderedDict[int, tuple[Layer, Plans]] = OrderedDict()
"""Plans by the identity of a layer, which is kept alive here."""


def _plans_of(layer: Layer) -> Plans:
    if id(layer) not in _plans_by_layer:
        _plans_by_layer[id(layer)] = (layer, Plans(layer.definition_by_name))
        if len(_plans_by_layer) > LAYERS_KEPT:
            _ = _plans_by_layer.popitem(last=False)
    return _plans_by_layer[id(layer)][1]


def _slots(terms: list[Factored]) -> dict[Slot, None]:
    """Order digits so that the largest term comes out sorted."""
    found: dict[Slot, None] = {}
    for term in sorted(terms, key=lambda term: -term.count):
        found |= dict.fromkeys(term.slots())
    return found


def _smallest(
    free: tuple[str, ...], layout: Layout, ranks: Mapping[str, int], left: Rows, right: Rows
) -> Difference:
    """Return the difference with the smallest free indices, and there the smallest monomial."""
    codes, on_left, on_right = differing(left, right)
    columns = layout.decode(codes, [(FREE, number) for number in range(len(free))])
    first = np.lexsort(columns[::-1])[0] if columns else 0
    here = np.ones(len(codes), dtype=bool)
    for column in columns:
        here &= column == column[first]
    monomials = _monomials(layout, ranks, codes[here])
    place = min(range(len(monomials)), key=monomials.__getitem__)
    return Difference(
        {name: int(column[first]) for name, column in zip(free, columns, strict=True)},
        monomials[place],
        on_left[here][place],
        on_right[here][place],
    )


def _monomials(layout: Layout, ranks: Mapping[str, int], codes: np.ndarray) -> list[Monomial]:
    found: list[list[Atom]] = [[] for _ in codes]
    for name in sorted(ranks):
        axes = layout.decode(codes, [(name, axis) for axis in range(ranks[name])])
        presence = np.ones(len(codes), dtype=np.int64)
        if (name, PRESENCE) in layout.weights:
            (presence,) = layout.decode(codes, [(name, PRESENCE)])
        positions = (
            zip(*(axis.tolist() for axis in axes), strict=True) if axes else [()] * len(codes)
        )
        for atoms, present, position in zip(found, presence.tolist(), positions, strict=True):
            if present:
                atoms.append((name, position))
    return [tuple(atoms) for atoms in found]


def _order(difference: Difference) -> tuple[tuple[int, ...], Monomial]:
    return tuple(difference.indices.values()), difference.monomial


def _has_derivative(expression: Expression) -> bool:
    match expression:
        case Derivative():
            return True
        case Entry() | Number() | Delta() | Iverson():
            return False
        case Add(terms=parts) | Mul(factors=parts):
            return any(_has_derivative(part) for part in parts)
        case Sum(body=body):
            return _has_derivative(body)
    raise TypeError(f"not an expression: {expression!r}")
