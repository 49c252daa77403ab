"""Every event and every value in it is read back from text exactly as it was written, whatever characters and instants it has."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.stores.exact import Blobs, new_codec, typed
from contract_tests.stores.strategies import VALUES, build, entries
from mockserver.engine import events
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import EntryStored, Event, InboundScheduled, MessageStored
from mockserver.engine.frozen import FrozenDict, freeze
from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.messages import Attachment, Message

EVENTS: tuple[type, ...] = get_args(Event)
WRITER, READER = new_codec(), new_codec()


def written(*happened: Any, at: int = 0) -> tuple[EventBatch, ...]:
    """Return events that were written by one codec and read by another."""
    blobs = Blobs()
    data = WRITER.encode_batches((EventBatch(at, happened, happened),), blobs.put)
    assert b"\0" not in data
    assert b"\n" not in data
    msgspec.json.decode(data)  # it is JSON in UTF-8
    return READER.decode_batches(data, blobs.get)


def test_every_class_of_events_is_one_that_can_be_written() -> None:
    defined = {each for each in vars(events).values() if isinstance(each, type) and each.__module__ == events.__name__}
    assert set(EVENTS) == defined
    assert {f"${each.__name__}" for each in EVENTS} <= set(WRITER.types.readers)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_read_as_it_was_written(kind: type) -> None:
    made = entries() if kind is EntryStored else None
    event = st.builds(EntryStored, st.text(), st.text(), made) if made is not None else build(kind)

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(event)
    def check(event: Any) -> None:
        (batch,) = written(event)
        assert typed((event,)) == typed(batch.events) == typed(batch.internal)

    check()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_a_value_keeps_its_type_at_any_depth(value: Any) -> None:
    (batch,) = written(InboundScheduled(0, "serwersms", {"value": value}))
    assert typed(batch.events[0]) == typed(InboundScheduled(0, "serwersms", {"value": value}))


@pytest.mark.parametrize("at", [EARLIEST, LATEST], ids=["the year 1", "the year 9999"])
def test_the_ends_of_the_calendar_are_kept(at: int) -> None:
    (batch,) = written(MessageStored(message(at=at)), at=at)
    assert (at, at) == (batch.at, batch.events[0].message.at)  # type: ignore[union-attr]  # it is a MessageStored


@pytest.mark.parametrize(
    "text",
    ["\ud83d", "\ud83d\ude00", "\\ud83d \ud83d", "zażółć gęślą jaźń", "😀", "\0\r\n\t\x7f\x85\u2028", "\\", '"'],
)
def test_a_text_is_kept_whatever_characters_it_has(text: str) -> None:
    (batch,) = written(MessageStored(message(text=text, fields=freeze({text: text}))))
    assert typed((MessageStored(message(text=text, fields=freeze({text: text}))),)) == typed(batch.events)


def test_the_files_of_a_message_are_kept() -> None:
    files = (Attachment(1, "a.png", "image/png", bytes(range(256))), Attachment(2, "", "", b""))
    (batch,) = written(MessageStored(message(attachments=files)))
    assert typed((MessageStored(message(attachments=files)),)) == typed(batch.events)


def test_the_fields_of_a_message_stay_immutable() -> None:
    (batch,) = written(MessageStored(message(fields=freeze({"a": [1, {"b": ["c"]}]}))))
    (event,) = batch.events
    assert isinstance(event, MessageStored)
    assert FrozenDict({"a": (1, FrozenDict({"b": ("c",)}))}) == event.message.fields
    assert hash(event.message) == hash(message(fields=freeze({"a": [1, {"b": ["c"]}]})))


def message(**values: Any) -> Message:
    given = {"serial": 1, "account": "mgage/demo", "id": "7", "direction": "inbound", "sender": "5556667777"}
    return Message(**{**given, "recipient": "12345", "at": 0, "text": "hi", **values})
