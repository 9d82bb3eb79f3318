"""Sizes at which samples are run: every index condition of the layer at work and idle."""

_NAMES = ("N", "C", "H", "W", "F", "HH", "WW", "S", "P")

# fmt: off
_ROWS = (
    # N  C  H  W  F HH WW  S  P
    ( 1, 1, 1, 1, 1, 1, 1, 1, 0),  # the smallest
    ( 2, 3, 5, 6, 2, 3, 3, 1, 1),  # the usual one
    ( 2, 2, 2, 5, 3, 1, 3, 3, 2),  # nothing square, rows and columns left over
    ( 2, 3, 4, 4, 2, 2, 2, 2, 0),  # windows tile the input
    ( 1, 2, 5, 5, 2, 2, 2, 2, 0),  # one row and one column left over
    ( 2, 1, 6, 6, 1, 3, 3, 2, 1),  # left over on the padding only
    ( 2, 2, 3, 4, 2, 2, 1, 1, 2),  # padding as large as the filter
    ( 1, 2, 7, 6, 2, 2, 1, 3, 0),  # stride larger than the filter: gaps
    ( 3, 2, 4, 3, 2, 4, 3, 1, 0),  # one output position
    ( 2, 3, 3, 4, 2, 1, 1, 1, 0),  # 1x1 filter
    ( 1, 2, 4, 5, 3, 1, 1, 2, 1),  # 1x1 filter with stride and padding
    ( 1, 1, 2, 2, 2, 3, 3, 3, 1),  # one output position by padding and stride
    ( 2, 3, 4, 4, 3, 3, 3, 1, 1),  # as many filters as channels
    ( 2, 2, 4, 4, 2, 2, 2, 2, 1),  # every count the same
    ( 1, 1, 4, 5, 1, 2, 2, 2, 0),  # columns left over only
    ( 1, 1, 5, 4, 1, 2, 2, 2, 0),  # rows left over only
    ( 1, 3, 5, 5, 2, 3, 3, 2, 1),  # stride 2, nothing left over
    ( 2, 1, 7, 8, 2, 2, 3, 3, 1),  # two rows left over
    ( 1, 2, 3, 2, 1, 1, 2, 2, 3),  # padding larger than the filter, left over
    ( 3, 1, 4, 6, 1, 2, 3, 1, 0),  # no padding, nothing square
    ( 1, 1, 1, 1, 1, 3, 3, 1, 1),  # one input: only the centre of the filter meets it
    ( 1, 1, 1, 1, 2, 1, 1, 4, 1),  # no window meets the input
    ( 2, 2, 4, 4, 2, 2, 2, 1, 0),  # square, no padding
    ( 1, 1, 3, 3, 1, 2, 2, 1, 0),  # one of each
    ( 2, 2, 6, 5, 4, 3, 2, 2, 2),  # more filters than channels
    ( 2, 2, 2, 2, 2, 2, 2, 1, 0),  # x and w of one shape
    ( 1, 3, 5, 5, 2, 2, 2, 3, 1),  # square, two rows and columns left over
    ( 1, 2, 6, 3, 3, 3, 2, 1, 2),  # one image, nothing square
)
# fmt: on


def with_outputs(row: tuple[int, ...]) -> dict[str, int]:
    """Return the sizes by name, those of the output included."""
    s = dict(zip(_NAMES, row, strict=True))
    s["Hh"] = 1 + (s["H"] + 2 * s["P"] - s["HH"]) // s["S"]
    s["Hw"] = 1 + (s["W"] + 2 * s["P"] - s["WW"]) // s["S"]
    return s


SHAPES = tuple(with_outputs(row) for row in _ROWS)
