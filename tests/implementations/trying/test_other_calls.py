"""Classes in evaluation mode, and instances that are called a second time."""

import numpy as np
import pytest

from symconv.implementations.checking import check_implementation
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

SIZES = "N=1,C=2,H=5,W=4,F=2,HH=2,WW=3,S=2,P=1"


class Plain:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.w = np.ones((out_channels, in_channels, *kernel_size))
        self.b = np.ones(out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        return compute_gradients(dout, self.x, self.w, self.stride, self.padding)


class KeepsTheFirst(Plain):
    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)


class KeepsTheFirstOutput(Plain):
    y = None

    def forward(self, x):
        if self.y is None:
            self.y = super().forward(x)
        return self.y.copy()


class Queue(Plain):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)
        self.seen = []

    def forward(self, x):
        self.seen.append(x)
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        return compute_gradients(dout, self.seen.pop(0), self.w, self.stride, self.padding)


class Stack(Queue):
    def backward(self, dout):
        return compute_gradients(dout, self.seen.pop(), self.w, self.stride, self.padding)


class Moded(Plain):
    training = True

    def forward(self, x):
        y = super().forward(x)
        return y if self.training else y + 0.0


class WrongWhenItEvaluates(Moded):
    def forward(self, x):
        y = super().forward(x)
        return y if self.training else 2 * y


class Module(WrongWhenItEvaluates):
    """A class of the user, with the name of one that every module has."""


class OfAModule(Module):
    pass


def more(kind, **options):
    """Return the exit code, and the results beside y and the gradients."""
    report = check_implementation(kind, sizes=SIZES, isolate=False, **options)
    found = [one for one in report if one.statement.startswith("parameter/")]
    return report.exit_code, [(one.statement, one.verdict, one.code) for one in found]


CALLS, TRAINING = "parameter/calls", "parameter/training"


@quick_rows(2, "each row is one more order of calls")
@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Plain, (0, [])),
        (Stack, (0, [])),
        (KeepsTheFirst, (1, [(CALLS, Verdict.REFUTED, "wrong-value")])),
        (KeepsTheFirstOutput, (1, [(CALLS, Verdict.REFUTED, "wrong-value")])),
        (Queue, (3, [(CALLS, Verdict.UNDECIDED, "several-readings")])),
        (Moded, (0, [(TRAINING, Verdict.VERIFIED, "varied")])),
        (WrongWhenItEvaluates, (1, [(TRAINING, Verdict.REFUTED, "wrong-value")])),
        (Module, (1, [(TRAINING, Verdict.REFUTED, "wrong-value")])),
        (OfAModule, (1, [(TRAINING, Verdict.REFUTED, "wrong-value")])),
    ],
)
def test_an_instance_is_called_as_training_and_evaluation_call_it(kind, found) -> None:
    assert more(kind) == found


def test_a_class_that_is_said_to_train_only_stays_in_training_mode() -> None:
    assert more(WrongWhenItEvaluates, fixed="training") == (0, [])


def test_a_torch_module_is_run_in_evaluation_mode_where_it_asks_for_the_mode() -> None:
    torch = pytest.importorskip("torch", reason="needs the extra: pip install 'symconv[torch]'")

    class Scaled(torch.nn.Conv2d):
        factor = 1

        def forward(self, x):
            y = super().forward(x)
            return y if self.training else self.factor * y

    class Wrong(Scaled):
        factor = 2

    assert (TRAINING, Verdict.VERIFIED, "varied") in more(Scaled)[1]
    assert (TRAINING, Verdict.REFUTED, "wrong-value") in more(Wrong)[1]
