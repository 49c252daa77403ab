"""The one road of a provider request: read, find the world, meet a fault, decide, write."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from mockserver.engine.faults import NO_FAULT, Chosen
from mockserver.engine.instants import SECOND, http_date
from mockserver.sdk.request import Asked
from mockserver.sdk.response import Response

from .fault_rules import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed.wsgi import WSGIEnvironment

    from mockserver.engine.decisions import Decision
    from mockserver.engine.journal import Exchange
    from mockserver.engine.registry import Worlds
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Call, Provider
    from mockserver.sdk.serialization_cache import Fragments


def serve(house: Worlds, room: Provider, fragments: Fragments, environ: WSGIEnvironment) -> Response:
    """Answer a request to a room's operation."""
    exchange: Exchange = environ["mockserver.exchange"]
    bound: World | None = environ.get("mockserver.bound")
    asked = Asked(environ)
    call = room.parse(asked)
    world = bound or house.owner(call.credential)
    chosen = _choose(world, exchange, asked, room, call) if world.plan else NO_FAULT
    is_kept = chosen.point != "before"
    decision = world.execute(partial(room.decide, call), is_kept)
    readings = world.state.readings
    exchange.decided(world.id, room.name, call.operation, decision, call.values, readings, is_kept=is_kept)
    answer = room.render(decision, call, readings, fragments)
    if chosen is not NO_FAULT:
        refuse = partial(_refuse, room, decision, call, asked, readings, fragments)
        answer = suffer(world, exchange, chosen, answer, refuse)
    exchange.replied(answer.delivered_origin, answer.refusal)
    return dated(answer, decision.at)


def serve_astray(house: Worlds, room: Provider, environ: WSGIEnvironment, status: int) -> Response:
    """Answer what reached a room's host or prefix but none of its operations."""
    exchange: Exchange = environ["mockserver.exchange"]
    world: World = environ.get("mockserver.bound") or house.default
    asked = Asked(environ)
    exchange.provider = room.name
    chosen = _choose(world, exchange, asked, room) if world.plan else NO_FAULT
    answer = room.render_routing_error(asked, status)
    exchange.verdict = answer.refusal
    if chosen is not NO_FAULT:
        answer = suffer(world, exchange, chosen, answer, lambda _name: answer)  # what was not asked cannot be refused
    exchange.replied(answer.delivered_origin, answer.refusal)
    return dated(answer, world.clock.now())


def suffer(
    world: World, exchange: Exchange, chosen: Chosen, answer: Response, refuse: Callable[[str], Response]
) -> Response:
    """The answer as a fault leaves it."""
    exchange.fault = {"rule": chosen.rule, "point": chosen.point, "fault": chosen.fault.described()}
    spoilt: Response = chosen.fault.act(answer, refuse)
    left = chosen.fault.leaves(spoilt)
    if left is not None:
        world.leave(chosen, left)
    return spoilt


def dated(answer: Response, at: int) -> Response:
    """The answer with the world's time in its ``Date``, unless it has one."""
    headers = answer.headers
    for name, _ in headers:
        if name == "Date":  # a stale answer is as old as it is
            return answer
    return structs.replace(answer, headers=(*headers, ("Date", http_date(at // SECOND))))


def _choose(world: World, exchange: Exchange, asked: Asked, room: Provider, call: Call | None = None) -> Chosen:
    return world.choose(facts_of(exchange.method, asked.path, exchange.head, room.name, call))


def _refuse(
    room: Provider,
    decision: Decision,
    call: Call,
    asked: Asked,
    readings: Mapping[str, str],
    fragments: Fragments,
    name: str,
) -> Response:
    """A refusal of the room's by name, in its own dialect: the very one that was decided, where it is of that name."""
    kind = next(each for each in room.errors if each.__name__ == name)
    decided = decision.refusal
    refusal = decided if type(decided) is kind else room.build_error(kind, call, asked, decision.at)
    return room.render(structs.replace(decision, value=refusal), call, readings, fragments)
