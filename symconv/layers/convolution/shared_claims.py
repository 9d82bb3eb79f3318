"""What the statements of a convolution and of a transposed one share.

Source: derived here, along the post.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import mul
from typing import TypeAlias

from symconv.algebra.expressions import (
    Delta,
    Derivative,
    Entry,
    Expression,
    ExpressionLike,
    Iverson,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import Condition, Index, IntegerExpression, indices
from symconv.layers.convolution.frame import F, L, LayerFrame, N, SolvedIndex, n
from symconv.layers.convolution.grouping import Over, f

Positions: TypeAlias = tuple[IntegerExpression, ...]
# n', c', f' name the entry that is differentiated by.
n1, c1, f1 = indices("n' c' f'")
g = Index("g")


def derived(
    key: str,
    lhs: ExpressionLike,
    rhs: ExpressionLike,
    *,
    assumptions: tuple[Condition, ...] = (),
    where: tuple[tuple[Index, IntegerExpression], ...] = (),
) -> Statement:
    """Claim what is derived here, under a stable name."""
    return claim(lhs, rhs, name=key, assumptions=assumptions, where=where, source="derived here")


def times(*factors: Expression) -> Expression:
    """Multiply in the order given."""
    return reduce(mul, factors)


def summed(body: Expression, *ranges: Over) -> Expression:
    """Sum over ranges, of which there may be none."""
    return Sum(body, *ranges) if ranges else body


def brackets(solved: list[SolvedIndex]) -> list[Iverson]:
    """Return the brackets of several solved indices, in their order."""
    return [bracket for one in solved for bracket in one.where]


def values(solved: list[SolvedIndex]) -> Positions:
    """Return the values of several solved indices, in their order."""
    return tuple(one.value for one in solved)


def chain(key: str, entry: Entry, by: Entry, over: Iterable[Over]) -> Statement:
    """Claim the chain rule: the loss's derivative by the output, times the output's."""
    product = Derivative(L[()], entry) * Derivative(entry, by)
    return derived(key, Derivative(L[()], by), Sum(product, *over))


def of_the_bias(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the gradient by the bias, which is picked out of its array by a delta."""
    by = frame.b[f1]
    output, loss = Derivative(frame.entry, by), Derivative(L[()], by)
    yield derived("dy/db:deltas", output, Sum(Delta(f, g) * Delta(g, f1), (g, 0, F - 1)))
    yield derived("dy/db:contracted", output, Delta(f, f1))
    yield chain("dL/db:chain", frame.entry, by, frame.over_entries)
    yield derived("dL/db:deltas", loss, Sum(frame.upstream * Delta(f, f1), *frame.over_entries))
    over = ((n, 0, N - 1), *frame.over_output)
    yield derived("dL/db:contracted", loss, Sum(frame.dout[(n, f1, *frame.places)], *over))
