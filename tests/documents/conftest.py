"""What tests of documents share."""

from __future__ import annotations

import pytest

from tests.runs import LONG


@pytest.fixture
def without_corrections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search for nothing that would be right, in the quick run: it costs more than verdicts."""
    if not LONG:
        monkeypatch.setattr("symconv.documents.judging.MOST_SEARCHES", 0)
