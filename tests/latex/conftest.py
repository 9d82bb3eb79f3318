"""A reader of what the writer writes, with its own idea of LaTeX, to check it by.

It is strict in what could be misread: spaces mean nothing, names are matched longest
first, a sum sign reaches to the next plus or minus, and everything must be used up.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from symconv.algebra.expressions import (
    Add,
    Array,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Symbol,
    Times,
)

# Where the random formulas are that several tests here share.
sys.path.insert(0, str(Path(__file__).parent))


NOTHING = re.compile(
    r"(\s|&|\\,|\\ |\\quad|\\displaystyle\b|\\left\b|\\right\b|\\\\(\[[\d.a-z]+\])?)+"
)
FACTOR = re.compile(r"[0-9(]|\\(frac|sum|delta|mathbb|lfloor|lceil|min|max)(?![A-Za-z])")
RELATIONS = {
    r"\le": "<=",
    r"\ge": ">=",
    r"\ne": "!=",
    "=": "==",
    "<": "<",
    ">": ">",
}


class Unreadable(Exception):
    """The text is not what the reader expects."""


@dataclass
class LatexReader:
    """Read LaTeX over declared names; the names are given as the writer spells them."""

    symbols: dict[str, Symbol]
    arrays: dict[str, Array]
    text: str = ""
    place: int = 0
    bound: dict[str, Symbol] = field(default_factory=dict)

    def statement(self, text: str) -> Statement:
        self._start(text)
        left = self._expression()
        self._take("=")
        right = self._expression()
        where: list[tuple[Index, IntegerExpression]] = []
        clauses: dict[str, list[Condition]] = {"if": [], "for": []}
        while self._if(","):
            self._take(r"\text{")
            keyword = self._match(r"[a-z]+")
            self._take("}")
            while True:
                if keyword == "where":
                    index = integer(self._expression())
                    assert isinstance(index, Index)
                    self._take("=")
                    where.append((index, integer(self._expression())))
                else:
                    clauses[keyword].append(self._condition())
                if self._looking_at(r",[\s\\]*(quad|&)?[\s\\&]*text") or not self._if(","):
                    break
        self._finish()
        free = tuple(_range(condition) for condition in clauses["for"])
        return Statement(left, right, free, tuple(clauses["if"]), tuple(where))

    def expression(self, text: str) -> Expression:
        self._start(text)
        result = self._expression()
        self._finish()
        return result

    def condition(self, text: str) -> Condition:
        self._start(text)
        result = self._condition()
        self._finish()
        return result

    def _start(self, text: str) -> None:
        self.text, self.place = text, 0

    def _finish(self) -> None:
        self._skip()
        if self.place < len(self.text):
            raise Unreadable(f"left over: {self.text[self.place :]!r}")

    def _skip(self) -> None:
        found = NOTHING.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def _looking_at(self, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        self._skip()
        return re.compile(pattern).match(self.text, self.place)

    def _match(self, pattern: str) -> str:
        found = self._looking_at(pattern)
        if not found:
            raise Unreadable(f"expected {pattern} at {self.text[self.place :][:40]!r}")
        self.place = found.end()
        return found[0]

    def _if(self, literal: str) -> bool:
        word = r"(?![A-Za-z])" if re.fullmatch(r"\\[A-Za-z]+", literal) else ""
        found = self._looking_at(re.escape(literal) + word)
        self.place = found.end() if found else self.place
        return found is not None

    def _take(self, literal: str) -> None:
        if not self._if(literal):
            raise Unreadable(f"expected {literal} at {self.text[self.place :][:40]!r}")

    def _expression(self) -> Expression:
        terms = [negative(self._term()) if self._if("-") else self._term()]
        while True:
            if self._if("+"):
                terms.append(self._term())
            elif self._if("-"):
                terms.append(negative(self._term()))
            else:
                return terms[0] if len(terms) == 1 else Add(tuple(terms))

    def _term(self) -> Expression:
        factors = [self._factor()]
        while True:
            if self._if(r"\cdot"):
                factors.append(self._factor())
            elif self._if(r"\bmod"):
                left = integer(Mul(tuple(factors)))
                factors = [Number(Remainder(left, integer(self._factor())))]
            elif self._looking_at(FACTOR) or self._name_here():
                factors.append(self._factor())
            else:
                return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _factor(self) -> Expression:
        if self._looking_at(r"\d"):
            return Number(Constant(int(self._match(r"\d+"))))
        if self._if("("):
            return self._closing(self._expression(), ")")
        if self._if(r"\sum"):
            return self._sum()
        if self._if(r"\frac"):
            return self._fraction()
        if self._if(r"\delta"):
            self._take("_{")
            left = integer(self._expression())
            self._take(",")
            return self._closing(Delta(left, integer(self._expression())), "}")
        if self._if(r"\mathbb{1}"):
            self._take("(")
            return self._closing(Iverson(self._condition()), ")")
        for opening, closing, node in (
            (r"\lfloor", r"\rfloor", FloorDivision),
            (r"\lceil", r"\rceil", CeilingDivision),
        ):
            if self._if(opening):
                quotient = integer(self._expression())
                assert isinstance(quotient, Quotient)
                inner = Number(node(quotient.dividend, quotient.divisor))
                return self._closing(inner, closing)
        for name, node in ((r"\min", Minimum), (r"\max", Maximum)):
            if self._if(name):
                self._take("(")
                return self._closing(Number(node(self._list())), ")")
        return self._named()

    def _closing(self, value: Expression, bracket: str) -> Expression:
        self._take(bracket)
        return value

    def _list(self) -> tuple[IntegerExpression, ...]:
        found = [integer(self._expression())]
        while self._if(","):
            found.append(integer(self._expression()))
        return tuple(found)

    def _sum(self) -> Expression:
        self._take("_{")
        index = integer(self._named())
        assert isinstance(index, Index)
        self._take("=")
        lower = integer(self._expression())
        self._take("}")
        self._take("^{")
        upper = integer(self._expression())
        self._take("}")
        return Sum(self._term(), (index, lower, upper))

    def _fraction(self) -> Expression:
        self._take("{")
        sign = r"\partial" if self._if(r"\partial") else "d" if self._if("d") else ""
        if not sign:
            dividend = integer(self._expression())
            self._take("}")
            self._take("{")
            quotient = Quotient(dividend, integer(self._expression()))
            return self._closing(Number(quotient), "}")
        body = None if self._if("}") else self._closing(self._variable(), "}")
        self._take("{")
        self._take(sign)
        by = self._closing(self._variable(), "}")
        assert isinstance(by, Entry)
        if body is None:
            self._take("(")
            body = self._closing(self._expression(), ")")
        return Derivative(body, by)

    def _variable(self) -> Expression:
        return self._closing(self._expression(), ")") if self._if("(") else self._named()

    def _name_here(self) -> tuple[str, Symbol | Array] | None:
        self._skip()
        known: dict[str, Symbol | Array] = {**self.symbols, **self.arrays}
        for name in sorted(known, key=len, reverse=True):
            letters = r"\s*".join(map(re.escape, name.replace(" ", "")))
            found = re.compile(letters).match(self.text, self.place)
            if found:
                return found[0], known[name]
        return None

    def _named(self) -> Expression:
        found = self._name_here()
        if found is None:
            raise Unreadable(f"no name at {self.text[self.place :][:40]!r}")
        text, meaning = found
        self.place += len(text)
        if isinstance(meaning, Symbol):
            return Number(meaning)
        if not meaning.shape:
            return Entry(meaning, ())
        self._take("_{")
        return self._closing(Entry(meaning, self._list()), "}")

    def _condition(self) -> Condition:
        parts = [self._conjunction()]
        while self._if(r"\lor"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Condition:
        parts = [self._comparison()]
        while self._if(r"\land"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _comparison(self) -> Condition:
        if self._if(r"\top"):
            return And(())
        if self._if(r"\bot"):
            return Or(())
        if self._if(r"\lnot"):
            self._take("(")
            inner = self._condition()
            self._take(")")
            return Not(inner)
        start = self.place
        try:
            return self._chain()
        except Unreadable:
            self.place = start
        self._take("(")
        inner = self._condition()
        self._take(")")
        return inner

    def _chain(self) -> Condition:
        left = integer(self._expression())
        if self._if(r"\mid"):
            return Divides(left, integer(self._expression()))
        if self._if(r"\nmid"):
            return Not(Divides(left, integer(self._expression())))
        parts: list[Condition] = []
        while True:
            relation = next((sign for sign in RELATIONS if self._if(sign)), None)
            if relation is None:
                break
            right = integer(self._expression())
            parts.append(Comparison(left, RELATIONS[relation], right))
            left = right
        if not parts:
            raise Unreadable(f"no relation at {self.text[self.place :][:40]!r}")
        return parts[0] if len(parts) == 1 else And(tuple(parts))


def negative(expression: Expression) -> Expression:
    match expression:
        case Number(value=Constant(value=value)):
            return Number(Constant(-value))
    return Mul((Number(Constant(-1)), expression))


def integer(expression: Expression) -> IntegerExpression:
    match expression:
        case Number(value=value):
            return value
        case Add(terms=terms):
            return Plus(tuple(map(integer, terms)))
        case Mul(factors=factors):
            return Times(tuple(map(integer, factors)))
    raise Unreadable(f"not an integer: {expression}")


def _range(condition: Condition) -> Range:
    match condition:
        case And(conditions=(Comparison() as first, Comparison() as second)):
            assert isinstance(first.right, Index)
            return Range(first.right, first.left, second.right)
    raise Unreadable(f"not a range: {condition}")


def spelled(name: str, *, array: bool = False) -> str:
    """Spell names of letters and digits with an optional suffix, as the documentation says."""
    base, underscore, rest = name.partition("_")
    if base == "alpha":
        base = r"\alpha"
    elif base.startswith("d") or not base.strip("'").isalpha():
        base = f"\\mathit{{{base}}}"
    if not underscore:
        return base
    return f"{base}^{{{rest}}}" if array else f"{base}_{{{rest}}}"


def make_reader(symbols: Iterable[Symbol], arrays: Iterable[Array]) -> LatexReader:
    by_spelling = {spelled(array.name, array=True): array for array in arrays}
    if "L" in by_spelling:
        by_spelling[r"\mathcal{L}"] = by_spelling["L"]
    return LatexReader({spelled(symbol.name): symbol for symbol in symbols}, by_spelling)


@pytest.fixture(scope="session")
def reader_of() -> Callable[[Iterable[Symbol], Iterable[Array]], LatexReader]:
    return make_reader


@pytest.fixture(scope="session")
def conv2d_reader() -> LatexReader:
    """A reader that knows the names of the 2-D convolution; dout it knows as dL/dy alone."""
    from symconv.algebra.scoping import all_symbols
    from symconv.layers.convolution.post import conv2d

    layer = conv2d()
    symbols: dict[Symbol, None] = {}
    for statement in layer.statements:
        symbols |= all_symbols(statement.lhs) | all_symbols(statement.rhs)
        symbols |= dict.fromkeys(index for index, _ in statement.where)
    symbols |= dict.fromkeys([*layer.given, *(derived.size for derived in layer.derived)])
    arrays = [array for array in layer.array_by_name.values() if array != layer.upstream]
    return make_reader(symbols, arrays)


@pytest.fixture(scope="session")
def unbalanced() -> Callable[[str], list[str]]:
    """What is wrong with the brackets of LaTeX: an empty list where nothing is."""

    def problems(latex: str) -> list[str]:
        found: list[str] = []
        depth = 0
        for token in re.findall(r"\\.|[{}]", latex, flags=re.DOTALL):
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth < 0:
                found.append("a brace closes that never opened")
                depth = 0
        if depth:
            found.append("a brace stays open")
        if len(re.findall(r"\\left\b", latex)) != len(re.findall(r"\\right\b", latex)):
            found.append("a left without its right")
        for begin, end in ((r"\\begin\{(.*?)\}", r"\\end\{(.*?)\}"),):
            if sorted(re.findall(begin, latex)) != sorted(re.findall(end, latex)):
                found.append("an environment stays open")
        if re.search(r"\{\s*\}", latex):
            found.append("an empty group")
        if re.search(r"\(\s*\)", latex):
            found.append("empty parentheses")
        return found

    return problems
