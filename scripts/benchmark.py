"""Measure how fast closed forms are compared, beside SymPy and SymEngine doing the same work.

    python scripts/benchmark.py            # about a minute
    python scripts/benchmark.py --full     # and the peers that take minutes
    python scripts/benchmark.py --json

The work: the output of the 2-D convolution and its gradients by the weights, the bias and the
input, each hand-derived formula (and, with loops, each loop nest) compared exactly with what
differentiation gives. T counts the products: T = N*F*Hh*Hw*C*HH*WW. Every time of symconv is
the median of several runs, from nothing but the plans, which do not depend on sizes; all
times are taken in one process, one after the other. Peers that take minutes run with --full
only, and their last result is shown with its date.

Peers: *plain* makes object arrays of Symbols, adds up the loss, differentiates it by every
parameter, expands and compares; *careful* differentiates only the terms that a parameter
occurs in. A peer is run once.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from benchmark_code import Answers, code_rows, torch_answers

from symconv import Sizes, SymconvError, conv2d, prove
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables

LAYER = conv2d()
SMALL = LAYER.sizes("N=2,C=2,H=6,W=6,F=2,HH=3,WW=3,S=1,P=0")
MEDIUM = LAYER.sizes("N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1")
LARGE = LAYER.sizes("N=4,C=3,H=16,W=16,F=8,HH=3,WW=3,S=1,P=1")
BATCH = LAYER.sizes("N=8,C=3,H=32,W=32,F=16,HH=3,WW=3,S=1,P=1")
FORMULAS = [
    LAYER.statement(key)
    for key in ("y:strided", "dL/dw:contracted", "dL/db:contracted", "dL/dx:contracted")
]
LOOPS = {loop.name: loop for loop in LAYER.loops}
FAST_LOOPS = ("loop/forward", "loop/dw", "loop/db", "loop/dx:scatter")
UP_TO = 4
SAMPLE = 300
KEPT = Path(__file__).with_name("benchmark_full.json")

Own: TypeAlias = "dict[tuple[str, Sizes], float]"
"""How long symconv takes, by the work and the sizes."""

FORMULAS_ALONE = "formulas alone"
WITH_LOOPS = "formulas and traced loops"
NINE_LOOPS = "the nine loops of dL/dx, traced"
AT_NUMBERS = "formulas on float64, forward and backward"
LINEARITY = "time per product, against the smallest T"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: what was done.
        sizes: at which sizes, or an empty text.
        seconds: how long symconv takes.
        peer: who else does the same work, or an empty text.
        peer_seconds: how long that takes, or None.
        ratio: peer_seconds / seconds, or None.
        peer_date: when the peer was measured; None for this run.
    """

    name: str
    sizes: str
    seconds: float
    peer: str = ""
    peer_seconds: float | None = None
    ratio: float | None = None
    peer_date: str | None = None


def products(sizes: Sizes) -> int:
    """Return T, the number of products of the forward pass."""
    count = 1
    for name in ("N", "F", "Hh", "Hw", "C", "HH", "WW"):
        count *= sizes[name]
    return count


def seconds_of(work: Callable[[], object], runs: int) -> float:
    """Return the median time of some runs."""
    times: list[float] = []
    _ = gc.collect()
    for _ in range(runs):
        start = perf_counter()
        _ = work()
        times.append(perf_counter() - start)
    return median(times)


def compare(sizes: Sizes, loops: tuple[str, ...], *, formulas: bool = True) -> None:
    """Do the work by symconv, from nothing but the plans."""
    tables = Tables(LAYER, sizes)
    differences = [tables.compare(statement) for statement in FORMULAS if formulas]
    differences += [tables.compare_loop(LOOPS[name]) for name in loops]
    if any(difference is not None for difference in differences):
        raise SystemExit(f"benchmark.py: symconv finds a difference at {sizes}")


