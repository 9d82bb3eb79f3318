"""How code on tensors of PyTorch or JAX is told from code on arrays."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from mathematics import compute_y

from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.frameworks import framework_of

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'symconv[torch]'")
jax = pytest.importorskip("jax", reason="needs the extra: pip install 'symconv[jax]'")
functional = torch.nn.functional
jnp = jax.numpy


def torch_conv(x, w, b, stride, padding):
    return functional.conv2d(x, w, b, stride=stride, padding=padding)


def jax_conv(x, w, stride):
    return jax.lax.conv(x, w, (stride, stride), "VALID")


class Convolution(torch.nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 4, 2, stride)

    def forward(self, x):
        return self.layer(x)


def annotated_for_numpy(x: np.ndarray, w: "np.ndarray"):
    return torch_conv(x, w, None, 1, 0)


def annotated_for_torch(x: "Tensor", w):
    return compute_y(x, w, None, 1, 0)


def annotated_for_jax(x: jax.Array, w):
    return compute_y(x, w, None, 1, 0)


def through_a_helper(x, w, b, stride, padding):
    return torch_conv(x, w, b, stride, padding)


def importing_inside(x, w):
    import torch.nn.functional as F

    return F.conv2d(x, w)


def nested(x, w):
    return [jnp.sum(item) for item in (x, w)]


def tensors_to_array(x, w):
    return torch.nn.functional.conv2d(x, w).detach().numpy()


def bias_by_way_of_numpy(x, w, b):
    return torch.nn.functional.conv2d(x, w, torch.tensor(b.numpy()))


def bias_made_a_tensor(x, w, b):
    x, w, b = torch.tensor(x), torch.tensor(w), torch.as_tensor(b)
    return torch.nn.functional.conv2d(x, w, b).numpy()


def arrays_through_tensors(x, w):
    x = torch.from_numpy(x)
    return torch.nn.functional.conv2d(x.double(), torch.from_numpy(w)).numpy()


@pytest.mark.parametrize(
    ("function", "framework"),
    [
        (tensors_to_array, "torch"),
        (bias_by_way_of_numpy, "torch"),
        (bias_made_a_tensor, "numpy"),
        (arrays_through_tensors, "numpy"),
        (compute_y, "numpy"),
        (torch_conv, "torch"),
        (through_a_helper, "torch"),
        (importing_inside, "torch"),
        (Convolution, "torch"),
        (jax_conv, "jax"),
        (nested, "jax"),
        (annotated_for_numpy, "numpy"),
        (annotated_for_torch, "torch"),
        (annotated_for_jax, "jax"),
        (len, "numpy"),
    ],
)
def test_a_framework_is_told_by_annotations_and_by_what_is_used(function, framework) -> None:
    assert framework_of(function) == framework


def test_a_framework_that_is_asked_for_is_believed() -> None:
    assert wrap(compute_y, framework="torch").description.framework == "torch"
    assert wrap(compute_y, convention="jax").description.framework == "jax"
    assert wrap(torch_conv, framework="numpy").description.provides == ("y",)
