"""The worlds of the harness: a good client's, one with a webhook, and one with hundreds of thousands of messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ACCOUNTS = 100
"""The good client's accounts: each may send 4 messages a second, so that none of its requests is rejected."""

NUMBERS = 4
"""The numbers of each account: each may send 40 messages in 60 seconds."""

LISTENING = "3129999999"
"""The number whose inbound messages are sent on to a URL."""

PROGRAM_MESSAGES = 60


def good(url: str = "http://127.0.0.1:9/") -> dict[str, Any]:
    """A world in which a client may send 200 messages a second, and reads pages of 50; webhooks go to the URL."""
    return {
        "format": 2,
        "accounts": [
            *(
                {
                    "provider": "dialogtech",
                    "name": f"good-{account}",
                    "logins": [{"user": f"good-{account}", "secret": "good"}],
                    "numbers": [{"number": sender(account, place)} for place in range(NUMBERS)],
                    "messages": [],
                }
                for account in range(ACCOUNTS)
            ),
            {
                "provider": "dialogtech",
                "name": "listening",
                "logins": [{"user": "listening", "secret": "good"}],
                "numbers": [{"number": LISTENING, "url": url}],
                "messages": [],
            },
            {
                "provider": "mgage",
                "name": "good",
                "logins": [{"user": "good", "secret": "good"}],
                "programs": [{"id": "121811", "name": "Good", "campaign": "Default", "kind": "Text to Join"}],
                "messages": [
                    {
                        "id": str(700_000_001 + place),
                        "direction": "inbound",
                        "sender": "1234567890",
                        "recipient": "37911",
                        "at": f"2026-06-01T10:{place % 60:02}:00Z",
                        "text": "This is complete",
                        "program": "121811",
                        "status": "Received",
                        "network": "T-Mobile",
                    }
                    for place in range(PROGRAM_MESSAGES)
                ],
            },
        ],
    }


def sender(account: int, place: int) -> str:
    """Return one of an account's numbers."""
    return str(3_125_000_000 + account * NUMBERS + place)


def write_large(path: Path, messages: int) -> None:
    """Write a world file whose one account of DialogTech has so many messages within a day."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".making")
    with made.open("w", encoding="utf-8") as file:
        file.write(
            '{"format":2,"accounts":[{"provider":"dialogtech","name":"large","logins":[{"user":"large","secret":"large"}],'
        )
        file.write('"numbers":[{"number":"3125550142"},{"number":"3125550143"}],"messages":[\n')
        for place in range(messages):
            minute, second = divmod(place * 86_000 // messages, 60)
            at = f"2026-06-01T{minute // 60:02}:{minute % 60:02}:{second:02}Z"
            message = {
                "id": str(100_000_000 + place),
                "direction": "outbound",
                "sender": "3125550142",
                "recipient": str(8_000_000_000 + place % 1000),
                "at": at,
                "text": f"message {place}",
            }
            file.write(json.dumps(message) + (",\n" if place + 1 < messages else "\n"))
        file.write("]}]}\n")
    made.replace(path)
