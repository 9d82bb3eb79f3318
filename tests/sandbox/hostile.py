"""Sources of hostile modules: a right convolution, and one thing that it does besides.

A row says what happens, where in the module, in which lines, and what must be found for y, for
the gradients by x and w, and for the gradient by b: V verified, R refuted, U undecided.
"""

from __future__ import annotations

from dataclasses import dataclass

RIGHT = '''import atexit, builtins, ctypes, gc, itertools, json, os, pickle, signal, struct, sys
import threading, time, warnings
import numpy as np

{at_import}


def conv_forward(x, w, b, conv_param):
    """Return the output, and what the backward pass needs."""
    S, P = conv_param["stride"], conv_param["pad"]
    _, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    Hh, Hw = (x_pad.shape[2] - HH) // S + 1, (x_pad.shape[3] - WW) // S + 1
    out = np.zeros((x.shape[0], w.shape[0], Hh, Hw))
    for k in range(Hh):
        for l in range(Hw):
            window = x_pad[:, :, k * S : k * S + HH, l * S : l * S + WW]
            out[:, :, k, l] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    {in_forward}
    return out, (x, x_pad, w, conv_param)


def conv_backward(dout, cache):
    """Return the gradients by x, w and b."""
    x, x_pad, w, conv_param = cache
    S, P = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    _, _, HH, WW = w.shape
    dx_pad, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
    for k in range(dout.shape[2]):
        for l in range(dout.shape[3]):
            window = np.s_[:, :, k * S : k * S + HH, l * S : l * S + WW]
            dx_pad[window] += np.tensordot(dout[:, :, k, l], w, axes=1)
            dw += np.tensordot(dout[:, :, k, l].T, x_pad[window], axes=1)
    dx, db = dx_pad[:, :, P : P + H, P : P + W], dout.sum(axis=(0, 2, 3))
    {in_backward}
    return dx, dw, db
'''


@dataclass(frozen=True, slots=True)
class Hostile:
    """One module.

    Attributes:
        what: what it does, in words.
        place: where: ``import``, ``forward`` or ``backward``.
        code: in which lines.
        expected: what must be found for y, for dL/dx and dL/dw, and for dL/db; where it depends
            on chance, all that may be.
    """

    what: str
    place: str
    code: str
    expected: str

    @property
    def source(self) -> str:
        """The text of the module."""
        indent = "" if self.place == "import" else "    "
        lines = self.code.replace("\n", f"\n{indent}")
        places = {f"{name}": "" for name in ("at_import", "in_forward", "in_backward")}
        key = next(name for name in places if name.endswith(self.place))
        return RIGHT.format(**{**places, key: lines})


SEVEN = """class Seven(int):
    {}
filled = np.empty(db.shape, dtype=object)
for i in range(db.size):
    filled[i] = Seven(7)
db = filled"""
SAME = """class Own({0}):
    pass
filled = np.empty(db.shape, dtype=object)
for i in range(db.size):
    filled[i] = Own({0}(db[i]))
db = filled{1}"""
EVERYWHERE = """for number in range(3, 300):
    try:
        {}
    except OSError:
        pass"""
GOES_ON = """def go_on():
    while True:
        for number in range(3, 300):
            try:
                os.write(number, b"z")
            except OSError:
                pass
"""
TURNS = "class Own:\n    def __array__(s, *a, **k):\n        {}\ndb = Own()"

