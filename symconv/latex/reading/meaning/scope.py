"""What is found out about names while a formula is read: scopes, ranges, conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from symconv.algebra.expressions import Array
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    Range,
    Size,
    Symbol,
    as_integer,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.scoping import arrays, substitute
from symconv.algebra.tree import symbols
from symconv.explanations.tidying import tidied_integer
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.piecewise import Coverage
from symconv.latex.reading.syntax import Node, Stopped
from symconv.verdicts import Note

Bounds: TypeAlias = tuple[IntegerExpression, IntegerExpression]
"""The first and the last value of an index."""
Readings: TypeAlias = Mapping[str, Mapping[str, None]]
"""Conventions that were used, each with the names that it was used for."""

INFERRED: Final = "ranges are inferred from the arrays that hold the index"
FROM_CHAIN: Final = "ranges are taken from another line of the same chain"
USUAL: Final = "ranges are the usual ones of the layer or of the text"
PRIMED: Final = "a primed letter that names an array without its primes is read as an index"


@dataclass(slots=True)
class Scope:
    """The names of one equality: what they are, where they stand, and what they run over.

    Attributes:
        context: what is known before.
        fallback: ranges that other members of the chain give to indices.
        frames: per open sum, what its indices run over where they stand alone in arrays.
        free: the same for indices that no sum binds.
        everywhere: the same for all indices, for the other members of the chain.
        first: where each free index stands first.
        bound: where each index is bound first.
        sums: what each bound index runs over, in the order of the sums.
        values: free indices used as numbers, not in a subscript; and where.
        subscripts: indices that stand in a subscript of an array, or in a delta.
        abbreviations: the abbreviations that are used, in order.
        lone_abbreviations: the abbreviations that are the whole subscript of an axis.
        omitted: sizes of axes that were left out, and where.
        kept: extents of axes that were written, and where.
        numbers: positions given as numbers: array, axis, position, and where.
        coverage: what has to hold where lists of cases, and names with a condition, are read.
        readings: the conventions that were used, each with the names it was used for.
        doubts: what a part of it may mean instead, as sentences.
        deferred: whether a range is still open that another member may give.
        whole: of which parts it is known whether nothing but integers stands in them.
        final: whether open ranges are errors.
        pairs: letters that sums over pairs bind.
    """

    context: Context
    fallback: Mapping[str, Bounds] = field(default_factory=dict)
    final: bool = False
    pairs: frozenset[str] = frozenset()
    frames: list[dict[str, list[Bounds]]] = field(default_factory=list)
    free: dict[str, list[Bounds]] = field(default_factory=dict)
    everywhere: dict[str, list[Bounds]] = field(default_factory=dict)
    first: dict[str, Span] = field(default_factory=dict)
    bound: dict[str, Span] = field(default_factory=dict)
    sums: dict[str, list[Bounds]] = field(default_factory=dict)
    values: dict[str, Span] = field(default_factory=dict)
    subscripts: dict[str, None] = field(default_factory=dict)
    abbreviations: dict[str, Span] = field(default_factory=dict)
    lone_abbreviations: dict[str, Span] = field(default_factory=dict)
    omitted: dict[IntegerExpression, Span] = field(default_factory=dict)
    kept: dict[IntegerExpression, Span] = field(default_factory=dict)
    numbers: list[tuple[Array, int, int, Span]] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    readings: dict[str, dict[str, None]] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    deferred: bool = False
    whole: dict[Node, bool] = field(default_factory=dict)

    def symbol(self, name: str, span: Span, *, subscript: bool) -> IntegerExpression:
        """Return the size or index that a name means.

        An abbreviation of an index that a sum around it binds is written out, because a
        statement abbreviates only what is free in it.

        Raises:
            Stopped: when it names an array.
        """
        if self.is_bound(name):
            if subscript:
                self.subscripts[name] = None
            return Index(name)
        if self.context.abbreviation(name) is not None:
            self.require_domain(name, span)
            value = expanded(Index(name), self.context)
            inside = {symbol.name for symbol in symbols(value)}
            if any(inside & frame.keys() for frame in self.frames):
                return value
            _ = self.abbreviations.setdefault(name, span)
            return Index(name)
        if Size(name) in self.context.sizes:
            return Size(name)
        if self.context.array(name) is not None:
            raise Stopped(
                span,
                "overloaded-name",
                f"{name} is an array, and stands where an integer has to stand",
                "name the index otherwise",
            )
        self.require_domain(name, span)
        if not plausible_index(name):
            raise self.undeclared(name, span)
        _ = self.first.setdefault(name, span)
        if self.context.array(name.rstrip("'")) is not None:
            self.note(PRIMED, name)
        if subscript:
            self.subscripts[name] = None
        else:
            _ = self.values.setdefault(name, span)
        return Index(name)

    def require_domain(
        self, name: str, span: Span, positions: Sequence[IntegerExpression] = ()
    ) -> None:
        """Record what has to hold for a name to have a value, if it has none everywhere.

        Raises:
            Stopped: when the definition of the name could not be read.
        """
        unread = unknown_behind(name, self.context)
        if unread is not None:
            needed = "" if unread == name else f", or holds in part, and {name} is made of it"
            raise Stopped(
                span,
                "unsupported",
                f"the definition of {unread} before this could not be read{needed}",
                "nothing is known of it: correct its definition first",
            )
        for other, condition in conditions_behind(name, self.context):
            fact = f"{other} is defined only where {condition}, and {name} is made of it"
            self.coverage.append(Coverage(span, condition, fact=fact))
        domain = self.context.domain(name)
        if domain is None or domain.condition is None:
            return
        values: dict[Symbol, IntegerExpression] = {}
        values |= dict(zip(domain.indices, positions, strict=True))
        condition = substitute(domain.condition, values)
        fact = f"{name} is defined only where {domain.condition}"
        self.coverage.append(Coverage(span, condition, fact=fact))

    def is_bound(self, name: str) -> bool:
        """Tell whether a sum around this place binds an index."""
        return any(name in frame for frame in self.frames)

    def undeclared(self, name: str, span: Span, *, axes: int = 0) -> Stopped:
        """Make the error for a name that is not declared."""
        kind = f"array {name} ({', '.join('N' * max(axes, 1))})" if axes else f"size {name}"
        spelling = f"let it mean a known name with: symconv: spelling {name} = ..."
        styled = name.startswith("\\")
        return Stopped(
            span,
            "undeclared-name",
            f"{name} is not declared",
            spelling if styled else f"declare it with: symconv: {kind}, or {spelling}",
            (name,),
        )

    def note(self, reading: str, name: str = "") -> None:
        """Record a convention that was used, and the name that it was used for."""
        self.readings.setdefault(reading, {})[name] = None

    def stands_alone(self, name: str, array: Array, axis: int) -> None:
        """Record that an index stands alone on an axis of an array."""
        base = as_integer(self.context.base_of(array.name))
        extent = array.shape[axis]
        at_zero = self.context.base_of(array.name) == 0
        bounds = (base, extent - 1 if at_zero else _shifted(extent, base))
        _add(self.everywhere.setdefault(name, []), bounds)
        for frame in reversed(self.frames):
            if name in frame:
                _add(frame[name], bounds)
                return
        _add(self.free.setdefault(name, []), bounds)

    @property
    def taken(self) -> frozenset[str]:
        """The names that a new index must not have."""
        known = (*self.context.sizes, *self.context.indices)
        names = [name for name, _ in self.context.abbreviations]
        frames = (name for frame in self.frames for name in frame)
        return frozenset((*(s.name for s in (*known, *names)), *self.first, *frames))

    def inferred(self, name: str, span: Span, found: Sequence[Bounds]) -> Bounds:
        """Return what an index runs over; note how that was found, or that it is still open.

        Raises:
            Stopped: when arrays of different extents hold it, or none does.
        """
        bounds = bounds_of(name, span, found, self.context, self.fallback)
        if bounds is not None:
            if bounds.reading:
                self.note(bounds.reading, name)
            return bounds.ends
        if self.final:
            raise unclear_range(name, span)
        self.deferred = True
        return as_integer(0), as_integer(0)


@dataclass(frozen=True, slots=True)
class Inferred:
    """What an index runs over, and the convention by which that was found, if by one."""

    ends: Bounds
    reading: str = ""


def bounds_of(
    name: str,
    span: Span,
    found: Sequence[Bounds],
    context: Context,
    fallback: Mapping[str, Bounds],
) -> Inferred | None:
    """Return what an index runs over, or None where nothing tells.

    Args:
        name: the index.
        span: where it stands.
        found: the axes of arrays in which it stands alone.
        context: what is known.
        fallback: ranges that other members of the chain give.

    Raises:
        Stopped: when arrays of different extents hold it.
    """
    said = context.said.range_of(name)
    if said is not None:
        return Inferred((said.lower, said.upper))
    if len(found) > 1:
        raise Stopped(
            span,
            "unclear-range",
            f"{name} stands on axes of different extents: "
            + " and ".join(f"{lower}..{upper}" for lower, upper in found),
            f"write the bounds of {name} at the sum sign",
        )
    if found:
        return Inferred(found[0], INFERRED)
    if name in fallback:
        return Inferred(fallback[name], FROM_CHAIN)
    usual = usual_bounds(name, context)
    return None if usual is None else Inferred(usual, USUAL)


def unclear_range(name: str, span: Span) -> Stopped:
    """Make the error for an index of which nothing tells what it runs over."""
    return Stopped(
        span,
        "unclear-range",
        f"{name} stands alone in no array, so its range is not known",
        f"write its bounds, or declare them with: symconv: index {name} (0, ...); "
        f"if it is a number of the text, with: symconv: size {name}",
    )


def usual_bounds(name: str, context: Context) -> Bounds | None:
    """Return the range that the context gives to an index, or None.

    The ranges of a layer count from 0, as its arrays do; in a text that counts from 1 they
    are one further, and where its arrays count differently there is none.
    """
    for item in reversed(context.ranges):
        if item.index.name != name:
            continue
        if item not in context.layer_ranges:
            return item.lower, item.upper
        bases = {context.base_of(array.name) for array in context.arrays}
        if bases <= {0}:
            return item.lower, item.upper
        if len(bases) > 1:
            return None
        return tidied_integer(item.lower + 1), tidied_integer(item.upper + 1)
    return None


def sentences(*used: Readings) -> tuple[Note, ...]:
    """Return the conventions that were used, one note each, with the names."""
    found: dict[str, dict[str, None]] = {}
    for readings in used:
        for reading, names in readings.items():
            found.setdefault(reading, {}).update(names)
    return tuple(
        Note(
            "convention" if reading in (INFERRED, FROM_CHAIN, USUAL) else "reading",
            f"{reading}: {', '.join(names)}" if any(names) else reading,
        )
        for reading, names in found.items()
    )


def unknown_behind(name: str, context: Context) -> str | None:
    """Return the name without a known meaning that a name is made of, or None.

    It is one whose definition could not be read, or one that got its value in some places
    alone after what is made of it had been read, which then did not ask for more.
    """
    for other, later in _behind(name, context):
        domain = context.domain(other)
        if domain is None:
            continue
        if domain.condition is None and other not in context.said.zero:
            return other
        if later and _sizes_alone(domain) is None:
            return other
    return None


def conditions_behind(name: str, context: Context) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions on sizes under which what a name is made of was defined later."""
    for other, later in _behind(name, context):
        domain = context.domain(other) if later else None
        condition = None if domain is None else _sizes_alone(domain)
        if condition is not None:
            yield other, condition


