"""Whole documents, right, wrong and malformed: each says what is expected of it.

A comment ``expect: ill-formed out-of-range`` says what the formulas behind it get, up to the
next such comment; ``none`` that nothing is judged there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.loading import load, parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Result, Verdict
from tests.runs import quick_rows

pytestmark = pytest.mark.xdist_group("sample documents")  # Each is checked once for all.
SAMPLES = Path(__file__).with_name("samples")
EXPECTATION = re.compile(r"(?:<!--|%) expect: ([^\n]*?)\s*(?:-->)?$", re.MULTILINE)


@cache
def _check(path: Path) -> tuple[Result, ...]:
    return check_document(load(path), declared_by(None))


def _line(result: Result) -> int:
    assert result.location is not None
    return int(result.location.rsplit(":", 2)[1])


def _judged(results: tuple[Result, ...], first: int, last: float) -> list[str]:
    return [
        f"{result.verdict.value} {result.code or ''}".strip()
        for result in results
        if result.verdict is not None and first < _line(result) <= last
    ]


def _paths(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((SAMPLES / folder).iterdir())
        if path.suffix != ".ipynb" and "expect:" in path.read_text(encoding="utf-8")
    ]


ALL = _paths("right", "wrong", "malformed", "notations")


@quick_rows(5, "each sample is one document more, read and judged by the same way")
@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_sample_gets_what_it_expects(path: Path) -> None:
    results = _check(path)
    text = path.read_text(encoding="utf-8")
    found = list(EXPECTATION.finditer(text))
    places = [text.count("\n", 0, item.start()) + 1 for item in found]
    for item, first, last in zip(found, places, [*places[1:], float("inf")], strict=True):
        wanted = [] if item.group(1) == "none" else item.group(1).split(", ")
        got = _judged(results, first, last)
        assert len(got) == len(wanted), (first, got)
        # A verdict without its code says that the code is not the point.
        assert all(have.startswith(want) for have, want in zip(got, wanted, strict=True)), (
            first,
            got,
        )
    before = places[0] if places else float("inf")
    assert _judged(results, 0, before) == []


NOTATIONS = {
    "align": r"\begin{align}",
    "curly_d": r"\frac{\partial L}",
    "eqnarray": r"\begin{eqnarray}",
    "exclusive_bounds": "upper-bounds exclusive",
    "flipped_kernel": "w_{f,c,HH-1-p,WW-1-q}",
    "inclusive_bounds": "upper-bounds inclusive",
    "no_batch": "x^{pad}_{c,",
    "one_based": "index-base 1",
    "one_dimensional": "array x (M)",
    "single_channel": "y_{kl}",
    "straight_d": r"\frac{d\mathcal{L}}",
    "zero_based": "from zero",
}


def test_every_notation_has_a_document_of_its_own() -> None:
    assert [path.stem for path in _paths("notations")] == list(NOTATIONS)


@quick_rows(2, "each notation is read by tests of the reader in the quick run")
@pytest.mark.parametrize("path", _paths("notations"), ids=lambda path: path.stem)
def test_every_notation_has_right_wrong_and_malformed_formulas(path: Path) -> None:
    assert NOTATIONS[path.stem] in path.read_text(encoding="utf-8")
    judged = [result for result in _check(path) if result.verdict is not None]
    right = [result for result in judged if result.verdict is Verdict.PROVED]
    wrong = [result for result in judged if _is_false(result) and result.method == "proof"]
    malformed = [result for result in judged if result.method is None]
    assert right
    assert wrong
    assert malformed
    for result in malformed:
        assert result.verdict in (Verdict.ILL_FORMED, Verdict.UNDECIDED)
        assert result.detail


@pytest.mark.parametrize("path", _paths("right"), ids=lambda path: path.stem)
def test_a_right_document_holds_nothing_false_or_undecided(path: Path) -> None:
    results = _check(path)
    judged = [result for result in results if result.verdict is not None]
    assert judged
    assert {result.verdict for result in judged} == {Verdict.PROVED}


@quick_rows(3, "each sample is one document more, explained by the same way")
@pytest.mark.parametrize("path", _paths("wrong"), ids=lambda path: path.stem)
def test_each_failed_equality_of_a_wrong_document_says_why(path: Path) -> None:
    failed = [item for item in _check(path) if _is_false(item)]
    assert failed
    for result in failed:
        assert result.detail
        assert result.location is not None
        assert result.location.startswith(str(path))
        if result.method == "proof":
            assert result.counterexample is not None


def _is_false(result: Result) -> bool:
    return result.verdict is not None and result.verdict.is_false


CORRECTED = {
    "bounds": r"\sum_{p=0}^{HH-1}",
    "mean": r"\frac{\partial L}{\partial b_{g}} = \sum_{n=0}^{N-1}",
    "no_padding": r"\mathbb{1}(0 \le kS+p-P \le H-1)",
    "shifts": r"\delta_{p+kS-P,i} \delta_{q+lS-P,j}",
    "sums": r"\left\lfloor \frac{H+2P-HH}{S} \right\rfloor",
}


@quick_rows(1, "each row is one more sample")
@pytest.mark.parametrize("name", CORRECTED)
def test_a_failed_equality_shows_what_would_be_right(name: str) -> None:
    [path] = [path for path in _paths("wrong") if path.stem == name]
    notes = [note for result in _check(path) for note in result.notes]
    assert any(note.startswith("would be right: ") and CORRECTED[name] in note for note in notes), (
        notes
    )


@pytest.mark.parametrize("name", CORRECTED)
def test_what_would_be_right_is_proved_when_it_is_pasted(name: str) -> None:
    [path] = [path for path in _paths("wrong") if path.stem == name]
    known = declared_by(layer_by_name("conv2d"))
    right = [
        note.removeprefix("would be right: ")
        for result in _check(path)
        for note in result.notes
        if note.startswith("would be right: ")
    ]
    assert right
    for formula in right:
        results = check_document(parse_text("pasted.md", f"$$\n{formula}\n$$\n"), known)
        judged = [item.verdict for item in results if item.verdict is not None]
        assert judged == [Verdict.PROVED], (formula, results)


READINGS = {
    "one_based": "proved when indices count from 1",
    "flipped": "proved when the kernel w is read as flipped",
    "mean": "proved when the loss is the mean over the batch, not the sum",
    "no_padding": "proved when entries outside an array are read as zero",
}


@pytest.mark.parametrize("name", READINGS)
def test_a_convention_under_which_it_is_proved_is_named_and_the_verdict_stays(name: str) -> None:
    [path] = [path for path in _paths("wrong") if path.stem == name]
    [result] = [item for item in _check(path) if item.verdict is not None]
    assert _is_false(result)
    named = [note for note in result.notes if note.kind == "convention"]
    assert any(note.startswith(READINGS[name]) for note in named), result.notes


def test_exclusive_bounds_are_named_when_they_make_it_true() -> None:
    text = (
        "<!-- symconv: layer conv2d -->\n"
        r"$$y_{n,f,k,l} = b_f + \sum_{c=0}^{C}\sum_{p=0}^{HH}\sum_{q=0}^{WW}"
        r" w_{f,c,p,q} x^{pad}_{n,c,kS+p,lS+q}$$"
    )
    [result] = check_document(parse_text("a.md", text), declared_by(None))
    assert result.verdict is Verdict.ILL_FORMED
    assert any("upper bounds are read as exclusive" in note for note in result.notes)
    assert any(r"\sum_{c=0}^{C-1}" in note for note in result.notes)


def test_a_convention_is_not_named_when_it_does_not_help() -> None:
    results = _check(SAMPLES / "wrong" / "sums.md")
    assert not any(note.startswith("proved when") for item in results for note in item.notes)


def test_the_cells_of_a_notebook_are_checked_where_they_stand_in_its_file() -> None:
    path = SAMPLES / "right" / "notebook.ipynb"
    lines = path.read_text(encoding="utf-8").split("\n")
    results = _check(path)
    assert [item.verdict for item in results] == [Verdict.PROVED, None, Verdict.PROVED]
    first, code, last = results
    assert lines[_line(first) - 1].lstrip().startswith('"$$')
    assert "%matplotlib" in lines[_line(code) - 1]
    assert code.code == "not-run"
    place = lines[_line(last) - 1].index("partial y") - len("\\\\frac{\\\\")
    assert last.location == f"{path}:{_line(last)}:{place + 1}"


def test_a_wrong_notebook_of_one_line_has_places_all_the_same() -> None:
    path = SAMPLES / "wrong" / "notebook.ipynb"
    text = path.read_text(encoding="utf-8")
    right, code, wrong = _check(path)
    assert right.verdict is Verdict.PROVED
    assert code.code == "not-python"
    assert wrong.verdict is Verdict.REFUTED
    assert wrong.location is not None
    column = int(wrong.location.rsplit(":", 1)[1])
    assert text[column - 1 :].startswith("\\\\frac{\\\\partial y")


def test_sizes_that_a_document_adds_to_its_layer_do_not_disturb_it() -> None:
    text = (
        "<!-- symconv: layer conv2d; size K; array v (K) -->\n"
        r"$\frac{\partial y_{n,f,k,l}}{\partial b_g} = \delta_{f,g}$"
        "\n"
        r"$\frac{\partial y_{n,f,k,l}}{\partial b_g} = 2\delta_{f,g}$"
        "\n"
        r"$\sum_{i=0}^{K-1} v_i = \sum_{i=0}^{K-2} v_i$"
    )
    results = check_document(parse_text("a.md", text), declared_by(None))
    assert [item.verdict for item in results] == [
        Verdict.PROVED,
        Verdict.REFUTED,
        Verdict.REFUTED,
    ]
    assert any("would be right" in note for note in results[1].notes)


def test_corrections_are_searched_for_so_many_failures_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("symconv.documents.judging.MOST_SEARCHES", 1)
    text = "<!-- symconv: layer conv2d -->\n" + "\n".join(
        rf"$\frac{{\partial y_{{n,f,k,l}}}}{{\partial b_g}} = {factor}\delta_{{f,g}}$"
        for factor in (2, 3)
    )
    first, second = check_document(parse_text("a.md", text), declared_by(None))
    assert first.notes[-1].startswith("would be right: ")
    assert second.verdict is Verdict.REFUTED
    assert second.notes[-1] == "what would be right is searched for 1 equalities alone"
