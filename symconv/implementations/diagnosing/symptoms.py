"""What a wrong result is of the right one: scaled, flipped, cut, rounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from symconv.implementations.diagnosing.cases import Case
from symconv.implementations.model import RESULTS
from symconv.layers.registry import default_layer

AXES = {
    name: tuple(map(str, (by or body).shape))
    for name in RESULTS
    for body, by in [default_layer().named_arrays(name)]
}
"""The axes of every result, by the names of their sizes."""

FLOAT16_DIGITS = 11

SHORT = {"y": "y", "dL/dx": "dx", "dL/dw": "dw", "dL/db": "db"}
"""What people call the results."""

ALONG = {
    "N": "image",
    "C": "channel",
    "F": "filter",
    "H": "row",
    "W": "column",
    "HH": "row",
    "WW": "column",
    "Hh": "row",
    "Hw": "column",
}
"""What one step along an axis is."""


@dataclass(frozen=True, slots=True)
class DividedArray:
    """A whole-number array divided by a number, which a float may have to round.

    Attributes:
        numerator: the array.
        divisor: the number, or one for each entry; 0 divided by 0 is NaN.
    """

    numerator: np.ndarray
    divisor: int | np.ndarray


Produced: TypeAlias = "np.ndarray | DividedArray | None"
"""What a candidate gives at one shape; None where it does not apply."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One line of thought that may have gone wrong.

    Attributes:
        name: the stable name, that of the catalogue's mistake where it is the same one.
        phrase: what the result then is, to follow "your dx equals ".
        produce: what the result then is, in numbers. It may raise where the mistake does.
    """

    name: str
    phrase: str
    produce: Callable[[Case], Produced]


def plain_symptoms(result: str) -> Iterator[Suspect]:
    """Yield what a whole result can be of right results: the likeliest first."""
    yield from whole_symptoms(result)
    yield from _orders_of_axes(result)
    yield from _flips(result)
    yield from _along_axes(result)
    yield from _roundings()


def whole_symptoms(result: str) -> Iterator[Suspect]:
    """Yield what a whole result can be of right results of any layer."""
    yield from _constants()
    yield from _multiples(result)
    yield from _other_results(result)


def undefined_entries() -> Suspect:
    """Return the candidate that is right but for entries that are no numbers."""
    return Suspect(
        "not-a-number", "the correct one where it is a number, and NaN elsewhere", _right_or_nan
    )


def vague_symptoms(result: str) -> Iterator[Suspect]:
    """Yield what says less than a line of thought, for where nothing better was found."""
    yield from _reductions(result)
    yield Suspect(
        "entries-left-at-zero",
        "the correct one where it is not 0: the other entries were never written",
        _right_or_zero,
    )


def _constants() -> Iterator[Suspect]:
    yield Suspect("all-zeros", "0 everywhere", lambda case: np.zeros_like(case.right))
    yield Suspect(
        "not-a-number",
        "NaN everywhere",
        lambda case: np.full(case.right.shape, np.nan),
    )
    yield Suspect(
        "other-shape",
        "the correct one in another shape, its entries in the same order",
        lambda case: None if case.fits else case.right.reshape(case.got.shape),
    )


def _multiples(result: str) -> Iterator[Suspect]:
    def times(name: str, phrase: str, factor: Callable[[Case], int]) -> Suspect:
        return Suspect(name, phrase, lambda case: case.right * factor(case))

    def over(name: str, sizes: str, reason: str) -> Suspect:
        phrase = f"the correct one divided by {sizes.replace(' ', '*')}{reason}"
        return Suspect(name, phrase, lambda case: DividedArray(case.right, _product(case, sizes)))

    mean = ": the gradient of a mean" if result != "y" else ": a mean instead of a sum"
    yield times("sign-flipped", "the correct one with the wrong sign", lambda _: -1)
    yield times("counted-twice", "twice the correct one", lambda _: 2)
    batch = " (the number of images): the gradient of a mean over the batch"
    yield over("mean-over-the-batch", "N", batch if result != "y" else " (the number of images)")
    yield over("mean-instead-of-sum", "Hh Hw", f" (the number of output positions){mean}")
    yield over("mean-instead-of-sum", "N Hh Hw", f" (images and output positions){mean}")
    yield over("mean-instead-of-sum", "N F Hh Hw", f" (the number of outputs){mean}")
    yield over("mean-instead-of-sum", "F", " (the number of filters)")
    yield over("mean-instead-of-sum", "C", " (the number of channels)")
    yield over("mean-instead-of-sum", "HH WW", " (the size of a filter)")
    yield over("mean-instead-of-sum", "C HH WW", f" (the number of products per output){mean}")
    yield over("mean-instead-of-sum", "N C H W", " (the number of inputs)")
    yield over("divided-by-the-stride", "S", " (the stride)")
    yield over("divided-by-the-stride", "S S", " (the stride, on both axes)")
    yield Suspect("halved", "half the correct one", lambda case: DividedArray(case.right, 2))
    for sizes in ("N", "S", "S S", "C", "F", "Hh Hw", "HH WW", "N Hh Hw"):
        text = sizes.replace(" ", "*")
        yield times(
            "counted-too-often",
            f"the correct one times {text}",
            lambda case, sizes=sizes: _product(case, sizes),
        )


def _product(case: Case, names: str) -> int:
    product = 1
    for name in names.split():
        product *= case.sizes[name]
    return product


def _other_results(result: str) -> Iterator[Suspect]:
    for other, short in SHORT.items():
        if other != result:
            yield Suspect(
                "another-result",
                f"the correct {short}: the results are in another order, or one stands in the "
                "place of the other",
                lambda case, other=other: case.expected[other],
            )
    for name in ("x", "w", "b", "dout"):
        yield Suspect(
            "an-input-returned",
            f"{name} itself",
            lambda case, name=name: case.arrays[name],
        )
    yield Suspect(
        "negative-entries-cut",
        "the correct one with its negative entries set to 0",
        lambda case: np.maximum(case.right, 0),
    )


def reorderings(
    axes: tuple[str, ...], summed: tuple[int, ...] = ()
) -> Iterator[tuple[str, str, Callable[[np.ndarray], np.ndarray]]]:
    """Yield names, phrases and functions that put an array's entries in another order.

    The shape stays the same: they are what reshaping does where transposing is due. Orders
    that move nothing but summed axes are left out: the sum would be the same.
    """
    for order in _orders(len(axes)):
        if all(place in summed for place, moved in enumerate(order) if place != moved):
            continue
        named = ", ".join(axes[place] for place in order)
        back = tuple(np.argsort(order))

        def taken_as(array: np.ndarray, order: tuple[int, ...] = order, back=back) -> np.ndarray:
            return array.reshape([array.shape[place] for place in order]).transpose(back)

        def left_as(array: np.ndarray, order: tuple[int, ...] = order) -> np.ndarray:
            return array.transpose(order).reshape(array.shape)

        yield (
            "reshaped-instead-of-transposed",
            f"reshaped as if its axes were ({named}), which takes a transpose",
            taken_as,
        )
        yield (
            "reshaped-instead-of-transposed",
            f"reshaped out of the order ({named}), which takes a transpose",
            left_as,
        )


def _orders_of_axes(result: str) -> Iterator[Suspect]:
    axes = AXES[result]
    given = ", ".join(axes)
    for order in _orders(len(axes)):
        named = ", ".join(axes[place] for place in order)
        swapped = order == (0, 1, 3, 2)
        said = "height and width swapped" if swapped else "its axes in another order"
        yield Suspect(
            "axes-swapped" if swapped else "axes-in-another-order",
            f"the correct one with {said}: ({named}) instead of ({given})",
            lambda case, order=order: case.right.transpose(order),
        )
    for name, phrase, reorder in reorderings(axes):
        yield Suspect(
            name,
            f"the correct one {phrase}",
            lambda case, reorder=reorder: reorder(case.right),
        )


def _flips(result: str) -> Iterator[Suspect]:
    axes = AXES[result]
    for chosen in _subsets(len(axes)):
        names = " and ".join(axes[place] for place in chosen)
        filters = result == "dL/dw" and set(chosen) <= {2, 3}
        name = "kernel-flipped" if filters else "axes-flipped"
        yield Suspect(
            name if len(chosen) > 1 or not filters else "kernel-flipped-on-one-axis",
            f"the correct one flipped along {names}",
            lambda case, chosen=chosen: np.flip(case.right, chosen),
        )


def _along_axes(result: str) -> Iterator[Suspect]:
    for place, axis in enumerate(AXES[result]):
        one = ALONG[axis]
        word = f"the first {one}"
        yield Suspect(
            f"first-{one}-only",
            f"the correct one in {word} only, and 0 elsewhere",
            lambda case, place=place: _only(case.right, place, 0),
        )
        yield Suspect(
            f"last-{one}-only",
            f"the correct one in the last {one} only, and 0 elsewhere",
            lambda case, place=place: _only(case.right, place, -1),
        )
        yield Suspect(
            f"last-{one}-left-out",
            f"the correct one, but 0 in the last {one}",
            lambda case, place=place: case.right - _only(case.right, place, -1),
        )
        for end, which in ((0, "first"), (-1, "last")):
            yield Suspect(
                f"same-for-every-{one}",
                f"the correct {which} {one} in the place of every {one}",
                lambda case, place=place, end=end: np.broadcast_to(
                    case.right.take([end], place), case.right.shape
                ),
            )
        yield Suspect(
            f"same-for-every-{one}",
            f"the sum of the correct one over all {one}s, in the place of each {one}",
            lambda case, place=place: np.broadcast_to(
                case.right.sum(place, keepdims=True), case.right.shape
            ),
        )
        yield Suspect(
            "accumulator-not-reset",
            f"the sum of the correct {one}s up to each: what is accumulated is not reset for the "
            f"next {one}",
            lambda case, place=place: np.cumsum(case.right, place),
        )
    yield Suspect(
        "accumulator-not-reset",
        "the sum of all correct entries up to each: what is accumulated is never reset",
        lambda case: np.cumsum(case.right.reshape(-1)).reshape(case.right.shape),
    )
    for place, axis in enumerate(AXES[result]):
        for end, which in ((slice(None, -1), "last"), (slice(1, None), "first")):
            yield Suspect(
                f"{which}-{ALONG[axis]}-missing",
                f"the correct one without its {which} {ALONG[axis]}",
                lambda case, place=place, end=end: case.right[(slice(None),) * place + (end,)],
            )


def _only(array: np.ndarray, place: int, index: int) -> np.ndarray:
    """Return an array with 0 everywhere but at one index along one axis."""
    kept = np.zeros_like(array)
    here = (slice(None),) * place + (index,)
    kept[here] = array[here]
    return kept


def _roundings() -> Iterator[Suspect]:
    for bits in (32, 16, 8, 64):
        yield Suspect(
            "integer-overflow",
            f"the correct one modulo 2^{bits}: it is accumulated in {bits}-bit integers",
            lambda case, bits=bits: _wrapped(case.right, bits, signed=True),
        )
        yield Suspect(
            "integer-overflow",
            f"the correct one modulo 2^{bits}: it is accumulated in unsigned {bits}-bit integers",
            lambda case, bits=bits: _wrapped(case.right, bits, signed=False),
        )
    for name, digits in (("bfloat16", 8), ("float16", FLOAT16_DIGITS), ("float32", 24)):
        yield Suspect(
            f"accumulated-in-{name}",
            f"the correct one, rounded on the way: it is stored or accumulated in {name}",
            lambda case, digits=digits: _rounded(case, digits),
        )


def _wrapped(array: np.ndarray, bits: int, *, signed: bool) -> np.ndarray:
    whole = array.astype(object)
    half = 2 ** (bits - 1) if signed else 0
    return (whole + half) % 2**bits - half


def _rounded(case: Case, digits: int) -> Produced:
    """Return what came back where a binary float of so many digits explains the difference.

    Every entry must be such a number, and as near to the right one as rounding the inputs,
    the products and every partial sum allows.
    """
    right, got = case.right, case.got
    if not case.fits or not np.issubdtype(got.dtype, np.number):
        return None
    values = got.astype(np.float64)
    finite = np.isfinite(values)
    # Only float16 overflows at numbers of this size.
    if not finite.all() and digits != FLOAT16_DIGITS:
        return None
    values, right = values[finite], right[finite]
    mantissa, _ = np.frexp(values)
    scaled = mantissa * 2.0**digits
    if not np.array_equal(scaled, np.rint(scaled)):
        return None
    terms, magnitude = _magnitude(case)
    difference = np.abs(values - right.astype(np.float64))
    allowed = (terms + 3) * 2.0**-digits * magnitude
    return got if bool((difference <= allowed).all()) else None


def _magnitude(case: Case) -> tuple[int, float]:
    """Return how many products a result adds up at most, and what their sum cannot pass."""
    sizes = case.sizes
    largest = {
        name: max((abs(int(value)) for value in array.reshape(-1)), default=0)
        for name, array in case.arrays.items()
    }
    window = sizes["HH"] * sizes["WW"]
    positions = sizes["Hh"] * sizes["Hw"]
    match case.result:
        case "y":
            terms = sizes["C"] * window
            bound = terms * largest["x"] * largest["w"] + largest["b"]
        case "dL/dx":
            terms = sizes["F"] * window
            bound = terms * largest["dout"] * largest["w"]
        case "dL/dw":
            terms = sizes["N"] * positions
            bound = terms * largest["dout"] * largest["x"]
        case "dL/db":
            terms = sizes["N"] * positions
            bound = terms * largest["dout"]
        case _:
            raise ValueError(f"no such result: {case.result}")
    return terms, float(bound)


def _reductions(result: str) -> Iterator[Suspect]:
    axes = AXES[result]
    for chosen in _subsets(len(axes)):
        names = " and ".join(axes[place] for place in chosen)
        yield Suspect(
            "summed-over-an-axis",
            f"the correct one summed over {names}",
            lambda case, chosen=chosen: case.right.sum(chosen),
        )


def _right_or_nan(case: Case) -> Produced:
    if not case.fits or not np.issubdtype(case.got.dtype, np.inexact):
        return None
    return np.where(np.isnan(case.got), np.nan, case.right.astype(np.float64))


def _right_or_zero(case: Case) -> Produced:
    if not case.fits or not (case.got == case.right).any():
        return None
    return np.where(np.asarray(case.got == 0), np.zeros_like(case.right), case.right)


def _orders(count: int) -> list[tuple[int, ...]]:
    """Return the permutations of so many axes, but for the identity: swaps of two first."""
    identity = tuple(range(count))
    others = [order for order in itertools.permutations(identity) if order != identity]
    return sorted(others, key=lambda order: sum(map(int.__ne__, order, identity)))


def _subsets(count: int) -> list[tuple[int, ...]]:
    """Return the nonempty subsets of so many axes, those of the spatial ones first."""
    chosen = [
        subset
        for length in range(1, count + 1)
        for subset in itertools.combinations(range(count), length)
    ]
    return sorted(chosen, key=lambda subset: (min(subset) < 2, len(subset), subset))
