"""``mockserver delivery``: show webhook deliveries; resend, hold and release them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from mockserver.engine.deliveries import Status

from .common import CommandGroup, Output, cell, described, hint, table, to_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockserver.client import AttemptRecord, DeliveryRecord, WorldClient

STATUSES = click.Choice(get_args(Status))
_NUMBER = click.argument("number", type=click.IntRange(1))


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver delivery list --status due
  mockserver delivery show 3
  mockserver delivery resend 3
""",
)
def delivery() -> None:
    """Show webhook deliveries with every attempt; resend, hold and release them."""


@delivery.command(
    "list",
    epilog="""\b
Examples:
  mockserver delivery list
  mockserver delivery list --provider serwersms --status 'given up' --format json
""",
)
@click.option("--provider", help="Only of this provider.")
@click.option("--account", help="Only of this account.")
@click.option("--status", type=STATUSES, help="Only with this status.")
@click.option("--since", metavar="N", type=click.IntRange(0), help="Only deliveries with a greater number.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=100, show_default=True, help="Maximal count.")
@to_world
def list_(world: WorldClient, output: Output, limit: int, **filters: Any) -> None:
    """List deliveries in the order of their creation."""
    found = world.deliveries(**filters, limit=limit)
    if output.form == "json" or found:
        output.show({"deliveries": [each.row for each in found]}, listed(found))
    else:
        hint("no such delivery")
    if len(found) == limit:
        hint(f"there may be more; repeat with --since {found[-1].number}, or with a greater --limit")


@delivery.command(epilog="Example: mockserver delivery show 3")
@_NUMBER
@to_world
def show(world: WorldClient, output: Output, number: int) -> None:
    """Show one delivery: its URL, its attempts, and the result of each with the reason."""
    found = world.delivery(number)
    facts = {name: part for name, part in found.row.items() if name not in ("message", "attempts")}
    facts = {**facts, "message": found.message_id, "serial": found.serial}
    output.show(found.row, "\n".join([described(facts), *map(_attempt_line, found.attempts, found.row["attempts"])]))


@delivery.command(
    epilog="""\b
Examples:
  mockserver delivery resend 3
  mockserver delivery resend 3 --world mine
"""
)
@_NUMBER
@to_world
def resend(world: WorldClient, output: Output, number: int) -> None:
    """Make a delivery due now, whatever its status; its earlier attempts are kept."""
    _show(world.delivery(number).resend(), output)


@delivery.command(epilog="Example: mockserver delivery hold 3")
@_NUMBER
@to_world
def hold(world: WorldClient, output: Output, number: int) -> None:
    """Stop attempts at a delivery until it is released."""
    _show(world.delivery(number).hold(), output)


@delivery.command(epilog="Example: mockserver delivery release 3")
@_NUMBER
@to_world
def release(world: WorldClient, output: Output, number: int) -> None:
    """Make a held delivery due now."""
    _show(world.delivery(number).release(), output)


def _show(delivery: DeliveryRecord, output: Output) -> None:
    output.show(delivery.row, listed([delivery]))


def listed(found: Sequence[DeliveryRecord]) -> str:
    """Format deliveries as a table."""
    titles = ("NUMBER", "ACCOUNT", "KIND", "MESSAGE", "STATUS", "DUE", "ATTEMPTS", "URL")
    rows = (
        (
            each.number,
            f"{each.provider}/{each.account}",
            each.kind,
            each.message_id,
            each.status,
            each.row["due"],
            len(each.attempts),
            each.url,
        )
        for each in found
    )
    return table(titles, rows)


def _attempt_line(attempt: AttemptRecord, row: dict[str, Any]) -> str:
    sent, got = attempt.request, attempt.response
    came = attempt.error if got is None else f"{got.status} {cell(got.body.decode(errors='replace'))}".rstrip()
    why = "" if attempt.result == came else f"\n  {attempt.result}"
    return f"{row['at']} {sent.method} {sent.url} -> {came}{why}"
