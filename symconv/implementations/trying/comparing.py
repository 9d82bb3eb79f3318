"""From what code gave to a verdict, one result of one shape at a time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from symconv.algebra.evaluation import monomial_text
from symconv.implementations.model import Pass, RunTrouble
from symconv.implementations.trying.reference import Polynomial
from symconv.layers.layer import Layer, Sizes
from symconv.sandbox.excerpts import cut
from symconv.verdicts import Counterexample, Judgement, Verdict

READABLE = 64
"""Fractions with a larger denominator are shown as the float that they came as."""
TROUBLE_VERDICTS: Mapping[str, Verdict | None] = {
    "raised": Verdict.REFUTED,
    "timeout": Verdict.REFUTED,
    "crashed": Verdict.REFUTED,
    # What it computed was not seen.
    "garbled": Verdict.UNDECIDED,
    # What is installed here says nothing of the formulas.
    "environment": Verdict.UNDECIDED,
    # It says itself that these sizes are not among those that it is for.
    "rejected": None,
    "not-run": Verdict.UNDECIDED,
}


def judge_pass(
    layer: Layer,
    sizes: Sizes,
    name: str,
    ran: Pass,
    expected: np.ndarray,
    tolerance: float | None = None,
) -> Judgement | None:
    """Judge one result of one run on numbers.

    Args:
        layer: the layer.
        sizes: at which sizes the code ran.
        name: the result's name.
        ran: what the pass that computes it gave.
        expected: what it should be, integers.
        tolerance: how far from the right value a number may be, relative to the largest
            magnitude among the expected ones; None for not at all.

    Returns:
        None where the numbers are right; whether that is enough is for the caller to say.
    """
    trouble = ran.trouble_with(name)
    if trouble is not None:
        return judge_trouble(trouble)
    if name in ran.misshapen:
        return Judgement(Verdict.REFUTED, "wrong-shape", ran.misshapen[name])
    if name in ran.missing:
        return Judgement(Verdict.UNDECIDED, "incomplete", ran.missing[name])
    if name not in ran.results:
        return Judgement(Verdict.UNDECIDED, "incomplete", "it is not computed")
    return _judge_numbers(layer, sizes, name, ran.results[name], expected, tolerance)


def judge_trouble(trouble: RunTrouble) -> Judgement:
    """Judge a pass that gave no results."""
    place = f" ({trouble.location})" if trouble.location else ""
    return Judgement(TROUBLE_VERDICTS[trouble.code], trouble.code, f"{trouble.fact}{place}")


def judge_symbols(
    layer: Layer,
    sizes: Sizes,
    name: str,
    got: np.ndarray,
    expected: np.ndarray,
    numbering: Mapping[str, np.ndarray],
) -> Judgement:
    """Compare a result that was computed on symbols with the layer's polynomials."""
    if got.shape != expected.shape:
        return _wrong_shape(got.shape, expected.shape)
    for position in np.ndindex(*expected.shape):
        left: Polynomial = expected.item(*position)
        right: Polynomial = got.item(*position)
        if left == right:
            continue
        # The smallest monomial at which they differ.
        monomial = min(
            (key for key in {**left, **right} if left.get(key, 0) != right.get(key, 0)),
            key=lambda key: (len(key), key),
        )
        counterexample = Counterexample(
            sizes=sizes.given,
            indices=_indices(layer, name, position),
            monomial=_monomial_text(monomial, numbering),
            left_coefficient=cut(str(left.get(monomial, 0))),
            right_coefficient=cut(str(right.get(monomial, 0))),
        )
        return Judgement(
            Verdict.REFUTED, "wrong-value", _term_sentence(name, counterexample), counterexample
        )
    return Judgement(
        Verdict.VERIFIED,
        "right",
        "run on symbols, it gives the layer's polynomial at every entry: exact for all inputs that "
        "take the way of the symbols",
    )


def _term_sentence(name: str, example: Counterexample) -> str:
    place = f"{name} at [{','.join(map(str, example.indices.values()))}]"
    if example.right_coefficient == "0":
        return f"{place} lacks the term {_times(example.left_coefficient, example.monomial)}"
    if example.left_coefficient == "0":
        term = _times(example.right_coefficient, example.monomial)
        return f"{place} has the term {term}, which does not belong there"
    return (
        f"{place} has {example.monomial} with the coefficient {example.right_coefficient} "
        f"instead of {example.left_coefficient}"
    )


