"""Everything a world knows, and the one place where it changes.

Rule 1: only `State.apply` changes a state; deciders read it. So a world's state is the fold of its events.
Rule 2: what it holds is immutable or its own, so a fork is a handful of shallow copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from msgspec import structs

from .accounts import Account, Credential, Login
from .clock import Clock
from .deliveries import Delivery
from .events import (
    AccountChanged,
    AttemptEnded,
    AttemptStarted,
    ClockChanged,
    Closed,
    CredentialsIssued,
    DeliveryChanged,
    DeliveryOpened,
    Event,
    FaultRuleAdded,
    FaultRuleHit,
    FaultRuleRemoved,
    FaultRulesMatched,
    IdsUsed,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
    ReplayKept,
    Restarted,
    ScheduledItemRun,
    UseCounted,
    VariantChosen,
)
from .faults import FaultRules
from .frozen import freeze
from .ids import Ids
from .instants import SECOND, Instant
from .message_store import MessageStore
from .scheduler import ScheduledItem, Scheduler
from .segments import Segment


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
    fixed: Segment = field(default_factory=Segment)
    """Messages at instants."""
    relative: Segment = field(default_factory=Segment)
    """Messages at durations before the world's birth, as negative instants."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """Variants that differ from the default."""
    read: frozenset[int] = frozenset()
    """The serials of messages that the customer has marked as read; those of ``relative`` follow those of ``fixed``."""
    sequences: Mapping[str, int] = field(default_factory=dict)
    """Where the providers' own numbering goes on."""
    uses: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)
    """The latest uses of whatever is limited, in ascending order."""
    scheduled: tuple[ScheduledItem, ...] = ()
    """What will happen by itself."""

    @cached_property
    def grants(self) -> _Grants:
        """The credentials it prints."""
        return _grants(self.accounts)


