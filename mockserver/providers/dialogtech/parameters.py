"""The parameter tables of 000, 001 and 002: what is required, and what each accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from msgspec import Struct

from mockserver.engine.provider_errors import Source, documented
from mockserver.sdk.forms import is_utf8

from .errors import MessageTooLong, MissingParameter, NotADay, NotANumber, NotText

_NUMBER = re.compile(r"1?([0-9]{10})", re.ASCII)
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)


class Parameter(Struct, frozen=True):
    """One row of a table."""

    name: str
    accepts: Callable[[Parameter, str], object]
    """Turns the text into a value, or refuses it; called with the row and the text."""
    source: Source
    """The row as its document has it."""
    is_required: bool = True


def number(row: Parameter, text: str) -> str:
    """The ten digits of a phone number."""
    # 001: "String: Unformatted Phone Number"; DT-24: 10 digits, or 11 with a leading 1, which is the same number
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise NotANumber(name=row.name, value=text).quoting(row.source)
    return found[1]


def day(row: Parameter, text: str) -> date:
    """A day of the calendar."""
    # 000: "Date format should be YYYYMMDD"; Max Length 8 (DT-8)
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else _refuse_day(row, text)
    except ValueError:
        return _refuse_day(row, text)


def _refuse_day(row: Parameter, text: str) -> date:
    raise NotADay(name=row.name, value=text).quoting(row.source)


def word(_row: Parameter, text: str) -> str:
    """Any text."""
    return text


def message(_row: Parameter, text: str) -> str:
    """The text of an SMS."""
    # 001: "message Yes String 256"; DT-19: code points
    if len(text) > 256:
        raise MessageTooLong(length=len(text))
    return text


# 000
GET_MESSAGES = (
    Parameter("start_date", day, documented("000", "start_dateYesDate8Date format should be YYYYMMDD")),
    Parameter("end_date", day, documented("000", "end_dateYesDate8Date format should be YYYYMMDD")),
    Parameter("number", number, documented("000", "numberNoString: Unformatted Phone Number"), is_required=False),
)
# 001; DT-18: the usage texts of `to` and `from` are another page's
SEND_MESSAGE = (
    Parameter("to", number, documented("001", "to Yes String: Unformatted Phone Number")),
    Parameter("from", number, documented("001", "from Yes String: Unformatted Phone Number")),
    Parameter("message", message, documented("001", "message Yes String 256")),
)
TABLES: Mapping[str, tuple[Parameter, ...]] = {
    "sms.get_messages": GET_MESSAGES,
    "sms.send_message": SEND_MESSAGE,
    "sms.get_numbers": (),  # 002 has nothing but the action and the credentials
}
"""What each action reads beside them."""

ACTION = Parameter("action", word, documented("001", "action Yes String: sms.send_message"))
_KEY, _SECRET = "Access Key from the Key Manager within a DialogTech account", "secret_access_key"
CREDENTIALS: Mapping[str, tuple[Parameter, Parameter]] = {
    "sms.get_messages": (
        Parameter("access_key", word, documented("000", f"access_keyYesStringn/a{_KEY}")),
        Parameter(_SECRET, word, documented("000", f"{_SECRET}YesStringn/aSecret {_KEY}")),
    ),
    "sms.send_message": (
        Parameter("access_key", word, documented("001", f"access_key Yes String n/a {_KEY}")),
        Parameter(_SECRET, word, documented("001", f"{_SECRET} Yes String n/a Secret {_KEY}")),
    ),
    "sms.get_numbers": (
        Parameter("access_key", word, documented("002", f"access_key Yes String n/a {_KEY}")),
        Parameter(_SECRET, word, documented("002", f"{_SECRET} Yes String n/a Secret {_KEY}")),
    ),
}
"""The two rows of each action's page that say who asks."""


def obey(table: tuple[Parameter, ...], values: Mapping[str, str]) -> dict[str, object]:
    """The values of a table's rows, in its order.

    Raises:
        Failed: of the first row that is not obeyed.
    """
    return {
        row.name: row.accepts(row, required(row, values)) for row in table if row.is_required or values.get(row.name)
    }


def required(row: Parameter, values: Mapping[str, str]) -> str:
    """The text of a parameter that must be there. DT-37: an empty one is not there.

    Raises:
        MissingParameter: it is absent or empty.
        NotText: its bytes are not UTF-8 (they arrive as surrogate escapes).
    """
    text = values.get(row.name)
    if not text:
        raise MissingParameter(name=row.name).quoting(row.source)
    if not (text.isascii() or is_utf8(text)):  # nearly every text is, and then nothing is called
        raise NotText(name=row.name)
    return text
