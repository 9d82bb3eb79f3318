r"""How things are spelled in LaTeX: one set of tables for writing and for reading.

Where several spellings mean the same, the first one is written and all of them are read.

Names follow one grammar, so that two names never get the same spelling, but for ``Dh``, which
looks like ``D_h``:

- letters stay as they are (``HH``); letters with digits in them, and names that begin with
  ``d``, are set in ``\mathit``, because ``p0`` would read as a product and ``d`` as a
  differential; names of Greek letters become the letters;
- a capital with a small letter behind it is a size along an axis or of a group, and has the rest
  as a subscript (``Dh`` is ``D_{h}``, ``Pw0`` is ``P_{w0}``); output sizes stay (``Hh``);
- primes follow (``n'``);
- ``Delta_p``, with one letter behind it, is ``\Delta p``;
- what stands behind an underscore is a subscript of a size or an index (``p_0`` is
  ``p_{0}``), and a superscript of an array (``x_pad`` is ``x^{pad}``), whose subscripts are
  its indices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Literal, TypeAlias

from symconv.algebra.expressions import Add, Delta, Derivative, Entry, Iverson, Mul, Sum
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Constant,
    Divides,
    FloorDivision,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Relation,
    Remainder,
    Symbol,
    Times,
)
from symconv.errors import NotSupported

DerivativeStyle: TypeAlias = Literal["partial", "d"]
Spellings: TypeAlias = tuple[str, ...]

DIFFERENTIAL: Final[Mapping[DerivativeStyle, str]] = {"partial": r"\partial", "d": "d"}
"""What stands before a name in a fraction to make it a derivative."""
LOSS: Final[Mapping[DerivativeStyle, str]] = {"partial": "L", "d": r"\mathcal{L}"}
"""The scalar array named L, in either style."""

RELATIONS: Final[Mapping[Relation, Spellings]] = {
    "==": ("=",),
    "!=": (r"\ne", r"\neq"),
    "<=": (r"\le", r"\leq"),
    "<": ("<", r"\lt"),
    ">=": (r"\ge", r"\geq"),
    ">": (">", r"\gt"),
}
DIVIDES: Final[Spellings] = (r"\mid",)
DOES_NOT_DIVIDE: Final[Spellings] = (r"\nmid",)
AND: Final[Spellings] = (r"\land", r"\wedge")
OR: Final[Spellings] = (r"\lor", r"\vee")
NOT: Final[Spellings] = (r"\lnot", r"\neg")
TRUE: Final[Spellings] = (r"\top",)
FALSE: Final[Spellings] = (r"\bot",)

SUM_SIGN: Final[Spellings] = (r"\sum",)
KRONECKER_DELTA: Final[Spellings] = (r"\delta",)
INDICATOR: Final[Spellings] = (r"\mathbb{1}", r"\mathbf{1}")
REMAINDER: Final[Spellings] = (r"\bmod",)
MINIMUM: Final[Spellings] = (r"\min",)
MAXIMUM: Final[Spellings] = (r"\max",)
PRODUCT_SIGN: Final[Spellings] = (r"\cdot", r"\times")
FLOOR: Final = (r"\lfloor", r"\rfloor")
CEILING: Final = (r"\lceil", r"\rceil")

WHERE: Final = "where"
"""Begins the abbreviations of a statement, such as p_0 = Sk."""
IF: Final = "if"
"""Begins the assumptions of a statement on sizes."""
FOR: Final = "for"
"""Begins the ranges of a statement's free indices."""

UNDER: Final = frozenset(["if", "for", "when", "whenever", "where"])
"""Words between a case and its condition; the sign of alignment alone does as well."""
OTHERWISE: Final = frozenset(["otherwise", "else", "elsewhere"])
"""Words for every case that is not named."""
DIFFERENCE: Final = r"\Delta"
"""Stands before the letter of a name such as Delta_p, without braces or a subscript."""
DIFFERENCE_NAME: Final = "Delta"
"""What begins the canonical name of such a difference."""

LONG_NAMES: Final[Spellings] = ("HH", "WW", "Hh", "Hw")
"""Names of several letters that readers know without being told."""

