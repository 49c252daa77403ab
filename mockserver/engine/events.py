"""The events of a world: immutable values, and the only things that change its state (`State.apply`).

A new state to which all events of a world are applied, in order, equals the world's state.

``gc=False`` marks the events that requests create often: they hold plain values, so they are in no reference cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from .accounts import Account, Login
from .clock import Clock
from .deliveries import Attempt, Delivery, Status
from .entries import Entry, EntryId
from .faults import Fault, FaultRule
from .frozen import NO_FIELDS
from .instants import Instant
from .messages import Message

if TYPE_CHECKING:
    from .state import InitialState


class MessageStored(Struct, frozen=True, gc=False):
    """A message was sent or received, and was added to the provider's records."""

    message: Message


class MessageChanged(Struct, frozen=True, gc=False):
    """A message's status, or values of the provider's own fields, changed."""

    serial: int
    status: str | None = None
    """The new status; ``None`` for no change."""
    fields: Mapping[str, Any] = NO_FIELDS
    """The fields that changed, by name; the others are kept."""


class MessageScheduled(Struct, frozen=True, gc=False):
    """It was scheduled when the provider's `advance_message` looks at a message again, in place of an earlier instant."""

    serial: int
    at: Instant | None
    """``None`` for never."""


class MessageDeleted(Struct, frozen=True, gc=False):
    """A message was deleted from the provider's records."""

    message: Message
    """The message as it was."""

    @property
    def serial(self) -> int:
        """The serial of the message."""
        return self.message.serial


class UseCounted(Struct, frozen=True, gc=False):
    """A use was counted in a rate window."""

    window: str
    """The window's name; several limits may share one."""
    at: Instant
    keep: int
    """The number of latest uses that the limits need."""


class InboundScheduled(Struct, frozen=True):
    """An inbound message was scheduled."""

    at: Instant
    provider: str
    fields: Mapping[str, Any]
    """The fields of the message, for the provider's `receive_inbound`."""


class DeliveryOpened(Struct, frozen=True):
    """A webhook delivery was opened."""

    delivery: Delivery


class ScheduledItemRun(Struct, frozen=True, gc=False):
    """A scheduled item was due and was run, or dropped because its delivery no longer waits for it."""

    number: int
    """The item's number."""


class AttemptStarted(Struct, frozen=True, gc=False):
    """An attempt at a delivery started; published before the first byte of its request is sent."""

    number: int
    """The delivery's number."""
    at: Instant
    holder: str = ""
    """The process that makes it, where several may; only its outcome counts."""


class AttemptEnded(Struct, frozen=True):
    """An attempt at a delivery ended."""

    number: int
    """The delivery's number."""
    attempt: Attempt
    status: Status
    due: Instant | None
    """When the next attempt is due; ``None`` for never."""


class DeliveryChanged(Struct, frozen=True):
    """A delivery was held, released or resent on request, or released by a fault."""

    number: int
    status: Status
    due: Instant | None


class AccountChanged(Struct, frozen=True):
    """An account was replaced by this one."""

    account: Account


class EntryStored(Struct, frozen=True):
    """An entry was added to a collection of an account, or replaced the one with its id; numbering goes on after it."""

    account: str
    """The account's key."""
    collection: str
    """The name of the collection."""
    entry: Entry


class EntryDeleted(Struct, frozen=True, gc=False):
    """An entry was deleted from a collection of an account."""

    account: str
    """The account's key."""
    collection: str
    """The name of the collection."""
    id: EntryId


class VariantChosen(Struct, frozen=True):
    """A variant of a quirk was chosen."""

    name: str
    variant: str


class CredentialsIssued(Struct, frozen=True):
    """Accounts got new credentials, which replace their old ones."""

    logins: Mapping[str, tuple[Login, ...]]
    """The new credentials, by the account's key."""


class ClockChanged(Struct, frozen=True, gc=False):
    """The world's clock was frozen, moved or resumed."""

    clock: Clock


