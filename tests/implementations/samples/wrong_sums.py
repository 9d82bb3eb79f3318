"""The wrong implementations whose mistake is one of sums, products and the bias."""

from samples.calls import (
    DB,
    DW,
    DX,
    SHAPE,
    VALUE,
    Y,
)
from samples.conditions import (
    always,
    channels,
    filters,
    images,
    meetings,
    meets,
    meets_and,
    outputs,
    overlapping,
)
from samples.entries import Wrong
from samples.sources import edited


def _several_products(s):
    return s["C"] * s["HH"] * s["WW"] > 1


def _before_the_last_window(s):
    last = s["Hh"] - 1, s["Hw"] - 1
    windows = {(k, l) for k, l, _, _ in meetings(s)}
    return bool(windows) and (s["N"] > 1 or windows != {last})


def _order_matters(s):
    shapes = tuple(s[name] for name in "NCHW"), tuple(s[name] for name in ("F", "C", "HH", "WW"))
    return shapes[0] != shapes[1] or meets(s)


def _filters_are_channels(s):
    return s["C"] > s["F"] or (s["C"] < s["F"] and meets(s))


def _scrambled(s):
    several = s["N"] > 1 and s["F"] * s["Hh"] * s["Hw"] > 1
    return several and (s["F"] > 1 or meets(s))


