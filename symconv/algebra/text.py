"""Plain text, as messages, reports and doctests show it: what the nodes write themselves with.

The text follows the author's order and uses Python's operators, with sums written
`sum[p=0..HH-1](...)`. It is for reading; `latex/` writes what documents need.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import log10

SUM, PRODUCT, ATOM = 1, 2, 3
"""Binding strengths: what stands inside something stronger is put in parentheses."""
LONGEST_NUMBER = 3_000
"""Limit: a number of more bits than this, about 900 digits, is not written out."""


class PlainText:
    """What writes itself as plain text, and how strongly that text holds together."""

    __slots__ = ()
    strength = ATOM

    def inside(self, needed: int) -> str:
        """Write it where the strength is needed, in parentheses if it is weaker."""
        text = str(self)
        # A minus sign in front binds as a sum does, whatever stands behind it.
        strength = SUM if text.startswith("-") else self.strength
        return text if strength >= needed else f"({text})"


def sum_text(terms: Iterable[object]) -> str:
    """Write terms behind each other with their signs; ``0`` when there are none."""
    texts = map(str, terms)
    joined = "".join(text if text.startswith("-") else f"+{text}" for text in texts)
    return joined.removeprefix("+") or "0"


def product_text(factors: Iterable[PlainText]) -> str:
    """Write factors behind each other; ``1`` when there are none."""
    return "*".join(factor.inside(PRODUCT) for factor in factors) or "1"


def quotient_text(dividend: PlainText, divisor: PlainText) -> str:
    """Write a division: ``(i+P)/S``."""
    return f"{dividend.inside(PRODUCT)}/{divisor.inside(ATOM)}"


def number_text(value: int | Fraction) -> str:
    """Write a number; of one with thousands of digits, how many it has."""
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{number_text(value.numerator)}/{number_text(value.denominator)}"
    whole = int(value)
    # Python refuses to write more than 4,300 digits.
    if abs(whole).bit_length() <= LONGEST_NUMBER:
        return str(whole)
    digits = int(abs(whole).bit_length() * log10(2)) + 1
    return f"{'-' if whole < 0 else ''}(a number of about {digits:,} digits)"


def entry_text(array: str, indices: tuple[object, ...]) -> str:
    """Write one entry: ``x[0,1,2]``; a scalar is its bare name."""
    return f"{array}[{','.join(str(part) for part in indices)}]" if indices else array
