"""mGage on the wire: HTTP Basic and a query in, JSON out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TypeAlias

import orjson

from mockserver.engine.accounts import Credential
from mockserver.engine.decisions import Decision
from mockserver.engine.instants import datetime_of
from mockserver.engine.messages import Message
from mockserver.engine.provider_errors import Refused
from mockserver.sdk.forms import pairs
from mockserver.sdk.provider import Call, Magic
from mockserver.sdk.request import Asked
from mockserver.sdk.response import AT_ONCE, Ending, Response, ResponseTiming
from mockserver.sdk.serialization_cache import Fragments, compact, spliced

from . import magic, quirks
from .errors import ServerFault, UnknownPath, UnreadableCredentials, UnreadableRequest, WrongMethod
from .operations import Exported
from .paging import next_page_url
from .parameters import DIRECTIONS, FILTERS, NAMES

# MG-16: 003 names no Content-Type
HEADERS = (("Content-Type", "application/json; charset=UTF-8"),)
_MORE_HEADERS = {
    # RFC 7617: "The authentication parameter 'realm' is REQUIRED"; MG-13
    401: (("WWW-Authenticate", 'Basic realm="Communicate Pro", charset="UTF-8"'),),
    405: (("Allow", "GET, HEAD"),),
}

# -- in ------------------------------------------------------------------------------------------------------------


def read(asked: Asked) -> Call:
    """Read a request: the program's id from the path, the filters from the query, who asks from the header."""
    values = {"programId": asked.path.rpartition("/")[2], "address": asked.url}
    for name, value in pairs(asked.query):
        if name in NAMES:  # MG-23: others are ignored, and the first of a name counts
            values.setdefault(name, value)
    try:
        user_and_password = basic(asked.authorization)
    except UnreadableCredentials as refusal:
        return Call("program.export", values, defect=refusal)
    credential = user_and_password and Credential("mgage", *user_and_password, asked.is_bound)
    return Call("program.export", values, credential)


@lru_cache(maxsize=256)
def basic(header: str) -> tuple[str, str] | None:
    """The user and password of an Authorization header; ``None`` when there is none, or one of another scheme.

    Raises:
        UnreadableCredentials: it is HTTP Basic, and is not.
    """
    scheme, _, encoded = header.strip(" \t").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(" "), validate=True).decode().partition(":")
    except UnicodeDecodeError:
        raise UnreadableCredentials(reason="not UTF-8") from None
    except ValueError:
        raise UnreadableCredentials(reason="not base64") from None
    # RFC 7617: "a user-id containing a colon character is invalid"; a password may have as many as it likes
    if not colon:
        raise UnreadableCredentials(reason="no colon between user and password")
    return user, password


ASTRAY = {400: UnreadableRequest, 404: UnknownPath, 405: WrongMethod, 500: ServerFault}


def astray(asked: Asked, status: int) -> Response:
    """Answer what reached mGage's host or address but cannot be read as a call."""
    return write_refusal(WrongMethod(method=asked.method) if status == 405 else ASTRAY.get(status, ServerFault)())


# -- out -----------------------------------------------------------------------------------------------------------


def write(decision: Decision, call: Call, readings: Mapping[str, str], fragments: Fragments) -> Response:
    """The answer that a decision has in this world's readings."""
    value = decision.value
    if isinstance(value, Refused):
        return write_refusal(value)
    assert isinstance(value, Exported)
    body = _write_exported(value, call.values, readings, fragments)
    return Response(200, HEADERS, body, _DELIVERIES[value.meaning])


# MG-28
_DELIVERIES: Mapping[Magic | None, ResponseTiming] = {
    None: AT_ONCE,
    magic.LOST: ResponseTiming(ending=Ending.CLOSE, instead=b""),
    magic.LATE: ResponseTiming(delay=magic.LATE_SECONDS),
    magic.SILENT: ResponseTiming(ending=Ending.HANG, instead=b""),
}


def write_refusal(refusal: Refused) -> Response:
    """003: "you can find the details of what went wrong under the meta key of the response"; MG-14: and no data."""
    meta = {"generalErrors": [str(refusal)], "nextPageUrl": None}
    headers = HEADERS + _MORE_HEADERS.get(refusal.status, ())
    return Response(refusal.status, headers, compact({"meta": meta}), refusal=refusal)


def _write_exported(
    exported: Exported, values: Mapping[str, str], readings: Mapping[str, str], fragments: Fragments
) -> bytes:
    program, page = exported.program, exported.page
    filters = {name: values[name] for name in values if name in _CARRIED}
    url = next_page_url(values["address"], page.following, filters, readings[quirks.NEXT_PAGE_URL.name])
    number, date = readings[quirks.NUMBER.name], readings[quirks.DATE.name]
    write_message = partial(_write_message, number=_NUMBERS[number], date_length=_DATE_LENGTHS[date])
    messages = fragments.joined(page.messages, ("mgage", number, date), write_message, b",")
    # MG-1, MG-2: the example's structure, the names of the specification and no other
    document = {
        "meta": {"generalErrors": [], "nextPageUrl": url},
        "data": {
            "campaignName": program.campaign,
            "programName": program.name,
            "programType": program.kind,
            "messages": [],  # MG-22: empty where there are none
        },
    }
    return spliced(document, b"]}}", messages)


_Number: TypeAlias = Callable[[str], str | int]

_CARRIED = frozenset(row.name for row in FILTERS)
_TYPES = {direction: name for name, direction in DIRECTIONS.items()}
# 003: "(Numeric) Mobile Number", and a string in the sample; MG-3, MG-4
_NUMBERS: Mapping[str, _Number] = {"string": str, "numeric": int}
# 003: "2014-12-05T10:00:00.00" in the sample, "2012-05-08T11:56:05" in the table; MG-5
_DATE_LENGTHS = {"sample": len("2014-12-05T10:00:00.00"), "iso": len("2012-05-08T11:56:05")}


def _write_message(message: Message, number: _Number, date_length: int) -> bytes:
    return orjson.dumps(
        {
            "type": _TYPES[message.direction],
            "deliveryStatus": message.status,  # MG-20
            # 003: "Mobile Number"; MG-19: the handset's, in both directions
            "number": number(message.sender if message.direction == "inbound" else message.recipient),
            "body": message.text,
            # 003: "returned in GMT in ISO-8601 format"
            "date": datetime_of(message.at).isoformat(timespec="milliseconds")[:date_length],
            "network": message.network,
        }
    )
