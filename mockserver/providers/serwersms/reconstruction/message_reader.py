"""What recorded responses show of an account's messages: those that there were before the recording, and those that came in meanwhile."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any, ClassVar

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.accounts import LIMITED, PRICE, UNAVAILABLE, UNLIMITED
from mockserver.providers.serwersms.characters import count_parts, is_gsm, to_gsm
from mockserver.providers.serwersms.delivery import (
    DELIVERED,
    ENDED_AFTER,
    FINAL,
    IN_PROGRESS,
    SAVED,
    SENT,
    SENT_AFTER,
    STATES,
    UNDELIVERED,
    UNSENT,
)
from mockserver.providers.serwersms.listing import LARGEST, SIZE
from mockserver.providers.serwersms.networks import network_of
from mockserver.providers.serwersms.operations.phones import KINDS, LIMITS
from mockserver.providers.serwersms.operations.reports import METHOD
from mockserver.providers.serwersms.operations.reports import TYPES as OUTBOUND_TYPES
from mockserver.providers.serwersms.paging import begins, ends
from mockserver.providers.serwersms.parameters import TYPES
from mockserver.sdk import EARLIEST, LATEST, SECOND, Instant, iso, zone_of

from .entry_reader import NUMBER, PHONE, EntryReader, Order
from .pages import (
    MOST_ADDED,
    UNKNOWN,
    EntryPage,
    InboundMessage,
    MadeUp,
    complete_entry_pages,
    complete_pages,
    made_up_phone,
)
from .recorded_calls import Findings, RecordedCall, RecordedItem

_TOLERANCE = 5 * SECOND
"""How far the instant of a message may be from that of the request that stored it."""
_ON_BLACKLIST = 3100
"""The error of a message to a number on the blacklist; a blocked account has it for the whole request."""
_MESSAGE_ID = re.compile("[0-9A-Za-z]{1,32}", re.ASCII)
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)


def _is_inbound_id(text: str) -> bool:
    return re.fullmatch("[1-9][0-9]{0,14}", text, re.ASCII) is not None


def _find_wrong(**is_right: bool) -> str:
    """Return the name of the first member that is wrong; empty where none is."""
    return next((name for name, each in is_right.items() if not each), "")


class _Outbound:
    """An outbound message that a response shows."""

    def __init__(self, name: str, fields: dict[str, Any], call: RecordedCall, item: RecordedItem) -> None:
        self.name, self.fields, self.call, self.item = name, fields, call, item
        self.own: dict[str, Any] = {}
        """The provider's own fields."""
        self.states: list[tuple[Instant, str]] = []
        """The states that it was shown in, with the instants of the responses."""
        self.sent: Instant | None = None
        self.delivered: Instant | None = None
        self.ended: Instant | None = None
        self.is_bare = False
        """Whether statistics show no end after the beginning; the usual times of states are not written to the file then."""
        self.reason = ""

    @property
    def at(self) -> Instant:
        found: Instant = self.fields["at"]
        return found


class _Send:
    """A request of the recording that has stored outbound messages."""

    def __init__(self, call: RecordedCall, kind: str, phones: Counter[str] | None, number: int) -> None:
        self.call, self.kind, self.phones, self.number = call, kind, phones, number
        self.is_counted = False
        """Whether statistics have shown it."""

    def is_for(self, phone: str) -> bool:
        """Return whether a number may be among the recipients."""
        return self.phones is None or phone in self.phones

    def has_sent(self, kind: str, phone: str, at: Instant) -> bool:
        """Return whether a message is one of its own, and count it."""
        if kind != self.kind or abs(at - self.call.at) > _TOLERANCE or not self.number:
            return False
        if self.phones is not None:
            if not self.phones[phone]:
                return False
            self.phones[phone] -= 1
        self.number -= 1
        return True


