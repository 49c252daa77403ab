"""Checkpoints through the control API, the client and the command line: changes since one, verified, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from werkzeug.test import Client

from mockserver import ControlError, MockServer, Settings, WorldClient
from mockserver.cli import cli
from mockserver.client import AdminClient, Mock

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SEND = {"action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "Thank you for calling."}
HERE = "/_mock/worlds/default/checkpoints"


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0), freeze=NOON) as server:
        yield server


@pytest.fixture(params=["in process", "at a socket"])
def mock(request: pytest.FixtureRequest, running: MockServer) -> Iterator[AdminClient]:
    if request.param == "in process":
        yield running
    else:
        with Mock.at(running.url) as mock:
            yield mock


@pytest.fixture
def world(mock: AdminClient) -> Iterator[WorldClient]:
    with mock.create_world("small", freeze=NOON) as world:
        yield world


def send(world: WorldClient, **changes: str) -> str:
    user, secret = world.login("dialogtech", "documents")
    call = {"access_key": user, "secret_access_key": secret, **SEND, **changes}
    return requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30).text


def records(world: WorldClient) -> list[tuple[str, str]]:
    found = world.changes(since="before")
    return [(each.change, each.kind) for each in (*found.inserted, *found.changed, *found.deleted)]


# -- the client ----------------------------------------------------------------------------------------------------------


def test_a_checkpoint_knows_its_instant_and_where_the_journal_was(world: WorldClient) -> None:
    send(world)
    made = world.checkpoint("before")

    assert ("before", NOON, 1) == (made.name, made.at, made.exchange)
    assert [made] == world.checkpoints()
    world.remove_checkpoint("before")
    assert [] == world.checkpoints()


def test_changes_are_data_and_text(world: WorldClient) -> None:
    world.checkpoint("before")
    assert (0, "") == (len(world.changes(since="before")), str(world.changes(since="before")))
    send(world)
    world.variants.set(limits="off")
    found = world.changes(since="before")

    (message,) = [each for each in found.inserted if each.kind == "message"]
    assert ("dialogtech", "documents", None) == (message.provider, message.account, message.before)
    assert message.after is not None
    assert ("outbound", "Thank you for calling.") == (message.after["direction"], message.after["text"])
    (variant,) = [each for each in found.changed if each.kind == "variant"]
    assert ("limits", ("variant",)) == (variant.id, variant.fields)
    assert ({"variant": "enforced"}, {"variant": "off"}) == (variant.before, variant.after)
    lines = str(found).splitlines()
    assert (
        f'+ message dialogtech/documents {message.id}: outbound 5554332111 -> 5556667777 "Thank you for calling."'
        in lines
    )
    assert '~ variant limits: variant "enforced" -> "off"' in lines
    assert len(found) == len(lines)


def test_a_limit_says_how_many_changes_it_leaves_out(world: WorldClient) -> None:
    world.checkpoint("before")
    send(world)
    every = world.changes(since="before")
    some = world.changes(since="before", limit=1)

    assert (1, len(every) - 1) == (len(some) - some.omitted, some.omitted)
    assert [str(every).splitlines()[0], f"... and {some.omitted} more"] == str(some).splitlines()


def test_a_line_of_text_shows_each_kind_of_change(world: WorldClient) -> None:
    world.faults.add("delay", seconds=0, id="slow")
    world.put_entry("serwersms", "demo", "contacts", 7, {"phone": "+48500600700", "first_name": "Jan"})
    stored = world.store(
        "dialogtech", "documents", direction="outbound", sender="5554332111", recipient="5556667777", text="x"
    )
    world.checkpoint("before")
    world.delete_message(stored.serial)
    world.put_entry("serwersms", "demo", "contacts", 7, {"phone": "+48500600700", "first_name": "Ola"})
    world.faults.remove("slow")
    world.schedule_inbound("serwersms", "demo", kind="nd", sender="+48500600700", text="Hej", delay=60)
    world.clock.advance(seconds=1)

    assert [
        '~ entry serwersms/demo contacts 7: first_name "Jan" -> "Ola"',
        f'- message dialogtech/documents {stored.serial}: outbound 5554332111 -> 5556667777 "x"',
        '~ clock: now "2026-06-01T12:00:00Z" -> "2026-06-01T12:00:01Z"',
    ] == [
        line
        for line in str(world.changes(since="before")).splitlines()
        if line[2:].startswith(("entry", "message", "clock"))
    ]
    kinds = {(change, kind) for change, kind in records(world)}
    assert {("inserted", "scheduled_item"), ("deleted", "fault_rule")} < kinds


def test_a_rewind_returns_records_clock_limits_and_identifiers_and_keeps_the_journal(world: WorldClient) -> None:
    world.checkpoint("before")
    before = world.show()
    first = send(world)
    assert first != send(world)  # a second one within a second is too many
    world.clock.advance(seconds=5)
    done = world.rewind("before")

    assert ("before", 2, (), ()) == (done.checkpoint.name, done.exchange, done.cancelled, done.sent)
    assert (before.now, before.messages) == (world.show().now, world.show().messages)
    assert done.cursor == world.cursor
    assert first == send(world)
    assert [1, 2, 3] == [each.number for each in world.journal()]


def test_a_rewind_lists_the_webhooks_that_were_sent(world: WorldClient) -> None:
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/"}])
    world.checkpoint("before")
    world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    world.wait_until_idle()
    (delivery,) = world.deliveries()
    done = world.rewind("before")

    assert (delivery.number,) == done.cancelled
    (sent,) = done.sent
    assert ("inbound", "http://127.0.0.1:9/", 1, False) == (sent.kind, sent.url, sent.attempts, sent.is_in_flight)
    assert [] == world.deliveries()


async def _checkpoint_and_rewind(world: WorldClient) -> str:
    await world.checkpoint.aio("before")
    return (await world.rewind.aio("before")).checkpoint.name


def test_the_methods_can_be_awaited(world: WorldClient) -> None:
    import asyncio

    assert "before" == asyncio.run(_checkpoint_and_rewind(world))


# -- verification --------------------------------------------------------------------------------------------------------


def test_exactly_one_message_was_added(world: WorldClient) -> None:
    world.checkpoint("before")
    with pytest.raises(AssertionError, match="wanted exactly 1, found 0"):
        world.verify_changes(since="before", change="inserted", kind="message")
    send(world)
    (line,) = world.verify_changes(since="before", change="inserted", kind="message", nothing_else=True)
    assert line.startswith("+ message dialogtech/documents ")
    world.clock.advance(seconds=2)
    send(world)

    with pytest.raises(AssertionError, match=r"wanted exactly 1, found 2: \+ message .*; \+ message "):
        world.verify_changes(since="before", change="inserted", kind="message")
    assert 2 == len(world.verify_changes(since="before", change="inserted", kind="message", count={"at_least": 2}))


def test_the_values_of_a_change_are_verified_and_the_nearest_is_named(world: WorldClient) -> None:
    world.checkpoint("before")
    send(world)
    world.verify_changes(
        since="before", kind="message", values={"text": {"pattern": "^Thank"}, "direction": "outbound"}
    )

    with pytest.raises(AssertionError, match=r'values\.text: wanted "Hello", got "Thank you for calling\."'):
        world.verify_changes(since="before", change="inserted", kind="message", values={"text": "Hello"})


def test_what_else_has_changed_is_named(world: WorldClient) -> None:
    world.checkpoint("before")
    world.verify_changes(since="before", nothing_else=True)
    send(world)
    world.put_entry("serwersms", "demo", "contacts", 7, {"phone": "+48500600700"})

    with pytest.raises(AssertionError, match="something else has changed: \\+ entry serwersms/demo contacts 7"):
        world.verify_changes(since="before", change="inserted", kind="message", nothing_else=True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"since": "before", "changes": []}, 'changes: is empty; describe a change, or add "nothing_else": true'),
        ({"since": "before", "changes": [{"kind": "messages"}]}, "changes[0].kind: "),
        ({"changes": [{"kind": "message"}]}, "since: is missing"),
        ({"since": "before", "changes": [{"values": {"text": {"pattern": "("}}}]}, "changes[0].values.text: "),
    ],
)
def test_a_verification_of_changes_that_is_invalid_is_rejected(client: Client, body: Any, message: str) -> None:
    client.post(HERE, json={"name": "before"})
    response = client.post("/_mock/worlds/default/verify", json=body)

    assert (400, "bad_request") == (response.status_code, response.get_json()["error"]["code"])
    assert message in response.get_json()["error"]["message"]


# -- errors --------------------------------------------------------------------------------------------------------------


def test_a_checkpoint_that_does_not_exist_is_an_error_that_lists_those_that_do(world: WorldClient) -> None:
    world.checkpoint("before")
    for call in (world.changes, world.rewind, world.remove_checkpoint):
        with pytest.raises(ControlError, match="there is no checkpoint 'befor'; the world has 'before'") as rejected:
            call("befor")
        assert "not_found" == rejected.value.code
    with pytest.raises(ControlError, match="there is no checkpoint 'befor'"):
        world.verify_changes(since="befor", kind="message")


@pytest.mark.parametrize("name", ["", "a b", "a/b", 1, None, "x" * 65])
def test_a_name_of_a_checkpoint_is_one_that_a_path_can_hold(client: Client, name: object) -> None:
    response = client.post(HERE, json={"name": name})

    assert (400, "bad_request") == (response.status_code, response.get_json()["error"]["code"])


def test_a_world_with_a_hundred_checkpoints_gets_no_further_one(client: Client) -> None:
    for number in range(100):
        assert 201 == client.post(HERE, json={"name": f"c{number}"}).status_code
    response = client.post(HERE, json={"name": "more"})

    assert (409, "conflict") == (response.status_code, response.get_json()["error"]["code"])


def test_a_rewind_to_credentials_that_another_world_has_is_a_conflict(running: MockServer) -> None:
    logins = {"dialogtech": {"documents": [("mine", "secret")]}}
    with running.create_world("small", credentials=logins) as world:
        world.checkpoint("before")
        with running.create_world("small") as other:
            document = other.snapshot(credentials=True)
        world.restore(document)
        with running.create_world("small", credentials=logins), pytest.raises(ControlError, match="mine") as rejected:
            world.rewind("before")
        assert "taken" == rejected.value.code
        world.rewind("before")
        assert "mine" == world.show().credentials["dialogtech"]["documents"][0].user


# -- the command line ----------------------------------------------------------------------------------------------------


def run(world: WorldClient, *arguments: str, ends: int = 0) -> Result:
    variables = {"MOCKSERVER_URL": world.transport.url, "MOCKSERVER_WORLD_ID": world.id}
    done = CliRunner().invoke(cli, arguments, env=variables, prog_name="mockserver")
    assert ends == done.exit_code, done.output
    return done


@pytest.fixture
def own(running: MockServer) -> Iterator[WorldClient]:
    with running.create_world("small", freeze=NOON) as world:
        yield world


def test_the_commands_make_list_and_remove_checkpoints(own: WorldClient) -> None:
    assert ("", "there are no checkpoints\n") == ((done := run(own, "checkpoint", "list")).stdout, done.stderr)
    run(own, "checkpoint", "create", "before")
    assert ["NAME    AT                    EXCHANGES", "before  2026-06-01T12:00:00Z  0"] == run(
        own, "checkpoint", "list"
    ).stdout.splitlines()
    made = [{"name": "before", "at": "2026-06-01T12:00:00Z", "exchange": 0}]
    assert {"checkpoints": made} == json.loads(run(own, "checkpoint", "list", "--format", "json").stdout)
    assert "removed 1\n" == run(own, "checkpoint", "remove", "before").stdout
    assert (
        "there is no checkpoint 'before'; the world has none"
        in run(own, "checkpoint", "remove", "before", ends=2).stderr
    )


def test_the_command_shows_changes_and_its_exit_code_tells_whether_there_are_any(own: WorldClient) -> None:
    own.checkpoint("before")
    done = run(own, "checkpoint", "changes", "before", "--exit-code")
    assert ("", "nothing has changed\n") == (done.stdout, done.stderr)
    send(own)

    assert str(own.changes(since="before")) == run(own, "checkpoint", "changes", "before").stdout.rstrip("\n")
    shown = run(own, "checkpoint", "changes", "before", "--exit-code", "--format", "json", ends=1)
    assert own.changes(since="before").row == json.loads(shown.stdout)


def test_the_command_rewinds_and_lists_what_was_sent(own: WorldClient) -> None:
    own.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": "http://127.0.0.1:9/"}])
    own.checkpoint("before")
    own.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")
    own.wait_until_idle()
    own.clock.advance(timedelta(seconds=1))

    assert [
        "returned to 2026-06-01T12:00:00Z, 1 deliveries cancelled",
        "delivery 1 was sent already: inbound to http://127.0.0.1:9/",
    ] == run(own, "checkpoint", "rewind", "before").stdout.splitlines()
    assert ["returned to 2026-06-01T12:00:00Z"] == run(own, "checkpoint", "rewind", "before").stdout.splitlines()


def test_the_command_verifies_changes(own: WorldClient) -> None:
    own.checkpoint("before")
    wanted = json.dumps({"since": "before", "changes": [{"change": "inserted", "kind": "message"}]})
    failed = run(own, "verify", wanted, ends=1)
    assert "the changes since the checkpoint do not match" in failed.stderr
    assert "change 1 of those wanted: wanted exactly 1, found 0" in failed.stderr
    send(own)

    lines = run(own, "verify", wanted).stdout.splitlines()
    assert "verified" == lines[0]
    assert lines[1].startswith("+ message dialogtech/documents ")
