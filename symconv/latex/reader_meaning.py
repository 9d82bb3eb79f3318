"""The meaning of the syntax of formulas: expressions of the algebra.

The walk goes down by recursion, which the parser's limit on nesting bounds. What the names
of a formula turn out to be is collected in a `Scope`.
"""

from __future__ import annotations

from collections.abc import Callable
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
    IntegerExpression,
    Or,
    Quotient,
    Range,
    Size,
    as_integer,
)
from symconv.algebra.polynomials import same_polynomial
from symconv.latex.reader_arrays import EntryReader
from symconv.latex.reader_cases import Coverage, guard, guarded, refuse_misplaced
from symconv.latex.reader_dots import Unclear, dotted_sum
from symconv.latex.reader_integers import refused, unclear_dots
from symconv.latex.reader_scope import Bounds, range_of
from symconv.latex.reader_sums import Binder, Bound, binders
from symconv.latex.reader_syntax import (
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


class Elaborator(EntryReader):
    """Give meaning to the parts of one equality."""

    def expression(self, node: Node) -> Expression:
        """Give meaning to an expression.

        Raises:
            Stopped: for what has no meaning, or is not supported.
        """
        if self.is_integer(node):
            return Number(self.integer(node))
        match node:
            case Literal():
                raise refused(node)
            case Name():
                return self.named(node)
            case Additive(signs=signs, terms=terms):
                self.refuse_bare_modulus(signs, terms)
                if any(map(_is_dots, terms)):
                    return self._dotted(node)
                parts = [
                    _negative(self.expression(term)) if sign == "-" else self.expression(term)
                    for sign, term in zip(signs, terms, strict=True)
                ]
                return parts[0] if len(parts) == 1 else Add(tuple(parts))
            case Product():
                return self._product(node)
            case Summation():
                return self._summation(node)
            case Cases():
                return self._cases(node)
            case Group(bracket="(" | "[", items=(item,)) if not isinstance(item, Chain | Connected):
                return self.expression(item)
            case Group(bracket="[", items=items):
                return Iverson(self.conditions(items))
            case Call(kind="indicator", items=(Group(bracket="{", items=items),)):
                return Iverson(self.conditions(items))
            case Call(kind="indicator", items=items):
                return Iverson(self.conditions(items))
            case Call(kind="delta", items=items):
                return self.delta(node, items)
            case Call(kind="fraction"):
                return self._fraction(node)
            case Power(base=base):
                return Mul((self.expression(base),) * self.exponent(node))
        raise Stopped(node.span, "unsupported", "this is not read as a part of an equation")

    def entry(self, node: Node) -> Entry:
        """Give meaning to one entry of an array, which something is differentiated by.

        Raises:
            Stopped: for anything else.
        """
        if isinstance(node, Group) and len(node.items) == 1:
            return self.entry(node.items[0])
        if not isinstance(node, Product | Additive | Chain | Connected | Literal):
            found = self.expression(node)
            if isinstance(found, Entry):
                return found
            upstream = self.context.layer.upstream if self.context.layer else None
            if isinstance(found, Derivative) and isinstance(found.body, Entry) and upstream:
                layer = self.context.layer
                assert layer is not None, "an upstream gradient belongs to a layer"
                if found.body.array == layer.loss and found.by.array == layer.output:
                    return Entry(upstream, found.by.indices)
        raise Stopped(
            node.span,
            "unsupported",
            "a derivative is taken by one entry of an array, such as x_{i}",
        )

    def _product(self, node: Product) -> Expression:
        if not any(_is_differential(factor) for factor in node.factors):
            self.refuse_unclear_division(node)
        factors: list[Expression] = []
        needed: list[int] = []
        place = 0
        while place < len(node.factors):
            sign, factor = node.signs[place], node.factors[place]
            place += 1
            needed.append(len(self.scope.coverage))
            if isinstance(factor, Literal) and factor.kind == "differential":
                if sign == "/":
                    raise Stopped(factor.span, "unsupported", "a division by a derivative")
                value, place = self._slashed_derivative(node, place - 1)
                factors.append(value)
            elif _is_operator(factor):
                value, place = self._applied(node, place)
                factors.append(value)
            elif self._is_inline_derivative(node, place - 1):
                # dL/dx_{i}: d, L, and the name of the derivative behind the slash.
                place += 2
                factors.append(self.expression(node.factors[place - 1]))
            elif sign == "/":
                divisor = self._divisor(factor)
                factors.append(Number(Quotient(as_integer(1), divisor)))
            elif sign == "mod":
                raise Stopped(factor.span, "unsupported", "a remainder of entries of arrays")
            elif self._is_indexing(factor, node, place):
                assert isinstance(factor, Name), "only names are indexed by brackets"
                group = node.factors[place]
                assert isinstance(group, Group), "what indexes is in brackets"
                array = self.context.array(factor.name)
                assert array is not None, "only arrays are indexed"
                self.scope.note(f"{factor.name}(...) is read as an entry of the array")
                span = (factor.span[0], group.span[1])
                factors.append(self.entry_of(array, group.items, span))
                place += 1
            else:
                self._refuse_function(factor, node, place)
                factors.append(self.expression(factor))
        self._bracket(factors, [*needed, len(self.scope.coverage)])
        return factors[0] if len(factors) == 1 else Mul(tuple(factors))

    def _bracket(self, factors: list[Expression], needed: list[int]) -> None:
        """Put the brackets of a product around what its other factors need."""
        brackets = [factor.condition for factor in factors if isinstance(factor, Iverson)]
        for factor, (first, behind) in zip(factors, pairwise(needed), strict=True):
            if not isinstance(factor, Iverson):
                for place in range(first, behind):
                    for condition in brackets:
                        item = self.scope.coverage[place]
                        self.scope.coverage[place] = item.under(condition)

    def _is_inline_derivative(self, node: Product, place: int) -> bool:
        """Tell whether dL/dx begins here, in which dx is a name of that derivative."""
        match node.factors[place : place + 3], node.signs[place + 1 : place + 3]:
            case (Name(name="d", subscripts=None), Name(name=loss), Name(name=by)), ("", "/"):
                known = self.gradient(by)
                array = self.context.array(loss)
                return not self.context.knows("d") and known is not None and known[0] == array
        return False

    def _is_indexing(self, factor: Node, node: Product, place: int) -> bool:
        """Tell whether Y(i,j) is an entry: a bare array before its indices in brackets.

        Raises:
            Stopped: for b(f), which may be an entry or a product.
        """
        if place >= len(node.factors) or node.signs[place]:
            return False
        group = node.factors[place]
        if not isinstance(factor, Name) or factor.subscripts is not None:
            return False
        array = self.context.array(factor.name)
        if array is None or not array.shape or not isinstance(group, Group):
            return False
        if not all(map(self.is_integer, group.items)):
            return False
        if len(group.items) == 1 and group.bracket != "[":
            raise Stopped(
                (factor.span[0], group.span[1]),
                "unsupported",
                "this may be an entry of an array, or a product with a number",
                f"write {factor.name}_{{...}} for an entry",
            )
        return True

    def _refuse_function(self, factor: Node, node: Product, place: int) -> None:
        """Refuse sigma(x_i), which is a function of an entry; note L(...) and N(...) as doubtful.

        Raises:
            Stopped: where a name that is no number stands before parentheses with arrays.
        """
        if place >= len(node.factors) or node.signs[place] or not isinstance(factor, Name):
            return
        group = node.factors[place]
        if not isinstance(group, Group) or group.bracket != "(" or factor.subscripts is not None:
            return
        array = self.context.array(factor.name)
        if self.is_integer(group) and array is None:
            return
        number = self.scope.is_bound(factor.name) or Size(factor.name) in self.context.sizes
        number = number or self.context.abbreviation(factor.name) is not None
        if number or (array is not None and self.context.definition(array.name) is None):
            if not self.scope.is_bound(factor.name):
                self.scope.doubts[f"{factor.name}(...) may be a function"] = None
            return
        raise Stopped(
            (factor.span[0], group.span[1]),
            "unsupported",
            f"{factor.name}(...) may be a function, and functions are not read",
            "name its value as an array: array a (N)",
        )

    def _divisor(self, node: Node) -> IntegerExpression:
        if not self.is_integer(node):
            raise Stopped(node.span, "unsupported", "a division by entries of arrays")
        return self.integer(node)

    def _fraction(self, node: Call) -> Expression:
        above, below = node.items
        if not _is_differential(below):
            divisor = self._divisor(below)
            return Mul((self.expression(above), Number(Quotient(as_integer(1), divisor))))
        if not _is_differential(above):
            raise Stopped(above.span, "unreadable", "a derivative needs a d or \\partial above")
        if isinstance(above, Literal):
            raise Stopped(node.span, "unreadable", "nothing is differentiated here")
        body = self.expression(_differentiated(above))
        return Derivative(body, self.entry(_differentiated(below)))

    def _applied(self, node: Product, place: int) -> tuple[Expression, int]:
        """Apply a derivative such as d/dx to the factor behind it."""
        operator = node.factors[place - 1]
        assert isinstance(operator, Call), "an operator is a fraction"
        if place >= len(node.factors):
            raise Stopped(operator.span, "unreadable", "nothing is differentiated here")
        body = node.factors[place]
        if not isinstance(body, Group) and place + 1 < len(node.factors):
            raise Stopped(
                body.span,
                "unreadable",
                "it is not clear how far this derivative reaches",
                "put parentheses around what is differentiated",
            )
        by = self.entry(_differentiated(operator.items[1]))
        return Derivative(self.expression(body), by), place + 1

    def _slashed_derivative(self, node: Product, place: int) -> tuple[Expression, int]:
        r"""Read \partial L / \partial w_{...}."""
        window = node.factors[place : place + 4]
        signs = node.signs[place + 1 : place + 4]
        match window:
            case (_, body, Literal(kind="differential"), by) if signs == ("", "/", ""):
                return Derivative(self.expression(body), self.entry(by)), place + 4
        raise Stopped(
            node.factors[place].span,
            "unreadable",
            "this differential belongs to no derivative",
            "write \\frac{\\partial L}{\\partial x_{i}}",
        )

    def _dotted(self, node: Additive) -> Expression:
        """Read a sum in which terms are left out between dots."""
        places = [place for place, term in enumerate(node.terms) if _is_dots(term)]
        dots, place = node.terms[places[0]], places[0]
        known = len(self.scope.numbers)
        try:
            if len(places) > 1:
                raise Unclear("there are dots at more than one place")
            before = [self.expression(term) for term in node.terms[:place]]
            behind = [self.expression(term) for term in node.terms[place + 1 :]]
            found = dotted_sum(before, behind, self._taken())
            if "-" in node.signs[found.first : place + 1 + found.last]:
                raise Unclear("a minus sign stands at the dots, or before a term beside them")
        except Unclear as unclear:
            raise unclear_dots(dots.span, str(unclear)) from None
        # The sum reads these positions as far as it goes, and no further.
        del self.scope.numbers[known:]
        self.scope.note(f"terms left out between dots are read as {found.total}")
        signs = (*node.signs[: found.first], "+", *node.signs[place + 1 + found.last :])
        terms = (*before[: found.first], found.total, *behind[found.last :])
        parts = [
            _negative(term) if sign == "-" else term
            for sign, term in zip(signs, terms, strict=True)
        ]
        return parts[0] if len(parts) == 1 else Add(tuple(parts))

    def _taken(self) -> frozenset[str]:
        """Return the names that a new index must not have."""
        symbols = (*self.context.sizes, *self.context.indices)
        names = [name for name, _ in self.context.abbreviations]
        frames = (name for frame in self.scope.frames for name in frame)
        return frozenset((*(s.name for s in (*symbols, *names)), *self.scope.first, *frames))

    def _cases(self, node: Cases) -> Expression:
        refuse_misplaced(node)
        earlier: list[Condition] = []
        pieces: list[Expression] = []
        for case in node.cases:
            condition = None if case.otherwise else self.conditions(case.conditions)
            counts = guard(condition, earlier)
            before = len(self.scope.coverage)
            piece = guarded(counts, self.expression(case.value))
            self._cover(before, lambda item, counts=counts: item.under(counts))
            if piece is not None:
                pieces.append(piece)
            if condition is not None:
                earlier.append(condition)
        if not node.cases[-1].otherwise:
            self.scope.coverage.append(Coverage(node.span, Or(tuple(earlier))))
        if not pieces:
            return Number(as_integer(0))
        return pieces[0] if len(pieces) == 1 else Add(tuple(pieces))

    def _cover(self, before: int, change: Callable[[Coverage], Coverage]) -> None:
        """Put something around the lists of cases that were read since a place."""
        self.scope.coverage[before:] = map(change, self.scope.coverage[before:])

    def _summation(self, node: Summation) -> Expression:
        found, guards = binders(node, self.scope.pairs)
        for letter in self.scope.pairs & {binder.name.name for binder in found}:
            self.scope.note("a sum over a comparison of two letters is over both", letter)
        before = len(self.scope.coverage)
        frame: dict[str, list[Bounds]] = {}
        self.scope.frames.append(frame)
        ends: list[tuple[Binder, IntegerExpression | None, IntegerExpression | None]] = []
        needed: list[int] = []
        for binder in found:
            ends.append((binder, self._lower(binder.lower), self._upper(binder.upper)))
            needed.append(len(self.scope.coverage))
            name = self._bound_name(binder)
            frame[name] = []
        outside = len(self.scope.coverage)
        # The conditions come first: what they need is needed whether they hold or not.
        condition = self.conditions(tuple(guards)) if guards else None
        inside = len(self.scope.coverage)
        body = self.expression(node.body)
        if condition is not None:
            body = Mul((Iverson(condition), *_factors(body)))
            self._cover(inside, lambda item: item.under(condition))
        _ = self.scope.frames.pop()
        ranges: list[Range] = []
        for binder, lower, upper in ends:
            name = self.symbol_name(binder.name)
            if binder.shared:
                self._refuse_shared(binder, name, (lower, upper), frame[name])
            if lower is None or upper is None:
                bounds = self.scope.inferred(name, binder.name.span, frame[name])
                lower, upper = lower or bounds[0], upper or bounds[1]
            self.scope.sums.setdefault(name, []).append((lower, upper))
            ranges.append(range_of(name, (lower, upper)))
        self._cover(outside, lambda item: item.inside(ranges))
        # What a bound needs is needed in the ranges of the indices before it.
        for place in range(before, outside):
            first = sum(place >= behind for behind in needed)
            self.scope.coverage[place] = self.scope.coverage[place].inside(ranges[:first])
        if isinstance(body, Sum) and isinstance(node.body, Summation):
            taken = {item.index for item in ranges}
            if not taken & {item.index for item in body.ranges}:
                return Sum(body.body, *ranges, *body.ranges)
        return Sum(body, *ranges)

    def _refuse_shared(
        self,
        binder: Binder,
        name: str,
        ends: tuple[IntegerExpression | None, IntegerExpression | None],
        found: list[Bounds],
    ) -> None:
        """Refuse bounds of another index for one that usually has its own: n, f=0 up to F-1."""
        usual = self.scope.usual(name)
        for bounds in found or ([usual] if usual else []):
            for said, own in zip(ends, bounds, strict=True):
                if said is not None and not same_polynomial(said, own):
                    raise Stopped(
                        binder.name.span,
                        "unclear-range",
                        f"it is not clear whether these bounds are those of {name}, too, "
                        f"which otherwise runs over {bounds[0]}..{bounds[1]}",
                        "write one sum sign per index",
                    )

    def _bound_name(self, binder: Binder) -> str:
        name = self.symbol_name(binder.name)
        context = self.context
        if context.knows(name) and not any(index.name == name for index in context.indices):
            abbreviated = context.abbreviation(name) is not None
            raise Stopped(
                binder.name.span,
                "unsupported" if abbreviated else "overloaded-name",
                f"{name} is declared as something else, and stands below a sum sign",
                "sum over an index with a name of its own",
            )
        _ = self.scope.bound.setdefault(name, binder.name.span)
        return name

    def _lower(self, bound: Bound | None) -> IntegerExpression | None:
        if bound is None:
            return None
        value = self.integer(bound.node)
        return value + 1 if bound.kind == "excluded" else value

    def _upper(self, bound: Bound | None) -> IntegerExpression | None:
        if bound is None:
            return None
        value = self.integer(bound.node)
        exclusive = bound.kind == "above" and self.context.upper_bounds == "exclusive"
        return value - 1 if bound.kind == "excluded" or exclusive else value


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


def _is_differential(node: Node) -> bool:
    first = node.factors[0] if isinstance(node, Product) else node
    return isinstance(first, Literal) and first.kind == "differential"


def _is_operator(node: Node) -> bool:
    """Tell whether a node is d/dx with nothing above that is differentiated."""
    match node:
        case Call(kind="fraction", items=(Literal(kind="differential"), below)):
            return _is_differential(below)
    return False


def _differentiated(node: Node) -> Node:
    r"""Return what stands behind the d or \partial of one half of a derivative."""
    match node:
        case Product(signs=("", ""), factors=(_, part)):
            return part
    raise Stopped(node.span, "unsupported", "a derivative has one array above and one entry below")
