"""Judging the equalities of documents: once each, and told in the words of each."""

from __future__ import annotations

import pytest

from symconv.documents import judging
from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Report, Result, Verdict

HEAD = "<!-- symconv: layer conv2d -->\n"
BIAS = (
    r"\frac{{\partial L}}{{\partial b_f}} = "
    r"\sum_{{{0},k,l}} \frac{{\partial L}}{{\partial y_{{{0},f,k,l}}}}"
)


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the prover was asked, in order; corrections are not searched for."""
    asked: list[object] = []

    def counted(statement, *arguments, **options) -> Outcome:
        asked.append(statement)
        return prove(statement, *arguments, **options)

    monkeypatch.setattr(judging, "prove", counted)
    monkeypatch.setattr(judging, "MOST_SEARCHES", 0)
    return asked


def _check(*texts: str) -> Report:
    documents = [parse_text(f"{place}.md", text) for place, text in enumerate(texts)]
    return check_documents(documents, declared_by(None))


def _claims(report: Report) -> list[Result]:
    return [result for result in report.results if result.verdict is not None]


def test_statements_that_differ_in_bound_names_are_proved_once(proved: list[object]) -> None:
    text = HEAD + "".join(f"$${BIAS.format(name)}$$\n" for name in ("n", "m", "n", "t"))
    claims = _claims(_check(text, text))
    assert [item.verdict for item in claims] == [Verdict.PROVED] * 8
    assert len({item.location for item in claims}) == 8
    assert len(proved) == 1


def test_statements_that_say_something_else_are_proved_by_themselves(proved: list[object]) -> None:
    other = BIAS.format("n").replace(r"\partial b_f", r"\partial b_g").replace("n,f,", "n,g,")
    claims = _claims(_check(f"{HEAD}$${BIAS.format('n')}$$\n$${other}$$\n"))
    assert [item.verdict for item in claims] == [Verdict.PROVED] * 2
    assert len(proved) == 2


def test_what_is_false_is_told_in_the_names_of_each_formula(proved: list[object]) -> None:
    wrong = (
        r"$$\frac{{\partial L}}{{\partial b_f}} = "
        r"\sum_{{{0}=0}}^{{N}} \sum_{{k,l}} dout_{{{0},f,k,l}}$$"
    )
    first, second, again = _claims(
        _check(HEAD + "\n".join(wrong.format(name) for name in ("n", "m", "n")))
    )
    assert {item.verdict for item in (first, second, again)} == {Verdict.ILL_FORMED}
    assert "dout[n,f,k,l]" in first.detail
    assert "dout[m,f,k,l]" in second.detail
    assert (again.detail, again.counterexample) == (first.detail, first.counterexample)
    asked = len(proved)
    assert len(_claims(_check(HEAD + wrong.format("n")))) == 1
    assert asked == 2 * (len(proved) - asked)


def test_a_correction_is_written_as_each_formula_writes_its_derivatives() -> None:
    text = HEAD + "".join(
        rf"$$\frac{{{d} y_{{n,f,k,l}}}}{{{d} b_g}} = 2\delta_{{f,g}}$$" + "\n"
        for d in (r"\partial", "d")
    )
    curly, straight = _claims(_check(text))
    assert curly.notes[-1].startswith(r"would be right: \frac{\partial y")
    assert straight.notes[-1].startswith(r"would be right: \frac{dy")


def test_a_convention_is_named_only_for_the_text_that_it_makes_true() -> None:
    """Two texts may say the same by other conventions; what each may have meant differs."""
    sums = r"\sum_{{c={0}}}^{{C{1}}}\sum_{{p={0}}}^{{HH{1}}}\sum_{{q={0}}}^{{WW{1}}}"
    body = r"w_{f,c,p,q} x^{pad}_{n,c,kS+p,lS+q}"
    inclusive = rf"$$y_{{n,f,k,l}} = b_f + {sums.format(0, '+1-1')} {body}$$"
    exclusive = rf"$$y_{{n,f,k,l}} = b_f + {sums.format(0, '+1')} {body}$$"
    note = "proved when upper bounds are read as exclusive"
    pragma = "<!-- symconv: upper-bounds exclusive -->\n"
    for texts in (
        (HEAD + inclusive, HEAD + pragma + exclusive),
        (HEAD + pragma + exclusive, HEAD + inclusive),
    ):
        for text, result in zip(texts, _claims(_check(*texts)), strict=True):
            assert result.verdict is Verdict.ILL_FORMED
            assert any(item.startswith(note) for item in result.notes) == (pragma not in text)


def test_every_row_of_a_long_chain_is_read_again_once_per_convention(
    monkeypatch: pytest.MonkeyPatch, proved: list[object]
) -> None:
    from symconv.documents import other_conventions as conventions

    read: list[str] = []
    original = conventions.read_formula

    def counted(text, context):
        read.append(text)
        return original(text, context)

    monkeypatch.setattr(conventions, "read_formula", counted)
    rows = r" \\ ".join(rf"&= {number}\delta_{{f,g}}" for number in range(2, 8))
    text = (
        rf"{HEAD}\begin{{align}}\frac{{\partial y_{{n,f,k,l}}}}{{\partial b_g}} {rows}\end{{align}}"
    )
    claims = _claims(_check(text))
    assert [item.verdict for item in claims] == [Verdict.REFUTED] * 6
    assert len(read) <= 8


def test_progress_counts_up_to_the_end() -> None:
    steps: list[tuple[int, int, str]] = []
    text = f"{HEAD}$x$ and $${BIAS.format('n')}$$\nand $$z_"
    report = check_documents(
        [parse_text("a.md", text)], declared_by(None), progress=lambda *step: steps.append(step)
    )
    total = len(report.results)
    assert [step[:2] for step in steps] == [(done, total) for done in range(total + 1)]
    assert [step[2] for step in steps] == [*(r.location for r in report.results), ""]


MALFORMED = (r"y_{n,f,k,l} = b_f)", r"y_{n,f,k,l} = \unknown{b_f}", r"\frac{w}{", "b_f = z")


def test_a_document_of_hundreds_of_formulas_is_accounted_for(proved: list[object]) -> None:
    """Right, wrong and malformed formulas in turn, with letters that come round again."""
    letters = "nmtuv"
    blocks: list[str] = []
    for number in range(120):
        name = letters[number % len(letters)]
        right = BIAS.format(name)
        wrong = right.replace(f"{name},k,l}}", f"{name},k,l}} 2", 1)
        malformed = MALFORMED[number % len(MALFORMED)]
        blocks += [
            f"$${right}$$",
            rf"\begin{{align*}}{wrong.replace(' = ', ' &= ', 1)}\end{{align*}}",
            rf"\[{malformed}\]",
            rf"\begin{{eqnarray}}{right.replace(' = ', ' &=& ', 1)}\end{{eqnarray}}",
            "and $x$",
        ]
    report = check_documents(
        [parse_text("long.md", HEAD + "\n\n".join(blocks))], declared_by(layer_by_name("conv2d"))
    )
    assert len(report.results) == 600
    counts = {
        kind: sum(item.verdict is kind for item in report.results)
        for kind in (Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED)
    }
    assert counts == {Verdict.PROVED: 240, Verdict.REFUTED: 120, Verdict.UNDECIDED: 120}
    assert sum(item.kind == "no-statement" for item in report.results) == 120
    # One proof of what is right; what is false once in each letter, and for each convention.
    assert len(proved) < 40


WRONG = "$b_f = b_f + 1$\n"


@pytest.mark.parametrize("assumption", ["P >= 1", "S = 2", "H >= 3", "S = 9"])
def test_a_failure_is_told_under_assumptions_that_exclude_the_layers_own_sizes(
    assumption: str,
) -> None:
    wrong, right = _claims(
        _check(f"{HEAD}<!-- symconv: assume {assumption} -->\n{WRONG}$b_f = b_f$")
    )
    assert (wrong.verdict, right.verdict) == (Verdict.REFUTED, Verdict.PROVED)
    assert wrong.counterexample is not None


def test_assumptions_that_contradict_each_other_leave_nothing_to_say() -> None:
    pragma = "<!-- symconv: assume P >= 1; assume P = 0 -->\n"
    wrong, right = _claims(_check(f"{HEAD}{pragma}{WRONG}$b_f = b_f$"))
    for result in (wrong, right):
        assert (result.verdict, result.code) == (Verdict.ILL_FORMED, "states-nothing")
        assert result.notes == ()


def test_what_states_nothing_is_not_said_to_be_true_somewhere() -> None:
    formula = r"$x_{n,c,i,j} = 2 x_{n,c,i,j} \quad \text{if } H = W, H = W + 1$"
    [result] = _claims(_check(HEAD + formula))
    assert result.code == "states-nothing"
    assert result.notes == ()
