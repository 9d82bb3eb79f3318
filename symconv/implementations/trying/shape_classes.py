"""The classes of shapes at which code is tried: every case of its index conditions once.

A class is as general as it can be in everything that it does not ask for. Its sizes are its
smallest member: least sum, then lexicographic in the layer's order of sizes. Where a layer's
sizes are chosen in several groups, axis after axis, that holds within each group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.indices import Comparison, Condition, Constant, Size, Symbol, conjuncts
from symconv.algebra.tree import symbols
from symconv.concrete.columns import (
    ColumnFormula,
    ColumnScope,
    condition_formula,
    integer_formula,
    whole,
)
from symconv.layers.layer import Layer, Sizes

Columns: TypeAlias = Mapping[str, Any]

MOST_ALTERNATIVES = 60
LARGEST_FIXED = 64
"""A size that code has built in is tried up to this, where it is larger than what is tried else."""
"""Limit: so many choices of one group are tried where a later group has none that fits."""


@dataclass(frozen=True, slots=True)
class ShapeClass:
    """Shapes that make the same index conditions come out in the same way.

    Attributes:
        name: what the class is about: ``padding 0, remainder``.
        sizes: its smallest member.
    """

    name: str
    sizes: Sizes


@cache
def shape_classes(layer: Layer, restrictions: tuple[Condition, ...] = ()) -> tuple[ShapeClass, ...]:
    """Return the classes of a layer with their smallest members.

    Args:
        layer: the layer.
        restrictions: conditions on sizes that the code asks for, such as ``N = 1`` where it
            has no batch axis. A class without a member left is not returned, and neither is
            one whose smallest member is that of an earlier class.
    """
    found: dict[Sizes, ShapeClass] = {}
    for one in layer.shapes.classes:
        sizes = smallest_shape(layer, (*restrictions, one.condition))
        if sizes is not None:
            _ = found.setdefault(sizes, ShapeClass(one.name, sizes))
    return tuple(found.values())


def smallest_shape(layer: Layer, conditions: Sequence[Condition]) -> Sizes | None:
    """Return the smallest shape that meets conditions, and is general in everything else.

    Args:
        layer: the layer.
        conditions: what is asked for; conjunctions are taken apart.

    Returns:
        None where no shape of the sizes that are tried meets all of them.
    """
    wanted = [_asked(part) for condition in conditions for part in conjuncts(condition)]
    wishes = [_asked(wish) for wish in layer.shapes.wishes]
    groups = _groups(layer, _beyond(layer, conditions))
    found = next(_chosen(groups, 0, {}, wanted, wishes), None)
    return layer.sizes("", **found) if found else None


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A condition on sizes, compared by identity.

    Attributes:
        formula: decides it on columns of sizes.
        mentioned: the sizes that it is about.
    """

    formula: ColumnFormula
    mentioned: frozenset[Symbol]


@cache
def _asked(condition: Condition) -> _Asked:
    return _Asked(condition_formula(condition), frozenset(symbols(condition)))


def _chosen(
    groups: Sequence[_Group],
    place: int,
    values: dict[str, int],
    wanted: Sequence[_Asked],
    wishes: Sequence[_Asked],
) -> Iterator[dict[str, int]]:
    """Yield choices of the groups from a place on; earlier ones are given.

    Where nothing fits, what was chosen before stands in the way, if conditions relate both.
    """
    if place == len(groups):
        yield {name: values[name] for group in groups for name in group.given}
        return
    group = groups[place]
    for choice in islice(group.choices(values, wanted, wishes), MOST_ALTERNATIVES):
        later = _chosen(groups, place + 1, values | choice, wanted, wishes)
        first = next(later, None)
        if first is not None:
            yield first
            yield from later
        elif not any(group.is_met_by(other, wanted) for other in groups[place + 1 :]):
            return


def _beyond(layer: Layer, conditions: Sequence[Condition]) -> frozenset[tuple[Size, int]]:
    """Return the sizes that conditions leave one value, which is larger than what is tried else."""
    tried = {size: span for spans in layer.shapes.choices for size, span in spans.items()}
    found: set[tuple[Size, int]] = set()
    for condition in (part for one in conditions for part in conjuncts(one)):
        match condition:
            case Comparison(left=Size() as size, relation="==", right=Constant(value=value)):
                if size in tried and tried[size].stop <= value <= LARGEST_FIXED:
                    found.add((size, value))
            case _:
                continue
    return frozenset(found)


def _with_room(spans: Mapping[Size, range], beyond: Mapping[Size, int]) -> dict[Size, range]:
    """Take in values beyond those that are tried, and room for them in what they are taken from."""
    own = {size: value for size, value in beyond.items() if size in spans}
    longest = max(span.stop for span in spans.values())
    stop = longest + 2 * sum(own.values())
    wide = {
        size: range(span.start, stop) if span.stop == longest else span
        for size, span in spans.items()
    }
    return wide | {size: range(value, value + 1) for size, value in own.items()}


