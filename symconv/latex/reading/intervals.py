r"""Intervals of integers: ``k \in [0, M)`` runs over 0 to M - 1, as ``\{0, \ldots, M-1\}`` does.

An end in a square bracket belongs to the interval, one in a round bracket does not; so does not
the upper end of ``[0, M[``. ``p, q \in X`` and ``0 \le p, q < K`` say the same of each index.
Atoms are replaced by those that are read everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from symconv.latex.reading.atoms import Atom, atoms

LONGEST_INTERVAL = 200
"""How many atoms behind an opening bracket are searched for the closing one."""
_RELATIONS = frozenset(["<", ">", r"\le", r"\leq", r"\lt", r"\ge", r"\geq", r"\leqslant", r"\in"])
_OPENING = frozenset(["(", "[", r"\{"])
_CLOSING = frozenset([")", "]", r"\}"])


def atoms_with_sets(text: str) -> list[Atom]:
    """Split LaTeX into atoms, with intervals of integers as sets."""
    found = _one_by_one(atoms(text))
    if not any(atom.text == r"\in" for atom in found):
        return found
    result: list[Atom] = []
    place = 0
    while place < len(found):
        interval = _interval(found, place) if found[place].text == r"\in" else None
        if interval is None:
            result.append(found[place])
            place += 1
        else:
            first, comma, last = interval
            result += [*found[place:first], *_set(found[first : last + 1], comma - first)]
            place = last + 1
    return result


def _interval(found: Sequence[Atom], place: int) -> tuple[int, int, int] | None:
    r"""Return where the brackets and the comma of an interval behind ``\in`` stand, or None."""
    first = place + 1
    while first < len(found) and found[first].kind == "space":
        first += 1
    if first == len(found) or found[first].text not in ("[", "("):
        return None
    depth = 0
    commas: list[int] = []
    for number in range(first + 1, min(len(found), first + LONGEST_INTERVAL)):
        atom = found[number]
        french = atom.text == "[" and depth == 0 and len(commas) == 1 and commas[0] < number - 1
        if french or (atom.text in _CLOSING and depth == 0):
            ends = atom.text in ("]", ")", "[") and len(commas) == 1
            return (first, commas[0], number) if ends else None
        if atom.text in _OPENING or atom.kind == "open":
            depth += 1
        elif atom.text in _CLOSING or atom.kind == "close":
            depth -= 1
        elif atom.text == "," and depth == 0:
            commas.append(number)
        if depth < 0 or atom.kind in ("row", "align", "bad"):
            return None
    return None


def _one_by_one(found: list[Atom]) -> list[Atom]:
    r"""Say of each index what ``p, q \in X`` and ``a \le p, q < b`` say of several."""
    result: list[Atom] = []
    done = 0
    for place, atom in enumerate(found):
        if place < done or atom.text not in _RELATIONS:
            continue
        first = _names_before(found, place)
        if first is None:
            continue
        names = found[first:place:2]
        start = first
        if first > done and found[first - 1].text in _RELATIONS:
            start = first - 1
            while start > done and not _parts(found[start - 1]):
                start -= 1
        elif atom.text != r"\in":
            continue
        end = _end_of_member(found, place + 1)
        if end is None:
            continue
        result += found[done:start]
        for number, name in enumerate(names):
            result += _signs(",", name) if number else []
            result += [*found[start:first], name, *found[place:end]]
        done = end
    return [*result, *found[done:]]


def _names_before(found: Sequence[Atom], place: int) -> int | None:
    """Return where the list of at least two letters begins that ends before a relation."""
    first = place - 1
    if first < 2 or not _is_letter(found[first]):
        return None
    while first >= 2 and found[first - 1].text == "," and _is_letter(found[first - 2]):
        first -= 2
    before = found[first - 1] if first else None
    if before is not None and not _parts(before) and before.text not in _RELATIONS:
        # The letter behind the comma stands alone, the one before it in something else.
        first += 2
    return first if first < place - 1 else None


def _end_of_member(found: Sequence[Atom], place: int) -> int | None:
    """Return where a condition ends, or None where it stands in brackets with something else."""
    depth = 0
    for number in range(place, len(found)):
        atom = found[number]
        if number - place > LONGEST_INTERVAL or depth < 0:
            return None
        if depth == 0 and (_parts(atom) or atom.kind == "close"):
            return number
        if atom.text in _OPENING or atom.kind == "open":
            depth += 1
        elif atom.text in _CLOSING or atom.kind == "close":
            depth -= 1
    return None if depth < 0 else len(found)


def _is_letter(atom: Atom) -> bool:
    return atom.kind == "sign" and len(atom.text) == 1 and atom.text.isalpha()


def _parts(atom: Atom) -> bool:
    kinds = ("wide", "row", "align", "text", "case", "open")
    return atom.text in (",", ";", ".") or atom.kind in kinds


def _set(interval: Sequence[Atom], comma: int) -> list[Atom]:
    opening, closing, between = interval[0], interval[-1], interval[comma]
    lower, upper = list(interval[1:comma]), list(interval[comma + 1 : -1])
    if opening.text == "(":
        lower += _signs("+1", between)
    if closing.text in (")", "["):
        upper += _signs("-1", closing)
    return [
        *_signs([r"\{"], opening),
        *lower,
        *_signs([",", "...", ","], between),
        *upper,
        *_signs([r"\}"], closing),
    ]


def _signs(texts: Sequence[str], atom: Atom) -> list[Atom]:
    return [Atom("sign", text, atom.start, atom.end) for text in texts]
