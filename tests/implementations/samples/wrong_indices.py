"""The wrong implementations whose mistake is one of indices: stride, filter, sizes."""

from samples.calls import (
    CONV,
    DW,
    DX,
    GRADIENTS,
    RAISED,
    SHAPE,
    SPREAD,
    VALUE,
    Y,
)
from samples.conditions import (
    HEIGHT,
    WIDTH,
    along,
    dropped,
    flipped_column,
    flipped_row,
    moved,
    output_sizes_differ,
    remainder,
    rests,
    swapped_weights,
    swapped_windows,
    uncovered,
    without_stride,
)
from samples.entries import Wrong
from samples.sources import edited, whole


def _stride_added(s, k, p):
    return k + s["S"] + p - s["P"]


def _stride_on_the_filter(s, k, p):
    return k + p * s["S"] - s["P"]


def _one_zero_too_many(s, k, p):
    return k * (s["S"] + 1) + p - s["P"]


def _stride_one_only(s):
    full = s["Hh"] + s["HH"] - 1 - s["P"], s["Hw"] + s["WW"] - 1 - s["P"]
    return full[0] < s["H"] or full[1] < s["W"] or moved(without_stride, without_stride)(s)


def _column_condition_missing(s):
    rows, columns = along(s, HEIGHT), along(s, WIDTH)
    return bool(rows) and len(columns) < s["Hw"] * s["WW"] * s["W"]


