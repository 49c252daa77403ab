"""Handsets: messages are found by a handset's number, in any spelling and across accounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.feed import EventFeed
from mockserver.engine.message_store import Handset, MessageStore, Segment, add_up_handsets
from mockserver.engine.messages import Message, handset_key, handset_of

NUMBERS = ("5556667777", "15556667777", "+1 555 666-7777", "+48500600700", "SHOP")


def message(serial: int, at: int, number: str, is_answer: bool, account: str = "a/x") -> Message:
    sides = (number, "9") if is_answer else ("9", number)
    return Message(serial, account, str(serial), "inbound" if is_answer else "outbound", *sides, at, "text")


@pytest.mark.parametrize(
    ("number", "handset"),
    [
        ("5556667777", "5556667777"),
        ("15556667777", "5556667777"),
        ("+1 (555) 666-7777", "5556667777"),
        ("+48 500 600 700", "48500600700"),
        ("48500600700", "48500600700"),
        ("71200", "71200"),
        ("SHOP 24", "SHOP 24"),
        ("٣٤٥", "٣٤٥"),
        ("", ""),
    ],
)
def test_a_handset_has_one_name_however_it_is_spelled(number: str, handset: str) -> None:
    assert handset == handset_of(number)
    assert handset == handset_of(handset)


MESSAGES = st.lists(
    st.tuples(st.integers(-9, 9), st.sampled_from(NUMBERS), st.booleans(), st.sampled_from(("a/x", "b/y")))
)


@given(MESSAGES, MESSAGES, st.integers(-9, 9), st.integers(0, 12))
def test_a_handset_s_messages_are_those_that_a_search_finds(
    sealed: list[tuple[int, str, bool, str]], added: list[tuple[int, str, bool, str]], offset: int, forked_after: int
) -> None:
    layer = Segment(message(serial, at, *rest) for serial, (at, *rest) in enumerate(sealed))
    message_store = MessageStore([(layer, offset)])
    wanted = [message(serial, at + offset, *rest) for serial, (at, *rest) in enumerate(sealed)]
    for index, (at, *rest) in enumerate(added):
        each = message(message_store.next_serial, at, *rest)
        wanted.append(each)
        message_store.add(each)
        if index == forked_after:
            message_store = message_store.fork()

    by_handset: dict[str, list[Message]] = {}
    for each in sorted(wanted, key=lambda each: (each.at, each.serial)):
        by_handset.setdefault(each.handset, []).append(each)
    for name, messages in by_handset.items():
        assert messages == message_store.page(handset_key(name), -99, 99)
        assert len(messages) == message_store.count(handset_key(name), -99, 99)
        assert messages[1:3] == message_store.page(handset_key(name), -99, 99, 1, 2)
    received = sorted(Handset(name, len(messages), messages[-1].at) for name, messages in by_handset.items())
    assert received == sorted(add_up_handsets(message_store.handset_pieces()))


def test_a_layer_is_sorted_by_handset_at_the_first_look_and_never_again() -> None:
    layer = Segment(message(serial, serial, "5556667777", is_answer=True) for serial in range(3))

    assert layer.handsets is layer.handsets
    assert {handset_key("5556667777"): [0, 1, 2]} == {key: list(places) for key, places in layer.handsets.items()}


def test_changed_settings_are_signalled_beside_the_feed(registry) -> None:
    received: list[object] = []
    world = registry.default
    world.settings_changed.listen(lambda item, _: received.append(item))
    cursor = world.feed.cursor
    world.freeze()
    world.advance(world.now())
    world.resume()
    world.reset()

    assert ["clock", "clock", "clock", "world"] == received
    assert cursor == world.feed.cursor  # and a cursor counts none of it


def test_created_and_dropped_worlds_are_events_of_the_registry(registry) -> None:
    received: list[object] = []
    assert isinstance(registry.feed, EventFeed)
    registry.feed.listen(lambda item, _: received.append(item))
    twin = registry.fork(registry.default, "twin")
    registry.drop(twin)

    assert ["twin", "twin"] == received
