"""One request in this process: results, troubles, and what is done to the inputs."""

import signal
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from behaviours import pairs
from behaviours.pairs import backward, forward, rejecting, request, wrapped

from symconv.errors import NotSupported
from symconv.implementations.calling.requests import answer, same
from symconv.implementations.model import BACKWARD_RESULTS, RESULTS, Request, RunAnswer, RunTrouble

Function = Callable[..., Any]


def fact(trouble: RunTrouble | None) -> tuple[str, str]:
    assert trouble is not None
    return trouble.code, trouble.fact


def at(trouble: RunTrouble | None) -> str:
    assert trouble is not None
    assert trouble.location is not None
    return trouble.location


def test_the_results_of_both_passes_are_there() -> None:
    found = answer(wrapped(), request())
    assert list(found.forward.results) == ["y"]
    assert list(found.backward.results) == list(BACKWARD_RESULTS)
    for name, expected in zip(RESULTS, (pairs.Y, pairs.DX, pairs.DW, pairs.DB), strict=True):
        assert same(found.of(name).results[name], expected)
    for one in (found.forward, found.backward):
        assert (one.trouble, one.missing, one.modified, one.unstable) == (None, {}, (), ())
        assert one.seconds > 0


def test_the_given_arrays_are_never_handed_over() -> None:
    given = request()

    def spoil(x: Any, w: Any, b: Any) -> Any:
        for array in (x, w, b):
            array[...] = -1
        return forward(x, w, b)

    _ = answer(wrapped(spoil), given)
    assert given.arrays["x"].tolist() == pairs.X.tolist()


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_an_input_that_forward_changes_in_place_is_named(name: str) -> None:
    def spoil(x: Any, w: Any, b: Any) -> Any:
        {"x": x, "w": w, "b": b}[name][1] += 1
        return forward(x, w, b)

    found = answer(wrapped(spoil), request())
    assert found.forward.modified == (name,)
    assert found.backward.modified == ()


def test_a_backward_pass_that_overwrites_what_forward_returned_is_told() -> None:
    kept: list[Any] = []

    def keeping(x: Any, w: Any, b: Any) -> Any:
        found = forward(x, w, b)
        kept[:] = [found[0]]
        return found

    def spoil(dout: Any, cache: Any) -> Any:
        kept[0][...] = 0
        return backward(dout, cache)

    found = answer(wrapped(keeping, spoil), request())
    assert found.forward.modified == ()
    assert found.backward.modified == ("y",)
    # What it reads and gives back otherwise is its own.
    assert answer(wrapped(keeping, backward), request()).backward.modified == ()


def test_inputs_that_backward_changes_are_named_in_the_backward_pass() -> None:
    def spoil(dout: Any, cache: Any) -> Any:
        found = backward(dout, cache)
        dout *= 2
        cache[1][0] = np.nan
        return found

    found = answer(wrapped(backward=spoil), request())
    assert found.forward.modified == ()
    assert found.backward.modified == ("w", "dout")


def test_a_change_of_shape_in_place_is_a_change() -> None:
    def spoil(x: Any, w: Any, b: Any) -> Any:
        found = forward(x, w, b)
        x.resize((1, 2), refcheck=False)
        return found

    assert answer(wrapped(spoil), request()).forward.modified == ("x",)


def test_inputs_of_nan_that_stay_are_not_changed() -> None:
    given = request()
    given.arrays["x"][:] = np.nan
    assert answer(wrapped(), given).forward.modified == ()


def test_a_result_that_changes_later_is_kept_as_it_was_returned() -> None:
    def spoil(dout: Any, cache: Any) -> Any:
        cache[0][:] = 0
        return dout, dout, dout

    def keep(x: Any, w: Any, b: Any) -> Any:
        out, _ = forward(x, w, b)
        return out, (out, w, b)

    found = answer(wrapped(keep, spoil), request())
    assert found.forward.results["y"].tolist() == pairs.Y.tolist()


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (None, "None was returned"),
        ("text", "an array of dtype <U4 was returned"),
        (object(), "an array of object objects was returned"),
        ({"dx": 1}, "an array of dict objects was returned"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "an array of dtype datetime64[D] was returned"),
        (np.zeros(2, dtype="f8,i4"), "an array of dtype [('f0', '<f8'), ('f1', '<i4')]"),
    ],
)
def test_what_is_no_array_of_numbers_is_missing(returned: Any, reason: str) -> None:
    def back(dout: Any, cache: Any) -> Any:
        return dout, returned, dout

    found = answer(wrapped(backward=back), request()).backward
    assert list(found.results) == ["dL/dx", "dL/db"]
    assert list(found.missing) == ["dL/dw"]
    assert found.missing["dL/dw"].startswith(reason)
    assert found.trouble is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("a list of 3"), "a list of 3"), (RuntimeError("grad"), "RuntimeError: grad")],
)
def test_a_result_that_cannot_be_converted_is_missing(error: Exception, reason: str) -> None:
    def from_own(name: str, value: Any) -> Any:
        if name == "dL/dw" and value.tolist() == pairs.DW.tolist():
            raise error
        return value

    found = answer(wrapped(from_own=from_own), request()).backward
    assert found.missing == {"dL/dw": reason}


