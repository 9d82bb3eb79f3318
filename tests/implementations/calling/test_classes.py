"""Classes as conventions: constructed, filled with weights, called, or refused."""

import numpy as np
import pytest
from exactness import results, wrong
from mathematics import Given, compute_gradients, compute_y, conv_backward_naive, conv_forward_naive

from symconv.errors import UsageError
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.model import RESULTS

ONE_IMAGE = "N=1,C=2,H=4,W=5,F=3,HH=2,WW=3,S=2,P=1"
SQUARE_FILTERS = "N=2,C=2,H=4,W=5,F=3,HH=3,WW=3,S=2,P=1"


class Sized(Given):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        super().__init__(np.ones(shape), np.ones(out_channels), stride, padding)


class Pairs(Given):
    def __init__(self, in_channels, out_channels, kernel_size, stride=(1, 1), padding=(0, 0)):
        height, width = kernel_size
        super().__init__(
            np.ones((out_channels, in_channels, height, width)),
            np.ones(out_channels),
            stride[1],
            padding[0],
        )


class Returning(Pairs):
    def backward(self, dout):
        return self.gradients(dout)


class Dictionaries:
    def __init__(self, num_filters, channels, kernel_height, kernel_width, stride, pad):
        shape = (num_filters, channels, kernel_height, kernel_width)
        self.params = {"W": np.ones(shape), "b": np.ones(num_filters)}
        self.grads = {}
        self.stride, self.pad = stride, pad

    def forward(self, x):
        self.x = x
        return compute_y(x, self.params["W"], self.params["b"], self.stride, self.pad)

    def backward(self, dout):
        dx, self.grads["W"], self.grads["b"] = compute_gradients(
            dout, self.x, self.params["W"], self.stride, self.pad
        )
        return dx


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None


class Wrapped:
    def __init__(self, cin, cout, kh, kw, stride, padding):
        self.weight = Parameter(np.ones((cout, cin, kh, kw)))
        self.bias = Parameter(np.ones((cout, 1)))
        self.stride, self.padding = stride, padding

    def __call__(self, x):
        self.x = x
        assert self.bias.data.shape[1] == 1
        return compute_y(x, self.weight.data, self.bias.data, self.stride, self.padding)

    def backward(self, grad_output):
        dx, self.weight.grad, db = compute_gradients(
            grad_output, self.x, self.weight.data, self.stride, self.padding
        )
        self.bias.grad = db.reshape(-1, 1)
        return dx


class ChannelsLast:
    def __init__(self, in_channels, out_channels, kh, kw, stride, padding):
        self.kernel = np.ones((kh, kw, in_channels, out_channels))
        self.bias = None
        self.stride, self.padding = stride, padding

    def forward(self, images):
        self.x, self.w = images.transpose(0, 3, 1, 2), self.kernel.transpose(3, 2, 0, 1)
        y = compute_y(self.x, self.w, self.bias, self.stride, self.padding)
        return y.transpose(0, 2, 3, 1)

    def backward(self, upstream):
        dx, dw, db = compute_gradients(
            upstream.transpose(0, 3, 1, 2), self.x, self.w, self.stride, self.padding
        )
        return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db


class Holding:
    """Weights are given to forward; the class only remembers them."""

    def forward(self, x, w, b, stride, pad):
        self.kept = x, w, stride, pad
        return compute_y(x, w, b, stride, pad)

    def backward(self, dout):
        x, w, stride, pad = self.kept
        return compute_gradients(dout, x, w, stride, pad)


class Static:
    @staticmethod
    def forward(x, w, b, conv_param):
        return conv_forward_naive(x, w, b, conv_param)

    @staticmethod
    def backward(dout, cache):
        return conv_backward_naive(dout, cache)


class Slotted(Given):
    __slots__ = ("b", "dW", "d_bias", "padding", "stride", "w", "x")

    def backward(self, dout):
        dx, self.dW, self.d_bias = self.gradients(dout)
        return dx


@pytest.mark.parametrize(
    "kind",
    [
        Given, Pairs, Returning, Dictionaries, Wrapped, ChannelsLast, Holding, Static, Slotted,
    ],
)  # fmt: skip
def test_classes_are_constructed_filled_and_called(kind) -> None:
    implementation = wrap(kind)
    assert implementation.description.convention.startswith("class: ")
    assert implementation.description.restrictions == ()
    assert implementation.description.provides == RESULTS
    assert wrong(implementation) == {}


def test_a_class_that_takes_one_number_for_its_filters_is_asked_for_square_filters() -> None:
    implementation = wrap(Sized)
    ((condition, reason),) = implementation.description.restrictions
    assert (str(condition), reason) == ("HH == WW", "kernel_size of Sized is one number")
    assert wrong(implementation, SQUARE_FILTERS) == {}


class Biasless(Pairs):
    def __init__(self, in_channels, out_channels, kernel_size, stride=(1, 1), padding=(0, 0)):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)
        self.bare = self.__dict__.pop("b")

    def forward(self, x):
        self.x = x
        return compute_y(x, self.w, None, self.stride, self.padding)

    def backward(self, dout):
        dx, self.dw, _ = self.gradients(dout)
        return dx


def test_a_class_that_holds_no_bias_has_none() -> None:
    implementation = wrap(Biasless)
    assert not implementation.description.has_bias
    assert implementation.description.provides == ("y", "dL/dx", "dL/dw")
    assert wrong(implementation) == {}


