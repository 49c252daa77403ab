"""The message store compared with a sorted list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.counted_rows import CountedRows
from mockserver.engine import messages, segments
from mockserver.engine.message_store import MessageStore, add_up_handsets
from mockserver.engine.messages import Message, account_key, handset_key, handset_of, kind_key, number_key
from mockserver.engine.segments import Segment

INSTANTS = st.integers(-20, 20)
STEPS = ("add", "change", "delete", "fork")


def message(serial: int, at: int, number: str = "1") -> Message:
    return Message(serial, "a/x", str(serial), "inbound", "9", number, at, "text")


def stamps(messages: list[Message]) -> list[tuple[int, int]]:
    return [(found.at, found.serial) for found in messages]


Stamp: TypeAlias = tuple[int, int]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[MessageStore, list[Stamp]]:
    """A message store of segments and additions, changed and forked now and then, and the messages that it must hold."""
    wanted: dict[int, Stamp] = {}
    layers = []
    for times in draw(st.lists(st.lists(INSTANTS, max_size=8), max_size=3)):
        offset = draw(INSTANTS)
        wanted |= {serial: (at + offset, serial) for serial, at in enumerate(times, start=len(wanted))}
        layers.append((Segment(message(place, at) for place, at in enumerate(times)), offset))
    store = MessageStore(layers)
    others: list[tuple[MessageStore, list[Stamp]]] = []
    for what, at, which in draw(st.lists(st.tuples(st.sampled_from(STEPS), INSTANTS, st.integers(0, 99)), max_size=16)):
        if what == "fork":
            others.append((store, sorted(wanted.values())))
            store = store.fork()
        elif what == "add":
            wanted[store.next_serial] = at, store.next_serial
            store.add(message(store.next_serial, at))
        elif wanted:
            serial = sorted(wanted)[which % len(wanted)]
            if what == "delete":
                store.delete(serial)
                del wanted[serial]
            else:
                store.change(message(serial, at))
                wanted[serial] = at, serial
    for other, was in others:
        assert was == stamps(other.page(account_key("a/x"), -99, 99)), "a fork has changed its parent"
    return store, sorted(wanted.values())


@given(ledgers(), INSTANTS, INSTANTS, st.integers(0, 40), st.one_of(st.none(), st.integers(0, 10)))
def test_a_page_is_the_same_slice_that_a_sorted_list_gives(
    built: tuple[MessageStore, list[tuple[int, int]]], since: int, until: int, offset: int, limit: int | None
) -> None:
    message_store, everything = built
    wanted = [stamp for stamp in everything if since <= stamp[0] <= until]
    end = None if limit is None else offset + limit

    assert wanted[offset:end] == stamps(message_store.page(account_key("a/x"), since, until, offset, limit))
    assert len(wanted) == message_store.count(account_key("a/x"), since, until)
    assert len(everything) == len(message_store)
    assert everything == sorted(stamps([found for serial in range(99) if (found := message_store.get(serial))]))
    assert sum(handset.messages for handset in add_up_handsets(message_store.handset_pieces())) == len(everything)
    assert everything == stamps(message_store.page(handset_key("9"), -99, 99))


def test_a_message_is_found_by_its_number_as_soon_as_it_is_added() -> None:
    message_store = MessageStore()
    for serial in range(701):
        message_store.add(message(serial, -serial % 97, str(serial % 2)))
        assert serial + 1 == message_store.count(account_key("a/x"), 0, 97)

    odd = sorted((-serial % 97, serial) for serial in range(1, 701, 2))
    assert odd == stamps(message_store.page(number_key("a/x", "1"), 0, 97))
    assert 701 == sum(handset.messages for handset in add_up_handsets(message_store.handset_pieces()))


@pytest.fixture
def _busy_threads() -> Iterator[None]:
    """Make threads switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_busy_threads")
def test_a_reader_misses_no_message_while_others_are_added() -> None:
    message_store, done = MessageStore(), Event()

    def send() -> None:
        for serial in range(5_000):
            message_store.add(message(serial, serial))
        done.set()

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        while not done.is_set():
            there = message_store.next_serial
            assert there <= message_store.count(account_key("a/x"), 0, 10_000)
        sending.result(30)
    assert stamps(message_store.page(account_key("a/x"), 0, 10_000)) == [(serial, serial) for serial in range(5_000)]


