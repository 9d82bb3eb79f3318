"""Which derivatives are known, and which are 0."""

from __future__ import annotations

import pytest

from symconv.algebra.dependence import UNDEFINED, Dependence, dependence, derivatives
from symconv.algebra.expressions import Array, Definition, Derivative, Expression, Sum
from symconv.algebra.indices import indices, sizes
from symconv.errors import NotSupported

(N,) = sizes("N")
i, j = indices("i j")
w, x, y, z, other = (Array(name, (N,)) for name in ("w", "x", "y", "z", "other"))
KNOWN = dependence({"y": Definition(y[i], w[i] * x[i]), "z": Definition(z[i], y[i] * y[i])}, (w, x))


def refusal(known: Dependence, expression: Expression) -> NotSupported:
    with pytest.raises(NotSupported) as error:
        known.require(expression)
    return error.value


def test_derivatives_are_found_everywhere_the_outer_ones_first() -> None:
    inner = Derivative(y[i], w[j])
    outer = Derivative(x[i] * inner, x[j])
    assert derivatives(Sum(outer + y[i], (i, 0, N - 1))) == (outer, inner)


def test_what_is_known_is_accepted() -> None:
    KNOWN.require(Derivative(z[i], w[j]), Derivative(y[i], x[j]), Derivative(x[i], w[j]))
    KNOWN.require(Derivative(Derivative(z[i], y[j]), w[j]))
    dependence(None, ()).require(other[i] * x[i])


def test_a_derivative_is_0_where_nothing_reads_the_other() -> None:
    assert KNOWN.zeros(y[i] * x[i]) == ()
    assert KNOWN.zeros(Derivative(z[i], w[j])) == ()
    assert KNOWN.zeros(Derivative(y[i], z[j]), Derivative(x[i], w[j]), Derivative(x[i], y[j])) == (
        "dy/dz is 0: the definition of y does not read z",
        "dx/dw is 0: x and w are inputs, which are independent",
        "dx/dy is 0: x is an input, and depends on nothing",
    )


def test_a_derivative_in_a_definition_is_looked_at_where_it_is_read() -> None:
    torn = dependence({"y": Definition(y[i], Derivative(x[i], w[j]))}, (w, x))
    assert torn.zeros(y[i]) == ("dx/dw is 0: x and w are inputs, which are independent",)


def test_of_an_array_that_is_neither_nothing_is_known() -> None:
    error = refusal(KNOWN, Derivative(other[i], w[j]))
    assert (error.code, "other is neither an input nor defined" in error.fact) == (UNDEFINED, True)
    assert "so dx/dother is not known" in refusal(KNOWN, Derivative(x[i], other[j])).fact


def test_what_is_presumed_to_be_an_input_is_one_for_what_reads_it() -> None:
    presumed = dependence({"y": Definition(y[i], w[i] * x[i])}, (w, x), (w, x))
    presumed.require(Derivative(y[i], w[j]))
    error = refusal(presumed, Derivative(x[i], w[j]))
    assert "x is declared and never defined, so dx/dw is not known" in error.fact
    assert error.help.endswith("input x")


def test_a_derivative_by_what_another_one_expanded_is_refused() -> None:
    error = refusal(KNOWN, Derivative(Derivative(z[i], w[j]), y[j]))
    assert error.code == "order-of-derivatives"


def test_two_arrays_of_one_name_are_refused() -> None:
    square = Array("x", (N, N))
    error = refusal(KNOWN, Derivative(x[i] * square[i, j], w[j]))
    assert (error.code, error.fact) == (
        "overloaded-name",
        "x has 1 axes in one place and 2 in another",
    )
