"""``mockserver inbound``: simulate an inbound message from a handset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import Output, as_seconds, only_given, to_world
from .message import fields, show_message, with_fields

if TYPE_CHECKING:
    from mockserver.client import WorldClient


@click.command(
    epilog="""\b
Examples:
  mockserver inbound dialogtech --sender 5556667777 --recipient 5554332111 --text 'Yes, please'
  mockserver inbound serwersms --account demo --sender +48500600700 --text Hej --field kind=nd --in 5m
"""
)
@click.argument("provider")
@click.option("--account", help="The account, when the numbers do not determine it.")
@click.option("--in", "delay", metavar="DURATION", type=as_seconds, help="Delay on the world's clock: 30, 30s, 5m.")
@fields
@to_world
def inbound(
    world: WorldClient,
    output: Output,
    provider: str,
    account: str | None,
    delay: float | None,
    more: tuple[tuple[str, Any], ...],
    **given: Any,
) -> None:
    """Simulate an inbound message from a handset, now or later."""
    row = with_fields(only_given(given), more)
    if delay is None:
        show_message(world.inbound(provider, account, **row), output)
        return
    from mockserver.client.timefmt import written

    due = written(world.schedule_inbound(provider, account, delay=delay, **row))
    output.show({"due": due}, f"due {due}")