class Peer:
    """The same work by a computer algebra system.

    Args:
        name: what it is called in the table.
        symbol: makes a symbol from a name.
        add: adds up many terms at once.
        careful: whether to differentiate only the terms that a parameter occurs in.
    """

    def __init__(
        self, name: str, symbol: Callable[[str], Any], add: Callable[..., Any], *, careful: bool
    ) -> None:
        self.name = name
        self._symbol = symbol
        self._add = add
        self._careful = careful

    def seconds(self, sizes: Sizes) -> dict[str, float]:
        """Do the work and tell how long it takes, without the loops and with them."""
        _ = gc.collect()
        start = perf_counter()
        arrays = {name: self._array(name, sizes) for name in ("x", "w", "b", "dout")}
        formulas = _Formulas(arrays, sizes, self._add)
        y = formulas.output()
        differentiate = self._derivative(arrays["dout"], y)
        truth = {"y": y}
        for name in ("w", "b", "x"):
            truth[f"dL/d{name}"] = _mapped(differentiate, arrays[name])
        truth = {name: _mapped(_expanded, array) for name, array in truth.items()}
        self._require_same(truth, "y", formulas.output_from_the_patch())
        self._require_same(truth, "dL/dw", formulas.by_weights())
        self._require_same(truth, "dL/db", formulas.by_bias())
        self._require_same(truth, "dL/dx", formulas.by_input())
        without = perf_counter() - start
        for name in FAST_LOOPS:
            result = LAYER.run_loop(LOOPS[name], arrays, sizes)
            self._require_same(truth, LOOPS[name].computes, result)
        return {FORMULAS_ALONE: without, WITH_LOOPS: perf_counter() - start}

    def _require_same(self, truth: dict[str, Any], name: str, got: Any) -> None:
        for one, other in zip(truth[name].flat, got.flat, strict=True):
            if one != _expanded(other):
                raise SystemExit(f"benchmark.py: {self.name} finds a difference in {name}")

    def _array(self, name: str, sizes: Sizes) -> Any:
        shape = _shape(name, sizes)
        array = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            array[position] = self._symbol("_".join([name, *map(str, position)]))
        return array

    def _derivative(self, dout: Any, y: Any) -> Callable[[Any], Any]:
        if not self._careful:
            loss = self._add(*(dout * y).flat)
            return lambda parameter: loss.diff(parameter)
        terms: dict[Any, list[tuple[Any, Any]]] = {}
        for upstream, output in zip(dout.flat, y.flat, strict=True):
            for term in output.args if output.is_Add else (output,):
                for parameter in term.free_symbols:
                    terms.setdefault(parameter, []).append((upstream, term))
        return lambda parameter: self._add(
            *(upstream * term.diff(parameter) for upstream, term in terms.get(parameter, ()))
        )


class _Formulas:
    """The definition and the hand-derived formulas, written out entry by entry."""

    def __init__(self, arrays: dict[str, Any], sizes: Sizes, add: Callable[..., Any]) -> None:
        self.add = add
        self.x, self.w, self.b, self.dout = (arrays[name] for name in ("x", "w", "b", "dout"))
        self.N, self.C, self.H, self.W, self.F = (sizes[name] for name in ("N", "C", "H", "W", "F"))
        self.HH, self.WW, self.S, self.P = (sizes[name] for name in ("HH", "WW", "S", "P"))
        self.Hh, self.Hw = sizes["Hh"], sizes["Hw"]

    def padded(self, n: int, c: int, i: int, j: int) -> Any:
        """Return an entry of the padded input."""
        inside = 0 <= i - self.P < self.H and 0 <= j - self.P < self.W
        return self.x[n, c, i - self.P, j - self.P] if inside else 0

    def output(self) -> Any:
        """Return y by its definition."""
        return self._filled(
            (self.N, self.F, self.Hh, self.Hw),
            lambda n, f, k, l: self.add(
                self.b[f],
                *(
                    self.w[f, c, p, q] * self.padded(n, c, self.S * k + p, self.S * l + q)
                    for c, p, q in np.ndindex(self.C, self.HH, self.WW)
                ),
            ),
        )

    def output_from_the_patch(self) -> Any:
        """Return y by a formula: the sum over the patch."""
        return self._filled(
            (self.N, self.F, self.Hh, self.Hw),
            lambda n, f, k, l: self.add(
                *(
                    self.padded(n, c, p, q) * self.w[f, c, p - k * self.S, q - l * self.S]
                    for c in range(self.C)
                    for p in range(k * self.S, k * self.S + self.HH)
                    for q in range(l * self.S, l * self.S + self.WW)
                ),
                self.b[f],
            ),
        )

    def by_weights(self) -> Any:
        """Return dL/dw by its formula."""
        return self._filled(
            self.w.shape,
            lambda f, c, i, j: self.add(
                *(
                    self.dout[n, f, k, l] * self.padded(n, c, i + self.S * k, j + self.S * l)
                    for n, k, l in np.ndindex(self.N, self.Hh, self.Hw)
                )
            ),
        )

    def by_bias(self) -> Any:
        """Return dL/db by its formula."""
        return self._filled((self.F,), lambda f: self.add(*self.dout[:, f].flat))

    def by_input(self) -> Any:
        """Return dL/dx by its formula, with the filter index solved for."""
        return self._filled(
            self.x.shape,
            lambda n, c, i, j: self.add(
                *(
                    self.dout[n, f, k, l] * self.w[f, c, p, q]
                    for f, k, l in np.ndindex(self.F, self.Hh, self.Hw)
                    for p, q in [(i + self.P - k * self.S, j + self.P - l * self.S)]
                    if 0 <= p < self.HH and 0 <= q < self.WW
                )
            ),
        )

    def _filled(self, shape: tuple[int, ...], entry: Callable[..., Any]) -> Any:
        array = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            array[position] = entry(*position)
        return array