@given(ledgers(), INSTANTS, INSTANTS)
def test_the_messages_of_several_keys_come_one_key_after_the_other(
    built: tuple[MessageStore, list[tuple[int, int]]], since: int, until: int
) -> None:
    message_store, everything = built
    wanted = [stamp for stamp in everything if since <= stamp[0] <= until]
    index_keys = (number_key("a/x", "1"), number_key("a/x", "no one's"), account_key("a/x"))

    found = [message for part in message_store.select_each(index_keys, since, until) for message in part.messages()]
    assert wanted + wanted == stamps(found)


def test_messages_of_one_kind_are_found_by_their_direction() -> None:
    store = MessageStore()
    for serial, direction in enumerate(("inbound", "outbound", "inbound")):
        store.add(Message(serial, "a/x", str(serial), direction, "1", "2", serial, "text", kind="eco"))

    assert [0, 1, 2] == [each.serial for each in store.page(kind_key("a/x", "eco"), 0, 9)]
    assert [0, 2] == [each.serial for each in store.page(kind_key("a/x", "eco", "inbound"), 0, 9)]
    assert [1] == [each.serial for each in store.page(kind_key("a/x", "eco", "outbound"), 0, 9)]
    assert [1] == [each.serial for each in store.page(account_key("a/x", "outbound"), 0, 9)]


def test_a_segment_returns_its_messages_unchanged() -> None:
    rows = [
        Message(0, "a/x", "7", "outbound", "1", "2", 5, "żółć 🙂", kind="eco", reference="abc", network=None),
        Message(1, "a/x", "8", "inbound", "3", "1", 3, "x" * 256, network="T-Mobile", status="Received"),
    ]

    assert [rows[1], rows[0]] == MessageStore([(Segment(rows), 0)]).page(account_key("a/x"), 0, 10)


def test_relative_messages_lie_before_the_start_of_each_world_that_shares_them() -> None:
    layer = Segment([message(0, -10)])

    assert [(90, 0)] == stamps(MessageStore([(layer, 100)]).page(account_key("a/x"), 0, 100))
    assert [(190, 0)] == stamps(MessageStore([(layer, 200)]).page(account_key("a/x"), 0, 200))


def test_a_number_is_the_recipient_of_what_came_in_and_the_sender_of_what_went_out() -> None:
    message_store = MessageStore()
    message_store.add(Message(0, "a/x", "1", "inbound", "handset", "own", 1, ""))
    message_store.add(Message(1, "a/x", "2", "outbound", "own", "handset", 2, ""))

    assert [0, 1] == [found.serial for found in message_store.page(number_key("a/x", "own"), 0, 9)]
    assert [] == message_store.page(number_key("a/x", "handset"), 0, 9)


def test_a_fork_and_its_parent_go_on_apart() -> None:
    parent = MessageStore()
    parent.add(message(0, 1))
    fork = parent.fork()
    fork.add(message(1, 2))
    parent.add(message(1, 3))

    assert [(1, 0), (3, 1)] == stamps(parent.page(account_key("a/x"), 0, 9))
    assert [(1, 0), (2, 1)] == stamps(fork.page(account_key("a/x"), 0, 9))


def test_what_a_fork_and_its_parent_share_and_the_next_search_puts_into_the_index_counts_in_both() -> None:
    parent = MessageStore()
    for serial in range(3):
        parent.add(message(serial, serial))
    fork = parent.fork()
    assert (parent.unindexed, fork.unindexed) == (3, 3)
    fork.add(message(3, 3))
    assert (parent.unindexed, fork.unindexed) == (3, 4)

    assert len(fork.page(account_key("a/x"), 0, 9)) == 4
    assert (parent.unindexed, fork.unindexed) == (0, 0)


def test_a_message_that_changes_its_number_is_found_by_the_new_one_alone() -> None:
    shared = Segment([message(0, -10), message(1, -9)])
    one, other = MessageStore([(shared, 100)]), MessageStore([(shared, 100)])
    assert [(90, 0), (91, 1)] == stamps(one.page(number_key("a/x", "1"), 0, 100))

    one.change(message(0, 95, "2"))

    assert [(91, 1)] == stamps(one.page(number_key("a/x", "1"), 0, 100))
    assert [(95, 0)] == stamps(one.page(number_key("a/x", "2"), 0, 100))
    assert [(90, 0), (91, 1)] == stamps(other.page(number_key("a/x", "1"), 0, 100))


