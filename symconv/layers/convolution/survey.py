"""Where a member of the family is tried: its default sizes, and where a claim may hold alone.

Units: stride, paddings, dilation and output padding count positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from symconv.algebra.indices import as_integer, divides, equal
from symconv.errors import SizesError
from symconv.layers.axis import ONE
from symconv.layers.convolution.frame import N
from symconv.layers.convolution.grouping import C, F, G, M
from symconv.layers.layer import Layer
from symconv.layers.regions import Region
from symconv.layers.sizes import Sizes


@dataclass(frozen=True, slots=True)
class _Trial:
    """Values of the sizes, along the axes from the last to the first; the last one goes on.

    Padding before and after, strides and dilations differ from axis to axis where they can.
    """

    images: int
    channels: int
    filters: int
    groups: int
    multiplier: int
    inputs: tuple[int, ...]
    taps: tuple[int, ...]
    strides: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilations: tuple[int, ...]
    beyond: tuple[int, ...] = (0,)


_TRIALS = (
    # One position everywhere: the smallest layer there is.
    _Trial(1, 1, 1, 1, 1, (1,), (1,), (1,), (0,), (0,), (1,)),
    # Nothing square, nothing single, stride 1, no padding, one group.
    _Trial(2, 2, 3, 1, 2, (4, 3, 3), (3, 2, 2), (1,), (0,), (0,), (1,)),
    # Strides that do not divide, dilation, as many groups as channels.
    _Trial(1, 2, 2, 2, 3, (6, 5, 3), (2, 2, 1), (2, 3, 2), (0,), (0,), (2, 1), (1, 0, 1)),
    # Padding on every side, not alike; two groups of two channels.
    _Trial(2, 4, 2, 2, 1, (4, 3, 2), (2, 3, 2), (2, 1), (1, 2, 1), (2, 0, 1), (1, 2, 1), (0, 1)),
    # Padding larger than the filter; stride larger than the filter.
    _Trial(1, 2, 4, 2, 2, (5, 2, 3), (1, 2, 1), (3, 2, 2), (2, 1, 1), (1, 2, 0), (1, 2), (2, 1, 0)),
)
_MOST_RAISED = 12
"""By so much less an input or filter is made longer where a trial leaves no output position."""


def default_sizes(layer: Layer) -> tuple[str, ...]:
    """Return the sizes at which a member of the family is checked by default."""
    return tuple(dict.fromkeys(str(_fitted(layer, _values(layer, one))) for one in _TRIALS))


def regions(layer: Layer) -> tuple[Region, ...]:
    """Return the conditions that are tried where a claim is false in general."""
    axes = layer.axes
    outputs = [(axis, axis.room) for axis in axes if not axis.transposed]
    left_over = [
        (f"{axis.stride} divides {room}", divides(axis.stride, room))
        for axis, room in outputs
        if axis.stride != ONE
    ]
    settings = {
        "1": [axis.stride for axis in axes] + [axis.dilation for axis in axes] + [G, M],
        "0": [
            side
            for axis in axes
            for side in (axis.padding_before, axis.padding_after, axis.output_padding)
        ],
    }
    known = set(layer.given)
    found = [
        (f"{size} = {value}", equal(size, int(value)))
        for value, sizes in settings.items()
        for size in dict.fromkeys(sizes)
        if size in known
    ]
    found += left_over
    for kind in ("input", "filter", "stride", "dilation"):
        sizes = dict.fromkeys(getattr(axis, kind) for axis in axes)
        found += [
            (f"{one} = {other}", equal(one, other))
            for one, other in combinations(sizes, 2)
            if one in known and other in known
        ]
    found += [
        (f"{axis.padding_before} = {axis.padding_after}", equal(*sides))
        for axis in axes
        if (sides := (axis.padding_before, axis.padding_after))[0] != sides[1]
        and known.issuperset(sides)
    ]
    if G in known:
        found.append(("G = C", equal(G, C)))
    for axis, _ in outputs:
        if axis.padding_before in known:
            found.append(
                (f"{axis.padding_before} < {axis.reach}", axis.padding_before < axis.reach)
            )
        if axis.stride in known:
            found.append((f"{axis.stride} <= {axis.reach}", axis.stride <= axis.reach))
    return tuple(Region(name, condition) for name, condition in dict(found).items())


def _values(layer: Layer, trial: _Trial) -> dict[str, int]:
    """Return a value for every given size of the layer, as the trial wants it."""
    wanted: dict[object, int] = {N: trial.images, C: trial.channels, F: trial.filters}
    wanted |= {G: trial.groups, M: trial.multiplier, ONE: 1}
    for place, axis in enumerate(reversed(layer.axes)):
        along = {
            axis.input: trial.inputs,
            axis.filter: trial.taps,
            axis.stride: trial.strides,
            axis.padding_before: trial.before,
            as_integer(axis.dilation): trial.dilations,
        }
        if axis.padding_after != axis.padding_before:
            along[axis.padding_after] = trial.after
        for size, values in along.items():
            _ = wanted.setdefault(size, values[min(place, len(values) - 1)])
        beyond = trial.beyond[min(place, len(trial.beyond) - 1)]
        # A window further would be one more input position.
        most = max(wanted[axis.stride], wanted[as_integer(axis.dilation)]) - 1
        wanted[axis.output_padding] = min(beyond, most)
    # What nothing is said of, such as a divisor of its own, is neither 1 nor another size.
    return {size.name: wanted.get(size, 7) for size in layer.given}


def _fitted(layer: Layer, values: dict[str, int]) -> Sizes:
    """Return the sizes with inputs, or else filters, as much longer as they must be."""
    for longer in range(_MOST_RAISED):
        for taps in range(longer + 1):
            raised = {axis.input.name: longer - taps for axis in layer.axes}
            raised |= {axis.filter.name: taps for axis in layer.axes}
            fitted = {name: value + raised.get(name, 0) for name, value in values.items()}
            try:
                return layer.sizes(**fitted)
            except SizesError:
                continue
    raise AssertionError(f"{layer.name} has no sizes near {values}")
