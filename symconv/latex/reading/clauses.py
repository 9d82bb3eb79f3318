r"""What follows an equation: ``\text{if } S \mid H``, ``\text{for } 0 \le k < Hh``, lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    condition_integers,
    conjuncts,
    equal,
    symbols,
)
from symconv.latex.reading.atoms import Atom
from symconv.latex.reading.claims import Clause, Member
from symconv.latex.reading.context import Context
from symconv.latex.reading.integers import condition_of, integer_of, is_integer, listed_bounds
from symconv.latex.reading.items import Span
from symconv.latex.reading.piecewise import Coverage
from symconv.latex.reading.scope import Bounds, Scope
from symconv.latex.reading.syntax import Chain, Connected, Group, Name, Node, Stopped, parse
from symconv.latex.reading.tokens import tokens


@dataclass(slots=True)
class Restrictions:
    """What the clauses of a claim say.

    Attributes:
        ranges: the ranges of indices.
        assumptions: conditions on sizes.
        guards: conditions on free indices that are no ranges.
        coverage: what has to hold for the names in them to have a value.
        readings: how they were found, as sentences.
    """

    ranges: dict[str, Bounds] = field(default_factory=dict)
    assumptions: list[Condition] = field(default_factory=list)
    guards: list[Condition] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    readings: list[str] = field(default_factory=list)

    @property
    def letters(self) -> frozenset[str]:
        """The indices that are restricted."""
        said = (
            s for item in self.guards for part in condition_integers(item) for s in symbols(part)
        )
        return frozenset((*self.ranges, *(s.name for s in said if isinstance(s, Index))))


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


def restrictions(clauses: Sequence[Clause], context: Context) -> Restrictions:
    """Read the clauses that restrict a claim.

    Raises:
        Stopped: where one cannot be read.
    """
    found = Restrictions()
    for clause in clauses:
        nodes = [parsed(member, context) for member in clause.members]
        if clause.listing:
            _ = _range(nodes[0], (nodes[1], nodes[-1]), found, context)
        elif len(nodes) > 1 and all(_is_tuple(node) for node in nodes):
            _tuples(nodes, found, context)
        elif len(nodes) > 1:
            scope = Scope(context, final=True)
            values = [integer_of(node, scope) for node in nodes]
            found.coverage += scope.coverage
            for value in values[:-1]:
                _restrict(equal(value, values[-1]), found)
        else:
            _condition(nodes[0], found, context)
    return found


def with_said(found: Restrictions, context: Context) -> Restrictions:
    """Add what the words around a formula say to what its own clauses say, which counts more."""
    said = context.said
    assumptions, guards = list(found.assumptions), list(found.guards)
    for condition in said.conditions:
        inside = (s for integer in condition_integers(condition) for s in symbols(integer))
        kept = guards if any(isinstance(symbol, Index) for symbol in inside) else assumptions
        if condition not in kept:
            kept.append(condition)
    ranges = {item.index.name: (item.lower, item.upper) for item in said.ranges}
    return replace(found, assumptions=assumptions, guards=guards, ranges={**ranges, **found.ranges})


def unclear_words(span: Span, words: str) -> Stopped:
    """Make the error for words beside a formula that restrict it and are not understood."""
    return Stopped(
        span,
        "unclear-condition",
        f"the text restricts this by {words!r}, which is not understood",
        "write the condition behind the equation, such as: \\text{if } P = 0",
    )


def _is_tuple(node: Node) -> bool:
    return isinstance(node, Group) and len(node.items) > 1


def _tuples(nodes: Sequence[Node], found: Restrictions, context: Context) -> None:
    """Read ``(p, q) = (i, j)``: one equation per place."""
    groups = [node.items for node in nodes if isinstance(node, Group)]
    if len({len(items) for items in groups}) > 1:
        raise Stopped(nodes[-1].span, "unsupported", "tuples of different lengths are compared")
    scope = Scope(context, final=True)
    for places in zip(*groups, strict=True):
        values = [integer_of(node, scope) for node in places]
        for value in values[:-1]:
            _restrict(equal(value, values[-1]), found)
    found.coverage += scope.coverage


def range_of_condition(node: Node, context: Context) -> tuple[str, Bounds] | None:
    """Return the index and the range that a condition such as 0 <= k < Hh declares, or None.

    Raises:
        Stopped: where a bound has no meaning.
    """
    found = Restrictions()
    match node:
        case Chain(parts=(lower, Name() as name, upper), relations=relations):
            if set(relations) <= {"<=", "<"} and _is_index(name, context):
                _range(name, (lower, upper), found, context, relations)
        case Chain(parts=(Name() as name, values), relations=("in",)):
            listed = listed_bounds(values)
            if listed is not None and _is_index(name, context):
                _range(name, listed, found, context)
        case Group(items=(item,)):
            return range_of_condition(item, context)
    return next(iter(found.ranges.items()), None)


def _condition(node: Node, found: Restrictions, context: Context) -> None:
    match node:
        case Name():
            return  # "for all i": its range is that of the arrays that it stands in.
        case Connected(connective="and", parts=parts):
            for part in parts:
                _condition(part, found, context)
        case Group(items=parts) if len(parts) > 1:
            for part in parts:
                _condition(part, found, context)
        case _:
            declared = range_of_condition(node, context)
            if declared is not None:
                found.ranges[declared[0]] = declared[1]
                # Read once more for what its bounds need.
                scope = Scope(context, final=True)
                _ = condition_of(node, scope)
                found.coverage += scope.coverage
                return
            scope = Scope(context, final=True)
            condition = condition_of(node, scope)
            found.coverage += scope.coverage
            for part in conjuncts(condition):
                _restrict(part, found)


def _restrict(condition: Condition, found: Restrictions) -> None:
    indices = any(map(_has_index, condition_integers(condition)))
    (found.guards if indices else found.assumptions).append(condition)


def _has_index(value: IntegerExpression) -> bool:
    return any(isinstance(symbol, Index) for symbol in symbols(value))


def _range(
    name: Node,
    ends: tuple[Node, Node],
    found: Restrictions,
    context: Context,
    relations: Sequence[str] = ("<=", "<="),
) -> None:
    if not isinstance(name, Name) or not _is_index(name, context):
        raise Stopped(name.span, "unsupported", "a list of values of what is not an index")
    scope = Scope(context, final=True)
    lower, upper = (integer_of(end, scope) for end in ends)
    first: IntegerExpression = lower + 1 if relations[0] == "<" else lower
    last: IntegerExpression = upper - 1 if relations[1] == "<" else upper
    index = integer_of(name, scope)
    found.coverage += scope.coverage
    found.ranges[str(index)] = (first, last)


def _is_index(name: Name, context: Context) -> bool:
    scope = Scope(context)
    return is_integer(name, scope) and isinstance(integer_of(name, scope), Index)
