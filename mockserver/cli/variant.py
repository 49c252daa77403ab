"""``mockserver variant``: show and set the variants of quirks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import CommandGroup, Output, as_pair, table, to_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockserver.client import WorldClient


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver variant list
  mockserver variant set limits=off dialogtech.zone=America/Chicago
""",
)
def variant() -> None:
    """Show and set the variants of quirks in a world. mockserver quirks describes them."""


@variant.command("list", epilog="Example: mockserver variant list --world mine")
@to_world
def list_(world: WorldClient, output: Output) -> None:
    """List every switch with its present and its other variants."""
    _show(world, output)


@variant.command("set", epilog="Example: mockserver variant set limits=off mgage.date=iso")
@click.argument("variants", metavar="NAME=VARIANT...", nargs=-1, required=True, type=as_pair)
@to_world
def set_(world: WorldClient, output: Output, variants: tuple[tuple[str, str], ...]) -> None:
    """Set variants of quirks, from now on."""
    world.variants.set(dict(variants))
    _show(world, output)


def _show(world: WorldClient, output: Output) -> None:
    switches = world.variants.show()
    rows = ((name, row["variant"], ", ".join(_others(row)), row["quirk"]) for name, row in switches.items())
    output.show(switches, table(("SWITCH", "VARIANT", "OTHERS", "QUIRK"), rows))


def _others(row: Mapping[str, Any]) -> list[str]:
    zones = ["any IANA zone, such as America/Chicago"] if row["any_zone"] else []
    return [*(other for other in row["variants"] if other != row["variant"]), *zones]
