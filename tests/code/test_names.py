"""What names mean: a table each for parameters, gradients and functions."""

import pytest

from symconv.code import names

FORWARD_ROLES = {
    "x": "x X inp input inputs image images a A_prev a_prev aPrev data features",
    "w": "w W weight weights kernel kernels filter filters K F k f",
    "b": "b B bias biases",
    "stride": "s S stride strides",
    "padding": "p P pad pads padding",
    "hyper": "conv_param conv_params hparameters hparams params config",
    "C": "in_channels C channels n_in",
    "F": "out_channels num_filters n_filters",
    "kernel": "kernel_size ksize filter_size",
    "HH": "HH kh kernel_height",
    "WW": "WW kw filter_width",
}
BACKWARD_ROLES = {
    "dout": "dout d_out dOut dy dY dZ dz grad grad_out grad_output gradients upstream delta "
    "d_output g upstream_grad grad_y",
    "cache": "cache ctx saved memory context",
    "y": "y out output Z",
    "x_shape": "x_shape input_shape input_size",
    "w_shape": "w_shape weight_shape",
}


GRADIENTS = {
    "dL/dx": "dx dX dA_prev dinput grad_input grad_x x_grad",
    "dL/dw": "dw dW grad_w grad_weight weight_grad dK dkernels",
    "dL/db": "db dB bias_grad grad_bias delta_b gradient_bias",
    None: "dout x w b dz data dilation debug depth cache",
}
CONVOLUTIONS = """
    conv_forward conv_forward_naive conv_backward_im2col conv2d conv2d_bwd convolve Conv2d
    convolution_backward ConvLayer conv_forward_fast my_conv2d MyConv myconv correlate
    cross_correlation_forward crosscorrelate
"""
NO_CONVOLUTIONS = """
    affine_forward relu_backward max_pool_forward_naive conv_relu_forward conv_relu_pool_forward
    conv_bn_relu_backward spatial_batchnorm_forward conv_norm MaxPool2d conv_single_step
    conv_output_size conv1d_forward conv3d deconv_forward conv_transpose2d depthwise_conv
    im2col col2im zero_pad forward backward convert_labels test_conv conv_backward_numerical
    softmax_loss Linear convergence
"""


def _pairs(table):
    return [(name, role) for role, text in table.items() for name in text.split()]


@pytest.mark.parametrize(("name", "role"), _pairs(FORWARD_ROLES))
def test_a_parameter_of_a_forward_pass_is_known_by_its_name(name, role) -> None:
    assert names.role_of(name, "forward") == role


@pytest.mark.parametrize(("name", "role"), _pairs(BACKWARD_ROLES))
def test_a_parameter_of_a_backward_pass_is_known_by_its_name(name, role) -> None:
    assert names.role_of(name, "backward") == role


@pytest.mark.parametrize("name", ["foo", "first", "verbose", "threads", "xy", "wb"])
def test_a_name_that_is_in_no_table_says_nothing(name) -> None:
    assert names.role_of(name, "forward") is None


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("dilation", "forward"),
        ("groups", "forward"),
        ("out", "forward"),
        ("dout", "forward"),
        ("cache", "forward"),
        ("learning_rate", "backward"),
        ("x", "constructor"),
        ("input_shape", "constructor"),
    ],
)
def test_what_a_function_cannot_be_given_is_foreign_and_never_guessed(name, purpose) -> None:
    assert names.role_of(name, purpose) == names.FOREIGN


def test_no_word_has_two_roles() -> None:
    words = [word for text in names._WORDS_BY_ROLE.values() for word in text.split()]
    assert sorted(words) == sorted(set(words))


def test_every_word_of_the_tables_is_written_as_it_is_compared() -> None:
    words = [word for text in names._WORDS_BY_ROLE.values() for word in text.split()]
    assert [word for word in words if names.plain(word) != word] == []


@pytest.mark.parametrize(("name", "result"), _pairs(GRADIENTS))
def test_a_gradient_is_known_by_its_name(name, result) -> None:
    assert names.gradient_of(name) == result


@pytest.mark.parametrize("name", CONVOLUTIONS.split())
def test_functions_of_a_convolution_are_known_by_their_names(name) -> None:
    # `cross_correlation` is two words, the second of which begins as a correlation does.
    assert names.is_convolution(name)


@pytest.mark.parametrize("name", NO_CONVOLUTIONS.split())
def test_functions_of_other_layers_and_helpers_are_no_convolutions(name) -> None:
    assert not names.is_convolution(name)


@pytest.mark.parametrize("name", ["MaxPool2d", "BatchNorm2d", "max_pool2d_forward", "reluBackward"])
def test_a_name_of_another_layer_speaks_of_it(name) -> None:
    assert names.is_other(name)


@pytest.mark.parametrize("name", ["forward", "conv2d", "Layer", "conv_forward_reference"])
def test_a_name_that_may_be_a_convolution_speaks_of_nothing_else(name) -> None:
    assert not names.is_other(name)


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("conv_forward", "forward"),
        ("fwd", "forward"),
        ("convForward", "forward"),
        ("conv_backward", "backward"),
        ("Conv2dBackward", "backward"),
        ("conv_bwd", "backward"),
        ("input_gradient", "backward"),
        ("conv_dw", "backward"),
        ("conv_backward_from_forward", "backward"),
        ("conv2d", None),
        ("forwards_compatible_name", "forward"),
        ("background", None),
    ],
)
def test_a_direction_is_one_whole_word_of_a_name(name, direction) -> None:
    assert names.direction_of(name) == direction


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("conv_backward_input", "dL/dx"),
        ("conv_dx", "dL/dx"),
        ("weights_gradient", "dL/dw"),
        ("conv_backward_filter", "dL/dw"),
        ("bias_gradient", "dL/db"),
        ("conv_db", "dL/db"),
        ("conv_backward", None),
        ("conv_image_backward", None),
        ("conv_input_weight_backward", None),
    ],
)
def test_a_backward_function_may_be_for_one_gradient(name, part) -> None:
    assert names.part_of(name) == part


@pytest.mark.parametrize(
    ("forward", "backward", "belong"),
    [
        ("conv_forward_naive", "conv_backward_naive", True),
        ("conv2d", "conv2d_backward", True),
        ("conv2d", "conv2d_backward_weight", True),
        ("forward", "input_gradient", True),
        ("conv_forward_naive", "conv_backward_fast", False),
        ("conv_forward", "conv2d_backward", False),
        ("forward", "input_gradient_scatter", False),
    ],
)
def test_functions_belong_together_by_the_rest_of_their_names(forward, backward, belong) -> None:
    assert (names.variant_of(forward) == names.variant_of(backward)) is belong
