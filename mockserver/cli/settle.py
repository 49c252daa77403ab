"""``mockserver settle``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import Failed, Output, as_seconds, to_world

if TYPE_CHECKING:
    from mockserver.client import World


@click.command(
    epilog="""\b
Examples:
  mockserver settle
  mockserver settle --timeout 1m --world mine
"""
)
@click.option(
    "--timeout",
    metavar="DURATION",
    type=as_seconds,
    default="10",
    show_default=True,
    help="How long: 10, 10s, 1m at most.",
)
@to_world
def settle(world: World, output: Output, timeout: float) -> None:
    """Wait until nothing is due now and no attempt is being made. If it does not come to that in time: 1."""
    settled = world.settle(timeout)
    if output.form == "json" or settled:
        output.show(settled.row, f"quiet at {settled.row['now']}")
    if not settled:
        raise Failed(f"not quiet within {timeout:g} s: {settled.in_flight} still in flight")
