"""The Python client: the same tests run every method in process and over a socket."""

from __future__ import annotations

import asyncio
import gc
import json
import pydoc
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.commands import run_command
from mockserver import ControlError, Login, MockServer, NoServer, Settings
from mockserver.app import build_service, create_app
from mockserver.client import AdminClient, Decided, InProcess, Mock, OverHttp, WorldClient, WorldClock
from mockserver.client.awaiting import DaemonPool

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SEND = {"action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "Thank you for calling."}


@pytest.fixture(scope="session")
def running() -> Iterator[MockServer]:
    """One server for all tests; each test has a world of its own."""
    with MockServer(settings=Settings(port=0, journal_bytes=2**28), freeze=NOON) as server:
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


def ask(world: WorldClient, **values: str) -> str:
    """Send a DialogTech request over a socket with the credentials of the documents' examples, as an application would."""
    user, secret = world.login("dialogtech", "documents")
    call = {"access_key": user, "secret_access_key": secret, **values}
    return requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30).text


def send(world: WorldClient, **changes: str) -> str:
    return ask(world, **{**SEND, **changes})


# -- worlds ------------------------------------------------------------------------------------------------------------


def test_the_health_route_responds_ok(mock: AdminClient) -> None:
    assert "ok" == mock.health()["status"]
    assert mock.health() == mock.until_healthy(timeout=0)


def test_a_world_is_made_as_it_was_asked_for(mock: AdminClient) -> None:
    world = mock.create_world(
        "small",
        seed="7",
        variants={"limits": "off"},
        freeze="2017-01-01T00:00:00+01:00",
        credentials={"dialogtech": {"documents": [("mine", "hidden")]}, "serwersms": {"demo": ["a-token-of-mine"]}},
    )
    with world:
        facts = world.show()

    assert (datetime(2016, 12, 31, 23, tzinfo=UTC), True) == (facts.now, facts.is_frozen)
    assert ("7", {"limits": "off"}) == (facts.seed, facts.variants)
    assert Login("mine", "hidden") == world.login("dialogtech", "documents")
    assert Login("a-token-of-mine") == world.login("serwersms", "demo")
    assert world.login("dialogtech") != world.login("mgage")


def test_a_login_that_is_not_there_says_which_are(world: WorldClient) -> None:
    there = r"dialogtech/documents, .*serwersms/demo"

    with pytest.raises(LookupError, match=f"has no login of serwersms/demos; it has {there}"):
        world.login("serwersms", "demos")
    with pytest.raises(LookupError, match=f"has no login of dialogtek; it has {there}"):
        world.login("dialogtek")


def test_an_empty_world_holds_nothing(mock: AdminClient) -> None:
    with mock.create_world("empty") as world:
        assert ([], [], {}) == (world.accounts(), world.messages(), world.credentials)


def test_a_world_is_found_in_the_list_until_its_block_ends(mock: AdminClient) -> None:
    with mock.create_world("empty") as world:
        there = {each.id for each in mock.worlds()}
    gone = {each.id for each in mock.worlds()}

    assert {"default", world.id} <= there
    assert world.id not in gone


def test_a_world_that_was_dropped_inside_its_block_is_no_error(mock: AdminClient) -> None:
    with mock.create_world("empty") as world:
        world.drop()

    with pytest.raises(ControlError, match=world.id) as rejected:
        world.show()
    assert "not_found" == rejected.value.code


def test_the_default_world_is_always_there(mock: AdminClient) -> None:
    assert "default" == mock.world.show().id == mock.get_world("default").show().id
    with pytest.raises(ControlError, match="cannot be dropped"):
        mock.world.drop()


def test_a_name_is_given_once(mock: AdminClient) -> None:
    with mock.create_world("empty") as world, pytest.raises(ControlError, match="already") as rejected:
        mock.create_world("empty", id=world.id)

    assert "taken" == rejected.value.code


def test_a_fork_begins_where_its_parent_is_and_goes_its_own_way(world: WorldClient) -> None:
    send(world)
    with world.fork() as twin:
        world.clock.advance(seconds=1)
        send(world)

        assert NOON == twin.clock.now
        assert world.login("dialogtech") != twin.login("dialogtech")
        assert 1 == world.show().messages - twin.show().messages


