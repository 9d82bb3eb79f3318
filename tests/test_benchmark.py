"""The benchmark: its peers do the same work, its rows say what was measured and when."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy

from symconv import conv2d
from symconv.algebra.expressions import Add
from symconv.concrete.contractions import Contractions
from tests.runs import quick_rows

SCRIPT = Path(__file__).parent.parent / "scripts" / "benchmark.py"
TINY = conv2d().sizes("N=1,C=2,H=3,W=2,F=1,HH=2,WW=1,S=1,P=1")
LEAST = conv2d().sizes("N=1,C=1,H=1,W=2,F=1,HH=1,WW=1,S=1,P=0")
KEYS = ["name", "sizes", "seconds", "peer", "peer_seconds", "ratio", "peer_date"]


@pytest.fixture
def benchmark(monkeypatch, tmp_path) -> ModuleType:
    """Return the script with sizes so small, and so few runs, that it takes no time."""
    spec = importlib.util.spec_from_file_location("benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    monkeypatch.syspath_prepend(SCRIPT.parent)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "benchmark", module)
    spec.loader.exec_module(module)
    for name in ("SMALL", "MEDIUM", "LARGE", "BATCH"):
        monkeypatch.setattr(module, name, LEAST)
    # What the rest of the run has left behind is no garbage of the benchmark, and takes long.
    monkeypatch.setattr(module, "gc", SimpleNamespace(collect=lambda: 0))
    once = module.seconds_of
    monkeypatch.setattr(module, "seconds_of", lambda work, runs: once(work, 1))
    monkeypatch.setattr(module, "SAMPLE", 10)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(module, "run", lambda arguments: None)
    monkeypatch.setattr(
        module,
        "symengine_peer",
        lambda *, careful: module.Peer(
            "careful SymEngine" if careful else "plain SymEngine",
            sympy.Symbol,
            sympy.Add,
            careful=careful,
        ),
    )
    return module


def test_products_are_counted_as_the_forward_pass_has_them(benchmark) -> None:
    at = conv2d().sizes("N=4,C=3,H=16,W=16,F=8,HH=3,WW=3,S=1,P=1")
    assert benchmark.products(at) == 221_184


@pytest.mark.parametrize("careful", [False, True])
def test_a_peer_finds_the_formulas_and_loops_right(benchmark, careful) -> None:
    seconds = benchmark.sympy_peer(careful=careful).seconds(TINY)
    assert 0 < seconds[benchmark.FORMULAS_ALONE] < seconds[benchmark.WITH_LOOPS]


def doubled(array: Any) -> Any:
    return array + array


def shifted(array: Any) -> Any:
    return np.roll(array, 1)


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize(
    ("formula", "array"),
    [
        ("output_from_the_patch", "y"),
        ("by_weights", "dL/dw"),
        ("by_bias", "dL/db"),
        ("by_input", "dL/dx"),
    ],
)
def test_a_peer_notices_a_wrong_formula(benchmark, monkeypatch, careful, formula, array) -> None:
    right = getattr(benchmark._Formulas, formula)
    monkeypatch.setattr(benchmark._Formulas, formula, lambda self: doubled(right(self)))
    with pytest.raises(SystemExit, match=f"finds a difference in {array}"):
        benchmark.sympy_peer(careful=careful).seconds(TINY)


def test_a_peer_notices_a_wrong_loop(benchmark, monkeypatch) -> None:
    run_loop = type(benchmark.LAYER).run_loop
    monkeypatch.setattr(
        type(benchmark.LAYER), "run_loop", lambda *arguments: shifted(run_loop(*arguments))
    )
    with pytest.raises(SystemExit, match="plain SymPy finds a difference in y"):
        benchmark.sympy_peer(careful=False).seconds(TINY)


def test_symconv_notices_a_difference_while_it_is_timed(benchmark, monkeypatch) -> None:
    first = benchmark.FORMULAS[0]
    monkeypatch.setattr(benchmark, "FORMULAS", [first.with_sides(first.lhs, Add(()))])
    with pytest.raises(SystemExit, match="symconv finds a difference"):
        benchmark.compare(TINY, ())


def test_the_rows_say_what_was_measured(benchmark, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--json"])
    assert benchmark.main() == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [KEYS] * len(rows)
    assert {row["name"] for row in rows} >= {
        benchmark.FORMULAS_ALONE,
        benchmark.WITH_LOOPS,
        benchmark.NINE_LOOPS,
        benchmark.LINEARITY,
        benchmark.AT_NUMBERS,
        "exact check of code at one shape",
        "symconv test symconv.layers.convolution.loops",
        "symconv --help",
        "symconv verify",
    }
    for row in rows:
        if row["ratio"] is not None:
            assert row["ratio"] == pytest.approx(row["peer_seconds"] / row["seconds"])
    unmeasured = [row for row in rows if "--full" in row["peer"]]
    assert {row["peer"].split(":")[0] for row in unmeasured} == {"plain SymPy", "plain SymEngine"}
    assert all(row["peer_seconds"] is None for row in unmeasured)


@quick_rows(0, "every row of the benchmark is measured once in the quick run")
def test_slow_peers_are_kept_with_their_date(benchmark) -> None:
    full = list(benchmark.rows(full=True))
    assert all(row.peer_date is None for row in full)
    kept = json.loads(benchmark.KEPT.read_text())
    assert set(kept) == {f"plain SymPy at {LEAST}", f"plain SymEngine at {LEAST}"}
    for entry in kept.values():
        entry["date"] = "2001-02-03"
        entry["seconds"] = dict.fromkeys(entry["seconds"], 7.5)
    _ = benchmark.KEPT.write_text(json.dumps(kept))
    dated = [row for row in benchmark.rows(full=False) if row.peer_date]
    assert {(row.peer_date, row.peer_seconds) for row in dated} == {("2001-02-03", 7.5)}
    assert {row.name for row in dated} == {benchmark.FORMULAS_ALONE, benchmark.WITH_LOOPS}


def test_a_missing_peer_says_how_to_get_it(benchmark, monkeypatch) -> None:
    monkeypatch.setattr(benchmark, "symengine_peer", lambda *, careful: None)
    missing = [row for row in benchmark.rows(full=False) if "SymEngine is missing" in row.peer]
    assert missing
    assert all("pip install symengine" in row.peer and row.ratio is None for row in missing)


def test_missing_torch_is_said_in_its_row(benchmark) -> None:
    rows = list(benchmark.number_rows(None))
    assert {row.name for row in rows} == {benchmark.AT_NUMBERS}
    assert all("pip install 'symconv[torch]'" in row.peer and row.ratio is None for row in rows)
    assert all(row.seconds > 0 for row in rows)


@pytest.mark.parametrize("name", ["y", "dL/dw", "dL/db", "dL/dx"])
def test_numbers_that_differ_stop_the_benchmark(benchmark, name) -> None:
    def answers(arrays: Any, sizes: Any) -> dict[str, Any]:
        run = Contractions(benchmark.LAYER, sizes).on(arrays)
        found = {other: run.values(other) for other in ("y", "dL/dw", "dL/db", "dL/dx")}
        if wrong:
            found[name] = found[name] + 1
        return found

    wrong = False
    assert all(row.ratio is not None for row in benchmark.number_rows(answers))
    wrong = True
    with pytest.raises(SystemExit, match=f"torch finds a difference in {name}"):
        _ = list(benchmark.number_rows(answers))


def test_the_table_shows_every_row(benchmark, capsys) -> None:
    rows = [
        benchmark.Row("some work", str(TINY), 0.0012, "a peer", 3.0, 2500.0, "2001-02-03"),
        benchmark.Row("symconv --help", "", 0.2),
    ]
    benchmark.show(rows)
    shown = capsys.readouterr().out
    for text in (
        "some work",
        "1.20 ms",
        "a peer (2001-02-03)",
        "3.00 s",
        "2,500",
        "symconv --help",
    ):
        assert text in shown


def test_a_command_that_fails_stops_the_benchmark() -> None:
    spec = importlib.util.spec_from_file_location("benchmark_alone", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark_alone"] = module
    try:
        spec.loader.exec_module(module)
        with pytest.raises(SystemExit, match="symconv verify --statement nothing failed"):
            module.run(["verify", "--statement", "nothing"])
    finally:
        del sys.modules["benchmark_alone"]
