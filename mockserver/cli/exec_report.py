"""What a command has asked for: every exchange of every world, and those among them that nobody answers here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockserver.client import Controls, Exchange

_MOST = 10
"""Exchanges that nobody answers are named up to so many, where not everything is told."""


class Entry(NamedTuple):
    """One exchange."""

    world: str
    exchange: Exchange
    astray: str | None
    """Why it is not answered here; ``None`` when it is."""


@dataclass(frozen=True)
class Report:
    """What was exchanged."""

    entries: tuple[Entry, ...]
    """In every world, oldest first."""
    dropped: int
    """How many more there were."""

    @classmethod
    def of(cls, server: Controls) -> Report:
        """What a server's journals hold."""
        entries, dropped = [], 0
        for world in server.worlds():
            journal = world.journal()
            dropped += journal.dropped
            for exchange in journal:
                why = _why(world.explain(exchange.number)) if is_astray(exchange) else None
                entries.append(Entry(world.id, exchange, why))
        return cls(tuple(sorted(entries, key=lambda entry: entry.exchange.at)), dropped)

    @property
    def astray(self) -> tuple[Entry, ...]:
        """Those that nobody answers here."""
        return tuple(entry for entry in self.entries if entry.astray is not None)

    def lines(self) -> Iterator[str]:
        """All of it, for people."""
        from mockserver.admin.text_format import in_a_line

        many = len(self.entries)
        yield f"mockserver: {many} exchange{'' if many == 1 else 's'}, {len(self.astray)} of them with what is not answered here"
        if self.dropped:
            yield f"mockserver: the oldest {self.dropped} are gone"
        for world, exchange, astray in self.entries:
            yield in_a_line(exchange, has_host=True) + ("" if world == "default" else f" in {world}")
            if astray is not None:
                yield f"       not answered: {astray}"

    def warnings(self) -> Iterator[str]:
        """What nobody answers here, and nothing else."""
        for entry in self.astray[:_MOST]:
            yield f"mockserver: not answered: {entry.exchange.method} {entry.exchange.address}: {entry.astray}"
        if len(self.astray) > _MOST:
            yield f"mockserver: and {len(self.astray) - _MOST} more; --report shows all"


def is_astray(exchange: Exchange) -> bool:
    """Whether it asked for what is not answered here: another host, another address, an operation nothing is known of."""
    from mockserver.app import PROVIDERS

    if exchange.provider is None:
        return exchange.status >= 400
    operations = next(room.operations_by_name for room in PROVIDERS if room.name == exchange.provider)
    # "" is a request that ought to have named one: it is refused for that, as the provider does.
    return exchange.operation not in (*operations, "")


def _why(explanation: dict[str, object]) -> str:
    rule = explanation["rule"]
    assert isinstance(rule, dict)
    reason = str(rule["description"] or rule["name"])
    fix = explanation["fix"]
    end = "" if reason[-1:] in ".?" else "."
    return f"{reason}{end} {fix}" if fix else reason
