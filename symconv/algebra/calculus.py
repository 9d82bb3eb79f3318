"""Differentiation with one rule per node, and contraction of deltas.

`differentiate` replaces one entry of a product by the condition that its position is the
target's: the derivative of x[p + k*S] by x[i] is delta(p + k*S, i). Defined arrays are
expanded first, except the array that is differentiated by, which stays independent.

`contract` solves sums over deltas: `sum over p of delta(p + k*S, i) * w[p]` becomes
`[0 <= i - k*S <= HH-1] * w[i - k*S]`. It never loses a bracket: the range of the index that
it removes stays as a bracket in front, and a stride is only divided by together with the
bracket that it divides. (SymPy's own summation of deltas drops both.)

Both keep an expression well-formed. A product evaluates the factors without entries first,
left to right, so a bracket guards what stands behind it. What is rewritten to something that
may divide by 0 therefore goes behind the guards beside it, and a sum is left alone where a
division would have to move in front of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from symconv.algebra.dependence import dependence
from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
    has_entries,
    product_factors,
)
from symconv.algebra.indices import (
    Constant,
    Index,
    IntegerExpression,
    Range,
    Size,
    Symbol,
    between,
    divides,
)
from symconv.algebra.ratios import (
    ONE,
    Least,
    Ratio,
    Terms,
    is_positive,
    is_whole,
    linear_part,
    ratio,
    terms_expression,
)
from symconv.algebra.scoping import (
    all_symbols,
    arrays,
    dependencies,
    free_symbols,
    inline,
    rename_bound,
    substitute,
)
from symconv.algebra.tree import Node, divisors, map_parts, subexpressions, symbols
from symconv.errors import NotSupported

Definitions = Mapping[str, Definition]
NONE: frozenset[str] = frozenset()
ZERO = Number(Constant(0))
NOTHING_KNOWN: Least = MappingProxyType({})


def differentiate(
    expression: Expression,
    by: Entry,
    definitions: Definitions | None = None,
    inputs: Iterable[Array] = (),
) -> Expression:
    """Differentiate by one entry of an array; the result has no `Derivative`.

    Defined arrays that depend on the array are expanded first, the array itself is not: it
    is independent while differentiating, and what is left of it stays in the result.

    Args:
        expression: what to differentiate; derivatives inside it are taken first.
        by: the entry to differentiate by.
        definitions: what each defined array is, by its name.
        inputs: the arrays whose entries are independent.

    Raises:
        NotSupported: where the expression reads an array that is neither defined nor an
            input: it may depend on anything.
    """
    dependence(definitions, inputs).require(Derivative(expression, by))
    expanded = without_derivatives(expression, definitions, keep=frozenset({by.array.name}))
    return _rule(expanded, by)


def without_derivatives(
    expression: Expression, definitions: Definitions | None = None, *, keep: frozenset[str] = NONE
) -> Expression:
    """Expand defined arrays and take every derivative, exactly as `evaluation` means it.

    Args:
        expression: what to rewrite.
        definitions: what each defined array is, by its name.
        keep: arrays that stay as they are although they are defined.
    """
    known = dict(definitions or {})
    _ = dependencies(known)  # refuses a definition that depends on itself
    return _expand(expression, known, keep)


def contract(expression: Expression, *, positive: Iterable[Size] = ()) -> Expression:
    """Solve sums over deltas, keeping every bracket that the value needs.

    A delta whose index stands with the coefficient 1 or -1 is solved directly. With another
    coefficient the solution is a division, which is written together with the bracket that
    the coefficient divides. A coefficient that may be 0 is left alone.

    Args:
        expression: what to rewrite.
        positive: sizes that are known to be at least 1, such as a stride.
    """
    least: dict[Symbol, int] = dict.fromkeys(positive, 1)
    return _contract(expression, least)


def _contract(expression: Expression, least: Least) -> Expression:
    changed = _map(expression, lambda part: _contract(part, least), least)
    return _contract_sum(_merged(changed, least), least) if isinstance(changed, Sum) else changed


def _expand(expression: Expression, definitions: Definitions, keep: frozenset[str]) -> Expression:
    match expression:
        case Entry(array=array, indices=indices):
            if array.name not in definitions or array.name in keep:
                return expression
            definition = definitions[array.name]
            if len(definition.target.indices) != len(indices):
                raise NotSupported(
                    f"{expression} has {len(indices)} indices, its definition "
                    f"{definition.target} has {len(definition.target.indices)}",
                    code="wrong-axes",
                )
            return _expand(inline(definition, indices), definitions, keep)
        case Derivative(body=body, by=by):
            partial = _rule(_expand(body, definitions, frozenset({by.array.name})), by)
            return _expand_only(by.array.name, partial, definitions, keep)
    return _map(expression, lambda part: _expand(part, definitions, keep))


def _expand_only(
    name: str, partial: Expression, definitions: Definitions, keep: frozenset[str]
) -> Expression:
    """Expand what is left of the array that was differentiated by; the rest is expanded."""
    if name not in definitions or name in keep:
        return partial
    if isinstance(partial, Entry):
        return _expand(partial, definitions, keep) if partial.array.name == name else partial
    return _map(partial, lambda part: _expand_only(name, part, definitions, keep))


def _rule(expression: Expression, by: Entry) -> Expression:
    """Differentiate an expression whose entries are all independent."""
    match expression:
        case Number() | Delta() | Iverson():
            return ZERO
        case Entry(array=array, indices=indices):
            if array.name != by.array.name or len(indices) != len(by.indices):
                return ZERO
            return Mul(tuple(Delta(a, b) for a, b in zip(indices, by.indices, strict=True)))
        case Add(terms=parts):
            return Add(tuple(part for part in (_rule(p, by) for p in parts) if part != ZERO))
        case Mul():
            return _product_rule(product_factors(expression), by)
    assert isinstance(expression, Sum), "no other node is without derivatives"
    # The sum must not catch an index of the target: rename before it can.
    renamed = rename_bound(expression, set(symbols(by)))
    inner = _rule(renamed.body, by)
    return ZERO if inner == ZERO else Sum(inner, *renamed.ranges)


def _product_rule(factors: tuple[Expression, ...], by: Entry) -> Expression:
    terms: list[Expression] = []
    for position, factor in enumerate(factors):
        if any(array.name == by.array.name for array in arrays(factor)):
            changed = (*factors[:position], _rule(factor, by), *factors[position + 1 :])
            terms.append(_product(factors, changed))
    if not terms:
        return ZERO
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


def _product(
    factors: tuple[Expression, ...], changed: tuple[Expression, ...], least: Least = NOTHING_KNOWN
) -> Mul:
    """Build a product of rewritten factors, each where its original stood if that is safe.

    A factor with entries is evaluated after every factor without. Where it is rewritten to
    factors without entries that may have no value, these go behind the guards beside it.
    """
    pairs = tuple(zip(factors, changed, strict=True))
    if all(
        not has_entries(old) or has_entries(part) or _has_value(part, least)
        for old, new in pairs
        for part in product_factors(new)
    ):
        return Mul(changed)
    guards = (new for old, new in pairs if not has_entries(old))
    return Mul((*guards, *(new for old, new in pairs if has_entries(old))))


def _map(
    expression: Expression,
    change: Callable[[Expression], Expression],
    least: Least = NOTHING_KNOWN,
) -> Expression:
    """Change the expressions directly in one; products inside a product are flattened."""
    if isinstance(expression, Mul):
        factors = product_factors(expression)
        return _product(factors, tuple(map(change, factors)), least)
    return map_parts(expression, change, only=Expression)


def _merged(expression: Sum, least: Least) -> Sum:
    """Join a sum directly inside a sum, the inner index renamed where both have one name."""
    factors = product_factors(expression.body)
    for position, factor in enumerate(factors):
        others = factors[:position] + factors[position + 1 :]
        if not isinstance(factor, Sum) or (others and not has_entries(factor)):
            # A factor without entries guards the entries beside it as a whole.
            continue
        if not (all(map(has_entries, others)) or _are_whole(factor.ranges, least)):
            # The bounds would move in front of the guards, where they may have no value.
            continue
        taken: dict[Symbol, None] = {}
        for item in expression.ranges:
            taken |= dict.fromkeys((item.index, *symbols(item)))
        for other in others:
            taken |= all_symbols(other)
        inner = rename_bound(factor, taken)
        changed = (*factors[:position], inner.body, *factors[position + 1 :])
        body = _product(factors, changed, least) if others else inner.body
        return _merged(Sum(body, *expression.ranges, *inner.ranges), least)
    return expression


def _contract_sum(expression: Sum, least: Least) -> Expression:
    if isinstance(expression.body, Add):
        terms = (Sum(term, *expression.ranges) for term in expression.body.terms)
        return Add(tuple(_contract_sum(_merged(term, least), least) for term in terms))
    # A bound may mention an index of the same name from outside; the bracket that is made of
    # it must not be caught by the sum.
    renamed = rename_bound(expression, free_symbols(expression))
    ranges, factors = renamed.ranges, product_factors(renamed.body)
    for position, factor in enumerate(factors):
        if not isinstance(factor, Delta):
            continue
        for place, item in enumerate(ranges):
            solved = _solve(factor, item.index, least)
            if solved is None or not _may_move(solved.expression(), ranges, place, least):
                continue
            rest = factors[:position] + factors[position + 1 :]
            return _without_index(rest, ranges, place, solved, least)
    return expression


def _without_index(
    factors: tuple[Expression, ...],
    ranges: tuple[Range, ...],
    place: int,
    solved: Ratio,
    least: Least,
) -> Expression:
    """Put the solution for an index into a sum, its range and divisibility as brackets."""
    item, value = ranges[place], solved.expression()
    brackets: list[Expression] = []
    if not solved.is_polynomial:
        divisor, dividend = solved.denominator, solved.numerator
        brackets.append(Iverson(divides(terms_expression(divisor), terms_expression(dividend))))
    brackets.append(Iverson(between(item.lower, value, item.upper)))
    replacement: dict[Symbol, IntegerExpression] = {item.index: value}
    body = Mul((*brackets, *(substitute(factor, replacement) for factor in factors)))
    left = (*ranges[:place], *ranges[place + 1 :])
    if not left:
        return body
    return _contract_sum(Sum(body, *left), least)


def _solve(delta: Delta, index: Index, least: Least) -> Ratio | None:
    """Solve a delta for an index, or return None where the solution is not one."""
    difference = ratio(delta.left - delta.right)
    # left = right where numerator = 0; a divisor that may be 0 gives no equation.
    if difference.denominator != ONE and not is_positive(difference.denominator, least):
        return None
    parts = linear_part(difference.numerator, index)
    if parts is None or not parts[0]:
        return None
    coefficient, rest = parts
    if not _surely_nonzero(coefficient, least):
        return None
    if not (is_whole(coefficient) and is_whole(rest)):
        # A minimum of fractions may be none of the integers that the index runs over.
        return None
    return Ratio({powers: -value for powers, value in rest.items()}, coefficient)


def _surely_nonzero(terms: Terms, least: Least) -> bool:
    if set(terms) == {()}:
        return True
    negative = {powers: -value for powers, value in terms.items()}
    return is_positive(terms, least) or is_positive(negative, least)


def _may_move(
    value: IntegerExpression, ranges: tuple[Range, ...], place: int, least: Least
) -> bool:
    """Tell whether a solution can stand in front of the body, without the solved index.

    A later range that depends on the index would come to depend on what the solution
    mentions, which may be bound only there or later. The solution and the later ranges need
    a value even where the index has no values at all.
    """
    index, later = ranges[place].index, ranges[place + 1 :]
    if any(index in symbols(item) for item in later):
        return False
    return index not in symbols(value) and _is_defined(value, least) and _are_whole(later, least)


def _has_value(expression: Expression, least: Least) -> bool:
    """Tell whether what has no entries has a value everywhere; only True is an answer."""
    sums = (part for part in subexpressions(expression) if isinstance(part, Sum))
    return _is_defined(expression, least) and all(_are_whole(s.ranges, least) for s in sums)


def _is_defined(node: Node, least: Least) -> bool:
    """Tell whether what has no entries divides by 0 nowhere; only True is an answer."""
    # From the end, so that what stands in a divisor is settled before the divisor itself.
    inner_first = reversed(tuple(divisors(node)))
    return all(_surely_nonzero(ratio(divisor).numerator, least) for divisor in inner_first)


def _are_whole(ranges: Iterable[Range], least: Least) -> bool:
    """Tell whether ranges always end at integers; only True is an answer."""
    for bound in (bound for item in ranges for bound in (item.lower, item.upper)):
        if not _is_defined(bound, least):
            return False
        value = ratio(bound)
        if not (value.is_polynomial and is_whole(value.numerator)):
            return False
    return True
