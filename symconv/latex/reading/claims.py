r"""Formulas cut into claims: rows, what a comma or a word separates, members of chains.

``a &= b \\ &= c`` is one claim with three members; ``p_0 = Sk, \quad q_0 = Sl`` are two
claims; ``\text{for } 0 \le k < Hh`` is a clause of the claim before it. Everything is cut at
signs outside of brackets, so a member that cannot be read leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from symconv.latex.reading.atoms import Atom
from symconv.latex.reading.cue_words import (
    Keyword,
    begins_a_claim,
    explains_a_name,
    is_keyword,
    passes_over,
    role_of,
)
from symconv.latex.reading.intervals import atoms_with_sets
from symconv.latex.reading.items import Span
from symconv.latex.reading.signs import (
    ARROWS,
    CLOSING,
    CONTINUES,
    EQUALS,
    EQUIVALENCES,
    OPENING,
    ORDER,
    RELATIONS,
    SEPARATORS,
    Relation,
    in_columns,
    stripped,
    with_depth,
    with_numbers,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One side of an equality.

    Attributes:
        atoms: what stands there.
        start: where its equality begins: at the equals sign before it, or at its own start.
        relation: what the sign before it says.
    """

    atoms: tuple[Atom, ...]
    start: int
    relation: Relation = "equals"

    @property
    def span(self) -> Span:
        """Where it stands."""
        return span_of(self.atoms, self.start)


@dataclass(frozen=True, slots=True)
class Clause:
    r"""What restricts or explains a claim: an equation, or a condition without an equals sign.

    Attributes:
        keyword: what it begins with.
        members: the sides of an equation; one where it is a condition.
        listing: whether it is a list such as ``i = 0, \ldots, n``: name, first and last.
        place: what may restrict the claim and is not understood, where that is so.
    """

    keyword: Keyword
    members: tuple[Member, ...]
    listing: bool = False
    place: Span = (0, 0)


