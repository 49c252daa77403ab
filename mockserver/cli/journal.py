"""``mockserver journal``: list the exchanges of a world, and clear them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mockserver.engine.journal import OUTCOMES

from .common import Command, DefaultGroup, Output, decorated, hint, to_world

if TYPE_CHECKING:
    from mockserver.client import ExchangeRecord, WorldClient

_POLL_SECONDS = 60
"""Seconds that one request for the next exchange waits; it is repeated then."""


def narrowing(command: Command) -> Command:
    """Add the options that filter exchanges."""
    return decorated(
        command,
        [
            click.option("--provider", help="Only at this provider."),
            click.option("--operation", help="Only of this operation, such as sms.send_message."),
            OUTCOME,
            click.option("--error", help="Only rejected with the provider error of this name."),
            click.option("--status", type=int, help="Only with this HTTP status."),
            click.option("--target", help="Only when the request target contains this text."),
            click.option("--request-id", metavar="TEXT", help="Only with this X-Request-Id."),
            click.option("--trace-id", metavar="HEX", help="Only with this trace id in traceparent."),
        ],
    )


OUTCOME = click.option("--outcome", type=click.Choice(OUTCOMES), help="Only with this outcome for the client.")


HAR = click.option(
    "--har",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write the exchanges to a HAR 1.2 file, with stand-ins such as password-1 for secrets; - is stdout.",
)
ANONYMISE = click.option(
    "--anonymise", is_flag=True, help="In the HAR file, replace phone numbers and texts by others of the same form too."
)


@click.group(
    cls=DefaultGroup,
    epilog="""\b
Examples:
  mockserver journal
  mockserver journal --limit 5
  mockserver journal clear --world mine
""",
)
def journal() -> None:
    """List the exchanges of a world, as without a subcommand, and clear them."""


@journal.command(
    "list",
    epilog="""\b
Examples:
  mockserver journal list --limit 5
  mockserver journal --operation sms.send_message --error TooManyPerNumber
  mockserver journal --outcome no_response
  mockserver journal --request-id 5f3a
  mockserver journal --follow
  mockserver journal --har traffic.har --provider serwersms
""",
)
@narrowing
@click.option("--since", metavar="N", type=click.IntRange(0), help="Only exchanges with a greater number.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Maximal count; --follow ends after it.")
@click.option(
    "--order",
    type=click.Choice(["newest", "oldest"]),
    help="Which ones --limit keeps; by default the newest, with --since the oldest.",
)
@click.option("--follow", "-f", is_flag=True, help="Continue with new exchanges until Ctrl-C.")
@HAR
@ANONYMISE
@to_world
def list_(
    world: WorldClient,
    output: Output,
    since: int | None,
    limit: int | None,
    order: Literal["newest", "oldest"] | None,
    follow: bool,
    har: Path | None,
    anonymise: bool,
    **filters: Any,
) -> None:
    """List exchanges, the newest last. For the reasons of a response: mockserver explain NUMBER."""
    if anonymise and har is None:
        raise click.UsageError("--anonymise is for --har")
    if har is not None:
        if follow or order or limit:
            raise click.UsageError("--har excludes --follow, --order and --limit")
        _save_har(world.har(anonymise=anonymise, since=since, **filters), har, output)
        return
    if follow and order:
        raise click.UsageError("--order and --follow exclude each other")
    if follow:
        _follow(world, output, since, limit, filters)
        return
    found = world.journal(since=since, limit=limit, order=order, **filters)
    data = {
        "exchanges": [each.row for each in found],
        "last": found.last,
        "dropped": found.dropped,
        "why_dropped": found.why_dropped,
    }
    if output.form == "json" or found:
        output.show(data, "\n".join(map(_format, found)))
    else:
        hint("no such exchange")
    if found.dropped:
        hint(found.why_dropped or "")


@journal.command(epilog="Example: mockserver journal clear --world mine")
@to_world
def clear(world: WorldClient, output: Output) -> None:
    """Delete the exchanges of a world's journal; their numbers go on, and the rest of the world is unchanged."""
    page = world.journal(limit=1)
    world.clear_journal()
    output.show({"cleared": page.last - page.dropped}, f"cleared {page.last - page.dropped} exchanges")


_COLORS = {
    "rejected": "yellow",
    "unmatched": "yellow",
    "overridden": "magenta",
    "replayed": "magenta",
    "corrupted": "red",
    "no_response": "red",
    "invalid_http": "red",
}
"""The colours of outcomes on a terminal; the line says the outcome in words too."""


def _format(exchange: ExchangeRecord) -> str:
    from mockserver.admin.text_format import format_line

    line, color = format_line(exchange), _COLORS.get(exchange.outcome)
    return line if color is None else click.style(line, fg=color)


def _save_har(document: dict[str, Any], file: Path, output: Output) -> None:
    import json

    text, many = json.dumps(document, ensure_ascii=False), len(document["log"]["entries"])
    if str(file) == "-":
        click.echo(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as reason:
        raise click.ClickException(f"{file}: {reason.strerror}") from reason
    output.show({"file": str(file), "exchanges": many}, f"wrote {many} exchange{'' if many == 1 else 's'} to {file}")
    if comment := document["log"].get("comment"):
        hint(comment)


def _follow(world: WorldClient, output: Output, since: int | None, limit: int | None, filters: dict[str, Any]) -> None:
    try:
        for exchange in islice(_existing_and_new(world, since, filters), limit):
            output.line(exchange.row, _format(exchange))
    except KeyboardInterrupt:
        return


def _existing_and_new(world: WorldClient, since: int | None, filters: dict[str, Any]) -> Iterator[ExchangeRecord]:
    """Yield the existing exchanges, then new ones. The cursor is read first, so that none is missed between."""
    cursor = world.cursor
    existing = world.journal(since=since, **filters)
    yield from existing
    shown_until = existing[-1].number if existing else since or 0
    while True:
        try:
            exchange = world.wait_for_exchange(since=cursor, timeout=_POLL_SECONDS, **filters)
        except TimeoutError:
            continue
        cursor = exchange.cursor or cursor
        if exchange.number > shown_until:
            yield exchange
