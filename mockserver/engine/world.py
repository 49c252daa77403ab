"""One world: its state, faults, journal and feed, and the one way to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from threading import Condition, Lock
from typing import Any, NamedTuple, Protocol, TypeAlias

from msgspec import Struct, structs

from .clock import Clock
from .decisions import Decision
from .deliveries import Attempt, Delivery, WebhookFault
from .events import (
    AttemptEnded,
    AttemptStarted,
    ClockChanged,
    Closed,
    DeliveryChanged,
    DeliveryOpened,
    Event,
    FaultRuleAdded,
    FaultRuleHit,
    FaultRuleRemoved,
    FaultRulesMatched,
    IdsUsed,
    ReplayKept,
    Restarted,
    ScheduledItemRun,
)
from .faults import Fault, FaultRule, RequestFacts, RuleStatus, SelectedFault, WebhookFacts
from .feed import EventFeed
from .ids import IdReservation
from .instants import Instant
from .journal import Exchange, Journal
from .scheduler import ScheduledItem
from .state import InitialState, State

Decide: TypeAlias = Callable[[State, Instant, IdReservation], Decision]
"""Pure: reads the state, the instant and a reservation of identifiers, and concludes. It may be run again."""

ReceiveInbound: TypeAlias = Callable[[Mapping[str, Any], State, Instant, IdReservation], Decision]
"""A provider's decider for a message that comes in from outside, given its fields."""

EvaluateAttempt: TypeAlias = Callable[[Delivery, Attempt, State, Instant, IdReservation], Decision]
"""A provider's decider for an attempt that is over: acknowledged, due again, or given up."""


class ProviderCallbacks(NamedTuple):
    """What a provider decides when no one has asked it."""

    receive_inbound: ReceiveInbound | None = None
    evaluate_attempt: EvaluateAttempt | None = None


class Sender(Protocol):
    """Makes the attempts, and sees that what is due in a world whose clock ticks happens in time."""

    def send(self, world: World, delivery: Delivery) -> None:
        """Make the request of an attempt that has started, and call `World.end_attempt` with what came of it.

        Called with the world's lock held, so it returns at once.
        """

    def due(self, world: World) -> None:
        """What comes next in a world has changed. Called with its lock held."""

    def forget(self, world: World) -> None:
        """Nothing that was begun in this world counts any more. Called with its lock held."""

    def close(self) -> None:
        """Send nothing more."""


ATTEMPT_PATIENCE = 2.0
"""Seconds of wall clock in which one of the attempts that were begun before an advance must end for it to go on waiting.

Not for ever: the receiver that is being called may be who advances.
"""

MAX_CAUSAL_DEPTH = 1_000
"""How many things may follow from one another at one instant; a longer chain is taken for an endless loop."""


class ClockBusy(RuntimeError):
    """Somebody else is moving this world's clock."""


class AdvanceLimitExceeded(RuntimeError):
    """What happens at one instant brings about the next thing at the same instant, without end."""


class EventLog(Protocol):
    """Where a world writes its events before they take effect."""

    def append(self, at: Instant, events: tuple[Event, ...]) -> None:
        """Keep events that happen together at an instant. They have not happened unless this returns."""


class ExchangeRecorded(Struct, frozen=True, gc=False):
    """A request was answered. The exchange itself is the journal's, which bounds what is kept of it."""

    number: int


class ReceiveFailed(Struct, frozen=True):
    """A message was to arrive, and there was nothing left for it to arrive at."""

    provider: str
    reason: str


class TimedEvent(Struct, frozen=True, gc=False):
    """What happened, at its own instant."""

    at: Instant
    what: Event | ExchangeRecorded | ReceiveFailed


class EventBatch(Struct, frozen=True, gc=False):
    """What happened at one instant, in order. Nearly no one looks, so the single things are made for who does."""

    at: Instant
    whats: tuple[Event | ExchangeRecorded | ReceiveFailed, ...]

    def __len__(self) -> int:
        return len(self.whats)

    def __iter__(self) -> Iterator[TimedEvent]:
        return (TimedEvent(self.at, what) for what in self.whats)


