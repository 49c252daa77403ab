"""SerwerSMS on the wire: JSON or forms in, JSON or XML out. The provider's spelling stands here and nowhere else."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, urlencode

from lxml import etree
from msgspec import UNSET, Struct, structs

from mockserver.sdk import (
    AT_ONCE,
    MOST_VALUES,
    Attachment,
    Call,
    Credential,
    Decision,
    Ending,
    Magic,
    Malformed,
    Message,
    Operation,
    OutgoingRequest,
    ProviderError,
    ProviderRequest,
    Response,
    ResponseTiming,
    SerializationCache,
    State,
    TooManyFields,
    WebhookDelivery,
    compact,
    datetime_of,
    instant_of,
    json_object,
    media_type,
    multipart_parts,
    pairs,
    parse_instant,
    spliced,
    subject,
    zone_of,
)

from . import magic, quirks
from .delivery import DELIVERED, REPORT, SENT, UNDELIVERED, UNSENT
from .entries import BLACKLIST, ContactEntry
from .errors import (
    CODES,
    BadRequest,
    BodyTooLarge,
    BodyUnreadable,
    InvalidAction,
    ServerFault,
    SerwersmsError,
    TooManyParameters,
    WrongMethod,
    error_message,
)
from .operations import OPERATIONS
from .operations.errors import KnownError
from .operations.messages import Received
from .outbound import SendResult, Sent
from .results import Document, Listed, Shown, Value, Written
from .routes import ACTIONS

_MOST_OF_A_SEND = 250_000
"""The values of a JSON body that sends: a number and a ``unique_id`` for each of 100,000 messages, and more."""


class _Names(NamedTuple):
    """The names of an operation's parameters."""

    all: frozenset[str]
    lists: frozenset[str]
    """Those that are sent as lists."""
    most_values: int
    """The values of a JSON body that are read (SW-57)."""

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> _Names:
        rows = [row for each in operations for row in (*each.common, *each.parameters) if row.place != "path"]
        lists = (row.name for row in rows if row.kind.schema.get("type") == "array")
        names = frozenset(row.name for row in rows)
        return cls(names, frozenset(lists), _MOST_OF_A_SEND if "unique_id" in names else MOST_VALUES)


_NAMES = {each.name: _Names.of([each]) for each in OPERATIONS}
_ALL_NAMES = _Names.of(OPERATIONS)._replace(most_values=MOST_VALUES)
"""For an action that does not exist."""
_FIELDS = {"messages/received": "received"}
_ERROR = "error/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- in ------------------------------------------------------------------------------------------------------------


def parse(request: ProviderRequest) -> Call:
    """Read a request: the action from the path, the parameters from the body, or from a GET's query string."""
    method = request.method
    sent: dict[str, Any] = {}
    defect: SerwersmsError | None = None
    path = request.path
    operation, action, suffix = (_address if len(path) <= _LONGEST_CACHED else _address.__wrapped__)(path)
    names = _NAMES.get(operation, _ALL_NAMES)
    try:
        # SW-32
        sent = _body(request, names) if method == "POST" else _form(pairs(request.query), names.lists)
    except TooManyFields as reason:  # SW-57
        defect = TooManyParameters(reason=str(reason))
    except SerwersmsError as error:
        defect = error
    # SW-38: others are ignored
    values = sent if sent.keys() <= names.all else {name: sent[name] for name in sent if name in names.all}
    values["method"], values["suffix"], values["action"] = method, suffix, action
    credential = _credential(request, sent)
    if operation == "error.view":
        values["code"] = action.removeprefix(_ERROR)
    return Call(operation, values, credential, defect)


_LONGEST_CACHED = 64
"""The characters of a path up to which its address is cached: so the cache is bounded in bytes."""


@lru_cache(maxsize=512)
def _address(path: str) -> tuple[str, str, str]:
    """Return the operation, the action and the format of the response that a path asks for."""
    action, suffix = _split(path)
    operation = ACTIONS.get(action) or ("error.view" if action.startswith(_ERROR) else action.replace("/", "."))
    return operation, action, suffix


