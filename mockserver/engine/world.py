"""A world: its state, clock, journal and feed. Only `World._publish` changes its state."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from threading import Event as ThreadEvent
from threading import Lock
from typing import Any, NamedTuple, Protocol, TypeAlias

from msgspec import structs

from .changes import Change, find_changes
from .checkpoints import MAX_CHECKPOINTS, Checkpoint, NoSuchCheckpoint, Rewind, TooManyCheckpoints
from .clock import Clock
from .decisions import Decision
from .deliveries import Attempt, Delivery, WebhookFault
from .disposal import Disposal
from .event_log import Commit, EventBatch, LoadedWorld, TimedEvent, WorldLog
from .events import (
    AttemptEnded,
    AttemptInterrupted,
    AttemptStarted,
    CheckpointMade,
    CheckpointRemoved,
    ClockChanged,
    Closed,
    DeliveryChanged,
    DeliveryOpened,
    Event,
    ExchangeFinished,
    ExchangeRecorded,
    FaultRuleAdded,
    FaultRuleHit,
    FaultRuleRemoved,
    FaultRulesMatched,
    IdsUsed,
    JournalCleared,
    ReceiveFailed,
    ReplayKept,
    Restarted,
    Rewound,
    ScheduledItemRun,
)
from .faults import Fault, FaultRule, RequestFacts, RuleStatus, SelectedFault, WebhookFacts
from .feed import EventFeed, Stop
from .instants import LATEST, Instant
from .journal import Exchange, Journal
from .messages import Message
from .scheduler import ScheduledItem
from .state import IdReservation, InitialState, State, apply_batch
from .transactions import Transaction

Decide: TypeAlias = Callable[[State, Instant, IdReservation], Decision]
"""Decides from the state, the instant and a reservation of identifiers. Pure: it may be run again."""

ReceiveInbound: TypeAlias = Callable[[Mapping[str, Any], State, Instant, IdReservation], Decision]
"""A provider's decision about an inbound message, given the message's fields."""

AdvanceMessage: TypeAlias = Callable[[Message, State, Instant, IdReservation], Decision]
"""A provider's decision about a message that was scheduled: what becomes of it at this instant, and perhaps when it changes next."""

EvaluateAttempt: TypeAlias = Callable[[Delivery, Attempt, State, Instant, IdReservation], Decision]
"""A provider's decision about an attempt that has ended: acknowledged, due again, or given up."""


class ProviderCallbacks(NamedTuple):
    """A provider's decisions that no request asks for."""

    receive_inbound: ReceiveInbound | None = None
    evaluate_attempt: EvaluateAttempt | None = None
    advance_message: AdvanceMessage | None = None


class Sender(Protocol):
    """Makes the attempts at deliveries, and runs what is due in worlds whose clock runs."""

    def send(self, world: World, delivery: Delivery) -> None:
        """Make the request of an attempt that has started, and call `World.end_attempt` with its outcome.

        Called with the world's lock held, so it returns at once.
        """

    def note_schedule_change(self, world: World) -> None:
        """Note that a world's next scheduled item has changed. Called with the world's lock held."""

    def forget(self, world: World) -> None:
        """Discard what was started for a world: its outcomes no longer count. Called with the world's lock held."""

    def close(self) -> None:
        """Stop sending."""


ATTEMPT_PATIENCE = 2.0
"""Seconds of wall clock that an advance waits for the next of the attempts that began before it.

It does not wait without limit, because the receiver of such an attempt may be the one that advances.
"""

MAX_MOVE_EVENTS = 10_000
"""How many events a move of the clock returns at most: those of 100,000 messages would be more than 100 megabytes of JSON."""

MAX_CAUSAL_DEPTH = 1_000
"""How many items may cause one another at one instant; a longer chain counts as an endless loop."""


class ClockBusy(RuntimeError):
    """Another call is already moving this world's clock."""


class InPast(ValueError):
    """The instant to which a clock is to be moved is past; only a reset moves time backwards."""


class CalendarEnds(ValueError):
    """The instant to which a clock is to be moved is after the year 9999."""


class AdvanceLimitExceeded(RuntimeError):
    """Scheduled items cause one another at one instant without end; see `MAX_CAUSAL_DEPTH`."""


class EventLog(Protocol):
    """Where a world writes its events before they take effect."""

    def append(self, batch: EventBatch) -> None:
        """Append events that happen together. They take effect only if this returns."""


class ClockState(NamedTuple):
    """A world's clock at one instant, after what was due by then was run."""

    now: Instant
    is_frozen: bool
    next: Instant | None
    """When the next scheduled item is due; ``None`` when there is none."""


class ClockMove(NamedTuple):
    """What moving a world's clock has done."""

    clock: ClockState
    """The clock at the end."""
    events: list[TimedEvent]
    """What happened until then, in order: the first `MAX_MOVE_EVENTS`."""
    omitted: int = 0
    """The number of events after them."""


class _MoveRecord:
    """The events while a clock is moved: the first are kept, and the others are counted."""

    __slots__ = ("events", "omitted")

    def __init__(self) -> None:
        self.events: list[TimedEvent] = []
        self.omitted = 0

    def add(self, batch: EventBatch) -> None:
        """Add the events of a batch."""
        kept = min(len(batch.events), MAX_MOVE_EVENTS - len(self.events))
        if kept:
            self.events += islice(batch, kept)
        self.omitted += len(batch.events) - kept


