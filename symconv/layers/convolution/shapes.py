"""The shapes at which code for the 2-D convolution is tried, and how people speak of them.

A formula of a convolution tests where a window starts and ends: against the padding, against
the end of the input, against the rows that the stride leaves over. Each test can come out
alike at every entry of an array (without padding, nothing falls into it; with a 1x1 filter,
the window has one position) or differently from entry to entry. The features are the
conditions on sizes that decide which; code that is right at both values of every feature has
met every case of its index conditions.

A class asks for a few of these conditions (rows left over, padding 0, and meaningful pairs)
and wishes to be as general as it can be in everything else: several images, channels and
filters, all different in number, nothing square, a stride that divides, windows that overlap,
padding that is smaller than the filter. So code that fails in a class fails for what the class
is named after, or in every class.

Units: stride and padding count input positions.
"""

from __future__ import annotations

from symconv.algebra.indices import divides, equal
from symconv.layers.convolution.forward import HEIGHT, HH, WIDTH, WW, C, F, H, Hh, Hw, N, P, S, W
from symconv.layers.convolution.turning_points import differ
from symconv.layers.regions import Region, Shapes

ROWS_LEFT_OVER = ~divides(S, HEIGHT.room)
COLUMNS_LEFT_OVER = ~divides(S, WIDTH.room)
ROWS_UNSEEN = HEIGHT.room % S > P
COLUMNS_UNSEEN = WIDTH.room % S > P
ONE_POSITION = equal(Hh, 1) & equal(Hw, 1)
ONE_BY_ONE = equal(HH, 1) & equal(WW, 1)
PADDING_REACHES_THE_FILTER = (P >= HH) | (P >= WW)
LARGER_THAN_THE_IMAGE = (HH > H) | (WW > W)
STRIDE_DIVIDES = Region("the stride divides", ~(ROWS_LEFT_OVER | COLUMNS_LEFT_OVER))

FEATURES = (
    Region("padding is 0", equal(P, 0)),
    Region("padding is not 0", P >= 1),
    Region("the stride does not divide", ROWS_LEFT_OVER | COLUMNS_LEFT_OVER),
    STRIDE_DIVIDES,
    Region("the stride is larger than 1", S >= 2),
    Region("the stride is 1", equal(S, 1)),
    Region("height and width differ", differ(H, W)),
    Region("height and width are equal", equal(H, W)),
    Region("the filter's height and width differ", differ(HH, WW)),
    Region("the filter's height and width are equal", equal(HH, WW)),
    Region("there is more than one image", N >= 2),
    Region("there is more than one channel", C >= 2),
    Region("there is more than one filter", F >= 2),
    Region("there is one image", equal(N, 1)),
    Region("there is one channel", equal(C, 1)),
    Region("there is one filter", equal(F, 1)),
    Region("channels and filters differ in number", differ(C, F)),
    Region("there are as many channels as filters", equal(C, F)),
    Region("the filter is not 1x1", ~ONE_BY_ONE),
    Region("the filter is 1x1", ONE_BY_ONE),
    Region("no window reaches the image's last rows or columns", ROWS_UNSEEN | COLUMNS_UNSEEN),
    Region("rows are left over", ROWS_LEFT_OVER),
    Region("columns are left over", COLUMNS_LEFT_OVER),
    Region("no rows are left over", ~ROWS_LEFT_OVER),
    Region("no columns are left over", ~COLUMNS_LEFT_OVER),
    Region("the stride is larger than the filter", (S > HH) | (S > WW)),
    Region("windows overlap", (S < HH) | (S < WW)),
    Region("padding is as large as the filter", PADDING_REACHES_THE_FILTER),
    Region("padding is smaller than the filter", ~PADDING_REACHES_THE_FILTER),
    Region("there is more than one output position", ~ONE_POSITION),
    Region("there is one output position", ONE_POSITION),
    Region("there is one output row", equal(Hh, 1)),
    Region("there is one output column", equal(Hw, 1)),
    Region("there is more than one output row", Hh >= 2),
    Region("there is more than one output column", Hw >= 2),
    Region("the output's height and width differ", differ(Hh, Hw)),
    Region("the output is as large as the input", equal(Hh, H) & equal(Hw, W)),
    Region("the output is not as large as the input", ~(equal(Hh, H) & equal(Hw, W))),
    Region("the image is wider than tall", H < W),
    Region("the image is taller than wide", H > W),
    Region("the filter is wider than tall", HH < WW),
    Region("the filter is taller than wide", HH > WW),
    Region("the filter is larger than the image", LARGER_THAN_THE_IMAGE),
)