def _split(path: str) -> tuple[str, str]:
    """Return the action and the format of the response (SW-2)."""
    action, dot, suffix = path.removeprefix("/").rpartition(".")
    return (action, suffix) if dot and suffix in ("json", "xml") else (path.removeprefix("/"), "json")


def _body(request: ProviderRequest, names: _Names) -> dict[str, Any]:
    """Return the parameters of the body: JSON and multipart by the Content-Type, a form otherwise (SW-35)."""
    if request.is_too_large:
        raise BodyTooLarge
    content_type = request.get("content-type")
    kind = media_type(content_type)
    if kind == "application/json" or kind.endswith("+json"):
        return _json(request.body, names.most_values)
    if kind != "multipart/form-data":
        return _form(pairs(request.body), names.lists)
    try:
        return _form(_multipart(content_type, request.body), names.lists)
    except TooManyFields:
        raise
    except Malformed as reason:
        raise BodyUnreadable(reason=str(reason)) from reason


def _json(body: bytes, most_values: int) -> dict[str, Any]:
    try:
        return json_object(body, most_values) if body.strip() else {}
    except TooManyFields:
        raise
    except Malformed as reason:
        raise BodyUnreadable(reason=str(reason)) from reason


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a multipart body; an uploaded file is a field with its content in base64, beside ``name`` with its name (SW-84)."""
    names, fields = [], []
    for name, value in multipart_parts(content_type, body):
        if isinstance(value, str):
            fields.append((name, value))
        elif value.name:  # a form's field for a file that was left empty has none
            fields.append((name, b64encode(value.content).decode()))
            names.append(("name", value.name))
    return names + fields  # of equal names the last counts


def _form(sent: Sequence[tuple[str, str]], lists: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a form, nested by the brackets of their names as PHP nests them.

    ``phone[0]=``, ``phone[]=`` and a repeated ``phone=`` are lists (SW-7); else the last of a name counts (SW-38).
    """
    values: dict[str, Any] = {}
    for name, value in sent:
        if "[" in name:
            break
        if name not in lists:
            values[name] = value
        elif name in values:
            values[name] = [*(values[name] or ("",)), value]
        else:
            values[name] = [value] if value else []  # SW-38: blank
    else:
        return values  # nearly every form has no brackets
    values = {}
    for name, value in sent:
        base, bracket, _ = name.partition("[")
        if name.count("[") > _DEEPEST:
            continue  # as PHP leaves out what is nested too deeply
        if bracket or base in lists:
            _nest(values, base, _BRACKETS.findall(name, len(base)) or [""], value)
        else:
            values[base] = value
    return {name: _with_lists(value, name in lists) for name, value in values.items()}


_BRACKETS = re.compile(r"\[([^\[\]]*)\]?")
_DEEPEST = 8
"""The most brackets that a name is read with; no parameter needs more than four."""


def _nest(values: dict[str, Any], base: str, keys: Sequence[str], value: str) -> None:
    """Put a value under a name and the keys in its brackets; an empty key is the next number."""
    place, key = values, base
    for following in keys:
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place, key = inner, following or str(len(inner))
    place[key] = value


def _with_lists(value: Any, is_list: bool = False) -> Any:
    """Return a value in which what has numbers for keys is a list, and the whole is one where it is to be one."""
    if not isinstance(value, dict):
        return value
    members = {key: _with_lists(member) for key, member in value.items()}
    if not is_list and not all(map(str.isdecimal, members)):
        return members
    found = list(members.values())
    return found if any(member != "" for member in found) else []  # SW-38: blank


def _credential(request: ProviderRequest, sent: Mapping[str, Any]) -> Credential | None:
    """Return the credentials: a Bearer token, else username and password (SW-4).

    Whole numbers of JSON become their digits (SW-36).
    """
    token = request.bearer if request.get("authorization") else None
    if token is not None:
        return Credential("serwersms", token, None, request.is_bound)
    user, secret = sent.get("username"), sent.get("password")
    if type(user) is int or type(secret) is int:
        user, secret = (str(each) if type(each) is int else each for each in (user, secret))
    if not (isinstance(user, str) and isinstance(secret, str) and user and secret):
        return None
    return Credential("serwersms", user, secret, request.is_bound)


