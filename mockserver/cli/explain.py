"""``mockserver explain``: explain why an exchange got its response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import Output, to_world

if TYPE_CHECKING:
    from mockserver.client import WorldClient


@click.command(
    epilog="""\b
Examples:
  mockserver explain 12
  mockserver explain 12 --world mine --format json
"""
)
@click.argument("number", type=click.IntRange(1))
@to_world
def explain(world: WorldClient, output: Output, number: int) -> None:
    """Explain why an exchange got its response: the rule and its source, the received values, how to fix them."""
    from mockserver.admin.text_format import format_explanation

    explanation = world.explain(number)
    output.show(explanation, format_explanation(explanation))
