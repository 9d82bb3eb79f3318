"""What a convolution is, and its hand-derived statements in the post's forms.

It is the post's derivation for windows of any number of axes, dilated, with grouped channels
and other paddings. Where nothing of that is chosen, the statements are the post's, letter by
letter.

Source: derived here, along the post.
"""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.expressions import (
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Index,
    IntegerExpression,
    IntegerLike,
    between,
    ceiling,
    divides,
    floor,
    indices,
)
from symconv.algebra.scoping import substitute
from symconv.layers.axis import ONE, product_of
from symconv.layers.convolution.frame import C, F, L, LayerFrame, N, SpatialAxis, n
from symconv.layers.convolution.grouping import Over, c, f
from symconv.layers.convolution.padding import source
from symconv.layers.convolution.shared_claims import (
    brackets,
    c1,
    chain,
    derived,
    f1,
    n1,
    of_the_bias,
    summed,
    times,
    values,
)

# n'', c'', i'', j'' run over x_pad.
n2, c2 = indices("n'' c''")


def definitions(frame: LayerFrame) -> tuple[Definition, ...]:
    """Return what the padded input, the output and the loss are."""
    seen = frame.grouping.seen_by(f)
    met = [one.axis.position(one.place, one.tap) for one in frame.spatial]
    products = frame.w[(f, seen.own, *frame.taps)] * frame.read[(n, seen.number, *met)]
    response = summed(products, *seen.over, *frame.over_window)
    output = Definition(frame.entry, frame.b[f] + response if frame.choices.bias else response)
    if not frame.choices.is_padded:
        return (output, frame.loss)
    held = frame.x[(n, c, *(_source(frame, one, one.at) for one in frame.spatial))]
    inside = [Iverson(one.axis.holds_input(one.at)) for one in frame.spatial]
    guards = inside if frame.choices.mode == "zeros" else []
    padded = Definition(frame.x_pad[(n, c, *frame.at)], times(*guards, held))
    return (padded, output, frame.loss)


def statements(frame: LayerFrame) -> Iterator[Statement]:
    """Yield the hand-derived statements, each form after the one that leads to it."""
    yield from _output_sizes(frame)
    if frame.choices.is_padded:
        yield from _padding(frame)
    yield from _output(frame)
    yield from _by_weights(frame)
    if frame.choices.bias:
        yield from of_the_bias(frame)
    yield from _by_input(frame)


def _source(frame: LayerFrame, one: SpatialAxis, position: IntegerLike) -> IntegerExpression:
    return source(frame.choices.mode, one.axis, position)


