"""Which functions of a module are taken for a pair, by their names alone."""

from types import ModuleType

import pytest

from symconv.implementations.calling.candidates import Passes, candidates, own_callables

PLAIN = "(x, w, b, stride, padding)"
CACHED = "(x, w, b, conv_param)"
BOTH = "class Conv:\n def forward(self): 0\n def backward(self): 0"


def module(*lines):
    """Make a module of one-line definitions; a bare name is a function of its arguments."""
    made = ModuleType("mine")
    source = "\n".join(
        line if line.startswith(("class", "from", "import")) or "=" in line else f"def {line}: ..."
        for line in lines
    )
    exec(source, made.__dict__)
    return made


def found(*lines, convention=None):
    return [
        (item.forward, *(name for _, name in item.backward))
        for item in candidates(own_callables(module(*lines)), convention)
    ]


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        (["conv_forward(x)", "conv_backward(dout)"], [("conv_forward", "conv_backward")]),
        (["conv2d" + PLAIN, "conv2d_backward(dout)"], [("conv2d", "conv2d_backward")]),
        # One forward and one backward function belong together, whatever else they are called.
        (["conv_forward_naive(x)", "conv_backward_fast(d)"],
         [("conv_forward_naive", "conv_backward_fast")]),
        # A function beside the pair that has no partner is a helper.
        (["conv_forward_naive(x)", "conv_backward_naive(d)", "conv_forward_strides(x)"],
         [("conv_forward_naive", "conv_backward_naive")]),
        (["conv_forward(x)", "conv_backward(d)", "conv_forward_reference(x)", "convolve(a, b)"],
         [("conv_forward", "conv_backward")]),
        # A convolution with a direction comes before one without.
        (["conv2d" + PLAIN, "conv_forward(x)", "conv_backward(d)"],
         [("conv_forward", "conv_backward")]),
        (["conv" + PLAIN, "conv_forward(x)", "conv_backward(d)"],
         [("conv_forward", "conv_backward")]),
        # Unless it has a backward function of its own.
        (["conv2d" + PLAIN, "conv2d_backward(d)", "conv_forward(x)", "conv_backward(d)"],
         [("conv2d", "conv2d_backward"), ("conv_forward", "conv_backward")]),
        (["affine_forward(x, w, b)", "affine_backward(d)", "relu_forward(x)", "relu_backward(d)",
          "conv_forward_naive(x)", "conv_backward_naive(d)", "max_pool_forward_naive(x)",
          "max_pool_backward_naive(d)", "conv_relu_forward(x)", "conv_relu_backward(d)",
          "spatial_batchnorm_forward(x)", "spatial_batchnorm_backward(d)"],
         [("conv_forward_naive", "conv_backward_naive")]),
        (["conv_single_step(a_slice, W, b)", "zero_pad(X, pad)", "conv_forward(x)",
          "conv_backward(d)", "pool_forward(A)", "pool_backward(dA)"],
         [("conv_forward", "conv_backward")]),
        (["forward(x)", "backward(d)", "pad(x)"], [("forward", "backward")]),
        (["correlate(image, kernel)", "forward(x)", "backward(d)"], [("forward", "backward")]),
        (["_conv_forward(x)", "_conv_backward(d)"], [("_conv_forward", "_conv_backward")]),
        (["_conv_forward(x)", "_conv_backward(d)", "conv_forward(x)", "conv_backward(d)"],
         [("conv_forward", "conv_backward")]),
        (["layer" + PLAIN], [("layer",)]),
        (["conv_forward(x)"], [("conv_forward",)]),
        (["conv_backward(d, x, w)"], [(None, "conv_backward")]),
        # One function for each gradient.
        (["conv_forward(x)", "conv_backward_input(d)", "conv_backward_weight(d)",
          "conv_backward_bias(d)"],
         [("conv_forward", "conv_backward_input", "conv_backward_weight", "conv_backward_bias")]),
        (["conv" + PLAIN, "conv_db(d)", "conv_dw(d)", "conv_dx(d)"],
         [("conv", "conv_dx", "conv_dw", "conv_db")]),
        (["conv" + PLAIN, "conv_dx(d)"], [("conv", "conv_dx")]),
        # Helpers of a backward function that is there.
        (["conv_forward(x)", "conv_backward(d)", "conv_backward_input(d)",
          "conv_backward_weight(d)"],
         [("conv_forward", "conv_backward")]),
        # Names that speak of an image or an input without being for one gradient.
        (["conv_image" + PLAIN, "conv_image_backward(d)"],
         [("conv_image", "conv_image_backward")]),
        (["conv_forward = lambda x: 0"], [("conv_forward",)]),
        (["softmax_loss(x, y)", "linear_forward(x, w, b)", "update(w, dw)"], []),
        ([], []),
        # Two pairs, two versions, a class beside functions: all of them are told.
        (["conv_forward_naive(x)", "conv_backward_naive(d)", "conv_forward_fast(x)",
          "conv_backward_fast(d)"],
         [("conv_forward_naive", "conv_backward_naive"),
          ("conv_forward_fast", "conv_backward_fast")]),
        (["conv_forward(x)", "conv_backward(d)", BOTH],
         [("Conv",), ("conv_forward", "conv_backward")]),
        ([BOTH,
          "class Relu(Conv): pass", "class MaxPool2d(Conv): pass", "class ConvRelu(Conv): pass"],
         [("Conv",)]),
        (["class Conv:\n def forward(self): 0"], []),
        (["class Layer:\n def forward(self): 0\n def backward(self): 0"], [("Layer",)]),
    ],
)  # fmt: skip
def test_pairs_are_found_by_their_names(lines, pairs) -> None:
    assert found(*lines) == pairs


