r"""How wide a displayed formula is, near enough to decide where its lines break.

The widths are those of Computer Modern, in em. What is estimated is what the writer
writes: names, numbers, subscripts, fractions, sums, brackets, spaces and text. Units: em.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S")

_RELATION, _OPERATOR, _THIN = 0.56, 0.44, 0.17
"""The spaces that TeX puts around a relation and an operator, and behind a comma."""
_SCRIPT = 0.82
"""How wide subscripts are set, against what carries them: small type is cut wider."""

_LETTER_WIDTHS = {
    **dict.fromkeys("ijlt", 0.36),
    **dict.fromkeys("bcefghkopqrsuvxyz", 0.5),
    **dict.fromkeys("adn", 0.56),
    **dict.fromkeys("mw", 0.8),
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0.8),
    **dict.fromkeys("MW", 1.0),
    **dict.fromkeys("0123456789", 0.5),
    **dict.fromkeys("()[]", 0.39),
    "'": 0.3,
}
_COMMAND_WIDTHS = {
    r"\,": _THIN,
    r"\ ": 0.33,
    r"\quad": 1.0,
    r"\partial": 0.58,
    r"\delta": 0.45,
    r"\sum": 1.44,
    r"\bmod": 2.6,
    r"\min": 1.6,
    r"\max": 1.8,
    r"\lnot": 0.67,
    **dict.fromkeys([r"\left", r"\right", r"\mathbb", r"\mathit", r"\mathcal", r"\!"], 0.1),
    **dict.fromkeys([r"\lfloor", r"\rfloor", r"\lceil", r"\rceil"], 0.55),
}
_OPERATORS = {"+": 0.78, "-": 0.78, r"\cdot": 0.28, r"\land": 0.67, r"\lor": 0.67}
_RELATIONS = {
    **dict.fromkeys(["=", "<", ">", r"\le", r"\ge", r"\ne"], 0.78),
    **dict.fromkeys([r"\mid", r"\nmid"], 0.28),
}


def estimated_width(latex: str) -> float:
    """Estimate the width of a formula in display style, in em.

    Args:
        latex: a formula as the writer writes it, on one line.
    """
    return _sequence(iter(_TOKEN.findall(latex)), scripts=False)


def _sequence(tokens: Iterator[str], *, scripts: bool) -> float:
    """Add up widths to the end of a group; sub- and superscripts lie above one another."""
    total = 0.0
    base = sub = sup = 0.0
    large = False
    for part in tokens:
        if part == "}":
            break
        if part == "_":
            sub = _SCRIPT * _argument(tokens, scripts=True)
        elif part == "^":
            sup = _SCRIPT * _argument(tokens, scripts=True)
        else:
            total += _stacked(base, sub, sup, limits=large)
            sub = sup = 0.0
            large = part == r"\sum" and not scripts
            base = _part_width(part, tokens, scripts=scripts)
    return total + _stacked(base, sub, sup, limits=large)


def _stacked(base: float, sub: float, sup: float, *, limits: bool) -> float:
    return max(base, sub, sup) + 2 * _THIN if limits else base + max(sub, sup)


def _argument(tokens: Iterator[str], *, scripts: bool) -> float:
    """Take a group in braces, or a single token."""
    part = next(tokens, "}")
    if part == "{":
        return _sequence(tokens, scripts=scripts)
    return _part_width(part, tokens, scripts=scripts)


def _part_width(part: str, tokens: Iterator[str], *, scripts: bool) -> float:
    if part == "{":
        return _sequence(tokens, scripts=scripts)
    if part == r"\frac":
        above = _argument(tokens, scripts=scripts)
        return max(above, _argument(tokens, scripts=scripts)) + 0.24
    if part == ",":
        return 0.28 + (0.0 if scripts else _THIN)
    if part in _OPERATORS:
        return _OPERATORS[part] + (0.0 if scripts else _OPERATOR)
    if part in _RELATIONS:
        return _RELATIONS[part] + (0.0 if scripts else _RELATION)
    return _COMMAND_WIDTHS.get(part) or _LETTER_WIDTHS.get(part, 0.6)
