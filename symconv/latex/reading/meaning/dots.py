r"""Sums with dots in them: ``a_0 + a_1 + \cdots + a_{K-1}``.

Dots are read where there is one way to read them: the terms before and behind them are made
of the same entries, every position in them moves by the same steps from term to term, and
the last term lies a whole number of steps behind the first, the same number at each position.
What moves in one position only at the end, or by a step that two terms cannot show, is not
guessed. As everywhere, the sum is empty, or has one term, where its bounds say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from symconv.algebra.expressions import Delta, Derivative, Entry, Expression, Mul, Number, Sum
from symconv.algebra.indices import Constant, Index, IntegerExpression, Plus, Times
from symconv.algebra.ratios import Polynomial, SymbolPowers, polynomial
from symconv.algebra.tree import integers, map_integers, symbols
from symconv.errors import NotSupported
from symconv.explanations.tidying import tidied_integer

_LETTERS = ("m", "r", "s", "t", "u", "v")
_SHOWN_BY_TWO = (1, -1)
"""Steps that two terms show; 2 and 4 may be doubled or two apart, so three have to show that."""


class Unclear(Exception):
    """The dots can be read in no way, or in several; the message says why."""


@dataclass(frozen=True, slots=True)
class Dotted:
    """What the dots were read as.

    Attributes:
        total: the sum.
        first: how many terms before the dots do not belong to it.
        last: how many terms behind the dots belong to it.
    """

    total: Sum
    first: int
    last: int


Skeleton: TypeAlias = tuple[object, ...]


def dotted_sum(
    before: Sequence[Expression], behind: Sequence[Expression], taken: frozenset[str]
) -> Dotted:
    """Read the terms around dots as one sum.

    Args:
        before: the terms before the dots.
        behind: the terms behind them.
        taken: names that the summed index must not have.

    Raises:
        Unclear: where they show no single pattern.
    """
    if len(before) < 2 or not behind:
        raise Unclear("two terms before the dots and one behind them show what is left out")
    skeleton = _skeleton(before[-1])
    if skeleton is None or not any(isinstance(part, Entry) for part in _leaves(before[-1])):
        raise Unclear("only products of entries of arrays are continued through dots")
    first = next(i for i, term in enumerate(before) if _skeleton(term) == skeleton)
    last = next((i for i, term in enumerate(behind) if _skeleton(term) != skeleton), len(behind))
    shown = [integers(term) for term in before[first:]]
    ends = [integers(term) for term in behind[:last]]
    if any(_skeleton(term) != skeleton for term in before[first:]) or len(shown) < 2 or not ends:
        raise Unclear("the terms around the dots are not made alike")
    steps = [_difference(b, a) for a, b in zip(shown[0], shown[1], strict=True)]
    turns = _turns(shown[0], steps, ends[-1])
    for turn, term in enumerate(shown):
        _require_at(term, shown[0], steps, _number(turn))
    for back, term in enumerate(reversed(ends)):
        _require_at(term, shown[0], steps, _added(turns, _number(-back)))
    known = turns.get((), 0) if set(turns) <= {()} else None
    if known is not None and known < len(shown) + len(ends) - 1:
        raise Unclear("the term behind the dots does not come later than those before them")
    if len(shown) < 3 and not any(_shows_itself(step) for step in steps):
        raise Unclear("two terms do not show a step other than 1: write a third one")
    index = _fresh(taken | {s.name for term in (*shown, *ends) for i in term for s in symbols(i)})
    pivot = next((i for i, step in enumerate(steps) if step == {(): 1}), None)
    start = Constant(0) if pivot is None else shown[0][pivot]
    end = _expression(turns) if pivot is None else ends[-1][pivot]
    offset = index if start == Constant(0) else index - start
    values = (
        tidied_integer(value + Times((_expression(step), offset))) if step else value
        for value, step in zip(shown[0], steps, strict=True)
    )
    return Dotted(
        Sum(map_integers(before[first], lambda _: next(values)), (index, start, end)), first, last
    )


def _turns(
    first: Sequence[IntegerExpression],
    steps: Sequence[Polynomial],
    last: Sequence[IntegerExpression],
) -> Polynomial:
    """Return how many steps lie between the first and the last term."""
    found: list[Polynomial] = []
    for begin, step, end in zip(first, steps, last, strict=True):
        distance = _difference(end, begin)
        if step:
            found.append(_divided(distance, step))
        elif distance:
            raise Unclear(f"{begin} turns into {end} behind the dots, and does not move before")
    if not found:
        raise Unclear("the terms before the dots do not differ")
    if any(other != found[0] for other in found):
        raise Unclear("the last term is not the same number of steps away at each position")
    return found[0]


def _require_at(
    term: Sequence[IntegerExpression],
    first: Sequence[IntegerExpression],
    steps: Sequence[Polynomial],
    turn: Polynomial,
) -> None:
    for value, begin, step in zip(term, first, steps, strict=True):
        if _difference(value, begin) != _multiplied(step, turn):
            raise Unclear("the terms around the dots do not go on in equal steps")


def _shows_itself(step: Polynomial) -> bool:
    return bool(set(step) - {()}) or step.get((), 0) in _SHOWN_BY_TWO


def _difference(left: IntegerExpression, right: IntegerExpression) -> Polynomial:
    try:
        return polynomial(left - right)
    except NotSupported as error:
        raise Unclear(f"a division stands in {left} or {right}") from error


def _divided(distance: Polynomial, step: Polynomial) -> Polynomial:
    """Divide by a step that is one product of a number and sizes."""
    if len(step) > 1:
        raise Unclear("a step that is a sum is not followed through dots")
    ((powers, count),) = step.items()
    found: Polynomial = {}
    for others, value in distance.items():
        rest = dict(others)
        for symbol, power in powers:
            rest[symbol] = rest.get(symbol, 0) - power
        share = value / count
        if share.denominator != 1 or any(power < 0 for power in rest.values()):
            raise Unclear("the last term is not a whole number of steps away")
        found[tuple((symbol, power) for symbol, power in rest.items() if power)] = share
    return found


def _number(value: int) -> Polynomial:
    return {(): Fraction(value)} if value else {}


def _multiplied(left: Polynomial, right: Polynomial) -> Polynomial:
    return polynomial(Times((_expression(left), _expression(right))))


def _added(left: Polynomial, right: Polynomial) -> Polynomial:
    return polynomial(Plus((_expression(left), _expression(right))))


def _expression(value: Polynomial) -> IntegerExpression:
    """Write a polynomial with whole coefficients as an integer expression."""
    terms = [_term(powers, int(count)) for powers, count in value.items()]
    if not terms:
        return Constant(0)
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def _term(powers: SymbolPowers, count: int) -> IntegerExpression:
    factors: list[IntegerExpression] = [s for s, power in powers for _ in range(power)]
    if count != 1 or not factors:
        factors.insert(0, Constant(count))
    return factors[0] if len(factors) == 1 else Times(tuple(factors))


def _skeleton(term: Expression) -> Skeleton | None:
    """Return what a term is without its integers; None where it is more than a product."""
    match term:
        case Number():
            return ("number",)
        case Entry(array=array):
            return ("entry", array)
        case Delta():
            return ("delta",)
        case Derivative(body=body, by=by):
            parts = (_skeleton(body), _skeleton(by))
        case Mul(factors=factors):
            parts = tuple(map(_skeleton, factors))
        case _:
            return None
    return None if None in parts else (type(term).__name__, *parts)


def _leaves(term: Expression) -> list[Expression]:
    match term:
        case Mul(factors=factors):
            return [leaf for factor in factors for leaf in _leaves(factor)]
        case Derivative(body=body, by=by):
            return [*_leaves(body), by]
    return [term]


def _fresh(taken: frozenset[str] | set[str]) -> Index:
    names = (letter + "'" * primes for primes in range(len(taken) + 1) for letter in _LETTERS)
    return Index(next(name for name in names if name not in taken))
