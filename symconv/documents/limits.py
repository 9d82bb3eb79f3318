r"""How much of a document is read: so much that reading it ends within a minute.

What is counted stands in the text itself: parts, rows of formulas, characters. Behind the
place where a limit is reached nothing is read, for any of it might define a name or restrict
a formula; it is named as one thing that is too large.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from symconv.documents.contents import Formula, Heading, Item, Trouble, Words

MOST_FORMULAS: Final = 10_000
"""How many rows of formulas and other parts of one document are read."""
MOST_CHARACTERS: Final = 500_000
"""How many characters the formulas that are read may have altogether."""
LONGEST_ROW: Final = 100_000
"""How many characters one row of a formula may have."""
TOO_LARGE: Final = "too-large"

_ROW = re.compile(r"\\\\")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")
_OF_ROWS = re.compile(
    r"(?:align(?:ed|at|edat)?|flalign|eqnarray|gather(?:ed)?|split|multline|equation|dmath)\*?"
)
_WHOLE = re.compile(r"[A-Za-z0-9}\])][\s&]*\\\\\Z")
_LEFT_SIDE = re.compile(r"[\s&]*(?:[A-Za-z]|\\frac)[^=]*=")
_INNERMOST = re.compile(r"\{[^{}]*\}")
_AROUND = 2_000
"""How far around the end of a row is looked at."""
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)


def within_limits(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the parts of a document that are read, and a trouble for the others."""
    left, characters = MOST_FORMULAS, MOST_CHARACTERS
    for number, item in enumerate(items):
        if isinstance(item, Words):
            continue
        if left <= 0:
            return (*items[:number], rest_of(items[number:]))
        left -= 1
        if not isinstance(item, Formula):
            continue
        text = item.source.text
        ends = [found.end() for found in _ROW.finditer(text)]
        if max(map(int.__sub__, [*ends, len(text)], [0, *ends])) > LONGEST_ROW:
            return (*items[:number], rest_of(items[number:]))
        # The first row is counted already.
        most = min(left, sum(end <= characters for end in [*ends, len(text)]) - 1)
        if most < len(ends):
            end = next((end for end in ends[most::-1] if _begins_anew(text, end)), 0)
            first = _first_rows(item, end) if most >= 0 and end else None
            read = (*items[:number], *([] if first is None else [first]))
            return (*read, rest_of(items[number:], 0 if first is None else end))
        left -= len(ends)
        characters -= len(text)
    return tuple(items)


def rest_of(items: Sequence[Item], start: int = 0) -> Trouble:
    """Name what is not read: parts of a document, the first of them from an offset on."""
    first = items[0]
    count = sum(len(_ROW.findall(i.source.text)) + 1 for i in items if isinstance(i, Formula))
    place = first.start
    if start and isinstance(first, Formula):
        count -= len(_ROW.findall(first.source.text[:start]))
        behind = first.source.text[start:]
        place = first.source.offset(start + len(behind) - len(behind.lstrip()))
    others = sum(not isinstance(item, Formula | Words | Heading) for item in items)
    told = [_counted(count, "row", " of formulas"), _counted(others, "other part")]
    return Trouble(
        place,
        TOO_LARGE,
        f"from here on nothing is read: {' and '.join(filter(None, told))}",
        f"split the document: up to {MOST_FORMULAS:,} rows of formulas with {MOST_CHARACTERS:,} "
        f"characters altogether are read, and rows of up to {LONGEST_ROW:,}",
    )


def _counted(count: int, noun: str, what: str = "") -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}{what}" if count else ""


def _begins_anew(text: str, end: int) -> bool:
    """Tell whether a row ends here for which the next one, an equation of its own, says nothing."""
    if not _WHOLE.search(text, max(0, end - _AROUND), end):
        return False
    row = _ROW.split(text[end : end + _AROUND], 1)[0]
    while (without := _INNERMOST.sub("", row)) != row:
        row = without
    return _LEFT_SIDE.match(row) is not None


def _first_rows(formula: Formula, end: int) -> Formula | None:
    """Return the rows of a formula up to an end, or None where it cannot be parted there."""
    source = formula.source
    text = source.text[:end]
    open_environments: list[str] = []
    for word, name in _ENVIRONMENT.findall(text):
        if word == "begin":
            open_environments.append(name)
        elif not open_environments or open_environments.pop() != name:
            return None
    signs = _BRACES.findall(text)
    if signs.count("{") != signs.count("}"):
        return None
    if not all(_OF_ROWS.fullmatch(name) for name in open_environments):
        return None
    closing = "".join(f"\\end{{{name}}}" for name in reversed(open_environments))
    part = source.part(0, end)
    return replace(formula, source=replace(part, text=part.text[: -len(r"\\")] + closing))
