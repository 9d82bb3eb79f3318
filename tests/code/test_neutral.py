"""Values at which parameters that the layer does not have change nothing."""

import numpy as np
import pytest

from symconv.code.neutral import identity, is_no_activation, neutral
from symconv.code.signatures import read_signature
from symconv.errors import UsageError

ORDER = ("x", "w", "b", "stride", "padding")


def called_one(x, w, activation):
    return activation(x)


def named_one(x, w, activation):
    return np.maximum(x, 0) if activation == "relu" else x


def with_a_linear_one(x, w, activation):
    if activation in ("linear", "sigmoid"):
        return x
    raise ValueError(activation)


@pytest.mark.parametrize(
    ("function", "value"),
    [(called_one, identity), (named_one, None), (with_a_linear_one, "linear")],
)
def test_an_activation_is_given_in_the_form_in_which_it_is_read(function, value) -> None:
    found = neutral(function, "activation", paired=False)
    assert found is not None
    assert found.value is value or found.value == value


def test_dilation_and_groups_are_one_and_other_names_have_no_neutral_value() -> None:
    assert neutral(called_one, "dilation", paired=True).value == (1, 1)
    assert neutral(called_one, "groups", paired=False).value == 1
    assert neutral(called_one, "axis", paired=False) is None


@pytest.mark.parametrize(
    "value", [None, False, "linear", "Identity", "none", lambda values: values]
)
def test_what_does_nothing_is_no_activation(value) -> None:
    assert is_no_activation(value)


@pytest.mark.parametrize("value", ["relu", np.tanh, lambda values: values * 2, 3])
def test_what_does_something_is_an_activation(value) -> None:
    assert not is_no_activation(value)


def test_a_required_activation_is_supplied_and_a_default_that_does_something_replaced() -> None:
    def conv(x, w, activation="relu", *, act=None):
        return x if activation is None else -x

    signature = read_signature(called_one, "forward", ORDER)
    assert signature.call({"x": 3, "w": 4}) == 3
    signature = read_signature(conv, "forward", ORDER)
    assert signature.call({"x": 3, "w": 4}) == 3
    assert {item.name: item.stays_at for item in signature.parameters if item.role is None} == {
        "activation": "None",
        "act": "None",
    }


def steps(dout, cache, learning_rate=0.01):
    return dout * learning_rate


def has_to_be_told(dout, cache, learning_rate):
    return dout * learning_rate


def test_a_step_that_has_a_usual_length_is_not_taken() -> None:
    signature = read_signature(steps, "backward", ("dout", "cache"))
    rate = next(item for item in signature.parameters if item.name == "learning_rate")
    assert (rate.default, rate.stays_at) == (0.0, "0")


def test_a_step_without_a_usual_length_is_not_understood() -> None:
    with pytest.raises(UsageError, match="learning_rate is not understood"):
        read_signature(has_to_be_told, "backward", ("dout", "cache"))
