"""What a member of the family of convolutions is made with, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from symconv.errors import UsageError

Stride: TypeAlias = Literal["shared", "each axis", "none"]
Padding: TypeAlias = Literal[
    "shared", "each axis", "each side", "none", "same", "same lower", "causal"
]
PaddingMode: TypeAlias = Literal["zeros", "circular", "reflect", "replicate"]
Channels: TypeAlias = Literal["dense", "groups", "depthwise"]

Words: TypeAlias = Mapping[str, tuple[str, object]]
"""A choice and its value, by the word that people write."""

WORDS: Final[Words] = {
    "strides": ("stride", "each axis"),
    "unstrided": ("stride", "none"),
    "paddings": ("padding", "each axis"),
    "sides": ("padding", "each side"),
    "valid": ("padding", "none"),
    "same": ("padding", "same"),
    "same_lower": ("padding", "same lower"),
    "causal": ("padding", "causal"),
    "circular": ("mode", "circular"),
    "reflect": ("mode", "reflect"),
    "replicate": ("mode", "replicate"),
    "dilation": ("dilation", True),
    "groups": ("channels", "groups"),
    "depthwise": ("channels", "depthwise"),
    "output_padding": ("output_padding", True),
    "no_bias": ("bias", False),
}
"""What each word behind a name chooses: ``conv2d dilation groups``."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices that make one member of the family.

    Attributes:
        axes: the number of spatial axes, 0 to 3; without any, the layer is affine.
        stride: one size for all axes (``S``), one for each (``Sh``, ``Sw``), or 1.
        padding: one size for all axes (``P``), one for each (``Ph``), one for each side
            (``Ph0`` before, ``Ph1`` after), none ("valid"), or what a formula says: "same"
            makes as many positions as the stride allows in the unpadded input, an odd one behind
            ("same lower": before); "causal" lets no output see a later input.
        mode: what the padding holds.
        dilation: whether each axis has a dilation (``Dh``), or none.
        channels: every filter sees every channel, those of its group (``G`` groups), or one
            (``M`` filters for each channel).
        transposed: whether the layer is the adjoint of a convolution, with a bias.
        output_padding: whether a transposed layer has rows at the end (``Oh``) that no window
            of the convolution reaches.
        bias: whether a number is added to every output of a filter.
    """

    axes: int = 2
    stride: Stride = "shared"
    padding: Padding = "shared"
    mode: PaddingMode = "zeros"
    dilation: bool = False
    channels: Channels = "dense"
    transposed: bool = False
    output_padding: bool = False
    bias: bool = True

    def __post_init__(self) -> None:
        """Refuse what is not known, and choices that contradict each other."""
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                raise refused(
                    f"{name} = {getattr(self, name)!r} is not known",
                    f"{name} is one of {', '.join(map(repr, known))}",
                )
        if self.transposed and self.padding in ("same", "same lower", "causal"):
            raise refused(
                f"a transposed layer has no padding {self.padding!r}",
                "its padding is cut off the output: give it as a size",
            )
        if self.transposed and self.mode != "zeros":
            raise refused(
                f"a transposed layer has no padding mode {self.mode!r}",
                "its padding is cut off the output, so that it holds nothing",
            )
        if self.mode != "zeros" and self.padding == "none":
            raise refused(f"{self.mode} padding needs a padding", "leave one of the two out")
        if self.output_padding and not self.transposed:
            raise refused("only a transposed layer has an output padding", "write conv_transpose2d")
        spatial = (self.stride, self.padding) != ("none", "none") or self.dilation
        if not self.axes and (spatial or self.channels != "dense" or self.transposed):
            raise refused(
                "an affine layer has no axes, so no stride, padding, dilation or groups",
                "write linear, or give axes=1",
            )

    @property
    def name(self) -> str:
        """The name with the words that make it again: ``conv2d dilation groups``."""
        if not self.axes:
            return named("linear", self, {"no_bias": WORDS["no_bias"]})
        stem = "conv_transpose" if self.transposed else "conv"
        return named(f"{stem}{self.axes}d", self, WORDS)

    @property
    def is_padded(self) -> bool:
        """Whether the layer pads its input; what a transposed one cuts off is no padding."""
        return bool(self.axes) and not self.transposed and self.padding != "none"


_KNOWN: Final = {
    "axes": (0, 1, 2, 3),
    "stride": get_args(Stride),
    "padding": get_args(Padding),
    "mode": get_args(PaddingMode),
    "channels": get_args(Channels),
    **dict.fromkeys(("dilation", "transposed", "output_padding", "bias"), (False, True)),
}


def named(stem: str, choices: object, words: Words) -> str:
    """Return a name with the words that say what is chosen: ``conv2d dilation groups``."""
    said = (word for word, (choice, value) in words.items() if getattr(choices, choice) == value)
    return " ".join([stem, *said])


def refused(fact: str, advice: str) -> UsageError:
    """Return the error that says which choice is not possible, and what is."""
    return UsageError(fact, code="contradicting-choices", help=advice)
