"""The tables that writing and reading share: complete, and no two things spelled alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.algebra import expressions, indices
from symconv.errors import NotSupported
from symconv.latex import spellings
from symconv.latex.spellings import (
    BINDINGS,
    CONNECTIVES,
    GREEK_NAMES,
    PLACES,
    RELATIONS,
    Binding,
    array_name_latex,
    symbol_name_latex,
)

SYMBOL_NAMES = [
    ("S", "S", "a letter"),
    ("HH", "HH", "several letters, as they are"),
    ("n'", "n'", "a prime"),
    ("i''", "i''", "two primes"),
    ("p_0", "p_{0}", "a number behind an underscore"),
    ("p_0_1", "p_{0,1}", "two of them"),
    ("n'_1", "n'_{1}", "a prime and a number"),
    ("p0", r"\mathit{p0}", "p0 would read as p times 0"),
    ("d", r"\mathit{d}", "a bare d may be a differential"),
    ("dil", r"\mathit{dil}", "dil may be the differential of il"),
    ("delta", r"\mathit{delta}", "the letter delta is Kronecker's"),
    ("alpha", r"\alpha", "a Greek letter"),
    ("lambda_1", r"\lambda_{1}", "a Greek letter with a number"),
    ("Delta_p", r"\Delta p", "a difference, as it is read"),
    ("Delta_p'", r"\Delta p'", "one of a primed letter"),
    ("Delta_p_0", r"\Delta p_{0}", "one with a subscript of its own"),
    ("Delta_pq", "Delta_{pq}", "no difference of one letter"),
    ("Delta_0", "Delta_{0}", "nor of a number"),
    ("Delta'_p", "Delta'_{p}", "nor where the sign itself has a prime"),
]
ARRAY_NAMES = [
    ("x", "x", "a letter"),
    ("x_pad", "x^{pad}", "indices take the place of subscripts"),
    ("w_2", "w^{(2)}", "a number alone would read as a power"),
    ("x_pad_2", "x^{pad,2}", "two suffixes"),
    ("bias", "bias", "several letters"),
    ("dout", r"\mathit{dout}", "a bare d may be a differential"),
    ("x'", "x'", "a prime"),
    ("Delta_p", r"\Delta p", "a difference"),
    ("Delta_pad", "Delta^{pad}", "no difference of one letter"),
]
UNWRITABLE = [
    ("", "nothing"),
    ("2x", "begins with a digit"),
    ("x y", "two names"),
    ("x-pad", "reads as a difference"),
    ("x{", "an open brace breaks the document"),
    ("x}\\input{y", "LaTeX smuggled in"),
    ("x$", "ends the mathematics"),
    ("x%", "comments out the rest"),
    ("x__pad", "an empty suffix"),
    ("x_", "an empty suffix"),
    ("_x", "no letter to begin with"),
    ("é", "not a letter that every font has"),
    ("x\n", "a line end"),
]


@pytest.mark.parametrize(("name", "latex", "why"), SYMBOL_NAMES)
def test_names_of_sizes_and_indices_are_spelled(name: str, latex: str, why: str) -> None:
    assert symbol_name_latex(name) == latex, why


@pytest.mark.parametrize(("name", "latex", "why"), ARRAY_NAMES)
def test_names_of_arrays_are_spelled(name: str, latex: str, why: str) -> None:
    assert array_name_latex(name) == latex, why


@pytest.mark.parametrize(("name", "why"), UNWRITABLE)
@pytest.mark.parametrize("spell", [symbol_name_latex, array_name_latex])
def test_names_that_would_break_a_document_are_refused(spell, name: str, why: str) -> None:
    with pytest.raises(NotSupported, match="cannot be written in LaTeX"):
        _ = spell(name)


NAMES = st.from_regex(r"[a-eHpx][a-eHpx0-2]{0,2}'{0,2}(_[a-d0-2']{1,2}){0,2}", fullmatch=True)


@given(left=NAMES, right=NAMES)
def test_two_names_never_get_the_same_spelling(left: str, right: str) -> None:
    if left != right:
        assert symbol_name_latex(left) != symbol_name_latex(right)
        assert array_name_latex(left) != array_name_latex(right)


def test_every_node_has_a_binding_or_passes_on_that_of_its_value() -> None:
    # By name: a class with slots leaves the class that it was made from behind.
    def nodes(base: type) -> set[str]:
        own = (node for node in base.__subclasses__() if node.__module__.startswith("symconv."))
        return {node.__name__ for node in own}

    expected = nodes(indices.IntegerExpression) | nodes(expressions.Expression) - {"Number"}
    assert {node.__name__ for node in BINDINGS} == expected
    assert {node.__name__ for node in CONNECTIVES} == nodes(indices.Condition)


def test_sums_and_remainders_bind_less_than_products_and_products_less_than_atoms() -> None:
    assert BINDINGS[indices.Remainder] < BINDINGS[indices.Plus] < BINDINGS[indices.Times]
    assert BINDINGS[expressions.Add] < BINDINGS[expressions.Mul] < BINDINGS[expressions.Entry]
    assert PLACES["negated"] == PLACES["factor"] == Binding.PRODUCT
    assert PLACES["modulus"] > PLACES["reduced"] > PLACES["term"] > PLACES["compared"]


def test_no_spelling_stands_for_two_things() -> None:
    tables = [
        value
        for name, value in vars(spellings).items()
        if name.isupper() and isinstance(value, tuple) and name != "LONG_NAMES"
    ]
    tables += list(RELATIONS.values())
    written = [spelling for table in tables for spelling in table]
    assert len(written) == len(set(written))
    assert not {f"\\{name}" for name in GREEK_NAMES} & set(written)
