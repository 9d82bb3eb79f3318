"""Closed forms at given sizes as sorted tables of int64, and loops compared with them.

Both sides of a statement are multiplied out once without sizes (`terms`), solved at given sizes
as boxes of loop indices (`boxes`), written as sorted rows (`rows`), and compared as arrays.
Loops run unchanged on entries that remember what was multiplied and added (`tracing`), and
their rows are compared with those of the definition or of the automatic derivative. The cost
is linear in the number of products.

Where a side has no meaning at some value of its free indices, that is all that is said here;
which entry is met first, `evaluation` says. Nothing is shared with it, with rewriting or with
SymPy; that they all agree is a test.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.evaluation import Atom, Monomial, Polynomial, integer_value
from symconv.algebra.expressions import Array, Derivative, Statement
from symconv.algebra.indices import Index, Range, as_integer
from symconv.concrete.blocks import factored
from symconv.concrete.differences import Difference
from symconv.concrete.meanings import Meanings
from symconv.concrete.refusals import run_traced
from symconv.concrete.rows import (
    FREE,
    MOST_ROWS,
    PRESENCE,
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
from symconv.concrete.solutions import Boxes
from symconv.concrete.terms import Multiplied, Sides, has_derivative
from symconv.concrete.traced_memory import CODE_LIMIT, MOST_ARGUMENTS
from symconv.concrete.tracing import TracedArray, traced_rows
from symconv.errors import IllFormed, NotSupported, TooLarge, WrongShape
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
        self._sides = _sides_of(layer)
        self._boxes = Boxes(sizes.by_symbol)
        self._meanings = Meanings(self._boxes)
        self._named: dict[str, Multiplied] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._tables: dict[Multiplied, _Table] = {}
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
        sides = self._sides.statement(statement)
        self._require_meaning(*sides)
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

    def sides_at(
        self, statement: Statement, indices: Mapping[str, int]
    ) -> tuple[Polynomial, Polynomial]:
        """Return both sides at some values of the free indices.

        Raises:
            IllFormed: when a side has no meaning at some value of the free indices.
        """
        sides = self._sides.statement(statement)
        self._require_meaning(*sides)
        tables = left, right = self._table(sides[0]), self._table(sides[1])
        found: tuple[Polynomial, Polynomial] = ({}, {})
        for kind in dict.fromkeys((*left.terms, *right.terms)):
            layout = self._layout(left, right, kind)
            for table, polynomial in zip(tables, found, strict=True):
                rows = self._expanded(table, kind, layout)
                free = [(FREE, number) for number in range(len(table.free))]
                here = np.ones(len(rows.codes), dtype=bool)
                for name, values in zip(table.free, layout.decode(rows.codes, free), strict=True):
                    here &= values == indices[name]
                monomials = _monomials(layout, dict(kind), rows.codes[here])
                polynomial.update(zip(monomials, spread(rows)[here].tolist(), strict=True))
        return found

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
            for side in self._sides.statement(statement):
                count += self._table(side).count
        except TooLarge as error:
            return error.terms
        return count

    def is_explicit(self, statement: Statement) -> bool:
        """Tell whether a statement's right-hand side has numbers to be evaluated at."""
        return not has_derivative(statement.rhs)

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
        sides = self._sides.statement(statement)
        self._require_meaning(*sides)
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
        if name not in self._named:
            self._named[name] = self._named_side(name)
        side = self._named[name]
        self._require_meaning(side)
        return self._table(side)

    def _named_side(self, name: str) -> Multiplied:
        body, by = self._layer.named_arrays(name)
        indices = tuple(Index(index) for index in self._layer.index_names(name))
        extents = body.shape + (by.shape if by else ())
        free = tuple(
            Range(index, as_integer(0), extent - 1)
            for index, extent in zip(indices, extents, strict=True)
        )
        split = len(body.shape)
        entry = body[indices[:split]]
        return self._sides.side(Derivative(entry, by[indices[split:]]) if by else entry, free)

    def _require_meaning(self, *sides: Multiplied) -> None:
        for side in sides:
            lost = self._meanings.lost(side)
            if lost is not None:
                raise lost

    def _table(self, side: Multiplied) -> _Table:
        """Split a side at the given sizes into independent blocks of digits."""
        if side not in self._tables:
            bounds: Bounds = {}
            free = self._boxes.of(side.free)
            for number, item in enumerate(side.free):
                # Where a range is not reached, because one before it is empty, it is empty too.
                bounds[FREE, number] = free.spans.get(item.index, (0, -1))
            terms: dict[Kind, list[Factored]] = {}
            for product in side.products:
                found = factored(product, side.free, self._boxes)
                if found is None:
                    continue
                terms.setdefault(found.arrays, []).append(found)
                for entry in product.entries:
                    self._bound(entry.array, bounds)
            count = sum(term.count for some in terms.values() for term in some)
            names = tuple(item.index.name for item in side.free)
            self._tables[side] = _Table(names, terms, bounds, count)
        return self._tables[side]

    def _bound(self, array: Array, bounds: Bounds) -> None:
        """Widen the bounds of the digits of an array that is read."""
        shape = self._meanings.shape(array)
        assert not isinstance(shape, IllFormed), "the entries of a product were read"
        for axis, extent in enumerate(shape):
            greatest = bounds.get((array.name, axis), (0, 0))[1]
            bounds[array.name, axis] = (0, max(greatest, ceil(extent) - 1))

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


_sides_by_layer: OrderedDict[int, tuple[Layer, Sides]] = OrderedDict()
"""Sides multiplied out, by the identity of a layer, which is kept alive here."""


def _sides_of(layer: Layer) -> Sides:
    if id(layer) not in _sides_by_layer:
        _sides_by_layer[id(layer)] = (layer, Sides(layer.definition_by_name))
        if len(_sides_by_layer) > LAYERS_KEPT:
            _ = _sides_by_layer.popitem(last=False)
    return _sides_by_layer[id(layer)][1]


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
