"""Small modules in many conventions, with one mistake each and the way to mend it.

All of them import the same loops from a file beside them, ``my_loops.py``. Where it says
``# WRONG`` something was put in, and taking it out again mends the module.
"""

LOOPS = """
import numpy as np


def slide(x, w, b, S, P):
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    N, F, HH, WW = len(x), len(w), *w.shape[2:]
    rows = (padded.shape[2] - HH) // S + 1
    columns = (padded.shape[3] - WW) // S + 1
    y = np.zeros((N, F, rows, columns), x.dtype)
    for k in range(rows):
        for l in range(columns):
            window = padded[:, None, :, k * S : k * S + HH, l * S : l * S + WW]
            y[:, :, k, l] = (window * w).sum((2, 3, 4))
    return y if b is None else y + b.reshape(-1, 1, 1)


def spread(dout, x, w, S, P):
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    HH, WW = w.shape[2:]
    for n, f, k, l in np.ndindex(*dout.shape):
        place = np.s_[n, :, k * S : k * S + HH, l * S : l * S + WW]
        dx[place] += w[f] * dout[n, f, k, l]
        dw[f] += padded[place] * dout[n, f, k, l]
    return dx[:, :, P : P + x.shape[2], P : P + x.shape[3]], dw, dout.sum((0, 2, 3))
"""

MODULES = {
    "a dictionary of hyperparameters and a cache": '''
def conv_forward(x, w, b, conv_param):
    S, P = conv_param["stride"], conv_param["pad"]
    return slide(x, w, b, S, P), (x, w, S, P)

def conv_backward(dout, cache):
    dx, dw, db = spread(dout, *cache)
    return dx, dw, db * 2  # WRONG
''',
    "more to keep than one value": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding), x, w, stride, padding

def conv_backward(dout, cache):
    dx, dw, db = spread(dout, *cache)
    return dx, dw * 2, db  # WRONG
''',
    "sizes by name only": '''
def conv_forward(x, w, b, *, stride=1, padding=0):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, *, stride=1, padding=0):
    dx, dw, db = spread(dout, x, w, stride, padding)
    return dx * 2, dw, db  # WRONG
''',
    "pairs of sizes": '''
def conv_forward(x, w, b, stride=(1, 1), padding=(0, 0)):
    return slide(x, w, b, stride[0], padding[1]) * 2  # WRONG

def conv_backward(dout, x, w, b, stride=(1, 1), padding=(0, 0)):
    return spread(dout, x, w, stride[0], padding[1])
''',
    "one function for each gradient": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward_dx(dout, x, w, stride, padding):
    return spread(dout, x, w, stride, padding)[0]

def conv_backward_dw(dout, x, w, stride, padding):
    return spread(dout, x, w, stride, padding)[1] * 2  # WRONG

def conv_backward_db(dout):
    return dout.sum((0, 2, 3))
''',
    "dictionaries come back": '''
def conv_forward(x, w, b, stride, padding):
    return {"out": slide(x, w, b, stride, padding), "kept": (x, w, stride, padding)}

def conv_backward(dout, cache):
    dx, dw, db = spread(dout, *cache["kept"])
    return {"db": db, "dw": dw * 2, "dx": dx}  # WRONG
''',
    "an object with attributes comes back": '''
class Gradients:
    def __init__(self, dx, dw, db):
        self.dx, self.dw, self.db = dx, dw, db

def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    found = Gradients(*spread(dout, x, w, stride, padding))
    found.dw = found.dw * 2  # WRONG
    return found
''',
    "no bias": '''
def conv_forward(x, w, stride, padding):
    return slide(x, w, None, stride, padding)

def conv_backward(dout, x, w, stride, padding):
    dx, dw = spread(dout, x, w, stride, padding)[:2]
    return dx, dw * 2  # WRONG
''',
    "a class that is given its weights": '''
class Conv:
    def __init__(self, w, b, stride=1, padding=0):
        self.w, self.b, self.stride, self.padding = w, b, stride, padding

    def forward(self, x):
        self.x = x
        return slide(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        dx, self.dw, self.db = spread(dout, self.x, self.w, self.stride, self.padding)
        self.dw = self.dw * 2  # WRONG
        return dx
''',
    "a class with dictionaries of weights and gradients": '''
class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        HH, WW = kernel_size
        W = np.zeros((out_channels, in_channels, HH, WW))
        self.params = {"W": W, "b": np.zeros(out_channels)}
        self.grads = {}
        self.stride, self.padding = stride, padding

    def __call__(self, x):
        self.x = x
        return slide(x, self.params["W"], self.params["b"], self.stride, self.padding)

    def backward(self, dout):
        W = self.params["W"]
        dx, dw, db = spread(dout, self.x, W, self.stride, self.padding)
        self.grads.update({"W": dw, "b": db * 2})  # WRONG
        return dx
''',
    "a class with weights inside objects": '''
class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None

class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        HH, WW = kernel_size
        self.weight = Parameter(np.zeros((out_channels, in_channels, HH, WW)))
        self.bias = Parameter(np.zeros(out_channels))
        self.stride, self.padding = stride, padding

    def forward(self, x):
        self.x = x
        return slide(x, self.weight.data, self.bias.data, self.stride, self.padding)

    def backward(self, dout):
        found = spread(dout, self.x, self.weight.data, self.stride, self.padding)
        dx, self.weight.grad, self.bias.grad = found
        return dx * 2  # WRONG
''',
    "channels last": '''
def conv_forward(A_prev, W, b, hparameters):
    S, P = hparameters["stride"], hparameters["pad"]
    x, w = A_prev.transpose(0, 3, 1, 2), W.transpose(3, 2, 0, 1)
    return slide(x, w, b.reshape(-1), S, P).transpose(0, 2, 3, 1), (x, w, S, P)

def conv_backward(dZ, cache):
    dx, dw, db = spread(dZ.transpose(0, 3, 1, 2), *cache)
    dw = dw * 2  # WRONG
    return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db.reshape(1, 1, 1, -1)
''',
    "a forward pass that raises": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding) + [][0]  # WRONG

