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
    Right("right/nine_loops.py", NAIVE),
    Right("right/cs231n_slices.py", NAIVE),
    Right("right/im2col_indices.py", IM2COL),
    Right("right/im2col_loops.py", CONVOLUTION),
    Right("right/einsum_windows.py", PLAIN),
    Right("right/sliding_tensordot.py", SLIDING),
    Right("right/transposed_convolution.py", SHORT),
    Right("right/col2im_scatter.py", UNFOLD),
    Right("right/fft_convolution.py", PLAIN, tolerance=1e-9),
    Right("right/course_nhwc.py", COURSE),
    Right("right/layer_class.py", CONV_LAYER),
    Right(
        "right/conv2d_sizes.py",
        CONV2D,
    ),
    Right("right/plain_functions.py", FUNCTIONS),
    Right("right/without_bias.py", NO_BIAS),
    Right(
        "right/single_image.py",
        IMAGE,
        restriction="one image",
        takes=_one_image,
    ),
    Right("right/square_only.py", CS231N, restriction="square images and filters", takes=_square),
    Right(
        "right/stride_must_divide.py",
        STRIDES,
        restriction="the stride divides",
        takes=_divides,
    ),
    Right("right/with_helpers.py", NAIVE),
    Right("right/opaque_cache.py", CS231N),
    Right("right/chatty.py", NAIVE),
    Right("right/filter_positions.py", POSITIONS),
    Right(
        "right/channels_last_ohwi.py",
        NHWC,
    ),
    Right("right/torch_unfold.py", TORCH_CALLABLE),
    Right("right/torch_function.py", TORCH_FUNCTION),
    Right("right/torch_module.py", TORCH_MODULE),
    Right("right/jax_custom_vjp.py", JAX),
)
