"""How people name the arguments, results and functions of a convolution: tables of data.

Names are compared without case and underscores: ``A_prev``, ``a_prev`` and ``aPrev`` are one.
A *role* is what a parameter is for: an array of the layer (``x``, ``w``, ``b``, ``dout``), a
size, or one of the words below.
"""

from __future__ import annotations

import re
from functools import cache

from symconv.algebra.indices import Size
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer

_LAYER = default_layer()
STRIDE = "stride"
PADDING = "padding"
DILATION = "dilation"
GROUPS = "groups"
OUTPUT_PADDING = "output_padding"
HYPER = "hyper"
"""A dictionary that holds stride and padding."""
CACHE = "cache"
"""What the forward pass left for the backward pass."""
CHANNELS = "C"
FILTERS = "F"
KERNEL = "kernel"
"""Height and width of the filters in one parameter."""
HAS_BIAS = "has_bias"
"""A flag that says whether there is a bias."""
WITHOUT_BIAS = "without_bias"
"""What stands among the sizes of a request that runs code without its bias."""
EVALUATING = "evaluating"
"""What stands among the sizes of a request that runs a class in evaluation mode."""
CALLED_BEFORE = "called_before"
"""What stands there for a class that saw another x before: 1 in forward, 2 in backward too."""
ALONE = "alone_{}"
"""What stands there for the one input by which a run is differentiated, by its name."""
TRAINING = "training"
"""The attribute that says in which mode an instance is."""
X_SHAPE = "x_shape"
W_SHAPE = "w_shape"
FOREIGN = "foreign"
"""Something that the layer does not have; never guessed to be something else."""

_WORDS_BY_ROLE = {
    **_LAYER.words,
    STRIDE: "s stride strides step st",
    PADDING: "p pad pads padding paddings padwidth padsize zeropad zeropadding npad",
    HYPER: "convparam convparams hparameters hparams hparam hyperparameters hyperparams hyper "
    "param params parameters config cfg options opts settings poolparam poolparams",
    CACHE: "cache caches cached ctx context saved memory memo residual residuals res state tape",
    CHANNELS: "inchannels inputchannels cin nin inch channels c numchannels nchannels inc "
    "inputdepth indepth inchannel inplanes inputchannel numinputchannels numinchannels",
    FILTERS: "outchannels numfilters nfilters cout nout outch outputchannels numkernels nkernels "
    "outchannel outdepth planes nfilter numfilter nkernel numkernel filtercount "
    "numoutputchannels numoutchannels noffilters",
    KERNEL: "kernelsize ksize filtersize kernelshape filtershape fsize windowsize size poolsize "
    "window",
    "HH": "hh kh kernelheight filterheight fh hfilter filterh hkernel kernelh poolheight poolh",
    "WW": "ww kw kernelwidth filterwidth fw wfilter filterw wkernel kernelw poolwidth poolw",
    X_SHAPE: "xshape inputshape inputsize inshape imageshape xsize xdim xdims inputdim inputdims "
    "imagesize imagedim",
    W_SHAPE: "wshape wsize weightshape weightsize weightsshape weightssize",
    DILATION: "dilation dilations dilationrate dilate dil atrousrate",
    GROUPS: "groups group ngroups numgroups featuregroupcount",
    OUTPUT_PADDING: "outputpadding outpadding outpad outputpad",
    FOREIGN: "paddingmode mode axis axes lr learningrate divisor divisoroverride "
    "eta alpha dtype device activation name dim dims slope learnrate rate stepsize momentum "
    "optimizer optimiser self",
}
_ROLE_BY_WORD = {word: role for role, words in _WORDS_BY_ROLE.items() for word in words.split()}
_SETTINGS = (DILATION, GROUPS, OUTPUT_PADDING)
_NAMES_OF_AXES = {"Z": "z d depth", "H": "h y height", "W": "w x width"}
_NAMES_OF_SETTINGS = {
    "stride": "stride{0} s{0} {0}stride strides{0}",
    "padding_before": "padding{0} pad{0} p{0} {0}pad {0}padding",
    "dilation": "dilation{0} d{0} dil{0} {0}dilation",
    "output_padding": "outputpadding{0} outpad{0} op{0}",
}
_NAMES_OF_SIDES = {
    ("Z", 0): "padfront front",
    ("Z", 1): "padback back",
    ("H", 0): "padtop top padt ptop",
    ("H", 1): "padbottom bottom padb pbottom",
    ("W", 0): "padleft left padl pleft",
    ("W", 1): "padright right padr pright",
}

