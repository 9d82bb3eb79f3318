"""Listings: accounted for when they are not run, judged when they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Result, Verdict
from tests.runs import quick_rows

LISTING = "```python\n{}\n```\n"


def _results(
    *listings: str, run: bool = True, layer: str | None = "conv2d", prefix: str = ""
) -> tuple[Result, ...]:
    text = prefix + "\n".join(LISTING.format(code) for code in listings)
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_document(parse_text("a.md", text), known, run_listings=run)


def test_nothing_runs_unless_it_is_asked_for(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    [result] = _results(f"import pathlib\npathlib.Path({str(witness)!r}).mkdir()", run=False)
    assert (result.kind, result.verdict, result.code) == ("code", None, "not-run")
    assert not witness.exists()


def test_a_listing_that_is_not_python_is_located_without_running() -> None:
    [result] = _results("x = 1\ny = (2,\nz = ", run=False)
    assert result.code == "not-python"
    assert result.location == "a.md:3:5"


@pytest.mark.parametrize(("run", "verdict"), [(False, None), (True, Verdict.UNDECIDED)])
def test_a_listing_that_is_too_long_is_named_and_does_not_run(
    run: bool, verdict: Verdict | None
) -> None:
    long, short = _results("x = 1\n" * 200_000, "db = dout.sum(axis=(0, 2, 3))", run=run)
    assert (long.code, long.verdict) == ("too-large", verdict)
    assert short.verdict is (Verdict.VERIFIED if run else None)


def test_what_is_not_called_python_is_not_judged() -> None:
    text = "```bash\nls (\n```\n"
    [result] = check_document(parse_text("a.md", text), declared_by(None))
    assert (result.code, result.verdict) == ("not-run", None)


def test_a_right_listing_is_verified_at_the_default_sizes() -> None:
    out, db = _results(
        """out = np.zeros((N, F, Hh, Hw))
for k in range(Hh):
    for l in range(Hw):
        window = x_pad[:, None, :, k*S:k*S+HH, l*S:l*S+WW]
        out[:, :, k, l] = np.sum(window * w, axis=(2, 3, 4)) + b""",
        "db = dout.sum(axis=(0, 2, 3))",
    )
    for result in (out, db):
        assert result.verdict is Verdict.VERIFIED
        assert result.method == "numbers"
        assert "10 sizes" in result.detail
    assert "out" in out.detail
    assert "db" in db.detail


def test_a_wrong_value_is_refuted_with_the_entry() -> None:
    [result] = _results("db = dout.sum(axis=(0, 2, 3))\ndb[0] += 1")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")
    assert result.counterexample is not None
    assert result.sizes is not None
    assert int(result.counterexample.right or "") == int(result.counterexample.left or "") + 1


def test_a_wrong_shape_is_refuted() -> None:
    [result] = _results("db = dout.sum(axis=(0, 1, 2))")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-shape")


def test_a_listing_wrong_at_one_size_alone_is_refuted() -> None:
    # Right wherever there is no padding.
    [result] = _results(
        """dx_pad = np.zeros((N, C, H + 2*P, W + 2*P))
for k in range(Hh):
    for l in range(Hw):
        dx_pad[:, :, k*S:k*S+HH, l*S:l*S+WW] += np.einsum("nf,fcpq->ncpq", dout[:, :, k, l], w)