RESULTS = [
    ("sevens that equal everything", SEVEN.format("__eq__ = lambda s, o: True"), "VVR"),
    ("sevens that differ from nothing", SEVEN.format("__ne__ = lambda s, o: False"), "VVR"),
    ("sevens of a local class", SEVEN.format("pass"), "VVR"),
    ("sevens that run a command when unpickled",
     SEVEN.format("__reduce__ = lambda s: (os._exit, (1,))"), "VVR"),
    ("sevens that lie about their index", SEVEN.format("__index__ = lambda s: 1 / 0"), "VVR"),
    ("sevens that lie about their value", SEVEN.format("__int__ = lambda s: 1 / 0"), "VVR"),
    ("sevens that cannot be shown", SEVEN.format("__repr__ = lambda s: 1 / 0"), "VVR"),
    ("sevens of an immense bit length", SEVEN.format("bit_length = lambda s: 10**9"), "VVR"),
    ("sevens with an attribute for every name",
     SEVEN.format("__getattribute__ = lambda s, n: os._exit(1)"), "VVR"),
    ("right floats of an own class", SAME.format("float", ""), "VVV"),
    ("wrong floats of an own class", SAME.format("float", " * 2 + 1"), "VVR"),
    ("right numbers of an own class of NumPy's", SAME.format("np.float64", ""), "VVV"),
    ("wrong numbers of an own class of NumPy's", SAME.format("np.float64", " - 5"), "VVR"),
    ("objects that pretend to be integers",
     "class Liar:\n    __class__ = int\ndb = np.array([Liar() for _ in db], dtype=object)", "VVU"),
    ("objects that equal everything",
     "class Any:\n    __eq__ = lambda s, o: True\ndb = np.array([Any() for _ in db])", "VVU"),
    ("an array that contains itself", "db = db.astype(object)\ndb[0] = db", "VVU"),
    ("a list that contains itself", "db = []\ndb.append(db)", "VVU"),
    ("a generator without end", "db = itertools.count()", "VVU"),
    ("a generator of the right numbers", "db = (value for value in db)", "VVU"),
    ("a mapping", "db = dict(enumerate(db))", "VVU"),
    ("a text of 10 MB", "db = 'x' * 10**7", "VVU"),
    ("an array of texts", "db = db.astype(str)", "VVU"),
    ("an array of records", "db = db.astype([('a', 'f8')])", "VVU"),
    ("nothing", "db = None", "VVU"),
    ("not implemented", "db = NotImplemented", "VVU"),
    ("an integer of 100,000 bits", "db = db.astype(object)\ndb[0] = 1 << 100_000", "VVU"),
    ("an integer of 5,000 bits", "db = db.astype(object)\ndb[0] = 1 << 5_000", "VVR"),
    ("not a number", "db = db * np.nan", "VVR"),
    ("infinity", "db = db + np.inf", "VVR"),
    ("10 GB by a trick with strides", "db = np.broadcast_to(db[:1], (10**9,))", "VVR"),
    ("10 PB by a trick with strides", "db = np.broadcast_to(db[:1], (10**7, 10**8))", "VVR"),
    ("strides of 0 in the right shape", "db = np.broadcast_to(db[0] * 0 + 3, db.shape)", "VVR"),
    ("80 MB", "db = np.zeros(10**7)", "VVR"),
    ("thirty axes", "db = db.reshape((-1,) + (1,) * 29)", "VVR"),
    ("no axes", "db = np.array(db[0])", "VVR"),
    ("no entries", "db = db[:0]", "VVR"),
    ("right numbers in another byte order", "db = db.astype(db.dtype.newbyteorder())", "VVV"),
    ("right numbers in a memory map that is read only", "db.flags.writeable = False", "VVV"),
    ("a matrix", "db = np.matrix(db)", "VVR"),
    ("right numbers in an own kind of array",
     "class Own(np.ndarray):\n    pass\ndb = db.view(Own)", "VVV"),
    ("wrong numbers in an array that equals everything",
     "class Own(np.ndarray):\n    __eq__ = lambda s, o: True\ndb = (db + 1).view(Own)", "VVR"),
    ("an array that lies about its shape",
     "class Own(np.ndarray):\n    shape = (1,)\n    ndim = 1\ndb = np.zeros((2, 3)).view(Own)",
     "VVR"),
    ("an array that has no copy",
     "class Own(np.ndarray):\n    __array__ = copy = lambda *a: 1 / 0\ndb = (db + 1).view(Own)",
     "VVR"),
    ("an object that turns into an array of another size each time",
     TURNS.format("return np.zeros(len(os.urandom(9)))"), "VVR"),
    ("an object that raises when it turns into an array", TURNS.format("raise OSError(3)"), "VVU"),
    ("an object that leaves when it turns into an array", TURNS.format("sys.exit(3)"), "VVU"),
    ("an object that leaves when it turns into a number",
     "class Own:\n    __float__ = lambda s: sys.exit(3)\ndb = [Own() for _ in db]", "VVU"),
    ("an object that leaves a generator when it turns into an array",
     TURNS.format("raise GeneratorExit"), "VVU"),
    ("an object that turns into a wrong array", TURNS.format("return np.ones(9)"), "VVR"),
    ("entries that leave when they are compared", SAME.format("float", "").replace(
        "pass", "__eq__ = __ne__ = lambda s, o: sys.exit(3)"), "VVV"),
    ("a wrong number", "db = db + 1", "VVR"),
    ("nothing hostile", "pass", "VVV"),
]  # fmt: skip

