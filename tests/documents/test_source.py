"""Places in a file: lines, columns, and what replacements do to them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.documents.source import Place, SourceFile, SourceText


@pytest.mark.parametrize(
    ("offset", "position"),
    [
        (0, Place(1, 1)),
        (2, Place(1, 3)),  # the newline belongs to its line
        (3, Place(2, 1)),
        (5, Place(3, 1)),
        (6, Place(3, 2)),  # one behind the end
        (99, Place(3, 2)),
        (-1, Place(1, 1)),
    ],
)
def test_a_position_counts_from_one(offset: int, position: Place) -> None:
    assert SourceFile("a.md", "ab\nc\nd").position(offset) == position


def test_columns_count_characters_not_bytes() -> None:
    assert SourceFile("a.md", "éß\U0001d538x").location(3) == "a.md:1:4"


@given(st.text(alphabet="a&;x\n", max_size=40), st.data())
def test_every_character_of_a_part_knows_where_it_stood(text: str, data: st.DataObject) -> None:
    changed = SourceText(text).replace(re.compile("&x?;"), lambda found: found.group().upper()[:1])
    for place, character in enumerate(changed.text):
        assert text[changed.offset(place)] == character
    start = data.draw(st.integers(0, len(changed.text)))
    end = data.draw(st.integers(start, len(changed.text)))
    part = changed.part(start, end)
    assert part.text == changed.text[start:end]
    for place, character in enumerate(part.text):
        assert text[part.offset(place)] == character


def test_a_replacement_stands_where_the_replaced_text_began() -> None:
    text = SourceText("a &lt; b").replace(re.compile("&lt;"), lambda _: "<")
    assert text.text == "a < b"
    assert [text.offset(place) for place in range(5)] == [0, 1, 2, 6, 7]


def test_a_text_replaced_by_nothing_still_has_a_place() -> None:
    text = SourceText("abc", (0,), (10,)).replace(re.compile("abc"), lambda _: "")
    assert (text.text, text.start) == ("", 10)
