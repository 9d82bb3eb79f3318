"""Closed forms at given sizes as sorted tables of int64, and loops compared with them.

Both sides of a statement are planned once without sizes (`plans`), enumerated at given sizes
by independent blocks of indices (`index_domains`), multiplied out to sorted rows (`rows`),
and compared as arrays. Loops run unchanged on entries that remember what was multiplied and
added (`tracing`), and their rows are compared with those of the definition or of the
automatic derivative. The cost is linear in the number of products.

Nothing here is shared with `evaluation`, with rewriting or with SymPy; that they all agree is
a test.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
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
from symconv.concrete.plans import Plan, Term, make_plan
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

PLANS_KEPT = 1024


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides of a statement at given sizes, not multiplied out."""

    free: tuple[str, ...]
    left: list[Factored]
    right: list[Factored]
    bounds: Bounds

    def count(self) -> int:
        """Return how many rows both sides have, before like ones are added up."""
        return sum(term.count for term in (*self.left, *self.right))

    def kinds(self) -> Iterator[tuple[list[Factored], list[Factored]]]:
        """Yield the terms of both sides, those with entries of the same arrays together."""
        for arrays in dict.fromkeys(term.arrays for term in (*self.left, *self.right)):
            yield (
                [term for term in self.left if term.arrays == arrays],
                [term for term in self.right if term.arrays == arrays],
            )


