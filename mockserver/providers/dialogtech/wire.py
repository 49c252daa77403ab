"""DialogTech on the wire: parameters in, XML out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lxml import etree

from mockserver.engine import deliveries as outbox
from mockserver.engine.accounts import Credential
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Outgoing
from mockserver.engine.instants import datetime_of, zone_of
from mockserver.engine.messages import Message
from mockserver.engine.provider_errors import Refused
from mockserver.engine.state import State
from mockserver.sdk.forms import Malformed, media_type, multipart_pairs, pairs
from mockserver.sdk.provider import Call, subject
from mockserver.sdk.request import Asked
from mockserver.sdk.response import AT_ONCE, Ending, Response, ResponseTiming
from mockserver.sdk.serialization_cache import Fragments

from . import quirks
from .errors import BadRequest, BodyTooLarge, BodyUnreadable, Failed, ServerFault, UnknownPath, WrongMethod
from .operations import Found, Lost, Numbers, Sent
from .webhooks import INBOUND, REPORT

# DT-34: no page names a Content-Type; without the charset `requests` would read Latin-1
HEADERS = (("Content-Type", "text/xml; charset=UTF-8"),)
CREDENTIALS = ("access_key", "secret_access_key", "api_key")

# DT-25: the half of the page that has a prologue counts
_PROLOGUE = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- in ------------------------------------------------------------------------------------------------------------


def read(asked: Asked) -> Call:
    """Read a request as PHP's ``$_REQUEST`` does: DT-10, DT-16, DT-20, DT-31, DT-37."""
    values = dict(pairs(asked.query))
    defect: Failed | None = None
    if asked.method == "POST":
        try:
            values.update(_form(asked))
        except Failed as refusal:
            defect = refusal
    return Call(values.get("action", ""), values, _credential(values, asked.is_bound), defect)


def _form(asked: Asked) -> list[tuple[str, str]]:
    if asked.is_too_large:
        raise BodyTooLarge
    kind = media_type(asked.content_type)
    if kind == "application/x-www-form-urlencoded":
        return pairs(asked.body)
    if kind != "multipart/form-data":  # nothing that PHP would make parameters of
        return []
    try:
        return multipart_pairs(asked.content_type, asked.body)
    except Malformed as reason:
        raise BodyUnreadable(reason=str(reason)) from reason


def _credential(values: Mapping[str, str], is_bound: bool) -> Credential | None:
    """``access_key`` with ``secret_access_key``, or ``api_key`` alone (DT-35)."""
    user, secret = values.get("access_key"), values.get("secret_access_key")
    if user and secret:
        return Credential("dialogtech", user, secret, is_bound)
    if user or secret or not values.get("api_key"):
        return None
    return Credential("dialogtech", values["api_key"], None, is_bound)


ASTRAY = {400: BadRequest, 404: UnknownPath, 405: WrongMethod, 413: BodyTooLarge, 500: ServerFault}


def astray(asked: Asked, status: int) -> Response:
    """Answer what reached DialogTech's host or address but cannot be read as a call."""
    refusal = WrongMethod(method=asked.method) if status == 405 else ASTRAY.get(status, ServerFault)()
    return write_refusal(refusal, _dtd("send_message", "printed"))


# -- out -----------------------------------------------------------------------------------------------------------


def write(decision: Decision, call: Call, readings: Mapping[str, str], fragments: Fragments) -> Response:
    """The answer that a decision has in this world's readings."""
    value = decision.value
    if isinstance(value, Refused):
        return write_refusal(value, _failure_dtd(call.operation, readings))
    delivery = _UNSAID if type(value) is Lost else AT_ONCE
    return Response(200, HEADERS, _WRITERS[type(value)](value, readings, fragments), delivery)


def write_refusal(refusal: Refused, dtd: bytes) -> Response:
    """DT-17: the envelope that clients know a failure by."""
    allow = (("Allow", "GET, HEAD, POST"),) if refusal.status == 405 else ()
    return Response(refusal.status, HEADERS + allow, _result("failed", str(refusal), dtd), refusal=refusal)


_UNSAID = ResponseTiming(ending=Ending.CLOSE, instead=b"")
"""DT-39: the answer is there, for the journal, and never leaves."""


def _write_sent(_sent: Sent | Lost, readings: Mapping[str, str], _fragments: Fragments) -> bytes:
    # 001: "[1] Message Sent"; DT-22
    return _success(readings[quirks.SEND_MESSAGE_DTD.name])


@lru_cache(maxsize=4)
def _success(reading: str) -> bytes:
    return _result("success", "[1] Message Sent", _dtd("send_message", reading))


def _write_found(found: Found, readings: Mapping[str, str], fragments: Fragments) -> bytes:
    zone, inside = readings[quirks.ZONE.name], readings[quirks.GET_MESSAGES_ENVELOPE.name] == "dtd"  # DT-3
    level = 4 if inside else 3
    write_message = partial(_write_message, stamp=_stamp(zone), level=level)
    form = ("dialogtech", zone, level)
    inbound = fragments.of(found.inbound, form, write_message)
    outbound = fragments.of(found.outbound, form, write_message)
    # 000: "[3] Message(s) Returned"; DT-13: both directions are counted
    response = _response("success", f"[{len(inbound) + len(outbound)}] Message(s) Returned")
    messages = etree.SubElement(etree.SubElement(response, "data") if inside else response, "messages")
    etree.SubElement(messages, "inbound")  # DT-4: both are always there
    etree.SubElement(messages, "outbound")  # DT-2: and closed
    dtd = _dtd("get_messages", readings[quirks.GET_MESSAGES_DTD.name], ".data" if inside else "")
    before, _, rest = _document(dtd, response, _STEP).partition(b"<inbound/>")
    between, _, after = rest.partition(b"<outbound/>")
    return b"".join(
        (before, _container(b"inbound", inbound, level), between, _container(b"outbound", outbound, level), after)
    )


