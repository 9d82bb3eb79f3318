"""Identities between layers: true with their conditions, and false without any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symconv.algebra.indices import Constant, Size, equal
from symconv.algebra.tree import map_parts
from symconv.errors import UnknownStatement
from symconv.explanations.proving import ProofOfTheorem
from symconv.layers.regions import Region
from symconv.layers.theorems.shipped import chosen_theorems, theorems
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from symconv.verification import verify_theorems
from tests.runs import quick_rows

BY_NAME = {theorem.name: theorem for theorem in theorems()}
CONDITIONS = [
    (name, number) for name, one in BY_NAME.items() for number in range(len(one.conditions))
]


def _replaced(node, old, new):
    return new if node == old else map_parts(node, lambda part: _replaced(part, old, new))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_theorem_is_proved_for_every_size(name):
    for result in ProofOfTheorem(BY_NAME[name]).run():
        assert result.verdict is Verdict.PROVED, result.detail


@quick_rows(4, "the long run shows of every condition of a theorem that it is needed")
@pytest.mark.parametrize(("name", "number"), CONDITIONS)
def test_a_theorem_is_false_without_any_of_its_conditions(name, number):
    theorem = BY_NAME[name]
    without = theorem.statements(without=theorem.conditions[number])
    outcomes = [prove(statement, theorem.layer) for statement in without]
    assert any(outcome.verdict.is_false and outcome.counterexample for outcome in outcomes)


def test_the_layer_that_is_applied_must_fit():
    """With one row of output padding more the transposed convolution is larger than the input."""
    theorem = BY_NAME["input-gradient"]
    *_, fits = theorem.claims
    (height, *_) = theorem.layer.axes
    remainder = height.room % height.stride
    larger = _replaced(fits.lhs, remainder, remainder + 1)
    wrong = replace(fits, lhs=larger)
    assert wrong != fits
    assert prove(wrong, theorem.layer).verdict is Verdict.REFUTED


def test_what_is_equal_to_another_entry_is_refuted():
    """The filter that is not flipped gives another layer."""
    theorem = BY_NAME["zero-insertion"]
    claim = theorem.claims[0]
    shifted = replace(claim, rhs=claim.rhs.array[(*claim.rhs.indices[:3], Constant(0))])
    assert prove(shifted, theorem.layer).verdict is Verdict.REFUTED


def test_a_theorem_says_what_it_is_and_where_it_ends():
    first, *_ = ProofOfTheorem(BY_NAME["interleaved"]).run()
    says, need = first.notes
    assert says.kind == "reading"
    assert "dilated" in says.text
    assert need.kind == "region"
    assert need.text.startswith("false without S = 1, such as at N=1,C=1,")


def test_a_condition_that_is_not_needed_is_said_to_be():
    theorem = BY_NAME["im2col"]
    idle = replace(theorem, conditions=(Region("C = C", equal(Size("C"), Size("C"))),))
    first, *_ = ProofOfTheorem(idle).run()
    assert first.notes[1].text == "nothing shows that C = C is needed"


def test_theorems_are_chosen_by_name():
    report = verify_theorems(["theorem/im2col"])
    assert [result.key for result in report.results] == ["theorem/im2col", "theorem/im2col:sizes"]
    assert report.exit_code == 0
    assert [one.name for one in chosen_theorems(["adjoint"])] == ["adjoint"]
    with pytest.raises(UnknownStatement) as caught:
        verify_theorems(["adjiont"])
    assert "adjoint" in caught.value.help
