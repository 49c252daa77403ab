"""mGage on the wire: HTTP Basic and a query or form in, JSON or plain text out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import orjson

from mockserver.sdk import (
    AT_ONCE,
    Call,
    Credential,
    Decision,
    Ending,
    Magic,
    MalformedCredentials,
    Message,
    ProviderError,
    ProviderRequest,
    Response,
    ResponseTiming,
    SerializationCache,
    TooManyFields,
    compact,
    datetime_of,
    media_type,
    pairs,
    spliced,
)

from . import magic, quirks
from .errors import (
    BodyTooLarge,
    MgageError,
    PostOnly,
    ServerFault,
    TooManyParameters,
    UnknownPath,
    UnreadableCredentials,
    UnreadableRequest,
    WrongMethod,
)
from .operations.mobile_originated import PLAIN, Accepted
from .operations.programs import Exported
from .paging import next_page_url
from .parameters import DIRECTIONS, FILTERS, NAMES

# MG-16: 003 names no Content-Type
HEADERS = (("Content-Type", "application/json; charset=UTF-8"),)
PLAIN_HEADERS = (("Content-Type", "text/plain; charset=UTF-8"),)  # MG-30
_MORE_HEADERS = {
    # RFC 7617: "The authentication parameter 'realm' is REQUIRED"; MG-13
    401: (("WWW-Authenticate", 'Basic realm="Communicate Pro", charset="UTF-8"'),),
    405: (("Allow", "GET, HEAD"),),
}

# -- in ------------------------------------------------------------------------------------------------------------


def parse(request: ProviderRequest) -> Call:
    """Read a request: the operation from the path, its values from path, query and form, the credentials from the header."""
    operation, values, defect = _read(request)
    try:
        user_and_password = request.basic
    except MalformedCredentials as reason:
        return Call(operation, values, defect=defect or UnreadableCredentials(reason=str(reason)))
    credential = user_and_password and Credential("mgage", *user_and_password, request.is_bound)
    return Call(operation, values, credential, defect)


def _read(request: ProviderRequest) -> tuple[str, dict[str, str], MgageError | None]:
    """Return the operation, its values, and what is wrong with the request."""
    operation, _, last = request.path.rpartition("/")
    if request.path == EXTERNAL_MO:
        return _read_form(request)
    if operation.startswith(OPT_IN):
        return "list.opt_in", {"listId": operation.removeprefix(OPT_IN), "mobile": last}, None
    values = {"programId": last, "address": request.url}
    try:
        for name, value in pairs(request.query):
            if name in NAMES:  # MG-23: others are ignored, and the first of a name counts
                values.setdefault(name, value)
    except TooManyFields as reason:
        return "program.export", values, TooManyParameters(reason=str(reason))
    return "program.export", values, None


def _read_form(request: ProviderRequest) -> tuple[str, dict[str, str], MgageError | None]:
    """Read the query string and the form, as a Java servlet does: the first of a name counts (MG-30)."""
    operation, values = "program.external_mo", dict[str, str]()
    if request.is_too_large:
        return operation, values, BodyTooLarge()
    is_form = media_type(request.get("content-type")) == "application/x-www-form-urlencoded"
    try:
        for name, value in (*pairs(request.query), *(pairs(request.body) if is_form else ())):
            values.setdefault(name, value)
    except TooManyFields as reason:
        return operation, values, TooManyParameters(reason=str(reason))
    return operation, values, None


EXTERNAL_MO, OPT_IN = "/api/externalMO", "/api/optIn/"

ROUTING_ERRORS = {400: UnreadableRequest, 404: UnknownPath, 405: WrongMethod, 500: ServerFault}


def render_routing_error(error: ProviderError, request: ProviderRequest) -> Response:
    """Render the error of a request that reached mGage's host or address but cannot be read as a call."""
    if isinstance(error, WrongMethod) and request.path.startswith((EXTERNAL_MO, OPT_IN)):
        return render_plain_error(PostOnly(method=request.method))
    return render_error(error)


# -- out -----------------------------------------------------------------------------------------------------------


def render(decision: Decision, call: Call, variants: Mapping[str, str], cache: SerializationCache) -> Response:
    """Write a decision in the world's variants."""
    value = decision.value
    if isinstance(value, ProviderError):
        return (render_plain_error if call.operation in PLAIN else render_error)(value)
    return RENDER[type(value)](value, call, variants, cache)


# MG-28
_TIMINGS: Mapping[Magic | None, ResponseTiming] = {
    None: AT_ONCE,
    magic.NO_RESPONSE: ResponseTiming(ending=Ending.CLOSE, instead=b""),
    magic.LATE: ResponseTiming(delay=magic.LATE_SECONDS),
    magic.SILENT: ResponseTiming(ending=Ending.HANG, instead=b""),
}


def render_error(error: ProviderError) -> Response:
    """Render an error in the meta key, without data (MG-14)."""
    meta = {"generalErrors": [str(error)], "nextPageUrl": None}
    headers = HEADERS + _MORE_HEADERS.get(error.status, ())
    return Response(error.status, headers, compact({"meta": meta}), error=error)


def render_plain_error(error: ProviderError) -> Response:
    """Render an error as one sentence in plain text (MG-30)."""
    allow = (("Allow", "POST"),) if error.status == 405 else _MORE_HEADERS.get(error.status, ())
    return Response(error.status, PLAIN_HEADERS + allow, str(error).encode("utf-8", "replace"), error=error)


def _render_accepted(
    _accepted: Accepted, _call: Call, _variants: Mapping[str, str], _cache: SerializationCache
) -> Response:
    return Response(200, PLAIN_HEADERS, b"SUCCESS")  # MG-30


def _render_exported(
    exported: Exported, call: Call, variants: Mapping[str, str], cache: SerializationCache
) -> Response:
    program, values = exported.program, call.values
    filters = {name: values[name] for name in values if name in _CARRIED}
    variant = variants[quirks.NEXT_PAGE_URL.name]
    url = next_page_url(values["address"], exported.following, filters, exported.defaults, variant)
    number, date = variants[quirks.NUMBER.name], variants[quirks.DATE.name]
    write_message = partial(_write_message, number=_NUMBERS[number], date_length=_DATE_LENGTHS[date])
    messages = cache.joined(exported.messages.slices, ("mgage", number, date), write_message, b",")
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
    return Response(200, HEADERS, spliced(document, b"]}}", messages), _TIMINGS[exported.meaning])


RENDER: Mapping[type, Callable[[Any, Call, Mapping[str, str], SerializationCache], Response]] = {
    Exported: _render_exported,
    Accepted: _render_accepted,
}

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
