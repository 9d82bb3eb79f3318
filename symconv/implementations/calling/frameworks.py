"""Arrays of NumPy, PyTorch and JAX: telling which a function takes, and going to and fro.

PyTorch and JAX are imported only where somebody's code uses them.
"""

from __future__ import annotations

import dis
import importlib
import inspect
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from symconv.errors import NotSupported, UsageError
from symconv.implementations.model import Framework

FRAMEWORKS: tuple[Framework, ...] = ("numpy", "torch", "jax")
_FRAMEWORK_BY_ANNOTATION: tuple[tuple[str, Framework], ...] = (
    *(("jax", "jax"), ("jnp.", "jax"), ("torch", "torch"), ("Tensor", "torch")),
    *(("numpy", "numpy"), ("np.", "numpy")),
)
_TO_NUMPY = {"torch": "numpy", "jax": "device_get"}
"""What makes an array of a tensor."""
_FROM_NUMPY = {
    "torch": frozenset(
        ("from_numpy", "tensor", "as_tensor", "asarray", "Tensor", "FloatTensor", "DoubleTensor")
    ),
    "jax": frozenset(("array", "asarray", "device_put", "device_get")),
}
"""What makes a tensor of an array."""
_OF_TENSORS_ONLY = frozenset(
    (
        *("numpy", "detach", "cpu", "cuda", "to", "clone", "dim", "numel", "unsqueeze", "permute"),
        *("contiguous", "requires_grad", "requires_grad_", "new_zeros", "unfold", "double"),
    )
)
"""What tensors of PyTorch have and arrays of NumPy have not."""


def imported(framework: Framework) -> Any:
    """Import a framework.

    Raises:
        UsageError: when it is not installed.
    """
    try:
        return importlib.import_module(framework)
    except ImportError as error:
        raise UsageError(
            f"this code needs {framework}, which cannot be imported: {error}",
            code="no-framework",
            help=f"pip install 'symconv[{framework}]'",
        ) from error


def to_tensor(framework: Framework, array: np.ndarray) -> Any:
    """Return an array as what the functions of a framework take; it shares no memory with it.

    Raises:
        NotSupported: for an array of Python objects or of a dtype that the framework lacks.
    """
    if framework == "numpy":
        return array
    if array.dtype.kind == "O":
        raise NotSupported(f"{framework} has no arrays of Python objects")
    if framework == "jax":
        return imported("jax").numpy.array(array)
    torch = imported("torch")
    if array.dtype.name == "bfloat16":
        # PyTorch reads no bfloat16 of NumPy; every bfloat16 is a float32, so nothing rounds.
        return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
    try:
        return torch.from_numpy(array.copy())
    except TypeError as error:
        raise NotSupported(f"torch has no tensors of {array.dtype}") from error


def from_tensor(value: Any) -> Any:
    """Return a tensor of PyTorch or JAX as an array of NumPy, anything else as it is."""
    kind = type(value)
    if not hasattr(value, "detach") or not hasattr(value, "numpy"):
        return np.asarray(value) if kind.__module__.split(".")[0].startswith("jax") else value
    tensor = value.detach().cpu().resolve_conj()
    if str(tensor.dtype) != "torch.bfloat16":
        return tensor.numpy()
    wide = tensor.float().numpy()
    try:
        return wide.astype(importlib.import_module("ml_dtypes").bfloat16)
    except ImportError:
        # NumPy alone has no bfloat16; float32 holds the same numbers.
        return wide


def framework_of(*functions: Any) -> Framework:
    """Tell which arrays functions take: by annotations, then by the modules that they use.

    A function that makes its own tensors from arrays takes arrays.
    """
    for function in functions:
        for item in _parameters(function):
            for mark, framework in _FRAMEWORK_BY_ANNOTATION:
                if mark in str(item.annotation):
                    return framework
    used = {pair for function in functions for pair in _uses(function, set())}
    for framework in ("torch", "jax"):
        called = {name for module, name in used if module == framework}
        if called:
            back = _TO_NUMPY[framework] in called and not called.isdisjoint(_FROM_NUMPY[framework])
            through = back or "from_numpy" in called
            return "numpy" if through and not any(map(_takes_tensors, functions)) else framework
    return "numpy"


def _takes_tensors(function: Any) -> bool:
    """Tell whether a function uses a parameter, as it is given, as a tensor of PyTorch."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return False
    instructions = [one for one in dis.get_instructions(code) if one.opname != "CACHE"]
    stored = {one.argval for one in instructions if one.opname == "STORE_FAST"}
    given = {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]} - stored
    return any(
        one.opname.startswith("LOAD_FAST")
        and one.argval in given
        and after.opname in ("LOAD_ATTR", "LOAD_METHOD")
        and after.argval in _OF_TENSORS_ONLY
        for one, after in pairwise(instructions)
    )


def is_torch_class(candidate: Any, base: str) -> bool:
    """Tell a class that extends ``torch.nn.Module`` or ``torch.autograd.Function``."""
    return inspect.isclass(candidate) and any(
        f"{item.__module__}.{item.__qualname__}" in _TORCH_BASES[base]
        for item in candidate.__mro__[1:]
    )


def as_class(given: Any) -> Any:
    """Return a module of PyTorch that is made already as a class whose instances are copies of it.

    Their parameters can be set, as those of every module can; anything else stays what it is.
    """
    kind = type(given)
    if not is_torch_class(kind, "module"):
        return given

    def copied(self: Any) -> None:
        self.__dict__.update(deepcopy(vars(given)))

    own = {"__init__": copied, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), own)


def is_jax_function(function: Any) -> bool:
    """Tell what JAX itself made of a function: jitted, or with a rule of its own."""
    return type(function).__module__.split(".")[0].startswith("jax")


_TORCH_BASES = {
    "module": ("torch.nn.modules.module.Module",),
    "function": ("torch.autograd.function.Function",),
}


def _parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def _uses(function: Any, seen: set[int]) -> Iterator[tuple[str, str]]:
    """Yield the frameworks that a function names, with the attributes it takes beside them.

    Functions of the same module that it calls are read too.
    """
    inner = inspect.unwrap(function)
    inner = getattr(inner, "__func__", inner)
    if inspect.isclass(inner):
        for member in vars(inner).values():
            member = getattr(member, "__func__", member)
            if inspect.isfunction(member):
                yield from _uses(member, seen)
        return
    if not inspect.isfunction(inner) or id(inner) in seen:
        return
    seen.add(id(inner))
    mentioned = [name for code in _codes(inner.__code__) for name in code.co_names]
    for name in mentioned:
        # A name that is no global may be that of a module imported inside the function.
        value = inner.__globals__.get(name)
        module = name if value is None else _module(value)
        framework = module.split(".")[0]
        if framework in ("torch", "jax"):
            for other in mentioned:
                yield framework, other
        elif inspect.isfunction(value) and value.__module__ == inner.__module__:
            yield from _uses(value, seen)


def _module(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    module = getattr(value, "__module__", None)
    return module if isinstance(module, str) and callable(value) else ""


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
