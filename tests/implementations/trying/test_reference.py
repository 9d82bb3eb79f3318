"""The truth that code is compared with: two ways to it, which have to agree."""

from dataclasses import replace

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.errors import InternalError, NotSupported
from symconv.implementations.model import RESULTS
from symconv.implementations.trying.inputs import draw, plan
from symconv.implementations.trying.reference import FEW_PRODUCTS, Reference
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.post import conv2d
from symconv.layers.registry import layer_by_name

LAYER = conv2d()
PLACES = [place.sizes for place in shape_classes(LAYER)]
LARGE = LAYER.sizes("N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1")


@pytest.mark.parametrize("sizes", PLACES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "object"])
def test_values_are_those_of_the_polynomials(sizes, dtype) -> None:
    reference = Reference(LAYER, sizes)
    chosen = plan(LAYER, sizes, dtype, reference.longest_sum)
    drawn = draw(LAYER, sizes, chosen, 0)
    found = reference.values(drawn, chosen.most)
    numbering, flat = reference.numbering(), {}
    for name, numbers in numbering.items():
        flat |= dict(zip(numbers.flat, (int(value) for value in drawn[name].flat), strict=True))
    for name in RESULTS:
        for position, polynomial in np.ndenumerate(reference.polynomials(name)):
            total = 0
            for monomial, coefficient in polynomial.items():
                product = coefficient
                for number in monomial:
                    product *= flat[number]
                total += product
            assert total == found[name][position]


@pytest.mark.parametrize("sizes", PLACES[:6], ids=str)
def test_polynomials_are_those_of_the_evaluator(sizes) -> None:
    evaluator = Evaluator(LAYER.definition_by_name, sizes.by_symbol)
    reference = Reference(LAYER, sizes)
    numbering = reference.numbering()
    for name in RESULTS:
        found = reference.polynomials(name)
        for position in list(np.ndindex(*found.shape))[::7]:
            entry = evaluator.polynomial(LAYER.named_entry(name, position))
            expected = {
                tuple(sorted(int(numbering[array][where]) for array, where in monomial)): value
                for monomial, value in entry.items()
            }
            assert found[position] == expected


@pytest.mark.parametrize("sizes", [*PLACES[:8], LARGE], ids=str)
def test_the_longest_sum_bounds_every_entry(sizes) -> None:
    tables = Tables(LAYER, sizes)
    expected = max(tables.magnitude(name, 1) for name in RESULTS)
    assert Reference(LAYER, sizes).longest_sum == expected


@pytest.mark.parametrize(("name", "parts"), [("conv2d", 5), ("avg_pool1d", 1)])
def test_what_is_made_ready_changes_no_value(name, parts) -> None:
    layer = layer_by_name(name)
    sizes = shape_classes(layer)[0].sizes
    plain, ready = Reference(layer, sizes), Reference(layer, sizes)
    assert len([*ready.preparations()]) == parts
    chosen = plan(layer, sizes, "float64", plain.longest_sum)
    drawn = draw(layer, sizes, chosen, 0)
    found, expected = ready.values(drawn, chosen.most), plain.values(drawn, chosen.most)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in found)


def test_a_formula_that_is_not_handled_is_no_matter_until_its_numbers_are_wanted() -> None:
    layer = replace(LAYER, statements=())
    reference = Reference(layer, LARGE)
    ready = reference.preparations()
    with pytest.raises(NotSupported):
        next(ready)
    small = Reference(layer, PLACES[0])
    assert len([*small.preparations()]) == 5
    drawn = draw(LAYER, PLACES[0], plan(LAYER, PLACES[0], "float64", small.longest_sum), 0)
    with pytest.raises(NotSupported):
        _ = small.values(drawn, 1)


def test_large_sizes_are_evaluated_by_formulas_alone() -> None:
    reference = Reference(LAYER, LARGE)
    assert reference.products > FEW_PRODUCTS
    chosen = plan(LAYER, LARGE, "float64", reference.longest_sum)
    drawn = draw(LAYER, LARGE, chosen, 0)
    found = reference.values(drawn, chosen.most)
    objects = {name: array.astype(object) for name, array in drawn.items()}
    for name in RESULTS:
        assert np.array_equal(found[name], Tables(LAYER, LARGE).values(name, objects))


def test_a_disagreement_of_the_two_ways_stops_loudly(monkeypatch) -> None:
    def wrong(self, name, arrays):
        value = right(self, name, arrays)
        value[(0,) * value.ndim] += 1
        return value

    right = Contractions.values
    monkeypatch.setattr(Contractions, "values", wrong)
    reference = Reference(LAYER, PLACES[0])
    chosen = plan(LAYER, PLACES[0], "float64", reference.longest_sum)
    with pytest.raises(InternalError, match="formulas and its polynomials differ"):
        _ = reference.values(draw(LAYER, PLACES[0], chosen, 0), chosen.most)
