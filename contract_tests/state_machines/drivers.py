"""What the state machines act on: a server's worlds, behind one set of verbs.

`EngineDriver` calls the engine and the handler in this process; `ClientDriver` sends requests to a server at a socket. Those
that keep their worlds in a store derive from them, and can be restarted.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests

from contract_tests.installed import CALLBACKS, INSTALLED, PROVIDERS, VARIANTS
from mockserver import Mock, MockServer, Settings, worldfile
from mockserver.app import Service, build_service, create_codec
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.event_log import EventBatch, LoadedWorld, Store
from mockserver.engine.events import EntryDeleted, EntryStored, Event, MessageChanged, MessageDeleted
from mockserver.engine.instants import SECOND, Instant, iso, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import IdReservation, InitialState, State
from mockserver.engine.world import World
from mockserver.http.fault_rules import rule_from
from mockserver.http.request import HttpRequest
from mockserver.providers.serwersms.entries import ContactEntry
from mockserver.sdk.response import Offload, Response
from mockserver.settings import fixtures_folder
from mockserver.stores import open_store

NOON = parse_instant("2026-06-01T12:00:00Z")
SETTINGS = Settings(port=0, freeze=iso(NOON))
PROGRAM = "141501"
CONTACTS = ("serwersms/demo", "contacts")
PHONES = ("+48500600700", "+48500600701")
NUMBERS = ("3125550142", "3125550143")
"""Two numbers of DialogTech's demo account, which send."""
INBOUND: Mapping[str, Mapping[str, Any]] = {
    "dialogtech": {"account": "demo", "sender": "5556667777", "recipient": NUMBERS[0], "text": "yes"},
    "mgage": {"account": "demo", "program": PROGRAM, "sender": "5556667777", "recipient": "12345", "text": "JOIN"},
    "serwersms": {"account": "demo", "kind": "nd", "sender": "+48500600700", "text": "tak"},
}


def read_document() -> dict[str, Any]:
    """Return the small world, without the URLs to which messages are forwarded."""
    document: dict[str, Any] = json.loads((fixtures_folder() / "worlds" / "small.json").read_bytes())
    for account in document["accounts"]:
        for number in account.get("numbers", ()):
            number.pop("url", None)
            number.pop("dlr_url", None)
    return document


class Row(NamedTuple):
    """A message as the control API shows it."""

    serial: int
    id: str
    provider: str
    account: str
    direction: str
    kind: str
    text: str
    status: str
    read: bool


