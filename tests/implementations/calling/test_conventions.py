"""Every convention, found in live callables and called right: compared with the layer's loops."""

import numpy as np
import pytest
from exactness import SIZES, results, wrong
from mathematics import (
    Given,
    compute_gradients,
    compute_y,
    conv_backward_naive,
    conv_forward_naive,
)

from symconv.errors import UsageError
from symconv.implementations.calling.conventions import CONVENTIONS, wrap
from symconv.implementations.model import BACKWARD_RESULTS, RESULTS

ONE_IMAGE = "N=1,C=2,H=4,W=5,F=3,HH=2,WW=3,S=2,P=1"
SQUARE_FILTERS = "N=2,C=2,H=4,W=5,F=3,HH=3,WW=3,S=2,P=1"
STRIDE_ONE = "N=2,C=2,H=4,W=5,F=3,HH=2,WW=3,S=1,P=1"
UNPADDED = "N=2,C=2,H=4,W=5,F=3,HH=2,WW=3,S=2,P=0"


def conv_forward(A_prev, W, b, hparameters):
    assert b.shape[:3] == (1, 1, 1)
    x, w = A_prev.transpose(0, 3, 1, 2), W.transpose(3, 2, 0, 1)
    Z = compute_y(x, w, b.ravel(), hparameters["stride"], hparameters["pad"])
    return Z.transpose(0, 2, 3, 1), (A_prev, W, b, hparameters)


def conv_backward(dZ, cache):
    A_prev, W, b, hparameters = cache
    x, w = A_prev.transpose(0, 3, 1, 2), W.transpose(3, 2, 0, 1)
    dx, dw, db = compute_gradients(
        dZ.transpose(0, 3, 1, 2), x, w, hparameters["stride"], hparameters["pad"]
    )
    return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db.reshape(b.shape)


def plain(x, w, b, stride, padding):
    return compute_y(x, w, b, stride, padding)


def plain_backward(dout, x, w, b, stride, padding):
    return compute_gradients(dout, x, w, stride, padding)


def shuffled(S, P, bias, kernels, inputs):
    return compute_y(inputs, kernels, bias, S, P)


def shuffled_backward(inputs, upstream, pad, *, weights, strides=(1, 1), verbose=False):
    dx, dw, db = compute_gradients(upstream, inputs, weights, strides[0], pad)
    assert strides[0] == strides[1]
    return {"db": db, "dX": dx, "dW": dw}


def nameless(one, two, three, four, five):
    return compute_y(one, two, three, four, five)


def nameless_backward(zero, one, two, three, four, five):
    return compute_gradients(zero, one, two, four, five)


def caching(x, w, b, stride=1, padding=0):
    return compute_y(x, w, b, stride, padding), (x, w, stride, padding)


def caching_backward(anything, kept):
    x, w, stride, padding = kept
    return compute_gradients(anything, x, w, stride, padding)


def biasless(x, w, stride, padding):
    return compute_y(x, w, None, stride, padding)


def biasless_backward(dout, x, w, stride, padding):
    return compute_gradients(dout, x, w, stride, padding)[:2]


def output_reading_backward(dout, y, x, w, stride, pad):
    assert y.shape == dout.shape
    return compute_gradients(dout, x, w, stride, pad)


def shaped_backward(grad, x, w, w_shape, input_shape, stride, pad):
    assert w.shape == w_shape
    assert x.shape == input_shape
    return compute_gradients(grad, x, w, stride, pad)


def of_input(dout, w, x_shape, stride, pad):
    return compute_gradients(dout, np.zeros(x_shape), w, stride, pad)[0]


def of_weights(dout, x, kernel_size, stride, pad):
    w = np.zeros((dout.shape[1], x.shape[1], *tuple(kernel_size)))
    return compute_gradients(dout, x, w, stride, pad)[1]


def of_bias(dout):
    return (dout.sum((0, 2, 3)),)


