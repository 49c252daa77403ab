"""``mockserver wait``: for a server that is starting, or for what happens in a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .common import CliError, CommandGroup, Output, as_seconds, decorated, hint, only_given, to_server, to_world
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
    subcommand_metavar="[VERB [OPTIONS]]",
    epilog="""\b
Examples:
  mockserver wait
  mockserver wait --timeout 2m
  mockserver wait exchange --operation sms.send_message --timeout 5
""",
)
@click.option(
    "--timeout", metavar="DURATION", type=as_seconds, default="30", show_default=True, help="How long: 30, 30s, 2m."
)
@to_server
def wait(mock: Mock, output: Output, timeout: float) -> None:
    """Wait until a server answers, and say which version it is; or until something happens in a world."""
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        if given:
            raise click.UsageError(f"options go behind '{context.invoked_subcommand}'")
        return
    health = mock.until_healthy(timeout)
    output.show(health, f"mockserver {health['version']} answers at {mock.url}")


def _waiting(command: Command) -> Command:
    """How long, and from when on."""
    return decorated(
        command,
        [
            click.option(
                "--timeout",
                metavar="DURATION",
                type=as_seconds,
                default="5",
                show_default=True,
                help="How long: 5, 5s, 2m.",
            ),
            click.option(
                "--since",
                metavar="CURSOR",
                type=click.IntRange(0),
                help="What came since counts too; from now on when not given. 0 counts everything.",
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
    """Wait for an exchange with a provider's address. If none comes in time: 1."""
    from mockserver.admin.text_format import in_a_line

    found = world.wait_for_exchange(timeout=timeout, since=since, **only_given(filters))
    _show(found, in_a_line(found), output)


@wait.command(
    epilog="""\b
Examples:
  mockserver wait message --direction outbound --number 5556667777
  mockserver wait message --provider serwersms --since 0 --format json
"""
)
@click.option("--provider", help="Of this one only.")
@click.option("--account", help="Of this one only.")
@click.option("--direction", type=DIRECTIONS, help="Of this one only.")
@click.option("--number", help="From or to this one only.")
@_waiting
@to_world
def message(world: WorldClient, output: Output, timeout: float, since: int | None, **filters: Any) -> None:
    """Wait for a message of an account, sent or come in. If none comes in time: 1."""
    found = world.wait_for_message(timeout=timeout, since=since, **only_given(filters))
    _show(found, listed_messages([found]), output)


@wait.command(
    epilog="""\b
Examples:
  mockserver wait delivery --status acknowledged --timeout 30s
  mockserver wait delivery --number 3 --since 0
"""
)
@click.option("--number", metavar="N", type=click.IntRange(1), help="Of the delivery.")
@click.option("--status", type=STATUSES, help="What comes of it.")
@_waiting
@to_world
def delivery(world: WorldClient, output: Output, timeout: float, since: int | None, **filters: Any) -> None:
    """Wait until an attempt at a delivery is over, and show the delivery. If none is in time: 1."""
    found = world.wait_for_delivery(timeout=timeout, since=since, **filters)
    _show(found, listed_deliveries([found]), output)


def _show(found: ExchangeRecord | MessageRecord | DeliveryRecord, text: str, output: Output) -> None:
    """What came, and the cursor at which to wait for the next."""
    output.show({"found": found.row, "cursor": found.cursor}, text)
    hint(f"what comes next: --since {found.cursor}")


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
    help="How long: 10, 10s, 1m at most.",
)
@to_world
def idle(world: WorldClient, output: Output, timeout: float) -> None:
    """Wait until nothing is due now and no attempt is in flight. If that takes longer than the time-out: 1."""
    result = world.wait_until_idle(timeout)
    if output.form == "json" or result:
        output.show(result.row, f"idle at {result.row['now']}")
    if not result:
        raise CliError(f"not idle within {timeout:g} s: {result.in_flight} still in flight")
