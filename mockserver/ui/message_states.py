"""The states that a message went through, with the instant of each.

A message keeps its last state alone. The earlier ones are in the world's feed, as long as it holds them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import MessageChanged, MessagesRead, MessageStored
from mockserver.engine.instants import Instant, iso
from mockserver.engine.messages import Message
from mockserver.engine.world import World

_FIRST = {"outbound": "accepted", "inbound": "received"}
"""The state of a message whose provider has none, by its direction."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")
_READ = "read by the client"


class MessageState(NamedTuple):
    """A state of a message."""

    name: str
    """In the provider's word."""
    at: str
    """Since when; empty if that is not known any more."""


class Histories:
    """The states of messages that a feed still tells of."""

    def __init__(self, items: tuple[object, ...]) -> None:
        self._states: dict[int, list[MessageState]] = {}
        self._read: dict[int, Instant] = {}
        for item in items:
            if isinstance(item, TimedEvent):
                self._add(item)

    def _add(self, item: TimedEvent) -> None:
        event = item.event
        if isinstance(event, MessageStored):
            # A world that was reset gives the same serial again.
            message = event.message
            self._states[message.serial] = [MessageState(message.status, iso(message.at))] if message.status else []
            self._read.pop(message.serial, None)
        elif isinstance(event, MessageChanged) and event.status is not None:
            self._states.setdefault(event.serial, []).append(MessageState(event.status, iso(item.at)))
        elif isinstance(event, MessagesRead):
            self._read.update(dict.fromkeys(event.serials, item.at))

    def states_of(self, message: Message, *, is_read: bool) -> tuple[MessageState, ...]:
        """Return the states of a message, the last one included, in their order.

        Args:
            message: the message.
            is_read: whether the client has marked it as read.
        """
        states = self._states.get(message.serial, [])
        if not message.status:
            states = [MessageState(_FIRST[message.direction], iso(message.at))]
        elif not states or states[-1].name != message.status:
            states = [MessageState(message.status, self._instant_of(message))]
        if is_read:
            at = self._read.get(message.serial)
            states = [*states, MessageState(_READ, "" if at is None else iso(at))]
        return tuple(states)

    @staticmethod
    def _instant_of(message: Message) -> str:
        """Return the instant of the last state, which some providers keep in a field of its name."""
        at = message.fields.get(message.status)
        return at if isinstance(at, str) and _INSTANT.match(at) else ""


def read_histories(world: World) -> Histories:
    """Return the states of a world's messages that its feed still holds."""
    return Histories(world.feed.since(0).items)
