"""``mockserver world``: create, show, copy, reset, save and delete worlds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import (
    FORMAT,
    VARIANTS_FILE,
    CliError,
    CommandGroup,
    ExitCode,
    Output,
    as_account,
    as_json,
    as_pair,
    described,
    hint,
    naming_a_world,
    only_given,
    pairs,
    read_variants,
    table,
    to_named_world,
    to_server,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockserver.client import Mock, WorldClient, WorldFacts
    from mockserver.har.exchange import HarError


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver world create --freeze 2026-06-01T12:00:00Z --variant limits=off
  mockserver world list
  mockserver world save mine --out mine.json
""",
)
def world() -> None:
    """Create, show, copy, reset, save and delete worlds. Each has its own accounts, messages, clock, faults and journal."""


def _as_login(text: str) -> tuple[str, str, str | tuple[str, str]]:
    """Parse ``PROVIDER/ACCOUNT=USER[:SECRET]``."""
    account, login = as_pair(text)
    user, colon, secret = login.partition(":")
    return *as_account(account), (user, secret) if colon else user


@world.command(
    epilog="""\b
Examples:
  mockserver world create --id mine --fixture small
  mockserver world create --snapshot mine.json --seed 7
  mockserver world create --credential dialogtech/documents=key:secret --format json
"""
)
@click.option("--id", "name", help="The world's id in URLs; generated when not given.")
@click.option("--fixture", type=click.Choice(["demo", "small", "empty"]), help="The initial content; demo by default.")
@click.option(
    "--snapshot",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True),
    help="A world file as the initial content.",
)
@click.option("--seed", help="Seed of identifiers and probabilities.")
@click.option(
    "--variant",
    "variants",
    metavar="NAME=VARIANT",
    multiple=True,
    type=as_pair,
    help="The variant of a quirk; may be repeated.",
)
@click.option("--freeze", metavar="INSTANT", help="Freeze the clock at this instant; it runs by default.")
@click.option("--own-credentials", is_flag=True, help="Generate credentials instead of taking those of the snapshot.")
@click.option(
    "--credential",
    "credentials",
    metavar="PROVIDER/ACCOUNT=USER[:SECRET]",
    multiple=True,
    type=_as_login,
    help="Set an account's credentials; others take those of the snapshot, or new ones.",
)
@to_server
def create(
    mock: Mock,
    output: Output,
    name: str | None,
    variants: tuple[tuple[str, str], ...],
    credentials: tuple[tuple[str, str, Any], ...],
    **begins: Any,
) -> None:
    """Create a world, with credentials that no other world has.

    The credentials of a snapshot are taken when no other world has them.
    """
    given = {**begins, "id": name, "variants": dict(variants) or None, "credentials": _logins(credentials) or None}
    _show(mock.create_world(**only_given(given)).facts, output)


def _logins(credentials: tuple[tuple[str, str, Any], ...]) -> dict[str, dict[str, list[Any]]]:
    """Group credentials by provider and account, as `Mock.create_world` takes them."""
    logins: dict[str, dict[str, list[Any]]] = {}
    for provider, name, login in credentials:
        logins.setdefault(provider, {}).setdefault(name, []).append(login)
    return logins


@world.command(
    "list",
    epilog="""\b
Examples:
  mockserver world list
  mockserver world list --limit 20
""",
)
@click.option("--since", metavar="N", type=click.IntRange(0), help="Only worlds with a greater number.")
@click.option("--limit", type=click.IntRange(1), help="Maximal count; all by default.")
@to_server
def list_(mock: Mock, output: Output, since: int | None, limit: int | None) -> None:
    """List the worlds in the order of creation."""
    rows = [each.facts.row for each in mock.worlds(since=since, limit=limit)]
    lines = ((row["id"], row["now"], row["frozen"], row["messages"], row["exchanges"], row["base_url"]) for row in rows)
    titles = ("WORLD", "NOW", "FROZEN", "MESSAGES", "EXCHANGES", "BASE URL")
    output.show({"worlds": rows}, table(titles, lines))
    if len(rows) == limit:
        hint(f"there may be more; repeat with --since {rows[-1]['number']}, or with a greater --limit")


