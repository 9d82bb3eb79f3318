from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Condition,
    Constant,
    Index,
    Range,
    Size,
    as_integer,
    between,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import InternalError
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import DerivedSize, Layer
from symconv.mistakes.spoiling import spoil
from symconv.proof import equality
from symconv.proof.counterexample import replay
from symconv.proof.equality import Outcome, Proof, prove, sound_definitions
from symconv.proof.smt import QUICK, Effort, Strategy
from symconv.verdicts import Evidence, Result, Verdict
from tests.runs import LONG, quick_rows, share

CONV2D = conv2d()
A, B, S = sizes("A B S")
D = Size("D")
i, j, k, a = indices("i j k a")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
z, s = Array("z", (A,)), Array("s")
LAYER = Layer(
    name="tiny",
    given=(A, B, S),
    inputs=(u, v, m),
    definitions=(
        Definition(z[i], Sum(m[i, j] * v[j], (j, 0, B - 1)) + u[i] * u[i]),
        Definition(s[()], Sum(u[i] * z[i], (i, 0, A - 1))),
    ),
    derived=(DerivedSize(D, floor((A - 1) / S) + 1, ()),),
)
ALL = (i, 0, A - 1)
FREE = (Range(a, Constant(0), A - 1),)


def claim(left: Expression, right: Expression, *free: tuple, assuming=()) -> Statement:
    ranges = tuple(Range(index, as_integer(low), as_integer(high)) for index, low, high in free)
    return Statement(left, right, ranges, tuple(assuming), name="claim")


@pytest.mark.parametrize("statement", CONV2D.statements, ids=lambda statement: statement.key)
def test_every_statement_of_the_layer_is_proved_for_every_size(statement: Statement) -> None:
    outcome = prove(statement, CONV2D)
    assert outcome.verdict is Verdict.PROVED, outcome.detail
    assert outcome
    assert outcome.proof is not None
    assert outcome.counterexample is None
    assert outcome.code is None
    assert len(outcome.verified_at) >= 1
    assert outcome.proof.obligations == outcome.obligations


# Edits that happen to leave a statement true: the deltas beside them say the same again, or
# what is left out is 0.
STILL_TRUE = {
    ("dL/dw:chain", "prime-added"),
    ("dL/db:chain", "prime-added"),
    ("dL/db:chain", "first-image-only"),
    ("dL/dx:chain", "prime-added"),
    ("dy/dx:chain", "padding-counted-once"),
    ("dy/dx:chain", "prime-dropped"),
}


SPOILED = ["dL/dx:contracted", "dy/dx:contracted", "dL/dw:deltas", "y:patch", "x_pad"]
if LONG:
    SPOILED = [
        statement.key
        for statement in CONV2D.statements
        if statement.key not in {key for key, _ in STILL_TRUE}
    ]


@pytest.mark.parametrize("key", SPOILED)
def test_every_catalogued_mistake_is_caught_with_the_smallest_counterexample(key: str) -> None:
    statement = CONV2D.statement(key)
    spoiled = list(spoil(statement))
    assert len(spoiled) > 5
    for edited in share(spoiled, quick=11):
        outcome = prove(edited.statement, CONV2D)
        assert outcome.verdict.is_false, f"{edited.mistake.name}: {edited.statement}"
        if outcome.code in ("unbound-index", "unknown-size"):
            continue
        example = outcome.counterexample
        assert example is not None, f"{edited.mistake.name}: {outcome.detail}"
        assert example.minimal, f"{edited.mistake.name}: {edited.statement}"
        again = replay(edited.statement, CONV2D, CONV2D.sizes(**dict(example.sizes)))
        assert again is not None
        assert again.counterexample == example


@quick_rows(1, "each row is one more statement")
@pytest.mark.parametrize("key", sorted({key for key, _ in STILL_TRUE}))
def test_an_edit_that_leaves_a_statement_true_is_proved(key: str) -> None:
    proved = {
        (key, edited.mistake.name)
        for edited in spoil(CONV2D.statement(key))
        if (key, edited.mistake.name) in STILL_TRUE and prove(edited.statement, CONV2D)
    }
    assert proved == {pair for pair in STILL_TRUE if pair[0] == key}


