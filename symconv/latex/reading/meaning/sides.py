"""The sides of an equality: from the syntax of a member to an expression of the algebra.

The walk goes down by recursion, which the parser's limit on nesting bounds. What the names
of a formula turn out to be is collected in a `Scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from symconv.algebra.expressions import (
    Add,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Or,
    Quotient,
    Range,
    Size,
    as_integer,
)
from symconv.algebra.tree import symbols
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.array_entries import delta_of, entry_at, named_entry
from symconv.latex.reading.meaning.derivatives import (
    differentiated,
    is_differential,
    is_operator,
    operand_of,
    slashed_parts,
)
from symconv.latex.reading.meaning.dots import Unclear, dotted_sum
from symconv.latex.reading.meaning.integers import (
    conditions_of,
    exponent,
    gradient_of,
    integer_of,
    is_integer,
    refuse_bare_modulus,
    refuse_unclear_division,
    refused,
    unclear_dots,
)
from symconv.latex.reading.meaning.piecewise import Coverage, guard, guarded, refuse_misplaced
from symconv.latex.reading.meaning.scope import Bounds, Scope, agreed, expanded, range_of
from symconv.latex.reading.meaning.sums import (
    Ends,
    binders,
    bound_name,
    ends_of,
    pair_letters,
    refuse_shared,
)
from symconv.latex.reading.syntax import (
    Additive,
    Call,
    Cases,
    Chain,
    Connected,
    Group,
    Literal,
    Name,
    Node,
    Power,
    Product,
    Stopped,
    Summation,
)

_MINUS_ONE: Final = Constant(-1)


@dataclass(frozen=True, slots=True)
class Side:
    """A member of a chain with its meaning.

    Attributes:
        node: its syntax.
        expression: what it means.
        scope: what was found out about its names, while it was read.
        fallback: ranges that the members of the chain give to indices.
    """

    node: Node
    expression: Expression
    scope: Scope
    fallback: Mapping[str, Bounds] = field(default_factory=dict)

    @property
    def free(self) -> dict[str, Span]:
        """The free indices, abbreviated ones included, and where each stands first."""
        found = dict(self.scope.first)
        context = self.scope.context
        for name, span in self.scope.abbreviations.items():
            for symbol in symbols(expanded(Index(name), context)):
                if isinstance(symbol, Index):
                    _ = found.setdefault(symbol.name, span)
        return found


def sides(
    nodes: Sequence[Node | Stopped], context: Context, said: Collection[str] = ()
) -> list[Side | Stopped]:
    """Give meaning to the members of a chain; they may get ranges from each other.

    Args:
        nodes: the members.
        context: what is known.
        said: letters that the chain is about, beside those in its members.
    """
    letters = pair_letters([node for node in nodes if not isinstance(node, Stopped)], said)
    pairs = frozenset(name for name in letters if _is_free(name, context))
    tried = [_side(node, Scope(context, pairs=pairs)) for node in nodes]
    everywhere: dict[str, list[Bounds]] = {}
    for _, scope in tried:
        for name, found in scope.everywhere.items():
            known = everywhere.setdefault(name, [])
            known.extend(bounds for bounds in found if bounds not in known)
    fallback = agreed(everywhere)
    result: list[Side | Stopped] = []
    for node, (side, scope) in zip(nodes, tried, strict=True):
        if isinstance(side, Side) and scope.deferred:
            side, _ = _side(node, Scope(context, fallback, final=True, pairs=pairs))
        result.append(replace(side, fallback=fallback) if isinstance(side, Side) else side)
    return result


def _is_free(name: str, context: Context) -> bool:
    """Tell whether a name can be an index of a sum."""
    return not context.knows(name) or any(index.name == name for index in context.indices)


def _side(node: Node | Stopped, scope: Scope) -> tuple[Side | Stopped, Scope]:
    if isinstance(node, Stopped):
        return node, scope
    try:
        return Side(node, expression_of(node, scope), scope), scope
    except Stopped as stopped:
        return stopped, scope


def expression_of(node: Node, scope: Scope) -> Expression:
    """Give meaning to an expression.

    Raises:
        Stopped: for what has no meaning, or is not supported.
    """
    if is_integer(node, scope):
        return Number(integer_of(node, scope))
    match node:
        case Literal():
            raise refused(node)
        case Name():
            return named_entry(node, scope)
        case Additive(signs=signs, terms=terms):
            refuse_bare_modulus(signs, terms)
            if any(map(_is_dots, terms)):
                return _dotted(node, scope)
            parts = [
                _negative(expression_of(term, scope)) if sign == "-" else expression_of(term, scope)
                for sign, term in zip(signs, terms, strict=True)
            ]
            return parts[0] if len(parts) == 1 else Add(tuple(parts))
        case Product():
            return _product(node, scope)
        case Summation():
            return _summation(node, scope)
        case Cases():
            return _cases(node, scope)
        case Group(bracket="(" | "[", items=(item,)) if not isinstance(item, Chain | Connected):
            return expression_of(item, scope)
        case Group(bracket="[", items=items):
            return Iverson(conditions_of(items, scope))
        case Call(kind="indicator", items=(Group(bracket="{", items=items),)):
            return Iverson(conditions_of(items, scope))
        case Call(kind="indicator", items=items):
            return Iverson(conditions_of(items, scope))
        case Call(kind="delta", items=items):
            return delta_of(node, items, scope)
        case Call(kind="fraction"):
            return _fraction(node, scope)
        case Power(base=base):
            return Mul((expression_of(base, scope),) * exponent(node))
    raise Stopped(node.span, "unsupported", "this is not read as a part of an equation")


def entry_of(node: Node, scope: Scope) -> Entry:
    """Give meaning to one entry of an array, which something is differentiated by.

    Raises:
        Stopped: for anything else.
    """
    if isinstance(node, Group) and len(node.items) == 1:
        return entry_of(node.items[0], scope)
    if not isinstance(node, Product | Additive | Chain | Connected | Literal):
        found = expression_of(node, scope)
        if isinstance(found, Entry):
            return found
        upstream = scope.context.layer.upstream if scope.context.layer else None
        if isinstance(found, Derivative) and isinstance(found.body, Entry) and upstream:
            layer = scope.context.layer
            assert layer is not None, "an upstream gradient belongs to a layer"
            if found.body.array == layer.loss and found.by.array == layer.output:
                return Entry(upstream, found.by.indices)
    raise Stopped(
        node.span,
        "unsupported",
        "a derivative is taken by one entry of an array, such as x_{i}",
    )


def _product(node: Product, scope: Scope) -> Expression:
    if not any(is_differential(factor) for factor in node.factors):
        refuse_unclear_division(node)
    factors: list[Expression] = []
    needed: list[int] = []
    place = 0
    while place < len(node.factors):
        sign, factor = node.signs[place], node.factors[place]
        place += 1
        needed.append(len(scope.coverage))
        if isinstance(factor, Literal) and factor.kind == "differential":
            if sign == "/":
                raise Stopped(factor.span, "unsupported", "a division by a derivative")
            body, by = slashed_parts(node, place - 1)
            factors.append(Derivative(expression_of(body, scope), entry_of(by, scope)))
            place += 3
        elif isinstance(factor, Call) and is_operator(factor):
            body = operand_of(node, place)
            by = entry_of(differentiated(factor.items[1]), scope)
            factors.append(Derivative(expression_of(body, scope), by))
            place += 1
        elif _is_inline_derivative(node, place - 1, scope):
            # dL/dx_{i}: d, L, and the name of the derivative behind the slash.
            place += 2
            factors.append(expression_of(node.factors[place - 1], scope))
        elif sign == "/":
            divisor = _divisor(factor, scope)
            factors.append(Number(Quotient(as_integer(1), divisor)))
        elif sign == "mod":
            raise Stopped(factor.span, "unsupported", "a remainder of entries of arrays")
        elif _is_indexing(factor, node, place, scope):
            assert isinstance(factor, Name), "only names are indexed by brackets"
            group = node.factors[place]
            assert isinstance(group, Group), "what indexes is in brackets"
            array = scope.context.array(factor.name)
            assert array is not None, "only arrays are indexed"
            scope.note(f"{factor.name}(...) is read as an entry of the array")
            span = (factor.span[0], group.span[1])
            factors.append(entry_at(array, group.items, span, scope))
            place += 1
        else:
            _refuse_function(factor, node, place, scope)
            factors.append(expression_of(factor, scope))
    _bracket(factors, [*needed, len(scope.coverage)], scope)
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))


def _bracket(factors: list[Expression], needed: list[int], scope: Scope) -> None:
    """Put the brackets of a product around what its other factors need."""
    brackets = [factor.condition for factor in factors if isinstance(factor, Iverson)]
    for factor, (first, behind) in zip(factors, pairwise(needed), strict=True):
        if not isinstance(factor, Iverson):
            for place in range(first, behind):
                for condition in brackets:
                    item = scope.coverage[place]
                    scope.coverage[place] = item.under(condition)


def _is_inline_derivative(node: Product, place: int, scope: Scope) -> bool:
    """Tell whether dL/dx begins here, in which dx is a name of that derivative."""
    match node.factors[place : place + 3], node.signs[place + 1 : place + 3]:
        case (Name(name="d", subscripts=None), Name(name=loss), Name(name=by)), ("", "/"):
            known = gradient_of(by, scope)
            array = scope.context.array(loss)
            return not scope.context.knows("d") and known is not None and known[0] == array
    return False


def _is_indexing(factor: Node, node: Product, place: int, scope: Scope) -> bool:
    """Tell whether Y(i,j) is an entry: a bare array before its indices in brackets.

    Raises:
        Stopped: for b(f), which may be an entry or a product.
    """
    if place >= len(node.factors) or node.signs[place]:
        return False
    group = node.factors[place]
    if not isinstance(factor, Name) or factor.subscripts is not None:
        return False
    array = scope.context.array(factor.name)
    if array is None or not array.shape or not isinstance(group, Group):
        return False
    if not all(is_integer(item, scope) for item in group.items):
        return False
    if len(group.items) == 1 and group.bracket != "[":
        raise Stopped(
            (factor.span[0], group.span[1]),
            "unsupported",
            "this may be an entry of an array, or a product with a number",
            f"write {factor.name}_{{...}} for an entry",
        )
    return True


def _refuse_function(factor: Node, node: Product, place: int, scope: Scope) -> None:
    """Refuse sigma(x_i), which is a function of an entry; note L(...) and N(...) as doubtful.

    Raises:
        Stopped: where a name that is no number stands before parentheses with arrays.
    """
    if place >= len(node.factors) or node.signs[place] or not isinstance(factor, Name):
        return
    group = node.factors[place]
    if not isinstance(group, Group) or group.bracket != "(" or factor.subscripts is not None:
        return
    array = scope.context.array(factor.name)
    if is_integer(group, scope) and array is None:
        return
    number = scope.is_bound(factor.name) or Size(factor.name) in scope.context.sizes
    number = number or scope.context.abbreviation(factor.name) is not None
    if number or (array is not None and scope.context.definition(array.name) is None):
        if not scope.is_bound(factor.name):
            scope.doubts[f"{factor.name}(...) may be a function"] = None
        return
    raise Stopped(
        (factor.span[0], group.span[1]),
        "unsupported",
        f"{factor.name}(...) may be a function, and functions are not read",
        "name its value as an array: array a (N)",
    )


def _divisor(node: Node, scope: Scope) -> IntegerExpression:
    if not is_integer(node, scope):
        raise Stopped(node.span, "unsupported", "a division by entries of arrays")
    return integer_of(node, scope)


def _fraction(node: Call, scope: Scope) -> Expression:
    above, below = node.items
    if not is_differential(below):
        divisor = _divisor(below, scope)
        return Mul((expression_of(above, scope), Number(Quotient(as_integer(1), divisor))))
    if not is_differential(above):
        raise Stopped(above.span, "unreadable", "a derivative needs a d or \\partial above")
    if isinstance(above, Literal):
        raise Stopped(node.span, "unreadable", "nothing is differentiated here")
    body = expression_of(differentiated(above), scope)
    return Derivative(body, entry_of(differentiated(below), scope))


def _dotted(node: Additive, scope: Scope) -> Expression:
    """Read a sum in which terms are left out between dots."""
    places = [place for place, term in enumerate(node.terms) if _is_dots(term)]
    dots, place = node.terms[places[0]], places[0]
    known = len(scope.numbers)
    try:
        if len(places) > 1:
            raise Unclear("there are dots at more than one place")
        before = [expression_of(term, scope) for term in node.terms[:place]]
        behind = [expression_of(term, scope) for term in node.terms[place + 1 :]]
        found = dotted_sum(before, behind, scope.taken)
        if "-" in node.signs[found.first : place + 1 + found.last]:
            raise Unclear("a minus sign stands at the dots, or before a term beside them")
    except Unclear as unclear:
        raise unclear_dots(dots.span, str(unclear)) from None
    # The sum reads these positions as far as it goes, and no further.
    del scope.numbers[known:]
    scope.note(f"terms left out between dots are read as {found.total}")
    signs = (*node.signs[: found.first], "+", *node.signs[place + 1 + found.last :])
    terms = (*before[: found.first], found.total, *behind[found.last :])
    parts = [
        _negative(term) if sign == "-" else term for sign, term in zip(signs, terms, strict=True)
    ]
    return parts[0] if len(parts) == 1 else Add(tuple(parts))


def _cases(node: Cases, scope: Scope) -> Expression:
    refuse_misplaced(node)
    earlier: list[Condition] = []
    pieces: list[Expression] = []
    for case in node.cases:
        condition = None if case.otherwise else conditions_of(case.conditions, scope)
        counts = guard(condition, earlier)
        before = len(scope.coverage)
        piece = guarded(counts, expression_of(case.value, scope))
        _cover(before, lambda item, counts=counts: item.under(counts), scope)
        if piece is not None:
            pieces.append(piece)
        if condition is not None:
            earlier.append(condition)
    if not node.cases[-1].otherwise:
        scope.coverage.append(Coverage(node.span, Or(tuple(earlier))))
    if not pieces:
        return Number(as_integer(0))
    return pieces[0] if len(pieces) == 1 else Add(tuple(pieces))


def _cover(before: int, change: Callable[[Coverage], Coverage], scope: Scope) -> None:
    """Put something around the lists of cases that were read since a place."""
    scope.coverage[before:] = map(change, scope.coverage[before:])


def _summation(node: Summation, scope: Scope) -> Expression:
    found, guards = binders(node, scope.pairs)
    for letter in scope.pairs & {binder.name.name for binder in found}:
        scope.note("a sum over a comparison of two letters is over both", letter)
    before = len(scope.coverage)
    frame: dict[str, list[Bounds]] = {}
    scope.frames.append(frame)
    ends: list[tuple[str, Ends]] = []
    needed: list[int] = []
    for binder in found:
        written = ends_of(binder, scope)
        needed.append(len(scope.coverage))
        name = bound_name(binder, scope)
        frame[name] = []
        ends.append((name, written))
    outside = len(scope.coverage)
    # The conditions come first: what they need is needed whether they hold or not.
    condition = conditions_of(tuple(guards), scope) if guards else None
    inside = len(scope.coverage)
    body = expression_of(node.body, scope)
    if condition is not None:
        body = Mul((Iverson(condition), *_factors(body)))
        _cover(inside, lambda item: item.under(condition), scope)
    _ = scope.frames.pop()
    ranges: list[Range] = []
    for binder, (name, (lower, upper)) in zip(found, ends, strict=True):
        if binder.shared:
            refuse_shared(binder, (lower, upper), frame[name], scope)
        if lower is None or upper is None:
            bounds = scope.inferred(name, binder.name.span, frame[name])
            lower, upper = lower or bounds[0], upper or bounds[1]
        scope.sums.setdefault(name, []).append((lower, upper))
        ranges.append(range_of(name, (lower, upper)))
    _cover(outside, lambda item: item.inside(ranges), scope)
    # What a bound needs is needed in the ranges of the indices before it.
    for place in range(before, outside):
        first = sum(place >= behind for behind in needed)
        scope.coverage[place] = scope.coverage[place].inside(ranges[:first])
    if isinstance(body, Sum) and isinstance(node.body, Summation):
        taken = {item.index for item in ranges}
        if not taken & {item.index for item in body.ranges}:
            return Sum(body.body, *ranges, *body.ranges)
    return Sum(body, *ranges)


def _factors(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Mul) else (expression,)


def _negative(expression: Expression) -> Expression:
    match expression:
        case Number(value=value):
            return Number(-value)
        case Mul(factors=(Number(value=Constant(value=value)), *rest)):
            return Mul((Number(Constant(-value)), *rest))
    return Mul((Number(_MINUS_ONE), *_factors(expression)))


def _is_dots(node: Node) -> bool:
    return isinstance(node, Literal) and node.kind == "dots"
