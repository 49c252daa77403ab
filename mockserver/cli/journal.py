"""``mockserver journal``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .talking import Output, cell, hint, to_world

if TYPE_CHECKING:
    from mockserver.client import Exchange, World

_PATIENCE = 60
"""Seconds that one look for the next exchange lasts; then comes another."""


@click.command(
    epilog="""\b
Examples:
  mockserver journal
  mockserver journal --operation sms.send_message --refusal TooManyPerNumber
  mockserver journal --follow
"""
)
@click.option("--provider", help="At this one only.")
@click.option("--operation", help="That asked for this one only, such as sms.send_message.")
@click.option("--refusal", help="That were refused by this one, a name.")
@click.option("--status", type=int, help="Of HTTP.")
@click.option("--target", help="A part of what was asked for.")
@click.option("--after", metavar="N", type=click.IntRange(0), help="Those whose number is greater.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="So many at most; with --follow, then it ends.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@to_world
def journal(world: World, output: Output, after: int | None, limit: int | None, follow: bool, **filters: Any) -> None:
    """List what was asked and answered, oldest first. Why: mockserver explain N."""
    if follow:
        _follow(world, output, after, limit, filters)
        return
    found = world.journal(after=after, limit=limit, **filters)
    data = {
        "exchanges": [each.row for each in found],
        "last": found.last,
        "dropped": found.dropped,
        "why_dropped": found.why_dropped,
    }
    if output.form == "json" or found:
        output.show(data, "\n".join(map(line, found)))
    else:
        hint("no such exchange")
    if found.dropped:
        hint(found.why_dropped or "")


def _follow(world: World, output: Output, after: int | None, limit: int | None, filters: dict[str, Any]) -> None:
    try:
        for exchange in islice(_as_they_come(world, after, filters), limit):
            output.line(exchange.row, line(exchange))
    except KeyboardInterrupt:
        return


def _as_they_come(world: World, after: int | None, filters: dict[str, Any]) -> Iterator[Exchange]:
    """The exchanges that are there, and those that come. The cursor is asked for first, so that none falls between."""
    cursor = world.cursor
    there = world.journal(after=after, **filters)
    yield from there
    told = there[-1].number if there else after or 0
    while True:
        try:
            exchange = world.wait_for_exchange(after=cursor, timeout=_PATIENCE, **filters)
        except TimeoutError:
            continue
        cursor = exchange.cursor or cursor
        if exchange.number > told:
            yield exchange


def line(exchange: Exchange) -> str:
    """One exchange in one line."""
    row = exchange.row
    return (
        f"{exchange.number:>6} {row['at']} {row['status']} {cell(row['operation'])}{_came_of_it(exchange)}"
        f"  {row['method']} {row['target']}"
    )


def _came_of_it(exchange: Exchange) -> str:
    """Nothing for a plain yes; the refusal that the client got; or what became of the answer, and what was decided."""
    from mockserver.control.verdicts import decided_in_words, differs

    fault = exchange.row["fault"]  # of an exchange that was asked for by its number: all about it
    rule = fault["rule"] if isinstance(fault, Mapping) else fault
    row = {**exchange.row, "refusal": exchange.refusal, "fault": rule}
    words = [] if row["outcome"] in _AS_USUAL else [row["outcome"]]
    words += filter(None, (row["refusal"], row["fault"] and f"by fault {row['fault']}"))
    if row["decided"] is not None and differs(row):
        words.append(f"(decided: {decided_in_words(row['decided'])})")
    return "".join(f" {word}" for word in words)


_AS_USUAL = frozenset(("accepted", "answered", "refused", "astray", "no HTTP"))
