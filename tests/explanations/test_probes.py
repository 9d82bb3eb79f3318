"""Small sizes at which candidates are tried: all of them count, in whatever order."""

from __future__ import annotations

from dataclasses import replace

from symconv.algebra.indices import Size, equal
from symconv.explanations.probes import CANDIDATE, Probes
from symconv.explanations.validity import validity_region
from symconv.layers.convolution.post import STATEMENTS
from symconv.layers.layer import Layer
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.spoiling import spoil
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

BY_KEY = {statement.key: statement for statement in STATEMENTS}
BY_NAME = {mistake.name: mistake for mistake in CATALOGUE}
S, P = Size("S"), Size("P")


def test_a_statement_holds_everywhere_only_if_it_holds_at_each_size(
    layer: Layer, probes: Probes
) -> None:
    right = BY_KEY["dL/dx:contracted"]
    assert probes.holds_everywhere(right)
    for wrong in list(spoil(right, [BY_NAME["padding-dropped"], BY_NAME["sum-ends-one-too-late"]])):
        each = [probes.holds_at(wrong.statement, sizes) for sizes in probes.sizes]
        assert probes.holds_everywhere(wrong.statement) == all(each)
        assert not all(each)
    assert layer is probes.layer


def test_what_refuted_last_is_tried_first_and_nothing_is_lost(layer: Layer) -> None:
    probes = Probes(layer)
    right = BY_KEY["dL/dx:contracted"]
    before = list(probes.telling(right))
    assert before == list(probes.sizes)
    wrong = next(iter(spoil(right, [BY_NAME["padding-dropped"]]))).statement
    assert not probes.holds_everywhere(wrong)
    after = list(probes.telling(right))
    assert not probes.holds_at(wrong, after[0])
    assert sorted(after, key=str) == sorted(before, key=str)
    assert after != before


def test_only_admitted_sizes_count(probes: Probes) -> None:
    wrong = next(iter(spoil(BY_KEY["dL/dx:contracted"], [BY_NAME["padding-dropped"]]))).statement
    unpadded = replace(wrong, assumptions=(equal(P, 0),))
    assert not probes.holds_everywhere(wrong)
    assert probes.holds_everywhere(unpadded)
    admitted = list(probes.admitting(unpadded))
    assert admitted
    assert all(sizes["P"] == 0 for sizes in admitted)
    assert [sizes for sizes in probes.sizes if sizes["P"] == 0] == admitted


def test_the_region_of_a_dropped_padding_is_found(layer: Layer, probes: Probes) -> None:
    wrong = next(iter(spoil(BY_KEY["x_pad"], [BY_NAME["padding-dropped"]]))).statement
    region = validity_region(wrong, layer, probes)
    assert "P = 0" in [item.name for regions in region.regions for item in regions]
    for regions in region.regions:
        conditions = tuple(item.condition for item in regions)
        assert prove(wrong, layer, assumptions=conditions).verdict is Verdict.PROVED
    if region.elsewhere is not None:
        assert probes.holds_at(wrong, region.elsewhere)
        assert region.elsewhere["P"] != 0


def test_a_statement_that_is_true_nowhere_has_no_region(layer: Layer, probes: Probes) -> None:
    right = BY_KEY["dL/db:contracted"]
    doubled = right.with_sides(right.lhs, 2 * right.rhs)
    region = validity_region(doubled, layer, probes)
    assert region.regions == ()
    assert region.elsewhere is None
    assert region.note() is None


def test_the_effort_for_candidates_proves_what_full_effort_proves(layer: Layer) -> None:
    for statement in STATEMENTS:
        assert prove(statement, layer, effort=CANDIDATE).verdict is Verdict.PROVED, statement.key
    wrong = next(iter(spoil(BY_KEY["dL/dx:contracted"], [BY_NAME["padding-dropped"]]))).statement
    assert prove(wrong, layer, effort=CANDIDATE).verdict is not Verdict.PROVED
