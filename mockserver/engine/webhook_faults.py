"""Deliveries that go wrong on purpose, in the ways in which they go wrong in life. Pure: what a rule makes of what happens.

A rule meets the next deliveries that are opened, as many as it says, of a provider if it names one. It says nothing
of wrong answers and dead receivers: those are the receiver's to give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from msgspec import structs

from .deliveries import Attempt, Delivery, Outcome
from .events import AttemptEnded, DeliveryChanged, DeliveryOpened, Event
from .ids import IdReservation
from .instants import Instant

Kind: TypeAlias = Literal["twice", "at-once", "late", "reordered", "lost-acknowledgement", "stops"]
KINDS: dict[Kind, str] = {
    "twice": "delivered, and then delivered again",
    "at-once": "delivered by two workers at the same time",
    "late": "delivered so many seconds late",
    "reordered": "delivered after the next one that is opened",
    "lost-acknowledgement": "the receiver's answer to the first so many attempts is taken for none",
    "stops": "given up after so many attempts, whatever the schedule says",
}
assert set(KINDS) == set(get_args(Kind))


@dataclass(slots=True)
class Mischief:
    """One rule."""

    id: str
    kind: Kind
    amount: int = 1
    """Microseconds late, or attempts."""
    provider: str = ""
    """Empty for all."""
    times: int = 1
    """Deliveries that it still meets."""
    met: int = 0
    """Deliveries that it has met."""


class Plan:
    """The rules of one world, and which deliveries they met. Used with the world's lock held."""

    __slots__ = ("_marked", "_waiting", "rules")

    def __init__(self) -> None:
        self.rules: dict[str, Mischief] = {}
        self._marked: dict[int, Mischief] = {}
        """The rule of each delivery whose attempts it has a say in."""
        self._waiting: list[int] = []
        """Deliveries that wait for the next one."""

    def __bool__(self) -> bool:
        return bool(self.rules or self._marked or self._waiting)

    def opened(
        self, event: DeliveryOpened, outbox: Mapping[int, Delivery], ids: IdReservation, now: Instant
    ) -> tuple[Event, ...]:
        """What comes of a delivery that is opened beside those of an outbox."""
        # One that the tester has released, or sent, waits no longer.
        waiting = (number for number in self._waiting if outbox[number].status == "held")
        released = tuple(DeliveryChanged(number, "due", now) for number in waiting)
        self._waiting.clear()
        rule = self._meet(event.delivery)
        if rule is None:
            return (event, *released)
        return (*self._spoilt(rule, event.delivery, ids, now), *released)

    def fork(self) -> Plan:
        """The same rules, going on by themselves. What waits in a fork is held like everything else that was due."""
        twin = Plan()
        twin.rules = {name: replace(rule) for name, rule in self.rules.items()}
        twin._marked = dict(self._marked)
        return twin

    def forget(self) -> None:
        """The deliveries that were met are gone; the rules stay."""
        self._marked.clear()
        self._waiting.clear()

    def outcome(self, delivery: Delivery, attempt: Attempt) -> Attempt:
        """An attempt as we take it to have been."""
        rule = self._marked.get(delivery.number)
        if rule is None or rule.kind != "lost-acknowledgement" or len(delivery.attempts) >= rule.amount:
            return attempt
        return attempt._replace(outcome=Outcome(error="the acknowledgement was lost on purpose"))

    def judged(self, delivery: Delivery, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """What comes of a judgement."""
        rule = self._marked.get(delivery.number)
        if rule is None or rule.kind != "stops" or len(delivery.attempts) + 1 < rule.amount:
            return events
        return tuple(_stopped(event) for event in events)

    def _meet(self, delivery: Delivery) -> Mischief | None:
        for rule in self.rules.values():
            if rule.times > 0 and rule.provider in ("", delivery.provider):
                rule.times -= 1
                rule.met += 1
                return rule
        return None

    def _spoilt(self, rule: Mischief, delivery: Delivery, ids: IdReservation, now: Instant) -> tuple[Event, ...]:
        if rule.kind in ("twice", "at-once"):
            lane = delivery.lane if rule.kind == "twice" else f"{delivery.lane} again"
            twin = replace(delivery, number=ids.number("outbox"), lane=lane)
            return DeliveryOpened(delivery), DeliveryOpened(twin)
        if rule.kind == "late":
            return (DeliveryOpened(replace(delivery, due=now + rule.amount)),)
        if rule.kind == "reordered":
            self._waiting.append(delivery.number)
            return (DeliveryOpened(replace(delivery, status="held", due=None)),)
        self._marked[delivery.number] = rule
        return (DeliveryOpened(delivery),)


def _stopped(event: Event) -> Event:
    if not isinstance(event, AttemptEnded) or event.status != "due":
        return event
    verdict = f"{event.attempt.verdict}; given up on purpose"
    return structs.replace(event, status="given up", due=None, attempt=event.attempt._replace(verdict=verdict))
