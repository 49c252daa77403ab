"""Checks a webhook receiver: sends it what a provider would send, and says of each case what the provider would do next, and what that costs.

Rule 1: nothing of a provider is simulated here. Each case is a world of its own with an account whose webhooks go to the receiver;
its requests, its repeats and what counts as an acknowledgement are those of the provider's package.
Rule 2: a world's clock is moved, so that an hour of repeats takes no time; the receiver's own time is the machine's.
Rule 3: what the receiver has stored is told by the user's own count, or not at all.

`cases` lists the cases, `worlds` makes their worlds, `calls` makes the requests, `check` runs the cases, `judging` says what they
mean, and `report` writes it.
"""

from __future__ import annotations

from .calls import NoReceiver
from .cases import CASES
from .check import ReceiverCheck
from .counts import CountCommand, CountFailed, CountUrl
from .report import write_junit

__all__ = ["CASES", "CountCommand", "CountFailed", "CountUrl", "NoReceiver", "ReceiverCheck", "write_junit"]
