"""``mockserver record``: run a command and record its exchanges with the real providers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.settings import URL_VARIABLE, environment

from .child_env import wgetrc
from .common import CONFIG, FORMAT, decorated, hint, show_error
from .recording import recording
from .serve import option, settings_with, start_log

if TYPE_CHECKING:
    from mockserver.intercept.ca import CertificateAuthority
    from mockserver.sdk.loading import ProviderSet

_SHARED = ("upstreams", "upstream_ca", "allow_hosts", "other_hosts", "ca", "body_bytes", "log", "log_format")
"""The settings of a server that are options of this command too."""


def _with_settings(command: Any) -> Any:
    return decorated(command, [*map(option, _SHARED), CONFIG])


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  mockserver record --out sent.har -- php send.php
  mockserver record --out corpus/send.har --anonymise -- npm test
  mockserver record --overwrite --upstream api2.serwersms.pl=https://staging.example -- php send.php
""",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("traffic.har"),
    show_default=True,
    help="The HAR file; it must not exist yet.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if there is one.")
@click.option("--anonymise", is_flag=True, help="Replace phone numbers and texts too, not only secrets.")
@_with_settings
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@FORMAT
def record(command: tuple[str, ...], out: Path, overwrite: bool, anonymise: bool, form: str, **flags: Any) -> None:
    """Run a command and record its requests to the real providers, with their responses, in a HAR file.

    The command's HTTP clients need no change. Messages are really sent, and cost what the provider asks for them. Passwords
    and keys are replaced in the file. The exit code is that of the command, as with mockserver exec.
    """
    settings = settings_with({"log": "quiet", **{name: flag for name, flag in flags.items() if flag is not None}})
    start_log(settings)

    from mockserver.http.connection import Limits
    from mockserver.http.listener import Server
    from mockserver.intercept.ca import CertificateAuthority
    from mockserver.intercept.environment import exempt_hosts
    from mockserver.sdk.loading import installed_providers

    providers, ca = installed_providers(), CertificateAuthority(settings.ca)
    allowed = settings.allowed_hosts(exempt_hosts(environment()))
    limits = Limits(head=settings.head_bytes, body=settings.body_bytes, slow=settings.slow_seconds)
    with (
        recording(
            settings,
            providers,
            out,
            _say,
            overwrites=overwrite,
            anonymises=anonymise,
            if_exists="--overwrite replaces it",
        ) as passing_on,
        Server(listeners=passing_on.listeners("127.0.0.1", 0, ca, allowed), limits=limits) as server,
    ):
        code = _run(command, server.urls[-1], ca, providers, form)
    sys.exit(code)


def _say(sentence: str) -> None:
    hint(f"mockserver: {sentence}")


def _run(command: tuple[str, ...], proxy: str, ca: CertificateAuthority, providers: ProviderSet, form: str) -> int:
    from mockserver.intercept import child
    from mockserver.intercept.environment import child_variables, client_environment

    parent = environment()
    to = client_environment(ca.trust, proxy, proxy, providers.hosts, parent, wgetrc(parent))
    variables: Mapping[str, str] = {
        name: value for name, value in child_variables(parent, to).items() if name != URL_VARIABLE
    }
    try:
        return child.run(command, {**parent, **variables})
    except OSError as reason:
        show_error(form, "not_started", f"{command[0]}: {reason.strerror}")
        return child.exit_code_of(reason)
