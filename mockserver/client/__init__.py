"""The verbs of the control API in Python, for a server in this process or elsewhere.

One implementation of each verb, the control API's; here are its names, and Python's own instants and durations.
"""

from mockserver.engine.accounts import Login

from .clock import WorldClock
from .deliveries import Attempt, Delivery, IdleResult
from .faults import WorldFaultRule, WorldFaults
from .mock import AdminClient, Mock
from .transport import ControlError, InProcess, NoServer, OverHttp, Transport
from .values import Decided, EventRecord, Exchange, Journal, Message, ResponseView, Time, Webhook, WorldFacts
from .variants import VariantsMixin
from .world import World

__all__ = [
    "AdminClient",
    "Attempt",
    "ControlError",
    "Decided",
    "Delivery",
    "EventRecord",
    "Exchange",
    "IdleResult",
    "InProcess",
    "Journal",
    "Login",
    "Message",
    "Mock",
    "NoServer",
    "OverHttp",
    "ResponseView",
    "Time",
    "Transport",
    "VariantsMixin",
    "Webhook",
    "World",
    "WorldClock",
    "WorldFacts",
    "WorldFaultRule",
    "WorldFaults",
]
