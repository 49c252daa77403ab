"""Outbound messages: what is stored of each, which of them are not sent, and what a send answers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from mockserver.sdk import (
    EARLIEST,
    LATEST,
    NO_TRACE,
    Account,
    Attachment,
    Decision,
    DecisionTrace,
    IdReservation,
    Instant,
    Magic,
    Message,
    State,
    datetime_of,
    field_key,
    freeze,
    iso,
)

from . import magic, quirks
from .accounts import UNAVAILABLE, UNLIMITED, left, use_up
from .delivery import store_and_follow
from .entries import BLACKLIST, USED_UNIQUE_IDS
from .errors import (
    EcoLimitUsedUp,
    EcoNotPermitted,
    FlashNotPermitted,
    FullLimitUsedUp,
    FullNotPermitted,
    InvalidRecipient,
    MmsLimitUsedUp,
    MmsNotPermitted,
    NoRecipients,
    PersonalizedNotPermitted,
    SendingBlocked,
    SerwersmsError,
    SmsNotPermitted,
    SystemUnavailable,
    TooManyMessages,
    UniqueIdMalformed,
    UniqueIdsNotUnique,
    UniqueIdUsed,
    VoiceLimitUsedUp,
    VoiceNotPermitted,
    WrongUniqueIdCount,
    error_message,
)

MOST_RECIPIENTS = 100_000
"""The most recipients of a request: "max 100 000 SMS per request" is the vendor's sentence of 3110 (SW-63)."""
MOST_PAIRS = 10_000
"""The most personalized messages of a request (SW-63)."""

_Flag = Annotated[bool, Meta(description="true or false")]


class MessageFields(Struct, frozen=True):
    """What SerwerSMS keeps of an outbound message beside the common fields."""

    stat_id: int = 0
    """The number of the send that it was a part of."""
    parts: int = 1
    """How many parts it was sent in."""
    unique_id: str = ""
    """The customer's own identifier of it."""
    flash: _Flag = False
    utf: _Flag = False
    speed: _Flag = False
    vcard: _Flag = False
    wap_push: str = ""
    """The URL of a WAP push."""
    date: str = ""
    """When it is to be sent, as an instant in ISO 8601; empty for at once."""
    reason: str = ""
    """Why it was not sent, or not delivered, in the vendor's word."""
    dlr_url: str = ""
    """The URL that is called when its state changes, with the vendor's placeholders."""
    sent: str = ""
    """When it was sent, as an instant in ISO 8601."""
    delivered: str = ""
    """When it was delivered."""
    ended: str = ""
    """When it became unsent or undelivered."""
    end: str = ""
    """The state that it ends in, if that is not ``delivered``; chosen when it was sent (SW-69)."""
    end_reason: str = ""
    """The reason that it then has."""
    file_ids: tuple[str, ...] = ()
    """The files that were sent with it."""
    rcs: dict[str, Any] = {}
    """The RCS message as it was sent."""


class Recipient(NamedTuple):
    """Whom a message is for."""

    phone: str
    """The number in E.164; of no number, what was sent."""
    defect: type[SerwersmsError] | None = None
    """Why nothing is sent to it."""


class Outgoing(NamedTuple):
    """One message that is to be sent."""

    phone: str
    text: str
    parts: int = 1
    defect: type[SerwersmsError] | None = None
    """Why it is not sent, where number or text is the reason."""


class Batch(Struct, frozen=True):
    """What one request sends."""

    kind: str
    """``eco``, ``full``, ``voice``, ``mms`` or ``rcs``."""
    outgoing: Sequence[Outgoing]
    sender: str = ""
    unique_ids: Sequence[str] = ()
    """One for each of the messages, or none."""
    fields: Mapping[str, Any] = {}
    """The fields of `MessageFields` that are the same in all of the messages, by name."""
    title: str = ""
    attachments: tuple[Attachment, ...] = ()
    date: Instant | None = None
    """When they are to be sent; ``None`` for at once."""
    is_test: bool = False
    """Whether nothing is stored (SW-65)."""
    shows_items: bool = False
    """Whether each message is listed in the answer."""
    most: int = MOST_RECIPIENTS
    """The most messages that the request may have."""


class SentItem(Struct, frozen=True):
    """What became of one message (SW-58)."""

    id: str
    phone: str
    status: str
    """``queued`` or ``unsent``."""
    queued: datetime | UnsetType
    parts: int | UnsetType
    error_code: int | UnsetType
    error_message: str | UnsetType
    text: str


class Sent(Struct, frozen=True):
    """What became of a send."""

    success: bool
    queued: int
    unsent: int
    items: tuple[SentItem, ...] | UnsetType = UNSET


class SendResult(Struct, frozen=True):
    """The answer to a send, and the magic number that it was sent to."""

    sent: Sent
    meaning: Magic | None = None


