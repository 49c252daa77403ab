"""``mockserver message``: add, change, delete and list messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import CommandGroup, Output, as_field, decorated, hint, only_given, table, to_world

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockserver.client import MessageRecord, WorldClient

    from .common import Command

DIRECTIONS = click.Choice(["inbound", "outbound"])


def fields(command: Command) -> Command:
    """Add the options that every message has, and ``--field`` for provider-specific fields."""
    return decorated(
        command,
        [
            click.option("--sender", help="The sender's number."),
            click.option("--recipient", help="The recipient's number."),
            click.option("--text", help="The text."),
            click.option(
                "--field",
                "more",
                metavar="NAME=VALUE",
                multiple=True,
                type=as_field,
                help="What else it has, or a field of the provider's own; NAME:=JSON for what is no text.",
            ),
        ],
    )


_COMMON = frozenset(("kind", "status", "program", "network", "reference", "title", "attachments", "read"))
"""The fields that several providers' messages have; other names are fields of a provider's own."""


def with_fields(row: Mapping[str, Any], more: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return a message with the fields that ``--field`` adds."""
    given = dict(more)
    own = {name: value for name, value in given.items() if name not in _COMMON}
    common = {name: value for name, value in given.items() if name in _COMMON}
    return {**row, **common, **({"fields": own} if own else {})}


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver message add mgage documents --direction outbound --sender 37911 --recipient 1234567890 \\
      --text Hello --field program=121811 --field status=Delivered
  mockserver message list --provider dialogtech --direction outbound
""",
)
def message() -> None:
    """Add, change, delete and list messages of accounts."""


@message.command(
    epilog="""\b
Examples:
  mockserver message add dialogtech documents --direction inbound --sender 5556667777 --recipient 5554332111 --text Hi
  mockserver message add serwersms demo --direction inbound --sender +48500600700 --recipient '' --text Hej \\
      --field kind=nd --at P1D
"""
)
@click.argument("provider")
@click.argument("account")
@click.option("--direction", type=DIRECTIONS, required=True, help="inbound is to the account, outbound from it.")
@click.option("--at", metavar="INSTANT", help="An instant, or how long ago (P1D); default: now.")
@click.option("--id", help="The provider's id of the message; generated when not given.")
@fields
@to_world
def add(
    world: WorldClient,
    output: Output,
    provider: str,
    account: str,
    more: tuple[tuple[str, Any], ...],
    **row: Any,
) -> None:
    """Add a message to an account, with any instant and status."""
    show_message(world.store(provider, account, **with_fields(only_given(row), more)), output)


@message.command(
    epilog="""\b
Examples:
  mockserver message change 11 --status Delivered
"""
)
@click.argument("serial", type=click.IntRange(0))
@click.option("--status", help="How far it got, in the provider's word.")
@click.option(
    "--field",
    "own",
    metavar="NAME=VALUE",
    multiple=True,
    type=as_field,
    help="A field of the provider's own; NAME:=JSON for what is no text.",
)
@to_world
def change(
    world: WorldClient, output: Output, serial: int, status: str | None, own: tuple[tuple[str, Any], ...]
) -> None:
    """Change a message of an account."""
    if status is None and not own:
        raise click.UsageError("give --status or --field")
    changes = {**only_given({"status": status}), **({"fields": dict(own)} if own else {})}
    show_message(world.change_message(serial, **changes), output)


@message.command(
    epilog="""\b
Examples:
  mockserver message delete 17
"""
)
@click.argument("serial", type=click.IntRange(0))
@to_world
def delete(world: WorldClient, output: Output, serial: int) -> None:
    """Delete a message of an account, and show it."""
    show_message(world.delete_message(serial), output)


@message.command(
    "list",
    epilog="""\b
Examples:
  mockserver message list --number 5556667777
  mockserver message list --provider mgage --account documents --format json
""",
)
@click.option("--provider", help="Only of this provider.")
@click.option("--account", help="Only of this account.")
@click.option("--direction", type=DIRECTIONS, help="Only of this direction.")
@click.option("--number", help="Only from or to this number.")
@click.option("--since", metavar="SERIAL", type=click.IntRange(0), help="Only messages with a greater serial.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Maximal count.")
@to_world
def list_(world: WorldClient, output: Output, limit: int, **filters: Any) -> None:
    """List messages in the order in which they were stored."""
    messages = world.messages(**filters, limit=limit)
    output.show({"messages": [each.row for each in messages]}, listed(messages))
    if len(messages) == limit:
        hint(f"there may be more; repeat with --since {messages[-1].serial}, or with a greater --limit")


def show_message(message: MessageRecord, output: Output) -> None:
    """Show one message."""
    output.show(message.row, listed([message]))


def listed(messages: Iterable[MessageRecord]) -> str:
    """Format messages as a table."""
    titles = ("SERIAL", "AT", "ACCOUNT", "DIRECTION", "SENDER", "RECIPIENT", "ID", "TEXT")
    rows = (
        (
            each.serial,
            each.row["at"],
            f"{each.provider}/{each.account}",
            each.direction,
            each.sender,
            each.recipient,
            each.id,
            each.text,
        )
        for each in messages
    )
    return table(titles, rows)
