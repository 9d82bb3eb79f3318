"""The right formula on wrong arrays: terms of its sums left out, axes confused, factors dropped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from symconv.implementations.diagnosing.cases import Case
from symconv.implementations.diagnosing.symptoms import ALONG, AXES, Suspect, reorderings
from symconv.implementations.diagnosing.windows import Positions, right_positions

Changed: TypeAlias = Callable[[Case, np.ndarray], np.ndarray]
"""Another array in the place of an input array."""


def from_positions(case: Case, rows: Positions, columns: Positions) -> np.ndarray:
    """Return the result of a case that follows from positions."""
    match case.result:
        case "y":
            return case.outputs(rows, columns) + bias_of(case)
        case "dL/dx":
            return case.input_gradient(rows, columns)
        case "dL/dw":
            return case.filters_gradient(rows, columns)
    raise ValueError(f"{case.result} does not depend on positions")


def with_arrays(case: Case, **changed: np.ndarray) -> np.ndarray:
    """Return the result of a case with other arrays, at the right positions."""
    rows, columns = right_positions(case.rows), right_positions(case.columns)
    array = {**case.arrays, **changed}
    match case.result:
        case "y":
            return case.outputs(rows, columns, x=array["x"], w=array["w"]) + bias_of(case)
        case "dL/dx":
            sent = case.sent_back(array["dout"], array["w"])
            return case.input_gradient(rows, columns, contributions=sent)
        case "dL/dw":
            return case.filters_gradient(rows, columns, x=array["x"], dout=array["dout"])
        case "dL/db":
            return array["dout"].sum((0, 2, 3))
    raise ValueError(f"no such result: {case.result}")


def bias_of(case: Case) -> np.ndarray:
    """Return the bias as it is added to the output: along the axis of filters."""
    return case.arrays["b"][:, None, None]


_SUMMED = {
    # The array to be masked, and its axes that the result sums over, in the order of loops.
    "y": ("w", ((1, "channel"), (2, "row of the filter"), (3, "column of the filter"))),
    "dL/dx": ("dout", ((1, "filter"), (2, "output row"), (3, "output column"))),
    "dL/dw": ("dout", ((0, "image"), (2, "output row"), (3, "output column"))),
    "dL/db": ("dout", ((0, "image"), (2, "output row"), (3, "output column"))),
}


def partial_sums(result: str) -> Iterator[Suspect]:
    """Yield sums of which only the first or the last term is left, along some indices."""
    array, axes = _SUMMED[result]
    choices = itertools.product((None, -1, 0), repeat=len(axes))
    for ends in sorted(choices, key=lambda ends: (len(set(ends) - {None}), ends.count(None) == 0)):
        chosen = [
            (axis, word, end)
            for (axis, word), end in zip(axes, ends, strict=True)
            if end is not None
        ]
        if not chosen:
            continue
        said = " and ".join(
            f"the {'first' if end == 0 else 'last'} {word}" for _, word, end in chosen
        )
        last = all(end == -1 for _, _, end in chosen)
        why = ": each contribution overwrites the one before" if last else ""
        name = "contributions-overwritten" if last else f"first-{chosen[0][1].split()[0]}-only"
        yield Suspect(
            name,
            f"the correct one with only {said} counted{why}",
            lambda case, chosen=chosen, array=array: with_arrays(
                case, **{array: _masked(case.arrays[array], chosen)}
            ),
        )


def _masked(array: np.ndarray, chosen: list[tuple[int, str, int]]) -> np.ndarray:
    kept = np.zeros_like(array)
    here: list[int | slice] = [slice(None)] * array.ndim
    for axis, _, end in chosen:
        # A slice of one, so that an empty axis stays empty.
        here[axis] = slice(0, 1) if end == 0 else slice(-1, None)
    kept[tuple(here)] = array[tuple(here)]
    return kept


_USED = {
    "y": ("x", "w"),
    "dL/dx": ("dout", "w"),
    "dL/dw": ("dout", "x"),
    "dL/db": ("dout",),
}
_ARRAY_AXES = {"x": AXES["dL/dx"], "w": AXES["dL/dw"], "dout": AXES["y"]}


def other_arrays(result: str) -> Iterator[Suspect]:
    """Yield the right formula on arrays that are not the right ones."""

    def on(name: str, array: str, phrase: str, change: Changed) -> Suspect:
        return Suspect(
            name,
            f"the correct one with {phrase}",
            lambda case: with_arrays(case, **{array: change(case, case.arrays[array])}),
        )

    used = _USED[result]
    for array in used:
        upstream = array == "dout"
        said = "the upstream gradient left out" if upstream else f"{array} left out of the products"
        name = "upstream-gradient-dropped" if upstream else "factor-dropped"
        yield on(name, array, said, lambda _, values: np.ones_like(values))
    if "dout" in used:
        yield on(
            "output-instead-of-its-gradient",
            "dout",
            "the output in the place of its gradient",
            lambda case, _: case.expected["y"],
        )
        yield on(
            "negative-entries-cut",
            "dout",
            "the upstream gradient only where the output is positive, as behind a rectifier",
            lambda case, values: values * (case.expected["y"] > 0),
        )
    if "w" in used:
        yield on(
            "axes-swapped",
            "w",
            "the two spatial axes of the filter swapped",
            lambda _, values: values.swapaxes(2, 3),
        )
        yield on(
            "channel-and-filter-confused",
            "w",
            "channels and filters of w swapped",
            lambda _, values: values.swapaxes(0, 1),
        )
    for array in used:
        summed = (0, 2, 3) if result == "dL/db" else ()
        for name, phrase, reorder in reorderings(_ARRAY_AXES[array], summed):
            yield on(
                name,
                array,
                f"{array} {phrase}",
                lambda _, values, reorder=reorder: reorder(values),
            )
    if result == "dL/db":
        # Flipping what is summed up changes nothing, and the filters are those of the result.
        return
    for array in used:
        axes = _ARRAY_AXES[array]
        for chosen in ((2, 3), (2,), (3,), (1, 2, 3), (0, 1, 2, 3), (0,), (1,), (0, 1)):
            along = " and ".join(axes[place] for place in chosen)
            yield on(
                "axes-flipped",
                array,
                f"{array} flipped along {along}",
                lambda _, values, chosen=chosen: np.flip(values, chosen),
            )
        for place in (0, 1):
            for end, which in ((0, "first"), (-1, "last")):
                yield on(
                    f"same-for-every-{ALONG[axes[place]]}",
                    array,
                    f"the {which} {ALONG[axes[place]]} of {array} in the place of every one",
                    lambda _, values, place=place, end=end: np.broadcast_to(
                        values.take([end], place), values.shape
                    ),
                )
            yield on(
                f"same-for-every-{ALONG[axes[place]]}",
                array,
                f"{array} summed over its {ALONG[axes[place]]}s, in the place of each",
                lambda _, values, place=place: np.broadcast_to(
                    values.sum(place, keepdims=True), values.shape
                ),
            )


def other_counts(result: str) -> Iterator[Suspect]:
    """Yield sums and results that end at the count of something else: filters at channels."""
    counts = {"N": "images", "C": "channels", "F": "filters"}
    array, _ = _SUMMED[result]
    axes = _ARRAY_AXES[array]
    for place in (0, 1):
        for other, word in counts.items():
            if other == axes[place]:
                continue
            phrase = f"the correct one with only as many {counts[axes[place]]} as there are {word}"

            def produce(case: Case, place: int = place, other: str = other) -> np.ndarray:
                kept = case.arrays[array].copy()
                here = (slice(None),) * place + (slice(case.sizes[other], None),)
                kept[here] = 0
                return with_arrays(case, **{array: kept})

            yield Suspect("counts-confused", phrase, produce)
    for place, axis in enumerate(AXES[result]):
        for other, word in counts.items():
            if axis not in counts or axis == other:
                continue

            said = f"the correct one for only as many {counts[axis]} as there are {word}"
            yield Suspect(
                "counts-confused", f"{said}, and 0 beyond", _ended(place, other, cut=False)
            )
            yield Suspect("counts-confused", said, _ended(place, other, cut=True))


def _ended(place: int, other: str, *, cut: bool) -> Callable[[Case], np.ndarray]:
    """End the right result along one axis at the count of something else."""

    def produce(case: Case) -> np.ndarray:
        before = (slice(None),) * place
        if cut:
            return case.right[(*before, slice(0, case.sizes[other]))]
        kept = case.right.copy()
        kept[(*before, slice(case.sizes[other], None))] = 0
        return kept

    return produce
