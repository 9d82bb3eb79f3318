"""What indices are at given sizes, and integer expressions written in the loop indices of a box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import (
    Constant,
    Index,
    IntegerExpression,
    Plus,
    Quotient,
    Size,
    Symbol,
    Times,
)
from symconv.algebra.tree import parts
from symconv.concrete.affine import Affine
from symconv.errors import IllFormed

Values: TypeAlias = "Mapping[Symbol, int]"


class Bindings:
    """Indices that are bound one after the other.

    Args:
        sizes: a value per size.
    """

    __slots__ = ("at", "sizes")

    def __init__(self, sizes: Values) -> None:
        self.sizes = sizes
        self.at: dict[Index, Affine] = {}

    def put(self, index: Index, value: Affine) -> None:
        """Replace a loop index everywhere by what it is."""
        self.at = {other: known.put(index, value) for other, known in self.at.items()}

    def affine(self, expression: IntegerExpression) -> Affine | None:
        """Write an integer expression in loop indices.

        Returns:
            None where it is not affine in them, not an integer everywhere, or has no value.
        """
        if isinstance(expression, Index):
            return self.at.get(expression)
        steps: dict[Index, int] = {}
        start = self._gather(expression, 1, steps)
        return None if start is None else Affine(start, steps)

    def _gather(
        self, expression: IntegerExpression, factor: int, steps: dict[Index, int]
    ) -> int | None:
        """Add so many times an integer expression to some steps, and return its start.

        Returns:
            None where it is not affine; the steps mean nothing then.
        """
        match expression:
            case Index():
                value = self.at.get(expression)
                if value is None:
                    return None
                for index, step in value.steps.items():
                    steps[index] = steps.get(index, 0) + factor * step
                return factor * value.start
            case Constant():
                return factor * expression.value
            case Size():
                size = self.sizes.get(expression)
                return None if size is None else factor * size
            case Plus(terms=terms):
                start = 0
                for term in terms:
                    part = self._gather(term, factor, steps)
                    if part is None:
                        return None
                    start += part
                return start
            case Times(factors=factors):
                others: list[IntegerExpression] = []
                for one in factors:
                    match one:
                        case Constant():
                            factor *= one.value
                        case Size() if one in self.sizes:
                            factor *= self.sizes[one]
                        case _:
                            others.append(one)
                if len(others) == 1:
                    return self._gather(others[0], factor, steps)
                found = self._product(others)
            case Quotient(dividend=dividend, divisor=divisor):
                found = self._quotient(dividend, divisor)
            case _:
                found = self._number(expression)
        if found is None:
            return None
        for index, step in found.steps.items():
            steps[index] = steps.get(index, 0) + factor * step
        return factor * found.start

    def _product(self, factors: Iterable[IntegerExpression]) -> Affine | None:
        product = Affine(1)
        for factor in factors:
            part = self.affine(factor)
            if part is None or (product.steps and part.steps):
                return None
            product = part.times(product.start) if part.steps else product.times(part.start)
        return product

    def _quotient(self, dividend: IntegerExpression, divisor: IntegerExpression) -> Affine | None:
        over, by = self.affine(dividend), self.affine(divisor)
        if over is None or by is None or by.steps or by.start == 0:
            return None
        if any(part % by.start for part in (over.start, *over.steps.values())):
            return None
        steps = {index: step // by.start for index, step in over.steps.items()}
        return Affine(over.start // by.start, steps)

    def _number(self, expression: IntegerExpression) -> Affine | None:
        """Compute a floor or the like of what does not depend on a loop index."""
        inside = map(self.affine, parts(expression))
        if any(part is None or part.steps for part in inside):
            return None
        known = {index: value.start for index, value in self.at.items() if not value.steps}
        try:
            value = integer_value(expression, {**self.sizes, **known})
        except IllFormed:
            # A column says at which points that matters.
            return None
        return Affine(int(value)) if value == int(value) else None
