"""The entries that derivations speak of: indices that never clash."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array
from symconv.derivations.naming import Names
from symconv.layers.convolution.post import conv2d


def test_the_layer_s_own_statements_name_the_entries() -> None:
    layer = conv2d()
    names = Names(layer)
    arrays = layer.array_by_name
    assert str(names.of(arrays["L"], as_wanted=True)) == "L"
    assert str(names.of(arrays["y"], as_wanted=True)) == "y[n,f,k,l]"
    assert str(names.of(arrays["x"])) == "x[n',c',i,j]"
    assert str(names.of(arrays["x_pad"])) == "x_pad[n'',c'',i'',j'']"


def test_an_entry_is_named_once() -> None:
    layer = conv2d()
    names = Names(layer)
    first = names.of(layer.array_by_name["w"])
    assert names.of(layer.array_by_name["w"]) == first


@pytest.mark.parametrize(
    ("array", "entry"), [("w", "w[p']"), ("x", "x[i]"), ("y", "y[k']"), ("dout", "dout[k']")]
)
def test_what_definitions_sum_over_is_avoided(layer_of_a_user, array, entry) -> None:
    layer = layer_of_a_user()
    assert str(Names(layer).of(layer.array_by_name[array])) == entry


def test_entries_never_share_an_index(layer_of_a_user) -> None:
    layer = layer_of_a_user(padded=True)
    names = Names(layer)
    found = [
        index
        for array in (*layer.array_by_name.values(), Array("other", (layer.given[0],) * 3))
        for index in names.of(array).indices
    ]
    assert len(set(found)) == len(found)
