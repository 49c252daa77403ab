"""The ledger against the simplest thing that does the same: a sorted list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import segments as layers
from mockserver.engine.message_store import Ledger
from mockserver.engine.messages import Message, account_shelf, number_shelf
from mockserver.engine.segments import _BATCH, Layer

INSTANTS = st.integers(-20, 20)


def message(serial: int, at: int, number: str = "1") -> Message:
    return Message(serial, "a/x", str(serial), "inbound", "9", number, at, "text")


def stamps(messages: list[Message]) -> list[tuple[int, int]]:
    return [(found.at, found.serial) for found in messages]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Ledger, list[tuple[int, int]]]:
    """A ledger of layers and additions, forked now and then, and what must be in it."""
    wanted: list[tuple[int, int]] = []
    layers = []
    for times in draw(st.lists(st.lists(INSTANTS, max_size=8), max_size=3)):
        offset = draw(INSTANTS)
        wanted += [(at + offset, len(wanted) + place) for place, at in enumerate(times)]
        layers.append((Layer(message(place, at) for place, at in enumerate(times)), offset))
    ledger = Ledger(layers)
    for at, is_forked in draw(st.lists(st.tuples(INSTANTS, st.booleans()), max_size=12)):
        wanted.append((at, ledger.next_serial))
        ledger.add(message(ledger.next_serial, at))
        if is_forked:
            ledger = ledger.fork()
    return ledger, sorted(wanted)


@given(ledgers(), INSTANTS, INSTANTS, st.integers(0, 40), st.one_of(st.none(), st.integers(0, 10)))
def test_a_page_is_the_same_slice_that_a_sorted_list_gives(
    built: tuple[Ledger, list[tuple[int, int]]], since: int, until: int, offset: int, limit: int | None
) -> None:
    ledger, everything = built
    wanted = [stamp for stamp in everything if since <= stamp[0] <= until]
    end = None if limit is None else offset + limit

    assert wanted[offset:end] == stamps(ledger.page(account_shelf("a/x"), since, until, offset, limit))
    assert len(wanted) == ledger.count(account_shelf("a/x"), since, until)
    assert len(everything) == len(ledger)


@pytest.mark.parametrize("looks", [(), (0, 1, _BATCH - 1, _BATCH, _BATCH + 1, 700)])
def test_messages_are_on_their_shelves_whenever_somebody_looks(looks: tuple[int, ...]) -> None:
    ledger = Ledger()
    for serial in range(701):
        ledger.add(message(serial, -serial % 97, str(serial % 2)))
        if serial in looks:
            assert serial + 1 == ledger.count(account_shelf("a/x"), 0, 97)

    odd = sorted((-serial % 97, serial) for serial in range(1, 701, 2))
    assert odd == stamps(ledger.page(number_shelf("a/x", "1"), 0, 97))
    assert 701 == sum(handset.messages for handset in ledger.handsets())


@pytest.fixture
def _busy_threads() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_busy_threads")
def test_two_threads_that_look_at_once_put_nothing_on_a_shelf_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_BATCH", 1_000)  # so that both have much to do
    ledger = Ledger()
    for round_ in range(50):
        for serial in range(round_ * 200, round_ * 200 + 200):
            ledger.add(message(serial, serial))
        gate = Barrier(2)

        def look(gate: Barrier = gate) -> int:
            gate.wait(30)
            return ledger.count(account_shelf("a/x"), 0, 10_000)

        with ThreadPoolExecutor(2) as pool:
            assert [round_ * 200 + 200] * 2 == [done.result(30) for done in (pool.submit(look), pool.submit(look))]


@pytest.mark.usefixtures("_busy_threads")
def test_who_looks_while_messages_come_misses_none_that_was_there() -> None:
    ledger, done = Ledger(), Event()

    def send() -> None:
        for serial in range(5_000):
            ledger.add(message(serial, serial))
        done.set()

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        while not done.is_set():
            there = ledger.next_serial
            assert there <= ledger.count(account_shelf("a/x"), 0, 10_000)
        sending.result(30)
    assert stamps(ledger.page(account_shelf("a/x"), 0, 10_000)) == [(serial, serial) for serial in range(5_000)]


@given(ledgers(), INSTANTS, INSTANTS)
def test_everything_on_some_shelves_is_one_shelf_after_the_other(
    built: tuple[Ledger, list[tuple[int, int]]], since: int, until: int
) -> None:
    ledger, everything = built
    wanted = [stamp for stamp in everything if since <= stamp[0] <= until]
    shelves = (number_shelf("a/x", "1"), number_shelf("a/x", "nobody's"), account_shelf("a/x"))

    found = [message for stretch in ledger.everything(shelves, since, until) for message in stretch.messages()]
    assert wanted + wanted == stamps(found)


def test_a_layer_gives_its_messages_back_whole() -> None:
    rows = [
        Message(0, "a/x", "7", "outbound", "1", "2", 5, "żółć 🙂", kind="eco", reference="abc", network=None),
        Message(1, "a/x", "8", "inbound", "3", "1", 3, "x" * 256, network="T-Mobile", status="Received"),
    ]

    assert [rows[1], rows[0]] == Ledger([(Layer(rows), 0)]).page(account_shelf("a/x"), 0, 10)


def test_a_relative_layer_lies_before_the_birth_of_each_world_that_shares_it() -> None:
    layer = Layer([message(0, -10)])

    assert [(90, 0)] == stamps(Ledger([(layer, 100)]).page(account_shelf("a/x"), 0, 100))
    assert [(190, 0)] == stamps(Ledger([(layer, 200)]).page(account_shelf("a/x"), 0, 200))


def test_a_number_is_the_recipient_of_what_came_in_and_the_sender_of_what_went_out() -> None:
    ledger = Ledger()
    ledger.add(Message(0, "a/x", "1", "inbound", "handset", "own", 1, ""))
    ledger.add(Message(1, "a/x", "2", "outbound", "own", "handset", 2, ""))

    assert [0, 1] == [found.serial for found in ledger.page(number_shelf("a/x", "own"), 0, 9)]
    assert [] == ledger.page(number_shelf("a/x", "handset"), 0, 9)


def test_a_fork_and_its_parent_go_on_apart() -> None:
    parent = Ledger()
    parent.add(message(0, 1))
    fork = parent.fork()
    fork.add(message(1, 2))
    parent.add(message(1, 3))

    assert [(1, 0), (3, 1)] == stamps(parent.page(account_shelf("a/x"), 0, 9))
    assert [(1, 0), (2, 1)] == stamps(fork.page(account_shelf("a/x"), 0, 9))
