"""Definitions that were seen and could not be read: what they define is unknown from there on.

An array that is declared counts as independent until it is defined, and a letter as an index.
Where something is said of either that cannot be read, neither is true any more: the name is
without a known meaning, and what needs it is undecided, until it is defined readably.
"""

from __future__ import annotations

from collections.abc import Sequence

from symconv.latex.reading.array_entries import KRONECKER
from symconv.latex.reading.atoms import Atom, atoms
from symconv.latex.reading.claims import Member
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.definitions import is_fixed, new_symbol
from symconv.latex.reading.integers import integer_of, is_integer
from symconv.latex.reading.scope import Scope
from symconv.latex.reading.syntax import Group, Literal, Name, Node, Product, Stopped
from symconv.latex.reading.tokens import names


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
        return context.with_domain(DefinedWhere(KRONECKER, (), None))
    if not isinstance(node, Stopped) and not _is_named(node):
        return context
    found = names(head.atoms, context.spellings)
    if not found or (not marked and any(_mentions(v, found[0], context) for v in values)):
        return context
    name = found[0]
    if context.array(name) is not None:
        return (
            context
            if is_fixed(name, context)
            else context.with_domain(DefinedWhere(name, (), None))
        )
    symbol = None if isinstance(node, Stopped) else new_symbol(node, context)
    if symbol is None or _is_index(symbol, context):
        return context
    return context.with_domain(DefinedWhere(symbol, (), None))


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
    return context.with_domain(DefinedWhere(found[0], (), None))


def value_of_a_letter(
    nodes: Sequence[Node | Stopped], context: Context
) -> tuple[str, Context] | None:
    """Tell of a chain that gives a letter a value which no array has: L = l + 1, or b = 2.

    A text with L layers or b images says so in these letters. Said of an array itself, such a
    value is a choice that no formula of the layer makes: b = 0 leaves the bias out, and
    what is made of it is not known where that is said.

    Returns:
        What is said of it, and what is known behind it; None for any other chain.
    """
    scope = Scope(context)
    named = [node for node in nodes if isinstance(node, Name) and _is_chosen(node, context)]
    rest = [node for node in nodes if not any(node is other for other in named)]
    if not named or not rest:
        return None
    for node in rest:
        if isinstance(node, Stopped) or not is_integer(node, scope):
            return None
        try:
            _ = integer_of(node, scope)
        except Stopped:
            return None
    for node in named:
        context = left_out(node, rest, context)
    return "a value of a letter", context


def left_out(head: Node, values: Sequence[Node | Stopped], context: Context) -> Context:
    """Say that nothing is known of an input that a text sets to 0, such as b = 0 or b_f = 0."""
    if not isinstance(head, Name) or not any(map(_is_zero, values)):
        return context
    array = context.array(head.name)
    if array is None or not context.is_input(array) or any(map(_is_number, head.subscripts or ())):
        return context
    return context.with_domain(DefinedWhere(head.name, (), None))


def _is_number(node: Node) -> bool:
    return isinstance(node, Literal) and node.kind == "number"


def _is_zero(node: Node | Stopped) -> bool:
    return isinstance(node, Literal) and node.text == "0"


def _is_chosen(node: Name, context: Context) -> bool:
    """Tell whether a name is an array as a whole that no equation defines as a number."""
    array = context.array(node.name)
    if array is None or node.subscripts:
        return False
    return bool(array.shape) or is_fixed(node.name, context)


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
