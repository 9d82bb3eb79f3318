"""Random formulas for the tests of the writer and of both readers."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from symconv.algebra.expressions import (
    Add,
    Array,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
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
    Remainder,
    Size,
    Symbol,
    Times,
)

# H, h, Hh and HH side by side are what a reader could take for one another.
SIZE_SYMBOLS = [Size("H"), Size("S"), Size("Hh"), Size("HH"), Size("alpha")]
U, V, A = Array("u"), Array("v"), Array("a", (Constant(3),))
RELATIONS = ["==", "!=", "<=", "<", ">=", ">"]


class RandomFormulas:
    """Strategies for integers, conditions and expressions in some symbols.

    Attributes:
        symbols: the symbols.
        nested: the two indices that a double sum binds; the bound of the inner one is the outer.
        leaves: how many leaves an integer has at most.
    """

    def __init__(
        self, symbols: Sequence[Symbol], nested: tuple[Index, Index], *, leaves: int
    ) -> None:
        self._nested_indices = nested
        self._divisors = st.one_of(st.integers(1, 4).map(Constant), st.sampled_from(symbols))
        plain = st.one_of(st.integers(-3, 12).map(Constant), st.sampled_from(symbols))
        self.integers = st.recursive(plain, self._extended, max_leaves=leaves)
        comparisons = st.one_of(
            st.builds(Comparison, self.integers, st.sampled_from(RELATIONS), self.integers),
            st.builds(Divides, self._divisors, self.integers),
        )
        self.conditions: st.SearchStrategy[Condition] = st.recursive(
            comparisons,
            lambda parts: st.one_of(
                st.lists(parts, max_size=3).map(tuple).map(And),
                st.lists(parts, max_size=3).map(tuple).map(Or),
                parts.map(Not),
            ),
            max_leaves=5,
        )
        entries = st.one_of(
            st.just(U[()]),
            st.just(V[()]),
            self.integers.map(lambda index: A[Remainder(index, Constant(3))]),
        )
        self.expressions = st.recursive(
            st.one_of(
                self.integers.map(Number),
                entries,
                st.builds(Delta, self.integers, self.integers),
                self.conditions.map(Iverson),
            ),
            self._nested,
            max_leaves=6,
        )

    def _extended(
        self, parts: st.SearchStrategy[IntegerExpression]
    ) -> st.SearchStrategy[IntegerExpression]:
        several = st.lists(parts, min_size=1, max_size=3).map(tuple)
        divisors = st.one_of(self._divisors, parts)
        return st.one_of(
            several.map(Plus),
            several.map(Times),
            several.map(Minimum),
            several.map(Maximum),
            st.builds(Quotient, parts, divisors),
            st.builds(FloorDivision, parts, divisors),
            st.builds(CeilingDivision, parts, divisors),
            st.builds(Remainder, parts, divisors),
        )

    def _nested(self, parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(parts, max_size=3).map(tuple)
        bounds = st.one_of(st.integers(0, 2).map(Constant), st.sampled_from(SIZE_SYMBOLS[:1]))
        outer, inner = self._nested_indices
        return st.one_of(
            several.map(Add),
            several.map(Mul),
            st.builds(Derivative, parts, st.just(U[()])),
            st.builds(
                lambda body, lower, upper: Sum(body, (Index("i"), lower, upper)),
                parts,
                bounds,
                bounds,
            ),
            st.builds(
                lambda body, upper: Sum(body, (outer, 0, 1), (inner, outer, upper)), parts, bounds
            ),
        )
