"""The filter table of 003, and the ``page`` parameter of the responses' next-page URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from mockserver.sdk import (
    SECOND,
    Direction,
    Instant,
    Parameter,
    assumed,
    choice,
    documented,
    integer,
    matching,
    parse_instant,
    text,
)

from .errors import NotADate, NotAMessageType, NotAPage, NotAPageSize, NotText


class PageSize(NamedTuple):
    """The number of messages on a page."""

    default: int
    largest: int


# 003: "Max page size is 500 SMS messages. The default page size is 50 messages."
PAGE_SIZE = PageSize(default=50, largest=500)

# 003: "Message Type (MT, MO or both)"; MG-11
DIRECTIONS: Mapping[str, Direction] = {"MO": "inbound", "MT": "outbound"}

# 003: "The DateTime format is YYYY-MM-DDTHH:MM:SS."; MG-6: in GMT, and as a response prints it, cut to hundredths of a second
_FORMAT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?P<hundredths>\.[0-9]{2})?"


def _last_instant(found: re.Match[str]) -> Instant:
    """Return the last instant that is written like this."""
    return parse_instant(found[0]) + (SECOND if found["hundredths"] is None else SECOND // 100) - 1


START = matching(_FORMAT, NotADate, lambda found: parse_instant(found[0]))
END = matching(_FORMAT, NotADate, _last_instant)

_row = partial(Parameter, not_text=NotText)  # MG-23

PROGRAM_ID = _row(
    "programId",
    text(),
    documented("003", "Request URL https://communicatepro.mgage.com/api/messages/program/{programId}"),
    place="path",
)
# 003, "Filters (Optional)"; their order is the table's, and that of the checks (MG-26)
FILTERS = (
    _row(
        "messageType",
        choice(DIRECTIONS, NotAMessageType),
        documented("003", "messageType | String | Message Type, MO, or MT."),
        field="direction",
    ),
    _row("startDate", START, documented("003", "startDate | DateTime | Return data using this"), field="start"),
    _row("endDate", END, documented("003", "endDate | DateTime | Return data using this"), field="end"),
    _row(
        "pageSize",
        integer(NotAPageSize, 1, PAGE_SIZE.largest),
        documented("003", "pageSize | Numeric | Specify the size of the Page for response data."),
        field="page_size",
    ),
)
# MG-8: not in the table, but in the answer's own URL; as many as nine digits say
PAGE = _row("page", integer(NotAPage, 1, 999_999_999), assumed("MG-8"))
NAMES = tuple(row.name for row in (*FILTERS, PAGE))
