"""``mockserver entry``: add, change, delete and list the entries of accounts, such as contacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from .common import CommandGroup, Output, as_account, as_json, cell, decorated, described, hint, table, to_world

if TYPE_CHECKING:
    from mockserver.client import WorldClient

_Command: TypeAlias = Callable[..., Any]
_Account: TypeAlias = tuple[str, str]


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver entry list serwersms/demo
  mockserver entry list serwersms/demo contacts
  mockserver entry add serwersms/demo blacklist '{"phone": "+48500600700"}'
""",
)
def entry() -> None:
    """Add, change, delete and list entries of accounts: contacts, groups, the blacklist and what else a provider keeps."""


def _in_collection(command: _Command) -> _Command:
    """Add the arguments that name an account and one of its collections."""
    return decorated(
        command,
        (click.argument("which", metavar="PROVIDER/ACCOUNT", type=as_account), click.argument("collection")),
    )


@entry.command(
    "list",
    epilog="""\b
Examples:
  mockserver entry list serwersms/demo
  mockserver entry list serwersms/demo contacts --format json
""",
)
@click.argument("which", metavar="PROVIDER/ACCOUNT", type=as_account)
@click.argument("collection", required=False)
@click.option("--since", metavar="ID", help="Only entries that were added after the one with this id.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Maximal count.")
@to_world
def list_(
    world: WorldClient, output: Output, which: _Account, collection: str | None, since: str | None, limit: int
) -> None:
    """List the entries of a collection in the order of adding, or the collections of an account."""
    if collection is None:
        counts = world.collections(*which)
        rows = [{"name": name, "count": count} for name, count in counts.items()]
        output.show({"collections": rows}, table(("COLLECTION", "ENTRIES"), counts.items()))
        return
    entries = world.entries(*which, collection, since=since, limit=limit)
    output.show({"entries": entries}, _listed(entries))
    if len(entries) == limit:
        hint(f"there may be more; repeat with --since {entries[-1]['id']}, or with a greater --limit")


@entry.command(
    epilog="""\b
Examples:
  mockserver entry show serwersms/demo contacts 1
"""
)
@_in_collection
@click.argument("id")
@to_world
def show(world: WorldClient, output: Output, which: _Account, collection: str, id: str) -> None:  # noqa: A002 - the argument's name in help
    """Show one entry."""
    found = world.entry(*which, collection, id)
    output.show(found, described(found))


@entry.command(
    epilog="""\b
Examples:
  mockserver entry add serwersms/demo contacts '{"phone": "+48500600700", "first_name": "Anna"}'
  mockserver entry add serwersms/demo contacts @contact.json
"""
)
@_in_collection
@click.argument("row", metavar="JSON", type=as_json)
@to_world
def add(world: WorldClient, output: Output, which: _Account, collection: str, row: Any) -> None:
    """Add an entry, given as JSON, as @FILE with JSON in it, or as - for stdin. Without an id it gets the next number."""
    found = world.add_entry(*which, collection, row)
    output.show(found, described(found))


@entry.command(
    epilog="""\b
Examples:
  mockserver entry put serwersms/demo contacts 1 '{"phone": "+48500600700", "first_name": "Ola"}'
"""
)
@_in_collection
@click.argument("id")
@click.argument("row", metavar="JSON", type=as_json)
@to_world
def put(world: WorldClient, output: Output, which: _Account, collection: str, id: str, row: Any) -> None:  # noqa: A002 - the argument's name in help
    """Add an entry with an id, or replace the one that has it: JSON, @FILE with JSON in it, or - for stdin."""
    found = world.put_entry(*which, collection, id, row)
    output.show(found, described(found))


@entry.command(
    epilog="""\b
Examples:
  mockserver entry replace serwersms/demo blacklist '[{"id": 1, "phone": "+48500600700"}]'
  mockserver entry replace serwersms/demo contacts @contacts.json
"""
)
@_in_collection
@click.argument("rows", metavar="JSON", type=as_json)
@to_world
def replace(world: WorldClient, output: Output, which: _Account, collection: str, rows: Any) -> None:
    """Replace all entries of a collection. They are a JSON list as in a world file, @FILE, or - for stdin."""
    if not isinstance(rows, list):
        raise click.BadParameter("the entries are not a list", param_hint="JSON")
    entries = world.replace_entries(*which, collection, rows)
    output.show({"entries": entries}, _listed(entries))


@entry.command(
    epilog="""\b
Examples:
  mockserver entry delete serwersms/demo contacts 1
"""
)
@_in_collection
@click.argument("id")
@to_world
def delete(world: WorldClient, output: Output, which: _Account, collection: str, id: str) -> None:  # noqa: A002 - the argument's name in help
    """Delete an entry, and show it."""
    found = world.delete_entry(*which, collection, id)
    output.show(found, described(found))


def _listed(entries: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for each in entries for name in each))
    return table(
        [name.upper() for name in names],
        ([cell(each[name]) if name in each else None for name in names] for each in entries),
    )
