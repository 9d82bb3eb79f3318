"""Where code may treat floats otherwise than symbols: it asks for a type, or catches an exception.

A run on symbols shows the polynomial that code computes, if floats take the same way. Symbols
refuse to be compared, rounded or turned into numbers, so code that came through ran no such
operation on them; what it does with floats can only differ after a test of a type or a dtype,
or in the handler of an exception. Such tests are looked for in the source of everything that the
functions under test reach by name in files of the user's own; nothing is run.

Limit: names are followed without scopes, so that more is looked at than can run.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MOST_FILES = 100
"""So many files are followed; more are not, and the source then counts as not at hand."""

_OURS = Path(__file__).resolve().parents[1]

_SAME_FOR_ALL = frozenset(
    [
        "tuple",
        "list",
        "dict",
        "set",
        "str",
        "bool",
        "int",
        "slice",
        "range",
        "ndarray",
        "Tensor",
        "Iterable",
        "Sequence",
        "Mapping",
        "Callable",
        "NoneType",
        "integer",
        "Integral",
        "Module",
        "Function",
        "Path",
    ]
)
"""Types that no entry of an array has, or that every array has."""
_MAKES_ARRAYS = frozenset(
    [
        "zeros",
        "ones",
        "empty",
        "full",
        "zeros_like",
        "ones_like",
        "empty_like",
        "full_like",
        "array",
        "asarray",
        "ascontiguousarray",
        "arange",
        "astype",
        "dtype",
        "einsum",
        "sum",
        "dot",
        "tensordot",
        "to",
    ]
)
"""Calls that a dtype goes into without being looked at."""
_ASK_FOR_TYPES = frozenset(
    [
        "issubdtype",
        "can_cast",
        "isrealobj",
        "iscomplexobj",
        "isreal",
        "iscomplex",
        "isscalar",
        "finfo",
        "iinfo",
        "issubclass",
        "singledispatch",
        "singledispatchmethod",
        "is_floating_point",
        "hasattr",
        "suppress",
        "obj2sctype",
    ]
)
_ASKS_OF_ARRAYS = frozenset(
    ["itemsize", "nbytes", "__class__", "__array_interface__", "is_floating_point"]
)
_OWNERS = frozenset(("self", "ctx", "cls", "np", "numpy", "torch", "jnp", "jax"))


@dataclass(frozen=True, slots=True)
class TypeTest:
    """A place where the way of the code may depend on types.

    Attributes:
        text: the source, in one line.
        location: ``file:line``.
    """

    text: str
    location: str


def type_tests(locations: Iterable[str]) -> tuple[TypeTest, ...] | None:
    """Return what may tell floats from symbols in the code at given places.

    Args:
        locations: ``file:line:column`` of the functions under test.

    Returns:
        The tests in the order of files and lines; None where some of the source is not at hand.
    """
    starts = [_place(location) for location in locations]
    if not starts or None in starts:
        return None
    files = _followed({path for start in starts if start for path in start[:1]})
    if files is None:
        return None
    units = [unit for path, tree in files.items() for unit in _units(path, tree)]
    reached = [
        unit
        for unit in units
        if any(start and unit.path == start[0] and unit.holds(start[1]) for start in starts)
    ]
    if not reached:
        return None
    waiting, seen = list(reached), {*map(id, reached)}
    while waiting:
        names = waiting.pop().referred
        for unit in units:
            if id(unit) not in seen and not unit.provided.isdisjoint(names):
                seen.add(id(unit))
                waiting.append(unit)
    return tuple(
        TypeTest(_one_line(node), f"{unit.path}:{node.lineno}")
        for unit in units
        if id(unit) in seen
        for node in _tests(unit.node)
    )


class _Unit:
    """A statement of a module, with the names that it provides and refers to."""

    def __init__(self, path: Path, node: ast.stmt) -> None:
        self.path, self.node = path, node
        self.provided = frozenset(_provided(node))
        inner = [*ast.walk(node)]
        self.referred = frozenset(
            [one.id for one in inner if isinstance(one, ast.Name)]
            + [one.attr for one in inner if isinstance(one, ast.Attribute)]
            + [one.name for one in inner if isinstance(one, ast.alias)]
        )

    def holds(self, line: int) -> bool:
        decorators = [one.lineno for one in getattr(self.node, "decorator_list", ())]
        first = min([self.node.lineno, *decorators])
        return first <= line <= (self.node.end_lineno or line)


def _provided(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name
            case _:
                pass


def _units(path: Path, tree: ast.Module) -> list[_Unit]:
    return [_Unit(path, node) for node in tree.body]


def _place(location: str) -> tuple[Path, int] | None:
    name, _, rest = location.partition(".py:")
    line = rest.partition(":")[0]
    return (Path(f"{name}.py"), int(line)) if line.isdigit() else None


def _followed(starts: set[Path]) -> Mapping[Path, ast.Module] | None:
    """Read files and the user's own that they import; None where one cannot be read."""
    found: dict[Path, ast.Module] = {}
    waiting = sorted(starts)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        tree = _tree(path)
        if tree is None or len(found) == MOST_FILES:
            return None
        found[path] = tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported = _imported(node, path)
                if imported is None:
                    return None
                waiting += imported
    return found


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None


