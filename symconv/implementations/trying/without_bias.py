"""Code that has a flag for its bias, run without the bias.

At every class of shapes the bias is given, so that the flag has one value. With the other one,
y is the layer's with a bias of 0, and its gradients by x and w are the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symconv.code.names import WITHOUT_BIAS
from symconv.implementations.calling.processes import Runner
from symconv.implementations.model import Description, Request, RunAnswer
from symconv.implementations.trying.conclusions import Conclusion
from symconv.implementations.trying.inputs import draw, leave_out_bias, plan, smaller
from symconv.implementations.trying.reference import reference_at
from symconv.implementations.trying.unequal import (
    conclusion_of,
    found,
    is_right,
    not_run,
    sizes_to_try,
)
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Result, Verdict


def without_bias(
    layer: Layer, runner: Runner, description: Description
) -> Iterator[tuple[Result, Conclusion]]:
    """Yield what became of the flag of the bias, where there is one.

    Args:
        layer: what the code should compute.
        runner: runs the code.
        description: the code.
    """
    flag, base = description.bias_flag, sizes_to_try(layer, description)
    if flag is None or base is None or flag.name in description.fixed:
        return
    given, wanted = run_once(layer, runner, description, base, {})
    right = [name for name in description.provides if is_right(given, name, wanted)]
    compared = [name for name in right if name != "dL/db"]
    if not compared:
        return
    answer, expected = run_once(layer, runner, description, base, {WITHOUT_BIAS: 1})
    result = not_run(flag, answer, "no bias")
    if result is None:
        wrong = [name for name in compared if not is_right(answer, name, expected)]
        if wrong:
            trouble = answer.of(wrong[0]).trouble_with(wrong[0])
            told = f": {trouble.fact}" if trouble else ""
            detail = f"without the bias, {', '.join(wrong)}: wrong at {base}{told}"
            result = found(flag, Verdict.REFUTED, "wrong-value", detail)
        else:
            detail = f"without the bias, {', '.join(compared)}: right at {base}"
            result = found(flag, Verdict.VERIFIED, "varied", detail)
    yield result, conclusion_of(result, 1)


def run_once(
    layer: Layer, runner: Runner, description: Description, sizes: Sizes, more: dict[str, int]
) -> tuple[RunAnswer, dict[str, np.ndarray]]:
    """Run the code, and return what it gave and should."""
    reference = reference_at(layer, sizes)
    small = smaller(plan(layer, sizes, "float64", reference.longest_sum))
    drawn = draw(layer, sizes, small, 0)
    if WITHOUT_BIAS in more or not description.has_bias:
        leave_out_bias(layer, drawn)
    expected = reference.values(drawn, small.most, twice=False)
    arrays = {name: array.astype(np.float64) for name, array in drawn.items()}
    return runner.run(Request({**sizes, **more}, arrays)), dict(expected)
