"""Writing a pytest file that runs somebody's code on literal integers, free of this package."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from symconv.code.names import CACHE
from symconv.implementations.model import BACKWARD_RESULTS, FORWARD_RESULTS
from symconv.implementations.reproducing.spelling import CODE, SpelledCall, Spelling
from symconv.layers.layer import Sizes

WIDTH = 100
VARIABLES = {"y": "y", "dL/dx": "dx", "dL/dw": "dw", "dL/db": "db", CACHE: CACHE}
"""What results are called in the code that is written."""
_LONGEST_NAME = 72


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arrays that a few tests run on.

    Attributes:
        sizes: their sizes.
        dtype: their dtype.
        arrays: whole numbers or halves by name, axes in the layer's order.
        expected: the right results, exact, axes in the layer's order.
    """

    sizes: Sizes
    dtype: str
    arrays: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One test.

    Attributes:
        title: what is wrong and when: ``dL/dx: wrong value when the padding is 0``.
        name: what the test is called, in words.
        inputs: what it runs on.
        results: the results that it compares.
        earlier: what an earlier call runs on, where it takes one to see the failure; the same
            as `inputs` where two calls on the same arrays differ.
        kept: the inputs that must be what they were; ``results`` are those of the pass that
            changes them, and are not compared.
    """

    title: str
    name: str
    inputs: Inputs
    results: tuple[str, ...]
    earlier: Inputs | None = None
    kept: tuple[str, ...] = ()


def written(
    spelling: Spelling,
    tests: Sequence[Reproduction],
    *,
    name: str,
    remarks: Sequence[str],
    tolerance: float | None,
    place: Path | None,
) -> str:
    """Write the file.

    Args:
        spelling: how the code is called.
        tests: what it tests.
        name: what the functions are called.
        remarks: what stands in comments at the top.
        tolerance: how far from the right value a number may be, or None for not at all.
        place: where the file will be, None where that is not known.
    """
    given = [one for test in tests for one in (test.earlier, test.inputs) if one is not None]
    inputs = list({id(one): one for one in given}.values())
    numbers = {id(one): number for number, one in enumerate(inputs, 1)}
    blocks = [
        "\n".join(
            [
                *_head(f"{name} of {spelling.home.module or spelling.home.file.name}"),
                *_comments(remarks),
                *([""] if remarks else []),
                *_imports(spelling, inputs),
                "",
                *_loading(spelling, place),
            ]
        ),
        "\n".join(_check(tolerance)),
        *("\n".join(_inputs(spelling, one, number)) for number, one in enumerate(inputs, 1)),
    ]
    taken: set[str] = set()
    blocks.extend("\n".join(_test(spelling, test, numbers, taken)) for test in tests)
    return "\n\n\n".join(blocks) + "\n"


def _head(name: str) -> Iterator[str]:
    yield '"""What is wrong in a convolution, reproduced with literal integers.'
    yield ""
    yield "Written by `symconv test --regression-test`, which it does not need. Every expected"
    yield "number is exact. A test passes once its mistake is mended."
    yield '"""'
    yield ""
    yield from _comments([f"The code under test is {name}."])
    yield ""


def _imports(spelling: Spelling, inputs: Sequence[Inputs]) -> Iterator[str]:
    yield "import importlib" + ("" if spelling.home.module else ".util")
    if not spelling.home.module or spelling.home.root is not None:
        yield "import sys"
        yield "from pathlib import Path"
    yield ""
    others = {"numpy": [], "torch": ["torch"], "jax": ["jax"]}[spelling.framework]
    if spelling.framework == "numpy" and any(one.dtype == "bfloat16" for one in inputs):
        others = ["ml_dtypes"]
    lines = [f"import {other}" for other in others]
    yield from sorted([*lines, "import numpy as np"], key=lambda line: line.split()[1])


