"""Edits of sums: where they begin and end, which indices they sum, what they sum."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Mul,
    Number,
    Sum,
    product_factors,
)
from symconv.algebra.indices import (
    Comparison,
    Constant,
    Index,
    IntegerExpression,
    Quotient,
    Range,
    Symbol,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.scoping import free_indices, substitute
from symconv.algebra.tree import Node, walk
from symconv.mistakes.arithmetic import (
    joined_factors,
    joined_terms,
    plus_constant,
    signed,
    terms,
    total,
    without,
)
from symconv.mistakes.sites import Edit, Site, mentions


def move_bounds(*, lower: int = 0, upper: int = 0, spare: bool = True) -> Edit:
    """Make the edit that moves the ends of a range.

    Args:
        lower: what is added to the lower end.
        upper: what is added to the upper end.
        spare: leave a range alone that would only become longer, if a delta in the sum
            picks one value of the index anyway: `sum[g=0..F](delta(f, g)*b[g])` is `b[f]`.
    """
    longer = lower <= 0 <= upper

    def edit(site: Site) -> Iterator[Node]:
        item = site.node
        if isinstance(item, Range) and not (spare and longer and _is_picked(site, item.index)):
            yield Range(
                item.index,
                plus_constant(item.lower, lower) if lower else item.lower,
                plus_constant(item.upper, upper) if upper else item.upper,
            )

    return edit


def omit_sum(site: Site) -> Iterator[Node]:
    """Leave out the sum over one index, which is then bound by nothing."""
    if isinstance(site.node, Sum):
        for place in range(len(site.node.ranges)):
            ranges = without(site.node.ranges, place)
            yield Sum(site.node.body, *ranges) if ranges else site.node.body


def sum_unbound(site: Site) -> Iterator[Node]:
    """Sum over an index that nothing binds, wherever the sum can stand.

    Its range is read off the entries and deltas it stands in: `w[f,c,p-S*k,q]` needs
    `p = S*k .. S*k+HH-1`.
    """
    if not isinstance(site.node, Expression):
        return
    if isinstance(site.parent, Sum) and not isinstance(site.node, Sum):
        return  # the range goes into that sum instead
    if isinstance(site.parent, Derivative):
        return  # what is differentiated, and by what, are entries
    bound = {item.index for item in site.free}
    bound |= {item.index for a in site.ancestors if isinstance(a, Sum) for item in a.ranges}
    for index in free_indices(site.node):
        outside = [a for a in site.ancestors if isinstance(a, Add | Mul)]
        shared = any(_mentions_outside(a, site, index) for a in outside)
        if index in bound or shared:
            continue
        for item in _possible_ranges(index, site):
            yield from _summed(site.node, item)


def sum_free(site: Site) -> Iterator[Node]:
    """Sum the whole right-hand side over an index that is free."""
    if site.path == () and isinstance(site.node, Expression):
        for item in site.free:
            if item.index in free_indices(site.node):
                yield Sum(site.node, item)


def average_images(site: Site) -> Iterator[Node]:
    """Divide a sum over the images by their number."""
    images = site.vocabulary.images
    if isinstance(site.node, Sum):
        for item in site.node.ranges:
            if same_polynomial(item.upper - item.lower + 1, images):
                yield Number(Quotient(Constant(1), images)) * site.node


def sum_images(site: Site) -> Iterator[Node]:
    """Undo `average_images`: leave out the division by the number of images."""
    if isinstance(site.node, Mul):
        division = Number(Quotient(Constant(1), site.vocabulary.images))
        rest = [factor for factor in site.node.factors if factor != division]
        if 0 < len(rest) < len(site.node.factors):
            yield joined_factors(rest)


def move_term_into_sum(site: Site) -> Iterator[Node]:
    """Add what stands beside a sum once per term of the sum."""
    match site.node:
        case Add(terms=parts):
            for place, part in enumerate(parts):
                others = without(parts, place)
                if isinstance(part, Sum) and not _mention_any(others, part.ranges):
                    yield Sum(joined_terms((part.body, *others)), *part.ranges)


def move_term_out_of_sum(site: Site) -> Iterator[Node]:
    """Undo `move_term_into_sum` for terms that do not depend on the sum's indices."""
    match site.node:
        case Sum(body=Add(terms=parts), ranges=ranges):
            for place, part in enumerate(parts):
                rest = without(parts, place)
                if rest and not _mention_any((part,), ranges):
                    yield Sum(joined_terms(rest), *ranges) + part


