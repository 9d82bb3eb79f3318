"""The wrong implementations whose formulas may be right: numbers, memory, exceptions, exits."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from samples.calls import (
    CONV_LAYER,
    CONVOLUTION,
    CS231N,
    DB,
    DW,
    DX,
    FUNCTIONS,
    GRADIENTS,
    IMAGE,
    INCOMPLETE,
    NAIVE,
    PLAIN,
    RAISED,
    SHORT,
    TORCH_CALLABLE,
    VALUE,
    Y,
)
from samples.conditions import (
    always,
    images,
    meets,
    remainder,
)
from samples.entries import Wrong


def _more_than_one_weight(s):
    return s["HH"] * s["WW"] > 1


def _misread(s):
    """Hold when a window meets other inputs where memory in the order of Fortran is read as C."""
    extents = (s["N"], s["C"], s["H"] + 2 * s["P"], s["W"] + 2 * s["P"])
    if sum(s[name] > 1 for name in "NCHW") < 2:
        return False
    inputs = np.zeros(extents, int)
    inside = np.s_[:, :, s["P"] : s["P"] + s["H"], s["P"] : s["P"] + s["W"]]
    inputs[inside] = np.arange(1, 1 + inputs[inside].size).reshape(inputs[inside].shape)
    read = inputs.ravel(order="F").reshape(extents)
    met = sliding_window_view(inputs != read, (s["HH"], s["WW"]), (2, 3))
    return bool(met[:, :, :: s["S"], :: s["S"]].any())


def _padding_reaches_past_the_filter(s):
    return s["P"] >= min(s["HH"], s["WW"])


WRONG_BEHAVIOUR = (
    # Numbers.
    Wrong(
        "wrong/single_precision.py",
        NAIVE,
        Y,
        VALUE,
        "numbers are large",
        meets,
        "float32|precision",
        needs="large",
    ),
    Wrong(
        "wrong/half_precision.py",
        FUNCTIONS,
        DW,
        ("wrong-value", "not-a-number"),
        "numbers are large",
        meets,
        # Every sum overflows to infinity, as a division by 0 would make it.
        None,
        needs="large",
    ),
    Wrong(
        "wrong/whole_numbers.py",
        IMAGE,
        Y,
        VALUE,
        "numbers are not whole",
        always,
        "integer|whole",
        needs="fractions",
    ),
    Wrong(
        "wrong/pixels.py",
        NAIVE,
        DW,
        VALUE,
        "numbers are not whole",
        meets,
        "integer|whole",
        needs="fractions",
    ),
    # Memory.
    Wrong(
        "wrong/flipped_in_place.py",
        SHORT,
        GRADIENTS,
        ("modified-input",),
        "the filter is larger than 1x1",
        _more_than_one_weight,
        "in place|w was changed|modified",
    ),
    Wrong(
        "wrong/scaled_in_place.py",
        CS231N,
        GRADIENTS,
        ("modified-input", "wrong-value"),
        "there are several images",
        images,
        "in place|divided by|modified",
    ),
    Wrong(
        "wrong/total_is_the_bias.py",
        NAIVE,
        Y,
        ("modified-input", "wrong-value"),
        "always",
        meets,
        "in place|modified",
    ),
    Wrong(
        "wrong/gradients_pile_up.py",
        CONV_LAYER,
        (*DW, *DB),
        ("unstable", "wrong-value"),
        "it is called again",
        always,
        "second|again",
        needs="repeat",
    ),
    Wrong(
        "wrong/columns_kept.py",
        CONVOLUTION,
        (*Y, *DW),
        ("wrong-value", "unstable"),
        "it is called again",
        meets,
        None,
        needs="second-call",
    ),
    Wrong(
        "wrong/noisy.py",
        CS231N,
        Y,
        ("unstable", "wrong-value"),
        "always",
        meets,
        "second|again|random",
    ),
    Wrong(
        "wrong/never_zeroed.py",
        NAIVE,
        DW,
        ("unstable", "wrong-value", "not-a-number"),
        "memory was not zero",
        always,
        None,
        harmless=False,
    ),
    Wrong(
        "wrong/strides_by_hand.py",
        PLAIN,
        (*Y, *DW),
        VALUE,
        "x is not contiguous",
        _misread,
        None,
        needs="not-contiguous",
    ),
    # What is returned, what is asked for.
    Wrong("wrong/no_bias_gradient.py", NAIVE, DB, INCOMPLETE, "always", always, None),
    Wrong("wrong/two_gradients.py", NAIVE, DB, INCOMPLETE, "always", always, None),
    Wrong(
        "wrong/torch_detached.py",
        TORCH_CALLABLE,
        DX,
        INCOMPLETE,
        "always",
        always,
        None,
    ),
    Wrong("wrong/sizes_as_floats.py", FUNCTIONS, Y, RAISED, "always", always, None),
    # How it ends.
    Wrong(
        "wrong/stops_the_program.py",
        NAIVE,
        Y,
        ("crashed",),
        "the stride does not divide",
        remainder,
        None,
    ),
    Wrong(
        "wrong/aborts.py",
        SHORT,
        Y,
        ("crashed",),
        "the padding is as large as the filter",
        _padding_reaches_past_the_filter,
        None,
        harmless=False,
    ),
    Wrong(
        "wrong/endless.py",
        CS231N,
        Y,
        ("timeout",),
        "the stride does not divide",
        remainder,
        None,
        harmless=False,
    ),
)
