"""Spot checks: a few entries of what is computed fast are what evaluation says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symconv import conv2d
from symconv.concrete import spot_checks
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.site import Witnesses, check_at
from symconv.concrete.spot_checks import SpotChecks
from symconv.errors import InternalError

LAYER = conv2d()
AT = LAYER.sizes("N=2,C=2,H=3,W=4,F=2,HH=3,WW=2,S=1,P=1")
RESULTS = ("y", "dL/dx", "dL/dw", "dL/db")
STATEMENTS = [item for item in LAYER.statements if not item.assumptions]


def drawn(contractions: Contractions) -> dict[str, np.ndarray]:
    source = np.random.default_rng(3)
    return {array.name: source.integers(1, 9, contractions.shape(array)) for array in LAYER.inputs}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda item: item.key)
def test_polynomials_are_what_evaluation_says(statement) -> None:
    SpotChecks(LAYER, AT).polynomials(Tables(LAYER, AT), statement)


def test_both_sides_are_read_at_every_place() -> None:
    statement = LAYER.statement("y:strided")
    tables = Tables(LAYER, AT)
    indices = {item.index.name: 0 for item in statement.free}
    left, right = tables.sides_at(statement, indices)
    assert left == right
    assert len(left) == 1 + AT["C"] * 2 * 1  # A corner: one row and one column are padding.


def test_a_wrong_polynomial_stops_the_run(monkeypatch) -> None:
    def wrong(tables: Tables, statement: Any, indices: Any) -> Any:
        return {}, {}

    monkeypatch.setattr(Tables, "sides_at", wrong)
    statement = LAYER.statement("y:strided")
    with pytest.raises(InternalError, match="not what evaluation says"):
        SpotChecks(LAYER, AT).polynomials(Tables(LAYER, AT), statement)
    with pytest.raises(InternalError):
        _ = list(check_at(Witnesses(LAYER, AT), statement, ("closed-form",)).run())


@pytest.mark.parametrize("name", RESULTS)
def test_numbers_are_what_evaluation_says_and_a_wrong_one_stops_the_run(name) -> None:
    contractions = Contractions(LAYER, AT)
    arrays = drawn(contractions)
    values = contractions.values(name, arrays)
    SpotChecks(LAYER, AT).numbers(contractions, name, arrays, values)
    with pytest.raises(InternalError, match="the numbers of"):
        SpotChecks(LAYER, AT).numbers(contractions, name, arrays, values + 1)


def test_places_are_the_same_each_time_and_long_ones_are_left_out(monkeypatch) -> None:
    statement = LAYER.statement("dL/dw:contracted")
    places = [list(SpotChecks(LAYER, AT)._places(statement.free)) for _ in range(2)]
    assert places[0] == places[1]
    assert len(places[0]) == spot_checks.PLACES
    monkeypatch.setattr(spot_checks, "MOST_TERMS", 0)
    monkeypatch.setattr(Tables, "sides_at", None)
    SpotChecks(LAYER, AT).polynomials(Tables(LAYER, AT), statement)