@pytest.mark.parametrize(
    ("forward", "backward", "convention"),
    [
        (conv_forward_naive, conv_backward_naive, "cs231n"),
        (conv_forward, conv_backward, "course"),
        (plain, plain_backward, "functions"),
        (shuffled, shuffled_backward, "functions"),
        (nameless, nameless_backward, "functions"),
        (caching, caching_backward, "functions"),
        (biasless, biasless_backward, "functions"),
        (plain, output_reading_backward, "functions"),
        (plain, shaped_backward, "functions"),
        (plain, (of_input, of_weights, of_bias), "functions"),
        (plain, {"dL/dw": of_weights, "dL/dx": of_input, "dL/db": of_bias}, "functions"),
    ],
)
def test_functions_are_called_as_their_convention_says(forward, backward, convention) -> None:
    implementation = wrap(forward, backward)
    assert implementation.description.convention.startswith(f"{convention}: ")
    assert implementation.description.restrictions == ()
    assert wrong(implementation) == {}


def one_image(x, w, b, stride, padding):
    assert x.ndim == 3
    return compute_y(x[None], w, b, stride, padding)[0]


def one_image_backward(dout, x, w, b, stride, padding):
    dx, dw, db = compute_gradients(dout[None], x[None], w, stride, padding)
    return dx[0], dw, db


def last(x, w, b, stride, padding):
    y = compute_y(x.transpose(2, 0, 1)[None], w.transpose(3, 2, 0, 1), b, stride, padding)
    return y[0].transpose(1, 2, 0)


def strideless(x, w, b, padding):
    return compute_y(x, w, b, 1, padding)


def strideless_backward(dout, x, w, b, padding):
    return compute_gradients(dout, x, w, 1, padding)


def valid(x, w, b, stride, padding="VALID"):
    assert padding == "VALID"
    return compute_y(x, w, b, stride, 0)


def same(x, w, b, stride, padding="same"):
    return compute_y(x, w, b, stride, 1)


def unpadded(x, w, b, stride):
    return compute_y(x, w, b, stride, 0)


def twos(x, w, b):
    return compute_y(x, w, b, 2, 1)


@pytest.mark.parametrize(
    ("forward", "backward", "options", "conditions", "reasons", "sizes"),
    [
        (one_image, one_image_backward, {"batch": False}, ["N == 1"],
         ["images are CHW, without a batch axis"], ONE_IMAGE),
        (one_image, None, {"images": "CHW"}, ["N == 1"],
         ["images are CHW, without a batch axis"], ONE_IMAGE),
        (last, None, {"images": "HWC"}, ["N == 1"],
         ["images are HWC, without a batch axis"], ONE_IMAGE),
        (last, None, {"images": "NHWC", "batch": False, "filters": "HWIO"}, ["N == 1"],
         ["images are HWC, without a batch axis"], ONE_IMAGE),
        (strideless, strideless_backward, {}, ["S == 1"],
         ["strideless(x, w, b, padding) has no stride"], STRIDE_ONE),
        (plain, strideless_backward, {}, ["S == 1"],
         ["strideless_backward(dout, x, w, b, padding) has no stride"], STRIDE_ONE),
        (unpadded, None, {}, ["P == 0"], ["unpadded(x, w, b, stride) has no padding"], UNPADDED),
        (valid, None, {}, ["P == 0"], ["padding is 'VALID' unless it is told otherwise"],
         UNPADDED),
        (twos, None, {"stride": 2, "padding": 1}, ["S == 2", "P == 1"],
         ["the stride is fixed at 2", "the padding is fixed at 1"], SIZES),
        (plain, plain_backward, {"square": True}, ["H == W", "HH == WW"],
         ["images are square", "filters are square"],
         "N=2,C=2,H=4,W=4,F=3,HH=2,WW=2,S=2,P=1"),
    ],
)  # fmt: skip
def test_what_a_signature_leaves_out_is_a_restriction(
    forward, backward, options, conditions, reasons, sizes
) -> None:
    implementation = wrap(forward, backward, **options)
    found = implementation.description.restrictions
    assert [str(condition) for condition, _ in found] == conditions
    assert [reason for _, reason in found] == reasons
    assert wrong(implementation, sizes) == {}


