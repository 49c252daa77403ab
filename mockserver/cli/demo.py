"""``mockserver demo``."""

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
    help="A server that runs already, on this machine; one is started otherwise.",
)
@click.option(
    "--token",
    metavar="TEXT",
    envvar="MOCKSERVER_TOKEN",
    show_envvar=True,
    help="What that server asks for, if it does.",
)
@option("port", "Of the server that is started; 0 picks a free one.")
def demo(demo: str | None, url: str | None, token: str | None, port: int | None) -> None:
    """Tell a demo: real clients in a world of their own. Without DEMO, say where the page tells them."""
    from mockserver.demo import DEMOS

    if demo is not None and demo not in DEMOS:
        raise click.BadParameter(f"{demo!r} is none; there are {', '.join(DEMOS)}", param_hint="DEMO")
    with failing():
        if url is not None:
            _with_running(demo, url, token)
        elif demo is None:
            _serve(port)
        else:
            _in_its_own(demo)


def _with_running(demo: str | None, url: str, token: str | None) -> None:
    from mockserver.client import Mock

    with Mock.at(url, token) as mock:
        mock.health()
        if demo is None:
            _where(mock.url)
        else:
            _show(demo, mock)
            click.echo(f"\nLook at it: {mock.url}{PAGE.format(world=f'demo-{demo}', section='conversations')}")


def _in_its_own(demo: str) -> None:
    """A server for this demo alone."""
    from mockserver.client import Mock
    from mockserver.server import MockServer

    with MockServer() as server, Mock.at(server.url) as mock:
        _show(demo, mock)


def _serve(port: int | None) -> None:
    """A server with the demos ready, until Ctrl-C."""
    from mockserver.server import MockServer

    MockServer(settings=settings_with({"port": port})).run(_where)


def _where(url: str) -> None:
    from mockserver.demo import DEMOS

    click.echo(f"The demos are notified at {url}{PAGE.format(world='default', section='demos')}\n")
    for demo in DEMOS.values():
        click.echo(f"  mockserver demo {demo.name:<12} --server {url}   {demo.title}")
    click.echo("\nCtrl-C ends it.")


def _show(name: str, mock: Mock) -> None:
    from mockserver.client import ControlError
    from mockserver.demo import DEMOS, DemoRun

    demo = DEMOS[name]
    click.echo(f"{demo.title}\n{demo.about}\n")
    try:
        demo_run = DemoRun(demo, mock)
        for number, step in enumerate(demo_run.rest(), 1):
            click.echo(f"{number}. {step.at[11:19]}  {step.title}\n   {step.text}")
    except ControlError as reason:
        raise CliError(str(reason)) from reason