def test_a_page_that_was_found_before_a_change_stays_as_it_was() -> None:
    store = MessageStore()
    store.add(message(0, 1))
    page = store.select(account_key("a/x"), 0, 9)
    store.change(message(0, 2))
    store.delete(0)

    assert [(1, 0)] == stamps(list(page.messages()))
    assert [] == store.page(account_key("a/x"), 0, 9)


def test_what_is_not_there_is_neither_changed_nor_deleted() -> None:
    store = MessageStore([(Segment([message(0, 1)]), 0)])
    store.delete(0)

    for gone in (0, 1):
        assert store.get(gone) is None
        with pytest.raises(KeyError):
            store.delete(gone)
        with pytest.raises(KeyError):
            store.change(message(gone, 1))
    assert store.next_serial == 1, "a serial is never used again"


def test_a_long_chain_of_forks_has_few_segments_and_loses_nothing() -> None:
    store = MessageStore()
    for serial in range(200):
        store.add(Message(serial, "a/b", str(serial), "outbound", "1", "2", serial, "x"))
        if serial % 5 == 4:
            store.delete(serial - 2)
        store = store.fork()

    assert len(store.segments) <= 8
    kept = [serial for serial in range(200) if serial % 5 != 2]
    assert kept == [message.serial for message in store.page(account_key("a/b"), -1, 1_000)]
    assert kept == sorted(message.serial for message in store)
    assert len(kept) == len(store)


@pytest.mark.parametrize(
    ("sizes", "left"), [((100, 50_000), [100, 50_000]), ((30_000, 30_000, 10, 20), [30_000, 30_000, 30])]
)
def test_a_fork_copies_no_large_segment(sizes: tuple[int, ...], left: list[int]) -> None:
    store = MessageStore([(Segment(message(place, 0) for place in range(sizes[0])), 0)])
    for size in sizes[1:]:
        for _ in range(size):
            store.add(message(store.next_serial, store.next_serial))
        store = store.fork()

    assert left == [len(segment) for segment in store.segments]


@pytest.mark.parametrize(("since", "most"), [(-1, 100), (40_000, 7), (59_950, 100), (60_000, 100)])
def test_messages_are_listed_by_index_without_a_look_at_the_others(since: int, most: int) -> None:
    store = MessageStore([(Segment(message(place, -place) for place in range(30_000)), 0)])
    for number in range(30_000):
        store.add(message(store.next_serial, number))
    store = store.fork()
    keys = (account_key("a/x"), number_key("a/x", "1"))
    assert [0, 1, 2] == store.serials(keys, -1, 3)  # from now on the serials are kept in order
    for segment in store.segments:
        segment.rows = CountedRows(segment.rows)
    store.delete(10)
    store.change(message(20, 5))
    store.add(message(60_000, 0))

    found = store.serials(keys, since, most)

    assert [*range(since + 1, min(since + 1 + most, 60_001))] == found
    assert sum(segment.rows.looks for segment in store.segments if isinstance(segment.rows, CountedRows)) <= 150


def test_each_spelling_of_a_number_is_normalized_once_for_the_handsets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def noted(number: str) -> str:
        asked.append(number)
        return handset_of(number)

    for module in (messages, segments):
        monkeypatch.setattr(module, "handset_of", noted, raising=False)
    spellings = ("15556667777", "5556667777", "+48500600700")
    rows = (Message(each, "a/x", "1", "outbound", "9", spellings[each % 3], each, "text") for each in range(300))
    store = MessageStore([(Segment(rows), 0)])

    assert [200, 100] == [store.count(handset_key(number), 0, 300) for number in ("5556667777", "48500600700")]
    assert sorted(spellings) == sorted(asked)


@given(ledgers(), st.integers(-1, 12), st.integers(1, 5))
def test_serials_are_those_of_a_sorted_list_and_may_have_deleted_ones(
    made: tuple[MessageStore, list[Stamp]], since: int, most: int
) -> None:
    store, wanted = made
    listed = list[int]()
    while serials := store.serials([account_key("a/x"), number_key("a/x", "1")], listed[-1] if listed else since, most):
        assert len(serials) <= most
        listed += serials

    assert sorted(serial for _, serial in wanted if serial > since) == [
        serial for serial in listed if store.get(serial) is not None
    ]
