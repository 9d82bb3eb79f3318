r"""Formulas cut into claims: rows, what a comma or a word separates, members of chains.

``a &= b \\ &= c`` is one claim with three members; ``p_0 = Sk, \quad q_0 = Sl`` are two
claims; ``\text{for } 0 \le k < Hh`` is a clause of the claim before it. Everything is cut at
signs outside of brackets, so a member that cannot be read leaves the others alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from symconv.latex.reader_atoms import Atom
from symconv.latex.reader_items import Span
from symconv.latex.spellings import FOR, IF, WHERE

Keyword: TypeAlias = Literal["", "where", "if", "for"]

_OPENING: Final = frozenset(["(", "[", r"\{", r"\lfloor", r"\lceil"])
_CLOSING: Final = frozenset([")", "]", r"\}", r"\rfloor", r"\rceil"])
_CONTINUES: Final = frozenset(
    ["+", "-", r"\cdot", r"\times", r"\odot", "*", "/", r"\pm", r"\bmod", r"\land", r"\lor"]
)
_SEPARATORS: Final = frozenset(
    [
        *(",", ";", r"\Rightarrow", r"\Longrightarrow", r"\implies", r"\iff", r"\therefore"),
        *(r"\Leftrightarrow", r"\Longleftrightarrow", r"\because"),
    ]
)
_EQUALS: Final = frozenset(["=", r"\coloneqq", r"\triangleq"])
_KEYWORDS: Final[dict[str, Keyword]] = {
    WHERE: "where",
    "with": "where",
    IF: "if",
    "when": "if",
    "whenever": "if",
    "assuming": "if",
    FOR: "for",
    "forall": "for",
}


_HARMLESS: Final = frozenset(
    [
        *("", "and", "so", "hence", "then", "thus", "therefore", "finally", "now", "let", "we"),
        *("by", "since", "because", "as", "from", "using", "that", "i", "here", "define"),
    ]
)
"""First words of remarks that change nothing about the formula beside them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One side of an equality.

    Attributes:
        atoms: what stands there.
        start: where its equality begins: at the equals sign before it, or at its own start.
    """

    atoms: tuple[Atom, ...]
    start: int

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
    """

    keyword: Keyword
    members: tuple[Member, ...]
    listing: bool = False


@dataclass(slots=True)
class Claim:
    """Members of a chain with its clauses; one member where nothing is claimed.

    Attributes:
        members: the sides of its equalities.
        clauses: what follows them.
        kind: ``listing`` for ``i = 0, 1, ..., n``, which claims nothing; ``condition`` for an
            equation behind ``if`` with nothing before it that it could restrict.
    """

    members: list[Member]
    clauses: list[Clause] = field(default_factory=list)
    kind: Literal["claim", "listing", "condition"] = "claim"


def claims(found: Sequence[Atom]) -> list[Claim]:
    """Cut a formula into claims, in the order of the text."""
    result: list[Claim] = []
    for row in _rows(found):
        for position, segment in enumerate(_segments(row)):
            members = _members(segment.atoms)
            if not members:
                continue
            continues = not members[0].atoms
            if segment.listing or segment.keyword or _is_condition(segment, result, position):
                clause = Clause(segment.keyword or "for", tuple(members), segment.listing)
                if result and not continues:
                    result[-1].clauses.append(clause)
                elif not continues:
                    kind = "condition" if segment.keyword in ("if", "for") else "claim"
                    result.append(Claim(members, kind="listing" if segment.listing else kind))
            elif continues and result and len(members) > 1:
                result[-1].members.extend(members[1:])
            else:
                result.append(Claim(members))
    return result


def span_of(found: Sequence[Atom], otherwise: int = 0) -> Span:
    """Return where atoms stand; an empty place where there are none."""
    return (found[0].start, found[-1].end) if found else (otherwise, otherwise)


@dataclass(frozen=True, slots=True)
class _Segment:
    keyword: Keyword
    atoms: tuple[Atom, ...]
    listing: bool = False


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
        stripped = _stripped(row)
        if not stripped:
            continue
        if current and _continues(current, stripped):
            current.extend(stripped)
        else:
            if current:
                yield current
            current = stripped
    if current:
        yield current


def _continues(before: list[Atom], row: list[Atom]) -> bool:
    if before[-1].text == "," and row[0].text not in _EQUALS and _has_keyword(before):
        return True  # A list behind "where" or "for" goes on.
    if any(atom.text in _EQUALS for atom, depth in _with_depth(row) if depth == 0):
        return before[-1].text in _EQUALS and row[0].text not in _EQUALS
    if row[0].kind == "text":
        return False
    last = before[-1].text
    depths = [depth for _, depth in _with_depth(before)]
    return row[0].text in _CONTINUES or last in _CONTINUES | _EQUALS or depths[-1] > 0


def _has_keyword(row: Sequence[Atom]) -> bool:
    return any(atom.kind == "text" and _keyword(atom.text) for atom in row)


def _keyword(text: str) -> Keyword:
    return _KEYWORDS.get(_first_word(text), "")


