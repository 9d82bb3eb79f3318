r"""Formulas: expressions, conditions and statements as LaTeX, in the author's order.

Nothing is simplified or reordered. Where parentheses stand is decided by the tables in
`spellings` alone. A sum sign reaches over the product behind it, up to the next plus or
minus; a sum that is followed by a factor is put in parentheses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
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
    Range,
    Remainder,
    Symbol,
    Times,
    between,
    conjuncts,
)
from symconv.algebra.scoping import all_symbols, arrays, size_symbols
from symconv.algebra.tree import symbols
from symconv.errors import NotSupported
from symconv.latex.spellings import (
    AND,
    BINDINGS,
    CEILING,
    CONNECTIVES,
    DIFFERENTIAL,
    DIVIDES,
    DOES_NOT_DIVIDE,
    FALSE,
    FLOOR,
    FOR,
    IF,
    INDICATOR,
    KRONECKER_DELTA,
    LOSS,
    MAXIMUM,
    MINIMUM,
    NOT,
    OR,
    RELATIONS,
    REMAINDER,
    SUM_SIGN,
    TRUE,
    WHERE,
    Binding,
    Connective,
    array_name_latex,
    symbol_base,
    symbol_name_latex,
)
from symconv.latex.writing.choices import LatexOptions, Upstream
from symconv.latex.writing.joining import (
    Written,
    add,
    bracketed,
    fenced,
    multiply,
    named,
    negated,
    placed,
    preceded,
)

_DEFAULT = LatexOptions()


@dataclass(frozen=True, slots=True)
class WrittenClause:
    """What follows an equation: ``where``, ``if`` or ``for``, and a list of formulas."""

    keyword: str
    items: tuple[str, ...]

    def text(self) -> str:
        """Return the clause on one line."""
        return f"\\text{{{self.keyword} }} " + ",\\ ".join(self.items)


def integer_latex(expression: IntegerExpression, options: LatexOptions = _DEFAULT) -> str:
    r"""Write an integer expression, such as ``H+2P-HH`` or ``\frac{i+P-p}{S}``."""
    return _integer(expression, options.knowing(s.name for s in symbols(expression))).text


def condition_latex(condition: Condition, options: LatexOptions = _DEFAULT) -> str:
    r"""Write a condition, such as ``0 \le i \le H-1`` or ``S \mid H+2P-HH``."""
    names = (symbol.name for symbol in symbols(condition))
    return _condition(condition, options.knowing(names))[0]


def expression_latex(expression: Expression, options: LatexOptions = _DEFAULT) -> str:
    r"""Write an expression as a formula, without the signs that begin and end mathematics.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    return written_expression(expression, options).text


