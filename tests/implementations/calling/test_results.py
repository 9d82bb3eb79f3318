"""What functions return, sorted to the layer's results, and never put into another order."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from symconv.implementations.calling.results import NoArray, gradients, output_and_cache
from symconv.implementations.model import BACKWARD_RESULTS

DX, DW, DB = np.zeros((2, 3, 4, 5)), np.zeros((2, 3, 2, 2)), np.zeros(2)
ALL = dict(zip(BACKWARD_RESULTS, (DX, DW, DB), strict=True))


@pytest.mark.parametrize(
    ("returned", "y", "cache"),
    [
        (DX, DX, None),
        ((DX, "cache"), DX, "cache"),
        ((DX, None), DX, None),
        ((DX,), DX, None),
        ((DX, DW, DB), DX, (DW, DB)),
        ({"out": DX, "kept": 1}, DX, {"out": DX, "kept": 1}),
        (None, None, None),
    ],
)
def test_the_first_thing_that_a_forward_pass_returns_is_y(returned, y, cache) -> None:
    found = output_and_cache(returned)
    assert found[0] is y
    assert found[1] is cache or found[1] == cache


@pytest.mark.parametrize("returned", [(), {"kept": 1}, {}])
def test_a_forward_pass_without_y_gives_a_reason(returned) -> None:
    assert isinstance(output_and_cache(returned)[0], NoArray)


Named = namedtuple("Named", "db dx dw")
Unnamed = namedtuple("Unnamed", "first second third")


@dataclass
class Gradients:
    d_weight: object
    db: object
    d_input: object
    elapsed: float = 0.0


class Slotted:
    __slots__ = ("grad_bias", "grad_input", "grad_weight")


def slotted():
    found = Slotted()
    found.grad_input, found.grad_weight, found.grad_bias = DX, DW, DB
    return found


@pytest.mark.parametrize(
    "returned",
    [
        (DX, DW, DB),
        [DX, DW, DB],
        {"dw": DW, "db": DB, "dx": DX},
        {"W": DW, "b": DB, "x": DX, "loss": 0.0},
        {"grad_weight": DW, "grad_bias": DB, "grad_input": DX},
        Named(DB, DX, DW),
        Unnamed(DX, DW, DB),
        Gradients(DW, DB, DX),
        slotted(),
    ],
)
def test_gradients_are_read_by_order_or_by_name(returned) -> None:
    found = gradients(returned)
    assert list(found) == list(ALL)
    assert all(found[name] is ALL[name] for name in ALL)


def test_a_tuple_in_another_order_stays_in_that_order() -> None:
    found = gradients((DW, DX, DB))
    assert found["dL/dx"] is DW
    assert found["dL/dw"] is DX


@pytest.mark.parametrize(
    ("returned", "there"),
    [
        (None, ()),
        (DX, ("dL/dx",)),
        ((DX,), ("dL/dx",)),
        ((DX, DW), ("dL/dx", "dL/dw")),
        ((DX, DW, None), ("dL/dx", "dL/dw")),
        ((None, DW, DB), ("dL/dw", "dL/db")),
        ({"dx": DX}, ("dL/dx",)),
    ],
)
def test_gradients_that_are_not_there_are_no_arrays(returned, there) -> None:
    found = gradients(returned)
    assert list(found) == list(ALL)
    absent = [name for name, value in found.items() if isinstance(value, NoArray | None)]
    assert tuple(name for name in found if name not in absent) == there


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (DX, "one array was returned, taken for dx"),
        ((DX,), "one value was returned, taken for dx"),
        ([DX, DW], "2 values were returned, taken for dx and dw"),
        ((DX, DW, DB, DX), "4 values were returned, not dx, dw and db"),
    ],
)
def test_what_is_returned_is_counted_where_a_gradient_is_not_there(returned, reason) -> None:
    assert gradients(returned)["dL/db"] == NoArray(reason)
    assert gradients((DX, DW, None))["dL/db"] is None


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ((DX, DW, DB, 1.0), "4 values were returned, not dx, dw and db"),
        ((), "0 values were returned"),
        ({"loss": 1.0}, "has no dx, dw or db, only loss"),
        ({}, "has no dx, dw or db, only nothing"),
    ],
)
def test_what_holds_no_gradients_gives_a_reason_for_each(returned, words) -> None:
    found = gradients(returned)
    assert list(found) == list(ALL)
    assert all(isinstance(value, NoArray) and words in value.reason for value in found.values())


def test_nested_lists_are_one_array_and_lists_of_arrays_are_three() -> None:
    assert gradients(DX.tolist())["dL/dx"] == DX.tolist()
    three = gradients([DX.tolist(), DW.tolist(), DB.tolist()])
    assert three["dL/db"] == DB.tolist()


DX, DW, DB = np.ones((1, 2, 3, 3)), np.ones((4, 2, 2, 2)), np.ones(4)


@pytest.mark.parametrize(
    "returned",
    [(DX, [DW, DB]), [DX, (DW, DB)], (DX, {"dw": DW, "db": DB}), (DX, {"db": DB, "W": DW})],
)
def test_gradients_of_parameters_may_come_together(returned) -> None:
    found = gradients(returned)
    assert found["dL/dx"] is DX
    assert found["dL/dw"] is DW
    assert found["dL/db"] is DB


def test_gradients_that_come_together_are_put_into_no_other_order() -> None:
    assert gradients((DX, [DB, DW]))["dL/dw"] is DB


def test_a_list_of_numbers_is_one_gradient() -> None:
    assert gradients((DX, [1.0, 2.0]))["dL/dw"] == [1.0, 2.0]