_Errors: TypeAlias = tuple[type[SerwersmsError], type[SerwersmsError]]
_LIMIT_ERRORS: Mapping[str, _Errors] = {
    "eco": (EcoLimitUsedUp, EcoNotPermitted),
    "full": (FullLimitUsedUp, FullNotPermitted),
    "voice": (VoiceLimitUsedUp, VoiceNotPermitted),
    "mms": (MmsLimitUsedUp, MmsNotPermitted),
    "rcs": (FullLimitUsedUp, FullNotPermitted),
}
"""Kind -> the errors of a limit that is used up, and of a kind that the account may not send (SW-67)."""
# SW-63: the reasons that the vendor's reports have
_REASONS: Mapping[type[SerwersmsError], str] = {
    InvalidRecipient: "wrong_number",
    SendingBlocked: "number_is_blacklisted",
    SmsNotPermitted: "sending_to_foreign_networks_is_locked",
}
_WRONG_MESSAGE = "wrong_message"
SEND_ERRORS: tuple[type[SerwersmsError], ...] = (
    NoRecipients,
    InvalidRecipient,
    *dict.fromkeys(error for pair in _LIMIT_ERRORS.values() for error in pair),
    SmsNotPermitted,
    FlashNotPermitted,
    SendingBlocked,
    TooManyMessages,
    UniqueIdUsed,
    UniqueIdMalformed,
    UniqueIdsNotUnique,
    WrongUniqueIdCount,
    SystemUnavailable,
)
"""The errors of every send beside those of its parameters."""


