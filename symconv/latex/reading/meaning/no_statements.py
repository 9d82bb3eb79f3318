"""Equations that claim nothing: sizes of an example, conditions on sizes, values of letters."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.algebra.indices import Size
from symconv.algebra.tree import symbols
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.items import ExampleSize, FormulaReading, NoStatement, Span
from symconv.latex.reading.meaning.definitions import is_fixed, new_symbol
from symconv.latex.reading.meaning.integers import integer_of, is_integer
from symconv.latex.reading.meaning.scope import Scope, is_plain, is_usual_index
from symconv.latex.reading.syntax import Literal, Name, Node, Stopped


def no_statement(
    nodes: Sequence[Node | Stopped], span: Span, context: Context
) -> FormulaReading | None:
    """Read what looks like an equality and claims nothing; None for anything else.

    Args:
        nodes: the sides of its equalities.
        span: where it stands.
        context: what is known before it.

    Raises:
        Stopped: where a size is smaller than it can be.
    """
    examples = example_sizes(nodes, span, context)
    if examples is not None:
        return with_examples(examples, context)
    if _only_given_sizes(nodes, context):
        return FormulaReading((NoStatement(span, "a condition on the given sizes"),), context)
    letter = _value_of_a_letter(nodes, context)
    if letter is not None:
        return FormulaReading((NoStatement(span, "a value of a letter"),), letter)
    head = nodes[0]
    if isinstance(head, Stopped):
        return None
    name = new_symbol(head, context)
    numeric = isinstance(nodes[-1], Literal) and nodes[-1].kind == "number"
    if name is None or not is_plain(name) or not (numeric or is_usual_index(name, context)):
        return None
    if not all(_is_letter(node, context) for node in nodes[1:-1]):
        return None
    if not is_integer(head, Scope(context)):
        return None
    return FormulaReading((NoStatement(span, "a value of an index"),), context)


def with_examples(examples: Sequence[ExampleSize], context: Context) -> FormulaReading:
    """Put the sizes of an example into force."""
    for example in examples:
        context = context.with_example(example.size, example.value)
    return FormulaReading(tuple(examples), context)


def example_sizes(
    nodes: Sequence[Node | Stopped], span: Span, context: Context
) -> list[ExampleSize] | None:
    """Read ``H = W = 5``; None where an equation is no example.

    Raises:
        Stopped: where a size is smaller than it can be.
    """
    *names, last = nodes
    found: list[ExampleSize] = []
    if not isinstance(last, Literal) or not last.text.isdecimal():
        return None
    for node in names:
        if not isinstance(node, Name) or node.subscripts or Size(node.name) not in context.sizes:
            return None
        size = Size(node.name)
        least = dict(context.minimum).get(size, 1)
        if int(last.text) < least:
            raise Stopped(
                last.span, "out-of-range-number", f"{size} is at least {least}, got {last.text}"
            )
        found.append(ExampleSize(span, size, int(last.text)))
    return found


def _only_given_sizes(nodes: Sequence[Node | Stopped], context: Context) -> bool:
    """Tell whether an equation restricts the given sizes, as ``H = W`` does.

    No such equation can be true for every size, so it is a condition of what follows and
    claims nothing; an equation for a derived size is a claim.
    """
    first = nodes[0]
    if not isinstance(first, Name) or Size(first.name) not in context.sizes:
        return False
    return is_about_given_sizes(nodes, context)


def is_about_given_sizes(nodes: Sequence[Node | Stopped], context: Context) -> bool:
    """Tell whether nothing but given sizes and numbers stands in an equation."""
    derived = {item.size for item in context.layer.derived} if context.layer else set()
    scope = Scope(context)
    for node in nodes:
        if isinstance(node, Stopped) or not is_integer(node, scope):
            return False
        try:
            value = integer_of(node, scope)
        except Stopped:
            return False
        if any(not isinstance(s, Size) or s in derived for s in symbols(value)):
            return False
    return True


def _value_of_a_letter(nodes: Sequence[Node | Stopped], context: Context) -> Context | None:
    """Tell of a chain that gives a letter a value which no array has: L = l + 1, or b = 2.

    A text with L layers or b images says so in these letters. Said of an array itself, such a
    value is a choice that no formula of the layer makes: b = 0 leaves the bias out, and
    what is made of it is not known where that is said.

    Returns:
        What is known behind it; None for any other chain.
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
    return context


def left_out(head: Node, values: Sequence[Node | Stopped], context: Context) -> Context:
    """Say that nothing is known of an input that a text sets to 0, such as b = 0 or b_f = 0."""
    if not isinstance(head, Name) or not any(map(_is_zero, values)):
        return context
    array = context.array(head.name)
    if array is None or not context.is_input(array) or any(map(_is_number, head.subscripts or ())):
        return context
    return context.with_domain(DefinedWhere(head.name, (), None))


def _is_letter(node: Node | Stopped, context: Context) -> bool:
    """Tell whether a node is a letter without a meaning so far."""
    if isinstance(node, Stopped):
        return False
    name = new_symbol(node, context)
    return name is not None and is_plain(name)


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
