"""A stride or a padding that is a pair, tried with two parts that differ.

The usual layer has one stride and one padding, so that at every class of shapes both parts of a
pair are equal, and code that takes them in the wrong order is right. Where code takes pairs it is
run with unequal ones too, first the height's and then the width's, and compared with plain loops.
Other layers have strides and paddings of each axis where code takes pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from symconv.algebra.evaluation import condition_value
from symconv.code.names import STRIDE
from symconv.errors import SizesError
from symconv.implementations.calling.functions import WIDTH
from symconv.implementations.calling.processes import Runner
from symconv.implementations.diagnosing.correlation import correlated, pulled_back
from symconv.implementations.model import Description, Request, RunAnswer, Varied
from symconv.implementations.trying.comparing import TROUBLE_VERDICTS
from symconv.implementations.trying.conclusions import Conclusion
from symconv.implementations.trying.inputs import draw, leave_out_bias, plan, smaller
from symconv.implementations.trying.reference import reference_at
from symconv.implementations.trying.shape_classes import smallest_shape
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import default_layer
from symconv.verdicts import Result, Verdict

_PARTS = {
    STRIDE: ((2, 3), (3, 1), (1, 2), (2, 1)),
    "padding": ((1, 0), (0, 1), (2, 1), (1, 2)),
}
_SYMBOLS = {STRIDE: "S", "padding": "P"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The strides and the paddings of one run, height first."""

    strides: tuple[int, int]
    paddings: tuple[int, int]

    @property
    def turned(self) -> Parts:
        """The same with the width first."""
        (S_height, S_width), (P_height, P_width) = self.strides, self.paddings
        return Parts((S_width, S_height), (P_width, P_height))

    @property
    def first_alone(self) -> Parts:
        """The same with the height's part for both axes."""
        S, P = self.strides[0], self.paddings[0]
        return Parts((S, S), (P, P))


_OTHERWISE: Mapping[str, Callable[[Parts], Parts]] = {
    "the parts of {} taken as (width, height)": lambda parts: parts.turned,
    "the first part of {} taken for both axes": lambda parts: parts.first_alone,
}
"""What else a pair may mean."""


def unequal(
    layer: Layer, runner: Runner, description: Description
) -> Iterator[tuple[Result, Conclusion]]:
    """Yield what became of each parameter that takes pairs.

    Args:
        layer: what the code should compute.
        runner: runs the code.
        description: the code.
    """
    if layer != default_layer():
        return
    base = sizes_to_try(layer, description)
    for parameter in description.paired if base is not None else ():
        if parameter.name in description.fixed:
            continue
        assert base is not None, "there are sizes to try"
        tried = _Tried(layer, runner, description, base, parameter)
        result = tried.result()
        if result is not None:
            yield result, conclusion_of(result, len(_PARTS[parameter.role]))


def conclusion_of(result: Result, shapes: int) -> Conclusion:
    """Return what a parameter that was varied at so many shapes comes to."""
    return Conclusion(
        result.statement,
        str(result.code),
        result.verdict,
        {"right": shapes} if result.code == "varied" else {},
        failure=None if result.code in ("varied", "rejected") else result,
        rejection=result if result.code == "rejected" else None,
    )


def found(parameter: Varied, verdict: Verdict | None, code: str, detail: str) -> Result:
    """Return the result on a parameter that was varied."""
    return Result(
        statement=f"parameter/{parameter.name}",
        kind="code",
        method="numbers",
        route="float64",
        verdict=verdict,
        code=code,
        location=parameter.location or None,
        detail=detail,
    )


def not_run(parameter: Varied, answer: RunAnswer, what: str) -> Result | None:
    """Return the result where code refuses what is varied, or was not run to its end."""
    trouble = answer.forward.trouble or answer.backward.trouble
    if trouble is None or trouble.code == "raised":
        return None
    if trouble.code == "rejected":
        return found(parameter, None, "rejected", f"it refuses {what}: {trouble.fact}")
    verdict = TROUBLE_VERDICTS[trouble.code]
    return found(parameter, verdict, trouble.code, f"with {what}: {trouble.fact}")


