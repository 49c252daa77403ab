"""``mockserver exec``: run a command with its HTTP clients redirected to a mock server."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from mockserver.settings import environment

from .child_env import environment_of
from .common import FORMAT, ExitCode, hint, show_error
from .exec_report import Report
from .journal import ANONYMISE
from .serve import settings_with, start_log, starting

if TYPE_CHECKING:
    from mockserver.server import MockServer


@click.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  mockserver exec -- php send.php
  mockserver exec --freeze 2026-06-01T12:00:00Z --report -- npm test
  mockserver exec --har traffic.har -- npm test
  mockserver exec --strict --report-to exchanges.txt -- pytest -x
""",
)
@click.option("--report", is_flag=True, help="List the exchanges on stderr when the command has ended.")
@click.option(
    "--report-to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the list of exchanges to a file.",
)
@click.option(
    "--har",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the exchanges to a HAR 1.2 file when the command has ended, with stand-ins such as password-1 for secrets.",
)
@ANONYMISE
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 when the command succeeded but sent requests that the server does not support.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@FORMAT
@starting
def exec_(
    command: tuple[str, ...],
    report: bool,
    report_to: Path | None,
    har: Path | None,
    anonymise: bool,
    strict: bool,
    form: str,
    **flags: Any,
) -> None:
    """Run a command whose HTTP clients, unchanged, reach a mock server in place of the providers.

    The server runs on free ports as long as the command. The exit code is the command's own; 128 plus the number of
    the signal that ended it; 127 when the command is not found, 126 when it cannot be executed. Only when the command
    was not started, or ended with 0, is it one of mockserver's own codes: 1 with --strict, 2 for bad input.
    """
    if anonymise and har is None:
        raise click.UsageError("--anonymise is for --har")
    settings = settings_with({"log": "quiet", **{name: flag for name, flag in flags.items() if flag is not None}})
    start_log(settings)
    settings = replace(settings, host="127.0.0.1", port=0, https_port=None, proxy_port=None)

    from mockserver.intercept.environment import exempt_hosts
    from mockserver.server import MockServer

    exempt = exempt_hosts(environment())
    with MockServer(settings=settings, https=True, proxy=True, allow_hosts=exempt) as server:
        code = _run(command, server, form)
        found = Report.of(server)
        if har is not None:
            _save_har(server, har, anonymise)
    try:
        _show(found, report, report_to, form)
    except (OSError, ValueError) as reason:  # a report never fails a run
        hint(f"mockserver: the report cannot be written: {reason}")
    sys.exit(code or (ExitCode.NO if strict and found.unmatched else ExitCode.DONE))


def _run(command: tuple[str, ...], server: MockServer, form: str) -> int:
    from mockserver.intercept import child
    from mockserver.intercept.environment import child_variables

    parent = environment()
    try:
        return child.run(command, parent | child_variables(parent, environment_of(server, parent)))
    except OSError as reason:
        show_error(form, "not_started", f"{command[0]}: {reason.strerror}")
        return child.exit_code_of(reason)


def _save_har(server: MockServer, file: Path, anonymise: bool) -> None:
    """Write the exchanges of all worlds in the order of their instants; a file that cannot be written fails no run."""
    from mockserver.admin.har import har_of_worlds

    service = server.service
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            for piece in har_of_worlds(service.registry, service.masking, service.providers, anonymise=anonymise):
                opened.write(piece)
    except (OSError, ValueError) as reason:
        hint(f"mockserver: the HAR file cannot be written: {reason}")


def _show(found: Report, report: bool, report_to: Path | None, form: str) -> None:
    lines = found.lines if form == "text" else found.json_lines
    if report_to is not None:
        report_to.parent.mkdir(parents=True, exist_ok=True)
        with report_to.open("w", encoding="utf-8", errors="backslashreplace") as file:
            _write(lines(file), file)
    if report:
        _write(lines(sys.stderr), sys.stderr)
    else:
        _write(found.warnings(), sys.stderr)


def _write(lines: Iterable[str], file: IO[str]) -> None:
    for line in lines:
        click.echo(line, file=file)
