"""What the shipped accounts keep beside contacts: the vendor's printed samples, and something of everything for the demo."""

from __future__ import annotations

from typing import Any, TypeAlias

Collections: TypeAlias = dict[str, list[dict[str, Any]]]
"""Entries by collection, as a world file describes them."""

_BOT = {
    "id": "54c53be2-cbb8-11ec-9d64-0242ac120002",
    "name": "Bot testowy",
    "description": "Bot do prób",
    "networks": [26001, 26002],
    "webhook": "https://example.com/rcs",
}
_QUIZ = {"id": 7, "name": "Kto wygra mecz?", "items": [{"id": 1, "count": 12}, {"id": 2, "count": 30}]}


def documents() -> Collections:
    """Return the entries that the vendor's pages print."""
    return {
        "subaccounts": [
            {
                "id": 1194,
                "username": "wojtek",
                "name": "Wojciech",
                "phone": "+48730856000",
                "email": "wojtek@mail.com",
            },
            {"id": 1195, "username": "login2"},
            {"id": 1196, "username": "testowy"},
        ],
        "payments": [_payment(47957, "FV/1/10/2014", "paid", 123.0, "2014-11-04")],
        "quizzes": [_QUIZ],
        "rcs_bots": [_BOT],
        "subscribers": [
            {
                "id": "+48600700800",
                "imsi": 260011234567890,
                "network": "Plus (Polkomtel S.A.)",
                "ported": True,
                "network_ported": "Plus (Polkomtel S.A.)",
            }
        ],
    }


def demo() -> Collections:
    """Return something of everything: what the vendor's own tests look for is here, and what they look for in vain is not."""
    return {
        "subaccounts": [
            {
                "id": 21973,
                "username": "dzial-handlowy",
                "name": "Dział handlowy",
                "phone": "+48600700800",
                "email": "handel@example.com",
                "template": 123,
                "limits": {"eco": 500, "full": 100},
            }
        ],
        "payments": [
            _payment(47957, "FV/12/04/2026", "paid", 246.0, "2026-04-14"),
            _payment(48011, "FV/9/05/2026", "not_paid", 61.5, "2026-06-14"),
        ],
        "quizzes": [_QUIZ],
        "rcs_bots": [
            _BOT,
            {"id": "9b3d7f10-cbb8-11ec-9d64-0242ac120002", "name": "Nowy bot", "online": False, "ready": False},
        ],
        "subscribers": [
            {
                "id": "+48600700800",
                "imsi": 260011234567890,
                "network": "Plus (Polkomtel S.A.)",
                "ported": True,
                "network_ported": "Play (P4 Sp. z o.o.)",
            },
            {"id": "+48500600799", "status": "ERR", "description": "ABSENT_SUBSCRIBER_SM"},
            {"id": "+48500600788", "seconds": 90},
        ],
        "registrations": [
            {
                "id": 1,
                "phone": "+48500600700",
                "email": "mail@test.com",
                "first_name": "John",
                "last_name": "Doe",
                "company": "Hello World",
            }
        ],
        "notices": [
            {"id": 1, "message": "Witamy w SerwerSMS.pl", "new": False},
            {"id": 2, "message": "W niedzielę od 2 do 4 przerwa techniczna"},
        ],
    }


def _payment(number: int, name: str, state: str, total: float, until: str) -> dict[str, Any]:
    return {
        "id": number,
        "number": name,
        "state": state,
        "paid": total if state == "paid" else 0.0,
        "total": total,
        "payment_to": until,
        "url": f"https://serwersms.example/faktury/{number}.pdf",
    }
