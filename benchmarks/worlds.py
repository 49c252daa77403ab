"""The world files that are measured: made by rule, the same bytes each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.worldfile import save

ACCOUNTS = 2_500
NUMBERS = 10_000
"""Of all accounts together: four each, and as many in a second as an account may use."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NETWORKS = ("T-Mobile", "Verizon Wireless", "AT&T", "Sprint")
TEXTS = (
    "This is complete message Body",
    "Welcome! You have joined. Msg&data rates may apply. Reply HELP for help, STOP to cancel.",
    "Your order 4711 has left the warehouse; track it with the link that we have sent.",
    "YES",
)


class Program(NamedTuple):
    """An mGage program and how much is in it, one message a second from 2026-01-01 on."""

    id: str
    messages: int

    def target(self, page: int, size: int) -> str:
        """The address of a page of everything that is in it."""
        until = BEGIN + timedelta(seconds=self.messages)
        dates = f"startDate={BEGIN:%Y-%m-%dT%H:%M:%S}&endDate={until:%Y-%m-%dT%H:%M:%S}"
        return f"/api/messages/program/{self.id}?{dates}&pageSize={size}&page={page}"


SHORT, LONG = Program("900050", 10_000), Program("900500", 10_000)
"""Whose pages of 50 and of 500 are asked for; two, so that servers that know only paths can tell them apart."""

MILLION = Program("910000", 1_000_000)


class Sender(NamedTuple):
    """A number that sends, and who may use it."""

    user: str
    secret: str
    number: str


def sender(place: int) -> Sender:
    """One of the 10,000. Neighbours belong to different accounts."""
    account, of_account = place % ACCOUNTS, place // ACCOUNTS
    return Sender(f"key-{account:04}", f"secret-{account:04}", f"555{account:04}{of_account:03}")


def message(program: Program, place: int) -> dict[str, Any]:
    """One of a program's messages; every other one comes in."""
    is_inbound = place % 2 == 0
    customer, code = f"1555{place % 5_000:07}", "37911"
    return {
        "id": f"{program.id}{place:07}",
        "direction": "inbound" if is_inbound else "outbound",
        "sender": customer if is_inbound else code,
        "recipient": code if is_inbound else customer,
        "at": f"{BEGIN + timedelta(seconds=place):%Y-%m-%dT%H:%M:%SZ}",
        "text": TEXTS[place % len(TEXTS)],
        "program": program.id,
        "status": "Received" if is_inbound else "Delivered",
        "network": NETWORKS[place % len(NETWORKS)],
    }


def _mgage(*programs: Program) -> dict[str, Any]:
    return {
        "provider": "mgage",
        "name": "measured",
        "logins": [{"user": "measured", "secret": "measured"}],
        "programs": [
            {"id": program.id, "name": "LimitSnapshot", "campaign": "Default Campaign", "kind": "Text to Join"}
            for program in programs
        ],
        "messages": (message(program, place) for program in programs for place in range(program.messages)),
    }


def _senders() -> Iterator[dict[str, Any]]:
    for account in range(ACCOUNTS):
        own = [sender(place) for place in range(account, NUMBERS, ACCOUNTS)]
        yield {
            "provider": "dialogtech",
            "name": own[0].user,
            "logins": [{"user": own[0].user, "secret": own[0].secret}],
            "numbers": [{"number": each.number} for each in own],
            "messages": [],
        }


def _document(shipped: Path) -> dict[str, Any]:
    """SerwerSMS's account of the documents, with the four messages of 004."""
    accounts: list[dict[str, Any]] = json.loads(shipped.read_text(encoding="utf-8"))["accounts"]
    return next(
        account for account in accounts if account["provider"] == "serwersms" and account["name"] == "documents"
    )


def write_measured(path: Path, shipped: Path) -> None:
    """The world of the four loads: 10,000 numbers of 2,500 accounts, 20,000 messages to page through, 004's four."""
    _write(path, "What the benchmarks ask for.", [_document(shipped), _mgage(SHORT, LONG), *_senders()])


def write_million(path: Path) -> None:
    """The world of a million messages in one program."""
    _write(path, "A million messages in one program.", [_mgage(MILLION)])


def _write(path: Path, about: str, accounts: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, {"format": 2, "about": about, "variants": {}, "accounts": accounts})