class _CausalDepth:
    """The length of the chain of items that caused the current one, all at the same instant.

    Items that are scheduled while items of one depth run are one deeper. The items of one instant run in the order of
    their numbers, so a depth ends with the last item that existed when it began.
    """

    __slots__ = ("_at", "_depth", "_last")

    def __init__(self) -> None:
        self._at: Instant | None = None
        self._depth = 0
        self._last = 0

    def count(self, item: ScheduledItem, last: int) -> None:
        """Count an item that is about to run; ``last`` is the number of the item that was scheduled last.

        Raises:
            AdvanceLimitExceeded: the chain is too long.
        """
        if self._at is None or item.at > self._at:
            self._at, self._depth, self._last = item.at, 0, last
        elif item.number > self._last:
            self._depth, self._last = self._depth + 1, last
            if self._depth > MAX_CAUSAL_DEPTH:
                raise AdvanceLimitExceeded(
                    f"{MAX_CAUSAL_DEPTH} items caused one another without time moving, and more are due; "
                    f"the next is {item.provider or 'a message'}'s"
                )


class _IdleWait:
    """One call of `World.when_idle`."""

    __slots__ = ("found",)

    def __init__(self, found: Callable[[Instant], object]) -> None:
        self.found: Callable[[Instant], object] | None = found

    def end(self) -> None:
        """Do not call back any more."""
        self.found = None


_Steps: TypeAlias = Generator[float | None, bool | None, ClockMove]
"""A move of a clock that pauses, with the world's lock held, for as long as attempts are in flight that it waits for.

It yields the seconds of wall clock to wait for the end of an attempt, ``None`` for no limit, and gets whether one has ended.
"""


class StepwiseMove:
    """A move of a world's clock that needs no thread while it waits for attempts. `World.begin_advance` and others begin one."""

    __slots__ = ("_has_ended", "_resume", "_steps", "_world", "patience")

    def __init__(self, world: World, steps: _Steps) -> None:
        self._world = world
        self._steps = steps
        self._resume: Callable[[], bool] | None = None
        self._has_ended: bool | None = None  # a generator is started by sending it nothing
        self.patience: float | None = None
        """The seconds after which `step` is called although no attempt has ended; ``None`` for no limit."""

    def step(self, resume: Callable[[], bool]) -> ClockMove | None:
        """Move the clock as far as possible without waiting.

        Args:
            resume: called once when it is time for the next step, by any thread and with the world's lock held. So it must be
                quick, must not block and must not call a world. If it returns false, the move ends where it is.

        Returns:
            What the whole move has done; ``None`` when attempts have to end before.

        Raises:
            InPast: the instant is past.
            CalendarEnds: the instant is after the year 9999.
            ClockBusy: another call is moving this clock.
            AdvanceLimitExceeded: items cause one another without end.
        """
        with self._world.lock:
            self._resume = None
            has_ended, self._has_ended = self._has_ended, False
            try:
                self.patience = self._steps.send(has_ended)
            except StopIteration as end:
                move: ClockMove = end.value
                return move
            self._resume = resume
            self._world.suspend(self)
            return None

    def wake(self) -> None:
        """Note that an attempt has ended; called by the world, with its lock held."""
        resume, self._resume = self._resume, None
        if resume is not None:
            self._has_ended = True
            if not resume():
                self._steps.close()


