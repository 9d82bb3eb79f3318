r"""What follows an equation: ``\text{if } S \mid H``, ``\text{for } 0 \le k < Hh``, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from operator import add

from symconv.algebra.indices import Condition, Index, IntegerExpression, Range, conjuncts, equal
from symconv.algebra.tree import symbols
from symconv.errors import UsageError
from symconv.latex.reading.atoms import Atom
from symconv.latex.reading.claims import Clause, Member, claims_of
from symconv.latex.reading.context import Context, Said
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.integers import (
    condition_of,
    integer_of,
    is_integer,
    listed_bounds,
)
from symconv.latex.reading.meaning.piecewise import Coverage
from symconv.latex.reading.meaning.scope import Bounds, Scope, without_abbreviations
from symconv.latex.reading.syntax import Chain, Connected, Group, Name, Node, Stopped, parse
from symconv.latex.reading.tokens import tokens


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What the clauses of a claim say.

    Attributes:
        ranges: the ranges of indices.
        assumptions: conditions on sizes.
        guards: conditions on free indices that are no ranges.
        coverage: what has to hold for the names in them to have a value.
        readings: how they were found, as sentences.
        blocked: why one of them is not understood, or None.
    """

    ranges: Mapping[str, Bounds] = field(default_factory=dict)
    assumptions: tuple[Condition, ...] = ()
    guards: tuple[Condition, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    readings: tuple[str, ...] = ()
    blocked: Stopped | None = None

    @property
    def letters(self) -> frozenset[str]:
        """The indices that are restricted."""
        said = (s for item in self.guards for s in symbols(item))
        return frozenset((*self.ranges, *(s.name for s in said if isinstance(s, Index))))

    def __add__(self, other: Restrictions) -> Restrictions:
        """Put both together; the later range of an index counts."""
        return Restrictions(
            {**self.ranges, **other.ranges},
            (*self.assumptions, *other.assumptions),
            (*self.guards, *other.guards),
            (*self.coverage, *other.coverage),
            (*self.readings, *other.readings),
            self.blocked or other.blocked,
        )


def parsed(member: Member, context: Context) -> Node:
    """Parse one member of a claim.

    Raises:
        Stopped: where it cannot be read.
    """
    node = _parsed(member.atoms, context.spellings, member.span[1])
    if isinstance(node, Stopped):
        raise node.with_traceback(None)
    return node


@lru_cache(maxsize=256)
def _parsed(
    found: tuple[Atom, ...], spellings: tuple[tuple[str, str], ...], end: int
) -> Node | Stopped:
    """Parse a member once, however many questions are asked about it."""
    try:
        return parse(tokens(found, spellings), end)
    except Stopped as stopped:
        return stopped


def restrictions(clauses: Iterable[Clause], context: Context) -> Restrictions:
    """Read the clauses that restrict a claim.

    Raises:
        Stopped: where one cannot be read.
    """
    return _together(_clause(clause, context) for clause in clauses)


def _together(found: Iterable[Restrictions]) -> Restrictions:
    return reduce(add, found, Restrictions())


def _clause(clause: Clause, context: Context) -> Restrictions:
    nodes = [parsed(member, context) for member in clause.members]
    if clause.listing:
        return _range(nodes[0], (nodes[1], nodes[-1]), context)
    if len(nodes) == 1:
        return _condition(nodes[0], context)
    groups = [node.items for node in nodes if isinstance(node, Group) and len(node.items) > 1]
    if len(groups) < len(nodes):
        return _equations([nodes], context)
    # (p, q) = (i, j) is one equation per place.
    if len({len(items) for items in groups}) > 1:
        raise Stopped(nodes[-1].span, "unsupported", "tuples of different lengths are compared")
    return _equations(list(zip(*groups, strict=True)), context)


def _equations(rows: Iterable[Sequence[Node]], context: Context) -> Restrictions:
    """Read what the last of several integers is equal to, in each row."""
    scope = Scope(context, final=True)
    found: list[Condition] = []
    for row in rows:
        *others, last = [integer_of(node, scope) for node in row]
        found += [equal(value, last) for value in others]
    return _restricting(found, scope)


def _restricting(conditions: Iterable[Condition], scope: Scope) -> Restrictions:
    """Part conditions into those on sizes and those on indices."""
    found = tuple(conditions)
    guards = tuple(item for item in found if _has_index(item))
    assumptions = tuple(item for item in found if item not in guards)
    return Restrictions({}, assumptions, guards, tuple(scope.coverage))


def with_said(found: Restrictions, context: Context) -> Restrictions:
    """Add what the words around a formula say to what its own clauses say, which counts more."""
    said = context.said
    if not said.conditions and not said.ranges:
        return found
    assumptions, guards = list(found.assumptions), list(found.guards)
    for condition in said.conditions:
        inside = symbols(condition)
        kept = guards if any(isinstance(symbol, Index) for symbol in inside) else assumptions
        if condition not in kept:
            kept.append(condition)
    ranges = {item.index.name: (item.lower, item.upper) for item in said.ranges}
    return replace(
        found,
        assumptions=tuple(assumptions),
        guards=tuple(guards),
        ranges={**ranges, **found.ranges},
    )


def unclear_words(span: Span, words: str) -> Stopped:
    """Make the error for words beside a formula that restrict it and are not understood."""
    return Stopped(
        span,
        "unclear-condition",
        f"the text restricts this by {words!r}, which is not understood",
        "write the condition behind the equation, such as: \\text{if } P = 0",
    )


def range_of_condition(node: Node, context: Context) -> tuple[str, Bounds] | None:
    """Return the index and the range that a condition such as 0 <= k < Hh declares, or None.

    Raises:
        Stopped: where a bound has no meaning.
    """
    found = Restrictions()
    match node:
        case Chain(parts=(lower, Name() as name, upper), relations=relations):
            if set(relations) <= {"<=", "<"} and _is_index(name, context):
                found = _range(name, (lower, upper), context, relations)
        case Chain(parts=(Name() as name, values), relations=("in",)):
            listed = listed_bounds(values)
            if listed is not None and _is_index(name, context):
                found = _range(name, listed, context)
        case Group(items=(item,)):
            return range_of_condition(item, context)
    return next(iter(found.ranges.items()), None)


def _condition(node: Node, context: Context) -> Restrictions:
    match node:
        case Name():
            return Restrictions()  # "for all i": its range is that of the arrays it stands in.
        case Connected(connective="and", parts=parts):
            return _together(_condition(part, context) for part in parts)
        case Group(items=parts) if len(parts) > 1:
            return _together(_condition(part, context) for part in parts)
    declared = range_of_condition(node, context)
    # What declares a range is read as a condition, too, for what its bounds need.
    scope = Scope(context, final=True)
    condition = condition_of(node, scope)
    if declared is not None:
        return Restrictions(dict([declared]), coverage=tuple(scope.coverage))
    return _restricting(conjuncts(condition), scope)


def _has_index(condition: Condition) -> bool:
    return any(isinstance(symbol, Index) for symbol in symbols(condition))


def _range(
    name: Node,
    ends: tuple[Node, Node],
    context: Context,
    relations: Sequence[str] = ("<=", "<="),
) -> Restrictions:
    if not isinstance(name, Name) or not _is_index(name, context):
        raise Stopped(name.span, "unsupported", "a list of values of what is not an index")
    scope = Scope(context, final=True)
    lower, upper = (integer_of(end, scope) for end in ends)
    first: IntegerExpression = lower + 1 if relations[0] == "<" else lower
    last: IntegerExpression = upper - 1 if relations[1] == "<" else upper
    index = integer_of(name, scope)
    return Restrictions({str(index): (first, last)}, coverage=tuple(scope.coverage))


def _is_index(name: Name, context: Context) -> bool:
    scope = Scope(context)
    return is_integer(name, scope) and isinstance(integer_of(name, scope), Index)


def read_said(text: str, context: Context, *, sizes_alone: bool = False) -> Said | None:
    r"""Read conditions and ranges such as ``S = 1, 0 \le k < M``.

    Args:
        text: the LaTeX.
        context: what is known where it stands.
        sizes_alone: whether conditions on anything but declared sizes are left out, as those
            that words mean have to be.

    Returns:
        What they say; None where they are not understood, such as an equation of arrays.
    """
    clauses: list[Clause] = []
    for claim in claims_of(text)[0]:
        if claim.kind not in ("claim", "condition", "listing"):
            return None
        clauses.append(Clause("if", tuple(claim.members), listing=claim.kind == "listing"))
        if any(clause.keyword == "unclear" for clause in claim.clauses):
            return None
        clauses += claim.clauses
    try:
        found = restrictions(clauses, context)
    except (Stopped, UsageError):
        return None
    if found.coverage:
        return None
    conditions = tuple(
        without_abbreviations(condition, context)
        for condition in (*found.assumptions, *found.guards)
    )
    if sizes_alone:
        known = set(context.sizes)
        conditions = tuple(
            condition for condition in conditions if known.issuperset(symbols(condition))
        )
    ranges = tuple(Range(Index(name), *ends) for name, ends in found.ranges.items())
    return Said(conditions, ranges)
