"""The wrong implementations whose mistake is one of sums, products and the bias."""

from samples.calls import (
    CONV_LAYER,
    CONVOLUTION,
    COURSE,
    CS231N,
    DB,
    DW,
    DX,
    IM2COL,
    NAIVE,
    NHWC,
    NO_BIAS,
    PLAIN,
    POSITIONS,
    SHAPE,
    SHORT,
    SLIDING,
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
        "wrong/last_image_wins.py",
        NAIVE,
        DW,
        VALUE,
        "there are several images",
        meets_and(images),
        "(first|last|one|only).* image|image.* sum|sum.* images|contributions-overwritten|overwrit",
    ),
    Wrong(
        "wrong/zeroed_per_image.py",
        NAIVE,
        (*DW, *DB),
        VALUE,
        "there are several images",
        images,
        "(first|last|one|only).* image|image.* sum|sum.* images|contributions-overwritten|overwrit",
    ),
    Wrong(
        "wrong/bias_of_the_first_image.py",
        IM2COL,
        DB,
        VALUE,
        "there are several images",
        images,
        "first-image-only|first image",
    ),
    Wrong(
        "wrong/last_filter_wins.py",
        POSITIONS,
        DX,
        VALUE,
        "there are several filters",
        meets_and(filters),
        "(first|last|one|only).* filter|filter.* sum|sum.* filter|overwrit",
    ),
    Wrong(
        "wrong/first_filter_only.py",
        COURSE,
        DX,
        VALUE,
        "there are several filters",
        meets_and(filters),
        "(first|last|one|only).* filter|filter.* sum|sum.* filter|overwrit",
    ),
    Wrong(
        "wrong/as_many_filters_as_channels.py",
        NAIVE,
        (*DX, *DW),
        ("wrong-value", "raised"),
        "filters and channels differ in number",
        _filters_are_channels,
        "channel-and-filter-confused|channel.*filter|filter.*channel",
    ),
    Wrong(
        "wrong/filters_and_channels.py",
        NAIVE,
        Y,
        ("wrong-shape", "raised"),
        "filters and channels differ in number",
        lambda s: s["C"] != s["F"],
        "channel-and-filter-confused|channel.*filter|filter.*channel",
    ),
    Wrong(
        "wrong/first_channel_only.py",
        NAIVE,
        Y,
        VALUE,
        "there are several channels",
        meets_and(channels),
        "(first|one|only).* channel|channel.* sum|sum.* channel",
    ),
    Wrong(
        "wrong/reshaped_without_transpose.py",
        IM2COL,
        Y,
        VALUE,
        "there are several images",
        _scrambled,
        None,
    ),
    # Accumulation.
    Wrong(
        "wrong/windows_overwrite.py",
        NAIVE,
        DX,
        VALUE,
        "an input is met more than once",
        overlapping,
        "contributions-overwritten|overwrites",
    ),
    Wrong(
        "wrong/dw_overwritten.py",
        COURSE,
        DW,
        VALUE,
        "there are several windows or images",
        _before_the_last_window,
        "contributions-overwritten|overwrites",
    ),
    Wrong(
        "wrong/dx_averaged.py",
        CONV_LAYER,
        DX,
        VALUE,
        "there are several images",
        meets_and(images),
        "divided by (N|the number of images)|mean-instead-of-sum",
    ),
    Wrong(
        "wrong/dw_averaged.py",
        SLIDING,
        DW,
        VALUE,
        "there are several images",
        meets_and(images),
        "divided by (N|the number of images)|mean-instead-of-sum",
    ),
    Wrong(
        "wrong/db_averaged.py",
        NHWC,
        DB,
        VALUE,
        "a filter has several outputs",
        outputs,
        "mean-instead-of-sum|mean",
    ),
    Wrong("wrong/descending.py", NAIVE, DW, VALUE, "always", meets, "sign-flipped|wrong sign"),
    # Factors.
    Wrong(
        "wrong/input_left_out.py", POSITIONS, DW, VALUE, "always", meets, "factor-dropped|factor"
    ),
    Wrong(
        "wrong/dout_left_out.py",
        NAIVE,
        DW,
        VALUE,
        "always",
        meets,
        "upstream-gradient-dropped|upstream gradient is missing",
    ),
    Wrong("wrong/weight_left_out.py", NO_BIAS, DX, VALUE, "always", meets, "factor-dropped|factor"),
    Wrong(
        "wrong/other_order.py",
        PLAIN,
        (*DX, *DW),
        ("wrong-shape", "wrong-value"),
        "always",
        _order_matters,
        "order|exchanged|swapped|dx and dw",
    ),
    # The bias.
    Wrong(
        "wrong/bias_forgotten.py",
        CONVOLUTION,
        Y,
        VALUE,
        "always",
        always,
        "bias|term-dropped",
    ),
    Wrong(
        "wrong/bias_per_channel.py",
        NAIVE,
        Y,
        VALUE,
        "there are several channels",
        channels,
        "bias|term-inside-the-sum",
    ),
    Wrong(
        "wrong/bias_inside_the_sum.py",
        NAIVE,
        Y,
        VALUE,
        "a window has several entries",
        _several_products,
        "bias|term-inside-the-sum",
    ),
    Wrong(
        "wrong/bias_over_other_axes.py",
        SHORT,
        DB,
        ("wrong-shape", "wrong-value"),
        "there are several filters or columns of output",
        lambda s: s["F"] * s["Hw"] > 1,
        "axes|sum-over-a-free-index",
    ),
    Wrong("wrong/bias_column.py", IM2COL, DB, SHAPE, "always", always, None),
    Wrong(
        "wrong/bias_over_filters.py",
        NAIVE,
        DB,
        VALUE,
        "there are several filters",
        filters,
        "sum-over-a-free-index|filters",
    ),
    Wrong(
        "wrong/bias_per_image.py",
        CS231N,
        DB,
        SHAPE,
        "always",
        always,
        "per image|images|sum-omitted",
    ),
)
