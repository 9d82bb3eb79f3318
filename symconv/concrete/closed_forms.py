"""Closed forms by SymPy: the slow, independent oracle.

Every array entry is a Symbol, the definitions are expanded entry by entry with explicit
loops, and `sympy.diff` differentiates. The left-hand side of a statement is built this
way; the hand-derived right-hand side is expanded by `evaluation`, and both must be the
same polynomial. Nothing is shared with rewriting or with the monomial tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import sympy

from symconv.algebra.counting import term_count
from symconv.algebra.evaluation import (
    Atom,
    Evaluator,
    Exact,
    Polynomial,
    condition_value,
    integer_value,
)
from symconv.algebra.expressions import (
    Add,
    Array,
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
from symconv.algebra.indices import Constant, IntegerExpression, Symbol
from symconv.algebra.scoping import expand_where, inline
from symconv.algebra.skipping import Guard, Guarded, guarded_ranges
from symconv.algebra.text import entry_text
from symconv.concrete.differences import Difference, smallest_difference
from symconv.errors import (
    IllFormed,
    NotSupported,
    TooLarge,
    WrongShape,
)
from symconv.layers.layer import Layer, Loop, Sizes

Scope: TypeAlias = dict[Symbol, int]

MOST_TERMS = 200_000
"""The most products that are built as SymPy expressions: about a gigabyte and a minute."""


class Oracle:
    """Build a layer's arrays and gradients entry by entry in SymPy, at given sizes.

    Args:
        layer: whose definitions are expanded.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self.layer = layer
        self.sizes = sizes
        self._definitions = layer.definition_by_name
        self._scope: Scope = sizes.by_symbol
        self._evaluator = Evaluator(self._definitions, sizes.by_symbol)
        self._symbols: dict[Atom, sympy.Symbol] = {}
        self._atoms: dict[sympy.Symbol, Atom] = {}
        self._entries: dict[tuple[Atom, str], sympy.Expr] = {}
        self._gradients: dict[tuple[Atom, Atom], sympy.Expr] = {}

    def compare(self, statement: Statement) -> Difference | None:
        """Return the smallest difference between both sides, or None where there is none.

        Raises:
            IllFormed: when a side has no meaning at these sizes.
        """
        statement = expand_where(statement)
        first: Difference | None = None
        # All the way through: what is ill-formed anywhere takes precedence over a difference.
        for assignment in self._evaluator.assignments(statement.free):
            left = self.polynomial(self._build(statement.lhs, {**self._scope, **assignment}, ""))
            right = self._evaluator.polynomial(statement.rhs, assignment)
            if first is None:
                names = {symbol.name: value for symbol, value in assignment.items()}
                first = smallest_difference(names, left, right)
        return first

    def compare_loop(self, loop: Loop) -> Difference | None:
        """Run a loop on object arrays of Symbols and compare what it computes.

        Raises:
            WrongShape: when the result does not have the shape of what the loop computes.
        """
        target = self.entries(loop.computes)
        result = self._run(loop)
        index_names = self.layer.index_names(loop.computes)
        for position, expected in target.items():
            names = dict(zip(index_names, position, strict=True))
            left = self.polynomial(expected)
            right = self.polynomial(sympy.Integer(0) + result[position])
            difference = smallest_difference(names, left, right)
            if difference is not None:
                return difference
        return None

    def loop_polynomial(self, loop: Loop, position: tuple[int, ...]) -> Polynomial:
        """Return one entry of what a loop computes on Symbols."""
        return self.polynomial(sympy.Integer(0) + self._run(loop)[position])

    def entries(self, name: str) -> ClosedForm:
        """Return an array or gradient entry by entry; see `Layer.closed_form`."""
        return ClosedForm(self.layer, name, self.sizes, self)

    def _run(self, loop: Loop) -> Any:
        arrays = {array.name: self.symbol_array(array) for array in self.layer.inputs}
        result = np.asarray(self.layer.run_loop(loop, arrays, self.sizes), dtype=object)
        expected = self.entries(loop.computes).shape
        if np.shape(result) != expected:
            raise WrongShape(np.shape(result), expected)
        return result

    def symbol(self, array: str, position: tuple[int, ...]) -> sympy.Symbol:
        """Return the Symbol that stands for one entry of an array."""
        atom = (array, position)
        if atom not in self._symbols:
            symbol = sympy.Symbol(entry_text(array, position))
            self._symbols[atom] = symbol
            self._atoms[symbol] = atom
        return self._symbols[atom]

    def symbol_array(self, array: Array) -> Any:
        """Return an object array of the Symbols that stand for an array's entries."""
        shape = self.shape(array)
        symbols = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            symbols[position] = self.symbol(array.name, position)
        return symbols

    def shape(self, array: Array) -> tuple[int, ...]:
        """Return an array's shape at these sizes."""
        return tuple(int(integer_value(extent, self._scope)) for extent in array.shape)

    def entry(self, array: str, position: tuple[int, ...]) -> sympy.Expr:
        """Return one entry in terms of input entries, not expanded."""
        return self._expand((array, position), "")

    def derivative(self, body: Atom, by: Atom) -> sympy.Expr:
        """Return the derivative of one entry by another, by `sympy.diff`, not expanded."""
        if (body, by) not in self._gradients:
            expression = self._expand(body, self._kept(by[0]))
            partial = sympy.diff(expression, self.symbol(*by))
            self._gradients[body, by] = self._expand_left(partial, by[0])
        return self._gradients[body, by]

    def polynomial(self, expression: sympy.Expr) -> Polynomial:
        """Read an expanded SymPy expression back as a polynomial in entries."""
        result: Polynomial = {}
        for term, coefficient in sympy.expand(expression).as_coefficients_dict().items():
            atoms: list[Atom] = []
            if term != 1:
                for symbol, power in term.as_powers_dict().items():
                    atoms += [self._atoms[symbol]] * int(power)
            if coefficient:
                result[tuple(sorted(atoms))] = _exact(coefficient)
        return result

    def _expand(self, atom: Atom, keep: str) -> sympy.Expr:
        """Expand an entry by its definition, treating the array `keep` as independent."""
        name, position = atom
        if name == keep or name not in self._definitions:
            return self.symbol(name, position)
        if (atom, keep) not in self._entries:
            body = inline(self._definitions[name], tuple(map(Constant, position)))
            self._entries[atom, keep] = self._build(body, dict(self._scope), keep)
        return self._entries[atom, keep]

    def _kept(self, name: str) -> str:
        """Return what is kept where an array is differentiated by; an input always is."""
        return name if name in self._definitions else ""

    def _expand_left(self, partial: sympy.Expr, name: str, keep: str = "") -> sympy.Expr:
        """Expand what is left of the array that was differentiated by."""
        if name == keep or name not in self._definitions:
            return partial
        occurring = partial.free_symbols
        left = {
            symbol: self._expand(atom, keep)
            for symbol, atom in list(self._atoms.items())
            if atom[0] == name and symbol in occurring
        }
        expanded: Any = partial.xreplace(left)
        return expanded

    def _build(self, expression: Expression, scope: Scope, keep: str) -> sympy.Expr:
        match expression:
            case Number(value=value):
                exact = Fraction(integer_value(value, scope))
                return sympy.Rational(exact.numerator, exact.denominator)
            case Delta() | Iverson():
                return sympy.Integer(not _is_zero(expression, scope))
            case Entry():
                return self._expand(self._atom(expression, scope), keep)
            case Add(terms=terms):
                return sympy.Add(*(self._build(term, scope, keep) for term in terms))
            case Mul():
                factors = product_factors(expression)
                scalars = [part for part in factors if not has_entries(part)]
                others = [part for part in factors if has_entries(part)]
                built: list[sympy.Expr] = []
                for factor in scalars:
                    built.append(self._build(factor, scope, keep))
                    if built[-1] == 0:
                        return sympy.Integer(0)
                return sympy.Mul(*built, *(self._build(part, scope, keep) for part in others))
            case Sum():
                return sympy.Add(*self._summands(expression, scope, keep))
            case Derivative(body=Entry() as body, by=by) if not keep:
                return self.derivative(self._atom(body, scope), self._atom(by, scope))
            case Derivative(body=body, by=by):
                target = self.symbol(*self._atom(by, scope))
                partial = sympy.diff(self._build(body, scope, self._kept(by.array.name)), target)
                return self._expand_left(partial, by.array.name, keep)
        raise TypeError(f"not an expression: {expression!r}")

    def _summands(self, expression: Sum, scope: Scope, keep: str) -> list[sympy.Expr]:
        written: Guarded = tuple((item, ()) for item in expression.ranges)
        guarded = guarded_ranges(expression)
        with suppress(IllFormed):
            # As it is written it says what is ill-formed first, if anything that counts is.
            if guarded is not None:
                _ = [_bound(end, scope) for item, _ in guarded for end in (item.lower, item.upper)]
                scopes = _scopes(guarded, scope)
                return [self._build(expression.body, inner, keep) for inner in scopes]
        return [self._build(expression.body, inner, keep) for inner in _scopes(written, scope)]

    def _atom(self, entry: Entry, scope: Scope) -> Atom:
        position = tuple(integer_value(index, scope) for index in entry.indices)
        shape = tuple(integer_value(extent, scope) for extent in entry.array.shape)
        for value, extent in zip(position, shape, strict=True):
            if Fraction(value).denominator != 1 or not 0 <= value < extent:
                read = entry_text(entry.array.name, position)
                whole = Fraction(value).denominator == 1
                raise IllFormed(
                    f"{entry} reads {read}, which is no entry of {entry.array.name}",
                    code="out-of-range" if whole else "non-integer-index",
                )
        return (entry.array.name, tuple(int(value) for value in position))