def _behind(name: str, context: Context) -> Iterator[tuple[str, bool]]:
    """Yield a name and the arrays that it is made of; whether they were defined later than it."""
    if not context.domains:
        return
    order = {item.array.name: place for place, item in enumerate(context.definitions)}
    pending, seen = [name], {name}
    yield name, False
    while pending:
        current = pending.pop()
        definition = context.definition(current)
        for array in () if definition is None else arrays(definition.body):
            later = order.get(array.name, -1) > order[current]
            if later or array.name not in seen:
                yield array.name, later
            if array.name not in seen:
                seen.add(array.name)
                pending.append(array.name)


def _sizes_alone(domain: DefinedWhere) -> Condition | None:
    """Return the condition of a domain where it is one on sizes, else None."""
    condition = domain.condition
    used = () if condition is None else tuple(symbols(condition))
    return condition if used and all(isinstance(symbol, Size) for symbol in used) else None


def expanded(value: IntegerExpression, context: Context) -> IntegerExpression:
    """Replace abbreviations by what they stand for, until none is left."""
    values = context.expansions(symbols(value))
    return substitute(value, values) if values else value


def without_abbreviations(condition: Condition, context: Context) -> Condition:
    """Replace abbreviations in a condition, as `expanded` does."""
    return substitute(condition, context.expansions(symbols(condition)))


