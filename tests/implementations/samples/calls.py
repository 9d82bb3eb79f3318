"""The ways in which samples are called, and short names for what they return."""

from samples.entries import Call

Y, DX, DW, DB = ("y",), ("dL/dx",), ("dL/dw",), ("dL/db",)
GRADIENTS = (*DX, *DW, *DB)
VALUE, SHAPE, RAISED = ("wrong-value",), ("wrong-shape",), ("raised",)
INCOMPLETE = ("incomplete",)

NAIVE = Call("cs231n", ("conv_forward_naive", "conv_backward_naive"))
CS231N = Call("cs231n", ("conv_forward", "conv_backward"))
IM2COL = Call("cs231n", ("conv_forward_im2col", "conv_backward_im2col"))
STRIDES = Call("cs231n", ("conv_forward_strides", "conv_backward_strides"))
COURSE = Call(
    "cs231n",
    ("conv_forward", "conv_backward"),
    images="NHWC",
    filters="HWIO",
    bias_shape=(1, 1, 1, None),
)
PLAIN = Call("plain", ("conv_forward", "conv_backward"))
SHORT = Call("plain", ("forward", "backward"))
NO_BIAS = Call("plain", ("forward", "backward"), bias_shape=None)
FUNCTIONS = Call("plain", ("conv2d_forward", "conv2d_backward"))
SLIDING = Call("plain", ("conv2d", "conv2d_backward"))
SPREAD = Call("plain", ("conv2d", "conv2d_gradients"))
POSITIONS = Call("plain", ("conv_fwd", "conv_bwd"))
IMAGE = Call("plain", ("conv_image", "conv_image_backward"), images="CHW")
NHWC = Call("plain", ("conv2d_nhwc", "conv2d_nhwc_backward"), images="NHWC", filters="OHWI")
UNFOLD = Call("plain-cache", ("conv_forward", "conv_backward"))
CONV = Call("class", ("Conv",))
CONV_LAYER = Call("class", ("ConvLayer",))
CONVOLUTION = Call("class", ("Convolution",), attributes=("dW", "db"))
CONV2D = Call("class-sizes", ("Conv2d",), attributes=("grad_weight", "grad_bias"))
TORCH_CALLABLE = Call("torch-callable", ("conv2d_unfold",))
TORCH_FUNCTION = Call("torch-function", ("Conv2dFunction",))
TORCH_MODULE = Call("torch-module", ("WindowConv2d",))
JAX = Call("jax-callable", ("conv2d",))
