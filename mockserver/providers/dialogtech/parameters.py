"""The parameters that the actions share, and the values that they accept: the tables of 000, 001 and 002."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mockserver.sdk import Kind, Parameter, assumed, day, documented, matching, text

from .errors import MessageTooLong, MissingParameter, NotADay, NotANumber, NotAUrl, NotText

TEXT = text()
# 001: "String: Unformatted Phone Number"; DT-24: 10 digits, or 11 with a leading 1, which is the same number
NUMBER = matching("1?([0-9]{10})", NotANumber, group=1)
# 000: "Date format should be YYYYMMDD"; Max Length 8 (DT-8)
DAY = day(NotADay, "YYYYMMDD")
# 001: "message Yes String 256"; DT-19: code points
MESSAGE = text(256, MessageTooLong)


_URL = matching(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#][^\s]*", NotAUrl)
_URL_LENGTH = 1_024


def _parse_url(row: Parameter, sent: Any) -> str:
    found: str = _URL.parse(row, sent)
    try:
        has_port = urlsplit(found).port != 0
    except ValueError:
        has_port = False
    if len(found) > _URL_LENGTH or not has_port:
        raise row.error(NotAUrl, value=sent)
    return found


# DT-50: "No String URL 1024"
URL = Kind(_parse_url, NotAUrl, {**_URL.schema, "maxLength": _URL_LENGTH})

# DT-37: an empty value is an absent one
optional = partial(Parameter, not_text=NotText)
required = partial(optional, missing=MissingParameter)

ACTION = required("action", TEXT, documented("001", "action Yes String: sms.send_message"))
API_KEY = optional("api_key", TEXT, assumed("DT-35"), is_secret=True)


def common(document: str, types: str) -> tuple[Parameter, ...]:
    """Return the parameters that every action reads before its own: the action and the credentials (DT-35).

    Args:
        document: the page.
        types: what stands there between the name of a credential and its usage.
    """
    usage = "Access Key from the Key Manager within a DialogTech account"
    return (
        ACTION,
        required("access_key", TEXT, documented(document, f"access_key{types}{usage}"), is_secret=True),
        required(
            "secret_access_key",
            TEXT,
            documented(document, f"secret_access_key{types}Secret {usage}"),
            is_secret=True,
        ),
        API_KEY,
    )
