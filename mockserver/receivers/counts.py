"""Counts the messages that a receiver has stored, by a URL or a command of the user that returns one integer."""

from __future__ import annotations

import subprocess
from typing import Protocol

from mockserver.engine.deliveries import OutgoingRequest

from .calls import Caller


class CountFailed(Exception):
    """The messages of the receiver could not be counted; the message is one sentence."""


class Count(Protocol):
    """Counts the messages that a receiver has stored."""

    def ask(self, caller: Caller) -> int:
        """Return the number of messages.

        Raises:
            CountFailed: they could not be counted.
        """


class CountUrl:
    """Counts by a GET of a URL, whose response body is the number."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, caller: Caller) -> int:
        """Return the number of messages; raises `CountFailed`."""
        outcome = caller.fetch(OutgoingRequest("GET", self.url)).outcome
        if outcome.status is None:
            raise CountFailed(f"the count was not given: {outcome.error}")
        if outcome.status != 200:
            raise CountFailed(f"the count was not given: {self.url} answered with status {outcome.status}")
        return _parse(outcome.body, self.url)


_COMMAND_TIMEOUT = 60.0
"""Seconds that a count command may take."""


class CountCommand:
    """Counts by running a command line in the user's shell, which prints the number."""

    def __init__(self, command: str) -> None:
        self.command = command

    def ask(self, caller: Caller) -> int:  # noqa: ARG002 - a command needs no connection
        """Return the number of messages; raises `CountFailed`."""
        try:
            done = subprocess.run(self.command, shell=True, capture_output=True, timeout=_COMMAND_TIMEOUT, check=False)  # noqa: S602 - the user's own command line
        except subprocess.TimeoutExpired:
            raise CountFailed(f"{self.command!r} took longer than {_COMMAND_TIMEOUT:g} s") from None
        if done.returncode:
            errors = done.stderr.decode(errors="replace").strip().splitlines()
            why = f": {errors[-1]}" if errors else ""
            raise CountFailed(f"{self.command!r} ended with exit code {done.returncode}{why}")
        return _parse(done.stdout, repr(self.command))


def _parse(answer: bytes, where: str) -> int:
    text = answer.decode(errors="replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise CountFailed(f"{where} has to answer with one integer, not {text[:60]!r}")
    return int(text)