def test_a_reset_world_is_as_it_was_created_at_any_instant(world: WorldClient) -> None:
    before = world.show().messages
    send(world)
    facts = world.reset(freeze=NOON - timedelta(days=365))

    assert (before, NOON - timedelta(days=365)) == (facts.messages, facts.now)
    assert NOON == world.reset().now


def test_a_snapshot_makes_the_same_world_again(mock: AdminClient, world: WorldClient, tmp_path: Path) -> None:
    send(world)
    document = world.snapshot(credentials=True)
    send(world, to="5556667778")
    world.restore(document)

    assert document == world.snapshot(credentials=True)
    assert "secret" not in str(world.snapshot())
    without = world.snapshot()
    with mock.create_world(snapshot=without, freeze=NOON) as twin:
        assert without["accounts"] == twin.snapshot()["accounts"]


def test_the_credentials_of_a_snapshot_are_taken_or_left(mock: AdminClient, world: WorldClient) -> None:
    document = world.snapshot(credentials=True)

    with pytest.raises(ControlError, match=r"belong to other worlds: .*; set own_credentials to ignore"):
        mock.create_world(snapshot=document)
    with mock.create_world(snapshot=document, own_credentials=True) as twin:
        own = twin.credentials
        assert own != world.credentials
        assert own == twin.restore(document, own_credentials=True).credentials
    login = world.login("mgage")
    world.drop()
    with mock.create_world(snapshot=document) as again:
        assert login == again.login("mgage")


def test_a_world_file_is_given_by_where_it_lies(mock: AdminClient, world: WorldClient, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"mockserver": 1, "accounts": []}')
    with mock.create_world(snapshot=tmp_path / "mine.json") as empty:
        assert [] == empty.accounts()
    assert 0 == world.restore(tmp_path / "mine.json").messages


def test_what_is_no_world_file_changes_nothing(world: WorldClient) -> None:
    before = world.show()
    with pytest.raises(ControlError, match="accounts"):
        world.restore({"mockserver": 1, "acounts": []})

    assert before == world.show()


# -- clock -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "seconds"),
    [
        ({"by": timedelta(minutes=2)}, 120),
        ({"by": "PT1M30S"}, 90),
        ({"by": 2.5}, 2.5),
        ({"seconds": 1}, 1),
        ({"minutes": 1.5}, 90),
        ({"to": NOON + timedelta(days=1)}, 86_400),
        ({"to": "2026-06-01T12:00:05Z"}, 5),
        ({"to": "2026-06-01T14:00:05+02:00"}, 5),
    ],
    ids=str,
)
def test_the_clock_is_moved_by_a_duration_or_to_an_instant(
    world: WorldClient, how: dict[str, object], seconds: float
) -> None:
    time = world.clock.advance(**how)

    assert (NOON + timedelta(seconds=seconds), True, ()) == (time.now, time.is_frozen, time.events)
    assert time.now == world.clock.now


def test_the_clock_stops_and_goes_on(world: WorldClient) -> None:
    assert world.clock.is_frozen
    assert not world.clock.resume().is_frozen
    later = NOON + timedelta(hours=1)
    assert (later, True) == (world.clock.freeze(at=later).now, world.clock.is_frozen)
    assert later == world.clock.freeze().now