WRONG_INDICES = (
    # The filter read backwards.
    Wrong(
        "flipped_forward",
        edited("einsum_windows", ("seen, w)", "seen, w[:, :, ::-1, ::-1])")),
        Y,
        VALUE,
        "the filter is larger than 1x1",
        moved(flipped_row, flipped_column),
        "kernel-flipped|backwards",
    ),
    Wrong(
        "transposed_without_flip",
        edited("transposed_convolution", ("w[:, :, ::-1, ::-1]", "w")),
        DX,
        VALUE,
        "the filter is larger than 1x1",
        moved(flipped_row, flipped_column),
        "kernel-flipped|backwards",
    ),
    Wrong(
        "flipped_along_the_height",
        edited("sliding_tensordot", ("w[:, :, ::-1, ::-1]", "w[:, :, ::-1]")),
        DX,
        VALUE,
        "the filter is wider than 1",
        moved(column=flipped_column),
        "kernel-flipped-on-one-axis|backwards along one axis",
    ),
    # The stride.
    Wrong(
        "window_moves_by_one",
        edited(
            "cs231n_slices", ("i * S : i * S + HH, j * S : j * S + WW", "i : i + HH, j : j + WW")
        ),
        Y,
        VALUE,
        "the stride is above 1, with several positions",
        moved(without_stride, without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "stride_along_rows_only",
        edited(
            "nine_loops",
            (
                (
                    "j = l * stride + q - pad\n"
                    "                                if 0 <= i < H and 0 <= j < W:\n"
                    "                                    total"
                ),
                (
                    "j = l + q - pad\n"
                    "                                if 0 <= i < H and 0 <= j < W:\n"
                    "                                    total"
                ),
            ),
        ),
        Y,
        VALUE,
        "the stride is above 1, with several columns of output",
        moved(column=without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "dw_without_step",
        edited(
            "conv2d_sizes",
            ("self.input[:, :, rows, columns]", "self.input[:, :, i : i + oh, j : j + ow]"),
        ),
        DW,
        VALUE,
        "the stride is above 1, with several positions",
        moved(without_stride, without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "scatter_without_stride",
        edited(
            "col2im_scatter",
            (
                "x_pad[:, :, r * stride : r * stride + kh, s * stride : s * stride + kw] +=",
                "x_pad[:, :, r : r + kh, s : s + kw] +=",
            ),
        ),
        DX,
        VALUE,
        "the stride is above 1, with several positions",
        moved(without_stride, without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "conditions_on_rows",
        edited("delta_conditions", ("p + k * S == i + P", "p + k == i + P")),
        DX,
        VALUE,
        "the stride is above 1, with several rows of output",
        moved(row=without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "torch_without_stride",
        edited(
            "torch_function",
            (
                "grad_pad[:, :, p:bottom:stride, q:right:stride]",
                "grad_pad[:, :, p : p + rows, q : q + columns]",
            ),
        ),
        DX,
        VALUE,
        "the stride is above 1, with several positions",
        moved(without_stride, without_stride),
        "stride-dropped|stride.*left out",
    ),
    Wrong(
        "stride_added",
        edited(
            "delta_conditions",
            ("k * S == i + P and q + l * S ==", "k + S == i + P and q + l + S =="),
        ),
        DX,
        VALUE,
        "nearly always",
        moved(_stride_added, _stride_added),
        "stride-added|stride is added",
    ),
    Wrong(
        "stride_on_the_filter",
        edited(
            "nine_loops",
            (
                (
                    "i = k * stride + p - pad\n"
                    "                                j = l * stride + q - pad\n"
                    "                                if 0 <= i < H and 0 <= j < W:\n"
                    "                                    dw"
                ),
                (
                    "i = k + p * stride - pad\n"
                    "                                j = l + q * stride - pad\n"
                    "                                if 0 <= i < H and 0 <= j < W:\n"
                    "                                    dw"
                ),
            ),
        ),
        (*DX, *DW),
        VALUE,
        "the stride is above 1",
        moved(_stride_on_the_filter, _stride_on_the_filter),
        "stride-on-the-wrong-index|other index",
    ),
    Wrong(
        "spread_too_far",
        whole("spread_too_far", SPREAD),
        DX,
        VALUE,
        "there are several positions",
        moved(_one_zero_too_many, _one_zero_too_many),
        "stride",
    ),
    Wrong(
        "stride_one_only",
        whole("stride_one_only", CONV),
        DX,
        ("wrong-shape", "wrong-value"),
        "the stride is above 1",
        _stride_one_only,
        "stride",
    ),
    # Height and width, rows and columns.
    Wrong(
        "swapped_output_sizes",
        edited(
            "cs231n_slices",
            ("H_out = (H + 2 * P - HH)", "W_out = (H + 2 * P - HH)"),
            ("W_out = (W + 2 * P - WW)", "H_out = (W + 2 * P - WW)"),
        ),
        Y,
        ("wrong-shape", "raised"),
        "the output is not square",
        lambda s: s["Hh"] != s["Hw"],
        "size-of-the-other-axis|height and width",
    ),
    Wrong(
        "swapped_loops",
        edited(
            "cs231n_slices",
            (
                (
                    "            for i in range(H_out):\n"
                    "                for j in range(W_out):\n"
                    "                    rows"
                ),
                (
                    "            for i in range(W_out):\n"
                    "                for j in range(H_out):\n"
                    "                    rows"
                ),
            ),
        ),
        GRADIENTS,
        RAISED,
        "the output is not square",
        lambda s: s["Hh"] != s["Hw"],
        "size-of-the-other-axis|height and width",
    ),
    Wrong(
        "filter_transposed",
        edited("with_helpers", ("+= w[f] *", "+= w[f].transpose(0, 2, 1) *")),
        DX,
        ("wrong-value", "raised"),
        "the filter is larger than 1x1",
        swapped_weights,
        "axes-swapped|axes.* swapped|height and width",
    ),
    Wrong(
        "gradient_of_the_transpose",
        edited(
            "im2col_loops", (".reshape(FN, C, FH, FW)", ".reshape(FN, C, FH, FW).swapaxes(2, 3)")
        ),
        DW,
        ("wrong-shape", "wrong-value"),
        "the filter is larger than 1x1",
        swapped_weights,
        "axes-swapped|axes.* swapped|height and width",
    ),
    Wrong(
        "output_indices_swapped",
        edited("delta_conditions", ("dout[n, f, k, l] *", "dout[n, f, l, k] *")),
        DX,
        ("wrong-value", "raised"),
        "there are several positions",
        swapped_windows,
        "axes-swapped|axes.* swapped|height and width",
    ),
    Wrong(
        "torch_rows_and_columns",
        edited("torch_module", ("dim=-2", "dim=-1")),
        (*Y, *DX, *DW),
        ("wrong-value", "wrong-shape", "raised"),
        "there are several positions",
        lambda s: s["Hh"] != s["Hw"] or swapped_windows(s),
        "axes-swapped|axes.* swapped|height and width",
    ),
    Wrong(
        "cropped_by_the_height",
        edited("im2col_indices", ("padding : W + padding]", "padding : H + padding]")),
        DX,
        SHAPE,
        "height and width differ",
        lambda s: min(s["W"] + s["P"], s["H"]) != s["W"],
        "size-of-the-other-axis|height and width",
    ),
    Wrong(
        "unpacked_in_another_order",
        edited("cs231n_slices", ("_, _, HH, WW = w", "_, _, WW, HH = w")),
        GRADIENTS,
        RAISED,
        "filter height and width differ",
        lambda s: s["HH"] != s["WW"],
        "sizes-unpacked-in-the-wrong-order|size-of-the-other-axis|height and width",
    ),
    Wrong(
        "delta_of_columns_missing",
        edited("delta_conditions", (" and q + l * S == j + P", "")),
        DX,
        VALUE,
        "the input or the output is wider than 1",
        _column_condition_missing,
        "delta-dropped|equation between indices",
    ),
    # What the stride leaves over, and the output's size.
    Wrong(
        "no_output_padding",
        edited(
            "transposed_convolution",
            ("edge_h + rest_h), (edge_w, edge_w + rest_w)", "edge_h), (edge_w, edge_w)"),
            (
                "padding + x.shape[2], padding : padding + x.shape[3]",
                "dx_pad.shape[2] - padding, padding : dx_pad.shape[3] - padding",
            ),
        ),
        DX,
        SHAPE,
        "the stride does not divide",
        remainder,
        "remainder-rows-dropped|leaves over",
    ),
    Wrong(
        "windows_only",
        edited(
            "cs231n_slices",
            (
                "np.zeros_like(x_pad)",
                "np.zeros((N, x.shape[1], (H_out - 1) * S + HH, (W_out - 1) * S + WW))",
            ),
        ),
        DX,
        SHAPE,
        "the stride leaves over more than the padding",
        lambda s: max(rests(s)) > s["P"],
        "remainder-rows-dropped|leaves over",
    ),
    Wrong(
        "divided_by_coverage",
        edited(
            "col2im_scatter",
            (
                "x_pad = np.zeros(shape, dtype=cols.dtype)",
                "x_pad, covered = np.zeros(shape, dtype=cols.dtype), np.zeros(shape)",
            ),
            (
                "            patch = cols",
                (
                    "            covered[:, :, r * stride :, s * stride :][:, :, :kh, :kw] = 1\n"
                    "            patch = cols"
                ),
            ),
            (
                "    return x_pad\n",
                '    with np.errstate(invalid="ignore"):\n        return x_pad / covered\n',
            ),
        ),
        DX,
        ("not-a-number",),
        "an input is under no window",
        uncovered,
        None,
    ),
    Wrong(
        "rounded_up",
        edited(
            "nine_loops",
            ("(H + 2 * pad - HH) // stride", "int(np.ceil((H + 2 * pad - HH) / stride))"),
            ("(W + 2 * pad - WW) // stride", "int(np.ceil((W + 2 * pad - WW) / stride))"),
        ),
        Y,
        SHAPE,
        "the stride does not divide",
        remainder,
        "division-rounded-up|rounded up",
    ),
    Wrong(
        "one_position_short",
        edited(
            "without_bias",
            (
                "Hh, Hw = 1 + (H + 2 * padding - HH) // stride, 1 + (W",
                "Hh, Hw = (H + 2 * padding - HH) // stride, (W",
            ),
        ),
        Y,
        SHAPE,
        "always",
        lambda _: True,
        "plus-one-dropped|1 is missing",
    ),
    Wrong(
        "one_inside_the_division",
        edited(
            "plain_functions",
            ("kh) // stride + 1", "kh + 1) // stride"),
            ("kw) // stride + 1", "kw + 1) // stride"),
        ),
        Y,
        SHAPE,
        "the stride is above 1 and leaves over all but one row",
        output_sizes_differ(lambda s, room: (room + 1) // s["S"]),
        "plus-one-divided|divided by the stride",
    ),
    Wrong(
        "last_row_of_windows",
        edited(
            "layer_class",
            (
                "            dx[window] +=",
                (
                    "        for k, l, window in self._windows(dout.shape[2] - 1, dout.shape[3]):\n"
                    "            dx[window] +="
                ),
            ),
        ),
        DX,
        VALUE,
        "the last row of windows meets the input",
        dropped(lambda s, k, l, p, q: k == s["Hh"] - 1),
        "sum-ends-one-too-early|one position too early",
    ),
    Wrong(
        "filter_from_one",
        edited(
            "conv2d_sizes",
            (
                (
                    "        for i in range(kh):\n"
                    "            for j in range(kw):\n"
                    "                part"
                ),
                (
                    "        for i in range(1, kh):\n"
                    "            for j in range(kw):\n"
                    "                part"
                ),
            ),
        ),
        Y,
        VALUE,
        "the first row of the filter meets the input",
        dropped(lambda s, k, l, p, q: p == 0),
        "sum-starts-one-too-late|one position too late",
    ),
)
