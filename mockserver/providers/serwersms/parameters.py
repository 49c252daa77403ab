"""The parameter table of 004, and what each row accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from mockserver.engine.provider_errors import Source, assumed, documented
from mockserver.sdk.forms import is_utf8

from .errors import NotABoolean, NotADateTime, NotAPage, NotAPhone, NotASingleText, UnknownOrder, UnknownType

# 004: "eco|nd|ndi|pre|mms"
TYPES = ("eco", "nd", "ndi", "pre", "mms")

_PHONE = re.compile(r"(\+?)([1-9][0-9]{6,14})", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK = re.compile(r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "none": None}


class Parameter(Struct, frozen=True):
    """One row of the table."""

    name: str
    accepts: Callable[[Parameter, Any], object]
    """Turns what was sent into a value, or refuses it; called with the row and a value that is there."""
    source: Source
    """The row as 004 has it, or the quirk by which it is here."""
    is_list: bool = False
    """Whether a form may send it more than once."""


def text(row: Parameter, sent: Any) -> str:
    """One text; a whole number of JSON's is the text of its digits."""
    # SW-36
    if isinstance(sent, bool) or not isinstance(sent, str | int) or not is_utf8(str(sent)):
        raise NotASingleText(name=row.name, value=sent).quoting(row.source)
    return str(sent)


def phone(row: Parameter, sent: Any) -> str:
    """A telephone number, in E.164."""
    # SW-8: "+48500600700", "48500600700", "500600700"; SW-6: a space is a plus sign that was not encoded
    found = _PHONE.fullmatch(text(row, sent).strip(" "))
    if found is None:
        raise NotAPhone(name=row.name, value=sent).quoting(row.source)
    plus, digits = found.groups()
    return f"+48{digits}" if len(digits) == 9 and not plus else f"+{digits}"


def phones(row: Parameter, sent: Any) -> frozenset[str]:
    """Telephone numbers, in E.164; none of them is no filter."""
    # 004: "String|Array"; SW-7: a list, or one text with commas
    items = sent if isinstance(sent, list) else [sent]
    texts = (part for item in items if item is not None for part in text(row, item).split(","))
    return frozenset(phone(row, part) for part in texts if part.strip(" "))


def moment(row: Parameter, sent: Any) -> date:
    """A day, or a date and time with or without an offset."""
    # 004: "ISO eg. „2014-10-24 17:46:00”"; SW-9
    shown = text(row, sent)
    day, clock = shown[:10], shown[10:]
    try:
        if _DAY.fullmatch(day) and not clock:
            return date.fromisoformat(day)
        if _DAY.fullmatch(day) and _CLOCK.fullmatch(clock):
            return datetime.fromisoformat(shown)
    except ValueError:  # the 30th of February
        pass
    raise NotADateTime(name=row.name, value=sent)


def type_(row: Parameter, sent: Any) -> str:
    """A type of incoming messages."""
    if text(row, sent) not in TYPES:
        raise UnknownType(name=row.name, value=sent)
    return str(sent)


def boolean(row: Parameter, sent: Any) -> bool | None:
    """True, false or none."""
    # 004: "true, false or none"; SW-13
    shown = str(sent).lower() if isinstance(sent, str | int) else ""
    if shown not in _TRUTH:
        raise NotABoolean(name=row.name, value=sent)
    return _TRUTH[shown]


def page(row: Parameter, sent: Any) -> int:
    """The number of a page, from 1."""
    # SW-17: clients of the vendor ask for page 0 and mean the first
    return max(1, _whole(row, sent))


def limit(row: Parameter, sent: Any) -> int:
    """How many on a page."""
    return _whole(row, sent) or _refuse_page(row, sent)


def _whole(row: Parameter, sent: Any) -> int:
    shown = text(row, sent)
    return int(shown) if _WHOLE.fullmatch(shown) else _refuse_page(row, sent)


def _refuse_page(row: Parameter, sent: Any) -> int:
    raise NotAPage(name=row.name, value=sent)


def order(row: Parameter, sent: Any) -> str:
    """Ascending or descending."""
    if text(row, sent) not in ("asc", "desc"):
        raise UnknownOrder(name=row.name, value=sent)
    return str(sent)


def one_phone(row: Parameter, sent: Any) -> str:
    """A telephone number where several might stand."""
    found = phones(row, sent)  # a form's is a list (SW-7)
    if len(found) != 1:
        raise NotAPhone(name=row.name, value=sent).quoting(row.source)
    return next(iter(found))


# 004: "The parameters in bold are obligatory. Others are optional."; SW-5: none of these is
RECIVED = (
    Parameter("phone", phones, documented("004", "phone | String|Array"), is_list=True),
    Parameter("date_from", moment, documented("004", "date_from oraz date_to | DateTime")),
    Parameter("date_to", moment, documented("004", "date_from oraz date_to | DateTime")),
    Parameter("type", type_, documented("004", "type | String | eco|nd|ndi|pre|mms")),
    Parameter("ndi", phone, documented("004", "ndi | String | Number NDI in format +48500600700")),
    Parameter("read", boolean, documented("004", "read | Boolean | true, false or none")),
    Parameter("show_contact", boolean, documented("004", "show_contact | Boolean | true, false or none")),
    # SW-16: not in 004, but in every client of the vendor
    Parameter("page", page, assumed("SW-16")),
    Parameter("limit", limit, assumed("SW-16")),
    Parameter("order", order, assumed("SW-18")),
)
# SW-56: not in 004, but in the vendor's clients
SEND_ND = (
    Parameter("phone", one_phone, assumed("SW-56"), is_list=True),
    Parameter("text", text, assumed("SW-56")),
)
SEND_NDI = (*SEND_ND, Parameter("ndi_number", phone, assumed("SW-56")))
TABLES: Mapping[str, tuple[Parameter, ...]] = {
    "messages.recived": RECIVED,
    "messages.send_nd": SEND_ND,
    "messages.send_ndi": SEND_NDI,
}
"""What each action reads beside the credentials."""


_BLANK: tuple[object, ...] = (None, "", [])


def obey(table: tuple[Parameter, ...], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a table's rows, in its order; what is left blank is not there.

    Raises:
        Failed: of the first row that is not obeyed.
    """
    # 004: "If the parameter is left blank"; SW-13
    there = [row for row in table if row.name in sent and sent[row.name] not in _BLANK]
    return {row.name: row.accepts(row, sent[row.name]) for row in there}
