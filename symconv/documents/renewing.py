"""Names that a text defines once more: by words such as ``now let``, or by an equation alone.

Words say that a name has another meaning from here on. Where nothing says so, nobody knows
whether the name is defined anew or the equation is wrong: then nothing that uses the name is
judged, unless both meanings turn out to be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symconv.algebra.expressions import Array, Definition, Entry, Expression, Number, Statement
from symconv.algebra.indices import Index
from symconv.algebra.scoping import arrays, inline
from symconv.documents.other_conventions import map_entries
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, Equality, Item
from symconv.latex.reading.meaning.scope import expanded


def named_on_the_left(statement: Statement, context: Context) -> str | None:
    """Return the name that an equation would define, had it no meaning yet."""
    match statement.lhs:
        case Number(value=Index(name=name)) if context.abbreviation(name) is not None:
            return name
        case Entry(array=array, indices=indices):
            free = [item.index for item in statement.free]
            plain = all(isinstance(index, Index) for index in indices)
            if plain and list(indices) == free and len(set(indices)) == len(indices):
                return array.name if context.definition(array.name) is not None else None
    return None


def redefined(text: str, context: Context, said: set[str]) -> set[str]:
    """Return the names of a text that a formula gives another meaning.

    Args:
        text: the formula, which words introduce as a definition.
        context: what is known before it.
        said: the names that the text itself gave their meanings.
    """
    names = {
        name
        for item in read_formula(text, context).items
        if isinstance(item, Equality)
        if (name := named_on_the_left(item.statement, context)) in said and name is not None
    }
    if not names:
        return names
    trial = without_names(context, names)
    return {name for name in names if _differs(name, context, trial, text)}


def _differs(name: str, context: Context, trial: Context, text: str) -> bool:
    again = read_formula(text, trial)
    for item in again.items:
        if isinstance(item, Abbreviation) and item.index.name == name:
            before = expanded(item.index, context)
            return expanded(item.value, trial) != before
        if isinstance(item, ArrayDefinition) and item.definition.array.name == name:
            return item.definition != context.definition(name)
    return False


def without_names(context: Context, names: set[str]) -> Context:
    """Forget what names stand for; what was said in terms of them stays as it was."""
    context = without_meanings(context, names)
    for name in sorted(names):
        definition = context.definition(name)
        if definition is not None:
            context = _without_definition(context, definition)
    return context


def without_meanings(context: Context, names: set[str]) -> Context:
    """Forget what some letters stand for; what was said in terms of them stays as it was."""
    if not any(index.name in names for index, _ in context.abbreviations):
        return context
    gone = replace(
        context,
        abbreviations=tuple(item for item in context.abbreviations if item[0].name in names),
    )
    kept = tuple(
        (index, expanded(value, gone))
        for index, value in context.abbreviations
        if index.name not in names
    )
    return replace(context, abbreviations=kept)


def _without_definition(context: Context, gone: Definition) -> Context:
    """Forget a definition, and write it out in those that use it."""

    def written_out(entry: Entry) -> Expression:
        return inline(gone, entry.indices) if entry.array == gone.array else entry

    kept: list[Definition] = []
    unknown: list[Array] = []
    for definition in context.definitions:
        if definition == gone:
            continue
        if gone.array in arrays(definition.body):
            definition = Definition(definition.target, map_entries(definition.body, written_out))
        if gone.array in arrays(definition.body):
            unknown.append(definition.array)
        else:
            kept.append(definition)
    context = replace(context, definitions=tuple(kept)).without_domain(gone.array.name)
    for array in unknown:
        indices = tuple(Index(f"axis {number}") for number, _ in enumerate(array.shape))
        context = context.with_domain(DefinedWhere(array.name, indices, None))
    return context


def uses(item: Item, text: str, context: Context, name: str) -> bool:
    """Tell whether an item of a formula says something else where a name has no meaning."""
    others = read_formula(text, without_names(context, {name})).items
    return not any(other.span == item.span and _plain(other) == _plain(item) for other in others)


def _plain(item: Item) -> Item:
    return replace(item, readings=()) if isinstance(item, Equality | ArrayDefinition) else item


def used_arrays(item: Item, context: Context) -> Iterator[str]:
    """Yield the arrays that an item uses, directly or through definitions."""
    match item:
        case Equality(statement=statement):
            pending = [*arrays(statement.lhs), *arrays(statement.rhs)]
        case ArrayDefinition(definition=definition):
            pending = list(arrays(definition.body))
        case _:
            return
    seen: set[str] = set()
    while pending:
        array = pending.pop()
        if array.name in seen:
            continue
        seen.add(array.name)
        yield array.name
        known = context.definition(array.name)
        if known is not None:
            pending.extend(arrays(known.body))
