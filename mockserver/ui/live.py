"""What has changed, as server-sent events: names of topics alone. Who shows one asks for what he shows of it."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.engine.events import (
    AccountChanged,
    AttemptEnded,
    DeliveryChanged,
    DeliveryOpened,
    FaultRuleAdded,
    FaultRuleRemoved,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
    VariantChosen,
)
from mockserver.engine.world import ExchangeRecorded, ReceiveFailed, TimedEvent
from mockserver.sdk.response import Stream

from .page_context import PageRequest

_TOPICS: Mapping[type, bytes] = {
    MessageStored: b"messages clock",
    MessageChanged: b"messages clock",
    MessageDeleted: b"messages clock",
    MessagesRead: b"messages",
    DeliveryOpened: b"messages clock",
    AttemptEnded: b"messages clock",
    DeliveryChanged: b"messages clock",
    InboundScheduled: b"clock",
    ReceiveFailed: b"clock",
    ExchangeRecorded: b"exchanges clock",
    AccountChanged: b"accounts clock",
    VariantChosen: b"variants clock",
    FaultRuleAdded: b"faults",
    FaultRuleRemoved: b"faults",
}


def live(page_request: PageRequest) -> Stream:
    """Everything after a cursor: ``since`` of this world, ``set`` of what was set in it, ``worlds`` of which worlds there are."""
    stream = Stream()

    def event_json(item: object, cursor: int) -> None:
        topics = _TOPICS.get(type(item.event)) if isinstance(item, TimedEvent) else None
        if topics:
            stream.send(b"id: %d\ndata: %s\n\n" % (cursor, topics))

    def setting_changed(part: object, _: int) -> None:
        stream.send(b"data: %s\n\n" % str(part).encode())

    def came_or_went(world_id: object, _: int) -> None:
        if world_id == world.id:  # it is gone, or another one has its name: whoever looks has to look again
            stream.close()
        else:
            stream.send(b"data: worlds\n\n")

    world = page_request.world
    stream.send(b": open\n\n")
    for name, feed, show in (
        ("set", world.settings_changed, setting_changed),
        ("worlds", page_request.desk.registry.feed, came_or_went),
        ("since", world.feed, event_json),
    ):
        stream.on_end(feed.follow(page_request.number(name, feed.cursor), show))
    return stream
