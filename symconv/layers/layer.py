"""A layer: sizes with their constraints, arrays, definitions, statements and loops."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from symconv.algebra.dependence import Dependence, dependence
from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import (
    Array,
    Definition,
    Derivative,
    Entry,
    Expression,
    Statement,
)
from symconv.algebra.indices import (
    Condition,
    IntegerLike,
    Size,
)
from symconv.algebra.scoping import arrays
from symconv.algebra.tree import symbols
from symconv.errors import (
    IllFormed,
    LoopRaised,
    NotSupported,
    SymconvError,
    UnknownStatement,
    UsageError,
)
from symconv.layers.axis import Axis
from symconv.layers.regions import Region, Shapes
from symconv.layers.sizes import DerivedSize, SizeRules, Sizes, parsed
from symconv.layers.spellings import IN_TEXTS
from symconv.layers.vocabulary import Vocabulary
from symconv.views import view


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop nest that computes one array of a layer.

    Attributes:
        name: the stable name, such as ``loop/dx``.
        function: the loops; generic in dtype, so that numbers, SymPy objects and traced
            entries run through it unchanged.
        arguments: the arrays and sizes that the function takes, by name.
        computes: the array or gradient that it returns: ``y`` or ``dL/dx``.
        source: where the loops are taken from.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    computes: str
    source: str = ""

    @property
    def key(self) -> str:
        """The stable name, as statements have it."""
        return self.name


def _one(_sizes: Mapping[str, int]) -> int:
    return 1


@dataclass(frozen=True)
class Layer:
    """What is verified: sizes, arrays, definitions, hand-derived statements and loops.

    Attributes:
        name: the layer's name.
        given: the sizes that a user gives, in the order used for sorting.
        minimum: the least value of each given size (1 unless named here).
        derived: sizes that follow from the given ones.
        constraints: conditions that admissible sizes satisfy.
        inputs: the arrays whose entries are independent, the upstream gradient included.
        presumed: those of the inputs that nothing says to be inputs, such as what a document
            declares and does not define; see `symconv.algebra.dependence`.
        definitions: what the other arrays are.
        output: the array that the loss is differentiated by to get the upstream gradient.
        upstream: the upstream gradient.
        loss: the scalar loss.
        statements: the hand-derived claims.
        loops: the loop nests.
        default_sizes: the sizes that `symconv verify` uses, as texts.
        regions: conditions that are tried where a statement is false in general.
        input: the array that the layer is applied to.
        weights: the array of the filters.
        bias: the array that is added to every output.
        padded: the padded input.
        images: the number of images, over which a loss sums.
        axes: the spatial axes.
        group_sizes: the channels and the filters of a group, where there are groups.
        letters: the letter of the index that runs over each size: ``k`` for ``Hh``.
        shapes: the shapes at which code is tried.
        spellings: how texts write its arrays, as LaTeX, beside the way of the writer.
        words: how code names its arrays, without case and underscores.
        multiple: by sizes, a number of which entries must be multiples for every result to be
            an integer; 1 where nothing is divided.
    """

    name: str
    given: tuple[Size, ...]
    inputs: tuple[Array, ...]
    definitions: tuple[Definition, ...] = ()
    minimum: Mapping[Size, int] = field(default_factory=dict)
    derived: tuple[DerivedSize, ...] = ()
    constraints: tuple[Condition, ...] = ()
    output: Array | None = None
    upstream: Array | None = None
    loss: Array | None = None
    statements: tuple[Statement, ...] = ()
    loops: tuple[Loop, ...] = ()
    default_sizes: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    presumed: tuple[Array, ...] = ()
    input: Array | None = None
    weights: Array | None = None
    bias: Array | None = None
    padded: Array | None = None
    images: Size | None = None
    axes: tuple[Axis, ...] = ()
    group_sizes: tuple[Size, ...] = ()
    letters: Mapping[Size, str] = field(default_factory=dict)
    shapes: Shapes = field(default_factory=Shapes)
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: IN_TEXTS)
    words: Mapping[str, str] = field(default_factory=dict)
    multiple: Callable[[Mapping[str, int]], int] = field(default=_one)

    def __post_init__(self) -> None:
        """Refuse a layer that says two things of one name: one of them would silently win."""
        sizes = self.every_size
        arrays = (*dict.fromkeys(self.inputs), *(item.array for item in self.definitions))
        twice = [
            name
            for group in (sizes, arrays)
            for name, count in Counter(item.name for item in group).items()
            if count > 1
        ]
        if twice:
            raise UsageError(
                f"{self.name} says twice what {twice[0]} is",
                code="said-twice",
                help="a size is given or derived, an array is an input or defined, each once",
            )

    def __hash__(self) -> int:
        """Hash by the name: equal layers have equal names, and few have the same one."""
        return hash(self.name)

    @property
    def results(self) -> tuple[str, ...]:
        """What code for the layer computes: its output, and a gradient by each input."""
        output = () if self.output is None else (self.output.name,)
        return (*output, *self.gradient_by_input.values())

    @property
    def dependence(self) -> Dependence:
        """Which arrays depend on which, as far as the layer says."""
        given = (self.upstream,) if self.upstream else ()
        return dependence(self.definition_by_name, (*self.inputs, *given), self.presumed)

    @property
    def definition_by_name(self) -> dict[str, Definition]:
        """The definitions by the name of the array that they define."""
        return {definition.array.name: definition for definition in self.definitions}

    @property
    def array_by_name(self) -> dict[str, Array]:
        """Every array of the layer by its name, inputs first."""
        arrays = (*self.inputs, *(definition.array for definition in self.definitions))
        return {array.name: array for array in arrays}

    @cached_property
    def vocabulary(self) -> Vocabulary | None:
        """What its symbols stand for, where it says enough for the catalogue of mistakes."""
        if not (self.axes and self.images and self.weights and self.output and self.upstream):
            return None
        padded = self.input and self.padded and {self.input.name: self.padded.name}
        return Vocabulary(
            axes=self.axes,
            letters=self.letters,
            images=self.images,
            arrays=tuple(array for array in self.array_by_name.values() if array.shape),
            padded_name=padded or {},
            filters=self.weights,
            output=self.output,
            upstream=self.upstream,
            group_sizes=self.group_sizes,
        )

    @property
    def gradient_by_input(self) -> dict[str, str]:
        """The gradients that a backward pass gives, by input: ``dL/dx`` by ``x``, and so on."""
        inputs = [array for array in (self.input, self.weights, self.bias) if array is not None]
        return {array.name: f"d{self.loss}/d{array}" for array in inputs if self.loss is not None}

    def require_one_shape_a_name(self, *expressions: Expression) -> None:
        """Refuse two arrays of one name and of two shapes, the layer's own included.

        Raises:
            NotSupported: when there is one.
        """
        known = self.array_by_name
        for array in (array for part in expressions for array in arrays(part)):
            other = known.setdefault(array.name, array)
            if other != array:
                shapes = [", ".join(map(str, one.shape)) for one in (array, other)]
                where = f"that of {self.name}" if array.name in self.array_by_name else "another"
                raise NotSupported(
                    f"{array.name} has the shape ({shapes[0]}), {where} has ({shapes[1]})",
                    code="overloaded-name",
                    help="give one of them another name, or take it from the layer: "
                    f"layer.array_by_name[{array.name!r}]",
                )

    @property
    def every_size(self) -> tuple[Size, ...]:
        """Every size, the given ones first."""
        return (*self.given, *(derived.size for derived in self.derived))

    @property
    def size_constraints(self) -> tuple[Condition, ...]:
        """Every condition on sizes: least values, constraints, and what defines derived sizes."""
        return (
            *(size >= self.minimum.get(size, 1) for size in self.every_size),
            *self.constraints,
            *(condition for derived in self.derived for condition in derived.conditions),
        )

    def sizes(self, text: str = "", /, **values: int) -> Sizes:
        """Build sizes from a text ``"N=2,C=3,..."``, from keywords, or from both.

        Raises:
            SizesError: for a missing or unknown name, a value that is not an integer or too
                small, or sizes at which a constraint does not hold, a derived size is not
                an integer or too small, or one of them divides by 0.
        """
        rules = SizeRules(self.name, self.given, self.minimum, self.derived, self.constraints)
        return rules.sizes({**parsed(text), **values})

    def statement(self, key: str) -> Statement:
        """Return one statement by its stable name; a bare name means its contracted form.

        A name without a contracted form means its last form, which is the one that the
        others lead to.

        Raises:
            UnknownStatement: when the layer has no such statement.
        """
        found = self.select([key])
        statements = [item for item in found if isinstance(item, Statement)]
        if not statements:
            raise UnknownStatement(
                f"{key} is a loop, not a statement", help=self._known(statements_only=True)
            )
        for statement in statements:
            if statement.form == "contracted":
                return statement
        return statements[-1]

    def select(self, keys: Iterable[str]) -> list[Statement | Loop]:
        """Return statements and loops by name, in the layer's order; no keys mean all.

        A bare name selects every form; ``loop`` selects every loop.

        Raises:
            UnknownStatement: when a key selects nothing.
        """
        everything: list[Statement | Loop] = [*self.statements, *self.loops]
        wanted = list(keys)
        for key in wanted:
            if not any(_matches(item, key) for item in everything):
                close = get_close_matches(key, self._keys(), n=3, cutoff=0.5)
                raise UnknownStatement(
                    f"{self.name} has no statement {key!r}",
                    help=f"did you mean {' or '.join(close)}?" if close else self._known(),
                )
        if not wanted:
            return everything
        return [item for item in everything if any(_matches(item, key) for key in wanted)]

    def index_names(self, name: str) -> tuple[str, ...]:
        """Return the names under which an array's or gradient's entries are reported.

        They are the free indices of its statements: ``n, f, k, l`` for ``y``, and
        ``n', c', i, j`` for ``dL/dx``; else those of its definition.
        """
        candidates = [item.free for item in self.statements if item.name == name and item.free]
        if candidates:
            return tuple(free.index.name for free in max(candidates, key=len))
        definition = self.definition_by_name.get(name)
        if definition is not None:
            return tuple(str(index) for index in definition.target.indices)
        # A gradient of which nothing is claimed: names that no definition has.
        body, by = self.named_arrays(name)
        parts = (body,) if by is None else (body, by)
        return tuple(f"{one}_{axis}" for one in parts for axis in range(len(one.shape)))

    def named_arrays(self, name: str) -> tuple[Array, Array | None]:
        """Split ``y`` or ``dL/dx`` into the array and what it is differentiated by.

        Raises:
            UnknownStatement: when the name is neither an array of the layer nor a derivative
                of one of its arrays by another.
            NotSupported: when the derivative needs an array of which nothing is known.
        """
        if name not in self._named:
            self._named[name] = self._split(name)
        return self._named[name]

    @cached_property
    def _named(self) -> dict[str, tuple[Array, Array | None]]:
        """What names were split into: they are the same at all sizes, and asked for at each."""
        return {}

    def _split(self, name: str) -> tuple[Array, Array | None]:
        known = self.array_by_name
        if name in known:
            return known[name], None
        derivative = re.fullmatch(r"d(.+)/d(.+)", name)
        if derivative is None:
            close = get_close_matches(name, known, n=2, cutoff=0.6)
            advice = f"write an array ({', '.join(known)}) or a gradient such as dL/dx"
            raise UnknownStatement(
                f"{name!r} is neither an array of {self.name} nor a gradient",
                help=f"did you mean {' or '.join(close)}?" if close else advice,
            )
        missing = [part for part in dict.fromkeys(derivative.groups()) if part not in known]
        if missing:
            raise UnknownStatement(
                f"{self.name} has no array {' and no array '.join(missing)}",
                help=f"the arrays are {', '.join(known)}",
            )
        body, by = (known[part] for part in derivative.groups())
        self.dependence.require(Derivative(_corner(body), _corner(by)))
        return body, by

    def named_entry(self, name: str, position: tuple[IntegerLike, ...]) -> Expression:
        """Return one entry of an array or gradient as an expression.

        A Jacobian takes the indices of what is differentiated first, then the other's.
        """
        body, by = self.named_arrays(name)
        split = len(body.shape)
        if by is None:
            return body[position]
        return Derivative(body[position[:split]], by[position[split:]])

    def gives_all(self, statement: Statement, name: str, sizes: Sizes) -> bool:
        """Tell whether a statement gives an array or gradient at every position.

        The left-hand side is the entry at the free indices, in their order, and they range
        over every axis at least; where they leave one, the statement is ill-formed.
        """
        body, by = self.named_arrays(name)
        extents = body.shape + (by.shape if by else ())
        if len(statement.free) != len(extents):
            return False
        position = tuple(item.index for item in statement.free)
        if statement.lhs != self.named_entry(name, position):
            return False
        scope = sizes.by_symbol
        for item, extent in zip(statement.free, extents, strict=True):
            ends = (item.lower, item.upper)
            if any(symbol in position for end in ends for symbol in symbols(end)):
                return False
            try:
                least, greatest = (integer_value(end, scope) for end in ends)
            except IllFormed:
                # Its range has no end, and whoever evaluates it says so.
                continue
            if least > 0 or greatest < integer_value(extent, scope) - 1:
                return False
        return True

    def run_loop(self, loop: Loop, arrays: Mapping[str, Any], sizes: Sizes) -> Any:
        """Run a loop on arrays and sizes, in the order in which it names them.

        Raises:
            LoopRaised: when the loop raises; what our own arrays refuse goes through.
        """
        arguments = [arrays[name] if name in arrays else sizes[name] for name in loop.arguments]
        try:
            return loop.function(*arguments)
        except SymconvError:
            raise
        except Exception as error:
            raise LoopRaised(f"the loops raise {type(error).__name__}: {error}") from error

    def closed_form(self, name: str, sizes: Sizes) -> Any:
        """Return an array or gradient as SymPy expressions, entry by entry.

        Args:
            name: an array (``y``, ``x_pad``) or a gradient (``dL/dx``, ``dy/dw``).
            sizes: what `sizes` returned.

        Returns:
            An object that reads like an array: ``closed_form[n, c, i, j]``. A Jacobian takes
            the output's indices first, then those of what it is differentiated by.
        """
        return view("ClosedForm")(self, name, sizes)

    def _keys(self) -> list[str]:
        keys: dict[str, None] = {}
        for statement in self.statements:
            keys |= {statement.name: None, statement.key: None}
        return [*keys, *(loop.name for loop in self.loops)]

    def _known(self, *, statements_only: bool = False) -> str:
        names = dict.fromkeys(statement.name for statement in self.statements)
        loops = [] if statements_only else [loop.name for loop in self.loops]
        return f"{self.name} has {', '.join([*names, *loops])}"


def _corner(array: Array) -> Entry:
    return array[(0,) * len(array.shape)]


def _matches(item: Statement | Loop, key: str) -> bool:
    if isinstance(item, Loop):
        return key in (item.name, "loop")
    return key in (item.name, item.key)
