"""The three runs of the tests; which run takes what is said here and nowhere else.

quick: the README's command; ten minutes on two cores, and it has to come down to five.
long: with SYMCONV_LONG=1, as CI runs it; every row, and more random samples; 25 minutes wanted.
full: with SYMCONV_LONG=2; all of what the long run takes samples of; an hour or two.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

RUN = int(os.environ.get("SYMCONV_LONG") or 0)
LONG, FULL = RUN >= 1, RUN >= 2


def quick_rows(rows: int, why: str) -> pytest.MarkDecorator:
    """Mark a test of which the quick run takes so many rows, spread evenly, and say why.

    No rows are none of the test: then the reason says what else holds the same in the quick run.
    """
    assert why, "what the quick run leaves out has a reason"
    return pytest.mark.quick_rows(rows, why)


def share(everything: Sequence[Any], quick: int, long: int = 1) -> Sequence[Any]:
    """Return every so-many-th, of a sequence that one test goes through; all in the full run."""
    return everything[:: by_run(quick, long, 1)]


def by_run(quick: int, long: int, full: int) -> int:
    """Return the number that is meant for this run."""
    return full if FULL else long if LONG else quick


def left_out(items: Sequence[pytest.Item]) -> dict[pytest.Item, str]:
    """Return the tests that the quick run leaves out, with their reasons."""
    rows_by_test: dict[str, list[pytest.Item]] = defaultdict(list)
    reasons: dict[pytest.Item, str] = {}
    for item in items:
        if item.get_closest_marker("quick_rows") is not None:
            rows_by_test[item.nodeid.partition("[")[0]].append(item)
    for rows in rows_by_test.values():
        mark = rows[0].get_closest_marker("quick_rows")
        assert mark is not None
        wanted, why = mark.args
        taken = {(2 * k + 1) * len(rows) // (2 * wanted) for k in range(min(wanted, len(rows)))}
        reasons |= {row: why for number, row in enumerate(rows) if number not in taken}
    return reasons
