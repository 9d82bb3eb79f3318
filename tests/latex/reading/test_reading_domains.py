"""Definitions with a condition or a range: their names have no value elsewhere."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Size
from symconv.latex.reading.context import Context
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, Equality, Item, Unreadable
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

N = Size("N")
PLAIN = Context().with_size("N").with_size("S").with_array("x", (N,)).with_array("v", (N,))
DECLARED = PLAIN.with_array("z", (N,))


def verdict_of(context: Context, *formulas: str) -> str:
    """Read formulas in order; return the verdict of the last one, or why it was not read."""
    *earlier, last = formulas
    for latex in earlier:
        context = read_formula(latex, context).context
    item: Item = read_formula(last, context).items[-1]
    if isinstance(item, Equality):
        return prove(item.statement, context.as_layer()).verdict.value
    if isinstance(item, Unreadable):
        return "ill-formed" if item.ill_formed else item.code
    return type(item).__name__


ONE = r"z_i = x_i \text{ if } S = 1"
PART = r"z_i = x_i \text{ for } 1 \le i \le N-1"
NUMBER = r"p_0 = 0 \text{ for } S = 1"
RANGED = r"p_0 = kS \text{ for } 0 \le k < N"


@pytest.mark.parametrize(
    ("definition", "latex", "expected"),
    [
        (ONE, r"\sum_i z_i = \sum_i x_i", "outside-definition"),
        (ONE, r"\sum_i z_i = \sum_i v_i", "outside-definition"),
        (ONE, r"\sum_i z_i = \sum_i x_i \text{ if } S = 1", "proved"),
        (ONE, r"\sum_i z_i = \sum_i x_i \text{ if } S = 2", "outside-definition"),
        (ONE, r"\sum_i z_i = \sum_i v_i \text{ if } S = 1", "refuted"),
        (ONE, r"z_i = v_i \text{ if } S > 1", "outside-definition"),
        (ONE, r"\sum_i [S = 1] z_i = \sum_i [S = 1] x_i", "proved"),
        (ONE, r"\sum_i [S = 2] z_i = \sum_i [S = 2] x_i", "outside-definition"),
        (ONE, r"t_i = z_i", "outside-definition"),
        (ONE, r"t_i = z_i \text{ if } S = 1", "ArrayDefinition"),
        (PART, "z_0 = x_0", "outside-definition"),
        (PART, "z_0 = 0", "outside-definition"),
        (PART, r"\sum_{i=1}^{N-1} z_i = \sum_{i=1}^{N-1} x_i", "proved"),
        (PART, r"\sum_{i=0}^{N-1} z_i = \sum_{i=0}^{N-1} x_i", "outside-definition"),
        (PART, r"\sum_i [i \ge 1] z_i = \sum_{i=1}^{N-1} x_i", "proved"),
        (PART, r"\sum_i [i \ge 0] z_i = \sum_i x_i", "outside-definition"),
        (PART, r"\sum_{i=1}^{N-1} z_i = \sum_{i=1}^{N-1} v_i", "refuted"),
        (NUMBER, r"\sum_i x_i p_0 = 0", "outside-definition"),
        (NUMBER, r"\sum_i x_i p_0 = 0 \text{ for } S = 1", "proved"),
        (NUMBER, r"\sum_i x_i p_0 = 1 \text{ for } S = 1", "refuted"),
        (NUMBER, r"\sum_i [p_0 = 0] x_i = \sum_i x_i", "outside-definition"),
        (NUMBER, r"\sum_{i=p_0}^{N-1} x_i = \sum_i x_i", "outside-definition"),
        (RANGED, r"\sum_{k=0}^{N-1} x_k p_0 = \sum_{k=0}^{N-1} x_k kS", "proved"),
        (RANGED, r"\sum_{k=0}^{N} p_0 x_0 = \sum_{k=0}^{N} kS x_0", "outside-definition"),
    ],
)
def test_a_name_has_a_value_only_where_it_is_defined(
    definition: str, latex: str, expected: str
) -> None:
    assert verdict_of(PLAIN if definition in (NUMBER, RANGED) else DECLARED, definition, latex) == (
        expected
    )


def test_what_a_definition_uses_has_to_be_defined_there() -> None:
    formulas = [NUMBER, "q_0 = p_0 + 1"]
    assert verdict_of(PLAIN, *formulas, "q_0 x_0 = x_0") == "outside-definition"
    assert verdict_of(PLAIN, *formulas, r"q_0 x_0 = x_0 \text{ if } S = 1") == "proved"


@pytest.mark.parametrize(
    "definition",
    [
        "z_i = x_i",
        r"z_i = x_i \text{ for } 0 \le i \le N-1",
        r"z_i = x_i \quad (i = 0, \ldots, N-1)",
    ],
)
def test_a_definition_for_every_entry_has_no_condition(definition: str) -> None:
    reading = read_formula(definition, DECLARED)
    assert isinstance(reading.items[0], ArrayDefinition)
    assert not reading.context.domains
    assert verdict_of(DECLARED, definition, "z_0 = x_0") == "proved"


def test_pieces_of_one_array_are_not_compared_with_each_other() -> None:
    first, second = r"u_i = x_i \text{ if } S = 1", r"u_i = v_i \text{ if } S > 1"
    (item,) = read_formula(second, read_formula(first, PLAIN).context).items
    assert isinstance(item, Unreadable)
    assert "u is defined only where S == 1" in item.message
    assert "S=2" in item.message


def test_nothing_is_known_of_an_array_whose_definition_was_not_read() -> None:
    unread = r"z_i = x_i \text{ unless } i = 0"
    assert verdict_of(DECLARED, unread, "z_0 = 0") == "unsupported"
    assert verdict_of(DECLARED, unread, "z_0 = z_0") == "unsupported"
    assert verdict_of(DECLARED, unread, "z_i = x_i", "z_0 = x_0") == "proved"
    assert verdict_of(DECLARED, "z_0 = 2 z_0") == Verdict.REFUTED.value
    assert verdict_of(PLAIN, r"p_0 = \clubsuit", "x_{p_0} = x_{p_0}") == "unsupported"


def test_a_range_behind_an_equation_does_not_change_that_of_a_sum() -> None:
    latex = r"x_i = \sum_j x_j [i = j] \text{ for }"
    assert verdict_of(PLAIN, rf"{latex} 0 \le j < N") == "proved"
    assert verdict_of(PLAIN, rf"{latex} 1 \le j < N") == "unclear-range"


def test_a_new_definition_ends_the_condition_of_the_old_one() -> None:
    reading = read_formula(NUMBER, PLAIN)
    assert isinstance(reading.items[0], Abbreviation)
    context = reading.context.with_abbreviation(*reading.context.abbreviations[0])
    assert verdict_of(context, r"\sum_i x_i p_0 = 0") == "proved"


def test_a_condition_is_taken_over_with_the_name() -> None:
    behind = read_formula(NUMBER, PLAIN).context
    index, value = behind.abbreviations[0]
    taken = PLAIN.with_abbreviation(index, value)
    assert verdict_of(taken, r"\sum_i x_i p_0 = 0") == "proved"
    guarded = taken.with_domain_of("p_0", behind)
    assert verdict_of(guarded, r"\sum_i x_i p_0 = 0") == "outside-definition"
    assert guarded.with_domain_of("p_0", PLAIN) == taken


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        (r"x_i = x_0 \text{ for } i = 0", "proved"),
        (r"x_i = x_0 \text{ for } i \le 0", "proved"),
        (r"x_i = x_0 \text{ for } i > 0", "refuted"),
        (r"x_i = x_1 \text{ if } i = 1", "proved"),
        (r"x_{i} x_{j} = x_0 x_1 \text{ if } (i, j) = (0, 1)", "proved"),
        (r"x_{i} x_{j} = x_0 x_1 \text{ if } (i, j) = (0, 0)", "ill-formed"),
        # It says nothing of an index that is summed over, nor of one that does not occur.
        (r"\sum_i x_i = x_0 \text{ if } i = 0", "unsupported"),
        (r"x_i = x_i \text{ if } j = 0", "unsupported"),
    ],
)
def test_a_condition_on_free_indices_restricts_the_claim(formula: str, verdict: str) -> None:
    assert verdict_of(DECLARED, formula) == verdict


def test_a_definition_under_a_condition_on_its_indices_has_a_value_there_alone() -> None:
    defined = r"z_i = x_i \text{ for } i \ge 1"
    assert verdict_of(DECLARED, defined, r"z_i = x_i \text{ for } i \ge 1") == "proved"
    assert verdict_of(DECLARED, defined, r"z_i = x_i \text{ for } i \ge 0") == "outside-definition"