@pytest.mark.parametrize("how", [{}, {"seconds": 1, "minutes": 1}, {"by": 1, "next": True}], ids=str)
def test_the_clock_is_moved_in_exactly_one_way(world: WorldClient, how: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        world.clock.advance(**how)


def test_the_clock_does_not_go_back(world: WorldClient) -> None:
    with pytest.raises(ControlError):
        world.clock.advance(to=NOON - timedelta(seconds=1))


def test_an_instant_of_python_names_its_zone(world: WorldClient) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        world.clock.freeze(at=datetime(2027, 1, 1))  # noqa: DTZ001 - this is the mistake


# -- variants ----------------------------------------------------------------------------------------------------------


def test_variants_are_a_mapping_that_is_changed_by_a_verb(world: WorldClient) -> None:
    assert "enforced" == world.variants["limits"]
    assert len(world.variants) == len(dict(world.variants)) > 10
    world.variants.set({"dialogtech.zone": "America/Chicago"}, limits="off")

    assert ("off", "America/Chicago") == (world.variants["limits"], world.variants["dialogtech.zone"])
    assert {"limits": "off", "dialogtech.zone": "America/Chicago"} == world.show().variants
    assert ("success" in send(world), "success" in send(world)) == (True, True)
    with pytest.raises(KeyError):
        world.variants["limit"]


def test_a_misspelt_variant_is_rejected_with_the_nearest(world: WorldClient) -> None:
    with pytest.raises(ControlError, match="enforced"):
        world.variants.set(limits="enforce")


# -- accounts and messages ---------------------------------------------------------------------------------------------


def test_an_account_is_shown_and_changed_list_by_list(world: WorldClient) -> None:
    numbers = [{"number": "5550001111", "url": "http://127.0.0.1:9/listener"}]
    changed = world.change_account("dialogtech", "documents", numbers=numbers)

    assert changed == world.account("dialogtech", "documents")
    assert changed in world.accounts()
    assert "5550001111" in str(changed["numbers"])
    assert "5550001111" in ask(world, action="sms.get_numbers")


def test_an_unknown_account_is_rejected_with_the_nearest(world: WorldClient) -> None:
    with pytest.raises(ControlError, match="documents"):
        world.account("dialogtech", "document")


def test_any_message_is_put_into_the_records(world: WorldClient) -> None:
    stored = world.store(
        "mgage",
        "documents",
        direction="outbound",
        sender="37911",
        recipient="1234567890",
        text="Zażółć",
        program="121811",
        status="Failed",
        at=NOON - timedelta(days=30),
    )

    assert ("mgage", "documents", "outbound", "Zażółć") == (
        stored.provider,
        stored.account,
        stored.direction,
        stored.text,
    )
    assert (NOON - timedelta(days=30), "Failed", False) == (stored.at, stored.row["status"], stored.is_read)
    assert stored in world.messages("mgage", "documents", direction="outbound", number="1234567890")


@pytest.mark.parametrize(("ago", "at"), [(timedelta(days=3), NOON - timedelta(days=3)), (None, NOON)], ids=str)
def test_a_message_is_as_old_as_is_said_or_of_now(world: WorldClient, ago: timedelta | None, at: datetime) -> None:
    row = {"direction": "inbound", "sender": "5556667777", "recipient": "5554332111", "text": "hi"}

    assert at == world.store("dialogtech", "documents", at=ago, **row).at


def test_messages_are_listed_in_pieces_or_whole(world: WorldClient) -> None:
    every = world.messages()
    three = world.messages(limit=3)

    assert sorted(every, key=lambda each: each.serial) == every
    assert every[:3] == three
    assert every[3:] == world.messages(since=three[-1].serial)
    assert world.show().messages == len(every)


def test_a_message_comes_in_now(world: WorldClient) -> None:
    message = world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="Yes, please")

    assert (NOON, "documents", "inbound") == (message.at, message.account, message.direction)
    assert "Yes, please" in ask(world, action="sms.get_messages", start_date="20260601", end_date="20260601")


def test_a_message_comes_in_later_at_its_own_instant(world: WorldClient) -> None:
    due = world.schedule_inbound(
        "dialogtech", delay=timedelta(minutes=5), sender="5556667777", recipient="5554332111", text="late"
    )
    before = len(world.messages())

    assert NOON + timedelta(minutes=5) == due == world.clock.due
    (events,) = [each for each in world.clock.next().events if each.event == "message_stored"]
    assert (due, "late") == (events.at, events.row["message"]["text"])
    assert before + 1 == len(world.messages())


# -- faults ------------------------------------------------------------------------------------------------------------


