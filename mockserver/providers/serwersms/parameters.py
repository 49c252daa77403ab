"""What parameters accept, the rows that operations share, and the table of 004."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from mockserver.sdk import (
    Kind,
    Malformed,
    Parameter,
    Source,
    assumed,
    choice,
    documented,
    flag,
    integer,
    json_value,
    list_of,
    matching,
    parse_parameters,
    text,
)

from .errors import (
    InvalidId,
    MissingParameter,
    NotABoolean,
    NotADateTime,
    NotAPage,
    NotAPhone,
    NotASingleText,
    NotRecords,
    UnknownOrder,
    UnknownSort,
    UnknownType,
)

# 004: "eco|nd|ndi|pre|mms"
TYPES = ("eco", "nd", "ndi", "pre", "mms")

TWO_WAY = "2way"
"""A type that the vendor's plugin for WordPress requests, and that no document has (SW-14)."""

# 004: "If the parameter is left blank"; SW-38
BLANK: tuple[object, ...] = (None, "", [])


def _e164(found: re.Match[str]) -> str:
    plus, digits = found.groups()
    return f"+48{digits}" if len(digits) == 9 and not plus else f"+{digits}"


def _moment(found: re.Match[str]) -> date:
    return datetime.fromisoformat(found[0]) if found["clock"] else date.fromisoformat(found[0])


TEXT = text()  # SW-36
# SW-8: "+48500600700", "48500600700", "500600700"; SW-6: a space is a plus sign that was not encoded
PHONE = matching(r" *(\+?)([1-9][0-9]{6,14}) *", NotAPhone, _e164)
# 004: "String|Array"; SW-7: a list, or one text with commas; none of them is no filter
PHONES = list_of(PHONE)


def _parse_one_phone(row: Parameter, sent: Any) -> str:
    """Parse one telephone number from a place where a form sends a list (SW-7)."""
    found = set(PHONES.parse(row, sent))
    if len(found) != 1:
        raise row.wrong(sent)
    return str(found.pop())


ONE_PHONE = Kind(_parse_one_phone, NotAPhone, PHONES.schema)
# 004: "ISO eg. „2014-10-24 17:46:00”"; SW-9: a day, or a date and time with or without an offset
moment = partial(
    matching,
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<clock>[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?)?",
    convert=_moment,
)
MOMENT = moment(NotADateTime)
# 004: "true, false or none"; SW-13
BOOLEAN = flag(NotABoolean, {"true": True, "1": True, "false": False, "0": False, "none": None, "null": None})
_NINE_DIGITS = "[0-9]{1,9}"
ID = matching("[0-9]{1,15}", InvalidId, lambda found: int(found[0]))
_NO_GROUP = "none"
_GROUPS = list_of(matching(f"[0-9]{{1,15}}|{_NO_GROUP}", InvalidId))


def _parse_group_ids(row: Parameter, sent: Any) -> tuple[int, ...] | None:
    """Parse the ids of groups: none of them for ``none``, and ``None`` where none was sent (SW-82)."""
    found = _GROUPS.parse(row, sent)
    return tuple(int(each) for each in found if each != _NO_GROUP) if found else None


GROUP_IDS = Kind(_parse_group_ids, InvalidId, _GROUPS.schema)


def _parse_records(row: Parameter, sent: Any) -> tuple[Any, ...]:
    """Parse a list of objects, a single one, or a text of JSON with either (SW-82)."""
    found = sent
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        found = found[0]  # a form's list of one text
    if isinstance(found, str):
        try:
            found = json_value(row.text(found).encode())
        except Malformed:
            raise row.wrong(sent) from None
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not any(isinstance(each, dict) for each in found):
        raise row.wrong(sent)
    return tuple(found)


RECORDS = Kind(_parse_records, NotRecords, {"type": "array", "items": {"type": "object"}})

row = partial(Parameter, not_text=NotASingleText)
required = partial(row, missing=MissingParameter)

CREDENTIALS = (
    row("username", TEXT, documented("004", "username | String | Login | Username to the account"), is_secret=True),
    row("password", TEXT, documented("004", "password | String | Haslo | Password to the account"), is_secret=True),
)
# SW-16: not in 004, but in every client of the vendor; SW-17
PAGE = (
    row("page", integer(NotAPage, 0, 999_999_999, _NINE_DIGITS), assumed("SW-16")),
    row("limit", integer(NotAPage, 1, 999_999_999, _NINE_DIGITS), assumed("SW-16")),
)
ORDER = row("order", choice(("asc", "desc"), UnknownOrder), assumed("SW-16"))


def sort_by(fields: tuple[str, ...], source: Source) -> Parameter:
    """Return the parameter that names the field by which a list is ordered (SW-78)."""
    return row("sort", choice(fields, UnknownSort), source)


# 004: "The parameters in bold are obligatory. Others are optional."; SW-5: none of these is
_TYPE = partial(row, "type", source=documented("004", "type | String | eco|nd|ndi|pre|mms"))
RECIVED = (
    row("phone", PHONES, documented("004", "phone | String|Array")),
    row("date_from", MOMENT, documented("004", "date_from oraz date_to | DateTime")),
    row("date_to", MOMENT, documented("004", "date_from oraz date_to | DateTime")),
    _TYPE(kind=choice(TYPES, UnknownType)),
    row("ndi", PHONE, documented("004", "ndi | String | Number NDI in format +48500600700")),
    row("read", BOOLEAN, documented("004", "read | Boolean | true, false or none")),
    row("show_contact", BOOLEAN, documented("004", "show_contact | Boolean | true, false or none")),
    *PAGE,
    ORDER,
)
_WITH_TWO_WAY = tuple(
    _TYPE(kind=choice((*TYPES, TWO_WAY), UnknownType)) if each.name == "type" else each for each in RECIVED
)
_RECIVED_TABLES = {"rejected": RECIVED, "eco": _WITH_TWO_WAY, "empty": _WITH_TWO_WAY}
"""The table of ``messages/recived`` by the variant of SW-14."""


def parse_recived(sent: Mapping[str, Any], two_way: str) -> dict[str, Any]:
    """Parse the parameters of ``messages/recived`` in a variant of SW-14.

    Raises:
        ProviderError: one of them is not accepted.
    """
    values = parse_parameters(_RECIVED_TABLES[two_way], sent, blank=BLANK)
    if values.get("type") == TWO_WAY and two_way == "eco":
        values["type"] = "eco"  # SW-14; else no message is of that type
    return values


# SW-56: not in 004, but in the vendor's clients
SEND_ND = (required("phone", ONE_PHONE, assumed("SW-56")), required("text", TEXT, assumed("SW-56")))
SEND_NDI = (*SEND_ND, required("ndi_number", PHONE, assumed("SW-56")))