REFUTED = [
    ("a missing term", claim(u[a] + v[0], u[a], *[(a, 0, A - 1)]), {"A": 1, "B": 1, "S": 1},
     "the term v[0] is missing on the right at a=0"),
    ("a term too much", claim(u[a], u[a] + v[0], (a, 0, A - 1)), {"A": 1, "B": 1, "S": 1},
     "the term v[0] is too much on the right at a=0"),
    ("another coefficient", claim(2 * u[a], 3 * u[a], (a, 0, A - 1)), {"A": 1, "B": 1, "S": 1},
     "the coefficient of u[0] is 2 on the left and 3 on the right at a=0"),
    ("only from size 2 on", claim(Sum(u[i], ALL), u[0] + 0), {"A": 2, "B": 1, "S": 1},
     "the term u[1] is missing on the right"),
    ("the stride forgotten", claim(Sum(Iverson(divides(S, i)) * u[i], ALL), Sum(u[i], ALL)),
     {"A": 2, "B": 1, "S": 2}, "the term u[1] is too much on the right"),
    ("a remainder forgotten", claim(Number(D), Number(floor(A / S))), {"A": 1, "B": 1, "S": 2},
     "left is 1, right is 0"),
    ("sizes mixed up", claim(Number(A), Number(B)), {"A": 1, "B": 2, "S": 1},
     "left is 1, right is 2"),
    ("under an assumption", claim(Number(A * B), Number(A + B), assuming=[A >= 2, B >= 2]),
     {"A": 2, "B": 3, "S": 1}, "left is 6, right is 5"),
    ("the last index only", claim(Iverson(a < A - 1) * u[a], u[a], (a, 0, A - 1)),
     {"A": 1, "B": 1, "S": 1}, "the term u[0] is too much on the right at a=0"),
    ("orders of one product", claim(Sum(u[i] * u[j], ALL, (j, 0, A - 1)),
     Sum(u[i] * u[j], ALL, (j, 0, i))), {"A": 2, "B": 1, "S": 1},
     "the coefficient of u[0]*u[1] is 2 on the left and 1 on the right"),
    ("a derivative that lacks its factor", claim(Derivative(s[()], u[a]), z[a] + u[a] * u[a],
     (a, 0, A - 1)), {"A": 1, "B": 1, "S": 1},
     "the coefficient of u[0]*u[0] is 3 on the left and 2 on the right at a=0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "statement", "where", "sentence"), REFUTED, ids=[case[0] for case in REFUTED]
)
def test_a_wrong_statement_is_refuted_by_its_smallest_counterexample(
    name: str, statement: Statement, where: dict[str, int], sentence: str
) -> None:
    outcome = prove(statement, LAYER)
    assert outcome.verdict is Verdict.REFUTED, outcome.detail
    assert not outcome
    assert outcome.code == "different"
    assert outcome.detail == sentence
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == where
    assert outcome.counterexample.minimal


ILL_FORMED = [
    ("one too many", claim(Sum(u[i], (i, 0, A)), Sum(u[i], ALL)), "out-of-range",
     {"A": 1, "B": 1, "S": 1}, "u[i] reads u[1]"),
    ("one too few below", claim(Sum(u[i], (i, -1, A - 1)), Sum(u[i], ALL)), "out-of-range",
     {"A": 1, "B": 1, "S": 1}, "u[i] reads u[-1]"),
    ("another size", claim(Sum(u[i], (i, 0, B - 1)), Sum(u[i], ALL)), "out-of-range",
     {"A": 1, "B": 2, "S": 1}, "u[i] reads u[1]"),
    ("a guard that comes too late", claim(u[a] - Iverson(a >= 1) * u[a - 1] + u[a - 1], u[a],
     (a, 0, A - 1)), "out-of-range", {"A": 1, "B": 1, "S": 1}, "u[a-1] reads u[-1]"),
    ("a stride inside an entry", claim(u[S * a], u[a], (a, 0, A - 1)), "out-of-range",
     {"A": 2, "B": 1, "S": 2}, "u[S*a] reads u[2]"),
    ("a fraction as a position", claim(Iverson(a / S < A) * u[a / S], u[0] + 0, (a, 0, A - 1)),
     "non-integer-index", {"A": 2, "B": 1, "S": 2}, "u[a/S] reads u[1/2]"),
    ("a fraction as a bound", claim(Sum(u[0] + 0, (i, 0, A / S)), u[0] + 0),
     "non-integer-bound", {"A": 1, "B": 1, "S": 2}, "ends at 1/2"),
    ("a division by 0", claim(Number(1 / (A - B)) * u[0], u[0] + 0), "division-by-zero",
     {"A": 1, "B": 1, "S": 1}, "division by A-B, which is 0"),
    ("a target out of range", claim(Derivative(s[()], u[a + 1]), z[a], (a, 0, A - 1)),
     "out-of-range", {"A": 1, "B": 1, "S": 1}, "u[a+1] reads u[1]"),
    ("a defined array out of range", claim(z[A], z[0] + 0), "out-of-range",
     {"A": 1, "B": 1, "S": 1}, "z[A] reads z[1]"),
    ("a body out of range", claim(Derivative(u[a + 1] * z[a], u[a]), z[a], (a, 0, A - 1)),
     "out-of-range", {"A": 1, "B": 1, "S": 1}, "u[a+1] reads u[1]"),
    ("behind a sum that may be 2", claim(Sum(Iverson(between(0, i, a)), (i, 0, 1)) * u[a + 1],
     Number(Constant(0)), (a, 0, A - 1)), "out-of-range", {"A": 1, "B": 1, "S": 1},
     "u[a+1] reads u[1]"),
    ("a free range that is a fraction", claim(u[0] + 0, u[0] + 0, (a, 0, A / S)),
     "non-integer-bound", {"A": 1, "B": 1, "S": 2}, "ends at 1/2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "statement", "code", "where", "words"),
    ILL_FORMED,
    ids=[case[0] for case in ILL_FORMED],
)
def test_a_statement_without_meaning_somewhere_is_ill_formed(
    name: str, statement: Statement, code: str, where: dict[str, int], words: str
) -> None:
    outcome = prove(statement, LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED, outcome.detail
    assert outcome.code == code
    assert words in outcome.detail
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == where
    assert outcome.counterexample.minimal


def test_an_unbound_index_is_ill_formed_without_asking_the_solver(monkeypatch) -> None:
    monkeypatch.setattr(equality.Solver, "ask", lambda *_: pytest.fail("the solver was asked"))
    outcome = prove(claim(u[k], u[a], (a, 0, A - 1)), LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == "unbound-index"
    assert "k" in outcome.detail


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (claim(Number(Size("Z")), Number(A)), "unknown-size"),
        (claim(Sum(u[i], (i, 0, k)), u[0] + 0), "unbound-index"),
        (claim(Iverson(k < 2) * u[0], u[0] + 0), "unbound-index"),
        (claim(u[0] + 0, u[0] + 0, assuming=[k < 2]), "unbound-index"),
        (claim(u[0] + 0, u[0] + 0, (a, 0, k)), "unbound-index"),
        (claim(Sum(v[j], (i, 0, j), (j, 0, B - 1)), v[0] + 0), "unbound-index"),
        (claim(Array("z", (A, A))[0, 0], u[0] + 0), "wrong-axes"),
    ],
)
def test_what_can_never_have_a_value_is_ill_formed(statement: Statement, code: str) -> None:
    outcome = prove(statement, LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == code


@pytest.mark.parametrize(
    "statement",
    [
        claim(u[0] + 0, u[0] + 0, assuming=[A > B, B > A]),
        claim(u[0] + 0, v[0] + 0, assuming=[A < 1]),
        claim(u[0] + 0, u[0] + 0, assuming=[equal(2 * A, 2 * B + 1)]),
        claim(u[a], u[a], (a, 1, 0)),
        claim(u[a], v[0] + 0, (a, A, A - 1)),
        claim(u[a], u[a], (a, 0, A - 1), (j, a + 1, a)),
    ],
)
def test_what_states_nothing_is_ill_formed_never_proved(statement: Statement) -> None:
    outcome = prove(statement, LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == "states-nothing"


def test_what_is_outside_is_undecided_with_the_reason_and_where_it_was_verified() -> None:
    outcome = prove(claim(Sum(Number(i), ALL), Number(A * (A - 1) / 2)), LAYER)
    assert outcome.verdict is Verdict.UNDECIDED
    assert not outcome
    assert outcome.code == "not-one-to-one"
    assert "coefficient depends on it" in outcome.detail
    assert len(outcome.verified_at) >= 20
    assert outcome.proof is None


def test_what_is_outside_but_wrong_at_small_sizes_is_still_refuted() -> None:
    outcome = prove(claim(Sum(Number(i), ALL), Number(A * (A + 1) / 2)), LAYER)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 1, "B": 1, "S": 1}


@pytest.mark.parametrize(
    "left",
    [
        Sum(u[i], ALL, (j, 0, i)),  # how often depends on i, which only u tells: fine
        Sum(u[floor(i / 2)], (i, 0, 2 * A - 1)),
        Sum(Iverson(divides(S, i)), ALL),
        Sum(Iverson((i < 1) | (i > 2)) * v[0], ALL),
        Sum(v[0] + 0, ALL, (j, 0, i)),
        Sum(u[0] * u[0] * u[0] * u[0] * u[i], (i, 0, 0)),
        Number(A - B) * Number(1 / (A - B)) * u[0],
    ],
)
def test_no_guess_is_made_where_a_step_is_missing(left: Expression) -> None:
    """Each is equal to itself plus what is 0 for a reason that the prover has to see."""
    right = left + Sum(Iverson(i * i < 0) * Number(i) * v[0], (i, 0, B - 1))
    outcome = prove(claim(left, right), LAYER)
    assert outcome.verdict in (Verdict.UNDECIDED, Verdict.PROVED, Verdict.ILL_FORMED)
    wrong = prove(claim(left, right + Iverson(A > 3) * v[0]), LAYER)
    assert wrong.verdict in (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.ILL_FORMED)


def test_a_free_index_with_two_ranges_is_not_decided() -> None:
    outcome = prove(claim(u[a], u[a], (a, 0, A - 1), (a, 0, 0)), LAYER)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "free-index-twice"


def test_further_assumptions_restrict_what_is_claimed() -> None:
    statement = claim(Number(D), Number(A / S))
    assert prove(statement, LAYER).verdict is Verdict.REFUTED
    outcome = prove(statement, LAYER, assumptions=(divides(S, A),))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.proof is not None
    assert divides(S, A) in outcome.proof.hypotheses
    contradictory: tuple[Condition, ...] = (divides(S, A), A < S)
    assert prove(statement, LAYER, assumptions=contradictory).code == "states-nothing"


def test_abbreviations_are_substituted() -> None:
    row = Index("row")
    right = Statement(u[a], u[row], FREE, where=((row, a + 0),))
    assert prove(right, LAYER)
    assert prove(Statement(u[a], u[row], FREE, where=((row, a + 1),)), LAYER).verdict.is_false


def test_a_proof_is_only_built_by_the_prover() -> None:
    outcome = prove(claim(u[a], u[a], (a, 0, A - 1)), LAYER)
    assert isinstance(outcome.proof, Evidence)
    fields = {
        name: getattr(outcome.proof, name)
        for name in ("statement", "layer", "hypotheses", "least", "witness", "obligations")
    }
    with pytest.raises(InternalError, match="only built by the prover"):
        _ = Proof(**fields)
    result = Result("claim", verdict=outcome.verdict, evidence=outcome.proof)
    assert result.verdict is Verdict.PROVED


def test_a_proof_that_evaluation_contradicts_stops_the_run(monkeypatch) -> None:
    monkeypatch.setattr(equality._Run, "_coefficients", lambda _: [])
    with pytest.raises(InternalError, match="was proved, but fails at A=1,B=1,S=1"):
        _ = prove(claim(u[a], v[0] + 0, (a, 0, A - 1)), LAYER)


def test_a_counterexample_that_does_not_replay_stops_the_run(monkeypatch) -> None:
    monkeypatch.setattr(equality, "replay", lambda *_, **__: None)
    with pytest.raises(InternalError, match="evaluation does not"):
        _ = prove(claim(u[a], v[0] + 0, (a, 0, A - 1)), LAYER)


def test_a_solver_that_gives_up_decides_nothing() -> None:
    helpless = Effort(strategies=(Strategy(1),), sizes_tried=5)
    flattened = claim(
        Sum(u[i], (i, 0, A - 1)),
        Sum(Iverson(S * i + j < A) * u[S * i + j], (i, 0, A - 1), (j, 0, S - 1)),
    )
    assert prove(flattened, LAYER)
    outcome = prove(flattened, LAYER, effort=helpless)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "solver-limit"
    assert len(outcome.verified_at) == 5


def test_little_effort_finds_what_is_wrong_fast_but_not_the_smallest() -> None:
    right, wrong = CONV2D.statement("dL/dx"), next(spoil(CONV2D.statement("dL/dx"))).statement
    assert prove(right, CONV2D, effort=QUICK)
    outcome = prove(wrong, CONV2D, effort=QUICK)
    assert outcome.verdict.is_false
    if outcome.counterexample is not None:
        assert not outcome.counterexample.minimal


def test_definitions_are_checked_once_at_each_of_their_positions() -> None:
    assert sound_definitions(CONV2D) == {"x_pad", "y", "L"}
    assert sound_definitions(LAYER) == {"z", "s"}


def unsound() -> Layer:
    """A layer whose definition reads beyond its array unless A is at most B."""
    return Layer(
        name="unsound",
        given=(A, B),
        inputs=(u, v),
        definitions=(
            Definition(z[i], v[i] * u[i]),
            Definition(s[()], Sum(z[i], (i, 0, A - 1))),
        ),
    )


def test_a_definition_that_reads_out_of_range_is_entered_where_it_is_read() -> None:
    layer = unsound()
    assert sound_definitions(layer) == set()
    outcome = prove(claim(z[0] + 0, u[0] * v[0]), layer)
    assert outcome.verdict is Verdict.PROVED, outcome.detail
    outcome = prove(claim(s[()] + 0, Sum(u[i] * v[i], ALL)), layer)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 2, "B": 1}
    assert prove(claim(s[()] + 0, Sum(u[i] * v[i], ALL), assuming=[A <= B]), layer)


def test_a_derivative_by_an_unsound_definition_is_not_called_ill_formed_for_what_is_not_read() -> (
    None
):
    layer = unsound()
    outcome = prove(claim(Derivative(s[()], z[a]), Number(Constant(1)), (a, 0, A - 1)), layer)
    assert outcome.verdict in (Verdict.PROVED, Verdict.UNDECIDED)


def test_outcomes_are_the_same_when_asked_again() -> None:
    for key in ("dL/dx:contracted", "y:patch"):
        statement = CONV2D.statement(key)
        first, second = prove(statement, CONV2D), prove(statement, CONV2D)
        assert first.detail == second.detail
        assert first.obligations == second.obligations
    wrong = claim(Sum(u[i], ALL), Sum(u[i], (i, 1, A - 1)))
    assert isinstance(prove(wrong, LAYER), Outcome)
    assert prove(wrong, LAYER).counterexample == prove(wrong, LAYER).counterexample


def test_a_guard_in_a_delta_counts_like_one_in_a_bracket() -> None:
    left = Sum(Delta(i + 1, j) * u[i] * v[j], ALL, (j, 0, B - 1))
    right = Sum(Iverson(i + 1 < B) * u[i] * v[i + 1], ALL)
    assert prove(claim(left, right), LAYER)
    late = Sum(u[i] * v[i + 1], (i, 0, A - 1))
    assert prove(claim(left, late), LAYER).verdict is Verdict.ILL_FORMED


def test_a_statement_that_stands_alone_needs_no_layer() -> None:
    (extent,) = sizes("A")
    i, j = indices("i j")
    a = Array("a", (extent,))
    total = Sum(a[i], (i, 0, extent - 1))
    reversed_total = Sum(a[extent - 1 - j], (j, 0, extent - 1))
    assert prove(claim(total, reversed_total))
    outcome = prove(claim(total, Sum(a[j], (j, 1, extent - 1))))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert dict(outcome.counterexample.sizes) == {"A": 1}
