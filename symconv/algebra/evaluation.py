"""The meaning of expressions: exact polynomials and values at given sizes.

This module *is* the semantics; everything else is checked against it. It evaluates the
tree as written, one value of every index at a time, and shares no code with rewriting. A
sum whose indices do not bound each other skips values as soon as a delta or bracket is 0.

- An expression evaluates to a polynomial in entries: a dictionary from monomials (sorted
  tuples of atoms, an atom being an array's name and its position) to exact coefficients.
- In a product the factors without entries are evaluated first, left to right; a zero
  skips the rest, so an entry behind a guard is never read.
- An entry outside its array's shape, or at a position that is not an integer, is
  ill-formed when it is read.
- Defined arrays are expanded by their definitions. A derivative by an array treats that
  array as independent while differentiating and expands everything else; what is left of
  it is expanded afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

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
    Statement,
    Sum,
    has_entries,
    product_factors,
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
    holds,
)
from symconv.algebra.scoping import dependencies, expand_where, inline, require_shape_in_sizes
from symconv.algebra.skipping import Guard, Guarded, guarded_ranges
from symconv.algebra.text import entry_text, number_text
from symconv.errors import IllFormed

Exact: TypeAlias = int | Fraction
Atom: TypeAlias = tuple[str, tuple[int, ...]]
Monomial: TypeAlias = tuple[Atom, ...]
Polynomial: TypeAlias = dict[Monomial, Exact]
Values: TypeAlias = Mapping[Symbol, int]


class Evaluator:
    """Evaluate expressions at given sizes, with the definitions of a layer.

    Args:
        definitions: what each defined array is, by its name.
        sizes: a value for every size, derived sizes included.
    """

    def __init__(self, definitions: Mapping[str, Definition], sizes: Values) -> None:
        self._definitions = dict(definitions)
        self._sizes = dict(sizes)
        self._depends = dependencies(self._definitions)
        self._expanded: dict[tuple[Atom, frozenset[str]], Polynomial] = {}
        self._gradients: dict[tuple[Atom, str], dict[Atom, Polynomial]] = {}
        # By identity, which costs less than equality; what has it is kept alive beside it.
        self._shapes: dict[int, tuple[Array, tuple[Exact, ...]]] = {}
        self._split: dict[int, tuple[Mul, list[Expression], list[Expression]]] = {}
        self._guarded: dict[int, tuple[Sum, Guarded | None]] = {}
        self._as_written = False

    def polynomial(self, expression: Expression, indices: Values | None = None) -> Polynomial:
        """Expand an expression to a polynomial in the entries of input arrays.

        Args:
            expression: what to evaluate.
            indices: a value for every free index.

        Raises:
            IllFormed: when an entry is read outside its array, an index has no value, a
                sum ends at a position that is not an integer, or a divisor is zero.
        """
        scope = {**self._sizes, **(indices or {})}
        try:
            return dict(self._evaluate(expression, scope, frozenset()))
        except IllFormed:
            # As it is written it says what is ill-formed first, if anything that counts is.
            self._as_written = True
            return dict(self._evaluate(expression, scope, frozenset()))
        finally:
            self._as_written = False

    def truth(self, condition: Condition, indices: Values | None = None) -> bool:
        """Decide a condition on sizes and indices."""
        return condition_value(condition, {**self._sizes, **(indices or {})})

    def integer(self, expression: IntegerExpression, indices: Values | None = None) -> Exact:
        """Evaluate an integer expression; a fraction where a division is not exact."""
        return integer_value(expression, {**self._sizes, **(indices or {})})

    def assignments(self, ranges: tuple[Range, ...]) -> Iterator[dict[Symbol, int]]:
        """Yield every value of the given indices, the first index varying slowest."""
        return self._assignments(ranges, dict(self._sizes), {})

    def _assignments(
        self, ranges: tuple[Range, ...], scope: dict[Symbol, int], chosen: dict[Symbol, int]
    ) -> Iterator[dict[Symbol, int]]:
        if not ranges:
            yield dict(chosen)
            return
        first, *rest = ranges
        for value in _range_values(first, scope):
            yield from self._assignments(
                tuple(rest), {**scope, first.index: value}, {**chosen, first.index: value}
            )

    def _evaluate(
        self, expression: Expression, scope: dict[Symbol, int], keep: frozenset[str]
    ) -> Polynomial:
        match expression:
            case Number(value=value):
                return constant(integer_value(value, scope))
            case Delta(left=left, right=right):
                return constant(int(integer_value(left, scope) == integer_value(right, scope)))
            case Iverson(condition=condition):
                return constant(int(condition_value(condition, scope)))
            case Entry():
                return self._expand(self._atom(expression, scope), keep)
            case Add(terms=terms):
                total: Polynomial = {}
                for term in terms:
                    add_into(total, self._evaluate(term, scope, keep))
                return total
            case Mul():
                return self._product(expression, scope, keep)
            case Sum():
                return self._sum(expression, scope, keep)
            case Derivative(body=body, by=by):
                return self._derivative(body, by, scope, keep)
        raise TypeError(f"not an expression: {expression!r}")

    def _product(
        self, expression: Mul, scope: dict[Symbol, int], keep: frozenset[str]
    ) -> Polynomial:
        plain, reading = self._factors(expression)
        result: Polynomial = {(): 1}
        for factor in plain:
            result = multiply(result, self._evaluate(factor, scope, keep))
            if not result:
                return {}
        for factor in reading:
            result = multiply(result, self._evaluate(factor, scope, keep))
        return result

    def _factors(self, expression: Mul) -> tuple[list[Expression], list[Expression]]:
        """Return the factors of a product without entries, and those with entries."""
        found = self._split.get(id(expression))
        if found is None:
            factors = product_factors(expression)
            plain = [factor for factor in factors if not has_entries(factor)]
            reading = [factor for factor in factors if has_entries(factor)]
            found = self._split[id(expression)] = (expression, plain, reading)
        return found[1], found[2]

    def _sum(self, expression: Sum, scope: dict[Symbol, int], keep: frozenset[str]) -> Polynomial:
        total: Polynomial = {}
        guarded = None if self._as_written else self._guarded_ranges(expression)
        if guarded is None:
            self._sum_into(total, expression.body, expression.ranges, scope, keep)
            return total
        # Every end has a value before anything is skipped.
        plan = [(item.index, _range_values(item, scope), guards) for item, guards in guarded]
        if all(values for _, values, _ in plan):
            self._skip_into(total, expression.body, plan, dict(scope), keep)
        return total

    def _guarded_ranges(self, expression: Sum) -> Guarded | None:
        found = self._guarded.get(id(expression))
        if found is None:
            found = self._guarded[id(expression)] = (expression, guarded_ranges(expression))
        return found[1]

    def _skip_into(
        self,
        total: Polynomial,
        body: Expression,
        plan: Sequence[tuple[Symbol, range, tuple[Guard, ...]]],
        scope: dict[Symbol, int],
        keep: frozenset[str],
    ) -> None:
        """Add the body at every value of the indices that no delta or bracket makes 0."""
        if not plan:
            add_into(total, self._evaluate(body, scope, keep))
            return
        (index, values, guards), *rest = plan
        for value in values:
            scope[index] = value
            if all(self._evaluate(guard, scope, keep) for guard in guards):
                self._skip_into(total, body, rest, scope, keep)

    def _sum_into(
        self,
        total: Polynomial,
        body: Expression,
        ranges: tuple[Range, ...],
        scope: dict[Symbol, int],
        keep: frozenset[str],
    ) -> None:
        """Add the body at every value of the indices, as they are written."""
        if not ranges:
            add_into(total, self._evaluate(body, scope, keep))
            return
        inner = dict(scope)
        for value in _range_values(ranges[0], scope):
            inner[ranges[0].index] = value
            self._sum_into(total, body, ranges[1:], inner, keep)

    def _atom(self, entry: Entry, scope: Values) -> Atom:
        position = tuple(integer_value(index, scope) for index in entry.indices)
        shape = self._shape(entry.array)
        for value, extent in zip(position, shape, strict=True):
            if isinstance(value, Fraction) and value.denominator != 1:
                raise _ill_formed_entry("non-integer-index", entry, position, shape, scope)
            if not 0 <= value < extent:
                raise _ill_formed_entry("out-of-range", entry, position, shape, scope)
        return (entry.array.name, tuple(int(value) for value in position))

    def _shape(self, array: Array) -> tuple[Exact, ...]:
        """Return the extents of an array; they hold sizes, and no index."""
        found = self._shapes.get(id(array))
        if found is None:
            require_shape_in_sizes(array)
            shape = tuple(integer_value(extent, self._sizes) for extent in array.shape)
            found = self._shapes[id(array)] = (array, shape)
        return found[1]

    def _expand(self, atom: Atom, keep: frozenset[str]) -> Polynomial:
        name, position = atom
        if name not in self._definitions or name in keep:
            return {(atom,): 1}
        key = (atom, keep & self._depends[name])
        if key not in self._expanded:
            definition, scope = self._definitions[name], dict(self._sizes)
            if self._as_written:
                body = inline(definition, tuple(map(Constant, position)))
            else:
                body = definition.body
                scope.update(zip(definition.parameters, position, strict=True))
            self._expanded[key] = self._evaluate(body, scope, keep)
        return self._expanded[key]

    def _derivative(
        self, body: Expression, by: Entry, scope: dict[Symbol, int], keep: frozenset[str]
    ) -> Polynomial:
        target = self._atom(by, scope)
        # An input is never expanded: what is derived by several is expanded once.
        alone = frozenset({by.array.name}).intersection(self._definitions)
        if isinstance(body, Entry):
            source = self._atom(body, scope)
            key = (source, by.array.name)
            if key not in self._gradients:
                self._gradients[key] = gradient(self._expand(source, alone), by.array.name)
            partial = self._gradients[key].get(target, {})
        else:
            partial = gradient(self._evaluate(body, scope, alone), by.array.name).get(target, {})
        return self._expand_left(partial, by.array.name, keep)

    def _expand_left(self, partial: Polynomial, name: str, keep: frozenset[str]) -> Polynomial:
        """Expand what is left of the array that was differentiated by."""
        if name not in self._definitions or name in keep:
            return partial
        total: Polynomial = {}
        for monomial, coefficient in partial.items():
            term: Polynomial = {tuple(atom for atom in monomial if atom[0] != name): coefficient}
            for atom in monomial:
                if atom[0] == name:
                    term = multiply(term, self._expand(atom, keep))
            add_into(total, term)
        return total


def side_polynomials(
    statement: Statement, evaluator: Evaluator
) -> Iterator[tuple[dict[Symbol, int], Polynomial, Polynomial]]:
    """Yield, for every value of the free indices, both sides of a statement as polynomials."""
    statement = expand_where(statement)
    for indices in evaluator.assignments(statement.free):
        yield (
            indices,
            evaluator.polynomial(statement.lhs, indices),
            evaluator.polynomial(statement.rhs, indices),
        )


def gradient(body: Polynomial, array: str) -> dict[Atom, Polynomial]:
    """Differentiate a polynomial by every entry of an array, by the power rule."""
    found: dict[Atom, Polynomial] = {}
    for monomial, coefficient in body.items():
        for atom in dict.fromkeys(monomial):
            if atom[0] == array:
                rest = list(monomial)
                rest.remove(atom)
                power = monomial.count(atom)
                add_into(found.setdefault(atom, {}), {tuple(rest): coefficient * power})
    return found


def constant(value: Exact) -> Polynomial:
    """Make the polynomial that is a number; zero has no monomials."""
    return {(): value} if value else {}


def add_into(total: Polynomial, addend: Polynomial) -> None:
    """Add a polynomial to another in place, dropping what cancels."""
    for monomial, coefficient in addend.items():
        changed = total.get(monomial, 0) + coefficient
        if changed:
            total[monomial] = changed
        else:
            del total[monomial]


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    """Multiply two polynomials."""
    product: Polynomial = {}
    for left_monomial, left_coefficient in left.items():
        for right_monomial, right_coefficient in right.items():
            monomial = tuple(sorted(left_monomial + right_monomial))
            add_into(product, {monomial: left_coefficient * right_coefficient})
    return product


def polynomial_text(polynomial: Polynomial) -> str:
    """Write a polynomial in plain text, its monomials in order; ``0`` when it is empty."""
    if not polynomial:
        return "0"
    parts: list[str] = []
    for monomial, coefficient in sorted(polynomial.items()):
        body = monomial_text(monomial)
        size = abs(coefficient)
        text = (
            body if size == 1 and monomial else number_text(size) + (f"*{body}" if monomial else "")
        )
        sign = "-" if coefficient < 0 else "+"
        parts.append(f" {sign} {text}" if parts else (f"-{text}" if sign == "-" else text))
    return "".join(parts)


def monomial_text(monomial: Monomial) -> str:
    """Write a monomial in plain text; ``1`` when it is empty."""
    return "*".join(entry_text(name, position) for name, position in monomial) or "1"


def integer_value(expression: IntegerExpression, scope: Values) -> Exact:
    """Evaluate an integer expression exactly.

    Raises:
        IllFormed: when a symbol has no value or a divisor is zero.
    """
    match expression:
        case Constant(value=value):
            return value
        case Symbol():
            # One look-up: it is what evaluation does most.
            try:
                return scope[expression]
            except KeyError:
                raise _without_value(expression) from None
        case Plus(terms=terms):
            return sum(integer_value(term, scope) for term in terms)
        case Times(factors=factors):
            product: Exact = 1
            for factor in factors:
                product = product * integer_value(factor, scope)
            return product
        case Quotient(dividend=dividend, divisor=divisor):
            return _whole(Fraction(integer_value(dividend, scope)) / _divisor(divisor, scope))
        case FloorDivision(dividend=dividend, divisor=divisor):
            return floor(Fraction(integer_value(dividend, scope)) / _divisor(divisor, scope))
        case CeilingDivision(dividend=dividend, divisor=divisor):
            return ceil(Fraction(integer_value(dividend, scope)) / _divisor(divisor, scope))
        case Remainder(dividend=dividend, divisor=divisor):
            return integer_value(dividend, scope) % _divisor(divisor, scope)
        case Minimum(arguments=arguments):
            return min(integer_value(argument, scope) for argument in arguments)
        case Maximum(arguments=arguments):
            return max(integer_value(argument, scope) for argument in arguments)
    raise TypeError(f"not an integer expression: {expression!r}")


def _without_value(symbol: Symbol) -> IllFormed:
    return IllFormed(
        f"{symbol} has no value: it is neither a size, nor a free index, nor summed",
        code="unbound-index",
        help=f"put {symbol} under a sum, or give it a range as a free index",
    )


def condition_value(condition: Condition, scope: Values) -> bool:
    """Decide a condition; `and` and `or` stop at the first part that settles them."""
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            return holds(relation, integer_value(left, scope), integer_value(right, scope))
        case Divides(divisor=divisor, value=value):
            return integer_value(value, scope) % _divisor(divisor, scope) == 0
        case And(conditions=parts):
            return all(condition_value(part, scope) for part in parts)
        case Or(conditions=parts):
            return any(condition_value(part, scope) for part in parts)
        case Not(condition=part):
            return not condition_value(part, scope)
    raise TypeError(f"not a condition: {condition!r}")


def _range_values(item: Range, scope: Values) -> range:
    lower = integer_value(item.lower, scope)
    upper = integer_value(item.upper, scope)
    for bound in (lower, upper):
        if isinstance(bound, Fraction) and bound.denominator != 1:
            raise IllFormed(
                f"the range {item} ends at {bound}, which is not an integer",
                code="non-integer-bound",
                help="write the floor or the ceiling of the division",
                indices=_index_values(scope),
            )
    return range(int(lower), int(upper) + 1)


def _divisor(divisor: IntegerExpression, scope: Values) -> Exact:
    value = integer_value(divisor, scope)
    if value == 0:
        raise IllFormed(
            f"division by {divisor}, which is 0",
            code="division-by-zero",
            indices=_index_values(scope),
        )
    return value


def _whole(value: Fraction) -> Exact:
    return value.numerator if value.denominator == 1 else value


def _ill_formed_entry(
    code: str, entry: Entry, position: tuple[Exact, ...], shape: tuple[Exact, ...], scope: Values
) -> IllFormed:
    name = entry.array.name
    reason = "is not at an integer position"
    if code == "out-of-range":
        reason = f"is outside the shape ({', '.join(map(str, shape))}) of {name}"
    return IllFormed(
        f"{entry} reads {entry_text(name, position)}, which {reason}",
        code=code,
        help="end the sum earlier, shift the index, or guard the entry with a bracket",
        indices=_index_values(scope),
    )


def _index_values(scope: Values) -> dict[str, int]:
    return {symbol.name: value for symbol, value in scope.items() if isinstance(symbol, Index)}
