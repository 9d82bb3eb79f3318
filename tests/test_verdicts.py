"""Verdicts cannot get lost: truth values, exit codes, reports that nobody reads."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings

import pytest

from symconv.errors import InternalError, UsageError
from symconv.verdicts import (
    Counterexample,
    Evidence,
    Note,
    Report,
    Result,
    UnreadReport,
    Verdict,
    VerificationFailed,
)
from tests.runs import by_run

PLACE = {"N": 1}
CASE = Counterexample(sizes=PLACE, indices={"n": 0}, left="x[0]", right="0")


def result(verdict: Verdict | None, key: str = "dL/dx:contracted", **fields) -> Result:
    name, _, form = key.partition(":")
    if verdict is Verdict.REFUTED:
        fields.setdefault("counterexample", CASE)
    if verdict is Verdict.PROVED:
        fields.setdefault("evidence", Evidence())
    return Result(name, form or None, verdict=verdict, sizes=PLACE, **fields)


def test_a_note_has_a_kind_and_a_text_and_is_a_string_for_one_version() -> None:
    note = Note("region", "true when P = 0")
    assert (note.kind, note.text) == ("region", "true when P = 0")
    assert note.startswith("true when")
    assert type(note.text) is str
    again = pickle.loads(pickle.dumps(copy.deepcopy(note)))
    assert (again.kind, again.text) == (note.kind, note.text)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_no_condition(verdict: Verdict) -> None:
    with pytest.raises(TypeError, match="is_true"):
        _ = bool(verdict)


@pytest.mark.parametrize(
    ("verdict", "true", "false"),
    [
        (Verdict.PROVED, True, False),
        (Verdict.VERIFIED, True, False),
        (Verdict.REFUTED, False, True),
        (Verdict.ILL_FORMED, False, True),
        (Verdict.UNDECIDED, False, False),
    ],
)
def test_a_verdict_is_true_only_when_it_was_shown(verdict, true, false) -> None:
    assert verdict.is_true is true
    assert verdict.is_false is false


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PROVED, Verdict.VERIFIED], 0),
        ([Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNDECIDED], 1),
        ([Verdict.ILL_FORMED], 1),
        ([Verdict.VERIFIED, Verdict.UNDECIDED], 3),
        ([Verdict.VERIFIED, None], 0),
        ([None], 2),
        ([], 2),
    ],
)
def test_exit_codes(verdicts: list[Verdict | None], code: int) -> None:
    report = Report(result(verdict) for verdict in verdicts)
    assert report.exit_code == code
    assert bool(report) is (code == 0)


def test_counts_add_up() -> None:
    report = Report(
        [
            result(Verdict.PROVED),
            result(Verdict.REFUTED),
            result(None),
            result(None, kind="definition"),
            result(None, kind="no-statement"),
        ],
        layer="conv2d",
    )
    summary = report.summary
    assert summary["total"] == 5 == sum(summary.values()) - summary["total"]
    assert (summary["proved"], summary["not-judged"], summary["definition"]) == (1, 1, 1)
    assert repr(report).startswith("<Report 1 proved, 1 refuted")


def test_a_report_reads_like_a_sequence_that_can_be_filtered() -> None:
    good, bad = result(Verdict.VERIFIED, "y:patch", method="numbers"), result(Verdict.REFUTED)
    report = Report([good, bad])
    assert list(report) == [good, bad]
    assert (report[0], len(report)) == (good, 2)
    assert report.only(statement="y") == report.only(statement="y:patch") == (good,)
    assert report.only(statement="y:strided") == ()
    assert report.only(method="numbers") == (good,)
    assert report.only(verdict=Verdict.REFUTED) == report.failures == (bad,)


def drop_unread(*verdicts: Verdict) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = Report([result(verdict) for verdict in verdicts]).layer
        _ = gc.collect(by_run(0, 2, 2))
    return caught


@pytest.mark.parametrize("verdict", [Verdict.REFUTED, Verdict.ILL_FORMED, Verdict.UNDECIDED])
def test_a_failing_report_that_nobody_reads_warns(verdict: Verdict) -> None:
    (warning,) = drop_unread(Verdict.VERIFIED, verdict)
    assert warning.category is UnreadReport


def test_a_true_report_may_be_dropped_but_not_an_empty_one() -> None:
    assert drop_unread(Verdict.VERIFIED) == []
    assert len(drop_unread()) == 1


@pytest.mark.parametrize(
    "look",
    [
        bool,
        list,
        lambda report: report.exit_code,
        lambda report: report.summary,
        lambda report: report.failures,
        lambda report: report[0],
        repr,
    ],
)
def test_a_report_that_was_looked_at_does_not_warn(look) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = look(Report([result(Verdict.REFUTED)]))
        _ = gc.collect(by_run(0, 2, 2))
    assert caught == []


def test_requiring_a_report_raises_with_what_failed() -> None:
    Report([result(Verdict.VERIFIED)]).require()
    with pytest.raises(UsageError, match="nothing was judged"):
        Report([]).require()
    failing = Report([result(Verdict.REFUTED)] * 7)
    with pytest.raises(
        VerificationFailed, match=r"dL/dx:contracted: refuted.* and 2 more"
    ) as caught:
        failing.require()
    assert caught.value.exit_code == 1
    assert caught.value.report is failing
    with pytest.raises(VerificationFailed) as caught:
        Report([result(Verdict.UNDECIDED)]).require()
    assert caught.value.exit_code == 3


def test_proved_cannot_be_said_without_a_proof() -> None:
    with pytest.raises(InternalError, match="go together"):
        _ = result(Verdict.PROVED, evidence=None)
    with pytest.raises(InternalError, match="go together"):
        _ = result(Verdict.VERIFIED, evidence=Evidence())


def test_refuted_cannot_be_said_without_a_reason() -> None:
    with pytest.raises(InternalError, match="without a counterexample"):
        _ = result(Verdict.REFUTED, counterexample=None)
    assert result(Verdict.REFUTED, counterexample=None, code="wrong-shape").code == "wrong-shape"


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ("1", "0", "the term x[0]*w[0] is missing on the right at n=0"),
        ("2", "0", "the term 2*x[0]*w[0] is missing on the right at n=0"),
        ("0", "1", "the term x[0]*w[0] is too much on the right at n=0"),
        ("1", "2", "the coefficient of x[0]*w[0] is 1 on the left and 2 on the right at n=0"),
    ],
)
def test_a_counterexample_says_what_differs(left: str, right: str, sentence: str) -> None:
    case = Counterexample(PLACE, {"n": 0}, "x[0]*w[0]", left, right, "a", "b")
    assert case.sentence() == sentence


def test_a_counterexample_without_a_monomial_shows_both_values() -> None:
    case = Counterexample(PLACE, {}, left="3", right="4")
    assert case.sentence() == "left is 3, right is 4"
    constant = Counterexample(PLACE, {}, "1", "3", "0", "3", "0")
    assert constant.sentence() == "the term 3 is missing on the right"
