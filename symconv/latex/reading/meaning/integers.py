"""Integers and conditions: the part of a formula that speaks of sizes and indices.

The walk goes down by recursion, which the parser's limit on nesting bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from symconv.algebra.expressions import Array
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Relation,
    Remainder,
    Times,
    as_integer,
)
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.scope import Scope
from symconv.latex.reading.syntax import (
    Additive,
    Call,
    Chain,
    Connected,
    Group,
    Literal,
    Name,
    Node,
    Power,
    Product,
    Stopped,
)

_RELATIONS: Final[Mapping[str, Relation]] = {
    "==": "==",
    "!=": "!=",
    "<=": "<=",
    "<": "<",
    ">=": ">=",
    ">": ">",
}
_LARGEST_POWER: Final = 9
_MOST_FACTORS: Final = 36
"""How many factors a power of powers may have: what is multiplied out grows with it."""


def integer_of(node: Node, scope: Scope, *, subscript: bool = False) -> IntegerExpression:
    """Give meaning to an integer expression in sizes and indices.

    Raises:
        Stopped: for anything else.
    """
    match node:
        case Literal(kind="number", text=text):
            return _with_comma(text, scope) if "," in text else _number(text)
        case Literal():
            raise refused(node)
        case Name():
            return scope.symbol(symbol_name(node, scope), node.span, subscript=subscript)
        case Additive(signs=signs, terms=terms):
            parts = [
                -integer_of(term, scope, subscript=subscript)
                if sign == "-"
                else integer_of(term, scope, subscript=subscript)
                for sign, term in zip(signs, terms, strict=True)
            ]
            refuse_bare_modulus(signs, terms)
            return parts[0] if len(parts) == 1 else Plus(tuple(parts))
        case Product():
            return _integer_product(node, scope, subscript=subscript)
        case Group(items=(item,)):
            return integer_of(item, scope, subscript=subscript)
        case Power(base=base):
            count = exponent(node)
            return Times((integer_of(base, scope, subscript=subscript),) * count)
        case Call(kind="fraction", items=(above, below)):
            return Quotient(
                integer_of(above, scope, subscript=subscript),
                integer_of(below, scope, subscript=subscript),
            )
        case Call(kind="floor" | "ceiling" as kind, items=(item,)):
            return _rounded(kind, integer_of(item, scope, subscript=subscript))
        case Call(kind="min" | "max" as kind, items=items):
            parts = tuple(integer_of(item, scope, subscript=subscript) for item in items)
            return Minimum(parts) if kind == "min" else Maximum(parts)
    raise Stopped(
        node.span, "unsupported", "this is not an integer expression in sizes and indices"
    )


def _with_comma(text: str, scope: Scope) -> IntegerExpression:
    """Read 60,000 as a number of thousands, and 0,5 as a decimal."""
    first, *groups = text.split(",")
    thousands = len(first) <= 3 and first != "0" and all(len(part) == 3 for part in groups)
    plain = text.replace(",", "" if thousands else ".")
    scope.note(f"{text} is read as {plain}")
    scope.doubts[f"the comma in {text} may mean something else"] = None
    return _number(plain)


def condition_of(node: Node, scope: Scope) -> Condition:
    """Give meaning to a condition.

    Raises:
        Stopped: for what is no condition.
    """
    match node:
        case Literal(kind="truth", text=text):
            return And(()) if text == "true" else Or(())
        case Connected(connective="and", parts=parts):
            return And(tuple(condition_of(part, scope) for part in parts))
        case Connected(connective="or", parts=parts):
            return Or(tuple(condition_of(part, scope) for part in parts))
        case Connected(parts=(part,)):
            return Not(condition_of(part, scope))
        case Group(items=(item,)):
            return condition_of(item, scope)
        case Group(items=items):
            return conditions_of(items, scope)
        case Chain(parts=parts, relations=relations):
            found: list[Condition] = []
            for left, relation, right in zip(parts, relations, parts[1:], strict=False):
                found.extend(_related(left, relation, right, scope))
            return found[0] if len(found) == 1 else And(tuple(found))
    raise Stopped(node.span, "unreadable", "a condition has to stand here, such as 0 \\le i")


def conditions_of(items: tuple[Node, ...], scope: Scope) -> Condition:
    """Give meaning to conditions that all hold, separated by commas."""
    parts = tuple(condition_of(item, scope) for item in items)
    return parts[0] if len(parts) == 1 else And(parts)


def is_integer(node: Node, scope: Scope) -> bool:
    """Tell whether nothing but sizes, indices and numbers stands in a node."""
    if node not in scope.whole:
        scope.whole[node] = _is_whole(node, scope)
    return scope.whole[node]


def _is_whole(node: Node, scope: Scope) -> bool:
    match node:
        case Literal(kind=kind):
            return kind == "number"
        case Name(name=name, subscripts=subscripts):
            if _is_array(name, scope):
                return False
            return subscripts is None or _script_word(node, scope) is not None
        case Additive(terms=parts) | Product(factors=parts):
            return all(is_integer(part, scope) for part in parts)
        case Group(bracket="(" | "[", items=(item,)):
            return is_integer(item, scope)
        case Power(base=base, exponents=exponents):
            return all(is_integer(part, scope) for part in (base, *exponents))
        case Call(kind="fraction" | "floor" | "ceiling" | "min" | "max", items=parts):
            return all(is_integer(part, scope) for part in parts)
    return False


def _is_array(name: str, scope: Scope) -> bool:
    context = scope.context
    return context.array(name) is not None or gradient_of(name, scope) is not None


def gradient_of(name: str, scope: Scope) -> tuple[Array, Array] | None:
    """Return the loss and the array that a name such as dx is the derivative by, or None."""
    for gradient in scope.context.gradients:
        if gradient.name == name and scope.context.array(name) is None:
            return gradient.loss, gradient.by
    return None


def symbol_name(node: Name, scope: Scope) -> str:
    """Return the name of a size or index, its subscript included: p_0.

    Raises:
        Stopped: for an entry of an array.
    """
    if node.subscripts is None:
        return node.name
    word = _script_word(node, scope)
    if word is None or _is_array(node.name, scope):
        raise Stopped(
            node.span, "unsupported", f"an entry of {node.name} where an integer has to stand"
        )
    return f"{node.name}_{word}"


def _script_word(node: Name, scope: Scope) -> str | None:
    """Return a subscript that belongs to a name: a number, or one letter of a known name."""
    match node.subscripts:
        case (Literal(kind="number", text=text),) if text.isdecimal():
            return text
        case (Name(name=name, subscripts=None),) if scope.context.knows(f"{node.name}_{name}"):
            return name
    return None


def _related(left: Node, relation: str, right: Node, scope: Scope) -> list[Condition]:
    if relation == "in":
        bounds = listed_bounds(right)
        if bounds is None:
            raise Stopped(right.span, "unsupported", "only a set such as \\{0,\\ldots,n\\}")
        value, lower, upper = (integer_of(part, scope) for part in (left, *bounds))
        return [Comparison(lower, "<=", value), Comparison(value, "<=", upper)]
    first, second = integer_of(left, scope), integer_of(right, scope)
    if relation == "|":
        return [Divides(first, second)]
    if relation == "!|":
        return [Not(Divides(first, second))]
    return [Comparison(first, _RELATIONS[relation], second)]


def _integer_product(node: Product, scope: Scope, *, subscript: bool) -> IntegerExpression:
    factors: list[IntegerExpression] = []
    refuse_unclear_division(node)
    for sign, factor in zip(node.signs, node.factors, strict=True):
        value = integer_of(factor, scope, subscript=subscript)
        if sign == "/":
            factors = [Quotient(_times(factors), value)]
        elif sign == "mod":
            factors = [Remainder(_times(factors), value)]
        else:
            factors.append(value)
    return _times(factors)


def refuse_unclear_division(node: Product) -> None:
    """Refuse a factor right behind a divisor: a / b c.

    Raises:
        Stopped: where there is one.
    """
    for before, sign, factor in zip(node.signs, node.signs[1:], node.factors[1:], strict=False):
        if before in ("/", "mod") and sign == "":
            raise Stopped(
                factor.span,
                "unreadable",
                "it is not clear whether this is divided by, or multiplied afterwards",
                "put parentheses around the product or the quotient",
            )


def refuse_bare_modulus(signs: tuple[str, ...], terms: tuple[Node, ...]) -> None:
    """Refuse a remainder among terms without parentheses: i + P mod S, -i mod S.

    Raises:
        Stopped: where there is one.
    """
    if signs == ("-",) and isinstance(terms[0], Product) and "mod" in terms[0].signs:
        raise Stopped(
            terms[0].span,
            "unreadable",
            "it is not clear whether the minus sign stands inside of mod",
            "write (-i) \\bmod S, or -(i \\bmod S)",
        )
    for term in terms if len(terms) > 1 else ():
        if isinstance(term, Product) and "mod" in term.signs:
            raise Stopped(
                term.span,
                "unreadable",
                "it is not clear how far to the left mod reaches",
                "put parentheses around the sum or around the remainder",
            )


def exponent(node: Power) -> int:
    """Return the exponent of a power.

    Raises:
        Stopped: where it is no small number.
    """
    match node.exponents:
        case (Literal(kind="number", text=text),) if text.isdecimal():
            if 1 <= int(text) <= _LARGEST_POWER:
                if _factors_of(node) > _MOST_FACTORS:
                    raise Stopped(
                        node.span,
                        "unsupported",
                        f"a power of more than {_MOST_FACTORS} factors altogether",
                    )
                return int(text)
            raise Stopped(node.span, "unsupported", f"powers go from 1 to {_LARGEST_POWER} here")
    raise Stopped(
        (node.base.span[1], node.span[1]),
        "undeclared-name",
        "this superscript is neither a number nor part of a declared name",
        "declare the name with: symconv: spelling x^{...} = x",
    )


def listed_bounds(node: Node) -> tuple[Node, Node] | None:
    r"""Return the first and last number of a set such as ``\{0, 1, \ldots, n\}``."""
    if not isinstance(node, Group) or not 3 <= len(node.items) <= 4 or node.bracket != "{":
        return None
    dots = node.items[-2]
    if isinstance(dots, Literal) and dots.kind == "dots":
        return node.items[0], node.items[-1]
    return None


def _factors_of(node: Node) -> int:
    """Count the factors of a product in which every power is written out."""
    match node:
        case Power(base=base, exponents=(Literal(kind="number", text=text),)):
            return _factors_of(base) * int(text) if text.isdecimal() else 1
        case Product(factors=parts):
            return sum(map(_factors_of, parts))
        case Group(items=parts) | Additive(terms=parts):
            return max(map(_factors_of, parts), default=1)
    return 1


def _number(text: str) -> IntegerExpression:
    whole, point, fraction = text.partition(".")
    if not point:
        return Constant(int(whole))
    return Quotient(Constant(int(whole + fraction)), Constant(10 ** len(fraction)))


def refused(node: Literal) -> Stopped:
    """Make the error for a leaf that has no meaning where it stands."""
    match node.kind:
        case "dots":
            return unclear_dots(node.span)
        case "matrix":
            return Stopped(node.span, "unsupported", f"a literal {node.text} in a formula")
    return Stopped(node.span, "unreadable", "this has no meaning here")


def unclear_dots(span: Span, reason: str = "") -> Stopped:
    """Make the error for dots that can be read in no way, or in several."""
    return Stopped(
        span,
        "unsupported",
        "what is left out between dots is not guessed" + (f": {reason}" if reason else ""),
        "write the sum with a sum sign, or every term",
    )


def _plus(terms: list[IntegerExpression]) -> IntegerExpression:
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def _times(factors: list[IntegerExpression]) -> IntegerExpression:
    return factors[0] if len(factors) == 1 else Times(tuple(factors))


def _rounded(kind: str, value: IntegerExpression) -> IntegerExpression:
    node = FloorDivision if kind == "floor" else CeilingDivision
    if isinstance(value, Quotient):
        return node(value.dividend, value.divisor)
    if isinstance(value, Plus):
        quotients = [term for term in value.terms if isinstance(term, Quotient)]
        if len(quotients) == 1:
            # floor(a/d + r) is floor((a + d*r)/d), with a single division.
            (whole,) = quotients
            rest = _plus([term for term in value.terms if term is not whole])
            return node(Plus((whole.dividend, Times((whole.divisor, rest)))), whole.divisor)
    return node(value, as_integer(1))
