"""What a transposed convolution is, and its hand-derived statements.

It is the adjoint of a convolution from the output to the input: every input position adds its
window to the output, whose padding is cut off. Its output is a scatter, its gradient by the
input a convolution of the upstream gradient.

Source: derived here, along the post.
"""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.expressions import Definition, Delta, Derivative, Expression, Statement, Sum
from symconv.algebra.indices import floor
from symconv.algebra.scoping import substitute
from symconv.layers.axis import ONE, sum_of
from symconv.layers.convolution.frame import F, L, LayerFrame, N, SolvedIndex, n
from symconv.layers.convolution.grouping import Over, f
from symconv.layers.convolution.shared_claims import (
    Positions,
    brackets,
    c1,
    chain,
    derived,
    f1,
    n1,
    of_the_bias,
    times,
    values,
)


def definitions(frame: LayerFrame) -> tuple[Definition, ...]:
    """Return what the output and the loss are."""
    return (Definition(frame.entry, _scattered(frame)), frame.loss)


def _scattered(frame: LayerFrame) -> Expression:
    """Return the output: where an entry of the filter meets the position, it is added."""
    seen = frame.grouping.seen_by(f)
    products = times(
        *(one.meeting for one in frame.spatial),
        frame.x[(n, seen.number, *frame.at)],
        frame.w[(seen.number, frame.grouping.own_filter(f), *frame.taps)],
    )
    response = Sum(products, *seen.over, *frame.over_input, *frame.over_window)
    return frame.b[f] + response if frame.choices.bias else response


def statements(frame: LayerFrame) -> Iterator[Statement]:
    """Yield the hand-derived statements, each form after the one that leads to it."""
    yield from _output_sizes(frame)
    yield from _output(frame)
    yield from _by_weights(frame)
    if frame.choices.bias:
        yield from of_the_bias(frame)
    yield from _by_input(frame)


def _output_sizes(frame: LayerFrame) -> Iterator[Statement]:
    """Claim that the convolution back from the output has as many positions as the input."""
    for axis in frame.axes:
        room = sum_of(axis.output, axis.padding_before, axis.padding_after) - axis.reach
        back = room + 1 if axis.stride == ONE else 1 + floor(room / axis.stride)
        beyond = axis.output_padding < axis.stride
        yield derived(
            f"output-size:back-{axis.input}",
            axis.input,
            back,
            assumptions=(beyond,) if frame.choices.output_padding else (),
        )


def _output(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the output as a gather, solved for the filter's entry and for the window."""
    seen, own, spatial = frame.grouping.seen_by(f), frame.grouping.own_filter(f), frame.spatial

    def gathered(
        solved: list[SolvedIndex], at: Positions, taps: Positions, over: tuple[Over, ...]
    ) -> Expression:
        read = frame.x[(n, seen.number, *at)] * frame.w[(seen.number, own, *taps)]
        response = Sum(times(*brackets(solved), read), *seen.over, *over)
        return response + frame.b[f] if frame.choices.bias else response

    tap = [one.met_tap for one in spatial]
    form = gathered(tap, frame.at, values(tap), frame.over_input)
    yield derived("y:gather-inputs", frame.entry, form)
    window = [one.met_window for one in spatial]
    form = gathered(window, values(window), frame.taps, frame.over_window)
    yield derived("y:gather-taps", frame.entry, form)


def _by_weights(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the gradient by the filters; p and q are the entry's place in its filter."""
    spatial = frame.spatial
    filter = substitute(frame.grouping.seeing(c1).number, {f: f1})
    by = frame.w[(c1, f1, *frame.taps)]
    output, loss = Derivative(frame.entry, by), Derivative(L[()], by)
    meeting = times(*(one.meeting for one in spatial), frame.x[(n, c1, *frame.at)])
    yield derived("dy/dw:deltas", output, Delta(f, filter) * Sum(meeting, *frame.over_input))
    window = [one.met_window for one in spatial]
    met = times(*brackets(window), frame.x[(n, c1, *values(window))])
    yield derived("dy/dw:contracted", output, Delta(f, filter) * met)
    yield chain("dL/dw:chain", frame.entry, by, frame.over_entries)
    over_images = (n, 0, N - 1)
    yield derived(
        "dL/dw:deltas",
        loss,
        Sum(
            Sum(frame.dout[(n, filter, *frame.places)] * meeting, *frame.over_input),
            over_images,
            *frame.over_output,
        ),
    )
    place = [one.met_position for one in spatial]
    read = frame.dout[(n, filter, *values(place))] * frame.x[(n, c1, *frame.at)]
    yield derived(
        "dL/dw:contracted",
        loss,
        Sum(times(*brackets(place), read), over_images, *frame.over_input),
    )


def _by_input(frame: LayerFrame) -> Iterator[Statement]:
    """Claim the gradient by the input."""
    grouping, spatial = frame.grouping, frame.spatial
    by = frame.x[(n1, c1, *frame.at)]
    output, loss = Derivative(frame.entry, by), Derivative(L[()], by)
    own, sees = grouping.own_filter(f), grouping.sees(f, c1)
    meeting = times(*(one.meeting for one in spatial), frame.w[(c1, own, *frame.taps)])
    same = (Delta(n, n1), *sees)
    yield derived("dy/dx:deltas", output, times(*same, Sum(meeting, *frame.over_window)))
    tap = [one.met_tap for one in spatial]
    met = times(*brackets(tap), frame.w[(c1, own, *values(tap))])
    yield derived("dy/dx:contracted", output, times(*same, met))
    yield chain("dL/dx:chain", frame.entry, by, frame.over_entries)
    products = times(frame.dout[(n1, f, *frame.places)], *sees, meeting)
    yield derived(
        "dL/dx:deltas",
        loss,
        Sum(Sum(products, *frame.over_window), (f, 0, F - 1), *frame.over_output),
    )
    place, seeing = [one.met_position for one in spatial], grouping.seeing(c1)
    read = frame.dout[(n1, seeing.number, *values(place))] * frame.w[(c1, seeing.own, *frame.taps)]
    yield derived(
        "dL/dx:contracted",
        loss,
        Sum(times(*brackets(place), read), *seeing.over, *frame.over_window),
    )