GREEK_NAMES: Final = frozenset(
    [
        *("alpha", "beta", "gamma", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi"),
        *("psi", "omega", "Gamma", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon"),
        *("Phi", "Psi", "Omega"),
    ]
)
"""Letters that names may spell out; no delta, which is Kronecker's, and no Delta, which
begins differences."""


class Binding(IntEnum):
    """How tightly something holds together; in a tighter place it needs parentheses."""

    REMAINDER = 0
    SUM = 1
    PRODUCT = 2
    ATOM = 3


class Connective(IntEnum):
    """How tightly a condition holds together."""

    OR = 0
    AND = 1
    COMPARISON = 2


BINDINGS: Final[Mapping[type, Binding]] = {
    Remainder: Binding.REMAINDER,
    Plus: Binding.SUM,
    Add: Binding.SUM,
    Times: Binding.PRODUCT,
    Mul: Binding.PRODUCT,
    Sum: Binding.PRODUCT,
    Constant: Binding.ATOM,
    Symbol: Binding.ATOM,
    Quotient: Binding.ATOM,
    FloorDivision: Binding.ATOM,
    CeilingDivision: Binding.ATOM,
    Minimum: Binding.ATOM,
    Maximum: Binding.ATOM,
    Entry: Binding.ATOM,
    Delta: Binding.ATOM,
    Iverson: Binding.ATOM,
    Derivative: Binding.ATOM,
}
"""How tightly each node holds together; a leading minus sign makes it `Binding.SUM`."""

CONNECTIVES: Final[Mapping[type, Connective]] = {
    Or: Connective.OR,
    And: Connective.AND,
    Not: Connective.COMPARISON,
    Comparison: Connective.COMPARISON,
    Divides: Connective.COMPARISON,
}

Place: TypeAlias = Literal[
    "term", "negated", "factor", "summand", "compared", "divisor", "divided", "reduced", "modulus"
]
PLACES: Final[Mapping[Place, Binding]] = {
    "term": Binding.SUM,  # of a sum: nested sums need nothing
    "negated": Binding.PRODUCT,  # behind a minus sign
    "factor": Binding.PRODUCT,  # of a product
    "summand": Binding.PRODUCT,  # behind a sum sign, which reaches to the next plus or minus
    "compared": Binding.REMAINDER,  # beside a relation, between commas or braces
    "divisor": Binding.PRODUCT,  # before the bar of divisibility
    "divided": Binding.SUM,  # behind that bar
    "reduced": Binding.PRODUCT,  # before mod
    "modulus": Binding.ATOM,  # behind mod
}
"""How tightly something must hold together to stand in a place without parentheses."""

_SUBSCRIPTED = re.compile(r"(?!Pi|Xi)([A-GI-Z])([a-z][0-9]?)")
_DIFFERENT = re.compile(r"[A-Za-z]'*")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9]*)('*)((?:_[A-Za-z0-9']+)*)")


def symbol_name_latex(name: str) -> str:
    """Spell the name of a size or an index.

    Raises:
        NotSupported: for a name that has anything but letters, digits, primes and underscores.
    """
    base, parts = _with_subscript(name) or _split(name)
    return f"{base}_{{{','.join(parts)}}}" if parts else base


def symbol_base(name: str) -> tuple[str, bool]:
    """Return what of a symbol's name stands before the subscript, and if there is one."""
    subscripted = _with_subscript(name)
    base, subscript, _ = name.partition("_")
    return (base, bool(subscript)) if subscripted is None else (subscripted[0], True)


def plain_symbol_latex(name: str) -> str:
    r"""Spell the name of a size or an index with all its letters on the line: ``Dh``.

    Raises:
        NotSupported: as `symbol_name_latex`.
    """
    return symbol_name_latex(name) if _with_subscript(name) is None else _split(name)[0]


def difference_name(letter: str) -> str:
    r"""Return the canonical name of ``\Delta p``, given the letter: Delta_p."""
    return f"{DIFFERENCE_NAME}_{letter}"


def is_read_as_written(name: str) -> bool:
    """Tell whether the reader knows the name of an index, as it is spelled, without being told."""
    base, parts = _split(name)
    return len(base.rstrip("'")) == 1 or (base.startswith(DIFFERENCE) and len(parts) == 0)


def array_name_latex(name: str) -> str:
    """Spell the name of an array, without its indices.

    Raises:
        NotSupported: for a name that has anything but letters, digits, primes and underscores.
    """
    base, parts = _split(name)
    if not parts:
        return base
    # A number alone, as in w^{2}, would read as a power.
    text = f"({parts[0]})" if len(parts) == 1 and parts[0].isdigit() else ",".join(parts)
    return f"{base}^{{{text}}}"


def _with_subscript(name: str) -> tuple[str, list[str]] | None:
    """Split the name of a size along an axis or of a group: ``Pw0`` into P and w0."""
    found = _SUBSCRIPTED.fullmatch(name)
    return None if found is None else (found[1], [found[2]])


def _split(name: str) -> tuple[str, list[str]]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise NotSupported(
            f"the name {name!r} cannot be written in LaTeX",
            help="make it of letters, digits, primes and underscores, such as x_pad or n'",
        )
    letters, primes, rest = found.groups()
    parts = rest.split("_")[1:]
    if letters == DIFFERENCE_NAME and not primes and parts and _DIFFERENT.fullmatch(parts[0]):
        return f"{DIFFERENCE} {parts[0]}", parts[1:]
    if letters in GREEK_NAMES:
        base = f"\\{letters}"
    elif letters.isalpha() and not letters.startswith("d"):
        base = letters
    else:
        base = f"\\mathit{{{letters}}}"
    return base + primes, parts