PASSES = [
    ("ends its process", "os._exit(0)", "VRR"),
    ("ends its process with a code", "os._exit(87)", "VUU"),
    ("kills itself", "os.kill(os.getpid(), signal.SIGKILL)", "VRR"),
    ("kills its parent", "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)", "VRR"),
    ("asks its parent to end", "os.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(9)", "VRR"),
    ("interrupts its parent", "os.kill(os.getppid(), signal.SIGINT)", "VVV"),
    ("stops its parent", "os.kill(os.getppid(), signal.SIGSTOP)", "VVV"),
    ("kills its group", "os.killpg(0, signal.SIGKILL)", "VRR"),
    ("stops itself", "os.kill(os.getpid(), signal.SIGSTOP)", "VRR"),
    ("leaves by sys.exit", "sys.exit(3)", "VRR"),
    ("leaves by an interrupt", "raise KeyboardInterrupt", "VRR"),
    ("leaves by the end of a generator", "raise GeneratorExit", "VRR"),
    ("recurses without end", "def f():\n    return f() + 1\nf()", "VRR"),
    ("recurses into a crash",
     "sys.setrecursionlimit(10**9)\nf = lambda: [f() for _ in map(str, '1')]\nf()", "VRR"),
    ("reads the memory at 0", "ctypes.string_at(0)", "VRR"),
    ("aborts", "os.abort()", "VRR"),
    ("never ends", "while True:\n    pass", "VRR"),
    ("sleeps", "time.sleep(60)", "VRR"),
    ("catches everything and never ends",
     "while True:\n    try:\n        time.sleep(9)\n    except BaseException:\n        pass",
     "VRR"),
    ("counts without end in C", "sum(itertools.repeat(1))", "VRR"),
    ("takes 100 GB", "np.ones(10**11)", "VRR"),
    ("raises a text of 10 MB", "raise ValueError('x' * 10**7)", "VRR"),
    ("raises a text of 10 million lines", "raise ValueError('x\\n' * 10**7)", "VRR"),
    ("raises a text of control characters", "raise ValueError('\\x1b[2J\\x07\\ud800')", "VRR"),
    ("raises an error with a long name", "raise type('E' * 10**6, (Exception,), {})()", "VRR"),
    ("raises an error whose text is an exit",
     "class E(Exception):\n    __str__ = lambda s: sys.exit(1)\nraise E", "VRR"),
    ("raises an error whose text kills",
     "class E(Exception):\n    __str__ = lambda s: os._exit(1)\nraise E", "VRR"),
    ("raises an error of this package",
     "from symconv.errors import InternalError\nraise InternalError('x')", "VRR"),
    ("prints a flood",
     "print('x' * 10**7)\nsys.stderr.write('y' * 10**7)\nos.write(1, b'z' * 10**7)", "VVV"),
    ("writes a flood to where crashes are told",
     "for _ in range(300):\n    os.write(2, b'x' * 10**5)", "VVV"),
    ("writes a flood and kills itself",
     "os.write(2, b'\\x1b[2J' * 10**5)\nos.kill(os.getpid(), signal.SIGKILL)", "VRR"),
    ("writes garbage everywhere", EVERYWHERE.format("os.write(number, b'garbage')"), "VVV"),
    ("writes a flood everywhere", EVERYWHERE.format("os.write(number, b'z' * 2**21)"), "VUU"),
    ("writes empty messages everywhere", EVERYWHERE.format("os.write(number, bytes(64))"), "VVV"),
    ("writes a pickle everywhere",
     EVERYWHERE.format("os.write(number, pickle.dumps(os.getpid))"), "VVV"),
    ("reads everywhere",
     EVERYWHERE.format("os.set_blocking(number, False); os.read(number, 99)"), "VVV"),
    ("closes everything", EVERYWHERE.format("os.close(number)"), "VUU"),
    ("closes a range", "os.closerange(3, 300)", "VUU"),
    ("closes everything and opens itself instead",
     "os.closerange(3, 300)\nkept = [open(__file__, 'rb') for _ in range(250)]", "VUU"),
    ("puts nothing in place of everything",
     EVERYWHERE.format("os.dup2(os.open(os.devnull, os.O_RDWR), number)"), "VUU"),
    ("forks, and both go on", "os.fork()", "VVV"),
    ("forks ten times, and all go on", "for _ in range(3):\n    os.fork()", "VVV"),
    ("forks, and the child goes on writing",
     GOES_ON + "if os.fork() == 0:\n    go_on()", "VVV VUU"),
    ("leaves a thread that goes on writing",
     GOES_ON + "threading.Thread(target=go_on).start()", "VVV VUU"),
    ("leaves a daemon", "if os.fork() == 0:\n    os.setsid()\n    time.sleep(60)", "VVV"),
    ("leaves a daemon and ends",
     "if os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\nos._exit(1)", "VRR"),
    ("leaves a thread", "threading.Thread(target=time.sleep, args=(60,)).start()", "VVV"),
    ("leaves something for the end", "atexit.register(time.sleep, 60)", "VVV"),
    ("ignores signals",
     "for s in (1, 2, 3, 13, 14, 15):\n    signal.signal(s, signal.SIG_IGN)", "VVV"),
    ("sets an alarm", "signal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(9)", "VRR"),
    ("lets warnings raise", "warnings.simplefilter('error')\nnp.seterr(all='raise')", "VVV"),
    ("traces every call", "sys.settrace(lambda *a: 1 / 0)", "VRR"),
    ("lets little recursion be", "sys.setrecursionlimit(90)", "VVV"),
    ("leaves its folder", "os.chdir('/')", "VVV"),
    ("forgets its streams", "sys.stdout = sys.stderr = sys.stdin = None", "VVV"),
    ("switches the collector off", "gc.disable()\ngc.freeze()", "VVV"),
    ("replaces the makers of arrays",
     "np.zeros = np.array = np.asarray = np.empty = np.pad = lambda *a, **k: 1", "VVV"),
    ("deletes what NumPy has", "del np.zeros, np.pad, np.tensordot", "VVV"),
    ("deletes what NumPy has and puts it back elsewhere",
     "kept = np.pad\ndel np.pad\nnp.added, np.pad = 1, kept", "VVV"),
    ("deletes what NumPy has and adds as much",
     "del np.zeros, np.pad\nnp.added, np.more = 1, 2", "VVV"),
    ("deletes what NumPy has, adds as much and is wrong",
     "del np.zeros, np.pad\nnp.added, np.more = 1, 2\ndb = db + 1", "VVR"),
    ("replaces comparisons", "np.array_equal = np.allclose = np.all = lambda *a, **k: True", "VVV"),
    ("replaces comparisons and is wrong",
     "np.array_equal = np.allclose = np.all = lambda *a, **k: True\ndb = db + 1", "VVR"),
    ("replaces what writes and reads",
     "json.dumps = json.loads = pickle.dumps = pickle.loads = os.write = os.read = None", "VVV"),
    ("replaces parts of Python",
     "builtins.len = builtins.isinstance = builtins.dict = builtins.print = None", "VRR"),
    ("replaces the clock", "time.perf_counter = time.monotonic = time.time = None", "VVV"),
    ("changes its input", "dout += 1", "VVV"),
]  # fmt: skip