def _loading(spelling: Spelling, place: Path | None) -> Iterator[str]:
    home = spelling.home
    if home.module:
        if home.root is not None:
            relative, said = _seen_from(home.root, place)
            yield f"# The folder that {home.module} is imported from, {said}."
            yield f"sys.path.insert(0, str({relative}))"
        yield f'{CODE} = importlib.import_module("{home.module}")'
        return
    relative, said = _seen_from(home.file, place)
    yield f"# Where the code under test is, {said}."
    yield f"FILE = {relative}"
    yield "# What it imports from its own folder is found as well."
    yield "sys.path.insert(0, str(FILE.parent))"
    yield f'SPECIFICATION = importlib.util.spec_from_file_location("{CODE}_under_test", FILE)'
    yield f"{CODE} = importlib.util.module_from_spec(SPECIFICATION)"
    yield f"sys.modules[SPECIFICATION.name] = {CODE}"
    yield f"SPECIFICATION.loader.exec_module({CODE})"


def _seen_from(target: Path, place: Path | None) -> tuple[str, str]:
    """Write a path as seen from the test where both move together, and else in full."""
    here = Path.cwd().resolve()
    folder = None if place is None else place.resolve().parent
    if folder is not None and (
        target.is_relative_to(folder)
        or (target.is_relative_to(here) and folder.is_relative_to(here))
    ):
        relative = Path(os.path.relpath(target, folder)).as_posix()
        return f"(Path(__file__).parent / {_text(relative)}).resolve()", "seen from this file"
    return f"Path({_text(str(target))})", "in full, since it is far from this file"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _check(tolerance: float | None) -> Iterator[str]:
    said, kind, differ = (
        "Compare every entry by ==, with Python's own integers: nothing rounds.",
        "object",
        "got != expected",
    )
    if tolerance is not None:
        said = f"Compare every entry; it may be off by {tolerance!r} of the largest."
        kind = "float"
        differ = f"~(abs(got - expected) <= {tolerance!r} * max(1.0, abs(expected).max()))"
    yield "def check(name, got, expected):"
    yield f'    """{said}"""'
    yield "    __tracebackhide__ = True"
    yield f"    got, expected = np.asarray(got), np.array(expected, dtype={kind})"
    yield '    shapes = f"{name} has shape {got.shape}, and should have {expected.shape}"'
    yield "    assert got.shape == expected.shape, shapes"
    yield f"    wrong = [tuple(place) for place in np.argwhere({differ}).tolist()]"
    yield "    first = wrong[0] if wrong else None"
    yield "    assert not wrong, ("
    yield '        f"{name}{list(first)} is {got[first]}, and should be {expected[first]}; "'
    yield '        f"{len(wrong)} of {got.size} entries are wrong"'
    yield "    )"


def _inputs(spelling: Spelling, one: Inputs, number: int) -> Iterator[str]:
    names = (*spelling.inputs, "dout")
    yield f"def inputs_{number}():"
    yield f'    """{one.sizes}."""'
    for name in names:
        yield from _assigned(name, spelling.axes.to_own(name, one.arrays[name]), 4)
    dtype = f'"{one.dtype}"'
    if one.dtype == "bfloat16":
        # PyTorch makes its own of them.
        dtype = "ml_dtypes.bfloat16" if spelling.framework == "numpy" else '"float32"'
    yield (f"    return tuple(np.array(array, dtype={dtype}) for array in ({', '.join(names)}))")


