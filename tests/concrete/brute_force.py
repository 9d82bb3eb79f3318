"""Both sides of a statement, evaluated at every value of its free indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Statement,
)
from symconv.concrete.differences import Difference, smallest_difference
from symconv.errors import IllFormed
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer, Sizes

LAYER = conv2d()


def admits(at: Sizes, statement: Statement) -> bool:
    evaluator = Evaluator({}, at.by_symbol)
    return all(map(evaluator.truth, statement.assumptions))


def brute_force(statement: Statement, at: Sizes, layer: Layer = LAYER) -> Difference | None:
    """Evaluate both sides at every value of the free indices, to the end."""
    evaluator = Evaluator(layer.definition_by_name, at.by_symbol)
    found = [
        smallest_difference({s.name: value for s, value in values.items()}, left, right)
        for values, left, right in side_polynomials(statement, evaluator)
    ]
    return next((difference for difference in found if difference is not None), None)


def outcome(compare: Callable[..., Any], *arguments: Any) -> tuple[str, object]:
    try:
        return "compared", compare(*arguments)
    except IllFormed as error:
        return "ill-formed", error.code
