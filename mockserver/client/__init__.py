"""The verbs of the control API in Python, for a server in this process or elsewhere.

One implementation of each verb, the control API's; here are its names, and Python's own instants and durations.
"""

from mockserver.engine.accounts import Login

from .clock import WorldClock
from .deliveries import Attempt, Delivery, Settled
from .faults import WorldFaultRule, WorldFaults
from .mock import Controls, Mock
from .transport import ControlError, InProcess, NoServer, OverHttp, Transport
from .values import Decided, Exchange, Happened, Journal, Message, Reply, Time, Webhook, WorldFacts
from .variants import Readings
from .world import World

__all__ = [
    "Attempt",
    "ControlError",
    "Controls",
    "Decided",
    "Delivery",
    "Exchange",
    "Happened",
    "InProcess",
    "Journal",
    "Login",
    "Message",
    "Mock",
    "NoServer",
    "OverHttp",
    "Readings",
    "Reply",
    "Settled",
    "Time",
    "Transport",
    "Webhook",
    "World",
    "WorldClock",
    "WorldFacts",
    "WorldFaultRule",
    "WorldFaults",
]