class _Tried:
    def __init__(
        self,
        layer: Layer,
        runner: Runner,
        description: Description,
        base: Sizes,
        parameter: Varied,
    ) -> None:
        self._layer = layer
        self._runner = runner
        self._description = description
        self._base = base
        self._parameter = parameter

    def result(self) -> Result | None:
        """Return what the parameter comes to; None where it takes no pairs after all."""
        S, P = (self._base.given[name] for name in "SP")
        even = Parts((S, S), (P, P))
        answer, expected = self._run(even)
        right = [name for name in self._description.provides if is_right(answer, name, expected)]
        if not right:
            return None
        role = self._parameter.role
        wrong: dict[str, str] = {}
        tried = [
            Parts(pair, even.paddings) if role == STRIDE else Parts(even.strides, pair)
            for pair in _PARTS[role]
        ]
        for pair, parts in zip(_PARTS[role], tried, strict=True):
            answer, expected = self._run(parts)
            ended = not_run(self._parameter, answer, "unequal parts")
            if ended is not None:
                return ended
            for name in right:
                if not is_right(answer, name, expected):
                    fault = answer.of(name).trouble_with(name)
                    told = f": {fault.fact}" if fault else ""
                    _ = wrong.setdefault(name, f"{name} is wrong at {pair}{told}")
        if not wrong:
            shapes = len(_PARTS[role])
            named = ", ".join(right)
            detail = f"with unequal parts, height first, {named}: right at {shapes} shapes"
            return found(self._parameter, Verdict.VERIFIED, "varied", detail)
        for meaning, meant in _OTHERWISE.items():
            if not all(self._is_right(parts, meant(parts), right) for parts in tried):
                continue
            detail = (
                f"with {meaning.format(self._parameter.name)} everything is right, and as "
                "(height, width) it is not: which is meant is not said"
            )
            return found(self._parameter, Verdict.UNDECIDED, "several-readings", detail)
        detail = f"with unequal parts, height first: {'; '.join(wrong.values())}"
        return found(self._parameter, Verdict.REFUTED, "wrong-value", detail)

    def _is_right(self, parts: Parts, meant: Parts, names: Sequence[str]) -> bool:
        answer, expected = self._run(parts, meant)
        return all(is_right(answer, name, expected) for name in names)

    def _run(
        self, parts: Parts, meant: Parts | None = None
    ) -> tuple[RunAnswer, Mapping[str, np.ndarray]]:
        """Run the code with these parts; return what it gave, and should for what they mean."""
        meant = meant or parts
        arrays = self._arrays(meant)
        sizes = dict(self._base)
        for name, (height, width) in (("S", parts.strides), ("P", parts.paddings)):
            sizes[name] = height
            role = next(role for role, symbol in _SYMBOLS.items() if symbol == name)
            if role == self._parameter.role:
                sizes[WIDTH.format(name)] = width
        given = {name: array.astype(np.float64) for name, array in arrays.items()}
        return self._runner.run(Request(sizes, given)), self._expected(arrays, meant)

    def _arrays(self, parts: Parts) -> dict[str, np.ndarray]:
        layer, base = self._layer, self._base
        small = smaller(plan(layer, base, "float64", reference_at(layer, base).longest_sum))
        drawn = draw(layer, base, small, 0)
        if not self._description.has_bias:
            leave_out_bias(layer, drawn)
        y = correlated(drawn["x"], drawn["w"], drawn["b"], parts.strides, parts.paddings)
        source = np.random.default_rng(y.size)
        drawn["dout"] = source.integers(-small.most, small.most + 1, y.shape)
        return drawn

    def _expected(self, arrays: Mapping[str, np.ndarray], parts: Parts) -> dict[str, np.ndarray]:
        x, w, b, dout = (arrays[name] for name in ("x", "w", "b", "dout"))
        y = correlated(x, w, b, parts.strides, parts.paddings)
        return {"y": y, **pulled_back(dout, x, w, parts.strides, parts.paddings)}


def is_right(answer: RunAnswer, name: str, expected: Mapping[str, np.ndarray]) -> bool:
    """Tell whether a result is there, and is entry by entry what is expected."""
    got = answer.of(name).results.get(name)
    right = expected.get(name)
    return (
        got is not None
        and right is not None
        and got.shape == right.shape
        and bool((got == right).all())
    )


def sizes_to_try(layer: Layer, description: Description) -> Sizes | None:
    """Return sizes at which every pair fits, and that the code's signature allows."""
    if layer != default_layer():
        return smallest_shape(layer, [condition for condition, _ in description.restrictions])
    shapes = ((9, 11, 3, 2), (9, 9, 3, 3))
    for count, (H, W, HH, WW), S, P in product((2, 1), shapes, (2, 1), (1, 0, 2)):
        named = {"N": count, "C": 3, "H": H, "W": W, "F": 4, "HH": HH, "WW": WW, "S": S, "P": P}
        try:
            sizes = layer.sizes("", **named)
        except SizesError:
            continue
        if all(condition_value(one, sizes.by_symbol) for one, _ in description.restrictions):
            return sizes
    return None
