"""Send messages: SMS with the same text or a text for each, voice messages, MMS and RCS."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.accounts import is_demo
from mockserver.providers.serwersms.characters import count_parts, is_gsm, to_gsm
from mockserver.providers.serwersms.entries import CONTACTS, FILES, RCS_BOTS
from mockserver.providers.serwersms.errors import (
    EmptyText,
    InvalidId,
    InvalidMessage,
    InvalidRecipient,
    InvalidSendingFile,
    InvalidSendingTime,
    MissingParameter,
    NotAPhone,
    NotASingleText,
    NotAUrl,
    NotPairs,
    PersonalizedNotPermitted,
    SenderNotUsable,
    SerwersmsError,
    TextTooLong,
)
from mockserver.providers.serwersms.outbound import (
    MOST_PAIRS,
    MOST_RECIPIENTS,
    SEND_ERRORS,
    Batch,
    Outgoing,
    Recipient,
    check_personalized,
    send,
)
from mockserver.providers.serwersms.paging import begins
from mockserver.providers.serwersms.parameters import (
    BLANK,
    BOOLEAN,
    CREDENTIALS,
    ONE_PHONE,
    PHONE,
    TEXT,
    moment,
    required,
    row,
)
from mockserver.providers.serwersms.rcs import parse_rcs, shown_text
from mockserver.providers.serwersms.results import Written
from mockserver.providers.serwersms.senders import TWO_WAY, check_sender
from mockserver.sdk import (
    SECOND,
    Account,
    Attachment,
    Call,
    Decision,
    IdReservation,
    Instant,
    Kind,
    Malformed,
    Operation,
    Parameter,
    State,
    assumed,
    integer,
    json_value,
    list_of,
    matching,
    parse_parameters,
    zone_of,
)

# -- parameters ----------------------------------------------------------------------------------------------------


def _parse_recipient(row: Parameter, sent: Any) -> Recipient:
    """Parse a number; what is none is a recipient too, to whom nothing is sent (SW-63)."""
    try:
        return Recipient(PHONE.parse(row, sent))
    except NotAPhone:
        return Recipient(str(sent).strip()[:64], InvalidRecipient)


def _parse_recipients(row: Parameter, sent: Any) -> Sequence[Recipient]:
    """Parse the recipients of a request, of which most have one."""
    if isinstance(sent, list) and len(sent) == 1 and isinstance(sent[0], str):
        (sent,) = sent
    if isinstance(sent, str) and "," not in sent and sent.strip(" "):
        return (_parse_recipient(row, sent),)
    found: Sequence[Recipient] = _MANY.parse(row, sent)
    return found


def _parse_unique_ids(row: Parameter, sent: Any) -> tuple[str, ...]:
    """Return the identifiers that were sent, one for each message; a blank one is kept, to be rejected as malformed (SW-62)."""
    texts = ("" if each is None else row.text(each) for each in (sent if isinstance(sent, list) else [sent]))
    return tuple(part for text in texts for part in text.split(","))


def _parse_pairs(row: Parameter, sent: Any) -> tuple[tuple[Recipient, str], ...]:
    """Parse the numbers with their texts: a list, the JSON text of one, or ``phone:text]|[phone:text`` (SW-63)."""
    pairs: list[Any] = []
    for each in sent if isinstance(sent, list) else [sent]:  # a form sends a list, even of one text
        pairs += _read_pairs(row, each) if isinstance(each, str) else [each]
    return tuple(_parse_pair(row, each) for each in pairs)


def _read_pairs(row: Parameter, sent: str) -> list[Any]:
    text = row.text(sent)
    if text.lstrip().startswith("["):
        try:
            return list(json_value(text.encode()))
        except Malformed:
            raise row.wrong(sent) from None
    pairs = (each.partition(":") for each in text.split("]|[") if each.strip())
    return [{"phone": phone, "text": said} if colon else None for phone, colon, said in pairs]


def _parse_pair(row: Parameter, sent: Any) -> tuple[Recipient, str]:
    if not isinstance(sent, dict) or "phone" not in sent:
        raise row.wrong(sent)
    said = sent.get("text")
    return _parse_recipient(row, sent["phone"]), "" if said is None else row.text(said)


def _parse_files(row: Parameter, sent: Any) -> tuple[bytes, ...]:
    """Parse files in base64, of which a list may have several (SW-66)."""
    texts = [row.text(each) for each in (sent if isinstance(sent, list) else [sent])]
    try:
        return tuple(b64decode(text.replace(" ", "+"), validate=True) for text in texts)
    except ValueError:  # not base64, or not even ASCII
        raise row.wrong(sent) from None


_URL = r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#][^\s]{0,1023}"
_MANY = list_of(Kind(_parse_recipient, NotASingleText, PHONE.schema))
RECIPIENTS = Kind(_parse_recipients, NotASingleText, _MANY.schema)
_TEXT_OR_LIST = {"type": "array", "items": {"type": "string"}}
_PAIR = {"type": "object", "properties": {"phone": {"type": "string"}, "text": {"type": "string"}}}

_LONGEST_VOICE = 160
_LONGEST_TITLE = 40
_MOST_PARTS = 6

# SW-58: none of these is in 004, but all are on other pages of the vendor's or in clients
_row = partial(row, source=assumed("SW-58"))
_PHONE = _row("phone", RECIPIENTS, source=assumed("SW-63"))
_GROUPS = tuple(
    _row(name, list_of(integer(InvalidId, 1, 10**15)), source=assumed("SW-63")) for name in ("group_id", "contact_id")
)
_TEXT = _row("text", TEXT, source=assumed("SW-59"))
_SENDER = _row("sender", TEXT, source=assumed("SW-60"))
_UNIQUE_ID = _row("unique_id", Kind(_parse_unique_ids, NotASingleText, _TEXT_OR_LIST), source=assumed("SW-62"))
_DATE = _row("date", moment(InvalidSendingTime), source=assumed("SW-64"))
_SWITCHES = tuple(_row(name, BOOLEAN) for name in ("details", "flash", "utf", "speed"))
_TEST = _row("test", BOOLEAN, source=assumed("SW-65"))
_DLR_URL = _row("dlr_url", matching(_URL, NotAUrl))

SEND_SMS = (
    _PHONE,
    *_GROUPS,
    _TEXT,
    _SENDER,
    *_SWITCHES,
    _row("vcard", BOOLEAN),
    _row("wap_push", matching(_URL, NotAUrl)),
    _TEST,
    _DATE,
    _UNIQUE_ID,
    _DLR_URL,
)
_FILE_ID = _row("file_id", list_of(TEXT), source=assumed("SW-66"))
_MESSAGES = _row("messages", Kind(_parse_pairs, NotPairs, {"type": "array", "items": _PAIR}), source=assumed("SW-63"))
SEND_PERSONALIZED = (
    _MESSAGES,
    _GROUPS[0],
    _TEXT,
    _SENDER,
    *_SWITCHES,
    _row("voice", BOOLEAN),
    _TEST,
    _DATE,
    _UNIQUE_ID,
    _DLR_URL,
)
SEND_VOICE = (_PHONE, *_GROUPS, _TEXT, _FILE_ID, _row("details", BOOLEAN), _TEST, _DATE, _UNIQUE_ID, _DLR_URL)
_TITLE = _row("title", TEXT, source=assumed("SW-66"))
SEND_MMS = (
    _PHONE,
    *_GROUPS,
    _TITLE,
    _TEXT,
    _FILE_ID,
    _row("file", Kind(_parse_files, InvalidSendingFile, _TEXT_OR_LIST), source=assumed("SW-66")),
    _row("details", BOOLEAN),
    _TEST,
    _DATE,
    _UNIQUE_ID,
    _DLR_URL,
)

_RCS_ID = required(
    "rcs_id",
    matching(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", InvalidId),
    assumed("SW-66"),
)
SEND_RCS = (
    _RCS_ID,
    required("message", Kind(parse_rcs, InvalidMessage, {"type": "object"}), assumed("SW-66")),
    _PHONE,
    *_GROUPS,
    _row("details", BOOLEAN),
    _TEST,
    _DATE,
    _UNIQUE_ID,
    _DLR_URL,
)
TESTER_RCS = (_RCS_ID, required("phone", ONE_PHONE, assumed("SW-66")))


# -- what is sent --------------------------------------------------------------------------------------------------


class _Request(NamedTuple):
    """A request to send, with what decides about it."""

    values: Mapping[str, Any]
    """The values of its parameters."""
    call: Call
    """As it was sent, where a blank differs from what is missing."""
    account: Account
    state: State
    now: Instant
    ids: IdReservation


def _read(
    table: Iterable[Parameter], call: Call, account: Account, state: State, now: Instant, ids: IdReservation
) -> _Request:
    return _Request(parse_parameters(table, call.values, blank=BLANK), call, account, state, now, ids)


def _find_recipients(request: _Request) -> Sequence[Recipient]:
    """Return whom a message is for: numbers, the members of groups, and contacts; none where all of that is blank (SW-59).

    Raises:
        MissingParameter: nothing says whom.
    """
    found: Sequence[Recipient] = request.values.get("phone", ())
    values = request.values
    if "group_id" in values or "contact_id" in values:
        return (*found, *_find_contacts(request))
    if not found and all(request.call.values.get(name) is None for name in ("phone", "group_id", "contact_id")):
        raise _PHONE.error(MissingParameter)
    return found


def _find_contacts(request: _Request) -> Iterator[Recipient]:
    """Yield the members of the groups that a request names, and its contacts (SW-63)."""
    entries, account = request.state.entries, request.account.key
    for group in request.values.get("group_id", ()):
        for contact in entries.find(account, CONTACTS, "group_ids", group):
            yield Recipient(contact.phone)
    for identifier in request.values.get("contact_id", ()):
        found = entries.get(account, CONTACTS, identifier)
        if found is not None:
            yield Recipient(found.phone)


def _find_text(request: _Request) -> str:
    """Return the text.

    Raises:
        MissingParameter: there is none.
        EmptyText: it is blank (SW-59).
    """
    text: str = request.values.get("text", "")
    if text and not text.isspace():
        return text
    raise _TEXT.error(MissingParameter) if request.call.values.get("text") is None else EmptyText()


_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _encode(text: str, is_ucs2: bool, letters: str) -> tuple[str, int]:
    """Return a text as it is sent, and the number of its parts (SW-61).

    Args:
        text: as the customer sent it.
        is_ucs2: whether the customer wants it in UCS-2.
        letters: the variant for letters that GSM 03.38 does not have.

    Raises:
        EmptyText: it is blank.
        InvalidMessage: it has control characters, or letters that the variant rejects.
        TextTooLong: it has more parts than a message may have.
    """
    if not text or text.isspace():
        raise EmptyText
    has_gsm = is_gsm(text)
    if not has_gsm and _CONTROL.search(text):
        raise InvalidMessage(reason="it has control characters")
    if not is_ucs2 and not has_gsm:
        if letters == "rejected":
            raise InvalidMessage(reason="it has letters that GSM 03.38 does not have, and no utf")
        if letters == "converted":
            text = to_gsm(text)
        else:
            is_ucs2 = True
    parts = count_parts(text, is_ucs2)
    if parts > _MOST_PARTS:
        raise TextTooLong
    return text, parts


def _encode_each(pairs: Iterable[tuple[Recipient, str]], is_ucs2: bool, letters: str) -> list[Outgoing]:
    """Return messages with texts of their own; one whose text cannot be sent has the reason (SW-63)."""
    outgoing = []
    for (phone, defect), text in pairs:
        try:
            outgoing.append(Outgoing(phone, *_encode(text, is_ucs2, letters), defect))
        except SerwersmsError as error:
            outgoing.append(Outgoing(phone, text, defect=defect or type(error)))
    return outgoing


_TOLERANCE = 60 * SECOND
"""How far in the past a date may be, for clocks that differ (SW-64)."""


def _find_date(request: _Request) -> Instant:
    """Return when a message is to be sent.

    Raises:
        InvalidSendingTime: that is in the past (SW-64).
    """
    at = begins(request.values["date"], zone_of(request.state.variants[quirks.ZONE.name]))
    if at < request.now - _TOLERANCE:
        raise _DATE.error(InvalidSendingTime)
    return at


_ALL = frozenset(("dlr_url",))
_ECO = _ALL | {"flash", "vcard", "wap_push"}
_KEPT = {"eco": _ECO, "full": _ECO | {"utf", "speed"}}
"""The parameters that are kept of a message, by its kind (SW-60)."""


def _send(
    kind: str,
    outgoing: Sequence[Outgoing],
    request: _Request,
    fields: Mapping[str, Any] = {},
    sender: str = "",
    most: int = MOST_RECIPIENTS,
    title: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> Decision:
    """Decide about the messages of a request."""
    values, names = request.values, _KEPT.get(kind, _ALL)
    kept = {name: value for name, value in values.items() if name in names and value}
    is_test = bool(values.get("test"))
    if request.state.variants[quirks.DEMO.name] == "test" and is_demo(request.account, request.call):  # SW-65
        is_test = True
    batch = Batch(
        kind,
        outgoing,
        sender,
        values.get("unique_id", ()),
        {**kept, **fields} if fields else kept,
        title,
        attachments,
        _find_date(request) if "date" in values else None,
        is_test,
        bool(values.get("details")),
        most,
    )
    return send(batch, request.account, request.state, request.now, request.ids)


def _send_sms(outgoing: Sequence[Outgoing], request: _Request, most: int = MOST_RECIPIENTS) -> Decision:
    """Decide about SMS: ECO+ without a sender, FULL with one (SW-60)."""
    sender = request.values.get("sender", "")
    if not sender:
        return _send("eco", outgoing, request, most=most)
    check_sender(sender, request.account, request.state)
    if sender == TWO_WAY:
        sender = str(request.ids.number("serwersms.two_way", 600_000_001))
    return _send("full", outgoing, request, sender=sender, most=most)


def send_sms(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send an SMS with the same text to each recipient (SW-58)."""
    request = _read(SEND_SMS, call, account, state, now, ids)
    values, recipients = request.values, _find_recipients(request)
    is_ucs2 = bool(values.get("utf") and values.get("sender"))
    text, parts = _encode(_find_text(request), is_ucs2, state.variants[quirks.LETTERS.name])
    if values.get("vcard") and not text.lstrip().upper().startswith("BEGIN:VCARD"):
        raise InvalidMessage(reason="its text is no vCard")
    return _send_sms([Outgoing(phone, text, parts, defect) for phone, defect in recipients], request)


def send_personalized(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send an SMS, or a voice message, with a text for each recipient (SW-63)."""
    request = _read(SEND_PERSONALIZED, call, account, state, now, ids)
    values = request.values
    pairs: Sequence[tuple[Recipient, str]] = values.get("messages", ())
    if "group_id" in values:
        text = _find_text(request)
        pairs = (*pairs, *((recipient, text) for recipient in _find_contacts(request)))
    elif not pairs and call.values.get("messages") is None:
        raise _MESSAGES.error(MissingParameter)
    check_personalized(account)
    if values.get("voice"):
        return _send("voice", _voices(pairs), request, most=MOST_PAIRS)
    is_ucs2 = bool(values.get("utf") and values.get("sender"))
    return _send_sms(_encode_each(pairs, is_ucs2, state.variants[quirks.LETTERS.name]), request, MOST_PAIRS)


def send_voice(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Call each recipient and read a text out, or play a file (SW-66)."""
    request = _read(SEND_VOICE, call, account, state, now, ids)
    recipients, files = _find_recipients(request), _find_files(request, "voice")
    text = request.values.get("text", "") if files else _find_text(request)
    if len(text) > _LONGEST_VOICE:
        raise TextTooLong
    return _send("voice", [Outgoing(phone, text, defect=defect) for phone, defect in recipients], request, files)


def _find_files(request: _Request, kind: str) -> dict[str, Any]:
    """Return the ids of the files that a message is sent with, as `MessageFields` has them.

    Raises:
        InvalidSendingFile: the account has no such file of that type.
    """
    identifiers = request.values.get("file_id", ())
    for each in identifiers:
        found = request.state.entries.get(request.account.key, FILES, each)
        if found is None or found.type != kind:
            raise InvalidSendingFile
    return {"file_ids": identifiers} if identifiers else {}


def send_mms(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send an MMS, with files of the account or in base64, to each recipient (SW-66)."""
    request = _read(SEND_MMS, call, account, state, now, ids)
    values, recipients = request.values, _find_recipients(request)
    text: str = values.get("text", "")
    title: str = values.get("title") or text[:_LONGEST_TITLE]
    if not title.strip():
        raise _TITLE.error(MissingParameter)
    if len(title) > _LONGEST_TITLE:
        raise TextTooLong
    files = _find_files(request, "mms")
    attachments = tuple(_attachment(content, ids) for content in values.get("file", ()))
    if not files and not attachments:
        raise InvalidSendingFile
    outgoing = [Outgoing(phone, text, defect=defect) for phone, defect in recipients]
    return _send("mms", outgoing, request, files, title=title, attachments=attachments)


def _attachment(content: bytes, ids: IdReservation) -> Attachment:
    """Return a file as an attachment, of the type that its first bytes say."""
    ending, content_type = next((kind for start, *kind in _TYPES if content.startswith(start)), ("txt", "text/plain"))
    return Attachment(ids.number("serwersms.attachment", 100_000_000), f"file.{ending}", content_type, content)


_TYPES = (
    (b"\x89PNG", "png", "image/png"),
    (b"GIF8", "gif", "image/gif"),
    (b"\xff\xd8", "jpg", "image/jpeg"),
)


def send_rcs(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Send an RCS message as one of the account's bots to each recipient (SW-66)."""
    request = _read(SEND_RCS, call, account, state, now, ids)
    bot = _find_bot(request)
    recipients, message = _find_recipients(request), request.values["message"]
    outgoing = [Outgoing(phone, shown_text(message), defect=defect) for phone, defect in recipients]
    return _send("rcs", outgoing, request, {"rcs": message}, bot)


def tester_rcs(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Invite the owner of a number to test one of the account's bots (SW-66)."""
    request = _read(TESTER_RCS, call, account, state, now, ids)
    _find_bot(request)
    return Decision(now, Written(), account=account.key)


def _find_bot(request: _Request) -> str:
    """Return the id of the bot that sends.

    Raises:
        InvalidId: the account has no such bot.
    """
    identifier: str = request.values["rcs_id"]
    if request.state.entries.get(request.account.key, RCS_BOTS, identifier.lower()) is None:
        raise _RCS_ID.error(InvalidId)
    return identifier.lower()


def _voices(pairs: Iterable[tuple[Recipient, str]]) -> list[Outgoing]:
    """Return voice messages; one whose text is blank or too long has the reason."""

    def defect(text: str) -> type[SerwersmsError] | None:
        return EmptyText if not text or text.isspace() else TextTooLong if len(text) > _LONGEST_VOICE else None

    return [Outgoing(phone, text, defect=wrong or defect(text)) for (phone, wrong), text in pairs]


_Decide: TypeAlias = Callable[[Call, Account, State, Instant, IdReservation], Decision]
_OPERATIONS: Mapping[str, tuple[_Decide, Sequence[Parameter], Sequence[type[SerwersmsError]]]] = {
    "messages.send_sms": (send_sms, SEND_SMS, (InvalidMessage, TextTooLong, SenderNotUsable)),
    "messages.send_personalized": (send_personalized, SEND_PERSONALIZED, (SenderNotUsable, PersonalizedNotPermitted)),
    "messages.send_voice": (send_voice, SEND_VOICE, (TextTooLong, InvalidSendingFile)),
    "messages.send_rcs": (send_rcs, SEND_RCS, (TextTooLong,)),
    "messages.send_mms": (send_mms, SEND_MMS, (TextTooLong, InvalidSendingFile)),
}
OPERATIONS = (
    *(
        Operation(
            name=name,
            source=assumed("SW-58"),
            decide=decide,
            parameters=table,
            common=CREDENTIALS,
            errors=(MissingParameter, EmptyText, *errors, *SEND_ERRORS),
            is_repeatable=False,
        )
        for name, (decide, table, errors) in _OPERATIONS.items()
    ),
    Operation(
        name="messages.tester_rcs",
        source=assumed("SW-66"),
        decide=tester_rcs,
        parameters=TESTER_RCS,
        common=CREDENTIALS,
        is_repeatable=False,
    ),
)
