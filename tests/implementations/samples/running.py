"""Running a sample by hand: what its user would write, with nothing of symconv in it.

Arrays come and go in the layer's own order of axes: x is (N, C, H, W), w is (F, C, HH, WW).
"""

import contextlib
import io
import types

import numpy as np

GRADIENTS = ("dL/dx", "dL/dw", "dL/db")
RESULTS = ("y", *GRADIENTS)


def load(sample):
    """Run a sample's text afresh, so that nothing is left in it of earlier runs."""
    module = types.ModuleType(f"sample_{sample.name}")
    exec(compile(sample.text, f"{sample.name}.py", "exec"), module.__dict__)
    return module


def written(sample, folder):
    """Write a sample's text to a file of a folder, as its user has it; return the path."""
    path = folder / f"{sample.name}.py"
    path.write_text(sample.text)
    return path


def run(module, call, arrays, s, times=1):
    """Run both passes, several times where asked, and keep the results of the last.

    Returns what each result is (an array in the layer's order, None, or the exception that
    its pass ended with; a result is left out where its pass was never reached), and the names
    of the inputs that are not what they were.
    """
    own = {name: to_own(name, array, call) for name, array in arrays.items()}
    before = {name: array.copy() for name, array in own.items()}
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        call_once = _STYLES[call.style](module, call, own, s)
        for _ in range(times):
            results = call_once()
    changed = {name for name, array in own.items() if not np.array_equal(array, before[name])}
    return {name: from_own(name, result, call) for name, result in results.items()}, changed


def to_own(name, array, call):
    """Return a copy of an array as a sample takes it; memory keeps its order."""
    if name == "b":
        return array.reshape([size or len(array) for size in call.bias_shape or (None,)]).copy()
    if name == "w":
        return array.transpose(["OIHW".index(axis) for axis in call.filters]).copy()
    if "N" not in call.images:
        array = array[0]
    axes = "NCHW" if "N" in call.images else "CHW"
    order = "F" if array.flags.fnc else "C"
    return array.transpose([axes.index(axis) for axis in call.images]).copy(order)


def from_own(name, result, call):
    """Return what a sample returned as an array of the layer, as far as its shape allows it."""
    if not isinstance(result, np.ndarray | np.generic):
        return result
    if name == "dL/db":
        length = result.shape[-1] if result.ndim else 0
        own = tuple(size or length for size in call.bias_shape or (None,))
        return result.reshape(length) if result.shape == own else result
    wanted, have = ("OIHW", call.filters) if name == "dL/dw" else ("NCHW", call.images)
    if result.ndim != len(have):
        return result
    result = result.transpose([have.index(axis) for axis in wanted if axis in have])
    return result if "N" in have or name == "dL/dw" else result[None]


def _forward_then_backward(forward, backward):
    """Return the results of two passes; the second is given what is left of the first."""
    try:
        y, left = forward()
    except (Exception, SystemExit) as error:
        return {"y": error}
    return {"y": y, **_gradients(lambda: backward(left))}


def _gradients(backward):
    try:
        gradients = backward()
    except (Exception, SystemExit) as error:
        return dict.fromkeys(GRADIENTS, error)
    return dict(zip(GRADIENTS, (*gradients, None)[:3], strict=True))


def _cs231n(module, call, own, s):
    forward, backward = (getattr(module, name) for name in call.names)
    return lambda: _forward_then_backward(
        lambda: forward(own["x"], own["w"], own["b"], {"stride": s["S"], "pad": s["P"]}),
        lambda cache: backward(own["dout"], cache),
    )


def _plain_cache(module, call, own, s):
    forward, backward = (getattr(module, name) for name in call.names)
    return lambda: _forward_then_backward(
        lambda: forward(own["x"], own["w"], own["b"], s["S"], s["P"]),
        lambda cache: backward(own["dout"], cache),
    )


def _plain(module, call, own, s):
    forward, backward = (getattr(module, name) for name in call.names)
    names = ("x", "w", "b") if call.bias_shape else ("x", "w")
    inputs = [own[name] for name in names]

    def both():
        try:
            y = forward(*inputs, s["S"], s["P"])
        except (Exception, SystemExit) as error:
            y = error
        return {"y": y, **_gradients(lambda: backward(own["dout"], *inputs, s["S"], s["P"]))}

    return both


def _of_layer(layer, call, own):
    def backward(_):
        dx = layer.backward(own["dout"])
        return dx, *(getattr(layer, name) for name in call.attributes)

    return lambda: _forward_then_backward(lambda: (layer.forward(own["x"]), None), backward)


def _class(module, call, own, s):
    layer = getattr(module, call.names[0])(own["w"], own["b"], s["S"], s["P"])
    return _of_layer(layer, call, own)


def _class_sizes(module, call, own, s):
    kernel = (s["HH"], s["WW"])
    layer = getattr(module, call.names[0])(s["C"], s["F"], kernel, s["S"], s["P"])
    layer.weight[...], layer.bias[...] = own["w"], own["b"]
    return _of_layer(layer, call, own)


def _of_tensors(function, tensors, dout):
    import torch

    def backward(y):
        y.backward(torch.from_numpy(dout.copy()))
        return [None if a.grad is None else a.grad.numpy() for a in tensors]

    def both():
        results = _forward_then_backward(lambda: (function(tensors[0]),) * 2, backward)
        if isinstance(results["y"], torch.Tensor):
            results["y"] = results["y"].detach().numpy()
        return results

    return both


def _torch_callable(module, call, own, s):
    import torch

    x, w, b = (torch.tensor(own[name], requires_grad=True) for name in ("x", "w", "b"))
    function = getattr(module, call.names[0])
    if call.style == "torch-function":
        function = function.apply
    return _of_tensors(lambda x: function(x, w, b, s["S"], s["P"]), (x, w, b), own["dout"])


def _torch_module(module, call, own, s):
    import torch

    layer = getattr(module, call.names[0])(s["C"], s["F"], (s["HH"], s["WW"]), s["S"], s["P"])
    layer = layer.double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(own["w"]))
        layer.bias.copy_(torch.from_numpy(own["b"]))
    x = torch.tensor(own["x"], requires_grad=True)
    return _of_tensors(layer, (x, layer.weight, layer.bias), own["dout"])


def _jax_callable(module, call, own, s):
    import jax

    function = getattr(module, call.names[0])

    def forward():
        inputs = (jax.numpy.array(own[name]) for name in ("x", "w", "b"))
        y, pull_back = jax.vjp(lambda x, w, b: function(x, w, b, s["S"], s["P"]), *inputs)
        return np.asarray(y), pull_back

    def backward(pull_back):
        return [np.asarray(gradient) for gradient in pull_back(jax.numpy.array(own["dout"]))]

    def both():
        with jax.enable_x64(True):
            return _forward_then_backward(forward, backward)

    return both


_STYLES = {
    "cs231n": _cs231n,
    "plain": _plain,
    "plain-cache": _plain_cache,
    "class": _class,
    "class-sizes": _class_sizes,
    "torch-callable": _torch_callable,
    "torch-function": _torch_callable,
    "torch-module": _torch_module,
    "jax-callable": _jax_callable,
}