class MessageReader:
    """Reads the calls of one account, in their order, and keeps what they tell of its messages."""

    def __init__(self, entries: EntryReader, variants: Mapping[str, str], findings: Findings, start: Instant) -> None:
        """Create one.

        Args:
            entries: gets the contacts, blacklisted numbers and own numbers that messages show.
            variants: of the world, in which the responses are read.
            findings: gets what cannot be caused.
            start: the instant at which the world begins.
        """
        self._entries, self._variants, self._findings, self._start = entries, variants, findings, start
        self._zone = zone_of(variants[quirks.ZONE.name])
        self._inbound: dict[tuple[str, str], InboundMessage] = {}
        self._own_inbound: dict[tuple[str, str], InboundMessage] = {}
        """The inbound messages that requests of the recording have caused."""
        self._inbound_order = Order()
        """The order of inbound messages in lists that are sorted by date."""
        self._order_in_type = Order()
        """The order of inbound messages in lists that have one type after the other."""
        self._injected: list[tuple[Instant, str, str, str]] = []
        """The inbound messages that requests of the recording have caused and no response has shown yet: instant, kind, sender, text."""
        self._outbound: dict[str, _Outbound] = {}
        self._own_outbound: set[str] = set()
        """The ids of the messages that requests of the recording have sent."""
        self._outbound_order = Order()
        self._sends: list[_Send] = []
        self._reads: list[RecordedCall] = []
        """The calls that have read inbound messages."""
        self._whole_reads: list[RecordedCall] = []
        """Those of them whose response has all messages that they select: others were not there."""
        self._whole_reports: list[RecordedCall] = []
        """The calls whose response has all outbound messages."""
        self._report_pages: list[EntryPage] = []
        self._stats: dict[int, tuple[RecordedCall, RecordedItem]] = {}
        self._prices: dict[str, float] = {}
        self._limits: dict[str, str] = {}
        self._used: Counter[str] = Counter()
        self._waiting: dict[str, None] | None = None
        """The ids of the premium messages in the first list of those that wait for an answer; ``None`` before it is read."""
        self._waiting_at: Instant = EARLIEST
        self._answered: set[str] = set()
        """The ids of the premium messages to which requests of the recording have sent an answer."""
        self._answered_before: frozenset[str] = frozenset()
        """Those of them that were answered before the first list of those that wait."""
        self._own_stats: set[int] = set()
        """The numbers that statistics give to sends of the recording."""
        self._made_up: list[tuple[Instant, dict[str, Any]]] = []

    def read(self, call: RecordedCall) -> None:
        """Read a call that was accepted."""
        read = self._READ.get(call.operation)
        if read is not None:
            read(self, call)
        elif call.operation in _KINDS:
            self._send(call)

    # -- inbound

    def _read_recived(self, call: RecordedCall) -> None:
        keys: list[Hashable] = []
        for item in call.body.items():
            key = self._received(call, item)
            if key is not None:
                keys.append(key)
        if "order" in (call.values or ()):
            self._inbound_order.merge(keys[::-1] if call.value("order") == "desc" else keys)
        else:
            self._order_in_type.merge(keys)
        self._reads.append(call)
        if call.is_whole_list:
            self._whole_reads.append(call)

    def _received(self, call: RecordedCall, item: RecordedItem) -> tuple[str, str] | None:
        item.check_names(_RECEIVED_NAMES)
        stamped = "recived" if "recived" in item.values else "received"
        sender, at = item.text("phone"), item.instant(stamped)
        kind, number = key = item.text("type"), item.text("id")
        wrong = _find_wrong(
            type=kind in TYPES,
            id=_is_inbound_id(number),
            **{"phone": PHONE.fullmatch(sender) is not None, stamped: at is not None},
        )
        if wrong or at is None:
            item.reject(wrong, "no message of this server has such a value here")
            return None
        if item.flag("blacklist"):
            self._entries.see_blacklisted(sender)
        contact = item.child("contact")
        if contact is not None:
            self._entries.see_details(contact)
        known = self._inbound.get(key) or self._own_inbound.get(key)
        if known is None:
            fields = self._received_fields(kind, item)
            is_own = self._is_injected(kind, sender, fields["text"], at)
            known = InboundMessage(kind, number, at, {"sender": sender, **fields}, call, item)
            (self._own_inbound if is_own else self._inbound)[key] = known
        if kind == "ndi" and call.value("ndi"):
            known.fields["recipient"] = call.value("ndi")
        return key

    def _received_fields(self, kind: str, item: RecordedItem) -> dict[str, Any]:
        """Return the fields of an inbound message that depend on its type."""
        if kind == "mms":
            return self._mms(item)
        fields: dict[str, Any] = {"recipient": "", "text": item.text("text")}
        if kind == "eco":
            fields["reference"] = item.text("message_id")
            if _MESSAGE_ID.fullmatch(fields["reference"]) is None:
                item.reject("message_id", "it answers a message, whose id is letters and digits")
                fields["reference"] = "0"
        return fields

    def _mms(self, item: RecordedItem) -> dict[str, Any]:
        recipient = item.text("to_number")
        if recipient and NUMBER.fullmatch(recipient) is None:
            item.reject("to_number", "it is no number")
            recipient = ""
        attachments = []
        for part in item.items("attachments"):
            part.check_names(_ATTACHMENT_NAMES)
            number, data = part.number("id"), part.text("data")
            if number is None or number < 1 or _BASE64.fullmatch(data) is None:
                part.reject("data", "an attachment has a number and base64")
                continue
            attachments.append(
                {"id": number, "name": part.text("name"), "content_type": part.text("content_type"), "data": data}
            )
        return {"recipient": recipient, "text": "", "title": item.text("title"), "attachments": attachments}

    def _read_inject(self, call: RecordedCall) -> None:
        kind = call.operation.removeprefix("messages.send_")
        if not call.body.flag("success"):
            if kind == "nd":  # SW-56: only a demo account rejects it
                self._entries.fields.setdefault("demo", True)
            return
        if kind == "ndi":
            self._entries.add_number(call.value("ndi_number", ""))
        self._injected.append((call.at, kind, call.value("phone", ""), call.value("text", "")))

    def _is_injected(self, kind: str, sender: str, text: str, at: Instant) -> bool:
        for each in self._injected:
            if each[1:] == (kind, sender, text) and abs(each[0] - at) <= _TOLERANCE:
                self._injected.remove(each)
                return True
        return False

    def _read_premium(self, call: RecordedCall) -> None:
        keys: list[Hashable] = []
        waiting: dict[str, None] = {}
        for item in call.body.items():
            item.check_names(_PREMIUM_NAMES)
            number, sender, at = item.text("id"), item.text("from_number"), item.instant("date")
            recipient = item.text("to_number")
            if item.number("limit") not in (None, 1):
                item.reject("limit", "a premium message may have one answer")
            is_known = _is_inbound_id(number) and PHONE.fullmatch(sender)
            if not is_known or at is None or NUMBER.fullmatch(recipient) is None:
                item.reject("", "no premium message of this server has such an id, number or date")
                continue
            waiting[number] = None
            key = "pre", number
            keys.append(key)
            known = self._inbound.get(key)
            if known is not None:
                known.fields["recipient"] = recipient
            else:
                fields = {"sender": sender, "recipient": recipient, "text": item.text("text")}
                self._inbound[key] = InboundMessage("pre", number, at, fields, call, item)
        self._order_in_type.merge(keys[::-1])
        if self._waiting is None:
            self._waiting, self._waiting_at = waiting, call.at
            self._answered_before = frozenset(self._answered)

    def _read_answer(self, call: RecordedCall) -> None:
        number = call.value("id", "")
        self._answered.add(number)
        key = "pre", number
        if key not in self._inbound:
            fields = {"sender": call.value("phone", ""), "recipient": call.value("gate", ""), "text": ""}
            if PHONE.fullmatch(fields["sender"]) and NUMBER.fullmatch(fields["recipient"]):
                self._inbound[key] = InboundMessage("pre", number, self._start, fields, call, call.body)

    # -- outbound

    def _send(self, call: RecordedCall) -> None:
        kind = _KINDS[call.operation]
        sender = call.value("sender", "")
        if kind == "sms":
            kind = "voice" if call.value("voice") else "full" if sender else "eco"
        self._entries.use_sender(sender)
        self._entries.use_files(call, "voice" if kind == "voice" else "mms")
        if kind == "rcs":
            self._entries.use_bot(call)
        for item in call.body.items():
            if item.number("error_code") == _ON_BLACKLIST:
                self._entries.see_blacklisted(item.text("phone"))
        queued = call.body.number("queued") or 0
        if call.value("test"):
            return
        self._used[kind] += self._parts(call, kind, queued)
        for item in call.body.items():
            self._own_outbound.add(item.text("id"))
        pairs = call.value("messages") or ()
        recipients = [*(call.value("phone") or ()), *(pair[0] for pair in pairs)]
        has_groups = call.value("group_id") or call.value("contact_id")
        phones = None if has_groups else Counter(each.phone for each in recipients)
        self._sends.append(_Send(call, kind, phones, queued + (call.body.number("unsent") or 0)))

    def _parts(self, call: RecordedCall, kind: str, queued: int) -> int:
        """Return how many parts a send has used up of its limit."""
        shown = [item.number("parts") or 0 for item in call.body.items() if item.text("status") == "queued"]
        if shown:
            return sum(shown)
        if kind not in ("eco", "full"):
            return queued
        texts = [pair[1] for pair in call.value("messages") or ()] or [call.value("text", "")]
        is_ucs2 = bool(call.value("utf") and call.value("sender"))
        letters = self._variants[quirks.LETTERS.name]
        each = [
            count_parts(text, True)
            if is_ucs2 or (letters == "ucs2" and not is_gsm(text))
            else count_parts(to_gsm(text))
            for text in texts
        ]
        return sum(each) if len(each) > 1 else queued * each[0]

    def _read_reports(self, call: RecordedCall) -> None:
        names: list[Hashable] = []
        for item in call.body.items():
            name = self._reported(call, item)
            if name is not None:
                names.append(name)
        self._outbound_order.merge(names if call.value("order") == "asc" else names[::-1])
        values = call.values or {}
        is_unfiltered = call.values is not None and not values.keys() - {"order", "show_contact"}
        if is_unfiltered and len(call.body.items()) < SIZE:
            self._whole_reports.append(call)
        if (
            not self._sends
            and not values.keys() - {"page", "limit", "order", "show_contact"}
            and "paging" in call.body.values
        ):
            size = min(values.get("limit", SIZE), LARGEST)
            self._report_pages.append(EntryPage(call, names, values.get("order") != "asc", size, None))

    def _read_view(self, call: RecordedCall) -> None:
        self._reported(call, call.body)

    def _reported(self, call: RecordedCall, item: RecordedItem) -> str | None:
        item.check_names(_REPORT_NAMES)
        name, kind, status = item.text("id"), item.text("type"), item.text("status")
        queued, phone = item.instant("queued"), item.text("phone")
        if _MESSAGE_ID.fullmatch(name) is None or kind not in (*OUTBOUND_TYPES, "pre"):
            item.reject(
                "type" if _MESSAGE_ID.fullmatch(name) else "id", "no message of this server has such a type or id"
            )
            return None
        if status not in STATES or queued is None:
            item.reject(
                "status" if queued is not None else "queued", "no message of this server has such a state or date"
            )
            return None
        contact = item.child("contact")
        if contact is not None:
            self._entries.see_contact(contact)
        self._check_derived(item, phone, status, kind)
        known = self._outbound.get(name)
        if known is None:
            if name in self._own_outbound:
                return None
            if any(send.has_sent(kind, phone, queued) for send in self._sends) or self._is_answer(kind, phone, queued):
                self._own_outbound.add(name)
                return None
            known = self._outbound[name] = self._new(name, kind, phone, queued, call, item)
        self._see_state(known, call, item, status)
        unique_ids, stat_id = call.value("unique_id"), call.value("stat_id")
        if isinstance(unique_ids, str) and unique_ids:
            known.own["unique_id"] = unique_ids
        elif unique_ids and len(unique_ids) == 1:
            (known.own["unique_id"],) = unique_ids
        if stat_id:
            known.own["stat_id"] = stat_id
        return name

    def _new(
        self, name: str, kind: str, phone: str, queued: Instant, call: RecordedCall, item: RecordedItem
    ) -> _Outbound:
        fields = {
            "kind": kind,
            "sender": item.text("sender")[:64],
            "recipient": phone[:64],
            "at": queued,
            "text": item.text("text"),
        }
        found = _Outbound(name, fields, call, item)
        parts = item.number("parts") or 1
        if parts != 1:
            found.own["parts"] = parts
        for flag in ("flash", "utf"):
            if item.flag(flag):
                found.own[flag] = True
        files = [part.text("id") for part in item.items("attachments")]
        if files:
            found.own["file_ids"] = files
        return found

    def _see_state(self, known: _Outbound, call: RecordedCall, item: RecordedItem, status: str) -> None:
        if known.states:
            before = known.states[-1][1]
            if _RANKS[status] < _RANKS[before] or (before in FINAL and status != before):
                item.reject("status", f"it was {before} before")
        known.states.append((call.at, status))
        known.sent = known.sent if (sent := item.instant("sent")) is None else sent
        known.delivered = known.delivered if (delivered := item.instant("delivered")) is None else delivered
        known.reason = item.text("reason") or known.reason

    def _check_derived(self, item: RecordedItem, phone: str, status: str, kind: str) -> None:
        """Note the values of a report that differ from those that this server derives from the number, the type and the state."""
        network = network_of(phone)
        expected: dict[str, Any] = {
            "method": METHOD,
            "mnc": "" if network is None else str(network.mnc),
            "country": "" if network is None else network.country,
            "network": "" if network is None else network.name,
        }
        for name, value in expected.items():
            if name in item.values and item.text(name) != value:
                item.reject(name, "it follows from the number, and is the same for all messages to it")
        cost, parts = item.amount("cost"), item.number("parts") or 1
        if cost is None:
            return
        if status == UNSENT:
            if cost:
                item.reject("cost", "what was not sent costs nothing")
            return
        price = self._prices.setdefault(kind, round(cost / parts, 6))
        if round(price * parts, 4) != round(cost, 4):
            item.reject("cost", f"a part of {kind} cost {price} before")

    def _is_answer(self, kind: str, phone: str, at: Instant) -> bool:
        """Return whether a `premium/send` of the recording has sent a message."""
        return kind == "pre" and any(
            self._inbound["pre", number].sender == phone and at >= self._start
            for number in self._answered
            if ("pre", number) in self._inbound
        )

    def _read_delete(self, call: RecordedCall) -> None:
        """Note the messages that were deleted, which were saved before."""
        if call.body.number("failed") or not call.body.flag("success"):
            return
        for name in call.value("id") or ():
            if name in self._own_outbound or name in self._outbound or _MESSAGE_ID.fullmatch(name) is None:
                continue
            if any(send.call.value("date") and send.number for send in self._sends):
                continue  # one that the recording has sent, whose id no response tells
            fields = {"kind": "eco", "sender": "", "recipient": made_up_phone(0), "at": self._start, "text": ""}
            known = self._outbound[name] = _Outbound(name, fields, call, call.body)
            known.states.append((call.at, SAVED))

    def _read_stats(self, call: RecordedCall) -> None:
        for item in call.body.items():
            item.check_names(_STAT_NAMES)
            number, begin = item.number("id"), item.instant("begin")
            if number is None or begin is None or number in self._stats:
                continue
            own = next(
                (
                    send
                    for send in self._sends
                    if not send.is_counted
                    and send.kind == item.text("type")
                    and abs(begin - send.call.at) <= _TOLERANCE
                ),
                None,
            )
            if own is not None:
                own.is_counted = True
                self._own_stats.add(number)
            elif number not in self._own_stats:
                self._stats[number] = call, item

    def _read_limits(self, call: RecordedCall) -> None:
        account = call.body.child("account")
        if account is not None and account.text("type") in ("prepaid", "postpaid"):
            self._entries.fields.setdefault("type", account.text("type"))
        for item in call.body.items():
            item.check_names(frozenset(("type", "chars_limit", "value")))
            kind, value = item.text("type"), item.text("value")
            if kind not in LIMITED or re.fullmatch(f"{UNLIMITED}|{UNAVAILABLE}|[0-9]{{1,9}}", value, re.ASCII) is None:
                item.reject("value", "no limit of this server has such a type or value")
            elif kind not in self._limits:
                is_counted = value not in (UNLIMITED, UNAVAILABLE)
                self._limits[kind] = str(int(value) + self._used[kind]) if is_counted else value

    def _read_check(self, call: RecordedCall) -> None:
        """Count the numbers of an accepted call, which it has taken off the limit."""
        if not call.value("id"):
            sent = call.value("phone", ())
            self._used[LIMITS[KINDS[call.operation]]] += 1 if isinstance(sent, str) else len(sent)

    def read_error(self, call: RecordedCall) -> None:
        """Note what an error tells of the account: its limits, and that a demo user's messages are not stored (SW-65)."""
        if call.operation == "messages.view" and call.value("id") in self._own_outbound:
            self._entries.fields["demo"] = True
        kind, value = _LIMIT_ERRORS.get(call.error or 0, ("", ""))
        if not kind or not call.operation.startswith(("messages.send", "phones.")):
            return
        if kind == "hlr" and call.operation == "phones.lookup":
            kind = "lookup"
        self._limits.setdefault(kind, value if value == UNAVAILABLE else str(self._used[kind]))

    # -- out

    def account_fields(self) -> dict[str, Any]:
        """Return the account's own fields, as far as they are known."""
        limits = {kind: value for kind, value in self._limits.items() if value != UNLIMITED}
        prices = {kind: price for kind, price in self._prices.items() if price != PRICE}
        return {**({"limits": limits} if limits else {}), **({"prices": prices} if prices else {})}

    def messages(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the messages of the account, and the fields of those that come in later, as a world file has them."""
        known = {**self._inbound, **self._own_inbound}
        arrived = [self._place(known[key]) for key in self._in_order(known)]
        arrived = [each for each in complete_pages(arrived, self._reads, self._selects) if not self._is_own(each)]
        stored = [(each.at, self._as_stored(each)) for each in arrived if each.comes_at is None]
        later = [(each.comes_at, self._as_received(each)) for each in arrived if each.comes_at is not None]
        self._match_stats()
        self._answer_premium()
        names = dict.fromkeys((*self._outbound_order.all(), *self._outbound))
        stored += [self._stored(self._outbound[name]) for name in names if name in self._outbound]
        stored += self._made_up
        stored.sort(key=lambda each: each[0])
        stored = self._complete_reports(stored)
        later.sort(key=lambda each: each[0])
        return [row for _, row in stored], [
            {"at": iso(at), "provider": "serwersms", "fields": row} for at, row in later
        ]

    def _in_order(self, known: Iterable[Hashable]) -> Iterable[Any]:
        return dict.fromkeys((*self._inbound_order.all(), *self._order_in_type.all(), *known))

    def _is_own(self, each: InboundMessage) -> bool:
        return (each.kind, each.number) in self._own_inbound

    def _place(self, each: InboundMessage) -> InboundMessage:
        """Note when an inbound message comes in: before the recording, or between two reads."""
        absent = next(
            (read for read in reversed(self._whole_reads) if read.is_before(each.call) and self._selects(read, each)),
            None,
        )
        at = each.at
        if at > each.call.at:
            if at - each.call.at > _TOLERANCE:
                each.item.reject("recived", "it is later than the response that shows it")
            at = each.call.at
        if absent is not None and at <= absent.at:
            if each.call.operation == "premium.index" and at <= self._start:
                each.fields["read"] = True  # which the list of those that wait for an answer does not look at
                return each
            if absent.at - at > _TOLERANCE:
                each.item.reject("", f"it was there before, and the response {absent.index + 1} does not show it")
            at = absent.at + 1
        if absent is not None or at > self._start:
            each.comes_at = at
        return each

    @staticmethod
    def _as_stored(each: InboundMessage) -> dict[str, Any]:
        return {"id": each.number, "direction": "inbound", "kind": each.kind, **each.fields, "at": iso(each.at)}

    def _as_received(self, each: InboundMessage) -> dict[str, Any]:
        fields = {"kind": each.kind, **each.fields}
        if fields.get("reference") in self._own_outbound and any(send.is_for(each.sender) for send in self._sends):
            del fields["reference"]  # the id is another one there: it answers the latest message to its sender
        if not fields["recipient"]:
            del fields["recipient"]
            if each.kind in ("ndi", "mms"):
                fields["recipient"] = self._number_not_asked_for()
        return fields

    def _number_not_asked_for(self) -> str:
        asked = {read.value("ndi") for read in self._reads}
        known = (number for number in self._entries.numbers if number not in asked)
        made_up = (made_up_phone(number) for number in count() if made_up_phone(number) not in asked)
        return next(known, None) or next(made_up)

    def _selects(self, read: RecordedCall, each: InboundMessage) -> bool:
        """Return whether the filters of a read select a message."""
        values = read.values or {}
        if "type" in values and values["type"] != each.kind:
            return False
        if "ndi" in values and (each.kind != "ndi" or values["ndi"] != each.recipient):
            return False
        if values.get("phone") and each.sender not in values["phone"]:
            return False
        return self._is_between(values, each.at, "date_from", "date_to")

    def _is_between(self, values: Mapping[str, Any], at: Instant, first: str, last: str) -> bool:
        since: date | None = values.get(first)
        until: date | None = values.get(last)
        begin = EARLIEST if since is None else begins(since, self._zone)
        end = LATEST if until is None else ends(until, self._zone)
        return begin <= at <= end

    def _stored(self, each: _Outbound) -> tuple[Instant, dict[str, Any]]:
        """Return an outbound message as it was when the world begins, and when it changes."""
        if each.at > self._start and self._was_missing(each):
            each.item.reject("", "it was sent between two reads, and no request of the recording sends it")
        status, due, own = self._state_at_start(each)
        row = {"id": each.name, "direction": "outbound", **each.fields, "at": iso(each.at), "status": status}
        fields = {**each.own, **own}
        if fields:
            row["fields"] = fields
        if due is not None:
            row["due"] = iso(due)
        return each.at, row

    def _complete_reports(
        self, stored: Sequence[tuple[Instant, dict[str, Any]]]
    ) -> list[tuple[Instant, dict[str, Any]]]:
        """Return the messages, with made-up ones where the pages of reports show that others stand before or after."""
        inbound = [each for each in stored if each[1]["direction"] == "inbound"]
        rows = {each[1]["id"]: each for each in stored if each[1]["direction"] == "outbound"}
        ids = complete_entry_pages(tuple(rows), self._report_pages, lambda _entry, _group: True, is_whole=False)
        made: list[tuple[Instant, dict[str, Any]]] = []
        begun = next((rows[each][0] for each in ids if each in rows), self._start)
        for each in ids:
            if not isinstance(each, MadeUp):
                begun = rows[each][0]
                made.append(rows[each])
                continue
            fields = {"kind": "eco", "sender": "", "recipient": made_up_phone(each.number), "text": UNKNOWN}
            row = {"id": f"page{each.number}", "direction": "outbound", **fields, "at": iso(begun), "status": DELIVERED}
            made.append((begun, row))
        return [*inbound, *made]

    def _was_missing(self, each: _Outbound) -> bool:
        return any(read.is_before(each.call) for read in self._whole_reports)

    def _state_at_start(self, each: _Outbound) -> tuple[str, Instant | None, dict[str, Any]]:
        """Return the state of a message when the world begins, when it changes next, and its fields of states."""
        first, (ended_at, last) = each.states[0][1], each.states[-1]
        sent, ended = each.sent, self._ended(each)
        end = {"end": last, "end_reason": each.reason} if last in (UNDELIVERED, UNSENT) else {}
        end = {name: value for name, value in end.items() if value}
        if first in FINAL and (ended is None or ended <= self._start):
            return first, None, self._fields(each, last)
        if first == last and first not in FINAL:
            return first, None, self._fields(each, last)
        if last == UNSENT:
            return first if first not in FINAL else IN_PROGRESS, max(ended or ended_at, self._start), end
        if sent is None or sent <= self._start:
            if first in (SAVED, IN_PROGRESS) and sent is not None:
                each.item.reject("sent", "it was shown before as not sent")
            return SENT, ended or ended_at, {**({} if sent is None else {"sent": iso(sent)}), **end}
        status = SAVED if first == SAVED else IN_PROGRESS
        if (
            each.delivered is not None
            and ended is not None
            and abs(ended - sent - (ENDED_AFTER - SENT_AFTER)) > _TOLERANCE
        ):
            each.item.reject("delivered", "a message ends 4 seconds after it is sent")
        return status, max(self._start, sent - SENT_AFTER if status == SAVED else sent), end

    def _ended(self, each: _Outbound) -> Instant | None:
        """Return when a message came to its last state, as far as it is known."""
        last = each.states[-1][1]
        if last not in FINAL:
            return None
        if last == DELIVERED and each.delivered is not None:
            return each.delivered
        if each.ended is not None:
            return each.ended
        changed = [at for at, status in each.states if status == last]
        return changed[0] if len(changed) < len(each.states) else None

    def _fields(self, each: _Outbound, status: str) -> dict[str, Any]:
        times = {"sent": each.sent, "delivered": each.delivered, "ended": each.ended}
        usual = {"sent": each.at + SENT_AFTER, "delivered": each.at + ENDED_AFTER} if each.is_bare else {}
        known = {name: iso(at) for name, at in times.items() if at is not None and at != usual.get(name)}
        return {**known, **({"reason": each.reason} if each.reason and status in FINAL else {})}

    # -- statistics and premium messages

    def _match_stats(self) -> None:
        """Give messages the number of the send that they were a part of, and make up those that only its counts tell of."""
        free = [each for each in self._outbound.values() if "stat_id" not in each.own]
        for number, (call, item) in self._stats.items():
            begin, kind, end = item.instant("begin"), item.text("type"), item.instant("end")
            assert begin is not None
            wanted = Counter({status: item.number(status) or 0 for status in (DELIVERED, UNDELIVERED, UNSENT)})
            wanted[SENT] = item.number("pending") or 0
            members = [each for each in self._outbound.values() if each.own.get("stat_id") == number]
            others = [each for each in free if each.at == begin and each.fields["kind"] == kind]
            members += others[: max(0, sum(wanted.values()) - len(members))]
            for each in members:
                each.own["stat_id"] = number
                each.is_bare = end == begin
                status = self._state_when(each, call.at)
                wanted[status if status in FINAL else SENT] -= 1
                if status in (UNDELIVERED, UNSENT) and end is not None and end > begin:
                    each.ended = each.ended or end
            free = [each for each in free if "stat_id" not in each.own]
            self._make_up(number, item, begin, end, +wanted)
            if any(lacking < 0 for lacking in wanted.values()):
                item.reject("", "its numbers are not those of the messages that the reports show")
        self._number_others(free)

    def _number_others(self, free: Iterable[_Outbound]) -> None:
        """Where statistics were read, give each message of no known send a number of its own; remove the number 0 everywhere."""
        numbers = (number for number in count(1) if number not in self._stats)
        for each in free if self._stats else ():
            each.own["stat_id"] = next(numbers)
        for each in self._outbound.values():
            if not each.own.get("stat_id"):
                each.own.pop("stat_id", None)

    @staticmethod
    def _state_when(each: _Outbound, at: Instant) -> str:
        return next((status for seen, status in reversed(each.states) if seen <= at), each.states[0][1])

    def _make_up(
        self, number: int, item: RecordedItem, begin: Instant, end: Instant | None, lacking: Counter[str]
    ) -> None:
        kind = item.text("type")
        if kind not in (*OUTBOUND_TYPES, "pre") or sum(lacking.values()) > MOST_ADDED - len(self._made_up):
            item.reject("", "there are too many messages in it, or of a type that this server does not have")
            return
        for status in lacking.elements():
            place = len(self._made_up)
            times = {DELIVERED: "delivered", UNDELIVERED: "ended", UNSENT: "ended"}
            own = {"stat_id": number, **({times.get(status, "sent"): iso(end)} if end is not None else {})}
            row = {
                "id": f"made{place}",
                "direction": "outbound",
                "kind": kind,
                "sender": "",
                "recipient": made_up_phone(place),
                "at": iso(begin),
                "text": item.text("text"),
                "status": status,
                "fields": own,
            }
            self._made_up.append((begin, row))

    def _answer_premium(self) -> None:
        """Make up an answer to each premium message that the list of those that wait for one does not have."""
        if self._waiting is None:
            return
        for (kind, number), each in self._inbound.items():
            if (
                kind != "pre"
                or number in self._waiting
                or number in self._answered_before
                or each.at > self._waiting_at
            ):
                continue
            fields = {
                "kind": "pre",
                "sender": each.recipient,
                "recipient": each.sender,
                "at": each.at,
                "text": "",
                "reference": number,
            }
            answer = next(
                (
                    known
                    for known in self._outbound.values()
                    if known.fields["kind"] == "pre"
                    and known.fields["recipient"] == each.sender
                    and "reference" not in known.fields
                ),
                None,
            )
            if answer is not None:
                answer.fields["reference"] = number
            else:
                made = self._outbound[f"answer{number}"] = _Outbound(f"answer{number}", fields, each.call, each.item)
                made.states.append((self._start, SENT))

    _READ: ClassVar[Mapping[str, Callable[[MessageReader, RecordedCall], None]]] = {
        "messages.recived": _read_recived,
        "messages.send_nd": _read_inject,
        "messages.send_ndi": _read_inject,
        "messages.reports": _read_reports,
        "messages.view": _read_view,
        "messages.delete": _read_delete,
        "premium.index": _read_premium,
        "premium.send": _read_answer,
        "stats.index": _read_stats,
        "account.limits": _read_limits,
        "phones.check": _read_check,
        "phones.lookup": _read_check,
    }


_RANKS = {SAVED: 0, IN_PROGRESS: 1, SENT: 2, DELIVERED: 3, UNDELIVERED: 3, UNSENT: 3}
_KINDS = {
    "messages.send_sms": "sms",
    "messages.send_personalized": "sms",
    "messages.send_voice": "voice",
    "messages.send_mms": "mms",
    "messages.send_rcs": "rcs",
}
_LIMIT_ERRORS: Mapping[int, tuple[str, str]] = {
    3000: ("eco", "0"),
    3001: ("eco", UNAVAILABLE),
    3002: ("full", "0"),
    3003: ("full", UNAVAILABLE),
    3004: ("mms", "0"),
    3005: ("mms", UNAVAILABLE),
    3006: ("voice", "0"),
    3007: ("voice", UNAVAILABLE),
    4102: ("hlr", UNAVAILABLE),
    4103: ("hlr", "0"),
}
"""Error -> the type of the limit that it tells of, and its value (SW-67, SW-87)."""

_RECEIVED_NAMES = frozenset(
    (
        *("id", "type", "phone", "recived", "received", "message_id", "to_number", "blacklist"),
        *("text", "title", "attachments", "contact"),
    )
)
_ATTACHMENT_NAMES = frozenset(("id", "name", "content_type", "data"))
_PREMIUM_NAMES = frozenset(("id", "to_number", "from_number", "date", "limit", "text"))
_REPORT_NAMES = frozenset(
    (
        *("id", "phone", "status", "queued", "sent", "delivered", "sender", "type", "text", "flash", "utf", "parts"),
        *("cost", "method", "mnc", "country", "network", "attachments", "reason", "contact"),
    )
)
_STAT_NAMES = frozenset(("id", "name", "delivered", "pending", "undelivered", "unsent", "begin", "end", "text", "type"))
