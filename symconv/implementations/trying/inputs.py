"""Integers on which code is run so that no sum rounds, and what a run on them can miss.

A sum of at most T products of two integers of magnitude at most m stays within T*m*m,
whatever its order, and so does every part of it. Where a dtype holds every integer up to a
limit, such a sum is exact as long as T*m*m is within the limit. T is the largest number of
products that one entry of the output or of a gradient adds up, counted at the sizes in
question. Where T alone passes the limit (bfloat16 has every integer up to 256 only), most
entries of x and dout are 0, so that few products are left.

What a run can miss: let an entry that the code computes be a polynomial of degree at most d = 2
in the inputs, and not the right one. On entries drawn uniformly from an interval of 2m+1
integers it comes out right by chance with a probability of at most d / (2m+1) (Schwartz and
Zippel). Rounds with fresh integers multiply.

Integers alone would not show that code rounds, cuts off what is small, or takes another way for
fractions. Divided by a power of two they stay exact and are ordinary floats: halves, numbers of
the size of 1 with many binary places, and tiny ones of very different magnitudes (`Kind`).
Multiplied by one they stay exact too, and meet a branch on magnitudes: `if abs(x).max() > 1e10`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import count
from math import isqrt, prod
from typing import Any, Literal, TypeAlias

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import Array
from symconv.code.names import has_own_names
from symconv.errors import NotSupported, UsageError
from symconv.implementations.trying.reference import reference_at
from symconv.layers.layer import Layer, Sizes

SEED = 20160202
EXACT_UP_TO: Mapping[str, int | None] = {
    "float64": 2**53,
    "float32": 2**24,
    "float16": 2**11,
    "bfloat16": 2**8,
    "int64": 2**63 - 1,
    "int32": 2**31 - 1,
    "object": None,
}
"""The largest integer up to which a dtype holds every integer; None for no limit."""
BIG_BITS = 128
SMALL = 8
DEGREE = 2
MISS_GOAL = Fraction(1, 2**40)
"""Rounds are run until the probability of a miss is below this."""
MOST_ROUNDS = 400
"""More are not run; what then stays above the goal is not verified."""
FLOATS = ("float64", "float32", "float16", "bfloat16")
TINY_BITS: Mapping[str, int] = {"float64": 30, "float32": 30, "float16": 4, "bfloat16": 30}
"""Tiny numbers are below 2^-30; half precision has no products of such."""
HUGE_BITS: Mapping[str, int] = {"float64": 100, "float32": 50, "float16": 2, "bfloat16": 50}
"""Huge numbers are integers times 2 to this power: no sum of products of two overflows."""
HUGE_BITS_NEARLY = 30
"""With a tolerance code may compute in float32, which holds products of such."""
Kind: TypeAlias = Literal["whole", "halves", "fractions", "tiny", "huge", "minute"]
"""What a run is on: integers, small halves, numbers of the size of 1 with many binary places,
tiny ones of mixed magnitudes, integers times a large power of two, or divided by one."""
EXTREMES: frozenset[Kind] = frozenset(["huge", "minute"])


@dataclass(frozen=True, slots=True)
class Plan:
    """How integers are drawn at given sizes, in a dtype.

    Attributes:
        dtype: the dtype under test; ``object`` for Python integers.
        most: no entry passes this magnitude.
        step: every entry is a multiple of this, so that what a layer divides comes out even.
        divides: whether it is known what the results are divided by where the inputs are.
        degree: so many entries of inputs a term of a result has at most.
        kept: at most so many entries of x and of dout are not 0; None for all of them.
        rounds: how many runs on fresh integers bring the probability of a miss to its goal.
        miss: the probability of a miss after all rounds is at most this.
    """

    dtype: str
    most: int
    kept: int | None
    rounds: int
    miss: Fraction
    step: int = 1
    divides: bool = True
    degree: int = DEGREE

    def sentence(self, compared: str = "compared by ==") -> str:
        """Say how it was compared, and what could be missed under which assumption."""
        power = max(1, self.miss.denominator // max(1, self.miss.numerator)).bit_length() - 1
        runs = "1 run" if self.rounds == 1 else f"{self.rounds} runs"
        kind = f"{self.dtype} integers up to {self.most:,}"
        if self.dtype == "object":
            kind = f"integers of {BIG_BITS} bits up to {self.most:,}"
        elif self.dtype in FLOATS and self.divides:
            kind += " and fractions of them, at small shapes from tiny to huge"
        sparse = "" if self.kept is None else f", {self.kept} of x and dout not 0"
        polynomial = "polynomial of degree at most 2"
        if self.kept is not None:
            polynomial += ", at most 1 in each entry,"
        return (
            f"{runs} on {kind}{sparse}, {compared}; "
            f"a wrong {polynomial} in the inputs passes with probability below 2^-{power}"
        )


def plan(layer: Layer, sizes: Sizes, dtype: str, products: int) -> Plan:
    """Choose integers that stay exact in a dtype.

    Args:
        layer: whose inputs are drawn.
        sizes: at which sizes.
        dtype: a name from `EXACT_UP_TO`.
        products: the largest number of products that one entry of a result adds up.

    Raises:
        UsageError: for a dtype that is not known.
    """
    if dtype not in EXACT_UP_TO:
        raise UsageError(
            f"unknown dtype {dtype!r}", help=f"the dtypes are {', '.join(EXACT_UP_TO)}"
        )
    limit, reference = EXACT_UP_TO[dtype], reference_at(layer, sizes)
    step, divides = reference.step, reference.weights is not None
    if limit is None:
        most = 2 ** (BIG_BITS - 1) - 1
        return _rounds(dtype, most, None, step)
    most = isqrt(limit // max(1, products))
    if most < step and reference.degree == 1:
        # Room for what code multiplies besides is left where there is any.
        most = limit // max(1, products)
    if most >= step:
        found = _rounds(dtype, most, None, step)
        return replace(found, divides=divides, degree=reference.degree)
    if step > 1 or has_own_names(layer):
        raise UsageError(
            f"at {sizes} no sum of {layer.name} stays exact in {dtype}",
            help="give smaller sizes, or another dtype",
        )
    # One less than the limit, since a bias may be added.
    kept = limit - 1
    # A wrong polynomial has, at worst, a product of two entries of the thinned arrays. Both are
    # drawn not to be 0 with at least this probability; then one of the two signs of each shows it.
    sizes_drawn = [prod(_shape(array, sizes)) for array in _thinned(layer)]
    single = [Fraction(min(kept, size), size) for size in sizes_drawn]
    both = [
        Fraction(some * (some - 1), size * (size - 1))
        for size in sizes_drawn
        if (some := min(kept, size)) < size
    ]
    return _rounds(dtype, 1, kept, 1, min([*both, single[0] * single[1]]) / 4)


def smaller(chosen: Plan) -> Plan:
    """Return a plan with numbers so small that nothing small is lost beside them.

    A constant of 1e-8 that code adds disappears when it is added to 1e15.
    """
    return replace(chosen, most=min(SMALL * chosen.step, chosen.most))


def within(chosen: Plan, tolerance: float, products: int) -> Plan:
    """Return a plan with numbers so small that a tolerance does not hide a wrong one.

    Right and wrong values of a result are integers, or multiples of 1/4 where they are computed
    from halves. They differ by more than the tolerance lets pass where
    tolerance * products * most^degree is below 1/8.

    Raises:
        UsageError: when the tolerance is too large for any numbers.
    """
    step = chosen.step
    most = int(1 / (8 * tolerance * max(1, products)))
    most = isqrt(most) if chosen.degree == DEGREE else most
    most = min(SMALL * step, chosen.most, most)
    if most < step:
        raise UsageError(
            f"a tolerance of {tolerance:g} hides a difference of 1 in sums of {products} products",
            help=f"give one below {1 / (8 * products * step**chosen.degree):.1g}",
        )
    found = _rounds(chosen.dtype, most, None, step)
    found = replace(found, divides=chosen.divides, degree=chosen.degree)
    return found if chosen.kept is None else replace(chosen, most=most)


def _rounds(
    dtype: str, most: int, kept: int | None, step: int, seen: Fraction | None = None
) -> Plan:
    most -= most % step
    missed = Fraction(DEGREE, 2 * (most // step) + 1) if seen is None else 1 - seen
    left = Fraction(1)
    for rounds in count(1):
        left = left * missed
        if left < MISS_GOAL or rounds == MOST_ROUNDS:
            return Plan(dtype, most, kept, rounds, left, step)
    raise AssertionError("count never ends")


def draw(layer: Layer, sizes: Sizes, plan: Plan, number: int) -> dict[str, np.ndarray]:
    """Draw the input arrays of one round as Python integers; the same ones on every machine.

    Returns:
        Object arrays by name, or int64 arrays where 64 bits hold the integers.
    """
    source = random.Random(f"{SEED} {sizes} {plan.dtype} {number}")
    small, most = plan.most < 2**62, plan.most // plan.step
    drawn: dict[str, np.ndarray] = {}
    for array in layer.inputs:
        shape = _shape(array, sizes)
        size = prod(shape)
        if small:
            # Uniform, from as many random bytes at once as are needed.
            generator = np.random.Generator(np.random.PCG64(source.getrandbits(64)))
            flat = generator.integers(-most, most, size, endpoint=True) * plan.step
        else:
            flat = np.array(
                [source.randint(-most, most) * plan.step for _ in range(size)], dtype=object
            )
        if plan.kept is not None and array in _thinned(layer):
            kept = np.zeros(size, dtype=bool)
            kept[source.sample(range(size), min(plan.kept, size))] = True
            # A sign at every kept entry, as the bound on what is missed assumes.
            flat = np.where(kept, np.where(flat >= 0, 1, -1), 0)
        drawn[array.name] = flat.reshape(shape)
    return drawn


def leave_out_bias(layer: Layer, drawn: dict[str, np.ndarray]) -> None:
    """Make the bias 0, as it is for code that has none."""
    if layer.bias is not None:
        drawn[layer.bias.name] = np.zeros_like(drawn[layer.bias.name])


def in_dtype(arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """Turn drawn integers into arrays of the dtype under test.

    Raises:
        NotSupported: for bfloat16 where no package that knows it is installed.
    """
    return {name: array.astype(_kind(dtype)) for name, array in arrays.items()}


def divided(
    arrays: Mapping[str, np.ndarray], dtype: str, power: int, weights: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Divide inputs by 2^power, or results by what they then come out divided by.

    A power below 0 multiplies.

    Of a convolution x, w and dout are divided by 2^power and b by its square, so that y and the
    gradients by x and w come out divided by the square and the gradient by b by 2^power. Floats
    hold all of it exactly.

    Args:
        arrays: by name.
        dtype: what they are made.
        power: the power of two.
        weights: how often each of them is divided (`Reference.weights`).
    """
    return {
        name: np.ldexp(array.astype(np.float64), -power * weights[name]).astype(_kind(dtype))
        for name, array in arrays.items()
    }


