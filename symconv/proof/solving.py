"""Bound indices solved for a monomial: a search whose result is checked elsewhere.

A term maps its bound indices to a monomial. Here the equations ``position of entry = given
position``, and those that stand in the term's condition, are solved for the bound indices
by elimination. What is found is only a proposal: `coefficients` has it proved that on the
term's domain every bound index is what the proposal says, which makes the map one-to-one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symconv.algebra.conditions import canonical_condition
from symconv.algebra.indices import (
    And,
    Comparison,
    Condition,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Plus,
    Range,
    Symbol,
    Times,
)
from symconv.algebra.normal_form import Term
from symconv.algebra.ratios import (
    ONE,
    Least,
    Terms,
    add_terms,
    canonical,
    is_positive,
    linear_part,
    ratio,
    terms_expression,
)
from symconv.algebra.scoping import substitute
from symconv.algebra.tree import symbols
from symconv.errors import NotSupported
from symconv.proof.obligations import Coordinate

Entails = Callable[[Sequence[Condition], Condition], bool]


@dataclass(frozen=True, slots=True)
class Solution:
    """What the bound indices of a term are at a given monomial.

    Attributes:
        values: by bound index, its value in terms of sizes, free indices and positions.
        counted: bound indices that nothing mentions, each over one interval: the term
            counts once for each of their values.
    """

    values: Mapping[Symbol, IntegerExpression]
    counted: tuple[Range, ...] = ()

    def substitute(self, expression: IntegerExpression) -> IntegerExpression:
        """Put the values into an integer expression."""
        return substitute(expression, self.values)


@dataclass(slots=True)
class _System:
    unknown: list[Index]
    equations: list[Terms]
    least: Least
    solved: dict[Symbol, IntegerExpression] = field(default_factory=dict)


def positions(term: Term) -> tuple[tuple[Coordinate, ...], ...]:
    """Return a symbol for every coordinate of every entry of a term's monomial."""
    return tuple(
        tuple(
            Coordinate(f"{entry.array.name}.{number}.{axis}") for axis in range(len(entry.indices))
        )
        for number, entry in enumerate(term.entries)
    )


def solve(term: Term, least: Least, entails: Entails) -> Solution:
    """Solve for the bound indices of a term at a given monomial.

    Args:
        term: the term.
        least: the least values that are known of symbols.
        entails: asks the solver whether conditions on the term's domain entail another.

    Raises:
        NotSupported: when a bound index is neither determined nor counted.
    """
    system = _System([item.index for item in term.ranges], _equations(term), least)
    domain = domain_conditions(term)
    while system.unknown and system.equations:
        if not (
            _eliminate(system, alone=True)
            or _split_digits(system, term, domain, entails)
            or _eliminate(system, alone=False)
        ):
            break
    values = _back_substituted(system.solved)
    return Solution(values, _count(system, term, values))


def domain_conditions(term: Term) -> tuple[Condition, ...]:
    """Return the conditions under which a term contributes: its ranges and its guard."""
    return (*range_conditions(term.ranges), *term.condition)


def range_conditions(ranges: Iterable[Range]) -> tuple[Condition, ...]:
    """Return lower <= index and index <= upper for every range."""
    return tuple(
        condition
        for item in ranges
        for condition in (item.lower <= item.index, item.index <= item.upper)
    )


def _equations(term: Term) -> list[Terms]:
    found: list[Terms] = []
    for entry, symbols_of_entry in zip(term.entries, positions(term), strict=True):
        found += [
            ratio(position - symbol).numerator
            for position, symbol in zip(entry.indices, symbols_of_entry, strict=True)
        ]
    found += [
        ratio(condition.left - condition.right).numerator
        for condition in term.condition
        if isinstance(condition, Comparison) and condition.relation == "=="
    ]
    return found