def sympy_peer(*, careful: bool) -> Peer:
    """Return SymPy as a peer."""
    import sympy

    name = "careful SymPy" if careful else "plain SymPy"
    return Peer(name, sympy.Symbol, sympy.Add, careful=careful)


def symengine_peer(*, careful: bool) -> Peer | None:
    """Return SymEngine as a peer, or None where it is not installed."""
    try:
        import symengine
    except ImportError:
        return None
    name = "careful SymEngine" if careful else "plain SymEngine"
    return Peer(name, symengine.Symbol, lambda *terms: symengine.Add(*terms), careful=careful)


def rows(*, full: bool) -> Iterator[Row]:
    """Measure everything, one row at a time."""
    own: Own = {}
    for name, loops, formulas, runs in (
        (FORMULAS_ALONE, (), True, 21),
        (WITH_LOOPS, FAST_LOOPS, True, 5),
        (NINE_LOOPS, ("loop/dx",), False, 3),
    ):
        for sizes in (SMALL, MEDIUM, LARGE)[: 2 if name == NINE_LOOPS else 3]:
            compare(sizes, loops, formulas=formulas)
            own[name, sizes] = seconds_of(
                lambda at=sizes, these=loops, too=formulas: compare(at, these, formulas=too), runs
            )
    yield from _beside(own, sympy_peer(careful=False), SMALL, full=full, slow=False)
    yield from _beside(own, sympy_peer(careful=False), MEDIUM, full=full, slow=True)
    yield from _beside(own, sympy_peer(careful=True), MEDIUM, full=full, slow=False)
    yield from _beside(own, symengine_peer(careful=False), MEDIUM, full=full, slow=False)
    yield from _beside(own, symengine_peer(careful=False), LARGE, full=full, slow=True)
    yield from _beside(own, symengine_peer(careful=True), LARGE, full=full, slow=False)
    for sizes in (SMALL, MEDIUM):
        yield Row(NINE_LOOPS, str(sizes), own[NINE_LOOPS, sizes])
    for sizes in (MEDIUM, LARGE):
        here, scaled = own[WITH_LOOPS, sizes], own[WITH_LOOPS, SMALL]
        scaled *= products(sizes) / products(SMALL)
        peer = f"T = {products(SMALL):,}, scaled to T = {products(sizes):,}"
        yield Row(LINEARITY, str(sizes), here, peer, scaled, scaled / here)
    yield from number_rows(torch_answers())
    for name, here, peer, seconds in code_rows(MEDIUM, seconds_of):
        yield Row(name, str(MEDIUM), here, peer, seconds, seconds and seconds / here)
    yield from proof_rows()
    loops = ["test", "symconv.layers.convolution.loops"]
    for arguments in (["--help"], ["verify"], ["verify", "--method", "closed-form"], loops):
        yield Row(f"symconv {' '.join(arguments)}", "", seconds_of(lambda a=arguments: run(a), 5))


def number_rows(peer: Answers | None) -> Iterator[Row]:
    """Evaluate the formulas at numbers, beside torch, which has to give the same numbers."""
    source = np.random.default_rng(1)
    for sizes in (MEDIUM, BATCH):
        formulas = Contractions(LAYER, sizes)
        arrays = {
            name: source.integers(-8, 9, shape).astype(np.float64)
            for name, shape in formulas.inputs.items()
        }

        def own(formulas: Contractions = formulas, given: Any = arrays) -> dict[str, Any]:
            run = formulas.on(given)
            return {statement.name: run.statement_values(statement) for statement in FORMULAS}

        first = own()
        here = seconds_of(own, 101)
        if peer is None:
            missing = "torch is missing: pip install 'symconv[torch]'"
            yield Row(AT_NUMBERS, str(sizes), here, missing)
            continue
        theirs = peer(arrays, sizes)
        for name, values in first.items():
            if not np.array_equal(values, np.asarray(theirs[name])):
                raise SystemExit(f"benchmark.py: torch finds a difference in {name} at {sizes}")
        seconds = seconds_of(lambda given=arrays, at=sizes: peer(given, at), 101)
        yield Row(AT_NUMBERS, str(sizes), here, "torch", seconds, seconds / here)


