"""The post that all of this began with, where it is present beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.contents import Document
from symconv.documents.loading import load
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Result, Verdict

POST = Path(__file__).parents[3] / "shared" / "seeds" / "000_042c7c9806ed4485.txt"

pytestmark = [
    pytest.mark.skipif(
        not POST.exists(), reason=f"the post is not at {POST}; put it there to check it"
    ),
    pytest.mark.xdist_group("post"),
]


@pytest.fixture(scope="module")
def document() -> Document:
    return load(POST)


@pytest.fixture(scope="module")
def results(document: Document) -> tuple[Result, ...]:
    return check_document(document, declared_by(layer_by_name("conv2d")))


def test_its_format_is_told_by_its_text(document: Document) -> None:
    assert document.format == "markdown"
    assert document.troubles == ()


def test_every_formula_and_listing_has_a_result_at_its_place(
    document: Document, results: tuple[Result, ...]
) -> None:
    lines = [int((result.location or "").rsplit(":", 2)[1]) for result in results]
    starts = [document.file.position(item.start).line for item in document.formulas]
    ends = [
        document.file.position(item.source.offset(len(item.source.text))).line
        for item in document.formulas
    ]
    for start, end in zip(starts, ends, strict=True):
        assert any(start <= line <= end for line in lines), start
    assert sum(result.kind == "code" for result in results) == len(document.listings)


def test_nothing_is_left_undecided_but_what_dots_leave_out(
    document: Document, results: tuple[Result, ...]
) -> None:
    for result in results:
        if result.verdict is Verdict.UNDECIDED:
            line = int((result.location or "").rsplit(":", 2)[1])
            before = [f for f in document.formulas if document.file.position(f.start).line <= line]
            assert "..." in before[-1].source.text, result


def test_what_fails_has_a_counterexample_or_a_place_that_says_why(
    results: tuple[Result, ...],
) -> None:
    failed = [item for item in results if item.verdict is not None and item.verdict.is_false]
    assert failed
    for result in failed:
        assert result.detail
        assert result.notes
        assert (result.counterexample is not None) == (result.method == "proof")


def test_bounds_one_too_late_are_all_explained(results: tuple[Result, ...]) -> None:
    late = [item for item in results if item.code == "out-of-range"]
    assert late
    for result in late:
        assert any("upper bounds are read as exclusive" in note for note in result.notes)
        assert any(note.startswith("would be right: ") for note in result.notes)
