"""The stream of server-sent events that names the topics that changed; the browser then fetches what it shows of them."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import (
    AccountChanged,
    AttemptEnded,
    AttemptInterrupted,
    CheckpointMade,
    CheckpointRemoved,
    DeliveryChanged,
    DeliveryOpened,
    EntryDeleted,
    EntryStored,
    ExchangeRecorded,
    FaultRuleAdded,
    FaultRuleRemoved,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessageScheduled,
    MessagesRead,
    MessageStored,
    ReceiveFailed,
    VariantChosen,
)
from mockserver.sdk.response import Stream

from .page_context import PageRequest

_TOPICS: Mapping[type, bytes] = {
    MessageStored: b"messages clock",
    MessageChanged: b"messages clock",
    MessageDeleted: b"messages clock",
    MessageScheduled: b"clock",
    MessagesRead: b"messages",
    DeliveryOpened: b"messages clock",
    AttemptEnded: b"messages clock",
    AttemptInterrupted: b"clock",
    DeliveryChanged: b"messages clock",
    InboundScheduled: b"clock",
    ReceiveFailed: b"clock",
    ExchangeRecorded: b"exchanges clock",
    AccountChanged: b"accounts clock",
    EntryStored: b"accounts messages",
    EntryDeleted: b"accounts messages",
    VariantChosen: b"variants clock",
    FaultRuleAdded: b"faults",
    FaultRuleRemoved: b"faults",
    CheckpointMade: b"checkpoints clock",
    CheckpointRemoved: b"checkpoints",
}


def open_event_stream(page_request: PageRequest) -> Stream:
    """Open the stream of what changes in a world.

    Args:
        page_request: the cursors to continue from are ``since`` (events), ``set`` (settings) and ``worlds`` (the list
            of worlds).
    """
    stream = Stream()

    def send_topics(item: object, cursor: int) -> None:
        topics = _TOPICS.get(type(item.event)) if isinstance(item, TimedEvent) else None
        if topics:
            stream.send(b"id: %d\ndata: %s\n\n" % (cursor, topics))

    def send_setting(part: object, _: int) -> None:
        stream.send(b"data: %s\n\n" % str(part).encode())

    def send_worlds(world_id: object, _: int) -> None:
        if world_id == world.id:  # it was dropped or replaced: the browser has to load the page again
            stream.close()
        else:
            stream.send(b"data: worlds\n\n")

    world = page_request.world
    stream.send(b": open\n\n")
    for name, feed, send in (
        ("set", world.settings_changed, send_setting),
        ("worlds", page_request.context.registry.feed, send_worlds),
        ("since", world.feed, send_topics),
    ):
        stream.on_end(feed.follow(page_request.number(name, feed.cursor), send))
    return stream
