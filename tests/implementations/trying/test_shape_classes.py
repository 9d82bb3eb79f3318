"""Every class of shapes: what it asks for holds, and no smaller member does."""

from itertools import product

import pytest

from symconv.algebra.indices import equal
from symconv.errors import SizesError
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.forward import HH, WW, H, N, P, S, W
from symconv.layers.convolution.post import conv2d
from symconv.layers.registry import default_layer

LAYER = default_layer()

NAMES = [place.name for place in shape_classes(LAYER)]


def test_every_class_has_a_member_of_its_own() -> None:
    places = shape_classes(LAYER)
    assert [region.name for region in LAYER.shapes.classes] == NAMES
    assert len({place.sizes for place in places}) == len(places) >= 23


@pytest.mark.parametrize("place", shape_classes(LAYER), ids=NAMES)
def test_a_class_has_what_it_is_named_after(place) -> None:
    (region,) = (region for region in LAYER.shapes.classes if region.name == place.name)
    assert region.holds(place.sizes)


def test_the_general_class_is_general() -> None:
    sizes = dict(shape_classes(LAYER)[0].sizes)
    assert len({sizes["N"], sizes["C"], sizes["F"]}) == 3
    assert min(sizes["N"], sizes["C"], sizes["F"]) > 1
    assert 1 < sizes["S"] <= min(sizes["HH"], sizes["WW"])
    assert 0 < sizes["P"] < min(sizes["HH"], sizes["WW"])
    assert sizes["HH"] != sizes["WW"]
    assert sizes["H"] != sizes["W"]
    assert sizes["Hh"] != sizes["Hw"]


def test_classes_are_as_small_as_they_can_be() -> None:
    """Least sum, then lexicographic, by trying everything that is smaller."""
    place = next(one for one in shape_classes(LAYER) if one.name == "padding 0")
    given = place.sizes.given
    smaller = 0
    for H_, W_, HH_, WW_, S_ in product(range(1, 10), range(1, 10), *[range(1, 4)] * 3):
        values = given | {"H": H_, "W": W_, "HH": HH_, "WW": WW_, "S": S_, "P": 0}
        try:
            sizes = conv2d().sizes("", **values)
        except SizesError:
            continue
        general = (
            HH_ >= 2 and WW_ >= 2 and HH_ != WW_ and H_ != W_ and S_ >= 2 and min(HH_, WW_) >= S_
            and sizes["Hh"] >= 2 and sizes["Hw"] >= 2 and sizes["Hh"] != sizes["Hw"]
            and (H_ - HH_) % S_ == 0 and (W_ - WW_) % S_ == 0
        )  # fmt: skip
        if general:
            assert sizes.order() >= place.sizes.order()
            smaller += 1
    assert smaller > 5


@pytest.mark.parametrize("feature", LAYER.shapes.features, ids=lambda feature: feature.name)
def test_every_feature_is_met_and_missed_by_some_class(feature) -> None:
    found = {feature.holds(place.sizes) for place in shape_classes(LAYER)}
    assert found == {True, False}


@pytest.mark.parametrize(
    ("restrictions", "holds"),
    [
        ((equal(N, 1),), lambda s: s["N"] == 1),
        ((equal(S, 1), equal(P, 0)), lambda s: s["S"] == 1 and s["P"] == 0),
        ((equal(H, W), equal(HH, WW)), lambda s: s["H"] == s["W"] and s["HH"] == s["WW"]),
    ],
)
def test_restrictions_hold_in_every_class_that_is_left(restrictions, holds) -> None:
    places = shape_classes(LAYER, restrictions)
    assert 5 <= len(places) < len(shape_classes(LAYER))
    assert all(holds(place.sizes) for place in places)
    assert len({place.sizes for place in places}) == len(places)


def test_restrictions_that_no_size_satisfies_leave_no_class() -> None:
    assert shape_classes(LAYER, (equal(N, 1), N >= 2)) == ()