IMPORTS = [
    ("replaces comparisons at import",
     "np.array_equal = np.all = np.allclose = lambda *a: True", "VVV"),
    ("starts a thread at import", "threading.Thread(target=time.sleep, args=(60,)).start()", "VVV"),
    ("replaces writing at import", "os.write = os.read = json.dumps = None", "VVV"),
    ("prints at import", "print('x' * 10**7)", "VVV"),
    ("writes garbage everywhere at import",
     EVERYWHERE.format("os.write(number, b'garbage')"), "VVV"),
    ("forks at import", "os.fork()", "VVV"),
    ("sets an alarm that is ignored at import",
     "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)",
     "VVV"),
]  # fmt: skip

FORWARDS = [
    ("ends its process in forward", "os._exit(1)", "RUU"),
    ("gives a y of 10 GB", "out = np.broadcast_to(out.ravel()[:1], (10**9,))", "RVV"),
    ("gives a wrong y", "out = out + 1", "RVV"),
    ("gives a y of nothing", "out = None", "UVV"),
    ("writes a flood everywhere in forward", EVERYWHERE.format("os.write(number, b'z' * 2**21)"),
     "UUU"),
    ("replaces NumPy in forward", "np.zeros = np.tensordot = None", "VVV"),
    ("leaves a flooding thread in forward, behind a right y",
     "threading.Thread(target=print, args=('x' * 10**7,)).start()", "VVV"),
]  # fmt: skip

MODULES = [
    *(Hostile(what, "backward", code, expected) for what, code, expected in RESULTS),
    *(Hostile(what, "backward", code, expected) for what, code, expected in PASSES),
    *(Hostile(what, "import", code, expected) for what, code, expected in IMPORTS),
    *(Hostile(what, "forward", code, expected) for what, code, expected in FORWARDS),
]

UNLOADABLE = {
    "raises 10 MB": "raise ValueError('x' * 10**7)",
    "raises 10 million lines": "raise ValueError('x\\n' * 10**7)",
    "raises control characters": "raise ValueError('\\x1b[2J\\x07')",
    "raises an exception whose text is an exit":
        "class E(Exception):\n    __str__ = lambda s: sys.exit(1)\nraise E",
    "leaves by sys.exit": "sys.exit(0)",
    "ends its process": "os._exit(0)",
    "kills itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "kills its parent": "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)",
    "closes everything": "os.closerange(3, 300)",
    "floods everything": EVERYWHERE.format("os.write(number, b'z' * 2**21)"),
    "interrupts itself": "raise KeyboardInterrupt",
    "has a name of 10 MB": "def conv_forward(x, w, b, conv_param): pass\n"
        "conv_forward.__qualname__ = conv_forward.__name__ = 'x' * 10**7\nsys.exit(1)",
}  # fmt: skip
"""What modules do at import that nothing is left to check of."""
