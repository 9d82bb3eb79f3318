"""The order of axes: there and back, and wrong shapes that stay wrong."""

import numpy as np
import pytest

from symconv.algebra.evaluation import condition_value
from symconv.errors import UsageError
from symconv.implementations.calling.layouts import Axes, array_of, restrictions
from symconv.implementations.calling.results import NoArray
from symconv.layers.convolution.post import conv2d

X = np.arange(1 * 3 * 4 * 5).reshape(1, 3, 4, 5)
W = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
B = np.arange(7)


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        ("NCHW", (1, 3, 4, 5)),
        ("NHWC", (1, 4, 5, 3)),
        ("CHW", (3, 4, 5)),
        ("HWC", (4, 5, 3)),
        ("NCWH", (1, 3, 5, 4)),
    ],
)
def test_images_have_the_order_of_axes_that_is_asked_for(images, shape) -> None:
    axes = Axes(images=images)
    own = axes.to_own("x", X)
    assert own.shape == shape
    assert np.array_equal(axes.from_own("dL/dx", own), X)


def test_the_entries_of_a_turned_image_are_where_its_axes_say() -> None:
    own = Axes(images="HWC").to_own("dout", X)
    assert own[1, 2, 0] == X[0, 0, 1, 2]
    assert own[3, 4, 2] == X[0, 2, 3, 4]


@pytest.mark.parametrize(("filters", "shape"), [("HWIO", (4, 5, 3, 2)), ("OHWI", (2, 4, 5, 3))])
def test_filters_have_the_order_of_axes_that_is_asked_for(filters, shape) -> None:
    axes = Axes(filters=filters)
    own = axes.to_own("w", W)
    assert own.shape == shape
    assert np.array_equal(axes.from_own("dL/dw", own), W)


@pytest.mark.parametrize(
    ("bias", "shape"), [("F", (7,)), ("F,1", (7, 1)), ("1,1,1,F", (1, 1, 1, 7))]
)
def test_a_bias_has_the_axes_of_length_one_that_are_asked_for(bias, shape) -> None:
    axes = Axes(bias=bias)
    own = axes.to_own("b", B)
    assert own.shape == shape
    assert np.array_equal(axes.from_own("dL/db", own), B)


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_own_arrays_share_no_memory_with_the_layers(name) -> None:
    array = {"x": X, "w": W, "b": B}[name]
    own = Axes().to_own(name, array)
    assert not np.shares_memory(own, array)
    assert own.flags.c_contiguous


def test_whole_numbers_of_any_length_survive_the_way_there_and_back() -> None:
    big = np.array([2**100, -(3**80), 7], dtype=object)
    axes = Axes(bias="F,1")
    back = axes.from_own("dL/db", axes.to_own("b", big))
    assert back.dtype == object
    assert back.tolist() == big.tolist()


@pytest.mark.parametrize(
    ("axes", "name", "shape", "given_back"),
    [
        (Axes(), "y", (2, 3, 4), (2, 3, 4)),
        (Axes(), "y", (2, 3, 4, 6), (2, 3, 4, 6)),
        (Axes("NHWC"), "y", (2, 3, 4), (2, 3, 4)),
        (Axes("NHWC"), "y", (9, 4, 5, 3), (9, 3, 4, 5)),
        (Axes("HWC"), "y", (4, 5), (4, 5)),
        (Axes(), "dL/db", (3, 1), (3, 1)),
        (Axes(), "dL/db", (), ()),
        (Axes(bias="F,1"), "dL/db", (1, 3), (1, 3)),
        (Axes(bias="F,1"), "dL/db", (3, 2), (3, 2)),
    ],
)
def test_a_wrong_shape_is_given_back_to_be_called_wrong(axes, name, shape, given_back) -> None:
    assert axes.from_own(name, np.zeros(shape)).shape == given_back


@pytest.mark.parametrize(
    ("axes", "name", "shape", "words"),
    [
        (Axes("HWC"), "y", (1, 3, 4, 5), r"\(1, 3, 4, 5\), but the axes are H, W, C"),
        (Axes("CHW"), "dL/dx", (1, 3, 4, 5), "but the axes are C, H, W"),
        (Axes(bias="1,1,1,F"), "dL/db", (3,), r"\(3,\), but the bias has \(1,1,1,F\)"),
    ],
)
def test_a_wrong_shape_that_would_pass_for_right_is_refused(axes, name, shape, words) -> None:
    with pytest.raises(ValueError, match=words):
        axes.from_own(name, np.zeros(shape))


@pytest.mark.parametrize(
    "wrong",
    [
        {"images": "NCH"},
        {"images": "NHWCC"},
        {"images": "nchw"},
        {"images": ""},
        {"filters": "HWI"},
        {"filters": "NCHW"},
        {"bias": "C"},
        {"bias": "F,F"},
        {"bias": "2,F"},
        {"bias": ""},
    ],
)
def test_axes_that_do_not_exist_are_refused(wrong) -> None:
    with pytest.raises(UsageError) as caught:
        Axes(**wrong)
    assert caught.value.help.startswith("write ")


class Wrapper:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


@pytest.mark.parametrize("value", [B, B.tolist(), Wrapper(B), [float(item) for item in B]])
def test_arrays_and_nested_lists_of_numbers_are_arrays(value) -> None:
    assert np.array_equal(np.ravel(array_of(value)), B)


def test_a_list_of_big_whole_numbers_keeps_them() -> None:
    array = array_of([2**100, 1])
    assert array.dtype == object
    assert array.tolist() == [2**100, 1]
    assert array_of([2**63, -1]).tolist() == [2**63, -1]


def test_a_single_number_is_an_array_without_axes() -> None:
    assert array_of(3.0).shape == ()
    assert array_of(np.float32(3)).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("text", "type str is no array"),
        (None, "type NoneType is no array"),
        ((1, 2), "type tuple is no array"),
        ({"y": 1}, "type dict is no array"),
        ([[1, 2], [3]], "whose rows differ in length"),
        (lambda: 0, "type function is no array"),
        (NoArray("because"), "because"),
    ],
)
def test_what_is_no_array_is_refused_with_what_it_is(value, words) -> None:
    with pytest.raises(ValueError, match=words):
        array_of(value)


def holds(conditions, text):
    sizes = conv2d().sizes(text).by_symbol
    return [condition_value(condition, sizes) for condition, _ in conditions]


def test_restrictions_are_conditions_with_reasons() -> None:
    found = restrictions(Axes("HWC"), square=True, stride=(2, "why"), padding=(0, "and why"))
    assert [reason for _, reason in found] == [
        "images are HWC, without a batch axis",
        "images are square",
        "filters are square",
        "why",
        "and why",
    ]
    assert all(holds(found, "N=1,C=2,H=4,W=4,F=1,HH=2,WW=2,S=2,P=0"))
    assert not any(holds(found, "N=2,C=2,H=4,W=5,F=1,HH=2,WW=3,S=1,P=1"))


def test_without_restrictions_there_are_none() -> None:
    assert restrictions(Axes("NHWC"), square=False, stride=None, padding=None) == ()
