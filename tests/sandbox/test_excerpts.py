"""What is said of an exception, cut to a few lines and without control characters."""

import sys
from typing import Any, Never

import pytest

from symconv.sandbox.excerpts import LONGEST, cut, first_line, named, whole_text


class Silent(Exception):
    def __str__(self) -> Never:
        sys.exit(1)


class NoText(Exception):
    def __str__(self) -> Any:
        return 3


@pytest.mark.parametrize(
    ("error", "line", "whole"),
    [
        (ValueError("first\nsecond"), "first", "first second"),
        (ValueError(""), "", ""),
        (ValueError("<thing at 0x7f001234>"), "<thing>", "<thing at 0x7f001234>"),
        (ValueError("x" * 10**7), "x" * LONGEST, "x" * LONGEST + " ..."),
        (ValueError("x\n" * 10**6), "x", "x " * (LONGEST // 2) + " ..."),
        (ValueError("\x1b[2J\x07 \ud800"), "\\x1b[2J\\x07 \\ud800", "\\x1b[2J\\x07 \\ud800"),
        (ValueError("größer"), "größer", "größer"),
        (Silent(), "", ""),
        (NoText(), "", ""),
    ],
)
def test_a_text_is_cut_and_shown_as_plain_characters(
    error: Exception, line: str, whole: str
) -> None:
    assert (first_line(error), whole_text(error)) == (line, whole)


def test_a_type_is_named_with_its_text_where_there_is_one() -> None:
    assert named(KeyError("a"), "a") == "KeyError: a"
    assert named(KeyError(), "") == "KeyError"
    assert len(named(type("E" * 10**6, (Exception,), {})(), "")) == LONGEST


def test_only_long_texts_are_cut() -> None:
    assert cut("1" * LONGEST) == "1" * LONGEST
    assert cut("1" * (LONGEST + 1)) == "1" * LONGEST + " ..."
