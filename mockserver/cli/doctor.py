"""``mockserver doctor``: check which HTTP clients of this machine can be redirected."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from mockserver.settings import Settings, environment

from .child_env import environment_of
from .common import FORMAT, ExitCode, Output, hint, setting_option, table


@click.command(
    epilog="""\b
Examples:
  mockserver doctor
  mockserver doctor --only php --only node
  mockserver doctor --repair
"""
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this runtime or program; may be repeated.")
@setting_option(
    "--ca",
    setting="ca",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the certificate authority.",
)
@click.option(
    "--repair",
    "repairs",
    is_flag=True,
    help="Renew what is damaged among the files of the certificate authority, say what was done, and check no client.",
)
@FORMAT
def doctor(only: tuple[str, ...], ca: Path | None, repairs: bool, form: str) -> None:
    """Check which HTTP clients of this machine reach the mock server when `mockserver exec` runs them.

    The exit code is 1 when an installed one does not.
    """
    if repairs:
        _repair(ca, form)
        return
    from mockserver.intercept.doctor import RUNTIMES, ProbePair, describe_unled, examine
    from mockserver.intercept.environment import child_variables
    from mockserver.sdk.loading import installed_providers
    from mockserver.server import MockServer

    probes = ProbePair.of(probe for provider in installed_providers() for probe in provider.probes)
    names = {runtime.name.lower() for runtime in RUNTIMES}
    wanted = {name.lower() for name in only} or names
    if wanted - names:
        raise click.BadParameter(f"{', '.join(sorted(wanted - names))}: the known names are {', '.join(sorted(names))}")
    with MockServer(settings=Settings(port=0, ca=ca), proxy=True) as server:
        parent = environment()
        children = parent | child_variables(parent, environment_of(server, parent))
        findings = list(examine([each for each in RUNTIMES if each.name.lower() in wanted], children, probes))
    rows = [(each.runtime, each.client, each.result, each.proxy, each.certificate) for each in findings]
    text = table(("RUNTIME", "CLIENT", "RESULT", "PROXY", "CERTIFICATE"), rows)
    Output(form).show([asdict(each) for each in findings], text)
    for each in findings:
        if each.advice and form == "text":
            hint(f"{each.runtime} {each.client}".rstrip() + f": {each.advice}")
    if "python" in wanted and form == "text":
        hint(describe_unled())
    if any(each.result == "fails" for each in findings):
        sys.exit(ExitCode.NO)


def _repair(folder: Path | None, form: str) -> None:
    from mockserver.intercept.ca import CertificateAuthority

    ca = CertificateAuthority(folder)
    done = ca.repair()
    Output(form).show(done, "\n".join(done) or f"nothing is damaged in {ca.folder}")
