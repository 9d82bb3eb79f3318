"""Whether a wrong result is the right one but for rounding.

A sum of products that rounds at every step is off by about as many units in the last place of its
largest part as there are steps. Code that rounds is no further off than that anywhere: on large
numbers, on fractions and on tiny ones alike. What adds a constant, or drops a term, is far off on
one of them.
"""

from __future__ import annotations

from math import inf

import numpy as np

from symconv.implementations.trying.inputs import Kind

TOO_FAR = 2.0**-12
"""A result that is off by more than this, relative to its largest sum, is not merely rounded."""
DOUBLE, SINGLE = 53, 24
"""Binary digits of float64 and float32."""
DIGITS = {"float64": DOUBLE, "float32": SINGLE, "float16": 11, "bfloat16": 8}
RECIPROCAL = (
    "where a sum is multiplied by a rounded 1/n, and not divided by n, that is no mistake: "
    "check it with --tolerance 1e-9"
)
"""What is said where a layer divides and code is off by rounding alone."""
STEPS = 16
"""So many roundings are granted beside one for every product."""
LARGEST_UNITS = 2**10
"""In units of the last place: transforms round more often than there are products."""


class Rounding:
    """How far one result was off, over all runs at all shapes.

    Attributes:
        error: the largest difference, relative to the largest sum of magnitudes of products.
        products: the largest number of products in one sum.
        on_halves: whether it was wrong on small halves too, which float32 holds exactly.
    """

    def __init__(self) -> None:
        self.error = 0.0
        self.products = 1
        self.on_halves = False

    def add(
        self, got: np.ndarray | None, expected: np.ndarray, bound: float, products: int, kind: Kind
    ) -> None:
        """Take in a run whose result was wrong.

        Args:
            got: what came back; None where no numbers came back.
            expected: what is right.
            bound: the largest sum of magnitudes of products.
            products: the largest number of products in one sum.
            kind: what the run was on.
        """
        self.error = max(self.error, _error(got, expected, bound))
        self.products = max(self.products, products)
        self.on_halves |= kind == "halves"

    @property
    def is_possible(self) -> bool:
        """Whether further runs can tell more."""
        return self.error <= TOO_FAR

    @property
    def digits(self) -> int | None:
        """The binary digits that it is rounded to; None where something else is wrong."""
        if self.error <= max(self.products + STEPS, LARGEST_UNITS) * 2.0**-DOUBLE:
            return DOUBLE
        if not self.on_halves and self.error <= (self.products + STEPS) * 2.0**-SINGLE:
            return SINGLE
        return None

    def is_that_of(self, dtype: str) -> bool:
        """Tell whether a sum in a dtype, with a constant that is rounded to it, is as far off."""
        return self.error <= (self.products + STEPS) * 2.0 ** -DIGITS.get(dtype, DOUBLE)


def _error(got: np.ndarray | None, expected: np.ndarray, bound: float) -> float:
    if got is None or got.shape != expected.shape or got.dtype.kind not in "fc" or not bound:
        return inf
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(got - expected.astype(np.float64)), initial=0.0))
    return largest / bound if np.isfinite(largest) else inf


def rounds_sentence(short: str, digits: int, dtype: str, *, followed: bool) -> str:
    """Say that a result is right but for rounding.

    Args:
        short: what people call the result: ``dx``.
        digits: the binary digits of what it is rounded to.
        dtype: what the code was run in.
        followed: whether it was right on symbols at every shape.
    """
    symbols = "it is right on symbols at every shape, and " if followed else ""
    if digits == SINGLE and dtype == "float64":
        return (
            f"{symbols}your {short} is right up to the rounding of float32 (7 digits) on numbers "
            "that need more: something is turned into float32 on the way"
        )
    return (
        f"{symbols}your {short} is right up to rounding, off by units in the last place: a sum or "
        "a factor on the way passes what a float holds exactly; if that is meant, as in a "
        "transform, check it with --tolerance 1e-9"
    )
