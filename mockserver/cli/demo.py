"""``mockserver demo``: run a demo, or start a server to run demos in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import CliError, failing
from .serve import option, settings_with

if TYPE_CHECKING:
    from mockserver.client import Mock

PAGE = "/_mock/ui/worlds/{world}/{section}"


@click.command(
    epilog="""\b
Examples:
  mockserver demo
  mockserver demo reply
  mockserver demo double-send --server http://127.0.0.1:7670
"""
)
@click.argument("demo", required=False)
@click.option(
    "--server",
    "url",
    metavar="URL",
    envvar="MOCKSERVER_URL",
    show_envvar=True,
    help="A running server on this machine; without it, a server is started.",
)
@click.option(
    "--token",
    metavar="TEXT",
    envvar="MOCKSERVER_TOKEN",
    show_envvar=True,
    help="Token of that server's control API, if it needs one.",
)
@option("port", "Port of the server that is started; 0 picks a free one.")
def demo(demo: str | None, url: str | None, token: str | None, port: int | None) -> None:
    """Run a demo: real clients in their own world. Without DEMO, start a server and print the URL of its demos."""
    from mockserver.demo import DEMOS

    if demo is not None and demo not in DEMOS:
        raise click.BadParameter(f"{demo!r} is not a demo; the demos are {', '.join(DEMOS)}", param_hint="DEMO")
    with failing():
        if url is not None:
            _with_running_server(demo, url, token)
        elif demo is None:
            _serve(port)
        else:
            _with_new_server(demo)


def _with_running_server(demo: str | None, url: str, token: str | None) -> None:
    from mockserver.client import Mock

    with Mock.at(url, token) as mock:
        mock.health()
        if demo is None:
            _print_urls(mock.url)
        else:
            _show(demo, mock)
            click.echo(
                f"\nSee it in the browser: {mock.url}{PAGE.format(world=f'demo-{demo}', section='conversations')}"
            )


def _with_new_server(demo: str) -> None:
    """Run a demo on a server that is started for it."""
    from mockserver.client import Mock
    from mockserver.server import MockServer

    with MockServer() as server, Mock.at(server.url) as mock:
        _show(demo, mock)


def _serve(port: int | None) -> None:
    """Start a server that offers the demos in the browser, and run it until Ctrl-C."""
    from mockserver.server import MockServer

    MockServer(settings=settings_with({"port": port})).run(_print_urls)


def _print_urls(url: str) -> None:
    from mockserver.demo import DEMOS

    click.echo(f"The demos run in the browser at {url}{PAGE.format(world='default', section='demos')}\n")
    for demo in DEMOS.values():
        click.echo(f"  mockserver demo {demo.name:<12} --server {url}   {demo.title}")
    click.echo("\nPress Ctrl-C to stop.")


def _show(name: str, mock: Mock) -> None:
    from mockserver.client import ControlError
    from mockserver.demo import DEMOS, DemoRun

    demo = DEMOS[name]
    click.echo(f"{demo.title}\n{demo.about}\n")
    try:
        demo_run = DemoRun(demo, mock)
        for number, step in enumerate(demo_run.run_rest(), 1):
            click.echo(f"{number}. {step.at[11:19]}  {step.title}\n   {step.text}")
    except ControlError as reason:
        raise CliError(str(reason)) from reason