def _imported(node: ast.Import | ast.ImportFrom, path: Path) -> list[Path] | None:
    """Return the files of the user's own that an import reads; None where that is not known."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        folders = [path.parent, Path()]
    else:
        module = node.module or ""
        inner = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
        names = [module, *inner] if module else inner
        if node.level:
            folders = [[path.parent, *path.parent.parents][node.level - 1]]
        else:
            folders = [path.parent, *path.resolve().parent.parents[:3], Path()]
    found = [file for name in names for file in _files(name, folders)]
    if any(map(_is_ours, found)) and not _is_ours(path):
        # In a checkout we lie beside the code under test, and are no more its author's for that.
        return []
    if found or (isinstance(node, ast.ImportFrom) and node.level):
        return found
    return [] if all(_is_installed(name.partition(".")[0]) for name in names[:1]) else None


def _is_ours(path: Path) -> bool:
    return _OURS in path.resolve().parents


def _files(name: str, folders: Iterable[Path]) -> list[Path]:
    for folder in folders:
        place = folder.joinpath(*name.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if name and file.is_file():
                return [file]
    return []


@lru_cache(maxsize=256)
def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _tests(unit: ast.stmt) -> Iterator[ast.expr | ast.stmt]:
    """Yield what may tell types apart."""
    harmless = {id(inner) for node in ast.walk(unit) for inner in _harmless(node)}
    for node in ast.walk(unit):
        if id(node) in harmless:
            continue
        match node:
            case ast.Try() | ast.TryStar():
                if not all(isinstance(one, ast.Import | ast.ImportFrom) for one in node.body):
                    yield node
            case ast.Attribute(attr="dtype"):
                yield node
            case ast.Attribute(attr=name) if name in _ASKS_OF_ARRAYS:
                yield node
            case ast.Call(func=function, args=arguments):
                name = _name(function)
                first = _name(arguments[0]) if arguments else ""
                if name == "isinstance" and len(arguments) == 2:
                    if not _is_same_for_all(arguments[1]):
                        yield node
                elif (name in _ASK_FOR_TYPES or name == "type") and first not in _OWNERS:
                    yield node
            case ast.MatchClass(cls=kind) if not _is_same_for_all(kind):
                yield kind
            case _:
                pass


def _harmless(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one that ask for a type and do not let it decide."""
    match node:
        case ast.keyword(arg="dtype", value=value):
            yield value
        case ast.Call(func=function, args=arguments) if _name(function) in _MAKES_ARRAYS:
            yield from arguments
        case ast.Compare(left=ast.Call() as call, comparators=others) if _name(call.func) == "type":
            # `type(stride) is int`
            if all(map(_is_same_for_all, others)):
                yield call
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr="dtype") as value):
            # `dtype = x.dtype`: what is done with it is another matter.
            if name == "dtype":
                yield value
        case _:
            pass


def _is_same_for_all(kinds: ast.expr) -> bool:
    match kinds:
        case ast.Tuple(elts=elements):
            return all(map(_is_same_for_all, elements))
        case ast.Call(func=ast.Name(id="type"), args=[ast.Constant(value=None)]):
            return True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_same_for_all(left) and _is_same_for_all(right)
        case _:
            return _name(kinds) in _SAME_FOR_ALL


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _one_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]
