"""Instances of a class called as they are used later: in evaluation mode, and a second time.

A check makes an instance anew for every run, in training mode. What it does once it was told to
evaluate, or when it has seen another x before, is tried besides, where the first call is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symconv.code.names import CALLED_BEFORE, EVALUATING
from symconv.implementations.calling.processes import Runner
from symconv.implementations.model import Description, RunAnswer, Varied
from symconv.implementations.trying.conclusions import Conclusion
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.implementations.trying.unequal import conclusion_of, found, is_right, not_run
from symconv.implementations.trying.without_bias import run_once
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Result, Verdict

MOST_SHAPES = 6
"""Limit: a mistake of one mode alone that shows at none of so many shapes is not found."""
FORWARD_ONLY, WHOLE_STEP = 1, 2
"""What came before: a call of forward, or a whole step with its backward pass."""


def other_calls(
    layer: Layer, runner: Runner, description: Description, places: Sequence[ShapeClass]
) -> Iterator[tuple[Result, Conclusion]]:
    """Yield what became of a class in evaluation mode, and at its second call if it is wrong.

    Args:
        layer: what the code should compute.
        runner: runs the code.
        description: the code.
        places: the shapes at which it was checked.
    """
    chosen = [one.sizes for one in places[:: max(1, len(places) // MOST_SHAPES)]][:MOST_SHAPES]
    mode, calls = description.mode, description.calls
    if mode is not None and mode.name not in description.fixed:
        result = _evaluated(layer, runner, description, mode, chosen)
        if result is not None:
            yield result, conclusion_of(result, len(chosen))
    if calls is not None:
        result = _called_again(layer, runner, description, calls, chosen)
        if result is not None:
            yield result, conclusion_of(result, 0)


def _evaluated(
    layer: Layer, runner: Runner, description: Description, mode: Varied, shapes: Sequence[Sizes]
) -> Result | None:
    seen: dict[str, None] = {}
    for sizes in shapes:
        right = _right(layer, runner, description, sizes)
        if not right:
            continue
        answer, wrong = _wrong(layer, runner, description, sizes, right, {EVALUATING: 1})
        ended = not_run(mode, answer, "evaluation mode")
        if ended is not None:
            return ended
        if wrong:
            detail = f"in evaluation mode, {_told(answer, wrong)} at {sizes}"
            detail += "; in training mode it is right there; if it always trains, say --fixed "
            return found(mode, Verdict.REFUTED, "wrong-value", f"{detail}{mode.name}")
        seen |= dict.fromkeys(right)
    if not seen:
        return None
    detail = f"in evaluation mode, {', '.join(seen)}: right at the {len(shapes)} shapes tried"
    return found(mode, Verdict.VERIFIED, "varied", detail)


def _called_again(
    layer: Layer, runner: Runner, description: Description, calls: Varied, shapes: Sequence[Sizes]
) -> Result | None:
    for sizes in shapes:
        right = _right(layer, runner, description, sizes)
        if not right:
            continue
        answer, wrong = _wrong(
            layer, runner, description, sizes, right, {CALLED_BEFORE: FORWARD_ONLY}
        )
        if not wrong:
            continue
        ended = not_run(calls, answer, "a second call of forward")
        if ended is not None:
            return ended
        # Caches that backward takes away one by one are right when the passes take turns.
        _, both = _wrong(layer, runner, description, sizes, wrong, {CALLED_BEFORE: WHOLE_STEP})
        told = _told(answer, wrong)
        if both:
            detail = (
                f"called a second time with another x, {told} at {sizes}: an instance "
                "keeps something of its first call, so only the first step of training is right"
            )
            return found(calls, Verdict.REFUTED, "wrong-value", detail)
        detail = (
            f"after two calls of forward, {told} at {sizes}; where forward and backward take "
            "turns it is right: which is meant is not said"
        )
        return found(calls, Verdict.UNDECIDED, "several-readings", detail)
    return None


def _right(layer: Layer, runner: Runner, description: Description, sizes: Sizes) -> list[str]:
    given, wanted = run_once(layer, runner, description, sizes, {})
    return [name for name in description.provides if is_right(given, name, wanted)]


def _wrong(
    layer: Layer,
    runner: Runner,
    description: Description,
    sizes: Sizes,
    names: Sequence[str],
    more: dict[str, int],
) -> tuple[RunAnswer, list[str]]:
    answer, expected = run_once(layer, runner, description, sizes, more)
    return answer, [name for name in names if not is_right(answer, name, expected)]


def _told(answer: RunAnswer, wrong: Sequence[str]) -> str:
    trouble = answer.of(wrong[0]).trouble_with(wrong[0])
    verb = "is" if len(wrong) == 1 else "are"
    return f"{' and '.join(wrong)} {verb} wrong" + (f" ({trouble.fact})" if trouble else "")
