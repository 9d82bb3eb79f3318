"""The closest correct form: found where one or two mistakes were made, proved, tidy, or absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Index
from symconv.explanations.closest import MOST_OFFERED, Correction, closest_correct_forms
from symconv.explanations.probes import CANDIDATE, Probes
from symconv.explanations.tidying import tidied
from symconv.layers.convolution.post import STATEMENTS
from symconv.layers.layer import Layer
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.spoiling import spoil
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from tests.runs import quick_rows

BY_NAME = {mistake.name: mistake for mistake in CATALOGUE}
BY_KEY = {statement.key: statement for statement in STATEMENTS}


def found(
    statement: Statement, layer: Layer, probes: Probes, most: int = MOST_OFFERED
) -> tuple[Correction, ...]:
    outcome = prove(statement, layer)
    assert outcome.verdict.is_false
    assert outcome.counterexample is not None
    return closest_correct_forms(statement, layer, outcome.counterexample, probes, most)


def spoiled(key: str, mistake: str) -> Statement:
    return next(iter(spoil(BY_KEY[key], [BY_NAME[mistake]]))).statement


@quick_rows(4, "each row is one more mistake, taken back by the same search")
@pytest.mark.parametrize(
    ("key", "mistake"),
    [
        ("dL/dx:contracted", "padding-dropped"),
        ("dL/dx:contracted", "sum-ends-one-too-late"),
        ("dL/dw:contracted", "sum-starts-one-too-late"),
        ("y:shifted", "index-off-by-one"),
        ("x_pad", "padding-dropped"),
        ("dL/db:contracted", "mean-instead-of-sum"),
    ],
)
def test_one_mistake_is_taken_back(key: str, mistake: str, layer: Layer, probes: Probes) -> None:
    wrong = spoiled(key, mistake)
    offered = found(wrong, layer, probes)
    assert offered, wrong
    for correction in offered:
        assert prove(correction.statement, layer).verdict is Verdict.PROVED
        assert tidied(correction.statement) == correction.statement
        assert correction.statement.lhs == wrong.lhs
    assert offered[0] == found(wrong, layer, probes, most=1)[0]


def test_the_search_ends_when_enough_is_found(layer: Layer, probes: Probes) -> None:
    wrong = spoiled("dy/dx:deltas", "padding-dropped")
    several = found(wrong, layer, probes)
    assert len(several) > 1
    assert found(wrong, layer, probes, most=1) == several[:1]


@pytest.mark.parametrize(
    ("mistake", "raw"),
    [("kernel-flipped-on-one-axis", "HH-1-HH+1+p-k*S"), ("window-offset-dropped", "0+k*S")],
)
def test_an_offer_is_tidy_where_the_edit_is_not(
    mistake: str, raw: str, layer: Layer, probes: Probes
) -> None:
    (offered,) = found(spoiled("y:patch", mistake), layer, probes, most=1)
    assert raw in str(offered.edits[-1].statement)
    assert raw not in str(offered.statement)
    assert offered.statement.rhs == BY_KEY["y:patch"].rhs


def test_the_same_mistake_on_both_axes_is_one_step(layer: Layer, probes: Probes) -> None:
    wrong = spoiled("dL/dx:contracted", "padding-dropped")
    names = [c.edits[0].mistake.name for c in found(wrong, layer, probes)]
    mistake = BY_NAME["padding-dropped"]
    twice = next(
        other.statement
        for other in spoil(wrong, [mistake])
        if other.statement.rhs != BY_KEY["dL/dx:contracted"].rhs
    )
    assert "padding-dropped" in names
    offered = found(twice, layer, probes)
    assert offered
    assert 1 <= len(offered[0].edits) <= 2


def test_nothing_is_offered_where_the_left_side_has_no_meaning(
    layer: Layer, probes: Probes
) -> None:
    right = BY_KEY["dL/dx:contracted"]
    shifted = {item.index: item for item in right.free}
    item = shifted[Index("i")]
    wrong = replace(
        right,
        free=tuple(replace(one, upper=one.upper + 1) if one == item else one for one in right.free),
    )
    outcome = prove(wrong, layer)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.counterexample is not None
    assert closest_correct_forms(wrong, layer, outcome.counterexample, probes) == ()


def test_nothing_is_offered_for_what_is_no_mistake_of_the_catalogue(
    layer: Layer, probes: Probes
) -> None:
    right = BY_KEY["dL/db:contracted"]
    assert found(right.with_sides(right.lhs, 7 * right.rhs), layer, probes) == ()


def test_every_offer_is_the_tidied_statement_that_was_proved(layer: Layer, probes: Probes) -> None:
    wrong = spoiled("dL/dx:contracted", "padding-dropped")
    for correction in found(wrong, layer, probes):
        assert correction.statement == tidied(correction.edits[-1].statement)
        assert prove(correction.statement, layer, effort=CANDIDATE).verdict is Verdict.PROVED
        assert "did you mean" in correction.note()
