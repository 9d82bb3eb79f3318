"""Faults of the environment: what the installed Python and its packages lack or cannot do.

A name that NumPy has removed, a package that is not installed, a file that is not there: they
end code before it has said anything of convolutions, so nothing is refuted by them.
"""

from __future__ import annotations

import ast
import difflib
import linecache
import re
import sys
from collections.abc import Iterator, Mapping

import numpy as np

_ALIASES = ("int", "float", "bool", "object", "complex", "str")
_REPLACEMENT_BY_NUMPY_NAME: Mapping[str, str] = {
    **{name: name for name in _ALIASES},
    "long": "int",
    "unicode": "str",
    "float_": "np.float64",
    "complex_": "np.complex128",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "alltrue": "np.all",
    "sometrue": "np.any",
    "in1d": "np.isin",
    "row_stack": "np.vstack",
    "trapz": "np.trapezoid",
    "Inf": "np.inf",
    "Infinity": "np.inf",
    "infty": "np.inf",
    "PINF": "np.inf",
    "NINF": "-np.inf",
    "NaN": "np.nan",
    "asscalar": "array.item()",
    "rank": "np.ndim",
    "asfarray": "np.asarray(values, dtype=float)",
    "round_": "np.round",
    "mat": "np.asmatrix",
    "msort": "np.sort(values, axis=0)",
    "string_": "np.bytes_",
    "unicode_": "np.str_",
    "bool8": "np.bool_",
    "int0": "np.intp",
    "issubclass_": "issubclass",
    "find_common_type": "np.result_type",
}
_REPLACEMENT_BY_OLD_NAME: Mapping[str, str] = {
    "xrange": "range",
    "unicode": "str",
    "basestring": "str",
    "raw_input": "input",
    "long": "int",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(name).read())",
    "izip": "zip",
}
_REPLACEMENT_BY_OLD_METHOD: Mapping[str, str] = {
    "iteritems": "items",
    "itervalues": "values",
    "iterkeys": "keys",
    "has_key": "in",
}
_REPLACEMENT_BY_OLD_ARRAY_METHOD: Mapping[str, str] = {
    "itemset": "array[index] = value",
    "ptp": "np.ptp(array)",
    "tostring": "array.tobytes()",
    "newbyteorder": "array.view(array.dtype.newbyteorder())",
}
_OLD_NAMES = frozenset(["torch.rfft", "inspect.getargspec", "jax.numpy.round_"])
"""Names that were removed while others that are nearly the same stayed."""
_LACKS = re.compile(r"[mM]odule '([\w.]+)' has no attribute '(\w+)'")
_NUMPY_TOLD = re.compile(r"`np\.(\w+)` was (?:removed|a deprecated alias)")
_REMOVED = re.compile(r"\b(?:removed|deprecated)\b")
_IS_REMOVED = re.compile(
    r"\b(?:is|was|been|are) (?:now )?removed\b|no behavior change in NumPy 1|"
    r"^Legacy autograd function"
)
_NO_DEVICE = re.compile(
    r"CUDA enabled|NVIDIA driver|CUDA GPUs|CUDA error|initialize CUDA|Unknown backend|"
    r"Backend '\w+' failed to initialize|'(?:CUDA|MPS|XPU|HPU)' backend"
)
_ONE_ENTRY = "only 0-dimensional arrays can be converted"
"""What NumPy says of ``float(array)`` since 2.4, for an array with one entry too."""
_ITEM = (
    "since NumPy 2.4 an array with axes is taken for a number no more, even if it has one entry; "
    "write array.item()"
)
_OLD_SYNTAX = re.compile(r"Missing parentheses in call to '(print|exec)'")
_MAGIC = re.compile(r"^\s*[%!]")


def environment_fault(error: BaseException) -> str:
    """Say what the environment lacks, where that is what an error is about.

    Returns:
        A clause with what would be right; an empty string for every other error.
    """
    text = " ".join(str(error).split())
    match error:
        case ModuleNotFoundError(name=str(name)):
            return f"the module {name} is not installed"
        case ImportError() if _REMOVED.search(text) or _is_installed(error):
            return f"the installed packages have another version than it expects: {text}"
        case NameError(name=str(name)) if name in _REPLACEMENT_BY_OLD_NAME:
            return f"{name} is Python 2; in Python 3 write {_REPLACEMENT_BY_OLD_NAME[name]}"
        case AttributeError():
            return _missing_name(error, text)
        case OSError():
            return f"it needs something of this machine: {type(error).__name__}: {text}"
        case _ if _NO_DEVICE.search(text):
            return f"it needs a device that is not here: {text}"
        case _ if _IS_REMOVED.search(text):
            return f"the installed packages have another version than it expects: {text}"
        case TypeError() | ValueError() if _ONE_ENTRY in f"{text} {error.__cause__}":
            return "" if (_entries(error) or 1) > 1 else _ITEM
        case _:
            return ""


