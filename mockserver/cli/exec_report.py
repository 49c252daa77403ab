"""What a command has asked for: every exchange of every world, and those among them that no one answers here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockserver.client import AdminClient, ExchangeRecord

_MOST = 10
"""Exchanges that no one answers are named up to so many, where not everything is notified."""


class ReportEntry(NamedTuple):
    """One exchange."""

    world: str
    exchange: ExchangeRecord
    unmatched: str | None
    """Why it is not answered here; ``None`` when it is."""


@dataclass(frozen=True)
class Report:
    """What was exchanged."""

    entries: tuple[ReportEntry, ...]
    """In every world, oldest first."""
    dropped: int
    """How many more there were."""

    @classmethod
    def of(cls, server: AdminClient) -> Report:
        """What a server's journals hold."""
        entries, dropped = [], 0
        for world in server.worlds():
            journal = world.journal()
            dropped += journal.dropped
            for exchange in journal:
                why = _why(world.explain(exchange.number)) if is_unmatched(exchange) else None
                entries.append(ReportEntry(world.id, exchange, why))
        return cls(tuple(sorted(entries, key=lambda entry: entry.exchange.at)), dropped)

    @property
    def unmatched(self) -> tuple[ReportEntry, ...]:
        """Those that no one answers here."""
        return tuple(entry for entry in self.entries if entry.unmatched is not None)

    def lines(self) -> Iterator[str]:
        """All of it, for people."""
        from mockserver.admin.text_format import in_a_line

        many = len(self.entries)
        yield f"mockserver: {many} exchange{'' if many == 1 else 's'}, {len(self.unmatched)} of them with what is not answered here"
        if self.dropped:
            yield f"mockserver: the oldest {self.dropped} are gone"
        for world, exchange, unmatched in self.entries:
            yield in_a_line(exchange, has_host=True) + ("" if world == "default" else f" in {world}")
            if unmatched is not None:
                yield f"       not answered: {unmatched}"

    def warnings(self) -> Iterator[str]:
        """What no one answers here, and nothing else."""
        for entry in self.unmatched[:_MOST]:
            yield f"mockserver: not answered: {entry.exchange.method} {entry.exchange.address}: {entry.unmatched}"
        if len(self.unmatched) > _MOST:
            yield f"mockserver: and {len(self.unmatched) - _MOST} more; --report shows all"


def is_unmatched(exchange: ExchangeRecord) -> bool:
    """Whether it asked for what is not answered here: another host, another address, an operation nothing is known of."""
    from mockserver.app import PROVIDERS

    if exchange.provider is None:
        return exchange.status >= 400
    operations = next(provider.operations_by_name for provider in PROVIDERS if provider.name == exchange.provider)
    # "" is a request that ought to have named one: it is rejected for that, as the provider does.
    return exchange.operation not in (*operations, "")


def _why(explanation: dict[str, object]) -> str:
    rule = explanation["rule"]
    assert isinstance(rule, dict)
    reason = str(rule["description"] or rule["name"])
    hint = explanation["hint"]
    end = "" if reason[-1:] in ".?" else "."
    return f"{reason}{end} {hint}" if hint else reason