@cache
def _groups(layer: Layer, beyond: frozenset[tuple[Size, int]]) -> tuple[_Group, ...]:
    """Return the sizes in the groups in which they are chosen, each with what it decides.

    A constraint, a derived size or a condition is decided in the first group in which all of
    its sizes are known.

    Args:
        layer: the layer.
        beyond: sizes with the one value that each has, beyond those that are tried else.
    """
    found: list[_Group] = []
    known: set[Size] = set()
    constraints, derived = [*map(_asked, layer.constraints)], list(layer.derived)
    for usual in layer.shapes.choices:
        spans = _with_room(usual, dict(beyond))
        earlier, known = known, known | {*spans}
        own = [one for one in constraints if one.mentioned <= known]
        follows = []
        for one in derived:
            if one.size not in known and {*symbols(one.value)} <= known:
                follows.append(one)
                known.add(one.size)
        constraints = [one for one in constraints if one not in own]
        late = [one for one in constraints if one.mentioned <= known]
        constraints = [one for one in constraints if one not in late]
        least = {one.size: layer.minimum.get(one.size, 1) for one in follows}
        found.append(_Group(spans, earlier, known - earlier, own, follows, least, late))
    return tuple(found)


class _Group:
    """Every choice of a few sizes, smallest first, with the sizes that follow from them."""

    def __init__(
        self,
        spans: Mapping[Size, range],
        earlier: set[Size],
        decided: set[Size],
        constraints: Sequence[_Asked],
        derived: Sequence[Any],
        least: Mapping[Size, int],
        late: Sequence[_Asked],
    ) -> None:
        grid = np.meshgrid(*map(np.array, spans.values()), indexing="ij")
        flat = [column.reshape(-1) for column in grid]
        order = np.lexsort([*reversed(flat), np.sum(flat, axis=0)])
        self.given = tuple(size.name for size in spans)
        self._columns: dict[str, Any] = {
            size.name: column[order] for size, column in zip(spans, flat, strict=True)
        }
        self._length = len(order)
        self._earlier = frozenset(earlier)
        self._decided = frozenset(decided)
        self._known = self._decided | self._earlier
        for condition in constraints:
            # Where nothing else decides it, what it refuses is left out for good.
            if condition.mentioned <= {*spans}:
                kept = self._value(condition, self._columns, {})
                self._columns = {name: one[kept] for name, one in self._columns.items()}
                self._length = int(np.count_nonzero(kept))
        self._constraints = [one for one in constraints if not one.mentioned <= {*spans}]
        self._derived = [(one.size, integer_formula(one.value)) for one in derived]
        self._least = least
        self._late = late
        mentioned = {symbol for one in derived for symbol in symbols(one.value)}
        self._needs = mentioned.union(*(one.mentioned for one in (*constraints, *late))) & earlier
        self._masks: dict[_Asked, np.ndarray] = {}
        self._alone = None if self._needs else self._completed({})

    def choices(
        self, values: Mapping[str, int], wanted: Sequence[_Asked], wishes: Sequence[_Asked]
    ) -> Iterator[dict[str, int]]:
        """Yield the choices with all that is wanted, what meets most of the wishes first."""
        columns, mask = self._alone or self._completed(values)
        for condition in wanted:
            if self._decides(condition):
                mask = mask & self._mask(condition, columns, values)
        if not mask.any():
            return
        closer = [mask]
        for condition in wishes:
            if self._decides(condition):
                closest = closer[-1] & self._mask(condition, columns, values)
                if closest.any():
                    closer.append(closest)
        done = np.zeros(self._length, dtype=bool)
        for one in reversed(closer):
            for place in np.flatnonzero(one & ~done):
                yield {name: int(columns[name][place]) for name in self._names}
            done |= one

    def is_met_by(self, other: _Group, wanted: Sequence[_Asked]) -> bool:
        """Tell whether a later group decides something that involves sizes of this one."""
        mine = self._decided
        return bool(mine & other._needs) or any(
            mine & condition.mentioned and other._decides(condition) for condition in wanted
        )

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.given, *(size.name for size, _ in self._derived))

    def _completed(self, values: Mapping[str, int]) -> tuple[dict[str, Any], np.ndarray]:
        """Return the choices with derived sizes, and which of them are admissible."""
        columns = dict(self._columns)
        admissible = np.ones(self._length, dtype=bool)
        for condition in self._constraints:
            admissible &= self._value(condition, columns, values)
        for size, formula in self._derived:
            found = formula.value(ColumnScope({**values, **columns}, {}), None)
            admissible &= np.broadcast_to(whole(found), self._length)
            column = np.broadcast_to(np.asarray(found // 1, dtype=np.int64), self._length)
            admissible &= column >= self._least[size]
            columns[size.name] = column
        for condition in self._late:
            admissible &= self._value(condition, columns, values)
        return columns, admissible

    def _decides(self, condition: _Asked) -> bool:
        """Tell whether a condition is decided here: by sizes of this group and earlier ones."""
        here = not condition.mentioned.isdisjoint(self._decided)
        return here and condition.mentioned <= self._known

    def _mask(self, condition: _Asked, columns: Columns, values: Mapping[str, int]) -> np.ndarray:
        if self._needs or condition.mentioned & self._earlier:
            return self._value(condition, columns, values)
        if condition not in self._masks:
            self._masks[condition] = self._value(condition, columns, values)
        return self._masks[condition]

    def _value(self, condition: _Asked, columns: Columns, values: Mapping[str, int]) -> np.ndarray:
        scope = ColumnScope({**values, **columns}, {})
        return np.broadcast_to(condition.formula.value(scope, None), self._length)
