"""``mockserver reading``: how a world reads the quirks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import Group, Output, as_pair, table, to_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockserver.client import World


@click.group(
    cls=Group,
    epilog="""\b
Examples:
  mockserver reading list
  mockserver reading set limits=off dialogtech.zone=America/Chicago
""",
)
def reading() -> None:
    """Choose how a world reads what the documents leave open. What each is about: mockserver quirks."""


@reading.command("list", epilog="Example: mockserver reading list --world mine")
@to_world
def list_(world: World, output: Output) -> None:
    """List every switch, how it stands and what else there is."""
    _tell(world, output)


@reading.command("set", epilog="Example: mockserver reading set limits=off mgage.date=iso")
@click.argument("readings", metavar="NAME=READING...", nargs=-1, required=True, type=as_pair)
@to_world
def set_(world: World, output: Output, readings: tuple[tuple[str, str], ...]) -> None:
    """Read some quirks another way from now on."""
    world.readings.set(dict(readings))
    _tell(world, output)


def _tell(world: World, output: Output) -> None:
    switches = world.readings.show()
    rows = ((name, row["reading"], ", ".join(_others(row)), row["quirk"]) for name, row in switches.items())
    output.show(switches, table(("SWITCH", "READING", "OTHERS", "QUIRK"), rows))


def _others(row: Mapping[str, Any]) -> list[str]:
    zones = ["any IANA zone, such as America/Chicago"] if row["any_zone"] else []
    return [*(other for other in row["readings"] if other != row["reading"]), *zones]
