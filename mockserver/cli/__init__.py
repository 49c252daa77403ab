"""The command line: arguments in, calls out. Data on stdout, hints on stderr; 0 done, 1 failed, 2 misused.

Whatever a verb needs is imported when it runs, so that ``mockserver --help`` answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click

from mockserver import __version__

_VERBS = {
    "serve": "Answer as the providers do.",
    "exec": "Run a command whose clients, unchanged, come here.",
    "env": "Print what leads unchanged clients to a server.",
    "doctor": "Try which of this machine's clients come here.",
    "demo": "Tell a demo, or say where the page tells them.",
    "wait": "Wait until a server answers, or something happens.",
    "world": "Make, show, copy, reset, save and drop worlds.",
    "account": "Show and change accounts: numbers, programs, contacts, blacklist, forwarding.",
    "message": "Put messages into the records, and list them.",
    "inbound": "Let a message come in from outside.",
    "clock": "Stop the clock, move it, let it go on.",
    "variant": "Choose how a world reads the quirks.",
    "fault": "Let exchanges fail on purpose.",
    "delivery": "Show what customers were sent; send it again, hold it, let it go wrong.",
    "journal": "List what was asked and answered.",
    "exchange": "Show one request and its answer, whole.",
    "verify": "Verify that exchanges happened.",
    "coverage": "Say which documented behaviours were met, and what the traffic shows.",
    "explain": "Say why an exchange was answered as it was.",
    "provider": "List the installed providers.",
    "quirks": "List where the documents leave something open.",
    "errors": "List every provider error of every provider.",
    "magic": "List the numbers that bring something about.",
    "fixtures": "Make and check world files.",
}

_HOMES = {
    "exec": "exec_",
    "quirks": "catalogue",
    "errors": "catalogue",
    "magic": "catalogue",
}
"""Modules of verbs that have none of their own name."""
_PYTHONS = ("exec",)
"""Verbs that Python has taken; their commands have an underscore behind them."""


class Verbs(click.Group):
    """Commands of the same name in modules of the same name, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs, in the order of their use."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb."""
        if name not in _VERBS:
            return None
        home = import_module(f"mockserver.cli.{_HOMES.get(name, name)}")
        command: click.Command = getattr(home, f"{name}_" if name in _PYTHONS else name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(_VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  mockserver serve --port 0
  mockserver clock advance 90s
  mockserver explain 12
""",
)
@click.version_option(__version__, prog_name="mockserver")
def cli() -> None:
    """A mock server of SMS providers' HTTP APIs, for tests and for development, on your own machine."""


def main() -> NoReturn:
    """Run, and turn what went wrong into one sentence."""
    try:
        cli(prog_name="mockserver")
    except (OSError, ValueError) as error:
        from .common import sentence

        click.echo(f"mockserver: {sentence(error)}", err=True)
        sys.exit(1)
    sys.exit(0)
