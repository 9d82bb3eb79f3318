"""Edits of Python code: the mistakes of loops that formulas do not have, or show differently."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import TypeAlias

from symconv.algebra.expressions import Array
from symconv.layers.layer import Vocabulary
from symconv.mistakes.pieces import array_of, positions_of, read, subscript

CodePath: TypeAlias = tuple[tuple[str, int | None], ...]
"""Which field, and which item of it where it is a list, to take at each level."""


@dataclass(frozen=True, slots=True)
class CodeSite:
    """One node of the syntax tree of a function with what surrounds it."""

    code: ast.AST
    path: CodePath
    ancestors: tuple[ast.AST, ...]
    vocabulary: Vocabulary

    @property
    def parent(self) -> ast.AST | None:
        """The node directly around it; None for the function."""
        return self.ancestors[-1] if self.ancestors else None

    @property
    def function(self) -> ast.AST:
        """The function that it stands in."""
        return self.ancestors[0] if self.ancestors else self.code

    def where(self) -> str:
        """Say which site this is: the first line of the statement that it stands in."""
        chain = (self.code, *reversed(self.ancestors))
        statement = next(node for node in chain if isinstance(node, ast.stmt))
        return f"in `{ast.unparse(statement).splitlines()[0]}`"


CodeEdit: TypeAlias = Callable[[CodeSite], Iterator[ast.AST]]
"""What may stand at a site after the edit: nothing where it does not apply."""


def code_sites(function: ast.FunctionDef, vocabulary: Vocabulary) -> Iterator[CodeSite]:
    """Yield every site of a function, a node before its parts, in the order of the text."""

    def visit(code: ast.AST, path: CodePath, ancestors: tuple[ast.AST, ...]) -> Iterator[CodeSite]:
        yield CodeSite(code, path, ancestors, vocabulary)
        for name, value in ast.iter_fields(code):
            parts = enumerate(value) if isinstance(value, list) else [(None, value)]
            for number, part in parts:
                if isinstance(part, ast.AST):
                    yield from visit(part, (*path, (name, number)), (*ancestors, code))

    return visit(function, (), ())


def replaced_code(root: ast.AST, path: CodePath, new: ast.AST) -> ast.AST:
    """Return a syntax tree with the node at a path replaced; the given tree stays as it is."""
    if not path:
        return new
    (name, number), *rest = path
    fields = dict(ast.iter_fields(root))
    value = fields[name]
    if number is None:
        fields[name] = replaced_code(value, tuple(rest), new)
    else:
        changed = replaced_code(value[number], tuple(rest), new)
        fields[name] = [*value[:number], changed, *value[number + 1 :]]
    return type(root)(**fields)


def keep_index_free(site: CodeSite) -> Iterator[ast.AST]:
    """Take every position along an axis where one is due: dout[:, f] becomes dout[:, :]."""
    for code, _, positions in _slices(site):
        for place, position in enumerate(positions):
            if isinstance(position, ast.Name):
                yield _with_position(code, positions, place, ast.Slice())


def fix_image(site: CodeSite) -> Iterator[ast.AST]:
    """Take the first image where all are due: dout[:, f] becomes dout[0, f]."""
    for code, array, positions in _slices(site):
        for place, position in enumerate(positions):
            if _is_everything(position) and array.shape[place] == site.vocabulary.images:
                yield _with_position(code, positions, place, ast.Constant(0))


def swap_axes(site: CodeSite) -> Iterator[ast.AST]:
    """Swap what is taken along two spatial axes, or the axes of what is taken."""
    for code, array, positions in _slices(site):
        places = list(site.vocabulary.spatial(array))
        given = [place for place in places if place < len(positions)]
        if len(given) == len(places) == 2:
            yield _swapped(code, positions, given[0], given[1])
        elif len(places) == 2 and not given and isinstance(site.parent, ast.BinOp):
            # Elsewhere the axes are only summed over, in whatever order.
            axes = [ast.UnaryOp(ast.USub(), ast.Constant(number)) for number in (2, 1)]
            yield ast.Call(ast.Attribute(code, "swapaxes", ast.Load()), list[ast.expr](axes), [])


def swap_neighbours(site: CodeSite) -> Iterator[ast.AST]:
    """Swap what is taken along two neighbouring axes: dout[:, f] becomes dout[f, :]."""
    for code, array, positions in _slices(site):
        spatial = site.vocabulary.spatial(array)
        for place in range(len(positions) - 1):
            if place not in spatial or place + 1 not in spatial:
                yield _swapped(code, positions, place, place + 1)


def flip_one_axis(site: CodeSite) -> Iterator[ast.AST]:
    """Read the filter backwards along one axis: w[f] becomes w[f][:, ::-1]."""
    for code, places in _whole_filters(site):
        for place in places:
            yield _flipped(code, (place,))


def flip_every_axis(site: CodeSite) -> Iterator[ast.AST]:
    """Read the filter backwards along every axis: w[f] becomes w[f][:, ::-1, ::-1]."""
    for code, places in _whole_filters(site):
        yield _flipped(code, places)


def average(site: CodeSite) -> Iterator[ast.AST]:
    """Take the mean of products instead of their sum."""
    match site.code:
        case ast.Attribute(value=value, attr="sum", ctx=context):
            yield ast.Attribute(value, "mean", context)


def move_term_into_sum(site: CodeSite) -> Iterator[ast.AST]:
    """Add once per product what is due once: np.sum(a) + b becomes np.sum(a + b)."""
    match site.code:
        case ast.BinOp(
            left=ast.Call(func=ast.Attribute(attr="sum") as sum_, args=[inside], keywords=[]),
            op=ast.Add(),
            right=term,
        ):
            yield ast.Call(sum_, [ast.BinOp(inside, ast.Add(), term)], [])


def drop_term(site: CodeSite) -> Iterator[ast.AST]:
    """Leave out a term."""
    match site.code:
        case ast.BinOp(left=left, op=ast.Add(), right=right) if _is_computed(site):
            yield left
            yield right


def drop_upstream(site: CodeSite) -> Iterator[ast.AST]:
    """Leave out the upstream gradient."""
    yield from _drop_factor(site, upstream=True)


def drop_other_factor(site: CodeSite) -> Iterator[ast.AST]:
    """Leave out a factor that is not the upstream gradient."""
    yield from _drop_factor(site, upstream=False)


def negate(site: CodeSite) -> Iterator[ast.AST]:
    """Change the sign of what is stored."""
    match site.code:
        case ast.AugAssign(target=target, op=ast.Add(), value=value):
            yield ast.AugAssign(target, ast.Sub(), value)
        case ast.Assign(targets=[ast.Subscript()] as targets, value=value):
            yield ast.Assign(targets, ast.UnaryOp(ast.USub(), value))


def double(site: CodeSite) -> Iterator[ast.AST]:
    """Store twice what is due."""
    match site.code:
        case ast.AugAssign(target=target, op=ast.Add() as add, value=value):
            yield ast.AugAssign(target, add, ast.BinOp(ast.Constant(2), ast.Mult(), value))
        case ast.Assign(targets=[ast.Subscript()] as targets, value=value):
            yield ast.Assign(targets, ast.BinOp(ast.Constant(2), ast.Mult(), value))


def loosen_and(site: CodeSite) -> Iterator[ast.AST]:
    """Ask for one of several conditions where all are due."""
    match site.code:
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(ast.Or(), values)


def drop_condition(site: CodeSite) -> Iterator[ast.AST]:
    """Leave out one of several conditions."""
    match site.code:
        case ast.BoolOp(op=operator, values=values) if len(values) > 1:
            for place in range(len(values)):
                rest = [*values[:place], *values[place + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)


def drop_step(site: CodeSite) -> Iterator[ast.AST]:
    """Leave out the step of a slice: i:i+Hh*S:S becomes i:i+Hh*S."""
    match site.code:
        case ast.Slice(lower=lower, upper=upper, step=ast.expr()):
            yield ast.Slice(lower, upper, None)


def skip_padding(site: CodeSite) -> Iterator[ast.AST]:
    """Use the input where the padded input is due: pad(x, P) becomes x."""
    match site.code:
        case ast.Call(func=ast.Name(id="pad"), args=[array, *_]):
            yield array


def overwrite(site: CodeSite) -> Iterator[ast.AST]:
    """Store each contribution over the one before: += becomes =."""
    match site.code:
        case ast.AugAssign(target=ast.Subscript() as target, value=value):
            yield ast.Assign([target], value)


def rebind(site: CodeSite) -> Iterator[ast.AST]:
    """Add to a name instead of in place, so that the array behind it stays as it was."""
    match site.code:
        case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
            total = ast.BinOp(ast.Name(name, ast.Load()), operator, value)
            yield ast.Assign([target], total)


def start_from_ones(site: CodeSite) -> Iterator[ast.AST]:
    """Allocate ones where zeros are due; only where not every entry is stored anew."""
    match site.code:
        case ast.Attribute(value=value, attr="zeros_like", ctx=context) if _accumulates(site):
            yield ast.Attribute(value, "ones_like", context)


def return_inside_loop(site: CodeSite) -> Iterator[ast.AST]:
    """Return at the end of the outermost loop's first turn."""
    match site.code:
        case ast.FunctionDef(body=[*before, ast.For() as loop, ast.Return() as last]) as whole:
            body = [*loop.body, last]
            changed = ast.For(loop.target, loop.iter, body, loop.orelse)
            function = copy(whole)
            function.body = [*before, changed, last]
            yield function