def test_a_client_that_lost_the_answer_sends_twice_and_the_journal_says_why(world: WorldClient) -> None:
    last = world.messages()[-1].serial
    fault = world.faults.add("reset", point="after", when={"first": 1}, match={"operation": "sms.send_message"})
    with pytest.raises(requests.ConnectionError):
        send(world)
    world.clock.advance(seconds=1)
    send(world)  # as such a client does

    sent = world.messages("dialogtech", "documents", direction="outbound", since=last)
    assert [NOON, NOON + timedelta(seconds=1)] == [message.at for message in sent]
    assert (1, 1, True) == (fault.matched, fault.hits, fault.is_exhausted)
    lost = world.journal(operation="sms.send_message")[0]
    assert ("no_response", None, fault.id, "reset") == (lost.outcome, lost.error, lost.fault, lost.ending)
    assert Decided(None, "stored") == lost.decided
    assert [lost] == world.journal(outcome="no_response")
    whole = world.exchange(lost.number)
    assert (lost.outcome, lost.decided, lost.fault) == (whole.outcome, whole.decided, whole.fault)
    assert fault.id == world.explain(lost.number)["fault"]["rule"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "provider_error", "name": "TooManyPerNumber"},
        [{"kind": "delay", "seconds": 0}, {"kind": "provider_error", "name": "TooManyPerNumber"}],
    ],
    ids=["one", "several"],
)
def test_a_fault_is_given_as_json(world: WorldClient, fault: object) -> None:
    world.faults.add(fault, match={"provider": "dialogtech"}, id="mine")

    assert "failed" in send(world)
    assert ["mine"] == [each.id for each in world.faults.list()]


def test_the_windows_of_a_fault_are_instants_or_durations(world: WorldClient) -> None:
    when = {"from": timedelta(seconds=30), "until": NOON + timedelta(minutes=1)}
    fault = world.faults.add("static_response", status=503, when=when)

    assert {"from": "2026-06-01T12:00:30Z", "until": "2026-06-01T12:01:00Z"} == fault.row["when"]
    assert "success" in send(world)
    world.clock.advance(seconds=30)
    assert "" == send(world)


def test_fault_rules_are_removed_one_by_one_or_all(world: WorldClient) -> None:
    first, _, _ = (world.faults.add("hang") for _ in range(3))
    first.remove()

    assert 2 == len(world.faults.list())
    assert 2 == world.faults.clear()
    with pytest.raises(LookupError, match="was removed"):
        _ = first.hits
    with pytest.raises(ControlError):
        first.remove()


def test_options_belong_to_a_fault_by_name(world: WorldClient) -> None:
    with pytest.raises(ValueError, match="seconds"):
        world.faults.add({"kind": "delay"}, seconds=2)


# -- what happened -----------------------------------------------------------------------------------------------------


def test_a_journal_is_filtered(world: WorldClient) -> None:
    send(world)
    send(world)
    ask(world, action="sms.get_numbers")
    journal = world.journal()

    assert ([1, 2, 3], 3, 0) == ([each.number for each in journal], journal.last, journal.dropped)
    assert (NOON, "dialogtech", "sms.send_message", 200, None) == (
        journal[0].at,
        journal[0].provider,
        journal[0].operation,
        journal[0].status,
        journal[0].error,
    )
    assert journal[1:2] == world.journal(error="TooManyPerNumber")
    assert journal[1:2] == world.journal(since=1, limit=1)
    assert journal[2:] == world.journal(operation="sms.get_numbers", provider="dialogtech", status=200, target="get_n")


