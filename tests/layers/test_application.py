"""A layer is applied to the sizes and arrays of another: all that it asks is asked."""

from __future__ import annotations

import pytest

from symconv import Layer, claim, prove, sizes
from symconv.algebra.expressions import Iverson, Sum
from symconv.algebra.indices import And, Index
from symconv.layers.application import apply_layer, entries_of
from symconv.layers.layer import Size
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Verdict

INNER = layer_by_name("conv_transpose1d no_bias")
x, w = INNER.array_by_name["x"], INNER.array_by_name["w"]
S, W, WW, P = sizes("S W WW P")


def _applied(**entries):
    own = {size.name: size for size in INNER.given}
    own["Hw"] = S * (W - 1) + WW - 2 * P
    return apply_layer(INNER, "t", own, {"x": entries_of(x), "w": entries_of(w), **entries})


def _host(*constraints):
    return Layer("host", INNER.given, (x, w), minimum={Size("P"): 0}, constraints=constraints)


def test_a_derived_size_of_the_applied_layer_is_no_less_than_it_must_be():
    """More padding than there is would be cut off: nothing is left of the output."""
    fits = claim(Iverson(And(_applied().conditions)), 1)
    assert prove(fits, _host()).verdict is Verdict.REFUTED
    assert prove(fits, _host(S * (W - 1) + WW > 2 * P)).verdict is Verdict.PROVED


def test_what_stands_for_an_entry_has_no_index_of_its_own():
    """The sum over c of the applied layer would catch it."""
    with pytest.raises(AssertionError, match="brings c along"):
        _ = _applied(x=lambda image, _, at: x[image, Index("c"), at])


def test_a_sum_that_stands_for_an_entry_catches_no_index_of_the_applied_layer():
    """The applied layer reads x[n, c, j]; the sum that stands for it binds an index c as well."""
    c = Index("c")
    applied = _applied(x=lambda image, channel, at: Sum(x[image, c, at], (c, 0, channel)))
    (output,) = applied.definitions
    assert "sum[c_1=0..c](x[n,c_1,j])*w[c,f,q]" in str(output.body)
