"""Tensors: how PyTorch and JAX code is called and differentiated."""

import numpy as np
import pytest
from exactness import SIZES, expected, results, wrong
from mathematics import compute_gradients, compute_y

from symconv.errors import NotSupported, UsageError
from symconv.implementations.calling import frameworks
from symconv.implementations.calling.automatic import double_precision
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.frameworks import from_tensor, to_tensor
from symconv.implementations.checking import check_implementation
from symconv.implementations.model import RESULTS
from tests.runs import quick_rows

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'symconv[torch]'")
jax = pytest.importorskip("jax", reason="needs the extra: pip install 'symconv[jax]'")
functional = torch.nn.functional
jnp = jax.numpy


def torch_conv(x, w, b, stride, padding):
    return functional.conv2d(x, w, b, stride=stride, padding=padding)


def torch_by_hand(x, w, b, stride, padding):
    padded = functional.pad(x, (padding,) * 4)
    windows = padded.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
    return torch.einsum("nchwpq,fcpq->nfhw", windows, w) + b.view(1, -1, 1, 1)


def torch_with_hyper(x, w, b, conv_param):
    y = functional.conv2d(x, w, b, stride=conv_param["stride"], padding=conv_param["pad"])
    return y, (x, w)


def torch_without_bias(x, w, stride, padding):
    return functional.conv2d(x, w, None, stride, padding)


class Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding):
        ctx.save_for_backward(x, w)
        ctx.sizes = stride, padding
        return functional.conv2d(x, w, b, stride, padding)

    @staticmethod
    def backward(ctx, grad_output):
        x, w = ctx.saved_tensors
        dx, dw, db = compute_gradients(
            *(tensor.detach().numpy() for tensor in (grad_output, x, w)), *ctx.sizes
        )
        return torch.from_numpy(dx.copy()), torch.from_numpy(dw), torch.from_numpy(db), None, None


class SeparateRule(torch.autograd.Function):
    @staticmethod
    def forward(weight, image, stride, bias, padding, scale=1):
        return functional.conv2d(image, weight, bias, stride, padding) * scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        weight, image, stride, _, padding, _ = inputs
        ctx.save_for_backward(image, weight)
        ctx.sizes = stride, padding

    @staticmethod
    def backward(ctx, grad_output):
        dx, dw, db, *_ = Rule.backward(ctx, grad_output)
        return dw, dx, None, db, None, None


class OwnConv(torch.nn.Conv2d):
    pass


class Inner(torch.nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        super().__init__()
        self.conv = torch.nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding, bias=bias
        )

    def forward(self, x):
        return self.conv(x)


class Handmade(torch.nn.Module):
    def __init__(self, c_in, c_out, kh, kw, stride, padding):
        super().__init__()
        self.filters = torch.nn.Parameter(torch.zeros(c_out, c_in, kh, kw))
        self.b = torch.nn.Parameter(torch.zeros(c_out))
        self.stride, self.padding = stride, padding

    def forward(self, image):
        return torch_by_hand(image, self.filters, self.b, self.stride, self.padding)


class Given(torch.nn.Module):
    def __init__(self, weight, bias, stride, padding):
        super().__init__()
        self.weight, self.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Stateless(torch.nn.Module):
    """Weights come with every call; the attribute of that name is from the call before."""

    weight = None

    def forward(self, x, w, b, stride, padding):
        self.weight = torch.zeros_like(w)
        return functional.conv2d(x, w, b, stride, padding)


class Manual(Handmade):
    """A module whose gradients are computed by hand."""

    def forward(self, image):
        self.image = image
        return super().forward(image)

    def backward(self, grad_output):
        with torch.no_grad():
            arrays = (tensor.detach().numpy() for tensor in (grad_output, self.image, self.filters))
            dx, dw, db = compute_gradients(*arrays, self.stride, self.padding)
        self.filters.grad, self.b.grad = torch.from_numpy(dw), torch.from_numpy(db)
        return torch.from_numpy(dx.copy())


