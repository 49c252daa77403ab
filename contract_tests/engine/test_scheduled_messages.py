"""Messages that change at later instants of the world's clock: `MessageScheduled` and a provider's `advance_message`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from contract_tests.counted_rows import CountedRows
from mockserver import worldfile
from mockserver.engine.accounts import Account, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.events import Event, MessageChanged, MessageDeleted, MessageScheduled, MessageStored
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import DAY, EARLIEST, LATEST, SECOND
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import (
    IndexKey,
    Message,
    account_key,
    attribute_key,
    field_key,
    handset_key,
    kind_key,
)
from mockserver.engine.places import PlaceList
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.scheduler import Scheduler
from mockserver.engine.state import Fixture, IdReservation, State
from mockserver.engine.world import AdvanceLimitExceeded, ProviderCallbacks, World

ACCOUNT = Account("p/a", "p", "a", (Login("foo", "bar"),))
NEXT = {"queued": "sent", "sent": "delivered"}


def advance_message(message: Message, state: State, now: int, ids: IdReservation) -> Decision:
    """Let a message be sent and, four seconds later, delivered; one for +1 changes for ever without time moving."""
    if message.recipient == "+1":
        return Decision(now, None, (MessageScheduled(message.serial, now),))
    status = NEXT[message.status]
    more = (MessageScheduled(message.serial, now + 4 * SECOND),) if status == "sent" else ()
    return Decision(now, None, (MessageChanged(message.serial, status, freeze({status: now})), *more))


RULES = worldfile.Rules({}, {})
CALLBACKS = {"p": ProviderCallbacks(advance_message=advance_message)}
ROW = {"direction": "outbound", "sender": "a", "recipient": "+48500600700", "text": "hi", "status": "queued"}


def create_world() -> World:
    return WorldRegistry(Fixture((ACCOUNT,)), {}, clock=Clock.frozen(0), providers=CALLBACKS).default


def happen(world: World, *events: Event) -> None:
    world.execute(lambda _state, now, _ids: Decision(now, None, events))


def message(serial: int, **fields: Any) -> Message:
    plain = Message(serial, "p/a", str(serial), "outbound", "a", f"+48{serial:09}", 0, "hi", "sms", "queued")
    return structs.replace(plain, **fields)


def send(world: World, count: int = 1, **fields: Any) -> None:
    """Store messages that change after a second."""
    first = world.state.message_store.next_serial
    sent = [message(first + index, **fields) for index in range(count)]
    happen(world, *map(MessageStored, sent), *(MessageScheduled(each.serial, SECOND) for each in sent))


def found(store: MessageStore, key: IndexKey) -> list[int]:
    return [each.serial for each in store.page(key, EARLIEST, LATEST)]


def test_a_message_changes_at_each_of_its_instants() -> None:
    world = create_world()
    send(world)
    world.advance(SECOND)
    assert ("sent", {"sent": SECOND}) == status_of(world, 0)
    world.advance(10 * SECOND)

    assert ("delivered", {"sent": SECOND, "delivered": 5 * SECOND}) == status_of(world, 0)
    assert world.next_due() is None


def status_of(world: World, serial: int) -> tuple[str, dict[str, Any]] | None:
    there = world.state.message_store.get(serial)
    return None if there is None else (there.status, dict(there.fields))


def test_a_message_that_was_deleted_does_not_change() -> None:
    world = create_world()
    send(world)
    happen(world, MessageDeleted(message(0)))

    assert world.next_due() is None
    assert [] == world.advance(10 * SECOND).events


def test_a_later_instant_takes_the_place_of_an_earlier_one_and_none_cancels_it() -> None:
    world = create_world()
    send(world, 2)
    happen(world, MessageScheduled(0, 3 * SECOND), MessageScheduled(1, None))
    world.advance(2 * SECOND)
    assert [("queued", {}), ("queued", {})] == [status_of(world, 0), status_of(world, 1)]
    world.advance(4 * SECOND)

    assert [("sent", {"sent": 3 * SECOND}), ("queued", {})] == [status_of(world, 0), status_of(world, 1)]


def test_a_message_that_changes_for_ever_without_time_moving_is_stopped() -> None:
    world = create_world()
    send(world, recipient="+1")

    with pytest.raises(AdvanceLimitExceeded, match="the next is a message's"):
        world.advance(SECOND)


def test_a_fork_changes_its_messages_itself() -> None:
    world = create_world()
    send(world)
    registry = WorldRegistry(
        Fixture((ACCOUNT,)), {}, providers={"p": ProviderCallbacks(advance_message=advance_message)}
    )
    fork = registry.fork(world)
    world.advance(SECOND)
    fork.advance(5 * SECOND)

    assert "sent" == world.state.message_store.page(account_key("p/a"), 0, LATEST)[0].status
    assert "delivered" == fork.state.message_store.page(account_key("p/a"), 0, LATEST)[0].status


def test_a_snapshot_carries_when_its_messages_change() -> None:
    world = create_world()
    send(world, 2)
    happen(world, MessageScheduled(0, 3 * SECOND))
    document = orjson.loads(b"".join(worldfile.lines(worldfile.dump(world, {}))))
    rows = document["accounts"][0]["messages"]
    assert ["1970-01-01T00:00:03Z", "1970-01-01T00:00:01Z"] == [row["due"] for row in rows]
    file = worldfile.read(document, RULES, is_checked=True)
    again = WorldRegistry(file.fixture, {}, clock=Clock.frozen(0), providers=CALLBACKS).default
    again.advance(2 * SECOND)

    assert ("queued", {}) == status_of(again, 0)
    assert ("sent", {"sent": SECOND}) == status_of(again, 1)
    assert 3 * SECOND == again.next_due()


def test_messages_of_a_world_file_change_whether_they_are_fixed_or_relative() -> None:
    rows = [
        {**ROW, "id": "1", "at": "PT1H", "due": "1970-01-02T00:00:01Z"},
        {**ROW, "id": "2", "at": "1970-01-01T00:00:00Z", "due": "1970-01-02T00:00:02Z"},
    ]
    account = {"provider": "p", "name": "a", "logins": [], "messages": rows}
    fixture = worldfile.parse({"format": 2, "accounts": [account]}, RULES, is_checked=True)
    world = WorldRegistry(fixture, {}, clock=Clock.frozen(DAY), providers=CALLBACKS).default
    world.advance(DAY + SECOND)

    assert {"1": "sent", "2": "queued"} == {each.id: each.status for each in world.state.message_store}


def test_an_instant_at_which_a_message_changes_must_be_one() -> None:
    row = {**ROW, "id": "1", "at": "PT1H", "due": "soon"}
    account = {"provider": "p", "name": "a", "logins": [], "messages": [row]}

    with pytest.raises(worldfile.WorldFileError, match="'soon' is not an instant"):
        worldfile.parse({"format": 2, "accounts": [account]}, RULES, is_checked=True)


def test_a_hundred_thousand_messages_that_are_due_at_one_instant_are_sent_in_one_advance() -> None:
    world = create_world()
    send(world, 100_000)
    world.advance(SECOND)

    assert 100_000 == world.state.message_store.count(attribute_key("p/a", "status", "sent"), EARLIEST, LATEST)
    assert 5 * SECOND == world.next_due()


def looks_of_advance(count: int) -> float:
    """Return how many rows are looked at for each of a number of messages that change twice, with indexes in use."""
    world = create_world()
    send(world, count)
    store = world.state.message_store
    for key in (account_key("p/a"), attribute_key("p/a", "status", "queued"), handset_key("48")):
        store.count(key, EARLIEST, LATEST)
    segment = store._own.segment  # noqa: SLF001 - counts looks at its rows
    segment.rows = rows = CountedRows(segment.rows)
    world.advance(5 * SECOND)
    assert count == store.count(attribute_key("p/a", "status", "delivered"), EARLIEST, LATEST)
    return rows.looks / count


def test_what_is_looked_at_for_each_message_grows_with_the_logarithm_of_their_number() -> None:
    few, more, many = (looks_of_advance(count) for count in (64, 128, 256))

    assert many - more <= 16  # eight bisections, of one step more each
    assert more - few <= 16


@given(st.lists(st.integers(0, 30), max_size=40))
def test_places_stay_in_order_whatever_is_added_and_removed(steps: list[int]) -> None:
    places, plain = PlaceList(), list[int]()
    for place in steps:
        if place in plain:
            places.remove(place, key=int)
            plain.remove(place)
        else:
            places.insert(place, key=int)
            plain = sorted([*plain, place])
        assert plain == list(places)
        assert plain[1:-1] == list(places[1:-1])
        assert plain[-1:] == list(places[-1:])


def test_a_message_in_a_state_is_found_by_it_alone() -> None:
    store = MessageStore()
    for serial in range(4):
        store.add(message(serial, at=serial, fields=freeze({"step": 0})))
    keys = [attribute_key("p/a", "status", "queued"), attribute_key("p/a", "status", "sent")]
    steps = [field_key("p/a", "step", 0), field_key("p/a", "step", 1), field_key("p/a", "other", 1)]
    assert [[0, 1, 2, 3], []] == [found(store, key) for key in keys]
    assert [[0, 1, 2, 3], [], []] == [found(store, key) for key in steps]
    for serial in (2, 0):
        store.change(message(serial, at=serial, status="sent", fields=freeze({"step": 1, "other": 1})))
    store.delete(1)
    store.change(message(0, at=0, status="sent"))

    assert [[3], [0, 2]] == [found(store, key) for key in keys]
    assert [[3], [2], [2]] == [found(store, key) for key in steps]
    assert [0, 2, 3] == found(store, kind_key("p/a", "sms", "outbound")) == found(store, account_key("p/a"))
    assert [] == found(store, kind_key("p/a", "sms", "inbound"))
    assert [0] == found(store, attribute_key("p/a", "recipient", "+48000000000"))
    assert [0, 2] == store.serials([attribute_key("p/a", "status", "sent")], -1, 9)


def test_a_page_keeps_the_messages_as_they_were_when_it_was_read() -> None:
    store = MessageStore()
    for serial in range(2):
        store.add(message(serial, at=serial))
    page = store.select(account_key("p/a"), EARLIEST, LATEST)
    every = store.select_all(account_key("p/a"), EARLIEST, LATEST)
    store.change(message(1, at=1, status="sent"))
    later = store.select(account_key("p/a"), EARLIEST, LATEST)

    assert ["queued", "queued"] == [each.status for each in page.messages()]
    assert ["queued", "queued"] == [each.status for part in every.slices() for each in part.messages()]
    assert ["queued", "sent"] == [each.status for each in later.messages()]


def test_changes_of_shared_messages_are_found_by_every_key_in_each_world() -> None:
    store = MessageStore()
    for serial in range(3):
        store.add(message(serial, at=serial))
    store.change(message(1, at=1, status="sent"))
    fork = store.fork()
    queued, sent = (attribute_key("p/a", "status", status) for status in ("queued", "sent"))
    assert [[0, 2], [1]] == [found(fork, queued), found(fork, sent)]
    fork.change(message(0, at=0, status="sent"))
    fork.change(message(1, at=1, status="delivered"))

    assert [[2], [0], [0, 1, 2]] == [found(fork, queued), found(fork, sent), found(fork, account_key("p/a"))]
    assert [[0, 2], [1]] == [found(store, queued), found(store, sent)]
    assert ["sent", "delivered", "queued"] == [each.status for each in fork.page(account_key("p/a"), EARLIEST, LATEST)]


def test_earlier_forms_of_changed_messages_are_given_up_when_most_rows_are_such() -> None:
    store = MessageStore()
    for serial in range(600):
        store.add(message(serial, at=serial))
    for status in ("sent", "delivered", "read", "archived"):
        for serial in range(600):
            store.change(message(serial, at=serial, status=status))

    assert len(store._own.segment.rows) <= 1_000 + 2 * 600  # noqa: SLF001 - counts the rows
    assert 600 == store.count(attribute_key("p/a", "status", "archived"), EARLIEST, LATEST)
    assert list(range(600)) == found(store, account_key("p/a"))


def test_items_run_in_the_order_of_their_instants_and_numbers_whatever_was_cancelled() -> None:
    scheduler = Scheduler()
    for number in range(3_000):
        scheduler.add(number * 7 % 10, "p", {"number": number}, delivery=number % 3 and number)
    for number in range(3_000):
        if number % 3 == 1:
            scheduler.cancel(number)
    assert 2_000 == len(scheduler) == len(list(scheduler))
    ran = []
    while item := scheduler.first_due(9):
        ran.append((item.at, item.number))
        scheduler.remove(item.number)

    assert 2_000 == len(ran)
    assert all(one < other for one, other in pairwise(ran))
    assert scheduler.next is None
