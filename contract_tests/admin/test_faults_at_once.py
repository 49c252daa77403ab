"""Every fault at every operation of every provider, before and after it takes effect, and at every webhook, all at once.

One world gets all rules and all requests, from several clients over sockets and in a seeded order, while inbound messages
are received and the clock is moved. Nothing depends on real time: the clock is frozen between its moves, the receivers of
webhooks answer in this process, and what hangs is closed at the end. ``--fault-rounds N`` repeats every case N times.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from random import Random
from threading import Event, Lock
from typing import Any, NamedTuple

import pytest

from contract_tests.engine.test_fold_of_events import INBOUND, RULE, Receivers, Recorder
from contract_tests.installed import CALLBACKS, PROVIDERS, VARIANTS
from contract_tests.providers import test_conformance as suites
from mockserver.admin.endpoint import shipped
from mockserver.app import build_service
from mockserver.client import Mock
from mockserver.engine.clock import Clock
from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import ExchangeRecorded, MessageStored
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, InitialState, State
from mockserver.engine.webhook_faults import WEBHOOK_FAULTS
from mockserver.engine.world import World
from mockserver.http.fault_effects import RESPONSE_FAULTS
from mockserver.http.fault_rules import rule_from
from mockserver.http.request import HttpRequest
from mockserver.providers.dialogtech.limits import PER_ACCOUNT, PER_MINUTE, PER_NUMBER
from mockserver.sdk import Provider
from mockserver.server import MockServer
from mockserver.testkit.conformance import FAULT_OPTIONS, Example

NOON = parse_instant("2026-06-01T12:00:00Z")
SUITES = (suites.TestDialogTech, suites.TestMgage, suites.TestSerwersms)
EXAMPLES: dict[str, dict[str, Example]] = {suite.provider.name: suite.examples for suite in SUITES}
PLAIN = {"dialogtech": "general.buildingblockids", "mgage": "list.opt_in", "serwersms": "error.view"}
"""An operation of each provider whose response is always the same here."""
CHAINS: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"kind": "delay", "seconds": 0}, {"kind": "cut", "keep": 3}),
    ({"kind": "static_response", "status": 503, "body": "x"}, {"kind": "wrong_length", "by": 2}),
)
CLIENTS = 8
PATIENCE = 30
"""Seconds after which a response that has not come is a failure."""


class Case(NamedTuple):
    """One fault at one operation, chosen by a header of its own."""

    id: str
    provider: Provider
    operation: str
    point: str
    fault: Any

    @property
    def is_hanging(self) -> bool:
        """Whether the response never comes."""
        return bool(self.fault == {"kind": "hang"})

    def rule(self) -> dict[str, Any]:
        """Return the fault rule."""
        match = {"provider": self.provider.name, "operation": self.operation, "headers": {"X-Case": self.id}}
        return {"id": self.id, "match": match, "point": self.point, "fault": self.fault}


def response_cases() -> Iterator[Case]:
    """Yield every fault of responses at every operation, at each point where it may be applied."""
    for provider in PROVIDERS:
        for operation in (each.name for each in provider.operations):
            faults = [
                ({"kind": kind, **options(kind, provider)}, RESPONSE_FAULTS[kind].points) for kind in RESPONSE_FAULTS
            ]
            faults += [(list(chain), ("before", "after")) for chain in CHAINS]  # type: ignore[misc]  # a fault is an object or a list
            for fault, points in faults:
                for point in points:
                    kinds = fault["kind"] if isinstance(fault, dict) else "chain"
                    name = f"{provider.name}-{operation}-{kinds}-{point}".replace(".", "_")[:60]
                    yield Case(name, provider, operation, point, fault)


def options(kind: str, provider: Provider) -> dict[str, Any]:
    """Return the options that a kind of fault requires."""
    return {"name": provider.errors[0].__name__} if kind == "provider_error" else dict(FAULT_OPTIONS.get(kind, {}))


CASES = {case.id: case for case in response_cases()}
WEBHOOK_CASES = {
    f"{provider}-{kind}": {"target": "webhook", "match": {"provider": provider}, "fault": {"kind": kind}}
    for provider in ("dialogtech", "serwersms")
    for kind in WEBHOOK_FAULTS
}


@dataclass
class Arena:
    """A server with one world that has every rule, and what its clients have got."""

    server: MockServer
    world: World
    start: InitialState
    log: Recorder
    exits: ExitStack

    def __post_init__(self) -> None:
        self.moving = Lock()

    def send(self, example: Example, case: Case | None = None) -> bytes:
        """Send a request, and return what came until the connection was closed; nothing of one that hangs."""
        provider = case.provider.name if case is not None else _owner(example)
        account = next(each for each in self.world.state.accounts.values() if each.provider == provider)
        request = example.request(account.logins[0].user, account.logins[0].secret or "", self.world.id)
        host, port = self.server.url.removeprefix("http://").split(":")
        client = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.exits.callback(client.close)
        got = b""
        with suppress(ConnectionError):
            client.sendall(_bytes(request, case))
            while case is None or not case.is_hanging:
                piece = client.recv(65_536)
                if not piece:
                    break
                got += piece
        return got

    def receive(self, provider: str) -> None:
        """Receive an inbound message, for which webhooks are sent."""
        self.world.receive_inbound(provider, INBOUND[provider])

    def move(self) -> None:
        """Move the clock by a second. One client at a time does: two would be rejected."""
        with self.moving:
            self.world.advance(by=SECOND)

    def folded(self) -> State:
        """The state of the beginning with the recorded events applied."""
        state = self.start.create_state(Clock.frozen(NOON), NOON)
        for event in self.log.events:
            state.apply(event)
        return state


def _owner(example: Example) -> str:
    return next(name for name, examples in EXAMPLES.items() if example in examples.values())


def _bytes(request: HttpRequest, case: Case | None) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    lines += [*([f"X-Case: {case.id}"] if case is not None else []), "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + request.body


def _body(response: bytes) -> tuple[bytes, bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], body


@pytest.fixture
def arena() -> Iterator[Arena]:
    fixture: Fixture = shipped("small", tuple(PROVIDERS))
    accounts = tuple(
        replace(account, forwarding=(RULE,)) if account.key == "serwersms/demo" else account
        for account in fixture.accounts
    )
    registry = WorldRegistry(
        replace(fixture, accounts=accounts),
        VARIANTS,
        clock=Clock.frozen(NOON),
        providers=CALLBACKS,
        sender=Receivers(),
    )
    world = registry.default
    start = InitialState(fixture, world.state.seed, template=world.state.fork())
    log = Recorder()
    world.log = log
    with ExitStack() as exits, MockServer(build_service(registry=registry)) as server:
        yield Arena(server, world, start, log, exits)


def test_every_fault_of_every_operation_at_once(arena: Arena, request: pytest.FixtureRequest) -> None:
    rounds = request.config.getoption("--fault-rounds")
    world = arena.world
    plain = {provider: EXAMPLES[provider][operation] for provider, operation in PLAIN.items()}
    wanted = {provider: _body(arena.send(example)) for provider, example in plain.items()}
    for case in CASES.values():
        world.add_fault_rule(rule_from(case.rule(), NOON))
    for index, (name, rule) in enumerate(WEBHOOK_CASES.items()):
        before = index % len(WEBHOOK_FAULTS) * rounds
        when = {"skip": before, "first": before + rounds}
        world.add_fault_rule(rule_from({"id": name, **rule, "when": {key: n for key, n in when.items() if n}}, NOON))

    jobs: list[Callable[[], object]] = []
    for case in CASES.values():
        example = EXAMPLES[case.provider.name][case.operation]
        jobs += [lambda case=case, example=example: arena.send(example, case)] * rounds  # type: ignore[misc]  # a default binds it
    for provider in INBOUND:
        jobs += [lambda provider=provider: arena.receive(provider)] * (2 * len(WEBHOOK_FAULTS) * rounds)  # type: ignore[misc]
    jobs += [arena.move] * (40 * rounds)
    unharmed: list[tuple[str, tuple[bytes, bytes]]] = []
    for provider, example in plain.items():
        jobs += [lambda p=provider, e=example: unharmed.append((p, _body(arena.send(e))))] * (40 * rounds)  # type: ignore[misc]
    sends = [EXAMPLES["dialogtech"]["sms.send_message"]] * (40 * rounds)
    jobs += [lambda example=example: arena.send(example) for example in sends]  # type: ignore[misc]
    Random(rounds).shuffle(jobs)
    expected = len(CASES) * rounds + len(sends) + 3 * 40 * rounds
    is_recorded = when_recorded(world, expected)
    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(job) for job in jobs]:
            done.result()

    # Everyone who was not chosen got the right response, and every rule was applied as often as it should.
    assert {provider: {wanted[provider]} for provider in plain} == {
        provider: {body for each, body in unharmed if each == provider} for provider in plain
    }
    assert 3 * 40 * rounds == len(unharmed)
    assert is_recorded.wait(PATIENCE)
    hits = {status.rule.id: (status.matched, status.hits) for status in world.fault_rules()}
    assert dict.fromkeys(CASES, (rounds, rounds)) == {name: hits[name] for name in CASES}
    assert dict.fromkeys(WEBHOOK_CASES, rounds) == {name: hits[name][1] for name in WEBHOOK_CASES}

    # What a fault kept from taking effect has none, and everything else has exactly one.
    exchanges = world.journal.since(0)
    by_rule = Counter(each.fault["rule"] for each in exchanges if each.fault is not None)
    assert dict.fromkeys(CASES, rounds) == by_rule
    assert {"nothing", "skipped"} == effects_at(exchanges, "before")
    assert {"nothing", "changed", "stored"} >= effects_at(exchanges, "after") > {"stored"}
    inbound = 2 * len(WEBHOOK_FAULTS) * rounds * len(INBOUND)
    stored = [event.message for event in arena.log.events if isinstance(event, MessageStored)]
    storing = [each.operation for each in exchanges if each.effect == "stored"]
    pairs = storing.count("messages.send_personalized")  # its example has two messages
    assert len(storing) + pairs + inbound == len(stored)

    # The limits hold: 001 allows a number one message per second, and an account four.
    sent = sorted(each.at for each in stored if each.direction == "outbound" and each.account.startswith("dialogtech/"))
    assert sent
    for limit in (PER_NUMBER, PER_MINUTE, PER_ACCOUNT):
        assert all(
            later - earlier >= limit.seconds * SECOND for earlier, later in zip(sent, sent[limit.most :], strict=False)
        )

    # What was due is done, the state is the fold of its events, and the server is well.
    for _ in range(20):
        world.advance(by=7_200 * SECOND)
    assert world.wait_until_idle(PATIENCE)
    deliveries = world.state.deliveries.values()
    assert {"dialogtech", "serwersms"} == {each.provider for each in deliveries}
    assert {"acknowledged", "given up", "held"} >= {each.status for each in deliveries}
    assert arena.folded().contents() == world.state.contents()
    assert "ok" == Mock.at(arena.server.url).health()["status"]
    assert set(wanted.values()) == {_body(arena.send(example)) for example in plain.values()}


def when_recorded(world: World, count: int) -> Event:
    """Return an event that is set when so many more exchanges are in the journal: those that hang have no response."""
    recorded, numbers = Event(), iter(range(1, count + 1))

    def notice(item: object, _: int) -> None:
        if isinstance(item, TimedEvent) and isinstance(item.event, ExchangeRecorded) and next(numbers) == count:
            recorded.set()

    world.feed.listen(notice)
    return recorded


def effects_at(exchanges: list[Exchange], point: str) -> set[str]:
    """Return what the decisions of the exchanges did to which a fault was applied at a point."""
    return {each.effect for each in exchanges if each.fault is not None and each.fault["point"] == point}