def _test(
    spelling: Spelling, test: Reproduction, numbers: Mapping[int, int], taken: set[str]
) -> Iterator[str]:
    yield from _comments([test.title])
    yield f"def {_name(test.name, taken)}():"
    before = " " * 4
    writer = _Calls(spelling, test)
    shown = (*spelling.inputs, "dout")
    used = ", ".join(name if name in writer.used else "_" for name in shown)
    given = f"inputs_{numbers[id(test.inputs)]}()"
    if test.earlier is None:
        yield f"{before}{used} = {given}"
    else:
        yield f"{before}# One call is right; it takes an earlier one to see what is wrong."
        yield f"{before}for {used} in (inputs_{numbers[id(test.earlier)]}(), {given}):"
        before += " " * 4
    if spelling.framework == "jax" and np.dtype(_wide(test.inputs.dtype)).itemsize == 8:
        yield f"{before}with jax.enable_x64(True):"
        yield from (f"{before}    {line}" for line in writer.lines())
    else:
        yield from (f"{before}{line}" for line in writer.lines())
    if test.kept:
        yield f"{before}before = dict(zip({_tuple(shown)}, {given}, strict=True))"
        for name in test.kept:
            yield f'{before}check("{name}", {writer.plain(name)}, before["{name}"])'
        return
    if test.earlier is not None and test.earlier is not test.inputs:
        # What is expected is expected of the last call.
        before = " " * 4
    for name in test.results:
        own = spelling.axes.to_own(name, test.inputs.expected[name])
        yield from _assigned("expected", own, len(before))
        variable = VARIABLES[name]
        yield f'{before}check("{variable}", {writer.plain(variable)}, expected)'


def _tuple(names: Sequence[str]) -> str:
    inside = ", ".join(f'"{name}"' for name in names)
    return f"({inside})"


def _several(targets: Sequence[str]) -> str:
    return ", ".join(targets) if len(targets) > 1 else f"({targets[0]},)"


def _wide(dtype: str) -> str:
    return "float16" if dtype == "bfloat16" else dtype


def _name(words: str, taken: set[str]) -> str:
    """Return a name for a test that no other has."""
    parts = re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_").split("_")
    while len("_".join(parts)) > _LONGEST_NAME:
        _ = parts.pop()
    stem = name = "test_" + "_".join(parts)
    count = 1
    while name in taken:
        count += 1
        name = f"{stem}_{count}"
    taken.add(name)
    return name


