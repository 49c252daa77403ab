"""Everything that can change a world, one frozen value each. Only `State.apply` turns them into a change.

So the events of a world, in their order, are the world: a fresh state to which all of them are applied equals it.

``gc=False`` stands where a request makes them: values of values, through which no way leads back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from .accounts import Account, Login
from .clock import Clock
from .deliveries import Attempt, Delivery, Status
from .faults import Fault, FaultRule
from .frozen import NO_FIELDS
from .instants import Instant
from .messages import Message

if TYPE_CHECKING:
    from .state import InitialState


class MessageStored(Struct, frozen=True, gc=False):
    """A message was sent, or came in, and is from now on in the provider's records."""

    message: Message


class MessageChanged(Struct, frozen=True, gc=False):
    """A message has another status, or other values in the provider's own fields."""

    serial: int
    status: str | None = None
    """``None`` leaves it as it is."""
    fields: Mapping[str, Any] = NO_FIELDS
    """Those that change, by name; the others stay as they are."""


class MessageDeleted(Struct, frozen=True, gc=False):
    """A message is no longer in the provider's records."""

    serial: int


class UseCounted(Struct, frozen=True, gc=False):
    """Something that is limited was used."""

    window: str
    """Whose use: the limits on one thing share its uses."""
    at: Instant
    keep: int
    """How many of the latest uses the limits on it look at."""


class InboundScheduled(Struct, frozen=True):
    """A message will arrive later."""

    at: Instant
    provider: str
    fields: Mapping[str, Any]
    """What the provider's `receive_inbound` takes."""


class DeliveryOpened(Struct, frozen=True):
    """A customer is to Be notified something."""

    delivery: Delivery


class ScheduledItemRun(Struct, frozen=True, gc=False):
    """A scheduled item is due and is run now, or is dropped because its delivery no longer waits for it."""

    number: int
    """The item's."""


class AttemptStarted(Struct, frozen=True, gc=False):
    """An attempt at a delivery begins: published before the first byte of its request is sent."""

    number: int
    """The delivery's."""
    at: Instant


class AttemptEnded(Struct, frozen=True):
    """An attempt at a delivery is over."""

    number: int
    """The delivery's."""
    attempt: Attempt
    status: Status
    due: Instant | None
    """When it is tried again; ``None`` for never."""


class DeliveryChanged(Struct, frozen=True):
    """A delivery is held, released or due again because somebody said so."""

    number: int
    status: Status
    due: Instant | None


class AccountChanged(Struct, frozen=True):
    """An account is as this one from now on."""

    account: Account


class VariantChosen(Struct, frozen=True):
    """A quirk is read another way from now on."""

    name: str
    variant: str


class CredentialsIssued(Struct, frozen=True):
    """Every account that is named has other credentials from now on."""

    logins: Mapping[str, tuple[Login, ...]]
    """By the account's key."""


class ClockChanged(Struct, frozen=True, gc=False):
    """The world's clock was frozen, moved on or resumed."""

    clock: Clock


class IdsUsed(Struct, frozen=True, gc=False):
    """Identifiers were given away."""

    sequences: Mapping[str, int]
    """The next number of each sequence that gave some."""


class Restarted(Struct, frozen=True):
    """The world returned to an initial state: its own, or that of a file. What is in flight counts no more."""

    initial: InitialState
    clock: Clock
    at: Instant
    """The instant that the clock showed then, from which relative messages are counted back."""
    keeps_fault_rules: bool = False


class Closed(Struct, frozen=True):
    """The world was dropped. What is in flight counts no more."""


class MessagesRead(Struct, frozen=True):
    """The customer has seen these messages."""

    serials: tuple[int, ...]


class FaultRuleAdded(Struct, frozen=True):
    """Something goes wrong on purpose from now on."""

    rule: FaultRule


class FaultRuleRemoved(Struct, frozen=True):
    """A fault rule is gone."""

    id: str


class FaultRulesMatched(Struct, frozen=True):
    """A request or webhook was one that these fault rules are about."""

    ids: tuple[str, ...]


class FaultRuleHit(Struct, frozen=True):
    """The fault of a rule was applied to a request or webhook."""

    id: str


class ReplayKept(Struct, frozen=True):
    """A fault rule keeps a response for the next request that it matches."""

    id: str
    replay: Fault


Event: TypeAlias = (
    MessageStored
    | MessageChanged
    | MessageDeleted
    | MessagesRead
    | UseCounted
    | InboundScheduled
    | ScheduledItemRun
    | DeliveryOpened
    | AttemptStarted
    | AttemptEnded
    | DeliveryChanged
    | AccountChanged
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
)