def agreed(ranges: Mapping[str, list[Bounds]]) -> dict[str, Bounds]:
    """Return the ranges on which all arrays agree."""
    return {name: found[0] for name, found in ranges.items() if len(found) == 1}


def same_bounds(left: Bounds, right: Bounds) -> bool:
    """Tell whether two ranges are the same; False where that is not seen."""
    return all(same_polynomial(a, b) for a, b in zip(left, right, strict=True))


def range_of(name: str, bounds: Bounds) -> Range:
    """Make a range."""
    return Range(Index(name), *bounds)


def plausible_index(name: str) -> bool:
    """Tell whether a name that is not declared can be an index: one letter, or p_0."""
    letters = name.partition("_")[0].rstrip("'")
    return len(letters) == 1 or (letters.isalpha() and letters.islower() and letters in _GREEK)


_GREEK: Final = frozenset(
    [
        *("alpha", "beta", "gamma", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi"),
        *("omega", "ell"),
    ]
)


def is_usual_index(name: str, context: Context) -> bool:
    """Tell whether a letter is an index where the text says nothing else of it."""
    return any(index.name == name for index in context.indices) or any(
        item.index.name == name for item in context.ranges
    )


def is_plain(name: str) -> bool:
    """Tell whether a name is one letter, as indices are: i, but not p_0 or Delta_p."""
    return len(name.rstrip("'")) == 1


def _shifted(extent: IntegerExpression, base: IntegerExpression) -> IntegerExpression:
    return extent if base == as_integer(1) else extent + (base - 1)


def _add(found: list[Bounds], bounds: Bounds) -> None:
    if not any(same_bounds(known, bounds) for known in found):
        found.append(bounds)
