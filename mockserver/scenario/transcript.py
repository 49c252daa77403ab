"""Takes out of a transcript what differs between two runs of a scenario: addresses, ids and credentials that were issued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from mockserver.client import WorldClient

from .file import fill

_DROPPED = ("ending", "duration", "host", "request_id", "traceparent", "trace_id", "world_header")
"""The members of an exchange that are left out: how its connection ended and how long it took may not be known yet, the host has
the port, and an application that takes part makes up new identifiers in each run."""

_SHORTEST_SECRET = 12
"""Credentials with fewer characters are not replaced: a short one may be an ordinary word, and those that a server issues are longer."""


class Transcript:
    """Cleans what one run of a scenario got from its server."""

    def __init__(self, world: WorldClient, url: str, receivers: Mapping[str, str]) -> None:
        """Read what is replaced.

        Args:
            world: the run's world, before its first step.
            url: the server's URL.
            receivers: the URLs of its receivers, by what stands for them in the scenario.
        """
        self.first_exchange = world.journal(limit=1).last
        """The number of the last exchange before the run; exchanges are counted from it."""
        self._replaced = {
            **{address: name for name, address in receivers.items()},
            f"/_w/{world.id}/": "/",
            url: "{server}",
            urlsplit(url).netloc: "{server}",
        }
        for provider, accounts in world.credentials.items():
            for account, logins in accounts.items():
                for login in logins:
                    for name, secret in (("user", login.user), ("secret", login.secret or "")):
                        if len(secret) >= _SHORTEST_SECRET:
                            self._replaced[secret] = f"{{{name} of {provider}/{account}}}"

    def clean(self, value: Any) -> Any:
        """Return a value of JSON without what differs between two runs."""
        return fill(value, self._replaced)

    def clean_events(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield events without what differs between two runs."""
        for row in rows:
            cleaned: dict[str, Any] = self.clean(row)
            if row["event"] == "exchange":
                cleaned = {name: part for name, part in cleaned.items() if name not in _DROPPED}
                cleaned["number"] -= self.first_exchange
            yield cleaned


_CONCURRENT = ("attempt_started", "attempt_ended", "delivery_changed")


def in_order(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield events so that those of attempts at one instant, which are made concurrently, come last and by delivery."""
    for _, group in groupby(events, key=lambda event: event["at"]):
        yield from sorted(group, key=_rank)


def _rank(event: Mapping[str, Any]) -> int:
    return event["number"] if event["event"] in _CONCURRENT else 0
