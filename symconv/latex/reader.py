r"""Formulas read from LaTeX: equalities, definitions, and what states nothing.

A formula is cut into claims (`reader_rows`), their members become small trees
(`reader_tokens`, `reader_syntax`), and these get their meaning from the context
(`reader_meaning`, `reader_statements`, `reader_definitions`). Reading is total: what cannot
be read becomes an `Unreadable` with its place, and what stands beside it is read all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from symconv.algebra.expressions import Number, Statement
from symconv.algebra.indices import Condition, Index, IntegerExpression
from symconv.errors import UsageError
from symconv.latex.context import Context
from symconv.latex.reader_atoms import atoms
from symconv.latex.reader_clauses import (
    Restrictions,
    parsed,
    range_of_condition,
    restrictions,
)
from symconv.latex.reader_definitions import (
    Defined,
    abbreviation,
    array_definition,
    example_sizes,
    is_about_given_sizes,
    new_symbol,
    only_given_sizes,
    unread_definition,
)
from symconv.latex.reader_items import (
    Abbreviation,
    Equality,
    FormulaReading,
    Item,
    NoStatement,
    Span,
    Unreadable,
)
from symconv.latex.reader_matrices import elements, example_values, is_matrix
from symconv.latex.reader_meaning import Elaborator
from symconv.latex.reader_rows import Claim, Clause, Member, claims
from symconv.latex.reader_scope import Scope, is_plain
from symconv.latex.reader_statements import Side, sides, statement
from symconv.latex.reader_syntax import Chain, Connected, Group, Literal, Name, Node, Stopped


def read_formula(text: str, context: Context) -> FormulaReading:
    """Read one displayed or inline piece of mathematics, environments included.

    It never raises for what stands in the text, and never recurses without limit.

    Args:
        text: the LaTeX between the signs that begin and end mathematics.
        context: what is known before it.
    """
    reader = _Reader(text, context)
    found = atoms(text)
    cut = claims(found, text)
    for claim, following in zip_longest(cut, cut[1:]):
        if following is None or not reader.premise(claim, following):
            reader.claim(claim)
    for atom in found:
        if atom.kind == "unclosed":
            reader.stop(atom.span, Stopped(atom.span, "unreadable", atom.text))
    return FormulaReading(reader.result(), reader.context)


def read_statement(text: str, context: Context) -> Statement:
    """Read a formula that is one equality, such as `statement_latex` writes.

    Raises:
        UsageError: when it is anything else.
    """
    items = [
        item
        for item in read_formula(text, context).items
        if not isinstance(item, Abbreviation | NoStatement)
    ]
    if len(items) == 1 and isinstance(items[0], Equality):
        return items[0].statement
    for item in items:
        if isinstance(item, Unreadable):
            raise UsageError(item.message, code=item.code, help=item.help)
    raise UsageError("this is not one equality", code="unreadable", help="write one left = right")


def read_integer(text: str, context: Context) -> IntegerExpression:
    """Read an integer expression in declared sizes and indices, as pragmas hold them.

    Raises:
        UsageError: when it cannot be read.
    """
    try:
        node = parsed(Member(tuple(atoms(text)), 0), context)
        return Elaborator(Scope(context, final=True)).integer(node)
    except Stopped as stopped:
        raise UsageError(stopped.message, code=stopped.code, help=stopped.help) from stopped


def read_condition(text: str, context: Context) -> Condition:
    """Read a condition on declared sizes, as pragmas hold them; ``<=`` and ``>=`` are known.

    Raises:
        UsageError: when it cannot be read.
    """
    for plain, latex in (("<=", r"\le "), (">=", r"\ge "), ("!=", r"\ne "), ("==", "=")):
        text = text.replace(plain, latex)
    try:
        node = parsed(Member(tuple(atoms(text)), 0), context)
        return Elaborator(Scope(context, final=True)).condition(node)
    except Stopped as stopped:
        raise UsageError(stopped.message, code=stopped.code, help=stopped.help) from stopped


class _Reader:
    """Read one formula, claim by claim."""

    def __init__(self, text: str, context: Context) -> None:
        self.text = text
        self.context = context
        self.items: list[Item] = []

    def result(self) -> tuple[Item, ...]:
        """Return the items; one for a formula in which nothing is claimed."""
        if not self.items:
            return (NoStatement((0, len(self.text)), "an empty formula"),)
        if len(self.items) > 1 and all(isinstance(item, NoStatement) for item in self.items):
            return (NoStatement((self.items[0].span[0], self.items[-1].span[1]), "a list"),)
        return tuple(self.items)

    def stop(self, span: Span, stopped: Stopped) -> None:
        """Record what could not be read."""
        place = stopped.span
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

    def claim(self, claim: Claim) -> None:
        """Read one claim with its clauses."""
        span = (claim.members[0].start, claim.members[-1].span[1])
        if claim.kind in _UNCLEAR:
            self.stop(span, Stopped(span, "unsupported", *_UNCLEAR[claim.kind]))
            return
        if claim.kind == "listing":
            self._listing(claim.members, span)
            return
        if claim.kind == "condition" and len(claim.members) > 1:
            message = "a condition stands before what it restricts"
            self.stop(
                span, Stopped(span, "unsupported", message, "write it behind the equation: if ...")
            )
            return
        if len(claim.members) == 1:
            self._alone(claim.members[0])
            for clause in claim.clauses:
                if clause.keyword == "unclear":
                    self.stop(clause.place, _unclear_clause(clause))
                elif not self._restricts(clause):
                    self._definition_clause(clause)
            return
        before = self.context
        items, self.items = self.items, []
        blocked: Stopped | None = None
        conditions: list[Clause] = []
        for clause in claim.clauses:
            if clause.keyword == "unclear":
                blocked = blocked or _unclear_clause(clause)
            elif clause.keyword == "where" and not self._restricts(clause):
                self._definition_clause(clause)
            else:
                conditions.append(clause)
        explained, self.items = self.items, items
        for item in explained:
            if isinstance(item, Unreadable):
                blocked = Stopped(item.place, item.code, item.message, item.help, item.missing)
        restricted = Restrictions()
        try:
            restricted = restrictions(conditions, self.context)
        except Stopped as stopped:
            blocked = blocked or stopped
        read = len(self.items)
        self._chain(claim.members, restricted, blocked)
        self._add_examples(conditions, self.items[read:])
        self.items += explained
        # One-letter names are indices elsewhere, so what they mean here ends here.
        for item in explained:
            if isinstance(item, Abbreviation) and is_plain(item.index.name):
                kept = tuple(p for p in self.context.abbreviations if p[0] != item.index)
                known = before.abbreviation(item.index.name)
                assert known is None, "what is abbreviated already is not defined again"
                self.context = replace(self.context, abbreviations=kept)

    def premise(self, claim: Claim, following: Claim) -> bool:
        """Take a condition before an arrow as one of the claim behind it, if that is what it is.

        What stands behind an arrow holds where what stands before it does.
        """
        if not following.follows or claim.kind not in ("claim", "condition", "listing"):
            return False
        clause = Clause("if", tuple(claim.members), listing=claim.kind == "listing")
        if claim.kind == "claim" and not self._restricts(clause):
            kept = [c for c in claim.clauses if c.keyword in ("if", "for", "unclear")]
            following.clauses[:0] = kept
            return False
        following.clauses[:0] = [clause, *claim.clauses]
        span = (claim.members[0].start, claim.members[-1].span[1])
        self.items.append(NoStatement(span, "the condition of what follows"))
        return True

    def _restricts(self, clause: Clause) -> bool:
        """Tell whether a clause is a condition, rather than a claim or a definition."""
        if clause.listing:
            return True
        try:
            nodes = [parsed(member, self.context) for member in clause.members]
        except Stopped:
            return len(clause.members) == 1
        if len(nodes) == 1:
            return isinstance(nodes[0], Chain | Connected | Name | Group)
        return is_about_given_sizes(nodes, self.context)

    def _add_examples(self, conditions: Sequence[Clause], read: Sequence[Item]) -> None:
        """Put the sizes behind an element equation into force for those that follow."""
        if any(not isinstance(item, Equality) or item.statement.free for item in read):
            return
        for clause in conditions:
            if clause.keyword != "where" or len(clause.members) < 2 or clause.listing:
                continue
            nodes = [parsed(member, self.context) for member in clause.members]
            span = (clause.members[0].start, clause.members[-1].span[1])
            for example in example_sizes(nodes, span, self.context) or ():
                self.items.append(example)
                self.context = self.context.with_example(example.size, example.value)

    def _definition_clause(self, clause: Clause) -> None:
        if len(clause.members) > 1 and not clause.listing:
            self._chain(list(clause.members), Restrictions(), None)

    def _listing(self, members: Sequence[Member], span: Span) -> None:
        """Read ``i = 0, 1, ..., n`` with nothing before it: the range of an index."""
        try:
            declared = restrictions([Clause("for", tuple(members), listing=True)], self.context)
        except Stopped as stopped:
            self.stop(span, stopped)
            return
        for name, bounds in declared.ranges.items():
            if not self.context.knows(name):
                self.context = self._with_range(name, bounds)
        self.items.append(NoStatement(span, "the range of an index"))

    def _alone(self, member: Member) -> None:
        """Read what has no equals sign."""
        try:
            node = parsed(member, self.context)
        except Stopped as stopped:
            self.stop(member.span, stopped)
            return
        reason = _reason(node)
        if isinstance(node, Chain):
            try:
                declared = range_of_condition(node, self.context)
            except Stopped:
                declared = None
            if declared is not None and not self.context.knows(declared[0]):
                self.context = self._with_range(*declared)
                reason = "the range of an index"
        self.items.append(NoStatement(member.span, reason))

    def _with_range(
        self, name: str, bounds: tuple[IntegerExpression, IntegerExpression]
    ) -> Context:
        try:
            return self.context.with_index(name, bounds)
        except UsageError:
            return self.context

    def _chain(
        self, members: Sequence[Member], restricted: Restrictions, blocked: Stopped | None
    ) -> None:
        """Read the equalities of a chain; a member that cannot be read is stepped over."""
        nodes = [self._parsed(member) for member in members]
        whole = (members[0].start, members[-1].span[1])
        if blocked is None:
            try:
                if self._no_claim(nodes, whole):
                    return
            except Stopped as stopped:
                self.stop(whole, stopped)
                return
        first = 1
        if blocked is None:
            defined = self._defines(nodes, members, restricted)
            first = 2 if defined else 1
        found = sides(nodes, self.context)
        head = found[0]
        left = found[first - 1]
        for place in range(first, len(found)):
            span = (members[place].start if place > 1 else members[0].start, members[place].span[1])
            right = found[place]
            if is_matrix(nodes[place]) or is_matrix(nodes[place - 1]):
                self._matrix(nodes[place - 1], nodes[place], span, restricted, blocked)
                continue
            if isinstance(left, Stopped):
                self.stop(span, left)
                left = right
                continue
            if isinstance(right, Stopped):
                self.stop(span, right)
                continue
            start = head if isinstance(head, Side) else left
            self._equality(span, left, right, start, restricted, blocked, found[place - 1])
            left = right
        if first == 1 and (blocked is not None or isinstance(nodes[1], Stopped)):
            self._unread(nodes[0])

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
            if isinstance(entry, Stopped) or isinstance(value, Stopped):
                reason = entry if isinstance(entry, Stopped) else value
                assert isinstance(reason, Stopped), "one of the two was not read"
                self.stop(cell.span, reason)
            else:
                self._equality(cell.span, entry, value, entry, inside, None, entry)

    def _unread(self, head: Node | Stopped) -> None:
        """Remember that what may define a name could not be read."""
        if not isinstance(head, Stopped):
            self.context = unread_definition(head, self.context)

    def _equality(
        self,
        span: Span,
        left: Side,
        right: Side,
        head: Side,
        restricted: Restrictions,
        blocked: Stopped | None,
        before: Side | Stopped,
    ) -> None:
        if blocked is not None:
            self.stop(span, blocked)
            return
        try:
            made, readings = statement(left, right, head, restricted)
        except Stopped as stopped:
            self.stop(span, stopped)
            return
        if isinstance(before, Stopped):
            readings = (
                *readings,
                "compared with the last line above that could be read",
            )
        self.items.append(Equality(span, made, readings))

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
        head = nodes[0]
        if isinstance(head, Stopped):
            return False
        name = new_symbol(head, self.context)
        numeric = isinstance(nodes[1], Literal) and nodes[1].kind == "number"
        if name is None or not is_plain(name) or not (numeric or self._is_usual(name)):
            return False
        if len(nodes) > 2 or not Elaborator(Scope(self.context)).is_integer(head):
            return False
        self.items.append(NoStatement(span, "a value of an index"))
        return True

    def _is_usual(self, name: str) -> bool:
        return Index(name) in self.context.indices or any(
            item.index.name == name for item in self.context.ranges
        )

    def _defines(
        self,
        nodes: Sequence[Node | Stopped],
        members: Sequence[Member],
        restricted: Restrictions,
    ) -> bool:
        """Read the first equality of a chain where it is a definition, good or bad."""
        head, value = nodes[0], nodes[1]
        if isinstance(head, Stopped) or isinstance(value, Stopped) or is_matrix(value):
            return False
        span = (members[0].start, members[1].span[1])
        try:
            found: Defined | None = abbreviation(head, value, span, self.context, restricted)
            if found is None:
                found = array_definition(head, value, span, self.context, restricted)
        except Stopped as stopped:
            self._unread(head)
            self.stop(span, stopped)
            return True
        if found is None:
            return False
        self.items.append(found.item)
        self.context = found.context
        return True


_UNCLEAR: Final = {
    "unclear": (
        "it is not clear what these words do to the formula",
        "write a condition behind it, such as: \\text{if } P = 0",
    ),
    "equivalent": (
        "an equation that holds exactly where another one does",
        "write it as an equation with its condition: \\text{if} ...",
    ),
    "branched": (
        "it is not clear which equation of the row above goes on here",
        "align the equals signs of one chain with &, or write its left side again",
    ),
}


def _unclear_clause(clause: Clause) -> Stopped:
    """Make the error for what may restrict a formula."""
    return Stopped(
        clause.place,
        "unsupported",
        "this may restrict the formula, and is not understood",
        "write the condition behind it, such as: \\text{if } P = 0",
    )


def _reason(node: Node) -> str:
    match node:
        case Chain() | Connected():
            return "a condition, which claims nothing by itself"
        case Group(items=items) if len(items) > 1:
            return "a list, such as a shape or a position"
        case Literal(kind="matrix"):
            return "a literal matrix"
        case Name() | Literal():
            return "a lone symbol"
    return "an expression without an equals sign"