def _eliminate(system: _System, *, alone: bool) -> bool:
    """Solve one equation for one index, the simplest first; False when none can be.

    Args:
        system: the equations and what is unknown; changed in place.
        alone: only solve where no other unknown index is in the equation.
    """
    best: tuple[tuple[int, int, int], Index, Terms, Terms] | None = None
    for row, equation in enumerate(system.equations):
        for column, index in enumerate(system.unknown):
            parts = linear_part(equation, index)
            if parts is None or not parts[0]:
                continue
            coefficient, rest = parts
            cost = _division_cost(coefficient, system)
            if cost is None or (alone and _mentions(rest, system.unknown)):
                continue
            key = (cost, row, column)
            if best is None or key < best[0]:
                best = (key, index, coefficient, rest)
    if best is None:
        return False
    (_, row, _), index, coefficient, rest = best
    del system.equations[row]
    value = canonical(-terms_expression(rest) / terms_expression(coefficient))
    _record(system, index, value)
    return True


def _record(system: _System, index: Index, value: IntegerExpression) -> None:
    system.unknown.remove(index)
    system.solved[index] = value
    equations: list[Terms] = []
    for equation in system.equations:
        changed = ratio(substitute(terms_expression(equation), {index: value})).numerator
        if changed:
            equations.append(changed)
    system.equations = equations


def _division_cost(coefficient: Terms, system: _System) -> int | None:
    """Return how costly a division is: 0 by 1 or -1, 1 by a number, 2 by a symbol."""
    if coefficient in (ONE, {(): -1}):
        return 0
    if set(coefficient) == {()}:
        return 1
    if _mentions(coefficient, system.unknown):
        return None
    negative = {powers: -value for powers, value in coefficient.items()}
    positive = is_positive(coefficient, system.least) or is_positive(negative, system.least)
    return 2 if positive else None


def _mentions(terms: Terms, unknown: Sequence[Index]) -> bool:
    present = set(symbols(terms_expression(terms)))
    return any(index in present for index in unknown)


def _split_digits(
    system: _System, term: Term, domain: tuple[Condition, ...], entails: Entails
) -> bool:
    """Solve ``a = d*u + r`` where 0 <= r - lo < d for the whole domain, as u = floor((a-lo)/d).

    This is how a flattened position gives back its coordinates.
    """
    ranges = {item.index: item for item in term.ranges}
    for row, equation in enumerate(system.equations):
        for index in system.unknown:
            for sign in (1, -1):
                signed = {powers: sign * value for powers, value in equation.items()}
                parts = linear_part(signed, index)
                if parts is None or not is_positive(parts[0], system.least):
                    continue
                divisor, rest = parts
                low = _least_part(rest, index, system, ranges)
                if low is None:
                    continue
                within, lowest, known = low
                room = Plus((lowest, terms_expression(divisor), Constant(-1)))
                inside = And((lowest <= within, within <= room))
                if not entails(domain, inside):
                    continue
                # d*u + within + known = 0, and within - lowest is a digit below d.
                dividend = -(known + lowest)
                _record(system, index, FloorDivision(dividend, terms_expression(divisor)))
                # The equation still says what the digit is.
                changed = substitute(terms_expression(equation), {index: system.solved[index]})
                system.equations.insert(row, ratio(changed).numerator)
                return True
    return False


def _least_part(
    rest: Terms, index: Index, system: _System, ranges: Mapping[Index, Range]
) -> tuple[IntegerExpression, IntegerExpression, IntegerExpression] | None:
    """Split rest into what mentions unknown indices, the least that it can be, and the rest."""
    others = [other for other in system.unknown if other != index]
    within: Terms = {}
    known: Terms = {}
    for powers, value in rest.items():
        present = _mentions({powers: value}, others)
        (within if present else known)[powers] = value
    if not within:
        return None
    lowest = within
    for other in reversed(others):
        parts = linear_part(lowest, other)
        if parts is None:
            return None
        coefficient, left = parts
        if not coefficient:
            continue
        negative = {powers: -value for powers, value in coefficient.items()}
        if is_positive(coefficient, system.least):
            end = ranges[other].lower
        elif is_positive(negative, system.least):
            end = ranges[other].upper
        else:
            return None
        bound = ratio(Times((terms_expression(coefficient), end)))
        if not bound.is_polynomial:
            return None
        lowest = add_terms(left, bound.numerator)
    if _mentions(lowest, system.unknown):
        return None
    return terms_expression(within), terms_expression(lowest), terms_expression(known)


