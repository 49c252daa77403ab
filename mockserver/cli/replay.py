"""``mockserver replay``: send the requests of a recording to a fresh world, and compare the responses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import FORMAT, VARIANTS_FILE, ExitCode, Output, as_pair, hint, read_variants, table, write_report

if TYPE_CHECKING:
    from mockserver.recordings.gate import JudgedRecording

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  mockserver replay traffic.har
  mockserver replay traffic.har --variants variants.json
  mockserver replay traffic.har --world world.json --variant serwersms.zone=UTC
  mockserver replay corpus/ --gate --junit replay.xml
"""
)
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--world", "world", metavar="FILE", type=_FILE, help="World file for every recording. Without it, NAME.world.json beside NAME.har, or a world made from the recording.")  # fmt: skip
@click.option("--variant", "variants", metavar="NAME=VARIANT", type=as_pair, multiple=True, help="Variant of a quirk, in place of the world's. May be repeated.")  # fmt: skip
@VARIANTS_FILE
@click.option("--tolerance", metavar="SECONDS", type=click.FloatRange(min=0), default=5.0, show_default=True, help="Seconds by which instants may differ that the provider makes up.")  # fmt: skip
@click.option("--gate", is_flag=True, help="For builds: fail for every file that compares nothing, heed accepted.json of the folder, and name the quirk that explains a difference.")  # fmt: skip
@click.option("--junit", "junit_path", metavar="FILE", type=_FILE, help="Write the result as JUnit XML too.")
@FORMAT
def replay(
    path: Path,
    world: Path | None,
    variants: tuple[tuple[str, str], ...],
    variants_file: Path | None,
    tolerance: float,
    gate: bool,
    junit_path: Path | None,
    form: str,
) -> None:
    """Send each request of a recording (HAR file) to a fresh world, at its instant, and compare the responses with the recorded ones.

    A folder is a corpus: each recording in it is replayed in a world of its own. The exit code is 1 if a response differs, and if
    there was nothing to compare.
    """
    from mockserver.recordings.corpus import WorldChoice
    from mockserver.recordings.gate import judge_corpus
    from mockserver.recordings.replay_report import junit, to_json
    from mockserver.sdk.loading import installed_providers

    choice = WorldChoice(installed_providers(), world, read_variants(variants_file, variants))
    choice.check_variants()
    show = _show if form == "text" else None
    corpus = judge_corpus(path, choice, is_gate=gate, tolerance=tolerance, on_judged=show)
    if form == "json":
        Output(form).show(to_json(corpus), "")
    if junit_path is not None:
        write_report(junit_path, junit(corpus))
    for problem in corpus.problems:
        hint(problem)
    if corpus.has_failed:
        hint(f"mockserver: {corpus.conclusion}")
        sys.exit(ExitCode.NO)


def _show(judged: JudgedRecording) -> None:
    from mockserver.recordings.replay import VERDICTS
    from mockserver.recordings.replay_report import describe, rows_of

    replayed = judged.replayed
    source = "a world made from it" if replayed.world is None else f"the world {replayed.world.name}"
    lines = [f"{replayed.name}, in {source}", "", table(("OPERATION", *map(str.upper, VERDICTS)), rows_of(judged)), ""]
    if not judged.is_readable:
        lines = [replayed.name, ""]
    below = [*describe(judged)]
    Output("text").show(None, "\n".join([*lines, *below, *([""] if below else [])]))
