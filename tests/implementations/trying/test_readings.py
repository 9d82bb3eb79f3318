"""What code may be meant as, before it is called wrong."""

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.implementations.checking import check_implementation
from symconv.implementations.diagnosing.correlation import correlated
from symconv.implementations.diagnosing.other_layers import spoken_of
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows


def report_on(*functions, **options):
    return check_implementation(*functions, isolate=False, **options)


def channels_last(x, w, b, stride, padding):
    y = compute_y(x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), b, stride, padding)
    return y.transpose(0, 2, 3, 1)


def channels_last_backward(dout, x, w, b, stride, padding):
    given = dout.transpose(0, 3, 1, 2), x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1)
    dx, dw, db = compute_gradients(*given, stride, padding)
    return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db


def with_a_wrong_bias_gradient(dout, x, w, b, stride, padding):
    dx, dw, db = channels_last_backward(dout, x, w, b, stride, padding)
    return dx, dw, 2 * db


def one_image(x, w, b, stride, padding):
    _channels, _height, _width = x.shape
    return compute_y(x[None], w, b, stride, padding)[0]


def a_bias_column(x, w, b, stride, padding):
    _filters, _one = b.shape
    return compute_y(x, w, b[:, 0], stride, padding)


def stride_two_inside(x, w, b):
    return compute_y(x, w, b, 2, 1)


def same_inside(x, w, b, stride):
    return compute_y(x, w, b, stride, w.shape[2] // 2)


def same_inside_backward(dout, x, w, b, stride):
    return compute_gradients(dout, x, w, stride, w.shape[2] // 2)


def same_inside_times_the_filter_backward(dout, x, w, b, stride):
    dx, dw, db = same_inside_backward(dout, x, w, b, stride)
    return dx, dw * w.shape[2], db


def flipped(x, w, b, stride, padding):
    return compute_y(x, w[:, :, ::-1, ::-1], b, stride, padding)


def flipped_with_channels_last(x, w, b, stride, padding):
    return channels_last(x, w[::-1, ::-1], b, stride, padding)


def twice(x, w, b, stride, padding):
    return 2 * compute_y(x, w, b, stride, padding)


@quick_rows(1, "each row is one more way to take code, by the same search")
@pytest.mark.parametrize(
    ("forward", "flags"),
    [
        (channels_last, "--images NHWC --filters HWIO"),
        (one_image, "--no-batch"),
        (a_bias_column, "--bias-shape F,1"),
        (stride_two_inside, "--stride 2 --padding 1"),
        (same_inside, "--padding same"),
    ],
)
def test_code_that_is_right_when_it_is_taken_otherwise_is_taken_so(forward, flags) -> None:
    report = report_on(forward, only="y")
    assert report
    assert report.notes[0].startswith(f"taken with {flags}: without, y is wrong nearly everywhere")


@quick_rows(0, "code that is taken otherwise is so with its output alone, and with other gradients")
def test_a_padding_of_half_the_filter_may_be_built_in() -> None:
    report = report_on(same_inside, same_inside_backward)
    assert report
    assert report.read_as == {"padding": "same"}
    for place in report.classes:
        given = place.sizes.given
        assert given["HH"] == given["WW"] == 2 * given["P"] + 1
    wrong = report_on(same_inside, same_inside_times_the_filter_backward, padding="same")
    verdicts = {one.name: one.verdict for one in wrong.conclusions}
    assert verdicts.pop("dL/dw") is Verdict.REFUTED
    assert {*verdicts.values()} == {Verdict.VERIFIED}


def test_what_is_wrong_as_the_code_is_taken_is_refuted() -> None:
    report = report_on(channels_last, with_a_wrong_bias_gradient)
    assert report.read_as == {"images": "NHWC", "filters": "HWIO"}
    verdicts = {one.name: one.verdict for one in report.conclusions}
    assert verdicts == {
        "y": Verdict.VERIFIED,
        "dL/dx": Verdict.VERIFIED,
        "dL/dw": Verdict.VERIFIED,
        "dL/db": Verdict.REFUTED,
    }


def test_what_the_user_said_stays_as_it_is() -> None:
    report = report_on(channels_last, only="y", images="NCHW")
    assert report.exit_code == 1
    assert not report.read_as


@quick_rows(1, "the rows differ in what is wrong")
@pytest.mark.parametrize("forward", [flipped, flipped_with_channels_last, twice])
def test_a_plain_wrong_convolution_stays_refuted(forward) -> None:
    report = report_on(forward, only="y")
    assert report.exit_code == 1
    assert not report.read_as


def one_dimensional(x, w, b, stride, padding):
    return correlated(x, w, b, (stride,), (padding,))


def three_dimensional(x, w, b, stride, padding):
    _count, _channels, _depth, _height, _width = x.shape
    return correlated(x, w, b, (stride,) * 3, (padding,) * 3)


def depthwise(x, w, b, stride, padding):
    assert w.shape[1] == 1, "one filter for each channel"
    parts = [
        compute_y(x[:, c : c + 1], w[c : c + 1], b[c : c + 1], stride, padding)
        for c in range(x.shape[1])
    ]
    return np.concatenate(parts, axis=1)


def rectified(x, w, b, stride, padding):
    return np.maximum(compute_y(x, w, b, stride, padding), 0)


def dilated(x, w, b, stride, padding):
    return correlated(x, w, b, (stride, stride), (padding, padding), 2)


def one_plane(x, w, b, stride, padding):
    _height, _width = x.shape
    return compute_y(x[None, None], w[:, None], b, stride, padding)[0]


@quick_rows(1, "each row is one more layer that is told by its values or its source")
@pytest.mark.parametrize(
    ("forward", "layer", "note"),
    [
        (one_dimensional, "conv1d", 'taken with --layer "conv1d": without, y is wrong'),
        (depthwise, "conv2d depthwise", "taken with --multiplier 1: without, y is wrong"),
        (three_dimensional, "conv3d", "taken for conv3d (the shape of x has 5 parts)"),
    ],
)
def test_another_layer_of_the_family_is_judged_as_that(forward, layer, note) -> None:
    report = report_on(forward, only="y")
    assert (report.exit_code, report.layer) == (0, layer)
    assert report.notes[0].startswith(note)


@quick_rows(1, "each row is one more layer that is told by its values")
@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (rectified, "a convolution behind a rectifier"),
        (dilated, "a convolution with dilation 2"),
        (one_plane, "a convolution of one plane"),
    ],
)
def test_another_layer_is_out_of_scope_and_not_refuted(forward, words) -> None:
    report = report_on(forward, only="y")
    assert report.exit_code == 3
    (failure,) = report.failures
    assert (failure.statement, failure.code) == ("y", "out-of-scope")
    assert words in failure.detail
    assert "it was compared with conv2d" in failure.detail


