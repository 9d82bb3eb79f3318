"""Estimated widths: what is wider, and what takes no room."""

from __future__ import annotations

import pytest

from symconv.latex.writing.widths import estimated_width


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("i", "w"),
        ("x", "x_{i}"),
        ("x_{i}", "x_{ij}"),
        ("x_{ij}", "x ij"),
        ("a", "a+b"),
        ("x_{a+b}", "x a+b"),
        (r"\frac{a}{b}", "ab"),
        (r"\frac{a}{bcd}", r"\frac{bcd}{bcd} a"),
        (r"\sum_{i=0}^{N} x", r"\sum_{i=0}^{N+M+K} x"),
        (r"\frac{\sum_{i=0}^{N+M} x}{a}", r"\sum_{i=0}^{N+M} x + x"),
        ("x", r"x\quad"),
    ],
)
def test_more_is_wider(narrow: str, wide: str) -> None:
    assert estimated_width(narrow) < estimated_width(wide)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x_{ij}", "x^{ij}"),
        ("x^{ij}_{ij}", "x_{ij}"),
        ("a + b", "a+b"),
        (r"\frac{a}{bc}", r"\frac{bc}{a}"),
        ("x_i", "x_{i}"),
        (r"\sum_{i=0}^{N+M} x", r"\sum_{i=0}^{N+M} x "),
        ("{x}", "x"),
    ],
)
def test_what_is_set_alike_is_equally_wide(left: str, right: str) -> None:
    assert estimated_width(left) == pytest.approx(estimated_width(right))


def test_nothing_takes_no_room() -> None:
    assert estimated_width("") == estimated_width("{}") == 0
