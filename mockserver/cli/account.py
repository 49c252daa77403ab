"""``mockserver account``: show and change the accounts of a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import CommandGroup, Output, as_account, as_field, as_json, cell, hint, only_given, table, to_world

if TYPE_CHECKING:
    from mockserver.client import AccountRecord, WorldClient

_LISTS = ("numbers", "programs", "forwarding")


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver account show
  mockserver account show serwersms/demo --format json
  mockserver account set mgage/documents --programs @programs.json
""",
)
def account() -> None:
    """Show and change accounts: numbers and their webhooks, programs, forwarding."""


@account.command(
    epilog="""\b
Examples:
  mockserver account show
  mockserver account show --limit 20
  mockserver account show dialogtech/documents --world mine
"""
)
@click.argument("which", metavar="[PROVIDER/ACCOUNT]", required=False, type=as_account)
@click.option("--since", metavar="PROVIDER/ACCOUNT", help="Of a list: only accounts after this one.")
@click.option("--limit", type=click.IntRange(1), help="Of a list: maximal count; all by default.")
@to_world
def show(
    world: WorldClient, output: Output, which: tuple[str, str] | None, since: str | None, limit: int | None
) -> None:
    """Show one account, or list all."""
    if which is not None:
        _show(world.account(*which), output)
        return
    accounts = world.accounts(since=since, limit=limit)
    titles = ("ACCOUNT", *(name.upper() for name in _LISTS))
    rows = (
        (f"{each['provider']}/{each['name']}", *(len(each[name]) if name in each else None for name in _LISTS))
        for each in accounts
    )
    output.show({"accounts": accounts}, table(titles, rows))
    if len(accounts) == limit:
        last = f"{accounts[-1]['provider']}/{accounts[-1]['name']}"
        hint(f"there may be more; repeat with --since {last}, or with a greater --limit")


@account.command(
    "set",
    epilog="""\b
Examples:
  mockserver account set dialogtech/documents --numbers '[{"number": "5554332111", "url": "http://127.0.0.1:9000/"}]'
  mockserver account set mgage/documents --programs @programs.json
  mockserver account set serwersms/demo --forwarding '[{"service": "ndi", "url": "http://127.0.0.1:9000/?tekst=#WIADOMOSC#"}]'
""",
)
@click.argument("which", metavar="PROVIDER/ACCOUNT", type=as_account)
@click.option(
    "--numbers",
    metavar="JSON",
    type=as_json,
    help="Numbers, each with the URLs of its webhooks: inbound messages (url) and delivery reports (dlr_url).",
)
@click.option("--programs", metavar="JSON", type=as_json, help="Programs, a list.")
@click.option(
    "--forwarding", metavar="JSON", type=as_json, help="Forwarding rules: URLs to which inbound messages are sent."
)
@click.option(
    "--field",
    "own",
    metavar="NAME=VALUE",
    multiple=True,
    type=as_field,
    help="A provider-specific field; NAME:=JSON for a value that is not a string.",
)
@to_world
def set_(
    world: WorldClient, output: Output, which: tuple[str, str], own: tuple[tuple[str, Any], ...], **lists: Any
) -> None:
    """Replace whole lists of an account. A list is JSON as in a world file, @FILE, or - for stdin."""
    if not only_given(lists) and not own:
        raise click.UsageError(f"give at least one of {', '.join(f'--{name}' for name in (*lists, 'field'))}")
    _show(world.change_account(*which, fields=dict(own) or None, **only_given(lists)), output)


def _show(account: AccountRecord, output: Output) -> None:
    lines = [f"{account['provider']}/{account['name']}"]
    for name, value in account.items():
        if isinstance(value, list):
            lines += ["", f"{name}:", *(f"  {cell(each)}" for each in value)]
    if account.fields:
        lines += ["", "fields:", *(f"  {name}: {cell(value)}" for name, value in account.fields.items())]
    output.show(account, "\n".join(lines))