def conv1d_channels_last(x, w, b, stride, padding):
    y = correlated(x.transpose(0, 2, 1), w.transpose(2, 1, 0), b, (stride,), (padding,))
    return y.transpose(0, 2, 1)


@pytest.mark.parametrize("said", [{}, {"images": "NWC", "filters": "WIO"}])
def test_a_layer_that_is_told_has_axes_in_other_orders(said) -> None:
    report = report_on(conv1d_channels_last, only="y", **said)
    assert (report.exit_code, report.layer) == (0, "conv1d")
    assert report.read_as == ({} if said else {"images": "NWC", "filters": "WIO"})


def test_each_channel_may_have_one_filter() -> None:
    report = report_on(depthwise, only="y", multiplier=1)
    assert report.exit_code == 0
    assert "each channel has 1 filter" in report.notes
    assert {place.sizes["M"] for place in report.classes} == {1}
    with pytest.raises(UsageError, match="conv2d has no multiplier"):
        _ = report_on(twice, only="y", multiplier=1)


def test_another_layer_by_its_name_is_out_of_scope_where_it_is_wrong() -> None:
    def separable_conv_forward(x, w, b, stride, padding):
        raise IndexError("a mistake inside")

    def conv_transpose2d_forward(x, w, b, stride, padding):
        raise IndexError("a mistake inside")

    def conv_forward(x, w, b, stride, padding):
        raise IndexError("a mistake inside")

    assert report_on(separable_conv_forward, only="y").exit_code == 3
    # What is a layer of the family is judged as that layer.
    assert report_on(conv_transpose2d_forward, only="y").exit_code == 1
    assert report_on(conv_forward, only="y").exit_code == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conv1d_forward", "a 1-D convolution"),
        ("DepthwiseConv", "a depthwise convolution"),
        ("conv_transpose", "a transposed convolution"),
        ("Conv2dTransposed.forward", "a transposed convolution"),
        ("conv2d_forward", ""),
        ("grouping", ""),
        ("transposing", ""),
    ],
)
def test_names_speak_of_other_convolutions(name, words) -> None:
    assert spoken_of(name) == words


