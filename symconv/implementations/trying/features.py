"""Where the index conditions of a convolution change, and how people say it.

A formula of a convolution tests where a window starts and ends: against the padding, against
the end of the input, against the rows that the stride leaves over. Each test can come out
alike at every entry of an array (without padding, nothing falls into it; with a 1x1 filter,
the window has one position) or differently from entry to entry. The features are the
conditions on sizes that decide which; code that is right at both values of every feature has
met every case of its index conditions.

Units: stride and padding count input positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition, IntegerLike, divides, equal
from symconv.layers.convolution.forward import HEIGHT, HH, WIDTH, WW, C, F, H, Hh, Hw, N, P, S, W
from symconv.layers.layer import Sizes


@dataclass(frozen=True, slots=True)
class Feature:
    """A condition on sizes under which code may fail.

    Attributes:
        clause: how people say it, to follow "when": ``the stride does not divide``.
        condition: the condition.
    """

    clause: str
    condition: Condition

    def holds(self, sizes: Sizes) -> bool:
        """Tell whether given sizes have the feature."""
        return condition_value(self.condition, sizes.by_symbol)


def differ(left: IntegerLike, right: IntegerLike) -> Condition:
    """Build the condition that two sizes are not equal."""
    return ~equal(left, right)


ROWS_LEFT_OVER = ~divides(S, HEIGHT.room)
COLUMNS_LEFT_OVER = ~divides(S, WIDTH.room)
ROWS_UNSEEN = HEIGHT.room % S > P
COLUMNS_UNSEEN = WIDTH.room % S > P
ONE_POSITION = equal(Hh, 1) & equal(Hw, 1)
ONE_BY_ONE = equal(HH, 1) & equal(WW, 1)
PADDING_REACHES_THE_FILTER = (P >= HH) | (P >= WW)
LARGER_THAN_THE_IMAGE = (HH > H) | (WW > W)

FEATURES = (
    Feature("padding is 0", equal(P, 0)),
    Feature("padding is not 0", P >= 1),
    Feature("the stride does not divide", ROWS_LEFT_OVER | COLUMNS_LEFT_OVER),
    Feature("the stride divides", ~(ROWS_LEFT_OVER | COLUMNS_LEFT_OVER)),
    Feature("the stride is larger than 1", S >= 2),
    Feature("the stride is 1", equal(S, 1)),
    Feature("height and width differ", differ(H, W)),
    Feature("height and width are equal", equal(H, W)),
    Feature("the filter's height and width differ", differ(HH, WW)),
    Feature("the filter's height and width are equal", equal(HH, WW)),
    Feature("there is more than one image", N >= 2),
    Feature("there is more than one channel", C >= 2),
    Feature("there is more than one filter", F >= 2),
    Feature("there is one image", equal(N, 1)),
    Feature("there is one channel", equal(C, 1)),
    Feature("there is one filter", equal(F, 1)),
    Feature("channels and filters differ in number", differ(C, F)),
    Feature("there are as many channels as filters", equal(C, F)),
    Feature("the filter is not 1x1", ~ONE_BY_ONE),
    Feature("the filter is 1x1", ONE_BY_ONE),
    Feature("no window reaches the image's last rows or columns", ROWS_UNSEEN | COLUMNS_UNSEEN),
    Feature("rows are left over", ROWS_LEFT_OVER),
    Feature("columns are left over", COLUMNS_LEFT_OVER),
    Feature("no rows are left over", ~ROWS_LEFT_OVER),
    Feature("no columns are left over", ~COLUMNS_LEFT_OVER),
    Feature("the stride is larger than the filter", (S > HH) | (S > WW)),
    Feature("windows overlap", (S < HH) | (S < WW)),
    Feature("padding is as large as the filter", PADDING_REACHES_THE_FILTER),
    Feature("padding is smaller than the filter", ~PADDING_REACHES_THE_FILTER),
    Feature("there is more than one output position", ~ONE_POSITION),
    Feature("there is one output position", ONE_POSITION),
    Feature("there is one output row", equal(Hh, 1)),
    Feature("there is one output column", equal(Hw, 1)),
    Feature("there is more than one output row", Hh >= 2),
    Feature("there is more than one output column", Hw >= 2),
    Feature("the output's height and width differ", differ(Hh, Hw)),
    Feature("the output is as large as the input", equal(Hh, H) & equal(Hw, W)),
    Feature("the output is not as large as the input", ~(equal(Hh, H) & equal(Hw, W))),
    Feature("the image is wider than tall", H < W),
    Feature("the image is taller than wide", H > W),
    Feature("the filter is wider than tall", HH < WW),
    Feature("the filter is taller than wide", HH > WW),
    Feature("the filter is larger than the image", LARGER_THAN_THE_IMAGE),
)
"""In the order in which they are offered as an explanation: the plainest first."""


STRIDE_DIVIDES = Feature("the stride divides", ~(ROWS_LEFT_OVER | COLUMNS_LEFT_OVER))
ASKED = (
    Feature("the padding is 0", equal(P, 0)),
    Feature("the filter is square", equal(HH, WW)),
    STRIDE_DIVIDES,
    Feature("the stride is 1", equal(S, 1)),
    Feature("the image is square", equal(H, W)),
    Feature("the filter's height and width are odd", ~divides(2, HH) & ~divides(2, WW)),
    Feature(
        "the filter is square, its size twice the padding plus 1",
        equal(HH, 2 * P + 1) & equal(WW, 2 * P + 1),
    ),
    Feature("the filter is 3x3", equal(HH, 3) & equal(WW, 3)),
    Feature("the padding is 1", equal(P, 1)),
    Feature("there is one image", equal(N, 1)),
    Feature("the number of channels divides that of filters", divides(C, F)),
    Feature("the number of filters divides that of channels", divides(F, C)),
    Feature("there are as many channels as filters", equal(C, F)),
    Feature("there is one channel", equal(C, 1)),
    Feature("image and filter have one row", equal(H, 1) & equal(HH, 1)),
    Feature("the image's height and width are even", divides(2, H) & divides(2, W)),
    Feature("the output is as large as the input", equal(Hh, H) & equal(Hw, W)),
    Feature("the stride is 2", equal(S, 2)),
    Feature("the filter is 1x1", ONE_BY_ONE),
    Feature("there is one filter", equal(F, 1)),
    Feature("the stride is not larger than the filter", (S <= HH) & (S <= WW)),
    Feature("the stride is the filter's height and width", equal(S, HH) & equal(S, WW)),
    Feature("the stride divides the image's height and width", divides(S, H) & divides(S, W)),
    Feature("the filter's height and width are even", divides(2, HH) & divides(2, WW)),
    Feature("the output is square", equal(Hh, Hw)),
    Feature("the filter is not larger than the image", ~LARGER_THAN_THE_IMAGE),
    Feature("the padding is smaller than the filter", (P < HH) & (P < WW)),
    Feature("the filter is 5x5", equal(HH, 5) & equal(WW, 5)),
    Feature("the padding is 2", equal(P, 2)),
    Feature("image and filter have one column", equal(W, 1) & equal(WW, 1)),
    Feature("the image is at least 5x5", (H >= 5) & (W >= 5)),
    Feature("the image is at least 8x8", (H >= 8) & (W >= 8)),
    Feature("the number of channels is even", divides(2, C)),
    Feature("the numbers of channels and filters are even", divides(2, C) & divides(2, F)),
    Feature("the number of images is even", divides(2, N)),
    Feature("the number of channels is divisible by 4", divides(4, C)),
    Feature(
        "the numbers of channels and filters are divisible by 4", divides(4, C) & divides(4, F)
    ),
    Feature("the image's height and width are divisible by 4", divides(4, H) & divides(4, W)),
    Feature("the filter is as large as the image", equal(H, HH) & equal(W, WW)),
)
"""What code may ask of shapes, what is asked most first, and never what implies a later one."""


def regions(failing: Iterable[Sizes], passing: Iterable[Sizes]) -> tuple[Feature, ...] | None:
    """Find the features, or pairs of them, that say where code fails.

    Args:
        failing: the sizes at which it fails, at least one.
        passing: the sizes at which it does not, at least one.

    Returns:
        The fewest regions, found greedily, that hold at every failing size and at no passing
        one; None where no combination of features and pairs of features does.
    """
    failing, passing = tuple(failing), tuple(passing)
    assert failing, "where nothing fails there is nothing to say"
    assert passing, "where nothing passes there is no rule"
    single = _covering(FEATURES, failing, passing)
    return single or _covering((*FEATURES, *_pairs()), failing, passing)


def _covering(
    features: Iterable[Feature], failing: tuple[Sizes, ...], passing: tuple[Sizes, ...]
) -> tuple[Feature, ...] | None:
    covered = {
        feature: frozenset(place for place, sizes in enumerate(failing) if feature.holds(sizes))
        for feature in features
        if not any(map(feature.holds, passing))
    }
    left = frozenset(range(len(failing)))
    chosen: list[Feature] = []
    while left:
        # `max` takes the first of equals, which is the plainest.
        best = max(covered, key=lambda feature: len(covered[feature] & left), default=None)
        if best is None or not covered[best] & left:
            return None
        chosen.append(best)
        left -= covered[best]
    return tuple(chosen)


def _pairs() -> Iterable[Feature]:
    for place, first in enumerate(FEATURES):
        for second in FEATURES[place + 1 :]:
            yield Feature(f"{first.clause} and {second.clause}", first.condition & second.condition)
