"""Which parameters stay at one value, and whether a result can depend on them."""

import functools

import pytest

from symconv.code.signatures import read_signature
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.unvaried import can_reach, unvaried

FORWARD = ("x", "w", "b", "stride", "padding")


def staying(function, purpose="forward"):
    """Return what stays, by name, and whether it counts."""
    signature = read_signature(function, purpose, FORWARD)
    return {item.name: item.reaches for item in unvaried([signature], {})}


def never_read(x, w, extra=1):
    return x, w


def multiplied(x, w, extra=1):
    return x * extra, w


def passed_on(x, w, extra=1):
    return multiplied(x, w, extra)


def only_refused(x, w, extra=1):
    assert extra == 1, "no dilation"
    if extra != 1:
        raise NotImplementedError(f"extra {extra}")
    return x, w


def refused_and_read(x, w, extra=1):
    if extra < 1:
        raise ValueError(extra)
    return x[::extra], w


def only_told(x, w, extra=1):
    print("extra is", extra)
    return x, w


def read_otherwise(x, w, extra=1):
    if extra == 3:
        raise ValueError
    if extra > 1:
        x = x[::2]
    return x, w


def all_names_at_once(x, w, extra=1):
    return x, w, locals()


def by_an_inner_function(x, w, extra=1):
    def inner():
        return extra

    return x, w, inner()


def kept_in_a_context(ctx, x, w, extra=1):
    ctx.extra = extra
    return x, w


def overwritten(x, w, extra=1):
    extra = 2
    del extra
    return x, w


def keyword_only(x, w, *, extra=None):
    return x if extra is None else extra, w


@pytest.mark.parametrize(
    ("function", "counts"),
    [
        (never_read, False),
        (only_refused, False),
        (only_told, False),
        (overwritten, False),
        (multiplied, True),
        (passed_on, True),
        (refused_and_read, True),
        (read_otherwise, True),
        (all_names_at_once, True),
        (by_an_inner_function, True),
        (kept_in_a_context, True),
        (keyword_only, True),
    ],
)
def test_a_parameter_counts_where_something_is_done_with_it(function, counts) -> None:
    assert can_reach(function, "extra") is counts


def test_a_parameter_of_a_function_without_source_may_matter() -> None:
    scope: dict = {}
    exec("def conv(x, w, extra=1):\n    return x", scope)
    assert can_reach(scope["conv"], "extra")


def test_a_decorated_function_is_read_inside() -> None:
    @functools.wraps(multiplied)
    def around(*given, **named):
        return multiplied(*given, **named)

    assert staying(around) == {"extra": True}


class KeptAndRead:
    def __init__(self, w, b, gain=1):
        self.w, self.b, self.gain = w, b, gain

    def forward(self, x):
        return x * self.gain


class KeptAndShown(KeptAndRead):
    def forward(self, x):
        return x

    def __repr__(self):
        return f"gain {self.gain}"


class KeptOnly:
    def __init__(self, w, b, gain=1):
        self.w, self.b = w, b
        self.gain = gain

    def forward(self, x):
        return x


class KeptAndRefused(KeptOnly):
    def forward(self, x):
        assert self.gain == 1
        return x


class KeptUnderAnotherName:
    def __init__(self, w, b, gain=1):
        self.w, self.b = w, b
        self._factor = gain

    def forward(self, x):
        return x * self._factor


class ReadInTheConstructor:
    def __init__(self, w, b, gain=1):
        self.w, self.b = w * gain, b


class ReadByName:
    def __init__(self, w, b, gain=1):
        self.w, self.b, self.gain = w, b, gain

    def forward(self, x):
        return x * self.__dict__["gain"]


class ReadInABase(KeptAndRead):
    def __init__(self, w, b, gain=1):
        super().__init__(w, b, gain)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (KeptOnly, False),
        (KeptAndRefused, False),
        (KeptAndRead, True),
        (KeptAndShown, True),  # its base has a forward that reads it
        (KeptUnderAnotherName, True),
        (ReadInTheConstructor, True),
        (ReadByName, True),
        (ReadInABase, True),
    ],
)
def test_what_a_constructor_keeps_counts_where_a_method_reads_it(given, counts) -> None:
    assert staying(given, "constructor") == {"gain": counts}


def test_names_that_speak_of_no_result_are_left_out() -> None:
    def conv(x, w, name="conv", verbose=True, seed=0, rng=None, dtype=float, device="cpu"):
        return x, w, name, verbose, seed, rng, dtype, device

    assert staying(conv) == {}


def test_arrays_and_sizes_do_not_stay() -> None:
    def conv(x, w, b=None, stride=1, padding=0):
        return x, w, b, stride, padding

    assert staying(conv) == {}


def test_what_is_read_from_keywords_is_a_parameter() -> None:
    def conv(x, w, **options):
        return x, w, options["stride"], options.get("pad", 0), options.get("dilation", 1)

    signature = read_signature(conv, "forward", FORWARD)
    assert {"stride", "padding"} <= signature.roles
    assert staying(conv) == {"dilation": True}


def test_keywords_that_are_not_read_are_none_and_what_is_passed_on_is_one() -> None:
    def ignoring(x, w, *more, **options):
        return x, w

    def passing(x, w, **options):
        return multiplied(x, w, **options)

    assert staying(ignoring) == {}
    assert staying(passing) == {"options": True}


def test_a_parameter_that_is_named_as_fixed_has_to_be_there() -> None:
    from symconv.errors import UsageError

    assert wrap(multiplied, fixed="extra").description.fixed == ("extra",)
    with pytest.raises(UsageError, match="no parameter is called dilation") as caught:
        wrap(multiplied, fixed="dilation")
    assert caught.value.help == "the parameters are extra, w, x"
