"""A rule about shapes is said only where fresh shapes bear it out."""

import pytest

from symconv.implementations.trying.rules import LEAST_SHAPES, exception, nearby, regions, rules
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.forward import S
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Sizes
from symconv.layers.registry import default_layer

LAYER = default_layer()

PLACES = [place.sizes for place in shape_classes(LAYER)]


def ruled(wrong, **options):
    inside = [sizes for sizes in PLACES if wrong(sizes)]
    outside = [sizes for sizes in PLACES if not wrong(sizes)]
    return rules(LAYER, inside, outside, **options)


@pytest.mark.parametrize(
    ("fails", "clauses"),
    [
        (lambda s: s["P"] == 0, ["padding is 0"]),
        (lambda s: s["H"] < s["W"], ["the image is wider than tall"]),
        (lambda s: s["P"] == 0 and s["S"] == 1, ["padding is 0 and the stride is 1"]),
        (lambda s: s["P"] == 0 or s["F"] == 1, ["padding is 0", "there is one filter"]),
        (lambda s: s["HH"] > s["H"] or s["WW"] > s["W"], ["the filter is larger than the image"]),
    ],
)
def test_a_rule_that_foretells_fresh_shapes_is_said(fails, clauses) -> None:
    found = ruled(fails, fails=fails)
    assert found is not None
    assert [one.name for one in found] == clauses


@pytest.mark.parametrize(
    "fails",
    [
        lambda s: s["W"] == 7,
        lambda s: s["H"] * s["W"] > 60,
        lambda s: sum(s.given.values()) % 5 == 0,
        lambda s: s["H"] == s["HH"] + 2 and s["N"] == 2,
    ],
)
def test_a_rule_that_fits_by_accident_is_not_said(fails) -> None:
    found = ruled(fails, fails=fails) or ()
    larger = [
        conv2d().sizes("", **{**one.given, "H": one["H"] + 5, "W": one["W"] + 6}) for one in PLACES
    ]
    said = [any(one.holds(sizes) for one in found) for sizes in larger]
    assert not found or said == [fails(sizes) for sizes in larger]


def test_what_fails_at_one_or_two_shapes_makes_no_rule_by_itself() -> None:
    last = max(PLACES, key=lambda sizes: sizes.order())
    assert ruled(lambda s: s == last) is None
    assert ruled(lambda s: s == last, fails=lambda s: s == last) is None


def test_shapes_that_cannot_be_run_neither_break_nor_bear_out_a_rule() -> None:
    found = ruled(lambda s: s["P"] == 0, fails=lambda s: None)
    assert [one.name for one in found or ()] == ["padding is 0"]


def test_nearby_shapes_are_admissible_and_meet_the_limits() -> None:
    sizes = conv2d().sizes("N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0")
    found = list(nearby(LAYER, sizes, [S < 2]))
    assert len(found) >= LEAST_SHAPES
    assert {one["S"] for one in found} == {1}
    assert sizes not in found


def test_the_one_kind_of_shapes_at_which_code_does_not_fail_is_found() -> None:
    def fails(s):
        return not (s["HH"] == s["WW"] == 3)

    inside = [sizes for sizes in PLACES if fails(sizes)]
    outside = [sizes for sizes in PLACES if not fails(sizes)]
    found = exception(LAYER, inside, outside, fails)
    assert found is not None
    assert found.name == "the filter is 3x3"
    assert exception(LAYER, inside, outside, lambda s: fails(s) or s["H"] > 4) is None


def split(condition) -> tuple[list[Sizes], list[Sizes]]:
    return [one for one in PLACES if condition(one)], [one for one in PLACES if not condition(one)]


@pytest.mark.parametrize(
    ("fails", "clauses"),
    [
        (lambda s: s["P"] == 0, ["padding is 0"]),
        (lambda s: s["S"] > 1, ["the stride is larger than 1"]),
        (lambda s: s["N"] > 1, ["there is more than one image"]),
        (lambda s: s["H"] != s["W"], ["height and width differ"]),
        (
            lambda s: (
                (s["H"] + 2 * s["P"] - s["HH"]) % s["S"] != 0
                or (s["W"] + 2 * s["P"] - s["WW"]) % s["S"] != 0
            ),
            ["the stride does not divide"],
        ),
        (
            lambda s: s["P"] == 0 and s["S"] == 1,
            ["padding is 0 and the stride is 1"],
        ),
        (
            lambda s: s["P"] == 0 or s["F"] == 1,
            ["padding is 0", "there is one filter"],
        ),
    ],
)
def test_regions_say_where_code_fails(fails, clauses) -> None:
    found = regions(LAYER, *split(fails))
    assert found is not None
    assert sorted(region.name for region in found) == sorted(clauses)


def test_regions_hold_at_every_failing_size_and_at_no_passing_one() -> None:
    inside, outside = split(lambda s: s["W"] > 4 and s["P"] == 1)
    found = regions(LAYER, inside, outside)
    if found is not None:
        assert all(any(region.holds(sizes) for region in found) for sizes in inside)
        assert not any(region.holds(sizes) for region in found for sizes in outside)
