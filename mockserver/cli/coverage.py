"""``mockserver coverage``: report the documented behaviours that clients have met."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import CliError, ExitCode, Output, to_world

if TYPE_CHECKING:
    from mockserver.client import WorldClient


@click.command(
    epilog="""\b
Examples:
  mockserver coverage
  mockserver coverage --report coverage.md --report coverage.xml --threshold 60
"""
)
@click.option("--report", "reports", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), multiple=True, help="Write the report to a file: .md, .json, or .xml for JUnit. May be repeated.")  # fmt: skip
@click.option(
    "--threshold",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Fail when a smaller part of the behaviours was met.",
)
@to_world
def coverage(world: WorldClient, output: Output, reports: tuple[Path, ...], threshold: float | None) -> None:
    """Report which documented behaviours the clients of a world have met, and the mistakes their requests show."""
    from mockserver.client.coverage import Coverage, format_of

    for path in reports:
        format_of(path)
    row = world.coverage()
    seen = Coverage()
    seen.add(row, f"world {world.id}")
    output.show(row, "\n".join((*seen.lines(), seen.summary())))
    for path in reports:
        seen.write(path)
    if threshold is not None and seen.percent < threshold:
        message = f"{seen.summary()}; {threshold:g}% are required"
        raise CliError(message, ExitCode.NO, code="below_threshold")
