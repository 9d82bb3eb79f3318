"""The sizes at which a sample is wrong, as conditions.

A window meets an input: at position k the weight p meets the input i = k*S + p - P, where
0 <= i < H; along the width likewise. Two readings of the formulas differ at given sizes exactly
when their windows meet different inputs.
"""

from collections import Counter
from collections.abc import Callable

from samples.entries import Condition, Sizes

Position = Callable[[Sizes, int, int], int]
"""The input that the window at a position meets with a weight, along one axis."""


HEIGHT, WIDTH = ("H", "HH", "Hh"), ("W", "WW", "Hw")
"""The sizes of the input, the filter and the output along one axis."""


def right_row(s: Sizes, k: int, p: int) -> int:
    """Return the input that is met when nothing is wrong; the same along either axis."""
    return k * s["S"] + p - s["P"]


def meetings(
    s: Sizes, row: Position = right_row, column: Position = right_row
) -> dict[tuple[int, int, int, int], tuple[int, int]]:
    """Return the input that each window meets with each weight, where there is one."""
    rows = along(s, HEIGHT, row)
    columns = along(s, WIDTH, column)
    return {(k, l, p, q): (i, j) for (k, p), i in rows.items() for (l, q), j in columns.items()}


def along(
    s: Sizes, names: tuple[str, str, str], at: Position = right_row
) -> dict[tuple[int, int], int]:
    """Return the inputs met along one axis, by window and weight."""
    extent, weights, windows = (s[name] for name in names)
    met = {(k, p): at(s, k, p) for k in range(windows) for p in range(weights)}
    return {pair: i for pair, i in met.items() if 0 <= i < extent}


def meets(s: Sizes) -> bool:
    """Hold when any window meets any input: otherwise the gradients of x and w are zero."""
    return bool(meetings(s))


def moved(row: Position = right_row, column: Position = right_row) -> Condition:
    """Return when windows at these places meet other inputs than they should."""
    return lambda s: meetings(s, row, column) != meetings(s)


def dropped(drops: Callable[[Sizes, int, int, int, int], bool]) -> Condition:
    """Return when any meeting is among those that are dropped."""
    return lambda s: any(drops(s, *meeting) for meeting in meetings(s))


def meets_and(condition: Condition) -> Condition:
    """Return when a condition holds and any input is met at all."""
    return lambda s: meets(s) and condition(s)


def flipped_row(s: Sizes, k: int, p: int) -> int:
    """Return the input that is met by the filter read backwards along the height."""
    return k * s["S"] + s["HH"] - 1 - p - s["P"]


def flipped_column(s: Sizes, l: int, q: int) -> int:
    """Return the input that is met by the filter read backwards along the width."""
    return l * s["S"] + s["WW"] - 1 - q - s["P"]


def without_stride(s: Sizes, k: int, p: int) -> int:
    """Return the input that is met when the window moves by one."""
    return k + p - s["P"]


def without_padding(s: Sizes, k: int, p: int) -> int:
    """Return the input that is met when the shift by the padding is missing."""
    return k * s["S"] + p


def always(_: Sizes) -> bool:
    """Hold."""
    return True


def padded(s: Sizes) -> bool:
    """Hold when there is padding."""
    return s["P"] > 0


def unpadded(s: Sizes) -> bool:
    """Hold when there is none."""
    return s["P"] == 0


def rests(s: Sizes) -> tuple[int, int]:
    """Return how many rows and columns the stride leaves over."""
    return (s["H"] + 2 * s["P"] - s["HH"]) % s["S"], (s["W"] + 2 * s["P"] - s["WW"]) % s["S"]


def remainder(s: Sizes) -> bool:
    """Hold when the stride leaves rows or columns over."""
    return any(rests(s))


def images(s: Sizes) -> bool:
    """Hold when there are several images."""
    return s["N"] > 1


def filters(s: Sizes) -> bool:
    """Hold when there are several filters."""
    return s["F"] > 1


def channels(s: Sizes) -> bool:
    """Hold when there are several channels."""
    return s["C"] > 1


def outputs(s: Sizes) -> bool:
    """Hold when several entries of dout meet the same filter."""
    return s["N"] * s["Hh"] * s["Hw"] > 1


def sees_padding(s: Sizes) -> bool:
    """Hold when any window reaches into the padding."""
    return len(meetings(s)) < s["Hh"] * s["Hw"] * s["HH"] * s["WW"]


def overlapping(s: Sizes) -> bool:
    """Hold when an input is met more than once: by several windows, or by several filters."""
    met = Counter(meetings(s).values())
    return bool(met) and (s["F"] > 1 or max(met.values()) > 1)


def uncovered(s: Sizes) -> bool:
    """Hold when an input is met by no window."""
    return len(set(meetings(s).values())) < s["H"] * s["W"]


def output_sizes_differ(count: Callable[[Sizes, int], int]) -> Condition:
    """Return when another count of positions, from the room of the window, is another size."""

    def differs(s: Sizes) -> bool:
        rooms = s["H"] + 2 * s["P"] - s["HH"], s["W"] + 2 * s["P"] - s["WW"]
        return tuple(count(s, room) for room in rooms) != (s["Hh"], s["Hw"])

    return differs


def swapped_weights(s: Sizes) -> bool:
    """Hold when a filter differs from its transpose where it meets an input."""
    return s["HH"] != s["WW"] or any(p != q for _, _, p, q in meetings(s))


def swapped_windows(s: Sizes) -> bool:
    """Hold when the output differs from its transpose where a window meets an input."""
    return any(k != l for k, l, _, _ in meetings(s))