dx = dx_pad[:, :, :H, :W]"""
    )
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")
    assert result.sizes is not None
    assert result.sizes["P"] > 0


def test_an_error_is_located_at_its_line() -> None:
    [result] = _results("y1 = 1\ndb = nothing_of_that_name + y1")
    assert (result.verdict, result.code) == (Verdict.UNDECIDED, "raised")
    assert "nothing_of_that_name" in result.detail
    assert result.location == "a.md:3:1"


def test_an_endless_listing_is_stopped_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("symconv.documents.running_listings.SECONDS", 0.2)
    endless, right = _results("while True:\n    pass", "db = dout.sum(axis=(0, 2, 3))")
    assert (endless.verdict, endless.code) == (Verdict.UNDECIDED, "timeout")
    assert right.verdict is Verdict.VERIFIED


def test_a_listing_cannot_take_all_memory() -> None:
    [result] = _results("db = np.zeros(10**10)")
    assert result.code == "raised"
    assert "Memory" in result.detail


RIGHT = "db = dout.sum(axis=(0, 2, 3))"

ENDED = {
    "at once": ("import os\nos._exit(3)", "process-ended", "with exit code 3"),
    "by a signal": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "process-ended",
        "by SIGKILL",
    ),
    "politely": ("import sys\nsys.exit(0)", "raised", "SystemExit: 0"),
    "by an interrupt": ("raise KeyboardInterrupt", "raised", "KeyboardInterrupt"),
    "by endless recursion": ("def f():\n    f()\nf()", "raised", "RecursionError"),
    "by asking for input": ("db = input()", "raised", "EOFError"),
}


@quick_rows(2, "each row ends in one more way")
@pytest.mark.parametrize("how", ENDED)
def test_a_listing_that_ends_is_undecided_and_takes_no_other_with_it(how: str) -> None:
    code, word, fact = ENDED[how]
    before, ended, after = _results(RIGHT, code, RIGHT)
    assert (ended.verdict, ended.code) == (Verdict.UNDECIDED, word)
    assert fact in ended.detail
    assert (before.verdict, after.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)


STUBBORN = {
    "one that catches everything": (
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass"
    ),
    "one that ignores the alarm": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass"
    ),
    "one long operation": "n = sum(range(10**13))",
}


@quick_rows(1, "each row cannot be interrupted for another reason")
@pytest.mark.parametrize("kind", STUBBORN)
def test_a_listing_that_cannot_be_interrupted_is_stopped_and_the_others_run(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symconv.documents.running_listings.SECONDS", 0.3)
    monkeypatch.setattr("symconv.documents.listing_answers.SECONDS_TO_ANSWER", 1.0)
    before, stuck, after = _results(RIGHT, STUBBORN[kind], RIGHT)
    assert (stuck.verdict, stuck.code) == (Verdict.UNDECIDED, "timeout")
    assert "not to be interrupted" in stuck.detail
    assert (before.verdict, after.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)


def test_a_slow_listing_is_waited_for_at_the_smallest_sizes_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("symconv.documents.running_listings.SECONDS", 0.3)
    witness = tmp_path / "witness"
    witness.mkdir()
    # Files cannot be written; folders can be made, and tell how often the listing ran.
    code = f"import os, time\nos.mkdir({str(witness)!r} + f'/{{time.monotonic_ns()}}')\n"
    slow, right = _results(f"{code}time.sleep(60)", RIGHT)
    assert (slow.code, right.verdict) == ("timeout", Verdict.VERIFIED)
    assert len(list(witness.iterdir())) == 1


LEFT_BEHIND = {
    "a process": "import os, time\nif os.fork() == 0:\n    time.sleep(600)",
    "a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"
    ),
    "something to do at the end": "import atexit, time\natexit.register(time.sleep, 600)",
}


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_what_a_listing_leaves_behind_is_not_waited_for(what: str) -> None:
    left, right = _results(f"{LEFT_BEHIND[what]}\n{RIGHT}", RIGHT)
    assert (left.verdict, right.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)


def test_a_flood_of_output_goes_nowhere() -> None:
    [result] = _results(
        "import os, sys\nfor _ in range(20):\n    print('x' * 10**6)\n"
        "    sys.stderr.write('y' * 10**6)\n    os.write(1, b'z' * 10**6)\n" + RIGHT
    )
    assert result.verdict is Verdict.VERIFIED


FLOOD = (
    "import os\nfor pipe in range(3, {}):\n    try:\n"
    "        for _ in range(100):\n            os.write(pipe, b'z' * 10**5)\n"
    "    except OSError:\n        pass\n"
)


def test_a_flood_of_made_up_answers_stops_its_listing_alone() -> None:
    stopped, right = _results(FLOOD.format(300) + RIGHT, RIGHT)
    assert (stopped.verdict, stopped.code) == (Verdict.UNDECIDED, "garbled")
    assert right.verdict is Verdict.VERIFIED


def test_the_descriptors_that_a_process_has_first_are_not_those_of_answers() -> None:
    [result] = _results(FLOOD.format(10) + RIGHT)
    assert result.verdict is Verdict.VERIFIED


GOES_ON = (
    "import os, threading\ndef go_on():\n    while True:\n"
    "        for pipe in range(3, 300):\n            try:\n"
    "                os.write(pipe, b'z' * 10**4)\n"
    "            except OSError:\n                pass\n"
    "threading.Thread(target=go_on).start()\n"
)


def test_a_flood_that_goes_on_is_blamed_on_the_listing_that_began_it() -> None:
    before, _, after, wrong = _results(RIGHT, GOES_ON + RIGHT, RIGHT, f"{RIGHT} + 1")
    assert (before.verdict, after.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)
    assert wrong.verdict is Verdict.REFUTED


@quick_rows(0, "who is blamed is tested where the process ends at once")
def test_what_ends_the_process_later_is_blamed_and_not_what_runs_then() -> None:
    later = "import os, threading\nthreading.Timer(0.3, os._exit, [5]).start()\n" + RIGHT
    slow = "import time\ntime.sleep(0.6)\n" + RIGHT
    ended, right, also = _results(later, slow, RIGHT)
    assert (ended.verdict, ended.code) == (Verdict.UNDECIDED, "process-ended")
    assert (right.verdict, also.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)


def test_a_listing_that_ends_the_process_is_not_excused_by_threads_of_another() -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    left, ended, right = _results(thread + RIGHT, "import os\nos._exit(3)", RIGHT)
    assert (left.verdict, right.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)
    assert ended.code == "process-ended"


REPLACING = [
    "np.zeros = np.empty = lambda *a, **k: None",
    "np.ndarray = list",
    "import builtins\nbuiltins.len = builtins.isinstance = lambda *a: 0",
    "import json\njson.dumps = json.loads = lambda *a, **k: '{}'",
    "import os\nos.write = os.read = lambda *a: 0",
    "del np.sum",
    "import sys\nsys.settrace(lambda *a: 1 / 0)",
    "import sys\nsys.setrecursionlimit(60)",
    "np.seterr(all='raise')\nimport warnings\nwarnings.simplefilter('error')",
    "import os\nos.chdir('/')",
]


@quick_rows(2, "each row replaces one more thing, and all is put back at once")
@pytest.mark.parametrize("code", REPLACING)
def test_what_a_listing_replaces_is_there_again_for_the_next(code: str) -> None:
    needs = (
        "db = np.zeros(F)\nassert isinstance(db, np.ndarray) and len(db) == F\n"
        "for f in range(F):\n    db[f] = np.sum(dout[:, f])\n"
        "_ = np.ones(2) / np.zeros(2)\n"
        "def deep(n):\n    return n and deep(n - 1)\ndeep(200)"
    )
    right, wrong = _results(code, needs, f"{needs}\ndb += 1")[1:]
    assert (right.verdict, wrong.verdict) == (Verdict.VERIFIED, Verdict.REFUTED)


def test_what_a_listing_adds_to_a_library_stays_for_the_next() -> None:
    _, result = _results("np.total = np.sum", "db = np.total(dout, axis=(0, 2, 3))")
    assert result.verdict is Verdict.VERIFIED


def test_an_answer_that_a_listing_makes_up_is_not_believed() -> None:
    forged = json.dumps({"listing": 0, "site": 0, "arrays": {}, "others": {}, "token": ""})
    code = (
        "import os\nfor pipe in range(3, 8):\n    try:\n"
        f"        os.write(pipe, {forged!r}.encode() + b'\\n[]\\n')\n"
        "    except OSError:\n        pass\ndb = dout.sum(axis=(0, 2, 3)) + 1"
    )
    [result] = _results(code)
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")


def test_the_values_of_a_result_of_the_wrong_size_are_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("symconv.documents.listing_answers.MOST_ANSWERED", 10**5)
    [result] = _results("db = np.zeros((3000, 3000))")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-shape")
    assert "(3000, 3000)" in result.detail


@quick_rows(3, "the rows differ in the dtype")
@pytest.mark.parametrize("dtype", ["int64", "int32", "float32", "float64", "object"])
def test_results_of_any_real_type_are_compared(dtype: str) -> None:
    right, wrong = _results(
        f"db = dout.sum(axis=(0, 2, 3)).astype('{dtype}')",
        f"db = dout.sum(axis=(0, 2, 3)).astype('{dtype}') + 1",
    )
    assert (right.verdict, wrong.verdict) == (Verdict.VERIFIED, Verdict.REFUTED)


@quick_rows(2, "the rows differ in the dtype")
@pytest.mark.parametrize("dtype", ["longdouble", "complex128", "str", "datetime64[s]"])
def test_results_of_other_types_are_named_and_not_judged(dtype: str) -> None:
    [result] = _results(f"db = dout.sum(axis=(0, 2, 3)).astype('int64').astype('{dtype}')")
    assert (result.verdict, result.code) == (None, "computes-nothing")
    assert "db is an array of" in result.detail


def test_a_listing_that_computes_in_single_precision_is_exact() -> None:
    code = (
        "out = np.zeros((N, F, Hh, Hw), dtype='float32')\nfor k in range(Hh):\n"
        "    for l in range(Hw):\n"
        "        window = x_pad[:, None, :, k*S:k*S+HH, l*S:l*S+WW].astype('float32')\n"
        "        out[:, :, k, l] = np.sum(window * w.astype('float32'), axis=(2, 3, 4)) + b"
    )
    [result] = _results(code)
    assert result.verdict is Verdict.VERIFIED


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_a_wrong_value(value: str) -> None:
    [result] = _results(f"db = dout.sum(axis=(0, 2, 3))\ndb[-1] = float('{value}')")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")
    assert result.counterexample is not None
    assert result.counterexample.right == value


NO_RESULTS = {
    "a list": ("db = list(dout.sum(axis=(0, 2, 3)))", "db is of type list, and not compared"),
    "a number": ("dx = 1e-5", "dx is of type float, and not compared"),
    "an integer with too many digits": ("y = 10**5000", "y is of type int, and not compared"),
    "placeholders": ("dx, dw, db = None, None, None", "it leaves nothing in out, y, dx, dw, db"),
}


@quick_rows(2, "the rows are told by the same lines")
@pytest.mark.parametrize("what", NO_RESULTS)
def test_what_is_no_array_is_no_result(what: str) -> None:
    code, fact = NO_RESULTS[what]
    [result] = _results(code)
    assert (result.verdict, result.code) == (None, "computes-nothing")
    assert fact in result.detail


def test_a_value_that_cannot_be_told_is_no_answer() -> None:
    huge, right = _results(f"{RIGHT}.astype(object)\ndb[0] = 10**5000", RIGHT)
    assert (huge.verdict, huge.code) == (Verdict.UNDECIDED, "raised")
    assert right.verdict is Verdict.VERIFIED


def test_one_result_of_two_is_judged_and_the_other_is_named() -> None:
    [result] = _results(f"{RIGHT}\ndx = [1, 2]")
    assert result.verdict is Verdict.VERIFIED
    assert "dx is of type list, and not compared" in result.detail


def test_a_result_left_at_some_sizes_alone_is_said_to_be() -> None:
    [result] = _results(f"if P > 0:\n    {RIGHT}")
    assert result.verdict is Verdict.VERIFIED
    assert re.search(r"db \(left at [1-9] of them\) equal .* at 10 sizes", result.detail)


def test_a_listing_cannot_spoil_the_inputs_of_the_next() -> None:
    spoiling = "dout += 1\nx[:] = 0\nw = None\nN = 99\nS = 'x'\nconv_param['stride'] = 7\ndel b"
    first, second, third = _results(
        spoiling,
        RIGHT,
        "assert conv_param['stride'] == S\nassert N == len(x) and b.shape == (F,)\n"
        "assert x.any() and w.ndim == 4\n" + RIGHT,
    )
    assert (first.verdict, first.code) == (None, "computes-nothing")
    assert (second.verdict, third.verdict) == (Verdict.VERIFIED, Verdict.VERIFIED)


def test_what_a_listing_does_to_its_own_inputs_counts() -> None:
    [result] = _results(f"dout += 1\n{RIGHT}")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")


DEFINITION = '''import numpy as np

def conv_backward(dout, cache):
    """Return the gradients."""
    x, w, b, conv_param = cache
    db = dout.sum(axis=(0, 2, 3)){}
    return None, None, db
'''


@pytest.mark.parametrize("error", ["", " + 1"])
def test_functions_that_nothing_calls_are_not_verified(error: str) -> None:
    [result] = _results(DEFINITION.format(error))
    assert (result.verdict, result.code, result.method) == (None, "defines-only", None)
    assert "it defines conv_backward and runs nothing" in result.detail


@pytest.mark.parametrize(("error", "verdict"), [("", "verified"), (" + 1", "refuted")])
def test_the_listing_that_calls_a_function_is_judged(error: str, verdict: str) -> None:
    defined, called = _results(
        DEFINITION.format(error), "dx, dw, db = conv_backward(dout, (x, w, b, conv_param))"
    )
    assert (defined.verdict, defined.code) == (None, "defines-only")
    assert called.verdict is not None
    assert called.verdict.value == verdict


def test_several_definitions_are_named_and_one_call_is_more_than_a_definition() -> None:
    several, called = _results(
        "class A:\n    pass\nasync def f():\n    pass", "def f():\n    pass\nf()"
    )
    assert several.code == "defines-only"
    assert "A, f" in several.detail
    assert called.code == "computes-nothing"


def test_what_a_listing_prints_is_not_taken_for_its_answer() -> None:
    [result] = _results(
        'print(\'{"listing": 0, "site": 0, "arrays": {}}\')\ndb = dout.sum(axis=(0, 2, 3)) + 1'
    )
    assert result.verdict is Verdict.REFUTED


def test_a_listing_does_not_write_files(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    [result] = _results(f"with open({str(witness)!r}, 'w') as file:\n    file.write('x')")
    assert result.code == "raised"
    assert not witness.exists() or witness.read_text() == ""


def test_later_listings_use_what_earlier_ones_define_but_not_their_results() -> None:
    first, second = _results(
        "def total(a):\n    return a.sum(axis=(0, 2, 3))\ndb = total(dout) + 1", "y0 = total(dout)"
    )
    assert first.verdict is Verdict.REFUTED
    assert (second.verdict, second.code) == (None, "computes-nothing")


def test_listings_know_the_names_that_the_code_declares() -> None:
    _, second = _results(
        "F, C, R, Q = w.shape\nt = conv_param['stride']",
        "out = np.zeros((N, F, Hh, Hw))\nfor k in range(Hh):\n    for l in range(Hw):\n"
        "        out[:, :, k, l] = np.einsum('ncpq,fcpq->nf', x_pad[:, :, k*t:k*t+R,"
        " l*t:l*t+Q], w) + b",
    )
    assert second.verdict is Verdict.VERIFIED


def test_without_a_layer_there_is_nothing_to_compare_with() -> None:
    [result] = _results("db = 1", layer=None)
    assert (result.verdict, result.code) == (None, "not-run")


def test_listings_run_only_at_sizes_that_the_document_assumes() -> None:
    code = "db = dout.sum(axis=(0, 2, 3)) + P"
    [wrong] = _results(code)
    [right] = _results(code, prefix="<!-- symconv: assume P = 0 -->\n")
    assert (wrong.verdict, right.verdict) == (Verdict.REFUTED, Verdict.VERIFIED)


def test_assumptions_that_no_default_size_meets_are_met_by_other_small_sizes() -> None:
    code = "db = dout.sum(axis=(0, 2, 3)) + {}"
    prefix = "<!-- symconv: assume S = 3 -->\n"
    [right] = _results(code.format("(S - 3)"), prefix=prefix)
    [wrong] = _results(code.format("(S - 2)"), prefix=prefix)
    assert (right.verdict, wrong.verdict) == (Verdict.VERIFIED, Verdict.REFUTED)
    assert wrong.counterexample is not None
    assert wrong.counterexample.sizes["S"] == 3


@pytest.mark.parametrize("assumed", ["S = 90", "P = 0; assume P = 1"])
def test_a_listing_without_sizes_to_run_at_is_undecided(assumed: str) -> None:
    [result] = _results("db = 1", prefix=f"<!-- symconv: assume {assumed} -->\n")
    assert (result.verdict, result.code) == (Verdict.UNDECIDED, "no-sizes")


def test_sizes_that_the_document_adds_do_not_disturb_its_listings() -> None:
    prefix = "<!-- symconv: size K; assume K >= H; assume P = 0 -->\n"
    [right] = _results("db = dout.sum(axis=(0, 2, 3)) + P", prefix=prefix)
    assert right.verdict is Verdict.VERIFIED
