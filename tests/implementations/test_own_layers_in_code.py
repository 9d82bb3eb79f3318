"""Code that is compared with a layer of one's own."""

from __future__ import annotations

import numpy as np
import pytest

from symconv import Array, Definition, DerivedSize, Layer, Sum, equal, indices, sizes
from symconv.errors import UsageError
from symconv.implementations.calling.renamed_layers import renamed
from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.telling_shapes import telling_shapes
from symconv.testing import assert_gradients_exact

A, K, D, M, B = sizes("A K D M B")
i, j, k, t = indices("i j k t")
u, f, g, out, T = Array("u", (A,)), Array("f", (K,)), Array("g", (M,)), Array("o", (M,)), Array("T")
DILATED = Layer(
    "dilated",
    given=(A, K, D),
    derived=(DerivedSize(M, A - D * (K - 1), (equal(M, A - D * (K - 1)),)),),
    constraints=(A > D * (K - 1),),
    inputs=(u, f, g),
    definitions=(
        Definition(out[t], Sum(u[t + D * k] * f[k], (k, 0, K - 1))),
        Definition(T[()], Sum(g[t] * out[t], (t, 0, M - 1))),
    ),
)


def forward(u, f, D):
    places = len(u) - D * (len(f) - 1)
    return np.array([sum(u[t + D * k] * f[k] for k in range(len(f))) for t in range(places)])


def backward(g, u, f, D):
    du, df = np.zeros_like(u), np.zeros_like(f)
    for t in range(len(g)):
        for k in range(len(f)):
            du[t + D * k] += g[t] * f[k]
            df[k] += g[t] * u[t + D * k]
    return du, df


def without_dilation_in_df(g, u, f, D):
    du, df = backward(g, u, f, D)
    return du, np.array([sum(g[t] * u[t + k] for t in range(len(g))) for k in range(len(df))])


def in_order(one, other, step):
    return forward(one, other, step)


def without_dilation(u, f):
    return forward(u, f, 1)


def report_on(*functions, layer=DILATED, **options):
    return check_implementation(*functions, layer=layer, isolate=False, **options)


def test_arrays_and_sizes_are_given_by_their_names_in_the_layer() -> None:
    report = report_on(forward, backward)
    assert report.exit_code == 0
    assert {one.name: one.code for one in report.conclusions} == {
        "y": "right",
        "dL/dx": "right",
        "dL/dw": "right",
    }
    assert "x is its u, w is its f, y is its o, dout is its g" in report.notes
    assert assert_gradients_exact(forward, backward, layer=DILATED, isolate=False)


def test_what_is_wrong_is_refuted_at_the_smallest_shape_that_was_tried() -> None:
    report = report_on(forward, without_dilation_in_df)
    wrong = [one for one in report.conclusions if not one.verdict.is_true]
    assert [one.name for one in wrong] == ["dL/dw"]
    assert wrong[0].failure.sizes == {"A": 4, "K": 2, "D": 2}
    with pytest.raises(AssertionError, match="dL/dw: wrong value"):
        _ = assert_gradients_exact(forward, without_dilation_in_df, layer=DILATED, isolate=False)


def test_other_names_are_taken_in_the_order_of_declaration() -> None:
    # The layer's order is u, f, A, K, D: the third is a size that the shapes tell as well.
    report = report_on(in_order, only="y", sizes="A=4,K=2,D=1")
    assert (
        "taken by their order: one for x, other for w, step for A" in report.description.convention
    )
    assert report.exit_code == 1


def test_a_size_that_code_is_not_given_is_the_least_and_said() -> None:
    report = report_on(without_dilation, only="y")
    assert report.exit_code == 0
    assert "without_dilation(u, f) has no D, taken for 1" in report.notes
    assert {place.sizes["D"] for place in report.classes} == {1}


def test_shapes_tell_sizes_from_each_other() -> None:
    named = [place.sizes for place in telling_shapes(renamed(DILATED), ())]
    assert any(at["K"] > 1 < at["D"] and at["M"] > 1 for at in named)
    assert any(at["K"] > at["D"] > 1 for at in named)
    assert any(at["D"] > at["K"] > 1 for at in named)
    assert named[0].given == {"A": 1, "K": 1, "D": 1}
    assert named == sorted(named, key=lambda at: at.order())