@dataclass(frozen=True, slots=True)
class Run:
    """How the inputs of one run are drawn.

    Attributes:
        plan: the integers.
        kind: what is made of them.
        is_near: whether results may be off by a tolerance.
    """

    plan: Plan
    kind: Kind
    is_near: bool = False

    @property
    def power(self) -> int:
        """By which power of two the integers are divided (`divided`)."""
        bits = self.plan.most.bit_length()
        match self.kind:
            case "whole":
                return 0
            case "halves":
                return 1
            case "fractions":
                return max(2, bits - 3)
            case "tiny":
                return bits + TINY_BITS[self.plan.dtype]
            case "huge":
                return -self._extreme
            case "minute":
                return bits + self._extreme

    @property
    def _extreme(self) -> int:
        most = HUGE_BITS[self.plan.dtype]
        return min(most, HUGE_BITS_NEARLY) if self.is_near else most


def runs(chosen: Plan, exact: Plan, *, small: bool) -> Iterator[Run]:
    """Yield the runs of one check at one shape.

    Args:
        chosen: the integers that are drawn, and how often.
        exact: the same without a tolerance: the most binary places that stay exact.
        small: whether there are few products, so that a run takes no time.
    """
    yield Run(chosen, "whole")
    if chosen.dtype not in FLOATS or not chosen.divides:
        for _ in range(1, chosen.rounds):
            yield Run(chosen, "whole")
        return
    if small:
        yield Run(smaller(chosen), "halves")
    # A multiple of uniform integers misses a wrong polynomial as rarely as they do.
    for _ in range(1, chosen.rounds):
        yield Run(chosen, "fractions")
    if chosen.rounds == 1 or chosen != exact:
        yield Run(exact, "fractions")
    yield Run(exact, "tiny")
    if small:
        yield Run(chosen, "huge", chosen != exact)
        # Half precision has nothing below what is tiny.
        if chosen.dtype != "float16":
            yield Run(chosen, "minute", chosen != exact)