def test_code_that_is_right_in_its_first_call_only_is_not_taken_otherwise() -> None:
    kept = {}

    def remembering(x, w, b, stride, padding):
        key = (x.shape, w.shape, stride, padding)
        return kept.setdefault(key, compute_y(x, w, b, stride, padding))

    report = report_on(remembering, only="y")
    assert report.exit_code == 1
    assert not report.read_as


@quick_rows(
    0,
    "a wrong one alone, and a right one with its forward pass, are taken so in the quick run",
)
def test_a_backward_pass_alone_is_taken_as_what_it_is_right_as() -> None:
    report = report_on(None, channels_last_backward)
    assert report.exit_code == 0
    assert report.read_as == {"images": "NHWC", "filters": "HWIO"}
    assert report.notes[0].startswith("taken with --images NHWC --filters HWIO: without, dL/dx is")


@quick_rows(0, "the same gradients beside their forward pass are refuted in the quick run")
def test_a_backward_pass_alone_that_is_wrong_stays_refuted() -> None:
    report = report_on(None, with_a_wrong_bias_gradient)
    assert {one.statement for one in report.failures} == {"dL/db"}


def of_square_images(x, w, b, stride, padding):
    side, taps = x.shape[2], w.shape[2]
    assert x.ndim == 4
    rows = (side + 2 * padding - taps) // stride + 1
    y = compute_y(x, w, b, stride, padding)
    out = np.zeros((len(x), len(w), rows, rows), dtype=y.dtype)
    out[:, :, :, : y.shape[3]] = y[:, :, :, :rows]
    return out


def negated_of_square_images(x, w, b, stride, padding):
    return -of_square_images(x, w, b, stride, padding)


@quick_rows(0, "code that raises off squares names the option in the quick run")
def test_code_that_is_right_on_square_images_names_the_option_that_says_so() -> None:
    report = report_on(of_square_images, only="y")
    assert report.exit_code == 1
    assert any("say --square" in note for note in report.notes)
    said = report_on(of_square_images, only="y", square=True)
    assert said.exit_code == 0


@quick_rows(0, "code that is wrong in other ways names no option in the quick run")
def test_code_that_is_wrong_on_square_images_too_names_no_option() -> None:
    report = report_on(negated_of_square_images, only="y")
    assert not any("--square" in note for note in report.notes)


class EachChannelAlone:
    """Refuses filters that are not one for each channel that it was made for."""

    def __init__(self, channels, kernel_size, stride=1, padding=0):
        height, width = kernel_size
        self.channels, self.stride, self.padding = channels, stride, padding
        self.w, self.b = np.ones((channels, 1, height, width)), np.zeros(channels)

    def forward(self, x):
        count = self.channels
        assert x.ndim == 4
        parts = (
            x.reshape(len(x), count, 1, *x.shape[2:]),
            self.w.reshape(count, 1, 1, *self.w.shape[2:]),
        )
        planes = [
            compute_y(parts[0][:, c], parts[1][c], self.b[c : c + 1], self.stride, self.padding)
            for c in range(count)
        ]
        return np.concatenate(planes, axis=1)


@quick_rows(0, "other layers are recognised, and objects made anew, by other tests")
def test_a_layer_that_is_made_for_its_number_of_channels_is_recognised() -> None:
    report = report_on(EachChannelAlone)
    assert report.layer == "conv2d depthwise"
    codes = {one.name: one.code for one in report.conclusions}
    assert codes.pop("y") == "right"
    assert {*codes.values()} == {"not-found"}
