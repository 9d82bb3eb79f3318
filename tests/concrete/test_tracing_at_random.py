"""Random programs on traced arrays do what NumPy does, and notice faults that are planted."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symconv.concrete import traced_memory, tracing
from symconv.concrete.refusals import run_traced
from symconv.concrete.traced_memory import Snapshot, Storage
from symconv.concrete.tracing import TracedArray, TracedScalar
from symconv.errors import NotSupported
from tests.concrete.test_tracing import (
    PROGRAMS,
    REFUSED,
    SHAPES,
    both_ways,
    decoded,
    traced_arguments,
)
from tests.runs import LONG, by_run


class Programmer:
    """Write a random program as a list of steps on numbered variables.

    A step that the tracer refuses is left out of the program, and must have changed nothing.
    """

    def __init__(self, source: random.Random) -> None:
        self.choose = source.choice

    def steps(self) -> list[tuple[str, Any]]:
        kinds = ["new", "view", "view", "set", "set", "add", "add", "subtract", "scalar"]
        kinds += ["product", "product", "plus", "sum", "sum along"]
        return [
            (self.choose(kinds), [self.choose(range(12)) for _ in range(6)])
            for _ in range(self.choose([4, 8, 16]))
        ]


SLICES = [
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(None, None, -1),
    slice(0, 2),
    slice(None, None, 2),
    slice(-2, 9),
    slice(1, 1),
    0,
    -1,
    1,
    2,
]


def perform(kind: str, numbers: list[int], variables: list[Any]) -> None:
    """Take one step of a random program."""
    first, second, third = (variables[number % len(variables)] for number in numbers[:3])
    index = tuple(SLICES[number] for number in numbers[3 : 3 + np.ndim(first)])
    if kind in ("set", "subtract") and np.ndim(second) and not np.shape(first[index]):
        # An object array would take the whole array for one entry; others raise.
        return
    match kind:
        case "new":
            variables.append(np.zeros_like(variables[0], shape=np.shape(first)))
        case "view" if np.ndim(first):
            variables.append(first[index])
        case "scalar" if np.ndim(first):
            variables.append(first[(0,) * np.ndim(first)])
        case "set" if np.ndim(first):
            first[index] = second
        case "add" if np.ndim(first):
            first += second
        case "subtract" if np.ndim(first):
            first[index] -= second
        case "product":
            variables.append(second * third)
        case "plus":
            variables.append(second + third)
        case "sum":
            variables.append(np.sum(first))
        case "sum along" if np.ndim(first):
            variables.append(np.sum(first, axis=numbers[3] % np.ndim(first)))


RAN = {"done": 0, "refused": 0, "raised": 0}


@settings(
    max_examples=by_run(200, 2_500, 5_000),
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=True))
def check_one_random_program(object_array, polynomials, source: random.Random) -> None:
    steps = Programmer(source).steps()
    plain = [object_array(name, shape) for name, shape in SHAPES.items() if shape]
    traced = [array for array in traced_arguments().values() if array.shape]
    for kind, numbers in steps:
        try:
            perform(kind, numbers, traced)
        except NotSupported:
            RAN["refused"] += 1
        except (IndexError, ValueError) as error:
            RAN["raised"] += 1
            with pytest.raises(type(error)):
                perform(kind, numbers, plain)
        else:
            RAN["done"] += 1
            perform(kind, numbers, plain)
    for one, other in zip(plain, traced, strict=True):
        assert other.shape == np.shape(one), steps
        assert decoded(other) == polynomials(one), steps


def test_random_programs_compute_what_numpy_computes(object_array, polynomials) -> None:
    RAN.update(done=0, refused=0, raised=0)
    check_one_random_program(object_array, polynomials)
    # Enough must get through to mean something.
    assert RAN["done"] > 0.5 * sum(RAN.values())


def first_position_only(self, places, codes, coefficient, add=Storage.add) -> None:
    add(self, places if isinstance(places, int) else places[:1], codes, coefficient)


def unshifted_positions(self) -> np.ndarray:
    return np.arange(self.size).reshape(self.shape)


def copying_getitem(self, index, getitem=TracedArray.__getitem__) -> Any:
    found = getitem(self, index)
    return TracedArray(found._codes.copy(), found.groups) if found.shape else found


def always_current(self, storage, position) -> bool:
    return True


def latest_parts(self, parts=Snapshot.parts) -> Any:
    self.last = self.storage.length
    return parts(self)


def unbroadcast_product(left, right, multiply=TracedArray.__mul__) -> Any:
    if left.shape != right.shape and right.shape:
        left = left[: len(right)]
    return multiply(left, right)


FAULTS: list[tuple[str, Any, str, Any]] = [
    ("assignment adds instead of overwriting", Storage, "forget", lambda self, positions: None),
    ("a view forgets its offset", TracedArray, "positions", property(unshifted_positions)),
    ("a view is a copy", TracedArray, "__getitem__", copying_getitem),
    ("only the first position is added to", Storage, "add", first_position_only),
    ("any scalar is taken for the entry it is written to", Snapshot, "is_current", always_current),
    ("a scalar that was read follows the array", Snapshot, "parts", latest_parts),
    (
        "subtracting adds",
        TracedArray,
        "__isub__",
        lambda self, other: self.__iadd__(other),
    ),
    ("negation does nothing", tracing, "MINUS_ONE", TracedScalar(((traced_memory.ONE, 1),))),
    ("zero is the empty product", tracing, "ZERO", 0),
    ("a product takes the first factor twice", TracedArray, "__mul__", lambda a, b: a + a),
    (
        "the same array may occur twice",
        tracing,
        "refuse",
        lambda what: None,
    ),
    ("products do not broadcast", TracedArray, "__mul__", unbroadcast_product),
]


@pytest.mark.parametrize(
    ("fault", "owner", "name", "value"), FAULTS, ids=[fault for fault, *_ in FAULTS]
)
def test_a_fault_in_the_tracer_is_noticed(
    fault, owner, name, value, monkeypatch, object_array, polynomials
) -> None:
    monkeypatch.setattr(owner, name, value)
    assert noticed(object_array, polynomials), fault


def noticed(object_array, polynomials) -> bool:
    """Tell whether any of the tests above fails."""
    for program in PROGRAMS:
        try:
            expected, got = both_ways(program, object_array, polynomials)
        except Exception:
            return True
        if expected != got:
            return True
    for reason, program in REFUSED:
        try:
            _ = run_traced(program, *traced_arguments().values())
        except NotSupported as error:
            if reason in error.fact:
                continue
        except Exception:
            return True
        return True
    return False


def test_without_a_fault_nothing_is_noticed(object_array, polynomials) -> None:
    assert not noticed(object_array, polynomials)
