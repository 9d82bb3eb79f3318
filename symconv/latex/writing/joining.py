"""Putting LaTeX together: signs, spaces and parentheses where they are needed, nowhere else.

Every part carries what its surroundings have to know: how tightly it holds together,
whether a sum sign in it would reach over what follows, which names stand at its ends, and
where a line may break in it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symconv.algebra.expressions import Add, Mul
from symconv.latex.spellings import BINDINGS, PLACES, PRODUCT_SIGN, Binding, Place


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece before which a line may break.

    Attributes:
        text: the LaTeX.
        joint: what stands before it within a line.
        sign: what stands before it at the beginning of a line.
    """

    text: str
    joint: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """LaTeX with what its surroundings have to know about it.

    Attributes:
        text: the LaTeX.
        binding: how tightly it holds together.
        open: whether a sum sign in it reaches to its end, and so would over what follows.
        spaced: whether it wants thin spaces between itself and its neighbours.
        first_name: the letters of a name that it begins with, or an empty text.
        last_name: the letters of a name that it ends with, or an empty text.
        terms: where lines may break: the terms, each as its factors; empty where they
            may not.
    """

    text: str
    binding: Binding
    open: bool = False
    spaced: bool = False
    first_name: str = ""
    last_name: str = ""
    terms: tuple[tuple[Piece, ...], ...] = ()

    def pieces(self) -> tuple[tuple[Piece, ...], ...]:
        """Return the terms, each as its factors; one piece where lines may not break."""
        return self.terms or ((Piece(self.text),),)


def named(text: str) -> Written:
    """Mark LaTeX as a name, with its indices or without."""
    first = re.match(r"[A-Za-z]+", text)
    last = re.fullmatch(r"[A-Za-z]+", text)
    return Written(
        text,
        Binding.ATOM,
        first_name=first[0] if first else "",
        last_name=last[0] if last else "",
    )


def add(parts: Sequence[Written], *, tight: bool) -> Written:
    """Join terms; a term that begins with a minus sign needs no plus sign."""
    if not parts:
        return Written("0", Binding.ATOM)
    if len(parts) == 1:
        return parts[0]
    first, *others = (placed(part, "term") for part in parts)
    signed = [first, *(_signed(part, "" if tight else " ") for part in others)]
    return Written(
        "".join(part.text for part in signed),
        BINDINGS[Add],
        terms=tuple(term for part in signed for term in part.pieces()),
    )


def negated(part: Written) -> Written:
    """Put a minus sign before a term."""
    return preceded("-", placed(part, "negated"), Binding.SUM)


def preceded(text: str, part: Written, binding: Binding, *, open: bool = False) -> Written:
    """Put a minus sign, or sum signs, before a product."""
    first, *rest = part.pieces()[0]
    terms = ((replace(first, text=f"{text}{first.text}"), *rest),)
    return Written(f"{text}{part.text}", binding, open=open, terms=terms)


def multiply(parts: Sequence[Written], long_names: Sequence[str], *, tight: bool) -> Written:
    """Join factors side by side, with signs and spaces only where they would be misread.

    Args:
        parts: the factors.
        long_names: names of several letters that single letters must not spell.
        tight: whether no space stands between factors, as inside subscripts.
    """
    if not parts:
        return Written("1", Binding.ATOM)
    if len(parts) == 1:
        return parts[0]
    *before, last = parts
    factors = [
        *(parenthesised(part) if part.open else placed(part, "factor") for part in before),
        placed(last, "factor"),
    ]
    text = factors[0].text
    pieces = list(factors[0].pieces()[0])
    for left, right in itertools.pairwise(factors):
        joint = _joint(left, right, long_names, tight=tight)
        text += joint + right.text
        head, *tail = right.pieces()[0]
        pieces += [replace(head, joint=joint, sign=f"{PRODUCT_SIGN[0]} "), *tail]
    return Written(
        text,
        BINDINGS[Mul],
        open=factors[-1].open,
        spaced=factors[-1].spaced,
        first_name=factors[0].first_name,
        last_name=factors[-1].last_name,
        terms=(tuple(pieces),),
    )


def placed(part: Written, place: Place) -> Written:
    """Put parentheses around what holds together too loosely for its place."""
    return part if part.binding >= PLACES[place] else parenthesised(part)


def parenthesised(part: Written) -> Written:
    """Put parentheses around a part."""
    return Written(bracketed(part.text), Binding.ATOM)


def bracketed(text: str) -> str:
    """Put parentheses around LaTeX, as tall as what they hold."""
    if re.search(r"\\(frac|sum|left)(?![A-Za-z])", text):
        return f"\\left( {text} \\right)"
    return f"({text})"


def fenced(fences: tuple[str, str], text: str) -> Written:
    """Put the signs of a floor or a ceiling around LaTeX."""
    return Written(f"\\left{fences[0]} {text} \\right{fences[1]}", Binding.ATOM)


def _signed(part: Written, gap: str) -> Written:
    """Put a plus or minus sign before what follows another term."""
    sign, start = ("-", 1) if part.text.startswith("-") else ("+", 0)
    (head, *factors), *others = part.pieces()
    head = Piece(head.text[start:], joint=f"{gap}{sign}{gap}", sign=f"{sign} ")
    text = f"{gap}{sign}{gap}{part.text[start:]}"
    return replace(part, text=text, terms=((head, *factors), *others))


def _joint(left: Written, right: Written, long_names: Sequence[str], *, tight: bool) -> str:
    """Return what stands between two factors."""
    # 2 before a fraction of numbers would read as a mixed number.
    mixed = left.text[-1].isdigit() and re.match(r"\\frac\{(?!\\partial|d)", right.text)
    if right.text[0].isdigit() or mixed:
        return f" {PRODUCT_SIGN[0]} "
    if left.last_name and right.first_name:
        pair = left.last_name + right.first_name
        if len(pair) > 2 or any(name.startswith(pair) for name in long_names):
            return "\\,"
    if re.search(r"\\[A-Za-z]+$", left.text) and right.text[0].isalpha():
        return " "
    if tight:
        return ""
    return " \\, " if left.spaced or right.spaced else " "