class ClosedForm:
    """The entries of an array or gradient as SymPy expressions, made when asked for.

    Shapes: those of the array; a gradient ``dL/dx`` has the shape of x, and a Jacobian
    ``dy/dx`` the shape of y followed by that of x.
    """

    def __init__(self, layer: Layer, name: str, sizes: Sizes, oracle: Oracle | None = None) -> None:
        self._oracle = oracle or Oracle(layer, sizes)
        self.name = name
        body, by = layer.named_arrays(name)
        self._body, self._by = body, by
        self._split = len(body.shape)
        self.shape = self._oracle.shape(body) + (self._oracle.shape(by) if by else ())
        terms = term_count(body[(0,) * len(body.shape)], layer.definition_by_name, sizes.by_symbol)
        if terms > MOST_TERMS:
            raise TooLarge(
                f"one entry of {body.name} at {sizes} has {terms:,} terms, "
                f"more than the {MOST_TERMS:,} that are built as SymPy expressions",
                terms=terms,
                help="give smaller sizes",
            )

    def __getitem__(self, position: int | tuple[int, ...]) -> sympy.Expr:
        """Return one entry, expanded; positions count from 0.

        Raises:
            IndexError: when the position is outside the shape.
        """
        where = position if isinstance(position, tuple) else (position,)
        if len(where) != len(self.shape) or not all(
            0 <= value < extent for value, extent in zip(where, self.shape, strict=True)
        ):
            raise IndexError(f"{entry_text(self.name, where)}: the shape is {self.shape}")
        return sympy.expand(self._unexpanded(where))

    def items(self) -> Iterator[tuple[tuple[int, ...], sympy.Expr]]:
        """Yield every position with its entry, the last index varying fastest."""
        for where in product(*(range(extent) for extent in self.shape)):
            yield where, self[where]

    def symbol(self, array: str, *position: int) -> sympy.Symbol:
        """Return the Symbol that stands for one entry of an input array."""
        return self._oracle.symbol(array, position)

    def _unexpanded(self, where: tuple[int, ...]) -> sympy.Expr:
        body = (self._body.name, where[: self._split])
        if self._by is None:
            return self._oracle.entry(*body)
        return self._oracle.derivative(body, (self._by.name, where[self._split :]))


def _scopes(guarded: Guarded, scope: Scope) -> Iterator[Scope]:
    """Yield the scope with every value of the indices that no delta or bracket makes 0."""
    if not guarded:
        yield scope
        return
    (item, guards), *rest = guarded
    for value in range(_bound(item.lower, scope), _bound(item.upper, scope) + 1):
        inner = {**scope, item.index: value}
        if not any(_is_zero(guard, inner) for guard in guards):
            yield from _scopes(tuple(rest), inner)


def _is_zero(guard: Guard, scope: Scope) -> bool:
    if isinstance(guard, Iverson):
        return not condition_value(guard.condition, scope)
    return integer_value(guard.left, scope) != integer_value(guard.right, scope)


def _bound(bound: IntegerExpression, scope: Scope) -> int:
    value = Fraction(integer_value(bound, scope))
    if value.denominator != 1:
        raise IllFormed(f"a sum ends at {value}, not an integer", code="non-integer-bound")
    return int(value)


def _exact(coefficient: sympy.Expr) -> Exact:
    if not isinstance(coefficient, sympy.Rational):
        raise NotSupported(f"the coefficient {coefficient} is not an exact number")
    value = Fraction(int(coefficient.p), int(coefficient.q))
    return int(value) if value.denominator == 1 else value
