"""``mockserver state``: check, compact, export and import a state that is kept in a file or in PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from mockserver.settings import read_variable, variable_of

from .common import FORMAT, CliError, CommandGroup, ExitCode, Output, hint, table

if TYPE_CHECKING:
    from mockserver.stores.sql import SqlStore


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver state check sms.state
  mockserver state compact sms.state
  mockserver state export sms.state sms.jsonl
  mockserver state import postgresql://mock@db.example/mock sms.jsonl
""",
)
def state() -> None:
    """Check, compact, export and import the state that `mockserver serve --state` keeps. No server may use it meanwhile."""


def _as_state(_ctx: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    found = given or read_variable(variable_of("state"))
    if found is None:
        raise click.UsageError("name the state: a file, a postgresql:// URL, or MOCKSERVER_STATE")
    return found


_STATE = click.argument("where", metavar="FILE|URL", required=True, callback=_as_state)


def _open(where: str, *, is_read_only: bool = False) -> SqlStore:
    from mockserver.app import create_codec
    from mockserver.sdk.loading import installed_providers
    from mockserver.stores import open_store

    return open_store(where, create_codec(installed_providers()), is_read_only=is_read_only)


@state.command(
    epilog="""\b
Examples:
  mockserver state check sms.state
  mockserver state check sms.state --format json
"""
)
@_STATE
@FORMAT
def check(where: str, form: str) -> None:
    """Check that all of a state can be read: every page, every world and every commit. It is not changed."""
    store = _open(where, is_read_only=True)
    from mockserver.stores import maintenance

    try:
        report = maintenance.check(store)
    finally:
        store.close()
    rows = [
        {"id": each.id, "messages": each.messages, "sequence": each.sequence, "commits": each.commits}
        for each in report.worlds
    ]
    shown: dict[str, Any] = {"version": report.version, "worlds": rows, "problems": list(report.problems)}
    columns = ("WORLD", "MESSAGES", "LAST COMMIT", "COMMITS KEPT")
    Output(form).show(shown, table(columns, (tuple(row.values()) for row in rows)))
    if report.problems:
        raise CliError("; ".join(report.problems), ExitCode.NO, code="damaged")


@state.command(
    epilog="""\b
Examples:
  mockserver state compact sms.state
"""
)
@_STATE
@FORMAT
def compact(where: str, form: str) -> None:
    """Make a state smaller and faster to open: write a snapshot of each world, and delete what that makes superfluous."""
    store = _open(where)
    from mockserver.stores import maintenance

    try:
        maintenance.compact(store)
        worlds = len(store.worlds())
    finally:
        store.close()
    Output(form).show({"worlds": worlds}, f"{worlds} worlds are compact.")


@state.command(
    epilog="""\b
Examples:
  mockserver state export sms.state sms.jsonl
  mockserver state export postgresql://mock@db.example/mock -
"""
)
@_STATE
@click.argument("file", type=click.File("wb", lazy=True))
def export(where: str, file: IO[bytes]) -> None:
    """Write a state into a file that can be read with any text editor, and imported into a file or PostgreSQL."""
    store = _open(where, is_read_only=True)
    from mockserver.stores import maintenance

    try:
        lines = maintenance.export_state(store, file)
    finally:
        store.close()
    hint(f"{lines} lines were written")


@state.command(
    "import",
    epilog="""\b
Examples:
  mockserver state import sms.state sms.jsonl
  mockserver state import postgresql://mock@db.example/mock sms.jsonl
""",
)
@_STATE
@click.argument("file", type=click.File("rb"))
@FORMAT
def import_(where: str, file: IO[bytes], form: str) -> None:
    """Make a new state, or fill an empty one, from a file that `mockserver state export` has written."""
    from mockserver.stores import is_postgresql, maintenance

    is_new = not is_postgresql(where) and not Path(where).exists()
    store = _open(where)
    try:
        worlds = maintenance.import_state(store, file)
    except BaseException:
        store.close()
        if is_new:
            Path(where).unlink()
        raise
    store.close()
    Output(form).show({"worlds": worlds}, f"{worlds} worlds were imported.")