@dataclass(frozen=True)
class InitialState:
    """How a world was created, which is what a reset returns it to."""

    fixture: Fixture
    seed: str
    """Of identifiers and chance."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """The complete table of switches."""
    logins: Mapping[str, tuple[Login, ...]] | None = None
    """The credentials of each account, by key."""
    frozen_at: Instant | None = None
    """Where its clock stands; ``None`` for a running one."""
    template: State | None = None
    """A fork begins with a copy of this in place of a fixture."""

    def clock(self, frozen_at: Instant | None = None) -> Clock:
        """The clock it begins with, or one frozen at another instant."""
        at = self.frozen_at if frozen_at is None else frozen_at
        return Clock.system() if at is None else Clock.frozen(at)

    def state(self, clock: Clock, now: Instant) -> State:
        """The state it begins with.

        Args:
            clock: the world's.
            now: the instant that it shows; relative messages are counted back from its whole second.
        """
        if self.template is None:
            return State(self.fixture, now // SECOND * SECOND, self.variants, self.logins, clock=clock, seed=self.seed)
        state = self.template.fork()
        state.clock, state.ids = clock, Ids(self.seed, state.ids.sequences)
        return state


class State:
    """All that one world knows."""

    __slots__ = (
        *("_issued", "_printed", "accounts", "scheduled", "clock", "deliveries_by_message", "epoch", "fault_rules"),
        *("ids", "in_flight", "message_store", "deliveries", "read", "variants", "uses", "waiting"),
    )

    def __init__(
        self,
        fixture: Fixture,
        birth: Instant,
        variants: Mapping[str, str],
        logins: Mapping[str, tuple[Login, ...]] | None = None,
        *,
        clock: Clock | None = None,
        seed: str = "",
    ) -> None:
        """Begin as a fixture describes it.

        Args:
            fixture: what is there.
            birth: the instant from which its relative messages are counted back.
            variants: the complete table of switches.
            logins: the credentials of each account (by key) in place of the printed ones.
            clock: one that is frozen at its birth when none is given.
            seed: of identifiers and chance.
        """
        self.clock = clock or Clock.frozen(birth)
        self.ids = Ids(seed, fixture.sequences)
        self.epoch = 0
        """Counts restarts: what began in an earlier epoch changes nothing in this one."""
        self.in_flight: dict[int, AttemptStarted] = {}
        """The attempts that have begun and not ended, by the number of the delivery."""
        self.accounts = {account.key: account for account in fixture.accounts}
        self.message_store = MessageStore(((fixture.fixed, 0), (fixture.relative, birth)))
        self.variants = dict(variants)
        """Every switch of every provider, by name."""
        self.deliveries: dict[int, Delivery] = {}
        """Every delivery, by number."""
        self.deliveries_by_message: dict[int, tuple[int, ...]] = {}
        """The numbers of the deliveries about each message, by its serial."""
        self.scheduled = Scheduler(fixture.scheduled)
        """What will happen by itself."""
        self.uses: dict[str, tuple[Instant, ...]] = dict(fixture.uses)
        """The latest uses of whatever is limited, in ascending order."""
        self.read: set[int] = set(fixture.read)
        """The serials of the messages that the customer has marked as read."""
        self.fault_rules = FaultRules()
        """What goes wrong on purpose."""
        self.waiting: tuple[int, ...] = ()
        """The numbers of the deliveries that a fault holds until the next one is opened."""
        self._issued: _Grants = fixture.grants
        self._printed: _Grants = fixture.grants
        if logins is not None:
            _issue(self, CredentialsIssued(logins))

    def account_of(self, credential: Credential) -> Account | None:
        """The account that a credential opens; ``None`` for an unknown user and for a wrong secret."""
        who = (credential.provider, credential.user)
        grant = self._issued.get(who)
        if grant is None and credential.is_bound:
            grant = self._printed.get(who)
        if grant is None or grant.secret != credential.secret:
            return None
        return self.accounts[grant.account]

    def logins(self) -> dict[tuple[str, str], str | None]:
        """The secret of each provider's user, without the printed credentials that only a listener lets in."""
        return {who: grant.secret for who, grant in self._issued.items()}

    def apply(self, *events: Event) -> None:
        """Change the state as events say, one after the other."""
        for event in events:
            _APPLY[type(event)](self, event)

    def fork(self) -> State:
        """A state that begins as this one is; what neither changes stays shared."""
        twin = copy(self)
        twin.ids = self.ids.copy()
        twin.epoch, twin.in_flight = 0, {}
        twin.accounts = dict(self.accounts)
        twin.message_store = self.message_store.fork()
        # A fork sends nothing that its parent sends too.
        twin.scheduled = Scheduler(due for due in self.scheduled if not due.delivery)
        twin.deliveries = {
            number: replace(delivery, status="held", due=None) if delivery.status == "due" else delivery
            for number, delivery in self.deliveries.items()
        }
        twin.deliveries_by_message = dict(self.deliveries_by_message)
        twin.variants = dict(self.variants)
        twin.read = set(self.read)
        twin.uses = dict(self.uses)
        twin.fault_rules = self.fault_rules.fork()
        twin.waiting = ()  # held like everything else that was due
        return twin

    def contents(self) -> dict[str, object]:
        """All that it holds, as values that compare: two states are equal when these are."""
        return {
            **{name: copy(getattr(self, name)) for name in self.__slots__},
            "scheduled": (self.scheduled.last, *self.scheduled),
            "fault_rules": (self.fault_rules.next_id(), *self.fault_rules),
            "ids": (self.ids.seed, self.ids.sequences),
            "message_store": (self.message_store.next_serial, *sorted(self.message_store, key=attrgetter("serial"))),
        }


def _store(state: State, event: MessageStored) -> None:
    state.message_store.add(event.message)


def _change_message(state: State, event: MessageChanged) -> None:
    message = state.message_store.get(event.serial)
    if message is None:
        raise KeyError(event.serial)
    status = message.status if event.status is None else event.status
    fields = freeze({**message.fields, **event.fields})
    state.message_store.change(structs.replace(message, status=status, fields=fields))


def _delete_message(state: State, event: MessageDeleted) -> None:
    state.message_store.delete(event.serial)
    state.read.discard(event.serial)


def _schedule(state: State, event: InboundScheduled) -> None:
    state.scheduled.add(event.at, event.provider, event.fields)


def _run_item(state: State, event: ScheduledItemRun) -> None:
    state.scheduled.remove(event.number)


def _open_delivery(state: State, event: DeliveryOpened) -> None:
    serial = event.delivery.serial
    state.deliveries_by_message[serial] = (*state.deliveries_by_message.get(serial, ()), event.delivery.number)
    if event.delivery.status == "held" and event.delivery.fault is not None:
        state.waiting = (*state.waiting, event.delivery.number)
    _put(state, event.delivery)


