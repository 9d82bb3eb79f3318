"""Settings with which the one layer inside a module of PyTorch was made."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from symconv.algebra.indices import Condition, IntegerExpression, Size, as_integer, equal
from symconv.code.names import DILATION, GROUPS, KERNEL, OUTPUT_PADDING, PADDING, STRIDE
from symconv.errors import UsageError
from symconv.layers.layer import Layer

DIVISOR = "divisor"
_KIND = re.compile(r"(ConvTranspose|Conv|AvgPool)([123])d")
_STEMS = {"Conv": "conv", "ConvTranspose": "conv_transpose", "AvgPool": "avg_pool"}
_OF_EACH_AXIS = {
    STRIDE: ("stride",),
    PADDING: ("padding_before", "padding_after"),
    DILATION: ("dilation",),
    OUTPUT_PADDING: ("output_padding",),
    KERNEL: ("filter",),
}
_WORDS = {STRIDE: "strides", PADDING: "paddings", DILATION: DILATION}
_WORDS |= {OUTPUT_PADDING: OUTPUT_PADDING, GROUPS: GROUPS, DIVISOR: DIVISOR}
_NAMES = {OUTPUT_PADDING: "output padding", KERNEL: "window"}
_USUAL = {DILATION: 1, OUTPUT_PADDING: 0, GROUPS: 1}


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A layer of PyTorch inside a module.

    Attributes:
        kind: its class, such as ``Conv2d``.
        stem: the name of such layers without their number of axes, such as ``conv``.
        axes: its number of axes.
        settings: its settings by role, of each axis or one.
        modes: words of the layer that are no numbers, such as ``circular``, and what says so.
    """

    kind: str
    stem: str
    axes: int
    settings: Mapping[str, tuple[int, ...]]
    modes: Mapping[str, str]

    def words(self, taken: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the words that a layer with such settings has, each with its reason.

        Args:
            taken: the roles that the code is given, so that they are varied.
        """
        yield from self.modes.items()
        for role, values in self.settings.items():
            if role in taken:
                continue
            plain = len({*values}) == 1 and values[0] == _USUAL.get(role, values[0])
            if role in _WORDS and (not plain or role == DIVISOR):
                yield _WORDS[role], self._reason(role)

    def conditions(self, layer: Layer, role: str) -> Iterator[tuple[Condition, str]]:
        """Yield what a setting says of the sizes of a layer, each with its reason.

        Raises:
            UsageError: when the layer has no such setting.
        """
        values: dict[Size, int] = {}
        for setting, value in self._sizes(layer, role):
            if isinstance(setting, Size) and setting in layer.given:
                fits = values.setdefault(setting, value) == value
            else:
                # What follows from other sizes, as the padding of "same" does, is not compared.
                fits = setting == as_integer(value) or role == PADDING
            if not fits:
                raise UsageError(
                    f"{self._reason(role)}, which {layer.name} has not",
                    code="signature",
                    help=f'say --layer "{self.stem}{self.axes}d {_WORDS.get(role, "")}"',
                )
        for size, value in values.items():
            yield equal(size, value), self._reason(role)

    def _sizes(self, layer: Layer, role: str) -> Iterator[tuple[IntegerExpression, int]]:
        given = self.settings[role]
        if role in _OF_EACH_AXIS:
            for axis, value in zip(layer.axes, given, strict=False):
                for part in _OF_EACH_AXIS[role]:
                    yield as_integer(getattr(axis, part)), value
            return
        letter = {GROUPS: "G", DIVISOR: "V"}[role]
        own = (size for size in layer.given if size.name == letter)
        depthwise = role == GROUPS and Size("M") in layer.given
        yield next(own, as_integer(given[0] if depthwise else 1)), given[0]

    def _reason(self, role: str) -> str:
        values = self.settings[role]
        said = values[0] if len({*values}) == 1 else values
        return f"its {self.kind} has the {_NAMES.get(role, role)} {said}"


def built_in(module: Any) -> BuiltIn | None:
    """Return the convolution or average pooling inside a module, where there is one alone."""
    if inspect.isclass(module) or not callable(getattr(module, "modules", None)):
        return None
    found = [(part, kind) for part in module.modules() if (kind := _kind_of(part)) is not None]
    if len(found) != 1:
        return None
    ((part, kind),) = found
    stem, axes = _STEMS[kind[1]], int(kind[2])

    def of_each(value: Any) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, tuple) else (value,) * axes

    settings = {STRIDE: of_each(part.stride)}
    modes: dict[str, str] = {}
    if part.padding == "same":
        modes["same"] = f"its {kind[0]} has the padding same"
    else:
        settings[PADDING] = of_each(0 if part.padding == "valid" else part.padding)
    if stem == "avg_pool":
        settings[KERNEL] = of_each(part.kernel_size)
        if part.ceil_mode:
            modes["ceil"] = f"its {kind[0]} has the ceil mode"
        if not part.count_include_pad:
            modes["exclude_padding"] = f"its {kind[0]} does not count the padding"
        divisor = getattr(part, "divisor_override", None)
        settings |= {} if divisor is None else {DIVISOR: (divisor,)}
    else:
        settings |= {DILATION: of_each(part.dilation), GROUPS: (part.groups,)}
        if part.padding_mode != "zeros":
            modes[part.padding_mode] = f"its {kind[0]} has the padding mode {part.padding_mode}"
    if stem == "conv_transpose":
        settings[OUTPUT_PADDING] = of_each(part.output_padding)
    return BuiltIn(kind[0], stem, axes, settings, modes)


def _kind_of(part: Any) -> re.Match[str] | None:
    """Return which of PyTorch's layers a module is, or extends."""
    own = (base for base in type(part).__mro__ if base.__module__.startswith("torch.nn.modules."))
    return next(filter(None, (_KIND.fullmatch(base.__name__) for base in own)), None)