_STEP = "    "
"""By which a level is indented in 000."""


def _container(name: bytes, records: list[bytes], level: int) -> bytes:
    """An element with these, each of which is indented to that level inside."""
    if not records:
        return b"<%s/>" % name
    line = b"\n" + _STEP.encode() * level
    return b"<%s>%s%s%s</%s>" % (name, line, line.join(records), line[: -len(_STEP)], name)


def _write_message(message: Message, stamp: Callable[[int], str], level: int) -> bytes:
    record = etree.Element("message")  # DT-5: and so is its text, below
    etree.SubElement(record, "msg_id").text = message.id
    etree.SubElement(record, "to").text = message.recipient
    etree.SubElement(record, "from").text = message.sender
    etree.SubElement(record, "message").text = _cdata(message.text)
    etree.SubElement(record, "date").text = stamp(message.at)
    etree.indent(record, _STEP, level=level)
    return etree.tostring(record, encoding="UTF-8", xml_declaration=False)


def _write_numbers(answer: Numbers, readings: Mapping[str, str], _fragments: Fragments) -> bytes:
    # 002: "<result></result>"; DT-27
    result = "success" if readings[quirks.GET_NUMBERS_RESULT.name] == "success" else ""
    response = _response(result, f"[{len(answer.numbers)}] Number(s) Returned")
    data = etree.SubElement(response, "data")
    for number in answer.numbers:
        # DT-28: attributes, whatever the DTD says
        etree.SubElement(data, "number", sms_enabled="1", url=_clean(number.url or "")).text = number.number
    return _document(_dtd("get_numbers", readings[quirks.GET_NUMBERS_DTD.name]), response, "\t", end=b"\n")


_WRITERS: Mapping[type, Callable[[Any, Mapping[str, str], Fragments], bytes]] = {
    Sent: _write_sent,
    Lost: _write_sent,
    Found: _write_found,
    Numbers: _write_numbers,
}


def _result(result: str, description: str, dtd: bytes) -> bytes:
    return _document(dtd, _response(result, description), " ")


def _response(result: str, description: str) -> etree._Element:
    response = etree.Element("response")
    etree.SubElement(response, "result").text = result
    etree.SubElement(response, "result_description").text = _clean(description)
    return response


def _document(dtd: bytes, response: etree._Element, indentation: str, end: bytes = b"") -> bytes:
    """DT-26: each page indents in its own way. lxml would write the declaration with single quotes; the documents do not."""
    etree.indent(response, indentation)
    return b"".join((_PROLOGUE, dtd, etree.tostring(response, encoding="UTF-8", xml_declaration=False), end))


def _cdata(text: str) -> str | etree.CDATA:
    """DT-15: CDATA, but for a text that a section would change: its end mark, and the carriage return that parsers drop."""
    text = _clean(text)
    return text if "]]>" in text or "\r" in text else etree.CDATA(text)


def _clean(text: str) -> str:
    """DT-36: what XML cannot carry goes out as U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def _stamp(zone_name: str) -> Callable[[int], str]:
    zone = zone_of(zone_name)
    return lambda at: datetime_of(at, zone).replace(tzinfo=None).isoformat(" ", "seconds")  # 000: "2017-01-01 09:30:00"


@lru_cache(maxsize=16)
def _dtd(page: str, reading: str, variant: str = "") -> bytes:
    """The document type declaration of a page, with its line end, spaced as the page has it (DT-6); nothing for ``none``."""
    if reading == "none":
        return b""
    if page == "send_message" or reading == "printed":  # 001's needs no reconciling (DT-33)
        reading, variant = "printed", ""
    return (Path(__file__).parent / "dtd" / f"{page}.{reading}{variant}.dtd").read_bytes()


_SWITCHES = {
    "sms.send_message": quirks.SEND_MESSAGE_DTD,
    "sms.get_messages": quirks.GET_MESSAGES_DTD,
    "sms.get_numbers": quirks.GET_NUMBERS_DTD,
}


def _failure_dtd(operation: str, readings: Mapping[str, str]) -> bytes:
    """DT-17: a failure carries 001's two elements, unless its action is read without a DTD."""
    return _dtd("send_message", readings[_SWITCHES.get(operation, quirks.SEND_MESSAGE_DTD).name])


# -- to the customer -----------------------------------------------------------------------------------------------


def outgoing(delivery: outbox.Delivery, state: State) -> Outgoing:
    """The call of a number's listener, or of its address for reports."""
    message, readings = subject(delivery, state), state.readings
    told = urlencode(_TOLD[delivery.kind](message, readings), quote_via=quote)
    if readings[quirks.LISTENER_METHOD.name] == "POST":  # DT-40
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        return Outgoing("POST", delivery.url, headers, told.encode())
    address = delivery.url.partition("#")[0]  # a fragment is nobody's but the browser's
    return Outgoing("GET", f"{address}{'&' if '?' in address else '?'}{told}")


def _tell_message(message: Message, readings: Mapping[str, str]) -> dict[str, str]:
    """DT-40: a message that came in, in the words of `sms.get_messages`."""
    return {
        "msg_id": message.id,
        "to": message.recipient,
        "from": message.sender,
        "message": message.text,
        "date": _stamp(readings[quirks.ZONE.name])(message.at),
    }


def _tell_report(message: Message, readings: Mapping[str, str]) -> dict[str, str]:
    """DT-41: how far a message got."""
    told = _tell_message(message, readings)
    del told["message"]
    return {**told, "status": readings[quirks.REPORT_STATUS.name]}


_TOLD = {INBOUND: _tell_message, REPORT: _tell_report}
