"""The filter table of 003, and the page that its answers ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from mockserver.engine.instants import Instant, parse_instant
from mockserver.engine.messages import Direction
from mockserver.sdk.forms import is_utf8

from .errors import EndsBeforeStart, NotADate, NotAMessageType, NotAPage, NotAPageSize, NotText

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_COUNT = re.compile(r"0*([1-9][0-9]{0,8})")
LARGEST_PAGE = 999_999_999
"""As many as nine digits say (MG-8)."""


class PageSize(NamedTuple):
    """Messages on a page."""

    default: int
    largest: int


# 003: "Max page size is 500 SMS messages. The default page size is 50 messages."
PAGE_SIZE = PageSize(default=50, largest=500)

# 003: "Message Type (MT, MO or both)"; MG-11
DIRECTIONS: Mapping[str, Direction] = {"MO": "inbound", "MT": "outbound"}


class Filters(Struct, frozen=True):
    """What is asked for. Their order is the table's, and that of the checks (MG-26)."""

    direction: Direction | None = None
    start: Instant | None = None
    end: Instant | None = None
    """The last second, from its beginning."""
    page_size: int = PAGE_SIZE.default
    page: int = 1


def message_type(_name: str, text: str) -> Direction:
    """The direction of a message type."""
    direction = DIRECTIONS.get(text)
    if direction is None:
        raise NotAMessageType(value=text)
    return direction


def moment(name: str, text: str) -> Instant:
    """The instant at which a second begins."""
    # 003: "The DateTime format is YYYY-MM-DDTHH:MM:SS."; MG-6: in GMT
    try:
        return parse_instant(text) if _DATE.fullmatch(text) else _refuse_date(name, text)
    except ValueError:
        return _refuse_date(name, text)


def _refuse_date(name: str, text: str) -> Instant:
    raise NotADate(name=name, value=text)


def page_size(_name: str, text: str) -> int:
    """How many messages a page holds."""
    size = _count(text)
    if not 1 <= size <= PAGE_SIZE.largest:
        raise NotAPageSize(value=text, largest=PAGE_SIZE.largest)
    return size


def page(_name: str, text: str) -> int:
    """The number of a page."""
    number = _count(text)
    if number < 1:
        raise NotAPage(value=text, largest=LARGEST_PAGE)
    return number


def _count(text: str) -> int:
    """A number of one to nine ASCII digits; 0 for anything else."""
    found = _COUNT.fullmatch(text)
    return int(found[1]) if found else 0


class Parameter(Struct, frozen=True):
    """One row of the table."""

    name: str
    accepts: Callable[[str, str], Any]
    """Turns the text into a value, or refuses it; called with the parameter's name and the text."""
    field: str
    """What it is inside."""


# 003, "Filters (Optional)"
FILTERS = (
    Parameter("messageType", message_type, "direction"),
    Parameter("startDate", moment, "start"),
    Parameter("endDate", moment, "end"),
    Parameter("pageSize", page_size, "page_size"),
)
PAGE = Parameter("page", page, "page")  # MG-8: not in the table, but in the answer's own URL
_ROWS = (*FILTERS, PAGE)
NAMES = tuple(row.name for row in _ROWS)


def obey(values: Mapping[str, str]) -> Filters:
    """The filters that were given, and the defaults of the others.

    Raises:
        Failed: of the first row that is not obeyed.
    """
    given = {row.field: row.accepts(row.name, _text(row.name, values)) for row in _ROWS if row.name in values}
    filters = Filters(**given)
    if filters.start is not None and filters.end is not None and filters.end < filters.start:  # MG-6
        raise EndsBeforeStart(start=values["startDate"], end=values["endDate"])
    return filters


def _text(name: str, values: Mapping[str, str]) -> str:
    if not is_utf8(values[name]):  # MG-23
        raise NotText(name=name)
    return values[name]
