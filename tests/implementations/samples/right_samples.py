"""The correct implementations."""

from samples.calls import (
    CONV2D,
    CONV_LAYER,
    CONVOLUTION,
    COURSE,
    CS231N,
    FUNCTIONS,
    IM2COL,
    IMAGE,
    JAX,
    NAIVE,
    NHWC,
    NO_BIAS,
    PLAIN,
    POSITIONS,
    SHORT,
    SLIDING,
    STRIDES,
    TORCH_CALLABLE,
    TORCH_FUNCTION,
    TORCH_MODULE,
    UNFOLD,
)
from samples.entries import Right


def _square(s):
    return s["H"] == s["W"] and s["HH"] == s["WW"]


def _divides(s):
    rooms = s["H"] + 2 * s["P"] - s["HH"], s["W"] + 2 * s["P"] - s["WW"]
    return not any(room % s["S"] for room in rooms)


def _one_image(s):
    return s["N"] == 1


RIGHT = (
    Right("nine_loops", NAIVE),
    Right("cs231n_slices", NAIVE),
    Right("im2col_indices", IM2COL),
    Right("im2col_loops", CONVOLUTION),
    Right("einsum_windows", PLAIN),
    Right("sliding_tensordot", SLIDING),
    Right("transposed_convolution", SHORT),
    Right("col2im_scatter", UNFOLD),
    Right("fft_convolution", PLAIN, tolerance=1e-9),
    Right("course_nhwc", COURSE),
    Right("layer_class", CONV_LAYER),
    Right(
        "conv2d_sizes",
        CONV2D,
    ),
    Right("plain_functions", FUNCTIONS),
    Right("without_bias", NO_BIAS),
    Right(
        "single_image",
        IMAGE,
        restriction="one image",
        takes=_one_image,
    ),
    Right("square_only", CS231N, restriction="square images and filters", takes=_square),
    Right(
        "stride_must_divide",
        STRIDES,
        restriction="the stride divides",
        takes=_divides,
    ),
    Right("delta_conditions", NAIVE),
    Right("with_helpers", NAIVE),
    Right("opaque_cache", CS231N),
    Right("chatty", NAIVE),
    Right("filter_positions", POSITIONS),
    Right(
        "channels_last_ohwi",
        NHWC,
    ),
    Right("torch_unfold", TORCH_CALLABLE),
    Right("torch_function", TORCH_FUNCTION),
    Right("torch_module", TORCH_MODULE),
    Right("jax_custom_vjp", JAX),
)