def statement_latex(statement: Statement, options: LatexOptions = _DEFAULT) -> str:
    r"""Write a statement as a formula on one line.

    The equation comes first; then, each behind a comma, its abbreviations as
    ``\text{where } p_{0} = Sk``, its assumptions as ``\text{if } S \mid H+2P-HH``, and with
    `LatexOptions.ranges` the ranges of its free indices as ``\text{for } 0 \le n \le N-1``.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    options = statement_options(statement, options)
    left = written_expression(statement.lhs, options).text
    right = written_expression(statement.rhs, options).text
    clauses = (clause.text() for clause in statement_clauses(statement, options))
    return ", \\quad ".join((f"{left} = {right}", *clauses))


def statement_options(statement: Statement, options: LatexOptions) -> LatexOptions:
    """Return the options with the long names of a whole statement."""
    sides = (*all_symbols(statement.lhs), *all_symbols(statement.rhs))
    return options.knowing(symbol.name for symbol in (*sides, *size_symbols(statement)))


def statement_clauses(statement: Statement, options: LatexOptions) -> tuple[WrittenClause, ...]:
    """Write what follows the equation of a statement; empty where nothing does."""
    found = [
        WrittenClause(
            WHERE,
            tuple(
                f"{integer_latex(index, options)} = {integer_latex(value, options)}"
                for index, value in statement.where
            ),
        ),
        WrittenClause(IF, _assumptions(statement.assumptions, options)),
        WrittenClause(FOR, tuple(_free_range(item, options) for item in statement.free)),
    ]
    return tuple(
        clause for clause in found if clause.items and (options.ranges or clause.keyword != FOR)
    )


def written_expression(expression: Expression, options: LatexOptions) -> Written:
    """Write an expression together with the places where its lines may break."""
    options = options.knowing(symbol.name for symbol in all_symbols(expression))
    _refuse_lookalikes(expression, options)
    return _expression(expression, options)


def entry_latex(name: str, indices: Sequence[str], options: LatexOptions) -> Written:
    """Write one entry of an array at indices that are LaTeX already."""
    for upstream in options.upstream:
        if upstream.array == name:
            return _upstream_entry(upstream, indices, options)
    loss = name == "L" and not indices
    text = LOSS[options.derivative] if loss else array_name_latex(name)
    if indices:
        text += f"_{{{','.join(indices)}}}"
    return named(text)


def derivative_latex(body: Written | None, by: Written, options: LatexOptions) -> Written:
    """Write a derivative as a fraction; no body for the operator alone."""
    above, below = _differential(body, options), _differential(by, options)
    return Written(f"\\frac{{{above}}}{{{below}}}", BINDINGS[Derivative], spaced=True)


def _integer(expression: IntegerExpression, options: LatexOptions) -> Written:
    binding = BINDINGS.get(type(expression), Binding.ATOM)
    match expression:
        case Constant(value=value):
            return Written(str(value), binding if value >= 0 else Binding.SUM)
        case Symbol(name=name):
            return named(symbol_name_latex(name))
        case Plus(terms=terms):
            return add([_integer(term, options) for term in terms], tight=True)
        case Times(factors=(Constant(value=value), *rest)) if value < 0 and rest:
            positive = rest if value == -1 else [Constant(-value), *rest]
            return negated(_integer(Times(tuple(positive)), options))
        case Times(factors=factors):
            parts = [_integer(part, options) for part in factors]
            return multiply(parts, options.long_names, tight=True)
        case Quotient(dividend=dividend, divisor=divisor):
            return Written(_fraction(dividend, divisor, options), binding)
        case FloorDivision(dividend=dividend, divisor=divisor):
            return fenced(FLOOR, _fraction(dividend, divisor, options))
        case CeilingDivision(dividend=dividend, divisor=divisor):
            return fenced(CEILING, _fraction(dividend, divisor, options))
        case Remainder(dividend=dividend, divisor=divisor):
            reduced = placed(_integer(dividend, options), "reduced").text
            modulus = placed(_integer(divisor, options), "modulus").text
            return Written(f"{reduced} {REMAINDER[0]} {modulus}", binding)
        case Minimum(arguments=arguments):
            return _function(MINIMUM[0], arguments, options)
        case Maximum(arguments=arguments):
            return _function(MAXIMUM[0], arguments, options)
    raise TypeError(f"not an integer expression: {expression!r}")


def _condition(condition: Condition, options: LatexOptions) -> tuple[str, Connective]:
    match condition:
        case Comparison() as comparison:
            return _chain([comparison], options), CONNECTIVES[Comparison]
        case Divides():
            return _divisibility(condition, DIVIDES[0], options), CONNECTIVES[Divides]
        case Not(condition=Divides() as inner):
            return _divisibility(inner, DOES_NOT_DIVIDE[0], options), CONNECTIVES[Divides]
        case Not(condition=inner):
            text = bracketed(_condition(inner, options)[0])
            return f"{NOT[0]} {text}", CONNECTIVES[Not]
        case And():
            chains = _chains(conjuncts(condition))
            if len(chains) == 1 and isinstance(chains[0], Condition):
                return _condition(chains[0], options)
            texts = [
                _chain(item, options) if isinstance(item, list) else _operand(item, options)
                for item in chains
            ]
            connective = CONNECTIVES[And if len(texts) > 1 else Comparison]
            return f" {AND[0]} ".join(texts) or TRUE[0], connective
        case Or(conditions=(inner,)):
            return _condition(inner, options)
        case Or(conditions=parts):
            texts = [_operand(part, options) for part in parts]
            return f" {OR[0]} ".join(texts) or FALSE[0], CONNECTIVES[Or]
    raise TypeError(f"not a condition: {condition!r}")


def _expression(expression: Expression, options: LatexOptions) -> Written:
    match expression:
        case Number(value=value):
            return _integer(value, options)
        case Entry(array=array, indices=indices):
            return entry_latex(array.name, [_integer(i, options).text for i in indices], options)
        case Delta(left=left, right=right):
            pair = f"{_integer(left, options).text},{_integer(right, options).text}"
            return Written(f"{KRONECKER_DELTA[0]}_{{{pair}}}", BINDINGS[Delta])
        case Iverson(condition=condition):
            text = f"{INDICATOR[0]}{bracketed(_condition(condition, options)[0])}"
            return Written(text, BINDINGS[Iverson], spaced=True)
        case Add(terms=terms):
            return add([_expression(term, options) for term in terms], tight=False)
        case Mul(factors=(Number(value=Constant(value=value)), *rest)) if value < 0 and rest:
            positive = rest if value == -1 else [Number(Constant(-value)), *rest]
            return negated(_expression(Mul(tuple(positive)), options))
        case Mul(factors=factors):
            parts = [_expression(part, options) for part in factors]
            return multiply(parts, options.long_names, tight=False)
        case Sum(body=body, ranges=ranges):
            return _summation(body, ranges, options)
        case Derivative(body=Entry() as body, by=by) if not _is_upstream(body, options):
            return derivative_latex(_expression(body, options), _expression(by, options), options)
        case Derivative(body=body, by=by):
            operator = derivative_latex(None, _expression(by, options), options)
            argument = _expression(body, options).text
            return replace(operator, text=f"{operator.text}\\left( {argument} \\right)")
    raise TypeError(f"not an expression: {expression!r}")


def _summation(body: Expression, ranges: tuple[Range, ...], options: LatexOptions) -> Written:
    signs = " ".join(
        f"{SUM_SIGN[0]}_{{{index.text}={lower.text}}}^{{{upper.text}}}"
        for index, lower, upper in (
            [_integer(part, options) for part in (item.index, item.lower, item.upper)]
            for item in ranges
        )
    )
    summand = placed(_expression(body, options), "summand")
    return preceded(f"{signs} ", summand, BINDINGS[Sum], open=True)


def _upstream_entry(upstream: Upstream, indices: Sequence[str], options: LatexOptions) -> Written:
    plain = replace(options, upstream=())
    return derivative_latex(
        entry_latex(upstream.loss, (), plain), entry_latex(upstream.output, indices, plain), options
    )


def _is_upstream(entry: Entry, options: LatexOptions) -> bool:
    return any(upstream.array == entry.array.name for upstream in options.upstream)


def _differential(part: Written | None, options: LatexOptions) -> str:
    sign = DIFFERENTIAL[options.derivative]
    if part is None:
        return sign
    text = bracketed(part.text) if part.text.startswith("\\frac") else part.text
    return f"{sign} {text}" if sign.startswith("\\") else f"{sign}{text}"


def _fraction(
    dividend: IntegerExpression, divisor: IntegerExpression, options: LatexOptions
) -> str:
    return f"\\frac{{{_integer(dividend, options).text}}}{{{_integer(divisor, options).text}}}"


def _function(
    name: str, arguments: tuple[IntegerExpression, ...], options: LatexOptions
) -> Written:
    inner = ", ".join(_integer(argument, options).text for argument in arguments)
    return Written(f"{name}{bracketed(inner)}", Binding.ATOM)


def _divisibility(condition: Divides, sign: str, options: LatexOptions) -> str:
    divisor = placed(_integer(condition.divisor, options), "divisor").text
    return f"{divisor} {sign} {placed(_integer(condition.value, options), 'divided').text}"


def _operand(condition: Condition, options: LatexOptions) -> str:
    text, connective = _condition(condition, options)
    return text if connective >= Connective.COMPARISON else bracketed(text)


def _chains(conditions: Sequence[Condition]) -> list[Condition | list[Comparison]]:
    """Group comparisons that follow from each other: lo <= i and i <= hi is one chain."""
    found: list[Condition | list[Comparison]] = []
    for condition in conditions:
        last = found[-1] if found else None
        if not isinstance(condition, Comparison):
            found.append(condition)
        elif isinstance(last, list) and _continues(last[-1], condition):
            last.append(condition)
        else:
            found.append([condition])
    return found


def _continues(first: Comparison, second: Comparison) -> bool:
    directions = {first.relation, second.relation}
    one_way = directions <= {"==", "<=", "<"} or directions <= {"==", ">=", ">"}
    return one_way and first.right == second.left


def _chain(comparisons: Sequence[Comparison], options: LatexOptions) -> str:
    text = placed(_integer(comparisons[0].left, options), "compared").text
    for comparison in comparisons:
        right = placed(_integer(comparison.right, options), "compared").text
        text += f" {RELATIONS[comparison.relation][0]} {right}"
    return text


def _assumptions(conditions: Sequence[Condition], options: LatexOptions) -> tuple[str, ...]:
    """Write conditions one by one, with equal sizes in one item: N = C = F = 1."""
    texts: list[str] = []
    value: IntegerExpression | None = None
    for condition in conditions:
        if isinstance(condition, Comparison) and condition.relation == "==":
            if texts and condition.right == value:
                before, _, after = texts[-1].rpartition(" = ")
                texts[-1] = f"{before} = {integer_latex(condition.left, options)} = {after}"
                continue
            value = condition.right
        else:
            value = None
        texts.append(condition_latex(condition, options))
    return tuple(texts)


def _free_range(item: Range, options: LatexOptions) -> str:
    return condition_latex(between(item.lower, item.index, item.upper), options)


def _refuse_lookalikes(expression: Expression, options: LatexOptions) -> None:
    """Refuse what looks alike: p_0 beside an array p, L beside a scalar L, Dh beside D_h."""
    scalar_by_name = {array.name: not array.shape for array in arrays(expression)}
    for upstream in options.upstream:
        if upstream.array in scalar_by_name:
            scalar_by_name |= {upstream.loss: True, upstream.output: False}
    name_by_spelling: dict[str, str] = {}
    for symbol in all_symbols(expression):
        other = name_by_spelling.setdefault(symbol_name_latex(symbol.name), symbol.name)
        if other != symbol.name:
            raise NotSupported(
                f"{other} and {symbol.name} look the same in LaTeX",
                help=f"give {symbol.name} another name",
            )
        base, subscript = symbol_base(symbol.name)
        if base in scalar_by_name and scalar_by_name[base] != subscript:
            raise NotSupported(
                f"{symbol.name} and the array {base} look the same in LaTeX",
                help=f"give {symbol.name} another name",
            )