def crop_at_origin(site: CodeSite) -> Iterator[ast.AST]:
    """Crop without the shift: P:P+H becomes :H, on every axis."""
    yield from _crop(site, lambda _, extent: ast.Slice(None, extent, None))


def crop_to_minus_padding(site: CodeSite) -> Iterator[ast.AST]:
    """Crop from both ends, which leaves nothing where P = 0: P:P+H becomes P:-P."""
    yield from _crop(site, lambda P, _: ast.Slice(P, ast.UnaryOp(ast.USub(), P), None))


def skip_crop(site: CodeSite) -> Iterator[ast.AST]:
    """Return the padded gradient without cropping it."""
    match site.code:
        case ast.Return(value=ast.Subscript(value=value)):
            yield ast.Return(value)


def unpack_in_wrong_order(site: CodeSite) -> Iterator[ast.AST]:
    """Swap two sizes of an array where its shape is taken apart."""
    match site.code:
        case ast.Assign(targets=[ast.Tuple(elts=names, ctx=context)], value=value) as statement:
            later = _bound_after(statement, site.function)
            for place in range(0, len(names) - 1, 2):
                pair = names[place : place + 2]
                if not all(isinstance(name, ast.Name) and name.id in later for name in pair):
                    order = [*names[:place], *reversed(pair), *names[place + 2 :]]
                    yield ast.Assign([ast.Tuple(order, context)], value)