MOST_BESIDE: Final = 100
"""How many claims and conditions of one row are read: each may restrict every other."""
ClaimKind: TypeAlias = Literal[
    "claim",
    "listing",
    "condition",
    "unclear",
    "equivalent",
    "branched",
    "heard",
    "crowded",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """Members of a chain with its clauses; one member where nothing is claimed.

    Attributes:
        members: the sides of its equalities.
        clauses: what follows them.
        kind: ``listing`` for ``i = 0, 1, ..., n``, which claims nothing; ``condition`` for what
            stands behind ``if`` with nothing before it that it could restrict; ``unclear``
            for words that may restrict something and are not understood; ``equivalent`` for
            what stands behind an arrow in both directions; ``branched`` for a row that goes
            on with one of several equations; ``heard`` for a condition that the claims beside
            it carry as a clause; ``crowded`` for a row of more parts than are read.
        follows: whether it stands behind an arrow or a colon.
        row: which row of the formula it begins in.
    """

    members: tuple[Member, ...]
    clauses: tuple[Clause, ...] = ()
    kind: ClaimKind = "claim"
    follows: bool = False
    row: int = 0

    @property
    def span(self) -> Span:
        """Where it stands."""
        return (self.members[0].start, self.members[-1].span[1])


@dataclass(slots=True)
class _Draft:
    """A claim that is being filled, row by row."""

    members: list[Member]
    row: int
    clauses: list[Clause] = field(default_factory=list)
    kind: ClaimKind = "claim"
    follows: bool = False

    def finished(self) -> Claim:
        """Return the claim."""
        clauses = tuple(self.clauses)
        return Claim(tuple(self.members), clauses, self.kind, self.follows, self.row)


@lru_cache(maxsize=16)
def claims_of(text: str) -> tuple[tuple[Claim, ...], tuple[Atom, ...]]:
    """Cut a formula into claims, once for all contexts that it is read in.

    Returns:
        The claims in the order of the text, and the environments that do not end.
    """
    found = atoms_with_sets(text)
    unclosed = tuple(atom for atom in found if atom.kind == "unclosed")
    return tuple(draft.finished() for draft in _drafts(found, text)), unclosed


def _drafts(found: Sequence[Atom], text: str) -> list[_Draft]:
    """Cut the atoms of a formula into claims; signs of alignment are in its text alone."""
    result: list[_Draft] = []
    latest: list[_Draft] = []
    for number, row in enumerate(_rows(found)):
        begun: list[_Draft] = []
        if len(row) == 1 and row[0].kind == "text" and passes_over(row[0].text):
            continue
        segments = _segments(row)
        if len(segments) > MOST_BESIDE:
            begun.append(_Draft([Member(tuple(row), row[0].start)], number, kind="crowded"))
            result += begun
            segments = []
        for position, segment in enumerate(segments):
            members = _members(segment.atoms)
            if not members:
                continue
            continues = not members[0].atoms
            if segment.listing or segment.keyword or _is_condition(segment, result, position):
                _add_clause(segment, members, result, number)
            elif continues and latest and len(members) > 1 and not begun:
                main = _continued(latest, text)
                if main is None:
                    begun.append(_Draft(members, number, kind="branched"))
                    result.append(begun[-1])
                else:
                    main.members.extend(members[1:])
                    begun.append(main)
            elif continues and result and len(members) > 1:
                result[-1].members.extend(members[1:])
            else:
                kind = "equivalent" if segment.lead == "equivalence" else "claim"
                follows = segment.lead == "arrow"
                begun.append(_Draft(members, number, kind=kind, follows=follows))
                result.append(begun[-1])
        latest = begun or latest
    return result


def _add_clause(segment: _Segment, members: list[Member], result: list[_Draft], row: int) -> None:
    """Put a clause behind the claim before it; what no claim stands before is one of its own."""
    clause = Clause(
        segment.keyword or "for",
        tuple(members),
        segment.listing,
        span_of(segment.atoms[:1] if segment.atoms[0].kind == "text" else segment.atoms),
    )
    if not members[0].atoms and segment.keyword != "unclear":
        return
    if result and result[-1].kind != "unclear":
        result[-1].clauses.append(clause)
    elif segment.keyword == "unclear":
        result.append(_Draft(members, row, kind="unclear"))
    else:
        kind = "condition" if segment.keyword in ("if", "for") else "claim"
        result.append(_Draft(members, row, kind="listing" if segment.listing else kind))


def _continued(before: list[_Draft], text: str) -> _Draft | None:
    """Return which equation of the row before goes on in a row that begins with an equals sign.

    Of several ones it is the one that is aligned; None where that does not tell.
    """
    equations = [claim for claim in before if len(claim.members) > 1]
    if len(equations) < 2:
        return equations[0] if equations else before[-1]
    aligned = [claim for claim in equations if _is_aligned(claim, text)]
    return aligned[0] if len(aligned) == 1 else None


def _is_aligned(claim: _Draft, text: str) -> bool:
    """Tell whether a sign of alignment stands beside the first equals sign of a claim."""
    first, second = claim.members[:2]
    behind = second.atoms[0].start if second.atoms else second.start
    return "&" in text[first.span[1] : behind]


def span_of(found: Sequence[Atom], otherwise: int = 0) -> Span:
    """Return where atoms stand; an empty place where there are none."""
    return (found[0].start, found[-1].end) if found else (otherwise, otherwise)


Lead: TypeAlias = Literal["", "arrow", "equivalence"]


@dataclass(slots=True)
class _Part:
    """A piece of a row that is being filled; the lead is the sign that it stands behind."""

    keyword: Keyword = ""
    atoms: list[Atom] = field(default_factory=list)
    lead: Lead = ""


@dataclass(frozen=True, slots=True)
class _Segment:
    keyword: Keyword
    atoms: tuple[Atom, ...]
    listing: bool = False
    lead: Lead = ""


def _rows(found: Sequence[Atom]) -> Iterator[list[Atom]]:
    """Yield the rows, those joined that continue the row before them."""
    current: list[Atom] = []
    rows: list[list[Atom]] = [[]]
    for atom in found:
        if atom.kind == "row":
            rows.append([])
        elif atom.kind != "unclosed":
            rows[-1].append(atom)
    for row in rows:
        inside = with_numbers(stripped(in_columns(row)))
        if not inside:
            continue
        if current and _continues(current, inside):
            current.extend(inside)
        else:
            if current:
                yield current
            current = inside
    if current:
        yield current


def _continues(before: list[Atom], row: list[Atom]) -> bool:
    if before[-1].text == "," and row[0].text not in EQUALS and _has_keyword(before):
        return True  # A list behind "where" or "for" goes on.
    if any(atom.text in EQUALS for atom, depth in with_depth(row) if depth == 0):
        return before[-1].text in EQUALS and row[0].text not in EQUALS
    if row[0].kind == "text":
        return False
    last = before[-1].text
    depths = [depth for _, depth in with_depth(before)]
    return row[0].text in CONTINUES or last in CONTINUES | EQUALS or depths[-1] > 0


def _has_keyword(row: Sequence[Atom]) -> bool:
    return any(atom.kind == "text" and is_keyword(atom.text) for atom in row)


def _segments(row: Sequence[Atom]) -> list[_Segment]:
    """Cut a row at commas, wide spaces, arrows and words."""
    parts: list[_Part] = [_Part()]
    begun = 0
    for atom, depth in with_depth(row):
        if depth == 0 and atom.text == ":" and _is_part_of_a_sign(atom, row):
            parts[-1].atoms.append(atom)
        elif depth == 0 and (atom.kind == "wide" or atom.text in SEPARATORS):
            parts.append(_separated(atom, parts[-1]))
        elif depth == 0 and atom.kind == "text":
            begun += atom.text.count("(") - atom.text.count(")")
            _add_words(atom, row, parts)
        elif depth == 0 and atom.text == r"\forall":
            parts.append(_Part("for"))
        elif depth == 0 and atom.text == r"\because":
            parts.append(_Part("where"))
        elif depth == 0 and atom.text == ")" and begun > 0:
            begun -= 1  # It closes a parenthesis that words opened.
            parts.append(_Part())
        else:
            parts[-1].atoms.append(atom)
    return _with_listings([piece for part in parts for piece in _without_brackets(part, parts[0])])


def _separated(atom: Atom, before: _Part) -> _Part:
    """Begin a part behind a comma, a wide space, a colon or an arrow."""
    if atom.text in EQUIVALENCES:
        return _Part(lead="equivalence")
    if atom.text in ARROWS or atom.text == ":":
        return _Part(lead="arrow")
    return _Part("" if before.keyword == "unclear" else before.keyword, lead=before.lead)


def _add_words(atom: Atom, row: Sequence[Atom], parts: list[_Part]) -> None:
    """Begin a part at words, or let them stand in one as a name."""
    role = role_of(atom.text)
    before = parts[-1]
    if role == "operand" and _is_operand(atom, row):
        before.atoms.append(atom)
    elif before.keyword in ("where", "for") and _is_explained(before.atoms, atom.text):
        # "where S is the stride" says nothing that restricts.
        before.atoms.clear()
        parts.append(_Part(before.keyword))
    elif role in ("operand", "unclear"):
        parts.append(_Part("unclear", [atom]))
    elif role == "remark" and before.keyword in ("if", "for") and begins_a_claim(atom.text):
        parts.append(_Part(lead="arrow"))
    elif role == "remark":
        parts.append(_Part(before.keyword, lead=before.lead))
    else:
        parts.append(_Part(role))


def _is_explained(found: Sequence[Atom], words: str) -> bool:
    return explains_a_name(words) and not _has_relation(found)


def _is_operand(atom: Atom, row: Sequence[Atom]) -> bool:
    """Tell whether a word stands where a name does: beside an operator or a subscript."""
    place = next(i for i, other in enumerate(row) if other is atom)
    before = next((a for a in reversed(row[:place]) if a.kind != "space"), None)
    behind = next((a for a in row[place + 1 :] if a.kind != "space"), None)
    signs = CONTINUES | EQUALS
    return (before is not None and before.text in signs) or (
        behind is not None and behind.text in signs | {"_{", "^{"}
    )


def _is_part_of_a_sign(colon: Atom, row: Sequence[Atom]) -> bool:
    """Tell whether a colon belongs to := or to =: beside it."""
    place = next(i for i, other in enumerate(row) if other is colon)
    behind = next((a.text for a in row[place + 1 :] if a.kind != "space"), "")
    before = next((a.text for a in reversed(row[:place]) if a.kind != "space"), "")
    return "=" in (before, behind)


def _without_brackets(part: _Part, first: _Part) -> list[_Part]:
    """Take a condition out of the parentheses around it: (i = 1, ..., N), (P = 0).

    It stands behind a wide space, or at the end of a part behind a space.
    """
    found = _trimmed(part.atoms)
    place = _trailing_bracket(found)
    if place is None or not _has_relation(found[place + 1 : -1]):
        return [part]
    if place == 0 and part is first:
        return [part]
    if place > 0 and (found[place].text != "(" or found[place - 1].kind != "space"):
        return [part]
    before = [replace(part, atoms=found[:place])] if place else []
    if found[place].text == "[":
        # It may be a factor as well: [P = 0] is 1 or 0.
        return [*before, _Part("unclear", found[place:])]
    inner = [_Part("for")]
    for atom, depth in with_depth(found[place + 1 : -1]):
        if depth == 0 and (atom.kind == "wide" or atom.text in (",", ";")):
            inner.append(_Part(inner[-1].keyword))
        elif depth == 0 and atom.kind == "text":
            role = role_of(atom.text)
            keyword = role if role in ("where", "if", "for") else "unclear"
            inner.append(_Part("for" if role == "remark" else keyword, []))
            if inner[-1].keyword == "unclear":
                inner[-1].atoms.append(atom)
        elif depth == 0 and atom.text == r"\forall":
            inner.append(_Part("for"))
        else:
            inner[-1].atoms.append(atom)
    return [*before, *inner]


def _trailing_bracket(found: Sequence[Atom]) -> int | None:
    """Return where the bracket begins that ends behind the last atom, or None."""
    if not found or found[-1].text not in (")", "]"):
        return None
    depth = 0
    for place in range(len(found) - 1, -1, -1):
        atom = found[place]
        depth += atom.kind == "close" or (atom.kind == "sign" and atom.text in CLOSING)
        depth -= atom.kind == "open" or (atom.kind == "sign" and atom.text in OPENING)
        if depth == 0:
            return place if atom.text in ("(", "[") else None
    return None


def _has_relation(found: Sequence[Atom]) -> bool:
    relations = ORDER | EQUALS | {"..."}
    return any(depth == 0 and atom.text in relations for atom, depth in with_depth(found))


def _with_listings(pieces: list[_Part]) -> list[_Segment]:
    r"""Join ``i = 0``, ``1``, ``\ldots`` and ``n`` to one listing."""
    parts = [
        replace(piece, atoms=trimmed) for piece in pieces if (trimmed := _trimmed(piece.atoms))
    ]
    result: list[_Segment] = []
    place = 0
    while place < len(parts):
        part = parts[place]
        dots = next(
            (i for i in range(place + 1, min(place + 4, len(parts))) if _is_dots(parts[i].atoms)),
            None,
        )
        if dots and any(len(_members(parts[i].atoms)) > 1 for i in range(place + 1, dots)):
            dots = None  # The list begins further on.
        if dots is not None and dots + 1 < len(parts) and len(_members(part.atoms)) == 2:
            comma = Atom("sign", ",", part.atoms[-1].end, part.atoms[-1].end)
            joined = (*part.atoms, comma, *parts[dots + 1].atoms)
            result.append(_Segment(part.keyword, joined, listing=True, lead=part.lead))
            place = dots + 2
        else:
            result.append(_Segment(part.keyword, tuple(part.atoms), lead=part.lead))
            place += 1
    return result


def _members(found: Sequence[Atom]) -> list[Member]:
    """Cut a segment at its equals signs, and a listing at its comma."""
    members: list[Member] = []
    current: list[Atom] = []
    start = found[0].start if found else 0
    relation: Relation = "equals"
    for atom, depth in with_depth(found):
        if depth == 0 and (atom.text in EQUALS or (atom.text == "," and atom.start == atom.end)):
            said = RELATIONS.get(atom.text, "equals")
            current = stripped(current)
            if current and current[-1].text == ":":
                _ = current.pop()
                said = "defines"
            members.append(Member(tuple(current), start, relation))
            current, start, relation = [], atom.start, said
        elif depth == 0 and atom.text == ":" and not current and relation == "equals":
            relation = "defined"
        elif current or atom.kind != "space":
            current.append(atom)
    members.append(Member(tuple(current), start, relation))
    return members


def _is_condition(segment: _Segment, before: list[_Draft], position: int) -> bool:
    """Tell whether a segment is a condition that follows an equation in its row."""
    if position == 0 or not before or len(before[-1].members) < 2:
        return False
    found = with_depth(_without_parentheses(segment.atoms))
    relations = [atom.text for atom, depth in found if depth == 0 and atom.text in ORDER]
    equals = any(atom.text in EQUALS for atom, depth in found if depth == 0)
    return bool(relations) and not equals


def _without_parentheses(found: Sequence[Atom]) -> Sequence[Atom]:
    return found[1:-1] if found and found[0].text == "(" and found[-1].text == ")" else found


def _trimmed(found: Sequence[Atom]) -> list[Atom]:
    """Drop spaces at both ends, and a full stop at the end."""
    rest = stripped(found)
    while rest and (rest[-1].text == "." or rest[-1].kind == "space"):
        _ = rest.pop()
    return rest


def _is_dots(found: Sequence[Atom]) -> bool:
    return len(found) == 1 and found[0].text == "..."
