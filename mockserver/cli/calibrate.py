"""``mockserver calibrate``: find out from a recording which variants of the quirks the real provider has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import FORMAT, CliError, ExitCode, Output, hint, table

if TYPE_CHECKING:
    from mockserver.recordings.calibration import Calibration
    from mockserver.sdk.loading import ProviderSet

_FILE = click.Path(path_type=Path, dir_okay=False)
_REPORTED_EVERY = 100
"""The replays after which progress is reported each time."""


@click.command(
    epilog="""\b
Examples:
  mockserver calibrate traffic.har
  mockserver calibrate traffic.har --world world.json -o variants.json
  mockserver calibrate traffic.har --format json
"""
)
@click.argument("recording", metavar="FILE", type=_FILE)
@click.option("--world", metavar="FILE", type=_FILE, help="World file in which it is replayed, in place of a world made from the recording.")  # fmt: skip
@click.option("--out", "-o", metavar="FILE", type=_FILE, help='Write the decided variants to it, as {"variants": {...}} for a world file.')  # fmt: skip
@click.option("--most-replays", metavar="N", type=click.IntRange(1), default=5_000, show_default=True, help="Greatest number of replays; what is not tried by then stays open.")  # fmt: skip
@FORMAT
def calibrate(recording: Path, world: Path | None, out: Path | None, most_replays: int, form: str) -> None:
    """Find out which variant of each quirk explains a recording (HAR) of the real provider, and which are refuted.

    The recording is replayed with each variant. Where two explain it, none is chosen, and the requests that would decide are shown.
    The exit code is 1 where a difference remains that no variant explains: a new quirk.
    """
    from mockserver.app import read_world
    from mockserver.har import HarError
    from mockserver.har.reader import read_har_file
    from mockserver.recordings.calibration import calibrate
    from mockserver.recordings.calibration_report import to_json
    from mockserver.recordings.replay import explain_credentials
    from mockserver.sdk.loading import installed_providers

    unreadable: list[HarError] = []
    exchanges = list(read_har_file(recording, unreadable.append))
    if not exchanges and unreadable:
        raise CliError(f"{recording}: {unreadable[0]}")
    for reason in unreadable:
        hint(f"mockserver: {recording}: {reason}")
    providers = installed_providers()
    file = None if world is None else read_world(world, providers)
    found = calibrate(exchanges, providers, file, most=most_replays, on_replay=_report_progress)
    if form == "json":
        Output(form).show(to_json(found, providers), "")
    else:
        _show(recording, found, providers)
    if out is not None:
        out.write_text(json.dumps({"variants": found.variants}, indent=2) + "\n", encoding="utf-8")
    if not found.compared:
        raise CliError(f"{recording}: no exchange of it could be compared", ExitCode.NO, code="nothing_compared")
    if found.uncaused:
        hint(
            f"mockserver: {_count(len(found.uncaused), 'value')} in responses that no world can cause; mockserver world from {recording} lists them"
        )
    if not found.is_complete:
        hint(f"mockserver: stopped after {found.replays} replays; not everything was tried")
    if found.unexplained:
        unknown = explain_credentials(found.replayed, providers)
        if unknown is not None:
            hint(f"mockserver: {unknown}")
        hint(f"mockserver: {_count(len(found.unexplained), 'difference')} that no variant explains")
        sys.exit(ExitCode.NO)


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


def _report_progress(replays: int) -> None:
    if replays % _REPORTED_EVERY == 0:
        hint(f"mockserver: {replays} replays so far")


def _show(recording: Path, found: Calibration, providers: ProviderSet) -> None:
    from mockserver.recordings.calibration_report import describe, rows_of

    head = f"{recording}: {_count(found.compared, 'exchange')} compared, {_count(found.replays, 'replay')}"
    titles = ("QUIRK", "SWITCH", "VERDICT", "VARIANT", "DECIDED BY")
    Output("text").show(
        None, "\n".join([head, "", table(titles, rows_of(found)), "", *describe(found, providers)]).rstrip()
    )
