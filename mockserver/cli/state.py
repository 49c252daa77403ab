"""``mockserver state``: check, compact, export and import a state that is kept in a file or in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from .common import FORMAT, CliError, CommandGroup, ExitCode, Output, read_setting, table

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
    found = given or read_setting("state")
    if found is None:
        raise click.UsageError(
            "name the state: a file, a postgresql:// URL, MOCKSERVER_STATE, or state in mockserver.toml"
        )
    return found


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write, or stdout for ``-``. A file takes the place of another one only when all of it is written."""
    if str(path) == "-":
        with click.open_file("-", "wb") as output:
            yield output
    elif path.exists() and not path.is_file():  # a pipe or a device
        with path.open("wb") as output:
            yield output
    else:
        new = path.with_name(f".{path.name}.new")
        try:
            with new.open("wb") as output:
                yield output
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


_STATE = click.argument("where", metavar="FILE|URL", required=True, callback=_as_state)


@contextmanager
def _opened(where: str, *, is_read_only: bool = False) -> Iterator[SqlStore]:
    """Open a state for the length of a block."""
    from mockserver.admin.journal_file import create_codec
    from mockserver.sdk.loading import installed_providers
    from mockserver.stores import open_store

    store = open_store(where, create_codec(installed_providers()), is_read_only=is_read_only)
    try:
        yield store
    finally:
        store.close()


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
    with _opened(where, is_read_only=True) as store:
        from mockserver.stores import maintenance

        report = maintenance.check(store)
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
    from mockserver.stores import is_postgresql

    if not is_postgresql(where) and not Path(where).exists():
        raise CliError(f"there is no state {where}")
    with _opened(where) as store:
        from mockserver.stores import maintenance

        maintenance.compact(store)
        worlds = len(store.worlds())
    Output(form).show({"worlds": worlds}, f"{worlds} worlds are compact.")


@state.command(
    epilog="""\b
Examples:
  mockserver state export sms.state sms.jsonl
  mockserver state export postgresql://mock@db.example/mock -
"""
)
@_STATE
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@FORMAT
def export(where: str, file: Path, form: str) -> None:
    """Write a state into a file (- for stdout) that any text editor shows, and that is imported into a file or PostgreSQL."""
    with _opened(where, is_read_only=True) as store, _written(file) as output:
        from mockserver.stores import maintenance

        lines = maintenance.export_state(store, output)
    if str(file) != "-":
        Output(form).show({"file": str(file), "lines": lines}, f"{file}: {lines} lines")


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
    from mockserver.stores import is_postgresql

    is_new = not is_postgresql(where) and not Path(where).exists()
    try:
        with _opened(where) as store:
            from mockserver.stores import maintenance

            worlds = maintenance.import_state(store, file)
    except BaseException:
        if is_new:
            Path(where).unlink(missing_ok=True)
        raise
    Output(form).show({"worlds": worlds}, f"{worlds} worlds were imported.")
