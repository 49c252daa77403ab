"""Of a world that was dropped the server keeps nothing, whatever happened in it."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from weakref import ref

import pytest

from contract_tests.http.test_garbage import ask
from mockserver.app import Service
from mockserver.engine.accounts import ForwardingRule
from mockserver.engine.decisions import Decision
from mockserver.engine.events import AccountChanged
from mockserver.engine.feed import EventFeed
from mockserver.engine.journal import Journal
from mockserver.engine.world import World

# What a store keeps of a dropped world is in a file, and its process lets go of it later.
pytestmark = pytest.mark.in_memory

NOT_COUNTED = (ModuleType, type, FunctionType, BuiltinFunctionType, CodeType, FrameType, int, float)


def count_objects(service: Service) -> int:
    """Count what the service refers to, but for modules, classes, functions and numbers."""
    seen, found = {id(service)}, [service]
    while found:
        for each in gc.get_referents(found.pop()):
            if id(each) not in seen and not isinstance(each, NOT_COUNTED):
                seen.add(id(each))
                found.append(each)
    return len(seen)


def post(service: Service, world: World, path: str, body: str) -> None:
    assert b'"error"' not in ask(service, f"/_mock/worlds/{world.id}/{path}", "POST", body)


def send(service: Service, world: World) -> None:
    login = world.state.accounts["dialogtech/demo"].logins[0]
    form = "action=sms.send_message&from=5554332111&to=5556667777&message=Hi"
    for secret in (login.secret, f"a wrong secret of {world.id}"):
        ask(service, "/ibp_api.php", "POST", f"{form}&access_key={login.user}&secret_access_key={secret}")
    assert len(world.journal) == 2
    ask(service, f"/_mock/worlds/{world.id}/exchanges/2")  # which masks the wrong secret


def view_pages(service: Service, world: World) -> None:
    for section in ("conversations", "exchanges", "clock", "faults", "variants", "worlds", "demos"):
        assert world.id.encode() in ask(service, f"/_mock/ui/worlds/{world.id}/{section}")


def schedule(service: Service, world: World) -> None:
    message = '"provider": "dialogtech", "sender": "5556667777", "recipient": "7735550190", "text": "a"'
    post(service, world, "inbound", f"{{{message}}}")
    post(service, world, "inbound", f'{{{message}, "in": 3600}}')
    post(service, world, "clock/advance", '{"next": true}')


def add_fault(service: Service, world: World) -> None:
    post(service, world, "faults", '{"fault": {"kind": "static_response", "status": 503}, "when": {"first": 1}}')
    ask(service, f"/_w/{world.id}/messages/recived", "POST", "username=Login&password=Haslo")


def restart(service: Service, world: World) -> None:
    post(service, world, "reset", "")
    service.registry.restart(world, world.initial_state, world.clock)


def load_mistakes(service: Service, world: World) -> None:
    for file in ('{"format": 2, "accounts": [{}]}', '{"format": 2, "accounts": [], "clock": 1}'):
        assert b'"error"' in ask(service, f"/_mock/worlds/{world.id}/snapshot", "PUT", file)


def fork(service: Service, world: World) -> None:
    forked = service.registry.fork(world)
    send(service, forked)
    service.registry.drop(forked)


def nothing(_service: Service, _world: World) -> None:
    pass


USES: tuple[Callable[[Service, World], None], ...] = (
    nothing,
    send,
    view_pages,
    schedule,
    add_fault,
    restart,
    load_mistakes,
    fork,
)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_nothing_of_a_dropped_world_is_kept(service: Service, shipped, use: Callable[[Service, World], None]) -> None:
    registry = service.registry

    def make_use_and_drop() -> ref[Journal]:
        world = registry.create(shipped)
        use(service, world)
        journal = ref(world.journal)  # which lives as long as its world
        registry.drop(world)
        return journal

    registry.close()  # so that no other thread looks at a world
    registry.feed = EventFeed(size=0)  # which else keeps the ids of the last ones
    for _ in range(2):  # the templates of the page are cached
        make_use_and_drop()
    before = count_objects(service)
    gc.disable()
    try:
        dropped = [make_use_and_drop() for _ in range(3)]
        assert [journal() for journal in dropped] == [None] * 3
    finally:
        gc.enable()
    assert count_objects(service) == before


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """A socket that refuses connections until it listens, and answers none."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.mark.parametrize("target", ["refused", "not allowed", "in flight"])
def test_no_webhook_keeps_the_world_that_it_was_of(
    service: Service, shipped, target: str, bound: socket.socket
) -> None:
    """Also while the attempt of a world that was dropped is in flight, only the attempt keeps it."""
    registry = service.registry
    url = "http://203.0.113.1/" if target == "not allowed" else f"http://127.0.0.1:{bound.getsockname()[1]}/"
    if target == "in flight":
        bound.listen()

    def forward_and_drop() -> ref[Journal]:
        world = registry.create(shipped)
        account = world.state.accounts["serwersms/demo"]
        forwarding = (ForwardingRule("nd", url),)
        world.execute(
            lambda _state, now, _ids: Decision(now, None, (AccountChanged(replace(account, forwarding=forwarding)),))
        )
        world.receive_inbound("serwersms", {"account": "demo", "kind": "nd", "sender": "+48500600700", "text": "a"})
        assert [each.status for each in world.state.deliveries.values()] == ["due"]
        if target != "in flight":
            assert world.wait_until_idle(30)
        registry.drop(world)
        return ref(world.journal)

    before = set(threading.enumerate())
    gc.collect()
    gc.disable()
    try:
        dropped = [forward_and_drop() for _ in range(3)]
        registry.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
        assert [journal() for journal in dropped] == [None] * 3
    finally:
        gc.enable()
