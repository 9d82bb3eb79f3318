"""Which line of thought went wrong: what came back, compared with what mistakes produce.

A diagnosis is never a guess. Every candidate (`candidates`, `spoiled`) computes what the
result would be, and only one that gives exactly what came back is named, at every shape, those
where the code is right included: what fits the wrong ones alone may fit them by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from symconv.implementations.diagnosing.cases import Case, CodeRun, same
from symconv.implementations.diagnosing.lost_settings import lost_settings
from symconv.implementations.diagnosing.spoiled import spoiled_candidates
from symconv.implementations.diagnosing.suspects import candidates
from symconv.implementations.diagnosing.symptoms import (
    AXES,
    SHORT,
    DividedArray,
    Suspect,
    undefined_entries,
    vague_symptoms,
    whole_symptoms,
)
from symconv.implementations.diagnosing.wrong_entries import wrong_entries_map
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer

__all__ = ["CodeRun", "Diagnosis", "diagnose", "wrong_entries_map"]

LEAST_EVIDENCE = 12
MOST_PER_ENTRY = 16
"""In bits: how much the wrong entries must say, and how much one may; with less some candidate
fits by chance."""

NO_NUMBER = "not-a-number"
LEAST_DIGITS = 24
MOST_ROUNDED = 2**10
"""Sums of a float32 or float64 that are too large for it may be off by so many of its last
digits."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that reproduces a wrong result.

    Attributes:
        name: its stable name, that of the catalogue of mistakes where it is there.
        sentence: what the result equals, and at how many shapes.
        explained: at how many shapes something came back, and it is exactly that.
    """

    name: str
    sentence: str
    explained: int


def diagnose(layer: Layer, result: str, samples: Sequence[CodeRun]) -> Diagnosis | None:
    """Find the mistake that produces what came back for one result.

    Limit: only the 2-D convolution has all candidates; others have lost settings, and what a
    whole result is of the right one.

    Args:
        layer: the layer.
        result: the result that is wrong: ``y``, ``dL/dx``, ``dL/dw`` or ``dL/db``.
        samples: what came back, at several shapes, those where it is right included; candidates
            are first tried at the first one that is wrong, so the smallest goes first.

    Returns:
        The likeliest mistake that gives the same numbers at every shape; None where nothing is
        wrong, or no mistake is known that gives them.
    """
    if result not in AXES:
        return None
    given = [one for one in samples if result in one.got and result in one.expected]
    cases = [Case(sample, result) for sample in given]
    failing = sorted((case for case in cases if case.fails), key=lambda case: case.steps)
    if not failing or _evidence(failing) < LEAST_EVIDENCE:
        return None
    passing = [case for case in cases if not case.fails]
    usual = layer == default_layer()
    for candidate in _every(result) if usual else _of_settings(layer, result):
        if all(reproduces(candidate, case) for case in (*failing, *passing)):
            return _diagnosis(candidate, result, len(cases))
    return None


def fails(sample: CodeRun, result: str) -> bool:
    """Tell whether a result came back and is wrong."""
    if result not in sample.got or result not in sample.expected:
        return False
    return not same(np.asarray(sample.expected[result]), np.asarray(sample.got[result]))


def reproduces(candidate: Suspect, case: Case) -> bool:
    """Tell whether a candidate gives exactly what came back, up to one rounding of a quotient."""
    try:
        with np.errstate(all="ignore"):
            produced = candidate.produce(case)
            if produced is None or (candidate.name != NO_NUMBER and _says_nothing(case.got)):
                return False
            if isinstance(produced, DividedArray):
                return _same_quotient(produced, case.got)
            if same(produced, case.got):
                return True
            # What is right but for rounding says nothing of other mistakes.
            return _same_but_rounded(produced, case.got) and not _same_but_rounded(
                case.right, case.got
            )
    except Exception:
        # A mistake that raises at these sizes gives no numbers there.
        return False


def _says_nothing(got: np.ndarray) -> bool:
    """Tell whether no entry is a number, as after a division by 0, whatever went before."""
    return got.dtype.kind == "f" and got.size > 0 and not np.isfinite(got).any()


def _every(result: str) -> Iterator[Suspect]:
    return chain(candidates(result), spoiled_candidates(result), vague_symptoms(result))


def _of_settings(layer: Layer, result: str) -> Iterator[Suspect]:
    yield from whole_symptoms(result)
    yield from lost_settings(layer, result)
    yield undefined_entries()


def _evidence(failing: Sequence[Case]) -> int:
    """Count the bits of the right values of wrong entries; a wrong shape is enough by itself."""
    bits = 0
    for case in failing:
        if not case.fits:
            return LEAST_EVIDENCE
        wrong = np.asarray(case.got != case.right, dtype=bool)
        for pair in zip(case.right[wrong], case.got[wrong], strict=True):
            bits += max(map(_bits, pair))
        if bits >= LEAST_EVIDENCE:
            return bits
    return bits


def _bits(value: Any) -> int:
    """Return how long a number is, in bits; what is not one is as long as may be."""
    try:
        return min(MOST_PER_ENTRY, int(value).bit_length())
    except (TypeError, ValueError, OverflowError):
        return MOST_PER_ENTRY


def _same_but_rounded(produced: np.ndarray, got: np.ndarray) -> bool:
    """Compare where sums pass what a float holds exactly.

    The inputs are so small that right sums do not round; wrong ones may have more terms.
    """
    if produced.shape != got.shape or not np.issubdtype(got.dtype, np.floating):
        return False
    digits = np.finfo(got.dtype).nmant + 1
    exact = produced.astype(np.float64)
    largest = float(np.max(np.abs(exact), initial=0.0))
    if digits < LEAST_DIGITS or not 2.0 ** (digits - 4) <= largest < np.inf:
        return False
    allowed = MOST_ROUNDED * float(np.finfo(got.dtype).eps) * largest
    return bool((np.abs(got.astype(np.float64) - exact) <= allowed).all())


def _same_quotient(quotient: DividedArray, got: np.ndarray) -> bool:
    """Compare with a quotient that was rounded to a float, perhaps before it was added up."""
    numerator, divisor = quotient.numerator, quotient.divisor
    if numerator.shape != got.shape:
        return False
    if divisor == 1:
        # Nothing is divided, so nothing is rounded.
        return same(numerator, got)
    if not np.issubdtype(got.dtype, np.floating):
        return same(numerator, got * divisor)
    exact = numerator.astype(np.float64) / divisor
    defined = np.isfinite(exact)
    if not np.array_equal(defined, np.isfinite(got)):
        return False
    largest = float(np.max(np.abs(exact), where=defined, initial=0.0))
    allowed = min(64 * float(np.finfo(got.dtype).eps), 2.0**-9) * largest
    difference = np.abs(got.astype(np.float64) - exact)
    return bool((difference[defined] <= allowed).all())


def _diagnosis(candidate: Suspect, result: str, count: int) -> Diagnosis:
    where = f"at all {count} shapes"
    if count == 1:
        where = "at the one shape where there is something to compare"
    sentence = f"your {SHORT[result]} equals {candidate.phrase}; {where}"
    return Diagnosis(candidate.name, sentence, count)
