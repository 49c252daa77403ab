"""The state of a world, the identifiers that operations take from it, and how events change it.

Rule 1: only `State.apply` changes a state; operations only read it. So a world's state is the fold of its events.
Rule 2: what a state holds is immutable or not shared, so a fork is a few shallow copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec import Struct, structs

from .accounts import Account, Credential, Login
from .checkpoints import Checkpoint
from .clock import Clock
from .deliveries import Delivery
from .entries import Entries
from .events import (
    AccountChanged,
    AttemptEnded,
    AttemptInterrupted,
    AttemptStarted,
    CheckpointMade,
    CheckpointRemoved,
    ClockChanged,
    Closed,
    CredentialsIssued,
    DeliveryChanged,
    DeliveryOpened,
    EntryDeleted,
    EntryStored,
    Event,
    ExchangeFinished,
    ExchangeRecorded,
    FaultRuleAdded,
    FaultRuleHit,
    FaultRuleRemoved,
    FaultRulesMatched,
    IdsUsed,
    InboundScheduled,
    JournalCleared,
    MessageChanged,
    MessageDeleted,
    MessageScheduled,
    MessagesRead,
    MessageStored,
    ReceiveFailed,
    ReplayKept,
    Restarted,
    Rewound,
    ScheduledItemRun,
    UseCounted,
    VariantChosen,
)
from .faults import FaultRules, RuleStatus
from .frozen import FrozenDict, freeze
from .instants import SECOND, Instant
from .message_store import MessageStore
from .scheduler import ScheduledItem, Scheduler
from .segments import Segment

if TYPE_CHECKING:
    from .event_log import EventBatch


class Grant(NamedTuple):
    """What a user's credentials give access to."""

    secret: str | None
    account: str
    """The account's key."""


_Grants: TypeAlias = Mapping[tuple[str, str], Grant]


def _grants(accounts: Iterable[Account]) -> dict[tuple[str, str], Grant]:
    return {
        (account.provider, login.user): Grant(login.secret, account.key)
        for account in accounts
        for login in account.logins
    }


class UnreadParts(NamedTuple):
    """What a world file says of providers that are not installed. It has no effect, and snapshots write it back."""

    accounts: tuple[Mapping[str, Any], ...] = ()
    scheduled: tuple[Mapping[str, Any], ...] = ()
    deliveries: tuple[Mapping[str, Any], ...] = ()

    def providers(self) -> set[str]:
        """Return the names of these providers."""
        return {thing["provider"] for thing in (*self.accounts, *self.scheduled, *self.deliveries)}


@dataclass(frozen=True)
class Fixture:
    """The initial contents of worlds. Immutable, and shared by every world that is created from it."""

    accounts: tuple[Account, ...] = ()
    fixed: Segment = field(default_factory=Segment)
    """Messages at fixed instants."""
    relative: Segment = field(default_factory=Segment)
    """Messages at durations before the world's start, as negative instants."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """Variants that differ from the default."""
    read: frozenset[int] = frozenset()
    """The serials of messages that the customer has marked as read; those of ``relative`` follow those of ``fixed``."""
    sequences: Mapping[str, int] = field(default_factory=dict)
    """The next number of each sequence of identifiers."""
    uses: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)
    """The latest uses of each rate window, in ascending order, by the window's name."""
    scheduled: tuple[ScheduledItem, ...] = ()
    """The items that are scheduled."""
    entries: Entries = field(default_factory=Entries)
    """The entries of the accounts' collections. They are forked, never changed."""
    unread: UnreadParts = field(default_factory=UnreadParts)
    """What is kept for snapshots alone."""
    deliveries: tuple[Delivery, ...] = ()
    """The deliveries, by number. Those about a message have its serial, counted as in ``read``."""
    reordered: tuple[int, ...] = ()
    """The numbers of the deliveries that a ``reorder`` fault holds."""
    fault_rules: tuple[RuleStatus, ...] | None = None
    """The fault rules with their counts; ``None``: a world that restarts with this fixture keeps its own."""

    @cached_property
    def grants(self) -> _Grants:
        """The credentials that the fixture prints."""
        return _grants(self.accounts)


