"""The bias and its gradient, and the ways in which people get them wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from symconv.implementations.diagnosing.cases import Case
from symconv.implementations.diagnosing.symptoms import DividedArray, Produced, Suspect
from symconv.implementations.diagnosing.terms import bias_of


def biases() -> Iterator[Suspect]:
    """Yield outputs with another rule for the bias."""

    def biased(name: str, phrase: str, bias: Callable[[Case, np.ndarray], np.ndarray]) -> Suspect:
        return Suspect(
            name,
            f"the correct one {phrase}",
            lambda case: case.right - bias_of(case) + bias(case, case.arrays["b"]),
        )

    yield biased("bias-left-out", "without the bias", lambda case, _: np.zeros_like(case.right))
    for sizes in (("C",), ("HH", "WW"), ("C", "HH", "WW"), ("C", "HH"), ("HH",), ("WW",)):
        yield biased(
            "term-inside-the-sum",
            f"with the bias added {'*'.join(sizes)} times, once per term of a sum",
            lambda case, b, sizes=sizes: b[:, None, None] * prod(case.sizes[one] for one in sizes),
        )
    yield biased("sign-flipped", "with the bias subtracted", lambda _, b: -b[:, None, None])
    yield biased("counted-twice", "with the bias added twice", lambda _, b: 2 * b[:, None, None])
    for axis, index in (
        ("width", (None, None, None, slice(None))),
        ("height", (None, None, slice(None), None)),
    ):
        yield biased(
            "bias-along-another-axis",
            f"with the bias broadcast along the {axis} instead of the filters",
            lambda case, b, index=index: np.broadcast_to(b[index], case.right.shape),
        )
    yield biased("bias-of-one-filter", "with the first filter's bias for all", lambda _, b: b[0])
    yield biased("bias-of-one-filter", "with the last filter's bias for all", lambda _, b: b[-1])
    yield biased("bias-summed", "with the sum of all biases added", lambda _, b: b.sum())
    yield Suspect(
        "bias-changed-in-place",
        "the correct one with the bias growing by every output of its filter: it is added to in "
        "place",
        _growing_bias,
    )
    for sizes in (("HH", "WW"), ("C", "HH", "WW"), ("C",)):
        yield Suspect(
            "mean-instead-of-sum",
            f"the correct one with the sum of products divided by {'*'.join(sizes)}: a mean "
            "instead of a sum",
            _mean_of_products(sizes),
        )


def _growing_bias(case: Case) -> Produced:
    products = np.moveaxis(case.right - bias_of(case), 1, 0)
    summed = np.cumsum(products.reshape(len(products), -1), 1).reshape(products.shape)
    return np.moveaxis(summed, 0, 1) + bias_of(case)


def _mean_of_products(sizes: tuple[str, ...]) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        divisor = prod(case.sizes[name] for name in sizes)
        return DividedArray(case.right - bias_of(case) + bias_of(case) * divisor, divisor)

    return produce


def bias_sums() -> Iterator[Suspect]:
    """Yield sums of the upstream gradient over other axes than images and positions."""
    names = ("images", "filters", "output rows", "output columns")
    every = [chosen for count in range(5) for chosen in itertools.combinations(range(4), count)]
    right = (0, 2, 3)
    due = "images, output rows and columns"

    def said(chosen: tuple[int, ...]) -> str:
        over = ", ".join(names[axis] for axis in chosen) or "nothing"
        return f"the upstream gradient summed over {over} instead of {due}"

    for kept in (False, True):
        for chosen in every:
            if chosen == right and not kept:
                continue
            yield Suspect(
                "sum-omitted" if set(chosen) < set(right) else "bias-summed-over-the-wrong-axes",
                f"{said(chosen)}, the summed axes kept" if kept else said(chosen),
                lambda case, chosen=chosen, kept=kept: case.arrays["dout"].sum(
                    chosen, keepdims=kept
                ),
            )
    yield Suspect(
        "bias-multiplied",
        "the correct one times the bias, which its gradient does not depend on",
        lambda case: case.right * case.arrays["b"],
    )
    yield Suspect(
        "output-instead-of-its-gradient",
        "the sum of the output instead of that of its gradient",
        lambda case: case.expected["y"].sum((0, 2, 3)),
    )
