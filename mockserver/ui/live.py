"""What has changed, as server-sent events: names of topics alone. Who shows one asks for what he shows of it."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.engine.events import (
    AccountChanged,
    ArrivalScheduled,
    AttemptEnded,
    DeliveryChanged,
    DeliveryOpened,
    FaultRuleAdded,
    FaultRuleRemoved,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
    VariantChosen,
)
from mockserver.engine.world import ExchangeRecorded, ReceiveFailed, TimedEvent
from mockserver.sdk.response import Stream

from .page_context import Visit

_TOPICS: Mapping[type, bytes] = {
    MessageStored: b"messages clock",
    MessageChanged: b"messages clock",
    MessageDeleted: b"messages clock",
    MessagesRead: b"messages",
    DeliveryOpened: b"messages clock",
    AttemptEnded: b"messages clock",
    DeliveryChanged: b"messages clock",
    ArrivalScheduled: b"clock",
    ReceiveFailed: b"clock",
    ExchangeRecorded: b"exchanges clock",
    AccountChanged: b"accounts clock",
    VariantChosen: b"readings clock",
    FaultRuleAdded: b"faults",
    FaultRuleRemoved: b"faults",
}


def live(visit: Visit) -> Stream:
    """Everything after a cursor: ``since`` of this world, ``set`` of what was set in it, ``worlds`` of which worlds there are."""
    stream = Stream()

    def happened(item: object, cursor: int) -> None:
        topics = _TOPICS.get(type(item.what)) if isinstance(item, TimedEvent) else None
        if topics:
            stream.send(b"id: %d\ndata: %s\n\n" % (cursor, topics))

    def setting_changed(part: object, _: int) -> None:
        stream.send(b"data: %s\n\n" % str(part).encode())

    def came_or_went(world_id: object, _: int) -> None:
        if world_id == world.id:  # it is gone, or another one has its name: whoever looks has to look again
            stream.close()
        else:
            stream.send(b"data: worlds\n\n")

    world = visit.world
    stream.send(b": open\n\n")
    for name, feed, tell in (
        ("set", world.settings_changed, setting_changed),
        ("worlds", visit.desk.house.feed, came_or_went),
        ("since", world.feed, happened),
    ):
        stream.on_end(feed.follow(visit.number(name, feed.cursor), tell))
    return stream