def test_a_padding_mode_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="padding is a mode, not a number"):
        wrap(same)


@pytest.mark.parametrize(
    ("forward", "backward", "options", "provides"),
    [
        (plain, plain_backward, {}, RESULTS),
        (plain, None, {}, ("y",)),
        (None, plain_backward, {}, BACKWARD_RESULTS),
        (plain, (of_input, of_weights), {}, ("y", "dL/dx", "dL/dw")),
        (None, {"dL/dw": of_weights}, {}, ("dL/dw",)),
        (biasless, biasless_backward, {}, ("y", "dL/dx", "dL/dw")),
        (plain, plain_backward, {"bias": False}, ("y", "dL/dx", "dL/dw")),
    ],
)
def test_what_is_there_is_provided_and_nothing_else(forward, backward, options, provides) -> None:
    implementation = wrap(forward, backward, **options)
    assert implementation.description.provides == provides
    assert tuple(implementation.description.location) == provides
    assert wrong(implementation) == {}


def test_a_bias_that_is_not_there_is_given_as_none() -> None:
    def conv(x, w, b=0, stride=1, pad=0):
        assert b is None
        return compute_y(x, w, b, stride, pad)

    assert wrong(wrap(conv, bias=False)) == {}


def test_a_backward_pass_that_returns_less_leaves_the_rest_missing() -> None:
    implementation = wrap(plain, biasless_backward)
    assert implementation.description.provides == RESULTS
    assert wrong(implementation) == {"dL/db": "missing"}


def test_gradients_in_the_wrong_order_are_wrong() -> None:
    implementation = wrap(
        plain, lambda dout, x, w, b, S, P: compute_gradients(dout, x, w, S, P)[::-1]
    )
    assert wrong(implementation) == {"dL/dx": "shape", "dL/db": "shape"}


def test_whole_numbers_of_python_go_through() -> None:
    assert wrong(wrap(caching, caching_backward), dtype="object") == {}


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int8"])
def test_dtypes_go_through_unchanged(dtype) -> None:
    def backward(dout, x, w, b, stride, padding):
        dx, dw, db = compute_gradients(dout, x, w, stride, padding)
        return dx, dw, db.astype(dout.dtype)

    assert wrong(wrap(plain, backward), dtype=dtype) == {}


def test_a_dictionary_has_the_keys_that_the_code_reads() -> None:
    def conv_forward(x, w, b, conv_param):
        return compute_y(x, w, b, conv_param["s"], conv_param["padding"])

    assert results(wrap(conv_forward))


def test_a_key_that_the_layer_has_nothing_for_is_refused() -> None:
    def conv_forward(x, w, b, conv_param):
        return x[conv_param["dilation"]], conv_param.get("groups", 1)

    with pytest.raises(UsageError, match=r"conv_param\['dilation'\] is not understood"):
        _ = wrap(conv_forward)


def test_two_spellings_of_a_key_say_what_the_dictionary_holds() -> None:
    def conv_forward(x, w, b, conv_param):
        around = conv_param["padding"] + conv_param["pad"]
        return compute_y(x, w, b, conv_param["stride"], around)

    with pytest.raises(KeyError, match="no key 'padding': the dictionary holds stride and pad"):
        results(wrap(conv_forward))


def test_what_the_forward_pass_did_not_leave_is_missing_with_a_reason() -> None:
    implementation = wrap(plain, caching_backward)
    with pytest.raises(ValueError, match="takes a cache, but the forward pass left none"):
        results(implementation)


def test_a_result_that_is_no_array_is_refused_with_what_it_is() -> None:
    with pytest.raises(ValueError, match="type str is no array"):
        results(wrap(lambda x, w, b, stride, pad: "done"))


def test_a_function_for_one_gradient_gives_one() -> None:
    implementation = wrap(None, {"dL/dx": lambda dout, x, w, S, P: (x, w)})
    with pytest.raises(ValueError, match="2 values were returned where one gradient"):
        results(implementation)


