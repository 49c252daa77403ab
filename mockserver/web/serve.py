"""The one road of a provider request: read, find the world, decide, write."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mockserver.core.instants import SECOND, http_date

from .answer import Answer
from .asked import Asked

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mockserver.core.journal import Exchange
    from mockserver.core.world import World
    from mockserver.core.worlds import Worlds

    from .provider import Provider


def serve(house: Worlds, room: Provider, environ: WSGIEnvironment) -> Answer:
    """Answer a request to a room's operation."""
    exchange: Exchange = environ["mockserver.exchange"]
    bound: World | None = environ.get("mockserver.bound")
    call = room.read(Asked(environ))
    world = bound or house.owner(call.credential)
    decision = world.commit(partial(room.decide, call))
    exchange.decided(world.id, room.name, call.operation, decision)
    return dated(room.write(decision, call, world.state.readings), decision.at)


def dated(answer: Answer, at: int) -> Answer:
    """The answer with the world's time in its ``Date``."""
    date = ("Date", http_date(at // SECOND))
    return Answer(answer.status, (*answer.headers, date), answer.body, answer.delivery)
