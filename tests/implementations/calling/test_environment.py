"""Faults of the environment are told from mistakes of the code."""

import collections
import inspect
import itertools
import time

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.implementations.calling.environment import environment_fault, old_source
from symconv.implementations.calling.importing import import_target
from symconv.implementations.checking import check_implementation
from tests.implementations.mathematics import compute_y

SIZES = "N=1,C=1,H=3,W=4,F=1,HH=2,WW=2,S=1,P=0"


def raised_by(action):
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def import_of_what_is_not_there():
    import a_package_that_nobody_has as absent

    return absent


def import_of_a_name_that_was_moved():
    from inspect import getargspec

    return getargspec


ONE = np.ones((1, 1))


def into_an_entry(value):
    y = np.zeros((2, 2))
    y[0, 1] = value * 2 if isinstance(value, np.ndarray) else value


def add_to_an_entry(value):
    y = np.zeros((2, 2))
    y[0, 1] += max([value for _ in range(1)], key=id)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: np.int(3), "write int instead of np.int"),
        (lambda: np.float, "write float instead of np.float"),
        (lambda: np.bool8, "write np.bool_ instead"),
        (lambda: np.product([1]), "write np.prod instead of np.product"),
        (lambda: np.in1d([1], [1]), "write np.isin instead of np.in1d"),
        (lambda: np.NaN, "write np.nan instead of np.NaN"),
        (lambda: xrange(3), "in Python 3 write range"),  # noqa: F821 -- the test needs a name that Python 3 lacks
        (lambda: {}.iteritems(), "write items"),
        (import_of_what_is_not_there, "a_package_that_nobody_has is not installed"),
        (lambda: np.zeros(2).itemset(0, 1), r"write array[index] = value"),
        (lambda: np.array([1, 2], copy=False), "another version than it expects"),
        (lambda: time.clock(), "there is no time.clock here"),
        (lambda: inspect.getargspec(raised_by), "there is no inspect.getargspec here"),
        (lambda: collections.Iterable, "there is no collections.Iterable here"),
        (import_of_a_name_that_was_moved, "another version than it expects"),
        (lambda: float(ONE), "write array.item()"),
        (lambda: into_an_entry(ONE), "write array.item()"),
        (lambda: add_to_an_entry(ONE), "write array.item()"),
        (lambda: np.load("/nowhere/weights.npy"), "needs something of this machine"),
    ],
)
def test_what_the_environment_lacks_is_said(action, words) -> None:
    assert words in environment_fault(raised_by(action))


@pytest.mark.parametrize(
    "action",
    [
        lambda: np.zeross(3),
        lambda: collections.OrderedDic,
        lambda: itertools.chian,
        lambda: float(np.zeros(3)),
        lambda: into_an_entry(np.zeros((1, 2))),
        lambda: add_to_an_entry(np.zeros(2)),
        lambda: into_an_entry([1.0, 2.0]),
        lambda: np.zeros(3).nothing,
        lambda: undefined_name,  # noqa: F821 -- the test needs a name that nothing defines
        lambda: {}["pad"],
        lambda: np.zeros(3) @ np.zeros(4),
        lambda: 1 / 0,
        lambda: [].has_key(1),
    ],
)
def test_a_mistake_of_the_code_is_none_of_the_environment(action) -> None:
    assert environment_fault(raised_by(action)) == ""


def with_a_removed_name(x, w, b, stride, padding):
    return compute_y(x, w, b, stride, np.int(padding))


def with_a_bias_made_a_number(x, w, b, stride, padding):
    y = compute_y(x, w, np.zeros_like(b), stride, padding)
    for f in range(len(b)):
        y[:, f] += float(b[f : f + 1])
    return y


def with_an_entry_that_is_a_vector(x, w, b, stride, padding):
    y = compute_y(x, w, b, stride, padding)
    y[0, 0, 0, 0] = np.stack([y[0, 0, 0, 0]] * 2)
    return y


def with_a_misspelt_name(x, w, b, stride, padding):
    return np.zeross(3)


def raising_it_itself(x, w, b, stride, padding):
    raise ModuleNotFoundError("no", name="thing")


@pytest.mark.parametrize(
    ("forward", "exit_code", "code"),
    [
        (with_a_removed_name, 3, "environment"),
        (with_a_bias_made_a_number, 3, "environment"),
        (with_an_entry_that_is_a_vector, 1, "raised"),
        (with_a_misspelt_name, 1, "raised"),
        (raising_it_itself, 1, "raised"),
    ],
)
def test_the_environment_refutes_nothing_and_a_mistake_does(forward, exit_code, code) -> None:
    report = check_implementation(forward, sizes=SIZES, only="y", isolate=False)
    assert report.exit_code == exit_code
    assert {one.code for one in report.failures} == {code}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("print 'hello'\n", "Python 2"),
        ("try:\n    pass\nexcept ValueError, error:\n    pass\n", "Python 2"),
        ("%matplotlib inline\nimport numpy\n", "a line of a notebook"),
        ("!pip install numpy\n", "a line of a notebook"),
        ("import numpy as np\nKIND = np.float\n", "write float instead of np.float"),
        ("import a_package_that_nobody_has\n", "is not installed"),
    ],
)
def test_source_for_another_environment_is_refused_with_what_would_be_right(
    text, words, tmp_path
) -> None:
    file = tmp_path / "layers.py"
    _ = file.write_text(text)
    with pytest.raises(UsageError) as caught:
        _ = import_target(str(file))
    assert words in caught.value.help


def test_a_plain_syntax_error_is_not_blamed_on_an_old_python() -> None:
    assert old_source(raised_by(lambda: compile("def f(:\n  pass", "f", "exec"))) == ""
