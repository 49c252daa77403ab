"""``mockserver wait``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .talking import Output, as_seconds, to_server

if TYPE_CHECKING:
    from mockserver.client import Mock


@click.command(
    epilog="""\b
Examples:
  mockserver wait
  mockserver wait --server http://127.0.0.1:7700 --timeout 2m
"""
)
@click.option(
    "--timeout", metavar="DURATION", type=as_seconds, default="30", show_default=True, help="How long: 30, 30s, 2m."
)
@to_server
def wait(mock: Mock, output: Output, timeout: float) -> None:
    """Wait until a server answers, and say which version it is."""
    health = mock.until_healthy(timeout)
    output.show(health, f"mockserver {health['version']} answers at {mock.url}")
