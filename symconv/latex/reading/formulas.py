"""Formulas read from LaTeX: the steps of the pipeline, one claim after the other.

A claim is read in the context that the one before it leaves behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest
from typing import Final

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Condition, Index, IntegerExpression
from symconv.algebra.tree import symbols
from symconv.errors import UsageError
from symconv.latex.reading.claims import MOST_BESIDE, Claim, Clause, Member, claims_of
from symconv.latex.reading.context import Context
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
from symconv.latex.reading.meaning.chains import not_read, read_chain
from symconv.latex.reading.meaning.clauses import (
    Restrictions,
    parsed,
    range_of_condition,
    restrictions,
    unclear_words,
    with_said,
)
from symconv.latex.reading.meaning.definitions import is_fixed
from symconv.latex.reading.meaning.integers import condition_of, integer_of, is_integer
from symconv.latex.reading.meaning.no_statements import (
    example_sizes,
    is_about_given_sizes,
    with_examples,
)
from symconv.latex.reading.meaning.scope import Bounds, Scope, is_plain
from symconv.latex.reading.syntax import Chain, Connected, Group, Literal, Name, Node, Stopped
from symconv.latex.reading.tokens import names


def read_formula(text: str, context: Context) -> FormulaReading:
    """Read one displayed or inline piece of mathematics, environments included.

    It never raises for what stands in the text, and never recurses without limit.

    Args:
        text: the LaTeX between the signs that begin and end mathematics.
        context: what is known before it.
    """
    found, unclosed = claims_of(text)
    cut = _with_conditions(found, context)
    items: list[Item] = []
    given: tuple[Clause, ...] = ()
    for claim, following in zip_longest(cut, cut[1:]):
        claim = replace(claim, clauses=(*given, *claim.clauses)) if given else claim
        is_premise, given = _premise(claim, following, context) if following else (False, ())
        if is_premise:
            items.append(NoStatement(claim.span, "the condition of what follows"))
        else:
            read = _read_claim(claim, text, context)
            items += read.items
            context = read.context
    for atom in unclosed:
        stopped = Stopped(atom.span, "unreadable", atom.text)
        items.append(not_read(atom.span, stopped, text))
    return FormulaReading(_finished(items, text), context)


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


def _finished(items: Sequence[Item], text: str) -> tuple[Item, ...]:
    """Return the items of a formula; one for a formula in which nothing is claimed."""
    if not items:
        return (NoStatement((0, len(text)), "an empty formula"),)
    if len(items) > 1 and all(isinstance(item, NoStatement) for item in items):
        return (NoStatement((items[0].span[0], items[-1].span[1]), "a list"),)
    return tuple(items)


def _read_claim(claim: Claim, text: str, context: Context) -> FormulaReading:
    """Read one claim with its clauses."""
    span = claim.span
    if claim.kind == "heard":
        heard = NoStatement(span, "said of what stands beside it, a condition")
        return FormulaReading((heard,), context)
    if claim.kind == "crowded":
        fact = f"a row of more than {MOST_BESIDE} equations and conditions"
        stopped = Stopped(span, "too-large", fact, "write them in several rows")
        return FormulaReading((not_read(span, stopped, text),), context)
    if claim.kind in _UNCLEAR:
        stopped = Stopped(span, "unsupported", *_UNCLEAR[claim.kind])
        return FormulaReading((not_read(span, stopped, text),), context)
    if claim.kind == "listing":
        return _listing(claim.members, span, text, context)
    if claim.kind == "condition" and len(claim.members) > 1:
        ends = [clause.members[-1].span[1] for clause in claim.clauses]
        message = "a condition stands before what it restricts"
        stopped = Stopped(span, "unsupported", message, "write it behind the equation: if ...")
        item = not_read((span[0], max((span[1], *ends))), stopped, text)
        return FormulaReading((item,), context)
    if len(claim.members) == 1:
        return _alone(claim, text, context)
    return _equation(claim, text, context)


def _equation(claim: Claim, text: str, before: Context) -> FormulaReading:
    """Read equalities, in what the clauses behind them explain and under what these restrict."""
    context = before
    explained: list[Item] = []
    blocked: Stopped | None = None
    conditions: list[Clause] = []
    letters = set(names(claim.members[0].atoms, context.spellings))
    for clause in claim.clauses:
        if clause.keyword == "unclear":
            blocked = blocked or _unclear_clause(clause)
        elif clause.keyword == "where" and not (
            _restricts(clause, context) or _is_about(clause, letters, context)
        ):
            found = _definition_clause(clause, text, context)
            explained += found.items
            context = found.context
        else:
            conditions.append(clause)
    for item in explained:
        if isinstance(item, Unreadable):
            blocked = Stopped(item.place, item.code, item.message, item.help, item.missing)
    restricted = Restrictions()
    try:
        restricted = restrictions(conditions, context)
    except Stopped as stopped:
        blocked = blocked or stopped
    if context.said.unclear:
        blocked = blocked or unclear_words(claim.span, context.said.unclear)
    restricted = with_said(restricted, context)
    if blocked is not None:
        restricted = replace(restricted, blocked=blocked)
    read = read_chain(claim.members, restricted, text, context)
    examples = _examples(conditions, read)
    context = examples.context
    # One-letter names are indices elsewhere, so what they mean here ends here.
    for item in explained:
        if isinstance(item, Abbreviation) and is_plain(item.index.name):
            kept = tuple(p for p in context.abbreviations if p[0] != item.index)
            known = before.abbreviation(item.index.name)
            assert known is None, "what is abbreviated already is not defined again"
            context = replace(context, abbreviations=kept)
    return FormulaReading((*read.items, *examples.items, *explained), context)


def _with_conditions(cut: Sequence[Claim], context: Context) -> list[Claim]:
    """Let claims carry the conditions that stand beside them in their row: ..., S = 1.

    A condition that fills a row holds for the rows behind it.
    """
    result: list[Claim] = []
    standing: list[Clause] = []
    for _, row in groupby(cut, key=lambda claim: claim.row):
        group = list(row)
        conditions = [_as_clause(claim, group, context) for claim in group]
        pairs = list(zip(group, conditions, strict=True))
        held = [c for c, clause in pairs if clause is None and len(c.members) > 1]
        said = [clause for clause in conditions if clause is not None]
        if not held:
            if said and group[-1].row < cut[-1].row:
                standing = said
                group = [replace(c, kind="heard") if c.kind == "condition" else c for c in group]
            result += group
            continue
        added = [[*standing, *_maybe_restricting(claim, held, context)] for claim in held]
        for place, (claim, clause) in enumerate(pairs):
            follows = place + 1 < len(group) and group[place + 1].follows
            if clause is None or follows:
                continue
            before = [at for at, other in enumerate(held) if other.span < claim.span]
            for at in before or range(len(held)):
                added[at] += [clause, *claim.clauses]
            if claim.kind != "unclear":
                group[place] = replace(claim, kind="heard")
        clauses = {id(claim): more for claim, more in zip(held, added, strict=True) if more}
        result += [
            replace(claim, clauses=(*claim.clauses, *clauses[id(claim)]))
            if id(claim) in clauses
            else claim
            for claim in group
        ]
    return result


def _maybe_restricting(claim: Claim, held: Sequence[Claim], context: Context) -> Iterator[Clause]:
    """Yield what may be a condition behind a claim: 2g_k = g_k + h_k, g_k = h_k."""
    used = names([a for m in claim.members for a in m.atoms], context.spellings)
    if _own_array(claim.members[0], context) is not None:
        return
    for other in held:
        array = _own_array(other.members[0], context)
        known = array is not None and context.array(array) is not None
        if other.span > claim.span and known and array in used:
            yield Clause("unclear", other.members, place=other.span)


def _own_array(member: Member, context: Context) -> str | None:
    """Return the array that a member is an entry of, if the text may still define it."""
    try:
        node = parsed(member, context)
    except Stopped:
        return None
    if not isinstance(node, Name) or is_fixed(node.name, context):
        return None
    return node.name


def _as_clause(claim: Claim, group: Sequence[Claim], context: Context) -> Clause | None:
    """Return a condition as a clause of the claims beside it; None for a claim."""
    members = claim.members
    if claim.kind == "unclear":
        return Clause("unclear", members, place=claim.span)
    if claim.kind == "condition":
        return Clause("if", members)
    if claim.kind != "claim" or len(members) < 2:
        return None
    clause = Clause("where", members)
    if _restricts(clause, context):
        return clause
    heads = {
        name
        for other in group
        if other is not claim and len(other.members) > 1
        for name in names(other.members[0].atoms, context.spellings)
    }
    return clause if _is_about(clause, heads, context) else None


def _is_about(clause: Clause, letters: set[str], context: Context) -> bool:
    """Tell whether an equation says what letters of a claim are equal to: k = 0, i = j."""
    try:
        nodes = [parsed(member, context) for member in clause.members]
    except Stopped:
        return False
    head = nodes[0]
    if not isinstance(head, Name) or head.name not in letters:
        return False
    scope = Scope(context)
    if context.abbreviation(head.name) or not all(is_integer(node, scope) for node in nodes):
        return False
    try:
        used = [s for node in nodes for s in symbols(integer_of(node, scope))]
    except Stopped:
        return False
    indices = {symbol.name for symbol in used if isinstance(symbol, Index)}
    return bool(indices) and indices <= letters


def _premise(claim: Claim, following: Claim, context: Context) -> tuple[bool, tuple[Clause, ...]]:
    """Find out what a claim before an arrow says of the one behind it.

    What stands behind an arrow holds where what stands before it does.

    Returns:
        Whether the claim is nothing but a condition, and the clauses that it adds.
    """
    if not following.follows or claim.kind not in ("claim", "condition", "listing"):
        return False, ()
    clause = Clause("if", claim.members, listing=claim.kind == "listing")
    if claim.kind == "claim" and not _restricts(clause, context):
        kept = tuple(c for c in claim.clauses if c.keyword in ("if", "for", "unclear"))
        return False, kept
    return True, (clause, *claim.clauses)


def _restricts(clause: Clause, context: Context) -> bool:
    """Tell whether a clause is a condition, rather than a claim or a definition."""
    if clause.listing:
        return True
    try:
        nodes = [parsed(member, context) for member in clause.members]
    except Stopped:
        return len(clause.members) == 1
    if len(nodes) == 1:
        return isinstance(nodes[0], Chain | Connected | Name | Group)
    return is_about_given_sizes(nodes, context)


def _examples(conditions: Sequence[Clause], read: FormulaReading) -> FormulaReading:
    """Put the sizes behind an element equation into force for those that follow."""
    found = FormulaReading((), read.context)
    if any(not isinstance(item, Equality) or item.statement.free for item in read.items):
        return found
    for clause in conditions:
        if clause.keyword != "where" or len(clause.members) < 2 or clause.listing:
            continue
        nodes = [parsed(member, found.context) for member in clause.members]
        span = (clause.members[0].start, clause.members[-1].span[1])
        more = with_examples(example_sizes(nodes, span, found.context) or (), found.context)
        found = FormulaReading((*found.items, *more.items), more.context)
    return found


def _definition_clause(clause: Clause, text: str, context: Context) -> FormulaReading:
    if len(clause.members) == 1 or clause.listing:
        return FormulaReading((), context)
    return read_chain(clause.members, Restrictions(), text, context)


def _listing(
    members: tuple[Member, ...], span: Span, text: str, context: Context
) -> FormulaReading:
    """Read ``i = 0, 1, ..., n`` with nothing before it: the range of an index."""
    try:
        declared = restrictions([Clause("for", members, listing=True)], context)
    except Stopped as stopped:
        return FormulaReading((not_read(span, stopped, text),), context)
    for name, bounds in declared.ranges.items():
        context = _with_range(name, bounds, context)
    return FormulaReading((NoStatement(span, "the range of an index"),), context)


def _alone(claim: Claim, text: str, context: Context) -> FormulaReading:
    """Read what has no equals sign."""
    items: list[Item] = []
    (member,) = claim.members
    try:
        node = parsed(member, context)
    except Stopped as stopped:
        items.append(not_read(member.span, stopped, text))
    else:
        reason = _reason(node)
        try:
            declared = range_of_condition(node, context) if isinstance(node, Chain) else None
        except Stopped:
            declared = None
        if declared is not None and not context.knows(declared[0]):
            context = _with_range(*declared, context)
            reason = "the range of an index"
        items.append(NoStatement(member.span, reason))
    for clause in claim.clauses:
        if clause.keyword == "unclear":
            items.append(not_read(clause.place, _unclear_clause(clause), text))
        elif not _restricts(clause, context):
            found = _definition_clause(clause, text, context)
            items += found.items
            context = found.context
    return FormulaReading(tuple(items), context)


def _with_range(name: str, bounds: Bounds, context: Context) -> Context:
    """Let a name that means nothing yet be an index with a range."""
    try:
        return context if context.knows(name) else context.with_index(name, bounds)
    except UsageError:
        return context


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
