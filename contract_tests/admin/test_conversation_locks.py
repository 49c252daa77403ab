"""The conversations section holds its world's lock for a few handsets at a time, however many the world has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

import pytest
from werkzeug.test import Client

from contract_tests.counted_rows import CountedRows
from mockserver.engine.message_store import HANDSET_PIECE, MessageStore, add_up_handsets
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.world import World

PAGE = "/_mock/ui/worlds/default/conversations"
BOUND = 2 * HANDSET_PIECE
"""The messages and people that are looked at while the lock is held once: a piece, or a page and what it shows."""


class CountedLock:
    """A world's lock that notes how much was looked at each time that it was held."""

    def __init__(self, lock: Lock, looks: Callable[[], int]) -> None:
        self._lock, self._looks, self._before = lock, looks, 0
        self.counts = list[int]()
        self.locked = lock.locked

    def __enter__(self) -> None:
        self._lock.__enter__()
        self._before = self._looks()

    def __exit__(self, *_: object) -> None:
        self.counts.append(self._looks() - self._before)
        self._lock.__exit__(None, None, None)


def message(serial: int, number: int) -> Message:
    return Message(
        serial, "dialogtech/demo", str(serial), "outbound", "5554332111", f"212{number:07d}", serial * 10**6, f"text {serial}"
    )  # fmt: skip


def add(world: World, numbers: Iterator[int] | range) -> None:
    for number in numbers:
        world.state.message_store.add(message(world.state.message_store.next_serial, number))


def count_looks(world: World) -> CountedLock:
    """Count from now on what is looked at with the world's lock held."""
    rows = list[CountedRows]()
    for view in world.state.message_store._views:  # noqa: SLF001 - the store has no other way to its own segment
        view.segment.rows = counted = CountedRows(view.segment.rows)
        rows.append(counted)
    world.lock = lock = CountedLock(world.lock, lambda: sum(each.looks for each in rows))  # type: ignore[assignment]  # as much of a lock as is used
    return lock


@pytest.fixture
def world(registry: WorldRegistry, service: Any) -> World:
    return registry.default


@pytest.fixture
def asked(service: Any) -> Client:
    client: Client = service.app.test_client()
    return client


def test_the_first_search_for_a_number_builds_the_index_of_a_large_world_without_the_lock(
    world: World, asked: Client
) -> None:
    add(world, range(20_000))
    asked.get("/_mock/worlds/default/messages?limit=1")  # puts the new messages into the other indexes
    lock = count_looks(world)
    found = asked.get("/_mock/worlds/default/messages?number=2120000005").get_json()["messages"]

    assert ["2120000005"] == [each["recipient"] for each in found]
    assert max(lock.counts) <= BOUND


@pytest.mark.parametrize("query", ["", "?q=2120009", "?q=nobody", "?skip=4000"])
def test_the_lock_is_held_for_a_few_handsets_at_a_time(world: World, asked: Client, query: str) -> None:
    add(world, range(10_000))
    asked.get(PAGE)  # builds the index of so few new messages
    lock = count_looks(world)

    assert 200 == asked.get(PAGE + query).status_code
    assert 10_000 <= sum(lock.counts)  # so looks are counted, and the whole list is made
    assert max(lock.counts) <= BOUND


@pytest.mark.parametrize("text", ["", "2120009", "text 9"])
def test_the_palette_holds_the_lock_for_a_few_handsets_at_a_time(world: World, asked: Client, text: str) -> None:
    add(world, range(10_000))
    asked.get(PAGE)  # builds the index of so few new messages
    lock = count_looks(world)
    answers = asked.get("/_mock/ui/worlds/default/palette", query_string={"q": text}).get_json()["answers"]

    assert "Handset" in [each["kind"] for each in answers]
    assert max(lock.counts) <= BOUND


def test_the_index_of_many_new_messages_is_built_without_the_lock(world: World, asked: Client) -> None:
    add(world, (serial % 300 for serial in range(20_000)))
    lock = count_looks(world)

    assert 200 == asked.get(PAGE).status_code
    assert max(lock.counts) <= BOUND
    views = len(world.state.message_store.segments)
    add(world, (serial % 300 for serial in range(20_000)))
    assert 200 == asked.get(PAGE).status_code
    assert views == len(world.state.message_store.segments)  # it is kept up from then on, and needs no other segment


def test_people_are_looked_through_a_few_at_a_time(
    world: World, asked: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = type(world.state.entries)
    sizes, page = list[int](), entries.page
    everybody = world.state.entries.all("serwersms/demo", "contacts")
    monkeypatch.setattr("mockserver.ui.handset_list.HANDSET_PIECE", 7)

    def counted(self: Any, *arguments: Any, **more: Any) -> Any:
        assert world.lock.locked()
        found = page(self, *arguments, **more)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(entries, "page", counted)
    monkeypatch.setattr(entries, "all", None)
    text = asked.get(f"{PAGE}?q=jacak").text

    assert "Aleks Jacak" in text
    assert 1 == text.count('<li id="handset-')
    assert max(sizes) <= 7 < len(everybody) <= sum(sizes)


def test_handsets_that_are_written_to_while_they_are_listed_are_listed_once() -> None:
    store = MessageStore()
    for serial in range(3 * HANDSET_PIECE):
        store.add(message(serial, serial))
    pieces = store.handset_pieces()
    first = next(pieces)
    for serial in range(3 * HANDSET_PIECE, 3 * HANDSET_PIECE + 10):
        store.add(message(serial, 3 * HANDSET_PIECE - 1))
    store.delete(3 * HANDSET_PIECE - 2)
    found = add_up_handsets([first, *pieces])

    assert len({each.number for each in found}) == len(found) == 3 * HANDSET_PIECE - 1
    assert 11 == max(each.messages for each in found)
