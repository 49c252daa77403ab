"""``mockserver checkpoint``: make checkpoints of a world, show what has changed since one, and return to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import CommandGroup, Output, hint, table, to_world

if TYPE_CHECKING:
    from mockserver.client import CheckpointRecord, WorldClient

_NAME = click.argument("name")


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver checkpoint create before
  mockserver checkpoint changes before
  mockserver checkpoint rewind before
""",
)
def checkpoint() -> None:
    """Make checkpoints of a world, show what has changed since one, and return to one."""


@checkpoint.command(
    epilog="""\b
Examples:
  mockserver checkpoint create before
  mockserver checkpoint create before --world mine --format json
"""
)
@_NAME
@to_world
def create(world: WorldClient, output: Output, name: str) -> None:
    """Keep an exact copy of the world as it is now, in place of an earlier checkpoint NAME."""
    made = world.checkpoint(name)
    output.show(made.row, _table([made]))


@checkpoint.command("list", epilog="Example: mockserver checkpoint list --world mine")
@to_world
def list_(world: WorldClient, output: Output) -> None:
    """List the checkpoints in the order in which they were made."""
    found = world.checkpoints()
    if output.form == "json" or found:
        output.show({"checkpoints": [each.row for each in found]}, _table(found))
    else:
        hint("there are no checkpoints")


@checkpoint.command(
    epilog="""\b
Examples:
  mockserver checkpoint changes before
  mockserver checkpoint changes before --limit 20 --format json
  mockserver checkpoint changes before --exit-code
"""
)
@_NAME
@click.option("--limit", type=click.IntRange(0), help="Maximal count; 1000 by default.")
@click.option("--exit-code", "has_exit_code", is_flag=True, help="End with exit code 1 if there are changes.")
@to_world
def changes(world: WorldClient, output: Output, name: str, limit: int | None, has_exit_code: bool) -> None:
    """Show what was inserted (+), changed (~) and deleted (-) since the checkpoint NAME."""
    found = world.changes(name, limit=limit)
    if output.form == "json" or len(found):
        output.show(found.row, found.text)
    else:
        hint("nothing has changed")
    if has_exit_code and len(found):
        raise click.exceptions.Exit(1)


@checkpoint.command(epilog="Example: mockserver checkpoint rewind before")
@_NAME
@to_world
def rewind(world: WorldClient, output: Output, name: str) -> None:
    """Return to the checkpoint NAME; the journal keeps its exchanges, and what was sent already is listed."""
    done = world.rewind(name)
    cancelled = f", {len(done.cancelled)} deliveries cancelled" if done.cancelled else ""
    sent = (f"delivery {each.number} was sent already: {each.kind} to {each.url}" for each in done.sent)
    output.show(done.row, "\n".join([f"returned to {done.checkpoint.row['at']}{cancelled}", *sent]))


@checkpoint.command(epilog="Example: mockserver checkpoint remove before after")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@to_world
def remove(world: WorldClient, output: Output, names: tuple[str, ...]) -> None:
    """Remove checkpoints by their names."""
    for name in names:
        world.remove_checkpoint(name)
    output.show({"removed": len(names)}, f"removed {len(names)}")


def _table(found: list[CheckpointRecord]) -> str:
    rows = ((each.name, each.row["at"], each.exchange) for each in found)
    return table(("NAME", "AT", "EXCHANGES"), rows)
