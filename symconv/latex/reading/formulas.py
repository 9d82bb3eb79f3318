r"""Formulas read from LaTeX: equalities, definitions, and what states nothing.

A formula is cut into claims (`reader_rows`), their members become small trees
(`reader_tokens`, `reader_syntax`), and these get their meaning from the context
(`reader_meaning`, `reader_statements`, `reader_definitions`). Reading is total: what cannot
be read becomes an `Unreadable` with its place, and what stands beside it is read all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest
from typing import Final

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Condition, Index, IntegerExpression, symbols
from symconv.errors import UsageError
from symconv.latex.reading.chains import ChainReader
from symconv.latex.reading.claims import MOST_BESIDE, Claim, Clause, Member, claims
from symconv.latex.reading.clauses import (
    Restrictions,
    parsed,
    range_of_condition,
    restrictions,
    unclear_words,
    with_said,
)
from symconv.latex.reading.context import Context
from symconv.latex.reading.definitions import example_sizes, is_about_given_sizes, is_fixed
from symconv.latex.reading.integers import condition_of, integer_of, is_integer
from symconv.latex.reading.intervals import atoms_with_sets
from symconv.latex.reading.items import (
    Abbreviation,
    Equality,
    FormulaReading,
    Item,
    NoStatement,
    Span,
    Unreadable,
)
from symconv.latex.reading.scope import Scope, is_plain
from symconv.latex.reading.syntax import Chain, Connected, Group, Literal, Name, Node, Stopped
from symconv.latex.reading.tokens import names


def read_formula(text: str, context: Context) -> FormulaReading:
    """Read one displayed or inline piece of mathematics, environments included.

    It never raises for what stands in the text, and never recurses without limit.

    Args:
        text: the LaTeX between the signs that begin and end mathematics.
        context: what is known before it.
    """
    reader = _Reader(text, context)
    found = atoms_with_sets(text)
    cut = reader.with_conditions(claims(found, text))
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
        node = parsed(Member(tuple(atoms_with_sets(text)), 0), context)
        return integer_of(node, Scope(context, final=True))
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
        node = parsed(Member(tuple(atoms_with_sets(text)), 0), context)
        return condition_of(node, Scope(context, final=True))
    except Stopped as stopped:
        raise UsageError(stopped.message, code=stopped.code, help=stopped.help) from stopped


class _Reader(ChainReader):
    """Read one formula, claim by claim."""

    def result(self) -> tuple[Item, ...]:
        """Return the items; one for a formula in which nothing is claimed."""
        if not self.items:
            return (NoStatement((0, len(self.text)), "an empty formula"),)
        if len(self.items) > 1 and all(isinstance(item, NoStatement) for item in self.items):
            return (NoStatement((self.items[0].span[0], self.items[-1].span[1]), "a list"),)
        return tuple(self.items)

    def claim(self, claim: Claim) -> None:
        """Read one claim with its clauses."""
        span = claim.span
        if claim.kind == "heard":
            self.items.append(NoStatement(span, "said of what stands beside it, a condition"))
            return
        if claim.kind == "crowded":
            fact = f"a row of more than {MOST_BESIDE} equations and conditions"
            self.stop(span, Stopped(span, "too-large", fact, "write them in several rows"))
            return
        if claim.kind in _UNCLEAR:
            self.stop(span, Stopped(span, "unsupported", *_UNCLEAR[claim.kind]))
            return
        if claim.kind == "listing":
            self._listing(claim.members, span)
            return
        if claim.kind == "condition" and len(claim.members) > 1:
            ends = [clause.members[-1].span[1] for clause in claim.clauses]
            message = "a condition stands before what it restricts"
            self.stop(
                (span[0], max((span[1], *ends))),
                Stopped(span, "unsupported", message, "write it behind the equation: if ..."),
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
        letters = set(names(claim.members[0].atoms, self.context.spellings))
        for clause in claim.clauses:
            if clause.keyword == "unclear":
                blocked = blocked or _unclear_clause(clause)
            elif clause.keyword == "where" and not (
                self._restricts(clause) or self._is_about(clause, letters)
            ):
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
        restricted = with_said(restricted, self.context)
        if self.context.said.unclear:
            blocked = blocked or unclear_words(span, self.context.said.unclear)
        read = len(self.items)
        self.chain(claim.members, restricted, blocked)
        self._add_examples(conditions, self.items[read:])
        self.items += explained
        # One-letter names are indices elsewhere, so what they mean here ends here.
        for item in explained:
            if isinstance(item, Abbreviation) and is_plain(item.index.name):
                kept = tuple(p for p in self.context.abbreviations if p[0] != item.index)
                known = before.abbreviation(item.index.name)
                assert known is None, "what is abbreviated already is not defined again"
                self.context = replace(self.context, abbreviations=kept)

    def with_conditions(self, cut: list[Claim]) -> list[Claim]:
        """Let claims carry the conditions that stand beside them in their row: ..., S = 1.

        A condition that fills a row holds for the rows behind it.
        """
        standing: list[Clause] = []
        for _, row in groupby(cut, key=lambda claim: claim.row):
            group = list(row)
            conditions = {id(claim): self._as_clause(claim, group) for claim in group}
            held = [c for c in group if conditions[id(c)] is None and len(c.members) > 1]
            if not held:
                said = [clause for clause in conditions.values() if clause is not None]
                if said and group[-1].row < cut[-1].row:
                    standing = said
                    for claim in group:
                        claim.kind = "heard" if claim.kind == "condition" else claim.kind
                continue
            for claim in held:
                claim.clauses += standing
                claim.clauses += self._maybe_restricting(claim, held)
            for place, claim in enumerate(group):
                clause = conditions[id(claim)]
                follows = place + 1 < len(group) and group[place + 1].follows
                if clause is None or follows:
                    continue
                before = [other for other in held if other.span < claim.span]
                for other in before or held:
                    other.clauses += [clause, *claim.clauses]
                if claim.kind != "unclear":
                    claim.kind = "heard"
        return cut

    def _maybe_restricting(self, claim: Claim, held: Sequence[Claim]) -> Iterator[Clause]:
        """Yield what may be a condition behind a claim: 2g_k = g_k + h_k, g_k = h_k."""
        used = names([a for m in claim.members for a in m.atoms], self.context.spellings)
        if self._own_array(claim.members[0]) is not None:
            return
        for other in held:
            array = self._own_array(other.members[0])
            known = array is not None and self.context.array(array) is not None
            if other.span > claim.span and known and array in used:
                yield Clause("unclear", tuple(other.members), place=other.span)

    def _own_array(self, member: Member) -> str | None:
        """Return the array that a member is an entry of, if the text may still define it."""
        try:
            node = parsed(member, self.context)
        except Stopped:
            return None
        if not isinstance(node, Name) or is_fixed(node.name, self.context):
            return None
        return node.name

    def _as_clause(self, claim: Claim, group: Sequence[Claim]) -> Clause | None:
        """Return a condition as a clause of the claims beside it; None for a claim."""
        members = tuple(claim.members)
        if claim.kind == "unclear":
            return Clause("unclear", members, place=claim.span)
        if claim.kind == "condition":
            return Clause("if", members)
        if claim.kind != "claim" or len(members) < 2:
            return None
        clause = Clause("where", members)
        if self._restricts(clause):
            return clause
        heads = {
            name
            for other in group
            if other is not claim and len(other.members) > 1
            for name in names(other.members[0].atoms, self.context.spellings)
        }
        return clause if self._is_about(clause, heads) else None

    def _is_about(self, clause: Clause, letters: set[str]) -> bool:
        """Tell whether an equation says what letters of a claim are equal to: k = 0, i = j."""
        try:
            nodes = [parsed(member, self.context) for member in clause.members]
        except Stopped:
            return False
        head = nodes[0]
        if not isinstance(head, Name) or head.name not in letters:
            return False
        scope = Scope(self.context)
        if not all(is_integer(node, scope) for node in nodes) or self.context.abbreviation(
            head.name
        ):
            return False
        try:
            used = [s for node in nodes for s in symbols(integer_of(node, scope))]
        except Stopped:
            return False
        indices = {symbol.name for symbol in used if isinstance(symbol, Index)}
        return bool(indices) and indices <= letters

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
            self.chain(list(clause.members), Restrictions(), None)

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