def affine(weights, bias):
    n = Array("n", (B,))
    h = Array("h", (B,))
    m, c = Array("m", (B, A)), Array("c", (B,))
    return Layer(
        "affine",
        given=(A, B),
        inputs=(u, *((m,) if weights else ()), *((c,) if bias else ()), h),
        definitions=(
            Definition(n[j], c[j] + Sum(m[j, i] * u[i], (i, 0, A - 1))),
            Definition(T[()], Sum(h[j] * n[j], (j, 0, B - 1))),
        ),
    )


def test_a_bias_and_other_terms_are_compared_on_fractions_too() -> None:
    def affine_forward(u, m, c):
        return m @ u + c

    def affine_backward(h, u, m, c):
        return m.T @ h, h[:, None] * u, h

    report = report_on(affine_forward, affine_backward, layer=affine(True, True), sizes=AFFINE)
    assert report.exit_code == 0
    assert all("fractions of them" in one.detail for one in report if one.route == "float64")
    at = {"layer": affine(True, True), "sizes": AFFINE, "only": "y"}
    assert report_on(affine_forward, dtypes=["float16"], **at).exit_code == 0

    def rounded(u, m, c):
        return m @ u + np.floor(c)

    assert report_on(rounded, **at).exit_code == 1


AFFINE = ("A=2,B=3", "A=3,B=1")


def _of_one(body, *given):
    h, n = Array("h", (A,)), Array("n", (A,))
    return Layer(
        "of_one",
        given=(A,),
        inputs=(u, *given, h),
        definitions=(
            Definition(n[i], body),
            Definition(T[()], Sum(h[i] * n[i], (i, 0, A - 1))),
        ),
    )


def test_what_a_layer_divides_by_comes_out_even() -> None:
    layer = _of_one(u[i] / 3)
    assert report_on(lambda u: u / 3, lambda h, u: h / 3, layer=layer, sizes="A=3").exit_code == 0
    wrong = report_on(lambda u: u / 3, lambda h, u: h / 2, layer=layer, sizes="A=3")
    assert [one.name for one in wrong.conclusions if not one.verdict.is_true] == ["dL/dx"]


v, z = Array("v", (A,)), Array("z", (A,))


@pytest.mark.parametrize(
    ("layer", "fact"),
    [
        (_of_one(u[i] * u[i]), "x occurs twice in a product"),
        (_of_one(u[i] * v[i] * z[i], v, z), "terms of 3 entries"),
        (_of_one(u[i] + v[i], v, z, Array("q", (A,))), "its inputs are u, v, z, q"),
        (
            Layer("bare", given=(A,), inputs=(u,), definitions=(Definition(v[i], 2 * u[i]),)),
            "no loss adds up an upstream gradient times the output",
        ),
        (
            Layer(
                "twice",
                given=(A,),
                inputs=(u, v),
                definitions=(
                    Definition(z[i], 2 * u[i]),
                    Definition(T[()], 2 * Sum(v[i] * z[i], (i, 0, A - 1))),
                ),
            ),
            "the gradient of T by z is not known to be v",
        ),
    ],
)
def test_a_layer_that_code_cannot_be_compared_with_is_refused_in_one_line(layer, fact) -> None:
    with pytest.raises(UsageError, match=fact) as raised:
        _ = report_on(lambda u, v, z: u, layer=layer, only="y")
    assert "cannot be compared" in raised.value.fact


def test_code_that_lacks_an_input_is_refused_by_its_name_in_the_layer() -> None:
    with pytest.raises(UsageError, match="no parameter for f") as raised:
        _ = report_on(lambda u: u, only="y")
    assert "(u, f, A, K, D)" in raised.value.help
    with pytest.raises(UsageError, match="is a layer of your own"):
        _ = report_on(forward, stride=2, only="y")
    with pytest.raises(UsageError, match="is a class"):
        _ = report_on(type("Own", (), {"forward": forward, "backward": backward}))