def test_a_limited_journal_has_the_newest_exchanges_and_the_oldest_where_they_are_wanted(
    running: MockServer, world: WorldClient
) -> None:
    for _ in range(103):
        ask(world)
    url = f"{running.url}/_mock/worlds/{world.id}/journal"

    def numbers(**query: Any) -> list[int]:
        found = requests.get(url, query, timeout=30).json()["exchanges"]
        return [each["number"] for each in found]

    assert [*range(4, 104)] == numbers()
    assert [*range(1, 101)] == numbers(order="oldest") == numbers(since=0)
    assert [102, 103] == numbers(since=100, limit=2, order="newest")
    assert [101, 102] == numbers(since=100, limit=2)
    assert [] == numbers(since=103)
    assert [103] == numbers(limit=1, target="ibp_api")
    cases: list[tuple[dict[str, Any], list[int]]]
    cases = [({}, [102, 103]), ({"order": "oldest"}, [1, 2]), ({"since": 5}, [6, 7])]
    for limited, wanted in cases:
        assert wanted == [each.number for each in world.journal(limit=2, **limited)]
        options = [text for name, value in limited.items() for text in (f"--{name}", str(value))]
        place = ("--server", running.url, "--world", world.id)
        command = run_command("journal", "--limit", "2", *options, "--format", "json", *place)
        assert wanted == [each["number"] for each in json.loads(command.stdout)["exchanges"]]
    assert [*range(1, 104)] == [each.number for each in world.journal()]
    assert 400 == requests.get(url, {"order": "random"}, timeout=30).status_code


def test_an_exchange_is_returned_in_full_with_its_explanation(world: WorldClient) -> None:
    send(world)
    body = send(world)
    exchange = world.exchange(2)
    explanation = world.explain(2)

    assert (body, "TooManyPerNumber") == (exchange.row["response"]["body"]["text"], exchange.error)
    assert exchange.response is not None
    assert exchange.request is not None
    assert (200, body.encode()) == (exchange.response.status, exchange.response.body)
    assert ("GET", exchange.target, b"") == (exchange.request.method, exchange.request.url, exchange.request.body)
    assert world.journal()[0].response is None
    assert "1 sms per number per second" == explanation["rule"]["sentence"]
    assert explanation == exchange.row["explanation"]


def test_what_happened_can_be_verified(world: WorldClient) -> None:
    send(world)
    ask(world, action="sms.get_numbers")

    assert [1] == world.verify(operation="sms.send_message", parameters={"to": "5556667777"}, count=1)
    assert [1, 2] == world.verify({"operation": "sms.send_message"}, {"operation": "sms.get_numbers"}, order=True)
    assert [] == world.verify(provider="mgage", count={"at_most": 0})


def test_a_verify_that_does_not_hold_tells_the_difference(world: WorldClient) -> None:
    send(world)
    with pytest.raises(AssertionError) as wrong:
        world.verify(operation="sms.send_message", parameters={"to": "5556667778"})

    assert (
        "the journal does not match\n"
        '  exchange 1 of those wanted: the nearest is 1: parameters.to: wanted "5556667778", got "5556667777"'
    ) == str(wrong.value)


def test_waiting_returns_what_is_there_and_goes_on_behind_it(world: WorldClient) -> None:
    send(world)
    send(world, to="5556667778")
    first = world.wait(timeout=0, since=0)
    second = world.wait("exchange", timeout=0, since=first.cursor)

    assert [1, 2] == [first.number, second.number]
    assert "Thank you for calling." == world.wait("message", timeout="PT0S", since=0, number="5556667777").text
    with pytest.raises(TimeoutError, match=r"no exchange with operation 'sms\.get_numbers' came within 0 s"):
        world.wait(timeout=0, since=0, operation="sms.get_numbers")
    with pytest.raises(TimeoutError, match="no message came"):
        world.wait("message", timeout=timedelta(0), since=world.cursor)


def test_waiting_is_for_what_comes_and_a_cursor_of_before_counts_what_came(world: WorldClient) -> None:
    before = world.cursor
    send(world)

    with pytest.raises(TimeoutError, match="came within 0 s; since=0 includes earlier ones"):
        world.wait_for_exchange(timeout=0)
    assert 1 == world.wait_for_exchange(timeout=0, since=before).number


def test_waiting_ends_when_it_happens(world: WorldClient) -> None:
    found: list[int] = []
    waiting = threading.Thread(
        target=lambda: found.append(world.wait_for_exchange(since=0, timeout=30, provider="dialogtech").number)
    )
    waiting.start()
    send(world)
    waiting.join(30)

    assert [1] == found


