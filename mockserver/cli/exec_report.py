"""The report of ``mockserver exec``: every exchange of every world, and the unsupported requests among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NamedTuple

from .console import to_json

if TYPE_CHECKING:
    from mockserver.client import AdminClient, ExchangeRecord

_MOST = 10
"""The largest number of unsupported requests in the short report."""


class ReportEntry(NamedTuple):
    """One exchange in a report."""

    world: str
    exchange: ExchangeRecord
    unmatched: str | None
    """Why the request is not supported; ``None`` when it is."""


@dataclass(frozen=True)
class Report:
    """The exchanges of all worlds of a server."""

    entries: tuple[ReportEntry, ...]
    """Exchanges of every world, oldest first."""
    dropped: int
    """How many older exchanges the journals no longer hold."""
    why_dropped: tuple[str, ...]
    """Sentences that say how many each journal dropped, and why."""

    @classmethod
    def of(cls, server: AdminClient) -> Report:
        """Read a server's journals."""
        entries, dropped, why_dropped = [], 0, []
        for world in server.worlds():
            journal = world.journal()
            dropped += journal.dropped
            if journal.why_dropped is not None:
                why_dropped.append(journal.why_dropped + _in_world(world.id))
            for exchange in journal:
                why = _why(world.explain(exchange.number)) if is_unmatched(exchange) else None
                entries.append(ReportEntry(world.id, exchange, why))
        return cls(tuple(sorted(entries, key=lambda entry: entry.exchange.at)), dropped, tuple(why_dropped))

    @property
    def unmatched(self) -> tuple[ReportEntry, ...]:
        """The entries whose request is not supported."""
        return tuple(entry for entry in self.entries if entry.unmatched is not None)

    def lines(self, _: IO[str], /) -> Iterator[str]:
        """Format the whole report, line by line."""
        from mockserver.admin.text_format import format_line

        many = len(self.entries)
        yield f"mockserver: {many} exchange{'' if many == 1 else 's'}, {len(self.unmatched)} of them not supported"
        for sentence in self.why_dropped:
            yield f"mockserver: {sentence}"
        for world, exchange, unmatched in self.entries:
            yield format_line(exchange, has_host=True) + _in_world(world)
            if unmatched is not None:
                yield f"       not supported: {unmatched}"

    def json_lines(self, file: IO[str], /) -> Iterator[str]:
        """Format the whole report as JSON, for a file."""
        rows = [{"world": world, "not_supported": why, **exchange.row} for world, exchange, why in self.entries]
        yield to_json({"exchanges": rows, "dropped": self.dropped, "why_dropped": self.why_dropped}, file)

    def warnings(self) -> Iterator[str]:
        """Format the unsupported requests alone, line by line."""
        for entry in self.unmatched[:_MOST]:
            yield f"mockserver: not supported: {entry.exchange.method} {entry.exchange.address}: {entry.unmatched}"
        if len(self.unmatched) > _MOST:
            yield f"mockserver: and {len(self.unmatched) - _MOST} more; --report shows all"


def _in_world(world: str) -> str:
    return "" if world == "default" else f" in {world}"


def is_unmatched(exchange: ExchangeRecord) -> bool:
    """Return whether the request was for a host, path or operation that the server does not support."""
    from mockserver.sdk.loading import installed_providers

    if exchange.provider is None:
        return exchange.status >= 400
    provider = installed_providers().by_name[exchange.provider]
    # "" stands for a request without an operation's name, which the provider rejects too.
    return exchange.operation not in (*provider.operations_by_name, "")


def _why(explanation: dict[str, object]) -> str:
    rule = explanation["rule"]
    assert isinstance(rule, dict)
    reason = str(rule["description"] or rule["name"])
    hint = explanation["hint"]
    end = "" if reason[-1:] in ".?" else "."
    return f"{reason}{end} {hint}" if hint else reason