@pytest.mark.parametrize(
    "forward",
    [
        torch_conv, torch_by_hand, torch_with_hyper, torch_without_bias, Rule, SeparateRule,
        OwnConv, Inner, Handmade, Given, Stateless,
    ],
)  # fmt: skip
def test_pytorch_code_is_differentiated_by_autograd(forward) -> None:
    implementation = wrap(forward)
    description = implementation.description
    assert description.framework == "torch"
    assert description.convention.startswith("torch: ")
    assert description.convention.endswith(", gradients by autograd")
    assert description.restrictions == ()
    assert wrong(implementation) == {}
    assert wrong(implementation, dtype="float32") == {}


def test_a_module_with_a_backward_of_its_own_is_a_class_on_tensors() -> None:
    description = wrap(Manual).description
    assert (description.framework, description.convention[:7]) == ("torch", "class: ")
    assert wrong(wrap(Manual)) == {}


def test_a_pair_of_functions_on_tensors_is_called_as_it_is() -> None:
    def backward(dout, x, w, b, stride, padding):
        assert all(isinstance(item, torch.Tensor) for item in (dout, x, w, b))
        dx, dw, db = compute_gradients(dout.numpy(), x.numpy(), w.numpy(), stride, padding)
        return torch.from_numpy(dx.copy()), torch.from_numpy(dw), torch.from_numpy(db)

    implementation = wrap(torch_conv, backward, framework="torch")
    assert implementation.description.convention.startswith("functions: ")
    assert wrong(implementation) == {}


def test_tensors_inside_a_function_of_arrays_are_its_own_affair() -> None:
    def conv_forward(x, w, b, conv_param):
        tensors = [torch.from_numpy(item) for item in (x, w, b)]
        y = functional.conv2d(*tensors, stride=conv_param["stride"], padding=conv_param["pad"])
        return y.numpy(), None

    implementation = wrap(conv_forward)
    assert implementation.description.framework == "numpy"
    assert wrong(implementation) == {}


def test_tensors_that_a_function_of_arrays_returns_are_read() -> None:
    def conv(x, w, b, stride, padding):
        y = compute_y(x, w, b, stride, padding)
        return torch.from_numpy(y)

    assert wrong(wrap(conv)) == {}


def test_a_wrong_rule_is_what_is_tested() -> None:
    class Wrong(Rule):
        @staticmethod
        def backward(ctx, grad_output):
            dx, dw, _, *rest = Rule.backward(ctx, grad_output)
            return -dx, dw, None, *rest

    implementation = wrap(Wrong)
    assert implementation.description.backward.endswith("Wrong.backward")
    assert implementation.description.location["dL/dx"] != implementation.description.location["y"]
    assert wrong(implementation) == {"dL/dx": "value", "dL/db": "missing"}


class LargeWeights(Rule):
    """The gradient by w has another shape, and PyTorch refuses the whole call for that."""

    @staticmethod
    def backward(ctx, grad_output):
        dx, dw, *rest = Rule.backward(ctx, grad_output)
        return dx, functional.pad(dw, (0, 1)), *rest


class InModule(Handmade):
    def forward(self, image):
        return LargeWeights.apply(image, self.filters, self.b, self.stride, self.padding)


class RaisesForWeights(Rule):
    """The line for dw raises, whatever is asked for."""

    @staticmethod
    def backward(ctx, grad_output):
        dx, _, db, *_ = Rule.backward(ctx, grad_output)
        dw = dx @ grad_output.flatten()
        return dx, dw, db, None, None


class RaisesForAll(Rule):
    @staticmethod
    def backward(ctx, grad_output):
        grad_output = grad_output.view(-1, 7919)
        return *Rule.backward(ctx, grad_output)[:3], None, None


class RaisesBesides(Rule):
    """The line that raises is for none of the gradients, so it keeps all from being computed."""

    @staticmethod
    def backward(ctx, grad_output):
        dx, dw, db, *_ = Rule.backward(ctx, grad_output)
        _ = grad_output.view(-1, 7919)
        return dx, dw, db, None, None


@quick_rows(2, "the rows differ in which gradient raises")
@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        (LargeWeights, ["right", "raised", "right"]),
        (InModule, ["right", "raised", "right"]),
        (RaisesForWeights, ["incomplete", "raised", "incomplete"]),
        (RaisesForAll, ["raised"] * 3),
        (RaisesBesides, ["raised"] * 3),
    ],
)
def test_a_gradient_is_not_refuted_for_another_one_that_raises(rule, codes) -> None:
    report = check_implementation(rule, sizes=[SIZES], isolate=False)
    code_by_name = {one.name: one.code for one in report.conclusions}
    assert code_by_name.pop("y") == "right"
    assert [code_by_name[name] for name in ("dL/dx", "dL/dw", "dL/db")] == codes
    assert report.exit_code == 1


