"""The values that indices take together in a context, enumerated at given sizes.

Indices start apart, a step that mentions several components of a domain joins them, and only
the rows that pass are kept. So `n`, `c` and the pair of `k` and `p` are enumerated side by
side, and the product is never written out here.

Each step is taken in the order of evaluation, on what is left by the steps before it. Every
row of a component belongs to a row of the whole product as long as no component is empty, so
an entry that a component's row reads out of range is read out of range by evaluation too.
Such rows are recorded and dropped; the first one in the order of evaluation is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

from symconv.algebra.evaluation import Exact
from symconv.concrete.columns import Column, Formula, Growth, Live, Scope, whole
from symconv.concrete.components import Component, Domain, combined
from symconv.concrete.faults import (
    Fault,
    Located,
    bound_fault,
    entry_fault,
    first_values,
    formula_fault,
    moment_of,
)
from symconv.concrete.plans import (
    Bind,
    Context,
    Equality,
    Expand,
    Factor,
    Filter,
    Read,
    Side,
    Step,
    Term,
    Trail,
)
from symconv.concrete.rows import WITHIN_INT64, exact_product
from symconv.errors import IllFormed, NotSupported, TooLarge

MOST_ROWS = 20_000_000
"""The most rows that are built at a time: with what sorting needs, below a gigabyte."""


class Domains:
    """Enumerate the contexts of plans at given sizes, and keep them.

    Args:
        sizes: the value of every size by its name.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._scope = Scope(sizes, {})
        self._reach = max([1, *sizes.values()])
        self._growth: Growth = (1, 1)
        self._domains: dict[Context, Domain] = {}
        self._located: dict[Context, list[Located]] = {}
        self._found: list[Located] = []
        self._losses = 0
        self._wholes: dict[tuple[str, int, int], Component] = {}
        self._shapes: dict[tuple[Formula, ...], tuple[Exact, ...]] = {}

    def check(self, *sides: Side) -> None:
        """Enumerate every context of the sides of a statement.

        Raises:
            IllFormed: when an entry is read outside its array, an index has no value, a
                range ends at a position that is not an integer, or a divisor is zero.
            NotSupported: when index values could leave int64.
            TooLarge: when one component alone has too many rows.
        """
        found: list[tuple[tuple[float, ...], Located]] = []
        for ordinal, side in enumerate(sides):
            self.enumerate(side)
            for context in side.contexts:
                for item in self._located.get(context, ()):
                    # At each value of the free indices the left side is evaluated first.
                    free = len(side.free)
                    moment = (*item.moment[:free], ordinal, *item.moment[free:])
                    found.append((moment, item))
        if found:
            _, first = min(found, key=lambda pair: pair[0])
            raise IllFormed(first.fact, code=first.code, help=first.help, indices=first.indices)

    def enumerate(self, side: Side) -> None:
        """Enumerate every context of a side, leaving out the rows without meaning."""
        self._growth = side.growth
        # A sum that was too long to be computed may have left failures behind.
        self._scope.failures.clear()
        self._require_int64()
        for context in side.contexts:
            self._enumerate(context)

    def term(self, term: Term) -> Domain:
        """Return the domain of a term whose side was enumerated."""
        if term.context not in self._domains:
            # A definition that was never read: nothing is left where it would have been.
            unread = Domain()
            unread.alive = False
            return unread
        domain = self._domains[term.context].copy()
        self._extend(domain, term.steps)
        self._found.clear()
        return domain

    def bounds(self, context: Context, index: str) -> tuple[int, int]:
        """Return the least and the greatest value of an index that a context binds.

        Where the range was not reached, because one before it is empty, it counts as empty.
        """
        return self._domains[context].bounds.get(index, (0, -1))

    def join(self, domain: Domain, names: Iterable[str]) -> None:
        """Join the components of some indices into one."""
        _ = self._joined(domain, names)

    def value(self, domain: Domain, formula: Formula) -> tuple[Component | None, Column]:
        """Compute a formula whose indices are in one component; None where it has none."""
        components = domain.distinct(formula.indices)
        if not components:
            return None, formula.value(self._scope, None)
        [component] = components
        if formula.plain is not None:
            return component, component.columns[formula.plain]
        self._scope.columns = component.columns
        return component, formula.value(self._scope, None)

    def _enumerate(self, context: Context) -> None:
        if context in self._domains:
            return
        outer, self._found = self._found, []
        domain = self._domains[context.parent].copy() if context.parent else Domain()
        self._extend(domain, context.steps)
        self._domains[context] = domain
        if self._found:
            self._located[context] = self._found
        self._found = outer

    def _extend(self, domain: Domain, steps: Iterable[Step]) -> None:
        for step in steps:
            if not domain.alive:
                return
            match step:
                case Read():
                    self._read(domain, step)
                case Bind():
                    self._bind(domain, step)
                case Filter(condition=condition, trail=trail):
                    self._filter(domain, condition, trail)
                case Equality():
                    self._equate(domain, step)
                case Factor():
                    self._multiply(domain, step)
                case Expand():
                    self._expand(domain, step)
                case _:
                    raise TypeError(f"not a step: {step!r}")

    def _bind(self, domain: Domain, step: Bind) -> None:
        name = step.item.index.name
        if not step.lower.indices and not step.upper.indices:
            first = step.lower.value(self._scope, None)
            last = step.upper.value(self._scope, None)
            if isinstance(first, int) and isinstance(last, int) and not self._scope.failures:
                self._note_reach(domain, name, first, last)
                domain.put(self._whole(name, first, last))
                return
            self._scope.failures.clear()
        host, lower, upper = self._ends(domain, step)
        if not domain.alive:
            return
        assert host is not None, "ends without indices are integers, or not reached"
        self._note_reach(domain, name, int(np.min(lower)), int(np.max(upper)))
        lengths = np.broadcast_to(np.maximum(upper - lower + 1, 0), (host.count,)).astype(np.int64)
        total = int(lengths.sum())
        self._require_room(total)
        rows = np.repeat(np.arange(host.count), lengths)
        begins = np.cumsum(lengths) - lengths
        steps = np.arange(total) - begins[rows]
        extended = host.take(rows)
        extended.columns[name] = (
            np.broadcast_to(lower, (host.count,)).astype(np.int64)[rows] + steps
        )
        domain.put(extended)

    def _note_reach(self, domain: Domain, name: str, first: int, last: int) -> None:
        domain.bounds[name] = (first, last)
        if first < -self._reach or last > self._reach:
            self._reach = max(-first, last)
            self._require_int64()

    def _whole(self, name: str, first: int, last: int) -> Component:
        """Return the component of an index alone, with every value from first to last."""
        if (name, first, last) not in self._wholes:
            self._require_room(last - first + 1)
            values = np.arange(first, last + 1, dtype=np.int64)
            self._wholes[name, first, last] = Component({name: values}, len(values), whole=True)
        return self._wholes[name, first, last]

    def _ends(self, domain: Domain, step: Bind) -> tuple[Component | None, Column, Column]:
        """Compute both ends of a range on one component, without rows at which they fail."""
        names = step.lower.indices + step.upper.indices
        while True:
            losses = self._losses
            host = self._joined(domain, names)
            ends: list[Column] = []
            for formula in (step.lower, step.upper):
                components, value = self._value(domain, formula, step.trail)
                ends.append(value)
                if isinstance(value, int):
                    continue
                integral = whole(value)
                if not np.all(integral):
                    bad = _negated(integral)
                    self._note(domain, components, bad, step.trail, bound_fault(step))
                    self._select(domain, components, integral)
            if losses == self._losses or not domain.alive:
                return host, ends[0], ends[1]

    def _filter(self, domain: Domain, condition: Formula, trail: Trail) -> None:
        components, mask = self._value(domain, condition, trail)
        self._select(domain, components, mask)

    def _equate(self, domain: Domain, step: Equality) -> None:
        """Keep the rows where both sides are equal; an index that takes every value is solved."""
        for unknown, known in ((step.right, step.left), (step.left, step.right)):
            component = domain.by_index.get(unknown.plain or "")
            if component is not None and component.whole and unknown.plain not in known.indices:
                self._solve(domain, unknown.plain or "", known, step.trail)
                return
        self._filter(domain, step.condition, step.trail)

    def _solve(self, domain: Domain, name: str, known: Formula, trail: Trail) -> None:
        first, last = domain.bounds[name]
        host = self._joined(domain, known.indices)
        components, value = self._value(domain, known, trail)
        if not domain.alive:
            return
        if host is None:
            inside = bool(whole(value)) and first <= value <= last
            column = np.array([int(value)] if inside else [], dtype=np.int64)
            domain.put(Component({name: column}, len(column)))
            return
        inside = (first <= value) & (value <= last)
        if value.dtype == object:
            inside &= whole(value)
        if not inside.all():
            self._select(domain, components, inside)
            value = value[inside]
        [kept] = domain.distinct(known.indices)
        columns = {**kept.columns, name: value.astype(np.int64, copy=False)}
        domain.put(Component(columns, kept.count, kept.coefficients))

    def _multiply(self, domain: Domain, step: Factor) -> None:
        host = self._joined(domain, step.coefficient.indices)
        components, value = self._value(domain, step.coefficient, step.trail)
        if not domain.alive:
            return
        if host is None or not isinstance(value, np.ndarray):
            domain.scalar = domain.scalar * value
            domain.alive = domain.scalar != 0
            return
        nonzero = value != 0
        self._select(domain, components, nonzero)
        [kept] = domain.distinct(step.coefficient.indices)
        before = 1 if kept.coefficients is None else kept.coefficients
        factors = exact_product(before, value[nonzero])
        domain.put(Component(kept.columns, kept.count, factors))

    def _expand(self, domain: Domain, step: Expand) -> None:
        """Enumerate what depends on no index here; what fails there fails at the first row."""
        for context in step.contexts:
            self._enumerate(context)
        inner = [item for part in step.contexts for item in self._located.get(part, ())]
        if inner:
            first = min(inner, key=lambda item: item.moment)
            values = first_values(domain, [], None, step.trail)
            moment = (*moment_of(step.trail, values), *first.moment)
            self._losses += 1
            self._found.append(Located(moment, first.code, first.fact, first.help, first.indices))
            domain.alive = False

    def _read(self, domain: Domain, step: Read) -> None:
        """Drop the rows at which an entry is read outside its array, and record the first."""
        shape = self.shape(step.shape)
        axes = step.axes
        if shape is not None:
            # Where the range of a plain index shows that it stays inside, there is no doubt.
            axes = tuple(
                axis
                for axis, extent in zip(axes, shape, strict=True)
                if axis.plain is None or not _in_bounds(domain, axis.plain, extent)
            )
            if not axes:
                return
        positions, shape = self._positions(domain, step, axes)
        if not domain.alive:
            return
        extents = dict(zip(step.axes, shape, strict=True))
        faults = [
            (axis, extents[axis], code)
            for axis, value in zip(axes, positions, strict=True)
            for code in _outside(value, extents[axis])
        ]
        for axis, extent, code in faults:
            components, value = self._value(domain, axis, step.trail)
            where = _outside(value, extent)[code]
            self._note(domain, components, where, step.trail, entry_fault(step, code, shape))
        for axis, extent, code in faults:
            components, value = self._value(domain, axis, step.trail)
            where = _outside(value, extent).get(code, False)
            self._select(domain, components, _negated(where))

    def _positions(
        self, domain: Domain, step: Read, axes: tuple[Formula, ...]
    ) -> tuple[list[Column], tuple[Exact, ...]]:
        """Compute indices of an entry, and then the shape of its array."""
        while True:
            losses = self._losses
            positions = [self._value(domain, axis, step.trail)[1] for axis in axes]
            shape = self.shape(step.shape)
            if shape is None:
                shape = tuple(self._value(domain, part, step.trail)[1] for part in step.shape)
            if losses == self._losses or not domain.alive:
                return positions, shape

    def shape(self, formulas: tuple[Formula, ...]) -> tuple[Exact, ...] | None:
        """Return the shape of an array; None where it has none at these sizes."""
        if formulas not in self._shapes:
            shape = tuple(formula.value(self._scope, None) for formula in formulas)
            if self._scope.failures:
                self._scope.failures.clear()
                return None
            self._shapes[formulas] = shape
        return self._shapes[formulas]

    def _value(
        self, domain: Domain, formula: Formula, trail: Trail
    ) -> tuple[list[Component], Column]:
        """Compute a formula on the grid of its components, dropping rows where it fails."""
        if formula.plain in domain.by_index and domain.alive:
            component = domain.by_index[formula.plain]
            return [component], component.columns[formula.plain]
        while domain.alive:
            components, columns = self._grid(domain, formula.indices)
            self._scope.columns = columns
            value = formula.value(self._scope, None)
            if not self._scope.failures:
                return components, value
            failures = self._scope.failures
            self._scope.failures = []
            failing: Column = False
            for failure in failures:
                self._note(domain, components, failure.where, trail, formula_fault(failure))
                failing = failing | (True if failure.where is None else failure.where)
            self._select(domain, components, _negated(failing))
        return [], 0

    def _grid(
        self, domain: Domain, names: tuple[str, ...]
    ) -> tuple[list[Component], Mapping[str, Column]]:
        """Return the components of some indices, and their columns on one axis each."""
        components = domain.distinct(names)
        if len(components) < 2:
            return components, components[0].columns if components else {}
        self._require_room(prod(component.count for component in components))
        columns: dict[str, Column] = {}
        for axis, component in enumerate(components):
            shape = [1] * len(components)
            shape[axis] = component.count
            for name in names:
                if name in component.columns:
                    columns[name] = component.columns[name].reshape(shape)
        return components, columns

    def _joined(self, domain: Domain, names: Iterable[str]) -> Component | None:
        """Join the components of some indices into one; None where none of them is bound."""
        components = domain.distinct(names)
        if len(components) > 1:
            counts = [component.count for component in components]
            self._require_room(prod(counts))
            joined = combined(components, np.nonzero(np.ones(counts, dtype=bool)))
            domain.put(joined)
            return joined
        return components[0] if components else None

    def _select(self, domain: Domain, components: list[Component], mask: Column) -> None:
        """Keep the rows of the product of some components at which a mask holds."""
        if not isinstance(mask, np.ndarray):
            domain.alive = domain.alive and bool(mask)
        elif len(components) == 1:
            if not mask.all():
                domain.put(components[0].take(mask.nonzero()[0]))
        else:
            grid = tuple(component.count for component in components)
            full = mask if mask.shape == grid else np.broadcast_to(mask, grid)
            domain.put(combined(components, full.nonzero()))

    def _note(
        self, domain: Domain, components: list[Component], where: Live, trail: Trail, fault: Fault
    ) -> None:
        """Record the first of some failing rows; all rows fail where none are given."""
        values = first_values(domain, components, where, trail)
        code, fact, help = fault(self._scope.sizes, values)
        self._losses += 1
        self._found.append(Located(moment_of(trail, values), code, fact, help, values))

    def _require_int64(self) -> None:
        factor, degree = self._growth
        if factor * self._reach**degree >= WITHIN_INT64:
            raise NotSupported(
                f"index values of magnitude {self._reach} to the power {degree} may leave int64"
            )

    def _require_room(self, rows: int) -> None:
        if rows > MOST_ROWS:
            raise TooLarge(
                f"some indices take {rows:,} values together, and {MOST_ROWS:,} fit in memory",
                terms=rows,
                help="choose smaller sizes",
            )


def _in_bounds(domain: Domain, index: str, extent: Exact) -> bool:
    """Tell whether the range of an index shows that it stays inside an axis."""
    first, last = domain.bounds.get(index, (-1, -1))
    return first >= 0 and last < extent


def _outside(value: Column, extent: Exact) -> dict[str, Column]:
    """Return the rows that are no position on an axis, by the code that says why."""
    if not isinstance(value, np.ndarray):
        if value.denominator != 1:
            return {"non-integer-index": True}
        return {} if 0 <= value < extent else {"out-of-range": True}
    # Read as unsigned, a negative position is larger than any extent.
    if value.dtype == np.int64 and int(value.view(np.uint64).max()) < extent:
        return {}
    fractional = ~whole(value)
    outside = ((value < 0) | (value >= extent)) & ~fractional
    found = {"non-integer-index": fractional, "out-of-range": outside}
    return {code: where for code, where in found.items() if where.any()}


def _negated(mask: Column) -> Column:
    return ~mask if isinstance(mask, np.ndarray) else not mask
