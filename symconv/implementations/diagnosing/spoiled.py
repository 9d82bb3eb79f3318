"""The catalogue of mistakes as candidates: the layer's own loops and statements, spoiled.

Edits are made and compiled when they are first asked for, and kept.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from itertools import zip_longest
from types import FunctionType

import numpy as np

from symconv.concrete.monomial_tables import Tables
from symconv.implementations.diagnosing.cases import Case
from symconv.implementations.diagnosing.symptoms import Produced, Suspect
from symconv.layers.layer import Loop, Sizes
from symconv.layers.registry import default_layer
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.spoiled_loops import SpoiledLoop, spoil_loop
from symconv.mistakes.spoiling import EditedStatement, spoil

_LAYER = default_layer()
"""The only layer whose loops and statements are spoiled."""
FORMS = ("strided", "contracted")
"""The forms of statements that are spoiled: those that people program."""
NINE_LOOPS = "loop/dx"
MOST_STEPS = 200_000
"""Limit: nine nested loops are not run at sizes at which they take longer than a blink."""
EXACT_IN_FLOATS = 2**53


def spoiled_candidates(result: str) -> Iterator[Suspect]:
    """Yield the candidates for a result: spoiled loops, then spoiled statements."""
    layer = _LAYER
    # The shortest loops first: nine nested ones are slow to run.
    for loop in reversed(layer.loops):
        if loop.computes == result:
            yield from _kept_loops(loop.name)
    for statement in layer.statements:
        if statement.name == result and statement.form in FORMS:
            yield from _kept_statements(statement.key)


class _Kept:
    """An iterator that can be started again and continues where it was left."""

    def __init__(self, source: Iterator[Suspect]) -> None:
        self._source = source
        self._seen: list[Suspect] = []

    def __iter__(self) -> Iterator[Suspect]:
        place = 0
        while True:
            if place == len(self._seen):
                following = next(self._source, None)
                if following is None:
                    return
                self._seen.append(following)
            yield self._seen[place]
            place += 1


@cache
def _kept_loops(name: str) -> _Kept:
    (loop,) = (one for one in _LAYER.loops if one.name == name)
    # What is a mistake of formulas as well is made in the statement that these loops follow.
    nine = name == NINE_LOOPS
    mistakes = [one for one in CATALOGUE if one.code is not None or not nine]
    return _Kept(_from_loop(spoiled, loop) for spoiled in spoil_loop(loop, mistakes))


@cache
def _kept_statements(key: str) -> _Kept:
    return _Kept(map(_from_statement, spoil(_LAYER.statement(key))))


def _from_loop(spoiled: SpoiledLoop, loop: Loop) -> Suspect:
    mistake = spoiled.mistake
    phrase = f"the correct one, except that {mistake.sentence}{_edited_line(spoiled, loop)}"
    return Suspect(mistake.name, phrase, _runner(spoiled.loop))


def _runner(loop: Loop) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        if loop.name == NINE_LOOPS and case.steps > MOST_STEPS:
            return None
        return np.asarray(_LAYER.run_loop(loop, loop_arrays(case), case.sizes))

    return produce


def loop_arrays(case: Case) -> dict[str, np.ndarray]:
    """Return a case's inputs as people's loops get them: floats where these are exact."""
    dtype = np.float64 if case.largest < EXACT_IN_FLOATS else object
    return {name: array.astype(dtype) for name, array in case.arrays.items()}


def _edited_line(spoiled: SpoiledLoop, loop: Loop) -> str:
    """Quote the line of the loops that differs."""
    assert isinstance(loop.function, FunctionType), "a loop is a function with a source"
    after = spoiled.source.splitlines()
    for function in (loop.function, *_functions_beside(loop.function)):
        before = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(function)))).splitlines()
        if before[0] == after[0]:
            for right, wrong in zip_longest(before, after, fillvalue=""):
                if right != wrong:
                    return f" ({_quoted(wrong)} in place of {_quoted(right)})"
    return ""


def _quoted(line: str) -> str:
    return f"`{line.strip()}`" if line else "nothing"


def _functions_beside(function: FunctionType) -> Iterator[FunctionType]:
    for name in function.__code__.co_names:
        if isinstance(helper := function.__globals__.get(name), FunctionType):
            yield helper


def _from_statement(edited: EditedStatement) -> Suspect:
    mistake = edited.mistake
    phrase = (
        f"the correct one, except that {mistake.sentence} "
        f"({edited.after} in place of {edited.before})"
    )

    def produce(case: Case) -> Produced:
        arrays = {name: array.astype(object) for name, array in case.arrays.items()}
        return _tables(case.sizes).statement_values(edited.statement, arrays)

    return Suspect(mistake.name, phrase, produce)


@cache
def _tables(sizes: Sizes) -> Tables:
    return Tables(_LAYER, sizes)