class Tables:
    """The polynomials of a layer at given sizes.

    Args:
        layer: whose definitions are expanded.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self._layer = layer
        self._sizes = sizes
        self._domains = Domains(dict(sizes))
        self._truths: dict[str, _Sides] = {}

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
        sides = self._sides(_plan(self._layer, statement))
        self._require_room(sides.count())
        differences: list[Difference] = []
        for on_left, on_right in sides.kinds():
            layout = Layout(_slots([*on_left, *on_right]), sides.bounds)
            left = merge([expand(term, layout) for term in on_left])
            right = merge([expand(term, layout) for term in on_right])
            if not left.same(right):
                arrays = (*on_left, *on_right)[0].arrays
                differences.append(_smallest(sides.free, layout, dict(arrays), left, right))
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
        self._require_room(truth.count())
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
        expected = _shape(truth)
        if result.shape != expected:
            raise WrongShape(result.shape, expected)
        places = layout.grid([(FREE, number) for number in range(len(expected))]).reshape(-1)
        right = collect(places[positions] + codes, 1 if coefficients is None else coefficients)
        left = merge([expand(term, layout) for term in truth.left])
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
        plan = _plan(self._layer, statement)
        try:
            self._domains.enumerate(plan)
            return self._factored(plan).count()
        except TooLarge as error:
            return error.terms

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
        truth = self._truth(name)
        return self._evaluated(truth, truth.left, arrays)

    def statement_values(self, statement: Statement, arrays: Mapping[str, Any]) -> Any:
        """Evaluate a statement's right-hand side at integers, over its free indices.

        Raises:
            IllFormed: when a side has no meaning at some value of the free indices.
        """
        sides = self._sides(_plan(self._layer, statement))
        return self._evaluated(sides, sides.right, arrays)

    def magnitude(self, name: str, largest: int) -> int:
        """Bound the entries of an array or gradient, and all their partial sums.

        Args:
            name: ``y``, or a gradient such as ``dL/dx``.
            largest: the magnitude that no entry of an input array passes.
        """
        truth = self._truth(name)
        self._require_room(truth.count())
        total = np.zeros(int(np.prod(_shape(truth))), dtype=object)
        for places, rows, arrays, _ in self._expanded(truth, truth.left):
            np.add.at(total, places, abs(spread(rows)).astype(object) * largest ** len(arrays))
        return max(total, default=0)

    def _evaluated(self, sides: _Sides, terms: list[Factored], arrays: Mapping[str, Any]) -> Any:
        self._require_room(sides.count())
        shape = _shape(sides)
        total = np.zeros(int(np.prod(shape)), dtype=object)
        for places, rows, kind, positions in self._expanded(sides, terms):
            products = spread(rows).astype(object)
            for name, _ in kind:
                products = products * arrays[name][positions[name]]
            np.add.at(total, places, products)
        return total.reshape(shape)

    def _expanded(
        self, sides: _Sides, terms: list[Factored]
    ) -> Iterator[tuple[np.ndarray, Rows, Kind, dict[str, tuple[np.ndarray, ...]]]]:
        """Yield terms multiplied out: flat free indices, rows, arrays, their positions."""
        shape = _shape(sides)
        for term in terms:
            layout = Layout(_slots([term]), sides.bounds)
            rows = expand(term, layout)
            positions = {
                name: tuple(layout.decode(rows.codes, [(name, axis) for axis in range(rank)]))
                for name, rank in term.arrays
            }
            places = np.zeros(len(rows.codes), dtype=np.int64)
            for number, extent in enumerate(shape):
                least = sides.bounds[FREE, number][0]
                (values,) = layout.decode(rows.codes, [(FREE, number)])
                places = places * extent + values - least
            yield places, rows, term.arrays, positions

    def _sides(self, plan: Plan) -> _Sides:
        self._domains.check(plan)
        return self._factored(plan)

    def _truth(self, name: str) -> _Sides:
        """Return the definition of an array, or the automatic derivative, as a left side."""
        if name not in self._truths:
            self._truths[name] = self._sides(_truth_plan(self._layer, name))
        return self._truths[name]

    def _factored(self, plan: Plan) -> _Sides:
        bounds: Bounds = {}
        for number, name in enumerate(plan.free):
            bounds[FREE, number] = self._domains.bounds(plan.root, name)
        left, right = (
            [factored for term in side if (factored := self._factor(term, bounds)) is not None]
            for side in (plan.left, plan.right)
        )
        return _Sides(plan.free, left, right, bounds)

    def _factor(self, term: Term, bounds: Bounds) -> Factored | None:
        """Split a term into independent blocks of digits; None where it has no rows."""
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
        for slot, formula in term.digits:
            component, value = self._domains.value(domain, formula)
            if component is None:
                constants.append((slot, int(value)))
            else:
                _, slots, columns = digits[id(component)]
                slots.append(slot)
                columns.append(value if value.dtype == np.int64 else value.astype(np.int64))
        for (name, _), formulas in zip(term.arrays, term.shapes, strict=True):
            shape = self._domains.shape(formulas)
            assert shape is not None, "the entries of a term were read"
            for axis, extent in enumerate(shape):
                greatest = bounds.get((name, axis), (0, 0))[1]
                bounds[name, axis] = (0, max(greatest, ceil(extent) - 1))
        blocks = tuple(
            Block(tuple(slots), tuple(columns), component.coefficients, component.count)
            for component, slots, columns in digits.values()
        )
        return Factored(term.arrays, domain.scalar, tuple(constants), blocks)

    def _loop_layout(self, truth: _Sides, arrays: list[Array]) -> Layout:
        """Lay out rows of every kind: those of the truth come out sorted, others are possible."""
        bounds = dict(truth.bounds)
        for array in arrays:
            if array.name in self._layer.definition_by_name:
                raise NotSupported(f"a loop that takes {array.name}, which is not an input")
            for axis, extent in enumerate(array.shape):
                bounds[array.name, axis] = (
                    0,
                    int(integer_value(extent, self._sizes.by_symbol)) - 1,
                )
        names = dict.fromkeys(array.name for array in arrays)
        names |= dict.fromkeys(name for term in truth.left for name, _ in term.arrays)
        presence: dict[Slot, tuple[int, int]] = {(name, PRESENCE): (0, 1) for name in names}
        order = dict.fromkeys([*presence, *_slots(truth.left), *bounds])
        return Layout(order, bounds | presence, limit=CODE_LIMIT)

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


_plans: OrderedDict[tuple[int, int | str], tuple[Layer, Statement | None, Plan]] = OrderedDict()
"""Plans by the identity of layer and statement, which are kept alive here. Looking one up by
its content would cost more than comparing both sides does."""


def _plan(layer: Layer, statement: Statement) -> Plan:
    key = (id(layer), id(statement))
    if key not in _plans:
        plan = make_plan(statement, layer.definition_by_name)
        _keep(key, (layer, statement, plan))
    return _plans[key][2]


def _truth_plan(layer: Layer, name: str) -> Plan:
    key = (id(layer), name)
    if key not in _plans:
        body, by = layer.named_arrays(name)
        axes = body.shape + (by.shape if by else ())
        indices = tuple(Index(index) for index in layer.index_names(name))
        statement = Statement(
            _named_entry(body, by, indices),
            Add(()),
            free=tuple(
                Range(index, as_integer(0), extent - 1)
                for index, extent in zip(indices, axes, strict=True)
            ),
        )
        _keep(key, (layer, None, make_plan(statement, layer.definition_by_name)))
    return _plans[key][2]


def _named_entry(body: Array, by: Array | None, indices: tuple[Index, ...]) -> Expression:
    split = len(body.shape)
    if by is None:
        return body[indices]
    return Derivative(body[indices[:split]], by[indices[split:]])


def _keep(key: tuple[int, int | str], entry: tuple[Layer, Statement | None, Plan]) -> None:
    _plans[key] = entry
    if len(_plans) > PLANS_KEPT:
        _ = _plans.popitem(last=False)


def _slots(terms: list[Factored]) -> dict[Slot, None]:
    """Order digits so that the largest term comes out sorted."""
    found: dict[Slot, None] = {}
    for term in sorted(terms, key=lambda term: -term.count):
        found |= dict.fromkeys(term.slots())
    return found


def _shape(sides: _Sides) -> tuple[int, ...]:
    extents = (sides.bounds[FREE, number] for number in range(len(sides.free)))
    return tuple(max(0, greatest - least + 1) for least, greatest in extents)


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