def proof_rows() -> Iterator[Row]:
    """Prove each gradient for all sizes, beside closed forms at every size up to UP_TO.

    Closed forms are compared at a random sample of these sizes, and their time scaled up.
    """
    fitting = [
        sum(h + 2 * padding >= hh for h in range(1, UP_TO + 1) for hh in range(1, UP_TO + 1))
        for padding in range(UP_TO + 1)
    ]
    # The other sizes, N, C, F and S, are free; height and width fit independently.
    count = UP_TO**4 * sum(pairs**2 for pairs in fitting)
    source = random.Random(1)
    sample: list[Sizes] = []
    while len(sample) < SAMPLE:
        least = {size.name: LAYER.minimum.get(size, 1) for size in LAYER.given}
        with suppress(SymconvError):
            sample.append(
                LAYER.sizes("", **{n: source.randint(low, UP_TO) for n, low in least.items()})
            )
    for key in ("dL/dw:contracted", "dL/db:contracted", "dL/dx:contracted"):
        statement = LAYER.statement(key)
        here = seconds_of(lambda at=statement: prove(at, LAYER), 3)
        start = perf_counter()
        if any(Tables(LAYER, at).compare(statement) is not None for at in sample):
            raise SystemExit(f"benchmark.py: symconv finds a difference in {key}")
        scaled = (perf_counter() - start) * count / len(sample)
        peer = f"closed forms at all {count:,} sizes up to {UP_TO}, scaled up from {len(sample)}"
        yield Row(f"{key} proved for every size", "", here, peer, scaled, scaled / here)


def run(arguments: list[str]) -> None:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "symconv", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"benchmark.py: symconv {' '.join(arguments)} failed:\n{done.stderr}")


def _beside(own: Own, peer: Peer | None, sizes: Sizes, *, full: bool, slow: bool) -> Iterator[Row]:
    """Measure a peer, or take what was kept of it where it is slow and not asked for."""
    if peer is None:
        for name in (FORMULAS_ALONE, WITH_LOOPS):
            missing = "SymEngine is missing: pip install symengine"
            yield Row(name, str(sizes), own[name, sizes], missing)
        return
    day = None
    if not slow:
        seconds = peer.seconds(sizes)
    elif full:
        seconds = peer.seconds(sizes)
        _keep(sizes, peer, seconds)
    else:
        kept = _kept().get(_key(sizes, peer), {})
        seconds, day = kept.get("seconds", {}), kept.get("date")
    for name in (FORMULAS_ALONE, WITH_LOOPS):
        here = own[name, sizes]
        if name in seconds:
            ratio = seconds[name] / here
            yield Row(name, str(sizes), here, peer.name, seconds[name], ratio, day)
        else:
            yield Row(name, str(sizes), here, f"{peer.name}: measured with --full only")


def _key(sizes: Sizes, peer: Peer) -> str:
    return f"{peer.name} at {sizes}"


def _kept() -> dict[str, dict[str, Any]]:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def _keep(sizes: Sizes, peer: Peer, seconds: dict[str, float]) -> None:
    rounded = {name: round(value, 2) for name, value in seconds.items()}
    entry = {"date": date.today().isoformat(), "seconds": rounded}
    unfinished = KEPT.with_suffix(".tmp")
    text = json.dumps({**_kept(), _key(sizes, peer): entry}, indent=2, sort_keys=True)
    _ = unfinished.write_text(text + "\n")
    _ = unfinished.replace(KEPT)


def _mapped(function: Callable[[Any], Any], array: Any) -> Any:
    mapped = np.empty(array.shape, dtype=object)
    for position in np.ndindex(*array.shape):
        mapped[position] = function(array[position])
    return mapped


def _expanded(value: Any) -> Any:
    return value.expand() if hasattr(value, "expand") else value


def _shape(name: str, sizes: Sizes) -> tuple[int, ...]:
    axes = {"x": "N C H W", "w": "F C HH WW", "b": "F", "dout": "N F Hh Hw"}[name]
    return tuple(sizes[axis] for axis in axes.split())


def show(found: list[Row]) -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="medians in one run; ratio = peer / symconv")
    for heading in ("work", "T", "symconv", "peer", "its time", "ratio"):
        table.add_column(heading, justify="left" if heading in ("work", "peer") else "right")
    for row in found:
        sizes = f"{products(LAYER.sizes(row.sizes)):,}" if row.sizes else ""
        day = f" ({row.peer_date})" if row.peer_date else ""
        table.add_row(
            row.name,
            sizes,
            _time(row.seconds),
            row.peer + day,
            "" if row.peer_seconds is None else _time(row.peer_seconds),
            "" if row.ratio is None else f"{row.ratio:,.{0 if row.ratio >= 10 else 2}f}",
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _time(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def main() -> int:
    """Measure, and print a table or JSON."""
    assert __doc__ is not None, "the description is the module's docstring"
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    _ = parser.add_argument("--full", action="store_true", help="also the peers of minutes")
    _ = parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    found = list(rows(full=options.full))
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