ASKED = (
    Region("the padding is 0", equal(P, 0)),
    Region("the filter is square", equal(HH, WW)),
    STRIDE_DIVIDES,
    Region("the stride is 1", equal(S, 1)),
    Region("the image is square", equal(H, W)),
    Region("the filter's height and width are odd", ~divides(2, HH) & ~divides(2, WW)),
    Region(
        "the filter is square, its size twice the padding plus 1",
        equal(HH, 2 * P + 1) & equal(WW, 2 * P + 1),
    ),
    Region("the filter is 3x3", equal(HH, 3) & equal(WW, 3)),
    Region("the padding is 1", equal(P, 1)),
    Region("there is one image", equal(N, 1)),
    Region("the number of channels divides that of filters", divides(C, F)),
    Region("the number of filters divides that of channels", divides(F, C)),
    Region("there are as many channels as filters", equal(C, F)),
    Region("there is one channel", equal(C, 1)),
    Region("image and filter have one row", equal(H, 1) & equal(HH, 1)),
    Region("the image's height and width are even", divides(2, H) & divides(2, W)),
    Region("the output is as large as the input", equal(Hh, H) & equal(Hw, W)),
    Region("the stride is 2", equal(S, 2)),
    Region("the filter is 1x1", ONE_BY_ONE),
    Region("there is one filter", equal(F, 1)),
    Region("the stride is not larger than the filter", (S <= HH) & (S <= WW)),
    Region("the stride is the filter's height and width", equal(S, HH) & equal(S, WW)),
    Region("the stride divides the image's height and width", divides(S, H) & divides(S, W)),
    Region("the filter's height and width are even", divides(2, HH) & divides(2, WW)),
    Region("the output is square", equal(Hh, Hw)),
    Region("the filter is not larger than the image", ~LARGER_THAN_THE_IMAGE),
    Region("the padding is smaller than the filter", (P < HH) & (P < WW)),
    Region("the filter is 5x5", equal(HH, 5) & equal(WW, 5)),
    Region("the padding is 2", equal(P, 2)),
    Region("image and filter have one column", equal(W, 1) & equal(WW, 1)),
    Region("the image is at least 5x5", (H >= 5) & (W >= 5)),
    Region("the image is at least 8x8", (H >= 8) & (W >= 8)),
    Region("the number of channels is even", divides(2, C)),
    Region("the numbers of channels and filters are even", divides(2, C) & divides(2, F)),
    Region("the number of images is even", divides(2, N)),
    Region("the number of channels is divisible by 4", divides(4, C)),
    Region("the numbers of channels and filters are divisible by 4", divides(4, C) & divides(4, F)),
    Region("the image's height and width are divisible by 4", divides(4, H) & divides(4, W)),
    Region("the filter is as large as the image", equal(H, HH) & equal(W, WW)),
)