def conv_backward(dout, x, w, b, stride, padding):
    return spread(dout, x, w, stride, padding)
''',
    "a backward pass that always raises": '''
def conv_forward(x, w, b, conv_param):
    S, P = conv_param["stride"], conv_param["pad"]
    return slide(x, w, b, S, P), (x, w, S, P)

def conv_backward(dout, cache):
    dx, dw, db = spread(dout, *cache)
    return dx, dw, db + {}["bias"]  # WRONG
''',
    "an input that changes": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    found = spread(dout, x, w, stride, padding)
    dout *= 2  # WRONG
    return found
''',
    "something left behind by the call before": '''
LEFT = []

def conv_forward(x, w, b, stride, padding):
    LEFT.append(0)
    return slide(x, w, b, stride, padding) + (len(LEFT) > 1)  # WRONG

def conv_backward(dout, x, w, b, stride, padding):
    return spread(dout, x, w, stride, padding)
''',
    "a wrong shape": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    dx, dw, db = spread(dout, x, w, stride, padding)
    dx = dx[:, :, :-1]  # WRONG
    return dx, dw, db
''',
    "not a number": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    dx, dw, db = spread(dout, x, w, stride, padding)
    dw[0, 0, 0, 0] = np.nan  # WRONG
    return dx, dw, db
''',
    "single precision": '''
def conv_forward(x, w, b, stride, padding):
    x = x.astype(np.float32)  # WRONG
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    return spread(dout, x, w, stride, padding)
''',
    "whole numbers only": '''
def conv_forward(x, w, b, stride, padding):
    return slide(x, w, b, stride, padding)

def conv_backward(dout, x, w, b, stride, padding):
    dx, dw, db = spread(dout, x, w, stride, padding)
    dx = dx.astype(int)  # WRONG
    return dx, dw, db
''',
}  # fmt: skip


def wrong(convention):
    """Return the text of a module with its mistake."""
    return "import numpy as np\nfrom my_loops import slide, spread\n\n" + MODULES[convention]


def mended(convention):
    """Return the text of a module without its mistake."""
    lines = []
    for line in wrong(convention).splitlines():
        if line.endswith("# WRONG"):
            for put_in in (" * 2", " + [][0]", ' + {}["bias"]', " + (len(LEFT) > 1)"):
                line = line.replace(put_in, "")
            bare = line.removesuffix("  # WRONG").strip()
            if bare.partition(" ")[0] in ("x", "dout") or bare in _LEFT_OUT:
                continue
        lines.append(line)
    return "\n".join(lines) + "\n"


_LEFT_OUT = ("dx = dx[:, :, :-1]", "dw[0, 0, 0, 0] = np.nan", "dx = dx.astype(int)")