def mixed(arrays: Mapping[str, np.ndarray], sizes: Sizes, chosen: Plan) -> dict[str, np.ndarray]:
    """Divide every integer by a power of two of its own, rounding towards 0; none becomes 0.

    So large and small numbers stand side by side.
    """
    generator = np.random.Generator(
        np.random.PCG64(random.Random(f"{SEED} {sizes} mixed").getrandbits(64))
    )
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        shifts = generator.integers(0, chosen.most.bit_length(), array.shape)
        shrunk = np.sign(array) * np.maximum((np.abs(array) // chosen.step) >> shifts, 1)
        shrunk *= chosen.step
        found[name] = np.where(array == 0, 0, shrunk)
    return found


def _kind(dtype: str) -> Any:
    if dtype != "bfloat16":
        return dtype
    try:
        from ml_dtypes import bfloat16  # pyright: ignore[reportMissingImports] -- it comes with an extra
    except ImportError as error:
        raise NotSupported(
            "NumPy has no bfloat16 of its own", help="install symconv[jax], or ml_dtypes"
        ) from error
    return bfloat16


def _thinned(layer: Layer) -> tuple[Array, ...]:
    """Return the arrays of which few entries are kept: every product has one of one of them."""
    return tuple(array for array in layer.inputs if array in (layer.input, layer.upstream))


@cache
def _extents(array: Array, values: tuple[tuple[Any, int], ...]) -> tuple[int, ...]:
    scope = dict(values)
    return tuple(int(integer_value(extent, scope)) for extent in array.shape)


def _shape(array: Array, sizes: Sizes) -> tuple[int, ...]:
    return _extents(array, tuple(sizes.by_symbol.items()))
