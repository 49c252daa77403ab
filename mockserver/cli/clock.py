"""``mockserver clock``: show and control the clock of a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import CommandGroup, Output, as_seconds, hint, only_given, pairs, to_world

if TYPE_CHECKING:
    from mockserver.client import Time, WorldClient


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver clock freeze --at 2030-01-01T00:00:00Z
  mockserver clock advance 90s
  mockserver clock next
""",
)
def clock() -> None:
    """Show, freeze, advance and resume a world's clock. Rate limits, timestamps and deliveries follow it."""


@clock.command(epilog="Example: mockserver clock show --world mine")
@to_world
def show(world: WorldClient, output: Output) -> None:
    """Show the time in a world, and when its next event is due."""
    _show(world.clock.show(), output)


@clock.command(
    epilog="""\b
Examples:
  mockserver clock freeze
  mockserver clock freeze --at 2030-01-01T00:00:00Z
"""
)
@click.option("--at", metavar="INSTANT", help="Advance to this later instant first; the events due until then happen.")
@to_world
def freeze(world: WorldClient, output: Output, at: str | None) -> None:
    """Freeze the clock, now or at a later instant. To go back in time: mockserver world reset --freeze."""
    _show(world.clock.freeze(at), output)


@clock.command(
    epilog="""\b
Examples:
  mockserver clock advance 60
  mockserver clock advance 1.5m
  mockserver clock advance --to 2030-01-01T00:00:00Z
"""
)
@click.argument("duration", type=as_seconds, required=False)
@click.option("--to", metavar="INSTANT", help="Advance to an instant instead of by a duration.")
@to_world
def advance(world: WorldClient, output: Output, duration: float | None, to: str | None) -> None:
    """Advance by a duration (60, 90s, 1.5m, 2h, 1d, PT1M30S) or to an instant, and show the events until then."""
    if (duration is None) == (to is None):
        raise click.UsageError("give a duration, or --to an instant")
    _show(world.clock.advance(duration, to=to), output)


@clock.command(epilog="Example: mockserver clock next")
@to_world
def next(world: WorldClient, output: Output) -> None:  # noqa: A001 - the command's name
    """Advance to the next event that is due, and show what happened."""
    time = world.clock.next()
    _show(time, output)
    if not time.events:
        hint("nothing is due")


@clock.command(epilog="Example: mockserver clock resume")
@to_world
def resume(world: WorldClient, output: Output) -> None:
    """Let the clock tick again, from the instant at which it is frozen."""
    _show(world.clock.resume(), output)


def _show(time: Time, output: Output) -> None:
    row = time.row
    events = [_event_line(each) for each in row.get("events", ())]
    if row.get("omitted"):
        events.append(f"and {row['omitted']} more events")
    due = "nothing is due" if row["next"] is None else f"next due {row['next']}"
    output.show(row, "\n".join([*events, f"{row['now']} {'frozen' if row['frozen'] else 'running'}, {due}"]))


def _event_line(row: dict[str, Any]) -> str:
    facts = {name: value for name, value in row.items() if name not in ("at", "event") and value is not None}
    facts |= facts.pop("message", {})
    if "attempt" in facts:
        attempt = facts.pop("attempt")
        facts |= only_given({"response": attempt["status"], "result": attempt["result"]})
    return f"{row['at']} {row['event']} {pairs(facts)}".rstrip()
