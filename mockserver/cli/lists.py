"""``mockserver quirks``, ``refusals`` and ``magic``: what there is to know of the rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .talking import Output, table, to_server

if TYPE_CHECKING:
    from mockserver.client import Mock


@click.command(
    epilog="""\b
Examples:
  mockserver quirks
  mockserver quirks --provider mgage --format json
"""
)
@click.option("--provider", help="Of this one only.")
@to_server
def quirks(mock: Mock, output: Output, provider: str | None) -> None:
    """List where the documents leave something open: what they say, what was taken, how that is known, its switch."""
    found = [each for each in mock.quirks() if provider in (None, each["provider"])]
    lines = []
    for each in found:
        lines += [f"{each['number']} {each['title']} ({each['basis']})"]
        lines += [f"  {sentence}" for sentence in each["documents"]]
        lines += [f"  other reading: {each['other_reading']}", f"  we: {each['we']}", f"  known by: {each['known_by']}"]
        lines += [f"  switch: {switch['name']} = {' | '.join(switch['readings'])}" for switch in each["switches"]]
        lines += [""]
    output.show({"quirks": found}, "\n".join(lines[:-1]))


@click.command(epilog="Example: mockserver refusals --provider dialogtech")
@click.option("--provider", help="Of this one only.")
@to_server
def refusals(mock: Mock, output: Output, provider: str | None) -> None:
    """List every refusal by the name under which a fault can ask for it."""
    found = [each for each in mock.refusals() if provider in (None, each["provider"])]
    keys = ("provider", "name", "status", "rule", "quirk", "description")
    rows = ([each[key] for key in keys] for each in found)
    output.show({"refusals": found}, table([key.upper() for key in keys], rows))


@click.command(epilog="Example: mockserver magic")
@to_server
def magic(mock: Mock, output: Output) -> None:
    """List the numbers that bring something about in a fresh world. They are ours, not the providers'."""
    found = mock.magic()
    keys = ("provider", "parameter", "range", "outcome")
    output.show({"magic": found}, table([key.upper() for key in keys], ([each[key] for key in keys] for each in found)))