class Answer(NamedTuple):
    """The response to a provider's request."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Driver(ABC):
    """Worlds and their verbs. A world is named by its id; its clock is frozen at noon when it is created."""

    can_restart = False
    """Whether worlds outlast the server."""

    def restart(self) -> None:
        """Start the server again."""
        raise NotImplementedError

    # -- requests to the providers, with the credentials that the fixture prints

    def send(self, world: str, number: str, text: str) -> Answer:
        """Send a message from a number of DialogTech's demo account."""
        login = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
        values = {"action": "sms.send_message", "from": number, "to": "5556667777", "message": text}
        return self.ask(world, "POST", "/ibp_api.php", login | values)

    def read(self, world: str, **options: str) -> tuple[list[str], int | None]:
        """Retrieve SerwerSMS's messages of type nd that are not read: their ids, and the number of pages if one was asked for."""
        login = {"username": "demo", "password": "demo", "type": "nd"}
        found = self.ask(world, "POST", "/messages/recived.json", login | options).json
        return [str(each["id"]) for each in found["items"]], found.get("paging", {}).get("count")

    def export(self, world: str, page: int, size: int) -> tuple[list[tuple[str, str]], bool]:
        """Export a page of mGage's messages: their texts and statuses, and whether another page follows."""
        basic = {"Authorization": f"Basic {b64encode(b'demo:demo').decode()}"}
        query = urlencode({"pageSize": size, "page": page})
        found = self.ask(world, "GET", f"/api/messages/program/{PROGRAM}?{query}", headers=basic).json
        rows = [(each["body"], each["deliveryStatus"]) for each in found["data"]["messages"]]
        return rows, found["meta"]["nextPageUrl"] is not None

    @abstractmethod
    def ask(
        self, world: str, method: str, target: str, form: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send a request to a provider in a world."""

    # -- what the control API can do

    @abstractmethod
    def create(self) -> str:
        """Create a world of the small fixture."""

    @abstractmethod
    def fork(self, world: str) -> str:
        """Copy a world."""

    @abstractmethod
    def reset(self, world: str) -> None:
        """Return to the initial content and instant."""

    @abstractmethod
    def drop(self, world: str) -> None:
        """Delete a world."""

    @abstractmethod
    def worlds(self) -> set[str]:
        """Return the ids of all worlds but the default one."""

    @abstractmethod
    def receive(self, world: str, provider: str, text: str) -> None:
        """Let a message come in."""

    @abstractmethod
    def messages(self, world: str) -> list[Row]:
        """Return all messages, in the order in which they were stored."""

    @abstractmethod
    def change_status(self, world: str, serial: int, status: str) -> None:
        """Change the status of a message."""

    @abstractmethod
    def delete(self, world: str, serial: int) -> None:
        """Delete a message."""

    @abstractmethod
    def contacts(self, world: str) -> list[tuple[int, str]]:
        """Return the ids and phones of the contacts of SerwerSMS's demo account, in the order of adding."""

    @abstractmethod
    def add_contact(self, world: str, phone: str) -> int:
        """Add a contact; return its id."""

    @abstractmethod
    def put_contact(self, world: str, number: int, phone: str) -> None:
        """Add a contact with an id, or replace the one that has it."""

    @abstractmethod
    def delete_contact(self, world: str, number: int) -> None:
        """Delete a contact."""

    @abstractmethod
    def find_contacts(self, world: str, phone: str) -> list[int]:
        """Return the ids of the contacts with a phone, in the order of adding."""

    @abstractmethod
    def now(self, world: str) -> Instant:
        """Return the instant of a world's clock."""

    @abstractmethod
    def advance(self, world: str, microseconds: int) -> None:
        """Move a clock forwards."""

    @abstractmethod
    def freeze(self, world: str, at: Instant) -> None:
        """Freeze a clock at an instant that is not over."""

    @abstractmethod
    def add_fault(self, world: str, rule: Mapping[str, Any]) -> str:
        """Add a fault rule; return its id."""

    @abstractmethod
    def remove_fault(self, world: str, rule: str) -> None:
        """Remove a fault rule."""

    @abstractmethod
    def faults(self, world: str) -> dict[str, int | None]:
        """Return how often each rule may still hit, by its id, in the order in which they are tried."""

    @abstractmethod
    def checkpoint(self, world: str, name: str) -> None:
        """Keep an exact copy by a name, in place of an earlier one."""

    @abstractmethod
    def rewind(self, world: str, name: str) -> None:
        """Return to a checkpoint."""

    @abstractmethod
    def remove_checkpoint(self, world: str, name: str) -> None:
        """Remove a checkpoint."""

    @abstractmethod
    def checkpoints(self, world: str) -> list[str]:
        """Return the names of the checkpoints, in the order in which they were made."""

    @abstractmethod
    def changed_messages(self, world: str, since: str) -> dict[int, str]:
        """Return what has happened since a checkpoint to each message that is not as it was: ``inserted``, ``changed``, ``deleted``."""

    @abstractmethod
    def check(self, world: str) -> None:
        """Check what only this implementation can see."""

    @abstractmethod
    def close(self) -> None:
        """End everything."""


class Recorder:
    """An event log for tests, in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, batch: EventBatch) -> None:
        self.events += batch.events + batch.internal


class EngineDriver(Driver):
    """The engine in this process, and the handler that answers providers' requests."""

    def __init__(self) -> None:
        self._fixture = worldfile.read(read_document(), worldfile.Rules.of(PROVIDERS), is_checked=True).fixture
        self._recorded: dict[str, tuple[InitialState, Clock, Recorder]] = {}
        self._open(None)

    def _open(self, store: Store | None) -> None:
        self._registry = WorldRegistry(
            self._fixture, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS, store=store
        )
        self._service = build_service(registry=self._registry)

    def create_log(self) -> Recorder:
        """Create what records the events of a world."""
        return Recorder()

    def _begin(self, world: World) -> str:
        """Record a world's events from now on."""
        log = world.log = self.create_log()
        initial = InitialState(self._fixture, world.state.seed, template=world.state.fork())
        self._recorded[world.id] = initial, world.clock, log
        return world.id

    def _of(self, world: str) -> World:
        found = self._registry.get(world)
        assert found is not None, world
        return found

    def _happen(self, world: str, *events: Event) -> None:
        self._of(world).execute(lambda _state, now, _ids: Decision(now, None, events))

    def ask(
        self, world: str, method: str, target: str, form: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
    ) -> Answer:
        path, _, query = target.partition("?")
        body = urlencode(form).encode()
        fields = {"host": "localhost", **{name.lower(): value for name, value in headers.items()}}
        if body:
            fields |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        response = self._service.handler.respond(
            HttpRequest(
                method, target, f"/_w/{world}{path}", query, headers=tuple(fields.items()), fields=fields, body=body
            )
        )
        while isinstance(response, Offload):
            answer = response.compute()
            assert isinstance(answer, Response | Offload)
            response = answer
        assert response is not None, target
        return Answer(response.status, response.body)

    def create(self) -> str:
        return self._begin(self._registry.create(self._fixture, clock=Clock.frozen(NOON)))

    def fork(self, world: str) -> str:
        return self._begin(self._registry.fork(self._of(world)))

    def reset(self, world: str) -> None:
        self._of(world).reset()

    def drop(self, world: str) -> None:
        self._registry.drop(self._of(world))
        self._recorded.pop(world, None)

    def worlds(self) -> set[str]:
        return {world.id for world in self._registry} - {self._registry.default.id}

    def receive(self, world: str, provider: str, text: str) -> None:
        self._of(world).receive_inbound(provider, {**INBOUND[provider], "text": text})

    def messages(self, world: str) -> list[Row]:
        state = self._of(world).state
        return [
            Row(
                each.serial,
                each.id,
                *each.account.split("/"),
                each.direction,
                each.kind,
                each.text,
                each.status,
                each.serial in state.read,
            )
            for each in sorted(state.message_store, key=lambda each: each.serial)
        ]

    def change_status(self, world: str, serial: int, status: str) -> None:
        message = self._of(world).state.message_store.get(serial)
        assert message is not None
        self._happen(world, MessageChanged(serial, status, message.fields))

    def delete(self, world: str, serial: int) -> None:
        message = self._of(world).state.message_store.get(serial)
        assert message is not None
        self._happen(world, MessageDeleted(message))

    def contacts(self, world: str) -> list[tuple[int, str]]:
        return [(each.id, each.phone) for each in self._of(world).state.entries.all(*CONTACTS)]

    def add_contact(self, world: str, phone: str) -> int:
        def decide(_: State, now: Instant, ids: IdReservation) -> Decision:
            number = ids.number("serwersms.contacts")
            return Decision(now, number, (EntryStored(*CONTACTS, ContactEntry(number, phone)),))

        number = self._of(world).execute(decide).value
        assert isinstance(number, int)
        return number

    def put_contact(self, world: str, number: int, phone: str) -> None:
        self._happen(world, EntryStored(*CONTACTS, ContactEntry(number, phone)))

    def delete_contact(self, world: str, number: int) -> None:
        self._happen(world, EntryDeleted(*CONTACTS, number))

    def find_contacts(self, world: str, phone: str) -> list[int]:
        entries = self._of(world).state.entries
        found = [each.id for each in entries.find(*CONTACTS, "phone", phone)]
        assert len(found) == entries.count_of(*CONTACTS, "phone", phone)
        return found

    def now(self, world: str) -> Instant:
        return self._of(world).now()

    def advance(self, world: str, microseconds: int) -> None:
        self._of(world).advance(by=microseconds)

    def freeze(self, world: str, at: Instant) -> None:
        self._of(world).freeze(at)

    def add_fault(self, world: str, rule: Mapping[str, Any]) -> str:
        found = self._of(world)
        return found.add_fault_rule(rule_from(rule, found.now())).id

    def remove_fault(self, world: str, rule: str) -> None:
        assert 1 == self._of(world).remove_fault_rules(rule)

    def faults(self, world: str) -> dict[str, int | None]:
        return {each.rule.id: each.remaining(self.now(world)) for each in self._of(world).fault_rules()}

    def checkpoint(self, world: str, name: str) -> None:
        self._of(world).checkpoint(name)

    def rewind(self, world: str, name: str) -> None:
        self._registry.rewind(self._of(world), name)

    def remove_checkpoint(self, world: str, name: str) -> None:
        self._of(world).remove_checkpoint(name)

    def checkpoints(self, world: str) -> list[str]:
        return [each.name for each in self._of(world).checkpoints()]

    def changed_messages(self, world: str, since: str) -> dict[int, str]:
        return {each.key[0]: each.change for each in self._of(world).changes(since) if each.kind == "message"}

    def check(self, world: str) -> None:
        """The state is the fold of the events since the world began."""
        initial, clock, log = self._recorded[world]
        found = self._of(world)
        folded = initial.create_state(clock, clock.now())
        for event in log.events:
            folded.apply(event)
        assert folded.contents() == found.state.contents()

    def close(self) -> None:
        self._registry.close()


def load(store: Store, world: str) -> LoadedWorld:
    """Load a world from a store, as a process does that does not know it."""
    log = store.log(world)
    log.begin(None)
    try:
        return log.load()
    finally:
        log.release()


class SqliteDriver(EngineDriver):
    """The engine in this process, with its worlds in a SQLite file."""

    can_restart = True

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="mockserver-test-")
        super().__init__()

    def _open(self, store: Store | None) -> None:
        super()._open(store or open_store(str(Path(self._folder.name, "state")), create_codec(INSTALLED)))

    def _begin(self, world: World) -> str:
        return world.id

    def restart(self) -> None:
        self._registry.close()
        self._open(None)

    def check(self, world: str) -> None:
        """What the file holds is the world."""
        found, store = self._of(world), self._registry.store
        assert store is not None
        loaded = load(store, world)
        assert loaded.state.contents() == found.state.contents()
        assert (loaded.cursor, loaded.last_exchange) == (found.feed.cursor, found.journal.last)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