@world.command(epilog="Example: mockserver world show mine")
@to_named_world
def show(world: WorldClient, output: Output) -> None:
    """Show a world: its URL, credentials, clock and size."""
    _show(world.show(), output)


@world.command(epilog="Example: mockserver world fork mine --id twin")
@click.option("--id", "name", help="The id of the copy; generated when not given.")
@to_named_world
def fork(world: WorldClient, output: Output, name: str | None) -> None:
    """Create a copy of a world as it is now, with its own credentials."""
    _show(world.fork(name).facts, output)


@world.command(
    epilog="""\b
Examples:
  mockserver world reset mine
  mockserver world reset --freeze 2017-01-01T00:00:00Z
"""
)
@click.option("--freeze", metavar="INSTANT", help="Freeze the clock at this instant, past or future.")
@to_named_world
def reset(world: WorldClient, output: Output, freeze: str | None) -> None:
    """Reset a world to its initial content."""
    _show(world.reset(freeze), output)


@world.command(epilog="Example: mockserver world drop mine")
@to_named_world
def drop(world: WorldClient, output: Output) -> None:
    """Delete a world. Its credentials are rejected from now on."""
    world.drop()
    output.show({"dropped": world.id}, f"dropped {world.id}")


@world.command(
    epilog="""\b
Examples:
  mockserver world save mine --out mine.json
  mockserver world save --credentials > default.json
  mockserver world save mine --journal --out all.json
"""
)
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="The file; stdout by default."
)
@click.option("--credentials", is_flag=True, help="Include the credentials.")
@click.option("--journal", is_flag=True, help="Include the journal, and the credentials, which its requests have.")
@to_named_world
def save(world: WorldClient, output: Output, out: Path | None, credentials: bool, journal: bool) -> None:
    """Save a world as a world file, with its fault rules and deliveries."""
    from mockserver import worldfile

    document = world.snapshot(credentials=credentials, journal=journal)
    if out is None:
        click.echo(b"".join(worldfile.lines(document)), nl=False)
        return
    _save(out, document)
    messages = sum(len(account.get("messages", ())) for account in document["accounts"])
    output.show({"file": str(out), "messages": messages}, f"{out}: {messages} messages")


@world.command(
    epilog="""\b
Examples:
  mockserver world load mine.json mine
  mockserver world save mine | mockserver world load - twin
"""
)
@click.argument("file", metavar="FILE")
@click.option("--own-credentials", is_flag=True, help="Do not take the credentials of the file.")
@click.option("--keep-unknown", is_flag=True, help="Keep the accounts of providers that are not installed.")
@to_server
@naming_a_world
def load(mock: Mock, output: Output, file: str, own_credentials: bool, keep_unknown: bool, world_id: str) -> None:
    """Create a world from a world file, or replace the content of an existing one. FILE may be - for stdin.

    The credentials of the file are taken when no other world has them. An existing world keeps its journal and its
    fault rules if the file has none.
    """
    document = as_json(file if file == "-" else f"@{file}")
    if not isinstance(document, dict):
        raise CliError(f"{file} is not a world file: it is not a JSON object")
    world = mock.get_world(world_id)
    if _exists(world):
        _show(world.restore(document, own_credentials=own_credentials, keep_unknown=keep_unknown), output)
        hint(f"replaced the content of {world_id}")
    else:
        created = mock.create_world(
            snapshot=document, id=world_id, own_credentials=own_credentials, keep_unknown=keep_unknown
        )
        _show(created.facts, output)
        hint(f"created {world_id}")