def test_many_threads_share_a_way_to_the_server(mock: AdminClient) -> None:
    def one(_: int) -> int:
        with mock.create_world("empty") as world:
            return len(world.clock.advance(seconds=1).events) + len(world.messages()) + world.faults.clear()

    with ThreadPoolExecutor(8) as pool:
        assert [0] * 64 == list(pool.map(one, range(64)))


# -- lists -------------------------------------------------------------------------------------------------------------


def test_what_there_is_to_know_of_the_providers_is_listed(mock: AdminClient) -> None:
    assert "DT-23" in {quirk["number"] for quirk in mock.quirks()}
    assert "TooManyPerNumber" in {error["name"] for error in mock.errors()}
    assert {"reset", "delay", "replay"} <= {kind["kind"] for kind in mock.fault_kinds()}
    assert "dialogtech" in {number["provider"] for number in mock.magic()}
    assert "program.export" in {operation["name"] for operation in mock.operations()}


# -- awaiting ----------------------------------------------------------------------------------------------------------


def test_every_verb_can_be_awaited_while_the_callers_loop_goes_on(world: WorldClient) -> None:
    async def both() -> tuple[int, datetime]:
        waiting = asyncio.create_task(world.wait_for_exchange.aio(timeout=30, since=0))
        await asyncio.sleep(0)
        time = await world.clock.advance.aio(seconds=1)
        await asyncio.to_thread(send, world)
        return (await waiting).number, time.now

    assert (1, NOON + timedelta(seconds=1)) == asyncio.run(both())


def test_fifty_waiting_clients_delay_no_other(world: WorldClient) -> None:
    fields = {"sender": "5556667777", "recipient": "5554332111", "text": "it got through"}

    async def all_of_them() -> tuple[list[str], str]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as executor:
            loop.set_default_executor(executor)  # the caller's own, of one thread
            before = world.cursor
            waiting = [asyncio.create_task(world.wait_for_message.aio(timeout=60, since=before)) for _ in range(50)]
            await asyncio.sleep(0)
            own = await asyncio.to_thread(lambda: "the executor is free")
            await world.inbound.aio("dialogtech", **fields)
            return [message.text for message in await asyncio.gather(*waiting)], own

    assert (["it got through"] * 50, "the executor is free") == asyncio.run(all_of_them())


def test_threads_are_bounded_and_end_when_there_is_nothing_to_do() -> None:
    before = set(threading.enumerate())
    threads, gate, begun = DaemonPool(2), threading.Event(), threading.Semaphore(0)

    def held() -> str:
        begun.release()
        assert gate.wait(30)
        return threading.current_thread().name

    calls = [threads.submit(held) for _ in range(5)]
    calls[3].cancel()
    assert begun.acquire(timeout=30)
    assert begun.acquire(timeout=30)
    assert not begun.acquire(blocking=False)
    workers = set(threading.enumerate()) - before
    assert [("mockserver-awaited", True)] * 2 == [(worker.name, worker.daemon) for worker in workers]
    gate.set()

    assert ["mockserver-awaited"] * 4 == [call.result(30) for call in calls if not call.cancelled()]
    for worker in workers:
        worker.join(30)
    assert not any(worker.is_alive() for worker in workers)


def test_who_gives_up_a_long_wait_is_not_held_by_it(world: WorldClient) -> None:
    async def impatient() -> bool:
        waiting = asyncio.create_task(world.wait_for_exchange.aio(timeout=600))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert asyncio.run(impatient())  # would not end before the wait does


def test_what_is_awaited_fails_as_what_is_called(world: WorldClient) -> None:
    with pytest.raises(ControlError, match="document"):
        asyncio.run(world.account.aio("dialogtech", "document"))


def test_a_verb_keeps_its_name_and_its_words() -> None:
    assert ("advance", "Advance") == (WorldClock.advance.__name__, (WorldClock.advance.__doc__ or "")[:7])
    assert {"self", "by", "seconds", "minutes", "to", "next"} == {*signature(WorldClock.advance).parameters}


def test_help_shows_what_a_method_does(world: WorldClient) -> None:
    shown = pydoc.plain(pydoc.render_doc(world.verify))

    assert "\nverify(*exchanges:" in shown
    assert "Verify that exchanges happened" in shown


