"""A world that forwards to a receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contract_tests.admin.forwarding.receiving import KEY, NOON, PATIENCE, Receiver
from mockserver.app import PROVIDERS, READINGS, ROOMS
from mockserver.engine.accounts import Account, ForwardingRule, Login
from mockserver.engine.clock import Clock
from mockserver.engine.registry import Worlds
from mockserver.engine.state import Fixture
from mockserver.engine.world import World
from mockserver.webhooks import Courier, Manners
from mockserver.webhooks.dispatcher import PostOffice


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.listen()
    yield receiver
    receiver.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., World]]:
    """Open a house whose only account forwards what comes in at its NDI to an address."""
    houses: list[Worlds] = []

    def opened(url: str, clock: Clock | None = None, **readings: str) -> World:
        rule = ForwardingRule("ndi", f"{url}/?numer=#NUMER#&tekst=#WIADOMOSC#")
        account = Account(KEY, "serwersms", "a", (Login("user", "secret"),), forwarding=(rule,))
        rooms = {room.name: room for room in PROVIDERS}
        sender = PostOffice(rooms, Courier(Manners(timeout=PATIENCE, connect_timeout=PATIENCE)))
        named = {f"serwersms.forwarding.{name}": reading for name, reading in readings.items()}
        house = Worlds(
            Fixture((account,)), READINGS | named, clock=clock or Clock.frozen(NOON), rooms=ROOMS, sender=sender
        )
        houses.append(house)
        return house.default

    yield opened
    for house in houses:
        house.close()
