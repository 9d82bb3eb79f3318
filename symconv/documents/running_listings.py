"""Python listings of a document, run on request and compared with the layer, exactly.

All listings of a document run in order, in a process of their own, at each of the layer's
default sizes; later ones may use what earlier ones defined. They see ``np``, the arrays
``x``, ``x_pad``, ``w``, ``b`` and ``dout`` filled with small integers, the sizes, and the
names that the document's code gives to them. What they leave in ``out`` or ``y``, ``dw``,
``db`` and ``dx`` is compared with the layer's polynomials at the same integers, by ``==``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from time import perf_counter
from typing import Any

import numpy as np

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition
from symconv.algebra.tree import symbols
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.numbers import ExactRuns
from symconv.documents.code_names import PARAMETERS
from symconv.documents.contents import Listing
from symconv.documents.listing_answers import Answers, Runnable, listing_answers
from symconv.documents.listing_service import LeftArray, ListingSizes
from symconv.documents.listings import not_run, only_defines, syntax_error
from symconv.documents.outline import Outline
from symconv.explanations.probes import Probes
from symconv.layers.layer import Layer, Sizes
from symconv.sandbox.excerpts import cut
from symconv.verdicts import Counterexample, Result, Verdict

SECONDS = 5.0
"""How long one listing may run at one choice of sizes."""
MOST_DRAWN = 4
"""At how many small sizes listings run when the document admits none of the layer's own."""


@dataclass(frozen=True, slots=True)
class _Site:
    """The integers that listings run on at given sizes, and what they should compute."""

    sizes: Sizes
    inputs: dict[str, Any]
    given: ListingSizes
    expected: dict[str, Any]


class ListingRuns:
    """Run the listings of one document once, and give each its result.

    Args:
        read: the document as it was understood; it tells the layer and the names.
        seconds: how long one listing may run at one choice of sizes.
    """

    def __init__(self, read: Outline, seconds: float | None = None) -> None:
        self._read = read
        self._seconds = SECONDS if seconds is None else seconds
        self._answers: Answers | None = None
        self._listings = [part for part in read.parts if isinstance(part, Listing)]
        layer = read.context.layer
        self._layer = layer
        self._sites: list[_Site] = []

    def run(self, read: Outline, listing: Listing) -> Result:
        """Return the result of one listing of the document."""
        plain = not_run(read, listing)
        if not listing.is_python or plain.code == "not-python":
            return plain
        if plain.code == "too-large":
            return replace(plain, verdict=Verdict.UNDECIDED)
        if self._layer is None or self._layer.output is None:
            return replace(plain, detail="without a layer there is nothing to compare with")
        start = perf_counter()
        if self._answers is None:
            sizes = _sizes(self._layer, self._read.context.assumptions)
            self._sites = list(_sites(self._layer, sizes, self._names()))
            self._answers = self._run_all()
        if not self._sites:
            return replace(
                plain,
                verdict=Verdict.UNDECIDED,
                code="no-sizes",
                detail="none of the small sizes on which listings run is as the document assumes",
            )
        number = next(n for n, item in enumerate(self._listings) if item is listing)
        found = replace(plain, method="numbers", route="listing", code=None)
        result = self._judged(found, listing, number)
        return replace(result, seconds=perf_counter() - start)

    def _judged(self, plain: Result, listing: Listing, number: int) -> Result:
        assert self._answers is not None, "the listings were run"
        compared: dict[str, int] = {}
        others: dict[str, str] = {}
        for position, site in enumerate(self._sites):
            sizes = site.sizes.given
            answer = self._answers[number, position]
            if answer.error is not None:
                return replace(
                    plain,
                    verdict=Verdict.UNDECIDED,
                    code=answer.error,
                    sizes=sizes,
                    detail=f"{answer.fact} at {site.sizes}",
                    location=self._place(listing, answer.line),
                )
            others |= answer.others
            for name, got in answer.arrays.items():
                compared[name] = compared.get(name, 0) + 1
                wrong = self._difference(site, name, got)
                if wrong is not None:
                    return replace(plain, verdict=Verdict.REFUTED, sizes=sizes, **wrong)
        told = "".join(f"; {name} is {what}, and not compared" for name, what in others.items())
        if not compared:
            return replace(plain, method=None, **self._nothing(listing, told))
        count = len(self._sites)
        equal = ", ".join(
            name if times == count else f"{name} (left at {times} of them)"
            for name, times in compared.items()
        )
        return replace(
            plain,
            verdict=Verdict.VERIFIED,
            detail=f"{equal} equal to the layer's at {count} sizes, on integers{told}",
        )

    def _nothing(self, listing: Listing, told: str) -> dict[str, str]:
        """Say why there is nothing to compare: the listing only defines, or leaves nothing."""
        defined = only_defines(listing)
        if defined:
            calls = f"calls {'it' if len(defined) == 1 else 'them'}"
            return {
                "code": "defines-only",
                "detail": f"it defines {', '.join(defined)} and runs nothing; "
                f"a listing that {calls} is compared",
            }
        names = ", ".join(_results(self._layer_known))
        detail = f"it leaves nothing in {names} that could be compared"
        return {"code": "computes-nothing", "detail": detail + told}

    def _difference(self, site: _Site, name: str, got: LeftArray) -> dict[str, Any] | None:
        computes = _results(self._layer_known)[name]
        expected = site.expected[computes]
        if got.shape != np.shape(expected):
            shapes = f"{got.shape}, expected {np.shape(expected)}"
            return {
                "code": "wrong-shape",
                "detail": f"{name} has shape {shapes} at {site.sizes}",
                "counterexample": Counterexample(
                    site.sizes.given, {}, left=f"shape {np.shape(expected)}",
                    right=f"shape {got.shape}", minimal=False,
                ),
            }  # fmt: skip
        assert got.values is not None, "what has the right shape comes with its values"
        for position, value in zip(
            np.ndindex(*got.shape), got.values.ravel().tolist(), strict=True
        ):
            want = expected[position]
            if value != want:
                indices = dict(zip(self._layer_known.index_names(computes), position, strict=True))
                return {
                    "code": "wrong-value",
                    "detail": f"{name}{list(position)} is {_number(value)}, and {computes} is "
                    f"{_number(want)} at {site.sizes}",
                    "counterexample": Counterexample(
                        site.sizes.given, indices, left=_number(want), right=_number(value),
                        minimal=False,
                    ),
                }  # fmt: skip
        return None

    @property
    def _layer_known(self) -> Layer:
        assert self._layer is not None, "a document without a layer runs nothing"
        return self._layer

    def _place(self, listing: Listing, line: int | None) -> str:
        position = 0
        if line is not None:
            lines = listing.source.text.split("\n")[: line - 1]
            position = sum(len(item) + 1 for item in lines)
            rest = listing.source.text[position:]
            position += len(rest) - len(rest.lstrip(" \t"))
        return self._read.file.location(listing.source.offset(position))

    def _names(self) -> dict[str, str]:
        """Return the names that the document gives to sizes of the layer."""
        layer = self._layer_known
        known = {size.name for size in (*layer.given, *(item.size for item in layer.derived))}
        return {
            source: name
            for source, name in self._read.context.spellings
            if source.isidentifier() and name in known
        }

    def _run_all(self) -> Answers:
        runnable = [
            Runnable(number, item.source.text)
            for number, item in enumerate(self._listings)
            if item.is_python and syntax_error(item) is None
        ]
        return listing_answers(runnable, [site.given for site in self._sites], self._seconds)