def _back_substituted(
    solved: Mapping[Symbol, IntegerExpression],
) -> dict[Symbol, IntegerExpression]:
    """Put later solutions into earlier ones, so that none mentions a solved index."""
    values: dict[Symbol, IntegerExpression] = {}
    for index, value in reversed(list(solved.items())):
        values[index] = canonical(substitute(value, values))
    return values


def _count(
    system: _System, term: Term, values: Mapping[Symbol, IntegerExpression]
) -> tuple[Range, ...]:
    """Turn the indices that are left into counted ones, or refuse."""
    left = list(system.unknown)
    counted: list[Range] = []
    for index in left:
        if any(_mentions(equation, [index]) for equation in system.equations) or any(
            index in symbols(value) for value in values.values()
        ):
            raise _refusal(term, index, "several of its values give the same monomial")
        if index in symbols(substitute(term.coefficient, values)):
            raise _refusal(term, index, "the coefficient depends on it, and no entry tells it")
        item = _interval(index, term, values, system.least)
        for other in left:
            if other in symbols(item.lower) or other in symbols(item.upper):
                raise _refusal(term, index, f"how often it counts depends on {other}")
        counted.append(item)
    ranges = [item for item in term.ranges if item.index not in left]
    for item in ranges:
        for index in left:
            bounds = (substitute(end, values) for end in (item.lower, item.upper))
            if any(index in symbols(end) for end in bounds):
                raise _refusal(term, index, f"the range of {item.index} depends on it")
    return tuple(counted)


def _interval(
    index: Index,
    term: Term,
    values: Mapping[Symbol, IntegerExpression],
    least: Least,
) -> Range:
    """Return the one interval in which a condition lets an index run, or refuse."""
    item = next(item for item in term.ranges if item.index == index)
    lowers, uppers = [item.lower], [item.upper]
    for condition in term.condition:
        changed = canonical_condition(substitute(condition, values), least)
        for part in changed.conditions if isinstance(changed, And) else (changed,):
            if index not in symbols(part):
                continue
            bound = _bound(part, index, least)
            if bound is None:
                raise _refusal(term, index, f"it is not bound to one interval by {part}")
            (lowers if bound[0] else uppers).append(bound[1])
    lower = lowers[0] if len(lowers) == 1 else Maximum(tuple(lowers))
    upper = uppers[0] if len(uppers) == 1 else Minimum(tuple(uppers))
    return Range(index, substitute(lower, values), substitute(upper, values))


def _bound(part: Condition, index: Index, least: Least) -> tuple[bool, IntegerExpression] | None:
    """Read a comparison as a bound of an index: whether it is a lower one, and which."""
    if not isinstance(part, Comparison) or part.relation != "<=":
        return None
    found = ratio(part.right)
    parts = linear_part(found.numerator, index)
    if not found.is_polynomial or parts is None:
        return None
    coefficient, rest = parts
    negative = {powers: -value for powers, value in coefficient.items()}
    other = terms_expression(rest)
    # 0 <= c*u + rest is u >= ceil(-rest/c) = -floor(rest/c); 0 <= -c*u + rest, u <= floor(rest/c).
    if is_positive(coefficient, least):
        return True, canonical(-FloorDivision(other, terms_expression(coefficient)))
    if is_positive(negative, least):
        return False, canonical(FloorDivision(other, terms_expression(negative)))
    return None


def _refusal(term: Term, index: Index, reason: str) -> NotSupported:
    return NotSupported(
        f"the sum over {index} in {term.expression()} is not one-to-one: {reason}",
        code="not-one-to-one",
        help="sum only over indices that the entries tell apart, or that nothing mentions",
    )