ROUTING_ERRORS = {400: BadRequest, 404: InvalidAction, 405: WrongMethod, 413: BodyTooLarge, 500: ServerFault}
_DEFAULTS = {quirk.name: quirk.default for quirk in quirks.QUIRKS}


def render_routing_error(error: ProviderError, request: ProviderRequest) -> Response:
    """Render the error of a request that reached SerwerSMS's host or prefix but cannot be read as a call."""
    _, suffix = _split(request.path)
    return render_error(error, suffix, request.variants or _DEFAULTS)


# -- out -----------------------------------------------------------------------------------------------------------


def render(decision: Decision, call: Call, variants: Mapping[str, str], cache: SerializationCache) -> Response:
    """Write a decision in the world's variants."""
    value, suffix = decision.value, call.values["suffix"]
    if isinstance(value, ProviderError):
        return render_error(value, suffix, variants)
    if type(value) is Received and variants[quirks.FIELD.name] == "by-path":  # SW-1: the action names the field
        field = _FIELDS.get(call.values.get("action", ""), "recived")
        variants = {**dict(zip(_SHOWN, _shown(variants), strict=True)), quirks.FIELD.name: field}
    return RENDER[type(value)](value, suffix, variants, cache)


def render_error(error: ProviderError, suffix: str, variants: Mapping[str, str]) -> Response:
    """Render an error in the vendor's envelope (SW-30)."""
    assert isinstance(error, SerwersmsError)
    status = error.status
    if status == 200 and variants[quirks.STATUS.name] == "4xx":
        status = error.status_4xx
    response = _response(status, suffix, variants, "error", _error(error.code, variants))
    return Response(status, response.headers + _further(status, error), response.body, error=error)


def _render_known_error(
    known: KnownError, suffix: str, variants: Mapping[str, str], _cache: SerializationCache
) -> Response:
    return _response(200, suffix, variants, "error", _error(known.code, variants))


def _render_written(written: Written, suffix: str, variants: Mapping[str, str], _cache: SerializationCache) -> Response:
    return _response(200, suffix, variants, "response", _plain(written, variants))


def _render_shown(shown: Shown, suffix: str, variants: Mapping[str, str], _cache: SerializationCache) -> Response:
    return _response(200, suffix, variants, "response", _plain(shown.item, variants))


def _render_listed(listed: Listed, suffix: str, variants: Mapping[str, str], _cache: SerializationCache) -> Response:
    value = {
        **listed.before,
        **({} if listed.paging is None else {"paging": listed.paging}),  # SW-16
        "items": listed.items,  # SW-15: none is an empty list
    }
    return _response(200, suffix, variants, "response", _plain(value, variants))


def _render_document(
    document: Document, _suffix: str, _variants: Mapping[str, str], _cache: SerializationCache
) -> Response:
    return Response(200, (("Content-Type", document.content_type),), document.content)


_SCALARS = frozenset((str, int, bool, float, type(None)))


def _plain(value: Value, variants: Mapping[str, str]) -> Any:
    """Return a result as JSON has it."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: _plain(member, variants) for name, member in fields if member is not UNSET}
    if isinstance(value, Mapping):
        return {name: _plain(member, variants) for name, member in value.items() if member is not UNSET}
    if isinstance(value, tuple):
        return [_plain(member, variants) for member in value]
    return _stamp(instant_of(value), variants) if isinstance(value, datetime) else value


def _render_sent(result: SendResult, suffix: str, variants: Mapping[str, str], _cache: SerializationCache) -> Response:
    sent = result.sent
    if suffix == "json" and sent.items is UNSET:
        response = Response(200, _HEADERS[suffix], _write_counts(sent))
    else:
        response = _response(200, suffix, variants, "response", _plain(sent, variants))
    return structs.replace(response, timing=_TIMINGS[result.meaning]) if result.meaning in _TIMINGS else response


@lru_cache(maxsize=256)
def _write_counts(sent: Sent) -> bytes:
    """Write a send's answer without items; cached, because nearly every one is about a single message."""
    return compact({"success": sent.success, "queued": sent.queued, "unsent": sent.unsent})