@pytest.mark.parametrize(
    "code",
    ["from mockserver import *; Mock", "dir(mockserver); help(mockserver)", "help(Mock.of(create_app()).world.verify)"],
)
def test_the_package_can_be_used_and_looked_at_without_httpx(code: str) -> None:
    program = (
        "import sys; sys.modules['httpx'] = None\n"
        "import mockserver; from mockserver import Mock; from mockserver.app import create_app\n"
    )
    done = subprocess.run([sys.executable, "-c", program + code], capture_output=True, text=True)

    assert (0, "") == (done.returncode, done.stderr)


def test_all_public_names_can_be_imported_with_httpx() -> None:
    names: dict[str, object] = {}
    exec("from mockserver import *", names)

    assert {"Mock", "MockServer", "HttpxTransport"} <= names.keys()


# -- ways to a server --------------------------------------------------------------------------------------------------


def test_an_application_needs_no_socket_at_all() -> None:
    with Mock.of(create_app(settings=Settings(freeze="2017-01-01T00:00:00Z"))) as mock:
        message = mock.world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text="hi")

        assert datetime(2017, 1, 1, tzinfo=UTC) == message.at
        assert f"{mock.url}/_w/default" == mock.world.base_url


def test_a_server_begins_as_its_block_says(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"mockserver": 1, "accounts": []}')
    with MockServer(world=tmp_path / "mine.json", freeze=NOON, seed="7") as mock:
        assert (NOON, "7", []) == (mock.world.clock.now, mock.world.show().seed, mock.world.accounts())
        assert f"{mock.url}/_w/default" == mock.world.base_url


def test_an_application_has_begun_already() -> None:
    with pytest.raises(ValueError, match="freeze: the given service has its own"):
        MockServer(build_service(), freeze=NOON)


def test_a_client_that_is_dropped_leaves_no_open_connection() -> None:
    with (
        MockServer() as server,
        warnings.catch_warnings(record=True, action="always", category=ResourceWarning) as found,
    ):
        mock = Mock.at(server.url)
        assert "ok" == mock.health()["status"]
        del mock
        gc.collect()

    assert [] == [str(each.message) for each in found if "socket" in str(each.message)]


def test_a_method_of_a_stopped_server_raises_an_error_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        MockServer().health()


def test_a_server_that_is_not_running_is_one_sentence(unknown: str) -> None:
    with Mock.at(unknown) as mock, pytest.raises(NoServer) as absent:
        mock.until_healthy(timeout=0)

    assert f"no server answers at {unknown}; start one with: mockserver serve" == str(absent.value)


def test_somebody_else_at_the_address_is_one_sentence() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with (
            Mock.at(f"http://127.0.0.1:{server.server_port}") as mock,
            pytest.raises(NoServer, match="is not mockserver: it responded 200 with b'<html>'"),
        ):
            mock.health()


@pytest.mark.parametrize("url", ["127.0.0.1:7670", "ftp://127.0.0.1", "http://", ""])
def test_what_is_no_address_is_rejected_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"not the URL of a server, such as http://127\.0\.0\.1:7670"):
        OverHttp(url)


@pytest.mark.parametrize("way", ["in process", "at a socket"])
def test_the_banner_shows_the_token_where_one_is_required(way: str) -> None:
    with MockServer(settings=Settings(host="0.0.0.0", port=0, token="the-token")) as server:

        def mock(token: str | None) -> Mock:
            return Mock(
                InProcess(server.service, server.url, token) if way == "in process" else OverHttp(server.url, token)
            )

        with mock("the-token") as known, mock(None) as stranger:
            assert "default" == known.world.show().id
            assert "ok" == stranger.health()["status"]
            with pytest.raises(ControlError) as rejected:
                stranger.worlds()
        assert "unauthorized" == rejected.value.code
        assert "default" == server.world.show().id


def test_an_error_says_the_difference_below_the_sentence() -> None:
    error = ControlError("conflict", "it is not so", ["this", {"is": "that"}])

    assert 'it is not so\n  this\n  {\n    "is": "that"\n  }' == str(error)
