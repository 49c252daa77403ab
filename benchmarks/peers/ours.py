"""Ours as ``mockserver serve`` starts it, and the limit of our shell."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import mockserver
from benchmarks.asking import Request, Response, ask
from benchmarks.installing import Cache
from benchmarks.loads import LOADS, SEND, Load, advance, login

from .peer import Peer, Place

_PORT = re.compile(rb"(?<=http://127\.0\.0\.1:)\d+")

SCRIPT = str(Path(sys.executable).with_name("mockserver"))


class Ours(Peer):
    """mockserver, with the settings that it has when no one sets any."""

    name = "mockserver"
    note = "Keeps state, checks credentials and parameters, counts limits, finds each page; journal on, limits on, default settings."
    seconds = 2

    def __init__(self, world: Path) -> None:
        self.world = world

    def install(self, cache: Cache) -> str:  # noqa: ARG002 - one shape for all peers
        """Whoever runs this has it."""
        return mockserver.__version__

    def command(self, place: Place) -> list[str]:
        """With the world that the loads ask for."""
        return [SCRIPT, "serve", "--port", str(place.port), "--world", str(self.world)]

    def cold_command(self, place: Place) -> list[str]:
        """As a user starts it, with the shipped world."""
        return [SCRIPT, "serve", "--port", str(place.port)]

    def requests(self, load: Load) -> list[Request]:
        """The clock is moved on between sends, because no one else's limits can be asked so fast."""
        return load.requests(moves_the_clock=True)

    def at_rest(self) -> list[Request]:
        """A full page of the shipped world; what the four loads ask for would weigh in itself."""
        return [Request("GET", "/api/messages/program/141509?pageSize=50", headers=login("demo"))]

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:  # noqa: ARG002 - one shape for all peers
        """As recorded, but for the port in the address of the next page: that was another process of ours."""
        return response.status == recorded.status and _PORT.sub(b"", response.body) == _PORT.sub(b"", recorded.body)

    def before(self, port: int, load: Load) -> None:
        """A minute passes between runs: the sends of the run before are out of the windows."""
        if load is SEND:
            ask(port, advance(60))


class Null(Peer):
    """A WSGI application that does nothing, on our shell."""

    name = "null WSGI application"
    note = "Two bytes, on our shell: nothing is read, decided or kept. The limit, not a peer."
    seconds = 2
    loads = (SEND,)
    first = SEND
    is_peer = False

    def install(self, cache: Cache) -> str:  # noqa: ARG002 - one shape for all peers
        """It is here."""
        return mockserver.__version__

    def command(self, place: Place) -> list[str]:
        """In a process of its own, set up as ours."""
        return [sys.executable, str(Path(__file__).parents[1] / "null.py"), str(place.port)]

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:  # noqa: ARG002 - one shape for all peers
        """It says OK."""
        return response.body == b"OK"


def recorded(port: int) -> Mapping[str, Response]:
    """Ours to the first request of each load: what the peers are given to say.

    Raises:
        AssertionError: ours does not answer as it should.
    """
    responses = {load.name: ask(port, load.requests()[0]) for load in LOADS}
    assert all(response.status == 200 for response in responses.values()), responses
    assert "<result>success</result>" in responses[SEND.name].text, responses[SEND.name]
    return responses
