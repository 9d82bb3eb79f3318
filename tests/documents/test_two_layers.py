"""A document about two layers names each under its heading."""

from __future__ import annotations

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name

pytestmark = pytest.mark.usefixtures("without_corrections")  # They are tested elsewhere.

FORWARD = (
    r"$$\frac{\partial L}{\partial b_f} = \sum_{n,k,l} \frac{\partial L}{\partial y_{n,f,k,l}}$$"
)
DENSE = (
    r"$$\frac{\partial L}{\partial w_{f,c,p,q}} = \sum_{n,k,l} "
    r"\frac{\partial L}{\partial y_{n,f,k,l}} x^{pad}_{n,c,Sk+p,Sl+q}$$"
)
TRANSPOSED = (
    r"$$\frac{\partial L}{\partial w_{c,f,p,q}} = \sum_{n=0}^{N-1} \sum_{i=0}^{H-1} "
    r"\sum_{j=0}^{W-1} \sum_{k=0}^{Hh-1} \sum_{l=0}^{Hw-1} \delta_{k+P,Si+p} \delta_{l+P,Sj+q} "
    r"x_{n,c,i,j} \frac{\partial L}{\partial y_{n,f,k,l}}$$"
)


def verdicts(*lines: str, layer: str | None = None) -> list[str]:
    known = declared_by(None if layer is None else layer_by_name(layer))
    results = check_document(parse_text("notes.md", "\n\n".join(lines)), known)
    return [one.verdict.value for one in results if one.verdict is not None]


def pragma(layer: str) -> str:
    return f"<!-- symconv: layer {layer} -->"


def test_each_section_is_about_the_layer_under_its_heading() -> None:
    first = ("# Forward", pragma("conv2d"), DENSE)
    second = ("# Back", "## Up", pragma("conv_transpose2d"), TRANSPOSED)
    assert verdicts("Notes", *first, *second) == ["proved", "proved"]
    assert verdicts(*second, *first) == ["proved", "proved"]
    # Each formula is false, or says nothing, of the other layer.
    assert "proved" not in verdicts(*first[:2], TRANSPOSED, *second[:3], DENSE)


def test_what_follows_a_section_is_not_about_its_layer() -> None:
    first = ("# Forward", "## A", pragma("conv2d"), FORWARD)
    second = ("## B", pragma("conv1d"), "text")
    assert verdicts(*first, *second, "## C", FORWARD) == ["proved", "undecided"]


def test_one_layer_that_is_named_anywhere_holds_everywhere() -> None:
    assert verdicts("# A", FORWARD, "# B", pragma("conv2d"), FORWARD) == ["proved", "proved"]


def test_a_section_takes_no_other_layer_than_the_command() -> None:
    found = verdicts("# A", pragma("conv1d"), "# B", pragma("conv2d"), FORWARD, layer="conv2d")
    assert found == ["undecided", "proved"]