class IdsUsed(Struct, frozen=True, gc=False):
    """Identifiers were used up."""

    sequences: Mapping[str, int]
    """The next number of each sequence that was used."""


class Restarted(Struct, frozen=True):
    """The world returned to an initial state: its own, or that of a snapshot. Attempts in flight no longer count."""

    initial: InitialState
    clock: Clock
    at: Instant
    """The clock's instant at the restart, from which relative messages are counted back."""
    keeps_fault_rules: bool = False


class Closed(Struct, frozen=True):
    """The world was dropped. Attempts in flight no longer count."""


class CheckpointMade(Struct, frozen=True):
    """A checkpoint of the state as it is now was made, in place of one with the same name."""

    name: str
    at: Instant
    exchange: int
    """The number of the latest exchange in the journal."""
    initial: InitialState
    """What a reset returned the world to at the time."""


class CheckpointRemoved(Struct, frozen=True):
    """A checkpoint was removed."""

    name: str


class Rewound(Struct, frozen=True):
    """The world returned to a checkpoint, and to its initial state. Attempts in flight no longer count."""

    name: str


class MessagesRead(Struct, frozen=True):
    """Messages were marked as read by the customer."""

    serials: tuple[int, ...]


class FaultRuleAdded(Struct, frozen=True):
    """A fault rule was added."""

    rule: FaultRule


class FaultRuleRemoved(Struct, frozen=True):
    """A fault rule was removed."""

    id: str


class FaultRulesMatched(Struct, frozen=True):
    """A request or webhook matched these fault rules."""

    ids: tuple[str, ...]


class FaultRuleHit(Struct, frozen=True):
    """The fault of a rule was applied to a request or webhook."""

    id: str


class ExchangeRecorded(Struct, frozen=True, gc=False):
    """An exchange was added to the journal. It changes no state."""

    number: int


class ExchangeFinished(Struct, frozen=True, gc=False):
    """The response of an exchange was sent, or not; stored worlds note it with their next commit. It changes no state."""

    number: int
    sent: int
    """Bytes that were written to the connection."""
    ending: str
    """How the connection ended."""
    duration: int | None = None
    """As that of `Exchange`; ``None`` if it is not known."""


class ReceiveFailed(Struct, frozen=True):
    """A scheduled inbound message could not be received, because its account or number no longer exists. It changes no state."""

    provider: str
    reason: str


class JournalCleared(Struct, frozen=True):
    """The exchanges of the journal were deleted; their numbers go on. It changes no state."""


class AttemptInterrupted(Struct, frozen=True, gc=False):
    """The process that made an attempt has ended before the outcome was known; the attempt is made again."""

    number: int
    """The delivery's number."""
    at: Instant
    """When the attempt started."""
    due: Instant
    """When the attempt is made again."""


class ReplayKept(Struct, frozen=True):
    """A fault was kept that replaces a rule's own for the next request that the rule matches."""

    id: str
    replay: Fault


Event: TypeAlias = (
    MessageStored
    | MessageChanged
    | MessageDeleted
    | MessageScheduled
    | MessagesRead
    | UseCounted
    | InboundScheduled
    | ScheduledItemRun
    | DeliveryOpened
    | AttemptStarted
    | AttemptEnded
    | DeliveryChanged
    | AccountChanged
    | EntryStored
    | EntryDeleted
    | CredentialsIssued
    | VariantChosen
    | ClockChanged
    | IdsUsed
    | Restarted
    | Closed
    | FaultRuleAdded
    | FaultRuleRemoved
    | FaultRulesMatched
    | FaultRuleHit
    | ReplayKept
    | ExchangeRecorded
    | ExchangeFinished
    | ReceiveFailed
    | JournalCleared
    | AttemptInterrupted
    | CheckpointMade
    | CheckpointRemoved
    | Rewound
)