def _is_harmless(text: str) -> bool:
    """Tell whether words beside a formula only explain it."""
    return _first_word(text) in _HARMLESS or text.startswith("(")


def _first_word(text: str) -> str:
    return (re.findall(r"[a-z]+", text.lower()) or [""])[0]


def _segments(row: Sequence[Atom]) -> list[_Segment]:
    """Cut a row at commas, wide spaces, arrows and words."""
    parts: list[tuple[Keyword, list[Atom]]] = [("", [])]
    for atom, depth in _with_depth(row):
        if depth == 0 and (atom.kind == "wide" or atom.text in _SEPARATORS):
            parts.append((parts[-1][0], []))
        elif depth == 0 and atom.kind == "text":
            if _keyword(atom.text):
                parts.append((_keyword(atom.text), []))
            elif _is_harmless(atom.text):
                parts.append((parts[-1][0], []))
            else:
                # It may change what the formula says, and stops the reader.
                parts[-1][1].append(atom)
        elif depth == 0 and atom.text == r"\forall":
            parts.append(("for", []))
        else:
            parts[-1][1].append(atom)
    trimmed: list[tuple[Keyword, list[Atom]]] = [(word, _trimmed(part)) for word, part in parts]
    return _with_listings([(keyword, part) for keyword, part in trimmed if part])


def _with_listings(parts: list[tuple[Keyword, list[Atom]]]) -> list[_Segment]:
    r"""Join ``i = 0``, ``1``, ``\ldots`` and ``n`` to one listing."""
    result: list[_Segment] = []
    place = 0
    while place < len(parts):
        keyword, part = parts[place]
        dots = next(
            (i for i in range(place + 1, min(place + 4, len(parts))) if _is_dots(parts[i][1])),
            None,
        )
        if dots and any(len(_members(parts[i][1])) > 1 for i in range(place + 1, dots)):
            dots = None  # The list begins further on.
        if dots is not None and dots + 1 < len(parts) and len(_members(part)) == 2:
            comma = Atom("sign", ",", part[-1].end, part[-1].end)
            joined = (*part, comma, *parts[dots + 1][1])
            result.append(_Segment(keyword, tuple(joined), listing=True))
            place = dots + 2
        else:
            result.append(_Segment(keyword, tuple(part)))
            place += 1
    return result


def _members(found: Sequence[Atom]) -> list[Member]:
    """Cut a segment at its equals signs, and a listing at its comma."""
    members: list[Member] = []
    current: list[Atom] = []
    start = found[0].start if found else 0
    for atom, depth in _with_depth(found):
        if depth == 0 and (atom.text in _EQUALS or (atom.text == "," and atom.start == atom.end)):
            if current and current[-1].text == ":":
                _ = current.pop()
            members.append(Member(tuple(current), start))
            current, start = [], atom.start
        else:
            current.append(atom)
    members.append(Member(tuple(current), start))
    return members


def _is_condition(segment: _Segment, before: list[Claim], position: int) -> bool:
    """Tell whether a segment is a condition that follows an equation in its row."""
    if position == 0 or not before or len(before[-1].members) < 2:
        return False
    found = _with_depth(_without_parentheses(segment.atoms))
    relations = [atom.text for atom, depth in found if depth == 0 and atom.text in _ORDER]
    equals = any(atom.text in _EQUALS for atom, depth in found if depth == 0)
    return bool(relations) and not equals


_ORDER: Final = frozenset([r"\le", r"\leq", "<", r"\lt", r"\ge", r"\geq", ">", r"\gt", r"\in"])


def _without_parentheses(found: Sequence[Atom]) -> Sequence[Atom]:
    return found[1:-1] if found and found[0].text == "(" and found[-1].text == ")" else found


def _with_depth(found: Sequence[Atom]) -> list[tuple[Atom, int]]:
    """Return atoms with the number of brackets around them; brackets count as inside."""
    result: list[tuple[Atom, int]] = []
    depth = 0
    for atom in found:
        opens = atom.kind == "open" or (atom.kind == "sign" and atom.text in _OPENING)
        closes = atom.kind == "close" or (atom.kind == "sign" and atom.text in _CLOSING)
        depth += 1 if opens else 0
        result.append((atom, depth))
        depth = max(0, depth - 1) if closes else depth
    return result


def _stripped(found: Sequence[Atom]) -> list[Atom]:
    """Drop spaces at both ends."""
    first, last = 0, len(found)
    while first < last and found[first].kind in ("space", "wide"):
        first += 1
    while last > first and found[last - 1].kind in ("space", "wide"):
        last -= 1
    return list(found[first:last])


def _trimmed(found: Sequence[Atom]) -> list[Atom]:
    """Drop spaces at both ends, and a full stop at the end."""
    rest = _stripped(found)
    while rest and (rest[-1].text == "." or rest[-1].kind == "space"):
        _ = rest.pop()
    return rest


def _is_dots(found: Sequence[Atom]) -> bool:
    return len(found) == 1 and found[0].text == "..."
