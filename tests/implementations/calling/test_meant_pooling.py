"""Average pooling told from code, and code with a window that is built in."""

import numpy as np
import pytest

from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.meant_layers import pools
from symconv.implementations.checking import check_implementation
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Verdict


def averaged(x, HH, WW, S, P):
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, (HH, WW), (2, 3))
    return windows[:, :, ::S, ::S].sum((4, 5)) / (HH * WW)


def avg_pool_forward(x, HH, WW, S, P):
    return averaged(x, HH, WW, S, P)


def mean_pool1d(x, kernel_size, stride, padding):
    return averaged(x[:, :, None], 1, kernel_size, stride, padding)[:, :, 0]


def avg_pool_of_two(x):
    return averaged(x, 2, 2, 2, 0)


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("avg_pool_forward", [0]),
        ("AveragePooling2D", [2]),
        ("avgpool3d_backward", [3]),
        ("mean_pool1d", [1]),
        ("max_pool_forward", []),
        ("adaptive_avg_pool2d", []),
        ("GlobalAveragePooling2D", []),
        ("conv_avg_pool", []),
        ("average", []),
    ],
)
def test_names_speak_of_average_pooling(name, axes) -> None:
    assert [*pools(name)] == axes


@pytest.mark.parametrize(
    ("function", "layer"), [(avg_pool_forward, "avg_pool2d"), (mean_pool1d, "avg_pool1d")]
)
def test_average_pooling_is_told_by_its_name(function, layer) -> None:
    description = wrap(function).description
    assert description.layer == layer
    assert description.told == ("its name or what it calls says so",)
    assert description.restrictions == ()


def test_a_window_that_is_built_in_is_found() -> None:
    report = check_implementation(avg_pool_of_two, only="y", isolate=False)
    assert {one.verdict for one in report.conclusions} == {Verdict.VERIFIED}
    assert report.read_as == {"window": 2, "stride": 2, "padding": 0}
    assert "the window is fixed at 2" in [note.text for note in report.notes]


def test_a_window_that_is_said_is_the_one_that_is_tried() -> None:
    said = {"layer": "avg_pool2d", "stride": 2, "padding": 0, "only": "y", "isolate": False}
    right = check_implementation(avg_pool_of_two, window=2, **said)
    wrong = check_implementation(avg_pool_of_two, window=3, **said)
    assert {one.verdict for one in right.conclusions} == {Verdict.VERIFIED}
    assert {one.verdict for one in wrong.conclusions} == {Verdict.REFUTED}


def test_the_window_of_weights_is_theirs() -> None:
    with pytest.raises(Exception, match="the window of conv2d is as large as its weights"):
        _ = wrap(lambda x, w, b, stride, padding: x, window=2)


def padded_to_keep(x, w, stride, first):
    """Convolve with the padding of "same", with the odd one in front or behind."""
    (H, W), (HH, WW) = x.shape[2:], w.shape[2:]
    sides = []
    for extent, taps in ((H, HH), (W, WW)):
        total = max((-(-extent // stride) - 1) * stride + taps - extent, 0)
        sides.append(
            (total - total // 2, total // 2) if first else (total // 2, total - total // 2)
        )
    x_pad = np.pad(x, ((0, 0), (0, 0), *sides))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, (HH, WW), (2, 3))
    return np.einsum("nchwpq,fcpq->nfhw", windows[:, :, ::stride, ::stride], w)


@pytest.mark.parametrize(("first", "verdict"), [(False, Verdict.VERIFIED), (True, Verdict.REFUTED)])
def test_a_padding_that_follows_is_not_taken_for_none(first, verdict) -> None:
    def conv_forward(x, w, stride):
        return padded_to_keep(x, w, stride, first)

    report = check_implementation(
        conv_forward, layer="conv2d same no_bias", only="y", isolate=False
    )
    assert {one.verdict for one in report.conclusions} == {verdict}
    assert any(place.sizes["Ph1"] > place.sizes["Ph0"] for place in report.classes)


def test_a_divisor_that_is_given_is_varied() -> None:
    classes = layer_by_name("avg_pool2d divisor").shapes
    assert any(size.name == "V" for spans in classes.choices for size in spans)

    def forgets(x, HH, WW, S, P, divisor):
        return averaged(x, HH, WW, S, P) * (HH * WW)

    def divides(x, HH, WW, S, P, divisor):
        return averaged(x, HH, WW, S, P) * (HH * WW) / divisor

    said = {"layer": "avg_pool2d divisor", "only": "y", "isolate": False}
    wrong = check_implementation(forgets, **said)
    assert {one.verdict for one in wrong.conclusions} == {Verdict.REFUTED}
    (right,) = check_implementation(divides, tolerance=1e-9, **said).conclusions
    assert right.verdict is Verdict.VERIFIED
