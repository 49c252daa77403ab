"""Tells how far the clock of the machine that recorded was from the provider's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from statistics import median

from mockserver.engine.instants import SECOND, instant_of
from mockserver.har.exchange import RecordedExchange

TOLERANCE = 2 * SECOND
"""The difference in microseconds up to which two clocks are taken for the same: ``Date`` headers have whole seconds."""


def find_clock_offset(recording: Iterable[RecordedExchange]) -> int:
    """Return the microseconds that are added to an exchange's `started` for the provider's own time; 0 where the clocks agree.

    The provider's time is that of its ``Date`` headers, of which the median counts.
    """
    differences = [difference for exchange in recording if (difference := _difference(exchange)) is not None]
    offset = round(median(differences)) if differences else 0
    return offset if abs(offset) > TOLERANCE else 0


def _difference(exchange: RecordedExchange) -> int | None:
    """Return how much later it was at the provider when it responded; ``None`` where it does not say."""
    for name, value in exchange.response_headers:
        if name.lower() == "date":
            with suppress(ValueError, TypeError):
                moment = parsedate_to_datetime(value)
                if moment.tzinfo is not None:
                    responded = exchange.started + (exchange.duration or 0)
                    return instant_of(moment) + SECOND // 2 - responded
    return None