def large_for_torch(x, w, b, stride, padding):
    return functional.pad(torch_conv(x, w, b, stride, padding), (0, 1))


def large_for_jax(x, w, b, stride, padding):
    return jnp.pad(jax_conv(x, w, b, stride, padding), ((0, 0), (0, 0), (0, 0), (0, 1)))


@quick_rows(1, "the rows differ in the framework")
@pytest.mark.parametrize("forward", [large_for_torch, large_for_jax])
def test_gradients_are_not_refuted_for_an_output_of_another_shape(forward) -> None:
    report = check_implementation(forward, sizes=[SIZES], isolate=False)
    code_by_name = {one.name: one.code for one in report.conclusions}
    assert code_by_name.pop("y") == "wrong-shape"
    assert {*code_by_name.values()} == {"incomplete"}
    assert report.exit_code == 1


def test_an_output_that_is_cut_off_has_no_gradients() -> None:
    def conv(x, w, b, stride, padding):
        return torch_conv(x, w, b, stride, padding).detach()

    assert wrong(wrap(conv)) == {"dL/dx": "missing", "dL/dw": "missing", "dL/db": "missing"}


def test_a_gradient_that_autograd_does_not_find_is_named() -> None:
    def conv(x, w, b, stride, padding):
        return torch_conv(x.detach(), w, b, stride, padding)

    report = check_implementation(conv, sizes=[SIZES], isolate=False)
    by_name = {one.name: one for one in report.conclusions}
    assert (by_name["dL/dx"].code, by_name["dL/dw"].code) == ("incomplete", "right")
    failure = by_name["dL/dx"].failure
    assert failure is not None
    assert failure.detail == "autograd finds no way from y to x: is it detached?"


def test_the_gradients_can_be_asked_for_twice() -> None:
    from exactness import arrays_at

    from symconv.layers.convolution.post import conv2d

    implementation = wrap(torch_conv)
    sizes = conv2d().sizes(SIZES)
    own = {name: implementation.to_own(name, item) for name, item in arrays_at(sizes).items()}
    _, left = implementation.run_forward(own, sizes)
    for _ in range(2):
        found = implementation.run_backward(own, sizes, left)
        got = implementation.from_own("dL/dx", found["dL/dx"])
        assert np.array_equal(got, expected()["dL/dx"])


@pytest.mark.parametrize("kind", [OwnConv, Inner])
def test_a_module_takes_a_bias_unless_told_otherwise(kind) -> None:
    assert wrap(kind).description.has_bias
    assert wrap(kind).description.provides == RESULTS


class Channelwise(torch.nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding):
        super().__init__()
        self.weight = torch.nn.Parameter(
            torch.zeros(out_channels, in_channels, kernel_size, kernel_size)
        )
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return functional.conv2d(x, self.weight, None, self.stride, self.padding)


def test_a_module_without_a_bias_and_with_square_filters_says_so() -> None:
    implementation = wrap(Channelwise)
    description = implementation.description
    assert not description.has_bias
    assert [str(condition) for condition, _ in description.restrictions] == ["HH == WW"]
    assert wrong(implementation, SIZES.replace("WW=3", "WW=2")) == {}


def jax_conv(x, w, b, stride, padding):
    y = jax.lax.conv_general_dilated(x, w, (stride, stride), ((padding, padding),) * 2)
    return y + b[None, :, None, None]


def jax_without_bias(x, w, *, stride, padding):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), ((padding, padding),) * 2)


def with_rule(sign):
    def conv(x, w, b, stride, padding):
        return jax_conv(x, w, b, stride, padding)

    def fwd(x, w, b, stride, padding):
        return jax_conv(x, w, b, stride, padding), (x, w, b)

    def bwd(stride, padding, residuals, dout):
        dx, dw, db = jax.vjp(lambda *given: jax_conv(*given, stride, padding), *residuals)[1](dout)
        return sign * dx, dw, db

    rule = jax.custom_vjp(conv, nondiff_argnums=(3, 4))
    rule.defvjp(fwd, bwd)
    return rule