class ReplicasDriver(EngineDriver):
    """Two processes' engines in this one, on one database: each verb is called on the other one of them than that before."""

    can_restart = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._others: deque[tuple[WorldRegistry, Service]] = deque()
        super().__init__()
        self._others.append((self._registry, self._service))
        self._open(None)

    def _open(self, store: Store | None) -> None:
        super()._open(store or open_store(self._url, create_codec(INSTALLED)))

    def _begin(self, world: World) -> str:
        return world.id

    def take_turns(self) -> None:
        """Go on with the other one."""
        self._others.append((self._registry, self._service))
        self._registry, self._service = self._others.popleft()

    def restart(self) -> None:
        self._registry.close()
        self._open(None)

    def check(self, world: str) -> None:
        """Both have the same world, and so has the database."""
        found, store = self._of(world), self._registry.store
        assert store is not None
        loaded, expected = load(store, world), found.state.contents()
        assert (loaded.state.contents(), loaded.cursor) == (expected, found.feed.cursor)
        self.take_turns()
        assert self._of(world).state.contents() == expected

    def close(self) -> None:
        super().close()
        self.take_turns()
        super().close()


def _taking_turns(verb: str) -> Callable[..., Any]:
    call = getattr(EngineDriver, verb)

    def called(driver: ReplicasDriver, *arguments: Any, **options: Any) -> Any:
        driver.take_turns()
        return call(driver, *arguments, **options)

    return wraps(call)(called)


