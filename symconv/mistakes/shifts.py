"""Edits of shifts: the padding and the stride in indices, deltas, brackets and bounds."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.expressions import Delta, Entry
from symconv.algebra.indices import (
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Quotient,
    Range,
    Size,
    Symbol,
    Times,
    equal,
)
from symconv.algebra.tree import Node, symbols
from symconv.mistakes.arithmetic import (
    factor_place,
    factors,
    product,
    signed,
    sum_terms,
    terms,
    terms_with,
    total,
    with_part,
    with_sign,
    without,
)
from symconv.mistakes.sites import Site, names_any


def drop_padding(site: Site) -> Iterator[Node]:
    """Leave out a term with the padding: i+P becomes i."""
    parts = sum_terms(site)
    for place, _ in terms_with(parts, site.vocabulary.paddings):
        yield total(without(parts, place))


def restore_padding(site: Site) -> Iterator[Node]:
    """Undo `drop_padding`: add the padding, or take it away, once or on both sides."""
    parts = sum_terms(site)
    if not parts or names_any(total(parts), site.vocabulary.paddings):
        return
    beside = () if parts == (Constant(0),) else parts
    for padding in _paddings_of(site):
        yield total([*beside, padding])
        yield total([*beside, -padding])
        if any(axis.input in parts for axis in site.vocabulary.axes):
            yield total([*parts, 2 * padding])


def double_padding(site: Site) -> Iterator[Node]:
    """Count the padding twice where it is due once: i+P becomes i+2P."""
    parts = sum_terms(site)
    for place, term in terms_with(parts, site.vocabulary.paddings):
        sign, rest = signed(term)
        if len(rest) == 1:
            yield total(with_part(parts, place, with_sign(sign, (Constant(2), *rest))))


def halve_padding(site: Site) -> Iterator[Node]:
    """Count the padding once where it is due on both sides: H+2P becomes H+P."""
    parts = sum_terms(site)
    for place, term in terms_with(parts, site.vocabulary.paddings):
        sign, rest = signed(term)
        if len(rest) == 2 and rest[0] == Constant(2):
            yield total(with_part(parts, place, with_sign(sign, rest[1:])))


def negate_padding(site: Site) -> Iterator[Node]:
    """Shift by the padding in the other direction: i+P becomes i-P."""
    parts = sum_terms(site)
    for place, term in terms_with(parts, site.vocabulary.paddings):
        yield total(with_part(parts, place, -term))


def move_padding_across(site: Site) -> Iterator[Node]:
    """Put the padding on the other side of a delta with the sign it had."""
    match site.node:
        case Delta(left=left, right=right):
            sides = (terms(left), terms(right))
            for place, term in terms_with(sides[0], site.vocabulary.paddings):
                yield Delta(total(without(sides[0], place)), total([*sides[1], term]))
            for place, term in terms_with(sides[1], site.vocabulary.paddings):
                yield Delta(total([*sides[0], term]), total(without(sides[1], place)))


def add_padding(site: Site) -> Iterator[Node]:
    """Shift an index by the padding where no shift is due."""
    node = site.node
    if not isinstance(node, IntegerExpression) or padding_is_zero(site):
        return
    names = (*site.vocabulary.padded_name, *site.vocabulary.padded_name.values())
    in_input = isinstance(site.parent, Entry) and site.parent.array.name in names
    if not (in_input or isinstance(site.parent, Delta)):
        return
    if site.vocabulary.axis_number(node) is None or names_any(node, site.vocabulary.paddings):
        return
    for padding in _paddings_of(site):
        yield total([node, padding])
        yield total([node, -padding])


def padding_is_zero(site: Site) -> bool:
    """Tell whether the statement assumes that there is no padding."""
    zero: list[Condition] = [equal(padding, 0) for padding in site.vocabulary.paddings]
    return all(condition in site.assumptions for condition in zero)


def drop_stride(site: Site) -> Iterator[Node]:
    """Leave out the factor S: p+kS becomes p+k."""
    if isinstance(site.node, Times):
        place = factor_place(site.node, site.vocabulary.strides)
        if place is not None:
            yield product(without(site.node.factors, place))


def restore_stride(site: Site) -> Iterator[Node]:
    """Undo `drop_stride`: multiply an index, or an extent, by the stride of its axis."""
    node = site.node
    if isinstance(node, Index | Size):
        number = site.vocabulary.axis_number(node)
        around = factors(site.parent) if isinstance(site.parent, IntegerExpression) else ()
        if number is not None and not any(part in site.vocabulary.strides for part in around):
            yield Times((node, *factors(site.vocabulary.axes[number].stride)))


def repeat_stride(site: Site) -> Iterator[Node]:
    """Apply the stride twice: p+kS becomes p+kSS."""
    if isinstance(site.node, Times):
        place = factor_place(site.node, site.vocabulary.strides)
        if place is not None:
            yield Times((*site.node.factors, site.node.factors[place]))


def add_stride(site: Site) -> Iterator[Node]:
    """Add the stride instead of multiplying by it: p+kS becomes p+k+S."""
    if isinstance(site.node, Times):
        sign, parts = signed(site.node)
        place = factor_place(product(parts), site.vocabulary.strides)
        if place is not None and len(parts) == 2:
            yield total(with_sign(sign, (part,)) for part in parts)


def multiply_stride(site: Site) -> Iterator[Node]:
    """Undo `add_stride`: multiply another term by a stride that is added."""
    parts = sum_terms(site)
    for stride_place, stride in enumerate(parts):
        stride_sign, bare = signed(stride)
        if len(bare) != 1 or bare[0] not in site.vocabulary.strides:
            continue
        for place, term in enumerate(parts):
            sign, rest = signed(term)
            if sign == stride_sign and len(rest) == 1 and _is_spatial(rest[0], site):
                changed = with_part(parts, place, with_sign(sign, (*rest, *bare)))
                yield total(without(changed, stride_place))


def exchange_stride(site: Site) -> Iterator[Node]:
    """Multiply the other index by the stride: p+kS becomes pS+k."""
    parts = sum_terms(site)
    for strided_place, strided in terms_with(parts, site.vocabulary.strides):
        sign, rest = signed(strided)
        place = factor_place(product(rest), site.vocabulary.strides)
        if place is None or len(rest) != 2 or not isinstance(rest[1 - place], Index):
            continue
        for bare_place, bare in enumerate(parts):
            bare_sign, alone = signed(bare)
            if len(alone) == 1 and isinstance(alone[0], Index):
                changed = with_part(parts, strided_place, with_sign(sign, (rest[1 - place],)))
                multiplied = with_sign(bare_sign, (*alone, rest[place]))
                yield total(with_part(changed, bare_place, multiplied))


def spread_stride(site: Site) -> Iterator[Node]:
    """Multiply the position within the filter by the stride as well: p+kS becomes pS+kS."""
    parts = sum_terms(site)
    for _, strided in terms_with(parts, site.vocabulary.strides):
        place = factor_place(strided, site.vocabulary.strides)
        assert place is not None, "the term has a stride"
        for bare_place, bare in enumerate(parts):
            sign, alone = signed(bare)
            if len(alone) == 1 and isinstance(alone[0], Index):
                multiplied = with_sign(sign, (*alone, factors(strided)[place]))
                yield total(with_part(parts, bare_place, multiplied))


def negate_offset(site: Site) -> Iterator[Node]:
    """Move the window backwards: p+kS becomes p-kS."""
    parts = sum_terms(site)
    for place, term in terms_with(parts, site.vocabulary.strides):
        if len(parts) > 1 and _has_index(term):
            yield total(with_part(parts, place, -term))


def drop_offset(site: Site) -> Iterator[Node]:
    """Leave out where the window begins: p-kS becomes p."""
    parts = sum_terms(site)
    for place, term in terms_with(parts, site.vocabulary.strides):
        if _has_index(term) and (len(parts) > 1 or isinstance(site.parent, Range)):
            yield total(without(parts, place))


def restore_offset(site: Site) -> Iterator[Node]:
    """Undo `drop_offset`: add where the window begins, or take it away."""
    parts = sum_terms(site)
    whole = site.node if not isinstance(site.parent, Range) else site.parent.index
    if not parts or not isinstance(whole, IntegerExpression):
        return
    number = site.vocabulary.axis_number(whole)
    if number is None or names_any(total(parts), site.vocabulary.strides):
        return
    axis = site.vocabulary.axes[number]
    for index in site.indices():
        if site.vocabulary.letter(index) == site.vocabulary.letters[axis.output]:
            offset = Times((index, *factors(axis.stride)))
            yield total([*parts, offset])
            yield total([*parts, -offset])


def drop_division(site: Site) -> Iterator[Node]:
    """Leave out the division by the stride."""
    parts = sum_terms(site)
    for place, term in enumerate(parts):
        match term:
            case (
                Quotient(dividend=dividend, divisor=divisor)
                | FloorDivision(dividend=dividend, divisor=divisor)
                | CeilingDivision(dividend=dividend, divisor=divisor)
            ) if divisor in site.vocabulary.strides:
                yield total(with_part(parts, place, dividend))


def restore_division(site: Site) -> Iterator[Node]:
    """Undo `drop_division`: divide what is not a number by the stride, exactly or rounded down."""
    parts = sum_terms(site)
    numbers = [part for part in parts if isinstance(part, Constant)]
    rest = total(part for part in parts if not isinstance(part, Constant))
    for axis in site.vocabulary.axes:
        if axis.input in symbols(rest) and not _divides(site):
            for division in (FloorDivision, Quotient):
                yield total([*numbers, division(rest, axis.stride)])


def _divides(site: Site) -> bool:
    return any(
        isinstance(part, Quotient | FloorDivision | CeilingDivision)
        for part in (*sum_terms(site), *site.ancestors)
    )


def _paddings_of(site: Site) -> tuple[Symbol, ...]:
    """Return the paddings of the axis that a site belongs to, or all where it names none."""
    node = site.parent.index if isinstance(site.parent, Range) else site.node
    assert isinstance(node, IntegerExpression), "a padding is added to an integer"
    number = site.vocabulary.axis_number(node)
    if number is None:
        in_bracket = isinstance(site.parent, Comparison) and node == Constant(0)
        return site.vocabulary.paddings if in_bracket else ()
    axis = site.vocabulary.axes[number]
    sides = (axis.padding_before, axis.padding_after)
    return tuple(dict.fromkeys(symbol for side in sides for symbol in symbols(side)))


def _is_spatial(expression: IntegerExpression, site: Site) -> bool:
    return isinstance(expression, Symbol) and site.vocabulary.axis_number(expression) is not None


def _has_index(term: IntegerExpression) -> bool:
    return any(isinstance(factor, Index) for factor in factors(term))