@pytest.mark.parametrize(
    ("convention", "pairs"),
    [
        (None, [("Conv",), ("conv_forward", "conv_backward"),
                ("conv2d_forward", "conv2d_backward")]),
        ("class", [("Conv",)]),
        ("cs231n", [("conv_forward", "conv_backward")]),
        ("functions", [("conv2d_forward", "conv2d_backward")]),
    ],
)  # fmt: skip
def test_a_convention_that_is_asked_for_leaves_its_own_pairs(convention, pairs) -> None:
    lines = (
        "conv_forward" + CACHED,
        "conv_backward(dout, cache)",
        "conv2d_forward" + PLAIN,
        "conv2d_backward(dout, x, w)",
        BOTH,
    )
    assert found(*lines, convention=convention) == pairs


def test_a_convention_that_is_asked_for_also_serves_names_that_do_not_speak_of_it() -> None:
    lines = ("conv_forward(one, two, three, four)", "conv_backward(one, two)")
    assert found(*lines, convention="cs231n") == [("conv_forward", "conv_backward")]


def test_what_is_imported_from_elsewhere_is_no_candidate() -> None:
    made = module("from numpy import convolve, correlate, pad", "mine(x, w, stride)")
    assert list(own_callables(made)) == ["mine"]


def test_two_names_of_one_function_are_one() -> None:
    made = module("conv_forward_strides(x)", "conv_forward_fast = conv_forward_strides")
    assert list(own_callables(made)) == ["conv_forward_strides"]


def test_functions_of_own_submodules_are_own() -> None:
    made = module("conv_forward(x)", "conv_backward(d)")
    made.conv_forward.__module__ = "mine.fast"
    made.conv_backward.__module__ = "minefield"
    assert list(own_callables(made)) == ["conv_forward"]


def test_a_candidate_says_which_gradient_each_function_computes() -> None:
    made = module("conv" + PLAIN, "conv_dw(d)", "conv_dx(d)")
    assert candidates(own_callables(made), None) == [
        Passes("conv", (("dL/dx", "conv_dx"), ("dL/dw", "conv_dw")))
    ]