def allocate_windows_only(site: CodeSite) -> Iterator[ast.AST]:
    """Allocate what the windows cover instead of the padded extent: remainder rows are lost."""
    known = {node.id for node in ast.walk(site.function) if isinstance(node, ast.Name)}
    for axis in site.vocabulary.axes:
        padded = f"{axis.input} + 2 * {axis.padding_before}"
        if isinstance(site.code, ast.BinOp) and ast.unparse(site.code) == padded:
            text = f"({axis.output} - 1) * {axis.stride} + {axis.filter}"
            if axis.output.name in known:
                yield ast.parse(text, mode="eval").body


def _slices(site: CodeSite) -> Iterator[tuple[ast.Subscript, Array, list[ast.expr]]]:
    """Yield a part of an array that is read, and is more than one entry, with its array."""
    match site.code:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Load()) as code:
            array = array_of(name, site.vocabulary)
            if array and read(code, site.vocabulary) is None:
                yield code, array, positions_of(code)


def _whole_filters(site: CodeSite) -> Iterator[tuple[ast.Subscript, tuple[int, ...]]]:
    """Yield filters that are taken whole, with the places of their spatial axes."""
    for code, array, positions in _slices(site):
        places = site.vocabulary.spatial(array)
        if array == site.vocabulary.filters and all(place >= len(positions) for place in places):
            yield code, tuple(place - len(positions) for place in places)


