"""What a user may choose about the LaTeX that is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from symconv.latex.spellings import LONG_NAMES, DerivativeStyle
from symconv.layers.layer import Layer


@dataclass(frozen=True, slots=True)
class Upstream:
    """An array that is written as the derivative that it holds.

    Attributes:
        array: the name of the upstream gradient, such as ``dout``.
        loss: the name of what is differentiated.
        output: the name of what it is differentiated by.
    """

    array: str
    loss: str
    output: str


@dataclass(frozen=True, slots=True)
class LatexOptions:
    r"""How LaTeX is written.

    Attributes:
        derivative: ``partial`` for \\partial L/\\partial w, ``d`` for d\\mathcal{L}/dw.
        ranges: whether the ranges of free indices are written behind a statement.
        upstream: the arrays that are written as derivatives.
        long_names: names of several letters that single letters side by side must not spell.
        line_width: where lines are broken, in em; 46 fills an A4 page with margins of 2 cm
            at 10 points.
        page_height: how tall a matrix may get, in em; 66 fills that page.
    """

    derivative: DerivativeStyle = "partial"
    ranges: bool = False
    upstream: tuple[Upstream, ...] = (Upstream("dout", "L", "y"),)
    long_names: tuple[str, ...] = LONG_NAMES
    line_width: float = 46.0
    page_height: float = 66.0

    def knowing(self, names: Iterable[str]) -> LatexOptions:
        """Return the same options with more long names to keep apart from products."""
        long = (name for name in names if len(name) > 1)
        return replace(self, long_names=tuple(dict.fromkeys((*self.long_names, *long))))

    def for_layer(self, layer: Layer) -> LatexOptions:
        """Return the same options with a layer's sizes and its upstream gradient."""
        sizes = (*layer.given, *(derived.size for derived in layer.derived))
        options = self.knowing(size.name for size in sizes)
        if layer.upstream is None or layer.loss is None or layer.output is None:
            return replace(options, upstream=())
        upstream = Upstream(layer.upstream.name, layer.loss.name, layer.output.name)
        return replace(options, upstream=(upstream,))