def big_integers() -> Request:
    given = request(object)
    for array in given.arrays.values():
        array[:] = [2**100 + int(value) for value in array]
    return given


def test_integers_of_python_of_any_size_go_through_new_arrays() -> None:
    given = big_integers()
    found = answer(wrapped(), given)
    x, w, b = (given.arrays[name] for name in ("x", "w", "b"))
    assert found.forward.results["y"].tolist() == (x * w + b).tolist()
    assert found.forward.modified == ()


def test_integers_of_python_never_pass_through_floats() -> None:
    def rounded(x: Any, w: Any, b: Any) -> Any:
        out = np.array([0.0, 0.0])
        out += x * w
        return out, None

    code, text = fact(answer(wrapped(rounded), big_integers()).forward.trouble)
    assert code == "raised"
    assert "Cannot cast" in text


def test_entries_that_were_never_written_are_missing() -> None:
    def half(x: Any, w: Any, b: Any) -> Any:
        out = np.empty(x.shape)
        out[0] = x[0]
        return out, None

    found = answer(wrapped(half, provides=("y",)), big_integers()).forward
    assert found.missing == {"y": "an entry of np.empty was never written"}


def test_a_result_that_is_not_provided_is_not_missing() -> None:
    found = answer(wrapped(provides=("y", "dL/dx")), request())
    assert list(found.backward.results) == ["dL/dx"]
    assert found.backward.missing == {}


def test_without_gradients_backward_is_not_called() -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("called")

    found = answer(wrapped(backward=fail, provides=("y",)), request())
    assert found.backward.trouble is None
    assert found.backward.results == {}


def test_a_backward_alone_is_called_without_a_forward() -> None:
    def alone(dout: Any, cache: Any) -> Any:
        assert cache is None
        return dout * pairs.W, dout, dout

    found = answer(wrapped(None, alone, provides=BACKWARD_RESULTS), request())
    assert found.forward.results == {}
    assert found.forward.trouble is None
    assert found.backward.results["dL/dx"].tolist() == pairs.DX.tolist()


def raising(error: BaseException | type[BaseException]) -> Function:
    def fail(*_: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt("stop"), "KeyboardInterrupt: stop"),
        (GeneratorExit(), "GeneratorExit"),
        (RuntimeError("<thing at 0x7f001234>"), "RuntimeError: <thing>"),
        (RuntimeError("x" * 1000), "RuntimeError: " + "x" * 300),
        (RecursionError, "RecursionError"),
        (NotSupported("their own"), "their own"),
    ],
)
def test_any_exception_is_trouble_of_its_pass(error: BaseException, expected: str) -> None:
    found = answer(wrapped(raising(error)), request())
    assert fact(found.forward.trouble) == ("raised", expected)
    assert f"{__file__}:".endswith(at(found.forward.trouble).rpartition(":")[0] + ":")
    assert fact(found.backward.trouble) == (
        "not-run",
        f"the forward pass raised: {expected}",
    )
    back = answer(wrapped(backward=raising(error)), request())
    assert back.forward.trouble is None
    assert fact(back.backward.trouble) == ("raised", expected)