def _sizes(layer: Layer, assumptions: tuple[Condition, ...]) -> list[Sizes]:
    """Return the layer's default sizes that a document admits, else small ones, smallest first.

    A condition on sizes that the document adds says nothing of the layer's own.
    """
    own = {*layer.given, *(derived.size for derived in layer.derived)}
    known = tuple(condition for condition in assumptions if own.issuperset(symbols(condition)))
    default = [layer.sizes(text) for text in layer.default_sizes]
    admitted = [
        sizes
        for sizes in default
        if all(condition_value(condition, sizes.by_symbol) for condition in known)
    ]
    if not admitted:
        assumed = replace(layer, constraints=(*layer.constraints, *known))
        admitted = list(Probes(assumed).sizes[-MOST_DRAWN:])
    return sorted(admitted, key=Sizes.order)


def _sites(layer: Layer, sizes_tried: list[Sizes], aliases: dict[str, str]) -> Iterator[_Site]:
    """Yield sizes with integers for them."""
    for number, sizes in enumerate(sizes_tried):
        tables = Tables(layer, sizes)
        inputs = ExactRuns(layer, sizes, tables).inputs("float32")
        if inputs is None:
            continue
        exact = {name: array.astype(np.int64).astype(object) for name, array in inputs.items()}
        arrays = dict(exact)
        for definition in layer.definitions:
            array = definition.array
            if array not in (layer.output, layer.loss):
                arrays[array.name] = tables.values(array.name, exact)
        integers = {name: sizes[name] for name in sizes}
        integers |= {alias: sizes[name] for alias, name in aliases.items()}
        expected = {
            computes: tables.values(computes, exact)
            for computes in dict.fromkeys(_results(layer).values())
        }
        shapes = {name: np.shape(expected[computes]) for name, computes in _results(layer).items()}
        parameters = {word: sizes[name] for word, name in PARAMETERS.items() if name in integers}
        given = {
            name: np.array([int(value) for value in array.flat], dtype=np.int64).reshape(
                array.shape
            )
            for name, array in arrays.items()
        }
        yield _Site(
            sizes, inputs, ListingSizes(number, integers, parameters, given, shapes), expected
        )


def _results(layer: Layer) -> dict[str, str]:
    """Return the names under which listings leave results, and what each should be."""
    assert layer.output is not None, "only a layer with an output is compared"
    found = {"out": layer.output.name, layer.output.name: layer.output.name}
    for array in layer.inputs:
        if array != layer.upstream and layer.loss is not None:
            found[f"d{array.name}"] = f"d{layer.loss.name}/d{array.name}"
    return found


def _number(value: Any) -> str:
    try:
        return cut(str(Fraction(value.item() if isinstance(value, np.generic) else value)))
    except (ValueError, OverflowError, TypeError):
        return str(value)
