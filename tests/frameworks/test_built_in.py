"""Modules of PyTorch that have their settings built in: these are read off them."""

import pytest

from symconv.errors import UsageError
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Verdict

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn


POOLED = "N=2,C=3,H=5,W=6,HH=2,WW=2,S=2,P=0"
DILATED = "N=2,C=3,H=5,W=6,F=4,HH=3,WW=2,S=1,P=2,Dh=2,Dw=2"
GIVEN = "N=2,C=3,H=5,W=6,F=4,HH=3,WW=2,Sh=2,Sw=1,P=1,Dh=2,Dw=2"


class Given(nn.Module):
    """What a layer is given, it has not built in."""

    def __init__(self, stride):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=stride, padding=1, dilation=2)

    def forward(self, x):
        return self.conv(x)


class Cropped(Given):
    """A module whose output lacks a row where there are several."""

    def forward(self, x):
        y = self.conv(x)
        return y[:, :, :-1] if y.shape[2] > 1 else y


class Negative(nn.Module):
    """A pooling that changes a sign."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        return -self.pool(x)


class Two(nn.Module):
    """Two layers, so that nothing is read off."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return self.second(self.first(x))


@pytest.mark.parametrize(
    ("module", "layer", "built_in"),
    [
        (nn.Conv2d(3, 4, 3, stride=2, padding=1), "conv2d", "S=2 P=1"),
        (nn.Conv2d(3, 4, 3, padding="valid"), "conv2d", "S=1 P=0"),
        (nn.Conv2d(3, 4, 3, padding="same"), "conv2d same", "S=1"),
        (nn.Conv2d(3, 4, 3, stride=(1, 2), dilation=2), "conv2d strides dilation", "Sh=1 Sw=2 P=0 Dh=2 Dw=2"),  # noqa: E501
        (nn.Conv1d(4, 4, 3, groups=2, padding_mode="circular", padding=1), "conv1d circular groups", "S=1 P=1 G=2"),  # noqa: E501
        (nn.Sequential(nn.Conv3d(2, 3, 2, padding=(0, 1, 0))), "conv3d paddings", "S=1 Pz=0 Ph=1 Pw=0"),  # noqa: E501
        (nn.ConvTranspose1d(3, 4, 3, stride=2, output_padding=1), "conv_transpose1d output_padding", "S=2 P=0 Ow=1"),  # noqa: E501
        (nn.AvgPool2d((3, 2), 2), "avg_pool2d", "S=2 P=0 HH=3 WW=2"),
        (nn.AvgPool1d(7, ceil_mode=True, count_include_pad=False), "avg_pool1d exclude_padding ceil", "S=7 P=0 WW=7"),  # noqa: E501
        (nn.AvgPool2d(2, divisor_override=3), "avg_pool2d divisor", "S=2 P=0 HH=2 WW=2 V=3"),
    ],
    ids=str,
)  # fmt: skip
def test_a_module_that_is_made_tells_its_layer_and_its_settings(module, layer, built_in) -> None:
    description = wrap(module).description
    assert description.layer == layer_by_name(layer).name
    limits = [condition for condition, _ in description.restrictions]
    found = {str(one.left): int(str(one.right)) for one in limits if one.relation == "=="}
    assert found == {name: int(value) for name, value in (o.split("=") for o in built_in.split())}
    assert shape_classes(layer_by_name(layer), tuple(limits))


def test_what_is_given_is_varied_and_the_rest_read_off() -> None:
    description = wrap(Given).description
    assert description.layer == "conv2d strides dilation"
    assert {reason for _, reason in description.restrictions} == {
        "its Conv2d has the padding 1",
        "its Conv2d has the dilation 2",
    }


def test_a_setting_that_the_layer_has_not_is_refused_with_the_word_for_it() -> None:
    with pytest.raises(
        UsageError, match="its Conv2d has the dilation 2, which conv2d has not"
    ) as e:
        _ = wrap(nn.Conv2d(3, 4, 3, dilation=2), layer="conv2d")
    assert 'say --layer "conv2d dilation"' in str(e.value.help)


def test_two_layers_tell_nothing() -> None:
    reasons = {reason for _, reason in wrap(Two).description.restrictions}
    assert reasons == {"Two() has no stride", "Two() has no padding"}


def test_what_pads_around_the_layer_is_found_by_trying() -> None:
    module = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3, stride=2))
    report = check_implementation(module, only="y", isolate=False)
    assert {one.verdict for one in report.conclusions} == {Verdict.VERIFIED}
    assert report.read_as == {"stride": 2, "padding": 1}


@pytest.mark.parametrize(
    ("module", "only", "sizes", "verdict"),
    [
        (nn.AvgPool2d(2), "y,dx", POOLED, Verdict.VERIFIED),
        (Negative, "y", POOLED, Verdict.REFUTED),
        (nn.Conv2d(3, 4, 3, dilation=2, padding=2), "y,dw", DILATED, Verdict.VERIFIED),
        (Cropped, "y", GIVEN, Verdict.REFUTED),
    ],
    ids=["pooling", "pooling with a sign", "dilated", "dilated and cropped"],
)
def test_such_modules_are_judged(module, only, sizes, verdict) -> None:
    report = check_implementation(module, only=only, sizes=sizes, isolate=False)
    assert {one.verdict for one in report.conclusions} == {verdict}
