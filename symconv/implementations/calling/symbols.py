"""Entries that remember how they were computed: polynomials that pass through NumPy code.

A `Symbolic` stands in an object array where a number would be. Sums, differences, products and
small powers of symbols and exact numbers are followed; a comparison, a truth value or a
conversion to a number is refused, because what the code does next would depend on a value that a
symbol does not have. What comes out is the polynomial that the code computes at these sizes.

A sum keeps its two summands and is added up when it is read, so that accumulating T terms costs
T steps. Nothing here is ever changed after it was made, so threads may share it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import isfinite
from typing import Any, Never, TypeAlias

import numpy as np

from symconv.errors import NotSupported

Exact: TypeAlias = int | Fraction
Key: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Key, Exact]

LARGEST_POWER = 8
_MOST_VISITS = 200_000
"""How many summands of one entry are visited one by one before shared ones are looked for."""


def symbols(array: np.ndarray) -> np.ndarray:
    """Return an object array with the symbol of every number of an array.

    Shapes: as the given array.
    """
    return _as_array([Monomial((int(number),), 1) for number in array.flat], array.shape)


def polynomials(name: str, array: np.ndarray) -> np.ndarray:
    """Return an object array with the polynomial of every entry of a result.

    Shapes: as the given array.

    Raises:
        NotSupported: when the result is no object array, so that symbols were lost on the way,
            or an entry is not exact, or was never written.
    """
    if array.dtype != object:
        raise NotSupported(f"{name} came back as {array.dtype}, without its symbols")
    return _as_array([polynomial(entry) for entry in array.flat], array.shape)


def _as_array(entries: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found.reshape(shape)


def polynomial(entry: Any) -> Polynomial:
    """Return the polynomial of one entry; a number c is ``{(): c}``, and 0 is ``{}``.

    Raises:
        NotSupported: when the entry is neither a symbol's polynomial nor an exact number.
    """
    if isinstance(entry, Symbolic):
        return dict(entry.terms())
    if isinstance(entry, Uninitialised):
        return entry.refuse()
    number = _number(entry)
    if number is None:
        raise NotSupported(f"an entry of type {type(entry).__name__} among the results")
    return {(): number} if number else {}


def _refusing(what: str) -> Any:
    """Make a method that refuses, saying what cannot be followed."""

    def refuse(*_arguments: Any, **_options: Any) -> Never:
        raise NotSupported(f"{what} cannot be followed through symbols")

    return refuse


class Symbolic(ABC):
    """A polynomial in symbols, as an entry of an object array."""

    __slots__ = ()

    @abstractmethod
    def terms(self) -> Polynomial:
        """Return the polynomial, which the caller does not change."""

    def __add__(self, other: Any) -> Any:
        kind = type(other)
        if kind is int and not other:
            return self
        if kind is Monomial or kind is Added:
            return Added(self, other)
        number = _number(other)
        if number is None:
            return NotImplemented
        return Added(self, Monomial((), number)) if number else self

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Monomial or kind is Added:
            return Added(self, -other)
        number = _number(other)
        if number is None:
            return NotImplemented
        return Added(self, Monomial((), -number)) if number else self

    def __rsub__(self, other: Any) -> Any:
        return (-self).__add__(other)

    def __neg__(self) -> Symbolic:
        return self._times(-1)

    def __pos__(self) -> Symbolic:
        return self

    def __mul__(self, other: Any) -> Any:
        kind = type(other)
        if kind is Monomial or kind is Added:
            return _product(self.terms(), other.terms())
        number = _number(other)
        if number is None:
            return NotImplemented
        return self._times(number) if number else 0

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Symbolic):
            raise NotSupported("dividing by an entry cannot be followed through symbols")
        number = _number(other)
        if number is None:
            return NotImplemented
        if not number:
            raise NotSupported("dividing by zero cannot be followed through symbols")
        return self._times(_whole(Fraction(1) / number))

    def __pow__(self, exponent: Any) -> Any:
        number = None if isinstance(exponent, Symbolic) else _number(exponent)
        if not isinstance(number, int) or not 0 <= number <= LARGEST_POWER:
            raise NotSupported(f"the power {exponent} cannot be followed through symbols")
        result: Any = 1
        for _factor in range(number):
            result = self * result
        return result

    def _times(self, number: Exact) -> Symbolic:
        terms = self.terms()
        return Added(None, None, {key: _whole(value * number) for key, value in terms.items()})

    def conjugate(self) -> Symbolic:
        """Return itself: symbols stand for real numbers."""
        return self

    @property
    def real(self) -> Symbolic:
        """The real part, itself."""
        return self

    def __copy__(self) -> Symbolic:
        return self

    def __deepcopy__(self, _memo: Any) -> Symbolic:
        return self

    __rtruediv__ = _refusing("dividing by an entry")
    __floordiv__ = __rfloordiv__ = _refusing("rounding a quotient of entries")
    __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _refusing("the remainder of entries")
    __rpow__ = _refusing("a power with an entry as exponent")
    __lt__ = __le__ = __gt__ = __ge__ = _refusing("comparing entries")
    __eq__ = __ne__ = _refusing("comparing entries")  # pyright: ignore[reportAssignmentType] -- they only raise
    __hash__ = _refusing("hashing an entry")
    __bool__ = _refusing("asking whether an entry is zero")
    __abs__ = _refusing("the absolute value of an entry")
    __float__ = __int__ = __index__ = __complex__ = _refusing("converting an entry to a number")
    __round__ = __trunc__ = __floor__ = __ceil__ = _refusing("rounding an entry")
    __and__ = __or__ = __xor__ = __rand__ = __ror__ = __rxor__ = _refusing("bits of an entry")
    __lshift__ = __rshift__ = __rlshift__ = __rrshift__ = __invert__ = _refusing("bits of an entry")
    __reduce__ = _refusing("pickling an entry")


class Monomial(Symbolic):
    """A monomial with its coefficient, which is not zero."""

    __slots__ = ("coefficient", "key")

    def __init__(self, key: Key, coefficient: Exact) -> None:
        self.key = key
        self.coefficient = coefficient

    def terms(self) -> Polynomial:
        """Return the polynomial."""
        return {self.key: self.coefficient}

    def __mul__(self, other: Any) -> Any:
        kind = type(other)
        if kind is int and not other:
            # What is padded is 0, and there is much of it.
            return 0
        if kind is Monomial:
            left, right = self.key, other.key
            if not left or not right or left[-1] <= right[0]:
                key = left + right
            elif right[-1] <= left[0]:
                key = right + left
            else:
                key = tuple(sorted(left + right))
            return Monomial(key, self.coefficient * other.coefficient)
        return Symbolic.__mul__(self, other)

    __rmul__ = __mul__

    def _times(self, number: Exact) -> Symbolic:
        return Monomial(self.key, _whole(self.coefficient * number))


class Added(Symbolic):
    """A sum of two, or the terms that it was added up to."""

    __slots__ = ("_terms", "left", "right")

    def __init__(self, left: Any, right: Any, terms: Polynomial | None = None) -> None:
        self.left = left
        self.right = right
        self._terms = terms

    def terms(self) -> Polynomial:
        """Return the polynomial; the first time it is added up."""
        if self._terms is None:
            total = _added_up(self)
            self._terms = _shared_added_up(self) if total is None else total
        return self._terms


def _added_up(top: Added) -> Polynomial | None:
    """Add up a sum one summand after another; None when there are very many."""
    total: Polynomial = {}
    left: list[Any] = [top]
    visits = 0
    while left:
        node = left.pop()
        while type(node) is Added and node._terms is None:
            visits += 1
            right = node.right
            if type(right) is Monomial:
                key = right.key
                total[key] = total.get(key, 0) + right.coefficient
            else:
                left.append(right)
            node = node.left
        if type(node) is Monomial:
            total[node.key] = total.get(node.key, 0) + node.coefficient
        else:
            for key, coefficient in (node._terms or {}).items():
                total[key] = total.get(key, 0) + coefficient
                visits += 1
        if visits > _MOST_VISITS:
            return None
    return _without_zeros(total)


def _shared_added_up(top: Added) -> Polynomial:
    """Add up a sum in which summands are shared, each of them counted once.

    `x = x + x`, sixty times, has 2^60 summands, but sixty different ones.
    """
    order: list[Added] = []
    seen: set[int] = set()
    waiting: list[tuple[Added, bool]] = [(top, False)]
    while waiting:
        node, below_done = waiting.pop()
        if below_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            if node._terms is None:
                waiting += [(side, False) for side in (node.left, node.right)
                            if type(side) is Added]  # fmt: skip
    total: Polynomial = {}
    times = {id(top): 1}
    for node in reversed(order):
        count = times[id(node)]
        if node._terms is not None:
            for key, coefficient in node._terms.items():
                total[key] = total.get(key, 0) + count * coefficient
            continue
        for side in (node.left, node.right):
            if type(side) is Added:
                times[id(side)] = times.get(id(side), 0) + count
            else:
                total[side.key] = total.get(side.key, 0) + count * side.coefficient
    return _without_zeros(total)


def _without_zeros(total: Polynomial) -> Polynomial:
    if all(total.values()):
        return total
    return {key: coefficient for key, coefficient in total.items() if coefficient}


def _product(left: Polynomial, right: Polynomial) -> Symbolic:
    total: Polynomial = {}
    for one, factor in left.items():
        for other, coefficient in right.items():
            key = tuple(sorted(one + other))
            total[key] = total.get(key, 0) + factor * coefficient
    return Added(None, None, {key: _whole(value) for key, value in total.items() if value})


def _number(value: Any) -> Exact | None:
    """Return a number exactly; None for what is no number.

    Raises:
        NotSupported: when it is infinite or not a number.
    """
    kind = type(value)
    if kind is int:
        return value
    if kind is float or isinstance(value, float | np.floating):
        if not isfinite(value):
            raise NotSupported(f"{float(value)} among entries cannot be followed through symbols")
        return int(value) if value == int(value) else _whole(Fraction(*value.as_integer_ratio()))
    if isinstance(value, int | np.integer | np.bool_):
        return int(value)
    return _whole(value) if isinstance(value, Fraction) else None


def _whole(value: Exact) -> Exact:
    """Return an integer where a fraction is one."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


class Uninitialised:
    """What `np.empty` leaves: any use of it is refused."""

    __slots__ = ()

    def refuse(self, *_arguments: Any, **_options: Any) -> Never:
        """Refuse to be used.

        Raises:
            NotSupported: always.
        """
        raise NotSupported("an entry of np.empty is used that was never written")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = refuse
    __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = __bool__ = refuse
    __float__ = __int__ = __index__ = __complex__ = conjugate = refuse
    __lt__ = __le__ = __gt__ = __ge__ = __reduce__ = refuse
    __eq__ = __ne__ = __hash__ = refuse  # pyright: ignore[reportAssignmentType] -- they only raise


UNINITIALISED = Uninitialised()
