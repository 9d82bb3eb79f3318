"""Faults of the environment: what the installed Python and its packages lack or cannot do.

A name that NumPy has removed, a package that is not installed, a file that is not there: they
end code before it has said anything of convolutions, so nothing is refuted by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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
_LACKS = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
_NUMPY_TOLD = re.compile(r"`np\.(\w+)` was (?:removed|a deprecated alias)")
_REMOVED = re.compile(r"\b(?:removed|deprecated)\b")
_NO_DEVICE = re.compile(r"CUDA enabled|NVIDIA driver|CUDA GPUs|CUDA error|Unknown backend")
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
        case ImportError() if _REMOVED.search(text):
            return f"the installed packages have another version than it expects: {text}"
        case NameError(name=str(name)) if name in _REPLACEMENT_BY_OLD_NAME:
            return f"{name} is Python 2; in Python 3 write {_REPLACEMENT_BY_OLD_NAME[name]}"
        case AttributeError():
            return _missing_name(error, text)
        case OSError():
            return f"it needs something of this machine: {type(error).__name__}: {text}"
        case AssertionError() | RuntimeError() if _NO_DEVICE.search(text):
            return f"it needs a device that is not here: {text}"
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
    method = error.name or ""
    if method in _REPLACEMENT_BY_OLD_METHOD and isinstance(error.obj, dict):
        return f"{method} of a dictionary is Python 2; write {_REPLACEMENT_BY_OLD_METHOD[method]}"
    return ""
