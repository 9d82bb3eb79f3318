"""Listings run in processes of their own, with an eye on each answer.

A listing that is stuck where nothing interrupts it, that ends its process, or that disturbs what
it answers, is blamed and left out; the others are run again without it. So one listing never
takes another's verdict.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from symconv.documents.listing_service import (
    ListingAnswer,
    ListingRequest,
    ListingSizes,
    listings_served,
)
from symconv.sandbox.plain import Garbled, unpacked
from symconv.sandbox.serving import Limits
from symconv.sandbox.workers import Worker, spawned

Answers: TypeAlias = dict[tuple[int, int], ListingAnswer]
"""What is known of a listing, by its number and that of the site."""

SECONDS_TO_START = 20.0
SECONDS_TO_ANSWER = 2.0
"""How long an answer may take besides the time that its listing may run."""
MOST_BYTES = 2 * 2**30
MOST_ANSWERED = 64 * 2**20
_SURROUNDINGS = ("PATH", "SYSTEMROOT", "LANG")


@dataclass(frozen=True, slots=True)
class Runnable:
    """A listing that can run: its number among those of the document, and its text."""

    number: int
    code: str


def listing_answers(
    listings: Sequence[Runnable], sites: Sequence[ListingSizes], seconds: float
) -> Answers:
    """Run listings at sites, in order, and return what each left or why it failed.

    Args:
        listings: what to run.
        sites: what they are given, at one choice of sizes after another.
        seconds: how long one listing may run at one site.

    Returns:
        An answer for every listing at every site, up to the first site at which it ended its
        process or could not be interrupted.
    """
    found: Answers = {}
    left, place = list(listings), 0
    while place < len(sites):
        stopped = _run(left, sites, place, seconds, found)
        if stopped is None:
            break
        place, last, answer = stopped
        blamed = last
        left_running = [
            item for item in left if _known(found, item, place).leaves_running and item != last
        ]
        if left_running:
            # What an earlier listing left running may have done it: how does it go without?
            rest = [item for item in left[: left.index(last) + 1] if item not in left_running]
            if _run(rest, sites[: place + 1], place, seconds, dict(found)) is None:
                blamed = left_running[-1]
        found[blamed.number, place] = answer
        left.remove(blamed)
    return found


def _known(found: Answers, listing: Runnable, place: int) -> ListingAnswer:
    return found.get((listing.number, place), ListingAnswer())


def _run(
    listings: Sequence[Runnable],
    sites: Sequence[ListingSizes],
    start: int,
    seconds: float,
    found: Answers,
) -> tuple[int, Runnable, ListingAnswer] | None:
    """Run listings in one process, at one site after another, and add what they leave.

    Returns:
        where it stopped, with which listing, and what is said of that one; None where it came
        to its end.
    """
    kept = {name: value for name, value in os.environ.items() if name in _SURROUNDINGS}
    worker = spawned(
        pickle.dumps(listings_served),
        Limits(MOST_BYTES, MOST_ANSWERED, writes=False),
        surroundings=kept,
        folder=True,
    )
    late = {number: answer for (number, _), answer in found.items() if answer.error == "timeout"}
    try:
        # Where it does not start, the first listing is told so.
        _ = worker.message(SECONDS_TO_START)
        for place in range(start, len(sites)):
            for listing in listings:
                # What was too slow at small sizes is not waited for again.
                answer = late.get(listing.number)
                if answer is None:
                    answer, trusted = _asked(worker, listing, sites[place], seconds)
                    if not trusted:
                        return place, listing, answer
                    if answer.error == "timeout":
                        late[listing.number] = answer
                _ = found.setdefault((listing.number, place), answer)
    finally:
        worker.kill()
    return None


def _asked(
    worker: Worker, listing: Runnable, site: ListingSizes, seconds: float
) -> tuple[ListingAnswer, bool]:
    """Return what a listing left, and whether its process can run others after it."""
    name = f"<listing {listing.number + 1}>"
    worker.ask(ListingRequest(listing.code, name, site, seconds))
    message = worker.message(seconds + SECONDS_TO_ANSWER)
    how = message.how
    if message.kind == "answer":
        try:
            answer: ListingAnswer = unpacked(ListingAnswer, message.content)
        except Garbled as error:
            how = str(error)
        else:
            ending = worker.message(SECONDS_TO_ANSWER)
            if ending.kind == "done":
                return answer, True
            message, how = ending, ending.how
    if message.kind == "timeout":
        fact = f"still running after {seconds:g} s, and not to be interrupted"
        return ListingAnswer("timeout", fact), False
    if message.kind == "ended":
        return ListingAnswer("process-ended", how), False
    return ListingAnswer("garbled", how or "what it leaves is too large to be told"), False
