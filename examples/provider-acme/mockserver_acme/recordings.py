"""What recordings of Acme SMS tell: which values it makes up, and the accounts whose messages were read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver import sdk

_READS = ("messages.send", "messages.get")
GENERATED_FIELDS = (
    sdk.GeneratedField("id", "identifier", _READS, "message"),
    sdk.GeneratedField("created_at", "instant", _READS),
    sdk.GeneratedField("messages[].id", "identifier", ("messages.list",), "message"),
    sdk.GeneratedField("messages[].created_at", "instant", ("messages.list",)),
    sdk.GeneratedField("next_cursor", "identifier", ("messages.list",), "cursor"),
)


def reconstruct(exchanges: Sequence[sdk.ObservedExchange], _variants: Mapping[str, str]) -> sdk.Reconstruction:
    """Make an account of each API key: the numbers that it has sent from, and the messages that no request has sent."""
    messages: dict[str, dict[str, dict[str, Any]]] = {}
    numbers: dict[str, dict[str, None]] = {}
    sent: set[str] = set()
    unexplained: list[sdk.UnexplainedRead] = []
    for exchange in exchanges:
        if exchange.call.credential is None or exchange.status == 401:
            continue
        key = exchange.call.credential.user
        known, senders = messages.setdefault(key, {}), numbers.setdefault(key, {})
        for shown in _shown(exchange, unexplained):
            senders[shown["from"]] = None
            if exchange.call.operation == "messages.send":
                sent.add(shown["id"])
            elif shown["id"] not in sent:
                known.setdefault(shown["id"], _message(shown))
    accounts = [
        {
            "provider": "acme",
            "name": f"recorded-{place}",
            "logins": [{"user": key}],
            "numbers": [{"number": number, "dlr_url": "http://127.0.0.1:9/acme"} for number in numbers[key]],
            "fields": {"signing_secret": "not recorded"},
            "messages": sorted(messages[key].values(), key=lambda message: str(message["at"])),
        }
        for place, key in enumerate(messages, start=1)
    ]
    return sdk.Reconstruction(accounts, unexplained)


def _shown(exchange: sdk.ObservedExchange, unexplained: list[sdk.UnexplainedRead]) -> Iterator[dict[str, Any]]:
    """Yield the messages that a response shows."""
    if exchange.status not in (200, 202):
        return
    try:
        body = json.loads(exchange.body)
        found = body["messages"] if exchange.call.operation == "messages.list" else [body]
        yield from (each for each in found if _message(each))
    except (ValueError, KeyError, TypeError) as reason:
        unexplained.append(sdk.UnexplainedRead(exchange.index, "", f"it shows no messages: {reason!r}"))


def _message(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as in a world file."""
    return {
        "id": shown["id"],
        "direction": "outbound",
        "sender": shown["from"],
        "recipient": shown["to"],
        "at": shown["created_at"],
        "text": shown["text"],
        "status": shown["status"],
        "fields": {"tag": shown["tag"]},
    }
