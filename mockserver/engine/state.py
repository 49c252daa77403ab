"""Everything a world knows, and the one place where it changes.

Rule 1: only `apply` changes a state; deciders read it. Rule 2: what it holds is immutable or its own, so a fork
is a handful of shallow copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from .accounts import Account, Credential, Login
from .deliveries import Delivery
from .events import (
    AccountChanged,
    ArrivalScheduled,
    AttemptEnded,
    DeliveryChanged,
    DeliveryOpened,
    Event,
    MessagesRead,
    MessageStored,
    UseCounted,
    VariantChosen,
)
from .instants import Instant
from .message_store import Ledger
from .scheduler import ScheduledItem, Scheduler
from .segments import Layer


class _Grant(NamedTuple):
    secret: str | None
    account: str


_Grants: TypeAlias = Mapping[tuple[str, str], _Grant]


def _grants(accounts: Iterable[Account]) -> dict[tuple[str, str], _Grant]:
    return {
        (account.provider, login.user): _Grant(login.secret, account.key)
        for account in accounts
        for login in account.logins
    }


@dataclass(frozen=True)
class Fixture:
    """What a world begins with. Immutable: every world that is made from it shares it."""

    accounts: tuple[Account, ...] = ()
    fixed: Layer = field(default_factory=Layer)
    """Messages at instants."""
    relative: Layer = field(default_factory=Layer)
    """Messages at durations before the world's birth, as negative instants."""
    readings: Mapping[str, str] = field(default_factory=dict)
    """Readings that differ from the default."""
    read: frozenset[int] = frozenset()
    """The serials of messages that the customer has marked as read; those of ``relative`` follow those of ``fixed``."""
    sequences: Mapping[str, int] = field(default_factory=dict)
    """Where the providers' own numbering goes on."""
    uses: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)
    """The latest uses of whatever is limited, in ascending order."""
    agenda: tuple[ScheduledItem, ...] = ()
    """What will happen by itself."""

    @cached_property
    def grants(self) -> _Grants:
        """The credentials it prints."""
        return _grants(self.accounts)


class State:
    """One world's accounts, messages, readings and counted uses."""

    __slots__ = (
        *("_issued", "_printed", "accounts", "agenda", "deliveries", "ledger"),
        *("outbox", "read", "readings", "uses"),
    )

    def __init__(
        self,
        fixture: Fixture,
        birth: Instant,
        readings: Mapping[str, str],
        logins: Mapping[str, tuple[Login, ...]] | None = None,
    ) -> None:
        """Begin as a fixture describes it.

        Args:
            fixture: what is there.
            birth: the instant from which its relative messages are counted back.
            readings: the complete table of switches.
            logins: the credentials of each account (by key) in place of the printed ones.
        """
        self.accounts = {account.key: account for account in fixture.accounts}
        self.ledger = Ledger(((fixture.fixed, 0), (fixture.relative, birth)))
        self.readings = dict(readings)
        """Every switch of every room, by name."""
        self.outbox: dict[int, Delivery] = {}
        """Every delivery, by number."""
        self.deliveries: dict[int, tuple[int, ...]] = {}
        """The numbers of the deliveries about each message, by its serial."""
        self.agenda = Scheduler(fixture.agenda)
        """What will happen by itself."""
        self.uses: dict[str, tuple[Instant, ...]] = dict(fixture.uses)
        """The latest uses of whatever is limited, in ascending order."""
        self.read: set[int] = set(fixture.read)
        """The serials of the messages that the customer has marked as read."""
        self._issued: _Grants = fixture.grants
        self._printed: _Grants = fixture.grants
        if logins is not None:
            self.issue(logins)

    def account_of(self, credential: Credential) -> Account | None:
        """The account that a credential opens; ``None`` for an unknown user and for a wrong secret."""
        who = (credential.provider, credential.user)
        grant = self._issued.get(who)
        if grant is None and credential.is_bound:
            grant = self._printed.get(who)
        if grant is None or grant.secret != credential.secret:
            return None
        return self.accounts[grant.account]

    def issue(self, logins: Mapping[str, tuple[Login, ...]]) -> None:
        """Give every account, by key, these credentials in place of those it has."""
        self.accounts = {key: replace(account, logins=logins[key]) for key, account in self.accounts.items()}
        self._issued = _grants(self.accounts.values())

    def logins(self) -> dict[tuple[str, str], str | None]:
        """The secret of each provider's user, without the printed credentials that only a door lets in."""
        return {who: grant.secret for who, grant in self._issued.items()}

    def apply(self, event: Event) -> None:
        """Make an event so."""
        _APPLY[type(event)](self, event)

    def fork(self) -> State:
        """A state that begins as this one is; what neither changes stays shared."""
        twin = copy(self)
        twin.accounts = dict(self.accounts)
        twin.ledger = self.ledger.fork()
        # A fork sends nothing that its parent sends too.
        twin.agenda = Scheduler(due for due in self.agenda if not due.delivery)
        twin.outbox = {
            number: replace(delivery, status="held", due=None) if delivery.status == "due" else delivery
            for number, delivery in self.outbox.items()
        }
        twin.deliveries = dict(self.deliveries)
        twin.readings = dict(self.readings)
        twin.read = set(self.read)
        twin.uses = dict(self.uses)
        return twin


def _store(state: State, event: MessageStored) -> None:
    state.ledger.add(event.message)


def _schedule(state: State, event: ArrivalScheduled) -> None:
    state.agenda.add(event.at, event.provider, event.fields)


def _open_delivery(state: State, event: DeliveryOpened) -> None:
    serial = event.delivery.serial
    state.deliveries[serial] = (*state.deliveries.get(serial, ()), event.delivery.number)
    _put(state, event.delivery)


def _judge(state: State, event: AttemptEnded) -> None:
    delivery = state.outbox[event.number]
    attempts = (*delivery.attempts, event.attempt)
    _put(state, replace(delivery, status=event.status, due=event.due, attempts=attempts))


def _change_delivery(state: State, event: DeliveryChanged) -> None:
    state.agenda.drop(event.number)
    _put(state, replace(state.outbox[event.number], status=event.status, due=event.due))


def _put(state: State, delivery: Delivery) -> None:
    state.outbox[delivery.number] = delivery
    if delivery.status == "due" and delivery.due is not None:
        state.agenda.add(delivery.due, delivery.provider, {}, delivery.number)


def _change_account(state: State, event: AccountChanged) -> None:
    state.accounts[event.account.key] = event.account


def _choose_reading(state: State, event: VariantChosen) -> None:
    # Replaced whole: what was decided under the readings of before still refers to them.
    state.readings = {**state.readings, event.name: event.reading}


def _mark_read(state: State, event: MessagesRead) -> None:
    state.read.update(event.serials)


def _count(state: State, event: UseCounted) -> None:
    state.uses[event.window] = (*state.uses.get(event.window, ()), event.at)[-event.keep :]


_APPLY: Mapping[type, Callable[[State, Any], None]] = {
    MessageStored: _store,
    MessagesRead: _mark_read,
    UseCounted: _count,
    ArrivalScheduled: _schedule,
    DeliveryOpened: _open_delivery,
    AttemptEnded: _judge,
    DeliveryChanged: _change_delivery,
    AccountChanged: _change_account,
    VariantChosen: _choose_reading,
}
