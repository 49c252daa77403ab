"""A Python client of the control API, for a server in this process or elsewhere.

The methods call the control API and translate its JSON to Python types such as `datetime` and `timedelta`.
"""

from mockserver.engine.accounts import Login

from .checkpoints import ChangeRecord, CheckpointRecord, RewindRecord, SentWebhookRecord, WorldChanges
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
    "ChangeRecord",
    "CheckpointRecord",
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
    "RewindRecord",
    "SentWebhookRecord",
    "Time",
    "Transport",
    "VariantsMixin",
    "Webhook",
    "WorldChanges",
    "WorldClient",
    "WorldClock",
    "WorldFacts",
    "WorldFaultRule",
    "WorldFaults",
]
