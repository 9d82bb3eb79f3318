"""Chains of equalities: what they define, what they claim, and what is wrong with them.

The first member that can be read defines a name that is new, and the others are compared with
it, from the next one on with the definition in force. What defines a name and cannot be read
leaves it without a known meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from symconv.algebra.expressions import Derivative, Entry, Number
from symconv.algebra.scoping import arrays
from symconv.latex.reading.claims import Member, Relation
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import (
    Equality,
    FormulaReading,
    Item,
    NoStatement,
    Span,
    Unreadable,
)
from symconv.latex.reading.meaning.clauses import Restrictions, parsed
from symconv.latex.reading.meaning.definitions import (
    abbreviation,
    array_definition,
    as_entry,
    is_kronecker,
    unread_definition,
)
from symconv.latex.reading.meaning.doubts import doubts
from symconv.latex.reading.meaning.elements import EXAMPLE, elements, example_values, is_matrix
from symconv.latex.reading.meaning.no_statements import left_out, no_statement
from symconv.latex.reading.meaning.sides import Side, sides
from symconv.latex.reading.meaning.statements import statement
from symconv.latex.reading.syntax import Name, Node, Stopped
from symconv.verdicts import Note

_NO_CLAIMS: Final[dict[str, tuple[str, str]]] = {
    "assigned": (
        "a step of a computation, which gives a name another value, is no equation",
        "give the new value a name of its own",
    ),
    "defined": (
        "a name is defined in the middle of a chain",
        "define it in an equation of its own",
    ),
}
_PASSED: Final = Note("reading", "compared with the last line above that could be read")
_KRONECKER: Final = (
    "an equation that says what delta is, which is the Kronecker delta otherwise",
    "if it is an array here, say which one with: symconv: spelling \\delta = dout",
)


def read_chain(
    members: Sequence[Member], restricted: Restrictions, text: str, context: Context
) -> FormulaReading:
    """Read the equalities of a chain; a member that cannot be read is stepped over.

    Args:
        members: the sides of its equalities.
        restricted: what its clauses say.
        text: the formula that it stands in.
        context: what is known before it.

    Returns:
        What stands in it, and what is known behind it.
    """
    *others, last = members
    if last.relation == "defined" and restricted.blocked is None:
        # g = t =: a says what a is; the rest is a chain of its own.
        defining = [last, replace(others[-1], relation="defines")]
        found = read_chain(defining, restricted, text, context)
        if len(others) > 1:
            rest = read_chain(others, restricted, text, found.context)
            found = FormulaReading((*found.items, *rest.items), rest.context)
        return found
    nodes = [_parsed(member, context) for member in members]
    whole = _span(members, 0, len(members) - 1)
    marked = members[1].relation == "defines"
    refused = next((m.relation for m in members[1:] if m.relation in _NO_CLAIMS), None)
    if refused is not None:
        reason = Stopped(whole, "unsupported", *_NO_CLAIMS[refused])
        unread = unread_definition(members, nodes[0], context, marked=True)
        return FormulaReading((not_read(whole, reason, text),), unread)
    if restricted.blocked is None and not marked:
        try:
            unclaimed = no_statement(nodes, whole, context)
        except Stopped as stopped:
            return FormulaReading((not_read(whole, stopped, text),), context)
        if unclaimed is not None:
            return unclaimed
    place, begun = 0, FormulaReading((), context)
    if restricted.blocked is None:
        place, begun = _defined(nodes, members, restricted, text, context)
    items, context = list(begun.items), begun.context
    found = sides(nodes, context, restricted.letters)
    if is_kronecker(members[0].atoms, context) and not all(map(_tells_apart, found)):
        reason = Stopped(members[0].span, "unsupported", *_KRONECKER)
        items.append(not_read(whole, reason, text))
        unread = unread_definition(members, nodes[0], context, marked=True)
        return FormulaReading(tuple(items), unread)
    head = found[0]
    left = found[place]
    for at in range(place + 1, len(found)):
        span = _span(members, at - 1, at)
        right = found[at]
        if is_matrix(nodes[at]) or is_matrix(nodes[at - 1]):
            cells = _matrix(nodes[at - 1], nodes[at], span, restricted, text, context)
            items += cells.items
            context = cells.context
            continue
        if isinstance(left, Stopped):
            items.append(not_read(span, left, text))
            left = right
            continue
        if isinstance(right, Stopped):
            items.append(not_read(span, right, text))
            continue
        again = _defines(left.node, right.node, span, restricted, context) if place else None
        if again is not None:
            items += again.items
            context = again.context
        else:
            start = head if isinstance(head, Side) else left
            relation = members[at].relation
            passed = isinstance(found[at - 1], Stopped)
            try:
                made = _equality(span, left, right, start, restricted, relation, context)
            except Stopped as stopped:
                made = not_read(span, stopped, text)
            else:
                made = replace(made, readings=(*made.readings, _PASSED)) if passed else made
            items.append(made)
        left = right
    if len(nodes) == 2 and not isinstance(nodes[0], Stopped):
        context = left_out(nodes[0], nodes[1:], context)
    if not place and all(isinstance(item, Unreadable) for item in items):
        context = unread_definition(members, nodes[0], context, marked=marked)
    return FormulaReading(tuple(items), context)


def not_read(span: Span, stopped: Stopped, text: str) -> Item:
    """Return what could not be read, or what claims nothing, as an item.

    Args:
        span: the equality or row that is affected.
        stopped: where reading stopped, and why.
        text: the formula.
    """
    if stopped.code == EXAMPLE:
        return NoStatement(span, stopped.message)
    return Unreadable(
        span,
        stopped.span,
        stopped.code,
        stopped.message,
        stopped.help,
        text[slice(*stopped.span)],
        stopped.missing,
    )


def _defined(
    nodes: Sequence[Node | Stopped],
    members: Sequence[Member],
    restricted: Restrictions,
    text: str,
    before: Context,
) -> tuple[int, FormulaReading]:
    """Read the definition that a chain begins with, good or bad.

    Returns:
        The place of the member that defines, the first one that can be read; 0 where the
        chain defines nothing, and the last place where it defines something unreadably. And
        what was read up to there.
    """
    head = nodes[0]
    nothing = FormulaReading((), before)
    if isinstance(head, Stopped):
        return 0, nothing
    marked = members[1].relation == "defines"
    context = _redefinable(head, before) if marked else before
    failed: dict[int, Stopped] = {}
    reads = False
    for place, value in enumerate(nodes[1:], start=1):
        if isinstance(value, Stopped):
            failed[place] = value
            continue
        if is_matrix(value):
            break
        span = _span(members, 0, place)
        try:
            found = abbreviation(head, value, span, context, restricted)
            found = found or array_definition(head, value, span, context, restricted)
        except Stopped as stopped:
            failed[place] = stopped
            reads = True
            continue
        if found is None:
            reads = False
            break
        return place, FormulaReading(
            (*_failures(failed, members, text), *found.items), found.context
        )
    if not reads:
        return 0, nothing
    if any(reason.code != EXAMPLE for reason in failed.values()):
        before = unread_definition(members, head, before, marked=marked)
    return len(nodes) - 1, FormulaReading(_failures(failed, members, text), before)


def _failures(
    failed: Mapping[int, Stopped], members: Sequence[Member], text: str
) -> tuple[Item, ...]:
    """Return the members that could not be read, by their places, as items."""
    return tuple(
        not_read(_span(members, place - 1, place), reason, text) for place, reason in failed.items()
    )


def _defines(
    head: Node, value: Node, span: Span, restricted: Restrictions, context: Context
) -> FormulaReading | None:
    """Read one more definition in a chain that began with one: u = v = ... says what v is."""
    entry = as_entry(head, context)
    if not isinstance(entry, Name) or context.array(entry.name) is None:
        return None
    try:
        return array_definition(head, value, span, context, restricted)
    except Stopped:
        return None


def _redefinable(head: Node, context: Context) -> Context:
    """Return what is known without the definition of a name that a text defines anew."""
    entry = as_entry(head, context)
    name = entry.name if isinstance(entry, Name) else ""
    if context.layer is not None and name in context.layer.array_by_name:
        return context
    kept = tuple(item for item in context.definitions if item.array.name != name)
    return replace(context, definitions=kept)


def _matrix(
    left: Node | Stopped,
    right: Node | Stopped,
    span: Span,
    restricted: Restrictions,
    text: str,
    context: Context,
) -> FormulaReading:
    """Read an equality of which one side is a literal matrix: an equation per entry."""
    name, matrix = (left, right) if is_matrix(right) else (right, left)
    try:
        if restricted.blocked is not None:
            raise restricted.blocked
        assert not isinstance(matrix, Stopped), "a matrix was read"
        found = elements(name, matrix, text, context)
    except Stopped as stopped:
        return FormulaReading((not_read(span, stopped, text),), context)
    inside = replace(
        restricted,
        assumptions=(*restricted.assumptions, *found.conditions),
        readings=tuple(f"the matrix has {condition}" for condition in found.conditions),
    )
    read = [sides([cell.entry, _parsed(cell.value, context)], context) for cell in found.cells]
    values = [value.expression if isinstance(value, Side) else None for _, value in read]
    if context.definition(found.array.name) is None:
        if all(isinstance(value, Number) for value in values):
            reason = example_values(found.array, matrix)
            return FormulaReading((not_read(span, reason, text),), context)
        names = [entry.expression for entry, _ in read if isinstance(entry, Side)]
        if names == values:
            same = NoStatement(span, "a literal matrix that names entries")
            return FormulaReading((same,), context)
    items: list[Item] = []
    for cell, (entry, value) in zip(found.cells, read, strict=True):
        place = cell.span
        if isinstance(value, Side):
            defined = _defines(cell.entry, value.node, place, restricted, context)
            if defined is not None:
                items += defined.items
                context = defined.context
                continue
        try:
            if isinstance(entry, Stopped):
                raise entry
            if isinstance(value, Stopped):
                raise value
            items.append(
                _equality(place, entry, value, entry, inside, "equals", context, by_rows=True)
            )
        except Stopped as stopped:
            items.append(not_read(place, stopped, text))
    return FormulaReading(tuple(items), context)


def _equality(
    span: Span,
    left: Side,
    right: Side,
    head: Side,
    restricted: Restrictions,
    relation: Relation,
    context: Context,
    *,
    by_rows: bool = False,
) -> Equality:
    """Say that two members are equal.

    Raises:
        Stopped: where that has no meaning, or what restricts it is not understood.
    """
    if restricted.blocked is not None:
        raise restricted.blocked
    made, readings = statement(left, right, head, restricted)
    open = doubts(left, right, made, relation, by_rows=by_rows)
    return Equality(span, made, readings, open, context)


def _parsed(member: Member, context: Context) -> Node | Stopped:
    if not member.atoms:
        span = (member.start, member.start + 1)
        return Stopped(span, "unreadable", "one side of this equation is missing")
    try:
        return parsed(member, context)
    except Stopped as stopped:
        return stopped


def _span(members: Sequence[Member], first: int, last: int) -> Span:
    """Return where an equality of a chain stands: its left side counts where that is the head."""
    begin = members[0].start if first == 0 else members[last].start
    ends = members[first if first == 0 else last].span[1], members[last].span[1]
    return (min(begin, members[last].start), max(ends))


def _tells_apart(side: Side | Stopped) -> bool:
    """Tell whether a side can be equal to a Kronecker delta: no arrays, or db_f / db_g."""
    if isinstance(side, Stopped):
        return False
    match side.expression:
        case Derivative(body=Entry(array=body), by=Entry(array=by)) if body == by:
            return True
    return not arrays(side.expression)
