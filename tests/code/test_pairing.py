"""Which values are taken apart into height and width, as the source has it."""

import numpy as np
import pytest

from symconv.code.pairing import forms
from symconv.code.settings import settings


def unpacks(x, hyper):
    sh, sw = hyper["stride"]
    return x[sh:, sw:]


def unpacks_both(x, hyper):
    (sh, sw), (ph, pw) = hyper["stride"], hyper.get("pad", (0, 0))
    return x[sh:, sw:], ph, pw


def by_another_name(x, hyper):
    step = hyper["stride"]
    height = step[0]
    return x[height:]


def by_a_chain_of_names(x, stride):
    step = stride
    given = step
    return [x[one:] for one in given]


def helper(x, steps):
    sh, sw = steps
    return x[sh:, sw:]


def hands_on(x, hyper):
    return helper(x, hyper["stride"])


def hands_on_by_name(x, hyper):
    return helper(x, steps=hyper.get("stride", (1, 1)))


def hands_on_behind_a_star(arrays, stride):
    return helper(*arrays, stride)


def hands_on_before_a_star(x, stride, rest):
    return helper(x, stride, *rest)


def asks(x, hyper):
    step = hyper["stride"]
    if not isinstance(step, tuple):
        step = (step, step)
    sh, sw = step
    return x[sh:, sw:]


def makes_a_pair(x, stride):
    stride = (stride, stride)
    return x[stride[0] :, stride[1] :]


def makes_a_pair_of_another_name(x, stride):
    both = (stride, stride)
    return x[both[0] :, both[1] :]


def multiplies(x, hyper):
    return x[:: hyper["stride"]]


def compares(x, hyper):
    return x[: max(hyper["stride"], 2)]


def takes_apart_something_else(x, hyper):
    height, width = x.shape
    return height * hyper["stride"] + width


class Keeps:
    def __init__(self, hyper):
        self.step = hyper["stride"]

    def forward(self, x):
        sh, sw = self.step
        return x[sh:, sw:]


def counts_with_what_it_gives_on(torch, x, stride):
    rows = (x.shape[2] - 2) // stride + 1
    return torch.unfold(x, (2, 2), stride=stride), rows


def counts_in_a_helper(torch, x, stride):
    return torch.unfold(x, (2, 2), stride=stride), rows_of(x, stride)


def rows_of(x, step):
    return (x.shape[2] - 2) // step + 1


def gives_on(torch, x, stride):
    return torch.conv2d(x, stride=stride)


def asks_and_counts(torch, x, stride):
    if isinstance(stride, int):
        return (x.shape[2] - 2) // stride + 1
    return torch.unfold(x, (2, 2), stride=stride)


def counts_with_the_largest(torch, x, stride):
    out = torch.unfold(x, (2, 2), stride=stride)
    stride = max(stride)
    return out, (x.shape[2] - 2) // stride + 1


@pytest.mark.parametrize(
    ("function", "form"),
    [
        (counts_with_what_it_gives_on, None),
        (counts_in_a_helper, None),
        (gives_on, "either"),
        (asks_and_counts, "either"),
        (counts_with_the_largest, "pair"),
        (unpacks, "pair"),
        (unpacks_both, "pair"),
        (by_another_name, "pair"),
        (by_a_chain_of_names, "pair"),
        (hands_on, "pair"),
        (hands_on_by_name, "pair"),
        (Keeps, "pair"),
        (asks, "either"),
        (makes_a_pair, "either"),
        (makes_a_pair_of_another_name, None),
        (multiplies, None),
        (compares, None),
        (hands_on_behind_a_star, None),
        (takes_apart_something_else, None),
    ],
)
def test_a_stride_is_a_pair_where_it_is_taken_apart(function, form) -> None:
    assert forms(function).get("stride") == form


def test_a_setting_has_the_form_in_which_it_is_taken() -> None:
    read = settings([unpacks_both], frozenset(["hyper"]))
    assert {key: (one.default, one.form) for key, one in read.items()} == {
        "stride": (None, "pair"),
        "pad": ("(0, 0)", "pair"),
    }


def turns(x, stride):
    return turns(np.rot90(x), stride) if len(x) else stride[0]


def test_a_function_that_calls_itself_is_read_once() -> None:
    assert forms(turns)["stride"] == "pair"


def kept(function, steps):
    first, second = steps
    return function if first else second


stride = (1, 1)
bare = kept(lambda x, stride: x[stride:], stride)
unpacking = kept(lambda x, stride: helper(x, stride), stride)


def test_what_stands_around_a_lambda_is_none_of_it() -> None:
    assert "stride" not in forms(bare)
    assert forms(unpacking)["stride"] == "pair"


def test_what_stands_behind_a_star_has_no_place() -> None:
    assert forms(hands_on_behind_a_star) == {"arrays": "pair"}
    assert forms(hands_on_before_a_star)["stride"] == "pair"
