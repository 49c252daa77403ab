"""The parameter table of 004, and what each row accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from mockserver.web.forms import is_utf8

from .errors import NotABoolean, NotADateTime, NotAPage, NotAPhone, NotASingleText, UnknownOrder, UnknownType

# 004: "eco|nd|ndi|pre|mms"
TYPES = ("eco", "nd", "ndi", "pre", "mms")

_PHONE = re.compile(r"(\+?)([1-9][0-9]{6,14})", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK = re.compile(r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "none": None}


class Parameter(NamedTuple):
    """One row of the table."""

    name: str
    accepts: Callable[[str, Any], object]
    """Turns what was sent into a value, or refuses it; called with the parameter's name and a value that is there."""
    is_list: bool = False
    """Whether a form may send it more than once."""


def text(name: str, sent: Any) -> str:
    """One text; a whole number of JSON's is the text of its digits."""
    # SW-36
    if isinstance(sent, bool) or not isinstance(sent, str | int) or not is_utf8(str(sent)):
        raise NotASingleText(name=name, value=sent)
    return str(sent)


def phone(name: str, sent: Any) -> str:
    """A telephone number, in E.164."""
    # SW-8: "+48500600700", "48500600700", "500600700"; SW-6: a space is a plus sign that was not encoded
    found = _PHONE.fullmatch(text(name, sent).strip(" "))
    if found is None:
        raise NotAPhone(name=name, value=sent)
    plus, digits = found.groups()
    return f"+48{digits}" if len(digits) == 9 and not plus else f"+{digits}"


def phones(name: str, sent: Any) -> frozenset[str]:
    """Telephone numbers, in E.164; none of them is no filter."""
    # 004: "String|Array"; SW-7: a list, or one text with commas
    items = sent if isinstance(sent, list) else [sent]
    texts = (part for item in items if item is not None for part in text(name, item).split(","))
    return frozenset(phone(name, part) for part in texts if part.strip(" "))


def moment(name: str, sent: Any) -> date:
    """A day, or a date and time with or without an offset."""
    # 004: "ISO eg. „2014-10-24 17:46:00”"; SW-9
    shown = text(name, sent)
    day, clock = shown[:10], shown[10:]
    try:
        if _DAY.fullmatch(day) and not clock:
            return date.fromisoformat(day)
        if _DAY.fullmatch(day) and _CLOCK.fullmatch(clock):
            return datetime.fromisoformat(shown)
    except ValueError:  # the 30th of February
        pass
    raise NotADateTime(name=name, value=sent)


def type_(name: str, sent: Any) -> str:
    """A type of incoming messages."""
    if text(name, sent) not in TYPES:
        raise UnknownType(name=name, value=sent)
    return str(sent)


def boolean(name: str, sent: Any) -> bool | None:
    """True, false or none."""
    # 004: "true, false or none"; SW-13
    shown = str(sent).lower() if isinstance(sent, str | int) else ""
    if shown not in _TRUTH:
        raise NotABoolean(name=name, value=sent)
    return _TRUTH[shown]


def page(name: str, sent: Any) -> int:
    """The number of a page, from 1."""
    # SW-17: clients of the vendor ask for page 0 and mean the first
    return max(1, _whole(name, sent))


def limit(name: str, sent: Any) -> int:
    """How many on a page."""
    return _whole(name, sent) or _refuse_page(name, sent)


def _whole(name: str, sent: Any) -> int:
    shown = text(name, sent)
    return int(shown) if _WHOLE.fullmatch(shown) else _refuse_page(name, sent)


def _refuse_page(name: str, sent: Any) -> int:
    raise NotAPage(name=name, value=sent)


def order(name: str, sent: Any) -> str:
    """Ascending or descending."""
    if text(name, sent) not in ("asc", "desc"):
        raise UnknownOrder(name=name, value=sent)
    return str(sent)


# 004: "The parameters in bold are obligatory. Others are optional."; SW-5: none of these is
RECIVED = (
    Parameter("phone", phones, is_list=True),
    Parameter("date_from", moment),
    Parameter("date_to", moment),
    Parameter("type", type_),
    Parameter("ndi", phone),
    Parameter("read", boolean),
    Parameter("show_contact", boolean),
    # SW-16: not in 004, but in every client of the vendor
    Parameter("page", page),
    Parameter("limit", limit),
    Parameter("order", order),
)


def obey(table: tuple[Parameter, ...], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a table's rows, in its order; what is left blank is not there.

    Raises:
        Failed: of the first row that is not obeyed.
    """
    # 004: "If the parameter is left blank"; SW-13
    return {
        row.name: row.accepts(row.name, sent[row.name]) for row in table if sent.get(row.name) not in (None, "", [])
    }