def _further(status: int, error: ProviderError) -> tuple[tuple[str, str], ...]:
    """Return the headers that HTTP requires for a status."""
    if status == 405:
        return (("Allow", str(error.facts.get("allowed", "GET, HEAD, POST"))),)
    return (("WWW-Authenticate", "Bearer"),) if status == 401 else ()


def _error(code: int, variants: Mapping[str, str]) -> Mapping[str, Any]:
    message = error_message(code, variants[quirks.LANGUAGE.name])
    return {"code": code, "type": CODES[code].type, "message": message}


def _render_received(
    received: Received, suffix: str, variants: Mapping[str, str], cache: SerializationCache
) -> Response:
    blacklist, contacts, shown = received.blacklist, received.contacts or {}, _shown(variants)

    def write_item(message: Message) -> bytes:
        item = _item(message, blacklist, contacts, variants)
        return _write_xml_item(item) if suffix == "xml" else _write_json(item, variants[quirks.JSON.name])

    # Contacts change too often to cache the messages that show them.
    remembered = cache if received.contacts is None else SerializationCache(0)
    form = ("serwersms", suffix, shown, blacklist)
    items = remembered.joined(received.messages, form, write_item, b"" if suffix == "xml" else b",")
    paging = received.paging
    around = {} if paging is None else {"paging": _plain(paging, variants)}  # SW-16
    document = {**around, "items": []}  # SW-15: none is an empty list
    body = _write_xml("response", document, items) if suffix == "xml" else spliced(document, b"]}", items)
    return Response(200, _HEADERS[suffix], body, _TIMINGS.get(received.meaning, AT_ONCE))


# SW-39
_TIMINGS: Mapping[Magic | None, ResponseTiming] = {
    magic.NO_RESPONSE: ResponseTiming(ending=Ending.CLOSE, instead=b""),
    magic.LATE: ResponseTiming(delay=magic.LATE_SECONDS),
    magic.SILENT: ResponseTiming(ending=Ending.HANG, instead=b""),
}
RENDER: Mapping[type, Callable[[Any, str, Mapping[str, str], SerializationCache], Response]] = {
    KnownError: _render_known_error,
    SendResult: _render_sent,
    Written: _render_written,
    Listed: _render_listed,
    Shown: _render_shown,
    Document: _render_document,
    Received: _render_received,
}


_SHOWN = (quirks.JSON.name, quirks.FIELD.name, quirks.ZONE.name)
"""The switches that a received message depends on."""
_shown = itemgetter(*_SHOWN)

# SW-1: the name of the date
_STAMPED = {
    "by-path": ("recived",),
    "recived": ("recived",),
    "received": ("received",),
    "both": ("recived", "received"),
}


def _item(
    message: Message, blacklist: frozenset[str], contacts: Mapping[str, ContactEntry], variants: Mapping[str, str]
) -> dict[str, Any]:
    """Return one message: the fields of its type, in the order of 004's sample."""
    return {
        "id": int(message.id),  # SW-23
        "type": message.kind,
        "phone": message.sender,
        **dict.fromkeys(_STAMPED[variants[quirks.FIELD.name]], _stamp(message.at, variants)),
        **_REFERS.get(message.kind, _nothing)(message),
        "blacklist": message.sender in blacklist,  # SW-26
        **_HOLDS.get(message.kind, _text)(message),
        **_contact(contacts.get(message.sender)),
    }


def _nothing(_message: Message) -> dict[str, Any]:
    return {}


def _answered(message: Message) -> dict[str, Any]:
    # 004: "ID sent message ECO affected by this answer"; SW-20
    return {"message_id": message.reference}


