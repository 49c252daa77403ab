"""One world: its state, time, identifiers, faults, journal and feed, and the one way to change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

from .accounts import Login
from .agenda import Due
from .clock import Clock
from .decisions import Decision
from .events import Event
from .faults import NO_FAULT, Chosen, Facts, Fault, FaultPlan, Rule
from .feed import Feed
from .ids import Draft, Ids
from .instants import SECOND, Instant
from .journal import Exchange, Journal
from .state import Fixture, State

Decide: TypeAlias = Callable[[State, Instant, Draft], Decision]
"""Pure: reads the state, the instant and a draft of identifiers, and concludes. It may be run again."""

Arrive: TypeAlias = Callable[[Mapping[str, Any], State, Instant, Draft], Decision]
"""A provider's decider for a message that comes in from outside, given its fields."""

MOST_STEPS = 10_000
"""Things that may happen in one advance; a world in which more do goes round in a circle."""


class Endless(RuntimeError):
    """An advance met more things than it may: each brings about the next."""


class Exchanged(NamedTuple):
    """A request was answered. The exchange itself is the journal's, which bounds what is kept of it."""

    number: int


class Missed(NamedTuple):
    """A message was to arrive, and there was nothing left for it to arrive at."""

    provider: str
    reason: str


class Happened(NamedTuple):
    """What happened, at its own instant."""

    at: Instant
    what: Event | Exchanged | Missed


