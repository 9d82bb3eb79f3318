"""NumPy that makes arrays of objects, for as long as code runs on symbols."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symconv.errors import NotSupported
from symconv.implementations.calling.object_arrays import object_numpy
from symconv.implementations.calling.symbols import polynomials, symbols


@pytest.mark.parametrize(
    "use",
    [
        lambda array: array + 1,
        lambda array: array.__iadd__(symbols(np.arange(2))),
        lambda array: 2 * array,
        lambda array: np.sum(array),
        lambda array: array.astype(float),
        lambda array: polynomials("y", array),
        lambda array: array == 0,
    ],
)
def test_reading_what_was_never_written_is_refused(use: Callable[[Any], Any]) -> None:
    for make in (
        lambda: np.empty(2),
        lambda: np.empty((2,), np.float32),
        lambda: np.empty(shape=2, dtype=object),
        lambda: np.empty_like(np.ones(2)),
        lambda: np.empty_like(symbols(np.arange(2))),
        lambda: np.empty_like(prototype=[1.0, 2.0]),
    ):
        with object_numpy():
            array = make()
            with pytest.raises(NotSupported, match="never written"):
                _ = use(array)


def test_numpy_is_put_back_even_when_the_code_raises() -> None:
    names = ("zeros", "ones", "empty", "full")
    before = [getattr(np, f"{name}{end}") for name in names for end in ("", "_like")]
    with pytest.raises(ZeroDivisionError), object_numpy():
        raise ZeroDivisionError
    assert [getattr(np, f"{name}{end}") for name in names for end in ("", "_like")] == before


def test_arrays_of_integers_and_booleans_stay_what_they_are() -> None:
    with object_numpy():
        kinds = [
            np.zeros(2, int), np.ones(2, dtype=bool), np.empty(2, np.intp), np.full(2, 7),
            np.zeros_like(np.arange(2)), np.full_like(np.arange(2), 3), np.full(2, 1, dtype=int),
        ]  # fmt: skip
        floats = [
            np.zeros(2), np.ones(2, np.float32), np.full(2, 0.5), np.ones_like([1.0]),
            np.full(2, 1, float), np.full_like(np.zeros(2), 1), np.zeros(2, dtype="f4"),
            np.full(shape=2, fill_value=1.0),
        ]  # fmt: skip
    assert [array.dtype.kind for array in kinds] == list("ibiiiii")
    assert {array.dtype.kind for array in floats} == {"O"}


def test_compiled_code_gets_the_floats_that_it_writes() -> None:
    with object_numpy():
        drawn = [
            np.random.default_rng(0).uniform(0, 1, (50, 50)),
            np.random.default_rng(0).normal(size=(50, 50)).reshape(-1),
            np.random.RandomState(0).randn(50, 50),
        ]
    assert all(array.dtype == np.float64 for array in drawn)
    assert all(0 < np.abs(array).max() < 10 for array in drawn)


def test_a_call_that_hides_the_name_makes_floats() -> None:
    make = np.zeros
    with object_numpy():
        hidden = np.zeros
        assert (make(2).dtype, hidden(2).dtype) == (np.float64, np.float64)
        assert np.zeros(2).dtype == object
        assert np.zeros((2, 2), np.float32).reshape(-1).dtype == object


def test_padding_holds_integers_of_python() -> None:
    big = np.array([2**100, 2**70], dtype=object)
    with object_numpy():
        padded = np.pad(big, (1, 2))
        assert np.pad(np.arange(2), 1).dtype == np.int64
    assert [type(entry) for entry in padded] == [int] * 5
    assert (padded * 2**100).tolist() == [0, 2**200, 2**170, 0, 0]
    with pytest.raises(OverflowError):
        _ = np.pad(big, (1, 2)) * 2**100


@pytest.mark.parametrize("shape", [10**9, (10**5, 10**5), [10**4, 10**4]])
def test_arrays_that_are_too_large_for_objects_are_refused_before_they_are_made(shape: Any) -> None:
    makers: tuple[Callable[[Any], Any], ...] = (
        lambda shape: np.zeros(shape),
        lambda shape: np.ones(shape=shape),
        lambda shape: np.empty(shape),
    )
    with object_numpy():
        for make in makers:
            with pytest.raises(NotSupported, match="too large for objects"):
                _ = make(shape)
            assert make(3).dtype == object
            assert make((2, 0, 10**5)).dtype == object
        assert np.zeros((10**5, 10), dtype=np.int8).dtype == np.int8