def old_source(error: SyntaxError) -> str:
    """Say that source text is Python 2, or a notebook's; an empty string where it is neither."""
    if _OLD_SYNTAX.search(error.msg or ""):
        return "it is written for Python 2: print and exec are functions in Python 3"
    line = error.text or ""
    if _MAGIC.match(line):
        return f"a line of a notebook, which Python does not know: {line.strip()}; leave it out"
    if re.search(r"^\s*(?:raise\s+\w+\s*,|except\s+\w+\s*,)", line):
        return (
            "it is written for Python 2; in Python 3 write except Name as error, raise Name(text)"
        )
    return ""


def _is_installed(error: ImportError) -> bool:
    """Tell whether a name was looked for in a package that is none of the user's own."""
    return _is_theirs((error.name or "").partition(".")[0], error.path or "")


def _is_theirs(package: str, path: str) -> bool:
    return package in sys.stdlib_module_names or "site-packages" in path or "dist-packages" in path


def _entries(error: BaseException) -> int | None:
    """Return how many entries the array has that was taken for a number.

    It is computed once more, where the exception left the names; None where that fails.
    """
    trace = error.__traceback__
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    place = [*code.co_positions()][trace.tb_lasti // 2]
    names = {**trace.tb_frame.f_globals, **trace.tb_frame.f_locals}
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
        value = next(
            value
            for node in ast.walk(tree)
            for at, value in _made_numbers(node)
            if (at.lineno, at.end_lineno, at.col_offset, at.end_col_offset) == place
        )
        # The frame holds names, not values on the way: the value has to be computed again.
        program = compile(ast.Expression(value), "", "eval")
        again = eval(program, names)  # noqa: S307 -- the user's own code, in the process that runs it
        return int(again.size)
    except Exception:
        return None


def _made_numbers(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield where a value is made a number: ``float(v)``, ``y[i] = v``, with the value."""
    match node:
        case ast.Call(func=ast.Name(), args=[value]):
            yield node, value
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            yield target, value
        case ast.AugAssign(target=ast.Subscript() as target, value=value):
            yield target, value
        case _:
            pass


def _missing_name(error: AttributeError, text: str) -> str:
    told = _NUMPY_TOLD.search(text)
    lacks = _LACKS.search(text)
    owner, name = ("numpy", told[1]) if told else lacks.groups() if lacks else ("", "")
    if owner == "numpy" and (told or name in _REPLACEMENT_BY_NUMPY_NAME):
        better = _REPLACEMENT_BY_NUMPY_NAME.get(name)
        instead = f"; write {better} instead of np.{name}" if better else f": {text}"
        return f"the installed NumPy has no np.{name} any more{instead}"
    if owner and _REMOVED.search(text):
        return f"the installed {owner.split('.')[0]} has no {name} any more: {text}"
    if owner and _is_unlike_all(owner, name):
        return f"there is no {owner}.{name} here; another version may have it"
    method = error.name or ""
    if isinstance(error.obj, np.ndarray) and method in _REPLACEMENT_BY_OLD_ARRAY_METHOD:
        better = _REPLACEMENT_BY_OLD_ARRAY_METHOD[method]
        return f"arrays of the installed NumPy have no {method} any more; write {better}"
    if method in _REPLACEMENT_BY_OLD_METHOD and isinstance(error.obj, dict):
        return f"{method} of a dictionary is Python 2; write {_REPLACEMENT_BY_OLD_METHOD[method]}"
    return ""


def _is_unlike_all(owner: str, name: str) -> bool:
    """Tell whether a package of others has no name that is nearly this one: no slip of the pen."""
    module = sys.modules.get(owner)
    path = str(getattr(module, "__file__", ""))
    if module is None or not _is_theirs(owner.partition(".")[0], path):
        return False
    return f"{owner}.{name}" in _OLD_NAMES or not difflib.get_close_matches(
        name, dir(module), n=1, cutoff=0.8
    )
