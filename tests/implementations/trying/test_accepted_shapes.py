"""Code that refuses shapes on purpose is checked at shapes that it takes."""

import numpy as np
import pytest

from symconv.algebra.indices import equal
from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.accepted_shapes import (
    MOST_PLACES,
    MOST_RUNS,
    Search,
    shapes_result,
)
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.forward import N
from symconv.layers.registry import default_layer
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

LAYER = default_layer()

SAME = "the filter is square, its size twice the padding plus 1"


def same(s):
    return s["HH"] == s["WW"] == 2 * s["P"] + 1


def divides(s):
    return (s["H"] + 2 * s["P"] - s["HH"]) % s["S"] == (s["W"] + 2 * s["P"] - s["WW"]) % s["S"] == 0


def searched(takes, limits=()):
    """Search as after a check of every class, with a rule in the place of code."""
    places = shape_classes(LAYER, limits)
    search = Search(LAYER, limits, takes)
    search.taken = dict.fromkeys(one.sizes for one in places if takes(one.sizes))
    search.refused = dict.fromkeys(one.sizes for one in places if not takes(one.sizes))
    more = search.places([one for one in places if one.sizes in search.refused])
    ran = [one.sizes for one in places if takes(one.sizes)] + [one.sizes for one in more]
    return search, more, ran


@quick_rows(9, "each row is one more condition, found by the same search")
@pytest.mark.parametrize(
    ("takes", "kinds"),
    [
        (same, [[SAME]]),
        (lambda s: s["P"] == 0, [["the padding is 0"]]),
        (lambda s: s["P"] == 0 or same(s), [["the padding is 0"], [SAME]]),
        (lambda s: s["H"] == s["W"], [["the image is square"]]),
        (lambda s: s["HH"] == s["WW"], [["the filter is square"]]),
        (lambda s: s["HH"] % 2 == s["WW"] % 2 == 1, [["the filter's height and width are odd"]]),
        (lambda s: s["HH"] == s["WW"] == 3, [["the filter is 3x3"]]),
        (lambda s: s["H"] % 2 == s["W"] % 2 == 0, [["the image's height and width are even"]]),
        (lambda s: s["C"] == s["F"], [["there are as many channels as filters"]]),
        (lambda s: s["F"] % s["C"] == 0, [["the number of channels divides that of filters"]]),
        (divides, [["the stride divides"]]),
        (lambda s: divides(s) and s["P"] == 0, [["the padding is 0", "the stride divides"]]),
        (lambda s: s["S"] == 1 and same(s), [["the stride is 1", SAME]]),
        (
            lambda s: s["H"] == s["HH"] == 1 and s["P"] == 0,
            [["the padding is 0", "image and filter have one row"]],
        ),
        (
            lambda s: s["HH"] == s["WW"] == 3 and s["P"] == 1 and s["S"] == 2,
            [[SAME, "the filter is 3x3", "the stride is 2"]],
        ),
    ],
)
def test_what_code_takes_is_learned_from_what_it_refuses(takes, kinds) -> None:
    search, more, ran = searched(takes)
    assert [[LAYER.shapes.asked[rank].name for rank in kind] for kind in search.asked] == kinds
    assert search.is_told(ran)
    assert all(takes(place.sizes) for place in more)
    assert "it takes shapes where" in shapes_result(search, ran, None).detail


def test_a_class_that_is_met_elsewhere_keeps_its_name_and_its_condition() -> None:
    _, more, _ = searched(same)
    assert {"general", "stride larger than the filter", "remainder rows"} <= {
        place.name for place in more
    }
    region_by_name = {region.name: region for region in LAYER.shapes.classes}
    for place in more:
        assert region_by_name[place.name].holds(place.sizes)


def test_a_search_is_bounded_where_nothing_tells_what_code_takes() -> None:
    asked = []

    def takes(sizes):
        asked.append(sizes)
        return sum(sizes.given.values()) % 7 == 0

    _ = searched(takes)
    assert len({*asked}) <= len(shape_classes(LAYER)) + MOST_RUNS + MOST_PLACES


def test_a_search_ends_where_code_does_not_answer() -> None:
    asked = []

    def takes(sizes):
        asked.append(sizes)

    places = shape_classes(LAYER)
    search = Search(LAYER, (), takes, refused=dict.fromkeys(one.sizes for one in places))
    assert search.places(places) == []
    assert len(asked) == 1


def test_conditions_that_no_shape_can_meet_are_not_missed() -> None:
    search, _, ran = searched(lambda s: s["P"] == 0, (equal(N, 1),))
    detail = shapes_result(search, ran, None).detail
    assert "padding is not 0" in detail
    assert "more than one image" not in detail


def test_shapes_that_only_a_wrong_condition_refuses_are_named() -> None:
    """The width is tested against the filter's height."""

    def takes(s):
        rows = (s["H"] + 2 * s["P"] - s["HH"]) % s["S"]
        return rows == (s["W"] + 2 * s["P"] - s["HH"]) % s["S"] == 0

    search, _, ran = searched(takes)
    result = shapes_result(search, ran, None)
    assert result.verdict is None
    assert "it also refuses shapes without any of these" in result.detail
    assert "where the stride divides" in result.detail


def test_code_that_takes_few_classes_is_undecided() -> None:
    search, _, ran = searched(lambda s: max(s.given.values()) == 1)
    result = shapes_result(search, ran, None)
    assert result.verdict is Verdict.UNDECIDED
    assert result.code == "shapes-refused"


def only_same(x, w, b, stride, padding):
    if w.shape[2] != 2 * padding + 1 or w.shape[3] != 2 * padding + 1:
        raise ValueError("the padding has to keep the size")
    return compute_y(x, w, b, stride, padding)


def backward(dout, x, w, b, stride, padding):
    return compute_gradients(dout, x, w, stride, padding)


def rolled_with_a_stride(dout, x, w, b, stride, padding):
    dx, dw, db = compute_gradients(dout, x, w, stride, padding)
    return (np.roll(dx, 1, axis=3) if stride > 1 and w.shape[3] > 1 else dx), dw, db


@quick_rows(0, "shapes that code takes are searched for, and its share told, in other tests")
def test_right_code_for_same_padding_is_verified_with_its_share() -> None:
    report = check_implementation(only_same, backward, isolate=False)
    assert report.exit_code == 0
    (shapes,) = report.only(statement="shapes")
    assert shapes.verdict is None
    assert "never met: the filter's height and width differ" in shapes.detail
    strides = {one.sizes["S"] for one in report.where(lambda one: one.code == "right")}
    assert strides >= {1, 2, 3}


@quick_rows(0, "the search is tested by what it learns, and refutations at other shapes")
def test_a_mistake_at_shapes_that_only_a_search_finds_is_refuted() -> None:
    report = check_implementation(only_same, rolled_with_a_stride, isolate=False)
    assert report.exit_code == 1
    (wrong,) = [one for one in report.conclusions if one.verdict is Verdict.REFUTED]
    assert wrong.name == "dL/dx"
    assert wrong.failure.sizes["HH"] == wrong.failure.sizes["WW"] == 3
    assert wrong.failure.sizes["S"] > 1


def test_code_that_takes_all_shapes_or_is_tried_at_given_ones_is_not_searched() -> None:
    sizes = "N=1,C=1,H=3,W=3,F=1,HH=3,WW=3,S=1,P=1"
    refused = "N=1,C=1,H=3,W=3,F=1,HH=2,WW=2,S=1,P=1"
    report = check_implementation(only_same, backward, sizes=[sizes, refused], isolate=False)
    assert len(report.classes) == 2
    assert not report.where(lambda one: one.statement == "shapes")
