"""The parameter tables of 000, 001 and 002: what is required, and what each accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from mockserver.web.forms import is_utf8

from .errors import MessageTooLong, MissingParameter, NotADay, NotANumber, NotText

_NUMBER = re.compile(r"1?([0-9]{10})", re.ASCII)
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)


class Parameter(NamedTuple):
    """One row of a table."""

    name: str
    accepts: Callable[[str, str], object]
    """Turns the text into a value, or refuses it; called with the parameter's name and the text."""
    is_required: bool = True


def number(name: str, text: str) -> str:
    """The ten digits of a phone number."""
    # 001: "String: Unformatted Phone Number"; DT-24: 10 digits, or 11 with a leading 1, which is the same number
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise NotANumber(name=name, value=text)
    return found[1]


def day(name: str, text: str) -> date:
    """A day of the calendar."""
    # 000: "Date format should be YYYYMMDD"; Max Length 8 (DT-8)
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else _refuse_day(name, text)
    except ValueError:
        return _refuse_day(name, text)


def _refuse_day(name: str, text: str) -> date:
    raise NotADay(name=name, value=text)


def message(_name: str, text: str) -> str:
    """The text of an SMS."""
    # 001: "message Yes String 256"; DT-19: code points
    if len(text) > 256:
        raise MessageTooLong(length=len(text))
    return text


# 000
GET_MESSAGES = (
    Parameter("start_date", day),
    Parameter("end_date", day),
    Parameter("number", number, is_required=False),
)
# 001; DT-18: the usage texts of `to` and `from` are another page's
SEND_MESSAGE = (
    Parameter("to", number),
    Parameter("from", number),
    Parameter("message", message),
)
TABLES: Mapping[str, tuple[Parameter, ...]] = {
    "sms.get_messages": GET_MESSAGES,
    "sms.send_message": SEND_MESSAGE,
    "sms.get_numbers": (),  # 002 has nothing but the action and the credentials
}
"""What each action reads beside them."""


def obey(table: tuple[Parameter, ...], values: Mapping[str, str]) -> dict[str, object]:
    """The values of a table's rows, in its order.

    Raises:
        Failed: of the first row that is not obeyed.
    """
    return {
        row.name: row.accepts(row.name, required(row.name, values))
        for row in table
        if row.is_required or values.get(row.name)
    }


def required(name: str, values: Mapping[str, str]) -> str:
    """The text of a parameter that must be there. DT-37: an empty one is not there.

    Raises:
        MissingParameter: it is absent or empty.
        NotText: its bytes are not UTF-8 (they arrive as surrogate escapes).
    """
    text = values.get(name)
    if not text:
        raise MissingParameter(name=name)
    if not is_utf8(text):
        raise NotText(name=name)
    return text