def test_an_interrupt_from_the_keyboard_ends_everything() -> None:
    def interrupted(x: Any, w: Any, b: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return forward(x, w, b)

    with pytest.raises(KeyboardInterrupt):
        _ = answer(wrapped(interrupted), request())


def test_an_error_of_the_wrapper_is_no_fault_of_the_code() -> None:
    implementation = wrapped()

    def run_forward(own: Any, sizes: Any) -> Any:
        from symconv.implementations.calling.symbols import polynomials

        return polynomials("y", own["x"])

    object.__setattr__(implementation, "run_forward", run_forward)
    found = answer(implementation, request())
    assert fact(found.forward.trouble) == ("not-run", "y came back as float64, without its symbols")


def test_what_forward_rejects_backward_rejects_too() -> None:
    found = answer(wrapped(rejecting), request())
    assert fact(found.forward.trouble) == (
        "rejected",
        "AssertionError: assert x.shape[0] % 3 == 0",
    )
    assert found.backward.trouble == found.forward.trouble
    line = rejecting.__code__.co_firstlineno + 1
    assert at(found.forward.trouble).endswith(f"pairs.py:{line}")


def test_a_check_of_the_output_is_no_rejection() -> None:
    def checking(x: Any, w: Any, b: Any) -> Any:
        out, cache = forward(x, w, b)
        assert out.shape == (3,), out.shape
        return out, cache

    found = answer(wrapped(checking), request())
    assert fact(found.forward.trouble) == ("raised", "AssertionError: (2,)")


def test_warnings_are_silent_and_no_exceptions() -> None:
    def warn(x: Any, w: Any, b: Any) -> Any:
        warnings.warn("careful", stacklevel=1)
        _ = np.array([1e308]) * 10 / np.array([0.0])
        return forward(x, w, b)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = answer(wrapped(warn), request())
    assert caught == []
    assert found.forward.trouble is None
    with np.errstate(all="raise"):
        assert answer(wrapped(warn), request()).forward.trouble is None


def test_results_that_change_with_the_second_run_are_named() -> None:
    assert answer(pairs.load("counts"), request(repeat=True)).forward.unstable == ("y",)
    assert answer(pairs.load("counts"), request()).forward.unstable == ()


def test_the_same_results_twice_are_stable() -> None:
    def nan(x: Any, w: Any, b: Any) -> Any:
        return x * np.nan, (x, w, b)

    found = answer(wrapped(nan), request(repeat=True))
    assert (found.forward.unstable, found.backward.unstable) == ((), ())


def test_a_gradient_that_adds_up_over_calls_is_unstable() -> None:
    total = np.zeros(2)

    def adding(dout: Any, cache: Any) -> Any:
        np.add(total, dout, out=total)
        dx, dw, _ = backward(dout, cache)
        return dx, dw, total

    found = answer(wrapped(backward=adding), request(repeat=True)).backward
    assert found.unstable == ("dL/db",)
    assert found.results["dL/db"].tolist() == pairs.DB.tolist()


def test_a_pass_that_raises_the_second_time_gives_other_results() -> None:
    stack = [1]

    def once(dout: Any, cache: Any) -> Any:
        _ = stack.pop()
        return backward(dout, cache)

    found = answer(wrapped(backward=once), request(repeat=True)).backward
    assert found.unstable == BACKWARD_RESULTS
    assert found.trouble is None


def test_passes_alternate_when_repeated() -> None:
    calls: list[str] = []

    def first(*given: Any) -> Any:
        calls.append("forward")
        return forward(*given)

    def second(*given: Any) -> Any:
        calls.append("backward")
        return backward(*given)

    _ = answer(wrapped(first, second), request(repeat=True))
    assert calls == ["forward", "backward"] * 2


def polynomials_of(found: RunAnswer, name: str) -> list[Any]:
    return found.of(name).results[name].tolist()


def test_symbols_come_back_as_polynomials() -> None:
    found = answer(wrapped(), request(traced=True))
    assert polynomials_of(found, "y") == [{(0, 10): 1, (20,): 1}, {(1, 11): 1, (21,): 1}]
    assert polynomials_of(found, "dL/dw") == [{(0, 30): 1}, {(1, 31): 1}]
    assert polynomials_of(found, "dL/db") == [{(30,): 1}, {(31,): 1}]
    assert found.forward.modified == ()


def test_a_mean_comes_back_with_fractions() -> None:
    def mean(dout: Any, cache: Any) -> Any:
        dx, dw, db = backward(dout, cache)
        return dx / 3, dw, np.full(2, np.mean(db))

    found = answer(wrapped(backward=mean), request(traced=True))
    assert polynomials_of(found, "dL/dx")[0] == {(10, 30): Fraction(1, 3)}
    assert polynomials_of(found, "dL/db")[1] == {(30,): Fraction(1, 2), (31,): Fraction(1, 2)}


def test_an_input_of_symbols_that_is_changed_is_named() -> None:
    def spoil(x: Any, w: Any, b: Any) -> Any:
        x *= 2
        return forward(x, w, b)

    assert answer(wrapped(spoil), request(traced=True)).forward.modified == ("x",)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (lambda x, w, b: (np.maximum(x, 0), None), "comparing entries"),
        (lambda x, w, b: (x.astype(float), None), "converting an entry to a number"),
        (lambda x, w, b: (np.sqrt(x), None), "TypeError: loop of ufunc does not support"),
        (lambda x, w, b: (np.empty(2), None), "never written"),
        (lambda x, w, b: (np.zeros(2, dtype=int), None), "y came back as int64"),
        (rejecting, "AssertionError"),
    ],
)
def test_code_that_symbols_do_not_go_through_is_not_judged(code: Function, words: str) -> None:
    found = answer(wrapped(code), request(traced=True))
    what, text = fact(found.forward.trouble)
    assert what == "not-run"
    assert text.startswith("symbols do not go through it: ")
    assert words in text
    assert fact(found.backward.trouble)[0] == "not-run"


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0]), False),
        (np.array([1.0]), np.array([1.0], dtype=np.float32), False),
        (np.array([1.0]), np.array([[1.0]]), False),
        (np.array([1]), np.array([2]), False),
        (np.array([np.inf]), np.array([np.inf]), True),
        (np.array([2**70, 1], dtype=object), np.array([2**70, 1], dtype=object), True),
        (np.array([2**70, 1], dtype=object), np.array([2**70, 2], dtype=object), False),
        (np.array([np.nan], dtype=object), np.array([float("nan")], dtype=object), True),
        (np.array([1 + 2j]), np.array([1 + 2j]), True),
    ],
)
def test_arrays_are_the_same_when_every_entry_is(
    left: np.ndarray, right: np.ndarray, equal: bool
) -> None:
    assert same(left, right) is equal