def _hit(message: Message) -> dict[str, Any]:
    # 004: "The number to which the message was sent (for MMS)"; SW-21
    return {"to_number": message.recipient}


def _text(message: Message) -> dict[str, Any]:
    # 004: "Message content."; SW-24: a Premium message has this too, and nothing else
    return {"text": message.text}


def _mms(message: Message) -> dict[str, Any]:
    # 004: "Title of the message (for MMS)"; SW-22: and no text
    return {"title": message.title, "attachments": [_attachment(part) for part in message.attachments]}


_REFERS: Mapping[str, Callable[[Message], dict[str, Any]]] = {"eco": _answered, "mms": _hit}
_HOLDS: Mapping[str, Callable[[Message], dict[str, Any]]] = {"mms": _mms}


def _attachment(part: Attachment) -> dict[str, Any]:
    # 004: "ID number, name (name), file type (content_type) and its content encoded in base64 (date)": "data"; SW-22
    return {
        "id": part.id,
        "name": part.name,
        "content_type": part.content_type,
        "data": b64encode(part.content).decode(),
    }


def _contact(contact: ContactEntry | None) -> dict[str, Any]:
    """Return the fields of a contact that the vendor's clients know, in their order (SW-19)."""
    if contact is None:
        return {}
    return {"contact": {name: getattr(contact, name) for name in _CONTACT}}


_CONTACT = ("first_name", "last_name", "company", "phone", "email", "tax_id", "city", "address", "description")


def _stamp(at: int, variants: Mapping[str, str]) -> str:
    zone = zone_of(variants[quirks.ZONE.name])
    return datetime_of(at, zone).replace(tzinfo=None).isoformat(" ", "seconds")  # 004: "2014-10-21 11:18:03"


# -- JSON and XML --------------------------------------------------------------------------------------------------


def _response(status: int, suffix: str, variants: Mapping[str, str], root: str, value: Mapping[str, Any]) -> Response:
    """Return a response with the Content-Type of its format (SW-28)."""
    if suffix == "xml":
        return Response(status, _HEADERS[suffix], _write_xml(root, value))
    body = _write_json({root: value} if root == "error" else value, variants[quirks.JSON.name])
    return Response(status, _HEADERS[suffix], body)


_HEADERS = {
    "json": (("Content-Type", "application/json"),),
    "xml": (("Content-Type", "application/xml; charset=UTF-8"),),
}


def _write_json(value: Mapping[str, Any], variant: str) -> bytes:
    """Write compact JSON, with letters as they are or escaped (SW-27)."""
    if variant == "raw":
        return compact(value)
    return json.dumps(value, separators=(",", ":")).encode()


def _write_xml(root: str, value: Mapping[str, Any], items: bytes = b"") -> bytes:
    """Write XML with elements named as the keys of JSON (SW-3); these bytes go into an empty ``items``.

    lxml would write the declaration with single quotes.
    """
    written = _write_element(_fill(etree.Element(root), value))
    if items:
        before, _, after = written.partition(b"<items/>")
        written = b"".join((before, b"<items>", items, b"</items>", after))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written


def _write_xml_item(item: Mapping[str, Any]) -> bytes:
    return _write_element(_fill(etree.Element("item"), item))


def _write_element(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False)


def _fill(element: etree._Element, value: Any) -> etree._Element:
    if isinstance(value, Mapping):
        for name, member in value.items():
            _fill(etree.SubElement(element, name), member)
    elif isinstance(value, list):
        name = "attachment" if element.tag == "attachments" else "item"
        for member in value:
            _fill(etree.SubElement(element, name), member)
    else:
        element.text = _NOT_XML.sub("\ufffd", _written(value))  # SW-29
    return element


