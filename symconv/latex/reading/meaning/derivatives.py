r"""Derivatives as texts write them: fractions, operators before a factor, and with a slash."""

from __future__ import annotations

from symconv.latex.reading.syntax import Call, Group, Literal, Node, Product, Stopped


def is_differential(node: Node) -> bool:
    """Tell whether a node begins with the d of a derivative."""
    first = node.factors[0] if isinstance(node, Product) else node
    return isinstance(first, Literal) and first.kind == "differential"


def is_operator(node: Node) -> bool:
    """Tell whether a node is d/dx with nothing above that is differentiated."""
    match node:
        case Call(kind="fraction", items=(Literal(kind="differential"), below)):
            return is_differential(below)
    return False


def differentiated(node: Node) -> Node:
    r"""Return what stands behind the d or \partial of one half of a derivative.

    Raises:
        Stopped: where that is not one part.
    """
    match node:
        case Product(signs=("", ""), factors=(_, part)):
            return part
    raise Stopped(node.span, "unsupported", "a derivative has one array above and one entry below")


def operand_of(node: Product, place: int) -> Node:
    """Return the factor that an operator such as d/dx before it differentiates.

    Raises:
        Stopped: where there is none, or it is not clear how far the derivative reaches.
    """
    if place >= len(node.factors):
        raise Stopped(node.factors[place - 1].span, "unreadable", "nothing is differentiated here")
    body = node.factors[place]
    if not isinstance(body, Group) and place + 1 < len(node.factors):
        raise Stopped(
            body.span,
            "unreadable",
            "it is not clear how far this derivative reaches",
            "put parentheses around what is differentiated",
        )
    return body


def slashed_parts(node: Product, place: int) -> tuple[Node, Node]:
    r"""Return what is differentiated in \partial L / \partial w_{...}, and by what.

    Raises:
        Stopped: where the differential at the place begins no derivative.
    """
    window = node.factors[place : place + 4]
    signs = node.signs[place + 1 : place + 4]
    match window:
        case (_, body, Literal(kind="differential"), by) if signs == ("", "/", ""):
            return body, by
    raise Stopped(
        node.factors[place].span,
        "unreadable",
        "this differential belongs to no derivative",
        "write \\frac{\\partial L}{\\partial x_{i}}",
    )
