"""Definitions that were seen and could not be read: what they define is unknown from there on.

An array that is declared counts as independent until it is defined, and a letter as an index.
Where something is said of either that cannot be read, neither is true any more: the name is
without a known meaning, and what needs it is undecided, until it is defined readably.
"""

from __future__ import annotations

from collections.abc import Sequence

from symconv.latex.context import Context, Domain
from symconv.latex.reader_arrays import KRONECKER
from symconv.latex.reader_atoms import Atom, atoms
from symconv.latex.reader_definitions import is_fixed, new_symbol
from symconv.latex.reader_rows import Member
from symconv.latex.reader_syntax import Group, Name, Node, Product, Stopped
from symconv.latex.reader_tokens import names


def unread_definition(
    head: Member,
    node: Node | Stopped,
    values: Sequence[Member],
    context: Context,
    *,
    marked: bool = False,
) -> Context:
    """Say of the name on the left of an equation that it has no known meaning, if it defines it.

    Args:
        head: the left side.
        node: the left side as it was parsed, or why it was not.
        values: the other sides; what stands in one of them is not defined by it.
        context: what is known.
        marked: whether the equation is written as a definition.
    """
    if is_kronecker(head.atoms, context):
        return context.with_domain(Domain(KRONECKER, (), None))
    if not isinstance(node, Stopped) and not _is_named(node):
        return context
    found = names(head.atoms, context.spellings)
    if not found or (not marked and any(_mentions(v, found[0], context) for v in values)):
        return context
    name = found[0]
    if context.array(name) is not None:
        return context if is_fixed(name, context) else context.with_domain(Domain(name, (), None))
    symbol = None if isinstance(node, Stopped) else new_symbol(node, context)
    if symbol is None or _is_index(symbol, context):
        return context
    return context.with_domain(Domain(symbol, (), None))


def unread_text(text: str, context: Context) -> Context:
    """Do the same for a definition that is given as text, such as a declaration holds.

    Args:
        text: the equation.
        context: what is known.
    """
    left, equals, _ = text.partition("=")
    found = names(atoms(left), context.spellings) if equals else []
    if not found or is_fixed(found[0], context):
        return context
    return context.with_domain(Domain(found[0], (), None))


def is_kronecker(found: Sequence[Atom], context: Context) -> bool:
    r"""Tell whether a side is a lone \delta with its indices, and no declared name."""
    if any(source.startswith(KRONECKER) for source, _ in context.spellings):
        return False
    visible = [atom for atom in found if atom.kind not in ("space", "wide", "align")]
    if not visible or visible[0].text != KRONECKER:
        return False
    depth = 0
    for atom in visible[1:]:
        if depth == 0 and atom.text not in ("_{", "^{", "(", "["):
            return False
        depth += atom.kind == "open" or atom.text in ("(", "[")
        depth -= atom.kind == "close" or atom.text in (")", "]")
    return True


def _is_named(node: Node) -> bool:
    match node:
        case Name():
            return True
        case Product(signs=("", ""), factors=(Name(subscripts=None), Group())):
            return True
    return False


def _mentions(value: Member, name: str, context: Context) -> bool:
    return name in names(value.atoms, context.spellings)


def _is_index(name: str, context: Context) -> bool:
    """Tell whether a letter is an index where the text says nothing else of it."""
    return any(index.name == name for index in context.indices) or any(
        item.index.name == name for item in context.ranges
    )