for _verb in Driver.__abstractmethods__ - {"check", "close"}:
    setattr(ReplicasDriver, _verb, _taking_turns(_verb))


class ClientDriver(Driver):
    """A server at a socket: its control API by `Mock`, its providers by HTTP."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._open(SETTINGS)

    def _open(self, settings: Settings) -> None:
        self._server = MockServer(settings=settings, https=False)
        self._server.__enter__()
        self._mock = Mock.at(self._server.url)
        self._of = partial(self._mock.get_world)

    def ask(
        self, world: str, method: str, target: str, form: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
    ) -> Answer:
        url = f"{self._server.url}/_w/{world}{target}"
        response = self._session.request(method, url, data=dict(form) or None, headers=dict(headers), timeout=30)
        return Answer(response.status_code, response.content)

    def create(self) -> str:
        return self._mock.create_world(snapshot=read_document(), own_credentials=True, freeze=iso(NOON)).id

    def fork(self, world: str) -> str:
        return self._of(world).fork().id

    def reset(self, world: str) -> None:
        self._of(world).reset()

    def drop(self, world: str) -> None:
        self._of(world).drop()

    def worlds(self) -> set[str]:
        return {world.id for world in self._mock.worlds()} - {"default"}

    def receive(self, world: str, provider: str, text: str) -> None:
        self._of(world).inbound(provider, **{**INBOUND[provider], "text": text})

    def messages(self, world: str) -> list[Row]:
        rows = self._mock.transport.call("GET", f"/_mock/worlds/{world}/messages", {"limit": 10_000})["messages"]
        return [Row(*(row.get(name, "") for name in Row._fields)) for row in rows]

    def change_status(self, world: str, serial: int, status: str) -> None:
        self._of(world).change_message(serial, status=status)

    def delete(self, world: str, serial: int) -> None:
        self._of(world).delete_message(serial)

    def contacts(self, world: str) -> list[tuple[int, str]]:
        return [(each["id"], each["phone"]) for each in self._of(world).entries("serwersms", "demo", "contacts")]

    def add_contact(self, world: str, phone: str) -> int:
        number = self._of(world).add_entry("serwersms", "demo", "contacts", {"phone": phone})["id"]
        assert isinstance(number, int)
        return number

    def put_contact(self, world: str, number: int, phone: str) -> None:
        self._of(world).put_entry("serwersms", "demo", "contacts", number, {"phone": phone})

    def delete_contact(self, world: str, number: int) -> None:
        self._of(world).delete_entry("serwersms", "demo", "contacts", number)

    def find_contacts(self, world: str, phone: str) -> list[int]:
        form = {"username": "demo", "password": "demo", "search": phone, "limit": "1000"}
        answer = self.ask(world, "POST", "/contacts/index.json", form)
        return [int(each["id"]) for each in answer.json["items"]]

    def now(self, world: str) -> Instant:
        return parse_instant(self._of(world).clock.now.isoformat())

    def advance(self, world: str, microseconds: int) -> None:
        self._of(world).clock.advance(microseconds / SECOND)

    def freeze(self, world: str, at: Instant) -> None:
        self._of(world).clock.freeze(iso(at))

    def add_fault(self, world: str, rule: Mapping[str, Any]) -> str:
        return self._of(world).faults.add_rule(dict(rule)).id

    def remove_fault(self, world: str, rule: str) -> None:
        self._of(world).faults.remove(rule)

    def faults(self, world: str) -> dict[str, int | None]:
        return {
            row["id"]: row["remaining"]
            for row in self._mock.transport.call("GET", f"/_mock/worlds/{world}/faults")["faults"]
        }

    def checkpoint(self, world: str, name: str) -> None:
        self._of(world).checkpoint(name)

    def rewind(self, world: str, name: str) -> None:
        self._of(world).rewind(name)

    def remove_checkpoint(self, world: str, name: str) -> None:
        self._of(world).remove_checkpoint(name)

    def checkpoints(self, world: str) -> list[str]:
        return [each.name for each in self._of(world).checkpoints()]

    def changed_messages(self, world: str, since: str) -> dict[int, str]:
        changes = self._of(world).changes(since)
        rows = (*changes.inserted, *changes.changed, *changes.deleted)
        return {int(each.id): each.change for each in rows if each.kind == "message"}

    def check(self, world: str) -> None:
        """The counts of the control API are those of its lists."""
        facts = self._of(world).show()
        assert len(self.messages(world)) == facts.messages

    def _shut(self) -> None:
        self._mock.close()
        self._server.__exit__(None, None, None)

    def close(self) -> None:
        self._session.close()
        self._shut()


class SqliteClientDriver(ClientDriver):
    """A server at a socket, with its worlds in a SQLite file."""

    can_restart = True

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="mockserver-test-")
        super().__init__()

    def _open(self, settings: Settings) -> None:
        super()._open(replace(settings, state=str(Path(self._folder.name, "state"))))

    def restart(self) -> None:
        self._shut()
        self._open(SETTINGS)

    def close(self) -> None:
        super().close()
        self._folder.cleanup()
