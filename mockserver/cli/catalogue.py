"""``mockserver quirks``, ``errors`` and ``magic``: list facts about the providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import Output, table, to_server

if TYPE_CHECKING:
    from mockserver.client import Mock

_PROVIDER = click.option("--provider", help="Only this provider.")


def _of(provider: str | None, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of one provider, or all rows. Every provider of the server has rows."""
    known = list(dict.fromkeys(row["provider"] for row in rows))
    if provider is None:
        return rows
    if provider not in known:
        raise click.BadParameter(f"{provider!r} is not one of {', '.join(known)}", param_hint="--provider")
    return [row for row in rows if row["provider"] == provider]


@click.command(
    epilog="""\b
Examples:
  mockserver quirks
  mockserver quirks --provider mgage --format json
"""
)
@_PROVIDER
@to_server
def quirks(mock: Mock, output: Output, provider: str | None) -> None:
    """List the points that the documents leave open: their text, our choice, its evidence and its switch."""
    found = _of(provider, mock.quirks())
    lines = []
    for each in found:
        lines += [f"{each['number']} {each['title']} ({each['basis']})"]
        lines += [f"  {sentence}" for sentence in each["documents"]]
        lines += [f"  Other variant: {each['other_variant']}", f"  we: {each['we']}", f"  known by: {each['known_by']}"]
        lines += [f"  switch: {switch['name']} = {' | '.join(switch['variants'])}" for switch in each["switches"]]
        lines += [""]
    output.show({"quirks": found}, "\n".join(lines[:-1]))


@click.command(epilog="Example: mockserver errors --provider dialogtech")
@_PROVIDER
@to_server
def errors(mock: Mock, output: Output, provider: str | None) -> None:
    """List every provider error, by the name that fault rules use."""
    found = _of(provider, mock.errors())
    keys = ("provider", "name", "status", "rule", "quirk", "description")
    rows = ([each[key] for key in keys] for each in found)
    output.show({"errors": found}, table([key.upper() for key in keys], rows))


@click.command(
    epilog="""\b
Examples:
  mockserver magic
  mockserver magic --provider serwersms
"""
)
@_PROVIDER
@to_server
def magic(mock: Mock, output: Output, provider: str | None) -> None:
    """List the telephone numbers with a special effect in a new world. They are this server's, not the providers'."""
    found = _of(provider, mock.magic())
    keys = ("provider", "parameter", "range", "outcome")
    output.show({"magic": found}, table([key.upper() for key in keys], ([each[key] for key in keys] for each in found)))
