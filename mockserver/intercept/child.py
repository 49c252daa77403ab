"""Runs a command as a child process and passes our signals on to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Self

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes that a shell gives to a command that is not found or cannot be executed."""

_KILLED = 128


def _numbers(*names: str) -> frozenset[int]:
    """Return the numbers of signals, without those that this system does not have."""
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


_KEPT = _numbers(
    *("SIGKILL", "SIGSTOP"),  # cannot be caught
    *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"),  # an error of this process itself
    *("SIGPIPE", "SIGXFSZ", "SIGTTIN", "SIGTTOU"),  # what this process itself wrote or read
    *("SIGCHLD", "SIGCLD"),  # the child has ended
)
_FORWARDED = frozenset(signal.valid_signals()) - _KEPT
_STOPPING = _numbers("SIGTSTP")
_FROM_THE_TERMINAL = _STOPPING | _numbers("SIGINT", "SIGQUIT", "SIGCONT", "SIGWINCH")


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit code, or 128 plus the number of the signal that ended it.

    The child shares this process's stdin, stdout and stderr. While it runs, signals to this process are passed on to it,
    except those that a terminal sends to the child too, and those that this process ignores, as the child does.
    Call it in the main thread, which receives signals.

    Raises:
        OSError: the command cannot be started.
    """
    with _Forwarding() as forwarding:
        child = subprocess.Popen(command, env=environment)  # noqa: S603 - the user gave this command
        forwarding.begin(child)
        code = child.wait()
    return _KILLED - code if code < 0 else code


def exit_code_of(error: OSError) -> int:
    """Return the exit code of a shell for a command that could not be started."""
    return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


class _Forwarding:
    """Passes signals on to the child, for the duration of a ``with`` block; those that come before it starts, then."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._restoring = contextlib.ExitStack()

    def __enter__(self) -> Self:
        for number in sorted(_FORWARDED):
            handler = signal.getsignal(number)
            # What nohup, or a shell's background, has told us to ignore, the child inherits: it is not reset.
            if handler is signal.SIG_IGN or handler is None:
                continue
            with contextlib.suppress(OSError, ValueError):  # one that this system keeps for itself
                signal.signal(number, self._forward)
                self._restoring.callback(signal.signal, number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        self._restoring.close()

    def begin(self, child: subprocess.Popen[bytes]) -> None:
        """Send the child what has come before it started, and from now on what comes."""
        self._child = child
        while self._early:
            child.send_signal(self._early.pop(0))

    def _forward(self, number: int, _: FrameType | None) -> None:
        if number not in _FROM_THE_TERMINAL or not _is_in_foreground():
            if self._child is None:
                self._early.append(number)
            else:
                self._child.send_signal(number)
        if number in _STOPPING:  # stop, as without this handler
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, self._forward)


def _is_in_foreground() -> bool:
    """Return whether what a terminal sends, such as Ctrl-C, reaches both this process and its children."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
