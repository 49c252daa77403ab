"""``mockserver mcp``: tools for agents, over the Model Context Protocol."""

from __future__ import annotations

import click

from mockserver.settings import URL_VARIABLE, WORLD_VARIABLE, variable_of

from .common import FORMAT, URL, CliError, kept_token, variable_option


@click.command(
    epilog="""\b
Examples:
  mockserver mcp
  mockserver mcp --write --server http://127.0.0.1:7670 --world mine
"""
)
@click.option(
    "--write",
    "may_write",
    is_flag=True,
    help="Offer the tools that change a world too; without it, an agent can only read.",
)
@variable_option(
    "--server", "url", variable=URL_VARIABLE, metavar="URL", default=URL, show_default=True, help="The server."
)
@variable_option(
    "--token",
    variable=variable_of("token"),
    metavar="TEXT",
    help="Token of the control API, for a server that listens beyond loopback; one of this machine is found.",
)
@variable_option(
    "--world",
    "world_id",
    variable=WORLD_VARIABLE,
    metavar="WORLD",
    default="default",
    show_default=True,
    help="The world of calls that name none.",
)
@FORMAT
def mcp(may_write: bool, url: str, token: str | None, world_id: str, form: str) -> None:  # noqa: ARG001  # the format of errors
    """Offer agents tools over a running server: look at messages and exchanges, explain, verify, and with --write more.

    It speaks the Model Context Protocol on stdin and stdout, so it is started by an agent's program, which has it in its settings. It
    needs the extra mcp: pip install 'sms-mockserver[mcp]'.
    """
    try:
        from mockserver.agents.tools import build_server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "pydantic"):
            raise
        raise CliError("mockserver mcp needs the package mcp: pip install 'sms-mockserver[mcp]'") from None
    from mockserver.client import Mock

    with Mock.at(url, token or kept_token(url)) as mock:
        build_server(mock, world_id, may_write=may_write).run("stdio")