class Fickle(Pairs):
    count = 0

    def __init__(self, in_channels, out_channels, kernel_size):
        type(self).count += 1
        super().__init__(in_channels, out_channels, kernel_size)


def test_every_forward_pass_has_an_instance_of_its_own() -> None:
    implementation = wrap(Fickle)
    before = Fickle.count
    _ = results(implementation, "N=1,C=1,H=2,W=2,F=1,HH=1,WW=1,S=1,P=0")
    _ = results(implementation, "N=1,C=1,H=2,W=2,F=1,HH=1,WW=1,S=1,P=0")
    assert Fickle.count == before + 2


class Late:
    """Makes its weights where it first sees an image; what is there already stays."""

    def __init__(self, out_channels, kernel_size, stride=1, padding=0):
        self.sizes = (out_channels, kernel_size[0], kernel_size[1])
        self.stride, self.padding = stride, padding
        self.w = self.b = None

    def forward(self, x):
        if self.w is None:
            self.make(x)
        self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def make(self, x):
        out_channels, height, width = self.sizes
        self.w = np.random.default_rng(0).random((out_channels, x.shape[1], height, width))
        self.b = np.zeros(out_channels)

    def backward(self, dout):
        return compute_gradients(dout, self.x, self.w, self.stride, self.padding)


class Built(Late):
    """Overwrites at its first call whatever is there."""

    built = False

    def forward(self, x):
        if not self.built:
            self.built = True
            self.make(x)
        return super().forward(x)


class Absent(Built):
    """Has no attribute for its weights before its first call."""

    def __init__(self, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(out_channels, kernel_size, stride, padding)
        del self.w, self.b


class LateChannelsLast(Absent):
    """Tells by its weights that images have their channels last."""

    def make(self, x):
        out_channels, height, width = self.sizes
        self.w = np.zeros((height, width, x.shape[3], out_channels))
        self.b = np.zeros((1, 1, 1, out_channels))

    def forward(self, x):
        if not self.built:
            self.built = True
            self.make(x)
        self.x, w = x.transpose(0, 3, 1, 2), self.w.transpose(3, 2, 0, 1)
        y = compute_y(self.x, w, self.b[0, 0, 0], self.stride, self.padding)
        return y.transpose(0, 2, 3, 1)

    def backward(self, dout):
        dx, dw, db = compute_gradients(
            dout.transpose(0, 3, 1, 2), self.x, self.w.transpose(3, 2, 0, 1), self.stride,
            self.padding,
        )  # fmt: skip
        return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db.reshape(1, 1, 1, -1)


@pytest.mark.parametrize("kind", [Late, Built, Absent, LateChannelsLast])
def test_weights_that_the_first_call_makes_are_set_after_it(kind) -> None:
    assert wrong(wrap(kind)) == {}


class BuiltWrong(Built):
    def backward(self, dout):
        dx, dw, db = super().backward(dout)
        return dx, 2 * dw, db


def test_a_mistake_behind_weights_that_the_first_call_makes_is_seen() -> None:
    assert wrong(wrap(BuiltWrong)).keys() == {"dL/dw"}


class Always(Late):
    def forward(self, x):
        self.make(x)
        return super().forward(x)


def test_weights_that_every_call_makes_anew_are_refused() -> None:
    with pytest.raises(UsageError, match="makes its weights in forward, at every call") as caught:
        wrap(Always)
    assert "test_classes.py:" in caught.value.location


class Lost(Given):
    def __init__(self, in_channels, out_channels, kernel_size):
        self.matrix = np.ones((out_channels, in_channels, kernel_size, kernel_size))


class Idle:
    def backward(self, dout):
        return dout


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Lost, "Lost has no attribute for its weights; its attributes are matrix"),
        (Idle, "Idle has no forward method"),
    ],
)
def test_a_class_that_cannot_be_run_is_refused_where_it_is_defined(kind, words) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        wrap(kind)
    assert "test_classes.py:" in caught.value.location


class Exploding(Given):
    def __init__(self, in_channels, out_channels, kernel_size):
        raise RuntimeError("not today")


def test_a_constructor_that_raises_does_so_when_the_class_is_run() -> None:
    implementation = wrap(Exploding)
    with pytest.raises(RuntimeError, match="not today"):
        results(implementation)


class Shaped(Given):
    def __init__(self, x_dim, n_filter, h_filter, w_filter, stride, padding):
        depth, self.height, self.width = x_dim
        shape = (n_filter, depth, h_filter, w_filter)
        super().__init__(np.ones(shape), np.ones(n_filter), stride, padding)


class ShapedByABatch(Given):
    def __init__(self, input_shape, num_filters, filter_h, filter_w, stride, padding):
        _count, depth, _height, _width = input_shape
        shape = (num_filters, depth, filter_h, filter_w)
        super().__init__(np.ones(shape), np.ones(num_filters), stride, padding)


@pytest.mark.parametrize("kind", [Shaped, ShapedByABatch])
def test_a_constructor_is_told_the_shape_of_an_image_as_it_takes_it_apart(kind) -> None:
    assert wrong(wrap(kind)) == {}


class ShapedUnseen(Given):
    def __init__(self, input_shape, num_filters, filter_h, filter_w):
        self.shape = input_shape


def test_a_shape_of_which_nothing_is_seen_is_not_understood() -> None:
    with pytest.raises(UsageError, match="input_shape is not understood"):
        wrap(ShapedUnseen)
