"""``mockserver completion``: print the script by which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .common import FORMAT

PROGRAMS = ("mockserver", "sms-mockserver")
"""The names of the command."""
VARIABLE = "_MOCKSERVER_COMPLETE"
"""The variable by which a shell asks the command for completions."""


@click.command(
    epilog="""\b
Examples:
  mockserver completion bash > ~/.local/share/bash-completion/completions/mockserver
  mockserver completion zsh > ~/.zfunc/_mockserver
  mockserver completion fish > ~/.config/fish/completions/mockserver.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@FORMAT
def completion(shell: str, form: str) -> None:  # noqa: ARG001 - the format of errors: a script is text
    """Print the script by which a shell completes commands, options and their values.

    Where the shell reads completions from, depends on its set-up: the examples name usual places. For one session of bash:
    source <(mockserver completion bash).
    """
    from . import cli

    kind = get_completion_class(shell)
    assert kind is not None
    for program in PROGRAMS:
        click.echo(kind(cli, {}, program, VARIABLE).source())