class World:
    """The isolated state of one test or developer, and all that can be done with it."""

    __slots__ = (
        *(
            "_notified_due",
            "_begun_before",
            "_idle_waits",
            "_suspended_move",
            "_advance_events",
            "_providers",
            "_sender",
            "_transaction",
        ),
        *(
            "disposal",
            "feed",
            "id",
            "initial_state",
            "journal",
            "lock",
            "log",
            "machine_time",
            "number",
            "state",
            "settings_changed",
            "time_source",
        ),
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
            world_id: its id in URLs.
            initial_state: what a reset returns it to.
            journal: holds its exchanges.
            providers: the callbacks of each provider, by its name.
            clock: replaces the clock of the initial state.
            sender: makes the attempts at deliveries; without one they stay due.
        """
        self.id = world_id
        self.number = 0
        """Its number among the worlds of its registry, in the order of creation, counted from 1; 0 until it is one of them."""
        self.initial_state = initial_state
        self.journal = journal
        clock = clock or initial_state.create_clock()
        self.state = initial_state.create_state(clock, clock.now())
        self.log: EventLog | None = None
        """The log that events are written to before they take effect; ``None`` for no log."""
        self.time_source: Callable[[], Instant | None] | None = None
        """Returns the time that the clock follows, if there is one; see `follow`."""
        self.feed = EventFeed()
        self.settings_changed = EventFeed(100)
        """Changes that are not in `feed`: ``clock`` when the clock was set, ``world`` when the world was restarted."""
        self.lock: Lock | Transaction = Lock()
        """Held while the world is read or changed. That of a stored world is a transaction; see `keep_in`."""
        self.machine_time: Instant | None = None
        """The time by which its clock runs during a transaction; ``None`` for that of this process."""
        self._transaction: Transaction | None = None
        self.disposal: Disposal | None = None
        """Frees what the world held before it was rewound; ``None`` frees it at once."""
        self._begun_before: set[int] = set()
        """The deliveries in flight whose attempt began before the advance that is running."""
        self._idle_waits: tuple[_IdleWait, ...] = ()
        self._suspended_move: StepwiseMove | None = None
        self._advance_events: _MoveRecord | None = None
        self._notified_due: Instant | None = None
        self._providers = providers
        self._sender = sender

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.state.clock

    def instant(self) -> Instant:
        """Return the current instant, without running what is due."""
        return self.state.clock.now(self.machine_time)

    def execute(self, decide: Decide, commit: bool = True) -> Decision:
        """Run what is due, decide at one instant, and apply the decision's events.

        The lock is held for microseconds: ``decide`` must not block, and must not call another world.

        Args:
            decide: makes the decision.
            commit: ``False`` leaves the state as it is, and uses up no identifiers.
        """
        with self.lock:
            state = self.state
            now, scheduled = state.clock.now(self.machine_time), state.scheduled
            if scheduled.next is not None:  # most worlds have no scheduled items
                self._run_due(now)
            decision = self._apply_decision(decide, now, commit)
            scheduled = state.scheduled
            if scheduled.next is not None:
                self._run_due(now)  # attempt at once what the decision made due
            if scheduled.next != self._notified_due:
                self._notify_scheduler()
            return decision

    def execute_with_fault(self, facts: RequestFacts, decide: Decide) -> tuple[SelectedFault, Decision]:
        """Choose the fault that applies to a request, and decide at the same instant.

        Args:
            facts: what fault rules can match of the request; the matches and the hit are counted.
            decide: as in `execute`; not committed when the fault is applied before the operation takes effect.
        """
        with self.lock:
            now = self.instant()
            self._run_due(now)
            selected = self._select_fault(facts, now)
            decision = self._apply_decision(decide, now, commit=selected.point != "before")
            self._run_due(now)
            self._notify_scheduler()
            return selected, decision

    def end_attempt(self, number: int, epoch: int, attempt: Attempt) -> None:
        """Apply the outcome of an attempt at a delivery; one that began in an earlier epoch, or that another process makes again, is ignored."""
        with self.lock:
            started = self.state.in_flight.get(number)
            if (
                epoch != self.state.epoch
                or started is None
                or started.at != attempt.at
                or started.holder != self._holder()
            ):
                return
            now = self.instant()
            try:
                self._evaluate_attempt(self.state.deliveries[number], attempt, now)
            finally:
                self._begun_before.discard(number)
                self._run_due(now)
                self._notify_scheduler()
                self._notify_attempt_ended(now)

    def _evaluate_attempt(self, delivery: Delivery, attempt: Attempt, now: Instant) -> None:
        evaluate_attempt = self._providers[delivery.provider].evaluate_attempt
        assert evaluate_attempt is not None
        if delivery.fault is not None:
            attempt = delivery.fault.end_attempt(delivery, attempt)
        try:
            self._apply_decision(
                lambda state, now, ids: _apply_give_up(evaluate_attempt(delivery, attempt, state, now, ids), delivery),
                now,
            )
        except Exception as error:
            ended = attempt._replace(result=f"the provider's code failed: {type(error).__name__}")
            self._publish(now, (AttemptEnded(delivery.number, ended, "given up", None),))
            raise

    def record_exchange(self, exchange: Exchange) -> None:
        """Add an exchange to the journal, and publish that in the feed."""
        if self._transaction is None:
            number = self.journal.add(exchange)
            self.feed.publish_all(EventBatch(exchange.at, (ExchangeRecorded(number),)), 1)
        else:
            with self.lock:
                number = self.journal.add(exchange)
                self._transaction.record(EventBatch(exchange.at, (ExchangeRecorded(number),)), exchange)

    def finish_exchange(self, exchange: Exchange, sent: int, ending: str, begun: int = 0) -> None:
        """Set how many bytes of a response were written, and how its connection ended; a log notes it with the next commit.

        It needs no lock, so it waits for nothing.
        """
        exchange.finish(sent, ending, begun)
        if self._transaction is not None:
            self._transaction.finish(exchange.number, sent, ending, exchange.duration)

    def flush(self) -> None:
        """Commit what otherwise waits for the next commit of a stored world: how exchanges have ended.

        Raises:
            StoreUnavailable: it cannot be written.
            WorldDropped: another process has dropped the world.
        """
        if self._transaction is not None:
            self._transaction.flush()

    def add_exchanges(self, exchanges: Iterable[Exchange]) -> None:
        """Add exchanges of another journal, such as a snapshot's, numbered on from the world's last."""
        with self.lock:
            now = self.instant()
            for exchange in exchanges:
                exchange.world = self.id
                batch = EventBatch(now, (ExchangeRecorded(self.journal.add(exchange)),))
                if self._transaction is None:
                    self.feed.publish_all(batch, 1)
                else:
                    self._transaction.record(batch, exchange)

    def clear_journal(self) -> None:
        """Delete the exchanges of the journal; their numbers continue."""
        if self._transaction is not None:
            with self.lock:
                self._publish(self.instant(), (), (JournalCleared(),))
        self.journal.clear()

    def receive_inbound(self, provider: str, fields: Mapping[str, Any]) -> Decision:
        """Receive an inbound message now.

        Raises:
            KeyError: the provider receives no inbound messages.
        """
        decide = self._providers[provider].receive_inbound
        if decide is None:
            raise KeyError(provider)
        return self.execute(lambda state, now, ids: decide(fields, state, now, ids))

    # -- faults ------------------------------------------------------------------------------------------------------

    def choose_fault(self, facts: RequestFacts, at: Instant) -> SelectedFault:
        """Choose the fault that applies to a request without an operation, and count the matches and the hit.

        Args:
            facts: what fault rules can match of the request.
            at: the instant of the request.
        """
        with self.lock:
            return self._select_fault(facts, at)

    def _select_fault(self, facts: RequestFacts, now: Instant) -> SelectedFault:
        state = self.state
        reservation = IdReservation(state.seed, state.sequences)
        selected, matched = state.fault_rules.select("response", facts, now, partial(_draw, reservation))
        internal: tuple[Event, ...] = (FaultRulesMatched(matched),) if matched else ()
        internal += (IdsUsed(reservation.used),) if reservation.used else ()
        hits = () if selected.rule is None else (FaultRuleHit(selected.rule),)
        if internal:
            self._publish(now, hits, internal)
        return selected

    def keep_replay(self, selected: SelectedFault, replay: Fault, at: Instant) -> None:
        """Keep the fault that replaces a rule's own for the next request that it matches; ``at`` is the request's instant."""
        with self.lock:
            if (
                selected.rule is not None and selected.rule in self.state.fault_rules
            ):  # else the rule was removed meanwhile
                self._publish(at, (), (ReplayKept(selected.rule, replay),))

    def fault_rules(self) -> tuple[RuleStatus, ...]:
        """Return every fault rule with its counts, in the order in which they are tried."""
        with self.lock:
            return tuple(self.state.fault_rules)

    def add_fault_rule(self, rule: FaultRule, at: Instant | None = None) -> FaultRule:
        """Add a fault rule, which is tried after the existing ones.

        Args:
            rule: the rule.
            at: the instant from which the rule's own instants were computed; now when none is given.

        Returns:
            The rule with its id, which is generated if it had none.

        Raises:
            ValueError: a rule has that id already.
        """
        with self.lock:
            rules = self.state.fault_rules
            if rule.id in rules:
                raise ValueError(f"there is a fault rule {rule.id!r} already")
            rule = replace(rule, id=rule.id or rules.next_id())
            self._publish(self.instant() if at is None else at, (FaultRuleAdded(rule),))
            return rule

    def remove_fault_rules(self, rule_id: str | None = None) -> int:
        """Remove one fault rule, or all, and return their number. Webhooks that a rule was applied to keep its fault."""
        with self.lock:
            gone = [rule.id for rule, *_ in self.state.fault_rules if rule_id in (None, rule.id)]
            if gone:
                self._publish(self.instant(), tuple(map(FaultRuleRemoved, gone)))
            return len(gone)

    # -- time --------------------------------------------------------------------------------------------------------

    def now(self) -> Instant:
        """Run what is due, and return the current instant."""
        return self.read_clock().now

    def read_clock(self) -> ClockState:
        """Run what is due, and return the clock, read once."""
        with self.lock:
            now = self.instant()
            self._run_due(now)
            return self._clock_state(now)

    def advance(self, to: Instant | None = None, *, by: int = 0, to_next: bool = False) -> ClockMove:
        """Move the clock forward, run what becomes due, and return what happened, in order.

        The clock moves from one due instant to the next, and at each waits, without the lock, until every attempt has
        ended. For attempts that began before the advance it waits `ATTEMPT_PATIENCE`; call `wait_until_idle` first to
        wait longer.

        Args:
            to: the instant to move to.
            by: microseconds to move by when no instant is given; 0 runs what is due already.
            to_next: whether to move to the next scheduled item instead, after what is due already; without one, the
                clock stays.

        Raises:
            InPast: the instant is past.
            CalendarEnds: the instant is after the year 9999.
            ClockBusy: another call is moving this clock.
            AdvanceLimitExceeded: items cause one another without end.
        """
        return self._run(self._advancing(to, by, to_next))

    def begin_advance(self, to: Instant | None = None, *, by: int = 0, to_next: bool = False) -> StepwiseMove:
        """Return an `advance` that needs no thread while it waits; its first step begins it."""
        return StepwiseMove(self, self._advancing(to, by, to_next))

    def begin_freeze(self, at: Instant | None = None) -> StepwiseMove:
        """Return a `freeze` that needs no thread while it waits; its first step begins it."""
        return StepwiseMove(self, self._freezing(at))

    def build_handset_indexes(self) -> None:
        """Build the message store's indexes by handset without holding the lock, for a large one takes time."""
        with self.lock:
            store_segments = self.state.message_store.seal_for_handsets()
        for segment in store_segments:
            _ = segment.handsets

    def follow(self) -> None:
        """Move the clock to the instant of the time source, also backwards. Called before each request.

        A world in which nothing has happened is reset to that instant, so that its messages are as old as they are meant.
        """
        at = self._followed_instant()
        if at is not None:
            self._run(self._following(at))

    def begin_follow(self) -> StepwiseMove | None:
        """Return a `follow` that needs no thread while it waits; ``None`` if the clock is where it should be."""
        at = self._followed_instant()
        return None if at is None else StepwiseMove(self, self._following(at))

    def _followed_instant(self) -> Instant | None:
        """Return where the clock has to be moved; a world in which nothing has happened is reset here."""
        at = self.time_source() if self.time_source is not None else None
        if at is None or at == self.clock.frozen_at:
            return None
        if self.feed.cursor == 0:
            self.reset(at)
            return None
        return at

    def _run(self, steps: _Steps) -> ClockMove:
        """Move the clock, and wait in this thread."""
        move = StepwiseMove(self, steps)
        while True:
            ended = ThreadEvent()
            done = move.step(lambda ended=ended: ended.set() or True)  # type: ignore[misc]  # mypy does not infer a default's type
            if done is not None:
                return done
            ended.wait(move.patience)

    def wait_until_idle(self, patience: float = 10.0) -> bool:
        """Run what is due, and wait until no attempt is in flight.

        Args:
            patience: seconds of wall clock to wait at most.

        Returns:
            Whether that happened in time.
        """
        idle = ThreadEvent()
        stop = self.when_idle(lambda _: idle.set())
        is_idle = idle.wait(patience)
        stop()
        return is_idle

    def when_idle(self, found: Callable[[Instant], object]) -> Stop:
        """Run what is due, and call back once, as soon as no attempt is in flight. No thread waits meanwhile.

        Args:
            found: called with the instant, in this call or later in another thread. The world's lock is held, so it must
                be quick, must not block and must not call a world.

        Returns:
            A function that ends the waiting. It may be called from any thread, and more than once; a call of ``found``
            that has begun may still run.
        """
        wait = _IdleWait(found)
        with self.lock:
            now = self.instant()
            self._run_due(now)
            if self.state.in_flight:
                self._idle_waits = (*(each for each in self._idle_waits if each.found is not None), wait)
            else:
                found(now)
        return wait.end

    def freeze(self, at: Instant | None = None) -> ClockMove:
        """Stop the clock, now or at a later instant, and return what happened until then.

        Raises:
            InPast: the instant is past.
            CalendarEnds: the instant is after the year 9999.
            ClockBusy: another call is moving this clock.
        """
        return self._run(self._freezing(at))

    def resume(self) -> ClockMove:
        """Let the clock run on from its current instant."""
        with self.lock:
            now = self.instant()
            self._set_clock(self.clock.resume(self.machine_time), now)
            self._notified_due = None
            self._notify_scheduler()
            self.settings_changed.publish("clock")
            return ClockMove(self._clock_state(now), [])

    def next_due(self) -> Instant | None:
        """Return when the next scheduled item is due; ``None`` when there is none."""
        with self.lock:
            return self.state.scheduled.next

    # -- whole worlds ------------------------------------------------------------------------------------------------

    def reset(self, frozen_at: Instant | None = None) -> None:
        """Return to the initial state, with the clock frozen at an instant if one is given. Cursors continue."""
        with self.lock:
            self._restart(self.initial_state.create_clock(frozen_at))
        self.clear_journal()
        self.settings_changed.publish("world")

    def restart(self, initial_state: InitialState, clock: Clock) -> int:
        """Begin with another initial state, such as a snapshot, and return its epoch.

        Journal and cursors are kept, and the fault rules unless the fixture has some.
        """
        with self.lock:
            self.initial_state = initial_state
            self._restart(clock, keeps_fault_rules=initial_state.fixture.fault_rules is None)
            epoch = self.state.epoch
        self.settings_changed.publish("world")
        return epoch

    def close(self) -> None:
        """Discard the journal and what is in flight; called when the world is dropped."""
        if self._transaction is None:
            with self.lock:
                now = self.instant()
                self._publish(now, (), (Closed(),))
                self._forget_attempts(now)
        else:  # its log is gone
            self._transaction.close()
            if self._sender is not None:
                self._sender.forget(self)
            self._wake_waiting(self.instant())
        self.journal.close()

    def copy_state(self) -> tuple[InitialState, Clock]:
        """Return the initial state and the clock of a world that begins as this one is now. Its template is not shared."""
        with self.lock:
            clock = self.clock
            self._run_due(clock.now(self.machine_time))
            return replace(self.initial_state, frozen_at=clock.frozen_at, template=self.state.fork()), clock

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def checkpoint(self, name: str) -> Checkpoint:
        """Run what is due, and keep an exact copy of the state, in place of an earlier one with this name.

        Raises:
            TooManyCheckpoints: there are `MAX_CHECKPOINTS` others.
        """
        with self.lock:
            now = self.instant()
            self._run_due(now)
            if len(self.state.checkpoints) >= MAX_CHECKPOINTS and name not in self.state.checkpoints:
                raise TooManyCheckpoints(f"the world has {MAX_CHECKPOINTS} checkpoints; remove one first")
            self._publish(now, (CheckpointMade(name, now, self.journal.last, self.initial_state),))
            if self.disposal is not None:
                self.disposal.start()
            return self.state.checkpoints[name]

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return the checkpoints in the order in which they were made."""
        return tuple(self.state.checkpoints.values())

    def find_checkpoint(self, name: str) -> Checkpoint:
        """Return a checkpoint.

        Raises:
            NoSuchCheckpoint: there is none of this name.
        """
        checkpoints = self.state.checkpoints
        if name not in checkpoints:
            raise NoSuchCheckpoint(name, checkpoints)
        return checkpoints[name]

    def remove_checkpoint(self, name: str) -> None:
        """Remove a checkpoint.

        Raises:
            NoSuchCheckpoint: there is none of this name.
        """
        with self.lock:
            self.find_checkpoint(name)
            self._publish(self.instant(), (CheckpointRemoved(name),))

    def changes(self, since: str) -> list[Change]:
        """Run what is due, and return how the state differs from a checkpoint's.

        Raises:
            NoSuchCheckpoint: there is none of this name.
        """
        with self.lock:
            before = self.find_checkpoint(since).state
            self._run_due(self.instant())
            after = self.state.copy()
        return find_changes(before, after)

    def rewind(self, name: str) -> Rewind:
        """Return to a checkpoint: its records, clock, identifiers, limits, fault rules and deliveries. Journal and cursors continue.

        A running clock gets the distance from the machine's time that it had: the time that has passed there stays passed.

        Raises:
            NoSuchCheckpoint: there is none of this name.
        """
        with self.lock:
            checkpoint, before = self.find_checkpoint(name), self.state.hold()
            self._publish(self.instant(), (Rewound(name),))
            self.initial_state = checkpoint.initial
            now = self.instant()
            self._forget_attempts(now)
            self._run_due(now)
            self._notify_scheduler()
            rewind = Rewind(checkpoint, self.state.epoch, self.journal.last, before.deliveries, before.in_flight)
        self.settings_changed.publish("world")
        if self.disposal is not None:
            self.disposal.put(before, checkpoint.state)
        return rewind

    # -- what outlasts the process -------------------------------------------------------------------------------------

    def keep_in(self, log: WorldLog, *, is_new: bool) -> None:
        """Keep the world in a log from now on: each time its lock is held is one transaction.

        Args:
            log: the world's log.
            is_new: whether the log holds the world as it is now; otherwise it is loaded from the log before it is used.
        """
        self.lock = self.log = self._transaction = Transaction(self, log, is_stale=not is_new)

    @property
    def is_loaded(self) -> bool:
        """Whether the world is what its log says, as far as this process knows."""
        return self._transaction is None or not self._transaction.is_stale

    @property
    def sequence(self) -> int:
        """The number of its commits that this process knows; 0 without a log."""
        return 0 if self._transaction is None else self._transaction.sequence

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for what happens in it."""
        is_subscribed = self.feed.subscribers or self.settings_changed.subscribers
        return bool(is_subscribed or self._idle_waits or self._suspended_move is not None)

    def refresh(self) -> None:
        """Load the world if it is not loaded, and apply what other processes have committed.

        Raises:
            StoreUnavailable: its log cannot be read.
            WorldDropped: another process has dropped it.
        """
        if self._transaction is not None:
            with self.lock:
                pass

    def recover(self) -> None:
        """Make the attempts again that an ended process has begun, and go on with what is scheduled."""
        transaction = self._transaction
        assert transaction is not None
        with self.lock:
            now = self.instant()
            lost = [each for each in self.state.in_flight.values() if transaction.log.is_lost(each.holder)]
            if lost:
                events = (AttemptInterrupted(each.number, each.at, now) for each in lost)
                self._publish(now, tuple(events))
                self._notify_attempt_ended(now)
            self._run_due(now)
            self._notified_due = None
            self._notify_scheduler()

    @property
    def next_run(self) -> Instant | None:
        """By the machine's time, when something is due; ``None`` for never, and while the clock is frozen."""
        due, clock = self.state.scheduled.next, self.state.clock
        return None if due is None or clock.is_frozen else due - clock.offset

    def take_over(self, loaded: LoadedWorld) -> None:
        """Become what a log holds; called by the transaction, with the lock held."""
        self.initial_state, self.state = loaded.initial_state, loaded.state
        self.journal.restore(loaded.last_exchange, loaded.exchanges)
        batches = [batch for commit in loaded.commits for batch in commit.batches if batch.events]
        missing = loaded.cursor - self.feed.cursor
        while batches and missing < sum(len(batch.events) for batch in batches):
            del batches[0]  # it was published already
        self.feed.skip(missing - sum(len(batch.events) for batch in batches))
        for batch in batches:
            self.feed.publish_all(batch, len(batch.events))
        self._begun_before.clear()
        self._notified_due = None
        self._notify_scheduler()

    def follow_commits(self, commits: Sequence[Commit]) -> None:
        """Apply what other processes have committed; called by the transaction, with the lock held."""
        for commit in commits:
            exchanges = {exchange.number: exchange for exchange in commit.exchanges}
            for batch in commit.batches:
                self.initial_state = apply_batch(self.state, self.initial_state, batch)
                for event in (*batch.events, *batch.internal):
                    self._follow_event(event, exchanges, batch.at)
                if batch.events:
                    self.feed.publish_all(batch, len(batch.events))
        self._begun_before &= self.state.in_flight.keys()
        self._notify_scheduler()

    def _follow_event(self, event: Event, exchanges: Mapping[int, Exchange], at: Instant) -> None:
        """Do what else follows from an event of another process."""
        if isinstance(event, ExchangeRecorded):
            self.journal.follow(event.number, exchanges.get(event.number))
        elif isinstance(event, ExchangeFinished):
            if (finished := self.journal.get(event.number)) is not None:
                finished.sent, finished.ending, finished.duration = event.sent, event.ending, event.duration
        elif isinstance(event, JournalCleared):
            self.journal.clear()
        elif isinstance(event, AttemptEnded | AttemptInterrupted):
            self._notify_attempt_ended(at)
        elif isinstance(event, ClockChanged):
            self._notified_due = None
            self.settings_changed.publish("clock")
        elif isinstance(event, Restarted | Rewound):
            self._forget_attempts(at)
            self.settings_changed.publish("world")

    # -- inside the lock ---------------------------------------------------------------------------------------------

    def _apply_decision(self, decide: Decide, now: Instant, commit: bool = True) -> Decision:
        """Decide, and apply all of the decision's events before subscribers are notified of any."""
        state = self.state
        reservation = IdReservation(state.seed, state.sequences)
        decision = decide(state, now, reservation)
        if commit and decision.events:
            events, internal = decision.events, tuple[Event, ...]()
            if state.fault_rules.by_id or state.reordered:
                events, internal = self._apply_webhook_faults(events, reservation, now)
            self._publish(now, events, (*internal, IdsUsed(reservation.used)) if reservation.used else internal)
        return decision

    def _apply_webhook_faults(
        self, events: tuple[Event, ...], reservation: IdReservation, now: Instant
    ) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """Apply webhook fault rules to events: return the events that happen instead, and those that only the state needs."""
        rules, reordered = self.state.fault_rules.fork(), self.state.reordered
        published, internal = list[Event](), list[Event]()
        for event in events:
            if not isinstance(event, DeliveryOpened):
                published.append(event)
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
                published.append(FaultRuleHit(selected.rule))
                delivery = replace(delivery, fault=selected.fault, fault_rule=selected.rule)
                opened = selected.fault.open(delivery, partial(reservation.number, "deliveries"))
            published += map(DeliveryOpened, opened)
            published += (DeliveryChanged(number, "due", now) for number in reordered)
            reordered = tuple(each.number for each in opened if each.status == "held" and each.fault is not None)
        return tuple(published), tuple(internal)

    def _publish(self, now: Instant, events: tuple[Event, ...], internal: tuple[Event, ...] = ()) -> None:
        """Write events to the log, apply them to the state, and publish them in the feed.

        Args:
            now: when they happen.
            events: those that the feed shows.
            internal: those that only the state needs, applied after the others.
        """
        batch = EventBatch(now, events, internal)
        if self.log is not None:
            self.log.append(batch)
        self.state.apply(*events, *internal)
        if events:
            if self._transaction is None:  # else it is published when it is durable
                self.feed.publish_all(batch, len(events))
            if self._advance_events is not None:
                self._advance_events.add(batch)

    def _afterwards(self, call: Callable[[], object]) -> None:
        """Call this when what has happened so far is durable; the world's lock is still held."""
        if self._transaction is None:
            call()
        else:
            self._transaction.call_afterwards(call)

    def _holder(self) -> str:
        """Return the name of this process among those that make attempts at this world's deliveries."""
        return "" if self._transaction is None else self._transaction.log.holder

    def _clock_state(self, now: Instant) -> ClockState:
        return ClockState(now, self.clock.is_frozen, self.state.scheduled.next)

    def _set_clock(self, clock: Clock, at: Instant) -> None:
        """Replace the clock by one that shows an instant."""
        if clock != self.clock:
            self._publish(at, (), (ClockChanged(clock),))

    def _run_due(self, until: Instant, depth: _CausalDepth | None = None) -> list[TimedEvent]:
        """Run everything that is due at an instant, each item at its own instant; return the events of inbound messages."""
        events: list[TimedEvent] = []
        if self.state.scheduled.first_due(until) is None:
            return events
        depth = depth or _CausalDepth()
        while item := self.state.scheduled.first_due(until):
            depth.count(item, self.state.scheduled.last)
            if item.delivery:
                self._start_attempt(item)
            elif item.serial is not None:
                self._advance_message(item, item.serial)
            else:
                events += (TimedEvent(item.at, event) for event in self._receive_scheduled(item))
        return events

    def _start_attempt(self, item: ScheduledItem) -> None:
        """Start an attempt, unless the delivery was held, resent or rescheduled since it was scheduled."""
        run = ScheduledItemRun(item.number)
        delivery = self.state.deliveries.get(item.delivery)
        is_waiting = delivery is not None and delivery.status == "due" and delivery.due == item.at
        if delivery is None or not is_waiting or self._sender is None or item.delivery in self.state.in_flight:
            self._publish(item.at, (), (run,))
        else:
            self._publish(item.at, (), (run, AttemptStarted(item.delivery, item.at, self._holder())))
            self._afterwards(partial(self._sender.send, self, delivery))

    def _advance_message(self, item: ScheduledItem, serial: int) -> None:
        """Let a message's provider decide what becomes of it."""
        self._publish(item.at, (), (ScheduledItemRun(item.number),))
        message = self.state.message_store.get(serial)
        if message is not None:
            advance = self._providers[self.state.accounts[message.account].provider].advance_message
            if advance is not None:
                self._apply_decision(lambda state, now, ids: advance(message, state, now, ids), item.at)

    def suspend(self, move: StepwiseMove) -> None:
        """Continue this move of the clock when the next attempt ends; called with the world's lock held."""
        self._suspended_move = move

    def _advancing(self, to: Instant | None, by: int, to_next: bool) -> _Steps:
        now = self.instant()
        to = now + by if to is None else to
        if to < now:
            raise InPast("the clock cannot be moved backwards; a reset with freeze does that")
        return (yield from self._advance(now, to, to_next=to_next))

    def _freezing(self, at: Instant | None) -> _Steps:
        now = self.instant()
        if at is not None:
            if at < now:
                raise InPast("a clock cannot be frozen in its past; a reset with freeze does that")
            self._check_movable(at)
        self._set_clock(Clock.frozen(now), now)
        events = self._run_due(now)
        self.settings_changed.publish("clock")
        if at is None:
            return ClockMove(self._clock_state(now), events)
        clock, later, omitted = yield from self._advance(now, at)
        return ClockMove(clock, events + later, omitted)

    def _following(self, at: Instant) -> _Steps:
        now = self.instant()
        if at > now:
            with suppress(ClockBusy):  # the receiver of a webhook asks while the clock is moved
                return (yield from self._advance(now, at))
        elif at < now:
            self._set_clock(Clock.frozen(at), at)
            self.settings_changed.publish("clock")
        return ClockMove(self._clock_state(at), [])

    def _advance(self, now: Instant, to: Instant, *, to_next: bool = False) -> _Steps:
        """Move the clock from the current instant to one that is not past; else as `advance`."""
        self._check_movable(to)
        self._advance_events = record = _MoveRecord()
        try:
            end = yield from self._advance_to(now, to, to_next)
        finally:
            self._advance_events = None
            self._notified_due = None  # the next item may be the same one, and is nearer now
            self._notify_scheduler()
            self.settings_changed.publish("clock")
        return ClockMove(self._clock_state(end), record.events, record.omitted)

    def _check_movable(self, to: Instant) -> None:
        if to > LATEST:
            raise CalendarEnds("the calendar ends with the year 9999")
        if self._advance_events is not None:
            raise ClockBusy("another request is moving this world's clock; wait until it has ended")

    def _advance_to(self, now: Instant, to: Instant, to_next: bool) -> Generator[float | None, bool | None, Instant]:
        """Move the clock from one due instant to the next, and return where it is then. It is read again after each wait."""
        epoch, depth = self.state.epoch, _CausalDepth()
        self._begun_before = set(self.state.in_flight)
        has_waited = bool(self._begun_before)
        while self._begun_before and (yield ATTEMPT_PATIENCE):
            pass
        while True:
            while epoch == self.state.epoch and not self._all_attempts_done():
                yield None
                has_waited = True
            if has_waited:
                now, has_waited = self.instant(), False
            if epoch != self.state.epoch:
                return now
            at = self.state.scheduled.next
            if at is not None and at > to and to_next:
                if at > LATEST:
                    raise CalendarEnds("the next scheduled item is due after the calendar's end, the year 9999")
                to, to_next = at, False
            step = to if at is None else min(at, to)
            self._set_clock(self.clock.move_to(step, now), max(step, now))
            now = max(step, now)
            if at is None or at > to:
                return now
            self._run_due(at, depth)

    def _all_attempts_done(self) -> bool:
        """Return whether every attempt has ended that an advance waits for.

        It does not wait for attempts that began before it, because the caller may be their receiver, nor for those behind
        them in the same queue.
        """
        deliveries = self.state.deliveries
        held_up = {deliveries[number].ordering_key for number in self._begun_before}
        return all(deliveries[number].ordering_key in held_up for number in self.state.in_flight)

    def _notify_scheduler(self) -> None:
        """Notify the sender if the next scheduled item has changed."""
        following = self.state.scheduled.next
        if following != self._notified_due and self._sender is not None:
            self._notified_due = following
            self._afterwards(partial(self._sender.note_schedule_change, self))

    def _restart(self, clock: Clock, *, keeps_fault_rules: bool = False) -> None:
        now = clock.now(self.machine_time)
        self._publish(now, (), (Restarted(self.initial_state, clock, now, keeps_fault_rules),))
        self._forget_attempts(now)

    def _forget_attempts(self, now: Instant) -> None:
        self._begun_before.clear()
        self._notified_due = None
        if self._sender is not None:
            self._afterwards(partial(self._sender.forget, self))
        self._notify_attempt_ended(now)

    def _notify_attempt_ended(self, now: Instant) -> None:
        """Wake up whoever waits for attempts."""
        self._afterwards(partial(self._wake_waiting, now))

    def _wake_waiting(self, now: Instant) -> None:
        move, self._suspended_move = self._suspended_move, None
        if move is not None:
            move.wake()
        if self._idle_waits and not self.state.in_flight:
            waits, self._idle_waits = self._idle_waits, ()
            for wait in waits:
                if (found := wait.found) is not None:
                    found(now)

    def _receive_scheduled(self, due: ScheduledItem) -> tuple[Event, ...]:
        self._publish(due.at, (), (ScheduledItemRun(due.number),))
        try:
            return self._apply_decision(self._decide_inbound(due), due.at).events
        except ValueError as reason:  # its number or account no longer exists
            failed = ReceiveFailed(due.provider, str(reason))
            self._publish(due.at, (failed,))
            return (failed,)

    def _decide_inbound(self, due: ScheduledItem) -> Decide:
        decide = self._providers[due.provider].receive_inbound
        assert decide is not None
        return lambda state, now, ids: decide(due.fields, state, now, ids)


def _draw(reservation: IdReservation) -> float:
    """Draw a seeded number, at least 0 and less than 1."""
    return int(reservation.token("chance", 13), 16) / 16**13


def _apply_give_up(decision: Decision, delivery: Delivery) -> Decision:
    """Return the provider's decision about an attempt, without a next attempt if the delivery's fault gives up."""
    if delivery.fault is None or not delivery.fault.gives_up(delivery):
        return decision
    return structs.replace(decision, events=tuple(map(_without_retry, decision.events)))


def _without_retry(event: Event) -> Event:
    """Return the event of an attempt that has no next one."""
    if not isinstance(event, AttemptEnded) or event.status != "due":
        return event
    result = f"{event.attempt.result}; given up on purpose"
    return structs.replace(event, status="given up", due=None, attempt=event.attempt._replace(result=result))
