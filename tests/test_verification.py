"""The orchestration: what is checked, what disagreement does, and that nothing slips through."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from symconv import Delta, Derivative, Sum, claim, conv2d, indices, sizes, verify
from symconv.algebra.expressions import Statement
from symconv.concrete import site as site_module
from symconv.concrete.differences import Difference
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.site import Site
from symconv.errors import InternalError, NotSupported, UsageError
from symconv.layers.layer import Loop
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.loops import spoil_loop
from symconv.mistakes.spoiling import spoil
from symconv.proof.equality import prove
from symconv.verdicts import Result, Verdict

LAYER = conv2d()
SMALL = "N=1,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"
EVERYTHING = [*LAYER.statements, *LAYER.loops]
SHARE = 1 if os.environ.get("SYMCONV_LONG") == "1" else 6
"""Every how many spoiled statements one is tried: all of them in the long run."""

N, S, HH, Hh, Hw = sizes("N S HH Hh Hw")
n, f, c, k, l, i, j = indices("n f c k l i j")
L, x, w, b, dout, x_pad = (
    LAYER.array_by_name[name] for name in ("L", "x", "w", "b", "dout", "x_pad")
)


@cache
def sites() -> tuple[Site, ...]:
    chosen = [LAYER.sizes(text) for text in LAYER.default_sizes]
    return tuple(Site(LAYER, one) for one in sorted(chosen, key=lambda one: one.order()))


@pytest.mark.parametrize("text", LAYER.default_sizes)
def test_everything_is_verified_at_every_default_size(text: str) -> None:
    report = verify(sizes=[text], methods=["closed-form", "numbers"])
    assert report, [f"{result.key}: {result.detail}" for result in report.failures]
    judged = {result.key for result in report}
    skipped = {item.key for item in EVERYTHING} - judged
    assert skipped <= {"y:example", "output-size:fraction-Hh", "output-size:fraction-Hw"}
    assert all(result.verdict is Verdict.VERIFIED for result in report)


def test_every_statement_is_proved_for_every_size() -> None:
    report = verify(methods=["proof"])
    assert report
    assert {result.key for result in report} == {item.key for item in LAYER.statements}
    assert all(result.verdict is Verdict.PROVED for result in report)
    assert all(result.sizes is None and result.evidence is not None for result in report)
    assert report.solver is not None


def test_each_way_can_be_selected() -> None:
    report = verify("dL/dw", sizes=SMALL)
    assert {result.method for result in report} == {"proof", "closed-form", "numbers"}
    assert {result.route for result in report} == {"smt", "tables", "sympy", "loops"}
    only = verify("dL/dw", sizes=SMALL, methods="numbers")
    assert {result.method for result in only} == {"numbers"}
    assert only.solver is None


def first_failure(item: Statement | Loop) -> Result | None:
    for site in sites():
        if site.admits(item):
            for result in site.check(item, ("closed-form",)):
                if result.verdict is not None and result.verdict.is_false:
                    return result
    return None


@pytest.mark.parametrize("statement", LAYER.statements, ids=lambda item: item.key)
def test_every_spoiled_statement_turns_the_run_red(statement: Statement) -> None:
    tried = 0
    for number, wrong in enumerate(spoil(statement)):
        if number % SHARE:
            continue
        tried += 1
        result = first_failure(wrong.statement)
        if result is None:
            # An edit that changes nothing; then that is a theorem.
            outcome = prove(wrong.statement, LAYER)
            assert outcome.verdict is Verdict.PROVED, f"{wrong.mistake.name} {wrong.where}"
            continue
        assert result.counterexample is not None
        assert result.sizes is not None
        if result.verdict is Verdict.REFUTED:
            assert result.counterexample.left != result.counterexample.right
    assert tried


@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda item: item.name)
def test_every_spoiled_loop_turns_the_run_red(loop: Loop) -> None:
    tried = 0
    for number, wrong in enumerate(spoil_loop(loop)):
        if number % SHARE:
            continue
        tried += 1
        result = first_failure(wrong.loop)
        assert result is not None, f"{wrong.mistake.name} {wrong.where}"
        assert result.verdict is Verdict.REFUTED
        assert result.code in ("wrong-value", "wrong-shape", "raised")
        assert (result.counterexample is not None) == (result.code == "wrong-value")
    assert tried


def test_the_catalogue_is_large_enough() -> None:
    assert len({mistake.name for mistake in CATALOGUE}) >= 40


def wrong_bias() -> Statement:
    """Return dL/db with the sum over images left out."""
    return claim(
        Derivative(L[()], b[f]),
        Sum(dout[0, f, k, l], (k, 0, Hh - 1), (l, 0, Hw - 1)),
        name="mine",
    )


TWO_IMAGES = "N=2,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0"


def test_a_users_statement_is_refuted_with_the_same_example_by_every_route() -> None:
    report = verify(wrong_bias(), sizes=TWO_IMAGES, methods="closed-form")
    assert [result.route for result in report] == ["tables", "sympy"]
    (first, second) = (result.counterexample for result in report)
    assert first == second
    assert first is not None
    assert first.monomial == "dout[1,0,0,0]"
    assert (first.left, first.right) == ("dout[0,0,0,0] + dout[1,0,0,0]", "dout[0,0,0,0]")


def test_numbers_refute_with_both_values() -> None:
    wrong = replace(wrong_bias(), name="dL/db", form="mine")
    report = verify([wrong], sizes=TWO_IMAGES, methods="numbers")
    # A formula is compared with loops only where it gives the array that they compute.
    assert not report
    (result,) = report
    assert result.counterexample is not None
    assert result.counterexample.left != result.counterexample.right
    assert "float64" in result.detail


def test_false_in_general_and_true_at_a_size_is_coherent() -> None:
    report = verify(wrong_bias(), sizes=SMALL, methods=["proof", "closed-form"])
    verdicts = {result.method: result.verdict for result in report}
    assert verdicts == {"proof": Verdict.REFUTED, "closed-form": Verdict.VERIFIED}
    assert report.exit_code == 1


def test_an_ill_formed_statement_names_the_entry_and_where() -> None:
    statement = claim(w[f, c, i, j], Sum(w[f, c, k, j], (k, 0, HH)), name="mine")
    report = verify(statement, sizes=SMALL, methods="closed-form")
    for result in report:
        assert result.verdict is Verdict.ILL_FORMED
        assert result.code == "out-of-range"
        assert "w[f,c,k,j] reads w[" in result.detail or "outside" in result.detail
        assert result.counterexample is not None
        assert result.counterexample.monomial is None


def test_statements_without_names_are_numbered_and_names_are_unique() -> None:
    nameless = claim(x[n, c, i, j], x[n, c, i, j])
    report = verify([nameless, replace(nameless)], sizes=SMALL, methods="closed-form")
    assert {result.key for result in report} == {"statement 1", "statement 2"}
    with pytest.raises(UsageError, match="two statements are called mine"):
        _ = verify([wrong_bias(), wrong_bias()])
    with pytest.raises(UsageError, match=r"two statements are called dL/dw:contracted"):
        _ = verify([LAYER.statement("dL/dw"), "dL/dw"])


@pytest.mark.parametrize("methods", [[], ["magic"], "magic"])
def test_unknown_methods_are_refused(methods) -> None:
    with pytest.raises(UsageError, match="method"):
        _ = verify("dL/dw", methods=methods)


def test_progress_counts_up_to_the_end() -> None:
    seen: list[tuple[int, int, str]] = []
    assert verify("dL/dw", sizes=SMALL, progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == list(range(len(seen)))
    assert seen[-1][0] == seen[-1][1] == len(seen) - 1
    assert "dL/dw:chain for every size" in seen[0][2]


# Disagreement between independent ways stops loudly.


def test_a_route_that_misses_a_mistake_is_noticed_by_the_other(monkeypatch) -> None:
    monkeypatch.setattr(Tables, "compare", lambda *_: None)
    with pytest.raises(InternalError, match="tables says"):
        _ = verify(wrong_bias(), sizes=TWO_IMAGES, methods="closed-form")


def test_a_counterexample_that_does_not_replay_is_noticed(monkeypatch) -> None:
    difference = Difference({"f'": 0}, (("dout", (0, 0, 0, 0)),), 1, 0)
    monkeypatch.setattr(Tables, "compare", lambda *_: difference)
    with pytest.raises(InternalError, match="does not replay"):
        _ = verify("dL/db:contracted", sizes=SMALL, methods="closed-form")


def test_a_loop_counterexample_that_does_not_replay_is_noticed(monkeypatch) -> None:
    difference = Difference({"f'": 0}, (("dout", (0, 0, 0, 0)),), 1, 0)
    monkeypatch.setattr(Tables, "compare_loop", lambda *_: difference)
    with pytest.raises(InternalError, match="does not replay"):
        _ = verify("loop/db", sizes=SMALL, methods="closed-form")


def test_a_meaning_lost_by_one_way_only_is_noticed(monkeypatch) -> None:
    from symconv.errors import IllFormed

    def lose(*_: object) -> None:
        raise IllFormed("nothing is wrong really")

    monkeypatch.setattr(Tables, "compare", lose)
    with pytest.raises(InternalError, match="evaluation finds it well-formed"):
        _ = verify("dL/db:contracted", sizes=SMALL, methods="closed-form")


def test_a_proof_beside_a_failing_size_is_noticed(monkeypatch) -> None:
    proved = prove(LAYER.statement("dL/db"), LAYER)
    monkeypatch.setattr("symconv.verification.prove", lambda *_: proved)
    with pytest.raises(InternalError, match="proved for every size, but refuted"):
        _ = verify(wrong_bias(), sizes=TWO_IMAGES)


def test_what_the_tables_cannot_express_is_decided_by_sympy_alone() -> None:
    square = claim(x[n, c, i, j] * x[n, c, i, j], x[n, c, i, j] * x[n, c, i, j], name="square")
    report = verify(square, sizes=SMALL, methods="closed-form")
    assert [result.route for result in report] == ["sympy"]
    assert report
    wrong = replace(square, rhs=x[n, c, i, j] * x[n, c, 0, j])
    assert not verify(wrong, sizes=SMALL, methods="closed-form")


def test_what_no_route_can_decide_is_undecided_and_never_a_pass(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise NotSupported("beyond the tables")

    monkeypatch.setattr(Tables, "compare", refuse)
    monkeypatch.setattr(site_module, "ORACLE_TERMS_ALONE", 0)
    report = verify("dL/db:contracted", sizes=SMALL, methods="closed-form")
    assert not report
    assert report.exit_code == 3
    assert report[0].verdict is Verdict.UNDECIDED
    assert report[0].detail == "beyond the tables"


def test_loops_that_raise_or_return_another_shape_are_refuted() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def raises(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    def longer(dout, b):
        return np.zeros_like(b, shape=(b.shape[0] + 1,))

    for function, code, words in (
        (raises, "raised", "ZeroDivisionError: by nothing"),
        (longer, "wrong-shape", "shape (2,), expected (1,)"),
    ):
        report = verify([replace(loop, function=function)], sizes=SMALL)
        assert not report
        assert {result.code for result in report} == {code}
        assert all(words in result.detail for result in report)


def test_a_loop_that_is_wrong_in_one_dtype_only_is_caught_by_numbers() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def rounded(dout, b):
        result = loop.function(dout, b)
        return result + 1 if result.dtype == np.float32 else result

    report = verify([replace(loop, function=rounded)], sizes=SMALL, methods="numbers")
    assert not report
    assert "float32" in report[0].detail


def test_delta_statements_of_ones_own_are_decided() -> None:
    right = claim(Derivative(x[n, c, i, j], x[n, c, k, l]), Delta(i, k) * Delta(j, l), name="mine")
    assert verify(right, sizes=SMALL)
    wrong = replace(right, rhs=Delta(i, k))
    assert not verify(wrong, sizes=SMALL)