@world.command(
    "from",
    epilog="""\b
Examples:
  mockserver world from traffic.har --out world.json
  mockserver world from traffic.har --variants variants.json --out world.json
  mockserver world from traffic.har --variant dialogtech.zone=America/Chicago > world.json
""",
)
@click.argument("recording", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The world file; stdout by default.",
)
@click.option(
    "--variant",
    "variants",
    metavar="NAME=VARIANT",
    multiple=True,
    type=as_pair,
    help="A variant of the recorded provider, by which its responses are read; may be repeated.",
)
@VARIANTS_FILE
@FORMAT
def from_(
    recording: Path, out: Path | None, variants: tuple[tuple[str, str], ...], variants_file: Path | None, form: str
) -> None:
    """Make a world file of a recording: a world in which the recorded requests get the recorded responses.

    FILE is a HAR file. What it shows, but no account can cause, is listed, each with the number of its exchange. The exit
    code is 1, and no file is written, if no exchange belongs to a provider.
    """
    from mockserver import worldfile
    from mockserver.har.reader import read_har_file
    from mockserver.recordings.reconstruction import reconstruct_world
    from mockserver.sdk.loading import installed_providers

    def complain(error: HarError) -> None:
        if error.index is None:
            raise CliError(f"{recording}: {error}")
        hint(f"{recording}: exchange {error.index + 1}: {error}")

    exchanges = list(read_har_file(recording, complain))
    providers = installed_providers()
    made = reconstruct_world(exchanges, providers, read_variants(variants_file, variants))
    if not made.observed:
        raise CliError(
            f"{recording}: none of its {len(exchanges)} exchanges is with {providers.titles}",
            ExitCode.NO,
            code="nothing_read",
        )
    accounts = made.document["accounts"]
    facts = {
        "file": None if out is None else str(out),
        "exchanges": len(exchanges),
        "read": made.observed,
        "accounts": len(accounts),
        "messages": sum(len(account.get("messages", ())) for account in accounts),
        "unexplained": [
            {"exchange": each.index + 1, "path": each.path, "reason": each.reason} for each in made.unexplained
        ],
    }
    rows = [(each.index + 1, each.path, each.reason) for each in made.unexplained]
    listed = f"\nread, but not caused by any account:\n{table(('EXCHANGE', 'PATH', 'REASON'), rows)}" if rows else ""
    text = "{file}: {accounts} accounts with {messages} messages, from {read} of {exchanges} exchanges".format(**facts)
    if out is None:
        click.echo(b"".join(worldfile.lines(made.document)), nl=False)
        hint(text.removeprefix("None: ") + listed)
        return
    _save(out, made.document)
    Output(form).show(facts, text + listed)


def _save(out: Path, document: Mapping[str, Any]) -> None:
    from mockserver import worldfile

    try:
        worldfile.save(out, document)
    except OSError as reason:
        denied = isinstance(reason, PermissionError)
        message = f"{out} cannot be written: {reason.strerror}"
        raise CliError(message, ExitCode.NOT_ALLOWED if denied else ExitCode.BAD_INPUT) from reason


def _exists(world: WorldClient) -> bool:
    from mockserver.client import ControlError

    try:
        world.show()
    except ControlError as reason:
        if reason.code != "not_found":
            raise
        return False
    return True


def _show(facts: WorldFacts, output: Output) -> None:
    row = facts.row
    due = "" if row["next"] is None else f", next due {row['next']}"
    about = {
        "world": row["id"],
        "base url": row["base_url"],
        "clock": f"{row['now']} {'frozen' if row['frozen'] else 'running'}{due}",
        "seed": row["seed"],
        "variants": pairs(row["variants"]) or "the default ones",
        "holds": f"{row['messages']} messages, {row['exchanges']} exchanges",
        "cursor": row["cursor"],
    }
    logins = (
        (provider, name, login.user, login.secret)
        for provider, accounts in facts.credentials.items()
        for name, several in accounts.items()
        for login in several
    )
    output.show(row, f"{described(about)}\n\n{table(('PROVIDER', 'ACCOUNT', 'USER', 'SECRET'), logins)}")