class _Calls:
    """The lines of one test that call the code."""

    def __init__(self, spelling: Spelling, test: Reproduction) -> None:
        self._spelling = spelling
        self._test = test
        self._sizes = {name: str(value) for name, value in test.inputs.sizes.items()}
        self._wanted = {*test.results}
        self._goes_back = any(name in BACKWARD_RESULTS for name in test.results)
        self._automatic = bool(spelling.leaves)
        kept = () if self._goes_back else ("dout",)
        self.used = {name for name in (*spelling.inputs, "dout") if name not in kept}

    def lines(self) -> Iterator[str]:
        """Yield the lines, from the arrays of NumPy to the results in the code's own kind."""
        spelling = self._spelling
        yield from self._converted()
        yield from (self._sized(line) for line in spelling.made)
        if self._automatic and spelling.framework == "jax" and self._goes_back:
            yield from self._pulled_back()
            return
        needed = {name for name in self._wanted if name in FORWARD_RESULTS}
        if self._goes_back:
            needed |= spelling.taken | ({"y"} if self._automatic else set())
        if spelling.forward is not None and (needed or spelling.made):
            yield from self._taken_apart(spelling.forward, needed)
        if not self._goes_back:
            return
        if self._automatic:
            yield from self._differentiated()
            return
        for call in spelling.backward:
            yield from self._taken_apart(call, self._wanted)
        for result, where in spelling.held:
            if result in self._wanted:
                yield f"{VARIABLES[result]} = {where}"

    def plain(self, variable: str) -> str:
        """Write a variable as what `np.asarray` takes."""
        if self._spelling.framework != "torch":
            return variable
        narrow = self._test.inputs.dtype == "bfloat16"
        return f"{variable}.detach(){'.float()' if narrow else ''}"

    def _converted(self) -> Iterator[str]:
        names = [name for name in (*self._spelling.inputs, "dout") if name in self.used]
        match self._spelling.framework:
            case "numpy":
                return
            case "jax":
                made, automatic = "jax.numpy.array(array{})", ""
                if self._test.inputs.dtype == "bfloat16":
                    made = "jax.numpy.array(array, dtype=jax.numpy.bfloat16)"
            case _:
                made, automatic = "torch.tensor(array{})", ", requires_grad=True"
                if self._test.inputs.dtype == "bfloat16":
                    made = "torch.tensor(array, dtype=torch.bfloat16{})"
        if self._automatic and automatic:
            inputs = [name for name in names if name != "dout"]
            given = ", ".join(inputs) if len(inputs) > 1 else f"({inputs[0]},)"
            yield f"{given} = ({made.format(automatic)} for array in ({given.strip('()')}))"
            if "dout" in names:
                yield f"dout = {made.format('').replace('array', 'dout', 1)}"
            return
        given = ", ".join(names)
        yield f"{given} = ({made.format('')} for array in ({given}))"

    def _taken_apart(self, call: SpelledCall, wanted: set[str]) -> Iterator[str]:
        """Call, and name what is wanted of what is returned."""
        text = self._sized(call.text)
        if call.places:
            targets = [self._target(place, wanted) for place in call.places]
            yield f"{_several(targets)} = {text}"
            return
        reached = {name: how for name, how in call.reached if name in wanted}
        whole = next((name for name, how in reached.items() if how == "{}"), None)
        if not reached:
            yield text
            return
        variable = VARIABLES[whole] if whole is not None else "returned"
        yield f"{variable} = {text}"
        for name, how in reached.items():
            if name != whole:
                yield f"{VARIABLES[name]} = {how.format(variable)}"

    def _target(self, place: str | None, wanted: set[str]) -> str:
        star = "*" if place is not None and place.startswith("*") else ""
        name = "" if place is None else place.removeprefix("*")
        return star + (VARIABLES[name] if name in wanted else "_")

    def _differentiated(self) -> Iterator[str]:
        leaves = dict(self._spelling.leaves)
        by = [result for result in leaves if result in self._wanted]
        targets = _several([VARIABLES[result] for result in by])
        places = ", ".join(leaves[result] for result in by)
        yield f"{targets} = torch.autograd.grad(y, ({places}{',' * (len(by) == 1)}), dout)"

    def _pulled_back(self) -> Iterator[str]:
        forward = self._spelling.forward
        assert forward is not None, "what is differentiated is a forward pass"
        names = ", ".join(leaf for _, leaf in self._spelling.leaves)
        text = self._sized(forward.text)
        how = dict(forward.reached).get("y", "{}[0]")
        y = "y" if "y" in self._wanted else "_"
        yield f"{y}, pull_back = jax.vjp(lambda {names}: {how.format(text)}, {names})"
        targets = [
            VARIABLES[result] if result in self._wanted else "_"
            for result, _ in self._spelling.leaves
        ]
        yield f"{', '.join(targets)} = pull_back(dout)"

    def _sized(self, text: str) -> str:
        return Template(text).substitute(self._sizes)


def _assigned(name: str, array: np.ndarray, indent: int) -> Iterator[str]:
    """Write an array as nested lists: on one line where there is room, else one row per line."""
    before = " " * indent
    value = _literals(array.tolist())
    line = f"{before}{name} = {value}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{before}{name} = ["
    for item in value:
        yield from _item(item, indent + 4)
    yield f"{before}]"


def _item(value: Any, indent: int) -> Iterator[str]:
    before = " " * indent
    if len(f"{before}{value},") <= WIDTH or not isinstance(value, list):
        yield f"{before}{value},"
        return
    yield f"{before}["
    if not any(isinstance(item, list) for item in value):
        inside = ", ".join(map(str, value)) + ","
        yield from textwrap.wrap(
            inside, WIDTH, initial_indent=before + "    ", subsequent_indent=before + "    "
        )
    else:
        for item in value:
            yield from _item(item, indent + 4)
    yield f"{before}],"


def _literals(value: Any) -> Any:
    if isinstance(value, list):
        return [_literals(item) for item in value]
    # Halves and quarters are floats; all else are Python's own integers, whatever held them.
    return int(value) if value == int(value) else float(value)


def _comments(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from textwrap.wrap(
            text,
            WIDTH,
            initial_indent="# ",
            subsequent_indent="#   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
