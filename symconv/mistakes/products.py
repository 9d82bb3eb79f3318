"""Edits of products: deltas, brackets and factors, and the terms of sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
)
from symconv.algebra.indices import (
    And,
    Comparison,
    Constant,
    IntegerExpression,
    Or,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.tree import Node
from symconv.mistakes.arithmetic import joined_factors, joined_terms, plus_constant, without
from symconv.mistakes.sites import Site


def drop_delta(site: Site) -> Iterator[Node]:
    """Leave out a delta."""
    yield from _drop_factor(site, lambda factor: isinstance(factor, Delta))
    yield from _drop_alone(site, Delta)


def move_delta(site: Site) -> Iterator[Node]:
    """Let a delta hold one position off."""
    if isinstance(site.node, Delta):
        yield Delta(site.node.left, plus_constant(site.node.right, 1))
        yield Delta(site.node.left, plus_constant(site.node.right, -1))


def drop_bracket(site: Site) -> Iterator[Node]:
    """Leave out a bracket."""
    yield from _drop_factor(site, lambda factor: isinstance(factor, Iverson))
    yield from _drop_alone(site, Iverson)


def widen_bracket(site: Site) -> Iterator[Node]:
    """Let a bracket hold at one position too many, at either end."""
    yield from _move_ends(site, 1)


def narrow_bracket(site: Site) -> Iterator[Node]:
    """Let a bracket hold at one position too few, at either end."""
    yield from _move_ends(site, -1)


def unshift_bracket(site: Site) -> Iterator[Node]:
    """End a bracket at H-P, as the post does: the shift is taken off instead of put on."""
    for upper, size, padding in _padded_ends(site):
        if same_polynomial(upper, size + padding - 1):
            yield size - padding


def shift_bracket(site: Site) -> Iterator[Node]:
    """Undo `unshift_bracket`."""
    for upper, size, padding in _padded_ends(site):
        if same_polynomial(upper, size - padding):
            yield size + padding - 1


def loosen_and(site: Site) -> Iterator[Node]:
    """Ask for one of several conditions where all are due."""
    if isinstance(site.node, And) and len(site.node.conditions) > 1:
        yield Or(site.node.conditions)


def tighten_or(site: Site) -> Iterator[Node]:
    """Undo `loosen_and`."""
    if isinstance(site.node, Or) and len(site.node.conditions) > 1:
        yield And(site.node.conditions)


def drop_upstream(site: Site) -> Iterator[Node]:
    """Leave out the upstream gradient."""
    yield from _drop_factor(site, lambda factor: _is_upstream(factor, site))


def drop_other_entry(site: Site) -> Iterator[Node]:
    """Leave out a factor that is not the upstream gradient."""
    yield from _drop_factor(
        site,
        lambda factor: isinstance(factor, Entry | Derivative) and not _is_upstream(factor, site),
    )


def drop_term(site: Site) -> Iterator[Node]:
    """Leave out a term."""
    if isinstance(site.node, Add) and len(site.node.terms) > 1:
        for place in range(len(site.node.terms)):
            yield joined_terms(without(site.node.terms, place))


def negate_term(site: Site) -> Iterator[Node]:
    """Change the sign of a term."""
    if isinstance(site.node, Expression) and _is_term(site):
        match site.node:
            case Mul(factors=(Number(value=Constant(value=-1)), *rest)) if rest:
                yield joined_factors(rest)
            case _:
                yield -site.node


def double_term(site: Site) -> Iterator[Node]:
    """Count a term twice."""
    if isinstance(site.node, Expression) and _is_term(site):
        yield 2 * site.node


def halve_term(site: Site) -> Iterator[Node]:
    """Undo `double_term`."""
    match site.node:
        case Mul(factors=(Number(value=Constant(value=2)), *rest)) if rest and _is_term(site):
            yield joined_factors(rest)


def _drop_factor(site: Site, wanted: Callable[[Expression], bool]) -> Iterator[Node]:
    if isinstance(site.node, Mul):
        for place, factor in enumerate(site.node.factors):
            rest = without(site.node.factors, place)
            if wanted(factor) and rest:
                yield joined_factors(rest)


def _drop_alone(site: Site, kind: type[Expression]) -> Iterator[Node]:
    """Leave 1 of what is a product of one factor."""
    if isinstance(site.node, kind) and not isinstance(site.parent, Mul):
        yield Number(Constant(1))


def _move_ends(site: Site, amount: int) -> Iterator[Node]:
    match site.node:
        case And(
            conditions=(
                Comparison(left=lower, relation="<=", right=middle) as first,
                Comparison(left=again, relation="<=", right=upper) as second,
            )
        ) if middle == again:
            yield And((Comparison(plus_constant(lower, -amount), "<=", middle), second))
            yield And((first, Comparison(again, "<=", plus_constant(upper, amount))))


def _padded_ends(
    site: Site,
) -> Iterator[tuple[IntegerExpression, IntegerExpression, IntegerExpression]]:
    """Yield an upper end in a bracket with the size and the padding that may make it up."""
    node = site.node
    match site.parent:
        case Comparison(relation="<=", right=right) if right is node and site.path[-1] == 1:
            for axis in site.vocabulary.axes:
                yield right, axis.input, axis.padding_before


def _is_upstream(factor: Expression, site: Site) -> bool:
    match factor:
        case Entry(array=array):
            return array == site.vocabulary.upstream
        case Derivative(by=Entry(array=array)):
            return array == site.vocabulary.output
    return False


def _is_term(site: Site) -> bool:
    """Tell whether a site is a term of the right-hand side, or all of it."""
    if isinstance(site.node, Add | Number):
        return False
    return site.path == () or isinstance(site.parent, Add)
