"""``mockserver journal``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from mockserver.engine.journal import OUTCOMES

from .common import Command, Output, decorated, hint, to_world

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord, WorldClient

_PATIENCE = 60
"""Seconds that one look for the next exchange lasts; then comes another."""


def narrowing(command: Command) -> Command:
    """The options that say which exchanges are meant."""
    return decorated(
        command,
        [
            click.option("--provider", help="At this one only."),
            click.option("--operation", help="That asked for this one only, such as sms.send_message."),
            OUTCOME,
            click.option("--error", help="That were rejected by this one, a name."),
            click.option("--status", type=int, help="Of HTTP."),
            click.option("--target", help="A part of what was asked for."),
        ],
    )


OUTCOME = click.option("--outcome", type=click.Choice(OUTCOMES), help="What came of it for the client.")


@click.command(
    epilog="""\b
Examples:
  mockserver journal
  mockserver journal --operation sms.send_message --error TooManyPerNumber
  mockserver journal --outcome lost
  mockserver journal --follow
"""
)
@narrowing
@click.option("--since", metavar="N", type=click.IntRange(0), help="Those whose number is greater.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="So many at most; with --follow, then it ends.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@to_world
def journal(
    world: WorldClient, output: Output, since: int | None, limit: int | None, follow: bool, **filters: Any
) -> None:
    """List what was asked and answered, oldest first. Why: mockserver explain N."""
    from mockserver.admin.text_format import in_a_line

    if follow:
        _follow(world, output, since, limit, filters)
        return
    found = world.journal(since=since, limit=limit, **filters)
    data = {
        "exchanges": [each.row for each in found],
        "last": found.last,
        "dropped": found.dropped,
        "why_dropped": found.why_dropped,
    }
    if output.form == "json" or found:
        output.show(data, "\n".join(map(in_a_line, found)))
    else:
        hint("no such exchange")
    if found.dropped:
        hint(found.why_dropped or "")


def _follow(world: WorldClient, output: Output, since: int | None, limit: int | None, filters: dict[str, Any]) -> None:
    from mockserver.admin.text_format import in_a_line

    try:
        for exchange in islice(_as_they_come(world, since, filters), limit):
            output.line(exchange.row, in_a_line(exchange))
    except KeyboardInterrupt:
        return


def _as_they_come(world: WorldClient, since: int | None, filters: dict[str, Any]) -> Iterator[ExchangeRecord]:
    """The exchanges that are there, and those that come. The cursor is asked for first, so that none falls between."""
    cursor = world.cursor
    there = world.journal(since=since, **filters)
    yield from there
    shown_until = there[-1].number if there else since or 0
    while True:
        try:
            exchange = world.wait_for_exchange(since=cursor, timeout=_PATIENCE, **filters)
        except TimeoutError:
            continue
        cursor = exchange.cursor or cursor
        if exchange.number > shown_until:
            yield exchange