@quick_rows(1, "the rows differ in how the function was made")
@pytest.mark.parametrize(
    "forward",
    [jax_conv, jax_without_bias, with_rule(1), jax.jit(jax_conv, static_argnums=(3, 4))],
)
def test_jax_code_is_differentiated_by_its_vjp(forward) -> None:
    implementation = wrap(forward)
    description = implementation.description
    assert description.framework == "jax"
    assert description.convention.startswith("jax: ")
    assert description.convention.endswith(", gradients by jax.vjp")
    assert wrong(implementation) == {}
    assert wrong(implementation, dtype="float32") == {}


def test_a_wrong_custom_vjp_is_what_is_tested() -> None:
    implementation = wrap(with_rule(-1))
    assert implementation.description.location["dL/dx"] != implementation.description.location["y"]
    assert wrong(implementation) == {"dL/dx": "value"}


def test_a_pair_of_functions_on_jax_arrays_computes_in_double_precision() -> None:
    def backward(dout, x, w, b, stride, padding):
        assert dout.dtype == np.float64
        pulled = jax.vjp(lambda *given: jax_conv(*given, stride, padding), x, w, b)[1]
        return pulled(jnp.asarray(dout, dtype=np.float64))

    assert wrong(wrap(jax_conv, backward)) == {}


def test_the_users_precision_of_jax_is_left_alone() -> None:
    _ = results(wrap(jax_conv))
    assert jnp.ones(2).dtype == np.float32
    with double_precision({"x": np.ones(2)}):
        assert jnp.ones(2).dtype == np.float64
    with double_precision({"x": np.ones(2, np.float32)}):
        assert jnp.ones(2).dtype == np.float32


@pytest.mark.parametrize("forward", [torch_conv, jax_conv])
def test_bfloat16_goes_through_exactly(forward) -> None:
    ml_dtypes = pytest.importorskip(
        "ml_dtypes", reason="needs the extra: pip install 'symconv[jax]'"
    )
    assert wrong(wrap(forward), dtype=ml_dtypes.bfloat16) == {}


def test_bfloat16_is_read_as_float32_where_numpy_has_none(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    tensor = torch.tensor([1.0, -3.0]).to(torch.bfloat16)
    assert from_tensor(tensor).dtype == np.float32
    assert from_tensor(tensor).tolist() == [1.0, -3.0]


@pytest.mark.parametrize(("forward", "name"), [(torch_conv, "torch"), (jax_conv, "jax")])
def test_arrays_of_python_objects_do_not_go_through(forward, name) -> None:
    with pytest.raises(NotSupported, match=f"{name} has no arrays of Python objects"):
        results(wrap(forward), dtype="object")


@pytest.mark.parametrize(("forward", "name"), [(torch_by_hand, "torch"), (jax_conv, "jax")])
def test_whole_numbers_have_no_gradients(forward, name) -> None:
    with pytest.raises(NotSupported, match=f"{name} does not differentiate"):
        results(wrap(forward), dtype="int64")


def test_a_dtype_without_tensors_does_not_go_through() -> None:
    with pytest.raises(NotSupported, match="torch has no tensors of complex256"):
        to_tensor("torch", np.ones(2, np.clongdouble))


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_tensors_share_no_memory_with_arrays(framework) -> None:
    array = np.ones(3, np.float32)
    tensor = to_tensor(framework, array)
    array[:] = 7
    assert from_tensor(tensor).tolist() == [1, 1, 1]


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_a_framework_that_is_not_there_is_asked_for(framework, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, framework, None)
    with pytest.raises(UsageError, match=f"this code needs {framework}") as caught:
        frameworks.imported(framework)
    assert caught.value.help == f"pip install 'symconv[{framework}]'"


def test_a_function_of_autograd_follows_no_other_convention() -> None:
    with pytest.raises(UsageError, match=r"Rule is a torch\.autograd\.Function, which the class"):
        wrap(Rule, convention="class")
    with pytest.raises(UsageError, match="OwnConv is a class, which the cs231n convention"):
        wrap(OwnConv, convention="cs231n")
