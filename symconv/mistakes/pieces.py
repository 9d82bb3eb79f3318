"""Pieces of Python code that read as algebra, so that one edit serves formulas and loops.

`for k in range(Hh)` is the range `k = 0 .. Hh-1`, the slice `a:b` is the range `a .. b-1`,
`dout[n, f, k, l]` is an entry, `p + k * S == i + P` is a delta, and arithmetic on sizes and
indices is an integer expression. `read` turns such a piece of a syntax tree into a node,
`write` puts an edited node back. Nothing here runs code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from symconv.algebra.expressions import Array, Delta, Entry, Number
from symconv.algebra.indices import (
    CeilingDivision,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Plus,
    Quotient,
    Range,
    Size,
    Symbol,
    Times,
)
from symconv.algebra.tree import Node
from symconv.layers.layer import Vocabulary
from symconv.mistakes.arithmetic import plus_constant, signed

_POSITION = Index("_")
"""The index that runs over a slice; code has no name for it."""


def read(code: ast.AST, vocabulary: Vocabulary) -> Node | None:
    """Return the node that a piece of code stands for; None where it is no such piece."""
    match code:
        case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=args)):
            if len(args) == 1:
                # A count in other words, such as b.shape[0], is a size by those words.
                count = _integer(args[0], vocabulary) or Size(ast.unparse(args[0]))
                return Range(Index(name), Constant(0), plus_constant(count, -1))
        case ast.Slice(lower=ast.expr() as lower, upper=ast.expr() as upper):
            start, stop = _integer(lower, vocabulary), _integer(upper, vocabulary)
            if start and stop:
                return Range(_POSITION, start, plus_constant(stop, -1))
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            first, second = _integer(left, vocabulary), _integer(right, vocabulary)
            if first and second:
                return Delta(first, second)
        case ast.Subscript(value=ast.Name(id=name)):
            array = array_of(name, vocabulary)
            positions = [_integer(part, vocabulary) for part in positions_of(code)]
            known = [position for position in positions if position]
            if array and len(known) == len(positions) == len(array.shape):
                return Entry(array, tuple(known))
        case ast.BinOp() | ast.UnaryOp() | ast.Name(ctx=ast.Load()):
            value = _integer(code, vocabulary)
            return Number(value) if value else None
    return None


def write(code: ast.AST, node: Node) -> ast.AST | None:
    """Return the piece of code with another node in it; None where code cannot say it."""
    match code, node:
        case ast.For(target=target, body=body, orelse=orelse), Range(lower=lower, upper=upper):
            ends = [lower, plus_constant(upper, 1)]
            call = ast.Call(
                ast.Name("range", ast.Load()),
                [_code(end) for end in (ends[1:] if lower == Constant(0) else ends)],
                [],
            )
            return ast.For(target, call, body, orelse)
        case ast.Slice(step=step), Range(lower=lower, upper=upper):
            return ast.Slice(_code(lower), _code(plus_constant(upper, 1)), step)
        case ast.Compare(), Delta(left=left, right=right):
            return ast.Compare(_code(left), [ast.Eq()], [_code(right)])
        case ast.Subscript(ctx=context), Entry(array=array, indices=indices):
            return subscript(ast.Name(array.name, ast.Load()), map(_code, indices), context)
        case ast.BinOp() | ast.UnaryOp() | ast.Name(), Number(value=value):
            return _code(value)
    return None


def parts_beside(code: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a piece that its node does not hold: the body of a loop, a step."""
    match code:
        case ast.For(body=body, orelse=orelse):
            yield from (*body, *orelse)
        case ast.Slice(step=ast.expr() as step):
            yield step


def array_of(name: str, vocabulary: Vocabulary) -> Array | None:
    """Return the array that a variable holds: `dx`, the gradient by x, has the shape of x."""
    arrays = vocabulary.array_by_name
    if name in arrays:
        return arrays[name]
    base = arrays.get(name.removeprefix("d"))
    return Array(name, base.shape) if base else None


def positions_of(code: ast.Subscript) -> list[ast.expr]:
    """Return what stands between the brackets, one part per axis."""
    return list(code.slice.elts) if isinstance(code.slice, ast.Tuple) else [code.slice]


def subscript(
    value: ast.expr, positions: Iterator[ast.expr], context: ast.expr_context
) -> ast.Subscript:
    """Build `value[positions]`."""
    parts = list(positions)
    inside = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
    return ast.Subscript(value, inside, context)


def _integer(code: ast.AST, vocabulary: Vocabulary) -> IntegerExpression | None:
    match code:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return Constant(value)
        case ast.Name(id=name) if name in vocabulary.size_by_name:
            return vocabulary.size_by_name[name]
        case ast.Name(id=name) if name in vocabulary.index_letters:
            return Index(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _integer(operand, vocabulary)
            return -value if value else None
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _integer(left, vocabulary), _integer(right, vocabulary)
            return _joined(a, operator, b) if a and b else None
    return None


def _joined(
    a: IntegerExpression, operator: ast.operator, b: IntegerExpression
) -> IntegerExpression | None:
    match operator:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.FloorDiv():
            return a // b
        case ast.Div():
            return a / b
    return None


def _code(expression: IntegerExpression) -> ast.expr:
    match expression:
        case Constant(value=value):
            number = ast.Constant(abs(value))
            return number if value >= 0 else ast.UnaryOp(ast.USub(), number)
        case Symbol(name=name):
            return ast.parse(name, mode="eval").body
        case Plus(terms=(first, *rest)):
            total = _code(first)
            for term in rest:
                sign, parts = _sign(term)
                operator = ast.Add() if sign == 1 else ast.Sub()
                total = ast.BinOp(total, operator, _code(parts))
            return total
        case Times():
            sign, parts = signed(expression)
            product = _code(parts[0])
            for part in parts[1:]:
                product = ast.BinOp(product, ast.Mult(), _code(part))
            return product if sign == 1 else ast.UnaryOp(ast.USub(), product)
        case FloorDivision(dividend=dividend, divisor=divisor):
            return ast.BinOp(_code(dividend), ast.FloorDiv(), _code(divisor))
        case Quotient(dividend=dividend, divisor=divisor):
            return ast.BinOp(_code(dividend), ast.Div(), _code(divisor))
        case CeilingDivision(dividend=dividend, divisor=divisor):
            # Python has no ceiling of integers: people write -(-a // b).
            floor = ast.BinOp(_code(-dividend), ast.FloorDiv(), _code(divisor))
            return ast.UnaryOp(ast.USub(), floor)
    raise TypeError(f"not an integer expression that code can say: {expression!r}")


def _sign(term: IntegerExpression) -> tuple[int, IntegerExpression]:
    """Split a term for subtraction: -1 and what is subtracted, or 1 and the term."""
    if isinstance(term, Constant) and term.value < 0:
        return -1, Constant(-term.value)
    sign, _ = signed(term)
    return (sign, term) if sign == 1 else (sign, -term)
