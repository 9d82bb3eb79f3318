"""1,000 documents that were plausible once: each ends in verdicts, never in an internal error.

The normal run takes every 20th, SYMCONV_LONG=1 every fourth, SYMCONV_LONG=2 all of them.
"""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.errors import UsageError
from symconv.reports.documents_view import documents_text
from symconv.reports.json_view import report_json
from symconv.verdicts import Verdict
from tests.documents.plausible import BLOCKS, plausible_document
from tests.runs import quick_rows, share

DOCUMENTS = 1_000


@quick_rows(3, "each row is more seeds of the same damage")
@pytest.mark.parametrize("first", range(0, DOCUMENTS, 100))
def test_a_mutated_document_is_read_judged_and_reported(first: int) -> None:
    for seed in share(range(first, first + 100), quick=20, long=4):
        text, format = plausible_document(seed)
        try:
            document = parse_text("fuzz", text, format)
        except UsageError:
            # A notebook that is none is refused; nothing else is.
            assert format == "notebook", seed
            continue
        report = check_documents([document], declared_by(None))
        assert report.exit_code in (0, 1, 2, 3), seed
        for result in report.results:
            assert result.location is not None, seed
            assert result.detail, seed
            known = result.kind in ("definition", "no-statement", "code")
            assert known or result.verdict is not None, seed
            if result.verdict is Verdict.REFUTED:
                assert result.counterexample is not None, seed
        told = json.loads(report_json(report))
        assert told["exit_code"] == report.exit_code, seed
        assert len(told["results"]) == len(report.results), seed
        for verbose in (False, True):
            assert documents_text(report, io.StringIO(), verbose=verbose), seed


def test_the_blocks_are_plausible_before_they_are_mutated() -> None:
    # Else the documents would show that nothing is understood, and nothing else.
    found: Counter[Verdict | None] = Counter()
    for block in BLOCKS[7:]:
        document = parse_text("whole.md", "\n".join((*BLOCKS[:4], block)))
        found.update(
            item.verdict for item in check_documents([document], declared_by(None)).results
        )
    assert found[Verdict.PROVED] >= 8
    assert found[Verdict.REFUTED] + found[Verdict.ILL_FORMED] >= 3
