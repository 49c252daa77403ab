"""Runs a command as a child process and passes our signals on to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes that a shell gives to a command that is not found or not executable."""

_KILLED = 128
_FORWARDED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_FROM_THE_KEYBOARD = {signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT)}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit code, or 128 plus the number of the signal that ended it.

    The child shares this process's stdin, stdout and stderr. While it runs, signals to this process are passed on to it,
    except the keyboard's: the terminal sends those to the child too. Call it in the main thread, which receives signals.

    Raises:
        OSError: the command cannot be started.
    """
    with _forwarding_signals() as children:
        child = subprocess.Popen(command, env=environment)  # noqa: S603 - the user gave this command
        children.append(child)
        code = child.wait()
    return _KILLED - code if code < 0 else code


@contextlib.contextmanager
def _forwarding_signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Pass signals on to the child, and restore the signal handlers afterwards."""
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        if number in _FROM_THE_KEYBOARD and _is_in_foreground():
            return
        for child in children:
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_foreground() -> bool:
    """Return whether Ctrl-C at a terminal reaches both this process and its children."""
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