class _CausalDepth:
    """How deep the chain of things is that brought about the one that happens now, without time moving.

    What is scheduled while things of one depth happen is one deeper; items of one instant are run in the order of
    their numbers, so a depth ends with the last item that was there when it began.
    """

    __slots__ = ("_at", "_depth", "_last")

    def __init__(self) -> None:
        self._at: Instant | None = None
        self._depth = 0
        self._last = 0

    def count(self, item: ScheduledItem, last: int) -> None:
        """Count an item that is about to be run; ``last`` is the number of the item that was scheduled last.

        Raises:
            AdvanceLimitExceeded: the chain is too long.
        """
        if self._at is None or item.at > self._at:
            self._at, self._depth, self._last = item.at, 0, last
        elif item.number > self._last:
            self._depth, self._last = self._depth + 1, last
            if self._depth > MAX_CAUSAL_DEPTH:
                raise AdvanceLimitExceeded(
                    f"{MAX_CAUSAL_DEPTH} things followed from one another without time moving, and more are due; "
                    f"the next is {item.provider}'s"
                )


class World:
    """What one test, or one developer, sees."""

    __slots__ = (
        *("_announced", "_begun_before", "_quiet", "_record", "_providers", "_sender"),
        *("feed", "id", "initial_state", "journal", "lock", "log", "state", "settings_changed"),
    )

    def __init__(
        self,
        world_id: str,
        initial_state: InitialState,
        journal: Journal,
        providers: Mapping[str, ProviderCallbacks],
        clock: Clock | None = None,
        sender: Sender | None = None,
    ) -> None:
        """Create a world.

        Args:
            world_id: its name in addresses.
            initial_state: what a reset returns it to.
            journal: where its exchanges are written down.
            providers: by provider, what it decides when no one has asked it.
            clock: in place of the one that it would begin with.
            sender: makes the attempts at deliveries; without one they stay due.
        """
        self.id = world_id
        self.initial_state = initial_state
        self.journal = journal
        clock = clock or initial_state.clock()
        self.state = initial_state.state(clock, clock.now())
        self.log: EventLog | None = None
        """Where events are written before they take effect; none are while it is ``None``."""
        self.feed = EventFeed()
        self.settings_changed = EventFeed(100)
        """What somebody set that is no event, so that who shows it looks again: ``clock``, or the ``world`` when it began
        again."""
        self.lock = Lock()
        self._begun_before: set[int] = set()
        """The deliveries in flight whose attempt was begun before the advance that is under way."""
        self._quiet = Condition(self.lock)
        self._record: list[TimedEvent] | None = None
        self._announced: Instant | None = None
        self._providers = providers
        self._sender = sender

    @property
    def clock(self) -> Clock:
        """Its clock as it stands."""
        return self.state.clock

    def execute(self, decide: Decide, commit: bool = True) -> Decision:
        """Decide at one instant, before which everything that is due by then has happened, and change the state.

        The lock is held for microseconds; nothing that waits may be called in here, and never another world's execute.

        Args:
            decide: concludes what happens.
            commit: ``False`` leaves the state as it is, and uses up no identifiers.
        """
        with self.lock:
            state = self.state
            now, scheduled = state.clock.now(), state.scheduled
            if scheduled.next is not None:  # nearly every world waits for nothing, and then none of this is called
                self._run_due(now)
            decision = self._apply_decision(decide, now, commit)
            scheduled = state.scheduled
            if scheduled.next is not None:
                self._run_due(now)  # what is due now is attempted at once
            if scheduled.next != self._announced:
                self._notify_scheduler()
            return decision

    def execute_with_fault(self, facts: RequestFacts, decide: Decide) -> tuple[SelectedFault, Decision]:
        """Choose the fault that applies to a request, and decide at the same instant.

        Args:
            facts: what fault rules may ask of the request; its matches and the hit are counted.
            decide: as in `execute`; not committed when the fault is applied before the operation takes effect.
        """
        with self.lock:
            now = self.clock.now()
            self._run_due(now)
            selected = self._select_fault(facts, now)
            decision = self._apply_decision(decide, now, commit=selected.point != "before")
            self._run_due(now)
            self._notify_scheduler()
            return selected, decision

    def end_attempt(self, number: int, epoch: int, attempt: Attempt) -> None:
        """Take the outcome of an attempt at a delivery; one that was begun in an earlier epoch changes nothing."""
        with self.lock:
            if epoch != self.state.epoch:
                return
            now = self.clock.now()
            try:
                self._evaluate_attempt(self.state.deliveries[number], attempt, now)
            finally:
                self._begun_before.discard(number)
                self._run_due(now)
                self._notify_scheduler()
                self._quiet.notify_all()

    def _evaluate_attempt(self, delivery: Delivery, attempt: Attempt, now: Instant) -> None:
        evaluate_attempt = self._providers[delivery.provider].evaluate_attempt
        assert evaluate_attempt is not None
        if delivery.fault is not None:
            attempt = delivery.fault.end_attempt(delivery, attempt)
        try:
            self._apply_decision(
                lambda state, now, ids: self._judged(evaluate_attempt(delivery, attempt, state, now, ids), delivery),
                now,
            )
        except Exception as error:
            ended = attempt._replace(result=f"the provider's code failed: {type(error).__name__}")
            self._publish(now, (AttemptEnded(delivery.number, ended, "given up", None),))
            raise

    def write_down(self, exchange: Exchange) -> None:
        """Put an exchange into the journal, and say so."""
        self.journal.add(exchange)
        self.feed.publish_all(EventBatch(exchange.at, (ExchangeRecorded(exchange.number),)))

    def receive_inbound(self, provider: str, fields: Mapping[str, Any]) -> Decision:
        """Let a message come in now.

        Raises:
            KeyError: nothing arrives at that provider.
        """
        decide = self._providers[provider].receive_inbound
        if decide is None:
            raise KeyError(provider)
        return self.execute(lambda state, now, ids: decide(fields, state, now, ids))

    # -- faults ------------------------------------------------------------------------------------------------------

    def choose_fault(self, facts: RequestFacts) -> SelectedFault:
        """The fault that applies to a request for no operation; counts the match and the hit."""
        with self.lock:
            return self._select_fault(facts, self.clock.now())

    def _select_fault(self, facts: RequestFacts, now: Instant) -> SelectedFault:
        reservation = self.state.ids.reserve()
        selected, matched = self.state.fault_rules.select("response", facts, now, partial(_draw, reservation))
        internal: tuple[Event, ...] = (FaultRulesMatched(matched),) if matched else ()
        internal += (IdsUsed(reservation.used),) if reservation.used else ()
        hits = () if selected.rule is None else (FaultRuleHit(selected.rule),)
        if internal:
            self._publish(now, hits, internal)
        return selected

    def keep_replay(self, selected: SelectedFault, replay: Fault) -> None:
        """Keep what a hit leaves for the next request that its rule matches."""
        with self.lock:
            if selected.rule is not None and selected.rule in self.state.fault_rules:  # else it was removed meanwhile
                self._publish(self.clock.now(), (), (ReplayKept(selected.rule, replay),))

    def fault_rules(self) -> tuple[RuleStatus, ...]:
        """Every fault rule with what it has counted, in the order in which they are asked."""
        with self.lock:
            return tuple(self.state.fault_rules)

    def add_fault_rule(self, rule: FaultRule) -> FaultRule:
        """Add a fault rule behind those that are there.

        Returns:
            The rule with its id, which is made for a rule without.

        Raises:
            ValueError: there is a rule of that id.
        """
        with self.lock:
            rules = self.state.fault_rules
            if rule.id in rules:
                raise ValueError(f"there is a fault rule {rule.id!r} already")
            rule = replace(rule, id=rule.id or rules.next_id())
            self._publish(self.clock.now(), (FaultRuleAdded(rule),))
            return rule

    def remove_fault_rules(self, rule_id: str | None = None) -> int:
        """Remove one fault rule, or all; how many there were. A webhook that one was applied to stays as it is."""
        with self.lock:
            gone = [rule.id for rule, *_ in self.state.fault_rules if rule_id in (None, rule.id)]
            if gone:
                self._publish(self.clock.now(), tuple(map(FaultRuleRemoved, gone)))
            return len(gone)

    # -- time --------------------------------------------------------------------------------------------------------

    def now(self) -> Instant:
        """The instant, with everything that was due until then having happened."""
        with self.lock:
            now = self.clock.now()
            self._run_due(now)
            return now

    def advance(self, to: Instant | None = None, *, by: int = 0) -> list[TimedEvent]:
        """Move the clock on, and run what is due on the way; what happened, in order, each at its own instant.

        It moves from due instant to due instant, and at each waits, without the lock, until every attempt is over. For
        one that was begun before it waits as `ATTEMPT_PATIENCE` says; `wait_until_idle` before an advance waits longer.

        Args:
            to: the instant to move to.
            by: microseconds to move on by when no instant is given; 0 runs what is due already.

        Raises:
            ValueError: the instant is past.
            Busy: somebody else is moving this clock.
            Endless: things bring about one another without end.
        """
        with self.lock:
            now = self.clock.now()
            to = now + by if to is None else to
            if to < now:
                raise ValueError("the clock cannot be moved backwards; a reset with freeze does that")
            if self._record is not None:
                raise ClockBusy("somebody else is moving this world's clock; let that end first")
            record: list[TimedEvent] = []
            self._record = record
            try:
                self._advance_to(to)
            finally:
                self._record = None
                self._announced = None  # what comes next may be the same, and is nearer now
                self._notify_scheduler()
                self.settings_changed.publish("clock")
            return record

    def wait_until_idle(self, patience: float = 10.0) -> bool:
        """Wait until nothing is due now and nothing in flight; whether it came to that in so many seconds of wall clock."""
        with self.lock:
            self._run_due(self.clock.now())
            return self._quiet.wait_for(lambda: not self.state.in_flight, patience)

    def freeze(self, at: Instant | None = None) -> list[TimedEvent]:
        """Stop the clock, here or at a later instant; what happened until then.

        Raises:
            ValueError: the instant is past.
        """
        with self.lock:
            now = self.clock.now()
            if at is not None and at < now:
                raise ValueError("a clock cannot be frozen in its past; a reset with freeze does that")
            self._set_clock(self.clock.freeze())
            event_json = self._run_due(now)
            self.settings_changed.publish("clock")
        return event_json if at is None else event_json + self.advance(at)

    def resume(self) -> None:
        """Let the clock tick on from where it stands."""
        with self.lock:
            self._set_clock(self.clock.resume())
            self._announced = None
            self._notify_scheduler()
            self.settings_changed.publish("clock")

    def next_due(self) -> Instant | None:
        """When the next thing happens by itself."""
        with self.lock:
            return self.state.scheduled.next

    # -- whole worlds ------------------------------------------------------------------------------------------------

    def reset(self, frozen_at: Instant | None = None) -> None:
        """Return to how it was created, with its clock frozen at an instant if one is given. Cursors go on."""
        with self.lock:
            self._restart(self.initial_state.clock(frozen_at))
        self.journal.clear()
        self.settings_changed.publish("world")

    def restart(self, initial_state: InitialState, clock: Clock) -> None:
        """Begin another way, as from a snapshot. Journal, fault rules and cursors stay."""
        with self.lock:
            self.initial_state = initial_state
            self._restart(clock, keeps_fault_rules=True)
        self.settings_changed.publish("world")

    def close(self) -> None:
        """Let go of everything; called when the world is dropped."""
        with self.lock:
            self._publish(self.clock.now(), (), (Closed(),))
            self._forget_attempts()
        self.journal.close()

    def fork(self, world_id: str, journal: Journal, issue: Callable[[State], None]) -> World:
        """A world that begins as this one is now, with credentials that are issued. Journal and feed are its own, and empty."""
        with self.lock:
            clock = self.clock
            now = clock.now()
            self._run_due(now)
            template = self.state.fork()
            issue(template)
            initial_state = replace(self.initial_state, frozen_at=clock.frozen_at, template=template)
            return World(world_id, initial_state, journal, self._providers, clock, self._sender)

    # -- inside the lock ---------------------------------------------------------------------------------------------

    def _apply_decision(self, decide: Decide, now: Instant, commit: bool = True) -> Decision:
        """Decide and make it so, all of it before anybody is notified of any of it."""
        reservation = self.state.ids.reserve()
        decision = decide(self.state, now, reservation)
        if commit and decision.events:
            events, internal = decision.events, tuple[Event, ...]()
            if self.state.fault_rules or self.state.waiting:
                events, internal = self._apply_webhook_faults(events, reservation, now)
            self._publish(now, events, (*internal, IdsUsed(reservation.used)) if reservation.used else internal)
        return decision

    def _apply_webhook_faults(
        self, events: tuple[Event, ...], reservation: IdReservation, now: Instant
    ) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """What happens in place of some events where webhooks go wrong on purpose, and what only the state needs of it."""
        rules, waiting = self.state.fault_rules.fork(), self.state.waiting
        event_json, internal = list[Event](), list[Event]()
        for event in events:
            if not isinstance(event, DeliveryOpened):
                event_json.append(event)
                continue
            delivery = event.delivery
            facts = WebhookFacts(delivery.provider, delivery.account.partition("/")[2], delivery.kind, delivery.url)
            selected, matched = rules.select("webhook", facts, now, partial(_draw, reservation))
            if matched:
                rules.count(matched)
                internal.append(FaultRulesMatched(matched))
            opened: tuple[Delivery, ...] = (delivery,)
            if selected.rule is not None and isinstance(selected.fault, WebhookFault):
                rules.hit(selected.rule)
                event_json.append(FaultRuleHit(selected.rule))
                delivery = replace(delivery, fault=selected.fault, fault_rule=selected.rule)
                opened = selected.fault.open(delivery, partial(reservation.number, "deliveries"))
            event_json += map(DeliveryOpened, opened)
            event_json += (DeliveryChanged(number, "due", now) for number in waiting)
            waiting = tuple(each.number for each in opened if each.status == "held" and each.fault is not None)
        return tuple(event_json), tuple(internal)

    def _judged(self, decision: Decision, delivery: Delivery) -> Decision:
        """What a provider decided of an attempt, unless a fault gives up before."""
        if delivery.fault is None or not delivery.fault.gives_up(delivery):
            return decision
        return structs.replace(decision, events=tuple(map(_given_up, decision.events)))

    def _publish(self, now: Instant, events: tuple[Event, ...], internal: tuple[Event, ...] = ()) -> None:
        """Let events happen: write them to the log, change the state, show them in the feed.

        Args:
            now: when they happen.
            events: what a user is notified of.
            internal: what only the state needs, after the others.
        """
        if self.log is not None:
            self.log.append(now, events + internal)
        self.state.apply(*events, *internal)
        if events:
            self._show(EventBatch(now, events))

    def _show(self, batch: EventBatch) -> None:
        self.feed.publish_all(batch)
        if self._record is not None:
            self._record += batch

    def _set_clock(self, clock: Clock) -> None:
        if clock != self.clock:
            self._publish(clock.now(), (), (ClockChanged(clock),))

    def _run_due(self, until: Instant, depth: _CausalDepth | None = None) -> list[TimedEvent]:
        """Run everything that is due at an instant, each item at its own instant."""
        event_json: list[TimedEvent] = []
        if self.state.scheduled.first_due(until) is None:
            return event_json
        depth = depth or _CausalDepth()
        while item := self.state.scheduled.first_due(until):
            depth.count(item, self.state.scheduled.last)
            if item.delivery:
                self._start_attempt(item)
            else:
                event_json += (TimedEvent(item.at, what) for what in self._received(item))
        return event_json

    def _start_attempt(self, item: ScheduledItem) -> None:
        """Begin an attempt, unless the delivery was held, resent or put off since it was scheduled."""
        run = ScheduledItemRun(item.number)
        delivery = self.state.deliveries.get(item.delivery)
        is_waiting = delivery is not None and delivery.status == "due" and delivery.due == item.at
        if delivery is None or not is_waiting or self._sender is None or item.delivery in self.state.in_flight:
            self._publish(item.at, (), (run,))
        else:
            self._publish(item.at, (), (run, AttemptStarted(item.delivery, item.at)))
            self._sender.send(self, delivery)

    def _advance_to(self, to: Instant) -> None:
        epoch, depth = self.state.epoch, _CausalDepth()
        self._begun_before = set(self.state.in_flight)
        while self._begun_before and self._quiet.wait(ATTEMPT_PATIENCE):
            pass
        while True:
            self._quiet.wait_for(lambda: epoch != self.state.epoch or self._all_attempts_done())
            if epoch != self.state.epoch:
                return
            at = self.state.scheduled.next
            if at is None or at > to:
                self._set_clock(self.clock.move_to(to))
                return
            self._set_clock(self.clock.move_to(at))
            self._run_due(at, depth)

    def _all_attempts_done(self) -> bool:
        """Whether every attempt is over that can be: who advances may be the receiver of one begun before, with others in line behind."""
        deliveries = self.state.deliveries
        held_up = {deliveries[number].ordering_key for number in self._begun_before}
        return all(deliveries[number].ordering_key in held_up for number in self.state.in_flight)

    def _notify_scheduler(self) -> None:
        """Tell the sender when what comes next has changed."""
        following = self.state.scheduled.next
        if following != self._announced and self._sender is not None:
            self._announced = following
            self._sender.due(self)

    def _restart(self, clock: Clock, *, keeps_fault_rules: bool = False) -> None:
        now = clock.now()
        self._publish(now, (), (Restarted(self.initial_state, clock, now, keeps_fault_rules),))
        self._forget_attempts()

    def _forget_attempts(self) -> None:
        self._begun_before.clear()
        self._announced = None
        if self._sender is not None:
            self._sender.forget(self)
        self._quiet.notify_all()

    def _received(self, due: ScheduledItem) -> tuple[Event | ReceiveFailed, ...]:
        self._publish(due.at, (), (ScheduledItemRun(due.number),))
        try:
            return self._apply_decision(self._decision(due), due.at).events
        except ValueError as reason:  # its number or account has gone since
            failed = ReceiveFailed(due.provider, str(reason))
            self._show(EventBatch(due.at, (failed,)))
            return (failed,)

    def _decision(self, due: ScheduledItem) -> Decide:
        decide = self._providers[due.provider].receive_inbound
        assert decide is not None
        return lambda state, now, ids: decide(due.fields, state, now, ids)


def _draw(reservation: IdReservation) -> float:
    """A seeded number from 0 to below 1."""
    return int(reservation.token("chance", 13), 16) / 16**13


def _given_up(event: Event) -> Event:
    """The event of an attempt without a next one."""
    if not isinstance(event, AttemptEnded) or event.status != "due":
        return event
    result = f"{event.attempt.result}; given up on purpose"
    return structs.replace(event, status="given up", due=None, attempt=event.attempt._replace(result=result))