def _with_position(
    code: ast.Subscript, positions: list[ast.expr], place: int, new: ast.expr
) -> ast.Subscript:
    parts = [*positions[:place], new, *positions[place + 1 :]]
    return subscript(code.value, iter(parts), code.ctx)


def _swapped(
    code: ast.Subscript, positions: list[ast.expr], first: int, second: int
) -> ast.Subscript:
    parts = list(positions)
    parts[first], parts[second] = parts[second], parts[first]
    return subscript(code.value, iter(parts), code.ctx)


def _flipped(code: ast.Subscript, places: tuple[int, ...]) -> ast.Subscript:
    backwards = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    parts = [backwards if place in places else ast.Slice() for place in range(max(places) + 1)]
    return subscript(code, iter(parts), ast.Load())


def _is_everything(position: ast.expr) -> bool:
    match position:
        case ast.Slice(lower=None, upper=None, step=None):
            return True
    return False


def _is_computed(site: CodeSite) -> bool:
    """Tell whether arithmetic is on entries; that on sizes and indices is read as algebra."""
    return read(site.code, site.vocabulary) is None and not any(
        read(ancestor, site.vocabulary) is not None
        for ancestor in site.ancestors
        if isinstance(ancestor, ast.expr)
    )


def _drop_factor(site: CodeSite, *, upstream: bool) -> Iterator[ast.AST]:
    match site.code:
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if _is_computed(site):
            for dropped, kept in ((left, right), (right, left)):
                if (_name(dropped) == site.vocabulary.upstream.name) == upstream:
                    yield kept


def _name(code: ast.expr) -> str | None:
    match code:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            return name
    return None


def _bound_after(statement: ast.stmt, function: ast.AST) -> set[str]:
    """Return the names that the statements after one of a function's own bind again."""
    assert isinstance(function, ast.FunctionDef), "code sites are those of a function"
    after = itertools.dropwhile(lambda other: other is not statement, function.body)
    found = [node for later in list(after)[1:] for node in ast.walk(later)]
    return {
        node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _accumulates(site: CodeSite) -> bool:
    """Tell whether a function adds to what it allocated, or stores only part of it."""
    for node in ast.walk(site.function):
        match node:
            case ast.AugAssign():
                return True
            case ast.Assign(targets=[ast.Subscript() as target]):
                if any(isinstance(part, ast.Slice) for part in positions_of(target)):
                    return True
    return False


def _crop(site: CodeSite, end: Callable[[ast.expr, ast.expr], ast.expr]) -> Iterator[ast.AST]:
    """Change every slice P:P+H of a subscript."""
    if isinstance(site.code, ast.Subscript):
        positions = positions_of(site.code)
        parts: list[ast.expr] = []
        for position in positions:
            match position:
                case ast.Slice(
                    lower=ast.Name(id=start) as P,
                    upper=ast.BinOp(left=ast.Name(id=again), op=ast.Add(), right=extent),
                ) if start == again and start in map(str, site.vocabulary.paddings):
                    parts.append(end(P, extent))
                case _:
                    parts.append(position)
        if parts != positions:
            yield subscript(site.code.value, iter(parts), site.code.ctx)