def _mention_any(expressions: tuple[Expression, ...], ranges: tuple[Range, ...]) -> bool:
    return any(mentions(part, item.index) for part in expressions for item in ranges)


def _is_picked(site: Site, index: Index) -> bool:
    """Tell whether the sum over an index has a delta between it and another plain index."""
    if not isinstance(site.parent, Sum):
        return False
    body = site.parent.body
    while isinstance(body, Sum):
        body = body.body
    return any(
        isinstance(factor, Delta)
        and index in (factor.left, factor.right)
        and all(isinstance(side, Index) for side in (factor.left, factor.right))
        for factor in product_factors(body)
    )


def _mentions_outside(ancestor: Node, site: Site, index: Index) -> bool:
    """Tell whether an index stands in a sibling of the path that leads to a site."""
    level = site.ancestors.index(ancestor)
    taken = site.path[level]
    parts = ancestor.terms if isinstance(ancestor, Add) else ()
    parts = ancestor.factors if isinstance(ancestor, Mul) else parts
    return any(mentions(part, index) for place, part in enumerate(parts) if place != taken)


def _summed(expression: Expression, item: Range) -> Iterator[Node]:
    """Put a new sum around an expression, and its range into a sum at every place."""
    yield Sum(expression, item)
    if isinstance(expression, Sum) and item.index not in (
        known.index for known in expression.ranges
    ):
        for place in range(len(expression.ranges) + 1):
            ranges = (*expression.ranges[:place], item, *expression.ranges[place:])
            yield Sum(expression.body, *ranges)


def _possible_ranges(index: Index, site: Site) -> Iterator[Range]:
    found: list[Range] = []
    known = {item.index: item for item in site.free}
    given = dict(_given_sizes(site))
    for node in walk(site.node):
        match node:
            case Entry(array=array, indices=positions):
                for position, extent in zip(positions, array.shape, strict=True):
                    shift = _shift(position, index)
                    if shift is not None:
                        upper = total([substitute(extent, given), *shift])
                        found.append(Range(index, total(shift), plus_constant(upper, -1)))
            case Delta(left=left, right=right) if index in (left, right):
                other = right if left == index else left
                if isinstance(other, Index) and other in known:
                    found.append(Range(index, known[other].lower, known[other].upper))
    seen: list[Range] = []
    for item in found:
        if not any(_same_range(item, earlier) for earlier in seen):
            seen.append(item)
            yield item


def _given_sizes(site: Site) -> Iterator[tuple[Symbol, IntegerExpression]]:
    """Yield the sizes that the statement's assumptions fix, each with its value."""
    for condition in site.assumptions:
        match condition:
            case Comparison(left=Symbol() as size, relation="==", right=Constant() as value):
                yield size, value


def _shift(position: IntegerExpression, index: Symbol) -> list[IntegerExpression] | None:
    """Return the terms that bring a position back to an index that it adds to.

    None where the index is not in the position, or is not simply added to.
    """
    parts = terms(position)
    rest = [part for part in parts if part != index]
    if parts.count(index) != 1 or any(index in signed(part)[1] for part in rest):
        return None
    return [-part for part in rest]


def _same_range(left: Range, right: Range) -> bool:
    return same_polynomial(left.lower, right.lower) and same_polynomial(left.upper, right.upper)