@dataclass(frozen=True)
class InitialState:
    """How a world was created, and what a reset returns it to."""

    fixture: Fixture
    seed: str
    """Of identifiers and chance."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """The complete table of switches."""
    logins: Mapping[str, tuple[Login, ...]] | None = None
    """The credentials of each account, by key."""
    frozen_at: Instant | None = None
    """The instant of a frozen clock; ``None`` for a running one."""
    template: State | None = None
    """A fork begins with a copy of this in place of a fixture."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of messages with which the world begins."""
        if self.template is not None:
            return self.template.message_store.segments
        return self.fixture.fixed, self.fixture.relative

    @property
    def first_serial(self) -> int:
        """The serial of the first message with which the world does not begin."""
        if self.template is not None:
            return self.template.message_store.next_serial
        return len(self.fixture.fixed.rows) + len(self.fixture.relative.rows)

    def secrets(self) -> dict[tuple[str, str], str | None]:
        """Return the secret of each provider's user in the state that the world begins with, as `State.secrets` does."""
        if self.template is not None:
            return self.template.secrets()
        given = self.logins or {}
        return {
            (account.provider, login.user): login.secret
            for account in self.fixture.accounts
            for login in given.get(account.key, account.logins)
        }

    def create_clock(self, frozen_at: Instant | None = None) -> Clock:
        """Create the clock that the world begins with, or one frozen at another instant."""
        at = self.frozen_at if frozen_at is None else frozen_at
        return Clock.system() if at is None else Clock.frozen(at)

    def create_state(self, clock: Clock, now: Instant) -> State:
        """Create the state that the world begins with.

        Args:
            clock: the world's clock.
            now: the clock's instant; relative messages are counted back from its whole second.
        """
        if self.template is None:
            return State(self.fixture, now // SECOND * SECOND, self.variants, self.logins, clock=clock, seed=self.seed)
        state = self.template.fork()
        state.clock, state.seed = clock, self.seed
        return state


class IdReservation(Struct):
    """Identifiers that are used up only when the decision that took them is committed, by the event `IdsUsed`.

    A request that is rejected, or skipped by a fault, leaves no gap; and the same decision made again gets the same
    identifiers. All are derived from a seed: none is random.
    """

    seed: str
    sequences: Mapping[str, int] = {}
    """The next number of each sequence, before this reservation."""
    used: dict[str, int] = {}
    """The next number of each sequence that was used."""

    def number(self, sequence: str, first: int = 1) -> int:
        """Return the next number of a named sequence; ``first`` when the sequence is new."""
        number = self.used.get(sequence) or self.sequences.get(sequence, first)
        self.used[sequence] = number + 1
        return number

    def token(self, kind: str, length: int = 20) -> str:
        """Return the next token of a kind: ``length`` (at most 64) lower-case hexadecimal digits."""
        text = f"{self.seed}\0{kind}\0{self.number(kind)}"
        return blake2b(text.encode(), digest_size=32).hexdigest()[:length]


class HeldParts(NamedTuple):
    """The large parts of a state that was rewound: what takes long to free."""

    message_store: MessageStore
    entries: Entries
    deliveries: Mapping[int, Delivery]
    deliveries_by_message: Mapping[int, tuple[int, ...]]
    scheduled: Scheduler
    uses: Mapping[str, tuple[Instant, ...]]
    read: set[int]
    in_flight: Mapping[int, AttemptStarted]

    def objects_beside(self, other: State) -> list[object]:
        """Return messages, deliveries and other objects that another state probably does not hold."""
        messages = self.message_store.rows_beside(other.message_store)
        return [*messages, *self.entries.changed(), *self.deliveries.values(), *self.scheduled, *self.uses.values()]


class State:
    """Everything that one world holds."""

    __slots__ = (
        *(
            "_issued",
            "_printed",
            "accounts",
            "checkpoints",
            "clock",
            "deliveries",
            "deliveries_by_message",
            "entries",
            "epoch",
        ),
        *("fault_rules", "in_flight", "message_store", "read", "reordered", "scheduled", "seed", "sequences", "unread"),
        *("uses", "variants"),
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
        """Create the state that a fixture describes.

        Args:
            fixture: the initial contents.
            birth: the instant from which relative messages are counted back.
            variants: the complete table of switches.
            logins: the credentials of each account, by its key, in place of the printed ones.
            clock: frozen at ``birth`` when none is given.
            seed: the seed of identifiers and chance.
        """
        self.clock = clock or Clock.frozen(birth)
        self.seed = seed
        """The seed of identifiers and chance."""
        self.sequences = dict(fixture.sequences)
        """The next number of each sequence of identifiers, by name."""
        self.epoch = 0
        """The number of restarts: the outcome of an attempt that began in an earlier epoch is ignored."""
        self.in_flight: dict[int, AttemptStarted] = {}
        """The attempts that have started and not ended, by the delivery's number."""
        self.accounts = {account.key: account for account in fixture.accounts}
        self.message_store = MessageStore(((fixture.fixed, 0), (fixture.relative, birth)))
        self.entries = fixture.entries.fork()
        """The entries of the accounts' collections."""
        self.variants: Mapping[str, str] = dict(variants)
        """Every switch of every provider, by name."""
        self.deliveries: dict[int, Delivery] = {}
        """Every delivery, by number."""
        self.deliveries_by_message: dict[int, tuple[int, ...]] = {}
        """The numbers of the deliveries about each message, by its serial."""
        self.scheduled = Scheduler(fixture.scheduled)
        """The items that are scheduled."""
        self.uses: dict[str, tuple[Instant, ...]] = dict(fixture.uses)
        """The latest uses of each rate window, in ascending order, by the window's name."""
        self.read: set[int] = set(fixture.read)
        """The serials of the messages that the customer has marked as read."""
        self.unread = fixture.unread
        """What is kept for snapshots alone."""
        self.fault_rules = FaultRules.of_statuses(fixture.fault_rules or ())
        """The fault rules, with their counts."""
        self.reordered: tuple[int, ...] = fixture.reordered
        """The numbers of the deliveries that a ``reorder`` fault holds until the next delivery is opened."""
        self.checkpoints: Mapping[str, Checkpoint] = {}
        """The checkpoints, by name, in the order in which they were made."""
        self._issued: _Grants = fixture.grants
        self._printed: _Grants = fixture.grants
        for delivery in fixture.deliveries:
            _add_delivery(self, delivery)
        if logins is not None:
            _issue(self, CredentialsIssued(logins))

    def account_of(self, credential: Credential) -> Account | None:
        """Return the account of a credential; ``None`` for an unknown user or a wrong secret."""
        who = (credential.provider, credential.user)
        grant = self._issued.get(who)
        if grant is None and credential.is_bound:
            grant = self._printed.get(who)
        if grant is None or grant.secret != credential.secret:
            return None
        return self.accounts[grant.account]

    def secrets(self) -> dict[tuple[str, str], str | None]:
        """Return the secret of each provider's user, without the printed credentials that only a bound listener accepts."""
        return {who: grant.secret for who, grant in self._issued.items()}

    def has_same_secrets(self, other: State) -> bool:
        """Return whether another state has the same credentials."""
        return self._issued is other._issued or self.secrets() == other.secrets()

    def apply(self, *events: Event) -> None:
        """Apply events to the state, in order."""
        for event in events:
            _APPLY[type(event)](self, event)

    def fork(self) -> State:
        """Return a copy of this state; what neither changes stays shared."""
        twin = copy(self)
        twin.sequences = dict(self.sequences)
        twin.epoch, twin.in_flight = 0, {}
        twin.accounts = dict(self.accounts)
        twin.message_store = self.message_store.fork()
        twin.entries = self.entries.fork()
        # The parent sends these deliveries; the fork must not send them again.
        twin.scheduled = self.scheduled.fork()
        twin.deliveries = {
            number: replace(delivery, status="held", due=None) if delivery.status == "due" else delivery
            for number, delivery in self.deliveries.items()
        }
        twin.deliveries_by_message = dict(self.deliveries_by_message)
        twin.variants = dict(self.variants)
        twin.read = set(self.read)
        twin.uses = dict(self.uses)
        twin.fault_rules = self.fault_rules.fork()
        twin.reordered = ()  # they are held like every delivery that was due
        twin.checkpoints = {}
        return twin

    def copy(self) -> State:
        """Return an exact copy of this state, without its checkpoints; what neither changes stays shared."""
        twin = State.__new__(State)
        twin.copy_parts(self)
        twin.epoch, twin.checkpoints = self.epoch, {}
        return twin

    def copy_parts(self, other: State) -> None:
        """Replace every part but the epoch and the checkpoints by a copy of another state's; only events call this."""
        self._issued, self._printed, self.seed, self.unread = other._issued, other._printed, other.seed, other.unread
        self.clock, self.variants, self.reordered = other.clock, other.variants, other.reordered
        self.sequences, self.in_flight, self.accounts = (
            dict(other.sequences),
            dict(other.in_flight),
            dict(other.accounts),
        )
        self.uses, self.read = dict(other.uses), set(other.read)
        self.message_store, self.entries = other.message_store.fork(), other.entries.fork()
        self.scheduled, self.fault_rules = other.scheduled.copy(), other.fault_rules.fork()
        self.deliveries, self.deliveries_by_message = dict(other.deliveries), dict(other.deliveries_by_message)

    def hold(self) -> HeldParts:
        """Return the large parts, which a rewind replaces."""
        return HeldParts(
            self.message_store,
            self.entries,
            self.deliveries,
            self.deliveries_by_message,
            self.scheduled,
            self.uses,
            self.read,
            self.in_flight,
        )

    def contents(self) -> dict[str, object]:
        """Return everything that the state holds as comparable values: two states are equal when these are."""
        return {
            **{name: copy(getattr(self, name)) for name in self.__slots__},
            "scheduled": (self.scheduled.last, *self.scheduled),
            "entries": self.entries.contents(),
            "fault_rules": (self.fault_rules.next_id(), *self.fault_rules),
            "message_store": (self.message_store.next_serial, *sorted(self.message_store, key=attrgetter("serial"))),
            "checkpoints": [
                (each.name, each.at, each.exchange, each.state.contents()) for each in self.checkpoints.values()
            ],
        }


def apply_batch(state: State, initial_state: InitialState, batch: EventBatch) -> InitialState:
    """Apply events that happened together to a state, and return the initial state to which a reset leads after them.

    Args:
        state: the state before them.
        initial_state: the one to which a reset leads before them.
        batch: the events.
    """
    events = batch.events + batch.internal
    state.apply(*events)
    for event in events:
        if isinstance(event, Restarted):
            initial_state = event.initial
        elif isinstance(event, Rewound):
            initial_state = state.checkpoints[event.name].initial
    return initial_state


def _store(state: State, event: MessageStored) -> None:
    state.message_store.add(event.message)


def _change_message(state: State, event: MessageChanged) -> None:
    message = state.message_store.get(event.serial)
    if message is None:
        raise KeyError(event.serial)
    status = message.status if event.status is None else event.status
    fields = FrozenDict({**message.fields, **freeze(event.fields)}) if event.fields else message.fields
    state.message_store.change(structs.replace(message, status=status, fields=fields))


def _schedule_message(state: State, event: MessageScheduled) -> None:
    state.scheduled.schedule_change(event.serial, event.at)


def _delete_message(state: State, event: MessageDeleted) -> None:
    state.message_store.delete(event.serial)
    state.scheduled.schedule_change(event.serial, None)
    state.read.discard(event.serial)


def _schedule(state: State, event: InboundScheduled) -> None:
    state.scheduled.add(event.at, event.provider, event.fields)


def _run_item(state: State, event: ScheduledItemRun) -> None:
    state.scheduled.remove(event.number)


def _open_delivery(state: State, event: DeliveryOpened) -> None:
    if event.delivery.status == "held" and event.delivery.fault is not None:
        state.reordered = (*state.reordered, event.delivery.number)
    _add_delivery(state, event.delivery)


def _add_delivery(state: State, delivery: Delivery) -> None:
    serial = delivery.serial
    if serial is not None:
        state.deliveries_by_message[serial] = (*state.deliveries_by_message.get(serial, ()), delivery.number)
    _put(state, delivery)


def _start_attempt(state: State, event: AttemptStarted) -> None:
    state.in_flight[event.number] = event


def _end_attempt(state: State, event: AttemptEnded) -> None:
    state.in_flight.pop(event.number, None)
    delivery = state.deliveries[event.number]
    attempts = (*delivery.attempts, event.attempt)
    _put(state, replace(delivery, status=event.status, due=event.due, attempts=attempts))


def _interrupt_attempt(state: State, event: AttemptInterrupted) -> None:
    state.in_flight.pop(event.number, None)
    delivery = state.deliveries[event.number]
    _put(state, replace(delivery, status="due", due=event.due, interrupted=(*delivery.interrupted, event.at)))


def _change_delivery(state: State, event: DeliveryChanged) -> None:
    state.scheduled.cancel(event.number)
    if state.reordered:
        state.reordered = tuple(number for number in state.reordered if number != event.number)
    _put(state, replace(state.deliveries[event.number], status=event.status, due=event.due))


def _put(state: State, delivery: Delivery) -> None:
    state.deliveries[delivery.number] = delivery
    if delivery.status == "due" and delivery.due is not None:
        state.scheduled.add(delivery.due, delivery.provider, {}, delivery.number)


def _change_account(state: State, event: AccountChanged) -> None:
    state.accounts[event.account.key] = event.account


def _store_entry(state: State, event: EntryStored) -> None:
    state.entries.put(event.account, event.collection, event.entry)
    number = event.entry.id
    if isinstance(number, int):
        # So that no new entry gets an id that was given by hand.
        sequence = f"{event.account.partition('/')[0]}.{event.collection}"
        if number >= state.sequences.get(sequence, 0):
            state.sequences[sequence] = number + 1


def _delete_entry(state: State, event: EntryDeleted) -> None:
    state.entries.delete(event.account, event.collection, event.id)


def _issue(state: State, event: CredentialsIssued) -> None:
    accounts = state.accounts.items()
    state.accounts = {
        key: account.with_logins(event.logins[key]) if key in event.logins else account for key, account in accounts
    }
    state._issued = _grants(state.accounts.values())  # noqa: SLF001 - a part of `State.apply`


def _change_clock(state: State, event: ClockChanged) -> None:
    state.clock = event.clock


def _use_ids(state: State, event: IdsUsed) -> None:
    state.sequences.update(event.sequences)


def _restart(state: State, event: Restarted) -> None:
    # Every part is replaced, none is mutated: a reader without the lock keeps a consistent old one.
    fresh, epoch = event.initial.create_state(event.clock, event.at), state.epoch + 1
    if event.keeps_fault_rules:
        fresh.fault_rules = state.fault_rules
    elif event.initial.template is not None:
        fresh.fault_rules = FaultRules()
    fresh.checkpoints = state.checkpoints
    for name in State.__slots__:
        setattr(state, name, getattr(fresh, name))
    state.epoch = epoch


def _make_checkpoint(state: State, event: CheckpointMade) -> None:
    others = {name: each for name, each in state.checkpoints.items() if name != event.name}
    made = Checkpoint(event.name, event.at, event.exchange, event.initial, state.copy())
    state.checkpoints = {**others, event.name: made}


def _remove_checkpoint(state: State, event: CheckpointRemoved) -> None:
    state.checkpoints = {name: each for name, each in state.checkpoints.items() if name != event.name}


def _rewind(state: State, event: Rewound) -> None:
    state.copy_parts(state.checkpoints[event.name].state)
    state.epoch += 1
    # The outcome of an attempt that was in flight at the checkpoint does not count, so the attempt is made again.
    for started in tuple(state.in_flight.values()):
        due = state.deliveries[started.number].due
        if due is not None:  # else it was held meanwhile
            _interrupt_attempt(state, AttemptInterrupted(started.number, started.at, due))
    state.in_flight = {}


def _close(state: State, _event: Closed) -> None:
    state.epoch += 1
    state.in_flight = {}


def _choose_variant(state: State, event: VariantChosen) -> None:
    # A new dictionary: exchanges that were decided with the old variants still refer to them.
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


def _change_nothing(_state: State, _event: Event) -> None:
    """Apply an event that only the feed and the log show."""


_APPLY: Mapping[type, Callable[[State, Any], None]] = {
    MessageStored: _store,
    MessageChanged: _change_message,
    MessageDeleted: _delete_message,
    MessageScheduled: _schedule_message,
    MessagesRead: _mark_read,
    UseCounted: _count,
    InboundScheduled: _schedule,
    ScheduledItemRun: _run_item,
    DeliveryOpened: _open_delivery,
    AttemptStarted: _start_attempt,
    AttemptEnded: _end_attempt,
    DeliveryChanged: _change_delivery,
    AccountChanged: _change_account,
    EntryStored: _store_entry,
    EntryDeleted: _delete_entry,
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
    AttemptInterrupted: _interrupt_attempt,
    ExchangeRecorded: _change_nothing,
    ExchangeFinished: _change_nothing,
    ReceiveFailed: _change_nothing,
    JournalCleared: _change_nothing,
    CheckpointMade: _make_checkpoint,
    CheckpointRemoved: _remove_checkpoint,
    Rewound: _rewind,
}
