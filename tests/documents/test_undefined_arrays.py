"""Arrays that a document declares: inputs where a definition reads them, else unknown."""

from __future__ import annotations

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.declarations import Declared
from symconv.documents.loading import load
from symconv.latex.reading.context import Context
from symconv.verdicts import Result

SIZES = "<!-- symconv: size A, K, T; assume A = T + K - 1 -->\n"
ARRAYS = "<!-- symconv: array x (A); array w (K); array g (T); array y (T); array L () -->\n"
OUTPUT = r"$$y_t = \sum_{k=0}^{K-1} w_k x_{t+k}$$"
LOSS = r"$$L = \sum_{t=0}^{T-1} g_t y_t$$"
BY_W = r"\frac{\partial L}{\partial w_k} = "
RIGHT = r"\sum_{t=0}^{T-1} g_t x_{t+k}"


@pytest.fixture
def last(tmp_path):
    def judge(*parts: str) -> Result:
        path = tmp_path / "notes.md"
        _ = path.write_text("\n".join((SIZES, *parts)))
        return check_document(load(path), Declared(Context()))[-1]

    return judge


def verdict(result: Result) -> tuple[str | None, str | None]:
    return None if result.verdict is None else result.verdict.value, result.code


@pytest.mark.parametrize(
    "parts",
    [
        (ARRAYS, OUTPUT, f"$${BY_W} 0$$"),
        (ARRAYS, OUTPUT, f"$${BY_W} {RIGHT}$$"),
        (ARRAYS, LOSS, f"$${BY_W} 0$$"),
        (ARRAYS, r"$$\frac{\partial y_t}{\partial w_k} = 0$$"),
        (ARRAYS, r"$$\frac{\partial x_i}{\partial w_k} = 0$$"),
        (ARRAYS, OUTPUT, LOSS, r"$$0 \cdot g_t = \frac{\partial g_t}{\partial w_0}$$"),
    ],
)
def test_what_is_declared_and_never_defined_has_no_known_derivative(last, parts) -> None:
    found = last(*parts)
    assert verdict(found) == ("undecided", "undefined-array")
    assert "define" in found.detail
    assert "input" in found.detail


def test_what_definitions_read_is_an_input(last) -> None:
    assert verdict(last(ARRAYS, OUTPUT, LOSS, f"$${BY_W} {RIGHT}$$"))[0] == "proved"
    assert verdict(last(ARRAYS, OUTPUT, LOSS, f"$${BY_W} 2 {RIGHT}$$"))[0] == "refuted"
    assert verdict(last(ARRAYS, OUTPUT, LOSS, f"$${BY_W} 0$$"))[0] == "refuted"
    own = r"$$\frac{\partial x_i}{\partial x_j} = \delta_{i,j}$$"
    assert verdict(last(ARRAYS, own))[0] == "proved"


def test_a_free_array_is_free_as_long_as_nothing_is_differentiated(last) -> None:
    assert verdict(last(ARRAYS, "$$g_t + y_t = y_t + g_t$$"))[0] == "proved"


def test_an_array_may_be_declared_an_input(last) -> None:
    inputs = "<!-- symconv: input x (A); input w (K) -->\n"
    zero = r"$$\frac{\partial x_i}{\partial w_k} = 0$$"
    found = last(inputs, zero)
    assert verdict(found)[0] == "proved"
    assert found.notes == ("dx/dw is 0: x and w are inputs, which are independent",)
    assert verdict(last(ARRAYS, "<!-- symconv: input x; input w -->\n", zero))[0] == "proved"
    one = r"$$\frac{\partial x_i}{\partial w_k} = 1$$"
    assert verdict(last(inputs, one))[0] == "refuted"