@dataclass(frozen=True)
class Beginning:
    """How a world was created, which is what a reset returns it to."""

    fixture: Fixture
    seed: str
    """Of identifiers and chance."""
    readings: Mapping[str, str] = field(default_factory=dict)
    """The complete table of switches."""
    logins: Mapping[str, tuple[Login, ...]] | None = None
    """The credentials of each account, by key."""
    frozen_at: Instant | None = None
    """Where its clock stands; ``None`` for one that ticks."""
    template: State | None = None
    """A fork begins with this in place of a fixture."""
    sequences: Mapping[str, int] | None = None
    """Where a fork's identifiers go on."""

    def clock(self, frozen_at: Instant | None = None) -> Clock:
        """The clock it begins with, or one frozen at another instant."""
        at = self.frozen_at if frozen_at is None else frozen_at
        return Clock.system() if at is None else Clock.frozen(at)

    def state(self, now: Instant) -> State:
        """The state it begins with, born at the whole second of an instant."""
        if self.template is not None:
            return self.template.fork()
        return State(self.fixture, now // SECOND * SECOND, self.readings, self.logins)

    def ids(self) -> Ids:
        """The identifiers it begins with."""
        return Ids(self.seed, dict(self.fixture.sequences if self.sequences is None else self.sequences))


class World:
    """What one test, or one developer, sees."""

    __slots__ = ("_arrive", "beginning", "clock", "epoch", "feed", "id", "ids", "journal", "lock", "plan", "state")

    def __init__(
        self,
        world_id: str,
        beginning: Beginning,
        journal: Journal,
        arrive: Mapping[str, Arrive],
        clock: Clock | None = None,
    ) -> None:
        """Create a world.

        Args:
            world_id: its name in addresses.
            beginning: what a reset returns it to.
            journal: where its exchanges are written down.
            arrive: by provider, what a message that comes in means there.
            clock: in place of the one that it would begin with.
        """
        self.id = world_id
        self.epoch = 0
        """Counts resets: what began in an earlier epoch has nothing to say in this one."""
        self.beginning = beginning
        self.journal = journal
        self.clock = clock or beginning.clock()
        self.state = beginning.state(self.clock.now())
        self.ids = beginning.ids()
        self.plan = FaultPlan()
        self.feed = Feed()
        self.lock = Lock()
        self._arrive = arrive

    def commit(self, decide: Decide, keep: bool = True) -> Decision:
        """Decide at one instant and, unless it is not to be kept, make it so.

        The lock is held for microseconds; nothing that waits may be called in here, and never another world's commit.
        """
        with self.lock:
            now = self.clock.now()
            self._meet(now)
            return self._conclude(decide, now, keep)

    def write_down(self, exchange: Exchange) -> None:
        """Put an exchange into the journal, and say so."""
        self.journal.add(exchange)
        self.feed.publish(Happened(exchange.at, Exchanged(exchange.number)))

    def arrive(self, provider: str, fields: Mapping[str, Any]) -> Decision:
        """Let a message come in now.

        Raises:
            KeyError: nothing arrives at that provider.
        """
        decide = self._arrive[provider]
        return self.commit(lambda state, now, ids: decide(fields, state, now, ids))

    # -- faults ------------------------------------------------------------------------------------------------------

    def choose(self, facts: Facts) -> Chosen:
        """The fault that an exchange meets; counts the hit."""
        if not self.plan:
            return NO_FAULT
        with self.lock:
            return self.plan.choose(facts, self.clock.now(), self._draw)

    def leave(self, chosen: Chosen, fault: Fault) -> None:
        """What the next matching exchange meets, as the last one left it."""
        with self.lock:
            self.plan.leave(chosen.rule or "", fault)

    def arm(self, rule: Rule) -> str:
        """Add a fault's rule; its id."""
        with self.lock:
            return self.plan.arm(rule)

    def disarm(self, rule_id: str | None = None) -> int:
        """Remove one rule, or all; how many there were."""
        with self.lock:
            return self.plan.clear_all() if rule_id is None else int(self.plan.clear(rule_id))

    def _draw(self) -> float:
        """A number from 0 to below 1, from the seed."""
        draft = self.ids.draft()
        token = draft.token("chance", 13)
        self.ids.keep(draft)
        return int(token, 16) / 16**13

    # -- time --------------------------------------------------------------------------------------------------------

    def now(self) -> Instant:
        """The instant, with everything that was due until then having happened."""
        with self.lock:
            now = self.clock.now()
            self._meet(now)
            return now

    def advance(self, to: Instant) -> list[Happened]:
        """Move on to an instant; what happened on the way, in order, each at its own instant.

        Raises:
            ValueError: the instant is past.
            Endless: things bring about one another without end.
        """
        with self.lock:
            if to < self.clock.now():
                raise ValueError("the clock cannot be moved backwards; a reset with freeze does that")
            happened = self._meet(to)
            self.clock.move_to(to)
            return happened

    def freeze(self, at: Instant | None = None) -> list[Happened]:
        """Stop the clock, here or at a later instant; what happened until then.

        Raises:
            ValueError: the instant is past.
        """
        with self.lock:
            now = self.clock.now()
            if at is not None and at < now:
                raise ValueError("a clock cannot be frozen in its past; a reset with freeze does that")
            self.clock.freeze()
            happened = self._meet(now if at is None else at)
            self.clock.move_to(now if at is None else at)
            return happened

    def resume(self) -> None:
        """Let the clock tick on from where it stands."""
        with self.lock:
            self.clock.resume()

    def next_due(self) -> Instant | None:
        """When the next thing happens by itself."""
        with self.lock:
            return self.state.agenda.next

    # -- whole worlds ------------------------------------------------------------------------------------------------

    def reset(self, frozen_at: Instant | None = None) -> None:
        """Return to how it was created, with its clock frozen at an instant if one is given. Cursors go on."""
        with self.lock:
            self.epoch += 1
            self.clock = self.beginning.clock(frozen_at)
            self.state = self.beginning.state(self.clock.now())
            self.ids = self.beginning.ids()
            self.plan = FaultPlan()
        self.journal.clear()

    def begin_again(self, beginning: Beginning, clock: Clock) -> None:
        """Begin another way, as from a snapshot. Journal, faults and cursors stay."""
        with self.lock:
            self.epoch += 1
            self.beginning, self.clock = beginning, clock
            self.state, self.ids = beginning.state(clock.now()), beginning.ids()

    def fork(self, world_id: str, journal: Journal, issue: Callable[[State], None]) -> World:
        """A world that begins as this one is now, with credentials that are issued. Journal and feed are its own, and empty."""
        with self.lock:
            clock = self.clock.copy()
            self._meet(clock.now())
            template = self.state.fork()
            issue(template)
            frozen_at = clock.now() if clock.is_frozen else None
            beginning = replace(self.beginning, frozen_at=frozen_at, template=template, sequences=self.ids.sequences)
            twin = World(world_id, beginning, journal, self._arrive, clock)
            twin.plan = self.plan.fork()
            return twin

    # -- inside the lock ---------------------------------------------------------------------------------------------

    def _conclude(self, decide: Decide, now: Instant, keep: bool = True) -> Decision:
        draft = self.ids.draft()
        decision = decide(self.state, now, draft)
        if keep and decision.events:
            for event in decision.events:
                self.state.apply(event)
                self.feed.publish(Happened(now, event))
            self.ids.keep(draft)
        return decision

    def _meet(self, until: Instant) -> list[Happened]:
        """Let everything happen that is due, each at its own instant."""
        happened: list[Happened] = []
        steps = 0
        while due := self.state.agenda.take(until):
            steps += 1
            if steps > MOST_STEPS:
                raise Endless(f"{MOST_STEPS} things happened and more are due; the next arrives at {due.provider}")
            self.clock.move_to(due.at)
            happened += (Happened(due.at, what) for what in self._arrived(due))
        return happened

    def _arrived(self, due: Due) -> tuple[Event | Missed, ...]:
        try:
            return self._conclude(self._decision(due), due.at).events
        except ValueError as reason:  # its number or account has gone since
            missed = Missed(due.provider, str(reason))
            self.feed.publish(Happened(due.at, missed))
            return (missed,)

    def _decision(self, due: Due) -> Decide:
        decide = self._arrive[due.provider]
        return lambda state, now, ids: decide(due.fields, state, now, ids)
