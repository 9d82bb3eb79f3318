"""How code gets into a process of its own: loaded, forked, or run here where neither is safe."""

import functools
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from behaviours import pairs
from behaviours.pairs import request

from symconv.errors import NotSupported, UsageError
from symconv.implementations.calling import processes
from symconv.implementations.calling.processes import Runner
from tests.implementations.calling.in_processes import (
    KINDS,
    SHORT,
    facts,
    forking,
    is_right,
    runner,
)
from tests.runs import quick_rows

pytestmark = pytest.mark.usefixtures("without_jax", "no_thread_is_left")


@quick_rows(1, "each row cannot be loaded for one more reason")
@pytest.mark.parametrize(
    ("name", "code", "fact"),
    [
        ("exit_while_loading", "load", "it cannot be loaded: SystemExit: 5"),
        ("crash_while_loading", "load", "its process ended with exit code 6 while it was loaded"),
        ("raise_while_loading", "load", "it cannot be loaded: KeyError: 'forward'"),
    ],
)
def test_what_cannot_be_loaded_is_bad_usage(name: str, code: str, fact: str) -> None:
    with runner(name) as run:
        for call in (run.describe, lambda: run.run(request())):
            with pytest.raises(UsageError) as caught:
                _ = call()
            assert (caught.value.code, caught.value.fact) == (code, fact)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("exit_while_loading", "it cannot be loaded: SystemExit: 5"),
        ("raise_while_loading", "it cannot be loaded: KeyError: 'forward'"),
        ("usage_error", "no function found"),
    ],
)
def test_what_cannot_be_loaded_here_is_bad_usage_too(name: str, fact: str) -> None:
    run = Runner(functools.partial(pairs.load, name), isolate=False)
    with pytest.raises(UsageError) as caught:
        _ = run.describe()
    assert caught.value.fact == fact


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_loading_comes_back_as_it_was_raised(kind: str) -> None:
    with runner("usage_error", kind) as run, pytest.raises(UsageError) as caught:
        _ = run.describe()
    error = caught.value
    assert type(error) is UsageError
    assert str(error) == "a.py:3:1: error[no-function]: no function found\n    help: name it"
    with runner("not_supported", kind) as run, pytest.raises(NotSupported, match="another kind"):
        _ = run.describe()


def test_loading_that_never_ends_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SECONDS_TO_LOAD", SHORT)
    never: Any = functools.partial(time.sleep, 60)
    with Runner(never) as run, pytest.raises(UsageError, match="loading it did not end within"):
        _ = run.describe()


def test_what_cannot_be_loaded_again_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def once() -> Any:
        if mark.exists():
            raise UsageError("it is gone")
        mark.touch()
        return pairs.load("exits")

    with Runner(once) as run:
        assert facts(run.run(request()).forward.trouble)[0] == "crashed"
        found = run.run(request())
    expected = ("not-run", "it could not be loaded a second time: it is gone")
    assert facts(found.forward.trouble) == facts(found.backward.trouble) == expected


@forking
def test_live_callables_run_in_a_fork() -> None:
    seen: list[int] = []

    def load() -> Any:
        seen.append(1)
        return pairs.load("right")

    with Runner(load) as run:
        assert run.isolation == "fork"
        assert is_right(run.run(request()))
    assert seen == []


def test_where_no_fork_is_safe_the_code_runs_here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jax", sys)
    with Runner(lambda: pairs.load("right")) as run:
        assert not run.isolated
        assert run.describe().name == "theirs"
        assert is_right(run.run(request()))
    with Runner(lambda: pairs.load("reads")) as run:
        text = "EOFError: EOF when reading a line"
        assert facts(run.run(request()).forward.trouble) == ("raised", text)
    assert capfd.readouterr() == ("", "")


def test_what_a_script_defines_is_not_looked_for_in_a_new_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Load:
        def __call__(self) -> Any:
            return pairs.load("right")

        def __reduce__(self) -> Any:
            return getattr, (sys.modules["__main__"], "__name__")

    monkeypatch.setattr(processes.pickle, "dumps", lambda _load: b"c__main__\nload\n.")
    with Runner(Load()) as run:
        assert run.isolation != "spawn"


def test_what_cannot_be_imported_again_runs_in_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("made_by_a_test_runner")
    exec(
        "def load():\n    from behaviours import pairs\n    return pairs.load('right')",
        vars(module),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with Runner(module.load) as run:
        assert run.isolation == "spawn"
        assert is_right(run.run(request()))
        assert run.isolation == ("fork" if hasattr(os, "fork") else "none")


def test_isolation_can_be_declined() -> None:
    with Runner(functools.partial(pairs.load, "right"), isolate=False) as run:
        assert (run.isolation, run.isolated) == ("none", False)
        assert is_right(run.run(request()))