def _written(value: object) -> str:
    """Return a value as text; nothing is an empty one."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- webhooks ---------------------------------------------------------------------------------------------------


def build_webhook(delivery: WebhookDelivery, state: State) -> OutgoingRequest:
    """Return the request to the customer's URL."""
    if delivery.serial is None:  # SW-84: a file; SW-89: its placeholders were filled in when it was opened
        return OutgoingRequest("GET", delivery.url)
    message, variants = subject(delivery, state), state.variants
    if delivery.kind == REPORT:
        return OutgoingRequest("GET", _filled(delivery.url, _report_values(message, variants), variants))
    url = _filled(delivery.url, _values(message, variants), variants)
    # 004: "ECO+ +, ND / SC and NDI / SCI is sent via the GET method. For MMS messages, data is sent via POST method."; SW-43
    if message.kind != "mms":
        return OutgoingRequest("GET", url)
    blacklist = state.entries.values_of(delivery.account, BLACKLIST, "phone")
    item = _item(message, blacklist, {}, variants)
    if variants[quirks.MMS.name] == "json":  # SW-48
        body = _write_json(item, variants[quirks.JSON.name])
        return OutgoingRequest("POST", url, (("Content-Type", "application/json"),), body)
    form = urlencode(list(_flattened(item))).encode()
    return OutgoingRequest("POST", url, (("Content-Type", "application/x-www-form-urlencoded"),), form)


def _filled(template: str, values: Mapping[str, str], variants: Mapping[str, str]) -> str:
    # 004: "Before sending information to the client, these parameters are changed with the data for a specific message."
    encoded = _ENCODED[variants[quirks.ENCODING.name]]
    return _PLACEHOLDER.sub(lambda found: encoded(values[found[1]]) if found[1] in values else found[0], template)


PLACEHOLDERS = (
    "NUMER",
    "NUMEROD",
    "NUMERDO",
    "WIADOMOSC",
    "DATA",
    "ID",
    "IDSMS",
    "LIMIT",
    "SMSID",
    "STAN",
    "PRZYCZYNA",
)
_PLACEHOLDER = re.compile(f"#({'|'.join(PLACEHOLDERS)})#")
# SW-45
_ENCODED: Mapping[str, Callable[[str], str]] = {"percent": lambda value: quote(value, safe=""), "form": quote_plus}


def _values(message: Message, variants: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of the placeholders (SW-44)."""
    phone = _PHONES[variants[quirks.PHONE.name]]
    return {
        "NUMER": phone(message.sender),
        "NUMEROD": phone(message.sender),
        "NUMERDO": phone(message.recipient),
        "WIADOMOSC": message.text or message.title,
        "DATA": _stamp(message.at, variants),  # SW-47
        "ID": message.id,
        "IDSMS": message.id,
        "LIMIT": "1" if message.kind == "pre" else "",
        "SMSID": message.reference,
    }


def _report_values(message: Message, variants: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of the placeholders of a report about an outbound message (SW-71)."""
    words, fields = _STATE_WORDS[variants[quirks.STATE_WORDS.name]], message.fields
    changed = fields.get({SENT: "sent", DELIVERED: "delivered"}.get(message.status, "ended"))
    return {
        "SMSID": message.id,
        "STAN": words.get(message.status, message.status),
        "DATA": _stamp(message.at if changed is None else parse_instant(changed), variants),
        "PRZYCZYNA": fields.get("reason", ""),
        "NUMER": _PHONES[variants[quirks.PHONE.name]](message.recipient),
    }


_STATE_WORDS: Mapping[str, Mapping[str, str]] = {
    "smpp": {SENT: "PENDING", DELIVERED: "DELIVRD", UNDELIVERED: "UNDELIV", UNSENT: "ERR"},
    "api": {},
}

# SW-46
_POLISH = re.compile(r"^\+48([0-9]{9})$")
_PHONES: Mapping[str, Callable[[str], str]] = {
    "digits": lambda number: number.removeprefix("+"),
    "plus": lambda number: number,
    "nine": lambda number: _POLISH.sub(r"\1", number).removeprefix("+"),
}


def _flattened(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Return the fields of a form, with PHP's brackets for nested values (SW-48)."""
    parts = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, Mapping) else None
    if parts is None:
        yield name, _written(value)
        return
    for step, part in parts:
        yield from _flattened(part, f"{name}[{step}]" if name else str(step))
