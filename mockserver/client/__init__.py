"""The verbs of the control API in Python, for a server in this process or elsewhere.

One implementation of each verb, the control API's; here are its names, and Python's own instants and durations.
"""

from mockserver.engine.accounts import Login

from .clock import WorldClock
from .deliveries import AttemptRecord, DeliveryRecord, IdleResult
from .faults import WorldFaultRule, WorldFaults
from .mock import AdminClient, Mock
from .transport import ControlError, InProcess, NoServer, OverHttp, Transport
from .values import (
    AccountRecord,
    Decided,
    EventRecord,
    ExchangeRecord,
    JournalPage,
    MessageRecord,
    ResponseView,
    Time,
    Webhook,
    WorldFacts,
)
from .variants import VariantsMixin
from .world import WorldClient

__all__ = [
    "AccountRecord",
    "AdminClient",
    "AttemptRecord",
    "ControlError",
    "Decided",
    "DeliveryRecord",
    "EventRecord",
    "ExchangeRecord",
    "IdleResult",
    "InProcess",
    "JournalPage",
    "Login",
    "MessageRecord",
    "Mock",
    "NoServer",
    "OverHttp",
    "ResponseView",
    "Time",
    "Transport",
    "VariantsMixin",
    "Webhook",
    "WorldClient",
    "WorldClock",
    "WorldFacts",
    "WorldFaultRule",
    "WorldFaults",
]
