"""A process of its own: whatever the code does there costs one request."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from behaviours import pairs
from behaviours.pairs import request

from symconv.implementations.calling import processes
from symconv.implementations.calling.processes import MOST_LOST, MOST_TIMEOUTS, Runner
from symconv.implementations.calling.requests import same
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    Implementation,
    Pass,
)
from tests.implementations.calling.in_processes import (
    KINDS,
    SHORT,
    facts,
    forking,
    is_right,
    runner,
)
from tests.runs import quick_rows

NO_MORE = f"{MOST_LOST} earlier runs gave no answer"
pytestmark = pytest.mark.usefixtures("without_jax", "no_thread_is_left")


@pytest.mark.parametrize("kind", KINDS)
def test_results_come_back_from_another_process(kind: str) -> None:
    with runner("right", kind) as run:
        assert run.isolated
        assert run.describe().name == "theirs"
        assert is_right(run.run(request()))
        assert is_right(run.run(request(repeat=True)))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_known_whether_the_code_is_being_loaded(kind: str) -> None:
    with runner("right", kind) as run:
        if kind == "spawn":
            # A new interpreter takes longer than to come here.
            assert run.is_loading
        _ = run.describe()
        assert not run.is_loading
        run.close()
        assert not run.is_loading
    assert not Runner(lambda: pairs.load("right"), isolate=False).is_loading


@pytest.mark.parametrize("kind", KINDS)
def test_other_work_is_done_while_the_code_runs(kind: str) -> None:
    done = []
    with runner("right", kind, seconds_per_run=SHORT) as run:
        # Longer than one run may take: the time of the code begins when it is done.
        assert is_right(run.run(request(), lambda: done.append(time.sleep(2 * SHORT))))
        assert len(done) == 1


def test_other_work_gives_code_that_never_ends_no_more_time() -> None:
    done = []
    with runner("never_ends", seconds_per_run=0.1) as run:
        found = run.run(request(), lambda: done.append(1))
        assert facts(found.forward.trouble) == ("timeout", "still running after 0.1 s")
        assert done == [1]


def test_other_work_comes_first_where_the_code_runs_in_this_process() -> None:
    done = []
    run = Runner(lambda: pairs.load("right"), isolate=False)
    assert is_right(run.run(request(), lambda: done.append(1)))
    assert done == [1]


def test_what_goes_wrong_meanwhile_is_raised_and_ends_the_process() -> None:
    with runner("right") as run:
        _ = run.describe()
        worker = run._worker
        assert worker is not None
        with pytest.raises(ZeroDivisionError):
            _ = run.run(request(), lambda: 1 // 0)
        assert worker._process.poll() is not None
        assert is_right(run.run(request())), "the answer of before is not taken for this one"


CRASHES = [
    ("exits", "forward", "its process ended with exit code 3"),
    ("faults", "forward", "its process was ended by SIGSEGV"),
    ("exits_in_backward", "backward", "its process ended with exit code 0"),
    ("kills_itself", "backward", "its process was ended by SIGKILL"),
]


@quick_rows(1, "each row crashes in one more way")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "where", "fact"), CRASHES)
def test_a_crash_costs_one_request(kind: str, name: str, where: str, fact: str) -> None:
    with runner(name, kind) as run:
        for _ in range(2):
            found = run.run(request())
            if where == "forward":
                assert facts(found.forward.trouble) == ("crashed", fact)
                late = ("not-run", f"the forward pass crashed: {fact}")
                assert facts(found.backward.trouble) == late
            else:
                assert same(found.forward.results["y"], pairs.Y)
                assert facts(found.backward.trouble) == ("crashed", fact)


@pytest.mark.parametrize(
    ("name", "code"), [("exits_in_backward", "crashed"), ("kills_itself", "environment")]
)
def test_a_framework_is_blamed_for_a_signal_and_for_no_exit_of_the_code(
    name: str, code: str
) -> None:
    def load() -> Implementation:
        made = pairs.load(name)
        return replace(made, description=replace(made.description, framework="torch"))

    with Runner(load) as run:
        found = run.run(request()).backward.trouble
    assert facts(found)[0] == code
    assert facts(found)[1].startswith("torch ended the process") == (code == "environment")


def test_a_process_that_leaves_another_behind_is_seen_to_end() -> None:
    start = time.monotonic()
    with runner("sleeps_in_a_child", seconds_per_run=30) as run:
        found = run.run(request())
    assert facts(found.forward.trouble) == ("crashed", "its process ended with exit code 4")
    # The child that holds the pipes would sleep for a minute; nobody waits for it.
    assert time.monotonic() - start < 25


@forking
@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_of_the_code_does_not_answer_too(kind: str) -> None:
    with runner("forks", kind) as run:
        for _ in range(3):
            assert is_right(run.run(request()))


@pytest.mark.parametrize("kind", KINDS)
def test_an_endless_loop_is_stopped(kind: str) -> None:
    with runner("never_ends", kind, seconds_per_run=SHORT) as run:
        found = run.run(request())
    assert facts(found.forward.trouble) == ("timeout", "still running after 0.4 s")
    late = ("not-run", "the forward pass did not end: still running after 0.4 s")
    assert facts(found.backward.trouble) == late


def test_symbols_that_crash_or_take_too_long_say_nothing_of_the_code() -> None:
    start = "symbols do not go through it: "
    with runner("exits") as run:
        found = run.run(request(traced=True))
    fact = f"{start}its process ended with exit code 3"
    assert facts(found.forward.trouble) == facts(found.backward.trouble) == ("not-run", fact)
    with runner("never_ends_in_backward", seconds_per_run=0.2) as run:
        for _ in range(MOST_TIMEOUTS + 1):
            found = run.run(request(traced=True))
            fact = f"{start}still running after 0.2 s"
            assert facts(found.backward.trouble) == ("not-run", fact)
            assert found.forward.trouble is None


def test_an_endless_backward_keeps_what_forward_gave() -> None:
    with runner("never_ends_in_backward", seconds_per_run=SHORT) as run:
        found = run.run(request())
    assert same(found.forward.results["y"], pairs.Y)
    assert found.forward.trouble is None
    assert facts(found.backward.trouble) == ("timeout", "still running after 0.4 s")


def test_a_second_run_that_never_ends_is_named() -> None:
    with runner("never_ends_the_second_time", seconds_per_run=SHORT) as run:
        found = run.run(request(repeat=True))
    assert same(found.forward.results["y"], pairs.Y)
    text = "still running after 0.4 s, when it was run a second time"
    assert facts(found.backward.trouble) == ("timeout", text)
    assert found.backward.results == {}


@quick_rows(0, "each of several timeouts is one as in other tests of the quick run")
def test_after_several_timeouts_what_does_not_end_soon_is_not_judged() -> None:
    with runner("never_ends", "spawn", seconds_per_run=0.05) as run:
        for _ in range(MOST_TIMEOUTS):
            assert facts(run.run(request()).forward.trouble)[0] == "timeout"
        found = run.run(request())
        earlier = "3 earlier runs did not end within 0.05 s"
        expected = ("not-run", f"stopped after 0.05 s, since {earlier}")
        assert facts(found.forward.trouble) == facts(found.backward.trouble) == expected
        assert facts(run.run(request(traced=True)).forward.trouble) == ("not-run", earlier)
        for _ in range(MOST_LOST - MOST_TIMEOUTS):
            found = run.run(request())
    assert facts(found.forward.trouble) == ("not-run", NO_MORE)


@quick_rows(1, "the rows differ in how it does not come back")
@pytest.mark.parametrize("name", ["exits_in_backward", "never_ends_in_backward"])
def test_a_backward_pass_that_never_comes_back_is_given_up_and_forward_is_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MOST_LOST", 2)
    with runner(name, seconds_per_run=0.2) as run:
        for _ in range(2):
            found = run.run(request())
            assert found.backward.trouble is not None
            assert found.backward.trouble.code in ("crashed", "timeout")
        for _ in range(3):
            found = run.run(request(repeat=True))
            assert facts(found.backward.trouble) == ("not-run", "2 earlier runs gave no answer")
            assert same(found.forward.results["y"], pairs.Y)
            assert found.forward.trouble is None


def test_a_forward_pass_that_ends_its_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_LOST", 2)
    with runner("exits") as run:
        codes = [facts(run.run(request()).forward.trouble)[0] for _ in range(4)]
    assert codes == ["crashed", "crashed", "not-run", "not-run"]


@quick_rows(1, "each row crashes in one more way")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "where", "number"),
    [("exits_in_a_later_forward", "forward", 5), ("exits_behind_a_later_backward", "backward", 6)],
)
def test_a_crash_that_an_earlier_call_left_behind_is_none_of_this_call(
    kind: str, name: str, where: str, number: int
) -> None:
    with runner(name, kind, seconds_per_run=30) as run:
        assert is_right(run.run(request()))
        found = run.run(request())
    how = f"its process ended with exit code {number} after earlier calls"
    expected = ("garbled", f"{how}, and not where this call is the first")
    assert facts(getattr(found, where).trouble) == expected
    if where == "backward":
        assert same(found.forward.results["y"], pairs.Y)


@quick_rows(1, "each row ends in one more way")
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_ends_its_process_by_itself_does_so_after_others_too(kind: str) -> None:
    zeros = {name: array * 0 for name, array in request().arrays.items()}
    with runner("exits_on_zeros", kind) as run:
        assert is_right(run.run(request()))
        found = run.run(replace(request(), arrays=zeros))
        assert facts(found.forward.trouble) == ("crashed", "its process ended with exit code 7")
        assert is_right(run.run(request()))


def test_what_symbols_crash_is_run_on_numbers_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "MOST_LOST", 2)
    with runner("exits_on_objects") as run:
        for _ in range(3):
            assert facts(run.run(request(traced=True)).forward.trouble)[0] == "not-run"
            assert is_right(run.run(request()))


def test_a_request_may_leave_the_backward_pass_out() -> None:
    with runner("exits_in_backward") as run:
        found = run.run(replace(request(repeat=True), backward=False))
    assert same(found.forward.results["y"], pairs.Y)
    assert found.backward == Pass()


QUIET = ["prints", "disturbs", "leaves_threads"]


@quick_rows(2, "each row disturbs in one more way")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", QUIET)
def test_code_that_disturbs_its_process_disturbs_no_answer(
    name: str, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path.cwd()
    with runner(name, kind) as run:
        for _ in range(2):
            assert is_right(run.run(request()))
    assert capfd.readouterr() == ("", "")
    assert Path.cwd() == folder


@pytest.mark.parametrize("kind", KINDS)
def test_reading_standard_input_finds_its_end(kind: str) -> None:
    with runner("reads", kind) as run:
        trouble = run.run(request()).forward.trouble
    assert facts(trouble) == ("raised", "EOFError: EOF when reading a line")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("calls_exit", ("raised", "SystemExit: enough")),
        ("interrupts", ("raised", "KeyboardInterrupt: stop")),
        ("rejects", ("rejected", "AssertionError: assert x.shape[0] % 3 == 0")),
    ],
)
def test_what_is_raised_is_told_without_a_crash(name: str, expected: tuple[str, str]) -> None:
    with runner(name) as run:
        assert facts(run.run(request()).forward.trouble) == expected


def test_memory_is_limited() -> None:
    _ = pytest.importorskip("resource", reason="limits need the module resource, of Unix")
    with runner("takes_memory", bytes_limit=2**30) as run:
        code, text = facts(run.run(request()).forward.trouble)
    assert code == "raised"
    assert "MemoryError" in text


@quick_rows(1, "both kinds of process answer over the same pipe")
@pytest.mark.parametrize("kind", KINDS)
def test_large_answers_and_requests_go_through(kind: str) -> None:
    with runner("returns_much", kind, seconds_per_run=30) as run:
        given = request()
        big = np.zeros(3_000_000)
        large = processes.Request(
            given.sizes, {name: np.resize(big, big.shape) for name in given.arrays}
        )
        for _ in range(2):
            assert run.run(large).forward.results["y"].shape == (3_000_000,)


def test_big_integers_and_polynomials_go_through() -> None:
    with runner("right") as run:
        given = request(object)
        for array in given.arrays.values():
            array[:] = [2**120 + int(value) for value in array]
        x, dout = given.arrays["x"], given.arrays["dout"]
        assert run.run(given).backward.results["dL/dw"].tolist() == (x * dout).tolist()
        found = run.run(request(traced=True))
        assert found.forward.results["y"].tolist() == [
            {(0, 10): 1, (20,): 1},
            {(1, 11): 1, (21,): 1},
        ]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def ended(pid: int, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_closing_ends_the_process(kind: str) -> None:
    with runner("leaves_threads", kind) as run:
        assert is_right(run.run(request()))
        assert run._worker is not None
        pid = run._worker._process.pid
        assert alive(pid)
    assert ended(pid)
    run.close()


def test_an_interrupt_of_the_parent_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with runner("never_ends", seconds_per_run=60) as run:
        _ = run.describe()
        assert run._worker is not None
        pid = run._worker._process.pid
        timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            _ = run.run(request())
        assert ended(pid)
        timer.join()


def test_the_process_ends_with_a_parent_that_is_killed() -> None:
    program = """
        import functools, os, signal, sys, threading, time
        from behaviours import pairs
        from symconv.implementations.calling.processes import Runner

        run = Runner(functools.partial(pairs.load, "never_ends"), seconds_per_run=60)
        run.describe()
        print(run._worker._process.pid, flush=True)
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGKILL]).start()
        run.run(pairs.request())
        """
    paths = os.pathsep.join(item for item in sys.path if item)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
        timeout=60,
    )
    assert ended(int(done.stdout))


def test_gradients_alone_are_described_and_run() -> None:
    with runner("gradients_only") as run:
        assert run.describe().provides == BACKWARD_RESULTS
        found = run.run(request())
    assert found.forward.results == {}
    assert list(found.backward.results) == list(BACKWARD_RESULTS)


def test_a_new_interpreter_imports_only_what_it_needs() -> None:
    with runner("imports") as run:
        description = run.describe()
    heavy = {"sympy", "z3", "rich", "click", "lark", "torch", "jax", "pytest"}
    assert heavy.isdisjoint(description.name.split())
    assert "numpy" in description.name.split()
