"""Faults planted in the plan that polynomials and numbers are both read from, one at a time.

Each must be noticed where a statement's sides are compared with brute-force evaluation, on
random statements and a few chosen ones.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import pytest

from symconv.algebra.expressions import Delta, Derivative, Iverson, Number, Statement, Sum
from symconv.algebra.indices import Constant, Range
from symconv.concrete import (
    bindings,
    blocks,
    boxes,
    meanings,
    monomial_tables,
    points,
    solutions,
    terms,
)
from symconv.concrete.monomial_tables import Tables
from symconv.errors import SymconvError
from tests.concrete.test_random_tables import (
    LAYER,
    A,
    Author,
    B,
    brute_force,
    i,
    k,
    m,
    mixed,
    outcome,
    p,
    q,
    shifted,
    u,
    v,
    z,
)

STATEMENTS = 400
OVER_I = Range(i, Constant(0), A - 1)
CHOSEN = [
    Statement(Derivative(Sum(Number(p + 1) * u[p], (p, 0, A - 1)), u[1]), Number(Constant(2))),
    Statement(Sum(v[p - i], (p, i, i + B - 1)), Sum(v[p], (p, 0, B - 1)), (OVER_I,)),
    Statement(Sum(Iverson(p < i) * u[p], (p, 0, A - 1)), Sum(u[p], (p, 0, i - 1)), (OVER_I,)),
    Statement(Sum(Delta(2 * p, i + 1) * u[p], (p, 0, A - 1)), Number(Constant(0)), (OVER_I,)),
    Statement(Iverson(2 * i >= 3) * u[i - 1], Iverson(i >= 2) * u[i - 1], (OVER_I,)),
    Statement(Sum(m[p, q], (p, 0, A - 1), (q, p // 2, B - 1)), u[0]),
    Statement(
        Sum(m[p, q], (p, 0, A - 1), (q, 0, p // 2)),
        Sum(Iverson(q <= p // 2) * m[p, q], (p, 0, A - 1), (q, 0, B - 1)),
    ),
    Statement(Sum(Iverson(p - q >= -1) * u[p - q], (p, 0, A - 1), (q, 0, A - 1)), u[0]),
    Statement(Derivative(mixed[i], shifted[k]), Number(Constant(0)), (OVER_I,)),
    Statement(Derivative(u[i] * u[0] * z[()], u[0]), u[i] * z[()], (OVER_I,)),
    Statement(Derivative(z[()] * u[i], u[i]), Number(Constant(0)), (OVER_I,)),
]

MUTANTS = [
    (boxes, "{**lower.steps, item.index: 1}", "{item.index: 1}"),
    (boxes, "Limit(here.plus(lower, -1), 0, most)", "Limit(here.plus(lower, -1), -1, most)"),
    (boxes, "Limit(upper.plus(here, -1), 0, most)", "Limit(upper.plus(here, -1), 1, most)"),
    (boxes, 'Comparison(item.index, "<=", item.upper)', 'Comparison(item.index, "<", item.upper)'),
    (boxes, "Limit(value, int(strict), max", "Limit(value, 0, max"),
    (boxes, "equations.append(left.plus(right, -1))", "equations.append(left.plus(right))"),
    (boxes, "Limit(value, 0, last, crop", "Limit(value, 0, last + 1, crop"),
    (boxes, "self.limits.append(Limit(equation, 0, 0))", "pass"),
    (boxes, "return [other.put(chosen, value) for other in later]", "return list(later)"),
    (boxes, "max(0, -(-low // step))", "max(0, low // step)"),
    (boxes, "(item.low <= values) & (values <= item.high)", "(item.low <= values)"),
    (points, "set(axes).union(*touched)", "set(axes)"),
    (boxes, "self.scale *= value.start", "self.scale = value.start"),
    (boxes, "self.scale * self.values(factor, {}, None)", "self.scale"),
    (boxes, "self.empty |= not self.values(condition, {}, None)", "pass"),
    (boxes, "limit.low + shift), min", "limit.low + shift + 1), min"),
    (boxes, "not any(isinstance(one, Index) for", "not any(False for"),
    (boxes, "length = upper.start - lower.start + 1", "length = upper.start + 1"),
    (bindings, "return factor * value.start", "return value.start"),
    (bindings, "factor *= self.sizes[one]", "pass"),
    (bindings, "any(part % by.start", "any(part % 1"),
    (terms, "(*one.steps, *steps[shared:])", "one.steps"),
    (terms, "*map(Delta, found.indices, by.indices)", "*()"),
    (terms, "frozenset({by.array.name})", "frozenset()"),
    (terms, "rename_bound(expression, self._used)", "expression"),
    (terms, "one.repeated or other.repeated or again", '""'),
    (terms, "self._checks.append(Check(steps, entry))", "pass"),
    (terms, "self._checks.append(Check(steps, step))", "pass"),
    (terms, "left, product.repeated", "product.entries, product.repeated"),
    (
        terms,
        "for place, found in enumerate(product.entries)",
        "for place, found in [*enumerate(product.entries)][:1]",
    ),
]


def mutated(module: ModuleType, old: str, new: str) -> ModuleType:
    """Return a module with one place of its source changed."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times"
    made = ModuleType(module.__name__)
    exec(compile(source.replace(old, new), module.__file__, "exec"), made.__dict__)
    return made


def first_noticed() -> int | None:
    """Return the number of the first statement that is not judged as evaluation judges it."""
    for number in range(-len(CHOSEN), STATEMENTS):
        source = random.Random(number)
        at = LAYER.sizes(A=source.randint(1, 3), B=source.randint(1, 3))
        if number < 0:
            at = LAYER.sizes(A=3, B=2)
        statement = CHOSEN[number] if number < 0 else Author(source).statement()
        expected = outcome(brute_force, statement, at)
        try:
            got = outcome(Tables(LAYER, at).compare, statement)
        except SymconvError:
            raise
        except Exception:  # A fault may also show by a crash.
            return number
        kinds_differ = got[0] != expected[0]
        if got[0] != "not supported" and (
            kinds_differ or (got[0] != "ill-formed" and got != expected)
        ):
            return number
    return None


@pytest.fixture(autouse=True)
def _fresh_sides(monkeypatch) -> None:
    monkeypatch.setattr(monomial_tables, "_sides_by_layer", OrderedDict())


def test_without_a_fault_nothing_is_noticed() -> None:
    assert first_noticed() is None


@pytest.mark.parametrize(("module", "old", "new"), MUTANTS, ids=[old for _, old, _ in MUTANTS])
def test_a_fault_of_the_plan_is_noticed(module, old, new, monkeypatch) -> None:
    wrong = mutated(module, old, new)
    if module is boxes:
        monkeypatch.setattr(solutions, "Box", wrong.Box)
    elif module is bindings:
        monkeypatch.setattr(boxes, "Bindings", wrong.Bindings)
    elif module is points:
        monkeypatch.setattr(blocks, "groups", wrong.groups)
        monkeypatch.setattr(meanings, "reached", wrong.reached)
    else:
        monkeypatch.setattr(monomial_tables, "Sides", wrong.Sides)
    assert first_noticed() is not None
