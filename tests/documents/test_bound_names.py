"""Statements up to the names of bound indices: what becomes equal, and what must not."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Delta, Derivative, Statement, Sum
from symconv.algebra.indices import Constant, Range, indices, sizes
from symconv.documents.bound_names import standard_names
from symconv.layers.convolution.post import conv2d

(M,) = sizes("M")
i, j, k, p, q = indices("i j k p q")
x, v, m = Array("x", (M,)), Array("v", (M,)), Array("m", (M, M))
FREE = (Range(i, Constant(0), M - 1),)


def _statement(right, free=FREE, **more) -> Statement:
    return Statement(v[i], right, free, **more)


def _over(name, body, lower=0, upper=None):
    return Sum(body, (name, lower, M - 1 if upper is None else upper))


SAME = {
    "another letter": (_over(p, x[p]), _over(q, x[q])),
    "two letters exchanged": (
        _over(p, _over(q, m[p, q])),
        _over(q, _over(p, m[q, p])),
    ),
    "a letter used twice, one behind the other": (
        _over(p, x[p]) + _over(p, x[p] * x[p]),
        _over(p, x[p]) + _over(q, x[q] * x[q]),
    ),
    "a bound that holds an outer index": (
        _over(p, _over(q, m[p, q], upper=p)),
        _over(k, _over(p, m[k, p], upper=k)),
    ),
    "an inner sum that hides an outer index": (
        _over(p, x[p] * _over(p, v[p])),
        _over(p, x[p] * _over(q, v[q])),
    ),
    "an index of a derivative and of a delta": (
        _over(p, Derivative(x[p], x[i]) * Delta(p, i)),
        _over(k, Derivative(x[k], x[i]) * Delta(k, i)),
    ),
}
DIFFERENT = {
    "another bound": (_over(p, x[p]), _over(q, x[q], upper=M - 2)),
    "the axes exchanged": (_over(p, _over(q, m[p, q])), _over(p, _over(q, m[q, p]))),
    "a free index in place of a bound one": (_over(p, m[p, p]), _over(p, m[p, i])),
    "an index that only looks bound": (_over(p, x[p]) * x[j], _over(p, x[p]) * x[k]),
    "an inner sum that does not hide": (
        _over(p, _over(q, m[p, q], upper=p)),
        _over(p, _over(q, m[p, q], upper=q)),
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_statements_that_differ_in_bound_names_become_equal(case: str) -> None:
    left, right = (_statement(side) for side in SAME[case])
    assert left != right
    assert standard_names(left) == standard_names(right)


@pytest.mark.parametrize("case", DIFFERENT)
def test_statements_that_say_something_else_stay_different(case: str) -> None:
    left, right = (_statement(side) for side in DIFFERENT[case])
    assert standard_names(left) != standard_names(right)


def test_an_abbreviation_is_written_out_and_its_bound_namesake_is_not_caught() -> None:
    short = _statement(_over(p, m[p, q]), where=((q, i + 0),))
    assert standard_names(short) == standard_names(_statement(_over(k, m[k, i + 0])))
    # The abbreviated q is the sum's own index elsewhere.
    hidden = _statement(_over(q, m[q, q]), where=((q, i + 0),))
    assert standard_names(hidden) == standard_names(_statement(_over(k, m[k, k])))


def test_free_indices_and_assumptions_still_tell_statements_apart() -> None:
    statement = _statement(x[i])
    shorter = _statement(x[i], free=(Range(i, Constant(0), M - 2),))
    assumed = _statement(x[i], assumptions=(M >= 2,))
    assert len({standard_names(item) for item in (statement, shorter, assumed)}) == 3


@pytest.mark.parametrize("statement", conv2d().statements, ids=lambda item: item.key)
def test_naming_twice_changes_nothing_more(statement: Statement) -> None:
    once = standard_names(statement)
    assert standard_names(once) == once
    assert (once.name, once.form) == ("", "")
