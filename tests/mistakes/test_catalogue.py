"""The catalogue as a whole: its names and sentences, and that every spoiled statement is caught."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial, Values
from symconv.algebra.expressions import Statement
from symconv.algebra.scoping import expand_where
from symconv.errors import IllFormed
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Sizes
from symconv.layers.registry import layer_by_name
from symconv.mistakes.catalogue import CATALOGUE, FAMILY
from symconv.mistakes.spoiled_loops import spoil_loop
from symconv.mistakes.spoiling import EditedStatement, mend, same_statement, spoil
from tests.runs import quick_rows, share

LAYER = conv2d()

# Edits that change nothing: the statement, the mistake, the site, what stood there, what
# stands there now, and the mathematical reason. Everything else must be caught.
HARMLESS = {
    (
        "dL/dw:chain",
        "prime-added",
        "in dL/dy[n,f,k,l]",
        "f",
        "f'",
    ): "dy[n,f,k,l]/dw[f',...] vanishes unless f = f'",
    (
        "dL/db:chain",
        "prime-added",
        "in dL/dy[n,f,k,l]",
        "f",
        "f'",
    ): "dy[n,f,k,l]/db[f'] vanishes unless f = f'",
    (
        "dL/db:chain",
        "first-image-only",
        "in dy[n,f,k,l]/db[f']",
        "n",
        "0",
    ): "the bias acts alike on all images: dy[n,f,k,l]/db[f'] does not depend on n",
    (
        "dL/dx:chain",
        "prime-added",
        "in dL/dy[n,f,k,l]",
        "n",
        "n'",
    ): "dy[n,f,k,l]/dx[n',...] vanishes unless n = n'",
    (
        "dy/dx:chain",
        "padding-counted-once",
        "in the range i''=0..H+2*P-1",
        "H+2*P-1",
        "H+P-1",
    ): "dx_pad[...,i'',...]/dx vanishes for i'' > H+P-1",
    (
        "dy/dx:chain",
        "padding-counted-once",
        "in the range j''=0..W+2*P-1",
        "W+2*P-1",
        "W+P-1",
    ): "dx_pad[...,j'']/dx vanishes for j'' > W+P-1",
    (
        "dy/dx:chain",
        "prime-dropped",
        "in dy[n,f,k,l]/dx_pad[n'',c'',i'',j'']",
        "n''",
        "n'",
    ): "dx_pad[n'',...]/dx[n',...] vanishes unless n'' = n'",
    (
        "dy/dx:chain",
        "prime-dropped",
        "in dy[n,f,k,l]/dx_pad[n'',c'',i'',j'']",
        "c''",
        "c'",
    ): "dx_pad[n'',c'',...]/dx[n',c',...] vanishes unless c'' = c'",
    (
        "dy/dx:chain",
        "prime-dropped",
        "in dx_pad[n'',c'',i'',j'']/dx[n',c',i,j]",
        "n''",
        "n",
    ): "dy[n,...]/dx_pad[n'',...] vanishes unless n'' = n",
}


def work(sizes: Sizes) -> int:
    """Return what evaluating the longest statement at some sizes costs, in terms."""
    padded = (sizes["H"] + 2 * sizes["P"]) * (sizes["W"] + 2 * sizes["P"])
    window = sizes["C"] * sizes["HH"] * sizes["WW"]
    return padded * window * sizes["N"] * sizes["F"] * sizes["Hh"] * sizes["Hw"]


SIZES = sorted((LAYER.sizes(text) for text in LAYER.default_sizes), key=work)
# For what holds, and so is evaluated to the end: two images, two channels and padding at once.
SMALL_SIZES = [*SIZES[:4], LAYER.sizes("N=2,C=2,H=2,W=1,F=1,HH=1,WW=1,S=1,P=1")]


@cache
def evaluator(sizes: Sizes) -> Evaluator:
    return Evaluator(LAYER.definition_by_name, sizes.by_symbol)


@cache
def left_sides(key: str, sizes: Sizes) -> list[tuple[Values, Polynomial]]:
    """Return the left-hand side, which no edit changes, for every value of the free indices."""
    statement = statement_of(key)
    at = evaluator(sizes)
    return [(item, at.polynomial(statement.lhs, item)) for item in at.assignments(statement.free)]


def statement_of(key: str) -> Statement:
    (statement,) = (item for item in LAYER.statements if item.key == key)
    return statement


def difference(statement: Statement, every_size: list[Sizes]) -> tuple[Sizes, str] | None:
    """Return the first sizes at which a statement fails, and how; None where it holds at all."""
    right = expand_where(statement).rhs
    for sizes in every_size:
        at = evaluator(sizes)
        if not all(at.truth(condition) for condition in statement.assumptions):
            continue
        for indices, left in left_sides(statement.key, sizes):
            try:
                if at.polynomial(right, indices) != left:
                    return sizes, "refuted"
            except IllFormed as error:
                return sizes, error.code
    return None


def edit_key(statement: Statement, edited: EditedStatement) -> tuple[str, str, str, str, str]:
    before, after = str(edited.before), str(edited.after)
    return (statement.key, edited.mistake.name, edited.where, before, after)


KEYS = [statement.key for statement in LAYER.statements]


def test_there_are_at_least_forty_mistakes_and_no_name_or_sentence_is_used_twice():
    assert len(CATALOGUE) >= 40
    assert len({mistake.name for mistake in CATALOGUE}) == len(CATALOGUE)
    assert len({mistake.sentence for mistake in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.name)
def test_a_mistake_has_a_kebab_case_name_and_a_clause_for_people(mistake):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", mistake.name)
    assert re.fullmatch(r"(the|a|an|height|only|one|two|each) [^{}]*[A-Za-z0-9]", mistake.sentence)
    assert re.search(r"\b(is|are|has|ends?|starts?|runs|stands|acts|belongs|holds|returns|should|"
                     r"multiplies|overwrites)\b", mistake.sentence)  # fmt: skip
    assert "  " not in mistake.sentence
    assert len(mistake.sentence) <= 100


def test_every_mistake_is_made_somewhere_in_the_statements_or_loops():
    made = {edited.mistake.name for item in LAYER.statements for edited in spoil(item)}
    general = layer_by_name("conv1d strides dilation groups")
    made |= {
        edited.mistake.name
        for item in general.statements
        for edited in spoil(item, FAMILY, general.vocabulary)
    }
    made |= {spoiled.mistake.name for loop in LAYER.loops for spoiled in spoil_loop(loop)}
    assert [mistake.name for mistake in CATALOGUE if mistake.name not in made] == []


def test_a_mistake_that_edits_nothing_is_not_in_the_catalogue():
    assert [m.name for m in CATALOGUE if m.edit is None and m.code is None] == []
    assert [m.name for m in CATALOGUE if m.edit is None and m.undo is not None] == []


@pytest.mark.parametrize("key", KEYS)
def test_the_right_statement_is_not_caught(key):
    assert difference(statement_of(key), SMALL_SIZES) is None


@quick_rows(8, "the mistakes are the same in each statement, and more are caught by proof")
@pytest.mark.parametrize("key", KEYS)
def test_every_spoiled_statement_is_caught_at_the_default_sizes(key):
    statement = statement_of(key)
    spoiled = [item for item in spoil(statement) if edit_key(statement, item) not in HARMLESS]
    assert spoiled
    spoiled = share(spoiled, quick=4)
    missed = [item for item in spoiled if difference(item.statement, SIZES) is None]
    assert [edit_key(statement, item) for item in missed] == []


@quick_rows(
    0,
    "the table is what another test leaves out; each entry is an edit that changes nothing",
)
def test_every_edit_in_the_table_of_harmless_ones_is_made_and_changes_nothing():
    found: Counter[tuple[str, str, str, str, str]] = Counter()
    for key in dict.fromkeys(entry[0] for entry in HARMLESS):
        statement = statement_of(key)
        for edited in spoil(statement):
            if edit_key(statement, edited) in HARMLESS:
                found[edit_key(statement, edited)] += 1
                assert difference(edited.statement, SMALL_SIZES) is None
    assert found == Counter(HARMLESS.keys())


def test_the_small_sizes_can_see_padding_stride_images_and_filters():
    for name, least in {"P": 1, "S": 2, "N": 2, "C": 2, "F": 2}.items():
        assert max(sizes[name] for sizes in SMALL_SIZES) >= least


@pytest.mark.parametrize("key", KEYS)
def test_every_mistake_that_can_be_taken_back_gives_the_original_back(key):
    statement = statement_of(key)
    lost = [
        edit_key(statement, edited)
        for edited in spoil(statement)
        if edited.mistake.undo is not None
        and not any(
            same_statement(mended.statement, statement)
            for mended in mend(edited.statement, [edited.mistake])
        )
    ]
    assert lost == []


def test_only_mistakes_that_leave_too_little_behind_cannot_be_taken_back():
    lasting = [item.name for item in CATALOGUE if item.edit and item.undo is None]
    assert lasting == [
        "group-offset-dropped",
        "delta-dropped",
        "indicator-dropped",
        "upstream-gradient-dropped",
        "factor-dropped",
        "term-dropped",
    ]


@pytest.mark.parametrize("key", KEYS)
def test_spoiling_gives_new_right_hand_sides_in_the_same_order_every_time(key):
    statement = statement_of(key)
    first, second = list(spoil(statement)), list(spoil(statement))
    assert first == second
    names = [mistake.name for mistake in CATALOGUE]
    places = [names.index(edited.mistake.name) for edited in first]
    assert places == sorted(places)
    for edited in first:
        assert not same_statement(edited.statement, statement)
        assert edited.statement.lhs == statement.lhs
        assert edited.statement.free == statement.free
        assert edited.statement.assumptions == statement.assumptions
        assert edited.statement.key == statement.key
        assert edited.where.startswith("in ")
    by_mistake = Counter((edited.mistake.name, edited.statement) for edited in first)
    assert set(by_mistake.values()) == {1}
