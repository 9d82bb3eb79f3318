"""Random documents with sections: what holds where, against a reading of scope of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from symconv.documents.accounting import tasks
from symconv.documents.judging import Judge
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by, outline
from symconv.verdicts import Verdict
from symconv.verification import run

HEAD = "<!-- symconv: size M, S, K; array g (M); array h (M) -->\n\n"
SAID = {
    "assume": "<!-- symconv: assume S = {} -->",
    "suppose": "Assume $S = {}$.",
    "letter": "Let $r = M + {}$.",
    "array": "Let $h_k = {} g_k$.",
    "end": "Here $0 \\le t < {}$ is meant.",
}
CLAIMS = {
    "stride": ("$$S g_k = {} g_k$$", ("assume", "suppose")),
    "letter?": ("$$r - {} = M$$", ("letter",)),
    "array?": ("$$\\sum_k h_k = {} \\sum_k g_k$$", ("array",)),
    "end?": ("$$\\sum_t 1 = {}$$", ("end",)),
}


class PlainJudge(Judge):
    """Judge without looking for what would be right, which costs most."""

    def _explained(self, *_: object) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Part:
    """A heading of a level, something said, or a claim, with its number."""

    kind: str
    value: int


parts = st.builds(
    Part,
    st.sampled_from(["heading", "heading", *SAID, *CLAIMS, *CLAIMS]),
    st.integers(min_value=1, max_value=3),
)


def written(document: list[Part]) -> str:
    """Write a document; headings count from one sign."""
    lines = [HEAD]
    for part in document:
        if part.kind == "heading":
            lines.append(f"{'#' * part.value} Part\n\n")
        else:
            text = SAID.get(part.kind) or CLAIMS[part.kind][0]
            lines.append(text.format(part.value) + "\n\n")
    return "".join(lines)


def paths(document: list[Part]) -> list[tuple[int, ...]]:
    """Return the headings that are open at each part, as their places in the document."""
    found: list[tuple[int, ...]] = []
    open_ones: tuple[int, ...] = ()
    for place, part in enumerate(document):
        if part.kind == "heading":
            higher = [one for one in open_ones if document[one].value < part.value]
            open_ones = (*higher, place)
        found.append(open_ones)
    return found


def stride(document: list[Part], place: int, *kinds: str) -> int | None:
    """Return what was assumed of the stride last, in a section that is open at a place."""
    where = paths(document)
    said = [n for n in range(place) if document[n].kind in kinds]
    held = [n for n in said if where[place][: len(where[n])] == where[n]]
    return document[held[-1]].value if held else None


def expected(document: list[Part]) -> list[Verdict]:
    """Say what each claim gets, by what was said last in a section that is still open."""
    where = paths(document)
    verdicts: list[Verdict] = []
    for place, part in enumerate(document):
        if part.kind not in CLAIMS:
            continue
        kinds = CLAIMS[part.kind][1]
        said = [number for number in range(place) if document[number].kind in kinds]
        held = [n for n in said if where[place][: len(where[n])] == where[n]]
        if not held and part.kind in ("letter?", "array?"):
            held = said[:1]  # The first definition outlives its section.
        if not held and part.kind == "letter?":
            # A letter without a meaning is explained further down, or nowhere.
            held = [n for n in range(place, len(document)) if document[n].kind in kinds][:1]
        if not held:
            known = part.kind in ("stride", "array?")
            verdicts.append(Verdict.REFUTED if known else Verdict.UNDECIDED)
        elif part.kind in ("letter?", "array?") and (
            stride(document, held[-1], "suppose")
            not in (None, stride(document, place, "suppose", "assume"))
        ):
            # What is defined under an assumption has a value where that one holds.
            verdicts.append(Verdict.UNDECIDED)
        else:
            same = document[held[-1]].value == part.value
            verdicts.append(Verdict.PROVED if same else Verdict.REFUTED)
    return verdicts


def plausible(document: list[Part]) -> bool:
    """Leave out two assumptions that contradict each other by declaration."""
    where = paths(document)
    stated = [n for n, part in enumerate(document) if part.kind in ("assume", "suppose")]
    return not any(
        where[later][: len(where[n])] == where[n]
        and "assume" in (document[n].kind, document[later].kind)
        for later in stated
        for n in stated
        if n < later
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(parts, min_size=3, max_size=14).filter(plausible))
@example([Part("suppose", 1), Part("array", 1), Part("suppose", 2), Part("array", 1)])
def test_what_is_said_holds_where_a_reading_of_scope_says_that_it_does(
    document: list[Part],
) -> None:
    read = outline(parse_text("a.md", written(document)), declared_by(None))
    results = run(tasks(read, PlainJudge())).results
    # A definition that says the same once more is true, where the first one has a value.
    said = [item for item in results if item.statement.startswith(("r = ", "h_k = "))]
    supposed = any(part.kind == "suppose" for part in document)
    for item in said:
        outside = supposed and item.code == "outside-definition"
        assert item.verdict in (None, Verdict.PROVED) or outside
    judged = [item for item in results if item.verdict is not None and item not in said]
    assert [item.verdict for item in judged] == expected(document)


@pytest.mark.parametrize(
    ("document", "verdicts"),
    [
        ([Part("heading", 1), Part("assume", 2), Part("stride", 2)], [Verdict.PROVED]),
        ([Part("heading", 1), Part("assume", 2), Part("stride", 1)], [Verdict.REFUTED]),
        (
            [Part("heading", 2), Part("assume", 2), Part("heading", 1), Part("stride", 2)],
            [Verdict.REFUTED],
        ),
        (
            [Part("heading", 1), Part("assume", 2), Part("heading", 2), Part("stride", 2)],
            [Verdict.PROVED],
        ),
        ([Part("heading", 1), Part("letter", 2), Part("heading", 1), Part("letter?", 2)],
         [Verdict.PROVED]),
    ],
)  # fmt: skip
def test_the_reading_of_scope_itself(document: list[Part], verdicts: list[Verdict]) -> None:
    assert expected(document) == verdicts
