"""The wrong implementations whose formulas may be right: numbers, memory, exceptions, exits."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from samples.calls import (
    CS231N,
    DB,
    DW,
    DX,
    GRADIENTS,
    INCOMPLETE,
    RAISED,
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
from samples.sources import edited, whole


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
        "single_precision",
        edited("cs231n_slices", ("W_out))", "W_out), dtype=np.float32)")),
        Y,
        VALUE,
        "numbers are large",
        meets,
        "float32|precision",
        needs="large",
    ),
    Wrong(
        "half_precision",
        edited(
            "plain_functions",
            ("np.zeros_like(w)", "np.zeros(w.shape, np.float16)"),
            (
                "            dw[inside] += np.einsum",
                (
                    '            with np.errstate(over="ignore", invalid="ignore"):\n'
                    "                dw[inside] += np.einsum"
                ),
            ),
        ),
        DW,
        ("wrong-value", "not-a-number"),
        "numbers are large",
        meets,
        # Every sum overflows to infinity, as a division by 0 would make it.
        None,
        needs="large",
    ),
    Wrong(
        "whole_numbers",
        edited("single_image", ("columns))", "columns), dtype=int)")),
        Y,
        VALUE,
        "numbers are not whole",
        always,
        "integer|whole",
        needs="fractions",
    ),
    Wrong(
        "pixels",
        edited(
            "nine_loops",
            (
                "    x, w, b, conv_param = cache\n",
                "    x, w, b, conv_param = cache\n    x = x.astype(np.int64)\n",
            ),
        ),
        DW,
        VALUE,
        "numbers are not whole",
        meets,
        "integer|whole",
        needs="fractions",
    ),
    # Memory.
    Wrong(
        "flipped_in_place",
        edited(
            "transposed_convolution",
            (
                "flipped = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)",
                "w[:] = w[:, :, ::-1, ::-1].copy()",
            ),
            ("correlate(full, flipped)", "correlate(full, w.transpose(1, 0, 2, 3))"),
        ),
        GRADIENTS,
        ("modified-input",),
        "the filter is larger than 1x1",
        _more_than_one_weight,
        "in place|w was changed|modified",
    ),
    Wrong(
        "scaled_in_place",
        edited(
            "opaque_cache", ("    N, C, H, W = shape\n", "    N, C, H, W = shape\n    dout /= N\n")
        ),
        GRADIENTS,
        ("modified-input", "wrong-value"),
        "there are several images",
        images,
        "in place|divided by|modified",
    ),
    Wrong(
        "total_is_the_bias",
        edited(
            "nine_loops",
            ("total = b[f]", "total = b[f : f + 1]"),
            ("total = total +", "total +="),
            ("= total\n", "= total[0]\n"),
        ),
        Y,
        ("modified-input", "wrong-value"),
        "always",
        meets,
        "in place|modified",
    ),
    Wrong(
        "gradients_pile_up",
        edited(
            "layer_class",
            (
                "        self.dw = np.zeros_like(self.weight)\n        self.db = dout",
                "        self.db += dout",
            ),
        ),
        (*DW, *DB),
        ("unstable", "wrong-value"),
        "it is called again",
        always,
        "second|again",
        needs="repeat",
    ),
    Wrong(
        "columns_kept",
        edited(
            "im2col_loops",
            ("def im2col(", "_COLUMNS = {}\n\n\ndef im2col("),
            (
                "self.col = im2col(x, FH, FW, self.stride, self.pad)",
                (
                    "key = x.shape, FH, FW, self.stride, self.pad\n"
                    "        self.col = _COLUMNS.setdefault(key, im2col(x, *key[1:]))"
                ),
            ),
        ),
        (*Y, *DW),
        ("wrong-value", "unstable"),
        "it is called again",
        meets,
        None,
        needs="second-call",
    ),
    Wrong(
        "noisy",
        edited("opaque_cache", ("view, w)", "view, w + 1e-3 * np.random.randn(*w.shape))")),
        Y,
        ("unstable", "wrong-value"),
        "always",
        meets,
        "second|again|random",
    ),
    Wrong(
        "never_zeroed",
        edited("cs231n_slices", ("np.zeros_like(w)", "np.empty_like(w)")),
        DW,
        ("unstable", "wrong-value", "not-a-number"),
        "memory was not zero",
        always,
        None,
        harmless=False,
    ),
    Wrong(
        "strides_by_hand",
        edited(
            "einsum_windows",
            (
                "sn, sc, sh, sw = x.strides",
                (
                    "sw, sh = x.itemsize, x.itemsize * width\n"
                    "    sc, sn = sh * height, sh * height * channels"
                ),
            ),
        ),
        (*Y, *DW),
        VALUE,
        "x is not contiguous",
        _misread,
        None,
        needs="not-contiguous",
    ),
    # What is returned, what is asked for.
    Wrong(
        "no_bias_gradient",
        edited("chatty", ("return dx, dw, db", "return dx, dw, None")),
        DB,
        INCOMPLETE,
        "always",
        always,
        None,
    ),
    Wrong(
        "two_gradients",
        edited("cs231n_slices", ("P : P + W], dw, db", "P : P + W], dw")),
        DB,
        INCOMPLETE,
        "always",
        always,
        None,
    ),
    Wrong(
        "torch_detached",
        edited("torch_unfold", ("F.unfold(x,", "F.unfold(x.detach(),")),
        DX,
        INCOMPLETE,
        "always",
        always,
        None,
    ),
    Wrong(
        "sizes_as_floats",
        edited(
            "plain_functions", ("kh) // stride", "kh) / stride"), ("kw) // stride", "kw) / stride")
        ),
        Y,
        RAISED,
        "always",
        always,
        None,
    ),
    # How it ends.
    Wrong(
        "stops_the_program",
        edited(
            "with_helpers",
            ("import numpy as np\n", "import sys\n\nimport numpy as np\n"),
            (
                "    return tuple(\n",
                (
                    "    if any((x.shape[d] + 2 * pad - w.shape[d]) % stride for d in (2, 3)):\n"
                    "        sys.exit(1)\n"
                    "    return tuple(\n"
                ),
            ),
        ),
        Y,
        ("crashed",),
        "the stride does not divide",
        remainder,
        None,
    ),
    Wrong(
        "aborts",
        edited(
            "transposed_convolution",
            ("import numpy as np\n", "import os\n\nimport numpy as np\n"),
            (
                "    return correlate(np.pad(x, border)",
                (
                    "    if padding >= min(w.shape[2:]):\n"
                    "        os.abort()\n"
                    "    return correlate(np.pad(x, border)"
                ),
            ),
        ),
        Y,
        ("crashed",),
        "the padding is as large as the filter",
        _padding_reaches_past_the_filter,
        None,
        harmless=False,
    ),
    Wrong(
        "endless",
        whole("endless", CS231N),
        Y,
        ("timeout",),
        "the stride does not divide",
        remainder,
        None,
        harmless=False,
    ),
)
