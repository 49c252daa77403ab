"""One world: its state, time, identifiers, journal and feed, and the one way to change it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeAlias

from .clock import Clock
from .decisions import Decision
from .feed import Feed
from .ids import Draft, Ids
from .instants import Instant
from .journal import Journal
from .state import State

Decide: TypeAlias = Callable[[State, Instant, Draft], Decision]
"""Pure: reads the state, the instant and a draft of identifiers, and concludes. It may be run again."""


class World:
    """What one test, or one developer, sees."""

    __slots__ = ("clock", "feed", "id", "ids", "journal", "lock", "state")

    def __init__(self, world_id: str, state: State, clock: Clock, ids: Ids, journal: Journal) -> None:
        self.id = world_id
        self.state = state
        self.clock = clock
        self.ids = ids
        self.journal = journal
        self.feed = Feed()
        self.lock = Lock()

    def commit(self, decide: Decide, keep: bool = True) -> Decision:
        """Decide at one instant and, unless it is not to be kept, make it so.

        The lock is held for microseconds; nothing that waits may be called in here, and never another world's commit.
        """
        with self.lock:
            draft = self.ids.draft()
            decision = decide(self.state, self.clock.now(), draft)
            if keep and decision.events:
                for event in decision.events:
                    self.state.apply(event)
                    self.feed.publish(event)
                self.ids.keep(draft)
            return decision

    def fork(self, world_id: str, journal: Journal) -> World:
        """A world that begins as this one is now. Journal and feed are its own and empty."""
        with self.lock:
            return World(world_id, self.state.fork(), self.clock.copy(), self.ids.fork(), journal)
