"""How many messages of each send were delivered."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from msgspec import Struct

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.delivery import DELIVERED, UNDELIVERED, UNSENT
from mockserver.providers.serwersms.errors import UnknownOutboundType
from mockserver.providers.serwersms.paging import begins, ends
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, MOMENT, row
from mockserver.providers.serwersms.results import Listed
from mockserver.sdk import (
    EARLIEST,
    LATEST,
    Account,
    Call,
    Decision,
    IdReservation,
    Instant,
    Message,
    Operation,
    State,
    account_key,
    assumed,
    choice,
    datetime_of,
    kind_key,
    parse_instant,
    parse_parameters,
    zone_of,
)

from .reports import TYPES

STATS = (
    row("type", choice(TYPES, UnknownOutboundType), assumed("SW-77")),
    row("begin", MOMENT, assumed("SW-77")),
    row("end", MOMENT, assumed("SW-77")),
)


class StatItem(Struct, frozen=True):
    """What became of the messages of one send."""

    id: int
    name: str
    delivered: int
    pending: int
    undelivered: int
    unsent: int
    begin: datetime
    end: datetime
    text: str
    type: str


def index(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """List the sends of the account, the newest first (SW-77)."""
    values = parse_parameters(STATS, call.values, blank=BLANK)
    zone = zone_of(state.variants[quirks.ZONE.name])
    key = (
        kind_key(account.key, values["type"], "outbound") if "type" in values else account_key(account.key, "outbound")
    )
    since = begins(values["begin"], zone) if "begin" in values else EARLIEST
    until = ends(values["end"], zone) if "end" in values else LATEST
    found = state.message_store.select(key, since, until)
    sends: dict[int, list[Message]] = {}
    for message in found.messages():
        sends.setdefault(message.fields.get("stat_id", 0), []).append(message)
    items = tuple(_item(number, sends[number]) for number in reversed(sends))
    return Decision(now, Listed(items), account=account.key, size=found.total)


def _item(number: int, messages: list[Message]) -> StatItem:
    counts, first = Counter(message.status for message in messages), messages[0]
    ended = counts[DELIVERED] + counts[UNDELIVERED] + counts[UNSENT]
    return StatItem(
        id=number,
        name=f"{first.kind.upper()} {number}",
        delivered=counts[DELIVERED],
        pending=len(messages) - ended,
        undelivered=counts[UNDELIVERED],
        unsent=counts[UNSENT],
        begin=datetime_of(first.at),
        end=datetime_of(max(map(_latest_change, messages))),
        text=first.text,
        type=first.kind,
    )


def _latest_change(message: Message) -> Instant:
    """Return when a message came into its state."""
    times = (message.fields[name] for name in ("delivered", "ended", "sent") if name in message.fields)
    latest = next(times, None)
    return message.at if latest is None else parse_instant(latest)


OPERATIONS = (
    Operation(
        name="stats.index",
        source=assumed("SW-77"),
        decide=index,
        looks_through=True,
        parameters=STATS,
        common=CREDENTIALS,
    ),
)