def send(batch: Batch, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Decide a send: the whole is rejected, or each message is queued or unsent (SW-63).

    Raises:
        SerwersmsError: the whole is rejected.
    """
    _check(batch, account, state)
    outgoing, unique_ids, variants = batch.outgoing, batch.unique_ids, state.variants
    if len(outgoing) > 1:
        outgoing, unique_ids = _without_repeats(outgoing, unique_ids)
    blacklist = state.entries.values_of(account.key, BLACKLIST, "phone")
    if blacklist or account.fields:
        outgoing = _with_account_defects(outgoing, account, blacklist)
    spent = unsent = 0
    for each in outgoing:
        if each.defect is None:
            spent += each.parts
        else:
            unsent += 1
    number = None if variants[quirks.MAGIC.name] == "off" else _find_magic(outgoing)
    meaning = None if number is None else magic.MEANINGS[number]
    trace = NO_TRACE if number is None else DecisionTrace(magic=number)
    if meaning is magic.UNAVAILABLE:
        return Decision(now, SystemUnavailable(), (), trace, account.key)
    if account.fields:
        _check_limit(batch.kind, spent, account)
    messages = _messages(batch, outgoing, unique_ids, account, state, now, ids)
    items: tuple[SentItem, ...] | UnsetType = UNSET
    size = 0
    if batch.shows_items:
        language, size = variants[quirks.LANGUAGE.name], len(outgoing)
        items = tuple([_item(message, each, language) for message, each in zip(messages, outgoing, strict=True)])
    result = SendResult(Sent(True, len(outgoing) - unsent, unsent, items), meaning)
    if batch.is_test:
        return Decision(now, result, (), trace, account.key, size)
    events = store_and_follow(messages, account, state, now, ids)
    used = use_up(account, batch.kind, spent) if account.fields else None
    if used is not None:
        events.append(used)
    return Decision(now, result, tuple(events), trace, account.key, size)


def _find_magic(outgoing: Sequence[Outgoing]) -> str | None:
    """Return the magic number that counts, if there is one (SW-39)."""
    if len(outgoing) > 1:
        return magic.acting({each.phone for each in outgoing})
    phone = outgoing[0].phone
    return phone if phone in magic.MEANINGS else None


def _check(batch: Batch, account: Account, state: State) -> None:
    """Raise the error for which the whole is rejected, whatever the numbers are (SW-59)."""
    count = len(batch.outgoing)
    if not count:
        raise NoRecipients
    if account.fields:
        _check_rights(batch, account)
    if count > batch.most:
        raise TooManyMessages(most=batch.most, count=count)
    if batch.unique_ids:
        _check_unique_ids(batch.unique_ids, count, account, state)


def _check_rights(batch: Batch, account: Account) -> None:
    """Raise the error of what the account may not do (SW-67)."""
    if account.fields.get("blocked"):
        raise SendingBlocked
    denied = account.fields.get("denied", ())
    if "sms" in denied and batch.kind in ("eco", "full"):
        raise SmsNotPermitted
    if "rcs" in denied and batch.kind == "rcs":
        raise FullNotPermitted
    if "flash" in denied and batch.fields.get("flash"):
        raise FlashNotPermitted
    if left(account, "full" if batch.kind == "rcs" else batch.kind) == UNAVAILABLE:
        raise _LIMIT_ERRORS[batch.kind][1]


def check_personalized(account: Account) -> None:
    """Raise the error of an account that may not send personalized messages."""
    if "personalized" in account.fields.get("denied", ()):
        raise PersonalizedNotPermitted


def _check_limit(kind: str, needed: int, account: Account) -> None:
    """Raise the error of a limit that is used up (SW-67)."""
    value = left(account, kind)
    if value not in (UNLIMITED, UNAVAILABLE) and needed > int(value):
        raise _LIMIT_ERRORS[kind][0](needed=needed, left=value)


def _check_unique_ids(unique_ids: Sequence[str], count: int, account: Account, state: State) -> None:
    """Raise the error of the first unique_id that cannot be taken (SW-62)."""
    for each in unique_ids:
        if not (3 <= len(each) <= 50 and each.isascii() and each.isalnum()):
            raise UniqueIdMalformed(value=each)
    if len(unique_ids) != count:
        raise WrongUniqueIdCount(count=count)
    if len(set(unique_ids)) < count:
        raise UniqueIdsNotUnique(value=Counter(unique_ids).most_common(1)[0][0])
    is_controlled = account.fields.get("duplicate_control")
    if not is_controlled and state.variants[quirks.UNIQUE_ID.name] == "reusable":
        return
    for each in unique_ids:
        is_used = state.message_store.count(field_key(account.key, "unique_id", each), EARLIEST, LATEST)
        if is_used or (is_controlled and state.entries.get(account.key, USED_UNIQUE_IDS, each)):
            raise (UniqueIdUsed if is_controlled else UniqueIdsNotUnique)(value=each)


def _without_repeats(
    outgoing: Sequence[Outgoing], unique_ids: Sequence[str]
) -> tuple[Sequence[Outgoing], Sequence[str]]:
    """Return the messages without those that have number and text of an earlier one, and their unique_ids (SW-63)."""
    first: dict[tuple[str, str], int] = {}
    for place, each in enumerate(outgoing):
        first.setdefault((each.phone, each.text), place)
    if len(first) == len(outgoing):
        return outgoing, unique_ids
    return [outgoing[place] for place in first.values()], [unique_ids[place] for place in first.values() if unique_ids]


def _with_account_defects(
    outgoing: Sequence[Outgoing], account: Account, blacklist: frozenset[str]
) -> Sequence[Outgoing]:
    """Return the messages, with the reason of those that the account may not send (SW-63)."""
    is_at_home = "foreign" in account.fields.get("denied", ())

    def find(one: Outgoing) -> Outgoing:
        if one.defect is InvalidRecipient:
            return one
        if one.phone in blacklist:
            return one._replace(defect=SendingBlocked)
        if is_at_home and not one.phone.startswith("+48"):
            return one._replace(defect=SmsNotPermitted)
        return one

    return [find(each) for each in outgoing]


def _messages(
    batch: Batch,
    outgoing: Sequence[Outgoing],
    unique_ids: Sequence[str],
    account: Account,
    state: State,
    now: Instant,
    ids: IdReservation,
) -> list[Message]:
    """Return the messages as they are stored."""
    shared = {"stat_id": ids.number("serwersms.stat", 100_000), **batch.fields}
    status = "in_progress"
    if batch.date is not None and batch.date > now:  # SW-64
        status, shared["date"] = "saved", iso(batch.date)
    known: dict[tuple[int, type[SerwersmsError] | None], Mapping[str, Any]] = {}
    first, messages = state.message_store.next_serial, []
    for place, (phone, text, parts, defect) in enumerate(outgoing):
        fields = known.get((parts, defect))
        if fields is None:
            own: dict[str, Any] = {} if parts == 1 else {"parts": parts}
            if defect is not None:
                own["reason"] = _REASONS.get(defect, _WRONG_MESSAGE)
            fields = known[parts, defect] = freeze({**shared, **own})
        if unique_ids:
            fields = freeze({**fields, "unique_id": unique_ids[place]})
        messages.append(
            Message(
                serial=first + place,
                account=account.key,
                id=_message_id(ids),
                direction="outbound",
                sender=batch.sender,
                recipient=phone,
                at=now,
                text=text,
                kind=batch.kind,
                status=status if defect is None else "unsent",
                title=batch.title,
                attachments=batch.attachments,
                fields=fields,
            )
        )
    return messages


def _message_id(ids: IdReservation) -> str:
    """Return the next id of a message: 10 hexadecimal digits, as the vendor's are; the odd factor makes each of 2**40 unique."""
    return f"{(0xB67D70C22D + ids.number('serwersms.message') * 0x9E3779B97F) % 2**40:010x}"


def _item(message: Message, sent: Outgoing, language: str) -> SentItem:
    identifier, phone, error = message.id, message.recipient, sent.defect
    if error is None:
        return SentItem(identifier, phone, "queued", datetime_of(message.at), sent.parts, UNSET, UNSET, sent.text)
    sentence = error_message(error.code, language)
    return SentItem(identifier, phone, "unsent", UNSET, UNSET, error.code, sentence, sent.text)
