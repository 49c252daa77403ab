"""DialogTech on the wire: parameters in, XML out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lxml import etree

from mockserver.sdk import (
    AT_ONCE,
    Call,
    Credential,
    Decision,
    Ending,
    Malformed,
    Message,
    OutgoingRequest,
    ProviderError,
    ProviderRequest,
    Response,
    ResponseTiming,
    SerializationCache,
    State,
    TooManyFields,
    WebhookDelivery,
    datetime_of,
    media_type,
    multipart_pairs,
    pairs,
    read_bytes,
    subject,
    zone_of,
)

from . import quirks
from .error_texts import error_text
from .errors import (
    BadRequest,
    BodyTooLarge,
    BodyUnreadable,
    DialogTechError,
    ServerFault,
    TooManyParameters,
    UnknownPath,
    WrongMethod,
)
from .operations import LOGIN
from .operations.general import BuildingBlocks, LoggedIn
from .operations.messages import Deleted, Found, FoundById, Sent, SentNoReply
from .operations.numbers import Numbers, Registered, Unregistered
from .webhooks import INBOUND, REPORT

# DT-34: no page names a Content-Type; without the charset `requests` would read Latin-1
HEADERS = (("Content-Type", "text/xml; charset=UTF-8"),)

# DT-25: the half of the page that has a prologue counts
_PROLOGUE = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- in ------------------------------------------------------------------------------------------------------------


def parse(request: ProviderRequest) -> Call:
    """Read a request as PHP's ``$_REQUEST`` does: DT-10, DT-16, DT-20, DT-31, DT-37, DT-46."""
    values: dict[str, str] = {}
    defect: DialogTechError | None = None
    try:
        if request.query:
            values.update(pairs(request.query))
        if request.method == "POST":
            values.update(_form(request))
    except TooManyFields as reason:
        defect = TooManyParameters(reason=str(reason))
    except DialogTechError as error:
        defect = error
    return Call(values.get("action", ""), values, _credential(values, request.is_bound), defect)


def _form(request: ProviderRequest) -> list[tuple[str, str]]:
    if request.is_too_large:
        raise BodyTooLarge
    content_type = request.get("content-type")
    kind = media_type(content_type)
    if kind == "application/x-www-form-urlencoded":
        return pairs(request.body)
    if kind != "multipart/form-data":  # nothing that PHP would make parameters of
        return []
    try:
        return multipart_pairs(content_type, request.body)
    except TooManyFields:
        raise
    except Malformed as reason:
        raise BodyUnreadable(reason=str(reason)) from reason


def _credential(values: Mapping[str, str], is_bound: bool) -> Credential | None:
    """Return the credentials: ``access_key`` with ``secret_access_key``, or ``api_key`` alone (DT-35).

    A login has a user name and a password in their place (DT-52).
    """
    is_login = values.get("action") == LOGIN
    pair = ("username", "password") if is_login else ("access_key", "secret_access_key")
    user, secret = values.get(pair[0]), values.get(pair[1])
    if user and secret:
        return Credential("dialogtech", user, secret, is_bound)
    if is_login or user or secret or not values.get("api_key"):
        return None
    return Credential("dialogtech", values["api_key"], None, is_bound)


ROUTING_ERRORS = {400: BadRequest, 404: UnknownPath, 405: WrongMethod, 413: BodyTooLarge, 500: ServerFault}


def render_routing_error(error: ProviderError, request: ProviderRequest) -> Response:  # noqa: ARG001 - one shape for all providers
    """Render the error of a request that reached DialogTech's host or address but cannot be read as a call."""
    return render_error(error, _dtd("send_message", "printed"))


# -- out -----------------------------------------------------------------------------------------------------------


