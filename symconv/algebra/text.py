"""Plain text of expressions, as messages, reports and doctests show it.

The text follows the author's order and uses Python's operators, with sums written
`sum[p=0..HH-1](...)`. It is for reading; `latex/` writes what documents need.
"""

from __future__ import annotations

from fractions import Fraction
from math import log10

from symconv.algebra.expressions import (
    Add,
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
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Remainder,
    Symbol,
    Times,
)

_SUM, _PRODUCT, _ATOM = 1, 2, 3
"""Binding strengths: what stands inside something stronger is put in parentheses."""
LONGEST_NUMBER = 3_000
"""Limit: a number of more bits than this, about 900 digits, is not written out."""


def integer_text(expression: IntegerExpression) -> str:
    """Write an integer expression."""
    return _integer(expression)[0]


def condition_text(condition: Condition) -> str:
    """Write a condition."""
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            return f"{integer_text(left)} {relation} {integer_text(right)}"
        case Divides(divisor=divisor, value=value):
            return f"{_tight(divisor)} divides {integer_text(value)}"
        case And(conditions=parts):
            return _chain(parts) or " and ".join(_inner(part) for part in parts) or "true"
        case Or(conditions=parts):
            return " or ".join(_inner(part) for part in parts) or "false"
        case Not(condition=part):
            return f"not ({condition_text(part)})"
    raise TypeError(f"not a condition: {condition!r}")


def expression_text(expression: Expression) -> str:
    """Write an expression."""
    return _expression(expression)[0]


def statement_text(statement: Statement) -> str:
    """Write a statement: left = right."""
    where = "".join(f", {index} = {value}" for index, value in statement.where)
    return f"{statement.lhs} = {statement.rhs}" + (f" where{where[1:]}" if where else "")


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


def _integer(expression: IntegerExpression) -> tuple[str, int]:
    match expression:
        case Constant(value=value):
            return number_text(value), _ATOM if value >= 0 else _SUM
        case Symbol(name=name):
            return name, _ATOM
        case Plus(terms=terms):
            return _join_terms([_integer(term)[0] for term in terms]) or "0", _SUM
        case Times(factors=(Constant(value=-1), *factors)) if factors:
            return f"-{_product(factors)}", _SUM
        case Times(factors=factors):
            return _product(list(factors)) or "1", _PRODUCT
        case Quotient(dividend=dividend, divisor=divisor):
            return f"{_wrap(*_integer(dividend), _PRODUCT)}/{_tight(divisor)}", _PRODUCT
        case FloorDivision(dividend=dividend, divisor=divisor):
            return f"floor({_wrap(*_integer(dividend), _PRODUCT)}/{_tight(divisor)})", _ATOM
        case CeilingDivision(dividend=dividend, divisor=divisor):
            return f"ceil({_wrap(*_integer(dividend), _PRODUCT)}/{_tight(divisor)})", _ATOM
        case Remainder(dividend=dividend, divisor=divisor):
            return f"({integer_text(dividend)} mod {_tight(divisor)})", _ATOM
        case Minimum(arguments=arguments):
            return f"min({', '.join(map(integer_text, arguments))})", _ATOM
        case Maximum(arguments=arguments):
            return f"max({', '.join(map(integer_text, arguments))})", _ATOM
    raise TypeError(f"not an integer expression: {expression!r}")


def _expression(expression: Expression) -> tuple[str, int]:
    match expression:
        case Number(value=value):
            return _integer(value)
        case Entry(array=array, indices=indices):
            return entry_text(array.name, indices), _ATOM
        case Delta(left=left, right=right):
            return f"delta({integer_text(left)}, {integer_text(right)})", _ATOM
        case Iverson(condition=condition):
            return f"[{condition_text(condition)}]", _ATOM
        case Add(terms=terms):
            return _join_terms([_expression(term)[0] for term in terms]) or "0", _SUM
        case Mul(factors=(Number(value=Constant(value=-1)), *factors)) if factors:
            return "-" + "*".join(_wrap(*_expression(part), _PRODUCT) for part in factors), _SUM
        case Mul(factors=factors):
            return "*".join(_wrap(*_expression(part), _PRODUCT) for part in factors) or "1", (
                _PRODUCT
            )
        case Sum(body=body, ranges=ranges):
            return f"sum[{', '.join(map(str, ranges))}]({expression_text(body)})", _ATOM
        case Derivative(body=body, by=by):
            inner = expression_text(body)
            return f"d{inner if isinstance(body, Entry) else f'({inner})'}/d{by}", _PRODUCT
    raise TypeError(f"not an expression: {expression!r}")


def _product(factors: list[IntegerExpression]) -> str:
    return "*".join(_wrap(*_integer(factor), _PRODUCT) for factor in factors)


def _tight(expression: IntegerExpression) -> str:
    return _wrap(*_integer(expression), _ATOM)


def _wrap(text: str, strength: int, needed: int) -> str:
    return text if strength >= needed else f"({text})"


def _join_terms(texts: list[str]) -> str:
    return "".join(
        text if position == 0 or text.startswith("-") else f"+{text}"
        for position, text in enumerate(texts)
    )


def _inner(condition: Condition) -> str:
    match condition:
        case Comparison() | Divides() | Not():
            return condition_text(condition)
        case And() | Or():
            return f"({condition_text(condition)})"
    raise TypeError(f"not a condition: {condition!r}")


def _chain(parts: tuple[Condition, ...]) -> str:
    """Write lo <= i, i <= hi as one chained comparison; an empty text where it is none."""
    match parts:
        case (
            Comparison(left=lower, relation="<=" | "<" as first, right=middle),
            Comparison(left=again, relation="<=" | "<" as second, right=upper),
        ) if middle == again:
            return f"{lower} {first} {middle} {second} {upper}"
    return ""
