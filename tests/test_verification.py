"""The orchestration: what is checked, what disagreement does, and that nothing slips through."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import pytest

from symconv import (
    Array,
    Delta,
    Derivative,
    Sizes,
    Sum,
    claim,
    conv2d,
    equal,
    indices,
    sizes,
    verify,
)
from symconv.algebra.expressions import Add, Statement
from symconv.algebra.indices import Range, as_integer
from symconv.concrete import site as site_module
from symconv.concrete.differences import Difference
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.site import Witnesses, check_at
from symconv.errors import InternalError, NotSupported, SizesError, UsageError
from symconv.layers.layer import Layer, Loop
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.spoiled_loops import spoil_loop
from symconv.mistakes.spoiling import spoil
from symconv.proof.equality import prove
from symconv.reports.terminal import report_text
from symconv.verdicts import Evidence, Result, Verdict
from symconv.verification import Settled, run
from tests.runs import quick_rows, share

LAYER = conv2d()
SMALL = "N=1,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"
EVERYTHING = [*LAYER.statements, *LAYER.loops]

N, S, HH, Hh, Hw = sizes("N S HH Hh Hw")
n, f, c, k, l, i, j = indices("n f c k l i j")
L, x, w, b, dout, x_pad = (
    LAYER.array_by_name[name] for name in ("L", "x", "w", "b", "dout", "x_pad")
)


@cache
def sites() -> tuple[Witnesses, ...]:
    chosen = [LAYER.sizes(text) for text in LAYER.default_sizes]
    return tuple(Witnesses(LAYER, one) for one in sorted(chosen, key=lambda one: one.order()))


@quick_rows(2, "each row is one more size")
@pytest.mark.parametrize("text", LAYER.default_sizes)
def test_everything_is_verified_at_every_default_size(text: str) -> None:
    report = verify(sizes=[text], methods=["closed-form", "numbers"])
    assert report, [f"{result.key}: {result.detail}" for result in report.failures]
    assert {result.key for result in report} == {item.key for item in EVERYTHING}
    skipped = {result.key for result in report if result.verdict is None}
    assert skipped <= {"y:example", "output-size:fraction-Hh", "output-size:fraction-Hw"}
    assert all(result.code == "assumptions-not-met" for result in report if not result.method)
    assert all(result.verdict is Verdict.VERIFIED for result in report if result.method)


def test_every_statement_is_proved_for_every_size() -> None:
    report = verify(methods=["proof"])
    assert report
    proofs = report.only(method="proof")
    assert {result.key for result in proofs} == {item.key for item in LAYER.statements}
    assert all(result.verdict is Verdict.PROVED for result in proofs)
    assert all(result.sizes is None and result.evidence is not None for result in proofs)
    assert report.solver is not None
    left = [result for result in report if result.method is None]
    assert {result.key for result in left} == {loop.name for loop in LAYER.loops}
    assert all(result.verdict is None for result in left)


def test_each_way_can_be_selected() -> None:
    report = verify("dL/dw", sizes=SMALL)
    assert {result.method for result in report} == {"proof", "closed-form", "numbers"}
    assert {result.route for result in report} == {"smt", "tables", "sympy", "loops"}
    only = verify("dL/dw:contracted", sizes=SMALL, methods="numbers")
    assert {result.method for result in only} == {"numbers"}
    assert only.solver is None


def first_failure(item: Statement | Loop) -> Result | None:
    for site in sites():
        check = check_at(site, item, ("closed-form",))
        if check.admits():
            for result in check.run():
                if result.verdict is not None and result.verdict.is_false:
                    return result
    return None


@quick_rows(14, "the statements are spoiled and compared in tests of mistakes in the quick run")
@pytest.mark.parametrize("statement", LAYER.statements, ids=lambda item: item.key)
def test_every_spoiled_statement_turns_the_run_red(statement: Statement) -> None:
    tried = 0
    for wrong in share(list(spoil(statement)), quick=15):
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
    for wrong in share(list(spoil_loop(loop)), quick=15):
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


@pytest.mark.parametrize(("axis", "lower", "upper"), [(0, 1, 1), (0, 0, 0), (1, 1, 2), (3, 1, 1)])
def test_a_statement_about_a_part_of_an_array_is_not_compared_with_all_of_it(
    axis, lower, upper
) -> None:
    whole = LAYER.statement("dL/dw:contracted")
    free = list(whole.free)
    free[axis] = Range(free[axis].index, as_integer(lower), as_integer(upper))
    part = replace(whole, form="part", free=tuple(free))
    at = "N=2,C=3,F=2,H=5,W=4,HH=2,WW=2,S=1,P=1"
    report = verify([part], sizes=at, methods=["closed-form", "numbers"])
    assert report
    assert {result.method for result in report} == {"closed-form"}
    (alone,) = verify([part], sizes=at, methods="numbers")
    assert (alone.verdict, alone.code) == (Verdict.UNDECIDED, "not-applicable")
    free[axis] = Range(free[axis].index, as_integer(0), whole.free[axis].upper)
    again = replace(whole, form="again", free=tuple(free))
    (alone,) = verify([again], sizes=at, methods="numbers")
    assert alone.verdict is Verdict.VERIFIED


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
    monkeypatch.setattr("symconv.explanations.proving.prove", lambda *_: proved)
    with pytest.raises(InternalError, match="proved for every size, but refuted"):
        _ = verify(wrong_bias(), sizes=TWO_IMAGES)


PROVED = Result("a", verdict=Verdict.PROVED, evidence=Evidence(), location="a.md:1:1")
FALSE = Result("a", verdict=Verdict.ILL_FORMED, location="a.md:1:1")


def test_one_run_tells_its_progress_and_reports_in_order() -> None:
    told: list[tuple[int, int, str]] = []
    report = run([Settled(FALSE), Settled(Result("b"))], lambda *now: told.append(now))
    assert told == [(0, 2, "a"), (1, 2, "b"), (2, 2, "")]
    assert [result.statement for result in report] == ["a", "b"]


def test_a_proof_and_a_failure_of_one_place_are_incoherent_and_of_two_places_are_not() -> None:
    with pytest.raises(InternalError, match="a is proved for every size, but ill-formed"):
        _ = run([Settled(PROVED), Settled(FALSE)])
    elsewhere = replace(FALSE, location="a.md:5:1")
    assert len(run([Settled(PROVED), Settled(elsewhere)]).failures) == 1


def test_a_task_that_comes_to_nothing_is_noticed() -> None:
    class Lost:
        name = "lost"

        def run(self) -> tuple[Result, ...]:
            return ()

    with pytest.raises(InternalError, match="lost: nobody knows"):
        _ = run([Lost()])


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


@pytest.mark.parametrize(
    ("methods", "verdict"), [("proof", Verdict.PROVED), ("closed-form", Verdict.VERIFIED)]
)
def test_what_is_too_large_is_undecided_and_its_neighbour_keeps_its_verdict(
    methods, verdict
) -> None:
    deep = x[n, c, i, j] + 0
    for _ in range(3_000):
        deep = Add((deep, x[n, c, i, j]))
    huge = claim(x[n, c, i, j] * 10**600, x[n, c, i, j], name="huge")
    report = verify(
        [replace(huge, lhs=deep, name="deep"), huge, "dL/db:contracted"],
        sizes=() if methods == "proof" else SMALL,
        methods=methods,
    )
    assert report.exit_code == 3
    codes = {result.key: result.code for result in report if result.code == "too-large"}
    assert set(codes) == {"huge", "deep"}
    others = [result for result in report if result.key not in codes]
    assert {result.key for result in others} == {"dL/db:contracted"}
    assert {result.verdict for result in others} == {verdict}
    alone = verify(huge, methods=methods)
    assert (alone.exit_code, alone[0].code) == (3, "too-large")


def test_delta_statements_of_ones_own_are_decided() -> None:
    right = claim(Derivative(x[n, c, i, j], x[n, c, k, l]), Delta(i, k) * Delta(j, l), name="mine")
    assert verify(right, sizes=SMALL)
    wrong = replace(right, rhs=Delta(i, k))
    assert not verify(wrong, sizes=SMALL)


# What was asked for does not get lost.


@pytest.mark.parametrize("methods", [["numbers"], ["proof"]])
def test_what_no_selected_method_can_check_is_undecided(methods) -> None:
    (db,) = (item for item in LAYER.loops if item.name == "loop/db")
    jacobian = claim(Derivative(x[n, c, i, j], x[n, c, k, l]), 2 * Delta(i, k), name="mine")
    lost = db if methods == ["proof"] else jacobian
    other = "dL/db:contracted" if methods == ["proof"] else db
    report = verify([lost, other], sizes=SMALL, methods=methods)
    assert not report
    assert report.exit_code == 3
    (result,) = report.failures
    assert (result.key, result.code) == (lost.key, "not-applicable")


def test_a_statement_whose_assumptions_no_size_meets_is_listed_as_not_judged() -> None:
    assuming = replace(wrong_bias(), assumptions=(equal(S, 7),))
    report = verify([assuming, "dL/db:contracted"], sizes=SMALL, methods="closed-form")
    (left_out,) = (result for result in report if result.verdict is None)
    assert (left_out.key, left_out.code) == ("mine", "assumptions-not-met")
    assert report.summary["not-judged"] == 1


def test_a_verdict_on_a_statement_with_assumptions_names_them() -> None:
    statement = claim(S * x[n, c, i, j], x[n, c, i, j], name="scaled", assumptions=(equal(S, 1),))
    results = verify([statement, "dL/db:contracted"], sizes=SMALL)
    assert all(item.verdict is not None and item.verdict.is_true for item in results)
    for item in results:
        assert item.assumptions == (("S = 1",) if item.key == "scaled" else ())
    assert "scaled: proved where S = 1" in report_text(results, io.StringIO())
    assert prove(statement, LAYER).assumptions == (equal(S, 1),)


def test_an_assumption_without_meaning_is_ill_formed_and_spoils_nothing_else() -> None:
    strange = replace(wrong_bias(), assumptions=(equal(f, 0),))
    report = verify([strange, "loop/db"], sizes=SMALL, methods="closed-form")
    assert report.exit_code == 1
    (result,) = report.failures
    assert (result.key, result.verdict, result.code) == (
        "mine", Verdict.ILL_FORMED, "unbound-index",
    )  # fmt: skip


def test_an_empty_selection_is_no_green_run() -> None:
    for nothing in ([], (item for item in [])):
        with pytest.raises(UsageError, match="nothing selected"):
            _ = verify(nothing)


def test_sizes_made_by_hand_are_checked_like_any_others() -> None:
    good = LAYER.sizes(SMALL)
    by_hand = Sizes({**good.by_symbol, S: 0}, {})
    with pytest.raises(SizesError):
        _ = verify("dL/db", sizes=[by_hand])


def test_an_array_of_another_shape_may_not_take_a_known_name() -> None:
    longer = Array("b", (N,))
    with pytest.raises(UsageError, match=r"b has the shape \(N\), that of conv2d has \(F\)"):
        _ = verify(claim(longer[n], longer[n], name="mine"), sizes=SMALL)


def test_a_derivative_of_a_derivative_is_checked_at_given_sizes_too() -> None:
    vector = Array("v", (N,))
    layer = Layer(name="square", given=(N,), inputs=(vector,))
    squares = Sum(vector[n] * vector[n], (n, 0, N - 1))
    second = Derivative(Derivative(squares, vector[i]), vector[j])
    assert verify(claim(second, 2 * Delta(i, j), name="right"), layer=layer, sizes=["N=2"])
    wrong = verify(claim(second, Delta(i, j), name="wrong"), layer=layer, sizes=["N=2"])
    assert {item.verdict for item in wrong} == {Verdict.REFUTED}


def test_ranges_of_free_indices_that_have_no_end_are_ill_formed_at_given_sizes() -> None:
    vector = Array("v", (N,))
    layer = Layer(name="halves", given=(N,), inputs=(vector,))
    halves = claim(vector[i], vector[i], name="halves", ranges={j: (0, i / 2)})
    report = verify(halves, layer=layer, sizes=["N=3"], methods=["closed-form"])
    assert {(item.verdict, item.code) for item in report} == {
        (Verdict.ILL_FORMED, "non-integer-bound")
    }
    whole = claim(vector[i], vector[i], name="whole", ranges={j: (0, i)})
    assert verify(whole, layer=layer, sizes=["N=3"], methods=["closed-form"])


def test_where_no_entry_is_compared_nothing_is_verified() -> None:
    vector = Array("v", (N,))
    layer = Layer(name="line", given=(N,), minimum={N: 0}, inputs=(vector,))
    wrong = claim(vector[i], 2 * vector[i], name="wrong")
    with pytest.raises(UsageError, match="no selected statement says anything at these sizes"):
        _ = verify(wrong, layer=layer, sizes=["N=0"], methods=["closed-form"])
    empty = claim(Sum(vector[i], (i, 0, N - 1)), 0, name="empty")
    report = verify([wrong, empty], layer=layer, sizes=["N=0"], methods=["closed-form"])
    assert {item.key: item.verdict for item in report} == {
        "wrong": Verdict.UNDECIDED,
        "empty": Verdict.VERIFIED,
    }
    assert not report
