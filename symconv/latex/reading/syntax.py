"""The syntax of formulas: tokens become a small tree in which every node has its span.

The tree says how a formula is put together and nothing about what its names mean. It is
built bottom-up by an LALR parser, so nesting costs no recursion here; every node knows how
deep it is, and the parts that walk the tree by recursion refuse what is too deep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from symconv.latex.reading.items import Span

if TYPE_CHECKING:
    from lark import Lark, Token

MOST_SIGNS = 5_000
"""How many terms one side of an equation may have, about; a page holds some hundred."""
DEEPEST = 60
"""How deep a formula may be nested; people stay below 15."""


class Stopped(Exception):
    """Reading stopped at a place; becomes an `Unreadable`, and never leaves the reader."""

    def __init__(
        self, span: Span, code: str, message: str, help: str = "", missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.span = span
        self.code = code
        self.message = message
        self.help = help
        self.missing = missing


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of a formula; compared by identity, because equal parts stand in many places.

    Attributes:
        span: where it stands in the text.
        depth: how many levels of parts are below it, itself included.
    """

    span: Span
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A leaf: ``number``, ``differential``, ``dots``, ``matrix`` or ``truth``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A name by its canonical spelling, with what stands in its subscript."""

    name: str
    subscripts: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Group(Node):
    """A list in brackets: ``(``, ``[`` or ``{``."""

    bracket: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A sign with its arguments: floor, ceiling, delta, indicator, min, max, fraction."""

    kind: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Power(Node):
    """Something with a superscript that is not part of its name."""

    base: Node
    exponents: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Product(Node):
    """Factors, each with the sign before it: an empty text where they stand side by side."""

    signs: tuple[str, ...]
    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Summation(Node):
    """A sum sign with what stands below and above it, and the product it reaches over."""

    below: tuple[Node, ...]
    above: tuple[Node, ...]
    body: Node
    sign: Span


@dataclass(frozen=True, slots=True, eq=False)
class Additive(Node):
    """Terms, each with the sign before it: ``+`` or ``-``."""

    signs: tuple[str, ...]
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Node):
    """Parts with relations between them, such as ``0 <= i < H``."""

    parts: tuple[Node, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Connected(Node):
    """Conditions joined by ``and``, ``or``, or one of them behind ``not``."""

    connective: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Branch(Node):
    """A value with what has to hold for it: all of the conditions, or that no case before did."""

    value: Node
    conditions: tuple[Node, ...]
    otherwise: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cases(Node):
    """Values by cases, the first one that applies."""

    cases: tuple[Branch, ...]


Child: TypeAlias = "Node | Token"


def parse(tokens: Sequence[Token], end: int) -> Node:
    """Parse the tokens of one member of a formula.

    Args:
        tokens: what the lexer made of it.
        end: the offset behind its last character, where an unexpected end is reported.

    Raises:
        Stopped: at the token that does not fit, or where the formula is nested too deep.
    """
    from lark.exceptions import UnexpectedInput, UnexpectedToken

    try:
        tree: Any = _parser().parse(tokens)  # pyright: ignore[reportArgumentType] -- its lexer is ours and takes tokens
    except UnexpectedToken as error:
        if error.token.type == "$END" or error.token.start_pos is None:
            span = (max(0, end - 1), end)
            raise Stopped(span, "unreadable", "the formula ends too early") from None
        raise Stopped(_span(error.token), "unreadable", "this does not belong here") from None
    except UnexpectedInput:
        raise Stopped((max(0, end - 1), end), "unreadable", "this cannot be read") from None
    if sum(token.type == "SIGN" for token in tokens) > MOST_SIGNS:
        raise Stopped(
            tree.span,
            "unsupported",
            f"one side of an equation with more than {MOST_SIGNS} plus and minus signs",
            "name parts of it by definitions",
        )
    if tree.depth > DEEPEST:
        raise Stopped(
            tree.span,
            "unsupported",
            f"the formula is nested deeper than {DEEPEST} levels",
            "name parts of it by definitions",
        )
    return tree


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of a node."""
    match node:
        case Literal():
            return ()
        case Name(subscripts=parts):
            return parts or ()
        case Group(items=parts) | Call(items=parts):
            return parts
        case Power(base=base, exponents=parts):
            return (base, *parts)
        case Product(factors=parts) | Additive(terms=parts):
            return parts
        case Summation(below=below, above=above, body=body):
            return (*below, *above, body)
        case Chain(parts=parts) | Connected(parts=parts) | Cases(cases=parts):
            return parts
        case Branch(value=value, conditions=parts):
            return (value, *parts)
    raise TypeError(f"not a part of a formula: {node!r}")


@cache
def _parser() -> Lark:
    from lark import Lark, Token, Transformer
    from lark.lexer import Lexer

    class TokenList(Lexer):
        """A lexer that hands on tokens which exist already."""

        def __init__(self, _configuration: object) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any = None) -> Any:
            """Yield the tokens, which are all that the state of this lexer is."""
            _ = parser_state
            yield from lexer_state

    class Builder(Transformer[Token, Node]):
        """Build a node per rule, from the nodes and tokens of its parts."""

        def start(self, parts: list[Child]) -> Node:
            return _node(parts[0])

        def condition(self, parts: list[Child]) -> Node:
            return Connected(*_place(parts), "or", _nodes(parts))

        def conjunction(self, parts: list[Child]) -> Node:
            return Connected(*_place(parts), "and", _nodes(parts))

        def negation(self, parts: list[Child]) -> Node:
            return Connected(*_place(parts), "not", _nodes(parts[1:]))

        def chain(self, parts: list[Child]) -> Node:
            relations = tuple(str(part) for part in parts[1::2])
            return Chain(*_place(parts[::2]), _nodes(parts[::2]), relations)

        def relation(self, parts: list[Child]) -> Child:
            return parts[0]

        def additive(self, parts: list[Child]) -> Node:
            if len(parts) == 1:
                return _node(parts[0])
            signs, terms, sign = [], [], "+"
            for part in parts:
                if _is_token(part, "SIGN"):
                    sign = str(part)
                else:
                    signs.append(sign)
                    terms.append(_node(part))
            return Additive(*_place(parts), tuple(signs), tuple(terms))

        def term(self, parts: list[Child]) -> Node:
            if len(parts) == 1:
                return _node(parts[0])
            signs, factors, sign = [], [], ""
            for part in parts:
                if _is_token(part, "OPERATOR"):
                    sign = str(part)
                else:
                    signs.append(sign)
                    factors.append(_node(part))
                    sign = ""
            return Product(*_place(parts), tuple(signs), tuple(factors))

        def summation(self, parts: list[Child]) -> Node:
            below: list[Node] = []
            above: list[Node] = []
            scripts, rest = parts[1:-1], parts[-1:]
            if scripts and _is_token(scripts[-1], "SIGN"):
                rest = [scripts.pop(), *rest]
            for script in scripts:
                assert isinstance(script, Call), "a sum sign is followed by its scripts"
                (below if script.kind == "_" else above).extend(script.items)
            body = _node(rest[-1])
            if len(rest) > 1:
                body = Additive(*_place(rest), (str(rest[0]),), (body,))
            span, depth = _place(parts)
            return Summation(span, depth, tuple(below), tuple(above), body, _span(parts[0]))

        def script(self, parts: list[Child]) -> Node:
            kind = "_" if _is_token(parts[0], "SUB") else "^"
            return Call(*_place(parts), kind, _nodes(parts[1:-1]))

        def cases(self, parts: list[Child]) -> Node:
            found = tuple(part for part in parts if isinstance(part, Branch))
            return Cases(*_place(parts), found)

        def case(self, parts: list[Child]) -> Node:
            value, *rest = parts
            otherwise = any(_is_token(part, "OTHERWISE") for part in rest)
            words = ("UNDER", "OTHERWISE")
            conditions = [part for part in rest if not any(_is_token(part, w) for w in words)]
            return Branch(*_place(parts), _node(value), _nodes(conditions), otherwise)

        def power(self, parts: list[Child]) -> Node:
            return Power(*_place(parts), _node(parts[0]), _nodes(parts[2:-1]))

        def name(self, parts: list[Child]) -> Node:
            subscripts = _nodes(parts[2:-1]) if len(parts) > 1 else None
            return Name(*_place(parts), str(parts[0]), subscripts)

        def group(self, parts: list[Child]) -> Node:
            return Group(*_place(parts), str(parts[0]), _nodes(parts[1:-1]))

        def fraction(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), "fraction", (_node(parts[2]), _node(parts[5])))

        def floor(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), "floor", _nodes(parts[1:-1]))

        def ceiling(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), "ceiling", _nodes(parts[1:-1]))

        def delta(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), "delta", _arguments(parts))

        def indicator(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), "indicator", _arguments(parts))

        def extremum(self, parts: list[Child]) -> Node:
            return Call(*_place(parts), str(parts[0]), _arguments(parts))

    grammar = files("symconv.latex.reading").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer=TokenList,
        transformer=Builder(),
    )


_LEAVES = {
    "NUMBER": "number",
    "DIFFERENTIAL": "differential",
    "DOTS": "dots",
    "LITERAL": "matrix",
    "TRUTH": "truth",
}


def _node(part: Child) -> Node:
    if isinstance(part, Node):
        return part
    return Literal(_span(part), 1, _LEAVES[part.type], str(part))


def _nodes(parts: Sequence[Child]) -> tuple[Node, ...]:
    return tuple(map(_node, parts))


def _arguments(parts: Sequence[Child]) -> tuple[Node, ...]:
    """Return the arguments of a sign, which stand in a subscript or in brackets."""
    last = parts[-1]
    if isinstance(last, Group):
        return last.items
    return _nodes(parts[2:-1])


def _is_token(part: Child, kind: str) -> bool:
    return not isinstance(part, Node) and part.type == kind


def _span(part: Child) -> Span:
    if isinstance(part, Node):
        return part.span
    assert part.start_pos is not None, "tokens have their place"
    assert part.end_pos is not None, "tokens have their place"
    return (part.start_pos, part.end_pos)


def _place(parts: Sequence[Child]) -> tuple[Span, int]:
    depth = 1 + max((part.depth for part in parts if isinstance(part, Node)), default=0)
    return (_span(parts[0])[0], _span(parts[-1])[1]), depth