CLASSES = (
    Region("general", S >= 1),
    Region("stride 1", equal(S, 1)),
    Region("stride larger than the filter", (S > HH) & (S > WW)),
    Region("padding 0", equal(P, 0)),
    Region("padding as large as the filter", (P >= HH) & (P >= WW)),
    Region("remainder rows", ROWS_LEFT_OVER & ~COLUMNS_LEFT_OVER),
    Region("remainder columns", COLUMNS_LEFT_OVER & ~ROWS_LEFT_OVER),
    Region("remainder rows and columns", ROWS_LEFT_OVER & COLUMNS_LEFT_OVER),
    Region("remainder beyond the padding", ROWS_UNSEEN & COLUMNS_UNSEEN & (P >= 1)),
    Region("one output position", ONE_POSITION),
    Region("one output row", equal(Hh, 1) & (Hw >= 2)),
    Region("one output column", equal(Hw, 1) & (Hh >= 2)),
    Region("1x1 filter", ONE_BY_ONE & equal(S, 1) & equal(P, 0)),
    Region("one image", equal(N, 1)),
    Region("one channel", equal(C, 1)),
    Region("one filter", equal(F, 1)),
    Region("as many channels as filters", equal(C, F)),
    Region("square image", equal(H, W)),
    Region("square filter", equal(HH, WW)),
    Region("image taller than wide", H > W),
    Region("filter taller than wide", HH > WW),
    Region("filter larger than the image", LARGER_THAN_THE_IMAGE),
    Region("output as large as the input", equal(S, 1) & equal(Hh, H) & equal(Hw, W)),
    Region("stride 1, padding 0", equal(S, 1) & equal(P, 0)),
    Region("stride 1, padding as large as the filter", equal(S, 1) & (P >= HH) & (P >= WW)),
    Region("padding 0, remainder", equal(P, 0) & ROWS_LEFT_OVER & COLUMNS_LEFT_OVER),
    Region("padding 0, stride larger than the filter", equal(P, 0) & (S > HH) & (S > WW)),
    Region("padding as large as the filter, remainder", (P >= HH) & (P >= WW) & ROWS_LEFT_OVER),
    Region("remainder, stride larger than the filter", ROWS_LEFT_OVER & (S > HH) & (S > WW)),
    Region("remainder, one output position", ROWS_LEFT_OVER & COLUMNS_LEFT_OVER & ONE_POSITION),
    Region("padding 0, one output position", equal(P, 0) & ONE_POSITION),
    Region("1x1 filter, padding", ONE_BY_ONE & equal(S, 1) & (P >= 1)),
    Region("1x1 filter, stride 2", ONE_BY_ONE & equal(S, 2) & equal(P, 0)),
    Region("1x1 filter, padding, remainder", ONE_BY_ONE & (P >= 1) & ROWS_LEFT_OVER),
    Region("square image and filter", equal(H, W) & equal(HH, WW)),
    Region(
        "square image and filter, stride 1, output as large as the input",
        equal(H, W) & equal(HH, WW) & equal(S, 1) & equal(Hh, H) & (HH >= 3),
    ),
    Region("square image and filter, remainder", equal(H, W) & equal(HH, WW) & ROWS_LEFT_OVER),
    Region("one image, channel and filter", equal(N, 1) & equal(C, 1) & equal(F, 1)),
    Region(
        "everything 1",
        equal(N, 1)
        & equal(C, 1)
        & equal(F, 1)
        & equal(H, 1)
        & equal(W, 1)
        & equal(S, 1)
        & equal(P, 0),
    ),
)
"""Where nothing else is asked, the wishes below are met."""

WISHES = (
    N >= 2,
    C >= 2,
    F >= 2,
    differ(C, F),
    differ(N, C),
    differ(N, F),
    (HH >= 2) & (WW >= 2),
    differ(HH, WW),
    differ(H, W),
    (Hh >= 2) & (Hw >= 2),
    P >= 1,
    (HH > P) & (WW > P),
    S >= 2,
    (HH >= S) & (WW >= S),
    ~ROWS_LEFT_OVER,
    ~COLUMNS_LEFT_OVER,
    differ(Hh, Hw),
    (H >= HH) & (W >= WW),
)

COUNTS = {N: range(1, 5), C: range(1, 5), F: range(1, 5)}
EXTENTS = {
    H: range(1, 13),
    W: range(1, 13),
    HH: range(1, 6),
    WW: range(1, 6),
    S: range(1, 6),
    P: range(6),
}

VARIED = (equal(S, 1), S >= 3, ROWS_LEFT_OVER, HH > WW, equal(H, W), equal(P, 0), P >= 2)

USUAL = tuple(
    (equal(HH, size), equal(WW, size), equal(P, padding), equal(S, stride), *image)
    for image in ((), (equal(H, W), divides(4, H), H >= 8, divides(4, C), divides(4, F)))
    for size, padding in ((3, 1), (3, 0), (5, 2), (2, 0))
    for stride in (1, 2)
)

STEPS = (
    {"N": 1, "C": 1, "F": 1},
    {"H": 1, "W": 1},
    {"H": 1},
    {"W": 1},
    {"HH": 1, "WW": 1, "H": 1, "W": 1},
    {"H": 2, "W": 2},
    {"HH": 1},
    {"WW": 1},
    {"N": 1},
    {"C": 1},
    {"F": 1},
    {"H": 2},
    {"W": 2},
    {"S": 1},
    {"P": 1},
)

SHAPES = Shapes(
    features=FEATURES,
    asked=ASKED,
    classes=CLASSES,
    wishes=WISHES,
    choices=(COUNTS, EXTENTS),
    varied=VARIED,
    usual=USUAL,
    plain=(STRIDE_DIVIDES,),
    larger=(H >= 6, W >= 7),
    steps=STEPS,
)
