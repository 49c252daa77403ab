"""``mockserver env``: print the environment variables that redirect clients to a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockserver.settings import environment

from .child_env import environment_for
from .common import Output, hint, setting_option, to_server

if TYPE_CHECKING:
    from mockserver.client import Mock


@click.command(
    epilog="""\b
Examples:
  mockserver env
  eval "$(mockserver env)"
  mockserver env --shell fish | source
  mockserver env --shell powershell | Invoke-Expression
"""
)
@click.option(
    "--shell",
    type=click.Choice(["sh", "fish", "powershell", "dotenv", "json"]),
    default="sh",
    show_default=True,
    help="Syntax of the output.",
)
@setting_option(
    "--folder",
    setting="ca",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the certificate files that the variables name; default: in the user's cache.",
)
@to_server
def env(mock: Mock, output: Output, shell: str, folder: Path | None) -> None:
    """Print the environment variables that redirect unchanged clients to a running server, as shell commands.

    `mockserver exec` sets the same variables. The file of SSL_CERT_FILE holds the server's CA and the usual roots.
    """
    from mockserver.intercept.environment import child_variables
    from mockserver.intercept.shell_syntax import VARIABLES

    parent = environment()
    client_environment = environment_for(mock, parent, folder)
    variables = child_variables(parent, client_environment)
    output.show(variables, VARIABLES[shell](variables))
    hint(f"the CA's certificate is {client_environment.certificate}")