def test_a_description_says_who_how_and_where() -> None:
    description = wrap(nameless, nameless_backward, name="mine.py").description
    assert description.name == "mine.py: nameless, nameless_backward"
    assert description.forward == "nameless"
    assert description.backward == "nameless_backward"
    assert description.framework == "numpy"
    assert description.convention == (
        "functions: nameless(one, two, three, four, five) and "
        "nameless_backward(zero, one, two, three, four, five); taken by their order: "
        "one for x, two for w, three for b, four for stride, five for padding, "
        "zero for dout, one for x, two for w, three for b, four for stride, five for padding"
    )
    assert list(description.location) == list(RESULTS)
    assert description.location["y"] != description.location["dL/dx"]


def test_a_convention_that_is_asked_for_settles_what_names_leave_open() -> None:
    def first(one, two, three, four):
        return conv_forward(one, two, three, four)

    def second(one, two):
        return conv_backward(one, two)

    implementation = wrap(first, second, convention="course")
    assert implementation.description.layouts.images == "NHWC"
    assert implementation.description.restrictions == ()
    assert wrong(implementation) == {}


def test_options_stand_above_the_usual_order_of_axes() -> None:
    description = wrap(plain, images="NHWC").description
    assert (description.layouts.images, description.layouts.filters) == ("NHWC", "HWIO")
    description = wrap(plain, images="NHWC", filters="OIHW").description
    assert (description.layouts.images, description.layouts.filters) == ("NHWC", "OIHW")
    description = wrap(conv_forward, images="NCHW").description
    assert (description.layouts.images, description.layouts.filters) == ("NCHW", "HWIO")


@pytest.mark.parametrize(
    ("forward", "backward", "options", "words"),
    [
        (None, None, {}, "neither a forward nor a backward pass was given"),
        (3, None, {}, "a value of type int cannot be called"),
        (plain, "backward", {}, "a value of type str cannot be called"),
        (Given(0, 0), None, {}, "an instance of Given has its stride and padding already"),
        (Given, plain_backward, {}, "Given is a class, which has its own backward pass"),
        (plain, {"dx": of_input}, {}, "unknown gradient dx"),
        (plain, (of_input, of_weights, of_bias, of_bias), {}, "4 backward functions were given"),
        (None, caching_backward, {"convention": "cs231n"}, "takes the cache of a forward pass"),
        (None, output_reading_backward, {}, "takes the output of a forward pass"),
        (plain, None, {"layout": "NHWC"}, "unknown option layout"),
        (plain, None, {"convention": "tensorflow"}, "unknown convention 'tensorflow'"),
        (plain, None, {"framework": "cupy"}, "unknown framework 'cupy'"),
        (plain, None, {"stride": 0}, "the stride must be at least 1, got 0"),
        (plain, None, {"padding": -1}, "the padding must be at least 0, got -1"),
        (plain, None, {"images": "HCN"}, "the axes of images cannot be 'HCN'"),
        (plain, None, {"convention": "class"}, "plain is a function, which the class convention"),
        (Given, None, {"convention": "cs231n"}, "Given is a class, which the cs231n convention"),
        (biasless, None, {"bias": True}, "biasless takes no bias"),
        (lambda x: x, None, {}, "no parameter for the filters w"),
        (plain, lambda x, w: x, {"convention": "cs231n"}, "no parameter for the upstream gradient"),
        (plain, plain_backward, {"convention": "torch"}, "the torch convention takes no backward"),
    ],
)
def test_what_fits_no_convention_is_refused_in_one_sentence(
    forward, backward, options, words
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        wrap(forward, backward, **options)
    assert caught.value.help


def test_every_convention_is_described_in_one_sentence() -> None:
    assert list(CONVENTIONS) == ["cs231n", "course", "functions", "class", "torch", "jax"]
    assert all(text.endswith(".") and "\n" not in text for text in CONVENTIONS.values())
