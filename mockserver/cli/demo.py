"""``mockserver demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import Failed, failing
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
@click.argument("story", required=False)
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
def demo(story: str | None, url: str | None, token: str | None, port: int | None) -> None:
    """Tell a story: real clients in a world of their own. Without STORY, say where the page tells them."""
    from mockserver.demo import STORIES

    if story is not None and story not in STORIES:
        raise click.BadParameter(f"{story!r} is none; there are {', '.join(STORIES)}", param_hint="STORY")
    with failing():
        if url is not None:
            _with_running(story, url, token)
        elif story is None:
            _serve(port)
        else:
            _in_its_own(story)


def _with_running(story: str | None, url: str, token: str | None) -> None:
    from mockserver.client import Mock

    with Mock.at(url, token) as mock:
        mock.health()
        if story is None:
            _where(mock.url)
        else:
            _tell(story, mock)
            click.echo(f"\nLook at it: {mock.url}{PAGE.format(world=f'story-{story}', section='conversations')}")


def _in_its_own(story: str) -> None:
    """A server for this story alone."""
    from mockserver.client import Mock
    from mockserver.server import MockServer

    with MockServer() as server, Mock.at(server.url) as mock:
        _tell(story, mock)


def _serve(port: int | None) -> None:
    """A server with the stories ready, until Ctrl-C."""
    from mockserver.server import MockServer

    MockServer(settings=settings_with({"port": port})).run(_where)


def _where(url: str) -> None:
    from mockserver.demo import STORIES

    click.echo(f"The stories are told at {url}{PAGE.format(world='default', section='stories')}\n")
    for story in STORIES.values():
        click.echo(f"  mockserver demo {story.name:<12} --server {url}   {story.title}")
    click.echo("\nCtrl-C ends it.")


def _tell(name: str, mock: Mock) -> None:
    from mockserver.client import ControlError
    from mockserver.demo import STORIES, Telling

    story = STORIES[name]
    click.echo(f"{story.title}\n{story.about}\n")
    try:
        telling = Telling(story, mock)
        for number, step in enumerate(telling.rest(), 1):
            click.echo(f"{number}. {step.at[11:19]}  {step.title}\n   {step.text}")
    except ControlError as reason:
        raise Failed(str(reason)) from reason
