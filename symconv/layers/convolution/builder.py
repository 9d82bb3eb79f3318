"""The layer that is made from a frame: one builder for the whole family."""

from __future__ import annotations

from dataclasses import replace

from symconv.layers.convolution import direct, transposed
from symconv.layers.convolution.frame import L, LayerFrame, N
from symconv.layers.convolution.loop_nests import loops
from symconv.layers.convolution.shape_survey import shapes
from symconv.layers.convolution.survey import default_sizes, regions
from symconv.layers.layer import Layer
from symconv.layers.spellings import IN_CODE


def build(frame: LayerFrame) -> Layer:
    """Return the layer of a frame, with its statements and loops."""
    claims = transposed if frame.choices.transposed else direct
    bias = frame.b if frame.choices.bias else None
    layer = Layer(
        name=frame.choices.name,
        given=frame.given,
        minimum=frame.minimum,
        derived=frame.derived,
        constraints=frame.constraints,
        inputs=(frame.x, frame.w, *((bias,) if bias else ()), frame.dout),
        definitions=claims.definitions(frame),
        input=frame.x,
        weights=frame.w,
        bias=bias,
        padded=frame.x_pad if frame.choices.is_padded else None,
        output=frame.y,
        upstream=frame.dout,
        loss=L,
        statements=tuple(claims.statements(frame)),
        loops=loops(frame),
        words=IN_CODE,
        axes=frame.axes,
        group_sizes=frame.grouping.sizes,
        letters=frame.letters,
        images=N,
    )
    return replace(
        layer, default_sizes=default_sizes(layer), regions=regions(layer), shapes=shapes(layer)
    )
