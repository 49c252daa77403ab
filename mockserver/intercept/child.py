"""Runs a command as a child process and passes our signals on to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes as of a shell."""

_KILLED = 128
_FORWARDED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_FROM_THE_KEYBOARD = {signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT)}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end; what it ended with, or 128 and the number of the signal that ended it.

    Our stdin, stdout and stderr are its own. Signals that reach us are handed on while it runs; those of the keyboard it
    gets by itself, for it is in the same foreground of the same terminal. Only the main thread hears signals.

    Raises:
        OSError: it cannot be started.
    """
    with _handed_on() as children:
        child = subprocess.Popen(command, env=environment)  # noqa: S603 - it is what the user asked for
        children.append(child)
        code = child.wait()
    return _KILLED - code if code < 0 else code


@contextlib.contextmanager
def _handed_on() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Pass signals on to the child, and restore the signal handlers afterwards."""
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, _: FrameType | None) -> None:
        if number in _FROM_THE_KEYBOARD and _is_in_foreground():
            return
        for child in children:
            child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in _FORWARDED}
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
