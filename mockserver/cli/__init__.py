"""The command line. Data goes to stdout, hints and errors to stderr; `common.ExitCode` has the exit codes.

Each command's module is imported when the command runs, so ``mockserver --help`` starts fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mockserver.version import __version__

from .console import escape_what_streams_lack, wants_color
from .suggestions import SuggestingGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "serve": "Start the mock server.",
    "exec": "Run a command with its HTTP clients redirected to a mock server.",
    "record": "Run a command with its HTTP clients unchanged, and record what the real providers respond.",
    "replay": "Replay recorded traffic in a fresh world, and compare the responses.",
    "calibrate": "Find out from a recording which variants of quirks the real provider has.",
    "env": "Print the environment variables that redirect unchanged clients to a server.",
    "doctor": "Check which HTTP clients of this machine can be redirected.",
    "demo": "Run a demo, or start a server to run demos in the browser.",
    "wait": "Wait until a server is ready, or until something happens in a world.",
    "world": "Create, show, copy, reset, save and delete worlds.",
    "account": "Show and change accounts: numbers, programs, forwarding.",
    "entry": "Add, change, delete and list entries of accounts, such as contacts.",
    "message": "Add, change, delete and list messages.",
    "inbound": "Simulate an inbound message from a handset.",
    "checkpoint": "Make checkpoints of a world, show what has changed since one, and return to one.",
    "state": "Check, compact, export and import a state that is kept in a file or in PostgreSQL.",
    "clock": "Show, freeze, advance and resume a world's clock.",
    "variant": "Show and set the variants of quirks.",
    "fault": "Add, list and remove fault rules for responses and webhooks.",
    "delivery": "Show webhook deliveries; resend, hold and release them.",
    "journal": "List the exchanges of a world, and clear them.",
    "exchange": "Show one request and its response in full.",
    "check-receiver": "Check a webhook receiver with what a provider would send it.",
    "verify": "Check that the expected exchanges happened.",
    "coverage": "Report which documented behaviours the clients have met.",
    "explain": "Explain why an exchange got its response.",
    "config": "Show the settings and where each comes from; check mockserver.toml.",
    "completion": "Print the script by which bash, zsh or fish completes commands.",
    "provider": "List the installed providers and their operations.",
    "quirks": "List the points that the providers' documents leave open.",
    "errors": "List every provider error of every provider.",
    "magic": "List the magic numbers and their effects.",
    "fixtures": "Generate and check world files, and print their JSON Schema.",
    "mcp": "Offer agents tools over a running server, by the Model Context Protocol.",
    "agents": "Print or write instructions for agents that work on your project.",
    "scenario": "Run and check scenario files: a world and a timeline of what happens in it.",
}

_MODULES = {
    "exec": "exec_",
    "check-receiver": "check_receiver",
    "quirks": "catalogue",
    "errors": "catalogue",
    "magic": "catalogue",
}
"""Modules of the commands whose module has another name."""
_KEYWORDS = ("exec",)
"""Commands whose name Python reserves; their functions end with an underscore."""


class LazyGroup(SuggestingGroup):
    """A command group that imports the module of a command on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands, in the order of help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command's module and return the command, or ``None`` when there is none of the name."""
        if name not in _COMMANDS:
            return None
        module = import_module(f"mockserver.cli.{_MODULES.get(name, name)}")
        command: click.Command = getattr(module, f"{name}_" if name in _KEYWORDS else name.replace("-", "_"))
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, without importing them, or the options."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        return [CompletionItem(name, help=about) for name, about in _COMMANDS.items() if name.startswith(incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the exit codes below the examples."""
        from .common import EXIT_CODES

        super().format_epilog(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in EXIT_CODES.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process; every error is reported here."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except Exception as error:  # noqa: BLE001 - `report_error` raises a defect again
            from .common import report_error

            code = report_error(error, sys.argv[1:] if args is None else args)
        sys.exit(code or 0)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  mockserver serve --port 0
  mockserver clock advance 90s
  mockserver explain 12
""",
)
@click.version_option(__version__, prog_name="mockserver")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A mock server of SMS providers' HTTP APIs, for tests and for development, on your own machine."""
    ctx.color = wants_color()


def main() -> NoReturn:
    """Run the command line and end the process."""
    escape_what_streams_lack()
    cli(prog_name="mockserver")
    raise AssertionError("click ends the process")
