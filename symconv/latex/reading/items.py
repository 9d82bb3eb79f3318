"""What a formula turns into when it is read: items in the order of the text, with spans.

Spans are offsets into the text of the formula: the first character, and one behind the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from symconv.algebra.expressions import Definition, Statement
from symconv.algebra.indices import Index, IntegerExpression, Size
from symconv.latex.reading.context import Context
from symconv.verdicts import Note

Span: TypeAlias = tuple[int, int]

ILL_FORMED = frozenset(
    [
        "wrong-rank",
        "free-index-mismatch",
        "index-free-and-bound",
        "unclear-sum-scope",
        "out-of-range-number",
        "index-bound-twice",
    ]
)
"""Codes of formulas that were read and have no meaning as written; others are undecided."""


@dataclass(frozen=True, slots=True)
class Equality:
    """An equality that claims something.

    Attributes:
        span: where it stands, from its left side to its right side.
        statement: the claim, with the ranges of its free indices, its assumptions and the
            abbreviations that it uses.
        readings: how it was read, and the conventions that were used for it.
        doubts: what else it may mean, as sentences; where it is false as it was read, it may
            be true as it was meant, so it is undecided there.
        context: what is known where it stands, which definitions before it in the same
            formula are part of.
    """

    span: Span
    statement: Statement
    readings: tuple[Note, ...] = ()
    doubts: tuple[str, ...] = ()
    context: Context = field(default_factory=Context, compare=False)


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """The definition of a name that stands for an integer expression, such as p_0 = Sk."""

    span: Span
    index: Index
    value: IntegerExpression


@dataclass(frozen=True, slots=True)
class ArrayDefinition:
    """The definition of an array that was not defined before."""

    span: Span
    definition: Definition
    readings: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleSize:
    """A size of a worked example, such as H = 5; it binds element equations alone."""

    span: Span
    size: Size
    value: int


@dataclass(frozen=True, slots=True)
class NoStatement:
    """Mathematics that claims nothing: a symbol, a shape, a literal matrix, a condition.

    Attributes:
        span: where it stands.
        reason: what it is, such as ``a lone symbol or expression``.
    """

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be read, or has no meaning as written (see `ill_formed`).

    Attributes:
        span: the equality or row that is affected.
        place: the token that stopped the reader.
        code: a stable word: ``unreadable``, ``undeclared-name``, ``unsupported``, or one of
            `ILL_FORMED`.
        message: what is wrong, in one clause.
        help: what would be right, or an empty string.
        token: the text at `place`.
        missing: canonical names that a declaration or a definition further down could
            supply; reading again with them known may succeed.
    """

    span: Span
    place: Span
    code: str
    message: str
    help: str = ""
    token: str = ""
    missing: tuple[str, ...] = field(default=())

    @property
    def ill_formed(self) -> bool:
        """Tell whether the formula was read and has no meaning, rather than not read."""
        return self.code in ILL_FORMED


Item: TypeAlias = Equality | Abbreviation | ArrayDefinition | ExampleSize | NoStatement | Unreadable


@dataclass(frozen=True, slots=True)
class FormulaReading:
    """One formula as it was read.

    Attributes:
        items: what stands in it, in the order of the text; at least one.
        context: what is known behind it: its definitions, abbreviations and examples added.
    """

    items: tuple[Item, ...]
    context: Context
