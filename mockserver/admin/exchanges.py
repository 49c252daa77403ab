"""Converts exchanges to JSON."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from mockserver.engine.instants import iso
from mockserver.engine.journal import Exchange
from mockserver.engine.limits import LimitStatus
from mockserver.engine.provider_errors import ProviderError
from mockserver.http.correlation import read_correlation

from . import outcomes
from .request_inspection import header


def summary_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as a row of the journal."""
    return {
        "number": exchange.number,
        "at": iso(exchange.at),
        "provider": exchange.provider,
        "operation": exchange.operation,
        "account": exchange.account,
        "method": exchange.method,
        "host": header(exchange, "Host"),
        "target": exchange.target,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "error": outcomes.error_of(exchange),
        "decided": outcomes.decided(exchange),
        "fault": outcomes.rule_of(exchange),
        "ending": exchange.ending,
        **read_correlation(exchange.head)._asdict(),
        "duration": None if exchange.duration is None else exchange.duration / 1_000_000,
    }


def full_json(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange with headers, bodies and explanation."""
    return {
        **summary_json(exchange),
        "world": exchange.world,
        "listener": exchange.listener,
        "request": {"headers": list(map(list, exchange.head)), "body": body(exchange.body)},
        "response": {
            "status": exchange.status,
            "headers": list(map(list, exchange.response_head)),
            "body": body(exchange.response_body),
            "sent": exchange.sent,
        },
        "error": _error(exchange.error),
        "fault": exchange.fault,
        "windows": [window(status) for status in outcomes.windows(exchange)],
    }


def body(found: bytes) -> dict[str, str]:
    """Return a body as text, or as base64 if it is not UTF-8."""
    try:
        return {"text": found.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(found).decode()}


def _error(error: ProviderError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    source = error.source
    return {
        "name": type(error).__name__,
        "description": str(error),
        "document": source.document,
        "sentence": source.sentence,
        "quirk": source.quirk,
        "rule": "assumed" if source.document is None else "documented",
    }


def window(status: LimitStatus) -> dict[str, Any]:
    """Return the state of a rate limit at the time of an exchange."""
    return {
        "limit": status.limit.sentence,
        "most": status.limit.most,
        "seconds": status.limit.seconds,
        "used": status.used,
        "free_at": iso(status.free_at),
    }
