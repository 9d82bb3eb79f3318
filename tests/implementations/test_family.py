"""Code for every member of the family: the layer is told, its settings varied, mistakes named."""

import pytest
from family import own_loops
from family_samples import CONV1D, ROWS, checked

from symconv.errors import UsageError
from symconv.implementations.calling.layouts import Axes
from symconv.implementations.checking import check_implementation
from symconv.implementations.options import CodeOptions
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.registry import FAMILY, layer_by_name
from tests.runs import quick_rows

MOST_CLASSES = 50


@quick_rows(5, "each row is one more member, told and judged by the same way")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_layer_is_told_and_what_is_wrong_is_named(row) -> None:
    report = checked(row)
    assert report.layer == row.layer
    wrong = {one.name: one.mistake for one in report.conclusions if not one.verdict.is_true}
    assert {*dict(row.wrong)} <= {*wrong}
    assert bool(row.wrong) == (report.exit_code == 1)
    for name, mistake in row.wrong:
        assert mistake in ("", wrong[name])
        failure = next(one.failure for one in report.conclusions if one.name == name)
        assert failure.sizes in [place.sizes.given for place in report.classes]


def test_a_layer_that_is_told_is_said() -> None:
    (note, *_) = (note for note in checked(ROWS[0]).notes if note.kind == "reading")
    assert note.text.startswith("taken for conv1d dilation (the shape of w has 3 parts; dilation")


@pytest.mark.parametrize("name", ["conv1d causal dilation", "conv_transpose1d", "linear no_bias"])
def test_the_loops_of_a_layer_are_right(name) -> None:
    layer = layer_by_name(name)
    report = check_implementation(*own_loops(layer), layer=layer, isolate=False)
    assert report.exit_code == 0
    assert {one.name for one in report.conclusions} == {*layer.results}


def test_own_loops_refuse_parts_of_a_setting_that_the_layer_has_not() -> None:
    """Such code is right; code that takes the last part for all axes is not."""
    layer = layer_by_name("conv2d")
    sizes = "N=1,C=2,H=4,W=5,F=2,HH=2,WW=3,S=2,P=1"
    forward, backward = own_loops(layer)
    report = check_implementation(forward, backward, sizes=[sizes], isolate=False)
    codes = {one.name: one.code for one in report.conclusions}
    assert codes.pop("parameter/stride") == codes.pop("parameter/padding") == "rejected"
    assert {*codes.values()} == {"right"}
    assert report.exit_code == 0

    def last_part(x, w, b, stride: int | tuple[int, int], padding: int):
        return forward(x, w, b, stride if isinstance(stride, int) else stride[-1], padding)

    wrong = check_implementation(last_part, sizes=[sizes], only="y", isolate=False)
    assert wrong.exit_code == 1


@pytest.mark.parametrize("name", ["conv1d strides sides dilation groups", "conv_transpose1d"])
def test_every_class_has_what_it_is_named_after(name) -> None:
    layer = layer_by_name(name)
    condition_by_name = {one.name: one for one in layer.shapes.classes}
    places = shape_classes(layer)
    assert all(condition_by_name[place.name].holds(place.sizes) for place in places)
    assert len({place.sizes for place in places}) == len(places) <= MOST_CLASSES


def test_conditions_that_relate_axes_are_decided_where_both_are_known() -> None:
    places = {one.name: one.sizes for one in shape_classes(layer_by_name("conv2d strides sides"))}
    assert places["equal strides"]["Sh"] == places["equal strides"]["Sw"]
    assert places["square input"]["H"] == places["square input"]["W"]
    assert places["general"]["Sh"] != places["general"]["Sw"]


def test_new_conditions_are_met_from_both_sides() -> None:
    layer = layer_by_name("conv1d strides sides dilation groups")
    given = [place.sizes for place in shape_classes(layer)]
    assert {min(sizes["Dw"], 2) for sizes in given} == {1, 2}
    assert any(sizes["G"] == 1 for sizes in given)
    assert any(sizes["G"] == sizes["C"] > 1 for sizes in given)
    assert any(1 < sizes["G"] < sizes["C"] for sizes in given)
    assert any(sizes["Pw0"] == 0 < sizes["Pw1"] for sizes in given)
    assert any(sizes["Pw1"] == 0 < sizes["Pw0"] for sizes in given)


@pytest.mark.parametrize(
    ("name", "images", "filters"),
    [
        ("conv1d", "NCW", "OIW"),
        ("conv3d", "NCDHW", "OIDHW"),
        ("conv_transpose2d", "NCHW", "IOHW"),
        ("linear", "NC", "OI"),
    ],
)
def test_each_layer_has_an_order_of_axes(name, images, filters) -> None:
    layer = layer_by_name(name)
    axes = Axes(layer=layer)
    assert (axes.images, axes.filters) == (images, filters)
    with pytest.raises(UsageError, match="the axes of images cannot be"):
        _ = Axes("NCXY", layer=layer)


def test_a_layer_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown layer 'conv4d'"):
        _ = CodeOptions(layer="conv4d").meant


POOLINGS = sorted((name for name in FAMILY if name.startswith("avg_pool")), key=lambda it: it[8])


@quick_rows(2, "poolings of two and three axes are told by the same loops in the quick run")
@pytest.mark.parametrize("name", POOLINGS)
def test_the_loops_of_a_pooling_are_right(name) -> None:
    layer = layer_by_name(name)
    report = check_implementation(*own_loops(layer), layer=name, isolate=False)
    assert report.exit_code == 0
    assert {one.name for one in report.conclusions} == {"y", "dL/dx"}
    assert report.description.provides == ("y", "dL/dx")


def test_a_module_for_one_layer_is_wrong_as_another() -> None:
    """The twin of telling the layer: said to be another one, right code is not right."""
    assert "padding : padding + W" in CONV1D
    row = next(one for one in ROWS if one.id == "transposed")
    other = type(row)("as another", row.source, row.names, "conv1d", options=(("layer", "conv1d"),))
    assert checked(other).exit_code != 0
