r"""The signs that cut a row: relations, separators, columns side by side, commas in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from symconv.latex.reading.atoms import ASKED, DEFINES, NUMBER_COMMA, Atom

OPENING: Final = frozenset(["(", "[", r"\{", r"\lfloor", r"\lceil"])
CLOSING: Final = frozenset([")", "]", r"\}", r"\rfloor", r"\rceil"])
CONTINUES: Final = frozenset(
    ["+", "-", r"\cdot", r"\times", r"\odot", "*", "/", r"\pm", r"\bmod", r"\land", r"\lor"]
)
ARROWS: Final = frozenset([r"\Rightarrow", r"\Longrightarrow", r"\implies", r"\therefore"])
EQUIVALENCES: Final = frozenset([r"\iff", r"\Leftrightarrow", r"\Longleftrightarrow"])
SEPARATORS: Final = frozenset([",", ";", ":", *ARROWS, *EQUIVALENCES])
EQUALS: Final = frozenset(["=", DEFINES, r"\eqqcolon", r"\equiv", ASKED, r"\leftarrow"])

Relation: TypeAlias = Literal["equals", "defines", "defined", "equivalent", "asked", "assigned"]
"""What a sign between two members says: that they are equal, that the left or the right one is
defined, that they are equal or congruent, that somebody wants them to be, or a step of code."""
RELATIONS: Final[dict[str, Relation]] = {
    DEFINES: "defines",
    r"\eqqcolon": "defined",
    r"\equiv": "equivalent",
    ASKED: "asked",
    r"\leftarrow": "assigned",
}


ORDER: Final = frozenset(
    [
        *(r"\le", r"\leq", "<", r"\lt", r"\ge", r"\geq", ">", r"\gt", r"\in", r"\ne", r"\neq"),
        *(r"\mid", r"\nmid", r"\leqslant", r"\geqslant"),
    ]
)


def with_depth(found: Sequence[Atom]) -> list[tuple[Atom, int]]:
    """Return atoms with the number of brackets around them; brackets count as inside."""
    result: list[tuple[Atom, int]] = []
    depth = 0
    for atom in found:
        opens = atom.kind == "open" or (atom.kind == "sign" and atom.text in OPENING)
        closes = atom.kind == "close" or (atom.kind == "sign" and atom.text in CLOSING)
        depth += 1 if opens else 0
        result.append((atom, depth))
        depth = max(0, depth - 1) if closes else depth
    return result


def stripped(found: Sequence[Atom]) -> list[Atom]:
    """Drop spaces at both ends."""
    first, last = 0, len(found)
    while first < last and found[first].kind in ("space", "wide"):
        first += 1
    while last > first and found[last - 1].kind in ("space", "wide"):
        last -= 1
    return list(found[first:last])


def in_columns(row: list[Atom]) -> list[Atom]:
    """Turn what parts two equations side by side into a wide space, and drop other alignment.

    A sign of alignment parts them behind a complete right side: a &= b & c &= d. So does a gap
    of several spaces.
    """
    found: list[Atom] = []
    equals = False
    before: Atom | None = None
    following: list[Atom | None] = [None]
    for atom in reversed(row):
        plain = atom.kind not in ("space", "align")
        following.append(atom if plain else following[-1])
    for place, (atom, depth) in enumerate(with_depth(row)):
        if depth == 0 and atom.text in EQUALS:
            equals = True
        elif atom.kind == "align":
            behind = following[len(row) - place - 1]
            if depth or not equals or before is None or behind is None:
                continue
            if not {before.text, behind.text} & (CONTINUES | EQUALS | ORDER):
                before = replace(atom, kind="wide")
                found.append(before)
                equals = False
            continue
        elif depth == 0 and atom.kind == "space" and _is_gap(row[max(0, place - 2) : place + 1]):
            atom = replace(atom, kind="wide")
        found.append(atom)
        before = before if atom.kind == "space" else atom
    return found


def _is_gap(found: Sequence[Atom]) -> bool:
    """Tell whether a space ends a gap as wide as a quad: three of them, or two whole ones."""
    spaces = [atom.text for atom in found if atom.kind == "space" and atom.text != r"\!"]
    whole = [text for text in spaces[-2:] if text in ("~", "\\ ")]
    return len(spaces) == 3 or (found[-1].text in whole and len(whole) == 2)


def with_numbers(row: Sequence[Atom]) -> list[Atom]:
    """Let commas inside of numbers be part of them: 60,000 and 0,5 cdot 4, but not k = 0,1,2."""
    found = list(row)
    place = 0
    depths = [depth for _, depth in with_depth(found)]
    while place < len(found):
        end = _end_of_digits(found, depths, place)
        commas = [at for at in range(place, end) if found[at].text == ","]
        if commas and _is_number(found, place, end, commas):
            for at in commas:
                found[at] = replace(found[at], text=NUMBER_COMMA)
        place = max(end, place + 1)
    return found


def _end_of_digits(found: Sequence[Atom], depths: Sequence[int], place: int) -> int:
    """Return where the digits end that begin at a place, with the commas right between them."""
    end = place
    while end < len(found) and depths[end] == 0 and _is_digit(found[end]):
        end += 1
        tight = end + 1 < len(found) and found[end].text == "," and _is_digit(found[end + 1])
        if tight and found[end - 1].end == found[end].start and end > place:
            end += found[end].end == found[end + 1].start
    return end


def _is_digit(atom: Atom) -> bool:
    return atom.kind == "sign" and atom.text.isascii() and atom.text.isdecimal()


def _is_number(found: Sequence[Atom], first: int, end: int, commas: Sequence[int]) -> bool:
    groups = [b - a - 1 for a, b in zip([first - 1, *commas], [*commas, end], strict=True)]
    before = next((a for a in reversed(found[:first]) if a.kind != "space"), None)
    behind = next((a for a in found[end:] if a.kind != "space"), None)
    listed = {",", ";", "..."}
    if {a.text for a in (before, behind) if a is not None} & listed:
        return False
    if groups[0] <= 3 and set(groups[1:]) == {3} and found[first].text != "0":
        return True
    if len(groups) != 2:
        return False
    if behind is not None and behind.kind in ("sign", "open") and behind.text != ".":
        return True
    if before is None or before.text not in EQUALS:
        return before is not None and before.text in CONTINUES
    # k = 0,1 is a list of two values; 1/2 = 0,5 is none.
    equals = next(at for at in range(first - 1, -1, -1) if found[at] is before)
    begin = max((at + 1 for at in range(equals) if found[at].text in SEPARATORS), default=0)
    head = [atom for atom, depth in with_depth(found[begin:equals]) if depth == 0]
    return sum(atom.kind == "sign" for atom in head) > 1
