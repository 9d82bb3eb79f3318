"""Certificates: what the prover found unsatisfiable, asked again of a second solver.

Each file is asked as it is, with stride and padding symbolic; the answer must be `unsat`. Where
a dilation is symbolic too, or the stride of a transposed layer, the second solver gives up on a
few within its resource limit; these layers are not among the rows.
"""

from __future__ import annotations

import re
from collections import Counter

import cvc5
import pytest

from symconv.algebra.expressions import Array, Iverson, Statement, Sum
from symconv.algebra.indices import divides, indices, sizes
from symconv.layers.layer import Layer
from symconv.layers.registry import layer_by_name
from symconv.proof.certificates import certificates
from symconv.proof.equality import Proof, prove
from symconv.proof.smt import Solver, smt_text
from tests.runs import LONG, quick_rows

QUICK_KEYS = ("dL/dx:contracted", "dL/dw:contracted", "dL/db:chain", "y:patch", "x_pad")
CONFIRMED = (
    "conv2d",
    "conv1d",
    "conv1d circular",
    "conv1d depthwise",
    "avg_pool1d",
    "avg_pool2d",
    "linear",
)
ROWS = [
    (name, statement.key)
    for name in (CONFIRMED if LONG else CONFIRMED[:1])
    for statement in layer_by_name(name).statements
    if LONG or statement.key in QUICK_KEYS
]
RESOURCES = 200_000


def answer(text: str) -> str:
    """Ask the second solver: sat, unsat or unknown."""
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(RESOURCES))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "certificate")
    output = ""
    while not (command := parser.nextCommand()).isNull():
        output += command.invoke(solver, parser.getSymbolManager())
    return output.strip()


@quick_rows(2, "each row is one more statement")
@pytest.mark.parametrize(("name", "key"), ROWS)
def test_a_second_solver_confirms_every_obligation(name: str, key: str) -> None:
    layer = layer_by_name(name)
    proof = prove(layer.statement(key), layer).proof
    assert proof is not None
    answers = Counter(answer(text) for _, text in certificates(proof))
    assert set(answers) == {"unsat"}, answers


N, S = sizes("N S")
i, p, q = indices("i p q")
x = Array("x", (N,))
LAYER = Layer(name="tiny", given=(N, S), inputs=(x,))
STRIDED = Statement(
    Sum(Iverson(S * p < N) * x[S * p], (p, 0, N - 1)),
    Sum(Iverson(divides(S, q)) * x[q], (q, 0, N - 1)),
    name="strided sum",
    form="gather",
)


def tiny_proof() -> Proof:
    proof = prove(STRIDED, LAYER).proof
    assert proof is not None
    return proof


def test_the_files_say_what_they_show_and_what_to_expect() -> None:
    files = certificates(tiny_proof())
    names = [name for name, _ in files]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"strided.sum.gather-\d{3}-[a-z-]+\.smt2", name) for name in names)
    for _, text in files:
        assert text.startswith("; Layer tiny, statement (strided sum:gather):\n")
        assert "; sum[p=0..N-1]" in text
        assert "(set-logic QF_NIA)" in text
        assert "(set-info :status unsat)" in text
        assert text.rstrip().endswith("(check-sat)")
        assert text.count("(check-sat)") == 1


def test_every_kind_of_obligation_is_among_the_files() -> None:
    kinds = {re.sub(r"^.*?-\d{3}-|\.smt2$", "", name) for name, _ in certificates(tiny_proof())}
    assert {"in-range", "nonzero-divisor", "equal-coefficients"} <= kinds


def test_a_fixed_stride_is_in_the_text_and_in_the_name() -> None:
    (name, text), *_ = certificates(tiny_proof(), fixed={S: 3})
    assert name.endswith("-S=3.smt2")
    assert "; Only where S == 3" in text
    assert answer(text) == "unsat"


def test_the_second_solver_sees_what_is_not_so() -> None:
    proof = tiny_proof()
    obligation = proof.obligations[-1]
    everything = smt_text(proof.hypotheses, obligation.formulas, proof.least)
    without_goal = smt_text(proof.hypotheses, obligation.formulas[:-1], proof.least)
    assert answer(f"(set-logic QF_NIA)\n{everything}\n(check-sat)") == "unsat"
    assert answer(f"(set-logic QF_NIA)\n{without_goal}\n(check-sat)") == "sat"


def test_certificates_are_the_same_when_written_again() -> None:
    first, second = certificates(tiny_proof()), certificates(tiny_proof())
    assert first == second


def test_primed_names_and_odd_names_are_written_so_that_both_solvers_read_them() -> None:
    primed, odd, other = indices("n' n! né")
    text = smt_text((primed < 3, odd < 3, other < 3), (), {})
    declared = re.findall(r"declare-fun (\S+) ", text)
    assert len(set(declared)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_.!]+", name) for name in declared)
    assert answer(f"(set-logic QF_NIA)\n{text}\n(check-sat)") == "sat"


def test_a_solver_without_hypotheses_contradicts_nothing() -> None:
    assert not Solver((), {}).never(i < 3)
    assert Solver((), {}).never(i < 3, i > 3)
