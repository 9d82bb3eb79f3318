"""Statements with a mistake in them, or freed of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from symconv.algebra.expressions import Statement
from symconv.algebra.tree import Node
from symconv.layers.layer import Vocabulary
from symconv.layers.registry import default_vocabulary
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.mistake import Mistake
from symconv.mistakes.sites import Edit, Site, same_tree, statement_sites


@dataclass(frozen=True, slots=True)
class EditedStatement:
    """A statement in which one mistake was made, or taken back.

    Attributes:
        mistake: the mistake.
        statement: the statement after the edit.
        where: the site, in words.
        before: what stood there.
        after: what stands there now.
    """

    mistake: Mistake
    statement: Statement
    where: str
    before: Node
    after: Node


def spoil(
    statement: Statement,
    mistakes: Iterable[Mistake] = CATALOGUE,
    vocabulary: Vocabulary | None = None,
) -> Iterator[EditedStatement]:
    """Make every mistake at every site of a statement where it applies, one at a time.

    The order is that of the mistakes, then of reading. A statement that differs from the
    given one only in how its integers are written is left out, and so is one that the same
    mistake gave before. Without a vocabulary, symbols stand for what they are in the default
    layer.
    """
    sites = tuple(statement_sites(statement, vocabulary or default_vocabulary()))
    for mistake in mistakes:
        for site, new, changed in _changed(sites, mistake.edit):
            yield EditedStatement(mistake, changed, site.where(), site.node, new)


def mend(
    statement: Statement,
    mistakes: Iterable[Mistake] = CATALOGUE,
    vocabulary: Vocabulary | None = None,
    *,
    at: Callable[[Node], bool] | None = None,
) -> Iterator[EditedStatement]:
    """Take every mistake back at every site where it may have been made, one at a time.

    Each is only a candidate; whether it is right is for a proof to say. For every statement
    that `spoil` gives, the original is among them if the mistake can be undone at all.
    With `at`, only the sites are looked at whose node it accepts.
    """
    every = statement_sites(statement, vocabulary or default_vocabulary())
    sites = tuple(site for site in every if at is None or at(site[0].node))
    for mistake in mistakes:
        for site, new, changed in _changed(sites, mistake.undo):
            yield EditedStatement(mistake, changed, site.where(), site.node, new)


def same_statement(left: Statement, right: Statement) -> bool:
    """Tell whether two statements differ only in how the integers on the right are written."""
    if left.lhs != right.lhs or len(left.where) != len(right.where):
        return False
    pairs = zip(left.where, right.where, strict=True)
    return same_tree(left.rhs, right.rhs) and all(
        index == other and same_tree(value, changed) for (index, value), (other, changed) in pairs
    )


def _changed(
    sites: Iterable[tuple[Site, Callable[[Node], Statement]]], edit: Edit | None
) -> Iterator[tuple[Site, Node, Statement]]:
    if edit is None:
        return
    # Nothing but the right-hand side and the abbreviations is ever edited.
    seen: set[tuple[object, ...]] = set()
    for site, put in sites:
        for new in edit(site):
            if same_tree(site.node, new):
                continue
            changed = put(new)
            edited = (changed.rhs, changed.where)
            if edited not in seen:
                seen.add(edited)
                yield site, new, changed
