"""A small map of wrong entries, for the terminal."""

from __future__ import annotations

from math import prod

import numpy as np

MOST_ROWS = 20
MOST_COLUMNS = 40
RIGHT, WRONG = ".", "x"


def wrong_entries_map(expected: np.ndarray, got: np.ndarray) -> str:
    """Draw which entries of a result are wrong, in the first plane that has one.

    A plane is the rows and columns of one channel of one image, or of one filter. Rows and
    columns count from 0; ``.`` is right and ``x`` is wrong.

    Args:
        expected: the right result.
        got: what came back, of whatever shape and dtype.

    Returns:
        Lines of text without a final newline: both shapes where they differ; nothing where
        every entry is right.
    """
    if expected.shape != got.shape:
        return f"shape {_shape(got)} instead of {_shape(expected)}"
    with np.errstate(all="ignore"):
        wrong = ~np.asarray(got == expected, dtype=bool)
    if not wrong.any():
        return ""
    # A vector is one row; what has more than two axes is a stack of planes.
    planes = wrong.reshape(-1, *wrong.shape[-2:]) if wrong.ndim > 1 else wrong.reshape(1, 1, -1)
    number = int(np.argmax(planes.any((1, 2))))
    lead = wrong.shape[:-2] if wrong.ndim > 2 else ()
    position = [str(int(place)) for place in np.unravel_index(number, lead)] if lead else []
    colons = ":" if wrong.ndim < 2 else ", ".join([*position, ":", ":"])
    head = f"[{colons}]: {int(planes[number].sum())} of {planes[number].size} entries are wrong"
    lines = [head, *_drawn(planes[number], numbered=wrong.ndim > 1)]
    if len(planes) > 1:
        others = int(planes.any((1, 2)).sum()) - 1
        lines.append(f"and in {others} of {prod(lead) - 1} others")
    return "\n".join(lines)


def _drawn(plane: np.ndarray, *, numbered: bool) -> list[str]:
    """Draw one plane, or the part of it from where its first wrong entry is in reach."""
    first_row, first_column = np.argwhere(plane)[0]
    rows = _reach(int(first_row), plane.shape[0], MOST_ROWS)
    columns = _reach(int(first_column), plane.shape[1], MOST_COLUMNS)
    margin = len(str(rows[-1])) if numbered else 0
    indent = " " * (margin + 1) if numbered else ""
    # Tens above ones, so that every column is one character wide.
    heads = ["".join(str(column % 10) for column in columns)]
    if columns[-1] >= 10:
        heads.insert(0, "".join(" " if c % 10 or not c else str(c // 10 % 10) for c in columns))
    lines = [(indent + head).rstrip() for head in heads]
    more = " ..." if columns[-1] + 1 < plane.shape[1] else ""
    for row in rows:
        cells = "".join(WRONG if plane[row, column] else RIGHT for column in columns)
        lines.append((f"{row:>{margin}} " if numbered else "") + cells + more)
    hidden = plane.shape[0] - len(rows)
    if hidden:
        lines.append(f"{indent}... {hidden} other row{'s' * (hidden > 1)}")
    return lines


def _reach(first: int, extent: int, most: int) -> range:
    """Return which rows or columns are drawn: from the first ten of which one is wrong."""
    start = 0 if first < most else first // 10 * 10
    return range(start, min(extent, start + most))


def _shape(array: np.ndarray) -> str:
    return f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"
