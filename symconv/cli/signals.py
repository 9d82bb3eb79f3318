"""Ctrl-C and SIGTERM end the process at once, with an exit code and no traceback.

What runs people's code ends by itself when this process is gone, and a file that is being
replaced holds signals back for that moment; so nothing has to be unwound.
"""

from __future__ import annotations

import _thread
import os
import select
import signal

# Until the handlers are set Ctrl-C ends in a traceback, and importing `typing` would take
# longer than everything else before that.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit codes by signal: 128 and its number, as shells count."""
_WORDS: Final = {signal.SIGINT: b"interrupted\n", signal.SIGTERM: b"ended by SIGTERM\n"}
_SHOW_CURSOR: Final = b"\x1b[?25h"
"""A bar that shows progress hides it."""


def end_on_signals() -> None:
    """End the process on Ctrl-C and SIGTERM from now on.

    Python runs its own handlers between two of its instructions, which the solver may put off
    for seconds. So a thread listens too: a signal reaches it in the middle of anything that
    lets other threads run.
    """
    for number in CODES:
        _ = signal.signal(number, _end)
    if not hasattr(signal, "pthread_sigmask"):
        return
    listening, told = os.pipe()
    for number in (listening, told):
        os.set_blocking(number, number == listening)
    _ = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    # What is forked off has signals of its own, and must not tell us of them.
    os.register_at_fork(after_in_child=_stop_listening)
    # The thread takes no signal itself: whoever holds signals back holds them back for it too.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, CODES)
    _ = _thread.start_new_thread(_listen, (listening,))
    _ = signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _listen(listening: int) -> None:
    while True:
        for number in os.read(listening, 1):
            if number in CODES:
                _end(number, None)


def _stop_listening() -> None:
    _ = signal.set_wakeup_fd(-1)


def _end(number: int, _frame: object) -> None:
    """Say why, and end; of two that come here at once the first one speaks."""
    if _SPEAKING.acquire(blocking=False):
        words = _WORDS[signal.Signals(number)]
        try:
            # A pipe that nobody empties must not hold us up.
            if select.select([], [2], [], 0)[1]:
                _ = os.write(2, _SHOW_CURSOR + words if os.isatty(2) else words)
        except OSError:
            pass  # there is nobody to tell
        os._exit(CODES[signal.Signals(number)])


_SPEAKING = _thread.allocate_lock()