def _start_attempt(state: State, event: AttemptStarted) -> None:
    state.in_flight[event.number] = event


def _end_attempt(state: State, event: AttemptEnded) -> None:
    state.in_flight.pop(event.number, None)
    delivery = state.deliveries[event.number]
    attempts = (*delivery.attempts, event.attempt)
    _put(state, replace(delivery, status=event.status, due=event.due, attempts=attempts))


def _change_delivery(state: State, event: DeliveryChanged) -> None:
    state.scheduled.cancel(event.number)
    if state.waiting:
        state.waiting = tuple(number for number in state.waiting if number != event.number)
    _put(state, replace(state.deliveries[event.number], status=event.status, due=event.due))


def _put(state: State, delivery: Delivery) -> None:
    state.deliveries[delivery.number] = delivery
    if delivery.status == "due" and delivery.due is not None:
        state.scheduled.add(delivery.due, delivery.provider, {}, delivery.number)


def _change_account(state: State, event: AccountChanged) -> None:
    state.accounts[event.account.key] = event.account


def _issue(state: State, event: CredentialsIssued) -> None:
    accounts = state.accounts.items()
    state.accounts = {key: replace(account, logins=event.logins.get(key, account.logins)) for key, account in accounts}
    state._issued = _grants(state.accounts.values())  # noqa: SLF001 - a part of `State.apply`


def _change_clock(state: State, event: ClockChanged) -> None:
    state.clock = event.clock


def _use_ids(state: State, event: IdsUsed) -> None:
    state.ids.commit(event.sequences)


def _restart(state: State, event: Restarted) -> None:
    # Every part is replaced, none is changed: whoever reads one without the lock goes on with the old one.
    fresh, epoch = event.initial.state(event.clock, event.at), state.epoch + 1
    fresh.fault_rules = state.fault_rules if event.keeps_fault_rules else FaultRules()
    for name in State.__slots__:
        setattr(state, name, getattr(fresh, name))
    state.epoch = epoch


def _close(state: State, _event: Closed) -> None:
    state.epoch += 1
    state.in_flight = {}


def _choose_variant(state: State, event: VariantChosen) -> None:
    # Replaced whole: what was decided under the variants of before still refers to them.
    state.variants = {**state.variants, event.name: event.variant}


def _mark_read(state: State, event: MessagesRead) -> None:
    state.read.update(event.serials)


def _count(state: State, event: UseCounted) -> None:
    state.uses[event.window] = (*state.uses.get(event.window, ()), event.at)[-event.keep :]


def _add_fault_rule(state: State, event: FaultRuleAdded) -> None:
    state.fault_rules.add(event.rule)


def _remove_fault_rule(state: State, event: FaultRuleRemoved) -> None:
    state.fault_rules.remove(event.id)


def _count_matches(state: State, event: FaultRulesMatched) -> None:
    state.fault_rules.count(event.ids)


def _count_hit(state: State, event: FaultRuleHit) -> None:
    state.fault_rules.hit(event.id)


def _keep_replay(state: State, event: ReplayKept) -> None:
    state.fault_rules.keep(event.id, event.replay)


_APPLY: Mapping[type, Callable[[State, Any], None]] = {
    MessageStored: _store,
    MessageChanged: _change_message,
    MessageDeleted: _delete_message,
    MessagesRead: _mark_read,
    UseCounted: _count,
    InboundScheduled: _schedule,
    ScheduledItemRun: _run_item,
    DeliveryOpened: _open_delivery,
    AttemptStarted: _start_attempt,
    AttemptEnded: _end_attempt,
    DeliveryChanged: _change_delivery,
    AccountChanged: _change_account,
    CredentialsIssued: _issue,
    VariantChosen: _choose_variant,
    ClockChanged: _change_clock,
    IdsUsed: _use_ids,
    Restarted: _restart,
    Closed: _close,
    FaultRuleAdded: _add_fault_rule,
    FaultRuleRemoved: _remove_fault_rule,
    FaultRulesMatched: _count_matches,
    FaultRuleHit: _count_hit,
    ReplayKept: _keep_replay,
}