_ROLES_BY_PURPOSE = {
    "forward": f"x w b {STRIDE} {PADDING} {HYPER} {CHANNELS} {FILTERS} {KERNEL} HH WW",
    "backward": f"dout x w b y {STRIDE} {PADDING} {HYPER} {CACHE} {KERNEL} {CHANNELS} {FILTERS} "
    f"HH WW {X_SHAPE} {W_SHAPE}",
    "constructor": f"w b {STRIDE} {PADDING} {HYPER} {CHANNELS} {FILTERS} {KERNEL} HH WW",
}

RESULT_BY_INPUT = _LAYER.gradient_by_input
_AROUND_A_GRADIENT = ("d{}", "grad{}", "{}grad", "gradient{}", "{}gradient", "delta{}", "dld{}")
_RESULT_BY_WORD = {
    pattern.format(word): result
    for role, result in RESULT_BY_INPUT.items()
    for word in _WORDS_BY_ROLE[role].split()
    for pattern in _AROUND_A_GRADIENT
}

WEIGHT_ATTRIBUTES = tuple(_WORDS_BY_ROLE["w"].split())
BIAS_ATTRIBUTES = tuple(_WORDS_BY_ROLE["b"].split())
GRADIENT_DICTIONARIES = ("grads", "gradients", "grad", "gradient", "dparams")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_RESULT = _words(
    "name layername layerid label device verbose debug seed randomseed rng randomstate "
    "generator key prngkey dtype logger logging loglevel trainable requiresgrad weightscale "
    "weightstd weightinit initstd initscale init initializer initialiser initialization "
    "initmethod kernelinitializer weightinitializer biasinitializer profile progress"
)
"""What a parameter may be called that says nothing of a result; weights are set afterwards."""
_BIAS_FLAGS = _words("bias usebias hasbias withbias addbias includebias biasterm")
_MEASURES = _words(
    "stride strides pad pads padding paddings size sizes shape shapes dilation dilations ksize"
)
_FORWARD_TOKENS = _words("forward forwards fwd fprop fw")
_BACKWARD_TOKENS = _words(
    "backward backwards bwd bprop back backprop backpropagation bw grad grads gradient gradients "
    "vjp derivative derivatives"
)
SAID_OF_PASSES = "forward or backward, bwd, backprop, grad, vjp, dx, dw or db"
"""Some of the words above, for people."""
_CONVOLUTION = re.compile(r"(?:my|naive|fast|simple)?(?:conv|correl|crosscorrel|corr2d|xcorr)")
_OTHER_TOKENS = _words(
    "pool pooling maxpool avgpool relu norm batchnorm layernorm groupnorm instancenorm bn ln "
    "affine spatial fc dense linear dropout softmax svm sigmoid tanh rnn lstm gru attention loss "
    "deconv transpose transposed depthwise separable pointwise upsample conv1d conv3d 1d 3d "
    "test tests check numeric numerical size shape dim dims step convert converter converts "
    "converted conversion convergence converge"
)
_DIFFERENTIALS = {
    "dL/dx": _words("dx da dinput dinputs"),
    "dL/dw": _words("dw dk dweight dweights dkernel dkernels dfilter dfilters"),
    "dL/db": _words("db dbias"),
}
_PARTS = {
    "dL/dx": _DIFFERENTIALS["dL/dx"] | _words("x input inputs"),
    "dL/dw": _DIFFERENTIALS["dL/dw"] | _words("w weight weights filter filters kernel kernels"),
    "dL/db": _DIFFERENTIALS["dL/db"] | _words("b bias biases"),
}
_ALL_DIFFERENTIALS = frozenset[str]().union(*_DIFFERENTIALS.values())
_ALL_PARTS = frozenset[str]().union(*_PARTS.values())
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def plain(name: str) -> str:
    """Return a name as it is compared: without case and underscores."""
    return name.replace("_", "").casefold()


def role_of(name: str, purpose: str, layer: Layer | None = None) -> str | None:
    """Return what a parameter of a function for a purpose is for, None if its name is not known.

    A name that means something which such a function cannot be given is `FOREIGN`.

    Args:
        name: the name.
        purpose: what the function does.
        layer: whose settings it may be, such as a dilation; those of the usual layer when left
            out. A setting of one axis has the name of its size as its role.
    """
    layer = layer or _LAYER
    own = _roles_of(layer)
    role = own.get(name) or own.get(plain(name)) or _ROLE_BY_WORD.get(plain(name))
    if has_own_names(layer) and role not in own.values() and role not in _OF_EVERY_LAYER:
        # A layer of one's own has its own sizes, and no others.
        return None
    if role is None or role in _ROLES_BY_PURPOSE[purpose].split() or role in own.values():
        return role
    return FOREIGN


