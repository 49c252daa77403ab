"""``mockserver wait``: wait for a server to start, or for something to happen in a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .common import (
    CliError,
    CommandGroup,
    ExitCode,
    Output,
    as_seconds,
    decorated,
    hint,
    only_given,
    to_server,
    to_world,
)
from .delivery import STATUSES
from .delivery import listed as listed_deliveries
from .journal import narrowing
from .message import DIRECTIONS
from .message import listed as listed_messages

if TYPE_CHECKING:
    from mockserver.client import DeliveryRecord, ExchangeRecord, MessageRecord, Mock, WorldClient

    from .common import Command


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [OPTIONS]]",
    epilog="""\b
Examples:
  mockserver wait
  mockserver wait --timeout 2m
  mockserver wait exchange --operation sms.send_message --timeout 5
""",
)
@click.option(
    "--timeout", metavar="DURATION", type=as_seconds, default="30", show_default=True, help="Time limit: 30, 30s, 2m."
)
@to_server
def wait(mock: Mock, output: Output, timeout: float) -> None:
    """Wait until a server is ready, and show its version; or until something happens in a world.

    The exit code is 4 when the time limit passes.
    """
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        if given:
            raise click.UsageError(f"put options behind '{context.invoked_subcommand}'")
        return
    from mockserver.client import NoServer

    try:
        health = mock.until_healthy(timeout)
    except NoServer as reason:
        raise CliError(str(reason), ExitCode.TIMED_OUT) from reason
    output.show(health, f"mockserver {health['version']} is ready at {mock.url}")


def _waiting(command: Command) -> Command:
    """Add the options of the time limit and the cursor."""
    return decorated(
        command,
        [
            click.option(
                "--timeout",
                metavar="DURATION",
                type=as_seconds,
                default="5",
                show_default=True,
                help="Time limit: 5, 5s, 2m.",
            ),
            click.option(
                "--since",
                metavar="CURSOR",
                type=click.IntRange(0),
                help="Wait for something after this cursor; 0 includes everything. Default: from now on.",
            ),
        ],
    )


@wait.command(
    epilog="""\b
Examples:
  mockserver wait exchange --operation sms.send_message --timeout 5
  mockserver wait exchange --error TooManyPerNumber --since 0
"""
)
@narrowing
@_waiting
@to_world
def exchange(world: WorldClient, output: Output, timeout: float, since: int | None, **filters: Any) -> None:
    """Wait for an exchange. The exit code is 4 when none comes in time."""
    from mockserver.admin.text_format import format_line

    found = world.wait_for_exchange(timeout=timeout, since=since, **only_given(filters))
    _show(found, format_line(found), output)


@wait.command(
    epilog="""\b
Examples:
  mockserver wait message --direction outbound --number 5556667777
  mockserver wait message --provider serwersms --since 0 --format json
  mockserver wait message --serial 11 --status Delivered
  mockserver wait message --changed
"""
)
@click.option("--provider", help="Only of this provider.")
@click.option("--account", help="Only of this account.")
@click.option("--direction", type=DIRECTIONS, help="Only of this direction.")
@click.option("--number", help="Only from or to this number.")
@click.option("--serial", type=click.IntRange(0), help="Only the message of this serial.")
@click.option("--status", help="Only a message that has or gets this status.")
@click.option("--changed", "event", flag_value="changed", help="Wait until a message is changed.")
@click.option("--deleted", "event", flag_value="deleted", help="Wait until a message is deleted.")
@_waiting
@to_world
def message(world: WorldClient, output: Output, timeout: float, since: int | None, **filters: Any) -> None:
    """Wait for a message that is stored, changed or deleted. The exit code is 4 when none is in time."""
    found = world.wait_for_message(timeout=timeout, since=since, **only_given(filters))
    _show(found, listed_messages([found]), output)


@wait.command(
    epilog="""\b
Examples:
  mockserver wait delivery --status acknowledged --timeout 30s
  mockserver wait delivery --number 3 --since 0
"""
)
@click.option("--number", metavar="N", type=click.IntRange(1), help="The delivery's number.")
@click.option("--status", type=STATUSES, help="The delivery's status.")
@_waiting
@to_world
def delivery(world: WorldClient, output: Output, timeout: float, since: int | None, **filters: Any) -> None:
    """Wait for the end of an attempt at a delivery, and show the delivery. The exit code is 4 when none ends in time."""
    found = world.wait_for_delivery(timeout=timeout, since=since, **filters)
    _show(found, listed_deliveries([found]), output)


def _show(found: ExchangeRecord | MessageRecord | DeliveryRecord, text: str, output: Output) -> None:
    """Show what was found, and the cursor from which to wait for the next."""
    output.show({"found": found.row, "cursor": found.cursor}, text)
    hint(f"to wait for the next: --since {found.cursor}")


@wait.command(
    epilog="""\b
Examples:
  mockserver wait idle
  mockserver wait idle --timeout 1m --world mine
"""
)
@click.option(
    "--timeout",
    metavar="DURATION",
    type=as_seconds,
    default="10",
    show_default=True,
    help="Time limit: 10, 10s, at most 1m.",
)
@to_world
def idle(world: WorldClient, output: Output, timeout: float) -> None:
    """Wait until no delivery is due and none is in flight. The exit code is 4 when that takes longer than the limit."""
    result = world.wait_until_idle(timeout)
    if output.form == "json" or result:
        output.show(result.row, f"idle at {result.row['now']}")
    if not result:
        raise CliError(f"not idle within {timeout:g} s: {result.in_flight} still in flight", ExitCode.TIMED_OUT)
