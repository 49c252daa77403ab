"""A SerwerSMS account in which there is something of everything, and a recording of all reads while messages come in and change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from contract_tests.recordings.upstream import Upstream
from mockserver.recordings.deciding import find_value

USER, SECRET, TOKEN = "firma", "tajne-haslo", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
BOT = "54c53be2-cbb8-11ec-9d64-0242ac120002"
PHONES = ("+48501000001", "+48601000002", "+48661000003", "+491701000004")


def _inbound(number: int, kind: str, at: str, text: str = "", **own: Any) -> dict[str, Any]:
    sender = PHONES[number % len(PHONES)]
    return {
        "id": str(number),
        "direction": "inbound",
        "kind": kind,
        "sender": sender,
        "recipient": "",
        "at": at,
        "text": text,
        **own,
    }


def _outbound(name: str, kind: str, at: str, status: str, text: str = "", **own: Any) -> dict[str, Any]:
    fields = own.pop("fields", {})
    return {
        "id": name,
        "direction": "outbound",
        "kind": kind,
        "sender": "" if kind != "full" else "FIRMA",
        "recipient": PHONES[0],
        "at": at,
        "text": text,
        "status": status,
        "fields": fields,
        **own,
    }


ACCOUNT: Mapping[str, Any] = {
    "provider": "serwersms",
    "name": "firma",
    "logins": [{"user": USER, "secret": SECRET}, {"user": TOKEN}],
    "numbers": [{"number": "+48664000001"}, {"number": "+48664000002"}, {"number": "7155"}],
    "fields": {
        "type": "postpaid",
        "push_hash": "8f14e45fceea167a",
        "limits": {"eco": "120", "mms": "not_available", "hlr": "40"},
        "prices": {"full": 0.09, "voice": 0.2},
        "maintainer": {"name": "Jan Opiekun", "email": "jan@example.com", "telephone": "+48990000000", "photo": ""},
    },
    "collections": {
        "groups": [{"id": 51, "name": "Klienci"}, {"id": 52, "name": "Żółci"}, {"id": 53, "name": "Pusta"}],
        "contacts": [
            {
                "id": 901,
                "phone": PHONES[0],
                "first_name": "Łucja",
                "last_name": "Żak",
                "email": "l@example.com",
                "group_ids": [51, 52],
            },
            {"id": 905, "phone": PHONES[1], "company": "ACME & Syn", "tax_id": "123", "group_ids": [52]},
            {"id": 903, "phone": PHONES[3], "city": "Berlin", "address": "Straße 1", "description": "<b>"},
        ],
        "blacklist": [
            {"id": 31, "phone": "+48501999999", "added": "2026-01-02T03:04:05Z"},
            {"id": 30, "phone": PHONES[1]},
        ],
        "templates": [{"id": 12, "name": "Wizyta", "text": "Do jutra, {imię}"}, {"id": 11, "name": "b", "text": "c"}],
        "files": [
            {"id": "aa11", "type": "mms", "name": "a.png", "size": 77, "added": "2026-05-01T10:00:00Z"},
            {"id": "bb22", "type": "voice", "name": "b.wav", "size": 78},
        ],
        "senders": [
            {"id": "FIRMA", "status": "authorized", "agreement": "delivered", "networks": [26001, 26002]},
            {"id": "NOWA"},
        ],
        "subaccounts": [
            {"id": 7, "username": "dzial", "name": "Dział", "phone": "+48730856000", "email": "d@example.com"},
            {"id": 8, "username": "drugi"},
        ],
        "payments": [
            {"id": 3, "number": "FV/3", "state": "paid", "paid": 12.3, "total": 12.3, "payment_to": "2026-05-30"},
            {
                "id": 4,
                "number": "FV/4",
                "state": "not_paid",
                "paid": 0.0,
                "total": 61.5,
                "url": "https://example.com/4",
            },
        ],
        "quizzes": [{"id": 9, "name": "Kto?", "items": [{"id": 1, "count": 4}, {"id": 2, "count": 0}]}],
        "rcs_bots": [
            {
                "id": BOT,
                "name": "Bot",
                "networks": [26001],
                "webhook": "https://e.com",
            },
            {"id": "9b3d7f10-cbb8-11ec-9d64-0242ac120002", "name": "Nowy", "online": False, "ready": False},
        ],
        "subscribers": [
            {"id": "+48600700800", "imsi": 260011234567890, "ported": True, "network_ported": "Play (P4 Sp. z o.o.)"},
            {"id": "+48500600799", "status": "ERR", "description": "ABSENT_SUBSCRIBER_SM"},
            {"id": "+48500600788", "seconds": 90},
        ],
        "checks": [
            {
                "id": "old1",
                "kind": "check",
                "phones": ["+48500600700", "+48600700800"],
                "asked": "2026-05-30T10:00:00Z",
                "seconds": 5,
            }
        ],
        "notices": [{"id": 1, "message": "Witamy", "new": False}, {"id": 2, "message": "Przerwa w niedzielę"}],
    },
    "messages": [
        _outbound(
            "0a1", "eco", "2026-05-20T10:00:00Z", "delivered", "Hej", fields={"stat_id": 1, "unique_id": "abc001"}
        ),
        _outbound(
            "0a2",
            "full",
            "2026-05-21T10:00:00Z",
            "undelivered",
            "Zażółć " * 40,
            fields={
                "stat_id": 2,
                "reason": "message_expired",
                "parts": 5,
                "utf": True,
                "ended": "2026-05-21T11:00:00Z",
            },
        ),
        _outbound("0a3", "voice", "2026-05-22T10:00:00Z", "unsent", "a", fields={"stat_id": 3, "reason": "lock_send"}),
        _outbound(
            "0a4",
            "full",
            "2026-05-22T10:00:00Z",
            "delivered",
            "b",
            recipient=PHONES[3],
            fields={"stat_id": 4, "flash": True, "sent": "2026-05-22T10:00:03Z", "delivered": "2026-05-22T10:05:00Z"},
        ),
        _outbound(
            "0a5",
            "mms",
            "2026-05-23T10:00:00Z",
            "delivered",
            "",
            title="Zdjęcie",
            fields={"stat_id": 5, "file_ids": ["aa11"]},
        ),
        _outbound("0a6", "eco", "2026-05-24T10:00:00Z", "saved", "później", fields={"stat_id": 6}),
        _outbound(
            "0a7",
            "eco",
            "2026-05-24T10:00:00Z",
            "sent",
            "bez raportu",
            fields={"stat_id": 7, "sent": "2026-05-24T10:00:01Z"},
        ),
        _outbound(
            "0a8",
            "eco",
            "2026-06-01T11:59:00Z",
            "in_progress",
            "w drodze",
            due="2026-06-01T12:01:30Z",
            fields={"stat_id": 8},
        ),
        _outbound(
            "0a9",
            "eco",
            "2026-06-01T11:59:00Z",
            "in_progress",
            "zły",
            due="2026-06-01T12:01:30Z",
            fields={"stat_id": 8, "end": "undelivered", "end_reason": "operator_error"},
        ),
        _outbound(
            "0b1",
            "pre",
            "2026-05-25T10:00:00Z",
            "sent",
            "odpowiedź",
            sender="7155",
            recipient=PHONES[1],
            reference="401",
        ),
        _inbound(303, "eco", "2026-05-26T10:00:00Z", "Przyjadę", reference="0a1"),
        _inbound(304, "nd", "2026-05-26T10:00:00Z", 'KONKURS <1> & "x"'),
        _inbound(305, "nd", "2026-05-26T10:00:00Z", "", read=False),
        _inbound(201, "ndi", "2026-05-25T08:00:00Z", "Do NDI", recipient="+48664000001"),
        _inbound(202, "ndi", "2026-05-27T08:00:00Z", "Do drugiego", recipient="+48664000002"),
        _inbound(401, "pre", "2026-05-24T10:00:00Z", "GLOS 1", recipient="7155"),
        _inbound(402, "pre", "2026-05-24T11:00:00Z", "GLOS 2", recipient="7155"),
        _inbound(
            501,
            "mms",
            "2026-05-28T08:00:00Z",
            title="Tytuł",
            recipient="+48664000002",
            attachments=[
                {"id": 61, "name": "a.txt", "content_type": "text/plain", "data": "b2s="},
                {"id": 62, "name": "ą.txt", "content_type": "text/plain", "data": ""},
            ],
        ),
        _inbound(502, "mms", "2026-05-28T09:00:00Z", title="", recipient="+48664000002", attachments=[]),
        _inbound(306, "nd", "2025-10-26T01:30:00Z", "drugi raz tej nocy, czytany", read=True),
    ],
}
WORLD: Mapping[str, Any] = {"format": 2, "accounts": [ACCOUNT]}

READS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("messages/recived", {}),
    ("messages/recived", {"show_contact": "true", "order": "desc"}),
    ("messages/recived", {"type": "nd", "date_from": "2026-05-01", "date_to": "2026-05-31 12:00:00"}),
    ("messages/recived", {"ndi": "+48664000001"}),
    ("messages/recived", {"phone": PHONES[0]}),
    ("messages/recived", {"page": 2, "limit": 3}),
    ("messages/received", {"page": 1, "limit": 50}),
    ("messages/reports", {}),
    ("messages/reports", {"order": "asc", "show_contact": "true"}),
    ("messages/reports", {"status": "delivered"}),
    ("messages/reports", {"status": "pending", "page": 1, "limit": 2}),
    ("messages/reports", {"unique_id": "abc001"}),
    ("messages/reports", {"stat_id": 2}),
    ("messages/view", {"id": "0a1", "show_contact": "1"}),
    ("messages/view", {"unique_id": "abc001"}),
    ("messages/view", {"id": "nobody"}),
    ("stats/index", {}),
    ("stats/index", {"type": "eco", "begin": "2026-05-24"}),
    ("premium/index", {}),
    ("quiz/view", {"id": 9}),
    ("contacts/index", {}),
    ("contacts/index", {"group_id": 52, "sort": "phone"}),
    ("contacts/index", {"group_id": "none"}),
    ("contacts/index", {"page": 1, "limit": 2}),
    ("contacts/index", {"search": "acme"}),
    ("contacts/view", {"id": 901}),
    ("contacts/view", {"id": 1}),
    ("groups/index", {}),
    ("groups/index", {"search": "k", "sort": "name"}),
    ("groups/view", {"id": 52}),
    ("groups/check", {"phone": PHONES[0]}),
    ("blacklist/index", {}),
    ("blacklist/index", {"phone": PHONES[1]}),
    ("blacklist/check", {"phone": PHONES[1]}),
    ("blacklist/check", {"phone": PHONES[0]}),
    ("templates/index", {}),
    ("templates/index", {"sort": "name", "order": "desc"}),
    ("templates/view", {"id": 12}),
    ("templates/rcs", {}),
    ("files/index", {}),
    ("files/index", {"type": "mms"}),
    ("files/view", {"id": "bb22", "type": "voice"}),
    ("senders/index", {}),
    ("senders/index", {"predefined": "true"}),
    ("senders/index", {"type": "ndi"}),
    ("senders/index", {"type": "mms"}),
    ("senders/index", {"sort": "name"}),
    ("subaccounts/index", {}),
    ("subaccounts/view", {"id": 7}),
    ("payments/index", {}),
    ("payments/index", {"page": 1, "limit": 1}),
    ("payments/view", {"id": 4}),
    ("payments/invoice", {"id": 4}),
    ("account/limits", {"show_type": "true"}),
    ("account/help", {}),
    ("account/messages", {}),
    ("phones/test", {"phone": "500600700"}),
    ("phones/check", {"phone": "+48600700800"}),
    ("phones/check", {"phone": "+48500600799"}),
    ("phones/check", {"phone": "500600700"}),
    ("phones/check", {"id": "old1"}),
    ("phones/lookup", {"phone": "+48600700800"}),
    ("error/3330", {}),
)
"""Each read of the API, with parameters of every kind."""


def read_everything(upstream: Upstream, suffix: str = "json", reads: Any = READS) -> None:
    """Ask for everything once, by a form, with the username and password."""
    for action, values in reads:
        ask(upstream, f"{action}.{suffix}", values)


def ask(upstream: Upstream, action: str, values: Mapping[str, Any] | None = None) -> Any:
    """Post a form of the account."""
    form = urlencode({"username": USER, "password": SECRET, **(values or {})}, doseq=True).encode()
    return upstream.ask("POST", f"/{action}", [("Content-Type", "application/x-www-form-urlencoded")], form)


def receive(upstream: Upstream, kind: str, text: str = "", **own: Any) -> None:
    """Let a message come in from a handset."""
    fields = {"account": "firma", "kind": kind, "sender": PHONES[2], "text": text, **own}
    if kind == "mms":
        del fields["text"]
    upstream.world.receive_inbound("serwersms", fields)


def live(upstream: Upstream, suffix: str = "json") -> None:
    """Read everything, let messages of all types come in and states change, and read everything again."""
    read_everything(upstream, suffix)
    upstream.let_pass(20.7)
    receive(upstream, "nd", "pierwsza")
    upstream.let_pass(0.1)
    receive(upstream, "nd", "druga w tej samej sekundzie")
    receive(upstream, "ndi", "do NDI", recipient="+48664000001")
    ask(upstream, f"messages/recived.{suffix}", {"type": "nd"})
    upstream.let_pass(30)
    receive(upstream, "eco", "TAK", reference="0a7")
    receive(upstream, "pre", "GLOS 3", recipient="7155")
    receive(upstream, "mms", title="Nowy", recipient="+48664000002")
    upstream.let_pass(30)
    read_everything(upstream, suffix)
    upstream.let_pass(10)
    read_everything(upstream, suffix, [each for each in READS if each[0].startswith(("messages", "stats"))])
    upstream.let_pass(20)
    read_everything(upstream, suffix)


def work(upstream: Upstream, suffix: str = "json") -> None:
    """Do everything that changes an account, and read what it has changed before and after."""
    reads = [each for each in READS if each[0].partition("/")[0] not in ("phones", "error", "quiz")]
    read_everything(upstream, suffix, reads)
    shown: dict[str, Any] = {}
    for action, values in WORK:
        filled = {name: shown.get(value, value) if isinstance(value, str) else value for name, value in values.items()}
        answer = ask(upstream, f"{action}.{suffix}", filled)
        added = find_value(answer.response_body, "id" if suffix == "json" else "response.id")
        if added is not None:
            shown[f"<{action}>"] = added
        upstream.let_pass(3)
    read_everything(upstream, suffix, reads)
    upstream.let_pass(600)
    read_everything(upstream, suffix, reads)


WORK: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("messages/send_sms", {"phone": f"{PHONES[0]},{PHONES[3]},zly", "text": "Zażółć", "details": "true"}),
    ("messages/send_sms", {"phone": PHONES[2], "text": "x" * 200, "sender": "FIRMA", "unique_id": "mojeid1"}),
    ("messages/view", {"unique_id": "mojeid1"}),
    ("messages/send_sms", {"group_id": 52, "text": "do grupy", "date": "2026-06-02 10:00:00", "unique_id": "a01,a02"}),
    ("messages/delete", {"unique_id": "a01"}),
    ("messages/delete", {"id": "0a6"}),
    ("messages/delete", {"id": "nobody"}),
    ("messages/send_personalized", {"messages": f"{PHONES[0]}:a]|[{PHONES[2]}:b", "details": "true"}),
    ("messages/send_voice", {"phone": PHONES[0], "file_id": "bb22"}),
    ("messages/send_mms", {"phone": PHONES[0], "title": "t", "file_id": "aa11"}),
    ("messages/send_rcs", {"phone": PHONES[0], "rcs_id": BOT, "message": '{"text":"RCS"}'}),
    ("messages/tester_rcs", {"phone": PHONES[0], "rcs_id": BOT}),
    ("push/contact", {"api_hash": "8f14e45fceea167a", "user_id": "u1"}),
    ("messages/send_sms", {"phone": PHONES[0], "text": "próba", "test": "true"}),
    ("messages/send_nd", {"phone": PHONES[0], "text": "przyszła"}),
    ("messages/send_ndi", {"phone": PHONES[0], "text": "przyszła", "ndi_number": "+48664000001"}),
    ("messages/recived", {"type": "nd", "limit": 2, "page": 1, "read": "true"}),
    ("messages/recived", {"type": "nd", "limit": 2, "page": 1, "read": "true"}),
    ("messages/recived", {"type": "nd", "limit": 2, "page": 1, "read": "true"}),
    ("premium/send", {"phone": PHONES[2], "gate": "7155", "id": "402", "text": "Dziękujemy"}),
    ("groups/add", {"name": "Nowa"}),
    ("groups/edit", {"id": 51, "name": "Klienci stali"}),
    ("contacts/add", {"phone": PHONES[2], "first_name": "Ola", "group_id": "<groups/add>"}),
    ("contacts/add", {"phone": PHONES[2], "first_name": "Ala", "group_id": 51}),
    ("contacts/edit", {"id": 905, "company": "ACME", "group_id": 51}),
    ("contacts/edit", {"id": "<contacts/add>", "email": "ala@example.com"}),
    ("contacts/view", {"id": "<contacts/add>"}),
    ("contacts/delete", {"id": 903}),
    ("contacts/import", {"group_name": "Import", "contact": '[{"phone":"500100200","city":"Łódź"},{"city":"x"}]'}),
    ("contacts/index", {"group_id": "<contacts/import>"}),
    ("groups/delete", {"id": 53}),
    ("blacklist/add", {"phone": "+48505505505"}),
    ("blacklist/add", {"phone": "+48505505505"}),
    ("blacklist/delete", {"phone": "+48501999999"}),
    ("templates/add", {"name": "nowy", "text": "tekst"}),
    ("templates/edit", {"id": 11, "text": "zmieniony"}),
    ("templates/delete", {"id": 12}),
    ("files/add", {"type": "mms", "url": "https://example.com/c.png"}),
    ("files/delete", {"id": "aa11"}),
    ("senders/add", {"name": "DRUGA"}),
    ("senders/add", {"name": "DRUGA"}),
    ("subaccounts/add", {"subaccount_username": "trzeci", "subaccount_password": "tajne", "subaccount_id": 7}),
    ("subaccounts/limit", {"id": 8, "type": "eco", "value": 5}),
    ("subaccounts/delete", {"id": 8}),
    ("account/add", {"phone": PHONES[0], "email": "a@b.example", "first_name": "a", "last_name": "b", "company": "c"}),
    ("phones/check", {"phone": "500600700,600700800"}),
    ("phones/check", {"id": "<phones/check>"}),
    ("phones/check", {"id": "<phones/check>"}),
    ("phones/check", {"phone": "+48500600788"}),
    ("phones/check", {"id": "<phones/check>"}),
    ("phones/lookup", {"phone": "+48500600700"}),
)
"""Each request that changes something; a value in angle brackets is the id that the last such request has shown."""
