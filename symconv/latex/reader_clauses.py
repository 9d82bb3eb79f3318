r"""What follows an equation: ``\text{if } S \mid H``, ``\text{for } 0 \le k < Hh``, lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    condition_integers,
    conjuncts,
    equal,
    symbols,
)
from symconv.latex.context import Context
from symconv.latex.reader_cases import Coverage
from symconv.latex.reader_meaning import Elaborator
from symconv.latex.reader_rows import Clause, Member
from symconv.latex.reader_scope import Bounds, Scope
from symconv.latex.reader_sums import listed_bounds
from symconv.latex.reader_syntax import Chain, Connected, Group, Name, Node, Stopped, parse
from symconv.latex.reader_tokens import tokens


@dataclass(slots=True)
class Restrictions:
    """What the clauses of a claim say.

    Attributes:
        ranges: the ranges of indices.
        assumptions: conditions on sizes.
        coverage: what has to hold for the names in them to have a value.
        readings: how they were found, as sentences.
    """

    ranges: dict[str, Bounds] = field(default_factory=dict)
    assumptions: list[Condition] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    readings: list[str] = field(default_factory=list)


def parsed(member: Member, context: Context) -> Node:
    """Parse one member of a claim.

    Raises:
        Stopped: where it cannot be read.
    """
    span = member.span
    return parse(tokens(member.atoms, context.spellings), span[1])


def restrictions(clauses: Sequence[Clause], context: Context) -> Restrictions:
    """Read the clauses that restrict a claim.

    Raises:
        Stopped: where one cannot be read, or restricts an index by anything but its range.
    """
    found = Restrictions()
    for clause in clauses:
        nodes = [parsed(member, context) for member in clause.members]
        if clause.listing:
            _ = _range(nodes[0], (nodes[1], nodes[-1]), found, context)
        elif len(nodes) > 1:
            meaning = Elaborator(Scope(context, final=True))
            values = [meaning.integer(node) for node in nodes]
            found.coverage += meaning.scope.coverage
            for node, value in zip(nodes, values[:-1], strict=False):
                _restrict(equal(value, values[-1]), node, found)
        else:
            _condition(nodes[0], found, context)
    return found


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
                meaning = Elaborator(Scope(context, final=True))
                _ = meaning.condition(node)
                found.coverage += meaning.scope.coverage
                return
            meaning = Elaborator(Scope(context, final=True))
            condition = meaning.condition(node)
            found.coverage += meaning.scope.coverage
            for part in conjuncts(condition):
                _restrict(part, node, found)


def _restrict(condition: Condition, node: Node, found: Restrictions) -> None:
    for integer in condition_integers(condition):
        for symbol in symbols(integer):
            if isinstance(symbol, Index):
                raise Stopped(
                    node.span,
                    "unsupported",
                    f"a condition on the index {symbol} that is not its range",
                    "write the condition as a bracket in the equation: [ ... ]",
                )
    found.assumptions.append(condition)


def _range(
    name: Node,
    ends: tuple[Node, Node],
    found: Restrictions,
    context: Context,
    relations: Sequence[str] = ("<=", "<="),
) -> None:
    if not isinstance(name, Name) or not _is_index(name, context):
        raise Stopped(name.span, "unsupported", "a list of values of what is not an index")
    meaning = Elaborator(Scope(context, final=True))
    lower, upper = (meaning.integer(end) for end in ends)
    first: IntegerExpression = lower + 1 if relations[0] == "<" else lower
    last: IntegerExpression = upper - 1 if relations[1] == "<" else upper
    index = meaning.integer(name)
    found.coverage += meaning.scope.coverage
    found.ranges[str(index)] = (first, last)


def _is_index(name: Name, context: Context) -> bool:
    meaning = Elaborator(Scope(context))
    return meaning.is_integer(name) and isinstance(meaning.integer(name), Index)
