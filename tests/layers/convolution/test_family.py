"""Every member of the family: its statements are true, and its loops compute what they say."""

from __future__ import annotations

import pytest

from symconv.layers.registry import FAMILY, layer_by_name
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from symconv.verification import verify
from tests.runs import LONG, quick_rows

STATEMENTS = [
    (name, statement.key) for name in FAMILY for statement in layer_by_name(name).statements
]


@quick_rows(18, "every statement of the family takes a minute")
@pytest.mark.parametrize(("name", "key"), STATEMENTS)
def test_every_statement_is_proved(name, key):
    layer = layer_by_name(name)
    (statement,) = layer.select([key])
    outcome = prove(statement, layer)
    assert outcome.verdict is Verdict.PROVED, f"{name}: {key}: {outcome.detail}"


@quick_rows(4, "the long run checks all members of the family at their sizes")
@pytest.mark.parametrize("name", FAMILY)
def test_every_statement_and_loop_is_verified_at_sizes(name):
    layer = layer_by_name(name)
    report = verify(layer=layer, sizes=layer.default_sizes[1:2], methods=["closed-form"])
    assert report.exit_code == 0, [str(result) for result in report.failures]
    sizes = layer.default_sizes if LONG else layer.default_sizes[2:4]
    report = verify(layer=layer, sizes=sizes, methods=["numbers"])
    assert report.exit_code == 0, [str(result) for result in report.failures]
