"""``mockserver outbox``: what customers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from mockserver.engine.deliveries import Status
from mockserver.engine.webhook_faults import KINDS

from .common import Group, Output, as_seconds, cell, described, hint, only_given, table, to_world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mockserver.client import Attempt, Delivery, World

STATUSES = click.Choice(get_args(Status))
_NUMBER = click.argument("number", type=click.IntRange(1))


@click.group(
    cls=Group,
    epilog="""\b
Examples:
  mockserver outbox list --status due
  mockserver outbox show 3
  mockserver outbox resend 3
""",
)
def outbox() -> None:
    """Show what customers were told, with every attempt; send it again, hold it, let it go wrong."""


@outbox.command(
    "list",
    epilog="""\b
Examples:
  mockserver outbox list
  mockserver outbox list --provider serwersms --status 'given up' --format json
""",
)
@click.option("--provider", help="Of this one only.")
@click.option("--account", help="Of this one only.")
@click.option("--status", type=STATUSES, help="Of this one only.")
@click.option("--after", metavar="N", type=click.IntRange(0), help="Those whose number is greater.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=100, show_default=True, help="So many at most.")
@to_world
def list_(world: World, output: Output, limit: int, **filters: Any) -> None:
    """List deliveries in the order in which they came up."""
    found = world.outbox(**filters, limit=limit)
    if output.form == "json" or found:
        output.show({"deliveries": [each.row for each in found]}, listed(found))
    else:
        hint("no such delivery")
    if len(found) == limit:
        hint(f"there may be more; ask with --after {found[-1].number}, or with a greater --limit")


@outbox.command(epilog="Example: mockserver outbox show 3")
@_NUMBER
@to_world
def show(world: World, output: Output, number: int) -> None:
    """Show one delivery: where it goes, what was tried, what came of it and why it was judged so."""
    found = world.delivery(number)
    facts = {name: part for name, part in found.row.items() if name not in ("message", "attempts")}
    facts = {**facts, "message": found.message_id, "serial": found.serial}
    output.show(found.row, "\n".join([described(facts), *map(_tried, found.attempts, found.row["attempts"])]))


@outbox.command(
    epilog="""\b
Examples:
  mockserver outbox resend 3
  mockserver outbox resend 3 --world mine
"""
)
@_NUMBER
@to_world
def resend(world: World, output: Output, number: int) -> None:
    """Let a delivery be due now, whatever it was; its attempts stay."""
    _tell(world.delivery(number).resend(), output)


@outbox.command(epilog="Example: mockserver outbox hold 3")
@_NUMBER
@to_world
def hold(world: World, output: Output, number: int) -> None:
    """Attempt a delivery no more until it is released."""
    _tell(world.delivery(number).hold(), output)


@outbox.command(epilog="Example: mockserver outbox release 3")
@_NUMBER
@to_world
def release(world: World, output: Output, number: int) -> None:
    """Let a delivery that was held be due now."""
    _tell(world.delivery(number).release(), output)


@outbox.command(
    epilog="""\b
Examples:
  mockserver outbox spoil twice
  mockserver outbox spoil late --seconds 90s --times 3 --provider serwersms
  mockserver outbox spoil lost-acknowledgement --attempts 2
"""
)
@click.argument("kind", metavar="KIND", type=click.Choice(list(KINDS)))
@click.option("--seconds", metavar="DURATION", type=as_seconds, help="How late: 90, 90s, 5m; 60 when not given.")
@click.option("--attempts", metavar="N", type=click.IntRange(1), help="Whose answer is lost, or that are made at all.")
@click.option("--times", metavar="N", type=click.IntRange(1), help="How many deliveries; one when not given.")
@click.option("--provider", help="Of this one only.")
@click.option("--id", metavar="RULE", help="A name for it; one is made when none is given.")
@to_world
def spoil(world: World, output: Output, kind: str, **options: Any) -> None:
    """Let the next deliveries go wrong, as they do in life."""
    if options["seconds"] is not None and kind != "late":
        raise click.UsageError("--seconds is for late")
    if options["attempts"] is not None and kind not in ("lost-acknowledgement", "stops"):
        raise click.UsageError("--attempts is for lost-acknowledgement and stops")
    made = world.spoil(kind, **only_given(options))
    output.show(made, _mischief([made]))


spoil.help = f"{spoil.help}\n\n\b\nKIND is one of\n" + "\n".join(f"  {kind}: {about}" for kind, about in KINDS.items())


@outbox.command(epilog="Example: mockserver outbox mischief --world mine")
@to_world
def mischief(world: World, output: Output) -> None:
    """List what goes wrong with deliveries on purpose, how often still and how often already."""
    rules = world.mischief()
    if output.form == "json" or rules:
        output.show({"mischief": rules}, _mischief(rules))
    else:
        hint("deliveries go right")


@outbox.command(
    epilog="""\b
Examples:
  mockserver outbox mend
  mockserver outbox mend m1 --world mine
"""
)
@click.argument("rules", metavar="[RULE...]", nargs=-1)
@to_world
def mend(world: World, output: Output, rules: tuple[str, ...]) -> None:
    """Let deliveries go right again: drop the mischief of these ids, or all."""
    cleared = sum(world.clear_mischief(rule) for rule in rules) if rules else world.clear_mischief()
    output.show({"cleared": cleared}, f"cleared {cleared}")


def _mischief(rules: Sequence[Mapping[str, Any]]) -> str:
    titles = ("ID", "KIND", "AMOUNT", "PROVIDER", "STILL", "MET")
    rows = (
        (row["id"], row["kind"], _amount(row), row.get("provider", "any"), row["times"], row["met"]) for row in rules
    )
    return table(titles, rows)


def _amount(row: Mapping[str, Any]) -> str | None:
    if row["kind"] == "late":
        return f"{row['seconds']:g} s"
    return f"{row['attempts']} attempts" if row["kind"] in ("lost-acknowledgement", "stops") else None


def _tell(delivery: Delivery, output: Output) -> None:
    output.show(delivery.row, listed([delivery]))


def listed(found: Sequence[Delivery]) -> str:
    """Deliveries as a table."""
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


def _tried(attempt: Attempt, row: dict[str, Any]) -> str:
    sent, got = attempt.request, attempt.response
    came = attempt.error if got is None else f"{got.status} {cell(got.body.decode(errors='replace'))}".rstrip()
    why = "" if attempt.verdict == came else f"\n  {attempt.verdict}"
    return f"{row['at']} {sent.method} {sent.url} -> {came}{why}"
