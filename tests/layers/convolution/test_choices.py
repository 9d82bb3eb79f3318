"""What a member of the family is called, and which choices contradict each other."""

from __future__ import annotations

import pytest

from symconv.errors import UsageError
from symconv.layers.convolution.builder import build
from symconv.layers.convolution.direct import statements
from symconv.layers.convolution.frame import LayerFrame
from symconv.layers.convolution.member_choices import Choices
from symconv.layers.registry import FAMILY, average_pooling, conv2d, convolution, layer_by_name


@pytest.mark.parametrize("name", FAMILY)
def test_a_name_makes_the_layer_that_has_it(name):
    assert layer_by_name(name).name == name


def test_words_may_stand_in_any_order():
    assert layer_by_name("conv2d groups dilation") is layer_by_name("conv2d dilation groups")


def test_choices_and_words_make_the_same_layer():
    made = convolution(stride="each axis", dilation=True, groups=True)
    assert made is layer_by_name("conv2d strides dilation groups")
    assert convolution(3, transposed=True, padding="none").name == "conv_transpose3d valid"
    assert average_pooling(1, ceil_mode=True).name == "avg_pool1d ceil"


def test_the_layer_of_the_post_is_the_one_without_choices():
    assert convolution() is conv2d() is layer_by_name("conv2d")


def test_the_family_derives_what_the_post_derives():
    frame = LayerFrame(Choices())
    made = {item.key: item for item in statements(frame)}
    assert made.pop("dL/dx:gather")
    assert {item.key for item in conv2d().statements} == {*made, "y:example"}
    assert build(frame).definitions == conv2d().definitions


SIZES = {
    "conv1d": "N C W F WW S P",
    "conv3d": "N C Z H W F ZZ HH WW S P",
    "conv2d strides sides": "N C H W F HH WW Sh Sw Ph0 Ph1 Pw0 Pw1",
    "conv3d strides paddings dilation": "N C Z H W F ZZ HH WW Sz Sh Sw Pz Ph Pw Dz Dh Dw",
    "conv2d groups": "N C H W F G HH WW S P",
    "conv1d depthwise": "N C W M WW S P",
    "conv1d unstrided same": "N C W F WW",
    "conv_transpose2d strides output_padding": "N C H W F HH WW Sh Sw P Oh Ow",
    "avg_pool2d valid": "N C H W HH WW S",
    "linear": "N C F",
}


@pytest.mark.parametrize(("name", "sizes"), SIZES.items())
def test_sizes_are_given_as_users_type_them(name, sizes):
    assert [size.name for size in layer_by_name(name).given] == sizes.split()


@pytest.mark.parametrize("more", ["", " dilation", " dilation groups"])
def test_output_padding_without_a_stride_is_as_large_as_the_dilation_allows(more):
    layer = layer_by_name(f"conv_transpose1d unstrided output_padding{more}")
    least = [size for size in layer.minimum if size.name == "Ow"]
    sizes = [layer.sizes(text) for text in layer.default_sizes]
    assert least
    assert max(one["Ow"] for one in sizes) == (1 if more else 0)


CONTRADICTIONS = {
    "conv_transpose2d same": "a transposed layer has no padding 'same'",
    "conv_transpose1d circular": "a transposed layer has no padding mode 'circular'",
    "conv2d valid reflect": "reflect padding needs a padding",
    "conv2d output_padding": "only a transposed layer has an output padding",
    "conv2d same valid": "same and valid choose the same thing",
    "conv2d groups depthwise": "groups and depthwise choose the same thing",
    "linear groups": "linear has no choice 'groups'",
    "avg_pool2d causal": "avg_pool2d has no choice 'causal'",
    "avg_pool2d same ceil": "with padding 'same' no window stands out",
}


@pytest.mark.parametrize(("name", "fact"), CONTRADICTIONS.items())
def test_contradicting_choices_are_refused(name, fact):
    with pytest.raises(UsageError, match=fact) as caught:
        layer_by_name(name)
    assert caught.value.help


REFUSED = {
    "stride": (lambda: convolution(stride="both"), "stride = 'both' is not known"),
    "axes": (lambda: convolution(4), "axes = 4 is not known"),
    "groups twice": (lambda: convolution(groups=True, depthwise=True), "as many groups"),
    "affine": (lambda: convolution(0, dilation=True), "an affine layer has no axes"),
    "pooling": (lambda: average_pooling(0), "axes = 0 is not known"),
    "pooling's padding": (lambda: average_pooling(padding="causal"), "has no padding 'causal'"),
}


@pytest.mark.parametrize(("make", "fact"), REFUSED.values(), ids=REFUSED)
def test_choices_that_are_not_known_are_refused(make, fact):
    with pytest.raises(UsageError, match=fact):
        make()


@pytest.mark.parametrize(
    ("name", "near"), [("conv2", "conv2d"), ("conv2d dilations", "dilation"), ("lstm", "linear")]
)
def test_an_unknown_name_or_word_gets_the_nearest(name, near):
    with pytest.raises(UsageError) as caught:
        layer_by_name(name)
    assert near in caught.value.help


OUT_OF_RANGE = {
    "groups that do not divide": ("conv1d groups", "N=1,C=3,W=4,F=4,G=2,WW=1,S=1,P=0"),
    "an output padding of a stride": (
        "conv_transpose1d output_padding",
        "N=1,C=1,W=4,F=1,WW=3,S=2,P=0,Ow=2",
    ),
    "a padding that reflects more than there is": (
        "conv1d reflect",
        "N=1,C=1,W=2,F=1,WW=1,S=1,P=2",
    ),
    "a window of padding alone": ("avg_pool1d", "N=1,C=1,W=4,WW=2,S=1,P=2"),
    "a window that does not fit": ("conv1d dilation", "N=1,C=1,W=4,F=1,WW=3,S=1,P=0,Dw=2"),
}


@pytest.mark.parametrize(("name", "sizes"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_sizes_that_a_choice_forbids_are_refused(name, sizes):
    with pytest.raises(UsageError):
        layer_by_name(name).sizes(sizes)