WRONG_SUMS = (
    # Images, filters and channels.
    Wrong(
        "last_image_wins",
        edited(
            "with_helpers",
            (
                "        dw[f] +=",
                "        if k == l == 0:\n            dw[f] = 0\n        dw[f] +=",
            ),
        ),
        DW,
        VALUE,
        "there are several images",
        meets_and(images),
        "(first|last|one|only).* image|image.* sum|sum.* images|contributions-overwritten|overwrit",
    ),
    Wrong(
        "zeroed_per_image",
        edited(
            "cs231n_slices",
            (
                ("    dw = np.zeros_like(w)\n    db = np.zeros_like(b)\n    for n in range(N):\n"),
                (
                    "    for n in range(N):\n"
                    "        dw = np.zeros_like(w)\n"
                    "        db = np.zeros_like(b)\n"
                ),
            ),
        ),
        (*DW, *DB),
        VALUE,
        "there are several images",
        images,
        "(first|last|one|only).* image|image.* sum|sum.* images|contributions-overwritten|overwrit",
    ),
    Wrong(
        "bias_of_the_first_image",
        edited("im2col_indices", ("np.sum(dout, axis=(0, 2, 3))", "np.sum(dout[0], axis=(1, 2))")),
        DB,
        VALUE,
        "there are several images",
        images,
        "first-image-only|first image",
    ),
    Wrong(
        "last_filter_wins",
        edited(
            "filter_positions",
            (
                "grad[:, :, r, s] @ kernel[:, :, u, v]",
                "np.outer(grad[:, -1, r, s], kernel[-1, :, u, v])",
            ),
        ),
        DX,
        VALUE,
        "there are several filters",
        meets_and(filters),
        "(first|last|one|only).* filter|filter.* sum|sum.* filter|overwrit",
    ),
    Wrong(
        "first_filter_only",
        edited("course_nhwc", ("W[:, :, :, c] * dZ", "W[:, :, :, 0] * dZ")),
        DX,
        VALUE,
        "there are several filters",
        meets_and(filters),
        "(first|last|one|only).* filter|filter.* sum|sum.* filter|overwrit",
    ),
    Wrong(
        "as_many_filters_as_channels",
        edited(
            "with_helpers",
            ("np.ndindex(*dout.shape)", "np.ndindex(x.shape[0], x.shape[1], *dout.shape[2:])"),
        ),
        (*DX, *DW),
        ("wrong-value", "raised"),
        "filters and channels differ in number",
        _filters_are_channels,
        "channel-and-filter-confused|channel.*filter|filter.*channel",
    ),
    Wrong(
        "filters_and_channels",
        edited("with_helpers", ("for f in range(w.shape[0])", "for f in range(x.shape[1])")),
        Y,
        ("wrong-shape", "raised"),
        "filters and channels differ in number",
        lambda s: s["C"] != s["F"],
        "channel-and-filter-confused|channel.*filter|filter.*channel",
    ),
    Wrong(
        "first_channel_only",
        edited(
            "nine_loops",
            (
                "total = b[f]\n                    for c in range(C):",
                "total = b[f]\n                    for c in range(1):",
            ),
        ),
        Y,
        VALUE,
        "there are several channels",
        meets_and(channels),
        "(first|one|only).* channel|channel.* sum|sum.* channel",
    ),
    Wrong(
        "reshaped_without_transpose",
        edited(
            "im2col_indices",
            (
                "res.reshape(F, out_height, out_width, N).transpose(3, 0, 1, 2)",
                "res.reshape(N, F, out_height, out_width)",
            ),
        ),
        Y,
        VALUE,
        "there are several images",
        _scrambled,
        None,
    ),
    # Accumulation.
    Wrong(
        "windows_overwrite",
        edited("cs231n_slices", ("columns] += ", "columns] = ")),
        DX,
        VALUE,
        "an input is met more than once",
        overlapping,
        "contributions-overwritten|overwrites",
    ),
    Wrong(
        "dw_overwritten",
        edited("course_nhwc", ("dW[:, :, :, c] +=", "dW[:, :, :, c] =")),
        DW,
        VALUE,
        "there are several windows or images",
        _before_the_last_window,
        "contributions-overwritten|overwrites",
    ),
    Wrong(
        "dx_averaged",
        edited("layer_class", ("P : P + width]", "P : P + width] / len(dout)")),
        DX,
        VALUE,
        "there are several images",
        meets_and(images),
        "divided by (N|the number of images)|mean-instead-of-sum",
    ),
    Wrong(
        "dw_averaged",
        edited(
            "sliding_tensordot",
            ("axes=([0, 2, 3], [0, 2, 3]))", "axes=([0, 2, 3], [0, 2, 3])) / len(x)"),
        ),
        DW,
        VALUE,
        "there are several images",
        meets_and(images),
        "divided by (N|the number of images)|mean-instead-of-sum",
    ),
    Wrong(
        "db_averaged",
        edited("channels_last_ohwi", ("dout.sum(", "dout.mean(")),
        DB,
        VALUE,
        "a filter has several outputs",
        outputs,
        "mean-instead-of-sum|mean",
    ),
    Wrong(
        "descending",
        edited("chatty", ("dw[fil] += here", "dw[fil] -= here")),
        DW,
        VALUE,
        "always",
        meets,
        "sign-flipped|wrong sign",
    ),
    # Factors.
    Wrong(
        "input_left_out",
        edited(
            "filter_positions",
            ("grad[:, :, r, s].T @ inp[:, :, i, j]", "grad[:, :, r, s].sum(axis=0)[:, None]"),
        ),
        DW,
        VALUE,
        "always",
        meets,
        "factor-dropped|factor",
    ),
    Wrong(
        "dout_left_out",
        edited("cs231n_slices", ("dw[f] += dout[n, f, i, j] * x_pad", "dw[f] += x_pad")),
        DW,
        VALUE,
        "always",
        meets,
        "upstream-gradient-dropped|upstream gradient is missing",
    ),
    Wrong(
        "weight_left_out",
        edited("without_bias", ("g * w[None]", "g")),
        DX,
        VALUE,
        "always",
        meets,
        "factor-dropped|factor",
    ),
    Wrong(
        "other_order",
        edited("einsum_windows", ("return dx, dw, db", "return dw, dx, db")),
        (*DX, *DW),
        ("wrong-shape", "wrong-value"),
        "always",
        _order_matters,
        "order|exchanged|swapped|dx and dw",
    ),
    # The bias.
    Wrong(
        "bias_forgotten",
        edited("im2col_loops", (".T + self.b", ".T")),
        Y,
        VALUE,
        "always",
        always,
        "bias|term-dropped",
    ),
    Wrong(
        "bias_per_channel",
        edited(
            "nine_loops",
            (
                "total = b[f]\n                    for c in range(C):",
                (
                    "total = 0.0\n"
                    "                    for c in range(C):\n"
                    "                        total = total + b[f]"
                ),
            ),
        ),
        Y,
        VALUE,
        "there are several channels",
        channels,
        "bias|term-inside-the-sum",
    ),
    Wrong(
        "bias_inside_the_sum",
        edited("cs231n_slices", ("np.sum(window * w[f]) + b[f]", "np.sum(window * w[f] + b[f])")),
        Y,
        VALUE,
        "a window has several entries",
        _several_products,
        "bias|term-inside-the-sum",
    ),
    Wrong(
        "bias_over_other_axes",
        edited("transposed_convolution", ("dout.sum((0, 2, 3))", "dout.sum((0, 1, 2))")),
        DB,
        ("wrong-shape", "wrong-value"),
        "there are several filters or columns of output",
        lambda s: s["F"] * s["Hw"] > 1,
        "axes|sum-over-a-free-index",
    ),
    Wrong(
        "bias_column",
        edited(
            "im2col_indices",
            (
                "db = np.sum(dout, axis=(0, 2, 3))",
                "db = np.sum(dout, axis=(0, 2, 3)).reshape(-1, 1)",
            ),
        ),
        DB,
        SHAPE,
        "always",
        always,
        None,
    ),
    Wrong(
        "bias_over_filters",
        edited(
            "with_helpers",
            ("dout.sum(axis=(0, 2, 3)).reshape(b.shape)", "np.full_like(b, dout.sum())"),
        ),
        DB,
        VALUE,
        "there are several filters",
        filters,
        "sum-over-a-free-index|filters",
    ),
    Wrong(
        "bias_per_image",
        edited("opaque_cache", ('"nfkl->f"', '"nfkl->nf"')),
        DB,
        SHAPE,
        "always",
        always,
        "per image|images|sum-omitted",
    ),
)