def has_own_names(layer: Layer) -> bool:
    """Tell a layer of one's own, whose arrays and sizes are parameters by their names in it.

    `Layer.words` has those of its loss too, which code never sees.
    """
    return "L" in layer.words


def is_setting(name: str, role: str) -> bool:
    """Tell whether a name is one of a setting that not every layer has: a dilation, groups."""
    return plain(name) in _WORDS_BY_ROLE[role].split()


_OF_EVERY_LAYER = frozenset(("x", "w", "b", "y", "dout", CACHE, X_SHAPE, W_SHAPE, FOREIGN))


@cache
def _roles_of(layer: Layer) -> dict[str, str]:
    """Return what names mean that not every layer has: settings, or all of a layer of one's own."""
    if has_own_names(layer):
        return {name: role for role, name in layer.words.items() if role != "L"}
    has = {
        DILATION: any(isinstance(axis.dilation, Size) for axis in layer.axes),
        GROUPS: {"G", "M"} & {size.name for size in layer.given},
        OUTPUT_PADDING: any(isinstance(axis.output_padding, Size) for axis in layer.axes),
    }
    found = {word: role for role in _SETTINGS if has[role] for word in _WORDS_BY_ROLE[role].split()}
    if "V" in {size.name for size in layer.given}:
        found |= dict.fromkeys(("v", "divisor", "divisoroverride"), "V")
    if {"M"} & {size.name for size in layer.given}:
        words = "m multiplier channelmultiplier depthmultiplier channelsmultiplier"
        found |= dict.fromkeys(words.split(), "M")
    for axis in layer.axes:
        for setting, patterns in _NAMES_OF_SETTINGS.items():
            size = getattr(axis, setting)
            shared = sum(size == getattr(other, setting) for other in layer.axes) > 1
            if not isinstance(size, Size) or shared or size not in layer.given:
                continue
            for letter in _NAMES_OF_AXES.get(axis.input.name, "").split():
                found |= dict.fromkeys(patterns.format(letter).split(), size.name)
        if axis.padding_before != axis.padding_after:
            for side, size in enumerate((axis.padding_before, axis.padding_after)):
                words = _NAMES_OF_SIDES.get((axis.input.name, side), "")
                found |= dict.fromkeys(words.split(), str(size))
    return found


def is_about_no_result(name: str) -> bool:
    """Tell a parameter that changes no result, whatever its value: ``name``, ``verbose``."""
    return plain(name) in _NO_RESULT


def is_bias_flag(name: str) -> bool:
    """Tell what a flag is called that switches the bias on and off: ``use_bias``."""
    return plain(name) in _BIAS_FLAGS


def is_measure(name: str) -> bool:
    """Tell a name of a stride, padding or shape, which is no array: ``stride_shape``."""
    return not _MEASURES.isdisjoint(tokens(name))


def gradient_of(name: str) -> str | None:
    """Return the result that a name of a gradient means: ``grad_weight`` is ``dL/dw``."""
    return _RESULT_BY_WORD.get(plain(name))


def tokens(name: str) -> tuple[str, ...]:
    """Split a function's name into words in lower case: ``convBackward_fast``."""
    return tuple(part.casefold() for part in re.split(r"_+", _CAMEL.sub("_", name)) if part)


def is_convolution(name: str) -> bool:
    """Tell whether a function's name speaks of a 2-D convolution and of nothing else."""
    words = tokens(name)
    return any(_CONVOLUTION.match(word) for word in words) and not is_other(name)


def is_other(name: str) -> bool:
    """Tell whether a function's name speaks of another layer, or of a helper."""
    return not _OTHER_TOKENS.isdisjoint(word.removesuffix("2d") for word in tokens(name))


def direction_of(name: str) -> str | None:
    """Return ``forward`` or ``backward`` where a function's name says so."""
    words = set(tokens(name))
    if words & _BACKWARD_TOKENS or words & _ALL_DIFFERENTIALS:
        return "backward"
    return "forward" if words & _FORWARD_TOKENS else None


def part_of(name: str) -> str | None:
    """Return the one gradient that a backward function's name speaks of, if it does of one."""
    words = set(tokens(name))
    parts = [result for result, spoken in _PARTS.items() if words & spoken]
    return parts[0] if len(parts) == 1 else None


def is_differential(name: str) -> bool:
    """Tell a name that can only mean one gradient, ``conv_dx``, from one that may mean all."""
    return not _ALL_DIFFERENTIALS.isdisjoint(tokens(name))


def variant_of(name: str) -> tuple[str, ...]:
    """Return what is left of a name without direction and part, by which functions pair up."""
    left_out = _FORWARD_TOKENS | _BACKWARD_TOKENS | _ALL_PARTS
    return tuple(word for word in tokens(name) if word not in left_out)
