"""Checks a webhook receiver: sends it a provider's webhooks, and judges its responses.

Rule 1: nothing of a provider is simulated here. Each case has a world of its own, with an account whose webhooks go to the receiver.
The provider's package makes the requests, repeats them, and decides which response is an acknowledgement.
Rule 2: the clock of the world is moved, so that an hour of repeats takes no time. The receiver's clock is not changed.
Rule 3: how many messages the receiver has stored is known only if the user gives a URL or command that counts them.

`cases` lists the cases, `worlds` makes their worlds, `calls` makes the requests, `counts` counts the stored messages, `check` runs the
cases, `judging` gives each a verdict, and `report` writes the result.
"""

from __future__ import annotations

from .calls import NoReceiver
from .cases import CASES
from .check import ReceiverCheck
from .counts import CountCommand, CountFailed, CountUrl
from .report import write_junit

__all__ = ["CASES", "CountCommand", "CountFailed", "CountUrl", "NoReceiver", "ReceiverCheck", "write_junit"]
