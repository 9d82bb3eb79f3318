"""Chains of equalities: what they define, what they claim, and what is wrong with them.

The first member that can be read defines a name that is new, and the others are compared with
it, from the next one on with the definition in force. What defines a name and cannot be read
leaves it without a known meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from symconv.algebra.expressions import Derivative, Entry, Number
from symconv.algebra.indices import Index
from symconv.algebra.scoping import arrays
from symconv.latex.reading.claims import Member, Relation
from symconv.latex.reading.clauses import Restrictions, parsed
from symconv.latex.reading.context import Context
from symconv.latex.reading.definitions import (
    EXAMPLE,
    Defined,
    abbreviation,
    array_definition,
    as_entry,
    example_sizes,
    new_symbol,
    only_given_sizes,
)
from symconv.latex.reading.doubts import doubts
from symconv.latex.reading.integers import is_integer
from symconv.latex.reading.items import Equality, Item, NoStatement, Span, Unreadable
from symconv.latex.reading.literal_matrices import elements, example_values, is_matrix
from symconv.latex.reading.scope import Scope, is_plain
from symconv.latex.reading.statements import Side, sides, statement
from symconv.latex.reading.syntax import Literal, Name, Node, Stopped
from symconv.latex.reading.unread_definitions import (
    is_kronecker,
    left_out,
    unread_definition,
    value_of_a_letter,
)
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
_KRONECKER: Final = (
    "an equation that says what delta is, which is the Kronecker delta otherwise",
    "if it is an array here, say which one with: symconv: spelling \\delta = dout",
)


class ChainReader:
    """Read one chain after the other; what is found is added to the items and the context."""

    def __init__(self, text: str, context: Context) -> None:
        self.text = text
        self.context = context
        self.items: list[Item] = []

    def stop(self, span: Span, stopped: Stopped) -> None:
        """Record what could not be read, or what claims nothing."""
        place = stopped.span
        if stopped.code == EXAMPLE:
            self.items.append(NoStatement(span, stopped.message))
            return
        self.items.append(
            Unreadable(
                span,
                place,
                stopped.code,
                stopped.message,
                stopped.help,
                self.text[slice(*place)],
                stopped.missing,
            )
        )

    def chain(
        self, members: Sequence[Member], restricted: Restrictions, blocked: Stopped | None
    ) -> None:
        """Read the equalities of a chain; a member that cannot be read is stepped over."""
        *others, last = members
        if last.relation == "defined" and blocked is None:
            # g = t =: a says what a is; the rest is a chain of its own.
            self.chain([last, replace(others[-1], relation="defines")], restricted, None)
            if len(others) > 1:
                self.chain(others, restricted, None)
            return
        nodes = [self._parsed(member) for member in members]
        whole = _span(members, 0, len(members) - 1)
        marked = members[1].relation == "defines"
        refused = next((m.relation for m in members[1:] if m.relation in _NO_CLAIMS), None)
        if refused is not None:
            self.stop(whole, Stopped(whole, "unsupported", *_NO_CLAIMS[refused]))
            self._unread(members, nodes, marked=True)
            return
        try:
            if blocked is None and not marked and self._no_claim(nodes, whole):
                return
        except Stopped as stopped:
            self.stop(whole, stopped)
            return
        items = len(self.items)
        place = 0 if blocked is not None else self._defined(nodes, members, restricted, marked)
        found = sides(nodes, self.context, restricted.letters)
        if is_kronecker(members[0].atoms, self.context) and not all(map(_tells_apart, found)):
            self.stop(whole, Stopped(members[0].span, "unsupported", *_KRONECKER))
            self._unread(members, nodes, marked=True)
            return
        head = found[0]
        left = found[place]
        for at in range(place + 1, len(found)):
            span = _span(members, at - 1, at)
            right = found[at]
            if is_matrix(nodes[at]) or is_matrix(nodes[at - 1]):
                self._matrix(nodes[at - 1], nodes[at], span, restricted, blocked)
                continue
            if isinstance(left, Stopped):
                self.stop(span, left)
                left = right
                continue
            if isinstance(right, Stopped):
                self.stop(span, right)
                continue
            if not (place and self._defines(left.node, right.node, span, restricted)):
                start = head if isinstance(head, Side) else left
                relation = members[at].relation
                passed = isinstance(found[at - 1], Stopped)
                self._equality(span, left, right, start, restricted, blocked, relation, passed)
            left = right
        if len(nodes) == 2 and not isinstance(nodes[0], Stopped):
            self.context = left_out(nodes[0], nodes[1:], self.context)
        if not place and all(isinstance(item, Unreadable) for item in self.items[items:]):
            self._unread(members, nodes, marked=marked)

    def _unread(
        self, members: Sequence[Member], nodes: Sequence[Node | Stopped], *, marked: bool
    ) -> None:
        """Remember that what may define a name could not be read."""
        self.context = unread_definition(
            members[0], nodes[0], members[1:], self.context, marked=marked
        )

    def _defined(
        self,
        nodes: Sequence[Node | Stopped],
        members: Sequence[Member],
        restricted: Restrictions,
        marked: bool,
    ) -> int:
        """Read the definition that a chain begins with, good or bad.

        Returns:
            The place of the member that defines, the first one that can be read; 0 where the
            chain defines nothing, and the last place where it defines something unreadably.
        """
        head = nodes[0]
        if isinstance(head, Stopped):
            return 0
        before = self.context
        if marked:
            self.context = self._redefinable(head)
        failed: dict[int, Stopped] = {}
        reads = False
        for place, value in enumerate(nodes[1:], start=1):
            if isinstance(value, Stopped):
                failed[place] = value
                continue
            if is_matrix(value):
                break
            try:
                found = self._definition(head, value, _span(members, 0, place), restricted)
            except Stopped as stopped:
                failed[place] = stopped
                reads = True
                continue
            if found is None:
                reads = False
                break
            for earlier, reason in failed.items():
                self.stop(_span(members, earlier - 1, earlier), reason)
            self.items.append(found.item)
            self.context = found.context
            return place
        self.context = before
        if not reads:
            return 0
        for place, reason in failed.items():
            self.stop(_span(members, place - 1, place), reason)
        if any(reason.code != EXAMPLE for reason in failed.values()):
            self._unread(members, nodes, marked=marked)
        return len(nodes) - 1

    def _definition(
        self, head: Node, value: Node, span: Span, restricted: Restrictions
    ) -> Defined | None:
        found = abbreviation(head, value, span, self.context, restricted)
        return found or array_definition(head, value, span, self.context, restricted)

    def _defines(self, head: Node, value: Node, span: Span, restricted: Restrictions) -> bool:
        """Read one more definition in a chain that began with one: u = v = ... says what v is."""
        entry = as_entry(head, self.context)
        if not isinstance(entry, Name) or self.context.array(entry.name) is None:
            return False
        try:
            found = array_definition(head, value, span, self.context, restricted)
        except Stopped:
            return False
        if found is not None:
            self.items.append(found.item)
            self.context = found.context
        return found is not None

    def _redefinable(self, head: Node) -> Context:
        """Return what is known without the definition of a name that a text defines anew."""
        entry = as_entry(head, self.context)
        name = entry.name if isinstance(entry, Name) else ""
        if self.context.layer is not None and name in self.context.layer.array_by_name:
            return self.context
        kept = tuple(item for item in self.context.definitions if item.array.name != name)
        return replace(self.context, definitions=kept)

    def _matrix(
        self,
        left: Node | Stopped,
        right: Node | Stopped,
        span: Span,
        restricted: Restrictions,
        blocked: Stopped | None,
    ) -> None:
        """Read an equation of which one side is a literal matrix: an equation per entry."""
        name, matrix = (left, right) if is_matrix(right) else (right, left)
        try:
            if blocked is not None:
                raise blocked
            assert not isinstance(matrix, Stopped), "a matrix was read"
            found = elements(name, matrix, self.text, self.context)
        except Stopped as stopped:
            self.stop(span, stopped)
            return
        held = [*restricted.assumptions, *found.conditions]
        said = [f"the matrix has {part}" for part in map(str, found.conditions)]
        inside = replace(restricted, assumptions=held, readings=said)
        read = [sides([cell.entry, self._parsed(cell.value)], self.context) for cell in found.cells]
        values = [value.expression if isinstance(value, Side) else None for _, value in read]
        if self.context.definition(found.array.name) is None:
            if all(isinstance(value, Number) for value in values):
                self.stop(span, example_values(found.array, matrix))
                return
            names = [entry.expression for entry, _ in read if isinstance(entry, Side)]
            if names == values:
                self.items.append(NoStatement(span, "a literal matrix that names entries"))
                return
        for cell, (entry, value) in zip(found.cells, read, strict=True):
            if isinstance(value, Side) and self._defines(
                cell.entry, value.node, cell.span, restricted
            ):
                continue
            if isinstance(entry, Stopped) or isinstance(value, Stopped):
                reason = entry if isinstance(entry, Stopped) else value
                assert isinstance(reason, Stopped), "one of the two was not read"
                self.stop(cell.span, reason)
            else:
                self._equality(cell.span, entry, value, entry, inside, None, "equals", False, True)

    def _equality(
        self,
        span: Span,
        left: Side,
        right: Side,
        head: Side,
        restricted: Restrictions,
        blocked: Stopped | None,
        relation: Relation,
        passed: bool,
        by_rows: bool = False,
    ) -> None:
        try:
            if blocked is not None:
                raise blocked
            made, readings = statement(left, right, head, restricted)
        except Stopped as stopped:
            self.stop(span, stopped)
            return
        if passed:
            last = Note("reading", "compared with the last line above that could be read")
            readings = (*readings, last)
        open = doubts(left, right, made, relation, by_rows=by_rows)
        self.items.append(Equality(span, made, readings, open, self.context))

    def _parsed(self, member: Member) -> Node | Stopped:
        if not member.atoms:
            span = (member.start, member.start + 1)
            return Stopped(span, "unreadable", "one side of this equation is missing")
        try:
            return parsed(member, self.context)
        except Stopped as stopped:
            return stopped

    def _no_claim(self, nodes: Sequence[Node | Stopped], span: Span) -> bool:
        """Read what looks like an equality and claims nothing."""
        examples = example_sizes(nodes, span, self.context)
        if examples is not None:
            self.items += examples
            for example in examples:
                self.context = self.context.with_example(example.size, example.value)
            return True
        if only_given_sizes(nodes, self.context):
            self.items.append(NoStatement(span, "a condition on the given sizes"))
            return True
        letter = value_of_a_letter(nodes, self.context)
        if letter is not None:
            reason, self.context = letter
            self.items.append(NoStatement(span, reason))
            return True
        head = nodes[0]
        if isinstance(head, Stopped):
            return False
        name = new_symbol(head, self.context)
        numeric = isinstance(nodes[-1], Literal) and nodes[-1].kind == "number"
        if name is None or not is_plain(name) or not (numeric or self._is_usual(name)):
            return False
        if not all(self._is_letter(node) for node in nodes[1:-1]) or not is_integer(
            head, Scope(self.context)
        ):
            return False
        self.items.append(NoStatement(span, "a value of an index"))
        return True

    def _is_letter(self, node: Node | Stopped) -> bool:
        """Tell whether a node is a letter without a meaning so far."""
        if isinstance(node, Stopped):
            return False
        name = new_symbol(node, self.context)
        return name is not None and is_plain(name)

    def _is_usual(self, name: str) -> bool:
        return Index(name) in self.context.indices or any(
            item.index.name == name for item in self.context.ranges
        )


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