def render(decision: Decision, call: Call, variants: Mapping[str, str], cache: SerializationCache) -> Response:
    """Write a decision in the world's variants."""
    value = decision.value
    if isinstance(value, ProviderError):
        # DT-52: the word for a failure that a client of general.login reads
        word = "INVALID ACCOUNT" if call.operation == LOGIN else "failed"
        return render_error(value, _failure_dtd(call.operation, variants), error_text(value, variants), word)
    timing = _CLOSE_SILENTLY if type(value) is SentNoReply else AT_ONCE
    return Response(200, HEADERS, RENDER[type(value)](value, variants, cache), timing)


def render_error(error: ProviderError, dtd: bytes, description: str | None = None, word: str = "failed") -> Response:
    """Render an error in the envelope of a failure (DT-17), with the error's own sentence if no other text is given."""
    allow = (("Allow", "GET, HEAD, POST"),) if error.status == 405 else ()
    return Response(error.status, HEADERS + allow, _result(word, description or str(error), dtd), error=error)


_CLOSE_SILENTLY = ResponseTiming(ending=Ending.CLOSE, instead=b"")
"""DT-39: the response is in the journal and is never sent."""


def _render_sent(_sent: Sent | SentNoReply, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    # 001: "[1] Message Sent"; DT-22
    return _success(variants[quirks.SEND_MESSAGE_DTD.name])


@lru_cache(maxsize=4)
def _success(variant: str) -> bytes:
    return _result("success", "[1] Message Sent", _dtd("send_message", variant))


def _render_messages(found: Found, variants: Mapping[str, str], cache: SerializationCache) -> bytes:
    zone, inside = variants[quirks.ZONE.name], variants[quirks.GET_MESSAGES_ENVELOPE.name] == "dtd"  # DT-3
    level = 4 if inside else 3
    write_message = partial(_write_message, stamp=_stamp(zone), level=level)
    form = ("dialogtech", zone, level)
    slices = found.messages.slices()
    inbound = cache.of((each.where("direction", "inbound".__eq__) for each in slices), form, write_message)
    outbound = cache.of((each.where("direction", "outbound".__eq__) for each in slices), form, write_message)
    # 000: "[3] Message(s) Returned"; DT-13: both directions are counted; DT-2, DT-4: both containers are always there, and closed
    dtd = _dtd("get_messages", variants[quirks.GET_MESSAGES_DTD.name], ".data" if inside else "")
    return _messages(dtd, {"inbound": inbound, "outbound": outbound}, inside)


def _messages(dtd: bytes, containers: Mapping[str, list[bytes]], inside: bool) -> bytes:
    """Return the document with these containers of messages, inside of ``data`` or not."""
    response = _response("success", f"[{sum(map(len, containers.values()))}] Message(s) Returned")
    messages = etree.SubElement(etree.SubElement(response, "data") if inside else response, "messages")
    for name in containers:
        etree.SubElement(messages, name)
    parts, rest = list[bytes](), _document(dtd, response, _STEP)
    for name, records in containers.items():
        before, _, rest = rest.partition(b"<%s/>" % name.encode())
        parts += before, *_container(name.encode(), records, 4 if inside else 3)
    return b"".join((*parts, rest))


_STEP = "    "
"""The indentation of one level in 000."""


def _container(name: bytes, records: list[bytes], level: int) -> tuple[bytes, ...]:
    """Return the parts of an element that contains these elements, each indented to that level."""
    if not records:
        return (b"<%s/>" % name,)
    line = b"\n" + _STEP.encode() * level
    return b"<%s>%s" % (name, line), line.join(records), b"%s</%s>" % (line[: -len(_STEP)], name)


def _write_message(message: Message, stamp: Callable[[int], str], level: int) -> bytes:
    record = _message_element(message, stamp)
    etree.indent(record, _STEP, level=level)
    return etree.tostring(record, encoding="UTF-8", xml_declaration=False)


def _message_element(message: Message, stamp: Callable[[int], str]) -> etree._Element:
    record = etree.Element("message")  # DT-5: and so is its text, below
    etree.SubElement(record, "msg_id").text = message.id
    etree.SubElement(record, "to").text = message.recipient
    etree.SubElement(record, "from").text = message.sender
    etree.SubElement(record, "message").text = _cdata(message.text)
    etree.SubElement(record, "date").text = stamp(message.at)
    return record


def _render_message(found: FoundById, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    # DT-47: as sms.get_messages, with the containers that hold a record alone
    stamp, dtd = _stamp(variants[quirks.ZONE.name]), variants[quirks.GET_MESSAGES_DTD.name]
    if variants[quirks.GET_MESSAGE_FORM.name] == "message":
        return _bare_messages(found, stamp, _dtd("get_message", dtd, ".bare"))
    inside = variants[quirks.GET_MESSAGES_ENVELOPE.name] == "dtd"
    containers: dict[str, list[bytes]] = {}
    for each in found.messages:
        containers.setdefault(each.direction, []).append(_write_message(each, stamp, 4 if inside else 3))
    return _messages(_dtd("get_message", dtd, ".data" if inside else ""), containers, inside)


def _bare_messages(found: FoundById, stamp: Callable[[int], str], dtd: bytes) -> bytes:
    response = _response("success", f"[{len(found.messages)}] Message Returned")
    for each in found.messages:
        response.append(_message_element(each, stamp))
    return _document(dtd, response, _STEP)


def _render_deleted(deleted: Deleted, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    # DT-48: the bracket is a count; DT-49
    dtd = _dtd("delete_message", variants[quirks.DELETE_MESSAGE_DTD.name])
    return _document(dtd, _response("success", f"Message [{deleted.count}] Deleted"), _STEP)


def _render_registered(registered: Registered, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    is_count = variants[quirks.REGISTER_NUMBER_DESCRIPTION.name] == "count"  # DT-50
    return _done("[1] Number Registered" if is_count else f"[{registered.number}] Registered", variants)


def _render_unregistered(unregistered: Unregistered, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    return _done(f"[{unregistered.number}] Unregistered", variants)  # DT-51


def _render_login(found: LoggedIn, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    return _done("[1] Account(s) Found", variants, found.api_key)  # DT-52


def _render_building_blocks(_found: BuildingBlocks, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    return _done("[0] Building Block(s) Returned", variants)  # DT-53


def _done(description: str, variants: Mapping[str, str], word: str = "success") -> bytes:
    """Return the XML of an action that returns no data, indented as in the document of sms.unregister_number."""
    dtd = _dtd("send_message", variants[quirks.SEND_MESSAGE_DTD.name])
    return _document(dtd, _response(word, description), _STEP)


def _render_numbers(result: Numbers, variants: Mapping[str, str], _cache: SerializationCache) -> bytes:
    # 002: "<result></result>"; DT-27
    word = "success" if variants[quirks.GET_NUMBERS_RESULT.name] == "success" else ""
    response = _response(word, f"[{len(result.numbers)}] Number(s) Returned")
    data = etree.SubElement(response, "data")
    for number in result.numbers:
        # DT-28: attributes, whatever the DTD says
        etree.SubElement(data, "number", sms_enabled="1", url=_clean(number.url or "")).text = number.number
    return _document(_dtd("get_numbers", variants[quirks.GET_NUMBERS_DTD.name]), response, "\t", end=b"\n")


RENDER: Mapping[type, Callable[[Any, Mapping[str, str], SerializationCache], bytes]] = {
    Sent: _render_sent,
    SentNoReply: _render_sent,
    Found: _render_messages,
    Numbers: _render_numbers,
    FoundById: _render_message,
    Deleted: _render_deleted,
    Registered: _render_registered,
    Unregistered: _render_unregistered,
    LoggedIn: _render_login,
    BuildingBlocks: _render_building_blocks,
}


def _result(result: str, description: str, dtd: bytes) -> bytes:
    return _document(dtd, _response(result, description), " ")


def _response(result: str, description: str) -> etree._Element:
    response = etree.Element("response")
    etree.SubElement(response, "result").text = result
    etree.SubElement(response, "result_description").text = _clean(description)
    return response


def _document(dtd: bytes, response: etree._Element, indentation: str, end: bytes = b"") -> bytes:
    """Return the document as bytes.

    Each page indents in its own way (DT-26). lxml would write the declaration with single quotes; the documents do not.
    """
    etree.indent(response, indentation)
    return b"".join((_PROLOGUE, dtd, etree.tostring(response, encoding="UTF-8", xml_declaration=False), end))


def _cdata(text: str) -> str | etree.CDATA:
    """Return the text as CDATA (DT-15), unless CDATA would change it: its end mark, and the carriage return."""
    text = _clean(text)
    return text if "]]>" in text or "\r" in text else etree.CDATA(text)


def _clean(text: str) -> str:
    """Replace characters that XML cannot contain by U+FFFD (DT-36)."""
    return _NOT_XML.sub("\ufffd", text)


def _stamp(zone_name: str) -> Callable[[int], str]:
    zone = zone_of(zone_name)
    return lambda at: datetime_of(at, zone).replace(tzinfo=None).isoformat(" ", "seconds")  # 000: "2017-01-01 09:30:00"


# Read when the provider is loaded: a server that is short of descriptors still answers.
_DTDS = {file.name: read_bytes(file) for file in sorted((Path(__file__).parent / "dtd").glob("*.dtd"))}


def _dtd(page: str, variant: str, envelope: str = "") -> bytes:
    """Return the document type declaration of a page with its line end, spaced as on the page (DT-6), or nothing."""
    if variant == "none":
        return b""
    # 001's needs no reconciling (DT-33); no DTD of sms.get_message is known, so its printed one is that of sms.get_messages (DT-47);
    # reconciled, sms.delete_message has the two elements of 001 (DT-49)
    if page == "delete_message" and variant == "reconciled":
        page = "send_message"
    if page == "send_message" or variant == "printed":
        page = "get_messages" if page == "get_message" else page
        variant, envelope = "printed", ""
    return _DTDS[f"{page}.{variant}{envelope}.dtd"]


_SWITCHES = {
    "sms.send_message": quirks.SEND_MESSAGE_DTD,
    "sms.get_messages": quirks.GET_MESSAGES_DTD,
    "sms.get_numbers": quirks.GET_NUMBERS_DTD,
    "sms.get_message": quirks.GET_MESSAGES_DTD,
    "sms.delete_message": quirks.DELETE_MESSAGE_DTD,
}


def _failure_dtd(operation: str, variants: Mapping[str, str]) -> bytes:
    """Return the declaration of a failure: 001's two elements (DT-17), unless its action is read without a DTD."""
    return _dtd("send_message", variants[_SWITCHES.get(operation, quirks.SEND_MESSAGE_DTD).name])


# -- webhooks ---------------------------------------------------------------------------------------------------


def build_webhook(delivery: WebhookDelivery, state: State) -> OutgoingRequest:
    """Return the request to a number's listener, or to its URL for reports."""
    message, variants = subject(delivery, state), state.variants
    report = urlencode(_REPORTS[delivery.kind](message, variants), quote_via=quote)
    if variants[quirks.LISTENER_METHOD.name] == "POST":  # DT-40
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        return OutgoingRequest("POST", delivery.url, headers, report.encode())
    address = delivery.url.partition("#")[0]  # a fragment is never sent
    return OutgoingRequest("GET", f"{address}{'&' if '?' in address else '?'}{report}")


def _message_report(message: Message, variants: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of an inbound message, with the names of `sms.get_messages` (DT-40)."""
    return {
        "msg_id": message.id,
        "to": message.recipient,
        "from": message.sender,
        "message": message.text,
        "date": _stamp(variants[quirks.ZONE.name])(message.at),
    }


def _delivery_report(message: Message, variants: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a delivery report (DT-41)."""
    report = _message_report(message, variants)
    del report["message"]
    return {**report, "status": variants[quirks.REPORT_STATUS.name]}


_REPORTS = {INBOUND: _message_report, REPORT: _delivery_report}
