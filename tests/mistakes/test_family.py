"""Mistakes of dilation, groups and the settings of each axis are made, caught and taken back."""

from __future__ import annotations

from itertools import islice

import pytest

from symconv.layers.registry import layer_by_name
from symconv.mistakes.catalogue import CATALOGUE, FAMILY
from symconv.mistakes.sites import same_tree
from symconv.mistakes.spoiling import EditedStatement, mend, spoil
from symconv.proof.equality import prove
from tests.runs import by_run

GENERAL = layer_by_name("conv1d strides dilation groups")
BY_NAME = {mistake.name: mistake for mistake in CATALOGUE}


def _spoiled(layer, mistake) -> list[EditedStatement]:
    return [
        edited
        for statement in layer.statements
        for edited in spoil(statement, [mistake], layer.vocabulary)
    ]


@pytest.mark.parametrize("mistake", FAMILY, ids=lambda mistake: mistake.name)
def test_a_mistake_of_the_family_is_caught(mistake):
    for edited in islice(_spoiled(GENERAL, mistake), by_run(1, 40, 200)):
        verdict = prove(edited.statement, GENERAL).verdict
        assert verdict.is_false, f"{edited.statement.key}: {edited.before} -> {edited.after}"


@pytest.mark.parametrize("mistake", FAMILY, ids=lambda mistake: mistake.name)
def test_a_mistake_of_the_family_is_taken_back(mistake):
    if mistake.undo is None:
        assert mistake.name == "group-offset-dropped", "too little is left of the others"
        return
    original = {statement.key: statement for statement in GENERAL.statements}
    for edited in islice(_spoiled(GENERAL, mistake), by_run(4, 40, 200)):
        right = original[edited.statement.key]
        mended = mend(edited.statement, [mistake], GENERAL.vocabulary)
        assert any(_same(one.statement, right) for one in mended), f"{edited.after} stays"


def _same(left, right) -> bool:
    return same_tree(left.lhs, right.lhs) and same_tree(left.rhs, right.rhs)


def test_a_layer_without_dilation_and_groups_has_none_of_these_mistakes():
    layer = layer_by_name("conv2d")
    assert [edited for mistake in FAMILY for edited in _spoiled(layer, mistake)] == []


@pytest.mark.parametrize(
    ("name", "size", "twin"),
    [
        ("conv2d strides", "Sh", "Sw"),
        ("conv2d dilation", "Dh", "Dw"),
        ("conv2d paddings", "Ph", "Pw"),
        ("conv_transpose2d strides", "Sh", "Sw"),
    ],
)
def test_the_setting_of_the_other_axis_is_caught(name, size, twin):
    layer = layer_by_name(name)
    statement = layer.statement("dL/dx:contracted")
    edits = spoil(statement, [BY_NAME["size-of-the-other-axis"]], layer.vocabulary)
    (edited, *_) = [one for one in edits if str(one.before) == size]
    assert str(edited.after) == twin
    assert prove(edited.statement, layer).verdict.is_false
