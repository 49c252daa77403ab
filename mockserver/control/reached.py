"""What of an answer reached the client: whole, or a refusal that a fault put in its place, or nothing that counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.core.journal import Exchange

_HARMLESS = frozenset(("none", "delay", "uniform_delay", "lognormal_delay", "slow"))
"""Faults after which the answer is what it was."""


def is_whole(exchange: Exchange) -> bool:
    """Whether the client got a whole answer of the provider's: as it was decided, or a refusal in its place."""
    return exchange.ending in ("complete", None) and _kinds(exchange) <= _HARMLESS | {"refusal"}


def refusal(exchange: Exchange) -> str | None:
    """The name of the refusal that the client got."""
    asked = [each["name"] for each in _faults(exchange) if each["kind"] == "refusal"]
    if asked:
        return str(asked[-1])
    return type(exchange.refusal).__name__ if exchange.refusal is not None else None


def _faults(exchange: Exchange) -> list[Mapping[str, Any]]:
    fault = (exchange.fault or {}).get("fault", [])
    return fault if isinstance(fault, list) else [fault]


def _kinds(exchange: Exchange) -> frozenset[str]:
    return frozenset(each["kind"] for each in _faults(exchange))
