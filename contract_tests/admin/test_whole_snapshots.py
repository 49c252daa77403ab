"""Snapshots hold deliveries with their attempts and fault rules with their counts, and the journal where it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from mockserver import MockServer, Settings, WorldClient
from mockserver.app import create_registry
from mockserver.cli import cli
from mockserver.client import ControlError
from mockserver.engine.deliveries import Delivery
from mockserver.engine.events import AttemptStarted, DeliveryOpened
from mockserver.scenario.receiver import Receiver
from mockserver.worldfile import dump

NOON = "2026-06-01T12:00:00Z"
ANNA, SHOP = "+48500600700", "+48664078059"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[MockServer, MockServer]]:
    with MockServer() as one, MockServer() as other:
        yield one, other


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(500) as receiver:
        yield receiver


@pytest.fixture
def world(servers: tuple[MockServer, MockServer], receiver: Receiver) -> Iterator[WorldClient]:
    """A world with a failed attempt, a delivery that is given up and one that is held back, and four fault rules that were hit."""
    with servers[0].create_world("small", freeze=NOON, seed="7") as world:
        rule = {"service": "ndi", "url": f"{receiver.url}/sms?text=#WIADOMOSC#", "verification": True}
        world.change_account("serwersms", "documents", forwarding=[rule])
        receive(world, "One")
        world.faults.add("give_up", target="webhook", id="once", expires_after=1, match={"provider": "serwersms"})
        receive(world, "Two")
        world.faults.add("reorder", target="webhook", when={"first": 1})
        receive(world, "Three")
        world.faults.add("replay", match={"operation": "sms.get_numbers"}, when={"first": 1})
        world.faults.add("delay", seconds=0, when={"every": 2, "from": NOON, "probability": 1.0})
        ask(world)
        world.wait_until_idle()
        yield world


def receive(world: WorldClient, text: str) -> None:
    world.inbound("serwersms", "documents", kind="ndi", sender=ANNA, recipient=SHOP, text=text)


def ask(world: WorldClient, action: str = "sms.get_numbers") -> str:
    user, secret = world.login("dialogtech", "documents")
    call = {"action": action, "access_key": user, "secret_access_key": secret or ""}
    return requests.post(f"{world.base_url}/ibp_api.php", call, timeout=30).text


def rows(world: WorldClient) -> list[Any]:
    return [each.row for each in world.deliveries()]


def rules(world: WorldClient) -> list[Any]:
    return [each.row for each in world.faults.list()]


def test_a_world_that_is_made_from_it_has_the_same_deliveries_and_fault_rules(world, servers):
    document = world.snapshot()
    with servers[1].create_world(snapshot=document) as twin:
        assert rows(world) == [{**row, "message": {**row["message"], "serial": old["message"]["serial"]}} for row, old in zip(rows(twin), rows(world), strict=True)]  # fmt: skip
        assert rules(world) == rules(twin)
        assert document == twin.snapshot()

    assert [("due", 1), ("given up", 1), ("held", 0)] == [(each["status"], len(each["attempts"])) for each in rows(world)]  # fmt: skip
    assert [("once", 1, 1), ("f1", 1, 1), ("f2", 1, 1), ("f3", 1, 0)] == [
        (each["id"], each["matched"], each["hits"]) for each in rules(world)
    ]


def test_it_goes_on_where_the_other_was(world, servers, receiver):
    first = ask(world, "sms.get_messages")
    document = world.snapshot()
    with servers[1].create_world(snapshot=document) as twin:
        # The replayed response is kept, and used up by the rule's next match; the fourth rule counts on.
        assert [ask(each) for each in (world, world)] == [ask(each) for each in (twin, twin)]
        receiver.change({"status": 200})
        for each in (world, twin):
            receive(each, "Four")
            each.clock.advance(minutes=5)
            each.wait_until_idle()
        assert [(each["number"], each["status"], len(each["attempts"])) for each in rows(world)] == [
            (each["number"], each["status"], len(each["attempts"])) for each in rows(twin)
        ]
        assert ["acknowledged", "given up", "acknowledged", "acknowledged"] == [each["status"] for each in rows(twin)]
        assert "f4" == twin.faults.add("reset", when={"nth": 99}).id
    assert first


def test_a_reset_returns_to_the_deliveries_and_the_counts_of_the_snapshot(world, servers):
    with servers[1].create_world(snapshot=world.snapshot()) as twin:
        deliveries, faults = rows(twin), rules(twin)
        ask(twin)
        twin.faults.clear()
        twin.clock.advance(minutes=5)
        twin.reset()

        assert (deliveries, faults) == (rows(twin), rules(twin))


def test_loading_it_in_place_returns_the_deliveries_and_the_fault_rules(world):
    document = world.snapshot()
    before = rules(world)
    world.clock.advance(minutes=5)
    world.faults.clear()
    world.restore(document)

    assert before == rules(world)
    assert document == world.snapshot()


def test_a_file_that_says_nothing_of_fault_rules_keeps_those_of_the_world(world):
    document = {name: part for name, part in world.snapshot().items() if name not in ("faults", "deliveries")}
    before = rules(world)
    world.restore(document)
    kept, deliveries = rules(world), rows(world)
    world.restore({**document, "faults": []})

    assert (before, []) == (kept, deliveries)
    assert [] == rules(world)


def test_an_attempt_in_flight_is_one_whose_outcome_is_not_known():
    registry = create_registry(Settings(freeze=NOON))
    world, now = registry.default, registry.default.instant()
    delivery = Delivery(1, "serwersms", "serwersms/documents", "inbound", None, "http://a.example/", False, "k", now)
    world.state.apply(DeliveryOpened(delivery), AttemptStarted(1, now, ""))
    (described,) = dump(world, {})["deliveries"]
    registry.close()

    assert ("due", [NOON]) == (described["status"], described["interrupted"])


def test_the_journal_is_in_it_on_request_and_is_loaded_with_its_explanations(world, servers):
    ask(world, "sms.get_nothing")
    document = world.snapshot(journal=True)
    with servers[1].create_world(snapshot=document, own_credentials=True) as twin:
        assert [each.row for each in world.journal()] == [each.row for each in twin.journal()]
        assert {**world.explain(2), "world": twin.id} == {**twin.explain(2), "world": twin.id}
        old, new = world.exchange(2), twin.exchange(2)
        assert (old.request, old.response) == (new.request, new.response)
        assert [1, 2] == [event.row["number"] for event in twin.events() if event.row["event"] == "exchange"]
    assert "journal" not in world.snapshot(credentials=True)


def test_a_world_that_exists_has_the_journal_of_the_file_in_place_of_its_own(world):
    document = world.snapshot(journal=True)
    for _ in range(3):
        ask(world)
    world.restore(document)

    assert [("sms.get_numbers", 5)] == [(each.operation, each.number) for each in world.journal()]


def test_without_a_journal_in_the_file_it_keeps_its_own(world):
    world.restore(world.snapshot())

    assert [1] == [each.number for each in world.journal()]


def test_a_server_starts_with_the_deliveries_the_fault_rules_and_the_journal_of_a_file(world, tmp_path):
    path = tmp_path / "whole.json"
    saved = CliRunner().invoke(
        cli, ["world", "save", world.id, "--journal", "--out", str(path), "--server", world.transport.url]
    )
    assert 0 == saved.exit_code, saved.output
    with MockServer(settings=Settings(port=0, world=path)) as server:
        assert [each["attempts"] for each in rows(world)] == [each["attempts"] for each in rows(server.world)]
        assert rules(world) == rules(server.world)
        assert [each.row["target"] for each in world.journal()] == [
            each.row["target"] for each in server.world.journal()
        ]


def test_what_was_loaded_into_a_state_is_there_after_a_restart(world, tmp_path):
    document = world.snapshot(journal=True)
    settings = Settings(port=0, state=str(tmp_path / "state.db"))
    with MockServer(settings=settings) as server:
        server.create_world(snapshot=document, id="kept", own_credentials=True)
    with MockServer(settings=settings) as server:
        kept = server.get_world("kept")

        assert [each["attempts"] for each in rows(world)] == [each["attempts"] for each in rows(kept)]
        assert rules(world) == rules(kept)
        assert [each.row for each in world.journal()] == [each.row for each in kept.journal()]
        kept.faults.clear()
        kept.reset()
        assert rules(world) == rules(kept)


def test_fault_rules_may_be_written_by_hand(servers):
    with servers[0].create_world(
        snapshot={
            "format": 2,
            "accounts": [],
            "faults": [
                {"fault": {"kind": "reset"}},
                {"id": "f1", "fault": [{"kind": "delay", "seconds": 0}, {"kind": "reset"}]},
                {"fault": {"kind": "duplicate"}, "target": "webhook", "matched": 3, "hits": 2},
            ],
        }
    ) as world:
        assert [("f2", 0, 0), ("f1", 0, 0), ("f3", 3, 2)] == [
            (each["id"], each["matched"], each["hits"]) for each in rules(world)
        ]


DELIVERY = {
    "number": 1,
    "provider": "dialogtech",
    "account": "shop",
    "kind": "inbound",
    "message": None,
    "url": "http://a.example/",
    "ordering_key": "",
    "created_at": NOON,
    "status": "given up",
}
ATTEMPT = {
    "at": NOON,
    "request": {"method": "GET", "url": "http://a.example/", "headers": [], "body": {"text": ""}},
    "response": None,
    "error": "no",
    "result": "no",
}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"faults": [{"fault": {"kind": "rest"}}]}, "faults[0].fault.kind: unknown kind of response fault; did you mean 'reset'?"),
    ({"faults": [{"fault": {"kind": "reset"}, "hits": -1}]}, "faults[0].hits: -1 is not a whole number of at least 0"),
    ({"faults": [{"fault": {"kind": "reset"}, "when": {"until": "PT5M"}}]}, "faults[0].when.until: 'PT5M' is not an instant such as '2026-06-01T12:00:00Z'"),
    ({"faults": [{"id": "a", "fault": {"kind": "reset"}}, {"id": "a", "fault": {"kind": "reset"}}]}, "faults[1].id: 'a' is already faults[0].id"),
    ({"faults": [{"fault": {"kind": "reset"}, "match": {"provider": "acme"}}]}, "faults[0].match.provider: 'acme': unknown provider; there is dialogtech, mgage, serwersms"),
    ({"faults": [{"fault": {"kind": "replay"}, "replay": {"status": 200, "headers": [], "body": {"base64": "?"}}}]}, "faults[0].replay.body: the body cannot be read: Only base64 data is allowed"),
    ({"deliveries": [{**DELIVERY, "account": "shp"}]}, "deliveries[0].account: unknown account; did you mean 'shop'?"),
    ({"deliveries": [DELIVERY, DELIVERY]}, "deliveries[1].number: 1 is already deliveries[0].number"),
    ({"deliveries": [{**DELIVERY, "status": "due"}]}, "deliveries[0].due: is missing"),
    ({"deliveries": [{**DELIVERY, "status": "lost"}]}, "deliveries[0].status: 'lost' is not 'due', 'held', 'acknowledged' or 'given up'"),
    ({"deliveries": [{**DELIVERY, "message": {"direction": "inbound", "id": "7"}}]}, "deliveries[0].message.id: dialogtech/shop has no inbound message '7'"),
    ({"deliveries": [{**DELIVERY, "created_at": "noon"}]}, "deliveries[0].created_at: 'noon' is not an instant (2017-01-01T09:30:00Z)"),
    ({"deliveries": [{**DELIVERY, "fault": {"kind": "reset"}}]}, "deliveries[0].fault.kind: 'reset' is a fault of a response, not of a webhook"),
    ({"deliveries": [{**DELIVERY, "attempts": [{**ATTEMPT, "at": "noon"}]}]}, "deliveries[0].attempts[0].at: 'noon' is not an instant (2017-01-01T09:30:00Z)"),
    ({"deliveries": [{**DELIVERY, "provider": "acme"}]}, "deliveries[0].provider: no provider 'acme' is installed; there is dialogtech, mgage, serwersms; install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"),
    ({"journal": [7]}, "journal[0]: the exchange cannot be read: the stored data cannot be read: TypeError: cannot unpack non-iterable int object"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "message"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_mistake_in_it_is_named_at_its_place(servers, parts, message):
    account = {"provider": "dialogtech", "name": "shop", "logins": ["pair"], "numbers": [], "messages": []}
    with pytest.raises(ControlError) as caught:
        servers[0].create_world(snapshot={"format": 2, "accounts": [account], **parts})

    assert ("bad_request", f"snapshot.{message}") == (caught.value.code, caught.value.message)


def test_an_exchange_whose_fields_are_of_another_type_is_rejected(world):
    document = world.snapshot(journal=True)
    number, exchange = document["journal"][0]
    document["journal"][0] = [number, {**exchange, "status": "200"}]

    with pytest.raises(
        ControlError, match=r"^journal\[0\]: the exchange cannot be read: its status is of another type"
    ):
        world.restore(document)


def test_deliveries_of_a_provider_that_is_not_installed_are_kept_unread(servers):
    account = {"provider": "acme", "name": "shop", "logins": []}
    delivery = {**DELIVERY, "provider": "acme"}
    rule = {"id": "a", "fault": {"kind": "reset"}, "match": {"provider": "acme"}, "point": "after"}
    document = {"format": 2, "accounts": [account], "deliveries": [delivery], "faults": [rule]}
    with servers[0].create_world(snapshot=document, keep_unknown=True) as world:
        saved = world.snapshot()

    assert ([account], [delivery]) == (saved["accounts"], saved["deliveries"])
    assert [{**rule, "target": "response"}] == saved["faults"]


def test_the_command_saves_the_journal_and_the_credentials_in_it(world):
    done = CliRunner().invoke(cli, ["world", "save", world.id, "--journal", "--server", world.transport.url])
    document = json.loads(done.stdout)

    assert 1 == len(document["journal"])
    assert all(isinstance(login, dict) for account in document["accounts"] for login in account["logins"])