def _output_sizes(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the output sizes in closed form, and as a plain fraction where that is whole."""
    for axis in frame.axes:
        places = axis.output
        if axis.stride == ONE:
            yield derived(f"output-size:stride-1-{places}", places, 1 + axis.room)
            continue
        yield derived(f"output-size:floor-{places}", places, 1 + floor(axis.room / axis.stride))
        yield derived(
            f"output-size:fraction-{places}",
            places,
            1 + axis.room / axis.stride,
            assumptions=(divides(axis.stride, axis.room),),
        )
    if frame.choices.padding in ("same", "same lower", "causal"):
        for axis in frame.axes:
            rounded = axis.input if axis.stride == ONE else ceiling(axis.input / axis.stride)
            yield derived(f"output-size:ceiling-{axis.output}", axis.output, rounded)


def _padding(frame: LayerFrame) -> Iterator[Statement]:
    """Claim what the padded input holds, and its derivative by the input."""
    padded = frame.x_pad[(n2, c2, *(one.padded_at for one in frame.spatial))]
    sources = [_source(frame, one, one.padded_at) for one in frame.spatial]
    inside = [
        Iverson(between(before, one.padded_at, one.axis.input + before - 1))
        for one in frame.spatial
        if frame.choices.mode == "zeros"
        for before in [one.axis.padding_before]
    ]
    yield derived("x_pad", padded, times(frame.x[(n2, c2, *sources)], *inside))
    picked = [Delta(at, place) for at, place in zip(frame.at, sources, strict=True)]
    by = frame.x[(n1, c1, *frame.at)]
    yield derived("dx_pad/dx", Derivative(padded, by), times(Delta(n2, n1), Delta(c2, c1), *picked))


def _output(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the output, with the positions of a window in three ways."""
    seen, spatial = frame.grouping.seen_by(f), frame.spatial

    def added(
        met: list[IntegerExpression], taps: list[IntegerExpression], *window: Over
    ) -> Expression:
        products = frame.read[(n, seen.number, *met)] * frame.w[(f, seen.own, *taps)]
        response = summed(summed(products, *window), *seen.over)
        return response + frame.b[f] if frame.choices.bias else response

    if not spatial:
        yield derived("y", frame.entry, added([], []))
        return
    starts = [one.start for one in spatial]
    if not frame.choices.dilation:
        window = [
            (one.tap, start, start + one.axis.filter - 1)
            for one, start in zip(spatial, starts, strict=True)
        ]
        taps = [one.tap - start for one, start in zip(spatial, starts, strict=True)]
        yield derived("y:patch", frame.entry, added([*frame.taps], taps, *window))
    if frame.choices.stride != "none":
        names = [Index(f"{one.tap}_0") for one in spatial]
        met = [one.axis.dilated(one.tap) + name for one, name in zip(spatial, names, strict=True)]
        places = [one.axis.stride * one.place for one in spatial]
        yield derived(
            "y:shifted",
            frame.entry,
            added(met, [*frame.taps], *frame.over_window),
            where=tuple(zip(names, places, strict=True)),
        )
    met = [one.met for one in spatial]
    yield derived("y:strided", frame.entry, added(met, [*frame.taps], *frame.over_window))


def _by_weights(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the gradient by the filters; i and j are the entry's place in its filter."""
    seen, spatial = frame.grouping.seen_by(f), frame.spatial
    by = frame.w[(f1, c1, *frame.at)]
    output, loss = Derivative(frame.entry, by), Derivative(L[()], by)

    def read(filter: Index, channel: Index, taps: tuple[Index, ...]) -> Entry:
        met = [
            one.axis.dilated(tap) + product_of(one.axis.stride, one.place)
            for one, tap in zip(spatial, taps, strict=True)
        ]
        number = substitute(frame.grouping.seen_by(filter).number, {c: channel})
        return frame.read[(n, number, *met)]

    picked = [Delta(index, c1) for index, *_ in seen.over]
    picked += [Delta(f, f1), *(Delta(one.tap, one.at) for one in spatial)]
    products = times(*picked, read(f, c, frame.taps))
    yield derived("dy/dw:deltas", output, summed(summed(products, *frame.over_window), *seen.over))
    one_filter = read(f, c1, frame.at)
    yield derived("dy/dw:contracted", output, Delta(f, f1) * one_filter)
    yield chain("dL/dw:chain", frame.entry, by, frame.over_entries)
    yield derived(
        "dL/dw:deltas",
        loss,
        Sum(frame.upstream * Delta(f, f1) * one_filter, *frame.over_entries),
    )
    over = ((n, 0, N - 1), *frame.over_output)
    yield derived(
        "dL/dw:contracted",
        loss,
        Sum(frame.dout[(n, f1, *frame.places)] * read(f1, c1, frame.at), *over),
    )


def _by_input(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the gradient by the input, through the padded input where there is one."""
    grouping, spatial, zeros = frame.grouping, frame.spatial, frame.choices.mode == "zeros"
    by = frame.x[(n1, c1, *frame.at)]
    output, loss = Derivative(frame.entry, by), Derivative(L[()], by)
    own = grouping.own_channel(c1)
    if frame.choices.is_padded:
        yield from _by_padded_input(frame)
    meeting = [
        one.meeting if zeros else Delta(_source(frame, one, one.met), one.at) for one in spatial
    ]
    weight = times(*meeting, frame.w[(f, own, *frame.taps)])
    same = (Delta(n, n1), *grouping.sees(f, c1))
    yield derived("dy/dx:deltas", output, times(*same, summed(weight, *frame.over_window)))
    tap = [one.met_tap for one in spatial]
    window = [one.met_window for one in spatial]
    if zeros:
        weight = frame.w[(f, own, *values(tap))]
        yield derived("dy/dx:contracted", output, times(*same, *brackets(tap), weight))
    yield chain("dL/dx:chain", frame.entry, by, frame.over_entries)
    weight = times(*grouping.sees(f, c1), *meeting, frame.w[(f, own, *frame.taps)])
    products = frame.dout[(n1, f, *frame.places)] * weight
    if spatial:
        yield derived(
            "dL/dx:deltas",
            loss,
            Sum(Sum(products, *frame.over_window), (f, 0, F - 1), *frame.over_output),
        )
    if not zeros:
        return
    seeing = grouping.seeing(c1)
    weight = frame.w[(seeing.number, own, *values(tap))]
    upstream = frame.dout[(n1, seeing.number, *frame.places)]
    yield derived(
        "dL/dx:contracted",
        loss,
        Sum(times(upstream, *brackets(tap), weight), *seeing.over, *frame.over_output),
    )
    if not spatial:
        return
    upstream = frame.dout[(n1, seeing.number, *values(window))]
    weight = frame.w[(seeing.number, own, *frame.taps)]
    yield derived(
        "dL/dx:gather",
        loss,
        Sum(times(*brackets(window), upstream, weight), *seeing.over, *frame.over_window),
    )


def _by_padded_input(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the output's derivative by the padded input, and by the input through it."""
    grouping, spatial = frame.grouping, frame.spatial
    seen = grouping.seen_by(f)
    by = frame.x_pad[(n2, c2, *(one.padded_at for one in spatial))]
    output = Derivative(frame.entry, by)
    meeting = [Delta(one.met, one.padded_at) for one in spatial]
    weight = frame.w[(f, seen.own, *frame.taps)]
    products = times(Delta(n, n2), Delta(seen.number, c2), *meeting, weight)
    yield derived("dy/dx_pad:deltas", output, summed(Sum(products, *frame.over_window), *seen.over))
    weight = frame.w[(f, grouping.own_channel(c2), *frame.taps)]
    products = times(Delta(n, n2), *grouping.sees(f, c2), *meeting, weight)
    yield derived("dy/dx_pad:contracted", output, Sum(products, *frame.over_window))
    by_input = frame.x[(n1, c1, *frame.at)]
    over_padded = ((one.padded_at, 0, one.axis.padded - 1) for one in spatial)
    yield derived(
        "dy/dx:chain",
        Derivative(frame.entry, by_input),
        Sum(
            output * Derivative(by, by_input),
            *((n2, 0, N - 1), (c2, 0, C - 1), *over_padded),
        ),
    )