def _times(coefficient: str | None, monomial: str | None) -> str:
    if coefficient == "1":
        return str(monomial)
    return str(coefficient) if monomial == "1" else f"{coefficient}*{monomial}"


def _judge_numbers(
    layer: Layer,
    sizes: Sizes,
    name: str,
    got: np.ndarray,
    expected: np.ndarray,
    tolerance: float | None,
) -> Judgement | None:
    if got.shape != expected.shape:
        return _wrong_shape(got.shape, expected.shape)
    numbers = _numbers(got)
    if numbers is None:
        return Judgement(
            Verdict.REFUTED, "wrong-value", f"its entries are {got.dtype}, which is no number"
        )
    got = numbers
    bad = ~_is_finite(got)
    if bad.any():
        position = _first(bad)
        counterexample = _values(layer, sizes, name, position, expected, got)
        return Judgement(
            Verdict.REFUTED, "not-a-number", _sentence(name, counterexample), counterexample
        )
    different = _differing(got, expected, tolerance)
    if not different.any():
        return None
    counterexample = _values(layer, sizes, name, _first(different), expected, got)
    count = int(np.count_nonzero(different))
    many = f"; {count:,} of {different.size:,} entries are wrong" if different.size > 1 else ""
    return Judgement(
        Verdict.REFUTED, "wrong-value", _sentence(name, counterexample) + many, counterexample
    )


def _differing(got: np.ndarray, expected: np.ndarray, tolerance: float | None) -> np.ndarray:
    if tolerance is not None:
        # Where all is 0 there is no largest one to compare with.
        scale = float(max(map(abs, expected.flat), default=0)) or 1.0
        distance = np.abs(got.astype(np.complex128) - expected.astype(np.complex128))
        return np.asarray(distance > tolerance * scale)
    if expected.dtype == object or got.dtype == object or got.dtype.kind in "iub":
        # Python integers: nothing rounds, and nothing overflows.
        return np.asarray(got.astype(object) != expected.astype(object), dtype=bool)
    # The expected integers are within 2^53, where float64 holds them all.
    return np.asarray(got != expected.astype(np.float64), dtype=bool)


def _numbers(got: np.ndarray) -> np.ndarray | None:
    """Return the numbers in an array; None where it holds something else."""
    if got.dtype.kind in "biufcO":
        return got
    # Numbers that NumPy does not know of itself, such as bfloat16.
    return got.astype(np.float64) if got.dtype.kind == "V" and got.dtype.names is None else None


def _is_finite(got: np.ndarray) -> np.ndarray:
    if got.dtype != object:
        return np.isfinite(got)
    whole = np.frompyfunc(lambda value: value == value and abs(value) != float("inf"), 1, 1)
    return np.asarray(whole(got), dtype=bool)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in np.argwhere(mask)[0])


def _wrong_shape(got: tuple[int, ...], expected: tuple[int, ...]) -> Judgement:
    return Judgement(
        Verdict.REFUTED, "wrong-shape", f"its shape is {got}, and should be {expected}"
    )


def _values(
    layer: Layer,
    sizes: Sizes,
    name: str,
    position: tuple[int, ...],
    expected: np.ndarray,
    got: np.ndarray,
) -> Counterexample:
    return Counterexample(
        sizes=sizes.given,
        indices=_indices(layer, name, position),
        left=_number(expected[position]),
        right=_number(got[position]),
    )


def _sentence(name: str, example: Counterexample) -> str:
    place = ",".join(map(str, example.indices.values()))
    return f"{name} at [{place}] is {example.right}, and should be {example.left}"


def _indices(layer: Layer, name: str, position: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(layer.index_names(name), position, strict=True))


def _number(value: Any) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        exact = Fraction(plain)
    except (TypeError, ValueError, OverflowError):
        return str(plain)
    # Halves and quarters are exact and short; else the shortest text that means this float.
    return cut(str(exact)) if exact.denominator <= READABLE else repr(plain)


def _monomial_text(monomial: tuple[int, ...], numbering: Mapping[str, np.ndarray]) -> str:
    atoms: list[tuple[str, tuple[int, ...]]] = []
    for number in monomial:
        for name, numbers in numbering.items():
            start = int(numbers.flat[0]) if numbers.size else 0
            if start <= number < start + numbers.size:
                place = np.unravel_index(number - start, numbers.shape)
                atoms.append((name, tuple(map(int, place))))
    return monomial_text(tuple(atoms))
