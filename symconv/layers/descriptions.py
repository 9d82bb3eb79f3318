"""What the layers are, in one line each: for people who look for theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from symconv.algebra.indices import Size
from symconv.errors import UsageError
from symconv.layers.layer import Layer
from symconv.layers.registry import NAMES, choices_by_name, words_of

_AXES: Final = {"1d": "one axis", "2d": "two axes", "3d": "three axes"}
_WORD_LINES: Final = {
    "strides": "a stride of each axis: Sz, Sh, Sw",
    "unstrided": "stride 1",
    "paddings": "a padding of each axis, alike at both ends: Pz, Ph, Pw",
    "sides": "a padding of each side: Ph0 before, Ph1 behind",
    "valid": "no padding",
    "same": "as much padding as gives ceil(H/S) outputs, an odd one behind",
    "same_lower": "the same, an odd one before",
    "causal": "padding before alone, so that no output sees a later input",
    "circular": "the padding holds the other end of the input",
    "reflect": "the padding holds the input mirrored at its first and last entries",
    "replicate": "the padding holds the first and last entries",
    "dilation": "a dilation of each axis: Dz, Dh, Dw",
    "groups": "channels and filters are divided into G groups",
    "depthwise": "each channel has M filters of its own",
    "output_padding": "rows at the end of the output that no window reaches: Oz, Oh, Ow",
    "no_bias": "no bias",
    "exclude_padding": "the padding is not counted among what is averaged",
    "divisor": "a divisor that is given: V",
    "ceil": "a last window may stand out over the padding",
}
_SIZE_LINES: Final = {
    "C": "channels",
    "F": "filters",
    "G": "groups",
    "M": "filters of each channel",
    "Cg": "channels of a group",
    "Fg": "filters of a group",
    "V": "divisor",
}
_DIRECTIONS: Final = ("depth", "height", "width")


@dataclass(frozen=True, slots=True)
class Word:
    """A word behind the name of a layer.

    Attributes:
        word: the word.
        chooses: what it chooses of; words of one choice exclude each other.
        line: what it says.
        stems: the names that it may stand behind, without their axes: ``conv``, ``avg_pool``.
    """

    word: str
    chooses: str
    line: str
    stems: tuple[str, ...]


def described() -> Iterator[tuple[str, str]]:
    """Yield every name with its line."""
    yield from ((name, layer_line(name)) for name in NAMES)


def layer_line(name: str) -> str:
    """Say in one line what a layer is; of one of a user's own nothing is known."""
    stem, *words = name.split()
    if stem not in NAMES:
        return "a layer of your own"
    along = f"along {_AXES.get(stem[-2:], '')}"
    kinds = {
        "linear": "affine layer: x times w, and a bias",
        "avg_pool": f"average pooling {along}",
        "conv_transpose": f"transposed convolution {along}: the adjoint of {{}}, with a bias",
        "conv": f"convolution {along}",
    }
    line = kinds[_without_axes(stem)].format(stem.replace("_transpose", ""))
    if _without_axes(stem) == "conv" and not words:
        default = ": the one that is meant where none is named" if stem == "conv2d" else ""
        return f"{line}, with stride S, padding P and a bias{default}"
    return "; ".join((line, *(_WORD_LINES[word] for word in words)))


def words() -> tuple[Word, ...]:
    """Return every word with the names behind which it stands alone without contradiction."""
    stems = {_without_axes(name): name for name in NAMES}
    found: dict[str, Word] = {}
    for stem, name in stems.items():
        for word, (kind, _) in words_of(name).items():
            if _is_possible(f"{name} {word}"):
                behind = (*found[word].stems, stem) if word in found else (stem,)
                found[word] = Word(word, kind, _WORD_LINES[word], behind)
    return tuple(found.values())


def contradictions() -> tuple[str, ...]:
    """Say which words of different choices cannot stand together, a line for each name."""
    lines: list[str] = []
    for name in ("conv2d", "conv_transpose2d", "avg_pool2d"):
        table = [word for word in words_of(name) if _is_possible(f"{name} {word}")]
        against: dict[str, list[str]] = {}
        for one, other in combinations(table, 2):
            kinds = {words_of(name)[word][0] for word in (one, other)}
            if len(kinds) == 2 and not _is_possible(f"{name} {one} {other}"):
                against.setdefault(one, []).append(other)
        lines += [
            f"{_without_axes(name)}: {one} cannot stand with {' or '.join(others)}"
            for one, others in against.items()
        ]
    return tuple(lines)


def size_lines(layer: Layer) -> dict[Size, str]:
    """Say what the sizes of a layer are, as far as its axes and its name tell."""
    found: dict[Size, str] = {}
    shipped = layer.name.split()[0] in NAMES
    for size in (*layer.given, *(derived.size for derived in layer.derived)):
        if size == layer.images:
            found[size] = "images"
        elif shipped and size.name in _SIZE_LINES:
            found[size] = _SIZE_LINES[size.name]
    shared = len(layer.axes) > 1
    for direction, axis in zip(_DIRECTIONS[-len(layer.axes) :], layer.axes, strict=False):
        both = axis.padding_before == axis.padding_after
        cut = "cut off " if axis.transposed else ""
        roles: list[tuple[object, str]] = [
            (axis.input, f"input {direction}"),
            (axis.filter, f"filter {direction}"),
            (axis.output, f"output {direction}"),
            (axis.stride, "stride"),
            (axis.padding_before, f"padding{'' if both else ' before'}{cut and ', cut off'}"),
            (axis.padding_after, f"padding behind{cut and ', cut off'}"),
            (axis.dilation, "dilation"),
            (axis.output_padding, "output padding"),
        ]
        for size, role in roles:
            if isinstance(size, Size):
                # A stride that several axes share is of none of them alone.
                of = f" along the {direction}" if shared and _is_of_one(size, layer) else ""
                _ = found.setdefault(size, role if direction in role else role + of)
    return found


def _is_of_one(size: Size, layer: Layer) -> bool:
    settings = (
        {one.stride, one.padding_before, one.padding_after, one.dilation, one.output_padding}
        for one in layer.axes
    )
    return sum(size in group for group in settings) == 1


def _is_possible(name: str) -> bool:
    try:
        _ = choices_by_name(name)
    except UsageError:
        return False
    return True


def _without_axes(name: str) -> str:
    return name if name == "linear" else name[:-2]
